import { Worker } from 'node:worker_threads'
import type { XmlElement } from '@quorate/xml'
import type { ScheduleResult } from '../controller/state.ts'

/** What the thread is asked. */
export type ScheduleOrder = { readonly id: number; readonly cib: XmlElement; readonly epochS: number }

/** What it answers: the graph, or why there is none, and what the scheduler said on the way. */
export type ScheduleAnswer = {
  readonly id: number
  readonly graph: XmlElement | undefined
  /** Where the input was saved. */
  readonly inputFile: string | undefined
  readonly lines: readonly { readonly level: 'error' | 'warning' | 'notice' | 'info'; readonly text: string }[]
  readonly fault: string | undefined
}

/** A CIB that takes longer than this to schedule will not get better by waiting (behaviour/pacemaker-daemons.md 2.9). */
const scheduleTimeoutMs = 120_000

type Waiting = {
  readonly resolve: (answer: ScheduleAnswer) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/**
 * The scheduler in a thread of its own: computing a large cluster must not keep the daemon from answering. Started once
 * and kept, because a warm thread answers in a fraction of the time; a thread that dies is replaced at the next order.
 */
export class SchedulerThread {
  #worker: Worker | undefined
  #orders = 0
  readonly #waiting = new Map<number, Waiting>()
  readonly #inputFolder: string

  /** `inputFolder`: where inputs are saved. */
  constructor(inputFolder: string) {
    this.#inputFolder = inputFolder
    this.#worker = this.#start()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./scheduler-worker.js', import.meta.url), { workerData: this.#inputFolder })
    worker.on('message', (answer: ScheduleAnswer) => {
      const waiting = this.#waiting.get(answer.id)
      if (waiting === undefined) return
      this.#waiting.delete(answer.id)
      clearTimeout(waiting.timer)
      waiting.resolve(answer)
    })
    worker.on('error', (error) => this.#lose(error))
    worker.on('exit', (code) => this.#lose(new Error(`the scheduler's thread ended with ${code}`)))
    worker.unref()
    return worker
  }

  #lose(error: Error): void {
    this.#worker = undefined
    for (const [id, { reject, timer }] of this.#waiting) {
      clearTimeout(timer)
      this.#waiting.delete(id)
      reject(error)
    }
  }

  /** Computes the graph for a CIB as it is at a moment. @throws Error when the thread fails or takes too long */
  run(cib: XmlElement, epochS: number): Promise<ScheduleAnswer> {
    this.#worker ??= this.#start()
    const worker = this.#worker
    this.#orders += 1
    const order: ScheduleOrder = { id: this.#orders, cib, epochS }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        void worker.terminate()
        this.#lose(new Error(`the scheduler did not answer within ${scheduleTimeoutMs / 1000} s`))
      }, scheduleTimeoutMs)
      this.#waiting.set(order.id, { resolve, reject, timer })
      worker.postMessage(order)
    })
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}

/** The answer in the controller's words. */
export function scheduleResult(answer: ScheduleAnswer): ScheduleResult {
  if (answer.graph === undefined) return { ok: false, reason: answer.fault ?? 'no graph' }
  return { ok: true, graph: answer.graph, inputFile: answer.inputFile }
}
