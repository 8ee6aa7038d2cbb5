import { DecodeError, type NodeId, nodeId } from '@quorate/base'
import { CsError } from '../cs-error.ts'
import {
  cpgAddress,
  cpgCalls,
  cpgConfchg,
  cpgDeliver,
  cpgGroupAt,
  cpgIterations,
  cpgIterHandle,
  cpgIterHandleResponse,
  cpgIterInit,
  cpgIterNextResponse,
  cpgJoin,
  cpgJoinWantsTotem,
  cpgLeave,
  cpgLocalGet,
  cpgMcast,
  cpgMembersMax,
  cpgMessageBytesMax,
  cpgPartialDeliver,
  cpgPartialMcast,
  cpgReasons,
  cpgResponses,
  cpgTotemConfchg,
  cpgTotemMembersAt,
  cpgTotemRingAt,
} from '../ipc/cpg-messages.ts'
import { requestOf, responseHeader, tailOf } from '../ipc/message-header.ts'
import { readIpcRingId } from '../ipc/ring-id.ts'
import { cpgNameBytesMax, readCpgName, writeCpgName } from '../ipc/wire-name.ts'
import type { CpgProcess } from './admin-clients.ts'
import { readNodeIds } from './quorum-client.ts'
import type { CpgChange, CpgClient, CpgHandlers, CpgMember, CpgReason } from './ring-clients.ts'
import type { OpenService, ServiceCalls } from './service-calls.ts'

/** Longest message that is put together of parts, in bytes. */
export const cpgWholeBytesMax = 64 * 1024 * 1024
/** Senders whose messages are in parts at one time. */
const unfinishedMax = 1024
/** Processes that an iteration may give. */
const processesMax = 100_000
const parts = { first: 1, middle: 2, last: 3 } as const

/** Client of the `cpg` service: one process's membership of one group. */
export class IpcCpgClient implements CpgClient {
  readonly localNodeId: NodeId
  readonly #connection: ServiceCalls
  readonly #pid: number
  readonly #wantsRing: boolean
  #group: string | undefined

  private constructor(connection: ServiceCalls, pid: number, localNodeId: NodeId, wantsRing: boolean) {
    this.#connection = connection
    this.#pid = pid
    this.localNodeId = localNodeId
    this.#wantsRing = wantsRing
  }

