import { layout } from '@quorate/base'

/** Calls of the `quorum` service (protocols/corosync.md 9.4). */
export const quorumCalls = { getQuorate: 0, trackStart: 1, trackStop: 2, getType: 3, modelGetType: 4 } as const

/** Ids of responses and events. */
export const quorumResponses = {
  getQuorate: 0,
  trackStart: 1,
  trackStop: 2,
  notification: 3,
  getType: 4,
  modelGetType: 5,
  quorumV1: 6,
  nodelistV1: 7,
} as const

/** What a tracker asks for, in `quorum` and `votequorum` alike. */
export const trackFlags = { current: 1, changes: 2, changesOnly: 4 } as const

/** Response to GETQUORATE. */
export const quorumGetQuorate = layout(32, [{ name: 'quorate', type: 'u32', at: 24, doc: '1 may act' }])
/** TRACKSTART. */
export const quorumTrackStart = layout(24, [{ name: 'flags', type: 'u32', at: 16, doc: 'see trackFlags' }])
/** Response to GETTYPE and MODEL_GETTYPE. */
export const quorumType = layout(32, [{ name: 'type', type: 'u32', at: 24, doc: '0 free, 1 a provider decides' }])
/** MODEL_GETTYPE: which form of events the client wants. */
export const quorumModelGetType = layout(24, [{ name: 'model', type: 'u32', at: 16, doc: '0 or 1' }])

/** Node ids follow at {@link quorumViewAt}. */
export const quorumNotification = layout(48, [
  { name: 'quorate', type: 'i32', at: 24, doc: '1 may act' },
  { name: 'ringSeq', type: 'u64', at: 32, doc: 'sequence of the ring' },
  { name: 'members', type: 'u32', at: 40, doc: 'node ids that follow' },
])
/** Where the node ids start in a NOTIFICATION. */
export const quorumViewAt = 44

/** Ring id at {@link quorumV1RingAt}; node ids follow at {@link quorumV1ViewAt}. */
export const quorumV1 = layout(56, [
  { name: 'quorate', type: 'i32', at: 24, doc: '1 may act' },
  { name: 'members', type: 'u32', at: 48, doc: 'node ids that follow' },
])
/** Where the ring id is in an event V1_QUORUM. */
export const quorumV1RingAt = 32
/** Where the node ids start in an event V1_QUORUM. */
export const quorumV1ViewAt = 52

/** Ring id at {@link nodelistV1RingAt}; ids of members, joined and left follow at {@link nodelistV1At}. */
export const nodelistV1 = layout(64, [
  { name: 'members', type: 'u32', at: 40, doc: 'nodes of the ring' },
  { name: 'joined', type: 'u32', at: 48, doc: 'of these, new ones' },
  { name: 'left', type: 'u32', at: 56, doc: 'nodes that are gone' },
])
/** Where the ring id is in an event V1_NODELIST. */
export const nodelistV1RingAt = 24
/** Where the node ids start in an event V1_NODELIST. */
export const nodelistV1At = 60
