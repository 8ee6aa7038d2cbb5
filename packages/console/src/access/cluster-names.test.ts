import { expect, test } from 'vitest'
import { distinctNames, newClusterId } from './cluster-names.ts'

test.each([
  ['Prod DB', [], 'prod-db'],
  ['n1.example.com', ['n1-example-com', 'n1-example-com-2'], 'n1-example-com-3'],
  ['\u672c\u756a', [], 'cluster'],
  ['events', [], 'events-2'],
  ['::1', [], '1'],
])('the id of %s beside %j is %s', (text, others, id) => {
  expect(newClusterId(text, new Set(others))).toBe(id)
})

test('of clusters with the same name the later ones have a number', () => {
  expect(distinctNames(['default', 'db', 'default', 'default-2', 'default'])).toEqual([
    'default',
    'db',
    'default-2',
    'default-2-2',
    'default-3',
  ])
})
