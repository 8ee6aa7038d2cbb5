import { DecodeError } from './decode-error.ts'
import { invariant, unreachable } from './invariant.ts'
import { decodeText, encodeText } from './text.ts'

/** Kinds of field a binary layout knows; numbers are little-endian unless named `be`. `bytes` and `text` need `size`. */
export type FieldType = 'u8' | 'i8' | 'u16' | 'u16be' | 'i32' | 'u32' | 'u64' | 'i64' | 'bytes' | 'text'

/** One field of a layout. `at` is its byte offset from the start of the layout. */
export type Field = {
  readonly name: string
  readonly type: FieldType
  readonly at: number
  /** Length in bytes of a `bytes` or `text` field. */
  readonly size?: number
  readonly doc: string
}

type ValueOf<T extends FieldType> = T extends 'u64' | 'i64'
  ? bigint
  : T extends 'bytes'
    ? Uint8Array
    : T extends 'text'
      ? string
      : number

/** The object that a layout decodes to and encodes from. */
export type LayoutValue<F extends readonly Field[]> = { [K in F[number] as K['name']]: ValueOf<K['type']> }

/** A fixed binary record: decoder, encoder and documentation from one table. */
export type Layout<F extends readonly Field[]> = {
  readonly fields: F
  /** Bytes that the record takes, padding included. */
  readonly size: number
  /** @throws DecodeError when fewer than `size` bytes are left at `offset` */
  decode(bytes: Uint8Array, offset?: number): LayoutValue<F>
  /** Writes the given fields at `offset`; bytes of fields that are not given, and padding, are left as they are. */
  encode(into: Uint8Array, value: Partial<LayoutValue<F>>, offset?: number): void
}

const widths = { u8: 1, i8: 1, u16: 2, u16be: 2, i32: 4, u32: 4, u64: 8, i64: 8 } as const

/**
 * Makes a layout of a table of fields.
 *
 * @param size bytes of the whole record; at least the end of its last field
 */
export function layout<const F extends readonly Field[]>(size: number, fields: F): Layout<F> {
  for (const field of fields) {
    invariant(field.at + fieldSize(field) <= size, 'a field lies inside its layout', { field: field.name, size })
  }
  return {
    fields,
    size,
    decode(bytes, offset = 0) {
      if (bytes.byteLength - offset < size) {
        throw new DecodeError('short', bytes.byteLength, `need ${size} bytes, got ${bytes.byteLength - offset}`)
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset + offset, size)
      const out: Record<string, number | bigint | string | Uint8Array> = {}
      for (const field of fields) out[field.name] = read(view, field)
      return out as LayoutValue<F>
    },
    encode(into, value, offset = 0) {
      invariant(into.byteLength - offset >= size, 'room for the record', { size, offset, have: into.byteLength })
      const view = new DataView(into.buffer, into.byteOffset + offset, size)
      const given = value as Readonly<Record<string, number | bigint | string | Uint8Array | undefined>>
      for (const field of fields) {
        const item = given[field.name]
        if (item !== undefined) write(view, field, item)
      }
    },
  }
}

function fieldSize(field: Field): number {
  if (field.type === 'bytes' || field.type === 'text') return field.size ?? 0
  return widths[field.type]
}

function read(view: DataView, field: Field): number | bigint | string | Uint8Array {
  switch (field.type) {
    case 'u8':
      return view.getUint8(field.at)
    case 'i8':
      return view.getInt8(field.at)
    case 'u16':
      return view.getUint16(field.at, true)
    case 'u16be':
      return view.getUint16(field.at, false)
    case 'i32':
      return view.getInt32(field.at, true)
    case 'u32':
      return view.getUint32(field.at, true)
    case 'u64':
      return view.getBigUint64(field.at, true)
    case 'i64':
      return view.getBigInt64(field.at, true)
    case 'bytes':
      return new Uint8Array(view.buffer, view.byteOffset + field.at, field.size ?? 0).slice()
    case 'text':
      return decodeText(new Uint8Array(view.buffer, view.byteOffset + field.at, field.size ?? 0))
    default:
      return unreachable(field.type)
  }
}

function write(view: DataView, field: Field, value: number | bigint | string | Uint8Array): void {
  switch (field.type) {
    case 'u8':
      return view.setUint8(field.at, value as number)
    case 'i8':
      return view.setInt8(field.at, value as number)
    case 'u16':
      return view.setUint16(field.at, value as number, true)
    case 'u16be':
      return view.setUint16(field.at, value as number, false)
    case 'i32':
      return view.setInt32(field.at, value as number, true)
    case 'u32':
      return view.setUint32(field.at, value as number, true)
    case 'u64':
      return view.setBigUint64(field.at, value as bigint, true)
    case 'i64':
      return view.setBigInt64(field.at, value as bigint, true)
    case 'bytes':
      return writeBytes(view, field, value as Uint8Array)
    case 'text':
      return writeBytes(view, field, encodeText(value as string))
    default:
      return unreachable(field.type)
  }
}

/** The rest of the field becomes zero, so that no bytes of an earlier record leak. */
function writeBytes(view: DataView, field: Field, bytes: Uint8Array): void {
  const room = field.size ?? 0
  invariant(bytes.byteLength <= room, 'bytes fit their field', { field: field.name, room, have: bytes.byteLength })
  const target = new Uint8Array(view.buffer, view.byteOffset + field.at, room)
  target.fill(0)
  target.set(bytes)
}
