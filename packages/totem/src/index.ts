/**
 * The Totem single-ring protocol as a state machine.
 *
 * `const ring = createTotem(config)` makes a member that has not begun; `step(ring, event, now)` advances it in place and
 * answers the effects to perform; `roomFor(ring, bodyBytes, lane)` tells whether a `multicast` event would be taken;
 * `phaseOf(ring)`, `ringOf(ring)`, `membersOf(ring)` and `countersOf(ring)` read it.
 */
export { type TotemConfig, type TotemSettings, totemConfig, totemDefaults } from './config.ts'
export type { Configuration, GatherCause, QueueLevel, TotemEffect, TotemNotice } from './effect.ts'
export type { Lane, TotemEvent, TotemTimer } from './event.ts'
export { type RingId, ringSeqMax, ringSeqStride, ringText, sameRing } from './ring-id.ts'
