import { attr } from '@quorate/xml'
import { agentReply, type StonithMessage, stonithOptions, stonithReply } from '../messages/stonith-message.ts'
import type { Device } from './device.ts'
import { actionTimeoutMs } from './device-settings.ts'
import type { LocalDevices } from './local-devices.ts'
import { isSameNode } from './node-name.ts'
import { offersOf } from './offers.ts'
import type { Asker } from './operation.ts'
import { execution, exitStatus, failure, isSuccess, success } from './outcome.ts'
import type { FencerRoom } from './room.ts'
import type { FencingOutcome } from './service.ts'

/** Time for what a request names none for, in milliseconds. */
const timeoutMsDefault = 120_000

/** Id of the implicit device of a watchdog. */
const watchdogDevice = 'watchdog'

/** What this node does with its own devices for others: answers to queries, and fencing. */
export class Execution {
  readonly #room: FencerRoom
  readonly #devices: LocalDevices

  constructor(room: FencerRoom, devices: LocalDevices) {
    this.#room = room
    this.#devices = devices
  }

  /** Answers the query of a fencer. */
  query(from: string, message: StonithMessage): void {
    const { target, action } = message
    if (target === undefined || action === undefined) return
    this.#search(message, (devices) => {
      const reply = stonithReply(replyOf(message), success, offersOf(devices, this.#room, this.#wanted(message), false))
      this.#room.emit({ kind: 'send', xml: reply, to: from })
    })
  }

  /** Answers the query of a client: with all that is known of a device where no target is named. */
  clientQuery(message: StonithMessage, asker: Asker): void {
    const answer = (devices: readonly Device[]): void => {
      const list = offersOf(devices, this.#room, this.#wanted(message), message.target === undefined)
      this.#answer(asker, message, success, list)
    }
    // As with the real one, who names neither target nor action is told of nothing.
    if (message.action === undefined && message.target === undefined) answer([])
    else this.#search(message, answer)
  }

  #search(message: StonithMessage, found: (devices: readonly Device[]) => void): void {
    this.#devices.search(this.#wanted(message), timeoutMsOf(message), found)
  }

