import { DecodeError, decodeText, encodeText } from '@quorate/base'
import type { Bzip2 } from './bzip2.ts'

/** Sizes of a payload as a message's head announces them: XML with its NUL, plain and compressed (0: it is not). */
export type PayloadSizes = { readonly plainSize: number; readonly packedSize: number }

/** Bytes of an XML text with the NUL that ends it; undefined where they are more than `bytesMax`. */
export function plainPayload(xml: string, bytesMax: number): Uint8Array | undefined {
  const text = encodeText(xml)
  if (text.byteLength >= bytesMax) return undefined
  const out = new Uint8Array(text.byteLength + 1)
  out.set(text)
  return out
}

/**
 * XML text behind a head of `at` bytes. Sizes are compared with what has arrived before anything is unpacked.
 *
 * @throws DecodeError
 */
export function readPayload(
  bytes: Uint8Array,
  at: number,
  sizes: PayloadSizes,
  bytesMax: number,
  bzip2: Bzip2,
): string {
  const { plainSize, packedSize } = sizes
  if (plainSize < 1 || plainSize > bytesMax) {
    throw new DecodeError('limit', at, `XML of ${plainSize} bytes announced, expected 1..${bytesMax}`)
  }
  const here = bytes.byteLength - at
  const size = packedSize === 0 ? plainSize : packedSize
  if (here < size) throw new DecodeError('short', at, `payload of ${size} bytes announced, ${here} arrived`)
  const body = bytes.subarray(at, at + size)
  if (packedSize === 0) return decodeText(body)
  let plain: Uint8Array
  try {
    plain = bzip2.decompress(body, plainSize)
  } catch (cause) {
    throw new DecodeError('value', at, `payload is no bzip2: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  if (plain.byteLength !== plainSize) {
    throw new DecodeError('value', at, `XML of ${plainSize} bytes announced, ${plain.byteLength} unpacked`)
  }
  return decodeText(plain)
}
