import type { NodeId } from '@quorate/base'
import { expect, test } from 'vitest'
import { FlowChecker } from './flow-checker.ts'

const [one, two] = [1, 2] as NodeId[] as [NodeId, NodeId]
const ring = { rep: one, seq: 4 }

test('a rotation carries as much as the window, and no more', () => {
  const checker = new FlowChecker({ windowSize: 10, maxMessages: 6 })
  checker.visited(one, ring, 6)
  checker.visited(two, ring, 4)
  expect(() => checker.visited(two, ring, 5)).toThrow('F: ring 1.4 carries 11 messages in one rotation')
})

test('a visit sends as much as a node may, and no more', () => {
  const checker = new FlowChecker({ windowSize: 10, maxMessages: 6 })
  expect(() => checker.visited(one, ring, 7)).toThrow('F: node 1 sends 7 messages at one visit of ring 1.4')
})
