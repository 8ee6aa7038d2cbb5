import type { Prng } from '@quorate/base'

/** What can happen to nodes and links at one moment of the safety phase. */
export type FaultKind =
  | 'crash'
  | 'restart'
  | 'leave'
  | 'bounce'
  | 'pause'
  | 'split'
  | 'isolate'
  | 'one-way'
  | 'bridge'
  | 'deaf'
  | 'ambush'
  | 'heal'

/** The faults of one seed. Rates are parts of ten thousand frames, times milliseconds. */
export type FaultMix = {
  readonly lossRate: number
  /** Only frames of this type get lost (the number in their header); undefined: any. */
  readonly lossOf: number | undefined
  readonly duplicateRate: number
  /** A frame comes again long after, from an old ring or from before a restart. */
  readonly replayRate: number
  readonly replayMaxMs: number
  /** A frame arrives damaged in a way that the checksum of UDP would let pass or that a stranger might send. */
  readonly corruptRate: number
  readonly delayMinMs: number
  readonly delayMeanMs: number
  /** A frame takes far longer than the others. */
  readonly tailRate: number
  readonly tailMaxMs: number
  /** Kinds of event that this seed draws from; empty: only the links misbehave. */
  readonly kinds: readonly FaultKind[]
  /** Instead of these kinds, one snare after the other is laid, each sprung before the next. */
  readonly hunts: boolean
  /** Mean time between two events. */
  readonly eventMeanMs: number
  /** Longest sleep of a process. */
  readonly pauseMaxMs: number
}

/** No faults at all: the liveness phase, and the start of every other mix. */
export const calm: FaultMix = {
  lossRate: 0,
  lossOf: undefined,
  duplicateRate: 0,
  replayRate: 0,
  replayMaxMs: 0,
  corruptRate: 0,
  delayMinMs: 0.2,
  delayMeanMs: 0.4,
  tailRate: 0,
  tailMaxMs: 0,
  kinds: [],
  hunts: false,
  eventMeanMs: 1000,
  pauseMaxMs: 0,
}

const everyKind: readonly FaultKind[] = ['crash', 'leave', 'pause', 'split', 'isolate', 'one-way', 'bridge', 'deaf']

/**
 * Whether a seed's nemesis hunts, decided by what seven leaves of the seed: the others draw as they did before there was
 * such a nemesis, so that seeds which found a fault in those days still tell of it.
 */
export function isHunting(seed: bigint): boolean {
  const rest = seed % 7n
  return rest < 2n || rest > 4n
}

/** Draws which faults a seed has and how hard they are: each is on in half of the seeds. */
export function drawFaultMix(prng: Prng, seed: bigint, tokenMs: number): FaultMix {
  const maybe = (draw: () => number): number => (prng.chance(1, 2) ? draw() : 0)
  const kinds = everyKind.filter(() => prng.chance(1, 2))
  const severing: readonly FaultKind[] = ['split', 'isolate', 'one-way', 'bridge', 'deaf']
  if (kinds.some((kind) => severing.includes(kind))) kinds.push('heal', 'heal')
  if (kinds.includes('crash') || kinds.includes('leave')) kinds.push('restart', 'restart')
  return {
    lossRate: maybe(() => prng.pick([10, 100, 300, 1000, 3000])),
    lossOf: prng.chance(1, 3) ? prng.below(6) : undefined,
    duplicateRate: maybe(() => prng.pick([10, 100, 1000, 5000])),
    replayRate: maybe(() => prng.pick([1, 10, 50])),
    replayMaxMs: tokenMs * prng.between(1, 10),
    corruptRate: maybe(() => prng.pick([10, 100, 1000])),
    delayMinMs: prng.pick([0.1, 0.5, 1]),
    delayMeanMs: prng.pick([0.2, 1, 3]),
    tailRate: maybe(() => prng.pick([10, 100, 500])),
    tailMaxMs: prng.pick([tokenMs / 10, tokenMs / 2, tokenMs * 2]),
    kinds,
    hunts: isHunting(seed),
    eventMeanMs: tokenMs * prng.pick([0.5, 1, 3]),
    pauseMaxMs: tokenMs * prng.pick([0.6, 1.5, 5]),
  }
}
