import type { NodeId } from '@quorate/base'
import { seqAfter, seqBefore, seqDistance } from './seq.ts'

/** A message that this node holds, until everybody has it. */
export type HeldMessage = {
  readonly seq: number
  readonly origin: NodeId
  /** A copy of an old ring's message: never delivered as one of this ring. */
  readonly encapsulated: boolean
  /** The whole frame, as it is sent again on request. */
  readonly bytes: Uint8Array
}

/** Most messages of one ring that may be on the way (the C daemon's queue has as many slots). */
export const messageSlotsMax = 16_384

const slotsAtFirst = 64
const missCountMax = 255

/** The messages of one ring by number, in a window that moves on as everybody has received them. */
export class MessageLog {
  /** All received up to here. */
  aru: number
  /** Highest number held or sent. */
  high: number
  /** Delivered up to here. */
  delivered: number
  /** Forgotten up to here: every member has it. */
  released: number
  #slots: (HeldMessage | undefined)[] = new Array(slotsAtFirst)
  /** Token visits for which each number has been missing. */
  #misses = new Uint8Array(slotsAtFirst)

  /** `firstSeq`: the number before the first message. */
  constructor(firstSeq: number) {
    this.aru = firstSeq
    this.high = firstSeq
    this.delivered = firstSeq
    this.released = firstSeq
  }

  /** The message, if it is held. */
  get(seq: number): HeldMessage | undefined {
    const ahead = seqDistance(this.released, seq)
    if (ahead <= 0 || ahead > this.#slots.length) return undefined
    return this.#slots[seq & (this.#slots.length - 1)]
  }

  /** Takes a message in; false when it is held already, forgotten already, or too far ahead to be true. */
  add(message: HeldMessage): boolean {
    const ahead = seqDistance(this.released, message.seq)
    if (ahead <= 0 || ahead > messageSlotsMax) return false
    if (ahead > this.#slots.length) this.#grow(ahead)
    const slot = message.seq & (this.#slots.length - 1)
    if (this.#slots[slot] !== undefined) return false
    this.#slots[slot] = message
    this.#misses[slot] = 0
    if (seqBefore(this.high, message.seq)) this.high = message.seq
    while (this.aru !== this.high && this.get(seqAfter(this.aru)) !== undefined) this.aru = seqAfter(this.aru)
    return true
  }

  /** Counts one more token visit that found `seq` missing, and answers how many there were. `seq` is not held. */
  missed(seq: number): number {
    const ahead = seqDistance(this.released, seq)
    if (ahead <= 0 || ahead > messageSlotsMax) return 0
    if (ahead > this.#slots.length) this.#grow(ahead)
    const slot = seq & (this.#slots.length - 1)
    const count = Math.min(missCountMax, (this.#misses[slot] as number) + 1)
    this.#misses[slot] = count
    return count
  }

  /** Forgets everything up to `seq`, which everybody has. */
  release(seq: number): void {
    const ahead = seqDistance(this.released, seq)
    if (ahead <= 0 || ahead > messageSlotsMax) return
    const mask = this.#slots.length - 1
    while (seqBefore(this.released, seq)) {
      this.released = seqAfter(this.released)
      this.#slots[this.released & mask] = undefined
      this.#misses[this.released & mask] = 0
    }
  }

  #grow(ahead: number): void {
    let size = this.#slots.length
    while (size < ahead) size *= 2
    const slots: (HeldMessage | undefined)[] = new Array(size)
    const misses = new Uint8Array(size)
    for (let step = 1; step <= this.#slots.length; step += 1) {
      const seq = (this.released + step) >>> 0
      const from = seq & (this.#slots.length - 1)
      slots[seq & (size - 1)] = this.#slots[from]
      misses[seq & (size - 1)] = this.#misses[from] as number
    }
    this.#slots = slots
    this.#misses = misses
  }
}
