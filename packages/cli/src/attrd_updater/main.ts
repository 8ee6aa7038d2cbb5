import { exitCodeOf, exitCodes } from '@quorate/cib'
import { AttrdClient } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import { element } from '@quorate/xml'
import { ipcErrno, ipcText } from '../pacemaker/ipc-fault.ts'
import { openOutput } from '../pacemaker/output.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { type Options, readOptions } from '../pacemaker/tool-options.ts'
import { Voice } from '../pacemaker/voice.ts'
import type { Tool } from '../tool.ts'
import { updaterOptions } from './options.ts'

const name = 'attrd_updater'

/** attrd_updater: transient attributes of nodes, in the attribute manager (behaviour/pacemaker-tools.md 6). */
export const run: Tool = (argv) => attrdUpdater(argv, processHost())

const commands = ['update', 'update-value', 'update-both', 'update-delay', 'query', 'delete', 'refresh'] as const

/** What is to be done: the last command of the line. */
type Task = {
  readonly command: Exclude<(typeof commands)[number], 'update-value'>
  readonly attribute: string | undefined
  readonly value: string | undefined
  readonly node: string | undefined
}

/** {@link run} on a given host. */
export async function attrdUpdater(argv: readonly string[], host: ToolHost): Promise<number> {
  const purpose = 'Asks and changes transient attributes of nodes.'
  const options = readOptions(argv, { name, purpose, options: updaterOptions }, host)
  if (typeof options === 'number') return options
  const output = openOutput(options, host, [name, ...argv])
  if (typeof output === 'string') {
    host.err(`${name}: ${output}\n`)
    return exitCodes.error
  }
  const say = new Voice(output)
  return say.end(await perform(taskOf(options, host.env), options, say))
}

function taskOf(options: Options, env: ToolHost['env']): Task {
  const last = options.last(commands)
  const command = last?.long === 'update-value' ? 'update' : ((last?.long ?? 'query') as Task['command'])
  return { command, attribute: options.value('name'), value: last?.value, node: nodeOf(options.value('node'), env) }
}

/**
 * The node that is meant where none is named: within an agent that of its resource, elsewhere undefined. For the resource
 * of a container it is the container's host where that is where its attributes belong.
 */
function nodeOf(named: string | undefined, env: ToolHost['env']): string | undefined {
  if (named !== undefined && named !== 'auto' && named !== 'localhost') return named
  const physical = env['CRM_meta_physical_host']
  if (physical !== undefined && env['CRM_meta_container_attribute_target'] === 'host') return physical
  return env['OCF_RESKEY_CRM_meta_on_node'] ?? named
}

async function perform(task: Task, options: Options, say: Voice): Promise<number> {
  const { command, attribute } = task
  if (attribute === undefined && command !== 'refresh') {
    say.error(`${name}: Command requires --name argument`)
    return exitCodes.usage
  }
  const isOfDelay = command === 'update-both' || command === 'update-delay'
  if (isOfDelay && !options.has('delay')) {
    // The attribute manager will change nothing; the exit code is the real tool's all the same.
    const letter = command === 'update-both' ? 'B' : 'Y'
    say.result(`Warning: '${letter}' command given without required --delay`, undefined)
  }
  let manager: AttrdClient | undefined
  try {
    manager = await AttrdClient.connect(name)
    if (command === 'query')
      return await query(manager, attribute ?? '', options.has('all') ? undefined : task.node, say)
    if (command === 'refresh') await manager.refresh()
    else await change(manager, task, options)
    return exitCodes.ok
  } catch (fault) {
    if (!(fault instanceof IpcError)) throw fault
    say.error(`${name}: ${failureText(task, fault)}`)
    return fault.code === 'IPC_CONNECT' ? exitCodes.disconnect : exitCodeOf(-ipcErrno(fault))
  } finally {
    manager?.close()
  }
}

function failureText({ command, attribute, value }: Task, fault: IpcError): string {
  if (command === 'query') return `Could not connect to attrd: ${ipcText(fault)}`
  return `Could not update ${attribute ?? '(null)'}=${value ?? '(null)'}: ${ipcText(fault)} (${ipcErrno(fault)})`
}

async function change(manager: AttrdClient, task: Task, options: Options): Promise<void> {
  const { command, attribute = '', value, node } = task
  const change = { name: attribute, value, node, set: options.value('set'), isPrivate: options.has('private') }
  const kind = command === 'update-both' || command === 'update-delay' ? command : 'update'
  await manager.update(change, kind, options.value('delay'))
}

async function query(manager: AttrdClient, attribute: string, node: string | undefined, say: Voice): Promise<number> {
  const answers = await manager.query(attribute, node)
  if (answers.length === 0) {
    say.error(`${name}: Could not query value of ${attribute}: attribute does not exist`)
    return exitCodes.config
  }
  for (const { node: host, value = '' } of answers) {
    say.result(
      `name="${attribute}" host="${host}" value="${value}"`,
      element('attribute', { name: attribute, value, host }),
    )
  }
  return exitCodes.ok
}
