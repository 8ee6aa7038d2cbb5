import { type NodeId, nodeId } from '@quorate/base'
import { requestOf, tailOf } from '../ipc/message-header.ts'
import {
  quorumCalls,
  quorumGetQuorate,
  quorumModelGetType,
  quorumResponses,
  quorumTrackStart,
  quorumType,
  quorumV1,
  quorumV1RingAt,
  quorumV1ViewAt,
  trackFlags,
} from '../ipc/quorum-messages.ts'
import { readIpcRingId } from '../ipc/ring-id.ts'
import type { QuorumAdminClient } from './admin-clients.ts'
import type { QuorumHandlers, QuorumView } from './ring-clients.ts'
import type { OpenService, ServiceCalls } from './service-calls.ts'

/** Nodes that a view lists at most (Totem's own limit). */
export const viewNodesMax = 384

/** Client of the `quorum` service in its model 1. */
export class IpcQuorumClient implements QuorumAdminClient {
  readonly #connection: ServiceCalls
  readonly #hasProvider: boolean

  private constructor(connection: ServiceCalls, hasProvider: boolean) {
    this.#connection = connection
    this.#hasProvider = hasProvider
  }

  /** Connects and tracks changes; the handlers get the current view first. */
  static async open(handlers: QuorumHandlers, open: OpenService): Promise<IpcQuorumClient> {
    const connection = await open('quorum', {
      onEvent: (id, message) => {
        if (id === quorumResponses.quorumV1) handlers.changed(readView(message))
      },
      onClose: (error) => handlers.onClose(error),
    })
    try {
      const model = requestOf(quorumCalls.modelGetType, quorumModelGetType.size)
      quorumModelGetType.encode(model, { model: 1 })
      const { type } = quorumType.decode(await connection.call('model', model, quorumType.size))
      const track = requestOf(quorumCalls.trackStart, quorumTrackStart.size)
      quorumTrackStart.encode(track, { flags: trackFlags.current | trackFlags.changes })
      await connection.call('track', track)
      return new IpcQuorumClient(connection, type !== 0)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  async getQuorate(): Promise<boolean> {
    const response = await this.#connection.call(
      'get quorate',
      requestOf(quorumCalls.getQuorate),
      quorumGetQuorate.size,
    )
    return quorumGetQuorate.decode(response).quorate !== 0
  }

  async hasProvider(): Promise<boolean> {
    return this.#hasProvider
  }

  close(): void {
    this.#connection.close()
  }
}

function readView(message: Uint8Array): QuorumView {
  const { quorate, members } = quorumV1.decode(message)
  const ring = readIpcRingId(message, quorumV1RingAt)
  return {
    isQuorate: quorate !== 0,
    ringSeq: BigInt(ring.seq),
    ringRep: ring.rep === 0 ? undefined : nodeId(ring.rep),
    members: readNodeIds(message, quorumV1ViewAt, members),
  }
}

/** Reads a list of node ids. @throws DecodeError */
export function readNodeIds(message: Uint8Array, at: number, count: number): readonly NodeId[] {
  const bytes = tailOf(message, at, 4 * count, 4 * viewNodesMax)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: count }, (_, i) => nodeId(view.getUint32(4 * i, true)))
}
