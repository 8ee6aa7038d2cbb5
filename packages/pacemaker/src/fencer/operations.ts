import { attr, element, type XmlElement } from '@quorate/xml'
import { operationStates } from '../messages/stonith-history.ts'
import {
  readOfferedDevices,
  readOutcome,
  type StonithMessage,
  stonithFence,
  stonithOptions,
  stonithQuery,
  stonithRelay,
  stonithReply,
  stonithTimeoutUpdate,
  stonithVerdict,
  timeoutEvent,
} from '../messages/stonith-message.ts'
import { Announcements, askedReply, shortId } from './announcement.ts'
import type { FencingHistory } from './history.ts'
import { isSameNode } from './node-name.ts'
import { type Asker, type Drive, isEnded, type Operation, stepOf } from './operation.ts'
import { execution, exitStatus, failure, isSuccess, success } from './outcome.ts'
import {
  areAllDevicesFound,
  choosePeer,
  devicesToSwitchOn,
  peerTimeoutS,
  timerFactor,
  totalTimeoutS,
  triedKey,
} from './peer-choice.ts'
import type { FencerRoom } from './room.ts'
import type { FencingOutcome } from './service.ts'
import type { Topology } from './topology.ts'

/** Operations under way that a fencer drives at most. */
const drivenMax = 500
/** Time after which a duplicate no longer waits for the operation that it is one of: times its own timeout, and at least. */
const duplicateFactor = 5
const duplicateMsMin = 600_000

/** A request to fence. */
export type FenceOrder = {
  readonly target: string
  readonly action: string
  readonly timeoutS: number
  readonly delayS: number
  readonly toleranceS: number
  readonly options: number
  readonly asker: Asker | undefined
  readonly clientId: string | undefined
  readonly clientName: string
  readonly clientNode: string | undefined
  readonly callId: string | undefined
  /** The operation of another node that this one stands in for. */
  readonly relayed: string | undefined
  /** As it came, to be passed on. */
  readonly xml: XmlElement
}

/** What the operations of a fencer see of the cluster. */
export type FencerFacts = {
  /** Nodes with a fencer, this one among them. */
  readonly peers: () => readonly string[]
  readonly attributeOf: (node: string, name: string) => string | undefined
  /** Whether a device of this node is configured to switch off in place of a reboot. */
  readonly staysOff: (device: string) => boolean
}

/** Fencing operations: driven by this fencer from the query to the verdict, or as other fencers tell of them. */
export class Operations {
  readonly #room: FencerRoom
  readonly #facts: FencerFacts
  readonly #topology: Topology
  readonly #history: FencingHistory
  readonly #announcements: Announcements
  /** Requests that were passed on, by the id they went under, until the query of who took them comes. */
  readonly #relays = new Map<string, { readonly order: FenceOrder; readonly peer: string }>()
  #verdicts = 0

  constructor(room: FencerRoom, facts: FencerFacts, topology: Topology, history: FencingHistory) {
    this.#room = room
    this.#facts = facts
    this.#topology = topology
    this.#history = history
    this.#announcements = new Announcements(room)
  }

  /** Takes a request; whoever asks is told once how it ended. */
  start(order: FenceOrder): void {
    const refusal = this.#refusalOf(order)
    if (refusal !== undefined) {
      this.#announcements.answer(order.asker, orderReply(order), refusal)
      return
    }
    if ((order.options & stonithOptions.manualAck) !== 0) {
      this.#confirm(order)
      return
    }
    // The node that passed a request on waits for a query that names its operation: neither of the two ways round that.
    if (order.relayed === undefined && this.#isTolerated(order)) {
      this.#room.log('notice', `${order.target} was fenced less than ${order.toleranceS} s ago: nothing to do`)
      this.#announcements.answer(order.asker, orderReply(order), success)
      return
    }
    const other = this.#facts.peers().find((peer) => !this.#room.isLocal(peer))
    if (this.#room.isLocal(order.target) && order.relayed === undefined && other !== undefined)
      this.#relay(order, other)
    else this.#begin(order)
  }

  #refusalOf(order: FenceOrder): FencingOutcome | undefined {
    if (!['off', 'on', 'reboot'].includes(order.action) || order.target === '') {
      return failure(execution.invalid, 'Unknown target or action', exitStatus.protocol)
    }
    const driven = this.#history.all().filter((item) => item.isOurs && !isEnded(item)).length
    return driven + this.#relays.size >= drivenMax
      ? failure(execution.error, `more than ${drivenMax} fencing operations`)
      : undefined
  }

