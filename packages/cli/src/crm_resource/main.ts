import { cibFaults, exitCodeOf, exitCodes, exitCodeText, faultText } from '@quorate/cib'
import type { LogLine, Resource } from '@quorate/scheduler'
import { element, formatXml } from '@quorate/xml'
import { snapshotOf } from '../crm_mon/source.ts'
import { openCib } from '../pacemaker/cib-access.ts'
import type { Given } from '../pacemaker/command-line.ts'
import { currentCib } from '../pacemaker/current-cib.ts'
import { exiting, logLines, unfencingLines } from '../pacemaker/log-lines.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import { openOutput } from '../pacemaker/output.ts'
import { numberedLines } from '../pacemaker/rejected-cib.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { type Options, readOptions } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { listAgents } from './agents.ts'
import { cleanup, fail, refresh } from './cleanup.ts'
import { constraints } from './constraints.ts'
import { listCts } from './cts.ts'
import { digests, overridesOf } from './digests.ts'
import { forced, forcedAgent } from './forced.ts'
import { list, listRaw, locate, queryXml, why } from './listing.ts'
import { ban, clear, move } from './location.ts'
import { listActiveOperations, listAllOperations } from './operations.ts'
import { resourceCommands, resourceExamples, resourceOptions } from './options.ts'
import { deleteParameter, getParameter, getProperty, setParameter, setProperty } from './parameter.ts'
import { restart, wait } from './restart.ts'
import { cibFailure, Failure, type NamedInstances, namedNode, namedResource, type Work } from './work.ts'

const name = 'crm_resource'

type Command = {
  readonly run: (work: Work, value: string) => number | Promise<number>
  /** Whether the line has to say which resource. */
  readonly needsResource?: true
  /** What a resource that the line names may be an id of; left out where the name is only compared. */
  readonly instances?: NamedInstances
  /** Whether one instance of a clone cannot be meant. */
  readonly takesNoInstance?: true
}

const anonymous = { instances: 'anonymous' } as const
const ofAnonymous = { needsResource: true, ...anonymous } as const
const ofAny = { needsResource: true, instances: 'any' } as const

/** Commands that run an agent here. */
const agentRuns = ['validate', 'force-check', 'force-start', 'force-stop', 'force-promote', 'force-demote'] as const

function runsAgent(long: string): Command {
  return { run: (work, level) => forced(work, long, level), ...ofAnonymous }
}

const commands: Readonly<Record<string, Command>> = {
  list: { run: list },
  'list-raw': { run: listRaw },
  'list-cts': { run: listCts },
  'list-operations': { run: listActiveOperations },
  'list-all-operations': { run: listAllOperations },
  'query-xml': { run: (work) => queryXml(work, false), ...ofAny },
  'query-xml-raw': { run: (work) => queryXml(work, true), ...ofAny },
  'get-parameter': { run: getParameter, ...ofAny },
  'get-property': { run: getProperty, ...ofAny },
  'set-property': { run: setProperty, ...ofAny },
  locate: { run: locate, ...ofAnonymous },
  constraints: { run: (work) => constraints(work, work.options.has('recursive')), ...ofAnonymous },
  stack: { run: (work) => constraints(work, true), ...ofAnonymous },
  why: { run: why, ...anonymous },
  cleanup: { run: cleanup, ...anonymous },
  refresh: { run: refresh, ...anonymous },
  'set-parameter': { run: setParameter, ...ofAny },
  'delete-parameter': { run: deleteParameter, ...ofAny },
  move: { run: move, ...ofAnonymous, takesNoInstance: true },
  ban: { run: ban, ...ofAnonymous, takesNoInstance: true },
  clear: { run: clear, ...ofAnonymous, takesNoInstance: true },
  delete: { run: deleteResource, ...ofAny },
  digests: { run: digests, ...ofAnonymous },
  fail: { run: fail, needsResource: true },
  restart: { run: restart, ...ofAnonymous, takesNoInstance: true },
  wait: { run: wait },
  ...Object.fromEntries(agentRuns.map((long) => [long, runsAgent(long)])),
}

/** Commands that ask what is installed on this machine, and need no cluster. */
const agentCommands: ReadonlySet<string> = new Set([
  'list-standards',
  'list-ocf-providers',
  'list-agents',
  'list-ocf-alternatives',
  'show-metadata',
])

const runsOfAgents: ReadonlySet<string> = new Set(agentRuns)

/** Commands that take NAME=VALUE words. */
const takesWords: ReadonlySet<string> = new Set(['digests', ...agentRuns])

/** crm_resource: resources, where they are and how they are to be (behaviour/pacemaker-tools.md 4). */
export const run: Tool = (argv) => crmResource(argv, processHost())

/** {@link run} on a given host. */
export async function crmResource(argv: readonly string[], outer: ToolHost): Promise<number> {
  const purpose = 'Shows resources, and changes where they run and with what parameters.'
  const options = readOptions(argv, { name, purpose, options: resourceOptions, examples: resourceExamples }, outer)
  if (typeof options === 'number') return options
  const invoked: LogLine = { kind: 'notice', source: 'crm_log_args', text: `Invoked: ${[name, ...argv].join(' ')}` }
  outer.err(logLines([invoked], options.count('verbose')))
  return exiting(name, await answer(options, argv, outer), outer, options)
}

