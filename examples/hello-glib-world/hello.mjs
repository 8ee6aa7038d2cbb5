#!/usr/bin/env node
// @ts-check
import { parseArgs } from 'node:util'
import { compareNodeNames } from '@quorate/base'
import { generations, walkOrder } from './glib-hash-table.mjs'

const usage = `Usage: node hello.mjs [--glib GENERATION] [NAME ...]

Puts names into a hash table as glib had it and prints them in the order of a walk, then sorted.
Without names: 00 01 02 10 11 12. Generations: ${Object.entries(generations)
  .map(([year, { versions }]) => `${year} (glib ${versions})`)
  .join(', ')}.

Example:
  node hello.mjs --glib 2018 10-node 11-node
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { glib: { type: 'string', default: '2009' }, help: { type: 'boolean', short: 'h', default: false } },
})
const generation = generations[values.glib]
if (values.help) {
  process.stdout.write(usage)
} else if (generation === undefined) {
  process.stderr.write(`hello: no generation '${values.glib}'; there are ${Object.keys(generations).join(', ')}\n`)
  process.exitCode = 64
} else {
  const names = positionals.length > 0 ? positionals : ['00', '01', '02', '10', '11', '12']
  const line = (/** @type {readonly string[]} */ order) =>
    order
      .map((name) => `${name}, `)
      .join('')
      .trimEnd()
  process.stdout.write(`${line(walkOrder(names, generation))}\n`)
  process.stdout.write(`${line([...names].sort(compareNodeNames))}\n`)
}
