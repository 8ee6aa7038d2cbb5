import type { Brand } from './brand.ts'

/** Milliseconds on the monotonic clock, possibly with a fraction. Never comparable with wall time. */
export type MonoMs = Brand<number, 'MonoMs'>

/** Marks a reading of the monotonic clock. Called by shells and by the simulated clock only. */
export function monoMs(value: number): MonoMs {
  return value as MonoMs
}
