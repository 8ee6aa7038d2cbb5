/** What this file uses of the WHATWG encoding API, which every host has and the es2023 library does not declare. */
declare class TextDecoder {
  constructor(label: 'utf-8', options: { readonly ignoreBOM: boolean })
  decode(bytes: Uint8Array): string
}
declare class TextEncoder {
  encode(text: string): Uint8Array
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** Text of a NUL-terminated or NUL-padded UTF-8 field. Bytes that are not UTF-8 become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** UTF-8 bytes of the text, with no NUL behind; unpaired surrogates become U+FFFD. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text with blanks behind it up to so many bytes of UTF-8, of which C's `printf` makes its columns. */
export function padEndBytes(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - encodeText(text).length))
}

/** As {@link padEndBytes}, with the blanks before it. */
export function padStartBytes(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - encodeText(text).length)) + text
}
