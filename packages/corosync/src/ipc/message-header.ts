import { DecodeError, layout, messageBytes } from '@quorate/base'

/** Head of every request on a connection, and of every message that a service sends over the ring (libqb: each i32 sits in an 8-byte slot). */
export const requestHeader = layout(16, [
  { name: 'id', type: 'i32', at: 0, doc: 'call of the service; over the ring: service << 16 | function' },
  { name: 'size', type: 'i32', at: 8, doc: 'bytes of the whole message, this header included' },
])

/** Head of every response and event. */
export const responseHeader = layout(24, [
  { name: 'id', type: 'i32', at: 0, doc: 'response or event of the service' },
  { name: 'size', type: 'i32', at: 8, doc: 'bytes of the whole message, this header included' },
  { name: 'error', type: 'i32', at: 16, doc: 'cs_error of the call, 1 = OK' },
])

/**
 * The id in a message's head, read without decoding the rest: every message passes here several times.
 *
 * @throws DecodeError when there is no whole head
 */
export function messageId(bytes: Uint8Array): number {
  if (bytes.byteLength < requestHeader.size) {
    throw new DecodeError('short', bytes.byteLength, `need ${requestHeader.size} bytes, got ${bytes.byteLength}`)
  }
  return (
    (bytes[0] as number) | ((bytes[1] as number) << 8) | ((bytes[2] as number) << 16) | ((bytes[3] as number) << 24)
  )
}

/** Largest request or event on a connection, bytes: what corosync's client libraries ask for. */
export const ipcBytesMax = 1_048_576

/** The message's numbers. It may be a piece of a larger buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A response or event of `size` zero bytes with its head filled in. */
export function responseOf(id: number, error: number, size: number = responseHeader.size): Uint8Array {
  const bytes = messageBytes(size)
  responseHeader.encode(bytes, { id, size, error })
  return bytes
}

/** A request, or a ring message, of `size` zero bytes with its head filled in. */
export function requestOf(id: number, size: number = requestHeader.size): Uint8Array {
  const bytes = messageBytes(size)
  requestHeader.encode(bytes, { id, size })
  return bytes
}

/**
 * The bytes `at`..`at + count` of a variable tail.
 *
 * @throws DecodeError where the message is shorter than it says, or says more than `countMax`
 */
export function tailOf(bytes: Uint8Array, at: number, count: number, countMax: number): Uint8Array {
  if (count > countMax) throw new DecodeError('limit', at, `${count} bytes, limit ${countMax}`)
  if (bytes.byteLength < at + count) {
    throw new DecodeError('short', bytes.byteLength, `need ${at + count} bytes, got ${bytes.byteLength}`)
  }
  return bytes.subarray(at, at + count)
}
