import type { MonoMs, NodeId } from '@quorate/base'
import { cmapU8, cmapU32 } from '../cmap/cmap-value.ts'
import { csErrorCodes } from '../cs-error.ts'
import { responseOf } from '../ipc/message-header.ts'
import { trackFlags } from '../ipc/quorum-messages.ts'
import { noRing, type RingName } from '../ipc/ring-id.ts'
import {
  votequorumCalls,
  votequorumGetInfo,
  votequorumInfo,
  votequorumQdeviceMasterWins,
  votequorumQdeviceName,
  votequorumQdevicePoll,
  votequorumQdeviceUpdate,
  votequorumResponses,
  votequorumSetExpected,
  votequorumSetVotes,
  votequorumTrackStart,
} from '../ipc/votequorum-messages.ts'
import { type ConnectionId, type Service, type ServiceEffect, type ServiceEvent, serviceIds } from '../service.ts'
import { type DevicePoll, deviceTimes, givenBy, QuorumDevice, withDevice } from './quorum-device.ts'
import { type Tally, tallyOf, type Voter, votesNeeded, winsTie } from './tally.ts'
import { expectedEvent, infoAnswer, nodelistEvent, quorumEvent } from './votequorum-answers.ts'
import type { VotequorumConfig } from './votequorum-config.ts'
import {
  type DeviceNotice,
  decodeDeviceNotice,
  decodeDeviceRename,
  decodeNodeInfo,
  decodeReconfigure,
  encodeDeviceNotice,
  encodeDeviceRename,
  encodeNodeInfo,
  encodeReconfigure,
  type NodeInfo,
  nodeFlags,
  type Reconfigure,
  reconfigureParams,
  votequorumFunctions,
  votesMax,
} from './votequorum-ring-message.ts'

const code = csErrorCodes
const twoNodeKey = 'runtime.votequorum.two_node'

/**
 * Decides whether this partition may act, by votes (protocols/corosync.md 6.3, 9.5; votequorum(5)). Every member counts
 * for itself from what all have said; the verdict goes to the quorum service as a `quorum` effect.
 */
export class VotequorumService implements Service {
  readonly id = serviceIds.votequorum
  #config: VotequorumConfig
  readonly #voters = new Map<NodeId, Voter>()
  readonly #trackers = new Map<ConnectionId, bigint>()
  readonly #device: QuorumDevice
  /** Who has asked to register a device, or to rename it, and waits until all have heard of it. */
  readonly #deviceAskers: { readonly connection: ConnectionId; readonly call: 'register' | 'update' }[] = []
  #ring: RingName = noRing
  #members: readonly NodeId[] = []
  #needed = 0
  #isQuorate = false
  #isWaitingForAll: boolean
  #isSyncing = false
  #out: ServiceEffect[] = []

