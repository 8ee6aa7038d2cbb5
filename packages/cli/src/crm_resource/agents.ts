import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { exitCodes, exitCodeText } from '@quorate/cib'
import { type AttributesInit, element, type XmlElement } from '@quorate/xml'
import { fenceAgents, fenceMetadata, folderEntries, isProgramIn, runFenceAgent } from '../pacemaker/fence-agents.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import { Failure } from './work.ts'

function ocfFolder(host: ToolHost): string {
  return path.join(host.env['OCF_ROOT'] ?? '/usr/lib/ocf', 'resource.d')
}

/** Providers of OCF agents, or of one agent. */
function ocfProviders(host: ToolHost, agent?: string): readonly string[] {
  const folder = ocfFolder(host)
  const providers = folderEntries(folder, (entry) => entry.isDirectory() || entry.isSymbolicLink())
  if (agent === undefined) return providers
  return providers.filter((name) => fs.statSync(path.join(folder, name, agent), { throwIfNoEntry: false })?.isFile())
}

/** Agents of a standard, of a provider where one is given as in `ocf:heartbeat`. */
function agentsOf(host: ToolHost, standard: string, provider: string | undefined): readonly string[] {
  switch (standard) {
    case 'ocf': {
      const providers = provider === undefined ? ocfProviders(host) : [provider]
      return providers.flatMap((name) => {
        const folder = path.join(ocfFolder(host), name)
        return folderEntries(folder, isProgramIn(folder))
      })
    }
    case 'lsb':
      return initScripts()
    case 'stonith':
      return fenceAgents()
    case 'systemd':
      return systemdUnits()
    case 'service':
      return [...new Set([...initScripts(), ...systemdUnits()])].sort()
    default:
      return []
  }
}

/** Whether an agent of a standard, and of a provider where there are such, is installed. */
export function hasAgent(host: ToolHost, standard: string, provider: string | undefined, type: string): boolean {
  return agentsOf(host, standard, provider).includes(type)
}

const initFolder = '/etc/init.d'

function initScripts(): readonly string[] {
  return folderEntries(initFolder, isProgramIn(initFolder))
}

function hasSystemd(): boolean {
  return fs.existsSync('/run/systemd/system')
}

function systemdUnits(): readonly string[] {
  if (!hasSystemd()) return []
  return folderEntries('/lib/systemd/system', (entry) => /\.service$/.test(entry.name)).map((name) =>
    name.replace(/\.service$/, ''),
  )
}

/** What is installed here, as lines and as XML. */
export type AgentList = {
  /** Heading of the lines with --text-fancy; left out where they are a document. */
  readonly title?: string
  readonly lines: readonly string[]
  readonly xml: XmlElement
}

/**
 * --list-standards, --list-ocf-providers, --list-agents, --list-ocf-alternatives, --show-metadata: what is installed here.
 *
 * @throws Failure where nothing was found
 */
export function listAgents(command: string, value: string | undefined, host: ToolHost): AgentList {
  switch (command) {
    case 'list-standards': {
      const names = ['ocf', 'lsb', 'service', ...(hasSystemd() ? ['systemd'] : []), 'stonith']
      return listOf('Standards', 'list', { name: 'standards', count: String(names.length) }, 'item', names)
    }
    case 'list-agents': {
      const [standard = '', ...rest] = (value ?? '').split(':')
      const provider = rest.length === 0 ? undefined : rest.join(':')
      const names = agentsOf(host, standard, provider)
      const among = provider === undefined ? '' : ` and provider '${provider}'`
      if (names.length === 0) throw missing(exitCodes.error, `No agents found for standard '${standard}'${among}`)
      return listOf(`${provider ?? standard} agents`, 'agents', { standard, provider }, 'agent', names)
    }
    case 'list-ocf-alternatives': {
      const names = ocfProviders(host, value)
      if (names.length === 0) throw missing(exitCodes.noSuchObject, `No OCF providers found for ${value ?? ''}`)
      return listOf('Providers', 'providers', { for: value }, 'provider', names)
    }
    case 'show-metadata':
      return metadataOf(value ?? '', host)
    default:
      return listOf('Providers', 'providers', { standard: 'ocf' }, 'provider', ocfProviders(host))
  }
}

function listOf(
  title: string,
  name: string,
  attributes: AttributesInit,
  item: string,
  lines: readonly string[],
): AgentList {
  const items = lines.map((line) => element(item, {}, [], line))
  return { title, lines, xml: element(name, attributes, items) }
}

function missing(code: number, why: string): Failure {
  return new Failure(code, [`crm_resource: ${why}`, `Error performing operation: ${exitCodeText(code)}`])
}

/** How long an agent may take to describe itself, in milliseconds. */
const metadataTimeoutMs = 30_000

/** What an agent says of itself: of OCF agents as it stands, of fence agents an element a line. */
function metadataOf(spec: string, host: ToolHost): AgentList {
  const [standard = '', ...rest] = spec.split(':')
  const type = rest.at(-1) ?? ''
  const provider = rest.length > 1 ? rest.slice(0, -1).join(':') : ''
  if (type === '' || rest.length === 0 || (standard === 'ocf' && provider === '')) {
    throw missing(exitCodes.noSuchObject, `'${spec}' is not a valid agent specification`)
  }
  const text =
    standard === 'ocf'
      ? said(path.join(ocfFolder(host), provider, type), ['meta-data'], host, type)
      : standard === 'stonith'
        ? fenceText(type, host)
        : undefined
  if (text === undefined) {
    throw missing(exitCodes.noSuchObject, `Metadata query for ${spec} failed: No such device or address`)
  }
  return { lines: [text.replace(/\n$/, '')], xml: element('metadata', {}, [], text) }
}

function fenceText(agent: string, host: ToolHost): string | undefined {
  const done = runFenceAgent(agent, [['action', 'metadata']], metadataTimeoutMs, host)
  if (done?.status !== 0 || done.out === '') return undefined
  return fenceMetadata(done.out) ?? done.out
}

function said(file: string, argv: readonly string[], host: ToolHost, type: string): string | undefined {
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  if (stat?.isFile() !== true || (stat.mode & 0o111) === 0) return undefined
  const env = { ...host.env, OCF_ROOT: path.dirname(ocfFolder(host)), OCF_RESOURCE_INSTANCE: type }
  const done = spawnSync(file, argv, {
    encoding: 'utf8',
    env,
    timeout: metadataTimeoutMs,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return done.status === 0 && done.stdout !== '' ? done.stdout : undefined
}
