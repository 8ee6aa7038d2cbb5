import { nodeId, nodeIdMax } from '@quorate/base'
import { type CfgAdminClient, CsError, connectRing, csErrorCodes, type IpcRing } from '@quorate/corosync/client'
import { hasOption, lastValue, readToolLine, type ToolLine } from '../corosync-tools/tool-line.ts'
import type { Tool } from '../tool.ts'
import { linksJson, linksText, nodesText, readLinks } from './link-status.ts'
import { cfgtoolOptions, cfgtoolUsage } from './options.ts'

const exitOk = 0
const exitFailure = 1
const actions = new Set(['status', 'nodes', 'reload', 'reopen-logs', 'kill', 'addresses', 'shutdown'])
const ignore = (): void => undefined

/** corosync-cfgtool(8): the links of this node, and what may be done to corosync. */
export const run: Tool = async (argv) => {
  const line = readToolLine('corosync-cfgtool', argv, cfgtoolOptions)
  if (typeof line === 'string') return complain(line)
  const action = line.options.findLast(({ name }) => actions.has(name))?.name
  if (hasOption(line, 'help') || action === undefined) return print(cfgtoolUsage)
  const target = lastValue(line, action)
  const node = Number(target)
  if (target !== undefined && !(Number.isInteger(node) && node >= 1 && node <= nodeIdMax)) {
    return complain('The nodeid was not valid, try a positive number\n')
  }
  if (action === 'kill') print(`Killing node ${node}\n`)
  if (action === 'reload') print('Reloading corosync.conf...\n')
  const ring = connectRing({ tryAgainForMs: 0 })
  const namesCode = action === 'reload' || action === 'reopen-logs'
  let cfg: CfgAdminClient
  try {
    cfg = await ring.cfgWithoutTracking(ignore)
  } catch (error) {
    if (!(error instanceof CsError)) throw error
    const code = namesCode ? error.code : csErrorCodes[error.code]
    return complain(`Could not initialize corosync configuration API error ${code}\n`)
  }
  try {
    return await act(ring, cfg, line, action, node)
  } finally {
    cfg.close()
  }
}

async function act(ring: IpcRing, cfg: CfgAdminClient, line: ToolLine, action: string, node: number): Promise<number> {
  switch (action) {
    case 'kill':
      return attempt('Could not kill node', () => cfg.killNode(nodeId(node), 'Killed by corosync-cfgtool'))
    case 'reload': {
      const outcome = await attempt('Could not reload configuration', () => cfg.reloadConfig())
      return outcome === exitOk ? print('Done\n') : outcome
    }
    case 'reopen-logs':
      return attempt('Could not reopen corosync logging files', () => cfg.reopenLogFiles())
    case 'addresses':
      return showAddresses(cfg, node)
    case 'shutdown': {
      print('Shutting down corosync\n')
      const how = hasOption(line, 'force') ? 'regardless' : 'request'
      return attempt('Could not shutdown', () => cfg.tryShutdown(how))
    }
    default:
      return showLinks(ring, cfg, line, action)
  }
}

async function showLinks(ring: IpcRing, cfg: CfgAdminClient, line: ToolLine, action: string): Promise<number> {
  const cmap = await ring.cmap(ignore)
  try {
    const links = await readLinks(cfg, cmap)
    if (line.outputAs === 'json') return print(`${JSON.stringify(linksJson(links), undefined, 2)}\n`)
    return print(action === 'nodes' ? nodesText(links) : linksText(links, hasOption(line, 'brief')))
  } finally {
    cmap.close()
  }
}

async function showAddresses(cfg: CfgAdminClient, node: number): Promise<number> {
  try {
    const addresses = await cfg.addresses(node)
    if (addresses.length > 0) return print(`${addresses.join(' ')}\n`)
  } catch (error) {
    if (!(error instanceof CsError)) throw error
  }
  return complain(`Could not get node address for nodeid ${node}\n`)
}

async function attempt(what: string, call: () => Promise<void>): Promise<number> {
  try {
    await call()
    return exitOk
  } catch (error) {
    if (!(error instanceof CsError)) throw error
    return complain(`${what} (error = ${csErrorCodes[error.code]})\n`)
  }
}

function print(text: string): number {
  process.stdout.write(text)
  return exitOk
}

function complain(text: string): number {
  process.stderr.write(text)
  return exitFailure
}