async function answer(options: Options, argv: readonly string[], outer: ToolHost): Promise<number> {
  const output = openOutput(options, outer, [name, ...argv])
  if (typeof output === 'string') {
    outer.err(`${name}: ${output}\nError performing operation: ${exitCodeText(exitCodes.error)}\n`)
    return exitCodes.error
  }
  const { isData: isXml } = output
  // Without any output there are no complaints either; what the scheduler says in between is told all the same.
  const host = output.format === 'none' ? { ...output.host, err: () => undefined } : output.host
  const last = options.last(resourceCommands) ?? { long: 'list', value: undefined }
  const work: { results: Work['results']; errors: string[] } = { results: [], errors: [] }
  let code: number
  try {
    if (options.has('expired') && last.long !== 'clear') {
      throw new Failure(exitCodes.usage, [`${name}: --expired requires --clear or -U`])
    }
    const { operands } = options
    if (operands.length > 0 && !takesWords.has(last.long)) throw unexpectedWords(operands)
    if (takesWords.has(last.long)) overridesOf(options)
    refuseAgent(options, last.long)
    if (agentOptions.some((long) => options.has(long))) {
      code = await forcedAgent({ options, host, isXml, ...work }, last.long, last.value ?? '')
    } else if (agentCommands.has(last.long)) code = showAgents(last, options, host, { isXml, ...work })
    else code = await perform(last.long, last.value ?? '', options, host, { isXml, ...work }, outer)
  } catch (fault) {
    if (!(fault instanceof Failure)) throw fault
    code = fault.code
    if (isXml) work.errors.push(fault.lines.join('\n'))
    else host.err(fault.lines.map((line) => `${line}\n`).join(''))
  }
  return output.end(code, work.results, work.errors)
}

function unexpectedWords(words: readonly string[]): Failure {
  const lines = words.map((word, i) => `[${i + 1} of ${words.length}] ${word}`)
  return new Failure(exitCodes.usage, [`${name}: non-option ARGV-elements:`, ...lines, ''])
}

/** Options that name an agent where there is no resource. */
const agentOptions = ['class', 'agent', 'provider']

/** @throws Failure where the line names an agent, and a resource too or a command that runs none */
function refuseAgent(options: Options, command: string): void {
  if (!agentOptions.some((long) => options.has(long))) return
  if (options.has('resource')) {
    throw new Failure(exitCodes.usage, [`${name}: --resource cannot be used with --class, --agent, and --provider`])
  }
  if (runsOfAgents.has(command)) return
  const text = '--class, --agent, and --provider can only be used with --validate and --force-*'
  throw new Failure(exitCodes.usage, [`${name}: ${text}`])
}

type Answers = Pick<Work, 'isXml' | 'results' | 'errors'>

function showAgents({ long, value }: Given, options: Options, host: ToolHost, { isXml, results }: Answers): number {
  const { title, lines, xml } = listAgents(long, value, host)
  const isFancy = options.has('text-fancy') && title !== undefined
  const shown = isFancy ? [`${title}:`, ...lines.map((line) => `  * ${line}`)] : lines
  if (!isXml) for (const line of shown) host.out(`${line}\n`)
  results.push(xml)
  return exitCodes.ok
}

async function perform(
  long: string,
  value: string,
  options: Options,
  host: ToolHost,
  output: Answers,
  outer: ToolHost,
): Promise<number> {
  const command = commands[long]
  if (command === undefined) return exitCodes.usage
  if (command.needsResource === true && options.value('resource') === undefined) {
    throw new Failure(exitCodes.usage, [`${name}: Must supply a resource id with -r`])
  }
  if (long === 'digests' && !options.has('node') && !options.has('host-uname')) {
    throw new Failure(exitCodes.usage, [`${name}: Must supply a node name with -N`])
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
    const current = currentCib(whole.cib, outer)
    if (current === undefined) {
      const text = exitCodeText(exitCodes.error)
      throw new Failure(exitCodes.error, [`${name}: Error performing operation: ${text}`])
    }
    const { cluster } = snapshotOf(current, undefined, host)
    outer.err(logLines(cluster.log, options.count('verbose')))
    if (!output.isXml && !options.has('quiet')) host.out(unfencingLines(cluster.log))
    const work: Work = { options, host, cib: opened.cib, cluster, ...output }
    const { instances } = command
    if (instances !== undefined && options.value('resource') !== undefined) {
      const resource = namedResource(work, instances)
      if (command.takesNoInstance === true) refuseInstance(resource, options.value('resource') ?? '')
    }
    namedNode(work)
    return await command.run(work, value)
  } finally {
    await opened.cib.close()
  }
}

/** @throws Failure where an instance of a clone is named by its number */
function refuseInstance(resource: Resource, id: string): void {
  if (resource.parent?.clone === undefined || !id.includes(':')) return
  const text = exitCodeText(exitCodes.invalidParameter)
  throw new Failure(exitCodes.invalidParameter, [
    `${name}: Cannot operate on clone resource instance '${id}'`,
    `Error performing operation: ${text}`,
  ])
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
