import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dataBytesOf, headBytes, PathMtu, type PathMtuAsk, probesMax, safePayloadBytes } from './path-mtu.ts'
import { noSealing, overheadOf, plainBytesMax, sealedBytes } from './sealing.ts'

/** Answers all questions as an interface and a path of these sizes would. How many there were. */
function settle(mtu: PathMtu, first: PathMtuAsk, interfaceBytes: number, pathBytes: number): number {
  let asked = 0
  for (let ask = first; ask !== undefined; asked += 1) {
    if (ask.wireBytes > interfaceBytes) ask = mtu.tooLong()
    else if (ask.wireBytes > pathBytes) ask = mtu.unanswered()
    else ask = mtu.arrived(ask.wireBytes)
  }
  return asked
}

const safe = safePayloadBytes + headBytes.ipv4
/** The usual sizes, one more than the last of them that arrives, and 16 halvings of what 16 bits hold. */
const questionsMax = 3 + 1 + 16

test('whatever the interface and the path take, the search ends at the smaller of both', () => {
  const sizes = fc.integer({ min: safe, max: 65_535 })
  const late: [number, number, number] = [37_268, 9_002, 536]
  fc.assert(
    fc.property(sizes, sizes, sizes, (interfaceBytes, pathBytes, later) => {
      const mtu = new PathMtu(headBytes.ipv4)
      expect(mtu.wireBytes).toBe(safe)
      expect(settle(mtu, mtu.restart(false), interfaceBytes, pathBytes)).toBeLessThanOrEqual(questionsMax * probesMax)
      expect([mtu.isSettled, mtu.wireBytes]).toEqual([true, Math.min(interfaceBytes, pathBytes)])
      settle(mtu, mtu.restart(true), interfaceBytes, later)
      expect(mtu.wireBytes).toBe(Math.min(interfaceBytes, later))
    }),
    { examples: [late] },
  )
})

test.each([
  [1500, 2],
  [9000, 4],
  [65_535, 5],
])('%d bytes are found with %d questions: it is what networks have', (bytes, questions) => {
  const mtu = new PathMtu(headBytes.ipv4)
  expect(settle(mtu, mtu.restart(false), bytes, bytes)).toBe(questions)
  expect(mtu.wireBytes).toBe(bytes)
})

test('a path that has not changed costs a question or two, and keeps its size meanwhile', () => {
  const mtu = new PathMtu(headBytes.ipv4)
  settle(mtu, mtu.restart(false), 1500, 1500)
  const ask = mtu.restart(true)
  expect([ask?.wireBytes, mtu.wireBytes]).toEqual([1500, 1500])
  expect(settle(mtu, ask, 1500, 1500)).toBe(2)
})

test('answers to what was not asked change nothing', () => {
  const mtu = new PathMtu(headBytes.ipv4)
  expect(mtu.arrived(9000)).toBeUndefined()
  mtu.restart(false)
  expect(mtu.arrived(65_000)).toBeUndefined()
  expect(mtu.wireBytes).toBe(safe)
})

test('parts of frames are as long as those of real nodes', () => {
  const aes256 = overheadOf({ cipher: 'aes256', hash: 'sha256' })
  expect(dataBytesOf(noSealing, 1500, headBytes.ipv4)).toBe(1446)
  expect(dataBytesOf(noSealing, safe, headBytes.ipv4)).toBe(482)
  expect(dataBytesOf(aes256, 1500, headBytes.ipv4)).toBe(1397)
  expect(dataBytesOf(aes256, safe, headBytes.ipv4)).toBe(421)
})

test('a sealed packet of the longest length fits, and one byte more does not', () => {
  for (const method of [
    undefined,
    { cipher: undefined, hash: 'sha1' },
    { cipher: 'aes128', hash: 'sha512' },
    { cipher: 'aes256', hash: 'md5' },
  ] as const) {
    const overhead = overheadOf(method)
    for (let bytes = 500; bytes < 540; bytes += 1) {
      const longest = plainBytesMax(overhead, bytes)
      expect(sealedBytes(overhead, longest)).toBeLessThanOrEqual(bytes)
      expect(sealedBytes(overhead, longest + 1)).toBeGreaterThan(bytes)
    }
  }
})
