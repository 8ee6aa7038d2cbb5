import { type FenceMetadata, unknownMetadata } from './agent-metadata.ts'
import { Device, type DeviceSource, type DeviceSpec } from './device.ts'
import { execution, exitStatus, failure, success } from './outcome.ts'
import type { FencerRoom } from './room.ts'
import type { FencingOutcome } from './service.ts'

/** Devices of one node at most: a client that makes up ids cannot fill the memory. */
const devicesMax = 10_000
/** Pause before an agent that did not tell of itself is asked again: doubled each time, up to the second. */
const learnAgainMs = 10_000
const learnAgainMsMax = 160_000

/** Devices of this node, from the CIB and from clients. */
export class DeviceTable {
  readonly #room: FencerRoom
  readonly #devices = new Map<string, Device>()
  /** What agents told of themselves. */
  readonly #metadata = new Map<string, FenceMetadata>()
  readonly #pauses = new Map<string, number>()
  /** Agents that have been asked and have not answered yet, and what waits for them. */
  readonly #asked = new Map<string, (() => void)[]>()

  constructor(room: FencerRoom) {
    this.#room = room
  }

  get size(): number {
    return this.#devices.size
  }

  get(id: string): Device | undefined {
    return this.#devices.get(id)
  }

  all(): readonly Device[] {
    return [...this.#devices.values()]
  }

  /** Adds a device, or another reason for it to be there. */
  register(spec: DeviceSpec, source: DeviceSource): FencingOutcome {
    const refusal = refusalOf(spec)
    if (refusal !== undefined) {
      this.#room.log('error', `Device ${JSON.stringify(spec.id)} refused: ${refusal}`)
      return failure(execution.invalid, refusal, exitStatus.invalidParameter)
    }
    const known = this.#devices.get(spec.id)
    if (known?.isLike(spec)) {
      known.sources.add(source)
      return success
    }
    if (known === undefined && this.#devices.size >= devicesMax) {
      return failure(execution.error, `more than ${devicesMax} devices`)
    }
    const made = new Device(spec)
    if (known !== undefined) {
      // Commands are carried out as the device is now; those that run end as they were started.
      made.queue.push(...known.queue.splice(0))
      for (const one of known.sources) made.sources.add(one)
    }
    made.sources.add(source)
    this.#devices.set(spec.id, made)
    this.#learn(made)
    this.#room.log(
      'notice',
      `${known ? 'Replaced' : 'Added'} '${spec.id}' ${known ? 'in' : 'to'} device list (${this.size} active devices)`,
    )
    return success
  }

  /** Takes away one reason for a device to be there, and the device with the last. */
  remove(id: string, source: DeviceSource): FencingOutcome {
    const device = this.#devices.get(id)
    if (device === undefined) return success
    device.sources.delete(source)
    if (device.sources.size > 0) return success
    this.#devices.delete(id)
    for (const command of device.queue.splice(0)) {
      command.done(failure(execution.noDevice, 'Device was removed before action could be executed'), '')
    }
    this.#room.log('notice', `Removed '${id}' from device list (${this.size} active devices)`)
    return success
  }

  /** Makes the devices that come from the CIB those that it names. */
  adopt(wanted: readonly DeviceSpec[]): void {
    const named = new Set(wanted.map((spec) => spec.id))
    for (const device of this.all()) {
      if (device.sources.has('cib') && !named.has(device.id)) this.remove(device.id, 'cib')
    }
    for (const spec of wanted) this.register(spec, 'cib')
  }

  /** Goes on once every agent that has just been asked about itself has answered. */
  whenLearned(act: () => void): void {
    const open = [...this.#asked.values()]
    let left = open.length
    if (left === 0) {
      act()
      return
    }
    for (const waiting of open) {
      waiting.push(() => {
        left -= 1
        if (left === 0) act()
      })
    }
  }

  /** An agent told of itself, or did not. */
  learned(agent: string, metadata: FenceMetadata | undefined): void {
    const waiting = this.#asked.get(agent) ?? []
    this.#asked.delete(agent)
    if (metadata === undefined) {
      const pause = this.#pauses.get(agent) ?? learnAgainMs
      this.#pauses.set(agent, Math.min(2 * pause, learnAgainMsMax))
      this.#room.log('warning', `Could not get meta-data of fence agent ${agent}; asking again in ${pause / 1000} s`)
      this.#room.after(`learn ${agent}`, pause, () => this.#ask(agent))
    } else {
      this.#pauses.delete(agent)
      this.#metadata.set(agent, metadata)
    }
    for (const device of this.#devices.values()) {
      if (device.agent !== agent) continue
      device.metadata = metadata ?? unknownMetadata
    }
    for (const act of waiting) act()
  }

  #learn(device: Device): void {
    const known = this.#metadata.get(device.agent)
    if (known !== undefined) {
      device.metadata = known
      return
    }
    if (!this.#asked.has(device.agent)) this.#ask(device.agent)
  }

  #ask(agent: string): void {
    if (!this.all().some((device) => device.agent === agent)) return
    this.#room.callOff(`learn ${agent}`)
    this.#asked.set(agent, [])
    this.#room.emit({ kind: 'learn', agent })
  }
}

/** Name of the program of the watchdog's device, which this fencer does not have. */
const watchdogAgent = 'fence_watchdog'

/** Why a device cannot be used; undefined where it can. */
function refusalOf(spec: DeviceSpec): string | undefined {
  if (!/^[\w.][\w.+-]*$/.test(spec.agent)) return `${JSON.stringify(spec.agent)} is no name of a fence agent`
  if (spec.agent === watchdogAgent) return 'fencing by a watchdog (fence_watchdog) is not supported'
  for (const [name, value] of spec.parameters) {
    // Agents get a line for each: a line break would be a second one.
    if (/[\n\0=]/.test(name) || /[\n\0]/.test(value)) return `parameter ${JSON.stringify(name)} has a line break in it`
  }
  return undefined
}
