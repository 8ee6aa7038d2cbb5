const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21] as const
const sines = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32))

const initial = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)

// What a digest is worked out in. Digests are asked for by the thousand: each would make six objects of its own.
const state = new Int32Array(4)
const words = new Int32Array(16)
const tail = new Uint8Array(128)
const digits: number[] = new Array<number>(32).fill(0)

/**
 * MD5 of bytes as 32 lower-case hexadecimal digits (RFC 1321). Pacemaker recognises configurations and operation
 * parameters by it; it protects nothing.
 */
export function md5Hex(bytes: Uint8Array): string {
  state.set(initial)
  const rest = bytes.length & 63
  const whole = bytes.length - rest
  for (let at = 0; at < whole; at += 64) takeBlock(bytes, at)
  const end = rest < 56 ? 64 : 128
  tail.fill(0)
  for (let i = 0; i < rest; i += 1) tail[i] = bytes[whole + i] as number
  tail[rest] = 0x80
  putWord(end - 8, bytes.length << 3)
  putWord(end - 4, Math.floor(bytes.length / 2 ** 29))
  for (let at = 0; at < end; at += 64) takeBlock(tail, at)
  for (let i = 0; i < 32; i += 1) {
    const shift = 8 * ((i >> 1) & 3) + 4 * (1 - (i & 1))
    const digit = ((state[i >> 3] as number) >>> shift) & 0xf
    digits[i] = digit + (digit < 10 ? 0x30 : 0x57)
  }
  return String.fromCharCode(...digits)
}

function putWord(at: number, value: number): void {
  for (let i = 0; i < 4; i += 1) tail[at + i] = (value >>> (8 * i)) & 0xff
}

function takeBlock(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i += 1) {
    const from = at + 4 * i
    const low = (bytes[from] as number) | ((bytes[from + 1] as number) << 8)
    words[i] = low | ((bytes[from + 2] as number) << 16) | ((bytes[from + 3] as number) << 24)
  }
  round(state, words)
}

function round(state: Int32Array, words: Int32Array): void {
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  for (let i = 0; i < 64; i += 1) {
    const quarter = i >> 4
    let mixed: number
    let word: number
    if (quarter === 0) {
      mixed = (b & c) | (~b & d)
      word = i
    } else if (quarter === 1) {
      mixed = (d & b) | (~d & c)
      word = (5 * i + 1) & 15
    } else if (quarter === 2) {
      mixed = b ^ c ^ d
      word = (3 * i + 5) & 15
    } else {
      mixed = c ^ (b | ~d)
      word = (7 * i) & 15
    }
    const sum = (a + mixed + (sines[i] as number) + (words[word] as number)) | 0
    const by = shifts[quarter * 4 + (i & 3)] as number
    a = d
    d = c
    c = b
    b = (b + ((sum << by) | (sum >>> (32 - by)))) | 0
  }
  state[0] = ((state[0] as number) + a) | 0
  state[1] = ((state[1] as number) + b) | 0
  state[2] = ((state[2] as number) + c) | 0
  state[3] = ((state[3] as number) + d) | 0
}
