import { describe, expect, test } from 'vitest'
import type { Constraint } from '../api/index.ts'
import { generatedSnapshot, group, movePreview, primitive, runningMove } from '../web-tests/generated-cluster.ts'
import { cardState, edgesOf, failuresOf, findResource, ghostsOf, placesOf, rowsOf, stateOn } from './cluster-rows.ts'

const clone = primitive('clone', 'node-01', {
  kind: 'clone',
  places: [
    { node: 'node-01', role: 'promoted' },
    { node: 'node-02', role: 'unpromoted' },
  ],
  children: [
    primitive('web:0', 'node-01', { configId: 'web', movableRoot: 'clone' }),
    primitive('web:1', 'node-02', {
      configId: 'web',
      movableRoot: 'clone',
      failures: [{ node: 'node-02', count: 2, lastFailureAt: null, operations: [] }],
    }),
  ],
})
const resources = [primitive('a', 'node-01'), group('g', 'node-02', ['g1', 'g2']), clone, primitive('s', undefined)]
const rows = rowsOf({ resources, constraints: [] })

describe('rows', () => {
  test('are what can be selected: members of groups, not instances of clones', () => {
    expect(rows.map((row) => [row.resource.id, row.level])).toEqual([
      ['a', 0],
      ['g', 0],
      ['g1', 1],
      ['g2', 1],
      ['clone', 0],
      ['s', 0],
    ])
  })

  test('know what a move has left behind', () => {
    const found = rowsOf(generatedSnapshot()).filter((row) => row.leftover !== undefined)
    expect(found.map((row) => [row.resource.id, row.leftover])).toEqual([
      ['rsc-0006', { kind: 'prefer', node: 'node-07' }],
    ])
  })

  test('stand on each node as the worst of what is below them', () => {
    expect(['node-01', 'node-02', 'node-03'].map((node) => stateOn(clone, node))).toEqual([
      'promoted',
      'failed',
      undefined,
    ])
  })

  test('have cards of how they stand on the node of each; an operation of which no node is known is told where they are active', () => {
    const failedOnce = { ...clone, state: 'failed' as const }
    expect(['node-01', 'node-02', undefined].map((node) => cardState(failedOnce, node))).toEqual([
      'promoted',
      'failed',
      'failed',
    ])
    const pending = primitive('p', 'node-01', { state: 'pending', pending: { task: 'stop', node: null } })
    expect(['node-01', 'node-02'].map((node) => stateOn(pending, node))).toEqual(['pending', undefined])
  })

  test('are found by any id, at any depth', () => {
    expect(findResource(resources, 'web:1')?.id).toBe('web:1')
    expect(findResource(resources, 'web')?.id).toBe('web:0')
    expect(findResource(resources, 'x')).toBeUndefined()
  })

  test('to fail are the primitives of them, where each runs', () => {
    const chosen = rows.filter((row) => ['g', 'g1', 'clone', 's'].includes(row.resource.id))
    expect(failuresOf(chosen)).toEqual([
      { resource: 'g1', node: 'node-02' },
      { resource: 'g2', node: 'node-02' },
      { resource: 'web:0', node: 'node-01' },
      { resource: 'web:1', node: 'node-02' },
    ])
  })
})

describe('places and ghosts on the map', () => {
  test('a group is its members; a clone has a card on each node; what is stopped is nowhere', () => {
    expect(placesOf(rows, []).map((place) => [place.resource, place.group, place.node])).toEqual([
      ['a', undefined, 'node-01'],
      ['g1', 'g', 'node-02'],
      ['g2', 'g', 'node-02'],
      ['clone', undefined, 'node-01'],
      ['clone', undefined, 'node-02'],
      ['s', undefined, undefined],
    ])
  })

  const move = (...targets: string[]) =>
    ({ kind: 'move', targets, args: { to: 'node-03', seconds: 600, keep: false } }) as const

  test('an operation under way has ghosts of what is not there yet, members with their group', () => {
    const operation = runningMove(move('a', 'g'))
    const wanted = (items: typeof operation) => ghostsOf(rows, undefined, [items]).map((ghost) => ghost.resource)
    expect(wanted(operation)).toEqual(['a', 'g1', 'g2'])
    const items = operation.items.map((item) => ({ ...item, state: 'done' as const }))
    expect(wanted({ ...operation, items })).toEqual([])
    expect(wanted({ ...operation, state: 'cancelled' })).toEqual([])
  })

  test('a preview has ghosts of what will be, not of what cannot', () => {
    expect(ghostsOf(rows, movePreview(move('a', 's'), '0.0.1'), [])).toEqual([{ resource: 'a', node: 'node-03' }])
  })
})

test('edges: of sets one from each member to the next; apart where the score is below 0', () => {
  const end = (resource: string) => ({ resource, role: null, action: null })
  const set = (id: string, ...members: string[]) => ({
    id,
    members: members.map(end),
    isSequential: true,
    requiresAll: true,
  })
  const constraints: Constraint[] = [
    {
      kind: 'order',
      id: 'o',
      order: 'mandatory',
      isSymmetrical: true,
      first: null,
      next: null,
      sets: [set('s1', 'a', 'b'), set('s2', 'c')],
    },
    {
      kind: 'colocation',
      id: 'c',
      score: -5,
      dependent: end('a'),
      primary: end('b'),
      sets: [],
      nodeAttribute: null,
    },
  ]
  expect(edgesOf(constraints).map((edge) => [edge.kind, edge.from, edge.to])).toEqual([
    ['order', 'a', 'b'],
    ['order', 'b', 'c'],
    ['apart', 'a', 'b'],
  ])
})
