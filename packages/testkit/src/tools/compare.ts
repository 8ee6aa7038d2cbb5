import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { ToolCase, ToolName } from './tool-case.ts'
import { type FailureOfReal, type Outcome, ourOutcome, realOutcome } from './trial.ts'

/** How a case fared. */
export type Verdict = {
  /** Names of what differs; empty too where the real tool failed. */
  readonly differs: readonly string[]
  readonly real: Outcome | FailureOfReal
  /** What ours did; its stack where it threw. */
  readonly ours: Outcome | string
}

/** Texts of help and version are our own in every program: it has to print one where the real one does. */
function isOwnText(of: Outcome): boolean {
  return /^\n?(?:\w+ - |Usage:|Pacemaker 2\.)|<version program=/.test(of.out)
}

/** Help that is told of a mistake, before what the mistake is. */
const helpBefore = /^Usage:[\s\S]*?\n\n(?=\w+: .*\n(?:\(crm_exit\) .*\n)?$)/

/** Help that is told after a mistake, by the older tools. */
const helpAfter = /^(?:\w+ - |Usage:)[\s\S]*/m

function withoutOwnText(of: Outcome): Outcome {
  const err = of.err.replace(helpBefore, '').replace(helpAfter, '')
  return isOwnText(of) ? { ...of, out: '', err } : { ...of, err }
}

/** JSON is ours alone: the real tools refuse it. Their XML is compared with ours, and JSON has to end as that does and be JSON. */
function asksForJson(of: ToolCase): boolean {
  return of.argv.includes('json') || of.argv.includes('--output-as=json')
}

function asXml(of: ToolCase): ToolCase {
  const argv = of.argv.map((word) => (word === 'json' ? 'xml' : word === '--output-as=json' ? '--output-as=xml' : word))
  return { ...of, argv }
}

/**
 * Lines of the error output that are not compared: where ours says what a schema does not allow, or where a file is no XML or is none, the real tools say nothing, or
 * what libxml2 says; what is told of the work for so many -V and no fault (tests of crm_verify are about that); how often a role is asked for.
 */
const uncompared = [
  /^(?:\/.*cib\.xml|data\.xml|-|text):\d+: [/<].*\n/gm,
  /^.*validity error : .*\n/gm,
  /^(?:--xml-text|standard input|text|-|\w+\.xml):(?:\d+:\d+:)? .*\n/gm,
  /^.*: ENOENT: no such file or directory, .*\n/gm,
  /^\((?!crm_exit|scan_ll|pcmk__scan_min_int)[\w:]+\) \t(?:debug|info|notice|warning): .*\n/gm,
  /^\((?:xml_log|load_file_cib|validate_with|crm_log_args|log_assertion_as|log_xmllib_err|string2xml)\) \t.*\n/gm,
  /^\(get_target_role\) \t.*\n/gm,
]

/** Errors, which the real tools tell unasked once an assertion of theirs has failed: then they are not compared. */
const errorLine = /^\(\w+\) \terror: .*\n/gm

/** Words that the real tools mistake for others when they complain: the first of the line, and none. */
const mistaken = [/(?<=Error parsing ').*(?=' as a name=value pair)/g, /(?<=attribute value with -v for -S ).*/g]

/** What the real tools' library says of numbers that it reads: ours tells it of what is asked about. */
const scanning = /^\(scan_ll\) \t.*\n/gm

function withoutMistaken(text: string): string {
  return mistaken.reduce((rest, pattern) => rest.replaceAll(pattern, ''), text)
}

/** What it says of numbers that are out of bounds: of the CIB's, that is told of the work. */
const clipping = /^\(pcmk__scan_min_int\) \t.*\n/gm

function comparedLines(err: string, tool: ToolName): string {
  const text = uncompared.reduce((rest, pattern) => rest.replaceAll(pattern, ''), err)
  return tool === 'crm_error' ? text : text.replaceAll(scanning, '').replaceAll(clipping, '')
}

function compared(of: Outcome, tool: ToolName): Outcome {
  const { file } = of
  return {
    ...of,
    out: withoutMistaken(of.out),
    err: comparedLines(withoutMistaken(of.err), tool),
    ...(file === undefined ? {} : { file: withoutMistaken(file) }),
  }
}

function differencesOf(real: Outcome, own: Outcome): readonly string[] {
  const [a, b] = [withoutOwnText(real), withoutOwnText(own)]
  return (['code', 'out', 'err', 'cib', 'file', 'shadows'] as const).filter((name) => a[name] !== b[name])
}

/**
 * Runs a case with both tools: ours at the time at which the real one ran. That is some second between its start and its end,
 * the first in which ours does the same; the last where there is none.
 */
async function runBoth(of: ToolCase, folder: string): Promise<Omit<Verdict, 'differs'>> {
  const began = Math.floor(Date.now() / 1000)
  const found = await realOutcome(of, folder)
  const ended = Math.floor(Date.now() / 1000)
  const hasAsserted = typeof found !== 'string' && found.err.includes('(log_assertion_as)')
  const withoutErrors = (outcome: Outcome) =>
    hasAsserted ? { ...outcome, err: outcome.err.replaceAll(errorLine, '') } : outcome
  const real = typeof found === 'string' ? found : withoutErrors(compared(found, of.tool))
  for (let second = began; ; second += 1) {
    try {
      const ours = withoutErrors(compared(await ourOutcome(of, folder, second * 1000), of.tool))
      const isSame = typeof real === 'string' || differencesOf(real, ours).length === 0
      if (isSame || second >= ended) return { real, ours }
    } catch (fault) {
      return { real, ours: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault) }
    }
  }
}

/** Compares both tools on a case. */
export async function compareTools(given: ToolCase, folder: string): Promise<Verdict> {
  const { real, ours } = await runBoth(asksForJson(given) ? asXml(given) : given, folder)
  if (typeof ours === 'string') return { differs: ['fault'], real, ours }
  if (typeof real === 'string') return { differs: [], real, ours }
  if (!asksForJson(given)) return { differs: differencesOf(real, ours), real, ours }
  const json = await ourOutcome(given, folder, Date.now())
  const differs = [...differencesOf(real, ours), ...(isSameAsJson(ours, json) ? [] : ['json'])]
  return { differs, real, ours }
}

/** Whether JSON ends with the code of XML and has the same root; what is in it is not compared. @throws SyntaxError where it is none */
function isSameAsJson(xml: Outcome, json: Outcome): boolean {
  const [a, b] = [xml.file ?? xml.out, json.file ?? json.out]
  const isData = a.startsWith('<pacemaker-result')
  return (
    xml.code === json.code && (isData && b.startsWith('{') ? JSON.parse(b).element === 'pacemaker-result' : a === b)
  )
}

/** Works in a folder of its own, which is gone afterwards. */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-tools-'))
  try {
    return await work(folder)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}
