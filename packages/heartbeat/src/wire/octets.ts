/** Octets as a string, a character each: what messages hold, whatever its encoding, so that nothing is changed on the way. */
export function octetText(bytes: Uint8Array, from = 0, to = bytes.byteLength): string {
  let text = ''
  for (let at = from; at < to; at += charsAtOnce) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(to, at + charsAtOnce)))
  }
  return text
}

/** Characters that one call turns into a string: its arguments go over the stack. */
const charsAtOnce = 4096

/** The octets of such a string; of characters above U+00FF the low octet. */
export function octetBytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i += 1) out[i] = text.charCodeAt(i)
  return out
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base 64 (RFC 4648, padded) of octets. */
export function base64Of(octets: string): string {
  let out = ''
  for (let at = 0; at < octets.length; at += 3) {
    const left = octets.length - at
    const word =
      (octets.charCodeAt(at) << 16) |
      ((left > 1 ? octets.charCodeAt(at + 1) : 0) << 8) |
      (left > 2 ? octets.charCodeAt(at + 2) : 0)
    out += digits.charAt((word >> 18) & 63) + digits.charAt((word >> 12) & 63)
    out += left > 1 ? digits.charAt((word >> 6) & 63) : '='
    out += left > 2 ? digits.charAt(word & 63) : '='
  }
  return out
}

/** Octets of padded base 64, or undefined where it is none. */
export function octetsOfBase64(text: string): string | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  let out = ''
  for (let at = 0; at < text.length; at += 4) {
    let word = 0
    for (let i = 0; i < 4; i += 1) {
      const isPadding = at + i >= text.length - padding
      const digit = isPadding ? 0 : digits.indexOf(text.charAt(at + i))
      if (digit < 0) return undefined
      word = (word << 6) | digit
    }
    out += String.fromCharCode((word >> 16) & 255, (word >> 8) & 255, word & 255)
  }
  return out.slice(0, out.length - padding)
}
