/**
 * One change at a time for each machine, whatever it was called by. Were an `off` to come between the stop and the start
 * of a reboot, it would find the machine off, say so, and be undone a moment later.
 */
export class MachineTurns {
  /** The end of the queue of each machine that is being changed. */
  readonly #tails = new Map<string, Promise<unknown>>()
  #finished = 0

  /** Counts the changes that are over: what was seen of a machine before it moved on may be so no longer. */
  get finished(): number {
    return this.#finished
  }

  /** Does the work when all that was begun before on this machine is over. */
  async take<T>(uuid: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(uuid)
    const mine = before === undefined ? work() : before.then(work)
    const tail = mine.then(
      () => undefined,
      () => undefined,
    )
    this.#tails.set(uuid, tail)
    try {
      return await mine
    } finally {
      this.#finished += 1
      if (this.#tails.get(uuid) === tail) this.#tails.delete(uuid)
    }
  }
}
