import { cibFaults, exitCodeOf, exitCodes, faultText } from '@quorate/cib'
import { AttrdClient } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import { element, formatXml } from '@quorate/xml'
import { openCib } from '../pacemaker/cib-access.ts'
import type { CibAccess } from '../pacemaker/cib-source.ts'
import { ipcErrno } from '../pacemaker/ipc-fault.ts'
import { localNodeName, nodeInCib } from '../pacemaker/local-node.ts'
import { exiting } from '../pacemaker/log-lines.ts'
import {
  type NamedNode,
  type NvpairPlace,
  nodePlace,
  optionPlace,
  ticketPlace,
  transientPlace,
} from '../pacemaker/nvpair-place.ts'
import { deleteNvpair, findNvpairs, setNvpair, wholeCib } from '../pacemaker/nvpair-store.ts'
import { openOutput } from '../pacemaker/output.ts'
import { numberedLines } from '../pacemaker/rejected-cib.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { type Options, readOptions } from '../pacemaker/tool-options.ts'
import { Voice } from '../pacemaker/voice.ts'
import type { Tool } from '../tool.ts'
import { attributeOptions } from './options.ts'

const name = 'crm_attribute'

/** crm_attribute: cluster options and attributes of nodes (behaviour/pacemaker-tools.md 5.1). */
export const run: Tool = (argv) => crmAttribute(argv, processHost())

/** What is to be done with which entry. */
type Task = {
  readonly command: 'query' | 'update' | 'delete'
  readonly name: string | undefined
  readonly value: string
  readonly options: Options
  readonly say: Voice
}

/** {@link run} on a given host. */
export async function crmAttribute(argv: readonly string[], host: ToolHost): Promise<number> {
  const purpose = 'Asks and changes cluster options and attributes of nodes.'
  const options = readOptions(argv, { name, purpose, options: attributeOptions }, host)
  if (typeof options === 'number') return options
  const output = openOutput(options, host, [name, ...argv])
  if (typeof output === 'string') {
    host.err(`${name}: ${output}\n`)
    return exiting(name, exitCodes.error, host, options)
  }
  // Without any output there are no complaints either.
  const outputHost = output.format === 'none' ? { ...output.host, err: () => undefined } : output.host
  const say = new Voice(output)
  return exiting(name, say.end(await perform(options, say, outputHost)), host, options)
}

async function perform(options: Options, say: Voice, host: ToolHost): Promise<number> {
  const last = options.last(['query', 'update', 'delete'])
  const command = (last?.long ?? 'query') as Task['command']
  const promoted = promotionName(options, host)
  if (promoted === 'missing') {
    say.error(`${name}: -p/--promotion must be called from an OCF resource agent or with a resource ID specified`)
    return exitCodes.usage
  }
  const task: Task = {
    command,
    name: options.value('name') ?? promoted,
    value: last?.value ?? '',
    options,
    say,
  }
  const opened = await openCib(host, { name })
  if (!opened.ok) {
    say.error(`${name}: Could not connect to the CIB: ${faultText(opened.rc)}`)
    return exitCodeOf(opened.rc)
  }
  const code = await onPlace(opened.cib, task, host)
  const closed = await opened.cib.close()
  return code === 0 ? exitCodeOf(closed) : code
}

function promotionName(options: Options, host: ToolHost): string | undefined | 'missing' {
  if (!options.has('promotion')) return undefined
  const resource = options.value('promotion') ?? host.env['OCF_RESOURCE_INSTANCE']
  return resource === undefined ? 'missing' : `master-${resource}`
}

/** The section that a line is about: by the lifetime of the attribute, else by its type, else by what else it is said to be. */
function sectionOf(options: Options): string {
  const lifetime = options.value('lifetime')
  if (lifetime === 'reboot') return 'status'
  if (lifetime !== undefined) return lifetime === 'forever' ? 'nodes' : lifetime
  const type = options.value('type')
  if (type !== undefined) return type
  if (options.has('promotion')) return 'status'
  const isOfNode = options.has('node') || options.has('uname') || options.has('utilization')
  return isOfNode ? 'nodes' : 'crm_config'
}

/** What is wrong with what is to be done, and the exit code of that. */
function misuseOf(
  { command, name: wanted, options }: Task,
  section: string,
): readonly [text: string, code: number] | undefined {
  const pattern = options.value('pattern')
  if (pattern !== undefined && command !== 'query' && section !== 'status') {
    return ['Error: pattern can only be used with query, or with till-reboot update or delete', exitCodes.usage]
  }
  if (wanted !== undefined || pattern !== undefined || command === 'query') return undefined
  if (command === 'delete') return ['Error: must specify attribute name or pattern to delete', exitCodes.usage]
  return options.has('id') ? undefined : ['Error performing operation: Invalid argument', exitCodes.software]
}

async function onPlace(cib: CibAccess, task: Task, host: ToolHost): Promise<number> {
  const { options, say } = task
  const section = sectionOf(options)
  const node = section === 'crm_config' || section === 'tickets' ? undefined : await nodeMeant(cib, options, host)
  if (typeof node === 'string') {
    say.error(`${name}: Could not map name=${node} to a UUID`)
    return exitCodes.noSuchObject
  }
  const misuse = misuseOf(task, section)
  if (misuse !== undefined) {
    say.error(`${name}: ${misuse[0]}`)
    return misuse[1]
  }
  const kind = options.has('utilization') ? 'utilization' : 'instance_attributes'
  if (section === 'nodes' && node !== undefined) return onNvpairs(cib, nodePlace(node, kind), task)
  if (section === 'status' && node !== undefined) {
    if (cib.isFile || task.command === 'query') return onNvpairs(cib, transientPlace(node, kind), task)
    return throughAttributeManager(node.uname, task)
  }
  const place = section === 'tickets' ? ticketPlace : optionPlace(section)
  if (place !== undefined) return onNvpairs(cib, place, task)
  say.error(`${name}: Error performing operation: No message of desired type`)
  return exitCodes.protocol
}

