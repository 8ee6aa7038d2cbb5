import { type NodeId, nodeId } from '@quorate/base'
import type { TotemSettings } from '@quorate/totem'
import { knetLinksMax } from '../knet/packet.ts'
import type { DeviceConfig } from '../votequorum/quorum-device.ts'
import type { TieBreaker } from '../votequorum/tally.ts'
import { votesMax } from '../votequorum/votequorum-ring-message.ts'
import { type ConfigEntry, configEntries } from './config-entries.ts'
import { ConfigError } from './config-error.ts'
import { parseConfigText } from './config-text.ts'
import { ipv4Octets } from './ipv4-octets.ts'
import { type KnetSettings, knetSettings } from './knet-settings.ts'
import { type MulticastSettings, multicastSettings } from './multicast-settings.ts'
import { Settings } from './settings.ts'

/** Most nodes of a ring. */
export const configNodesMax = 384

/** A node of the nodelist. */
export type ConfigNode = {
  /** Its place in the file, from 0: the N of `nodelist.node.N`. */
  readonly position: number
  readonly node: NodeId
  readonly name: string | undefined
  /** Address or host name of its first link. */
  readonly address: string
  /** Addresses or host names of all its links (0..7), ascending. At least one. */
  readonly addresses: readonly { readonly link: number; readonly text: string }[]
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
  /** Undefined without a model. */
  readonly device: DeviceConfig | undefined
  /** `runtime.votequorum.ev_barrier`. */
  readonly expectedVotesBarrier: number
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
  readonly transport: 'udpu' | 'udp' | 'knet'
  readonly clusterName: string | undefined
  readonly totem: TotemSettings
  readonly tokenWarningPercent: number
  readonly blockUnlistedIps: boolean
  readonly ipVersion: 'ipv4' | 'ipv6' | 'ipv4-6' | 'ipv6-4'
  /** Port of link 0. */
  readonly port: number
  /** Undefined with another transport than knet. */
  readonly knet: KnetSettings | undefined
  /** Undefined with another transport than udp. */
  readonly multicast: MulticastSettings | undefined
  readonly nodes: readonly ConfigNode[]
  /** Undefined without a provider: then every ring may act. */
  readonly quorum: QuorumSettings | undefined
  readonly log: LogSettings
  readonly ipcTransport: 'shm' | 'socket'
  readonly schedRr: boolean
  readonly stateDir: string
}

/**
 * Reads and checks corosync.conf(5).
 *
 * @throws ConfigError with file, line and what was expected
 */
export function readConfiguration(file: string, text: string): Configuration {
  const entries = configEntries(file, parseConfigText(file, text))
  const settings = new Settings(file, entries)
  const transport = transportOf(settings)
  const nodes = nodesOf(settings, entries)
  const ipVersion = settings.text('totem.ip_version') as Configuration['ipVersion']
  return {
    entries,
    unknown: entries.filter((entry) => entry.option === undefined && !othersKeys.test(entry.key)),
    transport,
    clusterName: settings.text('totem.cluster_name'),
    totem: totemSettings(settings, transport),
    tokenWarningPercent: settings.number('totem.token_warning') ?? 0,
    blockUnlistedIps: settings.flag('totem.block_unlisted_ips'),
    ipVersion,
    port: settings.port(0),
    knet: transport === 'knet' ? knetSettings(settings, nodes) : undefined,
    multicast: transport === 'udp' ? multicastSettings(settings) : undefined,
    nodes,
    quorum: quorumSettings(settings, nodes),
    log: logSettings(settings, entries),
    ipcTransport: settings.text('system.qb_ipc_type') === 'socket' ? 'socket' : 'shm',
    schedRr: settings.flag('system.sched_rr'),
    stateDir: settings.text('system.state_dir') as string,
  }
}

/** Further links, and what is for corosync-qdevice to read. */
const othersKeys = /\.ring[1-7]_addr$|^quorum\.device\./

/** Netmtu of knet, which takes frames apart itself. */
const knetNetMtu = 65_536