  #wanted(message: StonithMessage): { action: string; target: string | undefined; mayFenceSelf: boolean } {
    const mayFenceSelf = (message.options & stonithOptions.allowSuicide) !== 0
    return { action: message.action ?? 'off', target: message.target, mayFenceSelf }
  }

  #answer(asker: Asker, message: StonithMessage, outcome: FencingOutcome, data?: ReturnType<typeof offersOf>): void {
    if (asker.kind === 'inside') this.#room.emit({ kind: 'outcome', ticket: asker.ticket, outcome })
    else {
      const xml = stonithReply(replyOf(message), outcome, data)
      this.#room.emit({ kind: 'answer', client: asker.client, callId: asker.callId, xml })
    }
  }

  /** A fencer tells this node to fence. Answered once. */
  fence(from: string, message: StonithMessage): void {
    const { target, action, device: id } = message
    const tell = (outcome: FencingOutcome, used: string | undefined, output: string): void => {
      const xml = agentReply(replyOf(message), used, outcome, output === '' ? undefined : output)
      // A target that asks for its own fencing may not live to hear of it; the others do.
      const to = target !== undefined && isSameNode(from, target) ? undefined : from
      this.#room.emit({ kind: 'send', xml: to === undefined ? broadcast(xml) : xml, to })
    }
    if (target === undefined || action === undefined || !['off', 'on', 'reboot'].includes(action)) {
      tell(failure(execution.invalid, 'Fencing request without target or action', exitStatus.protocol), id, '')
      return
    }
    const order = { ...message, target, action }
    if (id !== undefined) {
      const device = this.#devices.table.get(id)
      if (device === undefined) tell(failure(execution.noDevice, `'${id}' not found`), id, '')
      else
        this.#devices.table.whenLearned(() => this.#use(device, order, (outcome, output) => tell(outcome, id, output)))
      return
    }
    this.#devices.search({ action, target, mayFenceSelf: true }, timeoutMsOf(message), (devices) => {
      const required = action === 'on' ? devices.filter((device) => device.unfences) : []
      if (devices.length === 0) tell(failure(execution.noDevice, 'No device configured for target'), undefined, '')
      else if (required.length > 0) this.#useAll(required, order, tell)
      else this.#useOne(devices, order, tell)
    })
  }

  #use(device: Device, order: Order, done: (outcome: FencingOutcome, output: string) => void): void {
    const { action, target, delayS } = order
    const owner = order.operation ?? ''
    this.#devices.fence(device, { action, target, timeoutMs: timeoutMsOf(order), delayS, owner }, done)
  }

  /** One device after the other, until one has done it. */
  #useOne(devices: readonly Device[], order: Order, tell: Tell): void {
    const [device, ...others] = devices as [Device, ...Device[]]
    this.#use(device, order, (outcome, output) => {
      if (isSuccess(outcome) || others.length === 0) {
        tell(outcome, device.id, output)
        return
      }
      this.#room.log(
        'error',
        `'${order.action}' targeting ${order.target} using ${device.id} failed, retrying with ${others[0]?.id}`,
      )
      this.#useOne(others, { ...order, delayS: Math.min(0, order.delayS) }, tell)
    })
  }

  /** All devices: what every one of them has to allow is done when the last has. */
  #useAll(devices: readonly Device[], order: Order, tell: Tell): void {
    const [device, ...others] = devices as [Device, ...Device[]]
    this.#use(device, order, (outcome, output) => {
      if (!isSuccess(outcome) || others.length === 0) tell(outcome, device.id, output)
      else this.#useAll(others, { ...order, delayS: Math.min(0, order.delayS) }, tell)
    })
  }

  /** A client, or the executor, has an action of a device carried out that fences nobody by way of the cluster. */
  execute(message: StonithMessage, asker: Asker): void {
    const { device: id, action, target } = message
    if (id === undefined || action === undefined) {
      const reason = 'Fencer API request missing required information (bug?)'
      this.#answer(asker, message, failure(execution.invalid, reason, exitStatus.protocol))
      return
    }
    if (id === watchdogDevice && this.#devices.table.get(id) === undefined) {
      this.#answer(asker, message, failure(execution.noDevice, 'Watchdog fence device not configured'))
      return
    }
    const device = this.#devices.table.get(id)
    if (device === undefined) {
      this.#answer(asker, message, failure(execution.noDevice, `'${id}' not found`))
      return
    }
    if (action === 'monitor' && !device.sources.has('api')) {
      this.#answer(asker, message, failure(execution.noDevice, `'${id}' not active`))
      return
    }
    const timeoutMs = actionTimeoutMs(device.parameters, action) ?? timeoutMsOf(message)
    const done = (outcome: FencingOutcome, output: string): void => {
      if (asker.kind === 'inside') this.#room.emit({ kind: 'outcome', ticket: asker.ticket, outcome })
      else {
        const told = output === '' || action === 'monitor' ? undefined : output
        const to = { ...replyOf(message), origin: undefined }
        const xml = agentReply(to, id, outcome, told)
        this.#room.emit({ kind: 'answer', client: asker.client, callId: asker.callId, xml })
      }
    }
    const command = {
      device: id,
      action,
      target,
      timeoutMs,
      notBeforeMs: undefined,
      owner: message.clientId ?? 'inside',
    }
    this.#devices.table.whenLearned(() => this.#devices.submit({ ...command, done }))
  }
}

type Order = StonithMessage & { readonly target: string; readonly action: string }
type Tell = (outcome: FencingOutcome, device: string | undefined, output: string) => void

function timeoutMsOf(message: StonithMessage): number {
  const { timeoutS } = message
  return timeoutS === undefined || timeoutS === 0 ? timeoutMsDefault : timeoutS * 1000
}

function replyOf(message: StonithMessage): Parameters<typeof agentReply>[0] {
  const { op, callId, clientId, clientName, operation, options, origin, target } = message
  return { op, callId, clientId, clientName, operation, options, origin, target }
}

function broadcast(xml: ReturnType<typeof agentReply>): ReturnType<typeof agentReply> {
  const kind = attr(xml, 'subt')
  return kind === undefined ? { ...xml, attributes: [...xml.attributes, 'subt', 'broadcast'] } : xml
}
