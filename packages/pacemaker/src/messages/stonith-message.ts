import {
  attr,
  attributePairs,
  child,
  descendants,
  element,
  isComment,
  withAttributes,
  type XmlElement,
} from '@quorate/xml'
import { legacyCode } from '../fencer/outcome.ts'
import type { FencingOutcome } from '../fencer/service.ts'

/** Bits of `st_callopt` (protocols/pacemaker-ipc.md 4.4). */
export const stonithOptions = {
  allowSuicide: 0x2,
  manualAck: 0x8,
  discardReply: 0x10,
  topology: 0x40,
  nodeId: 0x200,
  syncCall: 0x1000,
  cleanup: 0x8_0000,
  broadcast: 0x10_0000,
} as const

/** Longest timeout, delay or tolerance that is read, in seconds: 24 days. */
export const stonithSecondsMax = 2_073_600
const optionsMax = 0x7fff_ffff
/** Code that each message between fencers carries. */
const stonith = 'stonith-ng'

/** What a message to a fencer says, of a client or of another fencer. */
export type StonithMessage = {
  readonly op: string
  /** `broadcast` of a message for everybody. */
  readonly kind: string | undefined
  readonly callId: string | undefined
  /** Sum of {@link stonithOptions}. */
  readonly options: number
  readonly clientId: string | undefined
  readonly clientName: string | undefined
  /** Node of the client, of a request that was passed on. */
  readonly clientNode: string | undefined
  /** The operation that it is part of, and the one that it stands in for. */
  readonly operation: string | undefined
  readonly relayed: string | undefined
  readonly target: string | undefined
  readonly action: string | undefined
  readonly origin: string | undefined
  readonly device: string | undefined
  readonly timeoutS: number | undefined
  readonly delayS: number
  readonly toleranceS: number
  /** The element that it carries. */
  readonly data: XmlElement | undefined
}

/** Reads a message; undefined when it names no operation. */
export function readStonithMessage(xml: XmlElement): StonithMessage | undefined {
  const op = attr(xml, 'st_op')
  if (op === undefined) return undefined
  const data = stonithData(xml)
  // Clients put what they ask for into an element of its own, fencers on the message itself.
  const inner = (name: string): string | undefined => {
    const here = attr(xml, name)
    return here === undefined && data !== undefined ? attr(data, name) : here
  }
  const asked = (name: string): string | undefined =>
    (data === undefined ? undefined : attr(data, name)) ?? attr(xml, name)
  return {
    op,
    kind: attr(xml, 'subt'),
    callId: attr(xml, 'st_callid'),
    options: integer(attr(xml, 'st_callopt'), 0, optionsMax) ?? 0,
    clientId: attr(xml, 'st_clientid'),
    clientName: attr(xml, 'st_clientname'),
    clientNode: attr(xml, 'st_clientnode'),
    operation: inner('st_remote_op'),
    relayed: attr(xml, 'st_remote_op_relay'),
    target: asked('st_target'),
    action: asked('st_device_action'),
    origin: attr(xml, 'st_origin'),
    device: asked('st_device_id'),
    timeoutS: integer(asked('st_timeout'), 0, stonithSecondsMax),
    delayS: integer(asked('st_delay'), -1, stonithSecondsMax) ?? 0,
    toleranceS: integer(asked('st_tolerance'), 0, stonithSecondsMax) ?? 0,
    data,
  }
}

/** A whole number within bounds; undefined for anything else. */
function integer(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^-?\d{1,12}$/.test(text)) return undefined
  const value = Number(text)
  return value >= min && value <= max ? value : undefined
}

/** The element that a message carries. */
function stonithData(xml: XmlElement): XmlElement | undefined {
  return child(xml, 'st_calldata')?.children.find((item) => !isComment(item))
}

function withData(xml: XmlElement, data: XmlElement | undefined): XmlElement {
  return data === undefined ? xml : { ...xml, children: [element('st_calldata', {}, [data])] }
}

