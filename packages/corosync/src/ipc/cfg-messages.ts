import { layout } from '@quorate/base'

/** Calls of the `cfg` service (protocols/corosync.md 9.3). */
export const cfgCalls = {
  ringStatusGet: 0,
  ringReenable: 1,
  killNode: 2,
  tryShutdown: 3,
  replyToShutdown: 4,
  getNodeAddrs: 5,
  localGet: 6,
  reloadConfig: 7,
  reopenLogFiles: 8,
  nodeStatusGet: 9,
  trackStart: 10,
  trackStop: 11,
} as const

/** Ids of responses and of the event TESTSHUTDOWN. */
export const cfgResponses = {
  ringStatusGet: 0,
  ringReenable: 1,
  trackStart: 2,
  trackStop: 3,
  killNode: 8,
  tryShutdown: 9,
  testShutdown: 10,
  getNodeAddrs: 11,
  localGet: 12,
  replyToShutdown: 13,
  reloadConfig: 14,
  reopenLogFiles: 15,
  nodeStatusGet: 16,
} as const

/** The first of up to 16 names (128 bytes each) and statuses (512 bytes each). */
export const cfgRingStatus = layout(10272, [
  { name: 'interfaces', type: 'u32', at: 24, doc: 'links that follow' },
  { name: 'name', type: 'text', at: 32, size: 128, doc: 'link number and address of link 0' },
  { name: 'status', type: 'text', at: 2080, size: 512, doc: 'status of link 0' },
])

/** Most links that a ring status names. */
export const cfgInterfacesMax = 16
/** Number and address of each link in a ring status, from {@link cfgInterfaceNamesAt}. */
export const cfgInterfaceName = layout(128, [
  { name: 'name', type: 'text', at: 0, size: 128, doc: 'number and address of the link' },
])
/** Status of each link in a ring status, from {@link cfgInterfaceStatesAt}. */
export const cfgInterfaceState = layout(512, [
  { name: 'status', type: 'text', at: 0, size: 512, doc: 'OK, or with knet a character for each node' },
])
/** Where the first {@link cfgInterfaceName} is. */
export const cfgInterfaceNamesAt = 32
/** Where the first {@link cfgInterfaceState} is. */
export const cfgInterfaceStatesAt = 2080

/** A `cs_name_t` with the reason follows at {@link cfgKillReasonAt}. */
export const cfgKillNode = layout(288, [{ name: 'node', type: 'u32', at: 16, doc: 'who shall stop' }])
/** Where the reason's `cs_name_t` starts in KILLNODE. */
export const cfgKillReasonAt = 24

/** TRYSHUTDOWN: asks this node to stop. */
export const cfgTryShutdown = layout(24, [{ name: 'flags', type: 'u32', at: 16, doc: 'see cfgShutdownFlags' }])
/** How a shutdown is asked for: every tracker must agree, they are told, or they are not asked. */
export const cfgShutdownFlags = { request: 0, regardless: 1, immediate: 2 } as const
/** How long trackers may take to answer TESTSHUTDOWN, ms. */
export const cfgShutdownTimeoutMs = 5000

/** REPLYTOSHUTDOWN: a tracker's answer to TESTSHUTDOWN. */
export const cfgReplyToShutdown = layout(24, [{ name: 'response', type: 'u32', at: 16, doc: '1 yes, 0 no' }])
/** Event TESTSHUTDOWN: may this node stop? */
export const cfgTestShutdown = layout(32, [{ name: 'flags', type: 'u32', at: 24, doc: 'flags of the request' }])

/** GET_NODE_ADDRS: asks for the addresses of a node. */
export const cfgGetNodeAddrs = layout(24, [{ name: 'node', type: 'u32', at: 16, doc: '0 is this node' }])
/** Addresses follow, 16 bytes each. */
export const cfgNodeAddrs = layout(32, [
  { name: 'family', type: 'u32', at: 24, doc: '2 IPv4, 10 IPv6' },
  { name: 'count', type: 'u32', at: 28, doc: 'addresses that follow' },
])
/** Bytes that each address takes in a response to GET_NODE_ADDRS. */
export const cfgAddressSlotBytes = 16

/** Response to LOCAL_GET. */
export const cfgLocalGet = layout(32, [{ name: 'node', type: 'u32', at: 24, doc: 'node id of this node' }])

/** NODESTATUSGET: asks for a node's links. */
export const cfgNodeStatusGet = layout(32, [
  { name: 'node', type: 'u32', at: 16, doc: 'whose status' },
  { name: 'version', type: 'u32', at: 24, doc: 'version of the record wanted, 1' },
])
/** NODESTATUS4176 behind the response's head, with the first of its eight links. */
export const cfgNodeStatus = layout(4200, [
  { name: 'version', type: 'u32', at: 24, doc: 'of this record, 1' },
  { name: 'node', type: 'u32', at: 28, doc: 'node id' },
  { name: 'reachable', type: 'u8', at: 32, doc: '1 while it is in the ring' },
  { name: 'remote', type: 'u8', at: 33, doc: 'knet only' },
  { name: 'external', type: 'u8', at: 34, doc: 'knet only' },
  { name: 'onwireMin', type: 'u8', at: 35, doc: 'knet only' },
  { name: 'onwireMax', type: 'u8', at: 36, doc: 'knet only' },
  { name: 'onwireVersion', type: 'u8', at: 37, doc: 'knet only' },
  { name: 'enabled', type: 'u8', at: 40, doc: 'link 0 is configured' },
  { name: 'connected', type: 'u8', at: 41, doc: 'link 0 reaches the node' },
  { name: 'dynamic', type: 'u8', at: 42, doc: 'knet only' },
  { name: 'mtu', type: 'u32', at: 44, doc: 'payload of a packet on link 0, bytes' },
  { name: 'source', type: 'text', at: 48, size: 256, doc: "udpu: the node's address on link 0; knet: the own one" },
  { name: 'destination', type: 'text', at: 304, size: 256, doc: "knet: the node's address on link 0; udpu: empty" },
])

/** Each of the eight links of a {@link cfgNodeStatus}, from {@link cfgLinkStatusesAt}. */
export const cfgLinkStatus = layout(520, [
  { name: 'enabled', type: 'u8', at: 0, doc: 'the link is configured' },
  { name: 'connected', type: 'u8', at: 1, doc: 'it reaches the node' },
  { name: 'mtu', type: 'u32', at: 4, doc: 'payload of a packet, bytes' },
  { name: 'source', type: 'text', at: 8, size: 256, doc: 'as in cfgNodeStatus' },
  { name: 'destination', type: 'text', at: 264, size: 256, doc: 'as in cfgNodeStatus' },
])
/** Where the first {@link cfgLinkStatus} is. */
export const cfgLinkStatusesAt = 40
