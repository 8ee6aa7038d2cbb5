import { layout } from '@quorate/base'

/** Calls of the `cpg` service (protocols/corosync.md 9.2). */
export const cpgCalls = {
  join: 0,
  leave: 1,
  mcast: 2,
  membership: 3,
  localGet: 4,
  iterInit: 5,
  iterNext: 6,
  iterFinalize: 7,
  finalize: 8,
  zeroCopyAlloc: 9,
  zeroCopyFree: 10,
  zeroCopyExecute: 11,
  partialMcast: 12,
} as const

/** Ids of responses and events. MCAST has no response at all. */
export const cpgResponses = {
  join: 0,
  leave: 1,
  mcast: 2,
  membership: 3,
  confchg: 4,
  deliver: 5,
  localGet: 7,
  iterInit: 9,
  iterNext: 10,
  iterFinalize: 11,
  finalize: 12,
  totemConfchg: 13,
  partialDeliver: 17,
  partialMcast: 18,
} as const

/** Where the group's name starts in JOIN, LEAVE and MEMBERSHIP. */
export const cpgGroupAt = 16

/** JOIN. */
export const cpgJoin = layout(168, [
  { name: 'pid', type: 'u32', at: 152, doc: "caller's process id, as it sees it" },
  { name: 'flags', type: 'u32', at: 160, doc: 'bit 0: wants the totem membership too' },
])
/** Bit of `cpgJoin.flags`: send the ring's membership after the join and at each change. */
export const cpgJoinWantsTotem = 1

/** LEAVE. */
export const cpgLeave = layout(160, [{ name: 'pid', type: 'u32', at: 152, doc: "caller's process id" }])

/** MCAST; the message follows the record. Its head is as long as that of a response. */
export const cpgMcast = layout(40, [
  { name: 'guarantee', type: 'u32', at: 24, doc: 'order asked for; all are served in agreed order' },
  { name: 'messageBytes', type: 'u32', at: 32, doc: 'length of the message that follows' },
])

/** PARTIAL_MCAST; the part follows the record. */
export const cpgPartialMcast = layout(56, [
  { name: 'guarantee', type: 'u32', at: 24, doc: 'order asked for' },
  { name: 'messageBytes', type: 'u32', at: 32, doc: 'length of the whole message' },
  { name: 'partBytes', type: 'u32', at: 40, doc: 'length of this part' },
  { name: 'part', type: 'u32', at: 48, doc: '1 first, 2 middle, 3 last' },
])

/** A process in a list: {u32 node, u32 pid, u32 reason}, each in an 8-byte slot. */
export const cpgAddress = layout(24, [
  { name: 'node', type: 'u32', at: 0, doc: 'node id' },
  { name: 'pid', type: 'u32', at: 8, doc: 'process id' },
  { name: 'reason', type: 'u32', at: 16, doc: 'why it came or went, 0 for a member' },
])

/** Why a process entered or left a group. */
export const cpgReasons = { join: 1, leave: 2, nodedown: 3, nodeup: 4, procdown: 5 } as const

/** Entries of a MEMBERSHIP response start here; there is always room for {@link cpgMembersMax}. */
export const cpgMembersAt = 32
/** Most processes that a MEMBERSHIP response lists. */
export const cpgMembersMax = 384
/** Response to MEMBERSHIP. */
export const cpgMembership = layout(9248, [{ name: 'count', type: 'u32', at: 24, doc: 'entries that follow' }])

/** Response to LOCAL_GET. */
export const cpgLocalGet = layout(32, [{ name: 'node', type: 'u32', at: 24, doc: 'node id of this node' }])

/** Where the group's name starts in the events CONFCHG, DELIVER and PARTIAL_DELIVER. */
export const cpgEventGroupAt = 24

/** Addresses of members, then of those who left, then of those who joined follow the record. */
export const cpgConfchg = layout(184, [
  { name: 'members', type: 'u32', at: 160, doc: 'members after the change' },
  { name: 'joined', type: 'u32', at: 168, doc: 'processes that joined' },
  { name: 'left', type: 'u32', at: 176, doc: 'processes that left' },
])

/** Event DELIVER; the message follows the record. */
export const cpgDeliver = layout(184, [
  { name: 'messageBytes', type: 'u32', at: 160, doc: 'length of the message that follows' },
  { name: 'node', type: 'u32', at: 168, doc: "sender's node" },
  { name: 'pid', type: 'u32', at: 176, doc: "sender's process" },
])

/** Event PARTIAL_DELIVER; the part follows the record. */
export const cpgPartialDeliver = layout(200, [
  { name: 'messageBytes', type: 'u32', at: 160, doc: 'length of the whole message' },
  { name: 'partBytes', type: 'u32', at: 168, doc: 'length of the part that follows' },
  { name: 'node', type: 'u32', at: 176, doc: "sender's node" },
  { name: 'pid', type: 'u32', at: 184, doc: "sender's process" },
  { name: 'part', type: 'u32', at: 192, doc: '1 first, 2 middle, 3 last' },
])

/** Where the ring id is in a TOTEM_CONFCHG event. */
export const cpgTotemRingAt = 24
/** Where the node ids start in a TOTEM_CONFCHG event. */
export const cpgTotemMembersAt = 44
/** Event TOTEM_CONFCHG. */
export const cpgTotemConfchg = layout(48, [{ name: 'members', type: 'u32', at: 40, doc: 'node ids that follow' }])

/** Kinds of iteration: names of groups only, processes of one group, or all processes. */
export const cpgIterations = { names: 1, group: 2, all: 3 } as const
/** ITERATIONINITIALIZE. */
export const cpgIterInit = layout(160, [{ name: 'kind', type: 'u32', at: 152, doc: 'see cpgIterations' }])
/** ITERATIONNEXT and ITERATIONFINALIZE. */
export const cpgIterHandle = layout(24, [{ name: 'handle', type: 'u64', at: 16, doc: 'of the iteration' }])
/** Response to ITERATIONINITIALIZE. */
export const cpgIterHandleResponse = layout(32, [{ name: 'handle', type: 'u64', at: 24, doc: 'of the iteration' }])
/** Response to ITERATIONNEXT; the group's name starts at 24. */
export const cpgIterNextResponse = layout(168, [
  { name: 'node', type: 'u32', at: 160, doc: 'node id' },
  { name: 'pid', type: 'u32', at: 164, doc: 'process id' },
])

/** Largest message that MCAST takes; the client library sends longer ones in parts. Bytes. */
export const cpgMessageBytesMax = 1_048_576 - 1024