/** How something ended, as attributes. */
export function outcomeAttributes(outcome: FencingOutcome, isAgent = false): Record<string, string | undefined> {
  return {
    'op-status': String(outcome.execution),
    'rc-code': String(outcome.exitStatus),
    'exit-reason': outcome.reason,
    st_rc: String(legacyCode(outcome, isAgent)),
  }
}

/** Reads how something ended; undefined where either number is missing or is none: nobody may take that for success. */
export function readOutcome(xml: XmlElement): FencingOutcome | undefined {
  const status = integer(attr(xml, 'op-status'), -2, 1000)
  const exit = integer(attr(xml, 'rc-code'), -1000, 1000)
  if (status === undefined || exit === undefined) return undefined
  return { execution: status, exitStatus: exit, reason: attr(xml, 'exit-reason') }
}

/** Whom an answer is for, as its request told. */
export type StonithAsker = {
  readonly op: string
  readonly callId: string | undefined
  readonly clientId: string | undefined
  readonly clientName: string | undefined
  readonly operation: string | undefined
  readonly options: number
}

/** The answer to a request. `delegate`: the node that carried it out. */
export function stonithReply(
  to: StonithAsker,
  outcome: FencingOutcome,
  data?: XmlElement | undefined,
  delegate?: string | undefined,
): XmlElement {
  const reply = element('st-reply', {
    st_origin: 'fenced_construct_reply',
    t: stonith,
    ...outcomeAttributes(outcome),
    st_op: to.op,
    st_callid: to.callId,
    st_clientid: to.clientId,
    st_clientname: to.clientName,
    st_remote_op: to.operation,
    st_callopt: String(to.options),
    st_delegate: delegate,
  })
  return withData(reply, data)
}

/** The answer of who ran a device's agent. */
export function agentReply(
  to: StonithAsker & { readonly origin: string | undefined; readonly target: string | undefined },
  device: string | undefined,
  outcome: FencingOutcome,
  output: string | undefined,
): XmlElement {
  return element('st-reply', {
    st_origin: to.origin ?? 'construct_async_reply',
    t: stonith,
    st_op: to.op,
    st_device_id: device,
    st_remote_op: to.operation,
    st_clientid: to.clientId,
    st_clientname: to.clientName,
    st_target: to.target,
    st_device_action: to.op,
    st_callid: to.callId,
    st_callopt: String(to.options),
    ...outcomeAttributes(outcome, true),
    st_output: output,
  })
}

/** A fencing operation as its messages name it. */
export type StonithOperation = {
  readonly id: string
  readonly target: string
  readonly action: string
  readonly origin: string
  readonly clientId: string | undefined
  readonly clientName: string
  readonly callId: string | undefined
  readonly options: number
}

function operationAttributes(op: StonithOperation, task: string): Record<string, string | undefined> {
  return {
    __name__: 'stonith_command',
    t: stonith,
    st_async_id: op.id,
    st_op: task,
    st_callid: op.callId,
    st_callopt: String(op.options),
    st_remote_op: op.id,
    st_target: op.target,
    st_device_action: op.action,
    st_origin: op.origin,
    st_clientid: op.clientId,
    st_clientname: op.clientName,
  }
}

/** Asks every fencer for the devices that it could fence with. `relayed`: the operation that this one stands in for. */
export function stonithQuery(op: StonithOperation, timeoutS: number, relayed: string | undefined): XmlElement {
  return element('stonith_command', {
    ...operationAttributes(op, 'st_query'),
    st_timeout: String(timeoutS),
    st_remote_op_relay: relayed,
  })
}

/** Tells a fencer to fence, with one device or any that it has. */
export function stonithFence(
  op: StonithOperation,
  how: { readonly timeoutS: number; readonly delayS: number; readonly device: string | undefined },
): XmlElement {
  return element('stonith_command', {
    ...operationAttributes(op, 'st_fence'),
    st_timeout: String(how.timeoutS),
    st_delay: String(how.delayS),
    st_device_id: how.device,
  })
}

