/** Kinds of value: numbers by their width in cmap, a choice of words, or any text. */
export type OptionType = 'u8' | 'u16' | 'u32' | 'u64' | 'text' | readonly string[]

/** One setting of corosync.conf(5). */
export type Option = {
  /** Section and key, dotted; a list's members share one entry. */
  readonly name: string
  readonly type: OptionType
  /** What holds where the file says nothing, as text. */
  readonly default?: string
  /** Lowest value of a number. */
  readonly min?: number
  /** Highest value of a number, where that is less than its type holds. */
  readonly max?: number
  readonly doc: string
}

const yesNo = ['yes', 'no'] as const
const onOff = ['on', 'off'] as const
const priorities = ['alert', 'crit', 'debug', 'emerg', 'err', 'info', 'notice', 'warning'] as const

/**
 * Every setting that the daemon understands, with its type, default and range (corosync.conf(5), votequorum(5)). Others
 * are kept in cmap as text, as the C daemon does, and named in a warning.
 */
export const options: readonly Option[] = [
  { name: 'logging.blackbox', type: onOff, default: 'on', doc: 'accepted; there is no blackbox file yet' },
  { name: 'logging.debug', type: ['on', 'off', 'trace'], default: 'off', doc: 'log debug lines' },
  { name: 'logging.fileline', type: onOff, default: 'off', doc: 'accepted, without effect' },
  { name: 'logging.function_name', type: onOff, default: 'off', doc: 'accepted, without effect' },
  { name: 'logging.logfile', type: 'text', doc: 'path of the log file' },
  { name: 'logging.logfile_priority', type: priorities, default: 'info', doc: 'least serious line in the file' },
  { name: 'logging.syslog_facility', type: 'text', default: 'daemon', doc: 'facility in syslog' },
  { name: 'logging.syslog_priority', type: priorities, default: 'info', doc: 'least serious line in syslog' },
  { name: 'logging.timestamp', type: ['on', 'off', 'hires'], default: 'hires', doc: 'time before each line' },
  { name: 'logging.to_logfile', type: yesNo, default: 'no', doc: 'write to logging.logfile' },
  { name: 'logging.to_stderr', type: yesNo, default: 'yes', doc: 'write to standard error' },
  { name: 'logging.to_syslog', type: yesNo, default: 'yes', doc: 'accepted; standard error goes to the journal' },
  { name: 'nodelist.node.name', type: 'text', doc: "the node's name" },
  { name: 'nodelist.node.nodeid', type: 'u32', min: 1, doc: "the node's id" },
  { name: 'nodelist.node.quorum_votes', type: 'u32', default: '1', doc: 'votes of the node' },
  { name: 'nodelist.node.ring0_addr', type: 'text', doc: 'address or host name of the node' },
  { name: 'quorum.allow_downscale', type: 'u8', default: '0', doc: 'accepted, without effect' },
  { name: 'quorum.auto_tie_breaker', type: 'u8', default: '0', doc: 'let one half of an even split go on' },
  { name: 'quorum.auto_tie_breaker_node', type: 'text', default: 'lowest', doc: 'lowest, highest, or node ids' },
  { name: 'quorum.device.model', type: 'text', doc: 'kind of the quorum device; without it there is none' },
  { name: 'quorum.device.sync_timeout', type: 'u32', default: '30000', doc: 'ms that a new ring waits for the device' },
  {
    name: 'quorum.device.timeout',
    type: 'u32',
    default: '10000',
    doc: 'ms that the device counts after its last word',
  },
  { name: 'quorum.device.votes', type: 'u32', doc: 'votes of the device; one less than the nodes have' },
  { name: 'quorum.expected_votes', type: 'u32', min: 1, doc: 'votes of the whole cluster' },
  { name: 'quorum.expected_votes_tracking', type: 'u8', default: '0', doc: 'accepted, without effect' },
  { name: 'quorum.last_man_standing', type: 'u8', default: '0', doc: 'expect fewer votes after a loss' },
  { name: 'quorum.last_man_standing_window', type: 'u32', default: '10000', doc: 'how long after a loss, ms' },
  { name: 'quorum.provider', type: ['corosync_votequorum'], doc: 'who decides' },
  { name: 'quorum.two_node', type: 'u8', default: '0', doc: 'one vote of two is enough; implies wait_for_all' },
  { name: 'quorum.votes', type: 'u32', default: '1', doc: 'votes of this node (deprecated)' },
  { name: 'quorum.wait_for_all', type: 'u8', default: '0', doc: 'not before all nodes were seen at once' },
  { name: 'system.allow_knet_handle_fallback', type: yesNo, default: 'no', doc: 'knet only' },
  { name: 'system.move_to_root_cgroup', type: ['yes', 'no', 'auto'], default: 'auto', doc: 'accepted, without effect' },
  { name: 'system.priority', type: 'text', doc: 'nice value, min or max; with sched_rr: no' },
  { name: 'system.qb_ipc_type', type: ['native', 'shm', 'socket'], default: 'native', doc: 'transport of clients' },
  { name: 'system.sched_rr', type: yesNo, default: 'yes', doc: 'ask for real-time scheduling' },
  { name: 'system.state_dir', type: 'text', default: '/var/lib/corosync', doc: 'where the ring id is kept' },
  {
    name: 'totem.block_unlisted_ips',
    type: yesNo,
    default: 'yes',
    doc: 'drop packets of addresses not in the nodelist',
  },
  { name: 'totem.cancel_token_hold_on_retransmit', type: yesNo, default: 'no', doc: 'accepted, without effect' },
  { name: 'totem.clear_node_high_bit', type: yesNo, default: 'no', doc: 'for ids made of addresses' },
  { name: 'totem.cluster_name', type: 'text', doc: 'name of the cluster' },
  { name: 'totem.config_version', type: 'u64', default: '0', doc: 'nodes with an older one do not stay' },
  { name: 'totem.consensus', type: 'u32', doc: 'ms until silent nodes are given up; 1.2 x token' },
  {
    name: 'totem.crypto_cipher',
    type: ['none', 'aes256', 'aes192', 'aes128'],
    default: 'none',
    doc: 'how packets are encrypted; needs crypto_hash; knet only',
  },
  {
    name: 'totem.crypto_hash',
    type: ['none', 'md5', 'sha1', 'sha256', 'sha384', 'sha512'],
    default: 'none',
    doc: 'how packets are authenticated; knet only',
  },
  {
    name: 'totem.crypto_model',
    type: ['nss', 'openssl'],
    default: 'nss',
    doc: 'accepted, without effect: both are the same on the wire',
  },
  { name: 'totem.downcheck', type: 'u32', default: '1000', doc: 'ms between looks at a down interface' },
  { name: 'totem.fail_recv_const', type: 'u32', default: '2500', doc: 'rotations without a missing message' },
  { name: 'totem.heartbeat_failures_allowed', type: 'u32', default: '0', doc: 'accepted, without effect' },
  { name: 'totem.hold', type: 'u32', doc: 'ms that an idle ring holds the token' },
  {
    name: 'totem.interface.bindnetaddr',
    type: 'text',
    doc: "udp only; without effect beside a nodelist, which has this node's address",
  },
  { name: 'totem.interface.broadcast', type: yesNo, default: 'no', doc: 'udp only: to everybody instead of a group' },
  {
    name: 'totem.interface.knet_link_priority',
    type: 'u8',
    default: '1',
    doc: 'of the links that work, the one with the highest is used; link_mode: passive',
  },
  { name: 'totem.interface.knet_ping_interval', type: 'u32', doc: 'ms between pings; token / (knet_pong_count x 2)' },
  { name: 'totem.interface.knet_ping_precision', type: 'u32', default: '2048', doc: 'answers of the average latency' },
  { name: 'totem.interface.knet_ping_timeout', type: 'u32', doc: 'ms without an answer; token / knet_pong_count' },
  {
    name: 'totem.interface.knet_pong_count',
    type: 'u32',
    default: '2',
    doc: 'answers before one more raises the link',
  },
  { name: 'totem.interface.knet_transport', type: ['udp', 'sctp'], default: 'udp', doc: 'sctp is not there yet' },
  { name: 'totem.interface.linknumber', type: 'u8', default: '0', doc: 'link that the section is about' },
  { name: 'totem.interface.mcastaddr', type: 'text', doc: 'udp only: the group; made of the cluster name' },
  { name: 'totem.interface.mcastport', type: 'u16', default: '5405', doc: 'port of the link; 5405 + linknumber' },
  { name: 'totem.interface.ttl', type: 'u8', default: '1', doc: 'udp only: routers that a packet may pass' },
  {
    name: 'totem.ip_version',
    type: ['ipv4', 'ipv6', 'ipv4-6', 'ipv6-4'],
    default: 'ipv6-4',
    doc: 'addresses of host names',
  },
  { name: 'totem.join', type: 'u32', default: '50', doc: 'ms between join messages' },
  { name: 'totem.key', type: 'text', doc: 'the key itself, where no keyfile is named; knet only' },
  { name: 'totem.keyfile', type: 'text', default: '/etc/corosync/authkey', doc: 'where the key is; knet only' },
  { name: 'totem.knet_compression_level', type: 'u32', default: '0', doc: 'accepted, without effect' },
  { name: 'totem.knet_compression_model', type: 'text', default: 'none', doc: 'none; others are not there yet' },
  { name: 'totem.knet_compression_threshold', type: 'u32', default: '0', doc: 'accepted, without effect' },
  { name: 'totem.knet_mtu', type: 'u32', default: '0', doc: 'longest packet on the wire, bytes; 0: is searched for' },
  { name: 'totem.knet_pmtud_interval', type: 'u32', default: '30', doc: 's between looks at paths; knet only' },
  {
    name: 'totem.link_mode',
    type: ['passive', 'active', 'rr'],
    default: 'passive',
    doc: 'how several links are used; knet only',
  },
  { name: 'totem.max_messages', type: 'u32', default: '17', min: 1, doc: 'messages of one node at a token visit' },
  { name: 'totem.max_network_delay', type: 'u32', default: '50', doc: 'accepted, without effect' },
  { name: 'totem.merge', type: 'u32', default: '200', doc: 'ms of quiet before looking for other rings' },
  {
    name: 'totem.miss_count_const',
    type: 'u32',
    default: '5',
    doc: 'token visits before a message is asked for again',
  },
  {
    name: 'totem.netmtu',
    type: 'u32',
    default: '1500',
    min: 200,
    max: 65536,
    doc: 'longest frame, bytes; 65536 with knet',
  },
  { name: 'totem.nodeid', type: 'u32', doc: 'accepted, without effect' },
  { name: 'totem.secauth', type: 'text', default: 'off', doc: 'on: aes256 and sha256; knet only' },
  { name: 'totem.send_join', type: 'u32', default: '0', doc: 'accepted, without effect' },
  { name: 'totem.seqno_unchanged_const', type: 'u32', default: '30', doc: 'quiet rotations before the token is held' },
  { name: 'totem.threads', type: 'u32', doc: 'accepted, without effect' },
  { name: 'totem.token', type: 'u32', default: '3000', doc: 'ms without a token that break the ring' },
  { name: 'totem.token_coefficient', type: 'u32', default: '650', doc: 'ms added to token for each node past two' },
  { name: 'totem.token_retransmit', type: 'u32', doc: 'ms until the token is sent again' },
  {
    name: 'totem.token_retransmits_before_loss_const',
    type: 'u32',
    default: '4',
    min: 1,
    doc: 'tries before the token is lost',
  },
  { name: 'totem.token_warning', type: 'u32', default: '75', max: 100, doc: 'percent of token after which to warn' },
  { name: 'totem.transport', type: ['udpu', 'udp', 'knet'], default: 'knet', doc: 'how nodes reach each other' },
  { name: 'totem.version', type: 'u32', doc: 'of this file: 2' },
  { name: 'totem.window_size', type: 'u32', default: '50', min: 1, doc: 'messages of all nodes in one rotation' },
]

const byName = new Map(options.map((option) => [option.name, option]))

/** The option of that name, or undefined where there is none. */
export function optionOf(name: string): Option | undefined {
  return byName.get(name)
}
