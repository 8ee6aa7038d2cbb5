import os from 'node:os'
import { type CcmMembership, fieldOf, type Message, text } from '@quorate/heartbeat'
import { askMembership, HeartbeatClient, HeartbeatError } from '@quorate/heartbeat/client'
import type { Tool } from '../tool.ts'
import { type ClStatusCall, clStatusCommands, readClStatusCall } from './options.ts'

/** Exit codes of the real tool. */
const exits = { ok: 0, no: 1, parameters: 11, failed: 13 } as const
/** How long another node may take to say whether a client is there, ms, where the call does not say. */
const clientStatusMs = 100

const usage = `Usage: cl_status <sub-command> [<options>] [<parameters>]

Sub-commands:
${clStatusCommands.map(({ name, parameters, doc }) => `${`${name} ${parameters}`.trim()}\n\t${doc}`).join('\n')}
`

/** cl_status(1): what the node's heartbeat, real or ours, says of the cluster. */
export const run: Tool = async (argv) => {
  if (argv.length === 0 || argv[0] === '-h' || argv[0] === '--help') {
    process.stdout.write(usage)
    return argv.length === 0 ? exits.parameters : exits.ok
  }
  const call = readClStatusCall(argv)
  if (call === undefined) return complain(exits.parameters, `${argv[0]}: invalid sub-command.`)
  becomeHaclient()
  let client: HeartbeatClient
  try {
    client = await HeartbeatClient.connect(os.hostname())
  } catch (error) {
    if (!(error instanceof HeartbeatError)) throw error
    return unreachable(call, error)
  }
  try {
    return await answer(client, call)
  } catch (error) {
    if (!(error instanceof HeartbeatError)) throw error
    return complain(exits.failed, error.message)
  } finally {
    client.close()
  }
}

/** The real tool is set-group-id haclient, and a heartbeat lets in those who are of that group. */
function becomeHaclient(): void {
  if (process.geteuid?.() !== 0) return
  try {
    process.setegid?.('haclient')
  } catch {
    // Without such a group nobody is let in by it.
  }
}

function unreachable(call: ClStatusCall, error: HeartbeatError): number {
  if (call.command === 'hbstatus' && error.code === 'absent') {
    process.stdout.write('Heartbeat is stopped on this machine.\n')
    return exits.no
  }
  if (error.code === 'refused') return complain(exits.no, `Cannot signon with heartbeat: ${error.message}`)
  return complain(exits.no, `Heartbeat is not running on this machine: ${error.message}`)
}

function complain(code: number, ...lines: readonly string[]): number {
  for (const line of lines) process.stderr.write(`cl_status: ERROR: ${line}\n`)
  return code
}

async function answer(client: HeartbeatClient, call: ClStatusCall): Promise<number> {
  switch (call.command) {
    case 'hbstatus':
      return hbStatus(client, call)
    case 'listnodes':
      return listNodes(client, call)
    case 'listhblinks':
      return listLinks(client, call)
    case 'hblinkstatus':
      return linkStatus(client, call)
    case 'clientstatus':
      return clientStatus(client, call)
    case 'rscstatus':
      return resourceStatus(client, call)
    case 'hbparameter':
      return parameter(client, call)
    case 'nodestatus':
      return ofNode(client, call, 'st', (node, value) => `The cluster node ${node} is ${value}`)
    case 'nodetype':
      return ofNode(client, call, 'nodetype', (node, value) => `The node ${node}'s type: ${value}`)
    case 'nodeweight':
      return ofNode(client, call, 'weight', (node, value) => `The cluster node ${node} weight is ${value}`)
    case 'nodesite':
      return ofNode(client, call, 'site', (node, value) => `The cluster node ${node} site is ${value}`)
    default:
      call.command satisfies never
      return exits.parameters
  }
}

function say(line: string): number {
  process.stdout.write(`${line}\n`)
  return exits.ok
}

async function hbStatus(client: HeartbeatClient, call: ClStatusCall): Promise<number> {
  if (!call.isVerbose) return say('Heartbeat is running on this machine.')
  say(`version:\t${client.version}`)
  const isWithout = /^(off|no|false|n|0)$/i.test(client.pacemaker)
  say(isWithout ? 'managed by:\t"haresources"' : `managed by:\tpacemaker\t(${client.pacemaker})`)
  const membership = await askMembership()
  if (membership !== undefined) sayMembership(membership)
  return listNodes(client, call)
}

function sayMembership({ isQuorate, instance, members }: CcmMembership): void {
  say(`\nccm membership ${isQuorate ? 'with quorum' : 'WITHOUT quorum'}`)
  say(`\tinstance ${instance}\n\tmembers ${members.length}`)
  for (const { index, name, born } of members) say(`\t\t${index} ${name}\t(born: ${born})`)
  const isMember = members.some(({ name }) => name === os.hostname())
  say(`\t${isMember ? '' : 'NOT '}member of partition`)
}