function transportOf(settings: Settings): Configuration['transport'] {
  if (settings.number('totem.version') !== 2) {
    throw settings.fault('totem.version', 'totem { version: 2 } is expected: this parser can only parse version 2')
  }
  const transport = settings.text('totem.transport') as Configuration['transport']
  if (transport === 'knet') return transport
  for (const key of ['totem.crypto_cipher', 'totem.crypto_hash']) {
    if (settings.text(key) === 'none') continue
    throw settings.fault(key, 'crypto_cipher & crypto_hash are only valid for the Knet transport.')
  }
  if (settings.text('totem.secauth') === 'on' && !settings.has('totem.crypto_cipher')) {
    throw settings.fault('totem.secauth', `secauth: on is only valid for the Knet transport.`)
  }
  return transport
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
  if (lines.size === 0) {
    const what = 'nodelist { node { ring0_addr: ADDRESS } } is expected: No interfaces defined'
    throw settings.faultAt(undefined, what)
  }
  for (const { key, line } of entries) {
    const link = /^nodelist\.node\.\d+\.ring(\d+)_addr$/.exec(key)?.[1]
    if (link === undefined || Number(link) < knetLinksMax) continue
    const what = `interface ring number ${link} is bigger than allowed maximum ${knetLinksMax - 1}`
    throw settings.faultAt(line, what)
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
  const addresses = Array.from({ length: knetLinksMax }, (_, link) => ({
    link,
    text: settings.text(key(`ring${link}_addr`), '') ?? '',
  })).filter(({ text }) => text !== '')
  const transport = settings.text('totem.transport')
  const hasOneLink = transport !== 'knet'
  const address = addresses[0]?.text
  if (address === undefined || (hasOneLink && addresses[0]?.link !== 0)) {
    throw settings.faultAt(line, `node ${position} is expected to have a ring0_addr`)
  }
  const second = addresses[1]
  if (hasOneLink && second !== undefined) {
    const what = `one link is expected with transport ${transport}: only knet has more`
    throw settings.fault(key(`ring${second.link}_addr`), what)
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
  return { position, node: nodeId(id), name: settings.text(key('name'), ''), address, addresses, votes, line }
}

/** A node without an id is known by its IPv4 address, most significant byte first. */
function idOfAddress(address: string, clearHighBit: boolean): number | undefined {
  const octets = ipv4Octets(address)
  if (octets === undefined) return undefined
  const id = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  return clearHighBit ? id % 0x8000_0000 : id
}

function totemSettings(settings: Settings, transport: Configuration['transport']): TotemSettings {
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
  if (transport === 'knet' && !settings.has('totem.netmtu')) out['netmtu'] = knetNetMtu
  return out
}

function quorumSettings(settings: Settings, nodes: readonly ConfigNode[]): QuorumSettings | undefined {
  if (!settings.has('quorum.provider')) return undefined
  const isTwoNode = settings.flag('quorum.two_node')
  const votes = nodes.reduce((sum, node) => sum + node.votes, 0)
  const device = deviceSettings(settings, votes)
  const expectedVotes = settings.number('quorum.expected_votes') ?? votes + (device?.votes ?? 0)
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
    device,
    expectedVotesBarrier:
      settings.has('quorum.device.votes') && !settings.has('quorum.expected_votes') ? votes : expectedVotes,
  }
}

/** @throws ConfigError where another rule stands beside the device that decides who goes on */
function deviceSettings(settings: Settings, nodeVotes: number): DeviceConfig | undefined {
  if (!settings.has('quorum.device.model')) return undefined
  for (const rival of ['two_node', 'auto_tie_breaker', 'last_man_standing']) {
    if (!settings.flag(`quorum.${rival}`)) continue
    throw settings.fault(`quorum.${rival}`, `no ${rival} is expected: quorum.device is not compatible with ${rival}`)
  }
  const votes = settings.number('quorum.device.votes') ?? Math.max(0, nodeVotes - 1)
  if (votes > votesMax) throw settings.fault('quorum.device.votes', `at most ${votesMax} votes are expected`)
  const timeoutMs = settings.number('quorum.device.timeout') ?? 0
  return { votes, timeoutMs, syncTimeoutMs: settings.number('quorum.device.sync_timeout') ?? 0 }
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
