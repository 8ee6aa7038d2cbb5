import { BoundedQueue, invariant, type NodeId } from '@quorate/base'
import type { QueueLevel } from './effect.ts'
import type { Lane } from './event.ts'
import { framesMax, groupHeader, messageBytesMax, Packer } from './packing.ts'

type LaneQueue = { readonly packer: Packer; readonly frames: BoundedQueue<Uint8Array> }

/** Messages that wait for the token, one queue a lane, packed into frames already. */
export class SendQueue {
  readonly #lanes: Readonly<Record<Lane, LaneQueue>>
  readonly #headers = new Map<string, Uint8Array>()
  readonly #framesMax: number
  #level: QueueLevel = 'low'

  constructor(origin: NodeId, netMtu: number) {
    this.#framesMax = framesMax(netMtu)
    const lane = (name: Lane): LaneQueue => {
      const frames = new BoundedQueue<Uint8Array>(this.#framesMax)
      const packer = new Packer(origin, netMtu, name, (frame) => {
        invariant(frames.offer(frame), 'room was checked before a message was packed')
      })
      return { packer, frames }
    }
    this.#lanes = { application: lane('application'), sync: lane('sync') }
  }

  /** Whether a message of so many bytes, group header not counted, would be taken now. */
  roomFor(bodyBytes: number, group: string, lane: Lane): boolean {
    const { packer, frames } = this.#lanes[lane]
    const bytes = bodyBytes + this.#header(group).byteLength
    return bodyBytes <= messageBytesMax && frames.count + packer.framesFor(bytes) + 1 <= frames.countMax
  }

  /** Takes a message for which there is room. */
  add(group: string, body: Uint8Array, lane: Lane): void {
    this.#lanes[lane].packer.add(this.#header(group), body)
  }

  /** Closes frames that are half filled, because the token is here. */
  flush(): void {
    this.#lanes.application.packer.flush()
    this.#lanes.sync.packer.flush()
  }

  /** Frames waiting; a half filled one does not count. */
  count(lane: Lane): number {
    return this.#lanes[lane].frames.count
  }

  /** True when nothing waits in either lane. */
  get idle(): boolean {
    const { application, sync } = this.#lanes
    return application.frames.count + sync.frames.count === 0 && !application.packer.staging && !sync.packer.staging
  }

  /** The next frame of a lane. */
  take(lane: Lane): Uint8Array | undefined {
    return this.#lanes[lane].frames.take()
  }

  /** The level when it has changed since the last call, else undefined. Between two levels the last one stays. */
  changedLevel(): QueueLevel | undefined {
    const waiting = Math.max(this.count('application'), this.count('sync'))
    const level = levelOf((100 * waiting) / this.#framesMax, this.#level)
    if (level === this.#level) return undefined
    this.#level = level
    return level
  }

  #header(group: string): Uint8Array {
    let header = this.#headers.get(group)
    if (header === undefined) {
      header = groupHeader(group)
      this.#headers.set(group, header)
    }
    return header
  }
}

function levelOf(percent: number, last: QueueLevel): QueueLevel {
  if (percent >= 75 || (percent > 70 && last === 'critical')) return 'critical'
  if (percent >= 60 || (percent > 50 && (last === 'high' || last === 'critical'))) return 'high'
  if (percent >= 40 || (percent >= 30 && last !== 'low')) return 'good'
  return 'low'
}