  constructor(config: VotequorumConfig) {
    this.#config = config
    this.#isWaitingForAll = config.waitForAll
    this.#device = new QuorumDevice(config.device)
    this.#voters.set(config.self, {
      node: config.self,
      votes: config.votes,
      expectedVotes: config.expectedVotes,
      flags: nodeFlags.first,
      state: 'member',
    })
    this.#needed = votesNeeded(this.#tally(), 0, config.isTwoNode)
  }

  get isQuorate(): boolean {
    return this.#isQuorate
  }

  /** Votes of those that are counted as members. */
  get votes(): number {
    return this.#tally().total
  }

  /** Keys of the map that this service keeps (corosync-cmapctl shows them), from its start. */
  start(): readonly ServiceEffect[] {
    this.#out = []
    const { self, isTwoNode, expectedVotes, expectedVotesBarrier = expectedVotes } = this.#config
    const publish = (key: string, value: ReturnType<typeof cmapU8>): void => {
      this.#out.push({ kind: 'publish', key: `runtime.votequorum.${key}`, value })
    }
    publish('this_node_id', cmapU32(self))
    this.#out.push({ kind: 'publish', key: twoNodeKey, value: cmapU8(isTwoNode ? 1 : 0) })
    publish('ev_barrier', cmapU32(expectedVotesBarrier))
    if (this.#config.device !== undefined) publish('qdevice_can_operate', cmapU8(1))
    this.#publishRange()
    return this.#out
  }

  /**
   * corosync.conf has changed: what this node's vote counts and how many are expected is news for all. Whether to wait
   * for all counts at a node's start only.
   */
  reconfigure(config: VotequorumConfig): readonly ServiceEffect[] {
    this.#out = []
    const { self, votes, expectedVotes } = this.#config
    this.#config = config
    const tell = (value: number, param: number): void =>
      this.#multicast(encodeReconfigure({ node: self, value, param }))
    if (config.votes !== votes) tell(config.votes, reconfigureParams.votes)
    if (config.expectedVotes !== expectedVotes) tell(config.expectedVotes, reconfigureParams.expectedVotes)
    this.#out.push({ kind: 'publish', key: twoNodeKey, value: cmapU8(config.isTwoNode ? 1 : 0) })
    return this.#out
  }

  step(event: ServiceEvent, _now: MonoMs): readonly ServiceEffect[] {
    this.#out = []
    switch (event.kind) {
      case 'request': {
        const bytes = this.#answer(event.connection, event.id, event.bytes)
        if (bytes !== undefined) this.#out.push({ kind: 'respond', connection: event.connection, bytes })
        break
      }
      case 'closed':
        this.#trackers.delete(event.connection)
        break
      case 'message':
        this.#message(event.from, event.fn, event.bytes)
        break
      case 'sync-init':
        this.#isSyncing = true
        this.#ring = event.change.ring
        this.#members = event.change.members
        for (const voter of this.#voters.values()) {
          if (!this.#members.includes(voter.node)) this.#put({ ...voter, state: 'dead' })
        }
        // A quorum device may answer as soon as it hears of the ring, before this node has its turn.
        this.#device.ring()
        this.#nodelistEvents()
        break
      case 'sync-process':
        this.#announce()
        this.#awaitDevice()
        break
      case 'sync-activate':
        this.#publishRange()
        this.#recount(false)
        this.#isSyncing = false
        this.#decided()
        this.#quorumEvents()
        this.#startWindow()
        break
      case 'timer':
        if (event.timer === 'last-man-standing') this.#windowOver()
        if (event.timer === 'qdevice') this.#deviceLost()
        break
      case 'sync-abort':
        this.#device.settle()
        break
      case 'opened':
      case 'cmap':
        break
    }
    return this.#out
  }

  /** What the members have, and what this node's device gives. */
  #tally(): Tally {
    const tally = tallyOf(this.#voters.values())
    return { ...tally, total: tally.total + this.#device.given }
  }

  #self(): Voter {
    return this.#voters.get(this.#config.self) as Voter
  }

  #put(voter: Voter): void {
    this.#voters.set(voter.node, voter)
  }

  #announce(): void {
    const { name, votes, isRegistered } = this.#device
    this.#tell()
    this.#multicast(encodeNodeInfo({ node: 0, votes, expectedVotes: 0, flags: 0 }))
    if (isRegistered) this.#multicast(encodeDeviceNotice({ name, isThere: true }))
  }

  /** Says what this node has, and how it stands with its device. */
  #tell(): void {
    const { node, votes, expectedVotes, flags } = this.#self()
    this.#multicast(encodeNodeInfo({ node, votes, expectedVotes, flags }))
  }

  #message(from: NodeId, fn: number, bytes: Uint8Array): void {
    switch (fn) {
      case votequorumFunctions.nodeInfo: {
        const info = decodeNodeInfo(bytes)
        if (info.node !== 0) this.#heard(info.node as NodeId, info)
        else this.#device.votes = Math.max(this.#device.votes, info.votes)
        return
      }
      case votequorumFunctions.reconfigure:
        return this.#reconfigured(decodeReconfigure(bytes))
      case votequorumFunctions.qdeviceRegister:
        return this.#deviceHeard(from, decodeDeviceNotice(bytes))
      case votequorumFunctions.qdeviceReconfigure: {
        const { from: old, to } = decodeDeviceRename(bytes)
        if (this.#device.name === old) this.#device.name = to
        if (from === this.#config.self) this.#answerAsker('update', code.CS_OK)
        return
      }
      default:
        this.#log('warning', `unknown function ${fn} from node ${from}`)
    }
  }

  #heard(node: NodeId, info: NodeInfo): void {
    const isSenderQuorate = (info.flags & nodeFlags.quorate) !== 0
    const own = this.#self()
    const isAdopted = isSenderQuorate && !this.#isQuorate && node !== own.node
    if (isAdopted) this.#put({ ...own, expectedVotes: info.expectedVotes })
    if (isSenderQuorate && (info.flags & nodeFlags.waitForAll) === 0) this.#isWaitingForAll = false
    const isLeaving = (info.flags & nodeFlags.leaving) !== 0
    this.#put({
      node,
      votes: info.votes,
      expectedVotes: isSenderQuorate || node === own.node ? info.expectedVotes : this.#self().expectedVotes,
      flags: info.flags,
      state: isLeaving ? 'leaving' : 'member',
    })
    if (node === own.node) this.#put({ ...this.#self(), flags: own.flags })
    if (this.#isSyncing || !isLeaving) return
    this.#recount(false)
    this.#quorumEvents()
  }

  #reconfigured({ node, value, param }: Reconfigure): void {
    if (param === reconfigureParams.expectedVotes) {
      this.#expect(value)
      this.#recount(true)
    } else if (param === reconfigureParams.votes) {
      const voter = this.#voters.get(node as NodeId)
      if (voter === undefined) return
      this.#put({ ...voter, votes: value })
      this.#recount(true)
    } else if (param === reconfigureParams.cancelWaitForAll) {
      this.#isWaitingForAll = false
      this.#recount(false)
    }
    if (!this.#isSyncing) this.#decided()
  }

  /** Counts anew. With `mayFall`, fewer votes may be needed than before. More votes than expected are expected then. */
  #recount(mayFall: boolean): void {
    const { total } = this.#tally()
    if (total > this.#self().expectedVotes) this.#expect(total)
    const tally = this.#tally()
    this.#needed = votesNeeded(tally, mayFall || this.#config.isTwoNode ? 0 : this.#needed, this.#config.isTwoNode)
    const was = this.#isQuorate
    this.#isQuorate = this.#judge(tally)
    const own = this.#self()
    const kept = own.flags & ~(nodeFlags.quorate | nodeFlags.waitForAll | (this.#isQuorate ? nodeFlags.first : 0))
    const quorate = this.#isQuorate ? nodeFlags.quorate : 0
    this.#put({ ...own, flags: kept | quorate | (this.#isWaitingForAll ? nodeFlags.waitForAll : 0) })
    if (was !== this.#isQuorate && !this.#isSyncing) this.#decided()
  }

  #judge({ total, members }: Tally): boolean {
    const expected = this.#self().expectedVotes
    if (this.#isWaitingForAll) {
      if (total < expected) {
        const text = `Waiting for all cluster members. Current votes: ${total} expected_votes: ${expected}`
        if (!this.#isQuorate) this.#log('notice', text)
        return false
      }
      this.#isWaitingForAll = false
    }
    if (total >= this.#needed || this.#device.isDecisive) return true
    const breaker = this.#config.autoTieBreaker
    if (breaker === undefined || !this.#isQuorate || total * 2 !== expected) return false
    const known = [...new Set([...this.#voters.keys(), ...this.#config.nodes])]
    return winsTie(
      members.map((voter) => voter.node),
      known,
      breaker,
    )
  }

  #deviceHeard(from: NodeId, { name, isThere }: DeviceNotice): void {
    const device = this.#device
    if (!isThere) {
      const haveOne = [...this.#voters.values()].filter(
        ({ node, state, flags }) => node !== from && state === 'member' && (flags & nodeFlags.deviceRegistered) !== 0,
      )
      if (haveOne.length === 0) device.name = ''
      return
    }
    const refused = device.mayRegister(name)
    if (refused !== code.CS_OK) this.#log('warning', `node ${from} has quorum device ${name}, others ${device.name}`)
    else if (device.name === '') device.name = name
    if (from !== this.#config.self) return
    if (refused === code.CS_OK && !device.isRegistered) {
      device.registered(name)
      this.#deviceChanged()
    }
    this.#answerAsker('register', refused)
  }

  /** What this node says in a synchronisation comes back as well, and answers nobody. */
  #answerAsker(call: 'register' | 'update', error: number): void {
    const [first] = this.#deviceAskers
    if (first?.call !== call) return
    this.#deviceAskers.shift()
    const { connection } = first
    this.#out.push({ kind: 'respond', connection, bytes: responseOf(votequorumResponses.status, error) })
  }

  /** How this node stands with its device has changed: it counts anew, and all hear of it. */
  #deviceChanged(): void {
    const own = this.#self()
    this.#put({ ...own, flags: withDevice(own.flags, this.#device.flags) })
    const was = this.#isQuorate
    if (!this.#isSyncing) this.#recount(false)
    this.#tell()
    if (was !== this.#isQuorate) this.#quorumEvents()
  }

  /** A device that was there is asked what it thinks of the new ring before the ring counts its votes. */
  #awaitDevice(): void {
    if (!this.#device.isAwaited) return
    const { syncTimeoutMs } = this.#config.device ?? deviceTimes
    this.#log('info', `waiting for quorum device ${this.#device.name} poll (but maximum for ${syncTimeoutMs} ms)`)
    this.#out.push({ kind: 'sync-wait' }, { kind: 'arm', timer: 'qdevice', afterMs: syncTimeoutMs })
  }

  #deviceSettled(): void {
    if (!this.#device.isAwaited) return
    this.#device.settle()
    this.#out.push({ kind: 'sync-done' })
  }

  #deviceLost(): void {
    if (!this.#device.isAlive) return
    this.#log('info', `lost contact with quorum device ${this.#device.name}`)
    this.#device.lose()
    this.#deviceChanged()
    this.#deviceSettled()
  }

  #decided(): void {
    this.#out.push({ kind: 'quorum', isQuorate: this.#isQuorate })
  }

  /** After a loss, the rest waits a while and then expects no more votes than it has (last_man_standing). */
  #startWindow(): void {
    if (!this.#config.lastManStanding) return
    const { total } = this.#tally()
    if (this.#isQuorate && total < this.#self().expectedVotes) {
      this.#out.push({ kind: 'arm', timer: 'last-man-standing', afterMs: this.#config.lastManStandingWindowMs })
    } else {
      this.#out.push({ kind: 'disarm', timer: 'last-man-standing' })
    }
  }

  #windowOver(): void {
    if (this.#isSyncing || !this.#isQuorate) return
    this.#expect(this.#tally().total)
    this.#recount(true)
  }

  #expect(votes: number): void {
    for (const voter of this.#voters.values()) {
      if (voter.state === 'member') this.#put({ ...voter, expectedVotes: votes })
    }
    this.#expectedEvents(votes)
  }

  #publishRange(): void {
    const ids = this.#members.length === 0 ? [this.#config.self] : this.#members
    const publish = (key: string, value: number): void => {
      this.#out.push({ kind: 'publish', key: `runtime.votequorum.${key}`, value: cmapU32(value) })
    }
    publish('highest_node_id', Math.max(...ids))
    publish('lowest_node_id', Math.min(...ids))
  }

  /** Undefined: the answer comes later. */
  #answer(connection: ConnectionId, id: number, bytes: Uint8Array): Uint8Array | undefined {
    const status = (error: number): Uint8Array => responseOf(votequorumResponses.status, error)
    switch (id) {
      case votequorumCalls.getInfo:
        return this.#info(votequorumGetInfo.decode(bytes).node >>> 0)
      case votequorumCalls.setExpected:
        return status(this.#setExpected(votequorumSetExpected.decode(bytes).votes))
      case votequorumCalls.setVotes: {
        const { node, votes } = votequorumSetVotes.decode(bytes)
        return status(this.#setVotes(node >>> 0, votes))
      }
      case votequorumCalls.trackStart: {
        const { context, flags } = votequorumTrackStart.decode(bytes)
        if ((flags & (trackFlags.current | trackFlags.changes)) !== 0) {
          this.#event(connection, this.#nodelistEvent(context))
          this.#event(connection, this.#quorumEvent(context))
        }
        if ((flags & (trackFlags.changes | trackFlags.changesOnly)) !== 0) this.#trackers.set(connection, context)
        return status(code.CS_OK)
      }
      case votequorumCalls.trackStop:
        return status(this.#trackers.delete(connection) ? code.CS_OK : code.CS_ERR_NOT_EXIST)
      case votequorumCalls.qdeviceRegister: {
        const error = this.#registerDevice(connection, votequorumQdeviceName.decode(bytes).name)
        return error === undefined ? undefined : status(error)
      }
      case votequorumCalls.qdeviceUnregister:
        return status(this.#unregisterDevice(votequorumQdeviceName.decode(bytes).name))
      case votequorumCalls.qdeviceUpdate: {
        const rename = votequorumQdeviceUpdate.decode(bytes)
        const refused = this.#device.mayRename(rename.from)
        if (refused !== code.CS_OK) return status(refused)
        this.#deviceAskers.push({ connection, call: 'update' })
        this.#multicast(encodeDeviceRename(rename))
        return undefined
      }
      case votequorumCalls.qdevicePoll:
        return status(this.#pollDevice(votequorumQdevicePoll.decode(bytes)))
      case votequorumCalls.qdeviceMasterWins: {
        const { name, isAllowed } = votequorumQdeviceMasterWins.decode(bytes)
        return status(this.#letDeviceWin(name, isAllowed !== 0))
      }
      default:
        return responseOf(0, code.CS_ERR_INVALID_PARAM)
    }
  }

  /** Undefined: answered once all have heard of it. */
  #registerDevice(connection: ConnectionId, name: string): number | undefined {
    const device = this.#device
    const refused = device.mayRegister(name)
    if (refused !== code.CS_OK) {
      const what = `A new qdevice with different name (new: ${name} old: ${device.name}) is trying to re-register!`
      this.#log('warning', what)
      return refused
    }
    if (device.isRegistered) return code.CS_OK
    this.#deviceAskers.push({ connection, call: 'register' })
    this.#multicast(encodeDeviceNotice({ name, isThere: true }))
    return undefined
  }

  #unregisterDevice(name: string): number {
    const error = this.#device.unregister(name)
    if (error !== code.CS_OK) return error
    this.#out.push({ kind: 'disarm', timer: 'qdevice' })
    this.#deviceChanged()
    this.#deviceSettled()
    this.#multicast(encodeDeviceNotice({ name, isThere: false }))
    return error
  }

  #pollDevice(poll: DevicePoll): number {
    const device = this.#device
    const before = device.flags
    const error = device.poll(poll, this.#ring)
    if (error !== code.CS_OK) return error
    const { timeoutMs } = this.#config.device ?? deviceTimes
    this.#out.push({ kind: 'arm', timer: 'qdevice', afterMs: timeoutMs })
    if (device.flags !== before) this.#deviceChanged()
    this.#deviceSettled()
    return error
  }

  #letDeviceWin(name: string, isAllowed: boolean): number {
    const before = this.#device.flags
    const error = this.#device.masterWins(name, isAllowed)
    if (error !== code.CS_OK) return error
    const value = cmapU8(isAllowed ? 1 : 0)
    this.#out.push({ kind: 'publish', key: 'runtime.votequorum.qdevice_master_wins', value })
    if (this.#device.flags !== before) this.#deviceChanged()
    return error
  }

  #info(node: number): Uint8Array {
    const voter = this.#voters.get((node === 0 ? this.#config.self : node) as NodeId)
    if (voter === undefined) return responseOf(votequorumResponses.getInfo, code.CS_ERR_NOT_EXIST, votequorumInfo.size)
    const given = givenBy(voter.flags, this.#device.votes)
    return infoAnswer(voter, {
      config: this.#config,
      isQuorate: this.#isQuorate,
      highestExpected: this.#tally().highestExpected,
      total: tallyOf(this.#voters.values()).total + given,
      needed: this.#needed,
      device: this.#device,
    })
  }

  #setExpected(votes: number): number {
    const tally = this.#tally()
    const needed = votesNeeded({ ...tally, highestExpected: votes }, 0, this.#config.isTwoNode)
    if (votes > votesMax || votes < tally.total || needed > tally.total) return code.CS_ERR_INVALID_PARAM
    const param = reconfigureParams.expectedVotes
    this.#multicast(encodeReconfigure({ node: this.#config.self, value: votes, param }))
    return code.CS_OK
  }

  #setVotes(node: number, votes: number): number {
    const of = (node === 0 ? this.#config.self : node) as NodeId
    const voter = this.#voters.get(of)
    if (voter === undefined) return code.CS_ERR_NAME_NOT_FOUND
    const changed = tallyOf([...this.#voters.values()].map((item) => (item.node === of ? { ...item, votes } : item)))
    const needed = votesNeeded(changed, 0, this.#config.isTwoNode)
    if (votes > votesMax || needed > changed.total) return code.CS_ERR_INVALID_PARAM
    this.#multicast(encodeReconfigure({ node: of, value: votes, param: reconfigureParams.votes }))
    return code.CS_OK
  }

  #nodelistEvents(): void {
    for (const [connection, context] of this.#trackers) this.#event(connection, this.#nodelistEvent(context))
  }

  #nodelistEvent(context: bigint): Uint8Array {
    return nodelistEvent(context, this.#ring, this.#members)
  }

  #quorumEvents(): void {
    for (const [connection, context] of this.#trackers) this.#event(connection, this.#quorumEvent(context))
  }

  #quorumEvent(context: bigint): Uint8Array {
    return quorumEvent(context, this.#isQuorate, [...this.#voters.values()], this.#device.name !== '')
  }

  #expectedEvents(votes: number): void {
    for (const [connection, context] of this.#trackers) this.#event(connection, expectedEvent(context, votes))
  }

  #multicast(bytes: Uint8Array): void {
    this.#out.push({ kind: 'multicast', bytes })
  }

  #event(connection: ConnectionId, bytes: Uint8Array): void {
    this.#out.push({ kind: 'event', connection, bytes })
  }

  #log(level: 'info' | 'notice' | 'warning', text: string): void {
    this.#out.push({ kind: 'log', level, subsystem: 'VOTEQ', text })
  }
}
