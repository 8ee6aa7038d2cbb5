import { cibFaults, exitCodeOf, exitCodes, faultText } from '@quorate/cib'
import { AttrdClient } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import { element, formatXml } from '@quorate/xml'
import { openCib } from '../pacemaker/cib-access.ts'
import type { CibAccess } from '../pacemaker/cib-source.ts'
import { ipcErrno } from '../pacemaker/ipc-fault.ts'
import { localNodeName, nodeInCib } from '../pacemaker/local-node.ts'
import { type NvpairPlace, nodePlace, optionPlace, transientPlace } from '../pacemaker/nvpair-place.ts'
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
    return exitCodes.error
  }
  const say = new Voice(output)
  return say.end(await perform(options, say, output.host))
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
    name: promoted ?? options.value('name'),
    value: last?.value ?? '',
    options,
    say,
  }
  const misuse = misuseOf(task)
  if (misuse !== undefined) {
    say.error(`${name}: Error: ${misuse}`)
    return exitCodes.usage
  }
  const opened = await openCib(host, { name })
  if (!opened.ok) {
    say.error(`${name}: Could not connect to the CIB: ${faultText(opened.rc)}`)
    return exitCodeOf(opened.rc)
  }
  const code = await onPlace(opened.cib, task, promoted !== undefined, host)
  const closed = await opened.cib.close()
  return code === 0 ? exitCodeOf(closed) : code
}

function promotionName(options: Options, host: ToolHost): string | undefined | 'missing' {
  if (!options.has('promotion')) return undefined
  const resource = options.value('promotion') ?? host.env['OCF_RESOURCE_INSTANCE']
  return resource === undefined ? 'missing' : `master-${resource}`
}

function misuseOf({ command, name: wanted, options }: Task): string | undefined {
  const pattern = options.value('pattern')
  const isTransient = options.value('lifetime') === 'reboot'
  if (pattern !== undefined && command !== 'query' && !isTransient) {
    return 'pattern can only be used with query, or with till-reboot update or delete'
  }
  if (wanted === undefined && pattern === undefined && command !== 'query') {
    return `must specify attribute name or pattern to ${command}`
  }
  return undefined
}

async function onPlace(cib: CibAccess, task: Task, isPromotion: boolean, host: ToolHost): Promise<number> {
  const { options, say } = task
  const type = options.value('type')
  const given = options.value('node') ?? options.value('uname')
  const lifetime = options.value('lifetime') ?? (isPromotion ? 'reboot' : undefined)
  const isOfNode =
    given !== undefined || lifetime !== undefined || options.has('utilization') || type === 'nodes' || type === 'status'
  if (!isOfNode) {
    const place = optionPlace(type ?? 'crm_config')
    if (place !== undefined) return onNvpairs(cib, place, task)
    say.error(`${name}: Error performing operation: No message of desired type`)
    return exitCodes.protocol
  }
  const uname = given ?? (await localNodeName(host, cib.isFile))
  const whole = await wholeCib(cib)
  const node = 'cib' in whole ? nodeInCib(whole.cib, uname) : undefined
  if (node === undefined) {
    say.error(`${name}: Could not map name=${uname} to a UUID`)
    return exitCodes.noSuchObject
  }
  if (lifetime !== 'reboot' && type !== 'status') {
    return onNvpairs(cib, nodePlace(node, options.has('utilization') ? 'utilization' : 'instance_attributes'), task)
  }
  if (cib.isFile || task.command === 'query') return onNvpairs(cib, transientPlace(node), task)
  return throughAttributeManager(node.uname, task)
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
  const filter = { name: task.name, id: options.value('id'), set: options.value('set-name') }
  const found = await findNvpairs(cib, place, filter)
  if (task.command === 'query') return query(place, found, task)
  if (found.length > 1) {
    task.say.error(`Multiple attributes match name=${task.name ?? ''}`)
    for (const entry of found) task.say.error(`  Value: ${entry.value ?? ''} \t(id=${entry.id})`)
    return exitCodes.multiple
  }
  const [entry] = found
  if (task.command === 'delete') {
    if (entry === undefined) return exitCodes.ok
    const { rc } = await deleteNvpair(cib, place, entry)
    if (rc === 0) task.say.result(`Deleted ${place.scope} ${place.noun}: id=${entry.id} name=${entry.name}`, undefined)
    return rc === 0 ? exitCodes.ok : refused(task, rc)
  }
  return update(cib, place, entry, filter, task)
}

type Entry = Awaited<ReturnType<typeof findNvpairs>>[number]

function query(place: NvpairPlace, found: readonly Entry[], task: Task): number {
  const { options, say } = task
  const pattern = options.value('pattern')
  const wanted = pattern === undefined ? found : found.filter((entry) => new RegExp(pattern).test(entry.name))
  const substitute = options.value('default')
  const shown =
    wanted.length === 0 && substitute !== undefined ? [{ id: '', name: task.name ?? '', value: substitute }] : wanted
  if (shown.length === 0) return refused(task, cibFaults.noSuchObject)
  const isQuiet = options.has('quiet') || options.has('Quiet')
  for (const entry of shown) {
    const value = entry.value ?? ''
    const text = isQuiet ? value : `scope=${place.scope}  name=${entry.name} value=${value}`
    say.result(text, element('attribute', { name: entry.name, value, scope: place.scope }))
  }
  return exitCodes.ok
}

async function update(
  cib: CibAccess,
  place: NvpairPlace,
  entry: Entry | undefined,
  filter: { readonly id: string | undefined; readonly set: string | undefined },
  task: Task,
): Promise<number> {
  const wanted = task.name ?? entry?.name ?? ''
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
