import { lookup } from 'node:dns/promises'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import type { NodeId } from '@quorate/base'
import { hostPath, hostRoot } from '@quorate/qb'
import type { NodeAddress } from '../cfg/cfg-service.ts'
import { ConfigError } from '../conf/config-error.ts'
import type { Configuration } from '../conf/configuration.ts'
import type { LocalIdentity } from '../conf/local-node.ts'

/** Name and addresses of this host. Under QUORATE_ROOT the name is that of DIR/etc/hostname, where there is one. */
export function hostIdentity(): LocalIdentity {
  const addresses = Object.values(os.networkInterfaces()).flatMap((list) => (list ?? []).map((item) => item.address))
  return { hostName: hostName(), addresses }
}

function hostName(): string {
  if (hostRoot() === undefined) return os.hostname()
  try {
    return fs.readFileSync(hostPath('/etc/hostname'), 'utf8').trim()
  } catch {
    return os.hostname()
  }
}

/**
 * Literal addresses of all nodes on all their links, those of one node ascending by link: host names are looked up, in the
 * families that `totem.ip_version` names.
 *
 * @throws ConfigError where a name has no address, or the addresses of a link are of two families
 */
export async function nodeAddresses(file: string, configuration: Configuration): Promise<readonly NodeAddress[]> {
  const places = configuration.nodes.flatMap(({ node, addresses, line }) =>
    addresses.map(({ link, text }) => ({ node, link, text, line })),
  )
  const found = await Promise.all(
    places.map(async ({ node, link, text, line }) => {
      const address = net.isIP(text) !== 0 ? text : await resolve(text, configuration.ipVersion)
      if (address === undefined) throw new ConfigError(file, line, `failed to parse node address '${text}'`)
      // As the kernel writes it, so that sources of packets compare equal.
      const written = net.isIPv6(address) ? new net.SocketAddress({ address, family: 'ipv6' }).address : address
      return { ...addressOf(node, link, written), line }
    }),
  )
  for (const { link, text, bytes, line } of found) {
    const first = found.find((item) => item.link === link)
    if (first === undefined || first.bytes.byteLength === bytes.byteLength) continue
    const what = `Nodes for link ${link} have different IP families (compared ${text} with ${first.text})`
    throw new ConfigError(file, line, what)
  }
  return found.map(({ line: _line, ...address }) => address)
}

async function resolve(name: string, version: Configuration['ipVersion']): Promise<string | undefined> {
  const found = await lookup(name, { all: true }).catch(() => [])
  const of = (family: number): string | undefined => found.find((item) => item.family === family)?.address
  switch (version) {
    case 'ipv4':
      return of(4)
    case 'ipv6':
      return of(6)
    case 'ipv4-6':
      return of(4) ?? of(6)
    case 'ipv6-4':
      return of(6) ?? of(4)
  }
}

function addressOf(node: NodeId, link: number, text: string): NodeAddress {
  if (net.isIPv4(text)) return { node, link, text, bytes: Uint8Array.from(text.split('.').map(Number)) }
  return { node, link, text, bytes: ipv6Bytes(text) }
}

/** The 16 bytes of an IPv6 address. */
function ipv6Bytes(text: string): Uint8Array {
  const [head = '', tail] = text.split('%')[0]?.split('::') ?? []
  const groups = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((group) => {
          if (!group.includes('.')) return [Number.parseInt(group, 16)]
          const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
          return [a * 256 + b, c * 256 + d]
        })
  const left = groups(head)
  const right = groups(tail ?? '')
  const all = [...left, ...new Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0), ...right]
  return Uint8Array.from(all.slice(0, 8).flatMap((group) => [group >> 8, group & 0xff]))
}
