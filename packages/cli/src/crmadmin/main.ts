import { exitCodeOf, exitCodes } from '@quorate/cib'
import { ControllerClient, pingPacemakerd } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import { element, type XmlElement } from '@quorate/xml'
import { utcTime } from '../crm_mon/local-time.ts'
import { openCib } from '../pacemaker/cib-access.ts'
import { helpText } from '../pacemaker/command-line.ts'
import { ipcErrno, ipcText } from '../pacemaker/ipc-fault.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import { openOutput } from '../pacemaker/output.ts'
import { pacemakerdText } from '../pacemaker/pacemakerd-text.ts'
import { parseSpanMs } from '../pacemaker/time-span.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { type Options, readOptions } from '../pacemaker/tool-options.ts'
import { Voice } from '../pacemaker/voice.ts'
import type { Tool } from '../tool.ts'
import { configuredNodes } from './configured-nodes.ts'
import { adminOptions } from './options.ts'

const name = 'crmadmin'
const purpose = 'Shows what controllers and pacemakerd say of themselves.'
const timeoutMsDefault = 30_000

/** crmadmin: the DC, states of controllers and of pacemakerd, nodes (behaviour/pacemaker-tools.md 8). */
export const run: Tool = (argv) => crmadmin(argv, processHost())

/** {@link run} on a given host. */
export async function crmadmin(argv: readonly string[], host: ToolHost): Promise<number> {
  const options = readOptions(argv, { name, purpose, options: adminOptions }, host)
  if (typeof options === 'number') return options
  const span = options.value('timeout')
  const spanMs = span === undefined ? timeoutMsDefault : parseSpanMs(span)
  if (spanMs === undefined) {
    host.err(`${name}: Error parsing option -t\n`)
    return exitCodes.usage
  }
  const output = openOutput(options, host, [name, ...argv])
  if (typeof output === 'string') {
    host.err(`${name}: ${output}\n`)
    return exitCodes.error
  }
  const say = new Voice(output)
  return say.end(await perform(options, spanMs || timeoutMsDefault, say, output.host))
}

/** Does what the last command of the line asks for. */
async function perform(options: Options, timeoutMs: number, say: Voice, host: ToolHost): Promise<number> {
  if (options.has('health')) say.error('Cluster-wide health option not supported')
  const last = options.last(['dc_lookup', 'status', 'pacemakerd', 'nodes'])
  switch (last?.long) {
    case 'dc_lookup':
      return asked('controller', say, timeoutMs, () => showDc(options, timeoutMs, say))
    case 'status':
      return asked('controller', say, timeoutMs, () => showController(last.value ?? '', options, timeoutMs, say))
    case 'pacemakerd':
      return asked('launcher', say, timeoutMs, () => showPacemakerd(options, timeoutMs, say))
    case 'nodes':
      return showNodes(last.value ?? 'all', options, say, host)
    default:
      say.error('error: Must specify a command option')
      say.error(helpText(`${name} [OPTIONS]`, purpose, adminOptions))
      return exitCodes.usage
  }
}

/** Asks a daemon, and says why there is no answer. */
async function asked(daemon: string, say: Voice, timeoutMs: number, ask: () => Promise<void>): Promise<number> {
  try {
    await ask()
    return exitCodes.ok
  } catch (fault) {
    if (!(fault instanceof IpcError)) throw fault
    if (fault.code === 'IPC_TIMEOUT') {
      say.error(`error: No reply received from ${daemon} before timeout (${timeoutMs}ms)`)
      say.error('error: Command failed: Connection timed out')
      return exitCodes.timeout
    }
    say.error(`error: Could not connect to ${daemon}: ${ipcText(fault)}`)
    say.error(`error: Command failed: ${ipcText(fault)}`)
    return exitCodeOf(-ipcErrno(fault))
  }
}

async function showDc(options: Options, timeoutMs: number, say: Voice): Promise<void> {
  const { node } = await pingController(undefined, timeoutMs)
  const text = node === undefined ? 'not yet elected' : node
  say.result(
    options.has('quiet') ? (node ?? '') : `Designated Controller is: ${text}`,
    element('dc', { node_name: node ?? '' }),
  )
}

async function showController(wanted: string, options: Options, timeoutMs: number, say: Voice): Promise<void> {
  const { node, state, result } = await pingController(wanted, timeoutMs)
  const text = options.has('quiet') ? `${state}` : `Controller on ${node} in state ${state}: ${result}`
  say.result(text, element('crmd', { node_name: node, state, result }))
}

async function pingController(node: string | undefined, timeoutMs: number) {
  const controller = await ControllerClient.connect(name)
  try {
    return await controller.ping(node, timeoutMs)
  } finally {
    controller.close()
  }
}

async function showPacemakerd(options: Options, timeoutMs: number, say: Voice): Promise<void> {
  const { state = '', lastUpdated } = await pingPacemakerd(options.value('ipc-name') ?? name, timeoutMs)
  const at = utcTime(lastUpdated)
  const text = options.has('quiet') ? state : `Status of pacemakerd: '${pacemakerdText(state)}' (last updated ${at})`
  say.result(text, element('pacemakerd', { sys_from: 'pacemakerd', state, last_updated: at }))
}

/** The configured nodes of some types. A CIB that cannot be had is a missing input, as with the real tool. */
async function showNodes(types: string, options: Options, say: Voice, host: ToolHost): Promise<number> {
  const cib = await readCib(host)
  if (cib === undefined) {
    say.error('error: Command failed: Input file not available')
    return exitCodes.noInput
  }
  const wanted = types.split(',').map((type) => type.trim())
  const nodes = configuredNodes(cib).filter(({ type }) => wanted.includes('all') || wanted.includes(type))
  const isExport = options.has('bash-export')
  const list = nodes.map(({ type, name: uname, id }) => element('node', { type, name: uname, id }))
  const lines = nodes.map((node) => {
    if (options.has('quiet')) return node.name
    return isExport ? `export ${node.name}=${node.id}` : `${node.type} node: ${node.name} (${node.id})`
  })
  const text = nodes.length === 0 ? 'No nodes configured' : lines.join('\n')
  say.result(text, element('nodes', {}, list))
  return exitCodes.ok
}

async function readCib(host: ToolHost): Promise<XmlElement | undefined> {
  const opened = await openCib(host, { name, isReadOnly: true })
  if (!opened.ok) return undefined
  const found = await wholeCib(opened.cib)
  await opened.cib.close()
  return 'cib' in found ? found.cib : undefined
}
