import type { Resource } from '@quorate/scheduler'
import { element } from '@quorate/xml'
import { expect, test } from 'vitest'
import { briefItems } from './brief.ts'

/** What is counted of a resource: its agent, and the nodes that it runs on. */
function running(type: string, ...nodes: readonly string[]): Resource {
  const runningOn = nodes.map((uname) => ({ uname, online: true, unclean: false }))
  return { xml: element('primitive', { class: 'lsb', type }), managed: true, runningOn } as unknown as Resource
}

test('a line for each agent and node, nodes in the order of displays', () => {
  const items = briefItems([running('a', 'Node', 'n10', '9', 'n2'), running('a', 'n2')], true, true)
  expect(items.map(({ text }) => text)).toEqual([
    '1/2\t(lsb:a):\tActive 9',
    '2/2\t(lsb:a):\tActive n2',
    '1/2\t(lsb:a):\tActive n10',
    '1/2\t(lsb:a):\tActive Node',
  ])
})

test('beneath a node each node has its line too, without its name', () => {
  const items = briefItems([running('a', 'n1', 'n2')], false, false)
  expect(items.map(({ text }) => text)).toEqual(['1\t(lsb:a):\tActive ', '1\t(lsb:a):\tActive '])
})
