import { type MonoMs, unreachable } from '@quorate/base'
import { element, type XmlElement } from '@quorate/xml'
import { type HistoryEntry, historyBroadcast, historyList, readHistory } from '../messages/stonith-history.ts'
import {
  readRegistration,
  readStonithMessage,
  registrationNotification,
  type StonithMessage,
  stonithNotification,
  stonithOptions,
  stonithReply,
  timeoutEvent,
} from '../messages/stonith-message.ts'
import type { FenceMetadata } from './agent-metadata.ts'
import type { DeviceSpec } from './device.ts'
import { Execution } from './execution.ts'
import { FencingHistory } from './history.ts'
import { LocalDevices } from './local-devices.ts'
import type { Asker } from './operation.ts'
import { type FenceOrder, Operations } from './operations.ts'
import { execution, exitStatus, failure, success } from './outcome.ts'
import { type FenceAgentEnd, type FencerEffect, type FencerInstant, FencerRoom } from './room.ts'
import type { FencerClient, FencingOutcome, FencingRequest } from './service.ts'
import { type Level, readLevel, Topology } from './topology.ts'

/** What happens to a fencer. */
export type FencerEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'request'; readonly xml: XmlElement; readonly client: FencerClient }
  | { readonly kind: 'message'; readonly from: string; readonly isOwn: boolean; readonly xml: XmlElement }
  /** A fencer came to or left the group. */
  | { readonly kind: 'peer'; readonly name: string; readonly isThere: boolean }
  /** Devices that the CIB wants on this node, and the levels that it has. */
  | { readonly kind: 'configured'; readonly devices: readonly DeviceSpec[]; readonly levels: readonly Level[] }
  | { readonly kind: 'agent-ended'; readonly run: number; readonly end: FenceAgentEnd }
  | { readonly kind: 'learned'; readonly agent: string; readonly metadata: FenceMetadata | undefined }
  /** From other parts of this daemon; each is answered by one `outcome`. */
  | { readonly kind: 'fence'; readonly ticket: number; readonly request: FencingRequest }
  | {
      readonly kind: 'execute'
      readonly ticket: number
      readonly device: string
      readonly action: string
      readonly timeoutMs: number
    }
  | { readonly kind: 'register'; readonly ticket: number; readonly device: DeviceSpec }
  | { readonly kind: 'remove'; readonly ticket: number; readonly device: string }
  | { readonly kind: 'synchronize' }
  | { readonly kind: 'tick' }

/** This node, as a fencer. */
export type FencerConfig = {
  readonly localName: string
  /** Under which the other parts of this daemon ask: id and name of a client. */
  readonly insideId: string
  readonly insideName: string
  /** Under which operations go that other nodes passed to this one. */
  readonly relayName: string
  readonly nodeIdOf: (name: string) => number | undefined
  /** Value of a node's permanent attribute: levels can be for all nodes that have one. */
  readonly attributeOf: (node: string, name: string) => string | undefined
}

/**
 * The fencer of one node (behaviour/pacemaker-daemons.md 4). Fencers of all nodes talk in total order; the one that is
 * asked drives the operation, the one that has the device executes it, and all of them remember.
 */
export class FencerCore {
  readonly #config: FencerConfig
  readonly #room: FencerRoom
  readonly #devices: LocalDevices
  readonly #topology = new Topology()
  readonly #history = new FencingHistory()
  readonly #operations: Operations
  readonly #execution: Execution
  /** Nodes with a fencer, by name in small letters. */
  readonly #peers = new Map<string, string>()
  #insideCalls = 0

