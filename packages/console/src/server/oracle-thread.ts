import { Worker } from 'node:worker_threads'
import { failed } from '@quorate/base'
import { usableCib, versionOf, versionText } from '@quorate/cib'
import type { XmlElement } from '@quorate/xml'
import { limits } from '../api/index.ts'
import { type Answer, Oracle, type Question } from '../cluster/question.ts'

/** What the thread is asked. */
export type OracleOrder = {
  readonly id: number
  /** Left out where it is that of the order before. */
  readonly cib: XmlElement | undefined
  readonly nowMs: number
  readonly question: Question
}

/** What it answers; `fault` is an error of this program. */
export type OracleReply = {
  readonly id: number
  readonly answer: Answer | undefined
  readonly fault: string | undefined
}

/** Who answers questions about a CIB as of a moment. */
export type Thinker = {
  readonly ask: (cib: XmlElement, nowMs: number, question: Question) => Promise<Answer>
  readonly close: () => Promise<void>
}

/** A question that takes longer than this will not get better by waiting, in milliseconds. */
const answerTimeoutMs = 120_000

type Waiting = {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/**
 * The scheduler in a thread of its own: a preview of a thousand moves must not keep the server from telling what happens.
 * Started at the first question; one that dies is replaced at the next.
 */
export class OracleThread implements Thinker {
  #worker: Worker | undefined
  #last: XmlElement | undefined
  #orders = 0
  readonly #waiting = new Map<number, Waiting>()

  ask(cib: XmlElement, nowMs: number, question: Question): Promise<Answer> {
    if (this.#waiting.size >= limits.questionsWaitingMax) {
      const detail = `${limits.questionsWaitingMax} questions wait for the scheduler already`
      return Promise.resolve(failed({ code: 'tooMany', detail, params: {} }))
    }
    const worker = this.#worker ?? this.#start()
    this.#worker = worker
    this.#orders += 1
    const id = this.#orders
    const isSame = this.#last === cib
    this.#last = cib
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        void worker.terminate()
        this.#lose(worker, new Error(`the scheduler did not answer within ${answerTimeoutMs / 1000} s`))
      }, answerTimeoutMs)
      this.#waiting.set(id, { resolve, reject, timer })
      const order: OracleOrder = { id, cib: isSame ? undefined : cib, nowMs, question }
      worker.postMessage(order)
    })
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    this.#lose(worker, new Error('the console ends'))
    await worker.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./oracle-worker.js', import.meta.url))
    worker.on('message', ({ id, answer, fault }: OracleReply) => {
      const waiting = this.#waiting.get(id)
      if (waiting === undefined) return
      this.#waiting.delete(id)
      clearTimeout(waiting.timer)
      if (answer === undefined) waiting.reject(new Error(fault))
      else waiting.resolve(answer)
    })
    worker.on('error', (error) => this.#lose(worker, error))
    worker.on('exit', (code) => this.#lose(worker, new Error(`the scheduler's thread ended with ${code}`)))
    worker.unref()
    return worker
  }

  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#last = undefined
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#waiting.clear()
  }
}

/** The same without a thread: for tests, which run from sources. */
export function inlineThinker(): Thinker {
  const oracle = new Oracle()
  return {
    ask: async (cib, nowMs, question) => oracle.answer(cib, question, momentOf(nowMs)),
    close: async () => undefined,
  }
}

/** A moment as the scheduler takes it. */
export function momentOf(nowMs: number): { readonly nowSeconds: number; readonly utcOffsetSeconds: number } {
  return { nowSeconds: Math.floor(nowMs / 1000), utcOffsetSeconds: -60 * new Date(nowMs).getTimezoneOffset() }
}

/** Version of a CIB as the contract has it. */
export function versionIn(cib: XmlElement): string {
  return versionText(versionOf(cib))
}

/** A CIB as the scheduler understands it; as it is where it cannot be brought to that. */
export function readable(cib: XmlElement): XmlElement {
  const usable = usableCib(cib)
  return usable.ok ? usable.cib : cib
}
