#!/usr/bin/env node
import process from 'node:process'
import { parseArgs } from 'node:util'
import { formatXml } from '@quorate/xml'
import { compareTools, inScratch, type Verdict } from './compare.ts'
import { randomToolCase } from './random-case.ts'
import { shrinkTool } from './shrink-case.ts'
import { type ToolCase, type ToolName, toolNames } from './tool-case.ts'
import type { Outcome } from './trial.ts'

const usage = `Usage: npm run conformance:tools -- --random N [--seed S] [--tool NAME] [--quiet]
       npm run conformance:tools -- --shrink SEED [--tool NAME]
       npm run conformance:tools -- --help

Makes N command lines from seeds, with the CIBs that they are about, runs each with the installed tool and with ours, and
compares what is printed, the exit code and the CIB afterwards.
With --quiet: only the seeds that differ, not how.
With --shrink: the case of that seed, made smaller while it still shows its difference.
NAME is one of ${toolNames.join(', ')}; all in turn where it is not given.
`

/** A longer word, as an XML text is, is shown by its beginning: the seed makes all of it. */
const shownMax = 100

function quoted(whole: string): string {
  const word = whole.length > shownMax ? `${whole.slice(0, shownMax)}...` : whole
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

function lineOf(of: ToolCase): string {
  const source = of.cib === undefined ? '' : ' CIB_file=cib.xml'
  return `TZ=${of.zone}${source} ${[of.tool, ...of.argv].map(quoted).join(' ')}`
}

/** Lines of two texts from where they part, each with the sign of its side. */
function partingLines(real: string, own: string): string {
  const [a, b] = [real.split('\n'), own.split('\n')]
  const at = a.findIndex((line, i) => line !== b[i])
  const from = at < 0 ? a.length : Math.max(0, at - 1)
  const side = (sign: string, lines: readonly string[]) =>
    lines.slice(from, from + 6).map((line) => `    ${sign} ${line}\n`)
  return [...side('real', a), ...side('ours', b)].join('')
}

function told({ differs, real, ours }: Verdict): string {
  if (typeof ours === 'string') return `    ours ${ours}\n`
  if (typeof real === 'string') return ''
  const text = (of: Outcome, name: string) => String(of[name as keyof Outcome] ?? 'nothing')
  return differs
    .filter((name) => name !== 'json')
    .map((name) => `  ${name}\n${partingLines(text(real, name), text(ours, name))}`)
    .join('')
}

/** A line on stderr says how far a comparison is after every so many cases. */
const progressCases = 100

async function compare(count: number, seed: number, tool: ToolName | undefined, isQuiet: boolean): Promise<number> {
  const counts = new Map<ToolName, { same: number; different: number; aborted: number; endless: number }>()
  let isEqual = true
  await inScratch(async (folder) => {
    for (let i = seed; i < seed + count; i += 1) {
      const made = randomToolCase(i, tool)
      const verdict = await compareTools(made, folder)
      const row = counts.get(made.tool) ?? { same: 0, different: 0, aborted: 0, endless: 0 }
      counts.set(made.tool, row)
      if ((i - seed + 1) % progressCases === 0) process.stderr.write(`${i - seed + 1} of ${count}\n`)
      const isDifferent = verdict.differs.length > 0
      row[isDifferent ? 'different' : typeof verdict.real === 'string' ? verdict.real : 'same'] += 1
      if (!isDifferent) continue
      isEqual = false
      process.stdout.write(`seed ${i}: ${verdict.differs.join(' ')}: ${lineOf(made)}\n${isQuiet ? '' : told(verdict)}`)
    }
  })
  for (const [name, { same, different, aborted, endless }] of counts) {
    process.stdout.write(
      `${name.padEnd(12)} ${same} the same, ${different} different, ${aborted} on which the real one aborted, ${endless} on which it did not end\n`,
    )
  }
  return isEqual ? 0 : 1
}

/** What a line asks for. @throws Error whose message says what is wrong with it */
function asked(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean', default: false },
      random: { type: 'string' },
      seed: { type: 'string', default: '1' },
      tool: { type: 'string' },
      shrink: { type: 'string' },
      quiet: { type: 'boolean', default: false },
    },
  })
  const tool = toolNames.find((name) => name === values.tool)
  if (values.tool !== undefined && tool === undefined) {
    throw new RangeError(`--tool: "${values.tool}" is none of ${toolNames.join(', ')}`)
  }
  for (const name of ['random', 'seed', 'shrink'] as const) {
    const text = values[name]
    if (text !== undefined && !/^\d{1,15}$/.test(text)) throw new RangeError(`--${name}: "${text}" is no number`)
  }
  return { ...values, tool }
}

async function main(argv: readonly string[]): Promise<number> {
  let values: ReturnType<typeof asked>
  try {
    values = asked(argv)
  } catch (fault) {
    process.stderr.write(`conformance:tools: ${fault instanceof Error ? fault.message : String(fault)}\n${usage}`)
    return 64
  }
  const { tool, help } = values
  if (help || (values.random ?? values.shrink) === undefined) {
    process[help ? 'stdout' : 'stderr'].write(usage)
    return help ? 0 : 64
  }
  if (values.shrink === undefined) return compare(Number(values.random), Number(values.seed), tool, values.quiet)
  const seed = Number(values.shrink)
  return inScratch(async (folder) => {
    const small = await shrinkTool(randomToolCase(seed, tool), folder)
    const verdict = await compareTools(small, folder)
    const cib = small.cib === undefined ? '' : formatXml(small.cib)
    process.stdout.write(`${lineOf(small)}\n${cib}${told(verdict)}`)
    return verdict.differs.length === 0 ? 0 : 1
  })
}

process.exitCode = await main(process.argv.slice(2))
