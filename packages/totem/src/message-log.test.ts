import type { NodeId } from '@quorate/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MessageLog, messageSlotsMax } from './message-log.ts'
import { seqAfter, seqBefore, seqDistance, seqMin } from './seq.ts'

const message = (seq: number) => ({ seq: seq >>> 0, origin: 1 as NodeId, encapsulated: false, bytes: new Uint8Array() })

describe('numbers wrap', () => {
  test('and are compared by distance', () => {
    expect(seqBefore(0xffff_ffff, 0)).toBe(true)
    expect(seqBefore(0, 0xffff_ffff)).toBe(false)
    expect(seqBefore(5, 5)).toBe(false)
    expect(seqAfter(0xffff_ffff)).toBe(0)
    expect(seqDistance(0xffff_fffe, 3)).toBe(5)
    expect(seqMin(0xffff_fff0, 2)).toBe(0xffff_fff0)
  })
})

describe('the log of a ring', () => {
  test('agrees with a set, from any starting point, in any order of arrival', () => {
    const start = fc.constantFrom(0, 1000, 0xffff_ff00)
    fc.assert(
      fc.property(start, fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 300 }), (base, offsets) => {
        const log = logFrom(base)
        const held = new Set<number>()
        for (const offset of offsets) {
          if (log.add(message(base + offset)) === held.has(offset)) throw new Error(`offset ${offset}`)
          held.add(offset)
        }
        let aru = 0
        while (held.has(aru + 1)) aru += 1
        expect(log.aru).toBe((base + aru) >>> 0)
        expect(log.high).toBe((base + Math.max(0, ...held)) >>> 0)
        const found = Array.from({ length: 600 }, (_, at) => at + 1).filter((offset) => log.get((base + offset) >>> 0))
        expect(found).toEqual([...held].sort((a, b) => a - b))
        log.release((base + aru) >>> 0)
        expect(log.get((base + aru) >>> 0)).toBeUndefined()
        expect(log.add(message(base + aru))).toBe(false)
      }),
    )
  })

  test('holds no more than its slots', () => {
    const log = new MessageLog(0)
    expect(log.add(message(messageSlotsMax))).toBe(true)
    expect(log.add(message(messageSlotsMax + 1))).toBe(false)
    log.release(1)
    expect(log.add(message(messageSlotsMax + 1))).toBe(true)
  })

  test('counts for how long a message has been missing, until it comes', () => {
    const log = new MessageLog(0)
    expect([log.missed(3), log.missed(3), log.missed(100)]).toEqual([1, 2, 1])
    log.add(message(3))
    log.release(3)
    expect(log.missed(3)).toBe(0)
  })
})

/** A log that has come as far as `base`. */
function logFrom(base: number): MessageLog {
  const log = new MessageLog(0)
  log.aru = base
  log.high = base
  log.delivered = base
  log.released = base
  return log
}
