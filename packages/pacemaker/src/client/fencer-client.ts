import { IpcError } from '@quorate/qb'
import { attr, element, type XmlElement } from '@quorate/xml'
import type { FencingDevice, FencingOutcome } from '../fencer/service.ts'
import { DaemonChannel } from './daemon-channel.ts'
import { deviceIds, type FencingRecord, fencingExecution, fencingOutcome, fencingRecords } from './fencer-answer.ts'

/** Bits of `st_callopt` (protocols/pacemaker-ipc.md 4.4). */
const callOptions = {
  allowSuicide: 0x2,
  manualAck: 0x8,
  nodeId: 0x200,
  sync: 0x1000,
  cleanup: 0x8_0000,
  broadcast: 0x10_0000,
} as const

/** Seconds that the fencer is given to answer what it has by itself, and with which the real clients ask. */
const answerSeconds = 120
/** More than an operation's own time before its answer is taken for lost, in seconds. */
const graceSeconds = 10
/** What a fencer may take for asking the others and for the devices' delays, until it tells its own time, in seconds. */
const askingSeconds = 60
/** A fencer gives its parts so much of a request's time before it ends them. */
const patience = 1.2
/** Longest time that a timer can be set to, in milliseconds. */
const timerMsMax = 2 ** 31 - 1

/** What the fencer is connected to with. */
export type FencerClientOptions = {
  /** Name of the program: operations are remembered under it, with its process number. */
  readonly name: string
  /** The daemon went away; told once. */
  readonly onClose?: (error: Error) => void
}

/** Which operations are asked for, or forgotten. */
export type FencingHistoryCall = {
  /** Of this node only; left out: of all. */
  readonly target?: string | undefined
  /** Whether {@link target} is a node's number. */
  readonly isNodeId?: boolean
  /** Forgets those that have ended, instead of answering them. */
  readonly isCleanup?: boolean
  /** Has the fencers of all nodes compare what they remember. */
  readonly isBroadcast?: boolean
  readonly timeoutSeconds?: number
}

/** A node that is to be fenced by somebody. */
export type FenceCall = {
  readonly target: string
  readonly action: 'off' | 'on' | 'reboot'
  /** What devices are given, and so at least the time of the whole. */
  readonly timeoutSeconds: number
  /** Before `off` and `reboot`; -1: without the delays of devices either. */
  readonly delaySeconds: number
  /** Nothing is done where the same has succeeded within so many seconds; 0: it is done again. */
  readonly toleranceSeconds: number
}

/** The nodes that a level of the topology is for. */
export type LevelTarget =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'attribute'; readonly name: string; readonly value: string }

/** A connection to the fencer of this machine, ours or a real one. What the fencer refuses is an outcome. */
export class FencerClient {
  readonly #channel: DaemonChannel
  readonly #clientId: string
  readonly #events: Set<(event: XmlElement) => void>
  readonly #lost: Promise<Error>
  /** Ends the waiting of each request for fencing. */
  readonly #waits = new Set<() => void>()
  #callId = 2

  private constructor(
    channel: DaemonChannel,
    clientId: string,
    events: Set<(event: XmlElement) => void>,
    lost: Promise<Error>,
  ) {
    this.#channel = channel
    this.#clientId = clientId
    this.#events = events
    this.#lost = lost
  }

  /** Connects and registers. @throws IpcError */
  static async connect({ name, onClose }: FencerClientOptions): Promise<FencerClient> {
    const events = new Set<(event: XmlElement) => void>()
    let lose: (error: Error) => void = () => undefined
    const lost = new Promise<Error>((resolve) => {
      lose = resolve
    })
    const channel = await DaemonChannel.open({
      service: 'stonith-ng',
      onEvent: (xml) => {
        for (const listener of [...events]) listener(xml)
      },
      onClose: (error) => {
        lose(error)
        onClose?.(error)
      },
    })
    try {
      const registration = element('stonith_command', { t: 'stonith-ng', st_op: 'register', st_clientname: name })
      const clientId = attr(await channel.call(registration), 'st_clientid')
      if (clientId === undefined) throw new IpcError('IPC_PROTOCOL', 'registration with the fencer failed')
      return new FencerClient(channel, clientId, events, lost)
    } catch (fault) {
      channel.close()
      throw fault
    }
  }

