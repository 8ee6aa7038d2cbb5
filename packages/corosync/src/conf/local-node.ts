import { ConfigError } from './config-error.ts'
import type { ConfigNode } from './configuration.ts'

/** What the machine knows of itself. */
export type LocalIdentity = {
  readonly hostName: string
  /** Addresses of its interfaces. */
  readonly addresses: readonly string[]
}

/**
 * Finds this machine in the nodelist (corosync.conf(5), `name`): by its host name, by that without its domain, by a node
 * whose short name is the same, and last by an address of one of its interfaces.
 *
 * @throws ConfigError where no node is this one
 */
export function localNode(file: string, nodes: readonly ConfigNode[], here: LocalIdentity): ConfigNode {
  const short = shortName(here.hostName)
  const found =
    nodes.find((node) => nameOf(node) === here.hostName) ??
    nodes.find((node) => nameOf(node) === short) ??
    nodes.find((node) => shortName(nameOf(node)) === short && !/^[\d.:]+$/.test(nameOf(node))) ??
    nodes.find((node) => node.addresses.some(({ text }) => here.addresses.includes(text)))
  if (found !== undefined) return found
  const names = nodes.map((node) => node.name ?? node.address).join(', ')
  const what = `No valid name found for local host: a node named '${here.hostName}' or with an address of this machine is expected, the nodelist has ${names}`
  throw new ConfigError(file, nodes[0]?.line, what)
}

function nameOf(node: ConfigNode): string {
  return node.name ?? node.address
}

function shortName(name: string): string {
  return name.split('.')[0] ?? name
}
