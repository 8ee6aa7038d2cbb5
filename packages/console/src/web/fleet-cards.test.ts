import { expect, test } from 'vitest'
import type { ClusterHost, ClusterSummary } from '../api/index.ts'
import { cardState, memberHost, outcomeOf, stepsOf, wantedHosts } from './fleet-cards.ts'

const host: ClusterHost = {
  id: 1,
  text: 'ops@n1:2222',
  node: null,
  done: {},
  failure: null,
  key: null,
  isActive: false,
  retryAt: null,
}
const refused: ClusterHost = {
  ...host,
  done: { tcp: '192.0.2.1 22' },
  failure: { stage: 'hostKey', code: 'keyUnknown', detail: '', remedy: null },
}
const health = {
  nodes: 2,
  nodesOnline: 2,
  resources: 1,
  failed: 0,
  errors: 0,
  warnings: 0,
  hasQuorum: true,
  isIdle: true,
  at: '2026-11-30T03:00:00.000Z',
}
const stale = { since: '2026-11-30T03:00:00.000Z', reason: 'gone' }
const cluster: ClusterSummary = { id: 'c', name: 'c', kind: 'ssh', health, stale: null, hosts: [host], discovered: [] }

test.each([
  [{}, 'good'],
  [{ health: { ...health, warnings: 1 } }, 'doubtful'],
  [{ health: { ...health, errors: 1 } }, 'bad'],
  [{ health: { ...health, failed: 1 } }, 'bad'],
  [{ health: { ...health, hasQuorum: false } }, 'bad'],
  [{ stale }, 'lost'],
  [{ health: null }, 'connecting'],
  [{ health: null, hosts: [refused] }, 'unreached'],
  [{ health: null, hosts: [refused, host], stale }, 'connecting'],
  [{ health: null, hosts: [], stale }, 'unreached'],
  [{ health: null, hosts: [] }, 'connecting'],
] as const)('%j is %s', (more, state) => {
  expect(cardState({ ...cluster, ...(more as Partial<ClusterSummary>) })).toBe(state)
})

test('the steps to a host: done, under way or failed, and not begun', () => {
  const states = (one: ClusterHost) => stepsOf(one).map(({ state }) => state)
  expect(states(host)).toEqual(['running', 'waiting', 'waiting', 'waiting', 'waiting'])
  expect(states(refused)).toEqual(['done', 'failed', 'waiting', 'waiting', 'waiting'])
  const all = { tcp: '', hostKey: '', auth: '', privilege: '', cluster: 'n1' }
  expect(states({ ...host, done: all })).toEqual(['done', 'done', 'done', 'done', 'done'])
})

test('sudo is left out for those who would have it, where it is not wanted', () => {
  const hosts = [{ host: 'n1' }, { host: 'n2', user: 'root' }, { host: 'n3', user: 'ops' }]
  expect(wantedHosts(hosts, true)).toEqual(hosts)
  expect(wantedHosts(hosts, false)).toEqual([hosts[0], hosts[1], { host: 'n3', user: 'ops', sudo: false }])
})

test('a member is reached as the first host is; a name that is none for ssh is not', () => {
  expect(memberHost('n2', [host])).toEqual({ host: 'n2', user: 'ops', port: 2222 })
  expect(memberHost('-n2', [host])).toBeUndefined()
})

test('a cluster that was asked for is opened once all is done, and not where somebody has to look at a host first', () => {
  const there = { ...host, done: { cluster: 'n1' } }
  expect(outcomeOf(undefined)).toBeUndefined()
  expect(outcomeOf({ ...cluster, hosts: [there, host] })).toBeUndefined()
  expect(outcomeOf({ ...cluster, hosts: [there], health: null })).toBeUndefined()
  expect(outcomeOf({ ...cluster, hosts: [there, there] })).toBe('open')
  expect(outcomeOf({ ...cluster, hosts: [there, refused] })).toBe('stay')
})
