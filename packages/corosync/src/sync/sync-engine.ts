import type { NodeId } from '@quorate/base'
import { noRing, type RingName } from '../ipc/ring-id.ts'
import type { RingChange } from '../service.ts'
import { decodeSyncMessage, encodeSyncMessage, type SyncMessage, syncServicesMax } from './sync-message.ts'

/** Everything that can happen to the sync engine. */
export type SyncEvent =
  /** A regular configuration, with the members that came along from the old one. */
  | { readonly kind: 'ring'; readonly change: RingChange }
  /** A message of the group `sync`, in its place of the total order. */
  | { readonly kind: 'message'; readonly from: NodeId; readonly body: Uint8Array }
  /** The service has sent what the others must know; those that this node does not have are done at once. */
  | { readonly kind: 'done'; readonly service: number }

/** What the node must do, in order. `service` is an id; one that has no such service does nothing. */
export type SyncEffect =
  | { readonly kind: 'multicast'; readonly body: Uint8Array }
  /** A sync that had begun and not ended is void. */
  | { readonly kind: 'abort' }
  | { readonly kind: 'init'; readonly change: RingChange }
  | { readonly kind: 'process'; readonly service: number }
  | { readonly kind: 'activate'; readonly service: number }
  /** Every service is in step: clients are let in, application messages go out. */
  | { readonly kind: 'complete'; readonly change: RingChange }

type Phase =
  | { readonly name: 'idle' }
  /** Waiting for every member to say which services it has. */
  | { readonly name: 'build'; readonly heard: Set<NodeId>; readonly services: Set<number> }
  /** Working through the services; `heard` holds who has passed the barrier of `services[at]`. */
  | {
      readonly name: 'service'
      readonly services: readonly number[]
      readonly at: number
      readonly heard: Set<NodeId>
      isDone: boolean
    }

/**
 * Brings the services of a new ring into step, one after the other in the order of their ids, with a barrier behind each
 * (protocols/corosync.md 5). Messages of other rings, late or early, are ignored.
 */
export class SyncEngine {
  readonly #services: readonly number[]
  #change: RingChange = { ring: noRing, trans: [], members: [] }
  #phase: Phase = { name: 'idle' }
  #out: SyncEffect[] = []

  /** `services`: ids of the services of this node that take part. */
  constructor(services: readonly number[]) {
    this.#services = services
  }

  get isRunning(): boolean {
    return this.#phase.name !== 'idle'
  }

  /** @throws DecodeError for a message that is none; the node counts and drops it */
  step(event: SyncEvent): readonly SyncEffect[] {
    this.#out = []
    if (event.kind === 'ring') this.#begin(event.change)
    else if (event.kind === 'message') this.#message(event.from, decodeSyncMessage(event.body))
    else this.#done(event.service)
    return this.#out
  }

  #begin(change: RingChange): void {
    if (this.#phase.name !== 'idle') this.#out.push({ kind: 'abort' })
    this.#change = change
    this.#phase = { name: 'build', heard: new Set(), services: new Set(this.#services) }
    this.#multicast({ kind: 'service-build', ring: change.ring, services: this.#services })
    this.#out.push({ kind: 'init', change })
  }

  #message(from: NodeId, message: SyncMessage): void {
    const phase = this.#phase
    if (!isSame(message.ring, this.#change.ring) || !this.#change.members.includes(from)) return
    if (message.kind === 'service-build' && phase.name === 'build') {
      for (const service of message.services) {
        if (phase.services.size < syncServicesMax) phase.services.add(service)
      }
      phase.heard.add(from)
      if (!this.#isAll(phase.heard)) return
      this.#enter(
        [...phase.services].sort((a, b) => a - b),
        0,
      )
    } else if (message.kind === 'barrier' && phase.name === 'service') {
      phase.heard.add(from)
      if (!this.#isAll(phase.heard)) return
      this.#out.push({ kind: 'activate', service: phase.services[phase.at] as number })
      this.#enter(phase.services, phase.at + 1)
    }
  }

  #enter(services: readonly number[], at: number): void {
    const service = services[at]
    if (service === undefined) {
      this.#phase = { name: 'idle' }
      this.#out.push({ kind: 'complete', change: this.#change })
      return
    }
    this.#phase = { name: 'service', services, at, heard: new Set(), isDone: false }
    this.#out.push({ kind: 'process', service })
  }

  #done(service: number): void {
    const phase = this.#phase
    if (phase.name !== 'service' || phase.services[phase.at] !== service || phase.isDone) return
    phase.isDone = true
    this.#multicast({ kind: 'barrier', ring: this.#change.ring })
  }

  #isAll(heard: ReadonlySet<NodeId>): boolean {
    return this.#change.members.every((member) => heard.has(member))
  }

  #multicast(message: SyncMessage): void {
    this.#out.push({ kind: 'multicast', body: encodeSyncMessage(message) })
  }
}

function isSame(a: RingName, b: RingName): boolean {
  return a.rep === b.rep && a.seq === b.seq
}
