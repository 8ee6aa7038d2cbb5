import { type Host, responses } from '../operation.ts'
import type { Backend, PlainOperation } from './backend.ts'
import type { Journal } from './journal.ts'

/** Says its message and fails everything but monitor. For trying listeners out. */
export class NullBackend implements Backend {
  readonly kind = 'null'
  readonly #message: string
  readonly #journal: Journal

  constructor(message: string, journal: Journal) {
    this.#message = message
    this.#journal = journal
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async perform(operation: PlainOperation, target: string): Promise<number> {
    if (operation === 'monitor') return responses.success
    this.#journal.info(`null: ${operation} '${target}': ${this.#message}`)
    return responses.fail
  }

  async hosts(): Promise<readonly Host[] | undefined> {
    return undefined
  }

  describe(): Readonly<Record<string, string>> {
    return { message: this.#message }
  }
}
