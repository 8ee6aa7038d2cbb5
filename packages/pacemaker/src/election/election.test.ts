import { type MonoMs, monoMs } from '@quorate/base'
import { describe, expect, test } from 'vitest'
import {
  type Ballot,
  beginRound,
  compareVersions,
  countBallot,
  type ElectionState,
  forgetVoter,
  initialElection,
  isWon,
} from './election.ts'

const self = { uname: 'n2', uuid: '2', version: '3.16.1', mayWin: true }
const cpu = { ageS: 1, ageUs: 0 }
const vote = (from: string, more: Partial<Ballot> = {}): Ballot => ({
  kind: 'vote',
  from,
  owner: from.slice(1),
  round: 1,
  ageS: 1,
  ageUs: 0,
  version: '3.16.1',
  ...more,
})
const count = (state: ElectionState, ballot: Ballot, now = 0, who = self) =>
  countBallot(state, ballot, who, cpu, () => true, 3, monoMs(now))

describe('a ballot', () => {
  test('of an older version, process or name wins, in this order', () => {
    const verdict = (ballot: Ballot) => count(initialElection, ballot).verdict.kind
    expect(verdict(vote('n9', { version: '3.16.0' }))).toBe('lost')
    expect(verdict(vote('n1', { version: '3.16.2', ageS: 9 }))).toBe('beaten')
    expect(verdict(vote('n9', { ageUs: 5 }))).toBe('lost')
    expect(verdict(vote('n1', { ageS: 0, ageUs: 999 }))).toBe('beaten')
    expect(verdict(vote('n1'))).toBe('lost')
    expect(verdict(vote('N3'))).toBe('beaten')
  })

  test('is lost while starting, and right after a loss', () => {
    expect(count(initialElection, vote('n3'), 0, { ...self, mayWin: false }).verdict.kind).toBe('lost')
    const lost = count(initialElection, vote('n1'), 100).state
    expect(count(lost, vote('n3'), 2_099).verdict).toMatchObject({ kind: 'lost', reason: 'Recent loss' })
    expect(count(lost, vote('n3'), 2_200).verdict.kind).toBe('beaten')
    expect(count(forgetVoter(lost, 'n1', true), vote('n3'), 200).verdict.kind).toBe('beaten')
  })

  test('counts for the current round only', () => {
    let state = beginRound(beginRound(initialElection))
    const no = (from: string, round: number): Ballot => vote(from, { kind: 'no-vote', owner: '2', round })
    expect(count(state, no('n1', 1)).verdict.kind).toBe('ignored')
    for (const ballot of [vote('n2', { round: 2 }), no('n1', 2)]) state = count(state, ballot).state
    expect(isWon(state, ['n1', 'n2', 'n3'])).toBe(false)
    state = count(state, no('n3', 2)).state
    expect(isWon(state, ['n1', 'n2', 'n3'])).toBe(true)
    expect(isWon(forgetVoter(state, 'n3', false), ['n1', 'n2'])).toBe(true)
  })

  test('of a node that is no member counts for nothing', () => {
    const result = countBallot(initialElection, vote('n1'), self, cpu, (who) => who !== 'n1', 3, monoMs(0))
    expect(result.verdict.kind).toBe('ignored')
  })

  test('too many wins are a storm, told once', () => {
    let state = initialElection
    const storms: number[] = []
    for (let i = 0; i < 12; i += 1) {
      const counted = count(state, vote('n3'), 10_000 + i)
      state = counted.state
      if (counted.verdict.kind === 'beaten' && counted.verdict.isStorm) storms.push(i)
    }
    expect(storms).toEqual([9])
  })
})

test('every cluster of up to four nodes finds exactly one winner, whatever order the ballots arrive in', () => {
  for (let size = 1; size <= 4; size += 1) {
    for (let starters = 1; starters < 1 << size; starters += 1) expect(winners(size, starters)).toHaveLength(1)
  }
})

/** Runs an election of `size` nodes in total order; bit i of `starters`: node i calls the first round. */
function winners(size: number, starters: number): readonly string[] {
  const nodes = Array.from({ length: size }, (_, i) => ({
    who: { uname: `n${i}`, uuid: String(i), version: '3.16.1', mayWin: true },
    cpu: { ageS: 0, ageUs: (i * 7) % 3 },
    state: initialElection,
  }))
  const names = nodes.map((node) => node.who.uname)
  const queue: Ballot[] = []
  const call = (node: (typeof nodes)[number]) => {
    node.state = beginRound(node.state)
    queue.push({
      kind: 'vote',
      from: node.who.uname,
      owner: node.who.uuid,
      round: node.state.round,
      ...node.cpu,
      version: '3.16.1',
    })
  }
  nodes.forEach((node, i) => {
    if ((starters >> i) & 1) call(node)
  })
  const won = new Set<string>()
  let now: MonoMs = monoMs(0)
  for (let ballot = queue.shift(); ballot !== undefined; ballot = queue.shift()) {
    now = monoMs(now + 1)
    for (const node of nodes) {
      const counted = countBallot(node.state, ballot, node.who, node.cpu, () => true, size, now)
      node.state = counted.state
      if (counted.verdict.kind === 'beaten') call(node)
      if (counted.verdict.kind === 'lost') {
        won.delete(node.who.uname)
        queue.push({ ...ballot, kind: 'no-vote', from: node.who.uname })
      }
      if (counted.verdict.kind === 'recorded' && isWon(node.state, names)) won.add(node.who.uname)
    }
  }
  return [...won]
}

test('versions compare by number', () => {
  expect(compareVersions('3.9.0', '3.16.0')).toBe(-1)
  expect(compareVersions('3.16', '3.16.0')).toBe(0)
  expect(compareVersions('4', '3.16.1')).toBe(1)
})
