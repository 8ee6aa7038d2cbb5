import { monoMs, nodeId } from '@quorate/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { requestOf, responseHeader, viewOf } from '../ipc/message-header.ts'
import { votequorumGetInfo, votequorumInfo, votequorumSetExpected } from '../ipc/votequorum-messages.ts'
import type { ServiceEffect, ServiceEvent } from '../service.ts'
import { type Tally, votesNeeded, winsTie } from './tally.ts'
import type { VotequorumConfig } from './votequorum-config.ts'
import { decodeNodeInfo, decodeReconfigure, encodeNodeInfo, nodeFlags, votesMax } from './votequorum-ring-message.ts'
import { VotequorumService } from './votequorum-service.ts'

const now = monoMs(0)

/** Votequorum of node 1; other nodes are told of by their nodeinfo. */
class Bench {
  readonly service: VotequorumService
  readonly effects: ServiceEffect[] = []
  #members: readonly number[] = [1]
  readonly #count: number

  constructor(count: number, more: Partial<VotequorumConfig> = {}) {
    this.#count = count
    this.service = new VotequorumService({
      self: nodeId(1),
      votes: 1,
      expectedVotes: count,
      isTwoNode: false,
      waitForAll: false,
      autoTieBreaker: undefined,
      lastManStanding: false,
      lastManStandingWindowMs: 10_000,
      nodes: Array.from({ length: count }, (_, i) => nodeId(i + 1)),
      ...more,
    })
  }

  step(event: ServiceEvent): void {
    const effects = this.service.step(event, now)
    this.effects.push(...effects)
    for (const effect of effects) {
      if (effect.kind !== 'multicast') continue
      const fn = viewOf(effect.bytes).getInt32(0, true) & 0xffff
      this.step({ kind: 'message', from: nodeId(1), fn, bytes: effect.bytes })
    }
  }

