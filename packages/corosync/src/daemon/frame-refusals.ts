/** How long a sender of bad packets stays unmentioned after it was named once, ms. */
const quietMs = 1000
/** Most senders that are named within {@link quietMs}: sources can be made up. */
export const sendersMax = 32

/** Counts packets that were refused, and says so at most once a second for each sender, and for so many senders. */
export class FrameRefusals {
  readonly #say: (text: string) => void
  readonly #senders = new Map<string, { saidAt: number; silent: number }>()
  #count = 0

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  get count(): number {
    return this.#count
  }

  refused(source: string, why: string, nowMs: number): void {
    this.#count += 1
    const known = this.#senders.get(source)
    if (known !== undefined && nowMs - known.saidAt < quietMs) {
      known.silent += 1
      return
    }
    if (known === undefined && !this.#hasRoom(nowMs)) return
    const more = known !== undefined && known.silent > 0 ? `, and ${known.silent} more since` : ''
    this.#senders.set(source, { saidAt: nowMs, silent: 0 })
    this.#say(`Packet of ${source} dropped: ${why}${more}`)
  }

  /** Whether one more sender may be named now; those that were named long enough ago make room. */
  #hasRoom(nowMs: number): boolean {
    if (this.#senders.size < sendersMax) return true
    for (const [source, { saidAt }] of this.#senders) if (nowMs - saidAt >= quietMs) this.#senders.delete(source)
    return this.#senders.size < sendersMax
  }
}
