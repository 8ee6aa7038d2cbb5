import { describe, expect, test } from 'vitest'
import { type ClusterEvent, type Operation, patchBetween, type Snapshot } from '../api/index.ts'
import { generatedSnapshot, primitive, runningMove } from '../web-tests/generated-cluster.ts'
import { type ClusterState, nothingKnown, received, withOperations } from './cluster-state.ts'

const base: Snapshot = { ...generatedSnapshot(), resources: [primitive('a', 'node-01'), primitive('b', 'node-02')] }
/** The cluster one by one later: `a` goes from node to node. */
const history = Array.from({ length: 6 }, (_, i): Snapshot => {
  const resources = [primitive('a', `node-0${i + 1}`), primitive('b', 'node-02')]
  return { ...base, rev: i + 1, resources }
})

function patchTo(rev: number): ClusterEvent {
  const [before, after] = [history[rev - 2], history[rev - 1]]
  const patch = before === undefined || after === undefined ? undefined : patchBetween(before, after)
  return { name: 'patch', data: patch ?? expect.fail(`no patch to ${rev}`) }
}

function snapshotOf(rev: number): ClusterEvent {
  return { name: 'snapshot', data: history[rev - 1] ?? expect.fail(`no snapshot ${rev}`) }
}

function after(state: ClusterState, ...events: readonly (readonly [ClusterEvent, string])[]): ClusterState {
  return events.reduce((sum, [event, id]) => received(sum, event, id), state)
}

const known = after(nothingKnown, [snapshotOf(2), 'test.1.2'])
const placeOfA = (state: ClusterState) => state.snapshot?.resources[0]?.places[0]?.node

describe('what the browser knows', () => {
  test('goes on by patches; what did not change stays the same object', () => {
    const next = after(known, [patchTo(3), 'test.1.3'], [patchTo(4), 'test.1.4'])
    expect(next.snapshot?.rev).toBe(4)
    expect(placeOfA(next)).toBe('node-04')
    expect(next.snapshot?.resources[1]).toBe(known.snapshot?.resources[1])
  })

  test('is not overwritten by what is older, and a duplicate changes nothing', () => {
    const next = after(known, [patchTo(3), 'test.1.3'])
    expect(after(next, [patchTo(3), 'test.1.3'])).toBe(next)
    expect(after(next, [patchTo(2), 'test.1.2'])).toBe(next)
    expect(after(next, [snapshotOf(1), 'test.1.1'])).toBe(next)
  })

  test('asks for a whole snapshot where a patch is missing, and has it again then', () => {
    const next = after(known, [patchTo(5), 'test.1.5'])
    expect(next.isOutOfStep).toBe(true)
    expect(placeOfA(next)).toBe('node-02')
    const again = after(next, [snapshotOf(5), 'test.1.5'])
    expect(again.isOutOfStep).toBe(false)
    expect(placeOfA(again)).toBe('node-05')
  })

  test('is that of a server that started anew, although its revisions begin again', () => {
    const anew: ClusterEvent = { name: 'snapshot', data: { ...base, server: 'test.2', rev: 1 } }
    expect(after(known, [anew, 'test.2.1']).snapshot?.server).toBe('test.2')
    expect(after(known, [patchTo(3), 'test.2.3']).isOutOfStep).toBe(true)
  })

  test('a whole snapshot keeps the objects of what is as it was', () => {
    const next = after(known, [snapshotOf(6), 'test.1.6'])
    expect(next.snapshot?.resources[1]).toBe(known.snapshot?.resources[1])
    expect(next.snapshot?.resources[0]).not.toBe(known.snapshot?.resources[0])
  })

  test('lost contact marks it, and keeps when that began', () => {
    const lost = (since: string): ClusterEvent => ({ name: 'stale', data: { since, reason: 'x' } })
    const next = after(known, [lost('2026-11-30T03:00:00Z'), ''], [lost('2026-11-30T03:10:00Z'), ''])
    expect(next.snapshot?.stale?.since).toBe('2026-11-30T03:00:00Z')
    expect(placeOfA(next)).toBe('node-02')
    expect(after(next, [snapshotOf(3), 'test.1.3']).snapshot?.stale).toBeNull()
  })

  test('a cluster that was not reached yet is told as that, until it is', () => {
    const lost = (since: string): ClusterEvent => ({ name: 'stale', data: { since, reason: 'no daemon' } })
    const next = after(nothingKnown, [lost('then'), ''], [lost('later'), ''])
    expect(next.unreached).toEqual({ since: 'then', reason: 'no daemon' })
    expect(after(next, [snapshotOf(2), 'test.1.2']).unreached).toBeUndefined()
    expect(after(nothingKnown, [patchTo(2), 'test.1.2']).isOutOfStep).toBe(true)
  })

  test('the end of the login', () => {
    expect(after(known, [{ name: 'goodbye', data: { reason: 'over' } }, '']).isLoggedOut).toBe(true)
  })
})

describe('an operation', () => {
  const begun = runningMove({ kind: 'move', targets: ['a', 'b'], args: { to: 'node-03', seconds: 600, keep: false } })
  const withStates = (...states: Operation['items'][number]['state'][]): Operation => ({
    ...begun,
    items: begun.items.map((item, i) => ({ ...item, state: states[i] ?? item.state })),
  })
  const told = (operation: Operation): readonly [ClusterEvent, string] => [{ name: 'operation', data: operation }, '']

  test('only goes forward: the answer to its beginning may come behind its progress', () => {
    const half = after(known, told(withStates('done', 'running')))
    expect(after(half, told(begun))).toBe(half)
    const whole = after(half, told({ ...withStates('done', 'failed'), state: 'partly', endedAt: 'then' }))
    expect(whole.operations.get('op-1')?.state).toBe('partly')
    expect(after(whole, told(withStates('done', 'running')))).toBe(whole)
  })

  test('that ended while nobody told is over once the list comes, and one that the server has forgotten is gone', () => {
    const ended: Operation = { ...withStates('done', 'done'), state: 'done', endedAt: 'then' }
    const old = { ...begun, id: 'of the server before' }
    const young = { ...begun, id: 'begun since the list was asked for' }
    const before = after(known, told(begun), told(old))
    const next = withOperations(after(before, told(young)), [ended], new Set(before.operations.keys()))
    expect([...next.operations.values()]).toEqual([ended, young])
  })

  test('of the list does not go back behind what the stream has told', () => {
    const half = after(known, told(withStates('done', 'running')))
    expect(withOperations(half, [begun], new Set()).operations).toEqual(half.operations)
  })
})
