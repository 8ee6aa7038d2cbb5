import fs from 'node:fs'
import { hostPath, hostRoot } from '@quorate/qb'
import { type TotemConfig, totemConfig } from '@quorate/totem'
import type { NodeAddress } from '../cfg/cfg-service.ts'
import { bindAddressKey, type CmapKey, configKeys } from '../conf/cmap-keys.ts'
import { ConfigError } from '../conf/config-error.ts'
import { type ConfigNode, type Configuration, readConfiguration } from '../conf/configuration.ts'
import { localNode } from '../conf/local-node.ts'
import { checkTiming } from '../conf/timing-check.ts'
import type { VotequorumConfig } from '../votequorum/votequorum-service.ts'
import { hostIdentity, nodeAddresses } from './host-identity.ts'

/** Where corosync.conf is, unless -c names another file. */
export const usualConfigFile = '/etc/corosync/corosync.conf'
/** Largest corosync.conf, bytes. */
export const configBytesMax = 4 * 1024 * 1024

/** Everything that the daemon knows before it starts anything. */
export type Setup = {
  readonly file: string
  readonly configuration: Configuration
  readonly hostName: string
  readonly self: ConfigNode
  readonly addresses: readonly NodeAddress[]
  readonly totem: TotemConfig
  readonly votequorum: VotequorumConfig | undefined
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
  const own = addresses.find((item) => item.node === self.node)?.text ?? ''
  return {
    file,
    configuration,
    hostName: here.hostName,
    self,
    addresses,
    totem,
    votequorum: votequorumOf(configuration, self),
    keys: [...configKeys(configuration, totem), bindAddressKey(own)],
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
  if (fresh.self.address !== running.self.address) throw restart("this node's ring0_addr")
  if (fresh.configuration.port !== running.configuration.port) throw restart('totem.interface.mcastport')
  if (fresh.totem.netMtu !== running.totem.netMtu) throw restart('totem.netmtu')
  const hasQuorum = (setup: Setup): boolean => setup.votequorum !== undefined
  if (hasQuorum(fresh) !== hasQuorum(running)) throw restart('quorum.provider')
  return fresh
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
