import fs from 'node:fs'
import {
  type CibCall,
  type CibOperationName,
  cibCallOptions,
  cibDigest,
  cibFaults,
  emptyCib,
  exitCodeOf,
  exitCodes,
  faultText,
  featureSet,
  fileDigest,
} from '@quorate/cib'
import { attr, formatXml, parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { openCib } from '../pacemaker/cib-access.ts'
import type { CibAnswer } from '../pacemaker/cib-source.ts'
import { type Given, helpText, parseLine } from '../pacemaker/command-line.ts'
import { numberedLines } from '../pacemaker/rejected-cib.ts'
import { processHost, type ToolHost, versionText } from '../pacemaker/tool-host.ts'
import type { Tool } from '../tool.ts'
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
    if (command !== undefined) return perform(command, line.options, host)
    host.err(help)
  }
  return given('help') !== undefined || given('version') !== undefined ? exitCodes.ok : exitCodes.usage
}

function isLocal(long: string): boolean {
  return long === 'empty' || long === 'md5-sum' || long === 'md5-sum-versioned'
}

function lastValue(options: readonly Given[], long: string): string | undefined {
  return [...options].reverse().find((item) => item.long === long)?.value
}

async function perform(command: Given, options: readonly Given[], host: ToolHost): Promise<number> {
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
  return op === undefined ? exitCodes.usage : request(op, command, options, data, host)
}

async function request(
  op: CibOperationName,
  command: Given,
  options: readonly Given[],
  data: XmlElement | undefined,
  host: ToolHost,
): Promise<number> {
  const user = lastValue(options, 'user') ?? host.env['CIB_user']
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
  printAnswer(op, answer, options, host)
  return exitCodeOf(answer.rc === 0 ? closed : answer.rc)
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
    const text = inline ?? (file === undefined ? host.readInput() : fs.readFileSync(file, 'utf8'))
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
    host.out(`${cibDigest(data)}\n`)
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
