import { compareText, type MonoMs } from '@quorate/base'

/** A vote or a no-vote, as it travels (protocols/pacemaker-cluster.md 3). */
export type Ballot = {
  readonly kind: 'vote' | 'no-vote'
  readonly from: string
  /** Uuid of the node whose round this is about. */
  readonly owner: string
  readonly round: number
  /** CPU time that the sender has used, as seconds and the rest in microseconds; the older process wins. */
  readonly ageS: number
  readonly ageUs: number
  /** Feature set of the sender; the older one wins, so that nobody is led by a DC that knows more than it does. */
  readonly version: string
}

/** What this node enters an election with. */
export type Candidate = {
  readonly uname: string
  readonly uuid: string
  readonly version: string
  /** False while starting: such a node always loses. */
  readonly mayWin: boolean
}

/** CPU time used so far, read when a ballot is counted or cast. */
export type CpuTime = { readonly ageS: number; readonly ageUs: number }

/** Elections as one node sees them. */
export type ElectionState = {
  /** Number of our last round; 0 before the first. */
  readonly round: number
  /** Who has answered in our round, ourselves included. */
  readonly votes: ReadonlySet<string>
  readonly lostAt: MonoMs | undefined
  /** Peers that we beat, since the window began: many of them are a storm. */
  readonly wins: number
  readonly windowFrom: MonoMs
}

/** What to do after a ballot. */
export type ElectionVerdict =
  /** Nothing to do. */
  | { readonly kind: 'ignored'; readonly reason: string }
  /** It counts for our own round; see {@link isWon}. */
  | { readonly kind: 'recorded' }
  /** We are the better one: start a round of our own. `isStorm` once when it happens far too often. */
  | { readonly kind: 'beaten'; readonly isStorm: boolean }
  /** They are the better one: send them a no-vote, and give way. */
  | { readonly kind: 'lost'; readonly reason: string }

/** For this long after a loss a node does not win against anybody: the winner must have time to say so. */
export const lossDampeningMs = 2_000
/** How long wins are counted for the storm check. */
export const stormWindowMs = 120_000

/** No election yet. */
export const initialElection: ElectionState = {
  round: 0,
  votes: new Set(),
  lostAt: undefined,
  wins: 0,
  windowFrom: Number.NEGATIVE_INFINITY as MonoMs,
}

/** Begins a round of our own; its ballot has to be broadcast. */
export function beginRound(state: ElectionState): ElectionState {
  return { ...state, round: state.round + 1, votes: new Set() }
}

/**
 * Counts a ballot.
 *
 * @param isActive whether a node is a full member now
 */
export function countBallot(
  state: ElectionState,
  ballot: Ballot,
  self: Candidate,
  cpu: CpuTime,
  isActive: (uname: string) => boolean,
  peers: number,
  now: MonoMs,
): { readonly state: ElectionState; readonly verdict: ElectionVerdict } {
  const same = (verdict: ElectionVerdict) => ({ state, verdict })
  const isOwn = ballot.owner === self.uuid
  if (self.mayWin && isOwn && ballot.round !== state.round) return same({ kind: 'ignored', reason: 'old round' })
  if (!isActive(ballot.from)) return same({ kind: 'ignored', reason: 'sender is no active member' })
  if (self.mayWin && isActive(self.uname) && (ballot.from === self.uname || ballot.kind === 'no-vote')) {
    if (!isOwn) return same({ kind: 'ignored', reason: "another node's round" })
    return { state: { ...state, votes: new Set(state.votes).add(ballot.from) }, verdict: { kind: 'recorded' } }
  }
  if (ballot.kind === 'no-vote' || ballot.from === self.uname) return same({ kind: 'ignored', reason: 'not a rival' })
  const lost = reasonToLose(ballot, self, cpu, isActive)
  const isDampened = state.lostAt !== undefined && now - state.lostAt < lossDampeningMs
  if (lost === undefined && !isDampened) return win(state, peers, now)
  return {
    state: { ...state, lostAt: now, votes: new Set() },
    verdict: { kind: 'lost', reason: lost ?? 'Recent loss' },
  }
}

function win(
  state: ElectionState,
  peers: number,
  now: MonoMs,
): { readonly state: ElectionState; readonly verdict: ElectionVerdict } {
  const isFresh = now - state.windowFrom > stormWindowMs
  const wins = isFresh ? 1 : state.wins + 1
  const isStorm = wins === peers * peers + 1
  return {
    state: { ...state, wins, windowFrom: isFresh ? now : state.windowFrom },
    verdict: { kind: 'beaten', isStorm },
  }
}

/** Why the other node is the better DC; undefined when this one is. Never the same answer on both sides. */
function reasonToLose(
  ballot: Ballot,
  self: Candidate,
  cpu: CpuTime,
  isActive: (uname: string) => boolean,
): string | undefined {
  if (!self.mayWin) return 'Not eligible'
  if (!isActive(self.uname)) return 'We are not part of the cluster'
  const version = compareVersions(ballot.version, self.version)
  if (version !== 0) return version < 0 ? 'Version' : undefined
  const age = ballot.ageS - cpu.ageS || ballot.ageUs - cpu.ageUs
  if (age !== 0) return age > 0 ? 'Uptime' : undefined
  return compareText(self.uname.toLowerCase(), ballot.from.toLowerCase()) > 0 ? 'Host name' : undefined
}

/** True when every active member has answered in our round. */
export function isWon(state: ElectionState, active: readonly string[]): boolean {
  return state.round > 0 && active.length > 0 && active.every((uname) => state.votes.has(uname))
}

/** A node has gone: its answer counts no more, and if it was the DC the next one is sought without delay. */
export function forgetVoter(state: ElectionState, uname: string, wasDc: boolean): ElectionState {
  const votes = new Set(state.votes)
  votes.delete(uname)
  return { ...state, votes, lostAt: wasDc ? undefined : state.lostAt }
}

/** Compares `3.16.1` with `3.16.2`, number by number; missing numbers count as 0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.')
  const right = b.split('.')
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = (Number.parseInt(left[i] ?? '0', 10) || 0) - (Number.parseInt(right[i] ?? '0', 10) || 0)
    if (order !== 0) return Math.sign(order)
  }
  return 0
}
