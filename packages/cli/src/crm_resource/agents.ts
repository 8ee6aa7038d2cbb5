import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { exitCodes, exitCodeText } from '@quorate/cib'
import {
  type AttributesInit,
  attr,
  element,
  formatXml,
  parseXml,
  withAttributes,
  withChildren,
  type XmlElement,
} from '@quorate/xml'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import { Failure } from './work.ts'

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
function ocfProviders(host: ToolHost, agent?: string): readonly string[] {
  const folder = ocfFolder(host)
  const providers = entries(folder, (entry) => entry.isDirectory() || entry.isSymbolicLink())
  return agent === undefined ? providers : providers.filter((name) => fs.existsSync(path.join(folder, name, agent)))
}

/** Agents of a standard, of a provider where one is given as in `ocf:heartbeat`. */
function agentsOf(host: ToolHost, standard: string, provider: string | undefined): readonly string[] {
  switch (standard) {
    case 'ocf': {
      const providers = provider === undefined ? ocfProviders(host) : [provider]
      return providers.flatMap((name) => {
        const folder = path.join(ocfFolder(host), name)
        return entries(folder, isProgram(folder))
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

const initFolder = '/etc/init.d'

function initScripts(): readonly string[] {
  return entries(initFolder, isProgram(initFolder))
}

function hasSystemd(): boolean {
  return fs.existsSync('/run/systemd/system')
}

function systemdUnits(): readonly string[] {
  if (!hasSystemd()) return []
  return entries('/lib/systemd/system', (entry) => /\.service$/.test(entry.name)).map((name) =>
    name.replace(/\.service$/, ''),
  )
}

const pluginFolder = '/usr/lib/stonith/plugins'
/** Plugins that only lead to agents of other kinds. */
const bridges = ['external.so', 'rhcs.so']

/** The plugins of cluster-glue, then the fence agents. */
function fenceAgents(): readonly string[] {
  const external = path.join(pluginFolder, 'external')
  const plugins = [
    ...entries(path.join(pluginFolder, 'stonith2'), ({ name }) => name.endsWith('.so') && !bridges.includes(name)).map(
      (name) => name.replace(/\.so$/, ''),
    ),
    ...entries(external, isProgram(external)).map((name) => `external/${name}`),
  ]
  const isFenceProgram = isProgram(fenceAgentFolder)
  const agents = entries(fenceAgentFolder, (entry) => entry.name.startsWith('fence_') && isFenceProgram(entry))
  return [...plugins.sort(), ...agents]
}

/** What is installed here, as lines and as XML. */
export type AgentList = { readonly lines: readonly string[]; readonly xml: XmlElement }

/**
 * --list-standards, --list-ocf-providers, --list-agents, --list-ocf-alternatives, --show-metadata: what is installed here.
 *
 * @throws Failure where nothing was found
 */
export function listAgents(command: string, value: string | undefined, host: ToolHost): AgentList {
  switch (command) {
    case 'list-standards': {
      const names = ['ocf', 'lsb', 'service', ...(hasSystemd() ? ['systemd'] : []), 'stonith']
      return listOf('list', { name: 'standards', count: String(names.length) }, 'item', names)
    }
    case 'list-agents': {
      const [standard = '', ...rest] = (value ?? '').split(':')
      const provider = rest.length === 0 ? undefined : rest.join(':')
      const names = agentsOf(host, standard, provider)
      const among = provider === undefined ? '' : ` and provider '${provider}'`
      if (names.length === 0) throw missing(exitCodes.error, `No agents found for standard '${standard}'${among}`)
      return listOf('agents', { standard, provider }, 'agent', names)
    }
    case 'list-ocf-alternatives': {
      const names = ocfProviders(host, value)
      if (names.length === 0) throw missing(exitCodes.noSuchObject, `No OCF providers found for ${value ?? ''}`)
      return listOf('providers', { for: value }, 'provider', names)
    }
    case 'show-metadata':
      return metadataOf(value ?? '', host)
    default:
      return listOf('providers', { standard: 'ocf' }, 'provider', ocfProviders(host, value))
  }
}

function listOf(name: string, attributes: AttributesInit, item: string, lines: readonly string[]): AgentList {
  const items = lines.map((line) => element(item, {}, [], line))
  return { lines, xml: element(name, attributes, items) }
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
  if (type === '' || (standard === 'ocf') !== (provider !== '')) {
    throw missing(exitCodes.noSuchObject, `'${spec}' is not a valid agent specification`)
  }
  const text =
    standard === 'ocf'
      ? said(path.join(ocfFolder(host), provider, type), ['meta-data'], host, type)
      : standard === 'stonith'
        ? formatted(said(path.join(fenceAgentFolder, type), ['-o', 'metadata'], host, type))
        : undefined
  if (text === undefined) {
    throw missing(exitCodes.noSuchObject, `Metadata query for ${spec} failed: No such device or address`)
  }
  return { lines: [text.replace(/\n$/, '')], xml: element('metadata', {}, [], text) }
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

/** Parameters of fence agents that the cluster gives, so that nobody has to. */
const given: ReadonlySet<string> = new Set(['action', 'plug', 'port'])

/** A fence agent's description as the cluster has it: with the actions of a resource, and what is given not required. */
function formatted(text: string | undefined): string | undefined {
  const read = text === undefined ? undefined : parseXml(text)
  if (read?.ok !== true) return text
  const actions = ['stop', 'start'].map((action) => element('action', { name: action, timeout: '20s' }))
  const sections = read.value.children.map((section) => {
    if (section.name === 'actions') return withChildren(section, [...section.children, ...actions])
    if (section.name !== 'parameters') return section
    const parameters = section.children.map((item) =>
      given.has(attr(item, 'name') ?? '') ? withAttributes(item, { required: '0' }) : item,
    )
    return withChildren(section, parameters)
  })
  return formatXml(withChildren(read.value, sections))
}
