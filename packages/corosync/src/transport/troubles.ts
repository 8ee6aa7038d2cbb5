/** How long a text stays unsaid after it was said, ms. */
const quietMs = 1000
/** Most texts that are remembered as said. */
const textsMax = 1000

/** What goes wrong with packets: told at most once a second for each text. */
export class Troubles {
  readonly #say: (text: string) => void
  readonly #saidAt = new Map<string, number>()

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  tell(text: string): void {
    const now = performance.now()
    const last = this.#saidAt.get(text)
    if (last !== undefined && now - last < quietMs) return
    if (this.#saidAt.size >= textsMax) this.#saidAt.clear()
    this.#saidAt.set(text, now)
    this.#say(text)
  }
}
