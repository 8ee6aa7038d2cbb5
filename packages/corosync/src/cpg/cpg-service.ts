import type { MonoMs, NodeId } from '@quorate/base'
import { csErrorCodes } from '../cs-error.ts'
import {
  cpgCalls,
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
  cpgMessageBytesMax,
  cpgPartialMcast,
  cpgReasons,
  cpgResponses,
} from '../ipc/cpg-messages.ts'
import { responseOf, tailOf } from '../ipc/message-header.ts'
import { noRing, type RingName } from '../ipc/ring-id.ts'
import { cpgNameBytesMax, readCpgName, writeCpgName } from '../ipc/wire-name.ts'
import { type ConnectionId, type Service, type ServiceEffect, type ServiceEvent, serviceIds } from '../service.ts'
import { Survivors } from '../survivors.ts'
import {
  confchgEvent,
  deliverEvent,
  membershipResponse,
  type ProcessChange,
  partialDeliverEvent,
  totemConfchgEvent,
} from './cpg-events.ts'
import {
  cpgFunctions,
  decodeGroupMessage,
  decodeJoinList,
  decodeMessagePart,
  decodeProcess,
  encodeDownlist,
  encodeGroupMessage,
  encodeJoinList,
  encodeMessagePart,
  encodeProcess,
  type GroupProcess,
} from './cpg-ring-message.ts'
import { compareProcesses, isSameProcess, type Process, ProcessList } from './process-list.ts'

/** Most iterations that all clients together may have open. */
export const cpgIterationsMax = 1024

const code = csErrorCodes

/** One client: it is in at most one group at a time. */
type Client = {
  state: 'unjoined' | 'joining' | 'joined' | 'leaving'
  group: string
  pid: number
  wantsTotem: boolean
  /** Asked to finalize: it gets no more events. */
  isFinal: boolean
}

/**
 * Closed process groups (protocols/corosync.md 6.2, 9.2): every member of a group sees the same messages and the same
 * comings and goings in the same order.
 */
export class CpgService implements Service {
  readonly id = serviceIds.cpg
  readonly #self: NodeId
  readonly #processes = new ProcessList()
  readonly #clients = new Map<ConnectionId, Client>()
  readonly #iterations = new Map<bigint, { readonly connection: ConnectionId; readonly left: Process[] }>()
  readonly #survivors = new Survivors()
  #ring: RingName = noRing
  #members: readonly NodeId[] = []
  /** What the joinlists of the running sync name. */
  #announced: Process[] = []
  #nextHandle = 1n
  #out: ServiceEffect[] = []

  constructor(self: NodeId) {
    this.#self = self
  }

  /** Every process of every group, by node, pid and group. */
  get processes(): readonly Process[] {
    return this.#processes.all
  }