/** The node that a line is about, this one where it names none; the name where no node has it. */
async function nodeMeant(cib: CibAccess, options: Options, host: ToolHost): Promise<NamedNode | string> {
  const uname = options.last(['node', 'uname'])?.value ?? (await localNodeName(host, cib.isFile))
  const whole = await wholeCib(cib)
  const node = 'cib' in whole ? nodeInCib(whole.cib, uname) : undefined
  return node ?? uname
}

async function throughAttributeManager(node: string, task: Task): Promise<number> {
  const value = task.command === 'delete' ? undefined : task.value
  const pattern = task.options.value('pattern')
  let manager: AttrdClient | undefined
  try {
    manager = await AttrdClient.connect(name)
    if (pattern !== undefined) await manager.updateMatching(pattern, { value, node })
    else await manager.update({ name: task.name ?? '', value, node })
    return exitCodes.ok
  } catch (fault) {
    if (!(fault instanceof IpcError)) throw fault
    return refused(task, -ipcErrno(fault))
  } finally {
    manager?.close()
  }
}

async function onNvpairs(cib: CibAccess, place: NvpairPlace, task: Task): Promise<number> {
  const { options } = task
  const pattern = options.value('pattern')
  const filter = {
    name: pattern === undefined ? task.name : undefined,
    id: options.value('id'),
    set: options.value('set-name'),
  }
  // Who knows the id of an entry is not asked whether it is there.
  if (task.command === 'delete' && filter.id !== undefined) {
    return removed(cib, place, { id: filter.id, name: task.name ?? '', value: undefined }, '(null)', task)
  }
  const found = await findNvpairs(cib, place, filter)
  if (task.command === 'query') return query(place, found, task)
  if (found.length > 1) {
    task.say.error(`Multiple attributes match name=${task.name ?? ''}`)
    for (const entry of found) task.say.error(`  Value: ${entry.value ?? ''} \t(id=${entry.id})`)
    return exitCodes.multiple
  }
  const [entry] = found
  if (task.command === 'update') return update(cib, place, entry, filter, task)
  return entry === undefined ? exitCodes.ok : removed(cib, place, entry, entry.id, task)
}

/** Removes an entry, and says which under an id. */
async function removed(cib: CibAccess, place: NvpairPlace, entry: Entry, shownId: string, task: Task): Promise<number> {
  const { rc } = await deleteNvpair(cib, place, entry)
  if (rc !== 0) return refused(task, rc)
  task.say.result(`Deleted ${place.scope} ${place.noun}: id=${shownId} name=${entry.name}`, undefined)
  return exitCodes.ok
}

type Entry = Awaited<ReturnType<typeof findNvpairs>>[number]

function query(place: NvpairPlace, found: readonly Entry[], task: Task): number {
  const { options, say } = task
  const pattern = options.value('pattern')
  const wanted = pattern === undefined ? found : found.filter(matching(pattern))
  const substitute = pattern === undefined ? options.value('default') : undefined
  const shown =
    wanted.length === 0 && substitute !== undefined ? [{ id: '', name: task.name, value: substitute }] : wanted
  if (shown.length === 0) return refused(task, cibFaults.noSuchObject)
  const id = options.value('id')
  for (const entry of shown) {
    const value = entry.value ?? ''
    const called = `${id === undefined ? '' : `id=${id}`} ${entry.name === undefined ? '' : `name=${entry.name}`}`
    const text = options.has('quiet') ? value : `scope=${place.scope} ${called} value=${value}`
    say.result(text, element('attribute', { name: entry.name, value, scope: place.scope, id }))
  }
  return exitCodes.ok
}

/** Whether the name of an entry matches a pattern; of none that is no pattern. */
function matching(pattern: string): (entry: Entry) => boolean {
  try {
    const expression = new RegExp(pattern)
    return ({ name: text }) => expression.test(text)
  } catch {
    return () => false
  }
}

async function update(
  cib: CibAccess,
  place: NvpairPlace,
  entry: Entry | undefined,
  filter: { readonly id: string | undefined; readonly set: string | undefined },
  task: Task,
): Promise<number> {
  const wanted = task.name ?? entry?.name ?? filter.id ?? ''
  const { rc, output } = await setNvpair(cib, place, { ...filter, name: wanted, value: task.value }, entry)
  if (rc === 0) return exitCodes.ok
  if (rc === cibFaults.schema && output !== undefined) task.say.error(numberedLines(formatXml(output)).slice(0, -1))
  const set = filter.set ?? place.setId
  task.say.error(`Error setting ${wanted}=${task.value} (section=${place.scope}, set=${set}): ${faultText(rc)}`)
  task.say.error(
    `${name}: Error performing operation: ${rc === cibFaults.schema ? 'Unknown error 1016' : faultText(rc)}`,
  )
  return exitCodeOf(rc)
}

function refused(task: Task, rc: number): number {
  task.say.error(`${name}: Error performing operation: ${faultText(rc)}`)
  return exitCodeOf(rc)
}
