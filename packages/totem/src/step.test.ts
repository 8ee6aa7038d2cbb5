import { type MonoMs, monoMs, type NodeId, nodeId } from '@quorate/base'
import { describe, expect, test } from 'vitest'
import { Assembler } from './assembly.ts'
import { type TotemSettings, totemConfig } from './config.ts'
import type { TotemEffect } from './effect.ts'
import type { TotemEvent, TotemTimer } from './event.ts'
import type { Frame } from './frame.ts'
import { decodeFrame } from './frame-decoder.ts'
import { encodeFrame } from './frame-encoder.ts'
import { ringText } from './ring-id.ts'
import type { RingMember } from './ring-member.ts'
import { createTotem, roomFor, step } from './step.ts'

type Parcel = { readonly from: NodeId; readonly to: NodeId; readonly bytes: Uint8Array }

/** A few members joined by a perfect network that delivers one frame at a time, with every fault asked for by hand. */
class LittleRing {
  readonly members = new Map<NodeId, RingMember>()
  readonly log: string[] = []
  readonly stored = new Map<NodeId, number>()
  readonly armed = new Map<string, number>()
  nowMs = 0
  /** Answers true for a frame that gets lost. */
  loses: (frame: Frame, parcel: Parcel) => boolean = () => false
  #wire: Parcel[] = []
  /** For all members: nothing that is said here takes more than one frame. */
  readonly #assembler = new Assembler()

  constructor(ids: readonly number[], settings: TotemSettings = {}) {
    for (const id of ids) this.members.set(nodeId(id), createTotem(totemConfig(nodeId(id), settings), this.now))
  }

  get now(): MonoMs {
    return monoMs(this.nowMs)
  }

  member(id: number): RingMember {
    const member = this.members.get(id as NodeId)
    if (member === undefined) throw new Error(`no member ${id}`)
    return member
  }

  do(id: number, event: TotemEvent): readonly TotemEffect[] {
    const effects = step(this.member(id), event, this.now)
    for (const effect of effects) this.#perform(id as NodeId, effect)
    return effects
  }

  start(...ids: number[]): this {
    for (const id of ids) this.do(id, { kind: 'start', storedRingSeq: this.stored.get(id as NodeId) ?? 0 })
    return this
  }

  /** Lets up to so many frames arrive. */
  run(frames = 2000): this {
    for (let count = 0; count < frames && this.#wire.length > 0; count += 1) {
      const parcel = this.#wire.shift() as Parcel
      if (!this.loses(decodeFrame(parcel.bytes), parcel)) this.do(parcel.to, { kind: 'frame', bytes: parcel.bytes })
    }
    return this
  }

  fire(id: number, timer: TotemTimer): readonly TotemEffect[] {
    return this.do(id, { kind: 'timer', timer })
  }

  say(id: number, text: string, lane: 'application' | 'sync' = 'application'): readonly TotemEffect[] {
    return this.do(id, { kind: 'multicast', group: 'a', body: new TextEncoder().encode(text), lane })
  }

  synced(): this {
    for (const id of this.members.keys()) this.do(id, { kind: 'sync-complete', ring: this.member(id).installed.id })
    return this
  }

  /** Loses everything that is on the wire. */
  dropAll(): void {
    this.#wire = []
  }

  takeLog(): string[] {
    return this.log.splice(0)
  }

  #perform(id: NodeId, effect: TotemEffect): void {
    switch (effect.do) {
      case 'send-all':
        for (const to of this.members.keys()) if (to !== id) this.#wire.push({ from: id, to, bytes: effect.bytes })
        return
      case 'send':
        this.#wire.push({ from: id, to: effect.to, bytes: effect.bytes })
        return
      case 'arm':
        this.armed.set(`${id} ${effect.timer}`, effect.afterMs)
        return
      case 'disarm':
        this.armed.delete(`${id} ${effect.timer}`)
        return
      case 'persist':
        this.stored.set(id, effect.ringSeq)
        return
      case 'configure': {
        const { kind, ring, members, left, joined } = effect.configuration
        this.log.push(`${id} ${kind} ${ringText(ring)} [${members}] left [${left}] joined [${joined}]`)
        return
      }
      case 'deliver': {
        for (const { body } of this.#assembler.take(effect.from, effect.payload, 'application').messages) {
          this.log.push(`${id} hears ${effect.from}: ${new TextDecoder().decode(body)}`)
        }
        return
      }
      default:
    }
  }
}

