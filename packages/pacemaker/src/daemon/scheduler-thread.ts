import { Worker } from 'node:worker_threads'
import type { XmlElement } from '@quorate/xml'
import type { ScheduleResult } from '../controller/state.ts'

/** What the thread is asked. */
export type ScheduleOrder = {
  readonly id: number
  readonly cib: XmlElement
  readonly epochS: number
  /** Only to be ready for the next one: nothing is saved. */
  readonly isRehearsal: boolean
}

/** What it answers: the graph, or why there is none, and what the scheduler said on the way. */
export type ScheduleAnswer = {
  readonly id: number
  readonly graph: XmlElement | undefined
  /** Where the input was saved. */
  readonly inputFile: string | undefined
  readonly lines: readonly { readonly level: 'crit' | 'error' | 'warning' | 'notice' | 'info'; readonly text: string }[]
  readonly fault: string | undefined
}

/** A CIB that takes longer than this to schedule will not get better by waiting (behaviour/pacemaker-daemons.md 2.9). */
const scheduleTimeoutMs = 120_000

type Waiting = {
  readonly worker: Worker
  readonly resolve: (answer: ScheduleAnswer) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/**
 * The scheduler in a thread of its own: computing a large cluster must not keep the daemon from answering. Started at the
 * first order and kept, because a warm thread answers in a fraction of the time; a thread that dies is replaced at the
 * next order.
 */
export class SchedulerThread {
  #worker: Worker | undefined
  #orders = 0
  readonly #waiting = new Map<number, Waiting>()
  readonly #inputFolder: string

  /** `inputFolder`: where inputs are saved. */
  constructor(inputFolder: string) {
    this.#inputFolder = inputFolder
  }

  /**
   * Starts the thread and lets it compute once, so that it is fast when it matters. Nodes that do not lead do this in a
   * quiet moment: when the DC dies, the next one has no time for it.
   */
  async rehearse(cib: XmlElement, epochS: number): Promise<void> {
    if (this.#worker !== undefined) return
    await this.#order(cib, epochS, true).catch(() => undefined)
  }

  /** Computes the graph for a CIB as it is at a moment. @throws Error when the thread fails or takes too long */
  run(cib: XmlElement, epochS: number): Promise<ScheduleAnswer> {
    return this.#order(cib, epochS, false)
  }

  #order(cib: XmlElement, epochS: number, isRehearsal: boolean): Promise<ScheduleAnswer> {
    const worker = this.#worker ?? this.#start()
    this.#worker = worker
    this.#orders += 1
    const order: ScheduleOrder = { id: this.#orders, cib, epochS, isRehearsal }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        void worker.terminate()
        this.#lose(worker, new Error(`the scheduler did not answer within ${scheduleTimeoutMs / 1000} s`))
      }, scheduleTimeoutMs)
      this.#waiting.set(order.id, { worker, resolve, reject, timer })
      worker.postMessage(order)
    })
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
    worker.on('error', (error) => this.#lose(worker, error))
    worker.on('exit', (code) => this.#lose(worker, new Error(`the scheduler's thread ended with ${code}`)))
    worker.unref()
    return worker
  }

  /** A thread has gone, and with it the orders that it had; those of its successor go on. */
  #lose(worker: Worker, error: Error): void {
    if (this.#worker === worker) this.#worker = undefined
    for (const [id, waiting] of this.#waiting) {
      if (waiting.worker !== worker) continue
      clearTimeout(waiting.timer)
      this.#waiting.delete(id)
      waiting.reject(error)
    }
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
