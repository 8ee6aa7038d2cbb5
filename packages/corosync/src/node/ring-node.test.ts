import { type MonoMs, monoMs, type NodeId, nodeId } from '@quorate/base'
import { totemConfig } from '@quorate/totem'
import { expect, test } from 'vitest'
import { cpgConfchg, cpgDeliver, cpgJoin, cpgMcast } from '../ipc/cpg-messages.ts'
import { requestHeader, requestOf, responseHeader } from '../ipc/message-header.ts'
import { writeCpgName } from '../ipc/wire-name.ts'
import type { NodeEffect, NodeEvent } from './node-event.ts'
import { RingNode } from './ring-node.ts'

const cpgName = 'demo'

/** Nodes on a network that loses nothing, takes 1 ms, and does not reach nodes that are cut off. */
class World {
  readonly nodes = new Map<NodeId, RingNode>()
  readonly seen: string[] = []
  readonly warnings: string[] = []
  now: MonoMs = monoMs(0)
  readonly cut = new Set<NodeId>()
  readonly #queue: { at: number; order: number; node: NodeId; event: NodeEvent; timer: string }[] = []
  readonly #timers = new Map<string, number>()
  #order = 0

  add(id: number, count: number): void {
    const self = nodeId(id)
    const ids = Array.from({ length: count }, (_, i) => nodeId(i + 1))
    const node = new RingNode(
      {
        totem: totemConfig(self, { token: 1000 }, count),
        addresses: ids.map((item) => ({
          node: item,
          link: 0,
          text: `10.0.0.${item}`,
          bytes: Uint8Array.of(10, 0, 0, item),
        })),
        votequorum: {
          self,
          votes: 1,
          expectedVotes: count,
          isTwoNode: false,
          waitForAll: false,
          autoTieBreaker: undefined,
          lastManStanding: false,
          lastManStandingWindowMs: 10_000,
          nodes: ids,
        },
        tokenWarningPercent: 75,
        keys: [],
      },
      this.now,
    )
    this.nodes.set(self, node)
    this.post(self, { kind: 'start', storedRingSeq: 0 })
  }

  post(id: NodeId, event: NodeEvent): void {
    for (const effect of this.nodes.get(id)?.step(event, this.now) ?? []) this.#perform(id, effect)
  }

  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      this.#queue.sort((a, b) => a.at - b.at || a.order - b.order)
      const next = this.#queue[0]
      if (next === undefined || next.at > end) break
      this.#queue.shift()
      this.now = monoMs(Math.max(this.now, next.at))
      if (next.timer !== '' && this.#timers.get(`${next.node} ${next.timer}`) !== next.order) continue
      this.post(next.node, next.event)
    }
    this.now = monoMs(end)
  }

  #perform(id: NodeId, effect: NodeEffect): void {
    const later = (node: NodeId, event: NodeEvent, afterMs: number, timer: string): void => {
      this.#order += 1
      this.#queue.push({ at: this.now + afterMs, order: this.#order, node, event, timer })
      if (timer !== '') this.#timers.set(`${node} ${timer}`, this.#order)
    }
    const carry = (to: NodeId, bytes: Uint8Array): void => {
      if (to !== id && (this.cut.has(id) || this.cut.has(to))) return
      later(to, { kind: 'frame', bytes: bytes.slice() }, 1, '')
    }
    switch (effect.do) {
      case 'send':
        return carry(effect.to, effect.bytes)
      case 'send-all':
        for (const to of this.nodes.keys()) carry(to, effect.bytes)
        return
      case 'arm':
        return later(id, { kind: 'timer', timer: effect.timer }, effect.afterMs, effect.timer)
      case 'disarm':
        this.#timers.delete(`${id} ${effect.timer}`)
        return
      case 'event':
      case 'respond':
        this.seen.push(`${id} ${describe(effect.bytes)}`)
        return
      case 'refuse':
        throw effect.error
      case 'log':
        if (effect.level === 'error' || effect.level === 'warning') throw new Error(effect.text)
        if (effect.text.startsWith('Token')) this.warnings.push(`${id} ${effect.text}`)
        return
      case 'persist':
      case 'drain':
      case 'ready':
      case 'flow':
      case 'reload':
      case 'reopen-logs':
      case 'stop':
        return
    }
  }
}

