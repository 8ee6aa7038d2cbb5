import { expect, test } from 'vitest'
import { patchBetween } from '../api/index.ts'
import { generatedSnapshot, primitive } from '../web-tests/generated-cluster.ts'
import { ClusterStore } from './cluster-store.ts'
import { nodeKey, resourceKey } from './selection.ts'

test('only those are told who show what has changed', () => {
  const store = new ClusterStore()
  const before = generatedSnapshot()
  store.receive({ name: 'snapshot', data: before }, 'test.1.1')
  const told: string[] = []
  const ends = ['rsc-0010', 'rsc-0011', 'grp-00-a'].map((id) =>
    store.subscribeItem(resourceKey(id), () => told.push(id)),
  )
  store.subscribeItem(nodeKey('node-01'), () => told.push('node-01'))
  const row = store.row(resourceKey('rsc-0011'))
  const changed = (rev: number, node: string) => ({
    ...before,
    rev,
    resources: before.resources.map((one) => (one.id === 'rsc-0010' ? primitive('rsc-0010', node) : one)),
  })
  const patch = patchBetween(before, changed(2, 'node-03')) ?? expect.fail('the two are equal')
  store.receive({ name: 'patch', data: patch }, 'test.1.2')
  expect(told).toEqual(['rsc-0010'])
  expect(store.row(resourceKey('rsc-0011'))).toBe(row)
  for (const end of ends) end()
  store.receive({ name: 'snapshot', data: changed(3, 'node-04') }, 'test.1.3')
  expect(told).toEqual(['rsc-0010'])
  expect(store.row(resourceKey('rsc-0010'))?.resource.places).toEqual([{ node: 'node-04', role: 'started' }])
})

test('what is gone is told of, and is there no more', () => {
  const store = new ClusterStore()
  const before = generatedSnapshot()
  store.receive({ name: 'snapshot', data: before }, 'test.1.1')
  let told = 0
  store.subscribeItem(resourceKey('rsc-0001'), () => {
    told += 1
  })
  const resources = before.resources.filter((one) => one.id !== 'rsc-0001')
  store.receive({ name: 'snapshot', data: { ...before, rev: 2, resources } }, 'test.1.2')
  expect(told).toBe(1)
  expect(store.has(resourceKey('rsc-0001'))).toBe(false)
  expect(store.node('node-01')?.isDc).toBe(true)
})