  /** Operations that the fencer remembers, in no order. @throws IpcError */
  async history(call: FencingHistoryCall = {}): Promise<{
    readonly outcome: FencingOutcome
    readonly records: readonly FencingRecord[]
  }> {
    const { target, timeoutSeconds = answerSeconds } = call
    const options =
      (call.isNodeId === true ? callOptions.nodeId : 0) |
      (call.isCleanup === true ? callOptions.cleanup : 0) |
      (call.isBroadcast === true ? callOptions.broadcast : 0)
    const data = target === undefined ? undefined : element('st_history', { st_target: target })
    const answer = await this.#ask('st_fence_history', options, timeoutSeconds, data)
    return { outcome: fencingOutcome(answer), records: fencingRecords(answer) }
  }

  /** Ids of the devices that are registered here, or of those that can fence a node. @throws IpcError */
  async devices(
    target: string | undefined,
    timeoutSeconds: number,
  ): Promise<{ readonly outcome: FencingOutcome; readonly ids: readonly string[] }> {
    const data = element('st_device_id', { st_target: target, st_device_action: 'off' })
    const answer = await this.#ask('st_query', callOptions.allowSuicide, timeoutSeconds, data)
    return { outcome: fencingOutcome(answer), ids: deviceIds(answer) }
  }

  /** Runs `list` or `monitor` of a device that is registered here. @throws IpcError */
  async execute(
    device: string,
    action: 'list' | 'monitor',
    timeoutSeconds: number,
  ): Promise<{ readonly outcome: FencingOutcome; readonly output: string }> {
    const data = element('st_device_id', { st_device_id: device, st_device_action: action })
    const answer = await this.#ask('st_execute', callOptions.allowSuicide, timeoutSeconds, data)
    return { outcome: fencingOutcome(answer), output: attr(answer, 'st_output') ?? '' }
  }

