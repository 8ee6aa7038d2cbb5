import { type Host, isUuid, type OperationName } from './operation.ts'

/** Virtual machines that may fence one another (fence_virt.conf(5), groups). */
export type Group = {
  /** Informative. */
  readonly name: string | undefined
  /** UUIDs and names of targets; UUIDs are requesters as well. */
  readonly uuids: readonly string[]
  /** IP addresses, or CIDs in decimal for vsock, of requesters; one that is link-local with its zone (`%eth0`) or without. */
  readonly ips: readonly string[]
}

/** Operations that name a target whose group is checked. list is filtered, null and monitor touch nobody. */
const checked: ReadonlySet<OperationName> = new Set(['off', 'on', 'reboot', 'status'])

/**
 * Whether a requester may do this to a target. With no groups at all everybody may.
 *
 * @param source IP address, in the form and with the zone that its connection has, CID, or the UUID of the guest whose line it is
 */
export function isPermitted(
  groups: readonly Group[],
  source: string,
  operation: OperationName,
  target: string,
): boolean {
  return !checked.has(operation) || mayTouch(groups, source, [target])
}

/** The hosts that a requester gets to see in a list. */
export function visibleHosts(groups: readonly Group[], source: string, hosts: readonly Host[]): readonly Host[] {
  return hosts.filter((host) => mayTouch(groups, source, [host.uuid, host.name]))
}

function mayTouch(groups: readonly Group[], source: string, targets: readonly string[]): boolean {
  if (groups.length === 0) return true
  return groups.some((group) => isMember(group, source) && targets.some((target) => holds(group.uuids, target)))
}

function isMember(group: Group, source: string): boolean {
  const plain = plainAddress(source)
  if (holds(group.ips, source) || (plain !== source && holds(group.ips, plain))) return true
  return isUuid(source) && holds(group.uuids, source)
}

/** An address without its zone and without the form that IPv6 gives to one of IPv4. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

function holds(list: readonly string[], text: string): boolean {
  const wanted = text.toLowerCase()
  return list.some((item) => item.toLowerCase() === wanted)
}
