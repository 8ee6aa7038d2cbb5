import fs from 'node:fs'
import path from 'node:path'
import { exitCodes } from '@quorate/cib'
import { element, type XmlElement } from '@quorate/xml'
import type { ToolHost } from '../pacemaker/tool-host.ts'

const fenceAgentFolder = '/usr/sbin'

function ocfFolder(host: ToolHost): string {
  return path.join(host.env['OCF_ROOT'] ?? '/usr/lib/ocf', 'resource.d')
}

function entries(folder: string, isWanted: (entry: fs.Dirent) => boolean): readonly string[] {
  try {
    const found = fs.readdirSync(folder, { withFileTypes: true })
    return found
      .filter((entry) => !entry.name.startsWith('.') && isWanted(entry))
      .map((entry) => entry.name)
      .sort()
  } catch {
    return []
  }
}

function isProgram(folder: string): (entry: fs.Dirent) => boolean {
  return (entry) => {
    const stat = fs.statSync(path.join(folder, entry.name), { throwIfNoEntry: false })
    return stat?.isFile() === true && (stat.mode & 0o111) !== 0
  }
}

/** Providers of OCF agents, or of one agent. */
export function ocfProviders(host: ToolHost, agent?: string): readonly string[] {
  const folder = ocfFolder(host)
  const providers = entries(folder, (entry) => entry.isDirectory() || entry.isSymbolicLink())
  return agent === undefined ? providers : providers.filter((name) => fs.existsSync(path.join(folder, name, agent)))
}

/** Agents of a standard, of a provider where one is given as in `ocf:heartbeat`. Undefined for an unknown standard. */
export function agentsOf(host: ToolHost, spec: string): readonly string[] | undefined {
  const [standard = '', provider] = spec.split(':')
  switch (standard) {
    case 'ocf': {
      const providers = provider === undefined ? ocfProviders(host) : [provider]
      const all = providers.flatMap((name) => {
        const folder = path.join(ocfFolder(host), name)
        return entries(folder, isProgram(folder))
      })
      return [...new Set(all)].sort()
    }
    case 'lsb':
      return entries('/etc/init.d', isProgram('/etc/init.d'))
    case 'stonith':
      return entries(fenceAgentFolder, (entry) => entry.name.startsWith('fence_')).filter(
        (name) => !/_(x?virtd|pcmk|legacy)$/.test(name),
      )
    case 'systemd':
    case 'service':
      return entries('/lib/systemd/system', (entry) => /\.service$/.test(entry.name)).map((name) =>
        name.replace(/\.service$/, ''),
      )
    default:
      return undefined
  }
}

/** --list-standards, --list-ocf-providers, --list-agents, --list-ocf-alternatives: what is installed here. */
export function listAgents(
  command: string,
  value: string | undefined,
  host: ToolHost,
): { readonly code: number; readonly lines: readonly string[]; readonly xml: XmlElement } {
  const answer = (name: string, item: string, lines: readonly string[]) => ({
    code: lines.length === 0 ? exitCodes.noSuchObject : exitCodes.ok,
    lines,
    xml: element(
      name,
      {},
      lines.map((line) => element(item, {}, [], line)),
    ),
  })
  switch (command) {
    case 'list-standards': {
      const hasSystemd = fs.existsSync('/run/systemd/system')
      return answer('standards', 'standard', ['ocf', 'lsb', 'service', ...(hasSystemd ? ['systemd'] : []), 'stonith'])
    }
    case 'list-agents':
      return answer('agents', 'agent', agentsOf(host, value ?? '') ?? [])
    default:
      return answer('providers', 'provider', ocfProviders(host, value))
  }
}
