/**
 * Keeps the events of one group in step with the quorum service. Both tell of nodes that the ring has lost or found, each
 * over a connection of its own and in no promised order; who heard of a loss from the group alone would act on a quorum
 * that is gone. So what follows a change of the ring waits until the quorum service has told of that ring.
 */
export class RingBarrier {
  readonly #held: (() => void)[] = []
  /** The ring that is waited for: its sequence, or `unnamed` until the group's service has told that. */
  #awaited: bigint | 'unnamed' | undefined

  /** True while events are kept back. */
  get isHolding(): boolean {
    return this.#awaited !== undefined
  }

  /** An event of the group, which runs at once or as soon as nothing has to be waited for; `isOfRing`: a new ring's. */
  pass(event: () => void, isOfRing = false): void {
    if (isOfRing) this.#awaited = 'unnamed'
    if (this.#awaited === undefined) event()
    else this.#held.push(event)
  }

  /** The group's service has told the ring that its events so far belong to; `known` is the quorum service's. */
  ring(seq: bigint, known: bigint): void {
    if (this.#awaited === undefined) return
    this.#awaited = seq
    this.reached(known)
  }

  /** The quorum service has told of a ring. */
  reached(known: bigint): void {
    if (typeof this.#awaited !== 'bigint' || known < this.#awaited) return
    this.#awaited = undefined
    for (const event of this.#held.splice(0)) event()
  }
}
