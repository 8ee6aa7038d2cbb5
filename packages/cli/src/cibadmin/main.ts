import fs from 'node:fs'
import {
  aclIn,
  type CibCall,
  type CibOperationName,
  cibCallOptions,
  cibFaults,
  emptyCib,
  exitCodeOf,
  exitCodes,
  faultText,
  fileDigest,
  isRestrictable,
  patchDigest,
} from '@quorate/cib'
import {
  attr,
  child,
  descendants,
  element,
  formatXml,
  parseXml,
  withChildren,
  type XmlElement,
  xmlErrorText,
} from '@quorate/xml'
import { openCib } from '../pacemaker/cib-access.ts'
import type { CibAnswer } from '../pacemaker/cib-source.ts'
import { type Given, helpText, type ParsedLine, parseLine } from '../pacemaker/command-line.ts'
import { logLines } from '../pacemaker/log-lines.ts'
import { numberedLines } from '../pacemaker/rejected-cib.ts'
import { processHost, type ToolHost, versionText } from '../pacemaker/tool-host.ts'
import { xmlText } from '../pacemaker/xml-text.ts'
import type { Tool } from '../tool.ts'
import { type AccessStyle, accessText } from './access-text.ts'
import { cibadminOptions } from './options.ts'

const operations: Readonly<Record<string, CibOperationName>> = {
  upgrade: 'cib_upgrade',
  query: 'cib_query',
  erase: 'cib_erase',
  bump: 'cib_bump',
  create: 'cib_create',
  modify: 'cib_modify',
  patch: 'cib_apply_diff',
  replace: 'cib_replace',
  delete: 'cib_delete',
  'delete-all': 'cib_delete',
}

const dangerous =
  'The supplied command is considered dangerous.  To prevent accidental destruction of the cluster, the --force flag is required in order to proceed.\n'

/** cibadmin: asks and changes the CIB (behaviour/pacemaker-tools.md 2). */
export const run: Tool = (argv) => cibadmin(argv, processHost())

/** {@link run} on a given host. */
export async function cibadmin(argv: readonly string[], host: ToolHost): Promise<number> {
  const empty = emptyAsked(argv)
  if (empty !== undefined) {
    host.out(formatXml(emptyCib(1, empty.schema)))
    return exitCodes.ok
  }
  const line = parseLine(argv, cibadminOptions, 'getopt')
  const help = helpText(
    'cibadmin COMMAND [OPTIONS]',
    'Asks and changes the configuration of a cluster.',
    cibadminOptions,
  )
  if (!line.ok) {
    host.err(`cibadmin: ${line.message}\n${help}`)
    return exitCodes.usage
  }
  const asked = line.options.find(({ long }) => long === 'help' || long === 'version')
  if (asked !== undefined) return tell(asked.long, argv, help, host)
  const code = await answer(line, help, host)
  host.err(
    logLines(
      [{ kind: 'info', source: 'crm_exit', text: `Exiting cibadmin | with status ${code}` }],
      verbosityOf(line.options),
    ),
  )
  return code
}

/** Help and version. Its short option is what the older tools make of a mistake too: then help is none that was asked for. */
function tell(what: string, argv: readonly string[], help: string, host: ToolHost): number {
  if (what === 'version') {
    host.out(versionText)
    return exitCodes.ok
  }
  const isAsked = argv.some((word) => word.startsWith('--h'))
  if (isAsked) host.out(help)
  else host.err(help)
  return isAsked ? exitCodes.ok : exitCodes.usage
}

/** How much of its work it tells: with one -V no more than without. */
function verbosityOf(options: readonly Given[]): number {
  return options.filter(({ long }) => long === 'verbose').length - 1
}

/** Says what went wrong; for some -V twice, as part of the log too. */
function complain(source: string, text: string, options: readonly Given[], host: ToolHost): void {
  host.err(`${logLines([{ kind: 'error', source, text }], verbosityOf(options))}${text}\n`)
}

async function answer(line: ParsedLine & { readonly ok: true }, help: string, host: ToolHost): Promise<number> {
  if (line.operands.length > 0) {
    host.out(`non-option ARGV-elements: ${line.operands.join(' ')} \n`)
    host.err(help)
  } else {
    const command = [...line.options].reverse().find(({ long }) => long in operations || isLocal(long))
    if (command !== undefined) {
      const style = accessStyle(command, line.options, host)
      if (style.ok) return perform(command, line.options, host, style.value)
      host.err(`${style.error}\n`)
      if (!style.showsHelp) return exitCodes.usage
    }
    host.err(help)
  }
  return exitCodes.usage
}

