import { invariant } from '@quorate/base'
import { expect, test } from 'vitest'
import { type OperationInput, operationRequest, operation as operationSchema } from '../api/operation.ts'
import type { Snapshot } from '../api/snapshot.ts'
import { begun, type Course, type CourseEvent, isOver, mustClear, step } from './operation-course.ts'
import { foresee } from './preview.ts'
import { dummy, type SampleParts, sampleOptions, settledCib } from './sample-cluster.ts'
import { snapshotOf } from './snapshot.ts'

const nowMs = sampleOptions.nowSeconds * 1000
const parts: SampleParts = {
  resources: `${dummy('a')}${dummy('b')}<group id="g">${dummy('g1')}${dummy('g2')}</group>`,
  constraints: ['a', 'b', 'g'].map((id) => `<rsc_location id="${id}-1" rsc="${id}" node="n1" score="1"/>`).join(''),
  stickiness: 100,
}

function snapshotAt(
  version: string,
  at: SampleParts,
  isIdle: boolean | null,
  change: (of: Snapshot) => Snapshot = (of) => of,
) {
  const cib = settledCib(at)
  const made = snapshotOf(cib, {
    rev: 1,
    cibVersion: version,
    server: 's',
    atMs: nowMs,
    stale: null,
    source: { kind: 'cluster', name: 'c', localNode: null },
    fencing: [],
    analysis: isIdle === null ? undefined : { cibVersion: version, isIdle, problems: [] },
    options: sampleOptions,
  })
  return change(made)
}

/** Where all prefer n2: where they are once they have moved. */
const movedTo = (id: string, node: string): SampleParts => ({
  ...parts,
  constraints: ['a', 'b', 'g']
    .map(
      (item) =>
        `<rsc_location id="${item}-1" rsc="${item}" node="${item === id || id === 'all' ? node : 'n1'}" score="1"/>`,
    )
    .join(''),
})

function course(input: OperationInput, temporary: number | null = null): Course {
  const found = foresee(settledCib(parts), operationRequest.parse(input), sampleOptions, {
    operation: 'x',
    nowSeconds: sampleOptions.nowSeconds,
  })
  invariant(found.ok, 'the operation makes sense')
  const of = { id: 'x', by: 'operator', startedMs: nowMs, deadlineMs: nowMs + 60_000 }
  return begun(found.value.preview, of, temporary === null ? null : { made: temporary, untilMs: of.deadlineMs })
}

const states = ({ operation }: Course) => operation.items.map(({ state }) => state)

test('a move: nothing counts that was before the change; items are done one by one; constraints go at the end', () => {
  let at = course({ kind: 'move', targets: ['a', 'b', 'g1'], args: { to: 'n2' } }, 3)
  expect(states(at)).toEqual(['waiting', 'waiting', 'waiting'])
  at = step(at, { kind: 'made', cibVersion: '0.8.0' }, nowMs)
  at = step(at, { kind: 'seen', snapshot: snapshotAt('0.7.9', movedTo('all', 'n2'), true) }, nowMs + 1)
  expect(states(at)).toEqual(['running', 'running', 'running'])
  at = step(at, { kind: 'seen', snapshot: snapshotAt('0.8.1', movedTo('a', 'n2'), false) }, nowMs + 2000)
  expect(states(at)).toEqual(['done', 'running', 'running'])
  expect(mustClear(at)).toBe(false)
  at = step(at, { kind: 'seen', snapshot: snapshotAt('0.8.2', movedTo('all', 'n2'), false) }, nowMs + 3000)
  expect(states(at)).toEqual(['done', 'done', 'done'])
  expect([mustClear(at), isOver(at), at.operation.isCancellable]).toEqual([true, false, false])
  at = step(at, { kind: 'left', count: 0 }, nowMs + 3100)
  expect([mustClear(at), isOver(at)]).toEqual([false, true])
  expect(operationSchema.parse(at.operation)).toMatchObject({ state: 'done', endedAt: '2023-11-14T22:13:23.100Z' })
  expect(at.operation.items.map(({ durationMs }) => durationMs)).toEqual([2000, 3000, 3000])
})

test('what the cluster has done with when it is idle: elsewhere, or failed where it is; never while contact is lost', () => {
  let at = course({ kind: 'move', targets: ['a', 'b'], args: { to: 'n2' } }, 2)
  at = step(at, { kind: 'made', cibVersion: '0.8.0' }, nowMs)
  const seen = snapshotAt('0.8.1', movedTo('a', 'n3'), true)
  at = step(at, { kind: 'seen', snapshot: { ...seen, stale: { since: '', reason: '' } } }, nowMs)
  expect(states(at)).toEqual(['running', 'running'])
  at = step(at, { kind: 'seen', snapshot: { ...seen, isIdle: null } }, nowMs)
  expect(states(at)).toEqual(['running', 'running'])
  at = step(at, { kind: 'seen', snapshot: seen }, nowMs)
  expect(states(at)).toEqual(['elsewhere', 'failed'])
  at = step(at, { kind: 'left', count: 0 }, nowMs)
  expect(at.operation.state).toBe('failed')
})

