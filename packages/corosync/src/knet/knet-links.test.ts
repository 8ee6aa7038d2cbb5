import { monoMs, type NodeId, nodeId } from '@quorate/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KnetLinks } from './knet-links.ts'
import { type KnetConfig, type KnetEffect, type KnetEvent, tickMs } from './link-event.ts'
import { knetStatistics, linkStates } from './link-report.ts'
import { dataLayout, encodeKnetData, knetType } from './packet.ts'
import { noSealing, overheadOf } from './sealing.ts'

const ids = (count: number): readonly NodeId[] => Array.from({ length: count }, (_, i) => nodeId(i + 1))
const settings = { pingIntervalMs: 250, pingTimeoutMs: 500, pongCount: 2, pingPrecision: 2048 }

type Settings = {
  readonly nodes?: number
  readonly mode?: KnetConfig['mode']
  /** Priorities of links 0, 1 … */
  readonly priorities?: readonly number[]
  readonly overhead?: KnetConfig['overhead']
}

/** Nodes with links between them on a clock of their own: packets arrive half a millisecond later. */
class World {
  readonly nodes: ReadonlyMap<NodeId, KnetLinks>
  readonly delivered: { readonly at: NodeId; readonly from: NodeId; readonly frame: Uint8Array }[] = []
  readonly logged: string[] = []
  readonly refused: string[] = []
  /** Longest packet that leaves, and that arrives, heads not counted. */
  interfaceBytes = 1472
  pathBytes = 1472
  /** Packets of data that went over each link. */
  readonly dataOver: number[] = []
  isLost: (from: NodeId, to: NodeId, link: number) => boolean = () => false
  now = 0
  readonly #flying: { readonly at: number; readonly to: NodeId; readonly event: KnetEvent }[] = []

  constructor({ nodes = 2, mode = 'passive', priorities = [1], overhead = noSealing }: Settings = {}) {
    const links = priorities.map((priority, link) => ({ ...settings, link, priority }))
    const peer = (node: NodeId) => ({
      node,
      links: priorities.map((_, link) => ({ link, address: `10.0.${link}.${node}` })),
    })
    const config = { mode, links, overhead, pmtudIntervalMs: 30_000, fixedMtu: 0 }
    this.nodes = new Map(
      ids(nodes).map((self) => {
        const peers = ids(nodes)
          .filter((id) => id !== self)
          .map(peer)
        return [self, new KnetLinks({ ...config, self, peers }, monoMs(0))]
      }),
    )
  }

  node(id: number): KnetLinks {
    return this.nodes.get(nodeId(id)) as KnetLinks
  }

  step(id: number, event: KnetEvent): void {
    this.#perform(nodeId(id), this.node(id).step(event, monoMs(this.now)))
  }

  send(from: number, to: number | 'all', frame: Uint8Array): void {
    this.step(from, { kind: 'send', to: to === 'all' ? to : nodeId(to), frame })
    this.settle()
  }

  /** Everything under way arrives. */
  settle(): void {
    for (let next = this.#flying.shift(); next !== undefined; next = this.#flying.shift()) {
      this.now = Math.max(this.now, next.at)
      this.step(next.to, next.event)
    }
  }

  run(ms: number): void {
    const end = this.now + ms
    for (let at = this.now + tickMs; at <= end; at += tickMs) {
      this.now = Math.max(this.now, at)
      for (const id of this.nodes.keys()) this.step(id, { kind: 'tick' })
      this.settle()
    }
    this.now = end
  }

  #perform(self: NodeId, effects: readonly KnetEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'deliver') this.delivered.push({ at: self, from: effect.from, frame: effect.frame })
      else if (effect.do === 'log') this.logged.push(`${self}: ${effect.text}`)
      else if (effect.do === 'refuse') this.refused.push(effect.error.message)
      else {
        for (const to of effect.to) {
          const { bytes, isProbe } = effect
          if (bytes.byteLength > this.interfaceBytes) {
            this.step(self, { kind: 'unsent', to, why: 'too-long', isProbe })
            continue
          }
          if (bytes[1] === knetType.data) this.dataOver[to.link] = (this.dataOver[to.link] ?? 0) + 1
          if (bytes.byteLength > this.pathBytes || this.isLost(self, to.node, to.link)) continue
          const event = { kind: 'packet', from: self, link: to.link, bytes } as const
          this.#flying.push({ at: this.now + 0.5, to: to.node, event })
        }
      }
    }
  }
}

const frame = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff)
const isUp = (world: World, id: number): boolean[] =>
  [...world.node(id).peers].flatMap((peer) => peer.links.map((link) => link.isUp))