/**
 * Whether a line asks for an empty CIB, and the schema that it is to claim: the next word, whatever that is. What comes after it
 * does not count.
 */
function emptyAsked(argv: readonly string[]): { readonly schema: string | undefined } | undefined {
  for (let at = 0; at < argv.length; at += 1) {
    const line = parseLine(argv.slice(0, at + 1), cibadminOptions, 'getopt')
    if (line.ok && line.options.at(-1)?.long === 'empty') return { schema: argv[at + 1] }
  }
  return undefined
}

type ChosenStyle =
  | { readonly ok: true; readonly value: AccessStyle | undefined }
  | { readonly ok: false; readonly error: string; readonly showsHelp: boolean }

/** How a query is to show what a user may do; undefined where it is not to. */
function accessStyle(command: Given, options: readonly Given[], host: ToolHost): ChosenStyle {
  const given = [...options].reverse().find((item) => item.long === 'show-access')
  if (given === undefined) return { ok: true, value: undefined }
  const value = given.value ?? 'auto'
  const styles: Readonly<Record<string, AccessStyle>> = {
    auto: host.isTerminal ? 'color' : 'text',
    color: 'color',
    text: 'text',
    namespace: 'namespace',
  }
  const style = Object.hasOwn(styles, value) ? styles[value] : undefined
  if (style === undefined) {
    return { ok: false, error: `Unrecognized value for --show-access: "${value}"`, showsHelp: true }
  }
  if (command.long !== 'query') return { ok: true, value: undefined }
  const user = lastValue(options, 'user')
  if (user === undefined) {
    return { ok: false, error: 'The supplied command requires -U user specified.', showsHelp: false }
  }
  return { ok: true, value: style }
}

function isLocal(long: string): boolean {
  return long === 'md5-sum' || long === 'md5-sum-versioned'
}

function lastValue(options: readonly Given[], long: string): string | undefined {
  return [...options].reverse().find((item) => item.long === long)?.value
}

async function perform(
  command: Given,
  options: readonly Given[],
  host: ToolHost,
  style: AccessStyle | undefined,
): Promise<number> {
  const has = (long: string) => options.some((item) => item.long === long)
  if (['upgrade', 'erase', 'delete-all'].includes(command.long) && !has('force')) {
    host.err(dangerous)
    return exitCodes.unsafe
  }
  const data = readData(options, host)
  if (data === 'unreadable') return exitCodes.config
  if (isLocal(command.long)) return printDigest(command.long, data, host)
  const op = operations[command.long]
  return op === undefined ? exitCodes.usage : request(op, command, options, data, host, style)
}

async function request(
  op: CibOperationName,
  command: Given,
  options: readonly Given[],
  data: XmlElement | undefined,
  host: ToolHost,
  style: AccessStyle | undefined,
): Promise<number> {
  // Whose access is shown does not ask: the user that runs the tool does.
  const user = style === undefined ? lastValue(options, 'user') : undefined
  const timeoutS = Number.parseInt(lastValue(options, 'timeout') ?? '', 10)
  const opened = await openCib(host, {
    name: 'cibadmin',
    user,
    node: lastValue(options, 'node') ?? lastValue(options, 'host'),
    timeoutMs: timeoutS > 0 ? timeoutS * 1000 : undefined,
  })
  if (!opened.ok) {
    complain('do_init', `Could not connect to the CIB: ${faultText(opened.rc)}`, options, host)
    complain('main', 'Init failed, could not perform requested operations', options, host)
    return exitCodeOf(opened.rc)
  }
  const answer = await opened.cib.perform(callOf(op, command, options, data))
  const closed = await opened.cib.close()
  if (op === 'cib_upgrade' && answer.rc === cibFaults.schemaUnchanged) return exitCodes.ok
  if (style !== undefined && answer.rc === 0 && answer.output !== undefined) {
    return printAccess(answer.output, lastValue(options, 'user') ?? '', style, host)
  }
  printAnswer(op, answer, options, host)
  return exitCodeOf(answer.rc === 0 ? closed : answer.rc)
}

