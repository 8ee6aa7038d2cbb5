import type { NodeId } from '@quorate/base'

/**
 * What the ring needs to know, with every time resolved. {@link totemConfig} fills in what corosync.conf(5) leaves out.
 * Times are milliseconds.
 */
export type TotemConfig = {
  readonly self: NodeId
  /** `totem.token`, coefficient included: no token for so long means that the ring is broken. */
  readonly tokenLossMs: number
  /** `totem.token_retransmit`: the last token is sent again when nothing was heard for so long. */
  readonly tokenRetransmitMs: number
  /** `totem.hold`: how long the representative of an idle ring keeps the token. */
  readonly holdMs: number
  /** `totem.join`: period of join messages while gathering. */
  readonly joinMs: number
  /** `totem.consensus`: how long gathering waits for silent nodes before it gives them up. */
  readonly consensusMs: number
  /** `totem.merge`: how long a ring must be quiet before it announces itself to other rings. */
  readonly mergeMs: number
  /** `totem.downcheck`: how often a transport looks whether its interface is back. Read by transports only. */
  readonly downcheckMs: number
  /** `totem.fail_recv_const`: rotations without receiving what was asked for until a node gives itself up. */
  readonly failRecvConst: number
  /** `totem.seqno_unchanged_const`: quiet rotations until the token is held. */
  readonly seqnoUnchangedConst: number
  /** `totem.miss_count_const`: token visits for which a message may be late before it is asked for again. */
  readonly missCountConst: number
  /** `totem.window_size`: messages that all nodes together may send in one rotation. */
  readonly windowSize: number
  /** `totem.max_messages`: messages that one node may send at one token visit. */
  readonly maxMessages: number
  /** `totem.netmtu`: longest frame of a normal message in bytes, 1500 for udp and udpu, up to 65536 for knet. */
  readonly netMtu: number
  /**
   * The number behind which every ring counts its tokens and messages: 0 on the wire of corosync. All members must
   * agree. Simulations begin just below the wrap, which a ring would else take weeks to reach.
   */
  readonly firstSeq: number
}

/** What corosync.conf may set in `totem {}`, under its names there. Milliseconds, counts and bytes. */
export type TotemSettings = {
  readonly token?: number
  readonly token_coefficient?: number
  readonly token_retransmits_before_loss_const?: number
  readonly token_retransmit?: number
  readonly hold?: number
  readonly join?: number
  readonly consensus?: number
  readonly merge?: number
  readonly downcheck?: number
  readonly fail_recv_const?: number
  readonly seqno_unchanged_const?: number
  readonly miss_count_const?: number
  readonly window_size?: number
  readonly max_messages?: number
  readonly netmtu?: number
}

/** Values of corosync.conf(5) for what a file leaves out; protocols/corosync.md 3.8. */
export const totemDefaults = {
  token: 3000,
  token_coefficient: 650,
  token_retransmits_before_loss_const: 4,
  join: 50,
  merge: 200,
  downcheck: 1000,
  fail_recv_const: 2500,
  seqno_unchanged_const: 30,
  miss_count_const: 5,
  window_size: 50,
  max_messages: 17,
  netmtu: 1500,
} as const

/** A token timeout counts for this many nodes; each one more adds `token_coefficient`. */
const nodesWithoutCoefficient = 2

/** One tick of the C daemon's clock (1000 / HZ): `hold` is shorter by it. */
const clockTickMs = 10

/**
 * Resolves the times of a ring as corosync does.
 *
 * @param nodeCount nodes in the nodelist: the token timeout grows with them; 0 or 1 where there is none
 */
export function totemConfig(self: NodeId, settings: TotemSettings = {}, nodeCount = 0): TotemConfig {
  const of = { ...totemDefaults, ...settings }
  const tokenLossMs = of.token + Math.max(0, nodeCount - nodesWithoutCoefficient) * of.token_coefficient
  const tokenRetransmitMs =
    of.token_retransmit ?? Math.floor(tokenLossMs / (of.token_retransmits_before_loss_const + 0.2))
  return {
    self,
    tokenLossMs,
    tokenRetransmitMs,
    holdMs: of.hold ?? Math.floor(tokenRetransmitMs * 0.8 - clockTickMs),
    joinMs: of.join,
    consensusMs: of.consensus ?? Math.floor(1.2 * tokenLossMs),
    mergeMs: of.merge,
    downcheckMs: of.downcheck,
    failRecvConst: of.fail_recv_const,
    seqnoUnchangedConst: of.seqno_unchanged_const,
    missCountConst: of.miss_count_const,
    windowSize: of.window_size,
    maxMessages: of.max_messages,
    netMtu: of.netmtu,
    firstSeq: 0,
  }
}
