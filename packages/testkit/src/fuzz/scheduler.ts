import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { formatXml } from '@quorate/xml'
import { defaultSuite } from '../conformance/suite.ts'
import { inputOf, readSamples, runInput } from './scheduler-input.ts'

const usage = `Usage: npm run fuzz -- [--inputs N] [--seed N] [--from N] [--violations N] [--suite DIR]
       npm run fuzz -- --case N [--seed N] [--save FILE]

Throws N inputs (default 1000000), mutated from those of the scheduler suite, at the scheduler and every fourth at the
simulation too. A violation is an exception, or a run of more than 2 s; it is told with its seed and number, and the run
stops after as many as --violations says (default 1). --case does that one input alone; --save writes it to a file.
`

/** A run may take no longer. */
const slowMs = 2_000
/** After this long without an end a run is taken for one that never ends. */
const hangMs = 20_000
/** A line says how far it is after every so many inputs. */
const progressInputs = 20_000

type Work = {
  readonly suite: string
  readonly seed: number
  readonly from: number
  readonly total: number
  /** Number of the input that is being run. */
  readonly at: SharedArrayBuffer
}

type Report =
  | { readonly kind: 'violation'; readonly index: number; readonly sample: string; readonly text: string }
  | { readonly kind: 'progress'; readonly done: number; readonly slowestMs: number; readonly slowest: number }

/**
 * A time from which to measure what a run takes: of the clock's and the process's own processor time the shorter, so
 * that a machine that is busy with other things makes no run slow, and V8's threads beside it neither.
 */
function stopwatch(): () => number {
  const [clock, processor] = [performance.now(), process.cpuUsage()]
  return () => {
    const { user, system } = process.cpuUsage(processor)
    return Math.min(performance.now() - clock, (user + system) / 1000)
  }
}

/** The half that runs inputs. */
function runAll(work: Work, tell: (report: Report) => void): void {
  const samples = readSamples(work.suite)
  const at = new Int32Array(work.at)
  let [slowestMs, slowest] = [0, work.from]
  for (let index = work.from; index < work.from + work.total; index += 1) {
    Atomics.store(at, 0, index)
    const input = inputOf(work.seed, index, samples)
    const elapsedMs = stopwatch()
    let text: string | undefined
    try {
      runInput(input, index)
    } catch (error) {
      text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    }
    const tookMs = elapsedMs()
    if (tookMs > slowestMs) [slowestMs, slowest] = [tookMs, index]
    if (tookMs > slowMs) text ??= `took ${tookMs.toFixed(0)} ms`
    if (text !== undefined) tell({ kind: 'violation', index, sample: input.sample, text })
    const done = index + 1 - work.from
    if (done % progressInputs === 0 || done === work.total) tell({ kind: 'progress', done, slowestMs, slowest })
  }
}

/** How an input is named: with what makes it again. */
function labelOf(seed: number, index: number): string {
  return `fuzz scheduler: --seed ${seed} --case ${index}`
}

/** The half that watches: only it can tell of a run that never ends. */
function watch(work: Work, violationsMax: number): Promise<number> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: work })
  const at = new Int32Array(work.at)
  const began = performance.now()
  let violations = 0
  let last: Report & { kind: 'progress' } = { kind: 'progress', done: 0, slowestMs: 0, slowest: work.from }
  return new Promise((resolve) => {
    // By the stopwatch here too: a machine that is busy with other things makes no run endless.
    let [seen, sinceMs] = [-1, stopwatch()]
    const end = (code: number): void => {
      clearInterval(timer)
      const seconds = ((performance.now() - began) / 1000).toFixed(0)
      const verdict = violations === 0 ? 'no exception, no run over 2 s' : `${violations} violations`
      const slowest = `slowest ${last.slowestMs.toFixed(0)} ms (case ${last.slowest})`
      process.stdout.write(
        `fuzz scheduler: ${last.done} inputs, seed ${work.seed}, ${seconds} s: ${verdict}, ${slowest}\n`,
      )
      void worker.terminate().then(() => resolve(code))
    }
    const complain = (index: number, text: string): void => {
      violations += 1
      process.stderr.write(`${labelOf(work.seed, index)}: ${text}\n`)
      if (violations >= violationsMax) end(1)
    }
    const timer = setInterval(() => {
      const now = Atomics.load(at, 0)
      if (now !== seen) [seen, sinceMs] = [now, stopwatch()]
      else if (sinceMs() > hangMs) {
        violations += 1
        process.stderr.write(`${labelOf(work.seed, now)}: did not end in ${hangMs / 1000} s\n`)
        end(1)
      }
    }, 500)
    worker.on('message', (report: Report) => {
      if (report.kind === 'violation') return complain(report.index, `(${report.sample}) ${report.text}`)
      last = report
      if (report.done === work.total) end(violations === 0 ? 0 : 1)
      else process.stderr.write(`fuzz scheduler: ${report.done} inputs\n`)
    })
    worker.on('error', (error) => complain(Atomics.load(at, 0), error.stack ?? error.message))
  })
}

async function main(argv: readonly string[]): Promise<number> {
  const options = {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    violations: { type: 'string', default: '1' },
    suite: { type: 'string' },
    case: { type: 'string' },
    save: { type: 'string' },
    help: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args: [...argv], options })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
  const suite = values.suite ?? defaultSuite(repository)
  const seed = Number(values.seed)
  if (values.case !== undefined) return one(suite, seed, Number(values.case), values.save)
  const at = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  return watch({ suite, seed, from: Number(values.from), total: Number(values.inputs), at }, Number(values.violations))
}

/** Runs one input in this thread, for a debugger. */
function one(suite: string, seed: number, index: number, target: string | undefined): number {
  const input = inputOf(seed, index, readSamples(suite))
  const text = input.text ?? (input.root === undefined ? '' : formatXml(input.root))
  if (target !== undefined) fs.writeFileSync(target, text)
  const elapsedMs = stopwatch()
  runInput(input, index)
  process.stdout.write(`case ${index} of seed ${seed} (${input.sample}): ${elapsedMs().toFixed(1)} ms\n`)
  return 0
}

if (isMainThread) process.exitCode = await main(process.argv.slice(2))
else runAll(workerData as Work, (report) => parentPort?.postMessage(report))