/** Tells the node of a client, for whom another one fences, how long that may take. */
export function stonithTimeoutUpdate(op: StonithOperation, timeoutS: number): XmlElement {
  return element('stonith_command', {
    __name__: 'stonith_command',
    t: stonith,
    st_async_id: op.id,
    st_op: 'st_timeout_update',
    st_callid: op.callId,
    st_callopt: '0',
    st_remote_op: op.id,
    st_clientid: op.clientId,
    st_timeout: String(timeoutS),
  })
}

/** Tells a client the same. */
export function timeoutEvent(callId: string | undefined, timeoutS: number): XmlElement {
  return element('st-async-timeout-value', {
    t: 'st-async-timeout-value',
    st_callid: callId,
    st_timeout: String(timeoutS),
  })
}

/** Passes a client's request to another fencer, where the target is the client's own node. */
export function stonithRelay(
  xml: XmlElement,
  client: { readonly id: string; readonly name: string; readonly node: string },
  operation: string,
): XmlElement {
  return withAttributes(xml, {
    st_op: 'st_relay',
    st_clientid: client.id,
    st_clientname: client.name,
    st_clientnode: client.node,
    st_remote_op: operation,
  })
}

/** How an operation ended, as its broadcast and its notifications carry it. */
export type FinishedOperation = StonithOperation & { readonly state: number; readonly delegate: string | undefined }

function finished(op: FinishedOperation): Record<string, string | undefined> {
  return {
    state: String(op.state),
    st_target: op.target,
    st_device_action: op.action,
    st_delegate: op.delegate,
    st_remote_op: op.id,
    st_origin: op.origin,
    st_clientid: op.clientId,
    st_clientname: op.clientName,
  }
}

/** Tells all fencers how an operation ended. `count`: of such messages of this fencer. */
export function stonithVerdict(op: FinishedOperation, outcome: FencingOutcome, count: number): XmlElement {
  const result = element('st_notify_fence', { ...finished(op), ...outcomeAttributes(outcome) })
  const reply = element('st-reply', { t: 'st_notify', subt: 'broadcast', st_op: 'st_notify', count: String(count) })
  return withData(reply, result)
}

/** The same for who asked: the verdict inside of an answer. */
export function verdictForAsker(verdict: XmlElement, op: FinishedOperation, from: string): XmlElement {
  return withAttributes(verdict, { st_op: op.action, src: from, state: String(op.state), st_target: op.target })
}

/** A notification of clients that follow something. */
export function stonithNotification(type: string, outcome: FencingOutcome, data?: XmlElement | undefined): XmlElement {
  return withData(element('notify', { t: 'st_notify', subt: type, st_op: type, ...outcomeAttributes(outcome) }), data)
}

/** What {@link stonithNotification} carries for the end of an operation. */
export function fencingNotification(op: FinishedOperation): XmlElement {
  return element('st_notify_fence', finished(op))
}

/** What it carries for a device or level that came or went. `active`: devices, or targets with levels, that are left. */
export function registrationNotification(type: string, what: string, active: number): XmlElement {
  return element(type, { st_device_id: what, st_active: String(active) })
}

/** A step that a device can do for a target. */
export type OfferedAction = {
  readonly isAllowed: boolean
  readonly isRequired: boolean
  /** Configured time, in seconds; undefined: the request's. */
  readonly timeoutS: number | undefined
  /** Longest time that the device waits before it does it, in seconds, and what it waits at least; undefined: none. */
  readonly delay: { readonly maxS: number; readonly baseS: number } | undefined
}

/** A device with which a fencer could fence. */
export type OfferedDevice = {
  readonly id: string
  readonly isVerified: boolean
  readonly flags: number
  readonly own: OfferedAction
  /** Of `reboot`: its two halves. */
  readonly off: OfferedAction | undefined
  readonly on: OfferedAction | undefined
}

/** Devices in an answer at most. */
const offeredDevicesMax = 10_000

