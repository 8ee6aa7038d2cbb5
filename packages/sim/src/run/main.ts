#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { runClusterSeed } from '../cluster/cluster-seed.ts'
import { runRingSeed } from '../ring-seed.ts'
import { runServiceSeed } from '../service-seed.ts'

const help = `Usage: npm run sim -- --seed N [--seeds COUNT] [--nodes N] [--world WORLD] [--trace]

Runs clusters on a fake network and clock, with the faults that each seed draws.

  --seed N       first seed (default 1)
  --seeds COUNT  how many seeds in a row (default 1)
  --nodes N      nodes of every cluster, 1 to 16 (default: each seed draws them)
  --world WORLD  ring: nothing but the ring, checked for extended virtual synchrony (default)
                 services: whole corosync nodes, checked for what cpg and votequorum promise
                 clusters: corosync and Pacemaker on every machine, with agents, fencing devices and administrators,
                 checked for two copies of a resource, acknowledged changes of the CIB that are lost, and clusters
                 that do not come to rest once their faults have ended
  --trace        print what happens, a line each
  --help         this text

Exit status: 0 all seeds ran clean, 1 a seed found a fault, 2 the arguments are wrong.
`

/** How often the line of progress is renewed on a terminal, and written elsewhere. */
const renewMs = 500
const lineMs = 15_000

const worlds = ['ring', 'services', 'clusters'] as const

type World = (typeof worlds)[number]

type Wish = {
  readonly seed: bigint
  readonly seeds: number
  readonly nodeCount: number | undefined
  readonly world: World
  readonly trace: boolean
}

function readArguments(argv: readonly string[]): Wish | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      nodes: { type: 'string' },
      world: { type: 'string', default: 'ring' },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  if (!/^\d{1,18}$/.test(values.seed)) throw new RangeError(`--seed must be a number from 0, got ${values.seed}`)
  const nodeCount = values.nodes === undefined ? undefined : wholeNumber('--nodes', values.nodes, 16)
  const { trace } = values
  const world = worlds.find((name) => name === values.world)
  if (world === undefined) throw new RangeError(`--world must be ring, services or clusters, got ${values.world}`)
  return { seed: BigInt(values.seed), seeds: wholeNumber('--seeds', values.seeds, 1e9), nodeCount, world, trace }
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new RangeError(`${name} must be 1 to ${max}, got ${text}`)
  return value
}

/** What is added up over seeds: what every world has, and what it has checked, by name. */
type Sums = { steps: number; simulatedMs: number; readonly checked: Map<string, number> }

/** All that was promised by now has happened when the loop comes round again. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function runSeed({ world, nodeCount, trace }: Wish, seed: bigint, sums: Sums): Promise<void> {
  const options = {
    ...(nodeCount === undefined ? {} : { nodeCount }),
    ...(trace ? { trace: (line: string) => console.log(line) } : {}),
  }
  switch (world) {
    case 'ring': {
      const { counts, ...report } = runRingSeed(seed, options)
      return add(sums, report, { deliveries: counts.deliveries, 'changes of membership': counts.configurations })
    }
    case 'services': {
      const report = runServiceSeed(seed, options)
      return add(sums, report, { deliveries: report.deliveries, 'changes of membership': report.changes })
    }
    case 'clusters': {
      const report = await runClusterSeed(seed, { ...options, turn })
      const { schedules, fencings, writes, acknowledgements } = report
      return add(sums, report, {
        transitions: schedules,
        fencings,
        'starts and promotions': writes,
        'acknowledged changes of the CIB': acknowledgements,
      })
    }
    default:
      world satisfies never
  }
}

function add(
  sums: Sums,
  more: { readonly steps: number; readonly simulatedMs: number },
  checked: Readonly<Record<string, number>>,
): void {
  sums.steps += more.steps
  sums.simulatedMs += more.simulatedMs
  for (const [what, count] of Object.entries(checked)) sums.checked.set(what, (sums.checked.get(what) ?? 0) + count)
}

async function run(wish: Wish): Promise<number> {
  const began = performance.now()
  const progress = new Progress(wish.seeds)
  const sums: Sums = { steps: 0, simulatedMs: 0, checked: new Map() }
  for (let count = 0; count < wish.seeds; count += 1) {
    const seed = wish.seed + BigInt(count)
    try {
      await runSeed(wish, seed, sums)
    } catch (error) {
      console.error(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      const nodes = wish.nodeCount === undefined ? '' : ` --nodes ${wish.nodeCount}`
      const world = wish.world === 'ring' ? '' : ` --world ${wish.world}`
      console.error(`replay: npm run sim -- --seed ${seed}${nodes}${world} --trace`)
      return 1
    }
    progress.show(count + 1)
  }
  progress.end()
  const seconds = (performance.now() - began) / 1000
  console.log(
    `${wish.seeds} seeds clean: ${(sums.simulatedMs / 3_600_000).toFixed(2)} h simulated, ${sums.steps} events, ` +
      `${[...sums.checked].map(([what, count]) => `${count} ${what}`).join(', ')} checked, ` +
      `${seconds.toFixed(1)} s (${Math.round(sums.steps / seconds)} events/s)`,
  )
  return 0
}

/** Tells a person how far it has come: one line that is renewed on a terminal, now and then a line elsewhere. */
class Progress {
  readonly #seeds: number
  readonly #isTerminal = process.stderr.isTTY === true
  #shownAt = performance.now()

  constructor(seeds: number) {
    this.#seeds = seeds
  }

  show(done: number): void {
    const every = this.#isTerminal ? renewMs : lineMs
    if (performance.now() - this.#shownAt < every) return
    this.#shownAt = performance.now()
    const text = `${done} of ${this.#seeds} seeds`
    process.stderr.write(this.#isTerminal ? `\r${text}` : `${text}\n`)
  }

  end(): void {
    if (this.#isTerminal) process.stderr.write('\r\x1b[K')
  }
}

try {
  const wish = readArguments(process.argv.slice(2))
  if (wish === 'help') process.stdout.write(help)
  else process.exitCode = await run(wish)
} catch (error) {
  process.stderr.write(`sim: ${error instanceof Error ? error.message : String(error)}\n${help}`)
  process.exitCode = 2
}
