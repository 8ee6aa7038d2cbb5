import { type NodeId, nodeId } from '@quorate/base'
import type { TotemSettings } from '@quorate/totem'
import type { TieBreaker } from '../votequorum/tally.ts'
import { votesMax } from '../votequorum/votequorum-ring-message.ts'
import { type ConfigEntry, configEntries } from './config-entries.ts'
import { ConfigError } from './config-error.ts'
import { parseConfigText } from './config-text.ts'
import { optionOf } from './options.ts'

/** Most nodes of a ring. */
export const configNodesMax = 384

/** A node of the nodelist. */
export type ConfigNode = {
  /** Its place in the file, from 0: the N of `nodelist.node.N`. */
  readonly position: number
  readonly node: NodeId
  readonly name: string | undefined
  /** Address or host name of link 0. */
  readonly address: string
  readonly votes: number
  readonly line: number
}

/** How the partition that may act is found. */
export type QuorumSettings = {
  readonly expectedVotes: number
  readonly isTwoNode: boolean
  readonly waitForAll: boolean
  readonly autoTieBreaker: TieBreaker | undefined
  readonly lastManStanding: boolean
  readonly lastManStandingWindowMs: number
}

/** Where log lines go and how serious they must be. */
export type LogSettings = {
  readonly file: string | undefined
  readonly toStderr: boolean
  readonly timestamp: 'on' | 'off' | 'hires'
  readonly debug: 'on' | 'off' | 'trace'
  readonly filePriority: string
  /** `debug` of single subsystems. */
  readonly debugOf: ReadonlyMap<string, string>
}

/** corosync.conf, checked and with every default filled in. */
export type Configuration = {
  readonly entries: readonly ConfigEntry[]
  /** Keys that the daemon does not know, for a warning. */
  readonly unknown: readonly ConfigEntry[]
  readonly transport: 'udpu'
  readonly clusterName: string | undefined
  readonly totem: TotemSettings
  readonly tokenWarningPercent: number
  readonly blockUnlistedIps: boolean
  readonly ipVersion: 'ipv4' | 'ipv6' | 'ipv4-6' | 'ipv6-4'
  readonly port: number
  readonly nodes: readonly ConfigNode[]
  /** Undefined without a provider: then every ring may act. */
  readonly quorum: QuorumSettings | undefined
  readonly log: LogSettings
  readonly ipcTransport: 'shm' | 'socket'
  readonly schedRr: boolean
  readonly stateDir: string
}

/** Settings by key. Later lines win over earlier ones. */
class Settings {
  readonly file: string
  readonly #entries: ReadonlyMap<string, ConfigEntry>

  constructor(file: string, entries: readonly ConfigEntry[]) {
    this.file = file
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]))
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  text(key: string, generic: string = key): string | undefined {
    return this.#entries.get(key)?.value ?? optionOf(generic)?.default
  }

  number(key: string, generic: string = key): number | undefined {
    const value = this.text(key, generic)
    return value === undefined ? undefined : Number(value)
  }

  flag(key: string): boolean {
    return this.text(key) === 'yes' || (this.number(key) ?? 0) > 0
  }

  fault(key: string, what: string): ConfigError {
    return new ConfigError(this.file, this.#entries.get(key)?.line, what)
  }
}

/**
 * Reads and checks corosync.conf(5).
 *
 * @throws ConfigError with file, line and what was expected
 */