function describe(bytes: Uint8Array): string {
  const { id, error } = responseHeader.decode(bytes)
  if (id === 4) {
    const { members, joined, left } = cpgConfchg.decode(bytes)
    return `confchg ${members} members +${joined} -${left}`
  }
  if (id === 5) return `deliver from ${cpgDeliver.decode(bytes).node}: ${String.fromCharCode(...bytes.subarray(184))}`
  return `response ${id} ${error}`
}

function join(pid: number): Uint8Array {
  const bytes = requestOf(0, cpgJoin.size)
  writeCpgName(bytes, 16, cpgName)
  cpgJoin.encode(bytes, { pid })
  return bytes
}

function mcast(text: string): Uint8Array {
  const bytes = new Uint8Array(cpgMcast.size + text.length)
  requestHeader.encode(bytes, { id: 2, size: bytes.byteLength })
  cpgMcast.encode(bytes, { messageBytes: text.length })
  bytes.set(
    [...text].map((char) => char.charCodeAt(0)),
    cpgMcast.size,
  )
  return bytes
}

function ringOfThree(): World {
  const world = new World()
  for (const id of [1, 2, 3]) world.add(id, 3)
  world.run(500)
  return world
}

const [n1, n2, n3] = [nodeId(1), nodeId(2), nodeId(3)]

test('three nodes form one ring, synchronise and are quorate within half a second', () => {
  const world = ringOfThree()
  for (const node of world.nodes.values()) {
    expect([node.members, node.isQuorate, node.isReady, node.isHeld]).toEqual([[1, 2, 3], true, true, false])
  }
})

test('group members see messages and changes in one order, also when a node goes and comes back', () => {
  const world = ringOfThree()
  for (const id of [n1, n2, n3]) {
    world.post(id, { kind: 'opened', service: 'cpg', connection: 1 })
    world.post(id, { kind: 'request', service: 'cpg', connection: 1, bytes: join(100 + id) })
  }
  world.run(3000)
  world.seen.length = 0
  world.post(n1, { kind: 'request', service: 'cpg', connection: 1, bytes: mcast('one') })
  world.post(n2, { kind: 'request', service: 'cpg', connection: 1, bytes: mcast('two') })
  world.run(3000)
  const of = (id: number): string[] => world.seen.filter((line) => line.startsWith(`${id} `)).map((l) => l.slice(2))
  expect(of(1).toSorted()).toEqual(['deliver from 1: one', 'deliver from 2: two'])
  expect(of(2)).toEqual(of(1))
  expect(of(3)).toEqual(of(1))

  world.seen.length = 0
  world.cut.add(n3)
  world.run(8000)
  expect(of(1)).toEqual(['confchg 2 members +0 -1'])
  expect(of(2)).toEqual(of(1))
  expect(of(3)).toEqual(['confchg 1 members +0 -2'])
  expect(world.nodes.get(n3)?.isQuorate).toBe(false)
  expect(world.nodes.get(n1)?.isQuorate).toBe(true)

  world.seen.length = 0
  world.cut.clear()
  world.run(8000)
  expect(of(1)).toEqual(['confchg 3 members +1 -0'])
  expect(of(3)).toEqual(['confchg 3 members +2 -0'])
  expect(world.nodes.get(n3)?.isQuorate).toBe(true)
})

test('a token that is late is warned of, at three quarters of its timeout', () => {
  const world = ringOfThree()
  world.run(5000)
  expect(world.warnings).toEqual([])
  world.cut.add(n3)
  world.run(1600)
  world.cut.clear()
  world.run(1000)
  expect(world.warnings).toContain('1 Token has not been received in 1237 ms')
})

test('a node that is told to leave says so: the others go on at once', () => {
  const world = ringOfThree()
  world.post(n3, { kind: 'leave', reason: 'test' })
  world.run(300)
  expect(world.nodes.get(n1)?.members).toEqual([1, 2])
  expect(world.nodes.get(n1)?.isQuorate).toBe(true)
})

test('a request that is cut short or unknown is refused and hurts nobody', () => {
  const world = new World()
  world.add(1, 1)
  world.run(300)
  world.post(n1, { kind: 'opened', service: 'quorum', connection: 7 })
  world.post(n1, { kind: 'request', service: 'quorum', connection: 7, bytes: requestOf(99) })
  expect(world.seen).toEqual(['1 response 0 7'])
})