const kinds = (effects: readonly TotemEffect[]): string[] =>
  effects.map((effect) =>
    effect.do === 'send' || effect.do === 'send-all' ? `${effect.do} ${decodeFrame(effect.bytes).type}` : effect.do,
  )

describe('a node alone', () => {
  test('forms ring 1.5 of itself, as corosync does with an empty state directory', () => {
    const ring = new LittleRing([1]).start(1).run(200)
    expect(ring.takeLog()).toEqual(['1 transitional 1.1 [] left [] joined []', '1 regular 1.5 [1] left [] joined [1]'])
  })

  test('goes on from the ring sequence on its disk', () => {
    const ring = new LittleRing([3])
    ring.stored.set(nodeId(3), 41)
    expect(ring.start(3).run(200).takeLog()[1]).toBe('3 regular 3.2e [3] left [] joined [3]')
    expect(ring.stored.get(nodeId(3))).toBe(46)
  })

  test('stores the name of a ring before it is on the wire', () => {
    const effects = kinds(new LittleRing([1]).do(1, { kind: 'start', storedRingSeq: 0 }))
    expect(effects.indexOf('persist')).toBeLessThan(effects.indexOf('send commit-token'))
    expect(effects.indexOf('persist')).toBeGreaterThan(effects.indexOf('send-all join'))
  })

  test('hears itself', () => {
    const ring = new LittleRing([1]).start(1).run(200).synced()
    ring.takeLog()
    ring.say(1, 'echo')
    expect(ring.run(20).takeLog()).toEqual(['1 hears 1: echo'])
  })
})

