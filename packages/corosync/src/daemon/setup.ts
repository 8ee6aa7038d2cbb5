import { timingSafeEqual } from 'node:crypto'
import fs from 'node:fs'
import { hostPath, hostRoot } from '@quorate/qb'
import { type TotemConfig, totemConfig } from '@quorate/totem'
import type { NodeAddress } from '../cfg/cfg-service.ts'
import { bindAddressKey, type CmapKey, configKeys } from '../conf/cmap-keys.ts'
import { ConfigError } from '../conf/config-error.ts'
import { type ConfigNode, type Configuration, readConfiguration } from '../conf/configuration.ts'
import { localNode } from '../conf/local-node.ts'
import { checkTiming } from '../conf/timing-check.ts'
import type { SealingMethod } from '../knet/sealing.ts'
import type { VotequorumConfig } from '../votequorum/votequorum-config.ts'
import { hostIdentity, nodeAddresses } from './host-identity.ts'
import { readKey, type SharedKey } from './shared-key.ts'

/** Where corosync.conf is, unless -c names another file. */
export const usualConfigFile = '/etc/corosync/corosync.conf'
/** Largest corosync.conf, bytes. */
export const configBytesMax = 4 * 1024 * 1024

/** Bytes of an IPv4 address. */
const ipv4Bytes = 4

/** Everything that the daemon knows before it starts anything. */
export type Setup = {
  readonly file: string
  readonly configuration: Configuration
  readonly hostName: string
  readonly self: ConfigNode
  readonly addresses: readonly NodeAddress[]
  readonly totem: TotemConfig
  readonly votequorum: VotequorumConfig | undefined
  /** The shared secret; undefined where packets are neither authenticated nor encrypted. */
  readonly key: SharedKey | undefined
  readonly keys: readonly CmapKey[]
  /** Where the ring id is kept, on this host. */
  readonly stateFolder: string
}

/**
 * Reads corosync.conf and finds this node in it. Starts nothing.
 *
 * @throws ConfigError with file, line and what was expected
 */
export async function loadSetup(configFile: string | undefined): Promise<Setup> {
  const file = configFile ?? hostPath(usualConfigFile)
  const configuration = readConfiguration(file, readText(file))
  const here = hostIdentity()
  const self = localNode(file, configuration.nodes, here)
  const addresses = await nodeAddresses(file, configuration)
  const totem = totemConfig(self.node, configuration.totem, configuration.nodes.length)
  checkTiming(file, configuration.entries, totem)
  const own = addresses.filter((item) => item.node === self.node)
  if (configuration.multicast !== undefined && own.some(({ bytes }) => bytes.byteLength !== ipv4Bytes)) {
    const what = 'transport: udp is not supported over IPv6 yet; IPv4 addresses of the nodes, or knet, are expected'
    throw new ConfigError(file, self.line, what)
  }
  return {
    file,
    configuration,
    hostName: here.hostName,
    self,
    addresses,
    totem,
    votequorum: votequorumOf(configuration, self),
    key: configuration.knet?.method === undefined ? undefined : readKey(file, configuration.knet.key),
    keys: [...configKeys(configuration, totem), ...own.map(({ link, text }) => bindAddressKey(link, text))],
    stateFolder: stateFolder(file, configuration),
  }
}

/**
 * Reads corosync.conf again, for a daemon that runs with what it said before.
 *
 * @throws ConfigError as {@link loadSetup}, and where a change needs a restart of the daemon
 */
export async function reloadSetup(running: Setup): Promise<Setup> {
  const fresh = await loadSetup(running.file)
  const restart = (what: string): ConfigError =>
    new ConfigError(running.file, undefined, `${what} is expected to stay as it is while corosync runs`)
  if (fresh.self.node !== running.self.node) throw restart("this node's nodeid")
  const own = ({ self }: Setup): string => self.addresses.map(({ link, text }) => `${link} ${text}`).join()
  if (own(fresh) !== own(running)) throw restart("this node's ringX_addr")
  if (fresh.configuration.transport !== running.configuration.transport) throw restart('totem.transport')
  const group = ({ configuration }: Setup): string => JSON.stringify(configuration.multicast)
  if (group(fresh) !== group(running)) throw restart('where totem.interface sends what is for everybody')
  if (fresh.configuration.port !== running.configuration.port) throw restart('totem.interface.mcastport')
  const [knet, before] = [fresh.configuration.knet, running.configuration.knet]
  if ((knet?.method === undefined) !== (before?.method === undefined)) throw restart('that packets are sealed, or not,')
  if (knet?.mode !== before?.mode) throw restart('totem.link_mode')
  if (JSON.stringify(knet?.links) !== JSON.stringify(before?.links)) throw restart('totem.interface')
  if (knet?.fixedMtu !== before?.fixedMtu) throw restart('totem.knet_mtu')
  if (knet?.pmtudIntervalMs !== before?.pmtudIntervalMs) throw restart('totem.knet_pmtud_interval')
  if (fresh.totem.netMtu !== running.totem.netMtu) throw restart('totem.netmtu')
  const hasQuorum = (setup: Setup): boolean => setup.votequorum !== undefined
  if (hasQuorum(fresh) !== hasQuorum(running)) throw restart('quorum.provider')
  return fresh
}

/**
 * How packets are sealed by what the files say now, where that is in another way or with another key than so far.
 *
 * @throws ConfigError where corosync.conf or the key cannot be read
 */
export function otherSealing({
  file,
  configuration,
  key: running,
}: Setup): { readonly method: SealingMethod; readonly key: SharedKey } | undefined {
  const { knet } = readConfiguration(file, readText(file))
  const before = configuration.knet?.method
  if (running === undefined || before === undefined || knet?.method === undefined) return undefined
  const { method } = knet
  const key = readKey(file, knet.key)
  const isSameMethod = method.cipher === before.cipher && method.hash === before.hash
  return isSameMethod && isSame(key.bytes, running.bytes) ? undefined : { method, key }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && timingSafeEqual(one, other)
}

/** @throws ConfigError where the file cannot be read or is too large */
export function readText(file: string): string {
  try {
    const { size } = fs.statSync(file)
    if (size > configBytesMax) throw new ConfigError(file, undefined, `at most ${configBytesMax} bytes are expected`)
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(file, undefined, `Can't read file: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function votequorumOf({ quorum, nodes }: Configuration, self: ConfigNode): VotequorumConfig | undefined {
  if (quorum === undefined) return undefined
  return { ...quorum, self: self.node, votes: self.votes, nodes: nodes.map((node) => node.node) }
}

/** The folder must be there, as the C daemon wants it; below a QUORATE_ROOT of ours it is made. */
function stateFolder(file: string, configuration: Configuration): string {
  const folder = hostPath(configuration.stateDir)
  if (hostRoot() !== undefined) fs.mkdirSync(folder, { recursive: true })
  if (!fs.existsSync(folder)) {
    const line = configuration.entries.find((entry) => entry.key === 'system.state_dir')?.line
    throw new ConfigError(file, line, `an existing state directory is expected, but ${folder} is not there`)
  }
  return folder
}
