#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { runRingSeed } from '../ring-seed.ts'

const help = `Usage: npm run sim -- --seed N [--seeds COUNT] [--nodes N] [--trace]

Runs rings on a fake network and clock, with the faults that each seed draws, and checks extended virtual synchrony.

  --seed N       first seed (default 1)
  --seeds COUNT  how many seeds in a row (default 1)
  --nodes N      nodes of every ring, 1 to 16 (default: each seed draws 1 to 7)
  --trace        print what happens, a line each
  --help         this text

Exit status: 0 all seeds ran clean, 1 a seed found a fault, 2 the arguments are wrong.
`

/** How often the progress line is renewed. */
const progressEveryMs = 1000

type Wish = {
  readonly seed: bigint
  readonly seeds: number
  readonly nodeCount: number | undefined
  readonly trace: boolean
}

function readArguments(argv: readonly string[]): Wish | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      nodes: { type: 'string' },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  if (!/^\d{1,18}$/.test(values.seed)) throw new RangeError(`--seed must be a number from 0, got ${values.seed}`)
  const nodeCount = values.nodes === undefined ? undefined : wholeNumber('--nodes', values.nodes, 16)
  return { seed: BigInt(values.seed), seeds: wholeNumber('--seeds', values.seeds, 1e9), nodeCount, trace: values.trace }
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new RangeError(`${name} must be 1 to ${max}, got ${text}`)
  return value
}

function run(wish: Wish): number {
  const began = performance.now()
  let shownAt = began
  let steps = 0
  let simulatedMs = 0
  let deliveries = 0
  let passages = 0
  for (let count = 0; count < wish.seeds; count += 1) {
    const seed = wish.seed + BigInt(count)
    try {
      const report = runRingSeed(seed, {
        ...(wish.nodeCount === undefined ? {} : { nodeCount: wish.nodeCount }),
        ...(wish.trace ? { trace: (line: string) => console.log(line) } : {}),
      })
      steps += report.steps
      simulatedMs += report.simulatedMs
      deliveries += report.counts.deliveries
      passages += report.counts.passages
    } catch (error) {
      console.error(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      const nodes = wish.nodeCount === undefined ? '' : ` --nodes ${wish.nodeCount}`
      console.error(`replay: npm run sim -- --seed ${seed}${nodes} --trace`)
      return 1
    }
    if (performance.now() - shownAt > progressEveryMs && process.stderr.isTTY) {
      shownAt = performance.now()
      process.stderr.write(`\r${count + 1} of ${wish.seeds} seeds`)
    }
  }
  const seconds = (performance.now() - began) / 1000
  if (process.stderr.isTTY) process.stderr.write('\r')
  console.log(
    `${wish.seeds} seeds clean: ${(simulatedMs / 3_600_000).toFixed(2)} h simulated, ${steps} events, ` +
      `${deliveries} deliveries, ${passages} passages checked, ${seconds.toFixed(1)} s (${Math.round(steps / seconds)} events/s)`,
  )
  return 0
}

try {
  const wish = readArguments(process.argv.slice(2))
  if (wish === 'help') process.stdout.write(help)
  else process.exitCode = run(wish)
} catch (error) {
  process.stderr.write(`sim: ${error instanceof Error ? error.message : String(error)}\n${help}`)
  process.exitCode = 2
}
