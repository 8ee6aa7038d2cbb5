import { type Group, isPermitted, visibleHosts } from '../groups.ts'
import { type Host, type OperationName, responses } from '../operation.ts'
import type { Backend } from './backend.ts'
import type { Journal } from './journal.ts'

/** Operations remembered for `--status`. */
export const lastOperationsMax = 32
/** Operations that may wait for one machine; more are answered as failed. */
export const waitingPerTargetMax = 64

/** A request that its listener has authenticated, with who asks. */
export type AskedOperation = {
  readonly operation: OperationName
  readonly target: string
  /** IP address, CID, or UUID of the guest. */
  readonly source: string
}

/** What goes back: a response byte, or hosts. */
export type Answer =
  | { readonly kind: 'response'; readonly response: number }
  | { readonly kind: 'hosts'; readonly hosts: readonly Host[] }

/** An operation that was answered. */
export type DoneOperation = AskedOperation & {
  /** Wall time, ISO 8601. */
  readonly at: string
  readonly tookMs: number
  readonly response: number
}

/** Operations that change a machine: one at a time for each. */
const changing: ReadonlySet<OperationName> = new Set(['off', 'on', 'reboot'])

/** Where all listeners bring their requests: permissions, one change at a time for each machine, the backend. */
export class FenceDesk {
  readonly #backend: Backend
  readonly #groups: readonly Group[]
  readonly #journal: Journal
  /** The end of the queue of each machine, and its length. */
  readonly #queues = new Map<string, { tail: Promise<unknown>; waiting: number }>()
  readonly #last: DoneOperation[] = []
  #answered = 0

  constructor(backend: Backend, groups: readonly Group[], journal: Journal) {
    this.#backend = backend
    this.#groups = groups
    this.#journal = journal
  }

  /** The last operations, newest first. */
  get lastOperations(): readonly DoneOperation[] {
    return this.#last.toReversed()
  }

  /** Operations answered since the start. */
  get answered(): number {
    return this.#answered
  }

  /** Carries out what was asked. Never rejects: trouble in the backend is answered as a failure and logged. */
  async handle(asked: AskedOperation): Promise<Answer> {
    const began = performance.now()
    const answer = await this.#decide(asked)
    const response = answer.kind === 'hosts' ? responses.success : answer.response
    this.#remember({ ...asked, at: new Date().toISOString(), tookMs: performance.now() - began, response })
    return answer
  }

  async #decide(asked: AskedOperation): Promise<Answer> {
    if (!isPermitted(this.#groups, asked.source, asked.operation, asked.target)) {
      this.#journal.info(`denied ${asked.operation} of '${asked.target}' to ${asked.source}`)
      return { kind: 'response', response: responses.denied }
    }
    try {
      if (asked.operation === 'list') return await this.#list(asked.source)
      const operation = asked.operation
      if (!changing.has(operation)) {
        return { kind: 'response', response: await this.#backend.perform(operation, asked.target) }
      }
      this.#journal.debug(1, `${operation} of '${asked.target}' asked by ${asked.source}`)
      const response = await this.#inTurn(asked.target, () => this.#backend.perform(operation, asked.target))
      const outcome = response === responses.success ? 'done' : `response ${response}`
      this.#journal.info(`${operation} of '${asked.target}' for ${asked.source}: ${outcome}`)
      return { kind: 'response', response }
    } catch (error) {
      this.#journal.error(`${asked.operation} of '${asked.target}': ${error instanceof Error ? error.message : error}`)
      return { kind: 'response', response: responses.fail }
    }
  }

  async #list(source: string): Promise<Answer> {
    const hosts = await this.#backend.hosts()
    if (hosts === undefined) return { kind: 'response', response: responses.fail }
    return { kind: 'hosts', hosts: visibleHosts(this.#groups, source, hosts) }
  }

  async #inTurn(target: string, work: () => Promise<number>): Promise<number> {
    const key = target.toLowerCase()
    const queue = this.#queues.get(key) ?? { tail: Promise.resolve(), waiting: 0 }
    if (queue.waiting >= waitingPerTargetMax) return responses.fail
    this.#queues.set(key, queue)
    queue.waiting += 1
    const mine = queue.tail.then(work)
    queue.tail = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      queue.waiting -= 1
      if (queue.waiting === 0) this.#queues.delete(key)
    }
  }

  #remember(done: DoneOperation): void {
    this.#answered += 1
    this.#last.push(done)
    if (this.#last.length > lastOperationsMax) this.#last.shift()
    this.#journal.debug(2, `${done.operation} '${done.target}' for ${done.source}: ${done.response}`)
  }
}
