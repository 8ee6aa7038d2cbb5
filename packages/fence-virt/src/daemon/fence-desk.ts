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

/** The same with its time as a number: texts are made when somebody asks. */
type Done = Omit<DoneOperation, 'at'> & { readonly atMs: number }

/** An answer, and what is to be written down of it. */
type Decision = { readonly answer: Answer; readonly info?: string; readonly error?: string }

/** Operations that change a machine: one at a time for each. */
const changing: ReadonlySet<OperationName> = new Set(['off', 'on', 'reboot'])

/** Where all listeners bring their requests: permissions, one change at a time for each machine, the backend. */
export class FenceDesk {
  readonly #backend: Backend
  readonly #groups: readonly Group[]
  readonly #journal: Journal
  /** The end of the queue of each machine, and its length. */
  readonly #queues = new Map<string, { tail: Promise<unknown>; waiting: number }>()
  readonly #last: Done[] = []
  #answered = 0
  /** Requests that are being carried out, and whom it concerns when they are done. */
  #underWay = 0
  #onIdle: () => void = () => undefined

  constructor(backend: Backend, groups: readonly Group[], journal: Journal) {
    this.#backend = backend
    this.#groups = groups
    this.#journal = journal
  }

  /** The last operations, newest first. */
  get lastOperations(): readonly DoneOperation[] {
    return this.#last.toReversed().map(({ atMs, ...done }) => ({ ...done, at: new Date(atMs).toISOString() }))
  }

  /** Operations answered since the start. */
  get answered(): number {
    return this.#answered
  }

  /** Resolves when everything is answered, after `msMax` at the latest. */
  async settled(msMax: number): Promise<void> {
    if (this.#underWay === 0) return
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, msMax)
      this.#onIdle = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }

  /**
   * Carries out what was asked and delivers the answer; only then is it written down, for which nobody has to wait.
   * Never rejects: trouble in the backend is answered as a failure.
   */
  handle(asked: AskedOperation, deliver: (answer: Answer) => void): void {
    const began = performance.now()
    const decision = this.#decide(asked)
    const conclude = ({ answer, info, error }: Decision): void => {
      deliver(answer)
      if (error !== undefined) this.#journal.error(error)
      if (info !== undefined) this.#journal.info(info)
      const response = answer.kind === 'hosts' ? responses.success : answer.response
      this.#remember({ ...asked, atMs: Date.now(), tookMs: performance.now() - began, response })
    }
    if (!(decision instanceof Promise)) return conclude(decision)
    this.#underWay += 1
    decision.then((decided) => {
      this.#underWay -= 1
      conclude(decided)
      if (this.#underWay === 0) this.#onIdle()
    })
  }

  /** A requester that has yet to prove itself is about to ask this, with the same object. */
  foresee(asked: AskedOperation): void {
    const { operation, target, source } = asked
    if (isPermitted(this.#groups, source, operation, target)) this.#backend.foresee?.(asked, operation, target)
  }

  #decide(asked: AskedOperation): Decision | Promise<Decision> {
    const { operation, target, source } = asked
    if (!isPermitted(this.#groups, source, operation, target)) {
      return { answer: responded(responses.denied), info: `denied ${operation} of '${target}' to ${source}` }
    }
    if (operation === 'list' || changing.has(operation)) return this.#await(asked, () => this.#ask(asked, operation))
    const response = this.#backend.perform(operation, target, asked)
    if (typeof response === 'number') return { answer: responded(response) }
    return this.#await(asked, async () => ({ answer: responded(await response) }))
  }

  async #await({ operation, target }: AskedOperation, work: () => Promise<Decision>): Promise<Decision> {
    try {
      return await work()
    } catch (error) {
      const why = error instanceof Error ? error.message : error
      return { answer: responded(responses.fail), error: `${operation} of '${target}': ${why}` }
    }
  }

  async #ask(asked: AskedOperation, operation: OperationName): Promise<Decision> {
    if (operation === 'list') return { answer: await this.#list(asked) }
    const { target, source } = asked
    this.#journal.debug(1, `${operation} of '${target}' asked by ${source}`)
    const response = await this.#inTurn(target, async () => this.#backend.perform(operation, target))
    const outcome = response === responses.success ? 'done' : `response ${response}`
    return { answer: responded(response), info: `${operation} of '${target}' for ${source}: ${outcome}` }
  }

  async #list(asked: AskedOperation): Promise<Answer> {
    const hosts = await this.#backend.hosts(asked)
    if (hosts === undefined) return { kind: 'response', response: responses.fail }
    return { kind: 'hosts', hosts: visibleHosts(this.#groups, asked.source, hosts) }
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

  #remember(done: Done): void {
    this.#answered += 1
    this.#last.push(done)
    if (this.#last.length > lastOperationsMax) this.#last.shift()
    this.#journal.debug(2, `${done.operation} '${done.target}' for ${done.source}: ${done.response}`)
  }
}

function responded(response: number): Answer {
  return { kind: 'response', response }
}