describe('three nodes', () => {
  const three = (settings: TotemSettings = {}): LittleRing => {
    const ring = new LittleRing([1, 2, 3], settings)
    ring.start(1, 2, 3)
    const together = (): boolean => [1, 2, 3].every((id) => ring.member(id).installed.members.length === 3)
    for (let rounds = 0; rounds < 20 && !together(); rounds += 1) {
      ring.run(300)
      for (const id of [1, 2, 3]) ring.fire(id, ring.member(id).phase === 'gather' ? 'join' : 'merge')
    }
    ring.synced().run(300).takeLog()
    expect([1, 2, 3].map((id) => ring.member(id).phase)).toEqual(['operational', 'operational', 'operational'])
    return ring
  }

  test('hear everything in the same order', () => {
    const ring = three()
    for (const id of [3, 1, 2]) ring.say(id, `from ${id}`)
    const heard = ring.run(60).takeLog()
    const order = (id: number): string[] =>
      heard.filter((line) => line.startsWith(`${id} `)).map((line) => line.slice(8))
    expect(order(1)).toHaveLength(3)
    expect(order(2)).toEqual(order(1))
    expect(order(3)).toEqual(order(1))
  })

  test('send again what one of them did not get', () => {
    const ring = three()
    ring.loses = (frame, { to }) => frame.type === 'mcast' && to === 2
    ring.say(1, 'lost once')
    ring.run(6)
    ring.loses = () => false
    expect(ring.takeLog()).not.toContain('2 hears 1: lost once')
    expect(ring.run(60).takeLog()).toContain('2 hears 1: lost once')
    expect(ring.member(2).counters.retransmitRequests).toBe(1)
  })

  test('let the token rest when there is nothing to say, and wake it when there is', () => {
    const ring = three().run(2000)
    expect(ring.run(1).armed.has('1 hold')).toBe(true)
    expect(ring.armed.get('1 hold')).toBe(561)
    expect(kinds(ring.say(3, 'wake up'))).toEqual(['send-all hold-cancel'])
    expect(ring.run(40).takeLog()).toContain('1 hears 3: wake up')
  })

  test('announce themselves to other rings when they are quiet, through their representative only', () => {
    const ring = three().run(2000)
    ring.fire(1, 'hold')
    ring.run(10)
    expect(kinds(ring.fire(1, 'merge'))).toEqual(['send-all merge-detect'])
    expect(kinds(ring.fire(2, 'merge'))).toEqual([])
  })

  test('go on as two when one is silent, and say who left', () => {
    const ring = three()
    ring.loses = (_, { from, to }) => from === 3 || to === 3
    for (const id of [1, 2]) ring.fire(id, 'token-loss')
    ring.run(50)
    for (const id of [1, 2]) ring.fire(id, 'consensus')
    ring.run(200)
    expect(ring.takeLog()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^1 transitional 1\.\w+ \[1,2\] left \[3\] joined \[\]$/),
        expect.stringMatching(/^2 regular 1\.\w+ \[1,2\] left \[3\] joined \[\]$/),
      ]),
    )
  })

  test('form the ring of two at once when the third says good-bye', () => {
    const ring = three()
    const effects = ring.do(3, { kind: 'leave' })
    const [farewell] = effects.filter((effect) => effect.do === 'send-all').map((effect) => decodeFrame(effect.bytes))
    expect(farewell).toMatchObject({ type: 'join', sender: 0, from: 3, proc: [1, 2], failed: [3] })
    ring.loses = (_, { to }) => to === 3
    ring.run(200)
    expect(ring.takeLog()).toContainEqual(expect.stringMatching(/^1 regular .* \[1,2\] left \[3\] joined \[\]$/))
  })

  test('a message that only the dead node and one other have is delivered by both survivors', () => {
    const ring = three()
    ring.loses = (frame, { to }) => frame.type === 'mcast' && to === 2
    ring.say(3, 'last words')
    ring.run(8)
    ring.loses = (_, { from, to }) => from === 3 || to === 3
    for (const id of [1, 2]) ring.fire(id, 'token-loss')
    ring.run(50)
    for (const id of [1, 2]) ring.fire(id, 'consensus')
    ring.run(300)
    const heard = ring.takeLog()
    expect(
      heard
        .filter((line) => line.endsWith('last words'))
        .map((line) => line[0])
        .sort(),
    ).toEqual(['1', '2', '3'])
    expect(heard.indexOf('2 hears 3: last words')).toBeLessThan(heard.findIndex((line) => line.startsWith('2 trans')))
  })

  test('hold back what applications say until the services are in step', () => {
    const ring = three()
    ring.do(3, { kind: 'leave' })
    ring.loses = (_, { to }) => to === 3
    ring.run(200).takeLog()
    ring.say(1, 'application')
    ring.say(1, 'service', 'sync')
    expect(ring.run(40).takeLog()).toEqual(expect.arrayContaining(['2 hears 1: service']))
    expect(ring.run(40).takeLog()).toEqual([])
    expect(ring.synced().run(40).takeLog()).toContain('2 hears 1: application')
  })

  test('the end of a synchronisation on a ring that was left since means nothing', () => {
    const ring = three()
    const { ring: old } = ring.member(1)
    ring.do(3, { kind: 'leave' })
    ring.loses = (_, { to }) => to === 3
    ring.run(200)
    ring.do(1, { kind: 'sync-complete', ring: old })
    expect(ring.member(1).syncing).toBe(true)
    ring.do(1, { kind: 'sync-complete', ring: ring.member(1).ring })
    expect(ring.member(1).syncing).toBe(false)
  })

  test('a node that cannot receive gives itself up and goes on alone', () => {
    const ring = three({ fail_recv_const: 10 })
    ring.loses = (frame, { to }) => frame.type === 'mcast' && to === 2
    ring.say(1, 'unheard')
    ring.run(2000)
    for (const id of [1, 3]) if (ring.member(id).phase === 'gather') ring.fire(id, 'join')
    ring.run(500)
    expect(ring.member(2).counters.gathers['failed-to-receive']).toBeGreaterThan(0)
  })

  test('message and token numbers wrap around without anybody noticing', () => {
    const ring = three()
    ring.dropAll()
    const before = 0xffff_fff0
    for (const id of [1, 2, 3]) {
      const { token, installed } = ring.member(id)
      Object.assign(installed.log, { aru: before, high: before, delivered: before, released: before })
      Object.assign(token, { lastTokenSeq: before - 1, lastAru: before, passedSeq: before })
    }
    const bytes = encodeFrame({
      ...{ type: 'token', sender: 3, target: 1, seq: before, tokenSeq: before, aru: before, aruAddr: 0 },
      ...{ ring: ring.member(1).ring, backlog: 0, fcc: 0, retransFlag: 0, requests: [] },
    })
    ring.do(1, { kind: 'frame', bytes })
    for (let count = 0; count < 40; count += 1) {
      for (const id of [1, 2, 3]) ring.say(id, `${count} of ${id}`.padEnd(900, '.'))
    }
    let lost = 0
    ring.loses = (frame) => {
      lost += frame.type === 'mcast' ? 1 : 0
      return frame.type === 'mcast' && lost % 10 === 0
    }
    ring.run(3000)
    const heard = ring.takeLog()
    const order = (id: number): string[] =>
      heard.filter((line) => line.startsWith(`${id} `)).map((line) => line.slice(8))
    expect(order(1)).toHaveLength(120)
    expect(order(2)).toEqual(order(1))
    expect(order(3)).toEqual(order(1))
    expect(ring.member(1).installed.log.high).toBeLessThan(1000)
    expect(ring.member(1).counters.mcastsRetransmitted).toBeGreaterThan(0)
  })

  test('a duplicate of the token is dropped', () => {
    const ring = three().run(1000)
    ring.fire(1, 'hold')
    ring.run(1)
    const before = ring.member(2).counters.tokensReceived
    expect(kinds(ring.fire(1, 'token-retransmit'))).toEqual(['send token', 'arm'])
    ring.run(2)
    expect(ring.member(3).counters.tokensReceived).toBeGreaterThan(0)
    expect(ring.member(2).counters.tokensReceived).toBe(before)
  })
})