/** As the real tool has them: the last that became known first. */
async function nodesOf(client: HeartbeatClient): Promise<readonly Message[]> {
  return [...(await client.request('nodelist'))].reverse()
}

async function listNodes(client: HeartbeatClient, call: ClStatusCall): Promise<number> {
  if (call.isHuman) say('The nodes are as follow:')
  for (const node of await nodesOf(client)) {
    const name = fieldOf(node, 'node') ?? ''
    const type = fieldOf(node, 'nodetype') ?? ''
    if ((call.isPing && type !== 'ping') || (call.isNormal && type !== 'normal')) continue
    if (!call.isVerbose) {
      say(name)
      continue
    }
    say(`\n${name}\t${fieldOf(node, 'st')}\t(nodetype: ${type})`)
    for (const [link, status] of await linksOf(client, name)) say(`\t${link}\t${status}`)
  }
  return exits.ok
}

/** Links to a node by name, each once: up where any of that name is up. */
async function linksOf(client: HeartbeatClient, node: string): Promise<ReadonlyMap<string, string>> {
  const links = new Map<string, string>()
  for (const part of [...(await client.request('iflist', [text('node', node)]))].reverse()) {
    const name = fieldOf(part, 'ifname')
    if (name !== undefined && links.get(name) !== 'up') links.set(name, fieldOf(part, 'st') ?? '')
  }
  return links
}

async function listLinks(client: HeartbeatClient, call: ClStatusCall): Promise<number> {
  const [node] = call.words
  if (node === undefined) return tooFew()
  const links = await linksOf(client, node)
  if (links.size === 0) return complain(exits.failed, 'Cannot start heartbeat link interface walk.', 'REASON: EINVAL')
  for (const [link, status] of links) say(call.isVerbose ? `\t${link}\t${status}` : `\t${link}`)
  return exits.ok
}

async function linkStatus(client: HeartbeatClient, call: ClStatusCall): Promise<number> {
  const [node, link] = call.words
  if (node === undefined || link === undefined) return tooFew()
  const status = (await linksOf(client, node)).get(link)
  if (status === undefined) return complain(exits.failed, 'Cannot get heartbeat link status', 'REASON: ')
  return say(call.isHuman ? `The node ${node}'s heartbeat link ${link} is ${status}` : status)
}

async function clientStatus(client: HeartbeatClient, call: ClStatusCall): Promise<number> {
  const [node, name, timeout] = call.words
  if (node === undefined || name === undefined) {
    process.stderr.write('No enough parameter.\n')
    return exits.parameters
  }
  const waitMs = timeout === undefined ? clientStatusMs : Number(timeout)
  if (!Number.isInteger(waitMs) || waitMs <= 0)
    return complain(exits.parameters, `${timeout}: milliseconds are expected`)
  let status: string | undefined
  try {
    const [part = []] = await client.request('clientstatus', [text('node', node), text('cn', name)], waitMs)
    status = fieldOf(part, 'cs')
  } catch (error) {
    if (!(error instanceof HeartbeatError)) throw error
    return complain(exits.failed, `Cannot get heartbeat client ${name}'s status`, `REASON: ${error.message}`)
  }
  say(status ?? 'offline')
  return status === 'offline' ? exits.no : exits.ok
}

async function resourceStatus(client: HeartbeatClient, call: ClStatusCall): Promise<number> {
  const [part = []] = await client.request('getrsc')
  const held = fieldOf(part, 'rsc_hold') ?? ''
  return say(call.isHuman ? `This node is holding ${held} resources.` : held)
}

async function parameter(client: HeartbeatClient, call: ClStatusCall): Promise<number> {
  if (call.parameter === undefined) return complain(exits.parameters, 'parameter name required')
  const [part = []] = await client.request('getparm', [text('pname', call.parameter)])
  const value = fieldOf(part, 'pvalue')
  if (value === undefined) return complain(exits.no, `Cannot get parameter ${call.parameter}'s value`, 'REASON: ')
  return say(call.isHuman ? `Heartbeat parameter ${call.parameter}'s value: ${value}` : value)
}

async function ofNode(
  client: HeartbeatClient,
  call: ClStatusCall,
  field: string,
  sentence: (node: string, value: string) => string,
): Promise<number> {
  const [node] = call.words
  if (node === undefined) return tooFew()
  const [part = []] = await client.request(call.command, [text('node', node)])
  const value = fieldOf(part, field)
  if (value === undefined) {
    process.stderr.write('Error. May be due to incorrect node name\n')
    return exits.parameters
  }
  return say(call.isHuman ? sentence(node, value) : value)
}

function tooFew(): number {
  process.stderr.write('Not enough parameters.\n')
  return exits.parameters
}
