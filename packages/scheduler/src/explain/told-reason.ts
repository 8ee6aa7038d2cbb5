import type { Change } from './change.ts'
import type { Reason, ReasonKind } from './reason.ts'
import type { Setting } from './setting.ts'

/** What is told of one step of a score, without the step. */
export type Told = {
  readonly kind: ReasonKind
  readonly text: string
  readonly constraint?: string | undefined
  readonly changes?: readonly Change[]
  readonly because?: readonly Reason[]
  readonly settings?: readonly Setting[]
}
