import type { NodeId, Prng } from '@quorate/base'

/** What a snare is laid for. A `copy` is a message of an old ring that recovery sends on the new one. */
export type SnareBait = 'token' | 'message' | 'copy' | 'join' | 'commit-token'

/**
 * What a snare waits for: so many frames of a kind; `new-ring-token`: so many tokens since the last commit token, which
 * lets it strike in the middle of recovery; `installed-token`: a token from a node that has just installed its ring.
 */
export type SnareTrigger = SnareBait | 'new-ring-token' | 'installed-token'

/** What happens to those that a frame of its kind is between. */
export type SnareStroke =
  | 'crash-sender'
  | 'crash-receiver'
  /** It crashes and is back before the others have missed it. */
  | 'bounce-sender'
  | 'bounce-receiver'
  | 'isolate-sender'
  | 'isolate-receiver'
  | 'split'
  /** The frame arrives, but late. */
  | 'delay'
  /** Nobody gets what the sender says for a few visits of the token; then it crashes, or is cut off. */
  | 'unheard'
  /** As `unheard`; and what was not heard comes in after all, somewhere, when that node is naming its next ring. */
  | 'heard-late'

/** A trap that lies on the wire: it waits for its kind of frame, lets some pass, and strikes at the next. */
export type Snare = {
  readonly trigger: SnareTrigger
  readonly passes: number
  readonly stroke: SnareStroke
  /** Of ten thousand messages and copies, so many get lost meanwhile. */
  readonly lossRate: number
}

const triggers: readonly SnareTrigger[] = [
  'token',
  'message',
  'copy',
  'join',
  'commit-token',
  'new-ring-token',
  'installed-token',
  'installed-token',
]
const strokes: readonly SnareStroke[] = [
  'crash-sender',
  'crash-receiver',
  'bounce-sender',
  'bounce-receiver',
  'isolate-sender',
  'isolate-receiver',
  'split',
  'delay',
  'unheard',
  'heard-late',
]

/** Strokes that part those who have just come together. */
const severing: readonly SnareStroke[] = [
  'isolate-receiver',
  'isolate-receiver',
  'isolate-sender',
  'split',
  'crash-sender',
]

/** Frames of the header's type number, and of what marks a copy. */
const tokenType = 0
const mcastType = 1
const joinType = 3
const commitTokenType = 4
const copyMark = 1

/** Draws a snare. What happens after few frames of a kind is what other faults seldom meet. */
export function drawSnare(prng: Prng): Snare {
  const trigger = prng.pick(triggers)
  if (trigger === 'installed-token') {
    const [passes, stroke, lossRate] = [prng.below(4), prng.pick(severing), prng.pick([3000, 5000])]
    return { trigger, passes, stroke, lossRate }
  }
  const passes = prng.below(prng.pick([1, 4, 12, 60]))
  return { trigger, passes, stroke: prng.pick(strokes), lossRate: prng.pick([0, 1000, 3000, 5000]) }
}

/** The kind of a frame, if it is one that snares are laid for. */
export function baitOf(bytes: Uint8Array): SnareBait | undefined {
  switch (bytes[3]) {
    case tokenType:
      return 'token'
    case mcastType:
      return bytes[4] === copyMark ? 'copy' : 'message'
    case joinType:
      return 'join'
    case commitTokenType:
      return 'commit-token'
    default:
      return undefined
  }
}

/** What a sprung snare asks of the world. */
export type SnareStrike = (stroke: SnareStroke, from: NodeId, to: NodeId) => void
