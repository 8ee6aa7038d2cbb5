import type { NodeId } from '@quorate/base'
import type { TotemConfig } from '@quorate/totem'
import { cmapI32, cmapText, cmapU16, cmapU32, type RawValue } from '../cmap/cmap-value.ts'
import { serviceIds } from '../service.ts'
import { entryValue } from './config-entries.ts'
import type { Configuration } from './configuration.ts'

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

/** Knet's defaults, which the map names whatever the transport. */
const knetPongCount = 2

/**
 * What cmap holds from the start: every setting of corosync.conf, the times that follow from them, and which services
 * there are.
 */
export function configKeys(configuration: Configuration, totem: TotemConfig): readonly CmapKey[] {
  const keys: CmapKey[] = configuration.entries.map((entry) => [entry.key, entryValue(entry)])
  const position = configuration.nodes.find((node) => node.node === totem.self)?.position ?? 0
  keys.push(['nodelist.local_node_pos', cmapU32(position)])
  keys.push(['runtime.blackbox.dump_flight_data', cmapText('no')])
  keys.push(['runtime.blackbox.dump_state', cmapText('no')])
  keys.push(['runtime.force_gather', cmapText('no')])
  return [...keys, ...serviceKeys(configuration.quorum !== undefined), ...timeKeys(configuration, totem)]
}

/** The address that this node is bound to. */
export function bindAddressKey(address: string): CmapKey {
  return ['totem.interface.0.bindnetaddr', cmapText(address)]
}

/** `ip` of a member as runtime.members names it. */
export function memberAddressKey(node: NodeId, address: string): CmapKey {
  return [`runtime.members.${node}.ip`, cmapText(`r(0) ip(${address}) `)]
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

function timeKeys({ blockUnlistedIps, tokenWarningPercent }: Configuration, totem: TotemConfig): readonly CmapKey[] {
  const prefix = 'runtime.config.totem.'
  const number = (key: string, value: number): CmapKey => [prefix + key, cmapU32(value)]
  const pingTimeout = Math.floor(totem.tokenLossMs / knetPongCount)
  return [
    number('block_unlisted_ips', blockUnlistedIps ? 1 : 0),
    number('cancel_token_hold_on_retransmit', 0),
    number('consensus', totem.consensusMs),
    number('downcheck', totem.downcheckMs),
    number('fail_recv_const', totem.failRecvConst),
    number('heartbeat_failures_allowed', 0),
    number('hold', totem.holdMs),
    number('interface.0.knet_ping_interval', Math.floor(totem.tokenLossMs / (knetPongCount * 2))),
    number('interface.0.knet_ping_timeout', pingTimeout),
    number('join', totem.joinMs),
    [`${prefix}knet_compression_level`, cmapI32(0)],
    [`${prefix}knet_compression_model`, cmapText('none')],
    number('knet_compression_threshold', 0),
    number('knet_mtu', 0),
    number('knet_pmtud_interval', 30),
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
