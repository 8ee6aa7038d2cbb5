/**
 * The Totem single-ring protocol as a state machine: `createTotem` makes a member, `step` advances it by one event and
 * answers the effects to perform, `roomFor` tells whether a `multicast` event would be taken. The fields of a
 * {@link RingMember} may be read (`phase`, `ring`, `installed.members`, `counters`), never written. An
 * {@link Assembler} makes messages of what is delivered.
 */
export { Assembler } from './assembly.ts'
export { type TotemConfig, type TotemSettings, totemConfig, totemDefaults } from './config.ts'
export type { Configuration, GatherCause, QueueLevel, TotemEffect, TotemNotice } from './effect.ts'
export type { Lane, TotemEvent, TotemTimer } from './event.ts'
export type { Frame } from './frame.ts'
export { decodeFrame } from './frame-decoder.ts'
export { encodeFrame } from './frame-encoder.ts'
export { type RingId, ringSeqMax, ringSeqStride, ringText, sameRing } from './ring-id.ts'
export type { Phase, RingMember, TotemCounters } from './ring-member.ts'
export { createTotem, roomFor, step } from './step.ts'
