import { layout } from '@quorate/base'

/** Calls of the `votequorum` service (protocols/corosync.md 9.5). */
export const votequorumCalls = {
  getInfo: 0,
  setExpected: 1,
  setVotes: 2,
  trackStart: 3,
  trackStop: 4,
  qdeviceRegister: 5,
  qdeviceUnregister: 6,
  qdeviceUpdate: 7,
  qdevicePoll: 8,
  qdeviceMasterWins: 9,
} as const

/** Ids of responses (`status` answers all calls but GETINFO) and events. */
export const votequorumResponses = { status: 0, getInfo: 1, quorum: 3, expectedVotes: 4, nodelist: 5 } as const

/** Longest name of a quorum device with its NUL, bytes. */
export const qdeviceNameBytesMax = 255

/** GETINFO. */
export const votequorumGetInfo = layout(24, [{ name: 'node', type: 'i32', at: 16, doc: '0 is this node' }])

/** Response to GETINFO. */
export const votequorumInfo = layout(320, [
  { name: 'node', type: 'u32', at: 24, doc: 'node id' },
  { name: 'state', type: 'u32', at: 28, doc: '1 member, 2 dead, 3 leaving' },
  { name: 'votes', type: 'u32', at: 32, doc: 'votes of the node' },
  { name: 'expectedVotes', type: 'u32', at: 36, doc: 'votes that the node expects' },
  { name: 'highestExpected', type: 'u32', at: 40, doc: 'highest expectation of any member' },
  { name: 'totalVotes', type: 'u32', at: 44, doc: 'votes present' },
  { name: 'quorum', type: 'u32', at: 48, doc: 'votes needed' },
  { name: 'flags', type: 'u32', at: 52, doc: 'see votequorumInfoFlags' },
  { name: 'qdeviceVotes', type: 'u32', at: 56, doc: 'votes of the quorum device' },
  { name: 'qdeviceName', type: 'text', at: 60, size: 255, doc: 'name of the quorum device' },
])

/** Bits of `votequorumInfo.flags`. */
export const votequorumInfoFlags = {
  twoNode: 1,
  quorate: 2,
  waitForAll: 4,
  lastManStanding: 8,
  autoTieBreaker: 16,
  allowDownscale: 32,
  qdeviceRegistered: 64,
  qdeviceAlive: 128,
  qdeviceCastVote: 256,
  qdeviceMasterWins: 512,
} as const

/** States of a node in `votequorumInfo` and in quorum events. */
export const votequorumStates = { member: 1, dead: 2, leaving: 3 } as const

/** SETEXPECTED. */
export const votequorumSetExpected = layout(24, [{ name: 'votes', type: 'u32', at: 16, doc: 'votes to expect' }])
/** SETVOTES. */
export const votequorumSetVotes = layout(24, [
  { name: 'votes', type: 'u32', at: 16, doc: 'votes of the node' },
  { name: 'node', type: 'i32', at: 20, doc: '0 is this node' },
])
/** QDEVICE_REGISTER and QDEVICE_UNREGISTER. */
export const votequorumQdeviceName = layout(272, [
  { name: 'name', type: 'text', at: 16, size: 255, doc: 'of the quorum device' },
])
/** QDEVICE_UPDATE. */
export const votequorumQdeviceUpdate = layout(528, [
  { name: 'from', type: 'text', at: 16, size: 255, doc: 'name until now' },
  { name: 'to', type: 'text', at: 271, size: 255, doc: 'name from now on' },
])
/** QDEVICE_POLL. */
export const votequorumQdevicePoll = layout(296, [
  { name: 'name', type: 'text', at: 16, size: 255, doc: 'of the quorum device' },
  { name: 'castsVote', type: 'i32', at: 272, doc: 'not 0: gives its vote' },
  { name: 'rep', type: 'u32', at: 280, doc: 'representative of the ring that it is about' },
  { name: 'seq', type: 'u64', at: 288, doc: 'sequence of that ring' },
])
/** QDEVICE_MASTER_WINS. */
export const votequorumQdeviceMasterWins = layout(280, [
  { name: 'name', type: 'text', at: 16, size: 255, doc: 'of the quorum device' },
  { name: 'isAllowed', type: 'u32', at: 272, doc: 'not 0: its vote decides alone' },
])
/** TRACKSTART. */
export const votequorumTrackStart = layout(32, [
  { name: 'context', type: 'u64', at: 16, doc: "caller's mark, comes back in events" },
  { name: 'flags', type: 'u32', at: 24, doc: 'see trackFlags' },
])

/** Entries {u32 node, u32 state} follow. */
export const votequorumQuorumEvent = layout(48, [
  { name: 'quorate', type: 'u32', at: 24, doc: '1 may act' },
  { name: 'context', type: 'u64', at: 32, doc: "the tracker's mark" },
  { name: 'nodes', type: 'u32', at: 40, doc: 'entries that follow' },
])
/** An entry of a QUORUM event. */
export const votequorumNodeState = layout(8, [
  { name: 'node', type: 'u32', at: 0, doc: 'node id, 0 the quorum device' },
  { name: 'state', type: 'u32', at: 4, doc: 'see votequorumStates' },
])

/** Event EXPECTEDVOTES. */
export const votequorumExpectedEvent = layout(40, [
  { name: 'context', type: 'u64', at: 24, doc: "the tracker's mark" },
  { name: 'expectedVotes', type: 'u32', at: 32, doc: 'votes now expected' },
])

/** Ring id at {@link votequorumNodelistRingAt}; node ids follow. */
export const votequorumNodelistEvent = layout(56, [
  { name: 'context', type: 'u64', at: 24, doc: "the tracker's mark" },
  { name: 'nodes', type: 'u32', at: 48, doc: 'node ids that follow' },
])
/** Where the ring id is in an event NODELIST. */
export const votequorumNodelistRingAt = 32
