import { encodeText } from '@quorate/base'
import { CsError } from '../cs-error.ts'
import type { VotequorumClient, VotequorumHandlers, VotequorumInfo, VotequorumState } from '../door/admin-clients.ts'
import { viewNodesMax } from '../door/quorum-client.ts'
import type { ServiceCalls } from '../door/service-calls.ts'
import { requestHeader, requestOf, tailOf } from '../ipc/message-header.ts'
import { trackFlags } from '../ipc/quorum-messages.ts'
import {
  qdeviceNameBytesMax,
  votequorumCalls,
  votequorumExpectedEvent,
  votequorumGetInfo,
  votequorumInfo,
  votequorumNodeState,
  votequorumQuorumEvent,
  votequorumResponses,
  votequorumSetExpected,
  votequorumSetVotes,
  votequorumStates,
  votequorumTrackStart,
} from '../ipc/votequorum-messages.ts'
import { openService } from './service-connection.ts'

/** Bytes of a request that names a quorum device. */
const qdeviceRequestBytes = 272

/** Client of the `votequorum` service. */
export class IpcVotequorumClient implements VotequorumClient {
  readonly #connection: ServiceCalls

  private constructor(connection: ServiceCalls) {
    this.#connection = connection
  }

  static async open(handlers: VotequorumHandlers, tryAgainForMs: number): Promise<IpcVotequorumClient> {
    const connection = await openService('votequorum', {
      tryAgainForMs,
      onEvent: (id, message) => onEvent(handlers, id, message),
      onClose: (error) => handlers.onClose(error),
    })
    return new IpcVotequorumClient(connection)
  }

  async info(nodeId: number): Promise<VotequorumInfo | undefined> {
    const request = requestOf(votequorumCalls.getInfo, votequorumGetInfo.size)
    votequorumGetInfo.encode(request, { node: nodeId | 0 })
    try {
      const { node, state, ...rest } = votequorumInfo.decode(
        await this.#connection.call(`info of node ${nodeId}`, request, votequorumInfo.size),
      )
      return { nodeId: node, state: stateName(state), ...rest }
    } catch (error) {
      if (error instanceof CsError && error.code === 'CS_ERR_NOT_EXIST') return undefined
      throw error
    }
  }

  async setExpectedVotes(votes: number): Promise<void> {
    const request = requestOf(votequorumCalls.setExpected, votequorumSetExpected.size)
    votequorumSetExpected.encode(request, { votes })
    await this.#connection.call('set expected votes', request)
  }

  async setVotes(nodeId: number, votes: number): Promise<void> {
    const request = requestOf(votequorumCalls.setVotes, votequorumSetVotes.size)
    votequorumSetVotes.encode(request, { votes, node: nodeId | 0 })
    await this.#connection.call('set votes', request)
  }

  async unregisterDevice(name: string): Promise<void> {
    const request = requestOf(votequorumCalls.qdeviceUnregister, qdeviceRequestBytes)
    request.set(encodeText(name).subarray(0, qdeviceNameBytesMax - 1), requestHeader.size)
    await this.#connection.call('unregister device', request)
  }

  async track(): Promise<void> {
    const request = requestOf(votequorumCalls.trackStart, votequorumTrackStart.size)
    votequorumTrackStart.encode(request, { flags: trackFlags.current | trackFlags.changes })
    await this.#connection.call('track', request)
  }

  close(): void {
    this.#connection.close()
  }
}

function onEvent(handlers: VotequorumHandlers, id: number, message: Uint8Array): void {
  if (id === votequorumResponses.expectedVotes) {
    handlers.expectedVotesChanged(votequorumExpectedEvent.decode(message).expectedVotes)
  }
  if (id !== votequorumResponses.quorum) return
  const { nodes } = votequorumQuorumEvent.decode(message)
  const size = votequorumNodeState.size
  const list = tailOf(message, votequorumQuorumEvent.size, size * nodes, size * (viewNodesMax + 1))
  handlers.quorumChanged(
    Array.from({ length: nodes }, (_, i) => {
      const { node, state } = votequorumNodeState.decode(list, size * i)
      return { nodeId: node, state: stateName(state) }
    }),
  )
}

function stateName(state: number): VotequorumState {
  if (state === votequorumStates.member) return 'member'
  return state === votequorumStates.leaving ? 'leaving' : 'dead'
}
