import { type DataPacket, knetFrameBytesMax } from './packet.ts'

/** Frames of one sender that may be incomplete at a time; the oldest goes when one more begins. */
export const incompleteFramesMax = 32

type Incomplete = { readonly parts: (Uint8Array | undefined)[]; missing: number; bytes: number }

/** Puts the frames of one sender together again. */
export class Reassembly {
  /** In the order in which their first parts came. */
  readonly #incomplete = new Map<number, Incomplete>()

  /** Frames that wait for parts. */
  get waiting(): number {
    return this.#incomplete.size
  }

  /** Takes a packet in; answers the frame that is complete with it. Parts that do not fit their frame are dropped. */
  take({ seq, fragments, fragment, payload }: DataPacket): Uint8Array | undefined {
    if (fragments === 1) return payload
    const frame = this.#frameOf(seq, fragments)
    if (frame.parts[fragment - 1] !== undefined) return undefined
    frame.parts[fragment - 1] = payload
    frame.missing -= 1
    frame.bytes += payload.byteLength
    if (frame.bytes > knetFrameBytesMax) {
      this.#incomplete.delete(seq)
      return undefined
    }
    if (frame.missing > 0) return undefined
    this.#incomplete.delete(seq)
    const whole = new Uint8Array(frame.bytes)
    let at = 0
    for (const part of frame.parts as readonly Uint8Array[]) {
      whole.set(part, at)
      at += part.byteLength
    }
    return whole
  }

  clear(): void {
    this.#incomplete.clear()
  }

  #frameOf(seq: number, fragments: number): Incomplete {
    const known = this.#incomplete.get(seq)
    if (known !== undefined && known.parts.length === fragments) return known
    this.#incomplete.delete(seq)
    const oldest = this.#incomplete.keys().next()
    if (this.#incomplete.size >= incompleteFramesMax && !oldest.done) this.#incomplete.delete(oldest.value)
    const frame = { parts: new Array<Uint8Array | undefined>(fragments).fill(undefined), missing: fragments, bytes: 0 }
    this.#incomplete.set(seq, frame)
    return frame
  }
}
