import { exitCodes, exitCodeText } from '@quorate/cib'
import { parseMoment, type RuleEffect, ruleEffect, unpackStatus } from '@quorate/scheduler'
import { child, descendants, element, idOf, parseXml, type XmlElement } from '@quorate/xml'
import { utcOffsetSeconds } from '../crm_mon/local-time.ts'
import { openCib } from '../pacemaker/cib-access.ts'
import { exiting, logLines, unreadableTeller } from '../pacemaker/log-lines.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import { type Output, openOutput } from '../pacemaker/output.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { commonOptions, type Options, outputOptions, readOptions, type ToolInfo } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'

const additional = { group: 'Additional Options' }

const info: ToolInfo = {
  name: 'crm_rule',
  purpose: 'Tells whether rules of the configuration are in effect.',
  examples: [
    ['Is a rule of the cluster in effect', 'crm_rule --check --rule office-hours'],
    ['Will it be then', "crm_rule --check --rule office-hours --date '2026-12-24 18:00'"],
    ['Check a rule that is not in the configuration yet', 'crm_rule --check --rule r --xml-text - < rule.xml'],
  ],
  options: [
    ...commonOptions,
    ...outputOptions,
    { short: 'c', long: 'check', help: 'Check whether rules are in effect', group: 'Modes (mutually exclusive)' },
    { short: 'X', long: 'xml-text', argument: 'XML', help: 'XML to look in ("-": standard input)', group: 'Data' },
    { short: 'd', long: 'date', argument: 'DATE', help: 'Check for that time, not for now', ...additional },
    { short: 'r', long: 'rule', argument: 'ID', help: 'Rule to check (repeatable)', ...additional },
  ],
}

/** How a check ends: code, and what is said about the rule. */
type Verdict = { readonly code: number; readonly text: string; readonly isFault: boolean }

const unknown = 'Could not determine whether rule %s is in effect: '

const verdicts: Readonly<Record<RuleEffect | 'missing' | 'ambiguous', Verdict>> = {
  'in-effect': { code: exitCodes.ok, text: 'Rule %s is still in effect', isFault: false },
  satisfied: { code: exitCodes.ok, text: 'Rule %s satisfies conditions', isFault: false },
  expired: { code: exitCodes.expired, text: 'Rule %s is expired', isFault: false },
  'not-yet': { code: exitCodes.notYetInEffect, text: 'Rule %s has not yet taken effect', isFault: false },
  missing: { code: exitCodes.noSuchObject, text: `${unknown}Rule not found`, isFault: true },
  ambiguous: {
    code: exitCodes.multiple,
    text: `${unknown}Found more than one rule with matching ID`,
    isFault: true,
  },
  'no-date': { code: exitCodes.unimplemented, text: `${unknown}Rule does not have a date expression`, isFault: true },
  'several-dates': {
    code: exitCodes.unimplemented,
    text: `${unknown}Rule has more than one date expression`,
    isFault: true,
  },
  'unsuitable-date': {
    code: exitCodes.unimplemented,
    text: `${unknown}Rule must either not use date_spec, or use date_spec with years= but not moon=`,
    isFault: true,
  },
  invalid: { code: exitCodes.indeterminate, text: `${unknown}Error parsing rule`, isFault: true },
}

/** What is printed in the end: results, and the exit code. */
type Outcome = {
  readonly code: number
  readonly results: readonly { readonly id: string; readonly verdict: Verdict }[]
}

/** crm_rule: whether rules are in effect (behaviour/pacemaker-tools.md 15). */
export const run: Tool = (argv) => crmRule(argv, processHost())

/** {@link run} on a given host. */
export async function crmRule(argv: readonly string[], host: ToolHost): Promise<number> {
  const options = readOptions(argv, info, host)
  if (typeof options === 'number') return options
  const output = openOutput(options, host, ['crm_rule', ...argv])
  if (typeof output === 'string') {
    host.err(`crm_rule: ${output}\n`)
    return exiting(info.name, exitCodes.error, host, options)
  }
  return exiting(info.name, await report(options, output, host), host, options)
}

