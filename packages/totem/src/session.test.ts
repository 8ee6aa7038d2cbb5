import { monoMs, type NodeId, nodeId } from '@quorate/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { totemConfig } from './config.ts'
import type { TotemEvent, TotemTimer } from './event.ts'
import type { Frame } from './frame.ts'
import { decodeFrame } from './frame-decoder.ts'
import { encodeFrame, startMcast } from './frame-encoder.ts'
import type { RingId } from './ring-id.ts'
import type { RingMember } from './ring-member.ts'
import { createTotem, step } from './step.ts'

/** Effects that one event may cause at the most: what the queue and the retransmit list allow, with room to spare. */
const effectsMax = 20_000

/** Ids near those of the ring, so that what is made up fits often enough to get past the first check. */
const id = fc
  .oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 0xffff_ffff }))
  .map((value) => value as NodeId)
const ids = fc.oneof(fc.uniqueArray(id, { maxLength: 5 }), fc.uniqueArray(id, { maxLength: 384 }))
const near = fc.oneof(fc.nat(20), fc.nat(0xffff_ffff), fc.constantFrom(0xffff_ffff, 16_384, 0x8000_0000))
const ringSeq = fc.oneof(fc.nat(60), fc.constantFrom(2 ** 32, 2 ** 48 - 1))

type Made = (ring: RingId) => Frame
const otherRing = fc.record({ rep: id.map(Number), seq: fc.oneof(fc.nat(60), fc.constant(2 ** 48 - 1)) })
const ringOr = fc.option(otherRing)

const made: fc.Arbitrary<Made> = fc.oneof(
  fc
    .record({
      seq: near,
      tokenSeq: near,
      aru: near,
      aruAddr: near,
      backlog: near,
      fcc: near,
      flag: fc.nat(1),
      ring: ringOr,
      asked: fc.array(near, { maxLength: 30 }),
    })
    .map(
      ({ ring: other, asked, flag, ...rest }): Made =>
        (ring) => ({
          ...rest,
          ...{ type: 'token', sender: 2, target: 1, retransFlag: flag, ring: other ?? ring },
          requests: asked.map((seq) => ({ ring, seq })),
        }),
    ),
  fc.record({ from: id, ring: ringOr }).map(
    ({ from, ring: other }): Made =>
      (ring) => ({
        ...{ type: 'merge-detect', sender: from, target: 0, from, ring: other ?? ring },
      }),
  ),
  fc.record({ from: id, ringSeq, proc: ids, failed: ids, leaves: fc.boolean() }).map(
    ({ leaves, ...rest }): Made =>
      () => ({
        ...{ type: 'join', sender: leaves ? 0 : rest.from, target: 0 },
        ...rest,
      }),
  ),
  fc.record({ members: ids, index: fc.nat(5), ring: ringOr, aru: near, received: fc.nat(1) }).map(
    ({ members: list, index, ring: other, aru, received }): Made =>
      (ring) => {
        const members = [...new Set([...list, nodeId(1)])].sort((a, b) => a - b).slice(0, 384)
        const entry = { ring, aru, highDelivered: aru, received }
        return {
          ...{ type: 'commit-token', sender: 2, target: 1, tokenSeq: 1, retransFlag: 0 },
          ...{ ring: other ?? ring, index: Math.min(index, members.length), members },
          entries: members.map(() => entry),
        }
      },
  ),
  fc
    .record({
      from: id,
      seq: near,
      ring: ringOr,
      encapsulated: fc.boolean(),
      payload: fc.uint8Array({ maxLength: 80 }),
    })
    .map(
      ({ from, seq, ring: other, encapsulated, payload }): Made =>
        (ring) => {
          const bytes = new Uint8Array(45 + payload.length)
          startMcast(bytes, from, encapsulated)
          bytes.set(payload, 45)
          const rest = { sender: from, target: 0, thisSeqno: 0, nodeId: 0, guarantee: 0 }
          return { type: 'mcast', origin: from, encapsulated, seq, ring: other ?? ring, bytes, ...rest }
        },
    ),
  fc.record({ ring: ringOr }).map(
    ({ ring: other }): Made =>
      (ring) => ({
        ...{ type: 'hold-cancel', sender: 2, target: 0, ring: other ?? ring },
      }),
  ),
)

const timers: readonly TotemTimer[] = ['token-loss', 'token-retransmit', 'join', 'consensus', 'merge', 'hold', 'pause']
type Turn = { readonly frame: Made } | { readonly event: TotemEvent } | { readonly own: true }
const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 6, arbitrary: made.map((frame) => ({ frame })) },
  { weight: 4, arbitrary: fc.constant({ own: true as const }) },
  { weight: 2, arbitrary: fc.constantFrom(...timers).map((timer) => ({ event: { kind: 'timer' as const, timer } })) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 3000 }).map((body) => ({
      event: { kind: 'multicast' as const, group: 'a', body, lane: 'application' as const },
    })),
  },
)

/** A member whose own unicasts can be handed back to it, so that it gets into every phase. */
class Victim {
  readonly member: RingMember = createTotem(totemConfig(nodeId(1)), monoMs(0))
  readonly #own: Uint8Array[] = []

  constructor() {
    this.take({ kind: 'start', storedRingSeq: 0 })
    for (let count = 0; count < 40; count += 1) this.takeOwn()
  }

  take(event: TotemEvent): void {
    const effects = step(this.member, event, monoMs(0))
    expect(effects.length).toBeLessThan(effectsMax)
    for (const effect of effects) {
      if (effect.do === 'send' && effect.to === 1) this.#own.push(effect.bytes)
      if (effect.do === 'send' || effect.do === 'send-all') decodeFrame(effect.bytes)
    }
  }

  takeOwn(): void {
    const bytes = this.#own.shift()
    if (bytes !== undefined) this.take({ kind: 'frame', bytes })
  }
}

test('no sequence of frames that can be read makes a member throw or send what cannot be read', () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 60 }), (turns) => {
      const victim = new Victim()
      for (const each of turns) {
        if ('own' in each) victim.takeOwn()
        else if ('event' in each) victim.take(each.event)
        else victim.take({ kind: 'frame', bytes: encodeFrame(each.frame(victim.member.ring)) })
      }
    }),
    { numRuns: 1000 },
  )
})
