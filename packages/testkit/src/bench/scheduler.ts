import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { outputsOf } from '../conformance/run-case.ts'
import { defaultSuite, readSuite } from '../conformance/suite.ts'
import type { Bench } from './bench.ts'
import type { WarmFigures } from './scheduler-warm.ts'

const real = '/usr/sbin/crm_simulate'
const timer = '/usr/bin/time'
const limiter = '/usr/bin/prlimit'
const here = path.dirname(fileURLToPath(import.meta.url))
const repository = path.resolve(here, '../../../..')
const launcher = path.join(repository, 'packages/cli/bin/quorate.cjs')

/** Nodes and resources of the inputs; each is made with a history of every probe, and with none. */
const sizes: readonly (readonly [nodes: number, resources: number])[] = [
  [16, 500],
  [32, 1000],
  [16, 2000],
  [16, 5000],
  [64, 2500],
]
/** The size at which `crm_simulate -S` is measured, from nothing. */
const simulated = [16, 100] as const
const warmTurns = 6
const outputBytesMax = 1024 ** 3
/** Processor time that the real program may take for one input, in seconds, where nothing else is asked for. */
const patienceCpuSeconds = '600'

const usage = `Usage: npm run bench -- scheduler [--only TEXT] [--reps N] [--real-reps N] [--no-real] [--patience SECONDS]

Wall time, processor time and memory of crm_simulate --run, the real one and ours, on CIBs of gen-cib.mjs
(--only: those whose name, like '16x500 with history', contains TEXT; 'suite', 'simulate'), then of --simulate, then of the suite's small inputs in process.
Of several repetitions the best counts. The real one is stopped after that much processor time for an input (--patience,
${patienceCpuSeconds} by itself); its figures and the ratios are then less than what it would have needed, and marked with >.
`

type Cost = {
  readonly wallMs: number
  readonly cpuMs: number
  readonly residentKb: number
  /** It was stopped before it was through. */
  readonly isCut: boolean
}
type Input = { readonly name: string; readonly nodes: number; readonly resources: number; readonly event: string }
type Plan = {
  readonly folder: string
  readonly reps: number
  readonly realReps: number
  readonly patience: number
}

