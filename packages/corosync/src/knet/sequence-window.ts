/** Numbers that a window looks back on. */
export const sequenceWindowLength = 4096
/** Numbers of frames are 16 bits wide and wrap. */
const sequenceSpan = 65_536

/**
 * Which of the last frames of a sender have come already: with several links each comes more than once.
 *
 * A number far from all that were seen, before or behind, is that of a sender who has begun anew.
 */
export class SequenceWindow {
  readonly #seen = new Uint8Array(sequenceWindowLength)
  /** The highest number so far; undefined before the first. */
  #highest: number | undefined

  /** Whether the frame has come already. Changes nothing. */
  has(seq: number): boolean {
    if (this.#highest === undefined) return false
    return behind(this.#highest, seq) < sequenceWindowLength && this.#seen[seq % sequenceWindowLength] === 1
  }

  /** The frame has come. */
  add(seq: number): void {
    this.moveTo(seq)
    this.#seen[seq % sequenceWindowLength] = 1
  }

  /** The sender has come to this number, whether or not the frame has arrived. */
  moveTo(seq: number): void {
    const highest = this.#highest
    if (highest !== undefined && behind(highest, seq) < sequenceWindowLength) return
    const steps = highest === undefined ? sequenceSpan : behind(seq, highest)
    if (steps >= sequenceWindowLength) this.#seen.fill(0)
    else for (let i = 0; i < steps; i += 1) this.#seen[(seq - i + sequenceSpan) % sequenceWindowLength] = 0
    this.#highest = seq
  }

  /** The sender has begun anew. */
  clear(): void {
    this.#highest = undefined
    this.#seen.fill(0)
  }
}

/** How far `seq` lies behind `from`, 0..65535. */
function behind(from: number, seq: number): number {
  return (from - seq + sequenceSpan) % sequenceSpan
}
