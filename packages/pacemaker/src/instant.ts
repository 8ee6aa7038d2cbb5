import type { MonoMs } from '@quorate/base'

/** A moment, as a shell hands it to a core together with an event. */
export type Instant = {
  /** For durations and timers. */
  readonly monoMs: MonoMs
  /** Wall clock in seconds since 1970, for what the CIB records. */
  readonly epochS: number
  /** Local time minus UTC in seconds, for rules whose times have no offset; left out: none. */
  readonly utcOffsetS?: number | undefined
}