/** A device in the answer to a query; `parameters` only where a client asks for all of them. */
export function offeredDevice(
  device: OfferedDevice & { readonly agent: string; readonly namespace: string },
  parameters: ReadonlyMap<string, string> | undefined,
): XmlElement {
  const details = (action: OfferedAction): Record<string, string | undefined> => ({
    st_action_disallowed: action.isAllowed ? undefined : 'true',
    st_required: action.isRequired ? '1' : undefined,
    st_action_timeout: action.timeoutS === undefined ? undefined : String(action.timeoutS),
    st_delay_max: action.delay === undefined ? undefined : String(action.delay.maxS),
    st_delay_base: action.delay === undefined ? undefined : String(action.delay.baseS),
  })
  const half = (id: string, action: OfferedAction | undefined): readonly XmlElement[] =>
    action === undefined ? [] : [element('st_device_action', { id, ...details(action) })]
  return element(
    'st_device_id',
    {
      id: device.id,
      namespace: device.namespace,
      agent: device.agent,
      st_monitor_verified: device.isVerified ? '1' : '0',
      st_device_support_flags: String(device.flags),
      ...details(device.own),
    },
    [
      ...half('off', device.off),
      ...half('on', device.on),
      ...(parameters === undefined ? [] : [element('attributes', Object.fromEntries(parameters))]),
    ],
  )
}

/** The list of devices in an answer. */
export function offeredDevices(target: string | undefined, devices: readonly XmlElement[]): XmlElement {
  return element(
    'stonith_query_capable_device_cb',
    { st_target: target, 'st-available-devices': String(devices.length) },
    devices,
  )
}

/** Reads a peer's answer to a query; undefined when it has no list. A device without an id is left out. */
export function readOfferedDevices(xml: XmlElement): readonly OfferedDevice[] | undefined {
  let list: XmlElement | undefined
  for (const item of descendants(xml)) {
    if (attr(item, 'st-available-devices') === undefined) continue
    list = item
    break
  }
  if (list === undefined) return undefined
  const devices: OfferedDevice[] = []
  for (const item of list.children.slice(0, offeredDevicesMax)) {
    const id = attr(item, 'id')
    if (item.name !== 'st_device_id' || id === undefined) continue
    const half = (name: string): OfferedAction | undefined => {
      const found = item.children.find((part) => part.name === 'st_device_action' && attr(part, 'id') === name)
      return found === undefined ? undefined : readOfferedAction(found)
    }
    devices.push({
      id,
      isVerified: attr(item, 'st_monitor_verified') === '1',
      flags: integer(attr(item, 'st_device_support_flags'), 0, optionsMax) ?? 0,
      own: readOfferedAction(item),
      off: half('off'),
      on: half('on'),
    })
  }
  return devices
}

function readOfferedAction(xml: XmlElement): OfferedAction {
  const timeoutS = integer(attr(xml, 'st_action_timeout'), 0, stonithSecondsMax)
  const maxS = integer(attr(xml, 'st_delay_max'), 0, stonithSecondsMax)
  const baseS = integer(attr(xml, 'st_delay_base'), 0, stonithSecondsMax) ?? 0
  return {
    isAllowed: !isSet(attr(xml, 'st_action_disallowed')),
    isRequired: isSet(attr(xml, 'st_required')),
    timeoutS: timeoutS === 0 ? undefined : timeoutS,
    delay: maxS === undefined ? undefined : { maxS, baseS },
  }
}

function isSet(text: string | undefined): boolean {
  return text === '1' || text === 'true'
}

/** A device that a client registers or removes; undefined without id. */
export function readRegistration(data: XmlElement | undefined):
  | {
      readonly id: string
      readonly agent: string
      readonly namespace: string
      readonly parameters: ReadonlyMap<string, string>
    }
  | undefined {
  const id = data === undefined ? undefined : attr(data, 'id')
  if (data === undefined || id === undefined || id === '') return undefined
  const given = child(data, 'attributes')
  return {
    id,
    agent: attr(data, 'agent') ?? '',
    namespace: attr(data, 'namespace') ?? '',
    parameters: new Map(given === undefined ? [] : attributePairs(given)),
  }
}
