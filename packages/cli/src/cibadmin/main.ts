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
  featureSet,
  fileDigest,
  isRestrictable,
  patchDigest,
} from '@quorate/cib'
import { attr, descendants, formatXml, parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { openCib } from '../pacemaker/cib-access.ts'
import type { CibAnswer } from '../pacemaker/cib-source.ts'
import { type Given, helpText, parseLine } from '../pacemaker/command-line.ts'
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
  const given = (long: string) => line.options.find((item) => item.long === long)
  if (given('help') !== undefined) host.out(help)
  else if (given('version') !== undefined) host.out(versionText)
  else if (line.operands.length > 0) host.err(`non-option ARGV-elements: ${line.operands.join(' ')} \n${help}`)
  else {
    const command = [...line.options].reverse().find(({ long }) => long in operations || isLocal(long))
    if (command !== undefined) {
      const style = accessStyle(command, line.options, host)
      if (style.ok) return perform(command, line.options, host, style.value)
      host.err(`${style.error}\n`)
      if (!style.showsHelp) return exitCodes.usage
    }
    host.err(help)
  }
  return given('help') !== undefined || given('version') !== undefined ? exitCodes.ok : exitCodes.usage
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
  return long === 'empty' || long === 'md5-sum' || long === 'md5-sum-versioned'
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
  if (command.long === 'empty') {
    host.out(formatXml(emptyCib(1, command.value)))
    return exitCodes.ok
  }
  if (['upgrade', 'erase', 'delete-all'].includes(command.long) && !has('force')) {
    host.err(dangerous)
    return exitCodes.unsafe
  }
  const data = readData(options, host)
  if (data === 'unreadable') return exitCodes.noSuchObject
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
    host.err(`Could not connect to the CIB: ${faultText(opened.rc)}\n`)
    host.err('Init failed, could not perform requested operations\n')
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
  return { op, section: xpath ?? lastValue(options, 'scope'), options: sum, data }
}

/** XML from the text, file or pipe that the line names; a fault is said on the error output. */
function readData(options: readonly Given[], host: ToolHost): XmlElement | undefined | 'unreadable' {
  const inline = lastValue(options, 'xml-text')
  const file = lastValue(options, 'xml-file')
  const isPipe = options.some((item) => item.long === 'xml-pipe')
  if (inline === undefined && file === undefined && !isPipe) return undefined
  const source = inline !== undefined ? '--xml-text' : (file ?? 'standard input')
  try {
    const text = inline ?? (file === undefined ? host.readInput() : xmlText(fs.readFileSync(file)))
    const read = parseXml(text)
    if (read.ok) return read.value
    host.err(`${xmlErrorText(read.error, source)}\n`)
  } catch (fault) {
    host.err(`${source}: ${fault instanceof Error ? fault.message : String(fault)}\n`)
  }
  host.err(`Couldn't parse input from ${source}.\n`)
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
    host.err(`Versioned (${attr(data, 'crm_feature_set') ?? featureSet}) digest: `)
    host.out(`${patchDigest(data)}\n`)
  }
  return exitCodes.ok
}

function printAnswer(op: CibOperationName, answer: CibAnswer, options: readonly Given[], host: ToolHost): void {
  const { rc, output } = answer
  if (output !== undefined) {
    if (rc === cibFaults.schema) host.err(numberedLines(formatXml(output)))
    else if (op === 'cib_query' && options.some((item) => item.long === 'node-path')) host.out(paths(output))
    else host.out(formatXml(output))
  }
  if (rc !== 0) host.err(`Call failed: ${faultText(rc)}\n`)
}

function paths(output: XmlElement): string {
  return output.children.map((item) => `${attr(item, 'id') ?? ''}\n`).join('')
}
