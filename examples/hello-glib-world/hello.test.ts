import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { generations, walkOrder } from './glib-hash-table.mjs'

const names = ['00', '01', '02', '10', '11', '12']

test.each([
  ['2009', '11 12 00 01 02 10'],
  ['2010', '00 01 02 12 10 11'],
  ['2018', '00 02 12 11 01 10'],
])('glib of %s walks the six names as the real library does', (year, order) => {
  const generation = generations[year]
  if (generation === undefined) throw new Error(`no generation ${year}`)
  expect(walkOrder(names, generation)).toEqual(order.split(' '))
})

test('a table that has grown still holds every key once', () => {
  const many = Array.from({ length: 500 }, (_, i) => `node${i}`)
  for (const generation of Object.values(generations)) {
    expect(walkOrder([...many, ...many], generation).toSorted()).toEqual(many.toSorted())
  }
})

test('the story, as it is told and run', () => {
  const program = fileURLToPath(new URL('hello.mjs', import.meta.url))
  expect(execFileSync(process.execPath, [program], { encoding: 'utf8' })).toBe(
    '11, 12, 00, 01, 02, 10,\n00, 01, 02, 10, 11, 12,\n',
  )
})
