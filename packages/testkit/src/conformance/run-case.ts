import fs from 'node:fs'
import { parseMoment, type SimulationOutcome, simulate } from '@quorate/scheduler'
import { formatXml, parseXml, type XmlElement } from '@quorate/xml'
import { differences, type OutputKind, type Outputs } from './compare.ts'
import type { SuiteCase } from './suite.ts'

/** What became of a case. */
export type CaseResult = {
  readonly name: string
  readonly group: string
  readonly differs: readonly OutputKind[]
  /** What broke, where something did. */
  readonly error?: string
}

function read(file: string | undefined): string {
  return file === undefined || !fs.existsSync(file) ? '' : fs.readFileSync(file, 'utf8')
}

/** Parses an input. @throws Error with the place where it is not well formed */
export function readInput(file: string): XmlElement {
  const parsed = parseXml(fs.readFileSync(file, 'utf8'))
  if (!parsed.ok) throw new Error(`${file}: ${JSON.stringify(parsed.error)}`)
  return parsed.value
}

/**
 * The text of a graph.
 *
 * @throws Error where its elements, which a cluster carries out, are not those of the text
 */
export function graphOf({ graph, graphText }: SimulationOutcome): string {
  const text = graphText === undefined ? '' : [...graphText()].join('')
  if (graph !== undefined && text !== formatXml(graph)) throw new Error('the graph as text is not that of elements')
  return text
}

/** Makes all outputs of a case, as the suite's own driver has them made by two runs of crm_simulate. */
export function outputsOf(item: SuiteCase, nowSeconds: number): Outputs {
  const cib = readInput(item.files['xml'] ?? '')
  const utcOffsetSeconds = -new Date(nowSeconds * 1000).getTimezoneOffset() * 60
  const at = item.args.indexOf('-t')
  const text = at < 0 ? undefined : item.args[at + 1]
  const moment = parseMoment(text, { epochSeconds: nowSeconds, offsetSeconds: utcOffsetSeconds })
  const base = { nowSeconds, utcOffsetSeconds, process: true, simulate: true }
  const summary = simulate(cib, base)
  const effective = text === undefined || moment === undefined ? {} : { effectiveTime: { text, ...moment } }
  const main = simulate(cib, { ...base, showsScores: true, quiet: true, ...effective })
  return {
    exp: graphOf(main),
    dot: main.dot?.() ?? '',
    scores: main.stdout,
    summary: summary.stderr + summary.stdout,
    stderr: main.stderr,
  }
}

/** Runs a case and compares every output with the expected one. */
export function runCase(item: SuiteCase, nowSeconds: number): CaseResult {
  const { name, group, files } = item
  try {
    const expected: Outputs = {
      exp: read(files['exp']),
      dot: read(files['dot']),
      scores: read(files['scores']),
      summary: read(files['summary']),
      stderr: read(files['stderr']),
    }
    return { name, group, differs: differences(expected, outputsOf(item, nowSeconds)) }
  } catch (error) {
    return { name, group, differs: [], error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
