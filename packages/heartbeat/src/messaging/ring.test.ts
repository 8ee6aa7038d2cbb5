import { createHmac } from 'node:crypto'
import { monoMs, Prng } from '@quorate/base'
import { describe, expect, it } from 'vitest'
import { parseAuthKeys } from '../wire/auth-keys.ts'
import { Authentication } from '../wire/authentication.ts'
import { decodeFrame, encodeFrame } from '../wire/frame.ts'
import { binary, fieldOf, type Message, numberOf, text } from '../wire/message.ts'
import type { MessagingEffect, MessagingEvent } from './event.ts'
import { historyMax, unackedMax } from './limits.ts'
import type { Messaging, MessagingConfig } from './member.ts'
import { createMessaging, deadlineOf, step } from './step.ts'

const keys = parseAuthKeys('auth 1\n1 sha1 ring\n')
if (!keys.ok) throw new Error(keys.error)
const authentication = new Authentication(keys.value, (hash, key, data) =>
  createHmac(hash, key).update(data).digest('hex'),
)

const times = { keepaliveMs: 250, deadtimeMs: 2000, warntimeMs: 1000, initdeadMs: 4000 } as const

function configOf(self: string, nodes: readonly string[], seed: bigint, generation = 100): MessagingConfig {
  return {
    ...times,
    self,
    uuid: self.padEnd(16, '.'),
    generation,
    nodes,
    hosts: [],
    autojoin: 'none',
    links: ['eth0'],
    hopFudge: 1,
    rexmitDelayMsMax: 250,
    format: 'netstring',
    authentication,
    epochSeconds: 1_700_000_000,
    chance: new Prng(seed),
  }
}

/** Nodes on a network and a clock of their own, all from one seed. */
class Ring {
  nowMs = 0
  readonly nodes = new Map<string, Messaging>()
  /** What each has delivered: type and number of messages by their sender. */
  readonly delivered = new Map<string, Message[]>()
  readonly effects: (MessagingEffect & { at: string })[] = []
  lossPercent = 0
  /** Whether packets get from one to the other. */
  connects: (from: string, to: string) => boolean = () => true
  readonly #chance: Prng
  readonly #seed: bigint
  #flights: { atMs: number; to: string; bytes: Uint8Array }[] = []

  constructor(seed: number) {
    this.#seed = BigInt(seed)
    this.#chance = new Prng(this.#seed)
  }

