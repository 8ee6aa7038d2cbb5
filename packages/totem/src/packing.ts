import { encodeText, invariant, messageBytes, type NodeId } from '@quorate/base'
import type { Lane } from './event.ts'
import { startMcast } from './frame-encoder.ts'
import { mcastLayout } from './frame-layout.ts'
import { putU16 } from './octets.ts'

/**
 * Messages into frames (protocols/corosync.md 4). Behind the message header of a frame: i16 version 0, i16 type 0,
 * u8 fragmented, u8 continuation, u16 count, u16 length of each part, then the parts.
 */

/** Bytes of the packing header in front of the table of lengths. */
export const packingHeaderBytes = 8
/** Bytes of one entry of the table of lengths. */
export const partLengthBytes = 2
/** Where `fragmented` stands: number of the chain when the last part goes on in the next frame, else 0. */
export const fragmentedAt = 4
/** Where `continuation` stands: number of the chain that the first part goes on with, else 0. */
export const continuationAt = 5
/** Where the number of parts stands. */
export const partCountAt = 6

/** Longest message of a caller in bytes. */
export const messageBytesMax = 1024 * 1024
/**
 * Chains of fragments are numbered 1..255; each lane has numbers of its own, so that a receiver which takes a fragment for
 * one of the other lane drops it and never joins it to another message.
 */
export const chainNumbers: Readonly<Record<Lane, { readonly first: number; readonly last: number }>> = {
  application: { first: 1, last: 127 },
  sync: { first: 128, last: 255 },
}
/** Room that a frame leaves so that a copy of it still fits the transport: two message headers. */
const frameReserveBytes = 2 * mcastLayout.size

/** Bytes that the parts of one frame and their lengths may take together. */
export function partsRoom(netMtu: number): number {
  return netMtu - frameReserveBytes - packingHeaderBytes
}

/** Frames that a node may have waiting. */
export function framesMax(netMtu: number): number {
  return Math.floor((4 * messageBytesMax) / (netMtu - frameReserveBytes))
}

/** u16 number of groups (always 1), u16 length of its name, the name: in front of every message. */
export function groupHeader(group: string): Uint8Array {
  const name = encodeText(group)
  const header = new Uint8Array(4 + name.byteLength)
  putU16(header, 0, 1)
  putU16(header, 2, name.byteLength)
  header.set(name, 4)
  return header
}

/**
 * Packs the messages of one lane: small ones share a frame, long ones take several. A message that fits one frame is
 * never cut, so that only long messages can be torn by a change of membership.
 */
export class Packer {
  readonly #origin: NodeId
  readonly #room: number
  /** Parts of the frame that is being filled, end to end. */
  readonly #staged: Uint8Array
  #lengths: number[] = []
  #used = 0
  readonly #numbers: { readonly first: number; readonly last: number }
  #chain: number
  #continuation = 0
  readonly #emit: (frame: Uint8Array) => void

  /** `emit` takes each finished frame, complete but for its place in the order. */
  constructor(origin: NodeId, netMtu: number, lane: Lane, emit: (frame: Uint8Array) => void) {
    this.#origin = origin
    this.#numbers = chainNumbers[lane]
    this.#chain = this.#numbers.last
    this.#room = partsRoom(netMtu)
    invariant(this.#room > partLengthBytes, 'a frame has room for a message', { netMtu })
    this.#staged = new Uint8Array(this.#room)
    this.#emit = emit
  }

  /** True when a frame is half filled. */
  get staging(): boolean {
    return this.#lengths.length > 0
  }

  /** Frames that a message of so many bytes may need, the one that it finds half filled included. */
  framesFor(bytes: number): number {
    return Math.ceil(bytes / (this.#room - partLengthBytes)) + 1
  }

  /** Packs one message, given as two pieces to be joined. Both are copied. */
  add(header: Uint8Array, body: Uint8Array): void {
    const length = header.byteLength + body.byteLength
    if (length <= this.#room - partLengthBytes) {
      if (length > this.#space()) this.flush()
      this.#stage(header, body, 0, length)
      return
    }
    for (let from = 0; from < length; ) {
      if (this.#space() <= 0) this.flush()
      const to = Math.min(length, from + this.#space())
      this.#stage(header, body, from, to)
      if (to < length) {
        this.#chain = this.#chain === this.#numbers.last ? this.#numbers.first : this.#chain + 1
        this.#close(this.#chain)
      }
      from = to
    }
  }

  /** Closes the frame that is being filled. */
  flush(): void {
    if (this.staging) this.#close(0)
  }

  #space(): number {
    return this.#room - this.#used - partLengthBytes * (this.#lengths.length + 1)
  }

  /** Stages bytes `from`..`to` of the message that header and body make together. */
  #stage(header: Uint8Array, body: Uint8Array, from: number, to: number): void {
    const split = header.byteLength
    if (from < split) this.#staged.set(header.subarray(from, Math.min(to, split)), this.#used)
    if (to > split) {
      const start = Math.max(0, from - split)
      this.#staged.set(body.subarray(start, to - split), this.#used + Math.max(0, split - from))
    }
    this.#used += to - from
    this.#lengths.push(to - from)
  }

  #close(fragmented: number): void {
    const count = this.#lengths.length
    const table = mcastLayout.size + packingHeaderBytes
    const frame = messageBytes(table + count * partLengthBytes + this.#used)
    startMcast(frame, this.#origin, false)
    frame[mcastLayout.size + fragmentedAt] = fragmented
    frame[mcastLayout.size + continuationAt] = this.#continuation
    putU16(frame, mcastLayout.size + partCountAt, count)
    for (let part = 0; part < count; part += 1) {
      putU16(frame, table + part * partLengthBytes, this.#lengths[part] as number)
    }
    frame.set(this.#staged.subarray(0, this.#used), table + count * partLengthBytes)
    this.#continuation = fragmented
    this.#lengths = []
    this.#used = 0
    this.#emit(frame)
  }
}
