import { expect, test } from 'vitest'
import { clusterAddress, pageOf } from './page-address.ts'

test.each([
  ['/', { kind: 'start' }],
  ['/elsewhere', { kind: 'start' }],
  ['/fleet', { kind: 'fleet' }],
  ['/fleet/', { kind: 'fleet' }],
  ['/c/prod-db/', { kind: 'cluster', id: 'prod-db' }],
  ['/c/prod-db', { kind: 'cluster', id: 'prod-db' }],
  ['/c/%', { kind: 'cluster', id: '%' }],
  ['/c/', { kind: 'start' }],
])('%s', (path, page) => {
  expect(pageOf(path)).toEqual(page)
})

test('an address of a cluster is read as that cluster', () => {
  expect(pageOf(clusterAddress('a b/c%'))).toEqual({ kind: 'cluster', id: 'a b/c%' })
})
