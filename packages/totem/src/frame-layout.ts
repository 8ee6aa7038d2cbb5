import { layout } from '@quorate/base'

/**
 * The Totem frames as tables (protocols/corosync.md 2): packed, in the byte order of the sender, which the magic tells.
 * Lists behind the fixed part are described at the frame's constants.
 */

/** First two bytes of every frame in our byte order. */
export const totemMagic = 0xc070
/** What {@link totemMagic} looks like when a node of the other byte order sent it. */
export const totemMagicSwapped = 0x70c0
/** The only version there is. */
export const totemVersion = 3

/** Numbers of the frame types. */
export const frameType = { token: 0, mcast: 1, mergeDetect: 2, join: 3, commitToken: 4, holdCancel: 5 } as const

/** Longest frame: what UDP carries. */
export const frameBytesMax = 65_536
/** Most nodes a ring can have, and so the longest list of a frame. */
export const nodesMax = 384
/** Most retransmit requests in a token. */
export const retransmitRequestsMax = 30

/** `encapsulated` of a message frame: a copy of an old ring's message during recovery. */
export const encapsulatedCopy = 1
/** `encapsulated` of a message frame: an ordinary message. */
export const encapsulatedNot = 2

const header = [
  { name: 'magic', type: 'u16', at: 0, doc: '0xC070 in the byte order of the sender' },
  { name: 'version', type: 'u8', at: 2, doc: '3' },
  { name: 'type', type: 'u8', at: 3, doc: 'which frame this is' },
  { name: 'encapsulated', type: 'u8', at: 4, doc: 'messages: 1 a recovered copy, 2 ordinary; otherwise 0' },
  { name: 'sender', type: 'u32', at: 5, doc: 'node id of the sender; 0 in the join of a node that leaves' },
  { name: 'target', type: 'u32', at: 9, doc: 'node id for knet, 0 to all; arbitrary bytes on udp and udpu' },
] as const

/** What every frame begins with. */
export const headerLayout = layout(13, header)

/** The token: one at a time on a ring; behind it `requestCount` entries of {@link requestLayout}. */
export const tokenLayout = layout(57, [
  ...header,
  { name: 'seq', type: 'u32', at: 13, doc: 'highest message number on the ring' },
  { name: 'tokenSeq', type: 'u32', at: 17, doc: 'one more at every hop' },
  { name: 'aru', type: 'u32', at: 21, doc: 'all received up to here' },
  { name: 'aruAddr', type: 'u32', at: 25, doc: 'node that lowered aru, 0 nobody' },
  { name: 'rep', type: 'u32', at: 29, doc: 'ring: representative' },
  { name: 'ringSeq', type: 'u64', at: 33, doc: 'ring: sequence' },
  { name: 'backlog', type: 'u32', at: 41, doc: 'messages that wait on all nodes' },
  { name: 'fcc', type: 'u32', at: 45, doc: 'messages sent in the last rotation' },
  { name: 'retransFlag', type: 'i32', at: 49, doc: 'recovery: somebody still has old messages to send' },
  { name: 'requestCount', type: 'i32', at: 53, doc: 'retransmit requests behind' },
])

/** One retransmit request. */
export const requestLayout = layout(16, [
  { name: 'rep', type: 'u32', at: 0, doc: 'ring: representative' },
  { name: 'ringSeq', type: 'u64', at: 4, doc: 'ring: sequence' },
  { name: 'seq', type: 'u32', at: 12, doc: 'message asked for' },
])

/** A message: behind it the payload, for a copy the whole old frame. */
export const mcastLayout = layout(45, [
  ...header,
  { name: 'origin', type: 'u32', at: 13, doc: 'node that sent it first' },
  { name: 'seq', type: 'u32', at: 17, doc: 'place in the order of the ring' },
  { name: 'thisSeqno', type: 'i32', at: 21, doc: "sender's own counter" },
  { name: 'rep', type: 'u32', at: 25, doc: 'ring: representative' },
  { name: 'ringSeq', type: 'u64', at: 29, doc: 'ring: sequence' },
  { name: 'nodeId', type: 'u32', at: 37, doc: '0' },
  { name: 'guarantee', type: 'i32', at: 41, doc: '0' },
])

/** "Here is a ring": what a quiet ring says now and then, so that others find it. */
export const mergeDetectLayout = layout(29, [
  ...header,
  { name: 'from', type: 'u32', at: 13, doc: 'representative that speaks' },
  { name: 'rep', type: 'u32', at: 17, doc: 'ring: representative' },
  { name: 'ringSeq', type: 'u64', at: 21, doc: 'ring: sequence' },
])

/** Who a gathering node thinks is there; behind it `procCount` and then `failedCount` u32 node ids. */
export const joinLayout = layout(33, [
  ...header,
  { name: 'from', type: 'u32', at: 13, doc: 'node that speaks' },
  { name: 'procCount', type: 'u32', at: 17, doc: 'nodes that it knows' },
  { name: 'failedCount', type: 'u32', at: 21, doc: 'nodes among them that it gave up' },
  { name: 'ringSeq', type: 'u64', at: 25, doc: 'highest ring sequence that it used' },
])

/** The new ring before it exists; behind it `count` u32 node ids, then `count` of {@link commitEntryLayout}. */
export const commitTokenLayout = layout(41, [
  ...header,
  { name: 'tokenSeq', type: 'u32', at: 13, doc: 'one more at every send' },
  { name: 'rep', type: 'u32', at: 17, doc: 'new ring: representative' },
  { name: 'ringSeq', type: 'u64', at: 21, doc: 'new ring: sequence' },
  { name: 'retransFlag', type: 'u32', at: 29, doc: '0' },
  { name: 'index', type: 'i32', at: 33, doc: 'entries filled so far' },
  { name: 'count', type: 'i32', at: 37, doc: 'members of the new ring' },
])

/** What a member says of its old ring. */
export const commitEntryLayout = layout(24, [
  { name: 'rep', type: 'u32', at: 0, doc: 'old ring: representative' },
  { name: 'ringSeq', type: 'u64', at: 4, doc: 'old ring: sequence' },
  { name: 'aru', type: 'u32', at: 12, doc: 'old ring: all received up to here' },
  { name: 'highDelivered', type: 'u32', at: 16, doc: 'old ring: delivered up to here' },
  { name: 'received', type: 'u32', at: 20, doc: '1: nothing that anybody before it holds is missing here' },
])

/** "Do not hold the token": a node has something to send. */
export const holdCancelLayout = layout(25, [
  ...header,
  { name: 'rep', type: 'u32', at: 13, doc: 'ring: representative' },
  { name: 'ringSeq', type: 'u64', at: 17, doc: 'ring: sequence' },
])