  /** A new membership; the others say what they are. */
  ring(members: readonly number[], flags = 0, expectedVotes = this.#count): boolean {
    const trans = members.filter((node) => this.#members.includes(node)).map(nodeId)
    this.#members = members
    this.step({ kind: 'sync-init', change: { ring: { rep: 1, seq: 4 }, trans, members: members.map(nodeId) } })
    this.step({ kind: 'sync-process' })
    for (const node of members.filter((item) => item !== 1)) this.hear(node, flags, expectedVotes)
    this.step({ kind: 'sync-activate' })
    return this.service.isQuorate
  }

  hear(node: number, flags: number, expectedVotes = this.#count): void {
    const bytes = encodeNodeInfo({ node, votes: 1, expectedVotes, flags })
    this.step({ kind: 'message', from: nodeId(node), fn: 0, bytes })
  }

  info(node = 0): ReturnType<typeof votequorumInfo.decode> {
    const bytes = requestOf(0, votequorumGetInfo.size)
    votequorumGetInfo.encode(bytes, { node })
    const [answer] = this.service.step({ kind: 'request', connection: 1, id: 0, bytes }, now)
    if (answer?.kind !== 'respond') throw new Error('no answer')
    return votequorumInfo.decode(answer.bytes)
  }
}

test('a majority may act, half may not, and the loss of a node does not lower what is needed', () => {
  const bench = new Bench(4)
  expect([bench.ring([1]), bench.ring([1, 2]), bench.ring([1, 2, 3])]).toEqual([false, false, true])
  expect(bench.info()).toMatchObject({ totalVotes: 3, quorum: 3, expectedVotes: 4, flags: 2, state: 1 })
  expect(bench.ring([1, 2, 3, 4])).toBe(true)
  expect(bench.ring([1, 2])).toBe(false)
  expect(bench.info(4)).toMatchObject({ node: 4, state: 2, totalVotes: 2, quorum: 3 })
  expect(bench.service.isQuorate).toBe(false)
})

test('every activation ends with one verdict', () => {
  const bench = new Bench(3)
  bench.ring([1, 2])
  expect(bench.effects.filter((effect) => effect.kind === 'quorum')).toEqual([{ kind: 'quorum', isQuorate: true }])
})

test('a node that says that it leaves does not count any more, before the ring has changed', () => {
  const bench = new Bench(3)
  bench.ring([1, 2])
  bench.hear(2, nodeFlags.leaving)
  expect(bench.service.isQuorate).toBe(false)
  expect(bench.info(2).state).toBe(3)
})

test('two_node: one of two is enough, once both were there at the same time', () => {
  const bench = new Bench(2, { isTwoNode: true, waitForAll: true })
  expect([bench.ring([1]), bench.ring([1, 2]), bench.ring([1])]).toEqual([false, true, true])
  expect(bench.info().flags).toBe(1 | 2 | 4)
})

test('wait_for_all is over for a node that meets a quorate cluster which has seen all', () => {
  const bench = new Bench(5, { waitForAll: true })
  expect(bench.ring([1, 2, 3])).toBe(false)
  expect(bench.ring([1, 2, 3, 4], nodeFlags.quorate)).toBe(true)
})

test('auto_tie_breaker: the half with the lowest node goes on, if it was quorate before', () => {
  const bench = new Bench(4, { autoTieBreaker: 'lowest' })
  expect(bench.ring([1, 2])).toBe(false)
  expect([bench.ring([1, 2, 3, 4]), bench.ring([1, 2])]).toEqual([true, true])
  const other = new Bench(4, { autoTieBreaker: 'highest' })
  expect([other.ring([1, 2, 3, 4]), other.ring([1, 2])]).toEqual([true, false])
})

test('last_man_standing: when the window is over, the rest expects no more votes than it has', () => {
  const bench = new Bench(5, { lastManStanding: true })
  bench.ring([1, 2, 3, 4, 5])
  expect(bench.ring([1, 2, 3])).toBe(true)
  expect(bench.effects.some((effect) => effect.kind === 'arm' && effect.afterMs === 10_000)).toBe(true)
  bench.step({ kind: 'timer', timer: 'last-man-standing' })
  expect(bench.info()).toMatchObject({ expectedVotes: 3, quorum: 2 })
  expect(bench.ring([1, 2], 1, 3)).toBe(true)
})

test('a node without quorum takes over what a quorate one expects', () => {
  const bench = new Bench(3)
  bench.ring([1])
  bench.ring([1, 2, 3], nodeFlags.quorate, 5)
  expect(bench.info()).toMatchObject({ expectedVotes: 5, quorum: 3 })
})

test('expected votes may be set to what leaves a sensible quorum', () => {
  const bench = new Bench(5)
  bench.ring([1, 2])
  const set = (votes: number): number => {
    const bytes = requestOf(1, votequorumSetExpected.size)
    votequorumSetExpected.encode(bytes, { votes })
    const before = bench.effects.length
    bench.step({ kind: 'request', connection: 1, id: 1, bytes })
    const answer = bench.effects.slice(before).find((effect) => effect.kind === 'respond')
    return answer?.kind === 'respond' ? responseHeader.decode(answer.bytes).error : 0
  }
  expect([set(5), set(1), set(2)]).toEqual([7, 7, 1])
  expect(bench.info()).toMatchObject({ expectedVotes: 2, quorum: 2 })
  expect(bench.service.isQuorate).toBe(true)
})

test('votes above what is expected raise it', () => {
  const bench = new Bench(2)
  bench.ring([1, 2, 3])
  expect(bench.info()).toMatchObject({ expectedVotes: 3, totalVotes: 3, quorum: 2 })
})

test('two partitions of one cluster never both have a majority', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 5 })), { minLength: 1 }), (nodes) => {
      const expected = nodes.reduce((sum, [, votes]) => sum + votes, 0)
      const side = (isLeft: boolean): boolean => {
        const total = nodes.filter(([left]) => left === isLeft).reduce((sum, [, votes]) => sum + votes, 0)
        const tally: Tally = { total, highestExpected: expected, members: [] }
        return total >= votesNeeded(tally, 0, false)
      }
      expect(side(true) && side(false)).toBe(false)
    }),
  )
})

test('a list of tie breakers is asked in order', () => {
  const ids = [1, 2, 3, 4].map(nodeId)
  expect(winsTie([nodeId(3), nodeId(4)], ids, [nodeId(9), nodeId(3)])).toBe(true)
  expect(winsTie([nodeId(1), nodeId(2)], ids, [nodeId(9), nodeId(3)])).toBe(false)
})

test('bytes that are no message are refused, votes above the limit too', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      for (const decode of [decodeNodeInfo, decodeReconfigure]) {
        try {
          decode(bytes)
        } catch (error) {
          expect(error).toMatchObject({ name: 'DecodeError' })
        }
      }
    }),
  )
  const info = { node: 1, votes: votesMax, expectedVotes: 1, flags: 0 }
  expect(decodeNodeInfo(encodeNodeInfo(info))).toEqual(info)
  expect(() => decodeNodeInfo(encodeNodeInfo({ ...info, votes: votesMax + 1 }))).toThrow('limit')
})