  /** `pid`: the process that joins. */
  static async open(handlers: CpgHandlers, open: OpenService, pid: number): Promise<IpcCpgClient> {
    const unfinished = new Map<string, Whole>()
    const connection = await open('cpg', {
      flowControlMax: 2,
      onEvent: (id, message) => onEvent(handlers, unfinished, id, message),
      onClose: (error) => handlers.onClose(error),
    })
    try {
      const response = await connection.call('local get', requestOf(cpgCalls.localGet), cpgLocalGet.size)
      const localNodeId = nodeId(cpgLocalGet.decode(response).node)
      return new IpcCpgClient(connection, pid, localNodeId, handlers.ring !== undefined)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  async join(group: string): Promise<void> {
    const request = groupRequest(cpgCalls.join, group, cpgJoin.size)
    cpgJoin.encode(request, { pid: this.#pid, flags: this.#wantsRing ? cpgJoinWantsTotem : 0 })
    await this.#connection.call(`join ${group}`, request)
    this.#group = group
  }

  async leave(): Promise<void> {
    if (this.#group === undefined) return
    const request = groupRequest(cpgCalls.leave, this.#group, cpgLeave.size)
    cpgLeave.encode(request, { pid: this.#pid })
    await this.#connection.call(`leave ${this.#group}`, request)
    this.#group = undefined
  }

  async mcast(message: Uint8Array): Promise<void> {
    const bytes = message.byteLength
    if (bytes > cpgWholeBytesMax) throw new CsError('CS_ERR_TOO_BIG', `cpg: message of ${bytes} bytes`)
    if (bytes > cpgMessageBytesMax) return this.#mcastInParts(message)
    const request = requestOf(cpgCalls.mcast, cpgMcast.size + bytes)
    cpgMcast.encode(request, { messageBytes: bytes })
    request.set(message, cpgMcast.size)
    await this.#connection.send('mcast', request)
  }

  async #mcastInParts(message: Uint8Array): Promise<void> {
    for (let at = 0; at < message.byteLength; at += cpgMessageBytesMax) {
      const piece = message.subarray(at, at + cpgMessageBytesMax)
      const isLast = at + piece.byteLength === message.byteLength
      const request = requestOf(cpgCalls.partialMcast, cpgPartialMcast.size + piece.byteLength)
      cpgPartialMcast.encode(request, {
        messageBytes: message.byteLength,
        partBytes: piece.byteLength,
        part: at === 0 ? parts.first : isLast ? parts.last : parts.middle,
      })
      request.set(piece, cpgPartialMcast.size)
      await this.#connection.call('mcast of a part', request)
    }
  }

  /** Every process in every group of the ring, as the local node knows them. */
  async processes(): Promise<readonly CpgProcess[]> {
    const init = requestOf(cpgCalls.iterInit, cpgIterInit.size)
    cpgIterInit.encode(init, { kind: cpgIterations.all })
    const opened = await this.#connection.call('iterate', init, cpgIterHandleResponse.size)
    const { handle } = cpgIterHandleResponse.decode(opened)
    const found: CpgProcess[] = []
    while (found.length < processesMax) {
      const next = await this.#next(handle)
      if (next === undefined) break
      found.push(next)
    }
    const end = requestOf(cpgCalls.iterFinalize, cpgIterHandle.size)
    cpgIterHandle.encode(end, { handle })
    await this.#connection.call('end iteration', end)
    return found
  }

  async #next(handle: bigint): Promise<CpgProcess | undefined> {
    const request = requestOf(cpgCalls.iterNext, cpgIterHandle.size)
    cpgIterHandle.encode(request, { handle })
    try {
      const response = await this.#connection.call('next process', request, cpgIterNextResponse.size)
      const { node, pid } = cpgIterNextResponse.decode(response)
      return { group: readCpgName(response, responseHeader.size), nodeId: nodeId(node), pid }
    } catch (error) {
      if (error instanceof CsError && error.code === 'CS_ERR_NO_SECTIONS') return undefined
      throw error
    }
  }

  close(): void {
    this.#connection.close()
  }
}

function groupRequest(call: number, group: string, size: number): Uint8Array {
  if (group.length > cpgNameBytesMax) throw new CsError('CS_ERR_NAME_TOO_LONG', `cpg: group '${group}'`)
  const request = requestOf(call, size)
  writeCpgName(request, cpgGroupAt, group)
  return request
}

/** A message of which parts have come. */
type Whole = { readonly bytes: Uint8Array; have: number }

function onEvent(handlers: CpgHandlers, unfinished: Map<string, Whole>, id: number, message: Uint8Array): void {
  if (id === cpgResponses.deliver) {
    const { node, pid, messageBytes } = cpgDeliver.decode(message)
    handlers.deliver({ nodeId: nodeId(node), pid }, tailOf(message, cpgDeliver.size, messageBytes, message.byteLength))
  }
  if (id === cpgResponses.partialDeliver) onPart(handlers, unfinished, message)
  if (id === cpgResponses.confchg) onConfchg(handlers, unfinished, message)
  if (id === cpgResponses.totemConfchg) {
    const { members } = cpgTotemConfchg.decode(message)
    const nodes = readNodeIds(message, cpgTotemMembersAt, members)
    handlers.ring?.(BigInt(readIpcRingId(message, cpgTotemRingAt).seq), nodes)
  }
}

function onPart(handlers: CpgHandlers, unfinished: Map<string, Whole>, message: Uint8Array): void {
  const { node, pid, messageBytes, partBytes, part } = cpgPartialDeliver.decode(message)
  const piece = tailOf(message, cpgPartialDeliver.size, partBytes, message.byteLength)
  const sender = `${node} ${pid}`
  if (part === parts.first) {
    if (messageBytes > cpgWholeBytesMax) throw new DecodeError('limit', 160, `message of ${messageBytes} bytes`)
    if (unfinished.size >= unfinishedMax) throw new DecodeError('limit', 192, `${unfinishedMax} messages in parts`)
    unfinished.set(sender, { bytes: new Uint8Array(messageBytes), have: 0 })
  }
  // Who joined in the middle of a message gets no first part of it, and no message.
  const whole = unfinished.get(sender)
  if (whole === undefined) return
  if (whole.have + piece.byteLength > whole.bytes.byteLength) {
    throw new DecodeError('limit', 168, 'parts are longer than their message')
  }
  whole.bytes.set(piece, whole.have)
  whole.have += piece.byteLength
  if (part !== parts.last) return
  unfinished.delete(sender)
  if (whole.have === whole.bytes.byteLength) handlers.deliver({ nodeId: nodeId(node), pid }, whole.bytes)
}

function onConfchg(handlers: CpgHandlers, unfinished: Map<string, Whole>, message: Uint8Array): void {
  const { members, left, joined } = cpgConfchg.decode(message)
  let at = cpgConfchg.size
  const take = (count: number): readonly CpgChange[] => {
    const list = tailOf(message, at, count * cpgAddress.size, cpgMembersMax * cpgAddress.size)
    at += list.byteLength
    return Array.from({ length: count }, (_, i) => readAddress(list, i * cpgAddress.size))
  }
  const change = { members: take(members).map(memberOf), left: take(left), joined: take(joined) }
  for (const { nodeId: node, pid } of change.left) unfinished.delete(`${node} ${pid}`)
  handlers.confchg(change)
}

function memberOf({ nodeId: node, pid }: CpgChange): CpgMember {
  return { nodeId: node, pid }
}

function readAddress(list: Uint8Array, at: number): CpgChange {
  const { node, pid, reason } = cpgAddress.decode(list, at)
  return { nodeId: nodeId(node), pid, reason: reasonName(reason) }
}

function reasonName(reason: number): CpgReason {
  for (const [name, value] of Object.entries(cpgReasons)) if (value === reason) return name as CpgReason
  return 'join'
}
