import { encodeText } from '@quorate/base'

/** Rotations of the four rounds (RFC 1321, 3.4). */
const rotations = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const

/** The 64 constants of RFC 1321, 3.4: the whole part of 2^32 times the sine of 1, 2, 3 … */
const sines = Int32Array.from({ length: 64 }, (_, i) => Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))))
/** Rotation of each of the 64 steps, and the word of the block that it takes. */
const shifts = Int32Array.from({ length: 64 }, (_, i) => (rotations[i >> 4] as readonly number[])[i & 3] as number)
const words = Int32Array.from({ length: 64 }, (_, i) => {
  const step = i & 15
  return [step, (5 * step + 1) & 15, (3 * step + 5) & 15, (7 * step) & 15][i >> 4] as number
})

/**
 * MD5 as 32 hex digits of the UTF-8 bytes of a text. The digests of the CIB are MD5 because those of the peers are; they
 * detect accidents and keep nobody out. Our own because this package must also run where there is no node:crypto.
 */
export function md5Hex(text: string): string {
  const bytes = encodeText(text)
  const state = new Int32Array([0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476])
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const block = new Int32Array(16)
  const whole = bytes.length - (bytes.length % 64)
  for (let at = 0; at < whole; at += 64) {
    for (let i = 0; i < 16; i += 1) block[i] = view.getInt32(at + 4 * i, true)
    mix(state, block)
  }
  const rest = bytes.length - whole
  const tail = new Uint8Array(rest < 56 ? 64 : 128)
  tail.set(bytes.subarray(whole))
  tail[rest] = 0x80
  const tailView = new DataView(tail.buffer)
  tailView.setUint32(tail.length - 8, (bytes.length * 8) >>> 0, true)
  tailView.setUint32(tail.length - 4, Math.floor(bytes.length / 2 ** 29), true)
  for (let at = 0; at < tail.length; at += 64) {
    for (let i = 0; i < 16; i += 1) block[i] = tailView.getInt32(at + 4 * i, true)
    mix(state, block)
  }
  return hex(state)
}

function mix(state: Int32Array, block: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = state
  for (let i = 0; i < 64; i += 1) {
    let f: number
    if (i < 16) f = (b & c) | (~b & d)
    else if (i < 32) f = (d & b) | (~d & c)
    else if (i < 48) f = b ^ c ^ d
    else f = c ^ (b | ~d)
    const sum = (a + f + (sines[i] as number) + (block[words[i] as number] as number)) | 0
    const shift = shifts[i] as number
    a = d
    d = c
    c = b
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0
  }
  state[0] = ((state[0] as number) + a) | 0
  state[1] = ((state[1] as number) + b) | 0
  state[2] = ((state[2] as number) + c) | 0
  state[3] = ((state[3] as number) + d) | 0
}

function hex(state: Int32Array): string {
  let out = ''
  for (const word of state) {
    for (let shift = 0; shift < 32; shift += 8) out += ((word >>> shift) & 0xff).toString(16).padStart(2, '0')
  }
  return out
}
