import { DecodeError, decodeText, encodeText, unreachable } from '@quorate/base'

/** Types of values by their name here, and their number on the wire. */
export const cmapTypes = {
  i8: 1,
  u8: 2,
  i16: 3,
  u16: 4,
  i32: 5,
  u32: 6,
  i64: 7,
  u64: 8,
  float: 9,
  double: 10,
  string: 11,
  binary: 12,
} as const

/** Name of a type. */
export type CmapTypeName = keyof typeof cmapTypes

/** A value as the map holds it: its type's number and its bytes; a string carries a closing NUL. */
export type RawValue = { readonly type: number; readonly bytes: Uint8Array }

/** A value as programs see it. */
export type TypedValue =
  | {
      readonly type: 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'float' | 'double'
      readonly value: number | bigint
    }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'binary'; readonly value: Uint8Array }

/** Largest value, bytes. */
export const cmapValueBytesMax = 16_384
/** Shortest key, characters. */
export const cmapKeyCharsMin = 3
/** Longest key, characters. */
export const cmapKeyCharsMax = 255

const widths: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 8, 8: 8, 9: 4, 10: 8 }
const keyPattern = /^[A-Za-z0-9._\-/:]+$/

/** Bytes of a value of the type, or undefined for strings, binaries and numbers that are no type. */
export function cmapWidth(type: number): number | undefined {
  return widths[type]
}

/** Whether the key may stand in the map: 3..255 of letters, digits and `._-/:`. */
export function isCmapKey(key: string): boolean {
  return key.length >= cmapKeyCharsMin && key.length <= cmapKeyCharsMax && keyPattern.test(key)
}

/** A text for the map, with its NUL. */
export function cmapText(text: string): RawValue {
  const bytes = encodeText(text)
  const closed = new Uint8Array(bytes.byteLength + 1)
  closed.set(bytes)
  return { type: cmapTypes.string, bytes: closed }
}

/** An unsigned 8-bit number for the map. */
export function cmapU8(value: number): RawValue {
  return { type: cmapTypes.u8, bytes: Uint8Array.of(value) }
}

/** An unsigned 16-bit number for the map. */
export function cmapU16(value: number): RawValue {
  return encodeCmapValue({ type: 'u16', value })
}

/** A signed 32-bit number for the map. */
export function cmapI32(value: number): RawValue {
  return encodeCmapValue({ type: 'i32', value })
}

/** An unsigned 32-bit number for the map. */
export function cmapU32(value: number): RawValue {
  return encodeCmapValue({ type: 'u32', value })
}

/** An unsigned 64-bit number for the map. */
export function cmapU64(value: bigint): RawValue {
  return encodeCmapValue({ type: 'u64', value })
}

/** The bytes of a value; numbers are taken modulo their width. */
export function encodeCmapValue(value: TypedValue): RawValue {
  if (value.type === 'string') return cmapText(value.value)
  const type = cmapTypes[value.type]
  if (value.type === 'binary') return { type, bytes: value.value }
  const bytes = new Uint8Array(widths[type] ?? 0)
  const view = new DataView(bytes.buffer)
  switch (value.type) {
    case 'i8':
    case 'u8':
      view.setUint8(0, Number(value.value))
      break
    case 'i16':
    case 'u16':
      view.setUint16(0, Number(value.value), true)
      break
    case 'i32':
    case 'u32':
      view.setUint32(0, Number(value.value), true)
      break
    case 'i64':
    case 'u64':
      view.setBigUint64(0, BigInt(value.value), true)
      break
    case 'float':
      view.setFloat32(0, Number(value.value), true)
      break
    case 'double':
      view.setFloat64(0, Number(value.value), true)
      break
    default:
      unreachable(value)
  }
  return { type, bytes }
}

/**
 * The value that the bytes are.
 *
 * @throws DecodeError for a type that does not exist or a number of another width
 */
export function decodeCmapValue(raw: RawValue): TypedValue {
  const width = widths[raw.type]
  if (width !== undefined && raw.bytes.byteLength !== width) {
    throw new DecodeError('value', 0, `type ${raw.type} takes ${width} bytes, got ${raw.bytes.byteLength}`)
  }
  const view = new DataView(raw.bytes.buffer, raw.bytes.byteOffset, raw.bytes.byteLength)
  switch (raw.type) {
    case cmapTypes.i8:
      return { type: 'i8', value: view.getInt8(0) }
    case cmapTypes.u8:
      return { type: 'u8', value: view.getUint8(0) }
    case cmapTypes.i16:
      return { type: 'i16', value: view.getInt16(0, true) }
    case cmapTypes.u16:
      return { type: 'u16', value: view.getUint16(0, true) }
    case cmapTypes.i32:
      return { type: 'i32', value: view.getInt32(0, true) }
    case cmapTypes.u32:
      return { type: 'u32', value: view.getUint32(0, true) }
    case cmapTypes.i64:
      return { type: 'i64', value: view.getBigInt64(0, true) }
    case cmapTypes.u64:
      return { type: 'u64', value: view.getBigUint64(0, true) }
    case cmapTypes.float:
      return { type: 'float', value: view.getFloat32(0, true) }
    case cmapTypes.double:
      return { type: 'double', value: view.getFloat64(0, true) }
    case cmapTypes.string:
      return { type: 'string', value: decodeText(raw.bytes) }
    case cmapTypes.binary:
      return { type: 'binary', value: raw.bytes }
    default:
      throw new DecodeError('value', 0, `no cmap type ${raw.type}`)
  }
}

/** Whether both are the same type with the same bytes. */
export function sameValue(a: RawValue, b: RawValue): boolean {
  if (a.type !== b.type || a.bytes.byteLength !== b.bytes.byteLength) return false
  return a.bytes.every((byte, i) => byte === b.bytes[i])
}