export function readConfiguration(file: string, text: string): Configuration {
  const entries = configEntries(file, parseConfigText(file, text))
  const settings = new Settings(file, entries)
  checkTransport(settings)
  const nodes = nodesOf(settings, entries)
  const ipVersion = settings.text('totem.ip_version') as Configuration['ipVersion']
  return {
    entries,
    unknown: entries.filter((entry) => entry.option === undefined && !/\.ring[1-7]_addr$/.test(entry.key)),
    transport: 'udpu',
    clusterName: settings.text('totem.cluster_name'),
    totem: totemSettings(settings),
    tokenWarningPercent: settings.number('totem.token_warning') ?? 0,
    blockUnlistedIps: settings.flag('totem.block_unlisted_ips'),
    ipVersion,
    port: portOf(settings),
    nodes,
    quorum: quorumSettings(settings, nodes),
    log: logSettings(settings, entries),
    ipcTransport: settings.text('system.qb_ipc_type') === 'socket' ? 'socket' : 'shm',
    schedRr: settings.flag('system.sched_rr'),
    stateDir: settings.text('system.state_dir') as string,
  }
}

function checkTransport(settings: Settings): void {
  const { file } = settings
  if (settings.number('totem.version') !== 2) {
    throw settings.fault('totem.version', 'totem { version: 2 } is expected: this parser can only parse version 2')
  }
  const transport = settings.text('totem.transport')
  if (transport !== 'udpu') {
    const why = settings.has('totem.transport') ? `transport: ${transport} is` : 'transport: knet, the default, is'
    throw settings.fault('totem.transport', `${why} not supported yet; totem { transport: udpu } is expected`)
  }
  for (const key of ['totem.crypto_cipher', 'totem.crypto_hash']) {
    if (settings.text(key) === 'none') continue
    throw settings.fault(key, 'crypto_cipher & crypto_hash are only valid for the Knet transport.')
  }
  if (settings.text('totem.secauth') === 'on' && !settings.has('totem.crypto_cipher')) {
    throw settings.fault('totem.secauth', `secauth: on is only valid for the Knet transport.`)
  }
  if (!settings.has('nodelist.node.0.ring0_addr')) {
    throw new ConfigError(
      file,
      undefined,
      'nodelist { node { ring0_addr: ADDRESS } } is expected: No interfaces defined',
    )
  }
}

function nodesOf(settings: Settings, entries: readonly ConfigEntry[]): readonly ConfigNode[] {
  const lines = new Map<number, number>()
  for (const { key, line } of entries) {
    const position = /^nodelist\.node\.(\d+)\./.exec(key)?.[1]
    if (position !== undefined && !lines.has(Number(position))) lines.set(Number(position), line)
  }
  if (lines.size > configNodesMax) {
    throw new ConfigError(settings.file, undefined, `${lines.size} nodes, at most ${configNodesMax} are expected`)
  }
  const nodes = [...lines].map(([position, line]) => nodeOf(settings, position, line))
  const seen = new Set<number>()
  for (const { node, line } of nodes) {
    if (seen.has(node)) throw new ConfigError(settings.file, line, `Nodeid ${node} appears twice in corosync.conf`)
    seen.add(node)
  }
  return nodes
}

function nodeOf(settings: Settings, position: number, line: number): ConfigNode {
  const key = (name: string): string => `nodelist.node.${position}.${name}`
  const address = settings.text(key('ring0_addr'), '')
  if (address === undefined || address === '') {
    throw new ConfigError(settings.file, line, `node ${position} is expected to have a ring0_addr`)
  }
  if (settings.has(key('ring1_addr'))) {
    throw settings.fault(key('ring1_addr'), 'one link is expected with transport udpu: only knet has more')
  }
  const id = settings.number(key('nodeid'), '') ?? idOfAddress(address, settings.flag('totem.clear_node_high_bit'))
  if (id === undefined || id === 0) {
    throw new ConfigError(
      settings.file,
      line,
      `node ${position} is expected to have a nodeid (its address is no IPv4 one)`,
    )
  }
  const votes = settings.number(key('quorum_votes'), '') ?? settings.number('quorum.votes') ?? 1
  if (votes > votesMax) throw settings.fault(key('quorum_votes'), `at most ${votesMax} votes are expected`)
  return { position, node: nodeId(id), name: settings.text(key('name'), ''), address, votes, line }
}

