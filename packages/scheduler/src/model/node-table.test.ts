import { expect, test } from 'vitest'
import { discovery, NodeTable } from './node-table.ts'

const [a, b] = [0, 1].map((index) => ({ index, entryScore: 0, entryMode: discovery.always })) as [Node, Node]
type Node = { readonly index: number; readonly entryScore: number; readonly entryMode: 0 }

function tableOfBoth(): NodeTable {
  const table = new NodeTable()
  table.insert(b, 1, discovery.always)
  table.insert(a, 2, discovery.always)
  return table
}

function contents(table: NodeTable): readonly unknown[] {
  return [table.inserted, ...[a, b].map((node) => [table.get(node), table.mode(node)])]
}

const before = contents(tableOfBoth())

test.each<[string, (table: NodeTable) => void]>([
  ['a score', (table) => table.set(a, 5)],
  ['a mode', (table) => table.setMode(a, discovery.exclusive)],
  ['a node less', (table) => table.remove(b)],
  ['a node more', (table) => table.insert({ ...a, index: 2 }, 7, discovery.never)],
])('a table and its copy do not share %s', (_, change) => {
  const changedItself = tableOfBoth()
  const copy = changedItself.copy()
  change(changedItself)
  expect(contents(copy)).toEqual(before)

  const copied = tableOfBoth()
  const changedCopy = copied.copy()
  change(changedCopy)
  expect(contents(copied)).toEqual(before)
  expect(contents(changedCopy)).toEqual(contents(changedItself))
})
