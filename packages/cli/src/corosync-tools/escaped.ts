/**
 * Bytes as the tools show them: printable ASCII as it is, a backslash doubled, all else as `\xHH`. Bytes from 0x80
 * come out sign-extended (`\xFFFFFFE9`), as the C tools print them and scripts know them.
 */
export function escaped(bytes: Iterable<number>): string {
  let out = ''
  for (const byte of bytes) {
    if (byte === 0x5c) out += '\\\\'
    else if (byte >= 0x20 && byte < 0x7f) out += String.fromCharCode(byte)
    else out += `\\x${(byte >= 0x80 ? byte + 0xffff_ff00 : byte).toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}