describe('limits and bad input', () => {
  test('a damaged frame is refused and counted', () => {
    const ring = new LittleRing([1]).start(1).run(200)
    const [effect] = ring.do(1, { kind: 'frame', bytes: new Uint8Array(20) })
    expect(effect).toMatchObject({ do: 'refuse', error: { fault: 'value', offset: 0 } })
    expect(ring.member(1).counters.framesRefused).toBe(1)
    expect(ring.member(1).phase).toBe('operational')
  })

  test('a token that claims an impossible number of messages is dropped', () => {
    const ring = new LittleRing([1]).start(1).run(200)
    const member = ring.member(1)
    const token = encodeFrame({
      ...{ type: 'token', sender: 1, target: 1, aru: 0, aruAddr: 0, backlog: 0, fcc: 0, retransFlag: 0, requests: [] },
      ...{ seq: 0x7000_0000, tokenSeq: member.token.lastTokenSeq + 50, ring: member.ring },
    })
    const before = member.counters.tokensReceived
    ring.do(1, { kind: 'frame', bytes: token })
    expect(member.counters.tokensReceived).toBe(before)
  })

  test('a token that knows of fewer messages than were sent is dropped at once', () => {
    const ring = new LittleRing([1]).start(1).run(200).synced()
    ring.say(1, 'one')
    ring.run(3)
    const member = ring.member(1)
    expect(member.installed.log.high).toBeGreaterThan(0)
    const token = encodeFrame({
      ...{ type: 'token', sender: 1, target: 1, aru: 0, aruAddr: 0, backlog: 0, fcc: 0, retransFlag: 0, requests: [] },
      ...{ seq: 0, tokenSeq: member.token.lastTokenSeq + 50, ring: member.ring },
    })
    expect(ring.do(1, { kind: 'frame', bytes: token })).toEqual([])
  })

  test('a full queue says no, and says how full it is on the way', () => {
    const ring = new LittleRing([1]).start(1).run(200)
    const body = new Uint8Array(500_000)
    const levels: string[] = []
    let refused = 0
    for (let count = 0; count < 12; count += 1) {
      const room = roomFor(ring.member(1), body.length, 'a', 'application')
      for (const effect of ring.do(1, { kind: 'multicast', group: 'a', body, lane: 'application' })) {
        if (effect.do === 'queue-level') levels.push(effect.level)
        if (effect.do === 'reject') refused += 1
        if (effect.do === 'reject') expect(room).toBe(false)
      }
    }
    expect(levels).toEqual(['good', 'high', 'critical'])
    expect(refused).toBeGreaterThan(0)
  })

  test('a message above 1 MiB and a message before the start are rejected by name', () => {
    const ring = new LittleRing([1])
    expect(ring.say(1, 'early')).toMatchObject([{ do: 'reject', why: 'not-running' }])
    ring.start(1).run(200)
    const body = new Uint8Array(1024 * 1024 + 1)
    const effects = ring.do(1, { kind: 'multicast', group: 'a', body, lane: 'application' })
    expect(effects).toMatchObject([{ do: 'reject', why: 'too-long' }])
  })

  test('a process that slept does not believe the joins that waited for it', () => {
    const ring = new LittleRing([1, 2]).start(1, 2).run(400)
    ring.nowMs = 2000
    const bytes = encodeFrame({
      type: 'join',
      sender: 2,
      target: 0,
      from: nodeId(2),
      ringSeq: 90,
      proc: [nodeId(2)],
      failed: [],
    })
    const effects = ring.do(1, { kind: 'frame', bytes })
    expect(kinds(effects)).toEqual(['notice', 'drain'])
    expect(effects[0]).toMatchObject({ notice: { what: 'paused', pausedMs: 2000 } })
  })
})
