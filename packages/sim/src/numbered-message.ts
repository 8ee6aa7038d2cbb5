import { DecodeError } from '@quorate/base'

/** Bytes in front of the filling of a numbered message. */
export const numberedHeaderBytes = 16

/** A message that says who sent it in which life as the how-manieth, filled up with bytes that follow from that. */
export type NumberedMessage = { readonly node: number; readonly boot: number; readonly number: number }

/** So many bytes are compared each; of what is behind them, one in {@link sparseStride}: damage comes by the frame. */
const denseBytes = 256
const sparseStride = 61

/** Name of a message in maps and reports. */
export function messageName({ node, boot, number }: NumberedMessage): string {
  return `${node}/${boot}/${number}`
}

/** Writes the message at `bytes` bytes, at least {@link numberedHeaderBytes}. */
export function encodeNumbered(message: NumberedMessage, bytes: number): Uint8Array {
  const body = new Uint8Array(bytes)
  const view = new DataView(body.buffer)
  view.setUint32(0, message.node, true)
  view.setUint32(4, message.boot, true)
  view.setUint32(8, message.number, true)
  view.setUint32(12, bytes, true)
  const key = filling(message)
  for (let at = numberedHeaderBytes; at < bytes; at += 1) body[at] = fillingAt(key, at)
  return body
}

/**
 * Reads a message and compares its filling.
 *
 * @throws DecodeError when it is not what was sent
 */
export function decodeNumbered(body: Uint8Array): NumberedMessage {
  if (body.byteLength < numberedHeaderBytes) throw new DecodeError('short', body.byteLength, 'a numbered message')
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const message = { node: view.getUint32(0, true), boot: view.getUint32(4, true), number: view.getUint32(8, true) }
  if (view.getUint32(12, true) !== body.byteLength) throw new DecodeError('value', 12, 'length of a numbered message')
  const key = filling(message)
  for (let at = numberedHeaderBytes; at < body.byteLength; at += at < denseBytes ? 1 : sparseStride) {
    if (body[at] !== fillingAt(key, at)) throw new DecodeError('value', at, 'filling of a numbered message')
  }
  return message
}

function filling({ node, boot, number }: NumberedMessage): number {
  return (Math.imul(node, 0x9e37_79b1) ^ Math.imul(boot, 0x85eb_ca6b) ^ Math.imul(number, 0xc2b2_ae35)) >>> 0
}

function fillingAt(key: number, at: number): number {
  return (key + Math.imul(at, 0x9e37_79b1)) >>> 24
}
