import { compareNodeNames } from '@quorate/base'
import { cibCallOptions, exitCodes } from '@quorate/cib'
import { AttrdClient, ControllerClient } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import { element } from '@quorate/xml'
import { openCib } from '../pacemaker/cib-access.ts'
import { helpText, type Option } from '../pacemaker/command-line.ts'
import { ipcText } from '../pacemaker/ipc-fault.ts'
import { exiting } from '../pacemaker/log-lines.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { commonOptions, type Options, readOptions } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'

const name = 'crm_node'
const command = { group: 'Commands' }

const nodeOptions: readonly Option[] = [
  ...commonOptions,
  { short: 'i', long: 'cluster-id', help: "Print this node's id", ...command },
  { short: 'l', long: 'list', help: 'Print all nodes, past and present', ...command },
  { short: 'n', long: 'name', help: "Print this node's name", ...command },
  { short: 'p', long: 'partition', help: 'Print the members of this partition', ...command },
  { short: 'q', long: 'quorum', help: 'Print 1 where this partition has quorum, else 0', ...command },
  { short: 'N', long: 'name-for-id', argument: 'ID', help: 'Print the name of the node of this id', ...command },
  { short: 'R', long: 'remove', argument: 'NAME', help: 'Forget a node that has left for good', ...command },
  { short: 'f', long: 'force', help: 'Allow what is dangerous', group: 'Additional Options' },
  { short: 'Q', long: 'quiet', help: 'Print less' },
]

const commands = ['cluster-id', 'list', 'name', 'partition', 'quorum', 'name-for-id', 'remove']

const dangerous =
  'The supplied command is considered dangerous.  To prevent accidental destruction of the cluster, the --force flag is required in order to proceed.\n'

/** crm_node: nodes as the controller knows them (behaviour/pacemaker-tools.md 7). */
export const run: Tool = (argv) => crmNode(argv, processHost())

/** {@link run} on a given host. */
export async function crmNode(argv: readonly string[], host: ToolHost): Promise<number> {
  const purpose = 'Shows what this node knows of the nodes of its cluster.'
  const options = readOptions(argv, { name, purpose, options: nodeOptions }, host)
  if (typeof options === 'number') return options
  return exiting(name, await perform(options, purpose, host), host, options)
}

async function perform(options: Options, purpose: string, host: ToolHost): Promise<number> {
  const last = options.last(commands)
  if (last === undefined) {
    host.err(`${helpText(`${name} [OPTIONS]`, purpose, nodeOptions)}\n`)
    return exitCodes.usage
  }
  if (options.has('remove') && !options.has('force')) {
    host.err(dangerous)
    return exitCodes.usage
  }
  const inAgent = host.env['OCF_RESKEY_CRM_meta_on_node']
  if (last.long === 'name' && inAgent !== undefined) {
    host.out(`${inAgent}\n`)
    return exitCodes.ok
  }
  try {
    if (last.long === 'remove') return await remove(last.value ?? '', host)
    const controller = await ControllerClient.connect(name)
    try {
      return await answer(last.long, last.value, controller, host)
    } finally {
      controller.close()
    }
  } catch (fault) {
    if (!(fault instanceof IpcError)) throw fault
    host.err(`error: Could not connect to controller: ${ipcText(fault)}\n`)
    return exitCodes.disconnect
  }
}

async function answer(
  what: string,
  value: string | undefined,
  controller: ControllerClient,
  host: ToolHost,
): Promise<number> {
  if (what === 'list' || what === 'partition') {
    const nodes = [...(await controller.listNodes())].sort((a, b) => compareNodeNames(a.name, b.name))
    if (what === 'list') for (const node of nodes) host.out(`${node.id} ${node.name} ${node.state}\n`)
    else host.out(`${nodes.map((node) => (node.state === 'member' ? `${node.name} ` : '')).join('')}\n`)
    return exitCodes.ok
  }
  const info = await controller.nodeInfo(what === 'name-for-id' ? Number.parseInt(value ?? '', 10) : undefined)
  if (what === 'quorum') host.out(`${info.hasQuorum ? 1 : 0}\n`)
  else {
    const text = what === 'cluster-id' ? info.id : info.name
    if (text === undefined) {
      host.err('Node is not known to cluster\n')
      return exitCodes.noHost
    }
    host.out(`${text}\n`)
  }
  return exitCodes.ok
}

/** Has everybody forget a node. Unlike the C tool, refuses one that is still a member: forgetting it would stop the cluster. */
async function remove(uname: string, host: ToolHost): Promise<number> {
  const controller = await ControllerClient.connect(name)
  try {
    const known = (await controller.listNodes()).find((node) => node.name === uname)
    if (known?.state === 'member') {
      host.err(`${name}: node ${uname} is a member of the cluster: stop it first\n`)
      return exitCodes.unsafe
    }
    await controller.removeNode({ name: uname })
  } finally {
    controller.close()
  }
  const attributes = await AttrdClient.connect(name)
  await attributes.removePeer(uname)
  attributes.close()
  return removeFromCib(uname, host)
}

async function removeFromCib(uname: string, host: ToolHost): Promise<number> {
  const opened = await openCib({ ...host, env: {} }, { name })
  if (!opened.ok) return exitCodes.disconnect
  const options = cibCallOptions.scopeLocal
  await opened.cib.perform({ op: 'cib_delete', section: 'nodes', data: element('node', { uname }), options })
  await opened.cib.perform({ op: 'cib_delete', section: 'status', data: element('node_state', { uname }), options })
  await opened.cib.close()
  return exitCodes.ok
}
