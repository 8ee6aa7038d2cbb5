import { isAscii, isUtf8 } from 'node:buffer'

/** Most bytes of a document that are looked at for a declaration of its encoding. */
export const declarationBytesMax = 256

/** Stands for what is not UTF-8: XML does not have this character, so that readers tell its place. */
const noCharacter = '\ufffe'

/**
 * Text of an XML document, in the encoding that it declares or, in UTF-16, shows by how it begins.
 *
 * @throws Error for an encoding that is not known or cannot be that of the document, and for bytes that are none of its characters
 */
export function xmlText(bytes: Buffer): string {
  const encoding = declaredEncoding(bytes.subarray(0, declarationBytesMax))
  return encoding === undefined ? utf8Text(bytes) : decoded(bytes, encoding)
}

/**
 * The encoding that a document declares or shows; undefined for UTF-8, that of one that does neither.
 *
 * @throws Error where it declares another than it is in
 */
export function declaredEncoding(start: Buffer): string | undefined {
  const wide = wideEncoding(start)
  const text = wide === undefined ? start.toString('latin1') : wideText(start, wide)
  const name = /^(?:\ufeff|\xef\xbb\xbf)?<\?xml\s[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(text)?.[1]
  if (wide !== undefined) {
    if (name === undefined || /^utf-?(?:8|16(?:le|be)?)$/i.test(name)) return wide
    throw new Error(`encoding '${name}' is declared, but the document is in UTF-16`)
  }
  if (name === undefined || /^(?:utf-?8|us-ascii|ascii)$/i.test(name)) return undefined
  if (/^utf-?16/i.test(name)) throw new Error(`encoding '${name}' is declared, but the document is in another`)
  return name
}

type WideEncoding = 'utf-16le' | 'utf-16be'

/** UTF-16, which shows by its mark of byte order or the first two characters of a declaration. */
function wideEncoding(start: Buffer): WideEncoding | undefined {
  const isMarked = start.length >= 2 && [0xfffe, 0xfeff].includes(start.readUInt16BE(0))
  if (isMarked) return start[0] === 0xff ? 'utf-16le' : 'utf-16be'
  const first = start.subarray(0, 4).toString('latin1')
  if (first === '<\0?\0') return 'utf-16le'
  return first === '\0<\0?' ? 'utf-16be' : undefined
}

/** @throws Error for an encoding that is not known, and for bytes that are none of its characters */
export function decoded(bytes: Buffer, encoding: string): string {
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return wideText(bytes, encoding)
  if (/^(?:iso-?8859-1|latin-?1)$/i.test(encoding)) return bytes.toString('latin1')
  return decoderOf(encoding).decode(bytes)
}

/** Text of UTF-16; one that no reader of XML takes where it has half a character. */
function wideText(bytes: Buffer, encoding: WideEncoding): string {
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 2))
  const text = (encoding === 'utf-16le' ? whole : Buffer.from(whole).swap16()).toString('utf16le')
  return text.replace(/\p{Surrogate}/gu, noCharacter) + (whole.length === bytes.length ? '' : noCharacter)
}

function decoderOf(encoding: string) {
  try {
    return new TextDecoder(encoding, { fatal: true })
  } catch {
    throw new Error(`encoding '${encoding}' is not known`)
  }
}

/**
 * Text of UTF-8 bytes. Those that are all ASCII, as of most CIBs, are copied without being decoded; those that are not UTF-8
 * become a text that no reader of XML takes, from the first of them on.
 */
export function utf8Text(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  const text = bytes.toString('utf8')
  if (isUtf8(bytes)) return text
  const again = Buffer.from(text)
  const first = again.findIndex((byte, i) => byte !== bytes[i])
  return `${bytes.toString('utf8', 0, first)}${noCharacter}${bytes.toString('utf8', first)}`
}
