import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '@quorate/base'
import { schedule } from '@quorate/scheduler'
import { InputSeries } from './input-series.ts'
import type { ScheduleAnswer, ScheduleOrder } from './scheduler-thread.ts'

invariant(parentPort !== null, 'the scheduler runs in a thread of the daemon')
invariant(typeof workerData === 'string', 'the thread is given the folder of its inputs')
const port = parentPort
const inputs = new InputSeries(workerData)

port.on('message', (order: ScheduleOrder) => {
  port.postMessage(answer(order))
})

/** Scores are for simulations; everything else that the scheduler says is worth a line. */
function answer(order: ScheduleOrder): ScheduleAnswer {
  const { id, cib, epochS, isRehearsal } = order
  try {
    const utcOffsetSeconds = -60 * new Date(epochS * 1000).getTimezoneOffset()
    const { graph, log } = schedule(cib, { nowSeconds: epochS, utcOffsetSeconds })
    const lines = log.flatMap(({ kind, text }) => (kind === 'score' ? [] : [{ level: kind, text }]))
    const has = (level: string) => lines.some((line) => line.level === level)
    const kind = has('error') ? 'pe-error' : has('warning') ? 'pe-warn' : 'pe-input'
    const saved = isRehearsal ? { file: undefined, fault: undefined } : inputs.save(kind, cib, epochS)
    if (saved.fault !== undefined) lines.push({ level: 'warning', text: saved.fault })
    return { id, graph, inputFile: saved.file, lines, fault: undefined }
  } catch (error) {
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { id, graph: undefined, inputFile: undefined, lines: [], fault }
  }
}
