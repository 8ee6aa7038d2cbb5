import { cibFaults, exitCodeOf, exitCodes, exitCodeText, faultText } from '@quorate/cib'
import { element, formatXml } from '@quorate/xml'
import { snapshotOf } from '../crm_mon/source.ts'
import { openCib } from '../pacemaker/cib-access.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import { openOutput } from '../pacemaker/output.ts'
import { numberedLines } from '../pacemaker/rejected-cib.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { type Options, readOptions } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { listAgents } from './agents.ts'
import { cleanup, fail, refresh } from './cleanup.ts'
import { constraints, list, listRaw, locate, queryXml, why } from './listing.ts'
import { ban, clear, move } from './location.ts'
import { listActiveOperations, listAllOperations } from './operations.ts'
import { resourceCommands, resourceExamples, resourceOptions } from './options.ts'
import { deleteParameter, getParameter, setParameter } from './parameter.ts'
import { cibFailure, Failure, type Work } from './work.ts'

const name = 'crm_resource'

type Command = (work: Work, value: string) => number | Promise<number>

const commands: Readonly<Record<string, Command>> = {
  list,
  'list-raw': listRaw,
  'list-operations': listActiveOperations,
  'list-all-operations': listAllOperations,
  'query-xml': (work) => queryXml(work, false),
  'query-xml-raw': (work) => queryXml(work, true),
  'get-parameter': getParameter,
  locate,
  constraints,
  stack: constraints,
  why,
  cleanup,
  refresh,
  'set-parameter': setParameter,
  'delete-parameter': deleteParameter,
  move,
  ban,
  clear,
  delete: deleteResource,
  fail,
}

/** Commands that need to know which resource. */
const needsResource = new Set([
  'query-xml',
  'query-xml-raw',
  'get-parameter',
  'locate',
  'constraints',
  'stack',
  'set-parameter',
  'delete-parameter',
  'move',
  'ban',
  'clear',
  'delete',
  'fail',
])

/** crm_resource: resources, where they are and how they are to be (behaviour/pacemaker-tools.md 4). */
export const run: Tool = (argv) => crmResource(argv, processHost())

/** {@link run} on a given host. */
export async function crmResource(argv: readonly string[], outer: ToolHost): Promise<number> {
  const purpose = 'Shows resources, and changes where they run and with what parameters.'
  const options = readOptions(argv, { name, purpose, options: resourceOptions, examples: resourceExamples }, outer)
  if (typeof options === 'number') return options
  const output = openOutput(options, outer, [name, ...argv])
  if (typeof output === 'string') {
    outer.err(`${name}: ${output}\nError performing operation: ${exitCodeText(exitCodes.error)}\n`)
    return exitCodes.error
  }
  const { host, isData: isXml } = output
  const last = options.last(resourceCommands) ?? { long: 'list', value: undefined }
  if (['list-standards', 'list-ocf-providers', 'list-agents', 'list-ocf-alternatives'].includes(last.long)) {
    const { code, lines, xml } = listAgents(last.long, last.value, host)
    if (!isXml) for (const line of lines) host.out(`${line}\n`)
    return output.end(code, [xml])
  }
  const work: { results: Work['results']; errors: string[] } = { results: [], errors: [] }
  let code: number
  try {
    code = await perform(last.long, last.value ?? '', options, host, { isXml, ...work })
  } catch (fault) {
    if (!(fault instanceof Failure)) throw fault
    code = fault.code
    if (isXml) work.errors.push(fault.lines.join('\n'))
    else host.err(fault.lines.map((line) => `${line}\n`).join(''))
  }
  return output.end(code, work.results, work.errors)
}

async function perform(
  long: string,
  value: string,
  options: Options,
  host: ToolHost,
  output: Pick<Work, 'isXml' | 'results' | 'errors'>,
): Promise<number> {
  const command = commands[long]
  if (command === undefined) return exitCodes.usage
  if (needsResource.has(long) && options.value('resource') === undefined) {
    throw new Failure(exitCodes.usage, [`${name}: Must supply a resource id with -r`])
  }
  const opened = await openCib(host, { name })
  if (!opened.ok) {
    throw new Failure(exitCodeOf(opened.rc), [
      `${name}: Could not connect to the CIB: ${faultText(opened.rc)}`,
      `Error performing operation: ${exitCodeText(exitCodeOf(opened.rc))}`,
    ])
  }
  try {
    const whole = await wholeCib(opened.cib)
    if (!('cib' in whole)) throw cibFailure(whole.rc)
    const { cluster } = snapshotOf(whole.cib, undefined, host)
    return await command({ options, host, cib: opened.cib, cluster, ...output }, value)
  } finally {
    await opened.cib.close()
  }
}

/** --delete: removes a resource from the configuration. */
async function deleteResource(work: Work): Promise<number> {
  const type = work.options.value('resource-type')
  if (type === undefined) {
    throw new Failure(exitCodes.noSuchObject, [
      `${name}: You need to specify a resource type with -t`,
      'Error performing operation: No such object',
    ])
  }
  const data = element(type, { id: work.options.value('resource') })
  const { rc, output } = await work.cib.perform({ op: 'cib_delete', section: 'resources', data })
  if (rc === cibFaults.schema && output !== undefined) work.host.err(numberedLines(formatXml(output)))
  if (rc !== 0) throw cibFailure(rc)
  return exitCodes.ok
}