  step(event: ServiceEvent, _now: MonoMs): readonly ServiceEffect[] {
    this.#out = []
    switch (event.kind) {
      case 'opened':
        this.#clients.set(event.connection, {
          state: 'unjoined',
          group: '',
          pid: 0,
          wantsTotem: false,
          isFinal: false,
        })
        break
      case 'request':
        this.#request(event.connection, event.id, event.bytes)
        break
      case 'closed':
        this.#closed(event.connection)
        break
      case 'message':
        this.#message(event.from, event.fn, event.bytes)
        break
      case 'sync-init':
        this.#survivors.change(event.change)
        this.#ring = event.change.ring
        this.#members = event.change.members
        this.#announced = []
        break
      case 'sync-process':
        this.#announce()
        break
      case 'sync-activate':
        this.#activate()
        break
      case 'sync-abort':
      case 'timer':
      case 'cmap':
        break
    }
    return this.#out
  }

  #request(connection: ConnectionId, id: number, bytes: Uint8Array): void {
    const client = this.#clients.get(connection)
    if (client === undefined) return
    if (id === cpgCalls.mcast) {
      this.#mcast(client, bytes)
      return
    }
    this.#out.push({ kind: 'respond', connection, bytes: this.#answer(connection, client, id, bytes) })
  }

  #answer(connection: ConnectionId, client: Client, id: number, bytes: Uint8Array): Uint8Array {
    switch (id) {
      case cpgCalls.join:
        return responseOf(cpgResponses.join, this.#join(client, bytes))
      case cpgCalls.leave:
        return responseOf(cpgResponses.leave, this.#leave(client, bytes))
      case cpgCalls.membership:
        return membershipResponse(this.#processes.ofGroup(readCpgName(bytes, cpgGroupAt)))
      case cpgCalls.localGet: {
        const answer = responseOf(cpgResponses.localGet, code.CS_OK, cpgLocalGet.size)
        cpgLocalGet.encode(answer, { node: this.#self })
        return answer
      }
      case cpgCalls.iterInit:
        return this.#iterInit(connection, bytes)
      case cpgCalls.iterNext:
        return this.#iterNext(connection, cpgIterHandle.decode(bytes).handle)
      case cpgCalls.iterFinalize: {
        const { handle } = cpgIterHandle.decode(bytes)
        const isOwn = this.#iterations.get(handle)?.connection === connection
        if (isOwn) this.#iterations.delete(handle)
        return responseOf(cpgResponses.iterFinalize, isOwn ? code.CS_OK : code.CS_ERR_BAD_HANDLE)
      }
      case cpgCalls.finalize:
        client.isFinal = true
        return responseOf(cpgResponses.finalize, code.CS_OK)
      case cpgCalls.partialMcast:
        return responseOf(cpgResponses.partialMcast, this.#partialMcast(client, bytes))
      case cpgCalls.zeroCopyAlloc:
      case cpgCalls.zeroCopyFree:
        return responseOf(cpgResponses.join, code.CS_ERR_NOT_SUPPORTED)
      case cpgCalls.zeroCopyExecute:
        return responseOf(cpgResponses.mcast, code.CS_ERR_NOT_SUPPORTED)
      default:
        return responseOf(0, code.CS_ERR_INVALID_PARAM)
    }
  }

  #join(client: Client, bytes: Uint8Array): number {
    const { pid, flags } = cpgJoin.decode(bytes)
    const nameBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(cpgGroupAt, true)
    if (nameBytes > cpgNameBytesMax) return code.CS_ERR_NAME_TOO_LONG
    const group = readCpgName(bytes, cpgGroupAt)
    if (client.state === 'leaving') return code.CS_ERR_BUSY
    if (client.state !== 'unjoined') return code.CS_ERR_EXIST
    for (const other of this.#clients.values()) {
      if (other.state !== 'unjoined' && other.pid === pid && other.group === group) return code.CS_ERR_EXIST
    }
    client.state = 'joining'
    client.group = group
    client.pid = pid
    client.wantsTotem = (flags & cpgJoinWantsTotem) !== 0
    this.#out.push({ kind: 'multicast', bytes: encodeProcess('procJoin', { pid, group }, cpgReasons.join) })
    return code.CS_OK
  }

  #leave(client: Client, bytes: Uint8Array): number {
    const { pid } = cpgLeave.decode(bytes)
    if (client.state === 'unjoined') return code.CS_ERR_NOT_EXIST
    if (client.state === 'joining') return code.CS_ERR_BUSY
    if (client.state === 'leaving') return code.CS_ERR_NOT_EXIST
    client.state = 'leaving'
    const process = { pid, group: readCpgName(bytes, cpgGroupAt) }
    this.#out.push({ kind: 'multicast', bytes: encodeProcess('procLeave', process, cpgReasons.leave) })
    return code.CS_OK
  }

  #mcast(client: Client, bytes: Uint8Array): void {
    if (client.state !== 'joined' && client.state !== 'joining') return
    const { messageBytes } = cpgMcast.decode(bytes)
    const message = tailOf(bytes, cpgMcast.size, messageBytes, cpgMessageBytesMax)
    this.#out.push({ kind: 'multicast', bytes: encodeGroupMessage(this.#self, client, message) })
  }

  #partialMcast(client: Client, bytes: Uint8Array): number {
    if (client.state !== 'joined' && client.state !== 'joining') return code.CS_ERR_NOT_EXIST
    const { messageBytes, partBytes, part } = cpgPartialMcast.decode(bytes)
    const tail = tailOf(bytes, cpgPartialMcast.size, partBytes, cpgMessageBytesMax)
    const message = { messageBytes, part, bytes: tail }
    this.#out.push({ kind: 'multicast', bytes: encodeMessagePart(this.#self, client, message) })
    return code.CS_OK
  }

  #closed(connection: ConnectionId): void {
    const client = this.#clients.get(connection)
    this.#clients.delete(connection)
    for (const [handle, item] of this.#iterations) if (item.connection === connection) this.#iterations.delete(handle)
    if (client === undefined || client.state === 'unjoined' || client.state === 'leaving') return
    this.#out.push({ kind: 'multicast', bytes: encodeProcess('procLeave', client, cpgReasons.procdown) })
  }

  #message(node: NodeId, fn: number, bytes: Uint8Array): void {
    switch (fn) {
      case cpgFunctions.procJoin:
        return this.#joined({ node, ...decodeProcess(bytes) })
      case cpgFunctions.procLeave:
        return this.#left({ node, ...decodeProcess(bytes) })
      case cpgFunctions.joinList:
        this.#announced.push(...decodeJoinList(bytes).map(({ pid, group }) => ({ node, pid, group })))
        return
      case cpgFunctions.mcast: {
        const { pid, group, message } = decodeGroupMessage(bytes)
        return this.#deliver({ node, pid, group }, (from) => deliverEvent(from, message))
      }
      case cpgFunctions.partialMcast: {
        const { pid, group, part } = decodeMessagePart(bytes)
        return this.#deliver({ node, pid, group }, (from) => partialDeliverEvent(from, part))
      }
      case cpgFunctions.downlist:
      case cpgFunctions.downlistOld:
        // Every node finds for itself who is gone; what others found is of use to a reader of packets only.
        return
      default:
        this.#log('warning', `unknown function ${fn} from node ${node}`)
    }
  }

  #joined({ node, pid, group, reason }: ProcessChange): void {
    const process = { node, pid, group }
    if (!this.#processes.add(process)) return
    const fresh: ConnectionId[] = []
    for (const [connection, client] of this.#clients) {
      if (node !== this.#self || client.state !== 'joining' || client.pid !== pid || client.group !== group) continue
      client.state = 'joined'
      if (client.wantsTotem) fresh.push(connection)
    }
    this.#tell(group, [], [{ ...process, reason }])
    const event = totemConfchgEvent(this.#ring, this.#members)
    for (const connection of fresh) this.#out.push({ kind: 'event', connection, bytes: event })
  }

  #left(change: ProcessChange): void {
    if (!this.#processes.remove(change)) return
    this.#tell(change.group, [change], [])
    for (const client of this.#clients.values()) {
      const isIt = change.node === this.#self && client.pid === change.pid && client.group === change.group
      if (!isIt || client.state !== 'leaving') continue
      client.state = 'unjoined'
      client.group = ''
    }
  }

  #deliver(from: Process, eventOf: (from: Process) => Uint8Array): void {
    if (!this.#processes.has(from)) {
      this.#log('warning', `message of process ${from.pid} on node ${from.node}, which is not in the group, dropped`)
      return
    }
    let bytes: Uint8Array | undefined
    for (const [connection, client] of this.#clients) {
      if (!isListening(client) || client.group !== from.group) continue
      bytes ??= eventOf(from)
      this.#out.push({ kind: 'event', connection, bytes })
    }
  }

  /** Tells the group's local members that it has changed. The list of processes is up to date already. */
  #tell(group: string, left: readonly ProcessChange[], joined: readonly ProcessChange[]): void {
    const bytes = confchgEvent(group, this.#processes.ofGroup(group), left, joined)
    for (const [connection, client] of this.#clients) {
      if (isListening(client) && client.group === group) this.#out.push({ kind: 'event', connection, bytes })
    }
  }

  #announce(): void {
    this.#out.push({ kind: 'multicast', bytes: encodeDownlist(this.#survivors.old.length, this.#survivors.left) })
    const own: readonly GroupProcess[] = this.#processes.ofNode(this.#self)
    if (own.length > 0) this.#out.push({ kind: 'multicast', bytes: encodeJoinList(own) })
  }

  #activate(): void {
    const gone = new Set(this.#survivors.left)
    const down = this.#processes.all.filter((item) => gone.has(item.node))
    for (const process of down) this.#processes.remove(process)
    this.#tellByGroup(down, (group, changed) => this.#tell(group, withReason(changed, cpgReasons.nodedown), []))

    const news = this.#announced.filter((item) => item.node !== this.#self).sort(compareProcesses)
    const up = news.filter((item) => this.#processes.add(item))
    this.#tellByGroup(up, (group, changed) => this.#tell(group, [], withReason(changed, cpgReasons.nodeup)))

    const isAnnounced = (item: Process): boolean => news.some((other) => isSameProcess(other, item))
    const dead = this.#processes.all.filter((item) => item.node !== this.#self && !isAnnounced(item))
    for (const process of dead) this.#processes.remove(process)
    this.#tellByGroup(dead, (group, changed) => this.#tell(group, withReason(changed, cpgReasons.procdown), []))

    this.#survivors.settle()
    this.#announced = []
    const event = totemConfchgEvent(this.#ring, this.#members)
    for (const [connection, client] of this.#clients) {
      if (client.wantsTotem && isListening(client)) this.#out.push({ kind: 'event', connection, bytes: event })
    }
  }

  #tellByGroup(changed: readonly Process[], tell: (group: string, changed: readonly Process[]) => void): void {
    for (const group of new Set(changed.map((item) => item.group))) {
      tell(
        group,
        changed.filter((item) => item.group === group),
      )
    }
  }

  #iterInit(connection: ConnectionId, bytes: Uint8Array): Uint8Array {
    const { kind } = cpgIterInit.decode(bytes)
    const answer = (error: number): Uint8Array => responseOf(cpgResponses.iterInit, error, cpgIterHandleResponse.size)
    if (kind < cpgIterations.names || kind > cpgIterations.all) return answer(code.CS_ERR_INVALID_PARAM)
    if (this.#iterations.size >= cpgIterationsMax) return answer(code.CS_ERR_NO_RESOURCES)
    const left = inIterationOrder(
      kind === cpgIterations.group ? this.#processes.ofGroup(readCpgName(bytes, cpgGroupAt)) : this.#processes.all,
      kind === cpgIterations.names,
    )
    const handle = this.#nextHandle
    this.#nextHandle += 1n
    this.#iterations.set(handle, { connection, left })
    const granted = answer(code.CS_OK)
    cpgIterHandleResponse.encode(granted, { handle })
    return granted
  }

  #iterNext(connection: ConnectionId, handle: bigint): Uint8Array {
    const walk = this.#iterations.get(handle)
    const known = walk !== undefined && walk.connection === connection
    const next = known ? walk.left.shift() : undefined
    if (next === undefined) {
      const error = known ? code.CS_ERR_NO_SECTIONS : code.CS_ERR_BAD_HANDLE
      return responseOf(cpgResponses.iterNext, error, cpgIterNextResponse.size)
    }
    const answer = responseOf(cpgResponses.iterNext, code.CS_OK, cpgIterNextResponse.size)
    writeCpgName(answer, cpgIterNextGroupAt, next.group)
    cpgIterNextResponse.encode(answer, { node: next.node, pid: next.pid })
    return answer
  }

  #log(level: 'warning', text: string): void {
    this.#out.push({ kind: 'log', level, subsystem: 'CPG', text })
  }
}

/** Where the group's name starts in a response to ITERATIONNEXT. */
const cpgIterNextGroupAt = 24

/**
 * Groups as clients walk them (corosync-cpgtool prints a heading where the group changes): the group that appeared last
 * comes first, and in it the first process, then the others from the last to the second.
 */
function inIterationOrder(processes: readonly Process[], namesOnly: boolean): Process[] {
  const groups = new Map<string, Process[]>()
  for (const item of processes) {
    const known = groups.get(item.group)
    if (known === undefined) groups.set(item.group, [item])
    else if (!namesOnly) known.splice(1, 0, item)
  }
  return [...groups.values()].reverse().flat()
}

function isListening(client: Client): boolean {
  return !client.isFinal && (client.state === 'joined' || client.state === 'leaving')
}

function withReason(processes: readonly Process[], reason: number): readonly ProcessChange[] {
  return processes.map((process) => ({ ...process, reason }))
}