test('time is up: what is open has timed out, and its constraints are taken back', () => {
  let at = course({ kind: 'move', targets: ['a'], args: { to: 'n2' } }, 1)
  at = step(at, { kind: 'made', cibVersion: '0.8.0' }, nowMs)
  expect(step(at, { kind: 'tick' }, nowMs + 59_999)).toBe(at)
  at = step(at, { kind: 'tick' }, nowMs + 60_000)
  expect([states(at), mustClear(at)]).toEqual([['timedOut'], true])
  at = step(at, { kind: 'left', count: 0 }, nowMs + 60_000)
  expect(at.operation.state).toBe('timedOut')
})

test('a cancelled operation is over once its constraints are gone, and nothing happens to it any more', () => {
  let at = course({ kind: 'move', targets: ['a', 'b'], args: { to: 'n2' } }, 2)
  at = step(at, { kind: 'made', cibVersion: '0.8.0' }, nowMs)
  at = step(at, { kind: 'seen', snapshot: snapshotAt('0.8.1', movedTo('a', 'n2'), false) }, nowMs)
  at = step(at, { kind: 'cancel' }, nowMs)
  expect([states(at), mustClear(at)]).toEqual([['done', 'cancelled'], true])
  at = step(at, { kind: 'left', count: 0 }, nowMs)
  expect(at.operation.state).toBe('partly')
  expect(step(at, { kind: 'cancel' }, nowMs)).toBe(at)
})

test('what is done with the change itself is over at once; what is so already is left out', () => {
  const at = step(course({ kind: 'unmanage', targets: ['a', 'x'] }), { kind: 'made', cibVersion: '0.8.0' }, nowMs)
  expect([states(at), at.operation.state]).toEqual([['done', 'skipped'], 'done'])
})

test('stop is done where nothing of it runs, standby where nothing runs there', () => {
  let stop = step(course({ kind: 'stop', targets: ['g'] }), { kind: 'made', cibVersion: '0.8.0' }, nowMs)
  stop = step(stop, { kind: 'seen', snapshot: snapshotAt('0.8.0', parts, false) }, nowMs)
  expect(states(stop)).toEqual(['running'])
  const stopped = { ...parts, options: { 'stop-all-resources': 'true' } }
  stop = step(stop, { kind: 'seen', snapshot: snapshotAt('0.8.1', stopped, false) }, nowMs)
  expect(states(stop)).toEqual(['done'])
  let standby = step(course({ kind: 'standby', targets: ['n1'] }), { kind: 'made', cibVersion: '0.8.0' }, nowMs)
  const on =
    (running: string[]) =>
    (of: Snapshot): Snapshot => ({
      ...of,
      nodes: of.nodes.map((node) => (node.name === 'n1' ? { ...node, isStandby: true, running } : node)),
    })
  standby = step(standby, { kind: 'seen', snapshot: snapshotAt('0.8.0', parts, false, on(['a'])) }, nowMs)
  expect(states(standby)).toEqual(['running'])
  standby = step(standby, { kind: 'seen', snapshot: snapshotAt('0.8.1', parts, false, on([])) }, nowMs)
  expect(states(standby)).toEqual(['done'])
})

test('a ban is done once nothing is left on the node, and stays; a refresh once the daemons have answered', () => {
  const made: CourseEvent = { kind: 'made', cibVersion: '0.8.0' }
  const ban = step(course({ kind: 'ban', targets: ['a', 'g1'], args: { from: 'n1' } }), made, nowMs)
  const nowhere = { ...parts, options: { 'stop-all-resources': 'true' } }
  const between = step(ban, { kind: 'seen', snapshot: snapshotAt('0.8.1', nowhere, false) }, nowMs)
  expect(states(between)).toEqual(['running', 'running'])
  const still = step(between, { kind: 'seen', snapshot: snapshotAt('0.8.1', nowhere, true) }, nowMs)
  expect(states(still)).toEqual(['done', 'done'])
  const moving = step(between, { kind: 'seen', snapshot: snapshotAt('0.8.1', movedTo('a', 'n2'), false) }, nowMs)
  expect(states(moving)).toEqual(['done', 'running'])
  const over = step(moving, { kind: 'seen', snapshot: snapshotAt('0.8.2', movedTo('all', 'n2'), true) }, nowMs)
  expect([states(over), over.operation.state, mustClear(over)]).toEqual([['done', 'done'], 'done', false])
  const stays = step(moving, { kind: 'seen', snapshot: snapshotAt('0.8.2', movedTo('a', 'n2'), true) }, nowMs)
  expect([states(stays), stays.operation.state]).toEqual([['done', 'failed'], 'partly'])

  const refresh = step(course({ kind: 'refresh', targets: ['a', 'b'] }), made, nowMs)
  const seen = step(refresh, { kind: 'seen', snapshot: snapshotAt('0.8.1', parts, true) }, nowMs)
  const half = step(seen, { kind: 'answered', effective: 'a', text: undefined }, nowMs)
  expect(states(half)).toEqual(['done', 'running'])
  const refused = step(half, { kind: 'answered', effective: 'b', text: 'no answer' }, nowMs)
  expect([states(refused), refused.operation.state]).toEqual([['done', 'failed'], 'partly'])
})