  constructor(config: FencerConfig) {
    this.#config = config
    this.#room = new FencerRoom(config.localName, config.nodeIdOf)
    this.#devices = new LocalDevices(this.#room)
    this.#execution = new Execution(this.#room, this.#devices)
    const facts = {
      peers: () => [...this.#peers.values()],
      attributeOf: config.attributeOf,
      staysOff: (device: string) => this.#devices.table.get(device)?.parameters.get('pcmk_reboot_action') === 'off',
    }
    this.#operations = new Operations(this.#room, facts, this.#topology, this.#history)
    this.#peers.set(config.localName.toLowerCase(), config.localName)
  }

  /** When a tick is wanted next; undefined: not before something happens. */
  get dueMs(): MonoMs | undefined {
    return this.#room.dueMs
  }

  /** What is remembered, in the order in which it was heard of. */
  get history(): readonly HistoryEntry[] {
    return this.#history.entries()
  }

  step(event: FencerEvent, now: FencerInstant): readonly FencerEffect[] {
    return this.#room.step(now, () => this.#take(event))
  }

  #take(event: FencerEvent): void {
    switch (event.kind) {
      case 'start':
        this.#poke()
        return
      case 'request':
        this.#request(event.xml, event.client)
        return
      case 'message':
        this.#message(event.from, event.isOwn, event.xml)
        return
      case 'peer':
        this.#peer(event.name, event.isThere)
        return
      case 'configured':
        this.#devices.table.adopt(event.devices)
        this.#topology.replace(event.levels)
        return
      case 'agent-ended':
        this.#devices.ended(event.run, event.end)
        return
      case 'learned':
        this.#devices.learned(event.agent, event.metadata)
        return
      case 'fence':
        this.#operations.start(this.#insideOrder(event.ticket, event.request))
        return
      case 'execute':
        this.#execution.execute(this.#insideExecute(event), { kind: 'inside', ticket: event.ticket })
        return
      case 'register':
        this.#outcome(event.ticket, this.#devices.table.register(event.device, 'api'))
        return
      case 'remove':
        this.#outcome(event.ticket, this.#devices.table.remove(event.device, 'api'))
        return
      case 'synchronize':
        this.#sendHistory()
        return
      case 'tick':
        return
      default:
        unreachable(event)
    }
  }

