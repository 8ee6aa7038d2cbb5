import fs from 'node:fs'
import path from 'node:path'
import { DecodeError, type NodeId } from '@quorate/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Frame } from './frame.ts'
import { decodeFrame } from './frame-decoder.ts'
import { encodeFrame } from './frame-encoder.ts'
import { mcastLayout, tokenLayout } from './frame-layout.ts'
import { ringSeqMax } from './ring-id.ts'

const shared = process.env['QUORATE_SHARED'] ?? path.resolve(import.meta.dirname, '../../../../shared')
const captures = ['udpu', 'udp'].map((name) => path.join(shared, 'lab/pcap', `${name}.pcap`))
const port = 5405

/** UDP payloads to the Totem port in a classic little-endian pcap of Ethernet frames. */
function totemPayloads(file: string): Uint8Array[] {
  const pcap = fs.readFileSync(file)
  const payloads: Uint8Array[] = []
  for (let at = 24; at < pcap.length; ) {
    const length = pcap.readUInt32LE(at + 8)
    const ip = at + 16 + 14
    const udp = ip + ((pcap[ip] ?? 0) & 0x0f) * 4
    if (pcap.readUInt16BE(ip - 2) === 0x0800 && pcap[ip + 9] === 17 && pcap.readUInt16BE(udp + 2) === port) {
      payloads.push(new Uint8Array(pcap.subarray(udp + 8, udp + pcap.readUInt16BE(udp + 4))))
    }
    at += 16 + length
  }
  return payloads
}

const missing = captures.filter((file) => !fs.existsSync(file))
describe.skipIf(missing.length > 0)(`frames of real corosync (skipped where missing: ${missing.join(' ')})`, () => {
  test.each(captures)('every frame of %s is read and written back byte for byte', (file) => {
    const kinds = new Map<string, number>()
    for (const bytes of totemPayloads(file)) {
      const frame = decodeFrame(bytes)
      expect(encodeFrame(frame)).toEqual(bytes)
      kinds.set(frame.type, (kinds.get(frame.type) ?? 0) + 1)
    }
    expect([...kinds.keys()].sort()).toEqual(['commit-token', 'hold-cancel', 'join', 'mcast', 'merge-detect', 'token'])
    expect(kinds.get('token')).toBeGreaterThan(1600)
  })

  test('token and message read by hand agree with their tables', () => {
    for (const bytes of captures.flatMap(totemPayloads)) {
      const frame = decodeFrame(bytes)
      if (frame.type === 'token') {
        const { type: _, requests, ring, ...fields } = frame
        const byTable = tokenLayout.decode(bytes)
        expect(byTable).toMatchObject(fields)
        expect([byTable.rep, byTable.ringSeq]).toEqual([ring.rep, BigInt(ring.seq)])
        expect(byTable.requestCount).toBe(requests.length)
      } else if (frame.type === 'mcast') {
        const { type: _, encapsulated, bytes: __, ring, ...fields } = frame
        const byTable = mcastLayout.decode(bytes)
        expect(byTable).toMatchObject(fields)
        expect([byTable.rep, byTable.ringSeq]).toEqual([ring.rep, BigInt(ring.seq)])
        expect(byTable.encapsulated).toBe(encapsulated ? 1 : 2)
      }
    }
  })
})

