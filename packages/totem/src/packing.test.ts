import fs from 'node:fs'
import path from 'node:path'
import type { NodeId } from '@quorate/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Assembler } from './assembly.ts'
import type { Lane } from './event.ts'
import { decodeFrame } from './frame-decoder.ts'
import { mcastLayout } from './frame-layout.ts'
import { framesMax, groupHeader, Packer, partsRoom } from './packing.ts'

const shared = process.env['QUORATE_SHARED'] ?? path.resolve(import.meta.dirname, '../../../../shared')
const capture = path.join(shared, 'lab/pcap/udpu.pcap')
const sender = 7 as NodeId
const header = groupHeader('a')

function packed(sizes: readonly number[], lane: Lane = 'application', netMtu = 1500): Uint8Array[] {
  const frames: Uint8Array[] = []
  const packer = new Packer(sender, netMtu, lane, (frame) => frames.push(frame))
  sizes.forEach((size, index) => {
    packer.add(header, body(size, index))
  })
  packer.flush()
  return frames
}

/** Bytes that come again each {@link period}, which no frame's room is a multiple of. */
const period = 251
const pattern = Uint8Array.from({ length: period + 500_000 }, (_, at) => at % period)

function body(size: number, index: number): Uint8Array {
  const from = (index * 31) % period
  return pattern.slice(from, from + size)
}

function payload(frame: Uint8Array): Uint8Array {
  return frame.subarray(mcastLayout.size)
}

type Sent = { readonly frame: Uint8Array; readonly lane: Lane }

function inLane(lane: Lane, frames: readonly Uint8Array[]): Sent[] {
  return frames.map((frame) => ({ frame, lane }))
}

/** Bodies of what frames become, in order. */
function assembled(frames: readonly Sent[]): Uint8Array[] {
  const assembler = new Assembler()
  return frames.flatMap(({ frame, lane }) =>
    assembler.take(sender, payload(frame), lane).messages.map((message) => message.body),
  )
}

/** What a node says between two changes of membership, and while its services synchronise at the second one. */
type Round = {
  readonly application: readonly number[]
  /** How many of the frames that wait then go out before the change, modulo their number and one. */
  readonly cut: number
  readonly sync: readonly number[]
}

/** A message of so many bytes whose beginning tells it from others. */
function marked(bytes: number, number: number): Uint8Array {
  const message = body(Math.max(4, bytes), number)
  new DataView(message.buffer).setUint32(0, number, true)
  return message
}

/** The frames of a node and what they carry. `isCounted`: both lanes count their fragments through, as in corosync. */
function spoken(
  rounds: readonly Round[],
  netMtu: number,
  isCounted: boolean,
  from: number,
): { frames: Sent[]; due: Uint8Array[] } {
  const numberMax = 255
  const frames: Sent[] = []
  const due: Uint8Array[] = []
  const waiting: Record<Lane, Uint8Array[]> = { application: [], sync: [] }
  let count = from
  const packer = (lane: Lane): Packer => {
    let last = 0
    return new Packer(sender, netMtu, lane, (frame) => {
      const bytes = payload(frame)
      if (isCounted) {
        bytes[5] = last
        if (bytes[4] !== 0) {
          count = (count % numberMax) + 1
          bytes[4] = count
        }
        last = bytes[4] as number
      }
      waiting[lane].push(frame)
    })
  }
  const packers = { application: packer('application'), sync: packer('sync') }
  const say = (lane: Lane, sizes: readonly number[]): void => {
    for (const size of sizes) {
      const message = marked(size, due.length)
      due.push(message)
      packers[lane].add(header, message)
    }
    packers[lane].flush()
  }
  for (const { application, cut, sync } of rounds) {
    say('application', application)
    frames.push(...inLane('application', waiting.application.splice(0, cut % (waiting.application.length + 1))))
    say('sync', sync)
    frames.push(...inLane('sync', waiting.sync.splice(0)))
  }
  frames.push(...inLane('application', waiting.application))
  return { frames, due }
}

