import type { NodeId } from '@quorate/base'

/** Which half of an even split goes on when `auto_tie_breaker` is on: with the lowest or highest node id, or by list. */
export type TieBreaker = 'lowest' | 'highest' | readonly NodeId[]

/** A node as votequorum knows it. */
export type Voter = {
  readonly node: NodeId
  readonly votes: number
  readonly expectedVotes: number
  readonly flags: number
  readonly state: 'member' | 'dead' | 'leaving'
}

/** Votes of the present membership. */
export type Tally = {
  /** Votes of the members. */
  readonly total: number
  /** The highest expectation of any member. */
  readonly highestExpected: number
  readonly members: readonly Voter[]
}

/** Counts the members. */
export function tallyOf(voters: Iterable<Voter>): Tally {
  const members = [...voters].filter((voter) => voter.state === 'member')
  return {
    total: members.reduce((sum, voter) => sum + voter.votes, 0),
    highestExpected: members.reduce((highest, voter) => Math.max(highest, voter.expectedVotes), 0),
    members,
  }
}

/**
 * Votes that a partition needs: more than half of what is expected or present, whichever is more. It never falls by
 * itself: `before` is what was needed until now, 0 where it may fall (an operator said so, or nodes left in good order).
 *
 * With `isTwoNode`, one vote is enough while at most two nodes are there: fencing decides who survives.
 */
export function votesNeeded(tally: Tally, before: number, isTwoNode: boolean): number {
  if (isTwoNode && tally.members.length <= 2) return 1
  return Math.max(before, Math.floor((tally.highestExpected + 2) / 2), Math.floor((tally.total + 2) / 2))
}

/**
 * Whether this half of an even split is the one that goes on.
 *
 * @param known every node id that was ever seen, or is in the nodelist
 */
export function winsTie(members: readonly NodeId[], known: readonly NodeId[], breaker: TieBreaker): boolean {
  if (breaker === 'lowest') return members.includes(Math.min(...known) as NodeId)
  if (breaker === 'highest') return members.includes(Math.max(...known) as NodeId)
  const deciding = breaker.find((node) => known.includes(node))
  return deciding !== undefined && members.includes(deciding)
}
