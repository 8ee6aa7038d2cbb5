import * as z from 'zod'
import { limits } from './limits.ts'

/** An id or a name of the configuration. */
export const id = z.string().min(1).max(limits.idCharsMax)

/** A moment as an ISO 8601 text in UTC, e.g. `2026-11-30T03:10:00.000Z`. */
export const moment = z.string()

/** A score: an integer; ±1000000 are the infinities. */
export const score = z.int()

/** The score that stands for infinity. */
export const infiniteScore = 1_000_000

/** Version of a CIB: `admin_epoch.epoch.num_updates`. */
export const cibVersion = z.string().regex(/^\d+\.\d+\.\d+$/)