  #outcome(ticket: number, outcome: FencingOutcome): void {
    this.#room.emit({ kind: 'outcome', ticket, outcome })
  }

  #poke(): void {
    const xml = element('stonith_command', { __name__: 'stonith_command', t: 'stonith-ng', st_op: 'poke' })
    this.#room.emit({ kind: 'send', xml, to: undefined })
  }

  #peer(name: string, isThere: boolean): void {
    const key = name.toLowerCase()
    if (isThere) {
      if (this.#peers.has(key)) return
      this.#peers.set(key, name)
      this.#poke()
      return
    }
    if (this.#room.isLocal(name) || !this.#peers.delete(key)) return
    this.#operations.peerLeft(name)
  }

  #insideOrder(ticket: number, request: FencingRequest): FenceOrder {
    this.#insideCalls += 1
    const { target, action, delaySeconds } = request
    const timeoutS = Math.max(1, Math.ceil(request.timeoutMs / 1000))
    const options = request.mayFenceSelf ? stonithOptions.allowSuicide : 0
    const { insideId, insideName } = this.#config
    const callId = String(this.#insideCalls)
    const data = element('st_fence', {
      st_target: target,
      st_device_action: action,
      st_timeout: String(timeoutS),
      st_tolerance: '0',
      st_delay: String(delaySeconds),
    })
    const xml = element(
      'stonith_command',
      {
        __name__: 'stonith_command',
        t: 'stonith-ng',
        st_async_id: insideId,
        st_op: 'st_fence',
        st_callid: callId,
        st_callopt: String(options),
        st_timeout: String(timeoutS),
        st_delay: String(delaySeconds),
      },
      [element('st_calldata', {}, [data])],
    )
    return {
      target,
      action,
      timeoutS,
      delayS: delaySeconds,
      toleranceS: 0,
      options,
      asker: { kind: 'inside', ticket },
      clientId: insideId,
      clientName: insideName,
      clientNode: this.#config.localName,
      callId,
      relayed: undefined,
      xml,
    }
  }

  #insideExecute(event: Extract<FencerEvent, { kind: 'execute' }>): StonithMessage {
    const timeoutS = Math.max(1, Math.ceil(event.timeoutMs / 1000))
    const xml = element('stonith_command', {
      st_op: 'st_execute',
      st_device_id: event.device,
      st_device_action: event.action,
      st_timeout: String(timeoutS),
    })
    return readStonithMessage(xml) as StonithMessage
  }

  /** A request of a local client. Whoever waits is answered once, by `answer`. */
  #request(xml: XmlElement, client: FencerClient): void {
    const read = readStonithMessage(xml)
    if (read === undefined) return
    const callId = read.callId ?? ''
    const message = { ...read, clientId: client.id, clientName: client.name, callId }
    const asker: Asker = { kind: 'client', client: client.id, callId }
    const answer = (outcome: FencingOutcome, data?: XmlElement): void => {
      const reply = stonithReply({ ...message, operation: undefined }, outcome, data)
      this.#room.emit({ kind: 'answer', client: client.id, callId, xml: reply })
    }
    if (client.isLimited === true && !isQuestion(message)) {
      answer(failure(execution.invalid, 'Not allowed by ACLs', exitStatus.insufficientPrivileges))
      return
    }
    switch (message.op) {
      case 'st_query':
        this.#execution.clientQuery({ ...message, operation: undefined }, asker)
        return
      case 'st_execute':
        this.#execution.execute({ ...message, operation: undefined }, asker)
        return
      case 'st_fence':
        this.#operations.start(this.#clientOrder(message, asker, xml))
        return
      case 'st_fence_history':
        answer(success, this.#clientHistory(message))
        return
      case 'st_timeout_update':
        this.#room.emit({ kind: 'event', client: client.id, xml: timeoutEvent(callId, message.timeoutS ?? 0) })
        answer(success)
        return
      case 'st_device_register':
      case 'st_device_remove':
      case 'st_level_add':
      case 'st_level_remove':
        answer(this.#configure(message, client.isPrivileged))
        return
      default: {
        const reason = `Unknown IPC request type '${message.op}' (bug?)`
        answer(failure(execution.invalid, reason, exitStatus.protocol))
      }
    }
  }

  #clientOrder(message: StonithMessage, asker: Asker, xml: XmlElement): FenceOrder {
    const { action, timeoutS, delayS, toleranceS, options, clientId, clientName, callId } = message
    const target = (options & stonithOptions.nodeId) === 0 ? message.target : this.#nameOf(message.target)
    return {
      target: target ?? '',
      action: action ?? '',
      timeoutS: timeoutS === undefined || timeoutS === 0 ? timeoutSDefault : timeoutS,
      delayS,
      toleranceS,
      options: options & ~stonithOptions.nodeId,
      asker,
      clientId,
      clientName: clientName ?? '',
      clientNode: this.#config.localName,
      callId,
      relayed: undefined,
      xml,
    }
  }

  /** Name of the node with an id; what names no id is a name. */
  #nameOf(id: string | undefined): string | undefined {
    if (id === undefined || !/^\d+$/.test(id)) return id
    return [...this.#peers.values()].find((name) => this.#config.nodeIdOf(name) === Number(id)) ?? id
  }

  /** Registers or removes a device or a level, and tells who follows that. Not for everybody. */
  #configure(message: StonithMessage, isPrivileged: boolean): FencingOutcome {
    const verb = message.op
    const registration = readRegistration(message.data)
    const isDevice = verb === 'st_device_register' || verb === 'st_device_remove'
    if (!isPrivileged) {
      const reason = `Unprivileged users must ${refusedVerbs[verb] ?? 'change devices'} via CIB`
      return failure(execution.invalid, reason, exitStatus.insufficientPrivileges)
    }
    if (!isDevice) return this.#configureLevel(verb, message.data)
    const outcome = ((): FencingOutcome => {
      if (registration === undefined)
        return failure(execution.invalid, 'Device without id', exitStatus.invalidParameter)
      if (verb === 'st_device_register') return this.#devices.table.register(registration, 'api')
      return this.#devices.table.remove(registration.id, 'api')
    })()
    this.#registered(verb, registration?.id ?? '', this.#devices.table.size, outcome)
    return outcome
  }

  #configureLevel(verb: string, data: XmlElement | undefined): FencingOutcome {
    const isRemoval = verb === 'st_level_remove'
    const { label, level, outcome: read } = readLevel(data, isRemoval)
    let outcome = read
    if (level !== undefined) {
      if (isRemoval) this.#topology.remove(level)
      else if (!this.#topology.add(level)) outcome = failure(execution.error, 'Too many topology levels')
    }
    this.#registered(verb, label, this.#topology.size, outcome)
    return outcome
  }

  #registered(type: string, what: string, active: number, outcome: FencingOutcome): void {
    const xml = stonithNotification(type, outcome, registrationNotification(type, what, active))
    this.#room.emit({ kind: 'notify', type, xml })
  }

  #clientHistory(message: StonithMessage): XmlElement | undefined {
    const { target, options } = message
    if ((options & stonithOptions.cleanup) !== 0) {
      this.#room.emit({ kind: 'send', xml: historyBroadcast({ cleanup: target }), to: undefined })
      return undefined
    }
    if ((options & stonithOptions.broadcast) !== 0) {
      this.#sendHistory()
      return undefined
    }
    const entries = this.#history.entries(target)
    // Clients do not get the ids of operations.
    return entries.length === 0 ? undefined : historyList(entries.map((entry) => ({ ...entry, id: undefined })))
  }

  #sendHistory(): void {
    const entries = this.#history.entries()
    const list = entries.length === 0 ? undefined : historyList(entries)
    this.#room.emit({ kind: 'send', xml: historyBroadcast({ list }), to: undefined })
  }

  /** A message of a fencer, in the order in which all of them get it. */
  #message(from: string, isOwn: boolean, xml: XmlElement): void {
    const message = readStonithMessage(xml)
    if (message === undefined) return
    const isReply = xml.name === 'st-reply'
    switch (message.op) {
      case 'poke':
        return
      case 'st_query':
        if (isReply) this.#operations.offered(from, message, xml)
        else {
          this.#operations.heard(message)
          this.#execution.query(from, message)
        }
        return
      case 'st_fence':
        if (isReply) this.#operations.result(from, message, xml)
        else this.#execution.fence(from, message)
        return
      case 'st_relay':
        this.#relayed(from, message, xml)
        return
      case 'st_notify':
        this.#operations.verdict(from, isOwn, message, xml)
        return
      case 'st_timeout_update':
        if (message.clientId !== undefined && message.clientId !== this.#config.insideId) {
          const event = timeoutEvent(message.callId, message.timeoutS ?? 0)
          this.#room.emit({ kind: 'event', client: message.clientId, xml: event })
        }
        return
      case 'st_fence_history':
        if (!isReply) this.#historyMessage(isOwn, message, xml)
        return
      default:
        this.#room.log('warning', `Message of ${from} with unknown task ${JSON.stringify(message.op)} ignored`)
    }
  }

  /** The fencer of a target asks this one to fence it. */
  #relayed(from: string, message: StonithMessage, xml: XmlElement): void {
    const { target, action, operation } = message
    if (target === undefined || action === undefined || operation === undefined) {
      this.#room.log('warning', `Request that ${from} passed on has no target, action or operation: ignored`)
      return
    }
    const { timeoutS, delayS, toleranceS, options, clientId, callId } = message
    this.#operations.start({
      target,
      action,
      timeoutS: timeoutS === undefined || timeoutS === 0 ? timeoutSDefault : timeoutS,
      delayS,
      toleranceS,
      options: options & ~stonithOptions.syncCall,
      asker: undefined,
      clientId,
      clientName: this.#config.relayName,
      clientNode: message.clientNode ?? from,
      callId,
      relayed: operation,
      xml,
    })
  }

  #historyMessage(isOwn: boolean, message: StonithMessage, xml: XmlElement): void {
    if ((message.options & stonithOptions.cleanup) !== 0) {
      if (this.#history.cleanup(message.target)) this.#notify('st_notify_history')
      return
    }
    if ((message.options & stonithOptions.broadcast) === 0) return
    if (isOwn) {
      this.#notify('st_notify_history_synced')
      return
    }
    const { entries, isDifferential } = readHistory(xml)
    const { localName } = this.#config
    const { missing, isChanged } = this.#history.merge(entries, localName, this.#room.now.epochS)
    if (!isDifferential && missing.length > 0) {
      const list = historyList(missing, true)
      this.#room.emit({ kind: 'send', xml: historyBroadcast({ list }), to: undefined })
    }
    if (isChanged) this.#notify('st_notify_history')
    this.#notify('st_notify_history_synced')
  }

  #notify(type: string): void {
    this.#room.emit({ kind: 'notify', type, xml: stonithNotification(type, success) })
  }
}

/** Time for an operation that names none, in seconds. */
const timeoutSDefault = 120

/** What only the cluster itself may do. */
const refusedVerbs: Readonly<Record<string, string>> = {
  st_device_register: 'register device',
  st_device_remove: 'remove device',
  st_level_add: 'add level',
  st_level_remove: 'delete level',
}

/** Whether a request asks for what is known and has nothing done. */
function isQuestion({ op, options }: StonithMessage): boolean {
  if (op === 'st_fence_history') return (options & stonithOptions.cleanup) === 0
  return op === 'st_query' || op === 'st_timeout_update'
}