async function report(options: Options, output: Output, host: ToolHost): Promise<number> {
  const errors: string[] = []
  // As text, faults are told where they are found, among what is told of dates; without any output, nowhere.
  const onFault = (line: string): unknown =>
    output.isData ? errors.push(line) : output.format === 'none' ? undefined : host.err(`${line}\n`)
  const { code, results } = await checkRules(options, host, onFault)
  if (output.isData) {
    const rows = results.map(({ id, verdict }) => element('rule-check', { 'rule-id': id, rc: String(verdict.code) }))
    return output.end(code, rows, errors)
  }
  for (const { id, verdict } of results) {
    if (!verdict.isFault) output.host.out(`${lineOf(id, verdict)}\n`)
  }
  return output.end(code)
}

function lineOf(id: string, verdict: Verdict): string {
  return verdict.text.replace('%s', () => id)
}

async function checkRules(options: Options, host: ToolHost, onFault: (line: string) => unknown): Promise<Outcome> {
  const failed = (code: number, error: string): Outcome => {
    onFault(error)
    return { code, results: [] }
  }
  const ids = options.values('rule')
  if (!options.has('check')) return failed(exitCodes.usage, 'crm_rule: No mode operation given')
  if (ids.length === 0) return failed(exitCodes.usage, 'crm_rule: --check requires use of --rule=')
  const now = { epochSeconds: Math.floor(host.now() / 1000), offsetSeconds: utcOffsetSeconds(host.now()) }
  const date = options.value('date')
  const onUnreadable = unreadableTeller(host, options)
  const moment = date === undefined ? now : parseMoment(date, now, onUnreadable)
  if (moment === undefined) return failed(exitCodes.data, `crm_rule: Invalid date specified: '${date}'`)
  const source = await readSource(options, host)
  if ('error' in source) return failed(source.code, source.error)
  let code: number = exitCodes.ok
  const results = ids.map((id) => {
    const [rule, other] = id === '' ? [] : source.rules.filter((item) => idOf(item) === id)
    const effect = rule === undefined ? 'missing' : ruleEffect(rule, moment, onUnreadable)
    const found = other === undefined ? effect : 'ambiguous'
    const verdict = verdicts[found]
    // The exit code is that of the last rule, but for those with a date specification that is met.
    if (found !== 'satisfied') code = verdict.code
    if (verdict.isFault) onFault(lineOf(id, verdict))
    return { id, verdict }
  })
  return { code, results }
}

type Source = { readonly rules: readonly XmlElement[] } | { readonly code: number; readonly error: string }

async function readSource(options: Options, host: ToolHost): Promise<Source> {
  const given = options.value('xml-text')
  if (given !== undefined) {
    const text = given === '-' ? host.readInput() : given
    const parsed = parseXml(text)
    if (parsed.ok) tellStatus(parsed.value, options, host)
    if (parsed.ok) return { rules: rulesIn(parsed.value) }
    const what = given === '-' ? 'from STDIN' : `string: ${text}`
    return { code: exitCodes.data, error: `crm_rule: Couldn't parse input ${what}\n` }
  }
  const opened = await openCib(host, { name: 'crm_rule', isReadOnly: true })
  if (!opened.ok) return noSource
  const found = await wholeCib(opened.cib)
  await opened.cib.close()
  if (!('cib' in found)) return noSource
  tellStatus(found.cib, options, host)
  return { rules: rulesIn(found.cib) }
}

/** Tells what the scheduler says of a CIB, of which the real one reads the status for every rule. */
function tellStatus(cib: XmlElement, options: Options, host: ToolHost): void {
  const verbosity = options.count('verbose')
  if (verbosity === 0) return
  const nowSeconds = Math.floor(host.now() / 1000)
  const cluster = unpackStatus(cib, { nowSeconds, utcOffsetSeconds: utcOffsetSeconds(host.now()) })
  host.err(logLines(cluster.log, verbosity))
}

/** Whatever keeps it from the CIB, the real one says that there is no input. */
const noSource: Source = { code: exitCodes.noInput, error: `CIB query failed: ${exitCodeText(exitCodes.noInput)}` }

/** Rules anywhere in a CIB, of those that have a section of constraints; in other documents none is looked for. */
function rulesIn(cib: XmlElement): readonly XmlElement[] {
  const configuration = cib.name === 'cib' ? child(cib, 'configuration') : undefined
  if (configuration === undefined || child(configuration, 'constraints') === undefined) return []
  return [...descendants(cib)].filter(({ name }) => name === 'rule')
}
