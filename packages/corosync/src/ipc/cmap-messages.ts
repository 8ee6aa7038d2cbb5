import { layout } from '@quorate/base'

/** Calls of the `cmap` service and the ids of their responses (protocols/corosync.md 9.1). */
export const cmapCalls = {
  set: 0,
  delete: 1,
  get: 2,
  adjustInt: 3,
  iterInit: 4,
  iterNext: 5,
  iterFinalize: 6,
  trackAdd: 7,
  trackDelete: 8,
  setCurrentMap: 9,
} as const

/** Ids of responses that differ from their request's, and of the event. */
export const cmapResponses = { notify: 9, setCurrentMap: 10 } as const

/** Where the key's `mar_name_t` starts in a request. */
export const cmapKeyAt = 16

/** SET; the value follows the record. */
export const cmapSet = layout(296, [
  { name: 'valueBytes', type: 'u64', at: 280, doc: 'length of the value; a string counts no NUL' },
  { name: 'type', type: 'u8', at: 288, doc: 'type of the value' },
])

/** GET. */
export const cmapGet = layout(288, [
  { name: 'roomBytes', type: 'u64', at: 280, doc: "caller's buffer; 0 asks for type and length only" },
])

/** Response to GET; the value follows the record where it was asked for. */
export const cmapGetResponse = layout(40, [
  { name: 'valueBytes', type: 'u64', at: 24, doc: 'length of the value; a string counts its NUL' },
  { name: 'type', type: 'u8', at: 32, doc: 'type of the value' },
])

/** ADJUST_INT: adds to a number. */
export const cmapAdjustInt = layout(288, [{ name: 'step', type: 'i32', at: 280, doc: 'added to the value' }])

/** ITER_NEXT, ITER_FINALIZE and TRACK_DELETE: a handle alone. */
export const cmapHandle = layout(24, [{ name: 'handle', type: 'u64', at: 16, doc: 'of the iteration or tracker' }])

/** Responses to ITER_INIT, TRACK_ADD and TRACK_DELETE. */
export const cmapHandleResponse = layout(32, [
  { name: 'handle', type: 'u64', at: 24, doc: "iteration, tracker, or (TRACK_DELETE) the caller's cookie" },
])

/** Where the key's `mar_name_t` starts in a response to ITER_NEXT. */
export const cmapIterKeyAt = 24
/** Response to ITER_NEXT. */
export const cmapIterResponse = layout(304, [
  { name: 'valueBytes', type: 'u64', at: 288, doc: 'length of the value' },
  { name: 'type', type: 'u8', at: 296, doc: 'type of the value' },
])

/** TRACK_ADD: asks to be told of changes. */
export const cmapTrackAdd = layout(296, [
  { name: 'flags', type: 'i32', at: 280, doc: 'kinds of change: see cmapTrackFlags' },
  { name: 'cookie', type: 'u64', at: 288, doc: "caller's mark, comes back in events" },
])

/** Kinds of change that a tracker asks for; the first three are also the `event` of a notification. */
export const cmapTrackFlags = { delete: 1, modify: 2, add: 4, prefix: 8 } as const

/** Where the key's `mar_name_t` starts in a notification; new value, then old value follow the record. */
export const cmapNotifyKeyAt = 32
/** Event NOTIFY. */
export const cmapNotify = layout(336, [
  { name: 'cookie', type: 'u64', at: 24, doc: "the tracker's mark" },
  { name: 'event', type: 'i32', at: 296, doc: 'delete, modify or add' },
  { name: 'newType', type: 'u8', at: 304, doc: 'type of the new value, 0 none' },
  { name: 'oldType', type: 'u8', at: 312, doc: 'type of the old value, 0 none' },
  { name: 'newBytes', type: 'u64', at: 320, doc: 'length of the new value' },
  { name: 'oldBytes', type: 'u64', at: 328, doc: 'length of the old value' },
])

/** SET_CURRENT_MAP: the map that later calls are about. */
export const cmapSetCurrentMap = layout(24, [{ name: 'map', type: 'i32', at: 16, doc: '0 default, 1 statistics' }])