test('a link is up after one answer more than knet_pong_count, and frames go from then on', () => {
  const world = new World()
  world.run(tickMs * 3)
  world.send(1, 2, frame(10))
  expect([isUp(world, 1), world.delivered]).toEqual([[false], []])
  world.run(1000)
  expect(isUp(world, 1)).toEqual([true])
  world.send(1, 2, frame(10))
  world.send(2, 'all', frame(20))
  world.send(1, 1, frame(30))
  expect(world.delivered).toEqual([
    { at: 2, from: 1, frame: frame(10) },
    { at: 1, from: 2, frame: frame(20) },
    { at: 1, from: 1, frame: frame(30) },
  ])
  expect(world.logged).toContain('1: rx: host: 2 link: 0 is up')
  expect(world.logged).toContain('1: host: host: 2 (passive) best link: 0 (pri: 1)')
  expect(world.logged).toContain('1: pmtud: Global data MTU changed to: 1446')
})

test('a silent link goes down by knet_ping_timeout, and is more patient when it is back', () => {
  const world = new World()
  world.run(2000)
  world.isLost = () => true
  world.run(tickMs)
  expect(isUp(world, 1)).toEqual([true])
  world.run(2 * tickMs)
  expect(isUp(world, 1)).toEqual([false])
  expect(world.logged).toContain('1: host: host: 2 has no active links')
  world.isLost = () => false
  world.run(2000)
  expect(isUp(world, 1)).toEqual([true])
  world.isLost = () => true
  world.run(2000)
  expect(isUp(world, 1)).toEqual([true])
  world.run(4000)
  expect(isUp(world, 1)).toEqual([false])
})

test('while this process sleeps nobody is silent', () => {
  const world = new World()
  world.run(2000)
  world.now += 60_000
  world.run(tickMs)
  expect([isUp(world, 1), isUp(world, 2)]).toEqual([[true], [true]])
})

test.each([1, 1446, 1447, 5000, 65_446])(
  'a frame of %d bytes arrives whole and once, in as many parts as it needs',
  (length) => {
    const world = new World({ nodes: 3 })
    world.run(3000)
    world.send(1, 'all', frame(length))
    expect(world.delivered.map(({ at, from }) => [at, from])).toEqual([
      [2, 1],
      [3, 1],
    ])
    for (const item of world.delivered) expect(Buffer.from(frame(length)).equals(item.frame)).toBe(true)
    expect(world.dataOver).toEqual([2 * Math.ceil(length / 1446)])
  },
)

test('with crypto parts are shorter by what sealing takes', () => {
  const world = new World({ overhead: overheadOf({ cipher: 'aes256', hash: 'sha256' }) })
  // Nothing is sealed here: what fits is what would be, once sealed.
  world.interfaceBytes = 1423
  world.pathBytes = 1423
  world.run(3000)
  expect(linkStates(world.node(1), new Map(), nodeId(2))).toMatchObject([{ mtu: 1397 }])
})

test('passive: the link with the highest priority, and of several the first; another one when that is cut', () => {
  const world = new World({ priorities: [1, 5, 5] })
  world.run(3000)
  world.send(1, 2, frame(10))
  expect(world.dataOver).toEqual([undefined, 1])
  world.isLost = (_from, _to, link) => link === 1
  world.run(2000)
  world.send(1, 2, frame(10))
  expect(world.dataOver).toEqual([undefined, 1, 1])
  world.isLost = (_from, _to, link) => link !== 0
  world.run(2000)
  world.send(1, 2, frame(10))
  expect(world.dataOver).toEqual([1, 1, 1])
  expect(world.delivered).toHaveLength(3)
  expect(world.logged).toContain('1: host: host: 2 (passive) best link: 0 (pri: 1)')
})

test('active: a frame goes over all links and is delivered once; rr: each frame over the next', () => {
  const active = new World({ mode: 'active', priorities: [1, 1] })
  active.run(3000)
  for (let i = 0; i < 10; i += 1) active.send(1, 2, frame(3000))
  expect([active.dataOver, active.delivered.length]).toEqual([[30, 30], 10])
  const rr = new World({ mode: 'rr', priorities: [1, 1] })
  rr.run(3000)
  for (let i = 0; i < 10; i += 1) rr.send(1, 2, frame(10))
  expect([rr.dataOver, rr.delivered.length]).toEqual([[5, 5], 10])
})

test('duplicates are dropped over 70000 frames, which is more than a round of their numbers', () => {
  const world = new World({ mode: 'active', priorities: [1, 1] })
  world.run(3000)
  for (let i = 0; i < 70_000; i += 1) {
    world.step(1, { kind: 'send', to: nodeId(2), frame: Uint8Array.of(i) })
    if (i % 100 === 0) world.settle()
  }
  world.settle()
  expect(world.delivered).toHaveLength(70_000)
})

test('frames to one node alone are not taken for those that another has had, when their numbers come round', () => {
  const world = new World({ nodes: 3 })
  world.run(3000)
  world.send(1, 3, frame(5))
  for (let i = 1; i < 65_535; i += 1) {
    world.step(1, { kind: 'send', to: nodeId(2), frame: Uint8Array.of(i) })
    world.settle()
  }
  world.send(1, 3, frame(5))
  expect(world.delivered.filter(({ at }) => at === 3)).toHaveLength(2)
})