/** Shows what a user may do with the parts of an answer, by the ACLs that are in the answer. */
async function printAccess(output: XmlElement, user: string, style: AccessStyle, host: ToolHost): Promise<number> {
  if (!isRestrictable(user)) {
    host.err(`Could not evaluate access per request (${user}, error: Already in requested state)\n`)
    return exitCodes.config
  }
  const { isListedIn } = await import('@quorate/pacemaker/client')
  const acls = [...descendants(output)].find((item) => item.name === 'acls')
  host.out(accessText(output, aclIn(acls, user, isListedIn), style))
  return exitCodes.ok
}

function callOf(
  op: CibOperationName,
  command: Given,
  options: readonly Given[],
  data: XmlElement | undefined,
): CibCall {
  const has = (long: string) => options.some((item) => item.long === long)
  const xpath = lastValue(options, 'xpath')
  const bits: readonly (readonly [boolean, number])[] = [
    [xpath !== undefined, cibCallOptions.xpath],
    [has('node-path'), cibCallOptions.xpathAddress],
    [has('no-children'), cibCallOptions.noChildren],
    [has('allow-create'), cibCallOptions.canCreate],
    [command.long === 'delete-all', cibCallOptions.multiple],
    [has('local'), cibCallOptions.scopeLocal],
  ]
  const sum = bits.reduce((total, [isSet, bit]) => (isSet ? total | bit : total), 0)
  return { op, section: xpath ?? lastValue(options, 'scope'), options: sum, data: data && withStatus(data) }
}

/** A whole CIB that is handed over has a status, if need be an empty one. */
function withStatus(data: XmlElement): XmlElement {
  if (data.name !== 'cib' || child(data, 'status') !== undefined) return data
  return withChildren(data, [...data.children, element('status')])
}

/** XML from the text, file or pipe that the line names; a fault is said on the error output. */
function readData(options: readonly Given[], host: ToolHost): XmlElement | undefined | 'unreadable' {
  const inline = lastValue(options, 'xml-text')
  const file = lastValue(options, 'xml-file')
  const isPipe = options.some((item) => item.long === 'xml-pipe')
  if (inline === undefined && file === undefined && !isPipe) return undefined
  const source = inline !== undefined ? '--xml-text' : (file ?? 'standard input')
  const name = inline !== undefined ? 'input string' : (file ?? 'STDIN')
  try {
    const text = inline ?? (file === undefined ? host.readInput() : xmlText(fs.readFileSync(file)))
    const read = parseXml(text)
    if (read.ok) return read.value
    host.err(`${xmlErrorText(read.error, source)}\n`)
  } catch (fault) {
    host.err(`${source}: ${fault instanceof Error ? fault.message : String(fault)}\n`)
  }
  host.err(`Couldn't parse input from ${name}.\n`)
  return 'unreadable'
}

function printDigest(long: string, data: XmlElement | undefined, host: ToolHost): number {
  if (data === undefined) {
    host.err('Please supply XML to process with -X, -x or -p\n')
    return exitCodes.usage
  }
  if (long === 'md5-sum') {
    host.err('Digest: ')
    host.out(`${fileDigest(data)}\n`)
  } else {
    host.err(`Versioned (${attr(data, 'crm_feature_set') ?? '(null)'}) digest: `)
    host.out(`${patchDigest(data)}\n`)
  }
  return exitCodes.ok
}

function printAnswer(op: CibOperationName, answer: CibAnswer, options: readonly Given[], host: ToolHost): void {
  const { rc, output } = answer
  if (output !== undefined) {
    if (rc === cibFaults.schema) host.err(numberedLines(formatXml(output)))
    else if (op === 'cib_query' && options.some((item) => item.long === 'node-path')) {
      if (lastValue(options, 'xpath') !== undefined) host.out(paths(output))
    } else host.out(formatXml(output))
  }
  if (op === 'cib_create' && output !== undefined && output.name === 'failed') {
    const lines = formatXml(output).trimEnd().split('\n')
    const told = lines.map(
      (text) => ({ kind: 'error', source: 'cib_process_create', text: `CIB Update failures   ${text}` }) as const,
    )
    host.err(logLines(told, verbosityOf(options)))
  }
  if (rc !== 0) complain('main', `Call failed: ${faultText(rc)}`, options, host)
}

function paths(output: XmlElement): string {
  const items = output.name === 'xpath-query' ? output.children : [output]
  const ids = items.flatMap((item) => attr(item, 'id') ?? [])
  return ids.map((id) => `${id}\n`).join('')
}
