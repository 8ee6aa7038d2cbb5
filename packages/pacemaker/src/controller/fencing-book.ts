import type { Transition } from '../transition/transition.ts'

/** A fencing that this controller has asked for, and whose end it has not heard of. */
export type OpenFencing = {
  readonly target: string
  /** Undefined where no membership and no configuration has told it. */
  readonly uuid: string | undefined
  /** `reboot`, `off` or `on`. */
  readonly action: string
  /** The graph that wants it, and the action there. */
  readonly transition: Transition
  readonly actionId: number
  /** Digests of the devices that an `on` makes valid, as the graph carries them. */
  readonly digests: { readonly all: string | undefined; readonly secure: string | undefined }
}

/** What a controller keeps of fencing. Owned and changed in place by the controller's step. */
export type FencingBook = {
  readonly open: Map<number, OpenFencing>
  /** Failures since the last success, by target: counted on every node, for whoever leads next. */
  readonly failures: Map<string, number>
  /** Fenced while nobody led who could write it down; the next DC does. */
  readonly unrecorded: Set<string>
}

/** Nobody has been fenced yet. */
export function newFencingBook(): FencingBook {
  return { open: new Map(), failures: new Map(), unrecorded: new Set() }
}
