import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '@quorate/base'
import { usableCib } from '@quorate/cib'
import { type LogLine, schedule } from '@quorate/scheduler'
import { InputSeries } from './input-series.ts'
import type { ScheduleAnswer, ScheduleOrder } from './scheduler-thread.ts'

invariant(parentPort !== null, 'the scheduler runs in a thread of the daemon')
invariant(typeof workerData === 'string', 'the thread is given the folder of its inputs')
const port = parentPort
const inputs = new InputSeries(workerData)
/** Most runs of a rehearsal, and how long it goes on at the longest. */
const rehearsalsMax = 40
const rehearsalMs = 1_000

port.on('message', (order: ScheduleOrder) => {
  port.postMessage(order.isRehearsal ? rehearse(order) : answer(order))
})

/** Runs until V8 has compiled what an order runs through, but no longer than an order of this size may keep waiting. */
function rehearse(order: ScheduleOrder): ScheduleAnswer {
  const untilMs = performance.now() + rehearsalMs
  let last = answer(order)
  for (let run = 1; run < rehearsalsMax && performance.now() < untilMs; run += 1) {
    last = answer(order)
    inputs.rehearse(order.cib, order.epochS)
  }
  return last
}

/** The series that an input belongs to: how the cluster stands is no reason to keep one apart, but for what runs twice. */
function seriesOf(log: readonly LogLine[]): 'pe-error' | 'pe-warn' | 'pe-input' {
  const counts = log.filter((line) => line.isAboutStatus !== true || line.isRunError === true)
  if (counts.some(({ kind }) => kind === 'error')) return 'pe-error'
  return counts.some(({ kind }) => kind === 'warning') ? 'pe-warn' : 'pe-input'
}

/** Scores are for simulations; everything else that the scheduler says is worth a line. */
function answer(order: ScheduleOrder): ScheduleAnswer {
  const { id, cib, epochS, isRehearsal } = order
  try {
    const utcOffsetSeconds = -60 * new Date(epochS * 1000).getTimezoneOffset()
    const usable = usableCib(cib)
    if (!usable.ok) return { id, graph: undefined, inputFile: undefined, lines: [], fault: usable.reason }
    const { graph, log } = schedule(usable.cib, { nowSeconds: epochS, utcOffsetSeconds })
    const lines = log.flatMap(({ kind, text }) => (kind === 'score' ? [] : [{ level: kind, text }]))
    const kind = seriesOf(log)
    const saved = isRehearsal ? { file: undefined, fault: undefined } : inputs.save(kind, cib, epochS)
    if (saved.fault !== undefined) lines.push({ level: 'warning', text: saved.fault })
    return { id, graph, inputFile: saved.file, lines, fault: undefined }
  } catch (error) {
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { id, graph: undefined, inputFile: undefined, lines: [], fault }
  }
}
