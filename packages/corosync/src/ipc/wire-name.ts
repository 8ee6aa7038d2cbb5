import { DecodeError, decodeText, encodeText, invariant } from '@quorate/base'

/** Longest name in a `mar_name_t` (cmap keys, reasons), bytes. */
export const marNameBytesMax = 256
/** A `mar_name_t` on the wire: u16 length, 6 bytes of padding, 256 bytes. */
export const marNameSize = 264
/** Longest name of a process group, bytes (CPG_MAX_NAME_LENGTH). */
export const cpgNameBytesMax = 128
/** A `mar_cpg_name_t` on the wire: u32 length, 4 bytes of padding, 128 bytes. */
export const cpgNameSize = 136

/** Reads a `mar_name_t`. @throws DecodeError where its length is above {@link marNameBytesMax} */
export function readMarName(bytes: Uint8Array, at: number): string {
  return readText(bytes, at, 8, marNameBytesMax)
}

/** Reads a `cs_name_t`. @throws DecodeError where its length is above {@link marNameBytesMax} */
export function readCsName(bytes: Uint8Array, at: number): string {
  return readText(bytes, at, 2, marNameBytesMax)
}

function readText(bytes: Uint8Array, at: number, lead: number, bytesMax: number): string {
  need(bytes, at + lead + bytesMax)
  const length = new DataView(bytes.buffer, bytes.byteOffset + at, 2).getUint16(0, true)
  if (length > bytesMax) throw new DecodeError('limit', at, `name of ${length} bytes, limit ${bytesMax}`)
  return decodeText(bytes.subarray(at + lead, at + lead + length))
}

/** Writes a `mar_name_t` over zero bytes. */
export function writeMarName(into: Uint8Array, at: number, name: string): void {
  writeText(into, at, 8, name)
}

/** Writes a `cs_name_t` over zero bytes. */
export function writeCsName(into: Uint8Array, at: number, name: string): void {
  writeText(into, at, 2, name)
}

function writeText(into: Uint8Array, at: number, lead: number, name: string): void {
  const bytes = encodeText(name)
  invariant(bytes.byteLength <= marNameBytesMax, 'a name fits its field', { name })
  new DataView(into.buffer, into.byteOffset + at, 2).setUint16(0, bytes.byteLength, true)
  into.set(bytes, at + lead)
}

/**
 * Reads the name of a process group: any bytes, one character (0..255) each, so that equal names are equal strings.
 *
 * @throws DecodeError where its length is above {@link cpgNameBytesMax}
 */
export function readCpgName(bytes: Uint8Array, at: number): string {
  need(bytes, at + cpgNameSize)
  const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true)
  if (length > cpgNameBytesMax) throw new DecodeError('limit', at, `group name of ${length} bytes, limit 128`)
  return String.fromCharCode(...bytes.subarray(at + 8, at + 8 + length))
}

/** Writes the name of a process group (characters 0..255) over zero bytes. */
export function writeCpgName(into: Uint8Array, at: number, name: string): void {
  invariant(name.length <= cpgNameBytesMax, 'a group name fits its field', { name })
  new DataView(into.buffer, into.byteOffset + at, 4).setUint32(0, name.length, true)
  for (let i = 0; i < name.length; i += 1) into[at + 8 + i] = name.charCodeAt(i)
}

function need(bytes: Uint8Array, size: number): void {
  if (bytes.byteLength < size) {
    throw new DecodeError('short', bytes.byteLength, `need ${size} bytes, got ${bytes.byteLength}`)
  }
}
