import { ipv4Octets } from './ipv4-octets.ts'
import type { Settings } from './settings.ts'

/** Where `transport: udp` sends what is for everybody. */
export type MulticastSettings = {
  /** Four bytes of an IPv4 group, or of {@link everybody} with `broadcast: yes`. */
  readonly group: readonly number[]
  /** As cmap names it: `mcastaddr` of the file counts there even beside `broadcast: yes`. */
  readonly shownGroup: string
  readonly isBroadcast: boolean
  /** Routers that a packet may pass, 0..255. */
  readonly hops: number
}

/** The limited broadcast address. */
const everybody = '255.255.255.255'
/** Lowest and highest first byte of a multicast address. */
const firstByteMin = 224
const firstByteMax = 239

/**
 * `mcastaddr`, `broadcast` and `ttl` of link 0 (corosync.conf(5)); without an address the cluster's name makes one.
 *
 * @throws ConfigError where there is no address, or none of a group
 */
export function multicastSettings(settings: Settings): MulticastSettings {
  const key = (name: string): string => `totem.interface.0.${name}`
  const isBroadcast = settings.text(key('broadcast')) === 'yes'
  const given = settings.text(key('mcastaddr'))
  const name = settings.text('totem.cluster_name')
  const shownGroup = given ?? (isBroadcast ? everybody : name === undefined ? undefined : groupOfName(name))
  if (shownGroup === undefined) {
    const what = 'mcastaddr, broadcast: yes or cluster_name is expected: No multicast address specified for interface 0'
    throw settings.fault('totem.transport', what)
  }
  const group = ipv4Octets(isBroadcast ? everybody : shownGroup)
  const first = group?.[0] ?? 0
  if (group === undefined || (!isBroadcast && (first < firstByteMin || first > firstByteMax))) {
    const what = `an IPv4 multicast address is expected, but ${shownGroup} was given: mcastaddr is not a correct multicast address for interface 0`
    throw settings.fault(key('mcastaddr'), what)
  }
  const hops = settings.number(key('ttl'), 'totem.interface.ttl') ?? 1
  return { group, shownGroup, isBroadcast, hops }
}

/**
 * Group of a cluster without one of its own: 239.192. and two bytes that its name comes to (protocols/corosync.md 7.2).
 * Bytes beyond ASCII count as negative, as where C's characters have signs (x86; on ARM the C daemon finds another group).
 */
function groupOfName(clusterName: string): string {
  let id = 0
  for (const byte of Int8Array.from(new TextEncoder().encode(clusterName))) id = (id * 2 + byte) & 0xffff
  return `239.192.${id >> 8}.${id % 255}`
}
