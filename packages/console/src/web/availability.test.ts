import { describe, expect, test } from 'vitest'
import { limits, type Node, type Resource } from '../api/index.ts'
import { generatedSnapshot, operatorSession, primitive } from '../web-tests/generated-cluster.ts'
import {
  type Action,
  destinationObstacle,
  nodeActions,
  obstacleTo,
  resourceActions,
  type Situation,
} from './availability.ts'
import type { Row } from './cluster-rows.ts'
import { resourceKey } from './selection.ts'

const snapshot = generatedSnapshot()
const [node] = snapshot.nodes as [Node]

function rowOf(resource: Resource, leftover?: Row['leftover']): Row {
  return { key: resourceKey(resource.id), resource, level: 0, leftover }
}

function situation(more: Partial<Situation>): Situation {
  return { session: operatorSession, snapshot, isConnected: true, rows: [], nodes: [], ...more }
}

const started = rowOf(primitive('a', 'node-01'))
const disabled = rowOf(primitive('b', undefined, { isDisabled: true }))
const failed = rowOf(
  primitive('c', 'node-01', { failures: [{ node: 'node-01', count: 0, lastFailureAt: null, operations: [] }] }),
)

describe('an action', () => {
  test.each([...resourceActions, ...nodeActions])('%s: the reasons that hold for all come first', (action: Action) => {
    const chosen = { rows: [started], nodes: [] }
    const file = { ...snapshot, source: { kind: 'file', name: 'x', localNode: null } } as const
    expect(obstacleTo(action, situation({ ...chosen, snapshot: file }))).toBe('readOnly')
    const viewer = { operations: { [action]: 'viewers look only' } }
    expect(obstacleTo(action, situation({ ...chosen, session: viewer }))).toBe('notPermitted')
    expect(obstacleTo(action, situation({ ...chosen, isConnected: false }))).toBe('noContact')
    const stale = { ...snapshot, stale: { since: 'x', reason: 'x' } }
    expect(obstacleTo(action, situation({ ...chosen, snapshot: stale }))).toBe('noContact')
    expect(obstacleTo(action, situation({}))).toMatch(/^select/)
    expect(obstacleTo(action, situation({ rows: [started], nodes: [node] }))).toBe('mixed')
  })

  test('one target more than the limit is too many', () => {
    const some = (count: number) => Array.from({ length: count }, () => started)
    expect(obstacleTo('stop', situation({ rows: some(limits.targetsMax) }))).toBeUndefined()
    expect(obstacleTo('stop', situation({ rows: some(limits.targetsMax + 1) }))).toBe('tooMany')
  })

  test.each<[Action, Row, string | undefined]>([
    ['start', started, 'allStarted'],
    ['start', disabled, undefined],
    ['start', rowOf(primitive('d', 'node-01', { state: 'partial' })), undefined],
    ['stop', started, undefined],
    ['stop', disabled, 'allStopped'],
    ['stop', rowOf(primitive('d', undefined)), undefined],
    ['move', started, undefined],
    ['move', disabled, 'noneRunning'],
    ['cleanup', started, 'nothingFailed'],
    ['cleanup', failed, undefined],
    ['cleanup', rowOf(primitive('g', 'node-01', { children: [failed.resource] })), undefined],
    ['manage', started, 'allManaged'],
    ['unmanage', started, undefined],
    ['unmanage', rowOf(primitive('d', 'node-01', { isManaged: false })), 'allUnmanaged'],
    ['clearMoves', started, 'nothingToClear'],
    ['clearMoves', rowOf(started.resource, { kind: 'ban', node: 'node-02' }), undefined],
  ])('%s of one resource', (action, row, obstacle) => {
    expect(obstacleTo(action, situation({ rows: [row] }))).toBe(obstacle)
  })

  test('one that would change is enough', () => {
    expect(obstacleTo('start', situation({ rows: [started, disabled] }))).toBeUndefined()
  })

  test.each<[Action, Partial<Node>, string | undefined]>([
    ['standby', {}, undefined],
    ['standby', { isStandby: true }, 'allStandby'],
    ['online', {}, 'noneStandby'],
    ['online', { isStandby: true }, undefined],
    ['maintenance', { isMaintenance: true }, 'allMaintenance'],
    ['endMaintenance', {}, 'noneMaintenance'],
  ])('%s of one node', (action, more, obstacle) => {
    expect(obstacleTo(action, situation({ nodes: [{ ...node, ...more }] }))).toBe(obstacle)
  })
})

test.each<[Partial<Node>, string | undefined]>([
  [{}, 'allThere'],
  [{ name: 'node-02' }, undefined],
  [{ isOnline: false }, 'offline'],
  [{ isOnline: false, isUnclean: true }, 'unclean'],
  [{ isPending: true }, 'pending'],
  [{ isStandby: true }, 'standby'],
  [{ isMaintenance: true, isStandby: true }, 'maintenance'],
])('a destination %j', (more, obstacle) => {
  expect(destinationObstacle({ ...node, ...more }, [started])).toBe(obstacle)
})