const u32 = fc.nat(0xffff_ffff)
const id = fc.integer({ min: 1, max: 0xffff_ffff }).map((value) => value as NodeId)
const ring = fc.record({ rep: u32, seq: fc.integer({ min: 0, max: ringSeqMax }) })
const addressed = { sender: u32, target: u32 }
const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    ...addressed,
    type: fc.constant('token' as const),
    seq: u32,
    tokenSeq: u32,
    aru: u32,
    aruAddr: u32,
    ring,
    backlog: u32,
    fcc: u32,
    retransFlag: fc.constantFrom(0, 1, -1),
    requests: fc.array(fc.record({ ring, seq: u32 }), { maxLength: 30 }),
  }),
  fc.record({ ...addressed, type: fc.constant('merge-detect' as const), from: id, ring }),
  fc.record({
    ...addressed,
    type: fc.constant('join' as const),
    from: id,
    ringSeq: fc.integer({ min: 0, max: ringSeqMax }),
    proc: fc.array(id, { maxLength: 20 }),
    failed: fc.array(id, { maxLength: 20 }),
  }),
  fc.record({ ...addressed, type: fc.constant('hold-cancel' as const), ring }),
  fc
    .record({
      ...addressed,
      type: fc.constant('commit-token' as const),
      tokenSeq: u32,
      ring,
      retransFlag: u32,
      members: fc.uniqueArray(id, { minLength: 1, maxLength: 12 }).map((ids) => ids.sort((a, b) => a - b)),
      entry: fc.record({ ring, aru: u32, highDelivered: u32, received: fc.nat(1) }),
    })
    .map(({ entry, ...rest }) => ({ ...rest, index: rest.members.length - 1, entries: rest.members.map(() => entry) })),
)

describe('frames from anywhere', () => {
  test('what is written is read back', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
      }),
    )
  })

  test('a damaged frame is refused with a DecodeError or is another whole frame', () => {
    const damage = fc.record({
      at: fc.nat(),
      byte: fc.nat(255),
      cut: fc.option(fc.nat()),
      tail: fc.uint8Array({ maxLength: 9 }),
    })
    fc.assert(
      fc.property(anyFrame, damage, (frame, { at, byte, cut, tail }) => {
        const whole = new Uint8Array([...encodeFrame(frame), ...tail])
        whole[at % whole.length] = byte
        readOrRefuse(cut === null ? whole : whole.subarray(0, cut % whole.length))
      }),
      { numRuns: 2000 },
    )
  })

  test('random bytes behind a right beginning never do anything but a DecodeError', () => {
    const body = fc.tuple(fc.nat(6), fc.nat(2), fc.uint8Array({ maxLength: 200 }))
    fc.assert(
      fc.property(body, ([type, encapsulated, rest]) =>
        readOrRefuse(new Uint8Array([0x70, 0xc0, 3, type, encapsulated, ...rest])),
      ),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['a count above the limit', { at: 53, value: 31 }, 'limit'],
    ['a count that would wrap 32 bits when multiplied', { at: 53, value: 0x1000_0001 }, 'limit'],
    ['a version of the future', { at: 2, value: 4 }, 'value'],
    ['the other byte order', { at: 0, value: 0xc0 }, 'value'],
    ['a ring sequence beyond every cluster', { at: 39, value: 0xffff }, 'limit'],
  ])('a token with %s is refused', (_, { at, value }, fault) => {
    const token = tokenOf()
    if (at === 0) token.set([0xc0, 0x70])
    else if (at === 2) token[2] = value
    else new DataView(token.buffer).setUint32(at, value, true)
    expect(faultOf(token)).toBe(fault)
  })

  test('a frame that ends early or late is refused', () => {
    const token = tokenOf()
    expect(faultOf(token.subarray(0, 56))).toBe('short')
    expect(faultOf(new Uint8Array([...token, 0]))).toBe('value')
    expect(faultOf(new Uint8Array(3))).toBe('short')
    expect(faultOf(new Uint8Array(65_537))).toBe('limit')
  })
})

function tokenOf(): Uint8Array {
  const bytes = new Uint8Array(57)
  bytes.set([0x70, 0xc0, 3, 0, 0, 1])
  decodeFrame(bytes)
  return bytes
}

function faultOf(bytes: Uint8Array): string {
  try {
    decodeFrame(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return error.fault
    throw error
  }
  return 'none'
}

function readOrRefuse(bytes: Uint8Array): void {
  try {
    expect(encodeFrame(decodeFrame(bytes))).toHaveLength(bytes.length)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
}