  #isTolerated({ target, action, toleranceS }: FenceOrder): boolean {
    if (toleranceS <= 0) return false
    return this.#history.all().some((item) => {
      const isAlike = isSameNode(item.target, target) && item.action === action && item.state === operationStates.done
      return isAlike && item.outcome !== undefined && item.endedS + toleranceS >= this.#room.now.epochS
    })
  }

  #relay(order: FenceOrder, peer: string): void {
    const id = this.#room.now.uuid
    this.#room.log('notice', `Passing '${order.action}' of this node to the fencer of ${peer}`)
    this.#relays.set(id, { order, peer })
    this.#room.after(`relay ${id}`, timerFactor * order.timeoutS * 1000, () =>
      this.#endRelay(id, failure(execution.timedOut, `${peer} did not take the request`)),
    )
    const client = { id: order.clientId ?? '', name: order.clientName, node: this.#room.localName }
    this.#room.emit({ kind: 'send', xml: stonithRelay(order.xml, client, id), to: peer })
  }

  #endRelay(id: string, outcome: FencingOutcome): void {
    const relay = this.#relays.get(id)
    this.#relays.delete(id)
    this.#room.callOff(`relay ${id}`)
    if (relay !== undefined) this.#announcements.answer(relay.order.asker, orderReply(relay.order), outcome)
  }

  #make(order: FenceOrder, id: string, origin: string, drive: Drive | undefined): Operation {
    const operation: Operation = {
      id,
      target: order.target,
      action: order.action,
      origin,
      clientId: order.clientId,
      clientName: order.clientName,
      clientNode: order.clientNode,
      callId: order.callId,
      options: order.options,
      isOurs: drive !== undefined,
      asker: order.asker,
      state: operationStates.querying,
      delegate: undefined,
      outcome: undefined,
      endedS: 0,
      endedNs: 0,
      isTold: false,
      startedMs: this.#room.now.monoMs,
      baseTimeoutS: order.timeoutS,
      isOrphan: false,
      duplicates: [],
      drive,
    }
    return operation
  }

  /** A person's word that a node is off: it counts as done at once. */
  #confirm(order: FenceOrder): void {
    const operation = this.#make(order, this.#room.now.uuid, this.#room.localName, this.#drive(order))
    operation.delegate = 'a human'
    this.#history.add(operation)
    this.#room.log('notice', `Received manual confirmation that ${order.target} is fenced, of ${order.clientName}`)
    this.#conclude(operation, success)
  }

  #drive(order: FenceOrder): Drive {
    const levels = this.#topology.levelsOf(order.target, (name) => this.#facts.attributeOf(order.target, name))
    return {
      delayS: order.delayS,
      awaited: new Set(this.#facts.peers().map((peer) => peer.toLowerCase())),
      replies: new Map(),
      levels,
      level: 0,
      devices: levels?.[0] ?? [],
      half: halfOf(order.action, levels?.[0]),
      executing: undefined,
      isTimed: false,
      isConcluded: false,
      last: undefined,
    }
  }

  #begin(order: FenceOrder): void {
    const drive = this.#drive(order)
    const operation = this.#make(order, this.#room.now.uuid, this.#room.localName, drive)
    const alike =
      order.relayed === undefined ? this.#history.all().find((item) => this.#isDuplicate(operation, item)) : undefined
    this.#history.add(operation)
    if (alike !== undefined) {
      operation.state = operationStates.duplicate
      alike.duplicates.push(operation)
      this.#room.log(
        'notice',
        `'${order.action}' of ${order.target} is under way already for ${alike.clientName}: merged`,
      )
      const waitMs = Math.max(duplicateMsMin, duplicateFactor * order.timeoutS * 1000)
      const late = failure(execution.timedOut, 'The same operation of another client did not end in time')
      this.#room.after(`duplicate ${operation.id}`, waitMs, () =>
        this.#announcements.endDuplicate(operation, late, undefined, undefined),
      )
      return
    }
    if (drive.levels !== undefined) operation.options |= stonithOptions.topology
    this.#room.log(
      'notice',
      `Requesting peer fencing (${order.action}) targeting ${order.target} | id=${shortId(operation.id)}`,
    )
    this.#room.after(`query ${operation.id}`, timerFactor * order.timeoutS * 1000, () => this.#queryEnds(operation))
    this.#room.emit({ kind: 'send', xml: stonithQuery(operation, order.timeoutS, order.relayed), to: undefined })
    this.#announcements.historyChanged()
  }

  #isDuplicate(operation: Operation, other: Operation): boolean {
    if (isEnded(other) || other.state === operationStates.duplicate || other.drive?.isConcluded) return false
    if (other.isOrphan) return false
    if (!isSameNode(other.target, operation.target) || other.action !== operation.action) return false
    if (other.clientName === operation.clientName) return false
    if (isSameNode(other.target, other.clientNode ?? other.origin)) return false
    if (!this.#facts.peers().some((peer) => isSameNode(peer, other.origin))) return false
    return other.isOurs || this.#room.now.monoMs - other.startedMs < duplicateFactor * other.baseTimeoutS * 1000
  }

  /** Another fencer (or this one) asks what could fence a node: an operation is under way. */
  heard(message: StonithMessage): void {
    const { operation: id, target, action, origin, clientName } = message
    if (id === undefined || target === undefined || action === undefined || origin === undefined) return
    if (this.#room.isLocal(origin) || this.#history.get(id) !== undefined) return
    const relay = message.relayed === undefined ? undefined : this.#relays.get(message.relayed)
    if (message.relayed !== undefined && relay !== undefined) {
      this.#relays.delete(message.relayed)
      this.#room.callOff(`relay ${message.relayed}`)
    }
    const order: FenceOrder = {
      target,
      action,
      timeoutS: message.timeoutS ?? 0,
      delayS: 0,
      toleranceS: 0,
      options: message.options,
      asker: relay?.order.asker,
      clientId: message.clientId,
      clientName: clientName ?? '',
      clientNode: relay === undefined ? undefined : this.#room.localName,
      callId: message.callId,
      relayed: undefined,
      xml: element('stonith_command'),
    }
    this.#history.add(this.#make(order, id, origin, undefined))
    this.#announcements.historyChanged()
  }

  /** A fencer tells with what it could fence. */
  offered(from: string, message: StonithMessage, xml: XmlElement): void {
    const operation = this.#history.get(message.operation)
    const drive = operation?.drive
    if (operation === undefined || drive === undefined || drive.isConcluded) return
    if (operation.state === operationStates.duplicate || isEnded(operation)) return
    const devices = readOfferedDevices(xml)
    if (devices === undefined) {
      this.#room.log('warning', `Answer of ${from} about ${operation.target} cannot be read: it counts as no device`)
    }
    const known = drive.replies.get(from.toLowerCase())
    drive.awaited.delete(from.toLowerCase())
    drive.replies.set(from.toLowerCase(), {
      peer: from,
      devices: new Map((devices ?? []).map((device) => [device.id, device])),
      tried: known?.tried ?? new Set(),
    })
    if (drive.executing === undefined) this.#maybeRequest(operation, drive)
  }

  /** Begins to execute as soon as enough is known. */
  #maybeRequest(operation: Operation, drive: Drive): void {
    const isTarget = (peer: string): boolean => isSameNode(peer, operation.target)
    const isAll = drive.awaited.size === 0
    const isEarly =
      drive.levels === undefined
        ? [...drive.replies.values()].some(
            (offer) => !isTarget(offer.peer) && [...offer.devices.values()].some((device) => device.isVerified),
          )
        : areAllDevicesFound(drive, isTarget)
    if (isAll || isEarly) this.#request(operation, drive)
  }

  #queryEnds(operation: Operation): void {
    const { drive } = operation
    if (drive === undefined || drive.isConcluded || drive.executing !== undefined) return
    drive.awaited.clear()
    if (drive.replies.size === 0) {
      this.#conclude(operation, failure(execution.noDevice, 'No capable peers replied to device query within timeout'))
    } else this.#request(operation, drive)
  }

  /** Tells the next peer to do the next step, or ends the operation where there is none. */
  #request(operation: Operation, drive: Drive): void {
    const isTarget = (peer: string): boolean => isSameNode(peer, operation.target)
    for (;;) {
      const choice = choosePeer(operation, drive, isTarget)
      if (choice === 'wait') return
      if (choice !== 'nobody') {
        this.#send(operation, drive, choice.offer.peer, choice.device)
        return
      }
      drive.executing = undefined
      if (drive.half === 'on') {
        this.#room.log('warning', `${operation.target} is off; nobody can switch ${drive.devices[0] ?? ''} on again`)
        if (!this.#nextDevice(operation, drive)) return
      } else if (!this.#nextLevel(operation, drive)) {
        this.#conclude(operation, this.#exhausted(operation, drive))
        return
      }
    }
  }

  #exhausted(operation: Operation, drive: Drive): FencingOutcome {
    if (drive.last !== undefined) return drive.last
    if (operation.state === operationStates.querying) return failure(execution.noDevice, undefined)
    return failure(execution.timedOut, 'All nodes failed, or are unable, to fence target')
  }

  #send(operation: Operation, drive: Drive, peer: string, device: string | undefined): void {
    const offer = drive.replies.get(peer.toLowerCase())
    if (offer === undefined) return
    const { id, baseTimeoutS } = operation
    const delayS = Math.max(0, drive.delayS)
    const peerS = peerTimeoutS(operation, offer, device)
    if (!drive.isTimed) {
      drive.isTimed = true
      const totalS = Math.trunc(timerFactor * totalTimeoutS(operation, drive, offer)) + delayS
      this.#room.after(`total ${id}`, totalS * 1000, () => this.#tooLong(operation))
      this.#tellTimeout(operation, totalS)
    }
    offer.tried.add(triedKey(operation, device))
    drive.executing = { peer, device }
    operation.state = operationStates.executing
    this.#room.after(`try ${id}`, (timerFactor * peerS + delayS) * 1000, () => this.#noResult(operation))
    const step = { ...operation, action: stepOf(operation) }
    const using = device === undefined ? 'any device' : device
    this.#room.log(
      'notice',
      `Requesting that ${peer} perform '${step.action}' action targeting ${operation.target} using ${using}`,
    )
    const how = { timeoutS: baseTimeoutS, delayS: drive.delayS, device }
    this.#room.emit({ kind: 'send', xml: stonithFence(step, how), to: peer })
    if (drive.delayS > 0) drive.delayS = 0
  }

  #tellTimeout(operation: Operation, totalS: number): void {
    const { asker, clientNode } = operation
    if ((operation.options & stonithOptions.syncCall) !== 0) return
    if (clientNode !== undefined && !this.#room.isLocal(clientNode)) {
      this.#room.emit({ kind: 'send', xml: stonithTimeoutUpdate(operation, totalS), to: clientNode })
    } else if (asker?.kind === 'client') {
      this.#room.emit({ kind: 'event', client: asker.client, xml: timeoutEvent(asker.callId, totalS) })
    }
  }

  #noResult(operation: Operation): void {
    const { drive } = operation
    if (drive?.executing === undefined) return
    const reason = 'Peer did not return fence result within timeout'
    this.#room.log('warning', `${drive.executing.peer}: ${reason} | id=${shortId(operation.id)}`)
    this.#silent(operation, drive, failure(execution.timedOut, reason))
  }

  /** Nothing is known of what a peer was told to do: another one is told to do the same. */
  #silent(operation: Operation, drive: Drive, outcome: FencingOutcome): void {
    this.#room.callOff(`try ${operation.id}`)
    drive.executing = undefined
    drive.last = outcome
    operation.delegate = undefined
    this.#request(operation, drive)
  }

  #tooLong(operation: Operation): void {
    if (operation.drive === undefined || operation.drive.isConcluded) return
    const reason =
      'Fencing did not complete within a total timeout based on the configured timeout and retries for any devices attempted'
    this.#conclude(operation, failure(execution.timedOut, reason))
  }

  /** A peer tells how the step that it was told to do ended. */
  result(from: string, message: StonithMessage, xml: XmlElement): void {
    const operation = this.#history.get(message.operation)
    const drive = operation?.drive
    if (operation === undefined || drive === undefined) return
    const { executing } = drive
    const isAsked = executing !== undefined && isSameNode(executing.peer, from) && !drive.isConcluded
    // A step with a named device is answered with its name: an answer about another one is an old one.
    if (!isAsked || (executing.device !== undefined && message.device !== executing.device)) {
      this.#room.log(
        'notice',
        `Result of ${from} for ${operation.target} ignored: it was not waited for | id=${shortId(operation.id)}`,
      )
      return
    }
    const outcome = readOutcome(xml) ?? failure(execution.error, `Result of ${from} cannot be read`)
    if (isSuccess(outcome)) this.#succeeded(operation, drive, from)
    else {
      operation.delegate = from
      this.#failed(operation, drive, outcome, outcome.execution === execution.timedOut)
    }
  }

  #succeeded(operation: Operation, drive: Drive, peer: string): void {
    this.#room.callOff(`try ${operation.id}`)
    operation.delegate = peer
    drive.executing = undefined
    if (drive.levels === undefined) this.#conclude(operation, success)
    else if (this.#nextDevice(operation, drive)) this.#request(operation, drive)
  }

  /** @param isFinal another peer would not do better with any device */
  #failed(operation: Operation, drive: Drive, outcome: FencingOutcome, isFinal: boolean): void {
    this.#room.callOff(`try ${operation.id}`)
    drive.executing = undefined
    drive.last = outcome
    if (drive.half === 'on') {
      this.#room.log(
        'warning',
        `${operation.target} is off, but was not switched on again: ${outcome.reason ?? 'failed'}`,
      )
      if (this.#nextDevice(operation, drive)) this.#request(operation, drive)
      return
    }
    if (drive.levels === undefined) {
      if (isFinal) this.#conclude(operation, outcome)
      else this.#request(operation, drive)
      return
    }
    if (this.#nextLevel(operation, drive)) this.#request(operation, drive)
    else this.#conclude(operation, outcome)
  }

  /** Goes on to the next device of the level, or to the second half of a reboot. False: that was all, and it is concluded. */
  #nextDevice(operation: Operation, drive: Drive): boolean {
    drive.devices = drive.devices.slice(1)
    if (drive.devices.length === 0 && drive.half === 'off') {
      drive.half = 'on'
      drive.devices = devicesToSwitchOn(drive).filter((device) => !this.#facts.staysOff(device))
    }
    if (drive.devices.length > 0) return true
    this.#conclude(operation, success)
    return false
  }

  #nextLevel(operation: Operation, drive: Drive): boolean {
    const devices = drive.levels?.[drive.level + 1]
    if (devices === undefined) return false
    drive.level += 1
    drive.devices = devices
    drive.half = halfOf(operation.action, devices)
    return true
  }

  /** Tells all fencers how an operation ended; once. Clients are told when the message comes back. */
  #conclude(operation: Operation, outcome: FencingOutcome): void {
    const { drive } = operation
    if (drive === undefined || drive.isConcluded) return
    drive.isConcluded = true
    drive.executing = undefined
    for (const timer of ['query', 'try', 'total']) this.#room.callOff(`${timer} ${operation.id}`)
    this.#announcements.settle(operation, outcome)
    this.#verdicts += 1
    this.#room.emit({ kind: 'send', xml: stonithVerdict({ ...operation }, outcome, this.#verdicts), to: undefined })
  }

  /** A fencer (or this one) told everybody how an operation ended. */
  verdict(from: string, isOwn: boolean, message: StonithMessage, xml: XmlElement): void {
    const { data } = message
    const id = data === undefined ? undefined : attr(data, 'st_remote_op')
    if (data === undefined || id === undefined) return
    const operation = this.#history.get(id) ?? this.#unheard(from, id, data)
    if (operation === undefined || operation.isTold) return
    if (operation.isOurs) {
      // Nobody else knows how an operation of ours ended.
      if (isOwn && operation.outcome !== undefined) this.#announcements.tell(operation, operation.outcome, xml)
      return
    }
    if (!isSameNode(operation.origin, from)) return
    const outcome = readOutcome(data)
    const isDone = attr(data, 'state') === String(operationStates.done)
    // Both the state and the result have to say that it was done.
    const believed =
      outcome === undefined || (isSuccess(outcome) && !isDone)
        ? failure(execution.error, `Result of ${from} cannot be read`)
        : outcome
    operation.delegate = attr(data, 'st_delegate')
    this.#announcements.settle(operation, believed)
    this.#announcements.tell(operation, believed, xml)
  }

  #unheard(from: string, id: string, data: XmlElement): Operation | undefined {
    const target = attr(data, 'st_target')
    const action = attr(data, 'st_device_action')
    const origin = attr(data, 'st_origin') ?? from
    if (target === undefined || action === undefined || this.#room.isLocal(origin)) return undefined
    const order: FenceOrder = {
      target,
      action,
      timeoutS: 0,
      delayS: 0,
      toleranceS: 0,
      options: 0,
      asker: undefined,
      clientId: attr(data, 'st_clientid'),
      clientName: attr(data, 'st_clientname') ?? '',
      clientNode: undefined,
      callId: undefined,
      relayed: undefined,
      xml: data,
    }
    const operation = this.#make(order, id, origin, undefined)
    this.#history.add(operation)
    return operation
  }

  /** A fencer left: nobody waits for its answers any more, and what it was told to do counts as not done. */
  peerLeft(peer: string): void {
    const lost = failure(execution.notConnected, `The fencer of ${peer} left before it told the result`)
    for (const [id, relay] of [...this.#relays]) if (isSameNode(relay.peer, peer)) this.#endRelay(id, lost)
    for (const operation of this.#history.all()) {
      const { drive } = operation
      if (isEnded(operation) || operation.state === operationStates.duplicate) continue
      if (drive === undefined) {
        if (isSameNode(operation.origin, peer)) this.#originLeft(operation, lost)
        continue
      }
      if (drive.isConcluded) continue
      const key = peer.toLowerCase()
      const isExecuting = drive.executing !== undefined && isSameNode(drive.executing.peer, peer)
      drive.replies.delete(key)
      drive.awaited.delete(key)
      if (isExecuting) this.#silent(operation, drive, lost)
      else if (drive.executing === undefined) this.#maybeRequest(operation, drive)
    }
  }

  /** Whoever waits here for what another fencer drives is told that nobody knows how it ended. */
  #originLeft(operation: Operation, lost: FencingOutcome): void {
    operation.isOrphan = true
    if (operation.asker !== undefined && !operation.isTold) {
      operation.isTold = true
      this.#announcements.settle(operation, lost)
      this.#announcements.deliver(operation.asker, stonithReply(askedReply(operation), lost), lost, operation.options)
    }
    for (const duplicate of operation.duplicates.splice(0))
      this.#announcements.endDuplicate(duplicate, lost, undefined, undefined)
  }
}

/** A reboot of several devices switches all of them off before it switches any on. */
function halfOf(action: string, devices: readonly string[] | undefined): 'off' | undefined {
  return action === 'reboot' && (devices?.length ?? 0) > 1 ? 'off' : undefined
}

function orderReply(order: FenceOrder): Parameters<typeof stonithReply>[0] {
  const { callId, clientId, clientName, options } = order
  return { op: 'st_fence', callId, clientId, clientName, operation: undefined, options }
}
