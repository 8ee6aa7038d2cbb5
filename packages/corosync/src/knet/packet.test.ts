import fs from 'node:fs'
import path from 'node:path'
import { DecodeError, nodeId } from '@quorate/base'
import { decodeFrame } from '@quorate/totem'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { knetCipher } from '../transport/knet-cipher.ts'
import {
  decodeKnetPacket,
  encodeKnetData,
  encodePing,
  encodePmtud,
  encodePmtudReply,
  encodePong,
  type KnetPacket,
  pmtudLayout,
} from './packet.ts'
import { Reassembly } from './reassembly.ts'
import { Sealing, sealedBytes } from './sealing.ts'

const shared = process.env['QUORATE_SHARED'] ?? path.resolve(import.meta.dirname, '../../../../../shared')
const folder = path.join(shared, 'lab/pcap')
const isThere = fs.existsSync(path.join(folder, 'knet.pcap'))
const why = isThere ? '' : ` (skipped: no ${folder})`

/** Payloads and senders (the last byte of their address) of UDP in a classic little-endian pcap of Ethernet frames. */
function payloadsOf(name: string): readonly { readonly from: number; readonly payload: Uint8Array }[] {
  const pcap = fs.readFileSync(path.join(folder, name))
  const found: { from: number; payload: Uint8Array }[] = []
  for (let at = 24; at < pcap.length; ) {
    const length = pcap.readUInt32LE(at + 8)
    const ip = at + 16 + 14
    const udp = ip + ((pcap[ip] ?? 0) & 0x0f) * 4
    if (pcap.readUInt16BE(ip - 2) === 0x0800 && pcap[ip + 9] === 17) {
      const payload = new Uint8Array(pcap.subarray(udp + 8, udp + pcap.readUInt16BE(udp + 4)))
      found.push({ from: pcap[ip + 15] ?? 0, payload })
    }
    at += 16 + length
  }
  return found
}

/** Counts by kind; every frame of totem in them is decoded. */
function countsOf(
  packets: readonly { readonly from: number; readonly packet: KnetPacket }[],
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  const reassemblies = new Map<number, Reassembly>()
  for (const { from, packet } of packets) {
    expect(packet.host).toBe(from)
    counts[packet.type] = (counts[packet.type] ?? 0) + 1
    if (packet.type !== 'data') continue
    const known = reassemblies.get(from) ?? new Reassembly()
    reassemblies.set(from, known)
    const frame = known.take(packet)
    if (frame === undefined) continue
    const { type } = decodeFrame(frame)
    counts[type] = (counts[type] ?? 0) + 1
  }
  return counts
}

test.skipIf(!isThere)(`every captured packet of real nodes decodes, and every frame in them${why}`, () => {
  const packets = payloadsOf('knet.pcap').map(({ from, payload }) => ({ from, packet: decodeKnetPacket(payload) }))
  expect(countsOf(packets)).toEqual({
    ...{ data: 2498, ping: 350, pong: 268, pmtud: 18, 'pmtud-reply': 18 },
    ...{ token: 1976, mcast: 141, 'merge-detect': 173, join: 117, 'commit-token': 25, 'hold-cancel': 25 },
  })
})

test.skipIf(!isThere)(`captured packets with aes256 and sha256 open with their key, and with no other${why}`, () => {
  const key = fs.readFileSync(path.join(folder, 'knet-crypto.authkey'))
  const method = { cipher: 'aes256', hash: 'sha256' } as const
  const sealing = new Sealing(method, knetCipher(method, key))
  const stranger = new Sealing(
    method,
    knetCipher(
      method,
      Uint8Array.from(key, (byte) => byte ^ 1),
    ),
  )
  const packets = payloadsOf('knet-crypto.pcap').map(({ from, payload }) => {
    const plain = sealing.open(payload)
    expect(plain).toBeDefined()
    expect(stranger.open(payload)).toBeUndefined()
    expect(sealedBytes(sealing.overhead, plain?.byteLength ?? 0)).toBe(payload.byteLength)
    return { from, packet: decodeKnetPacket(plain ?? new Uint8Array()) }
  })
  expect(countsOf(packets)).toMatchObject({ ping: 543, pong: 413, pmtud: 23, 'pmtud-reply': 23, token: 2807 })
})