  /**
   * Registers a device with this node's fencer only. Root may.
   *
   * @param namespace where the agent is found, as the real clients tell it; left out for one that is not installed here
   * @throws IpcError
   */
  async register(device: FencingDevice, namespace: string | undefined): Promise<FencingOutcome> {
    const attributes = element('attributes', Object.fromEntries(device.parameters))
    const data = element('st_device_id', { id: device.id, agent: device.agent, namespace }, [attributes])
    return fencingOutcome(await this.#ask('st_device_register', callOptions.allowSuicide, 0, data))
  }

  /** Removes a device from this node's fencer; there need not be one. Root may. @throws IpcError */
  async remove(device: string): Promise<FencingOutcome> {
    const data = element('st_device_id', { id: device })
    return fencingOutcome(await this.#ask('st_device_remove', callOptions.allowSuicide, 0, data))
  }

  /** Adds a level to the topology as this node's fencer knows it. Root may. @throws IpcError */
  async addLevel(target: LevelTarget, index: number, devices: readonly string[]): Promise<FencingOutcome> {
    const attributes = { id: String(index), index: String(index), ...levelTarget(target), devices: devices.join(',') }
    const data = element('fencing-level', attributes)
    return fencingOutcome(await this.#ask('st_level_add', callOptions.allowSuicide, 0, data))
  }

  /** Removes a level, or with 0 all of the target. Root may. @throws IpcError */
  async removeLevel(target: LevelTarget, index: number): Promise<FencingOutcome> {
    const data = element('fencing-level', { ...levelTarget(target), index: String(index) })
    return fencingOutcome(await this.#ask('st_level_remove', callOptions.allowSuicide, 0, data))
  }

  /** Tells the cluster that a node is down for sure: somebody has looked. @throws IpcError */
  async confirm(target: string): Promise<FencingOutcome> {
    const data = fenceData({ target, action: 'off', timeoutSeconds: 0, delaySeconds: 0, toleranceSeconds: 0 })
    const options = callOptions.allowSuicide | callOptions.manualAck
    return fencingOutcome(await this.#ask('st_fence', options, 0, data, { st_delay: '0' }))
  }

  /**
   * Has a node fenced, and waits for the end of it. A connection that goes away, and an answer that does not come, are
   * outcomes as well: then the operation may still be carried out.
   *
   * @param sent told once the request is on its way
   * @throws IpcError where it could not be sent
   */
  async fence(call: FenceCall, sent: () => void = () => undefined): Promise<FencingOutcome> {
    const callId = String(this.#callId)
    const ended = (execution: number, why: string): FencingOutcome => ({
      execution,
      exitStatus: 1,
      reason: `${why}; the operation may still be carried out`,
    })
    let settle: (outcome: FencingOutcome) => void = () => undefined
    const settled = new Promise<FencingOutcome>((resolve) => {
      settle = resolve
    })
    let timer: NodeJS.Timeout | undefined
    const wait = (seconds: number): void => {
      clearTimeout(timer)
      const ms = Math.min((seconds + graceSeconds) * 1000, timerMsMax)
      timer = setTimeout(() => settle(ended(fencingExecution.timeout, 'no answer from the fencer')), ms)
    }
    const hear = (event: XmlElement): void => {
      if (attr(event, 'st_callid') !== callId) return
      // The whole time that it may take, once the fencer knows who will do it.
      if (attr(event, 't') === 'st-async-timeout-value') {
        const seconds = Number(attr(event, 'st_timeout'))
        if (seconds > 0) wait(seconds)
      } else if (attr(event, 'st_op') === 'st_fence') settle(fencingOutcome(event))
    }
    const lose = (): void => settle(ended(fencingExecution.notConnected, 'the connection to the fencer has ended'))
    this.#events.add(hear)
    this.#waits.add(lose)
    this.#lost.then(lose)
    try {
      wait(patience * (call.timeoutSeconds + Math.max(0, call.delaySeconds)) + askingSeconds)
      const attributes = { st_delay: String(call.delaySeconds) }
      const options = callOptions.allowSuicide
      await this.#channel.send(this.#command('st_fence', options, call.timeoutSeconds, fenceData(call), attributes))
      sent()
      return await settled
    } finally {
      clearTimeout(timer)
      this.#events.delete(hear)
      this.#waits.delete(lose)
    }
  }

  /** Calls back whenever a fencing operation of anybody has begun, ended or been forgotten. @throws IpcError */
  async onNews(listener: () => void): Promise<void> {
    this.#events.add((event) => {
      if (attr(event, 't') === 'st_notify') listener()
    })
    for (const kind of ['st_notify_history', 'st_notify_history_synced', 'st_notify_fence']) {
      await this.#channel.call(element('stonith_set_notification', { st_op: 'st_notify', st_notify_activate: kind }))
    }
  }

  /** Ends the connection; what is waited for ends as with a connection that goes away. */
  close(): void {
    for (const end of [...this.#waits]) end()
    this.#channel.close()
  }

  #ask(
    op: string,
    options: number,
    timeoutSeconds: number,
    data?: XmlElement,
    attributes: Readonly<Record<string, string>> = {},
  ): Promise<XmlElement> {
    const request = this.#command(op, options | callOptions.sync, timeoutSeconds, data, attributes)
    const waitSeconds = Math.max(answerSeconds, patience * timeoutSeconds + graceSeconds)
    return this.#channel.call(request, Math.min(waitSeconds * 1000, timerMsMax))
  }

  #command(
    op: string,
    options: number,
    timeoutSeconds: number,
    data: XmlElement | undefined,
    attributes: Readonly<Record<string, string>>,
  ): XmlElement {
    const callId = this.#callId
    this.#callId += 1
    return element(
      'stonith_command',
      {
        __name__: 'stonith_command',
        t: 'stonith-ng',
        st_async_id: this.#clientId,
        st_op: op,
        st_callid: String(callId),
        st_callopt: String(options),
        st_timeout: String(timeoutSeconds),
        ...attributes,
      },
      data === undefined ? [] : [element('st_calldata', {}, [data])],
    )
  }
}

function fenceData(call: FenceCall): XmlElement {
  return element('st_fence', {
    st_target: call.target,
    st_device_action: call.action,
    st_timeout: String(call.timeoutSeconds),
    st_tolerance: String(call.toleranceSeconds),
    st_delay: String(call.delaySeconds),
  })
}

function levelTarget(target: LevelTarget): Readonly<Record<string, string>> {
  switch (target.kind) {
    case 'name':
      return { target: target.name }
    case 'pattern':
      return { 'target-pattern': target.pattern }
    case 'attribute':
      return { 'target-attribute': target.name, 'target-value': target.value }
    default:
      return target satisfies never
  }
}
