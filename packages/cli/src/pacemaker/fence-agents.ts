import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import {
  attr,
  childrenNamed,
  element,
  formatXml,
  parseXml,
  withAttributes,
  withChildren,
  type XmlElement,
} from '@quorate/xml'
import type { ToolHost } from './tool-host.ts'

const agentFolder = '/usr/sbin'
const pluginFolder = '/usr/lib/stonith/plugins'
/** Plugins that only lead to agents of other kinds. */
const bridges = ['external.so', 'rhcs.so']

/** Names of files of a folder, sorted; none where it cannot be read. */
export function folderEntries(folder: string, isWanted: (entry: fs.Dirent) => boolean): readonly string[] {
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

/** Whether an entry of a folder can be run. */
export function isProgramIn(folder: string): (entry: fs.Dirent) => boolean {
  return (entry) => isProgram(path.join(folder, entry.name))
}

function isProgram(file: string): boolean {
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  return stat?.isFile() === true && (stat.mode & 0o111) !== 0
}

/** Names of the plugins of cluster-glue, sorted: the elder kind of agents. */
export function fencePlugins(): readonly string[] {
  const external = path.join(pluginFolder, 'external')
  const isPlugin = ({ name }: fs.Dirent) => name.endsWith('.so') && !bridges.includes(name)
  const plugins = [
    ...folderEntries(path.join(pluginFolder, 'stonith2'), isPlugin).map((name) => name.replace(/\.so$/, '')),
    ...folderEntries(external, isProgramIn(external)).map((name) => `external/${name}`),
  ]
  return plugins.sort()
}

/** The plugins of cluster-glue, then the fence agents. */
export function fenceAgents(): readonly string[] {
  const isAgent = isProgramIn(agentFolder)
  return [
    ...fencePlugins(),
    ...folderEntries(agentFolder, (entry) => entry.name.startsWith('fence_') && isAgent(entry)),
  ]
}

/** How a fence agent ended; `status` is undefined where it took too long or a signal ended it. */
export type FenceAgentResult = {
  readonly status: number | undefined
  readonly isTimeout: boolean
  readonly out: string
  readonly err: string
}

/**
 * Runs a fence agent with parameters on its standard input.
 *
 * @returns undefined where there is no such agent
 */
export function runFenceAgent(
  agent: string,
  parameters: readonly (readonly [name: string, value: string])[],
  timeoutMs: number,
  host: ToolHost,
): FenceAgentResult | undefined {
  const file = path.join(agentFolder, agent)
  if (agent === '' || agent.includes('/') || !isProgram(file)) return undefined
  const done = spawnSync(file, [], {
    encoding: 'utf8',
    env: host.env,
    input: parameters.map(([name, value]) => `${name}=${value}\n`).join(''),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  const isTimeout = (done.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT'
  return { status: done.status ?? undefined, isTimeout, out: done.stdout ?? '', err: done.stderr ?? '' }
}

/** Parameters of fence agents that the cluster gives, so that nobody has to. */
const given: ReadonlySet<string> = new Set(['action', 'plug', 'port'])

/**
 * A fence agent's description as the cluster has it: with the actions of a resource, and what is given not required.
 *
 * @returns undefined where the text is none
 */
export function fenceMetadata(text: string): string | undefined {
  const read = parseXml(text)
  if (!read.ok) return undefined
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

/** The parameter by which a fence agent is told its target: `port`, or `plug` of one that has only that. */
export function targetParameter(metadata: string): string {
  const read = parseXml(metadata)
  const sections: readonly XmlElement[] = read.ok ? childrenNamed(read.value, 'parameters') : []
  const names = sections.flatMap((section) => section.children.map((item) => attr(item, 'name')))
  return names.includes('plug') && !names.includes('port') ? 'plug' : 'port'
}