  start(name: string, names: readonly string[], generation = 100, more: Partial<MessagingConfig> = {}): void {
    const config = { ...configOf(name, names, this.#seed + BigInt(this.nodes.size), generation), ...more }
    this.nodes.set(name, createMessaging(config, monoMs(this.nowMs)))
    this.delivered.set(name, [])
    this.post(name, { kind: 'start' })
  }

  stop(name: string): void {
    this.nodes.delete(name)
  }

  post(name: string, event: MessagingEvent): void {
    const node = this.nodes.get(name)
    if (node === undefined) return
    for (const effect of step(node, event, monoMs(this.nowMs))) {
      this.effects.push({ ...effect, at: name })
      if (effect.do === 'deliver') this.delivered.get(name)?.push(effect.message)
      if (effect.do !== 'send') continue
      for (const to of this.nodes.keys()) {
        if (to === name || !this.connects(name, to) || this.#chance.chance(this.lossPercent, 100)) continue
        this.#flights.push({ atMs: this.nowMs + 1 + this.#chance.below(5), to, bytes: effect.bytes })
      }
    }
  }

  run(ms: number): void {
    const until = this.nowMs + ms
    for (;;) {
      const flight = Math.min(...this.#flights.map(({ atMs }) => atMs))
      const due = Math.min(...[...this.nodes.values()].map((node) => deadlineOf(node)))
      const next = Math.max(this.nowMs, Math.min(flight, due))
      if (next > until) break
      this.nowMs = next
      const arrived = this.#flights.filter(({ atMs }) => atMs <= next)
      this.#flights = this.#flights.filter(({ atMs }) => atMs > next)
      for (const { to, bytes } of arrived) this.post(to, { kind: 'datagram', link: 0, bytes })
      for (const [name, node] of this.nodes) if (deadlineOf(node) <= next) this.post(name, { kind: 'time' })
    }
    this.nowMs = until
  }

  statusOf(at: string, of: string): string | undefined {
    return this.nodes.get(at)?.find(of)?.status
  }

  /** Bodies of messages of a client of `from` that `at` has delivered. */
  bodies(at: string, from: string): readonly number[] {
    return (this.delivered.get(at) ?? [])
      .filter((message) => fieldOf(message, 't') === 'test' && fieldOf(message, 'src') === from)
      .map((message) => Number(fieldOf(message, 'body')))
  }

  log(text: RegExp, at: string): boolean {
    return this.effects.some((effect) => effect.do === 'log' && effect.at === at && text.test(effect.text))
  }
}

const three = ['a', 'b', 'c']
const body = (value: number): MessagingEvent => ({
  kind: 'message',
  message: [text('t', 'test'), text('body', String(value)), text('from_id', 'x'), text('to_id', 'x')],
})

function formed(seed: number): Ring {
  const ring = new Ring(seed)
  for (const name of three) ring.start(name, three)
  ring.run(1000)
  return ring
}

describe('a ring', () => {
  it('becomes active as soon as all are there', () => {
    const ring = formed(1)
    for (const at of three) for (const of of three) expect(ring.statusOf(at, of), `${at} ${of}`).toBe('active')
    expect(ring.nowMs).toBeLessThan(times.initdeadMs)
  })

  it('becomes active without those who do not come in initdead', () => {
    const ring = new Ring(2)
    ring.start('a', three)
    ring.start('b', three)
    ring.run(times.initdeadMs - 100)
    expect(ring.statusOf('a', 'a')).toBe('up')
    ring.run(200)
    expect(ring.statusOf('a', 'a')).toBe('active')
    ring.run(500)
    expect(ring.statusOf('a', 'c')).toBe('dead')
    expect(ring.statusOf('b', 'a')).toBe('active')
  })

  it('sees a loss after the dead time of the lost node, and not before', () => {
    const ring = formed(3)
    ring.run(times.initdeadMs)
    ring.stop('c')
    ring.run(times.deadtimeMs - times.keepaliveMs - 50)
    expect(ring.statusOf('a', 'c')).toBe('active')
    ring.run(times.keepaliveMs + 100)
    expect(ring.statusOf('a', 'c')).toBe('dead')
    expect(ring.effects).toContainEqual({ do: 'node-status', name: 'c', status: 'dead', before: 'active', at: 'a' })
    expect(ring.effects).toContainEqual({ do: 'link-status', name: 'c', link: 'eth0', status: 'dead', at: 'a' })
  })

  it('takes a node back after a partition', () => {
    const ring = formed(4)
    ring.run(times.initdeadMs)
    ring.connects = (from, to) => (from === 'c') === (to === 'c')
    ring.run(times.deadtimeMs * 2)
    expect([ring.statusOf('a', 'c'), ring.statusOf('c', 'a'), ring.statusOf('a', 'b')]).toEqual([
      'dead',
      'dead',
      'active',
    ])
    ring.connects = () => true
    ring.run(times.keepaliveMs * 3)
    for (const at of three) for (const of of three) expect(ring.statusOf(at, of), `${at} ${of}`).toBe('active')
    expect(ring.log(/node c returns after it was taken for dead/, 'a')).toBe(true)
  })

  it('takes a restarted node with a larger generation, and drops what is of an earlier one', () => {
    const ring = formed(5)
    ring.stop('c')
    ring.start('c', three, 101)
    ring.run(1000)
    expect(ring.statusOf('a', 'c')).toBe('active')
    expect(ring.log(/Heartbeat restart on node c/, 'a')).toBe(true)
    ring.stop('c')
    ring.start('c', three, 100)
    ring.run(times.initdeadMs * 2)
    expect(ring.statusOf('a', 'c')).toBe('dead')
    expect(ring.log(/attempted replay attack/, 'a')).toBe(true)
  })

  it('has no place for strangers, but with autojoin', () => {
    const ring = new Ring(6)
    ring.start('a', ['a', 'b'])
    ring.start('b', ['a', 'b'])
    ring.start('z', ['a', 'b', 'z'])
    ring.run(1000)
    expect(ring.nodes.get('a')?.find('z')).toBeUndefined()
    expect(ring.effects.filter((one) => one.do === 'log' && /messages of z are dropped/.test(one.text))).toHaveLength(2)
    const open = new Ring(7)
    open.start('a', ['a'], 100, { autojoin: 'other' })
    open.start('z', ['a', 'z'], 100, { autojoin: 'other' })
    open.run(times.initdeadMs)
    expect(open.statusOf('a', 'z')).toBe('active')
    expect(open.effects).toContainEqual({ do: 'remember-hosts', at: 'a' })
  })

  it('keeps nobody waiting who manages resources, and says what it does not do', () => {
    const ring = formed(12)
    const reports = (): number =>
      (ring.delivered.get('a') ?? []).filter((one) => fieldOf(one, 't') === 'resource' && fieldOf(one, 'src') === 'b')
        .length
    const before = reports()
    ring.post('a', { kind: 'message', message: [text('t', 'ask_resources')] })
    ring.post('a', { kind: 'message', message: [text('t', 'delnode'), text('node', 'c')] })
    ring.run(100)
    expect(reports()).toBe(before + 1)
    expect(ring.log(/delnode of a is not supported/, 'b')).toBe(true)
    expect(ring.statusOf('b', 'c')).toBe('active')
  })

  it('takes other keys while it runs', () => {
    const other = new Authentication({ current: 2, keys: new Map([[2, { method: 'crc', key: '' }]]) }, () => '')
    const ring = formed(13)
    ring.run(times.initdeadMs)
    ring.post('c', { kind: 'keys', authentication: other })
    ring.run(times.deadtimeMs * 2)
    expect([ring.statusOf('a', 'c'), ring.statusOf('c', 'a')]).toEqual(['dead', 'dead'])
    for (const name of ['a', 'b']) ring.post(name, { kind: 'keys', authentication: other })
    ring.run(1000)
    expect([ring.statusOf('a', 'c'), ring.statusOf('c', 'a')]).toEqual(['active', 'active'])
  })

  it('tells of late heartbeats', () => {
    const ring = formed(8)
    ring.run(times.initdeadMs)
    ring.connects = (from) => from !== 'b'
    ring.run(times.warntimeMs + 300)
    ring.connects = () => true
    ring.run(500)
    expect(ring.log(/Late heartbeat: Node b: interval \d{4} ms/, 'a')).toBe(true)
    expect(ring.statusOf('a', 'b')).toBe('active')
  })
})

describe('messages of clients', () => {
  it.each(Array.from({ length: 8 }, (_, seed) => seed))('arrive once each in spite of loss, seed %i', (seed) => {
    const ring = formed(seed)
    ring.lossPercent = 5 + 3 * seed
    const sent = 100
    for (let value = 0; value < sent; value += 1) {
      for (const from of three) ring.post(from, body(value))
      ring.run(20)
    }
    ring.lossPercent = 0
    ring.run(3000)
    const all = Array.from({ length: sent }, (_, value) => value)
    for (const at of three) {
      for (const from of three) {
        const got = [...ring.bodies(at, from)].sort((one, other) => one - other)
        expect(got, `${from} to ${at}`).toEqual(all)
      }
    }
  })

  it('wait while a node that lives acknowledges nothing, and go on when it is dead', () => {
    const ring = formed(9)
    ring.run(times.initdeadMs)
    ring.connects = (from) => from !== 'c'
    for (let value = 0; value < 2 * unackedMax; value += 1) ring.post('a', body(value))
    ring.run(100)
    expect(ring.bodies('b', 'a').length).toBeLessThanOrEqual(unackedMax + 1)
    expect(ring.nodes.get('a')?.waiting.length).toBeGreaterThan(0)
    ring.run(times.deadtimeMs * 2)
    expect(ring.statusOf('a', 'c')).toBe('dead')
    expect(ring.bodies('b', 'a')).toHaveLength(2 * unackedMax)
  })

  it('cannot pass for those of another node, or carry numbers of their own', () => {
    const ring = formed(10)
    ring.post('a', {
      kind: 'message',
      message: [text('t', 'test'), text('src', 'b'), text('seq', '1'), text('body', '7')],
    })
    ring.run(100)
    expect(ring.bodies('b', 'a')).toEqual([7])
  })

  it('for one node are delivered there only', () => {
    const ring = formed(11)
    ring.post('a', { kind: 'message', message: [text('t', 'test'), text('dest', 'b'), text('body', '1')] })
    ring.run(100)
    expect([ring.bodies('b', 'a'), ring.bodies('c', 'a'), ring.bodies('a', 'a')]).toEqual([[1], [], []])
  })
})

describe('one node', () => {
  const from = (seq: number, more: Message = [], generation = '64'): Uint8Array =>
    encodeFrame(
      [
        text('t', 'status'),
        text('st', 'active'),
        text('dt', '7d0'),
        text('protocol', '1'),
        text('src', 'b'),
        binary('srcuuid', 'b'.padEnd(16, '.')),
        text('seq', seq.toString(16)),
        text('hg', generation),
        ...more,
      ],
      'netstring',
      authentication,
    )

  function alone(): { node: Messaging; hear(bytes: Uint8Array, atMs: number): readonly MessagingEffect[] } {
    const node = createMessaging(configOf('a', ['a', 'b'], 1n), monoMs(0))
    step(node, { kind: 'start' }, monoMs(0))
    return { node, hear: (bytes, atMs) => step(node, { kind: 'datagram', link: 0, bytes }, monoMs(atMs)) }
  }

  const sentBy = (effects: readonly MessagingEffect[], type: string): readonly Message[] =>
    effects
      .flatMap((effect) => (effect.do === 'send' ? [decodeFrame(effect.bytes, authentication)] : []))
      .filter((message) => fieldOf(message, 't') === type)

  it('asks for each packet of a gap, in decimal numbers, and again until it comes', () => {
    const { node, hear } = alone()
    hear(from(30), 1)
    hear(from(33), 2)
    expect([...(node.find('b')?.missing.keys() ?? [])]).toEqual([31, 32])
    const asked = [...Array(60).keys()].flatMap((at) =>
      sentBy(step(node, { kind: 'time' }, monoMs(10 + at * 10)), 'NS_rexmit'),
    )
    expect(new Set(asked.map((message) => fieldOf(message, 'firstseq')))).toEqual(new Set(['31', '32']))
    expect(asked.length).toBeGreaterThanOrEqual(4)
    hear(from(31), 700)
    hear(from(32), 701)
    expect(node.find('b')?.missing.size).toBe(0)
  })

  it('gives up on a gap that no sender could fill', () => {
    const { node, hear } = alone()
    hear(from(1), 1)
    hear(from(historyMax + 3), 2)
    expect(node.find('b')?.missing.size).toBe(0)
    expect(node.find('b')?.lastSeq).toBe(historyMax + 3)
  })

  it('acknowledges every tenth packet of a node, up to what it has all of', () => {
    const { hear } = alone()
    const acks = Array.from({ length: 40 }, (_, index) => sentBy(hear(from(index + 1), index + 1), 'NS_ackmsg')).flat()
    expect(acks).toHaveLength(4)
    const numbers = acks.map((message) => numberOf(message, 'ackseq', 16) ?? 0)
    expect(numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 10)).toBe(true)
    expect(acks[0]?.map(({ name }) => name)).toEqual([
      't',
      'dest',
      'ackseq',
      'destuuid',
      'src',
      'srcuuid',
      'hg',
      'ts',
      'ttl',
    ])
  })

  it('sends again what is asked for, and says what it has no longer', () => {
    const { node, hear } = alone()
    hear(from(1), 1)
    for (let at = 0; at < historyMax + 50; at += 1) step(node, { kind: 'time' }, monoMs(300 * (at + 1)))
    const nowMs = 300 * (historyMax + 60)
    const ask = (first: number, last: number, atMs: number): readonly MessagingEffect[] =>
      hear(
        encodeFrame(
          [
            text('t', 'NS_rexmit'),
            text('dest', 'a'),
            text('firstseq', String(first)),
            text('lastseq', String(last)),
            text('src', 'b'),
            text('hg', '64'),
          ],
          'netstring',
          authentication,
        ),
        atMs,
      )
    const again = ask(node.seq - 20, node.seq - 20, nowMs)
    expect(sentBy(again, 'status').map((message) => numberOf(message, 'seq', 16))).toContain(node.seq - 21)
    const before = node.seq
    expect(sentBy(ask(before - 15, before - 15, nowMs + 100), 'status')).toHaveLength(1)
    expect(sentBy(ask(before - 15, before - 15, nowMs + 200), 'status')).toHaveLength(0)
    const nak = sentBy(ask(1, 2, nowMs + 201), 'NS_nak_rexmit')
    expect(nak.map((message) => [fieldOf(message, 'firstseq'), fieldOf(message, 'lastseq')])).toEqual([['1', '2']])
  })

  it('passes over what is garbled, foreign or its own', () => {
    const { node, hear } = alone()
    for (const bytes of [new Uint8Array(0), new Uint8Array(900), from(1).subarray(0, 60)]) hear(bytes, 1)
    hear(encodeFrame([text('t', 'status')], 'netstring', authentication), 2)
    expect(node.find('b')?.generation).toBe(0)
    expect(node.seq).toBeGreaterThan(0)
  })
})