/** crm_simulate, the real one and ours in the same run: wall time, processor time, memory and how they grow. */
export const scheduler: Bench = async (argv) => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', default: '' },
      reps: { type: 'string', default: '3' },
      'real-reps': { type: 'string', default: '1' },
      'no-real': { type: 'boolean', default: false },
      patience: { type: 'string', default: patienceCpuSeconds },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const realReps = values['no-real'] ? 0 : Number(values['real-reps'])
  const lacks = [timer, limiter, generator(), ...(realReps > 0 ? [real] : [])].filter((file) => !fs.existsSync(file))
  if (lacks.length > 0) {
    process.stderr.write(`scheduler: not run: ${lacks.join(', ')} missing\n`)
    return 1
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-bench-'))
  try {
    const plan = { folder, reps: Number(values.reps), realReps, patience: Number(values.patience) }
    runs(plan, values.only)
    if (`simulate ${simulated.join('x')}`.includes(values.only)) simulateRow(plan)
    if ('suite'.includes(values.only)) suiteRow()
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
  return 0
}

function generator(): string {
  return path.join(process.env['QUORATE_SHARED'] ?? path.join(repository, '..', 'shared'), 'tools', 'gen-cib.mjs')
}

function inputs(): readonly Input[] {
  return ['standby', 'startup'].flatMap((event) =>
    sizes.map(([nodes, resources]) => ({
      name: `${nodes}x${resources} ${event === 'startup' ? 'from nothing' : 'with history'}`,
      nodes,
      resources,
      event,
    })),
  )
}

function generate({ nodes, resources, event }: Omit<Input, 'name'>, folder: string): string {
  const file = path.join(folder, `${nodes}x${resources}-${event}.xml`)
  const argv = [generator(), '--nodes', String(nodes), '--rsc', String(resources), '--event', event]
  const made = spawnSync(process.execPath, argv, { maxBuffer: outputBytesMax })
  if (made.status !== 0) throw new Error(`gen-cib.mjs: ${made.stderr.toString()}`)
  fs.writeFileSync(file, made.stdout)
  return file
}

/** With extra certificates of this machine Node reads them all before it begins: 50 ms that no cluster node has. */
const plainEnvironment = { ...process.env, NODE_EXTRA_CA_CERTS: undefined }

/** The best of several runs, each figure for itself. @throws Error where a run fails by itself */
function cost(argv: readonly string[], reps: number, { folder, patience }: Plan): Cost {
  const report = path.join(folder, 'time')
  const none = Number.POSITIVE_INFINITY
  let best: Cost = { wallMs: none, cpuMs: none, residentKb: none, isCut: false }
  for (let rep = 0; rep < reps && !best.isCut; rep += 1) {
    const limited = [limiter, `--cpu=${patience}`, ...argv]
    const began = performance.now()
    const ran = spawnSync(timer, ['-f', '%U %S %M', '-o', report, ...limited], {
      env: plainEnvironment,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const wallMs = performance.now() - began
    const lines = fs.readFileSync(report, 'utf8').trim().split('\n')
    // The kernel's last resort, where the limit is a hard one, is SIGKILL: time says so in a line before its figures.
    const isCut = /terminated by signal/.test(lines[0] ?? '')
    if (ran.status !== 0 && !isCut) throw new Error(`${argv.join(' ')}: exit ${ran.status}: ${ran.stderr.toString()}`)
    const [user = 0, system = 0, residentKb = 0] = (lines.at(-1) ?? '').split(/\s/).map(Number)
    const cpuMs = (user + system) * 1000
    best = {
      wallMs: Math.min(best.wallMs, wallMs),
      cpuMs: Math.min(best.cpuMs, cpuMs),
      residentKb: Math.min(best.residentKb, residentKb),
      isCut,
    }
  }
  return best
}

function costOfOurs(argv: readonly string[], plan: Plan): Cost {
  const ours = cost([process.execPath, launcher, 'crm_simulate', ...argv], plan.reps, plan)
  if (ours.isCut) throw new Error(`ours was not through after ${plan.patience} s of processor time: ${argv.join(' ')}`)
  return ours
}

function runs(plan: Plan, only: string): void {
  line(
    'input',
    'real wall',
    'cpu',
    'MB',
    'ours wall',
    'cpu',
    'MB',
    'warm',
    'decide',
    'wall x',
    'cpu x',
    'warm x',
    'MB x',
  )
  const growth = new Map<string, { readonly resources: number; readonly real: Cost; readonly ours: Cost }[]>()
  for (const input of inputs().filter(({ name }) => name.includes(only))) {
    const file = generate(input, plan.folder)
    const argv = ['--run', '--xml-file', file, '--save-graph', path.join(plan.folder, 'graph')]
    const c = cost([real, ...argv], plan.realReps, plan)
    const ours = costOfOurs(argv, plan)
    const warm = warmFigures(file)
    fs.rmSync(file)
    line(input.name, ...figures(c, ours, warm))
    const series = `${input.nodes} nodes ${input.event === 'startup' ? 'from nothing' : 'with history'}`
    growth.set(series, [...(growth.get(series) ?? []), { resources: input.resources, real: c, ours }])
  }
  for (const [series, points] of growth) {
    const [first, last] = [points[0], points.at(-1)]
    if (first === undefined || last === undefined || first === last) continue
    const exponent = (of: 'real' | 'ours'): string => {
      const power = Math.log(last[of].cpuMs / first[of].cpuMs) / Math.log(last.resources / first.resources)
      return `${last[of].isCut ? '>' : ''}${power.toFixed(2)}`
    }
    process.stdout.write(
      `growth of processor time with resources, ${series}: real ${exponent('real')}, ours ${exponent('ours')}\n`,
    )
  }
}

function warmFigures(file: string): WarmFigures {
  const argv = [path.join(here, 'scheduler-warm.js'), file, String(warmTurns)]
  const ran = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(`scheduler-warm: ${ran.stderr}`)
  return JSON.parse(ran.stdout) as WarmFigures
}

function figures(c: Cost, ours: Cost, warm: WarmFigures): readonly string[] {
  const ms = (value: number): string => (value / 1000).toFixed(2)
  const mb = (value: number): string => (value / 1024).toFixed(0)
  const atLeast = (text: string): string => (c.isCut ? `>${text}` : text)
  return [
    ...[ms(c.wallMs), ms(c.cpuMs), mb(c.residentKb)].map(atLeast),
    ...[ms(ours.wallMs), ms(ours.cpuMs), mb(ours.residentKb)],
    ...[ms(warm.wholeMs), ms(warm.decideMs)],
    ...[c.wallMs / ours.wallMs, c.cpuMs / ours.cpuMs, c.wallMs / warm.wholeMs].map((value) =>
      atLeast(value.toFixed(1)),
    ),
    (ours.residentKb / c.residentKb).toFixed(2),
  ]
}

const nameWidth = 24
const figureWidth = 10

function line(name: string, ...columns: readonly string[]): void {
  const cells = columns.map((column) => column.padStart(figureWidth)).join('')
  process.stdout.write(`${name.padEnd(nameWidth)}${cells}\n`)
}

function simulateRow(plan: Plan): void {
  const { folder, realReps } = plan
  const [nodes, resources] = simulated
  const file = generate({ nodes, resources, event: 'startup' }, folder)
  const argv = ['--simulate', '--xml-file', file]
  const c = cost([real, ...argv], realReps, plan)
  const ours = costOfOurs(argv, plan)
  const seconds = (of: Cost): string =>
    `${(of.wallMs / 1000).toFixed(2)} s (cpu ${(of.cpuMs / 1000).toFixed(2)} s, ${(of.residentKb / 1024).toFixed(0)} MB)`
  process.stdout.write(
    `--simulate ${nodes}x${resources} from nothing: real ${seconds(c)}, ours ${seconds(ours)}, ratio ${c.isCut ? '>' : ''}${(c.wallMs / ours.wallMs).toFixed(0)}\n`,
  )
}

/** Each case makes every output (graph, picture, scores, summary), by two runs as the suite's driver does; half of it counts. */
function suiteRow(): void {
  const cases = readSuite(defaultSuite(repository))
  const nowSeconds = Math.floor(Date.now() / 1000)
  const best = cases.map(() => Number.POSITIVE_INFINITY)
  for (let turn = 0; turn < warmTurns; turn += 1) {
    for (const [i, item] of cases.entries()) {
      const began = performance.now()
      outputsOf(item, nowSeconds)
      best[i] = Math.min(best[i] ?? Number.POSITIVE_INFINITY, (performance.now() - began) / 2)
    }
  }
  const sorted = best.toSorted((a, b) => a - b)
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN).toFixed(2)
  process.stdout.write(
    `suite, ${cases.length} cases in process, a --simulate with every output: median ${at(0.5)} ms, p90 ${at(0.9)} ms, most ${at(1)} ms\n`,
  )
}