test('a peer that has begun anew is heard again, although its numbers are old ones', () => {
  const world = new World()
  world.run(3000)
  for (let i = 0; i < 20; i += 1) world.send(1, 2, frame(10))
  const peers = [{ node: nodeId(2), links: [{ link: 0, address: '10.0.0.2' }] }]
  const links = [{ ...settings, link: 0, priority: 1 }]
  const config = {
    self: nodeId(1),
    mode: 'passive',
    links,
    peers,
    overhead: noSealing,
    pmtudIntervalMs: 30_000,
    fixedMtu: 0,
  } as const
  ;(world.nodes as Map<NodeId, KnetLinks>).set(nodeId(1), new KnetLinks(config, monoMs(world.now)))
  world.run(2000)
  world.delivered.length = 0
  world.send(1, 2, frame(11))
  expect(world.delivered).toEqual([{ at: 2, from: 1, frame: frame(11) }])
})

test('before a node can be answered nothing of it is delivered', () => {
  const world = new World()
  const [bytes = new Uint8Array()] = encodeKnetData(nodeId(1), 1, true, frame(5), 100)
  world.step(2, { kind: 'packet', from: nodeId(1), link: 0, bytes })
  expect(world.delivered).toEqual([])
  world.run(2000)
  world.step(2, { kind: 'packet', from: nodeId(1), link: 0, bytes })
  expect(world.delivered).toHaveLength(1)
})

test('a packet in the name of another node, or of another link, is refused', () => {
  const world = new World({ nodes: 3, priorities: [1, 1] })
  world.run(2000)
  const [bytes = new Uint8Array()] = encodeKnetData(nodeId(3), 1, true, frame(5), 100)
  world.step(2, { kind: 'packet', from: nodeId(1), link: 0, bytes })
  const ping = Uint8Array.from([1, knetType.ping, 0, 1, 0, 0, 1, ...new Array<number>(19).fill(0)])
  world.step(2, { kind: 'packet', from: nodeId(1), link: 0, bytes: ping })
  expect(world.refused).toEqual([
    'node 1 is expected at this address, got node 3 (at byte 2)',
    'link 0 is expected, got 1 (at byte 6)',
  ])
  expect(world.delivered).toEqual([])
})

test('a path that takes less than it did is found out, and frames get through again', () => {
  const world = new World()
  world.run(3000)
  world.pathBytes = 900
  world.send(1, 2, frame(1400))
  expect(world.delivered).toEqual([])
  world.run(60_000)
  world.send(1, 2, frame(1400))
  expect(world.delivered).toEqual([{ at: 2, from: 1, frame: frame(1400) }])
  world.interfaceBytes = 700
  world.send(1, 2, frame(1400))
  world.run(3000)
  world.send(1, 2, frame(1400))
  expect(world.delivered).toHaveLength(2)
})

test('nodes that come into the nodelist get links, and those that stay keep theirs', () => {
  const world = new World({ nodes: 3 })
  world.run(3000)
  const place = (id: number, address = `10.0.0.${id}`) => ({ node: nodeId(id), links: [{ link: 0, address }] })
  world.step(1, { kind: 'peers', peers: [place(2), place(4)] })
  expect([...world.node(1).peers].map(({ node, links }) => [node, links[0]?.isUp])).toEqual([
    [2, true],
    [4, false],
  ])
  world.step(1, { kind: 'peers', peers: [place(2, '10.9.9.9')] })
  expect(isUp(world, 1)).toEqual([false])
})

test('statistics count packets and the bytes that they take', () => {
  const world = new World()
  world.run(3000)
  world.send(1, 2, frame(10))
  world.send(1, 1, frame(10))
  const keys = new Map(
    knetStatistics(world.node(1), { sealed: 3, opened: 2, overheadBytes: 1 }).map(([key, value]) => [
      key,
      value.bytes[0],
    ]),
  )
  expect(keys.get('stats.knet.node2.link0.tx_data_packets')).toBe(1)
  expect(keys.get('stats.knet.node2.link0.tx_data_bytes')).toBe(dataLayout.size + 10)
  expect(keys.get('stats.knet.node2.link0.connected')).toBe(1)
  expect(keys.get('stats.knet.handle.tx_crypt_packets')).toBe(3)
  expect(keys.get('stats.knet.node1.link0.tx_data_packets')).toBe(1)
})

test('no packet makes the links fail, and none of them takes a link of another', () => {
  const head = fc.constantFrom(...Object.values(knetType).map((type) => [1, type, 0, 1, 0, 0, 0]))
  fc.assert(
    fc.property(fc.array(fc.tuple(head, fc.uint8Array({ maxLength: 40 })), { maxLength: 50 }), (list) => {
      const world = new World()
      world.run(2000)
      for (const [start, rest] of list) {
        const bytes = Uint8Array.from([...start, ...rest])
        world.step(2, { kind: 'packet', from: nodeId(1), link: 0, bytes })
        world.settle()
      }
      expect(isUp(world, 2)).toEqual([true])
    }),
    { numRuns: 50 },
  )
})