function expectWhole({ frames, due }: ReturnType<typeof spoken>): void {
  const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const came = assembled(frames).sort((a, b) => numberOf(a) - numberOf(b))
  expect(came.map((message) => message.length)).toEqual(due.map((message) => message.length))
  expect(came.every((message, at) => Buffer.compare(message, due[at] as Uint8Array) === 0)).toBe(true)
}

describe('packing', () => {
  test('a long message fills frames as corosync does: 1400 bytes of it in 1455', () => {
    const frames = packed([5000])
    expect(frames.map((frame) => frame.length)).toEqual([1455, 1455, 1455, 5005 - 3 * 1400 + 55])
    expect(frames.map((frame) => [...payload(frame).subarray(4, 8)])).toEqual([
      [1, 0, 1, 0],
      [2, 1, 1, 0],
      [3, 2, 1, 0],
      [0, 3, 1, 0],
    ])
  })

  test('short messages share a frame, and one that does not fit the rest begins the next one whole', () => {
    const frames = packed([500, 500, 500])
    expect(frames.map((frame) => payload(frame)[6])).toEqual([2, 1])
    expect(frames.every((frame) => payload(frame)[4] === 0)).toBe(true)
  })

  test('chains of fragments count within the numbers of their lane', () => {
    const numbers = (lane: Lane): number[] => packed([300_000], lane).map((frame) => payload(frame)[4] ?? 0)
    expect(Math.max(...numbers('application'))).toBe(127)
    expect(numbers('application').slice(126, 128)).toEqual([127, 1])
    expect(Math.min(...numbers('sync').slice(0, -1))).toBe(128)
  })

  test.each([1500, 9000, 65_536])('messages of any size survive frames of %s bytes', (netMtu) => {
    fc.assert(
      fc.property(fc.array(fc.nat(4000), { maxLength: 30 }), (sizes) => {
        const frames = packed(sizes, 'application', netMtu)
        expect(Math.max(0, ...frames.map((frame) => frame.length))).toBeLessThanOrEqual(netMtu - 45)
        expect(frames.every((frame) => decodeFrame(frame).type === 'mcast')).toBe(true)
        const whole = assembled(inLane('application', frames))
        expect(whole.map((message) => message.length)).toEqual(sizes)
        expect(whole.every((message, at) => Buffer.compare(message, body(message.length, at)) === 0)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('limits are those of corosync', () => {
    expect(partsRoom(1500)).toBe(1402)
    expect(framesMax(1500)).toBe(2974)
  })
})

describe('assembly', () => {
  const sizes = (max: number): fc.Arbitrary<number[]> =>
    fc.array(fc.oneof({ weight: 4, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.nat(max) }), {
      minLength: 1,
      maxLength: 3,
    })
  /** Fragments of 60 bytes: the longest messages take all numbers twice and more. */
  const smallMtu = 160
  const rounds = fc.array(fc.record({ application: sizes(40_000), cut: fc.nat(), sync: sizes(4000) }), {
    minLength: 1,
    maxLength: 4,
  })

  test.each([
    ['a sender counts both lanes through', true],
    ['each lane of a sender has numbers of its own', false],
  ])(
    'what services say while they synchronise comes between fragments at any place and harms nothing: %s',
    (_, isCounted) => {
      fc.assert(
        fc.property(rounds, fc.nat(254), (said, from) => {
          expectWhole(spoken(said, smallMtu, isCounted, from))
        }),
        { numRuns: 100 },
      )
    },
  )

  test.each<[Round[], number]>([
    // Both lanes stood at the same number, and either could go on with a piece of that length.
    [[{ application: [429_796], cut: 2_147_483_618, sync: [2796, 0] }], 127],
    [[{ application: [35_946, 319_643], cut: 1, sync: [1324, 2865] }], 0],
    // The very number that the long message had last: 300 frames on from 5, and 255 further on.
    [[{ application: [420_000], cut: 46, sync: [1568] }], 5],
  ])(
    'a long message and those of a synchronisation that meet at one number are told apart: %j from %s',
    (said, from) => {
      expectWhole(spoken(said, 1500, true, from))
    },
  )

  test('a fragment that is taken for one of the other lane is dropped with its message, and joined to none', () => {
    const long = packed([4000, 4000, 20])
    const sync = packed([3000, 30], 'sync')
    const swapped = [
      ...inLane('application', long.slice(0, 1)),
      ...inLane('sync', sync.slice(0, 1)),
      ...inLane('application', sync.slice(1, 2)),
      ...inLane('sync', long.slice(1, 2)),
      ...inLane('sync', sync.slice(2)),
      ...inLane('application', long.slice(2)),
    ]
    expect(assembled(swapped).map((message) => message.length)).toEqual([30, 4000, 20])
  })

  test('what has come of nodes that left or come from another ring is not gone on with', () => {
    const frames = packed([4000, 20])
    const configuration = {
      kind: 'regular',
      ring: { rep: 1, seq: 4 },
      members: [sender],
      left: [],
      joined: [],
    } as const
    for (const change of [{ left: [sender] }, { joined: [sender] }]) {
      const assembler = new Assembler()
      assembler.take(sender, payload(frames[0] as Uint8Array), 'application')
      assembler.configured({ ...configuration, ...change })
      const rest = frames.slice(1).map((frame) => assembler.take(sender, payload(frame), 'application'))
      expect(rest[0]?.torn).toBe(true)
      expect(rest.flatMap(({ messages }) => messages.map((message) => message.body.length))).toEqual([20])
    }
  })

  test('who comes in the middle of a message loses that message only', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { minLength: 1, maxLength: 10 }), fc.nat(), (sizes, start) => {
        const frames = packed(sizes)
        const whole = assembled(inLane('application', frames)).map((message) => message.length)
        const from = start % frames.length
        const gone = assembled(inLane('application', frames.slice(0, from))).length
        const cut = (payload(frames[from] ?? new Uint8Array(60))[5] ?? 0) === 0 ? 0 : 1
        const rest = assembled(inLane('application', frames.slice(from)))
        expect(rest.map((message) => message.length)).toEqual(whole.slice(gone + cut))
      }),
    )
  })

  test('a payload that does not add up is dropped, whatever it is', () => {
    const assembler = new Assembler()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const { messages } = assembler.take(sender, bytes, 'application')
        expect(messages.every((message) => message.body.length <= bytes.length)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test.skipIf(!fs.existsSync(capture))(`real corosync's messages come together (skipped without ${capture})`, () => {
    const assemblers = new Map<string, Assembler>()
    const groups = new Map<string, number>()
    let longest = 0
    for (const { to, frame } of messagesOf(capture)) {
      const key = `${to} ${frame.ring.seq}`
      const assembler = assemblers.get(key) ?? new Assembler()
      assemblers.set(key, assembler)
      const { messages, torn } = assembler.take(frame.origin, payload(frame.bytes), 'application')
      expect(torn).toBe(false)
      for (const { group, body: message } of messages) {
        groups.set(group, (groups.get(group) ?? 0) + 1)
        longest = Math.max(longest, message.length)
      }
    }
    expect([...groups.keys()].sort()).toEqual(['a', 'sync'])
    expect(longest).toBeGreaterThan(5000)
  })
})

/** Ordinary message frames of a capture, with the last byte of the address that each went to. */
function messagesOf(file: string): { to: number; frame: Extract<ReturnType<typeof decodeFrame>, { type: 'mcast' }> }[] {
  const pcap = fs.readFileSync(file)
  const found = []
  for (let at = 24; at < pcap.length; at += 16 + pcap.readUInt32LE(at + 8)) {
    const ip = at + 30
    if (pcap.readUInt16BE(ip - 2) !== 0x0800 || pcap[ip + 9] !== 17 || pcap.readUInt16BE(ip + 22) !== 5405) continue
    const frame = decodeFrame(new Uint8Array(pcap.subarray(ip + 28, ip + 20 + pcap.readUInt16BE(ip + 24))))
    if (frame.type === 'mcast' && !frame.encapsulated) found.push({ to: pcap[ip + 19] ?? 0, frame })
  }
  return found
}