/** A node without an id is known by its IPv4 address, most significant byte first. */
function idOfAddress(address: string, clearHighBit: boolean): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  const id = parts.reduce((sum, part) => sum * 256 + part, 0)
  return clearHighBit ? id % 0x8000_0000 : id
}

function totemSettings(settings: Settings): TotemSettings {
  const out: Record<string, number> = {}
  const names = [
    'token',
    'token_coefficient',
    'token_retransmits_before_loss_const',
    'token_retransmit',
    'hold',
    'join',
    'consensus',
    'merge',
    'downcheck',
    'fail_recv_const',
    'seqno_unchanged_const',
    'miss_count_const',
    'window_size',
    'max_messages',
    'netmtu',
  ]
  for (const name of names) {
    const value = settings.number(`totem.${name}`)
    if (value !== undefined) out[name] = value
  }
  return out
}

function portOf(settings: Settings): number {
  const key = 'totem.interface.0.mcastport'
  const port = settings.number(key, 'totem.interface.mcastport') ?? 0
  if (port < 1 || port > 65_535)
    throw settings.fault(key, `a port in range (1..65535) is expected, but ${port} was given`)
  return port
}

function quorumSettings(settings: Settings, nodes: readonly ConfigNode[]): QuorumSettings | undefined {
  if (!settings.has('quorum.provider')) return undefined
  const isTwoNode = settings.flag('quorum.two_node')
  const votes = nodes.reduce((sum, node) => sum + node.votes, 0)
  const expectedVotes = settings.number('quorum.expected_votes') ?? votes
  if (expectedVotes < 1 || expectedVotes > votesMax) {
    throw settings.fault(
      'quorum.expected_votes',
      `1..${votesMax} expected votes are expected, but ${expectedVotes} were given`,
    )
  }
  if (isTwoNode && expectedVotes !== 2) {
    throw settings.fault('quorum.two_node', `two_node is expected with 2 votes, but there are ${expectedVotes}`)
  }
  return {
    expectedVotes,
    isTwoNode,
    waitForAll: settings.has('quorum.wait_for_all') ? settings.flag('quorum.wait_for_all') : isTwoNode,
    autoTieBreaker: settings.flag('quorum.auto_tie_breaker') ? tieBreakerOf(settings) : undefined,
    lastManStanding: settings.flag('quorum.last_man_standing'),
    lastManStandingWindowMs: settings.number('quorum.last_man_standing_window') ?? 0,
  }
}

function tieBreakerOf(settings: Settings): TieBreaker {
  const key = 'quorum.auto_tie_breaker_node'
  const text = settings.text(key)
  if (text === 'lowest' || text === 'highest') return text
  const ids = (text ?? '').split(/\s+/).map(Number)
  if (ids.every((id) => Number.isInteger(id) && id > 0 && id <= 0xffff_ffff)) return ids.map(nodeId)
  throw settings.fault(key, `lowest, highest or a list of node ids is expected, but "${text}" was given`)
}

function logSettings(settings: Settings, entries: readonly ConfigEntry[]): LogSettings {
  const toFile = settings.flag('logging.to_logfile')
  const file = settings.text('logging.logfile')
  if (toFile && file === undefined) {
    throw settings.fault('logging.to_logfile', 'to_logfile: yes is expected together with logfile: PATH')
  }
  const debugOf = new Map<string, string>()
  for (const { key, value } of entries) {
    const subsystem = /^logging\.logger_subsys\.(.+)\.debug$/.exec(key)?.[1]
    if (subsystem !== undefined) debugOf.set(subsystem, value)
  }
  return {
    file: toFile ? file : undefined,
    toStderr: settings.flag('logging.to_stderr'),
    timestamp: settings.text('logging.timestamp') as LogSettings['timestamp'],
    debug: settings.text('logging.debug') as LogSettings['debug'],
    filePriority: settings.text('logging.logfile_priority') as string,
    debugOf,
  }
}
