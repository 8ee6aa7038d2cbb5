import type { NodeId } from '@quorate/base'
import type { TotemConfig } from '@quorate/totem'
import { cmapI32, cmapText, cmapU16, cmapU32, type RawValue } from '../cmap/cmap-value.ts'
import { serviceIds } from '../service.ts'
import { entryValue } from './config-entries.ts'
import type { Configuration } from './configuration.ts'
import { linkSettings } from './knet-settings.ts'

/** A key of the map with its first value. */
export type CmapKey = readonly [key: string, value: RawValue]

/** Functions that each service has on the ring: `runtime.services.NAME.FN.rx` and `.tx` count their messages. */
export const ringFunctionCounts = {
  cmap: 1,
  cfg: 5,
  cpg: 7,
  quorum: 0,
  pload: 2,
  votequorum: 4,
  mon: 0,
  wd: 0,
} as const

/** Knet's default, which the map names whatever the transport. */
const pongCountDefault = 2

/**
 * What cmap holds from the start: every setting of corosync.conf, the times that follow from them, and which services
 * there are.
 */
export function configKeys(configuration: Configuration, totem: TotemConfig): readonly CmapKey[] {
  const shown = configuration.entries.filter(({ key }) => !isHidden(key))
  const keys: CmapKey[] = shown.map((entry) => [entry.key, entryValue(entry)])
  const position = configuration.nodes.find((node) => node.node === totem.self)?.position ?? 0
  keys.push(['nodelist.local_node_pos', cmapU32(position)])
  keys.push(['runtime.blackbox.dump_flight_data', cmapText('no')])
  keys.push(['runtime.blackbox.dump_state', cmapText('no')])
  keys.push(['runtime.force_gather', cmapText('no')])
  return [
    ...keys,
    ...multicastKeys(configuration),
    ...serviceKeys(configuration.quorum !== undefined),
    ...timeKeys(configuration, totem),
  ]
}

/** The number of a link is in its other keys; the secret is nobody's business who may read the map. */
function isHidden(key: string): boolean {
  return key === 'totem.key' || /^totem\.interface\.\d\.linknumber$/.test(key)
}

/** The address that this node is bound to on a link. */
export function bindAddressKey(link: number, address: string): CmapKey {
  return [`totem.interface.${link}.bindnetaddr`, cmapText(address)]
}

/** The group of `transport: udp`, also where the file leaves it to the cluster's name, and the port. */
function multicastKeys({ multicast, port }: Configuration): readonly CmapKey[] {
  if (multicast === undefined) return []
  return [
    ['totem.interface.0.mcastaddr', cmapText(multicast.shownGroup)],
    ['totem.interface.0.mcastport', cmapU16(port)],
  ]
}

/** `ip` of a member as runtime.members names it: the addresses of its links. */
export function memberAddressKey(
  node: NodeId,
  addresses: readonly { readonly link: number; readonly text: string }[],
): CmapKey {
  const text = addresses.map((item) => `r(${item.link}) ip(${item.text}) `).join('')
  return [`runtime.members.${node}.ip`, cmapText(text)]
}

function serviceKeys(hasVotequorum: boolean): readonly CmapKey[] {
  const keys: CmapKey[] = []
  for (const [name, id] of Object.entries(serviceIds)) {
    if (!isOffered(name, hasVotequorum)) continue
    keys.push([`internal_configuration.service.${id}.name`, cmapText(`corosync_${name}`)])
    keys.push([`internal_configuration.service.${id}.ver`, cmapU32(0)])
    keys.push([`runtime.services.${name}.service_id`, cmapU16(id)])
  }
  return keys
}

/** pload, mon and wd are not there. */
function isOffered(name: string, hasVotequorum: boolean): boolean {
  if (name === 'votequorum') return hasVotequorum
  return name === 'cmap' || name === 'cfg' || name === 'cpg' || name === 'quorum'
}

function timeKeys(configuration: Configuration, totem: TotemConfig): readonly CmapKey[] {
  const { blockUnlistedIps, tokenWarningPercent, knet } = configuration
  const prefix = 'runtime.config.totem.'
  const number = (key: string, value: number): CmapKey => [prefix + key, cmapU32(value)]
  const links = knet?.links.map((link) => linkSettings(link, totem.tokenLossMs)) ?? [
    {
      link: 0,
      pingIntervalMs: Math.floor(totem.tokenLossMs / (pongCountDefault * 2)),
      pingTimeoutMs: Math.floor(totem.tokenLossMs / pongCountDefault),
    },
  ]
  return [
    number('block_unlisted_ips', blockUnlistedIps ? 1 : 0),
    number('cancel_token_hold_on_retransmit', 0),
    number('consensus', totem.consensusMs),
    number('downcheck', totem.downcheckMs),
    number('fail_recv_const', totem.failRecvConst),
    number('heartbeat_failures_allowed', 0),
    number('hold', totem.holdMs),
    ...links.flatMap(({ link, pingIntervalMs, pingTimeoutMs }) => [
      number(`interface.${link}.knet_ping_interval`, pingIntervalMs),
      number(`interface.${link}.knet_ping_timeout`, pingTimeoutMs),
    ]),
    number('join', totem.joinMs),
    [`${prefix}knet_compression_level`, cmapI32(0)],
    [`${prefix}knet_compression_model`, cmapText('none')],
    number('knet_compression_threshold', 0),
    number('knet_mtu', knet?.fixedMtu ?? 0),
    number('knet_pmtud_interval', knet === undefined ? 30 : knet.pmtudIntervalMs / 1000),
    number('max_messages', totem.maxMessages),
    number('max_network_delay', 50),
    number('merge', totem.mergeMs),
    number('miss_count_const', totem.missCountConst),
    number('send_join', 0),
    number('seqno_unchanged_const', totem.seqnoUnchangedConst),
    number('token', totem.tokenLossMs),
    number('token_retransmit', totem.tokenRetransmitMs),
    number('token_retransmits_before_loss_const', Math.floor(totem.tokenLossMs / totem.tokenRetransmitMs)),
    number('token_warning', tokenWarningPercent),
    number('window_size', totem.windowSize),
  ]
}
