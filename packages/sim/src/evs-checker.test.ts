import type { NodeId } from '@quorate/base'
import type { Configuration } from '@quorate/totem'
import { describe, expect, test } from 'vitest'
import { EvsChecker } from './evs-checker.ts'
import { encodeNumbered } from './numbered-message.ts'
import { Violation } from './violation.ts'

const node = (id: number): NodeId => id as NodeId
const ids = (...list: number[]): NodeId[] => list.map(node)

/** A little language for histories, so that each test says only what goes wrong. */
class History {
  readonly checker = new EvsChecker(() => 0)

  install(at: number, seq: number, members: number[], trans: number[], boot = 1): this {
    const ring = { rep: members[0] ?? 0, seq }
    const plain = { left: [], joined: [] }
    const first: Configuration = { kind: 'transitional', ring, members: ids(...trans), ...plain }
    this.checker.configured(node(at), boot, first)
    this.checker.configured(node(at), boot, { kind: 'regular', ring, members: ids(...members), ...plain })
    return this
  }

  send(from: number, number: number): this {
    this.checker.sent({ node: from, boot: 1, number }, 16)
    return this
  }

  deliver(at: number, from: number, number: number): this {
    const body = encodeNumbered({ node: from, boot: 1, number }, 16)
    this.checker.delivered(node(at), 1, node(from), 'a', body)
    return this
  }
}

const pair = (): History => new History().install(1, 5, [1, 2], []).install(2, 5, [1, 2], []).send(1, 1).send(2, 1)

describe('the checker objects', () => {
  test.each<[string, RegExp, () => unknown]>([
    ['to a message that nobody sent', /^1\.3/, () => pair().deliver(1, 2, 9)],
    ['to a message delivered twice', /^1\.4/, () => pair().deliver(1, 2, 1).deliver(1, 2, 1)],
    ['to a delivery before the first ring', /^2\.2/, () => new History().send(1, 1).deliver(1, 1, 1)],
    [
      'to a ring sequence that comes again',
      /^2\.5/,
      () => new History().install(1, 5, [1], []).install(1, 5, [1], [], 2),
    ],
    [
      'to a ring that has other members elsewhere',
      /^2\.1/,
      () => new History().install(1, 5, [1, 2], []).install(2, 5, [1, 2, 3], []),
    ],
    ['to opposite orders', /^6\.2/, () => pair().deliver(1, 1, 1).deliver(1, 2, 1).deliver(2, 2, 1)],
    ['to messages of one sender out of order', /^5/, () => pair().send(2, 2).deliver(1, 2, 2).deliver(1, 2, 1)],
    ['to a message from outside the ring', /^6\.3/, () => pair().send(3, 1).deliver(1, 3, 1)],
    [
      'to those who go on together with different messages',
      /^4/,
      () => pair().deliver(1, 1, 1).install(1, 9, [1, 2], [1, 2]).install(2, 9, [1, 2], [1, 2]),
    ],
    [
      'to a node that goes its own way without what another says it took along',
      /^7\.1/,
      () => pair().deliver(1, 1, 1).install(1, 9, [1, 2], [1, 2]).install(2, 13, [2], [2]),
    ],
    [
      'to a message that two rings claim',
      /^1\.4/,
      () => pair().deliver(1, 2, 1).install(2, 9, [2], [2]).deliver(2, 2, 1),
    ],
    [
      'to companions of whom one says he came alone',
      /^T/,
      () => pair().install(1, 9, [1, 2], [1, 2]).install(2, 9, [1, 2], [2]),
    ],
    ['to a sender that never hears itself', /^3/, () => pair().checker.finish([])],
  ])('%s', (_, rule, history) => {
    expect(history).toThrow(Violation)
    expect(history).toThrow(rule)
  })

  test('to nothing where all is well', () => {
    const { checker } = pair().deliver(1, 1, 1).deliver(1, 2, 1).deliver(2, 1, 1).deliver(2, 2, 1)
    checker.finish(['1/1/1', '2/1/1'])
    expect(checker.counts.deliveries).toBe(4)
  })
})
