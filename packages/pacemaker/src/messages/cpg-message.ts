import { DecodeError, encodeText, invariant, layout } from '@quorate/base'
import type { Bzip2 } from './bzip2.ts'
import { plainPayload, readPayload } from './payload.ts'

/** Room for a node name in a message, its NUL included. */
export const nodeNameBytesMax = 256
/** From this size on (NUL included) the XML of a cluster message is compressed. */
export const compressFromBytes = 128 * 1024
/** Largest XML of a cluster message, NUL included, plain. corosync carries 1 MiB; compression makes room for more. */
export const clusterXmlBytesMax = 64 * 1024 * 1024

/** The fixed head of every message between Pacemaker's daemons (protocols/pacemaker-cluster.md 1). */
export const cpgHead = layout(592, [
  { name: 'responseId', type: 'i32', at: 0, doc: 'always 0' },
  { name: 'responseSize', type: 'i32', at: 8, doc: 'bytes of the whole message' },
  { name: 'responseError', type: 'i32', at: 16, doc: 'always 1 (CS_OK)' },
  { name: 'id', type: 'u32', at: 24, doc: 'counter of the sending process, from 1' },
  { name: 'isCompressed', type: 'i32', at: 28, doc: '1: the XML is bzip2' },
  { name: 'hostId', type: 'u32', at: 32, doc: 'node that it is for; 0: see name' },
  { name: 'hostPid', type: 'u32', at: 36, doc: 'always 0' },
  { name: 'hostLocal', type: 'i32', at: 40, doc: 'always 0' },
  { name: 'hostType', type: 'i32', at: 44, doc: 'daemon that it is for' },
  { name: 'hostNameSize', type: 'u32', at: 48, doc: 'bytes of the name without NUL' },
  { name: 'hostName', type: 'text', at: 52, size: nodeNameBytesMax, doc: 'node that it is for; empty: all' },
  { name: 'senderId', type: 'u32', at: 308, doc: '0; the group tells the node' },
  { name: 'senderPid', type: 'u32', at: 312, doc: 'process of the sender' },
  { name: 'senderLocal', type: 'i32', at: 316, doc: 'always 0' },
  { name: 'senderType', type: 'i32', at: 320, doc: 'daemon that sent it' },
  { name: 'senderNameSize', type: 'u32', at: 324, doc: 'bytes of the name without NUL' },
  { name: 'senderName', type: 'text', at: 328, size: nodeNameBytesMax, doc: 'node that sent it' },
  { name: 'plainSize', type: 'u32', at: 584, doc: 'bytes of the XML and its NUL, before compression' },
  { name: 'packedSize', type: 'u32', at: 588, doc: 'bytes of the bzip2 data; 0 when not compressed' },
] as const)

/** A message between daemons, its XML still text. */
export type CpgMessage = {
  readonly id: number
  readonly hostId: number
  readonly hostName: string
  readonly hostType: number
  readonly senderPid: number
  readonly senderName: string
  readonly senderType: number
  readonly xml: string
}

/**
 * Bytes of a message.
 *
 * @throws InvariantViolation when a name is longer than its field or the XML larger than {@link clusterXmlBytesMax}
 */
export function encodeCpgMessage(message: Omit<CpgMessage, 'hostId'>, bzip2: Bzip2): Uint8Array {
  const plain = plainPayload(message.xml, clusterXmlBytesMax)
  invariant(plain !== undefined, 'a cluster message fits its limit', { characters: message.xml.length })
  const host = encodeText(message.hostName)
  const sender = encodeText(message.senderName)
  invariant(host.byteLength < nodeNameBytesMax && sender.byteLength < nodeNameBytesMax, 'node names fit their field')
  const packed = plain.byteLength >= compressFromBytes ? bzip2.compress(plain) : undefined
  const body = packed ?? plain
  const out = new Uint8Array(cpgHead.size + body.byteLength)
  cpgHead.encode(out, {
    responseSize: out.byteLength,
    responseError: 1,
    id: message.id,
    isCompressed: packed === undefined ? 0 : 1,
    hostType: message.hostType,
    hostNameSize: host.byteLength,
    hostName: message.hostName,
    senderPid: message.senderPid,
    senderType: message.senderType,
    senderNameSize: sender.byteLength,
    senderName: message.senderName,
    plainSize: plain.byteLength,
    packedSize: packed?.byteLength ?? 0,
  })
  out.set(body, cpgHead.size)
  return out
}

/**
 * Reads a message. Sizes are compared with what has arrived before anything is unpacked.
 *
 * @throws DecodeError
 */
export function decodeCpgMessage(bytes: Uint8Array, bzip2: Bzip2): CpgMessage {
  const head = cpgHead.decode(bytes)
  if (head.hostNameSize >= nodeNameBytesMax)
    throw new DecodeError('limit', 48, `node name of ${head.hostNameSize} bytes`)
  if (head.senderNameSize >= nodeNameBytesMax) {
    throw new DecodeError('limit', 324, `node name of ${head.senderNameSize} bytes`)
  }
  const isCompressed = head.isCompressed !== 0
  if (isCompressed && head.packedSize === 0) throw new DecodeError('value', 588, 'compressed, yet of no size')
  const sizes = { plainSize: head.plainSize, packedSize: isCompressed ? head.packedSize : 0 }
  return {
    id: head.id,
    hostId: head.hostId,
    hostName: head.hostName,
    hostType: head.hostType,
    senderPid: head.senderPid,
    senderName: head.senderName,
    senderType: head.senderType,
    xml: readPayload(bytes, cpgHead.size, sizes, clusterXmlBytesMax, bzip2),
  }
}
