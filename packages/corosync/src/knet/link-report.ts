import type { MonoMs, NodeId } from '@quorate/base'
import { cmapU8, cmapU32, cmapU64 } from '../cmap/cmap-value.ts'
import type { CmapKey } from '../conf/cmap-keys.ts'
import type { LinkState } from '../link-view.ts'
import type { KnetLinks } from './knet-links.ts'
import { countedKinds, Link, type LinkSettings } from './link.ts'

/** Bytes that go through the loopback in one packet, as knet names them. */
const loopbackMtu = 65_535
/** Of the link that a node has to itself. */
const loopbackSettings: LinkSettings = {
  link: 0,
  pingIntervalMs: 0,
  pingTimeoutMs: 0,
  pongCount: 0,
  pingPrecision: 1,
  priority: 1,
}

/**
 * The links to a node, and to this one that of its loopback. @returns undefined for a node that is not known
 *
 * @param own this node's addresses by the number of the link
 */
export function linkStates(
  knet: KnetLinks,
  own: ReadonlyMap<number, string>,
  node: NodeId,
): readonly LinkState[] | undefined {
  if (node === knet.self) {
    const [first] = own
    if (first === undefined) return []
    const [link, text] = first
    return [{ link, isConnected: true, mtu: loopbackMtu, source: text, destination: text }]
  }
  return knet.peer(node)?.links.map((link) => ({
    link: link.settings.link,
    isConnected: link.isUp,
    mtu: knet.dataBytes(link),
    source: own.get(link.settings.link) ?? '',
    destination: link.address,
  }))
}

/** What is counted of packets that are sealed and opened. */
export type SealingCounts = { sealed: number; opened: number; overheadBytes: number }

/** The statistics of links, under the names of cmap_keys(7): `stats.knet.nodeX.linkY.`, and `stats.knet.handle.`. */
export function knetStatistics(knet: KnetLinks, sealing: Readonly<SealingCounts>): readonly CmapKey[] {
  const own = new Link(loopbackSettings, '', 0 as MonoMs)
  own.isUp = true
  own.upCount = 1
  own.sent.data = { packets: knet.loopback.frames, bytes: knet.loopback.bytes, errors: 0 }
  const handle = (name: string, value: number): CmapKey => [`stats.knet.handle.${name}`, cmapU64(BigInt(value))]
  const keys = [
    handle('rx_crypt_packets', sealing.opened),
    handle('tx_crypt_byte_overhead', sealing.overheadBytes),
    handle('tx_crypt_packets', sealing.sealed),
    ...linkKeys(knet.self, own, loopbackMtu),
  ]
  for (const peer of knet.peers) {
    for (const link of peer.links) keys.push(...linkKeys(peer.node, link, knet.dataBytes(link)))
  }
  return keys
}

function linkKeys(node: NodeId, link: Link, mtu: number): readonly CmapKey[] {
  const prefix = `stats.knet.node${node}.link${link.settings.link}.`
  const large = (name: string, value: number): CmapKey => [prefix + name, cmapU64(BigInt(value))]
  const small = (name: string, value: number): CmapKey => [prefix + name, cmapU32(Math.round(value))]
  const total = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, txErrors: 0 }
  const counted = countedKinds.flatMap((kind) => {
    const { sent, received } = { sent: link.sent[kind], received: link.received[kind] }
    total.rxPackets += received.packets
    total.rxBytes += received.bytes
    total.txPackets += sent.packets
    total.txBytes += sent.bytes
    total.txErrors += sent.errors
    return [
      large(`rx_${kind}_bytes`, received.bytes),
      large(`rx_${kind}_packets`, received.packets),
      large(`tx_${kind}_bytes`, sent.bytes),
      small(`tx_${kind}_errors`, sent.errors),
      large(`tx_${kind}_packets`, sent.packets),
      small(`tx_${kind}_retries`, 0),
    ]
  })
  return [
    [`${prefix}connected`, cmapU8(link.isUp ? 1 : 0)],
    small('down_count', link.downCount),
    [`${prefix}enabled`, cmapU8(1)],
    small('latency_ave', link.latency.averageUs),
    small('latency_max', link.latency.maxUs),
    small('latency_min', link.latency.minUs),
    small('latency_samples', link.latency.samples),
    small('mtu', mtu),
    ...counted,
    large('rx_total_bytes', total.rxBytes),
    large('rx_total_packets', total.rxPackets),
    large('rx_total_retries', 0),
    large('tx_total_bytes', total.txBytes),
    large('tx_total_errors', total.txErrors),
    large('tx_total_packets', total.txPackets),
    small('up_count', link.upCount),
  ]
}