test('what is written is read again', () => {
  const id = fc.integer({ min: 1, max: 65_535 }).map(nodeId)
  const frames = fc.uint8Array({ minLength: 1, maxLength: 3000 })
  fc.assert(
    fc.property(id, fc.integer({ min: 1, max: 65_535 }), fc.boolean(), frames, (host, seq, isBroadcast, frame) => {
      const reassembly = new Reassembly()
      const parts = encodeKnetData(host, seq, isBroadcast, frame, 100).map((bytes) => decodeKnetPacket(bytes))
      const whole = parts.map((packet) => {
        expect(packet).toMatchObject({ type: 'data', host, seq, isBroadcast })
        return packet.type === 'data' ? reassembly.take(packet) : undefined
      })
      expect(whole.filter((item) => item !== undefined)).toEqual([frame])
      expect(reassembly.waiting).toBe(0)
    }),
  )
  const ping = encodePing(nodeId(1), 3, 12_345.678, 9, true)
  expect(decodeKnetPacket(ping)).toMatchObject({ type: 'ping', host: 1, link: 3, seq: 9, isTimed: true })
  expect(decodeKnetPacket(encodePong(nodeId(2), ping))).toMatchObject({ type: 'pong', host: 2, link: 3, seq: 9 })
  const answer = decodeKnetPacket(encodePong(nodeId(2), ping))
  expect(answer.type === 'pong' && answer.sentMs).toBeCloseTo(12_345.678, 3)
  const question = encodePmtud(nodeId(1), 2, 1500, 1472)
  expect(question).toHaveLength(1472)
  expect(decodeKnetPacket(encodePmtudReply(nodeId(2), question))).toEqual({
    ...{ type: 'pmtud-reply', host: 2, link: 2, size: 1500 },
  })
  expect(encodePmtudReply(nodeId(2), question)).toHaveLength(pmtudLayout.size)
})

test.each([
  [[], 'need 6 bytes'],
  [[2, 0, 0, 1, 0, 0], 'version 1 is expected'],
  [[1, 0, 0, 0, 0, 0], 'a node id is expected'],
  [[1, 0x80, 0, 1, 0, 0], 'a known type of packet is expected'],
  [[1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 9], 'the number of a frame is expected'],
  [[1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 9], 'no compression is expected'],
  [[1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 9], 'channel 0 is expected'],
  [[1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9], 'a part of the frame is expected, got 0 of 0'],
  [[1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 9], 'a part of the frame is expected, got 1 of 1'],
  [[1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 9], 'a part of the frame is expected, got 0 of 2'],
  [[1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 3, 0, 9], 'a part of the frame is expected, got 3 of 2'],
  [[1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0], 'a payload is expected'],
  [[1, 0x83, 0, 1, 0, 0, 8, 0, 0], 'a link in 0..7 is expected'],
  [[1, 0x81, 0, 1, 0, 0, 0, 0, 0], 'need 26 bytes'],
])('%j is refused: %s', (bytes, message) => {
  expect(() => decodeKnetPacket(Uint8Array.from(bytes))).toThrow(message)
})

test('no bytes make the decoder fail in another way than with a DecodeError', () => {
  const head = fc.constantFrom([1, 0], [1, 0x81], [1, 0x82], [1, 0x83], [1, 0x84])
  fc.assert(
    fc.property(head, fc.uint8Array({ maxLength: 40 }), (start, rest) => {
      try {
        decodeKnetPacket(Uint8Array.from([...start, ...rest]))
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }),
    { numRuns: 2000 },
  )
})

test('a frame of more parts than the wire can number is refused', () => {
  expect(() => encodeKnetData(nodeId(1), 1, false, new Uint8Array(256), 1)).toThrow('256 parts of a frame, at most 255')
})
