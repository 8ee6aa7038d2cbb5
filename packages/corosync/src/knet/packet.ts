import { DecodeError, layout, messageBytes, type NodeId, nodeId } from '@quorate/base'

/**
 * The packets of kronosnet as tables (protocols/corosync.md 8.1). Numbers are big-endian, except the size in those of path
 * MTU discovery, which is in the byte order of the sender.
 */

/** The only version of the wire that knet 1.x speaks. */
export const knetVersion = 1
/** Numbers of the packet types. */
export const knetType = { data: 0x00, ping: 0x81, pong: 0x82, pmtud: 0x83, pmtudReply: 0x84 } as const
/** Highest node id that the wire's u16 holds. */
export const knetNodeIdMax = 65_535
/** Most links between two nodes: 0..7. */
export const knetLinksMax = 8
/** Longest frame that is carried, in fragments, bytes. */
export const knetFrameBytesMax = 65_536
/** Most fragments of a frame. */
export const knetFragmentsMax = 255
/** The channel that totem's frames go through. */
export const totemChannel = 0

const header = [
  { name: 'version', type: 'u8', at: 0, doc: '1' },
  { name: 'type', type: 'u8', at: 1, doc: 'which packet this is' },
  { name: 'host', type: 'u16be', at: 2, doc: 'node id of the sender' },
] as const

/** What every packet begins with; two bytes of padding included. */
export const headerLayout = layout(6, header)

/** A frame of totem, or a part of one: it follows. */
export const dataLayout = layout(14, [
  ...header,
  { name: 'seq', type: 'u16be', at: 6, doc: 'number of the frame, counted by its sender; never 0' },
  { name: 'compression', type: 'u8', at: 8, doc: '0: none' },
  { name: 'isBroadcast', type: 'u8', at: 10, doc: '1: for every node' },
  { name: 'fragments', type: 'u8', at: 11, doc: 'parts of the frame' },
  { name: 'fragment', type: 'u8', at: 12, doc: 'which part: 0 where there is one only, else 1..fragments' },
  { name: 'channel', type: 'i8', at: 13, doc: '0' },
])

/** A question for a link, or the answer: the same bytes with another type and host. */
export const pingLayout = layout(26, [
  ...header,
  { name: 'link', type: 'u8', at: 6, doc: 'number of the link' },
  { name: 'seconds', type: 'i64', at: 7, doc: "of the asker's monotonic clock" },
  { name: 'nanoseconds', type: 'i64', at: 15, doc: 'and the rest' },
  { name: 'seq', type: 'u16be', at: 23, doc: 'last frame that the asker has sent, 0: none yet' },
  { name: 'isTimed', type: 'u8', at: 25, doc: '1: one of the regular ones, 0: to keep numbers in step' },
])

/** A packet of a certain size, padded, or the answer that it has arrived, without padding. */
export const pmtudLayout = layout(9, [
  ...header,
  { name: 'link', type: 'u8', at: 6, doc: 'number of the link' },
  { name: 'size', type: 'u16', at: 7, doc: 'bytes on the wire, headers of IP and UDP included' },
])

/** A frame or a part of one, as it came. `payload` is a view of the packet. */
export type DataPacket = {
  readonly type: 'data'
  readonly host: NodeId
  readonly seq: number
  readonly isBroadcast: boolean
  readonly fragments: number
  readonly fragment: number
  readonly payload: Uint8Array
}
/** Asks whether a link works, and how fast, or answers that. `sentMs`: by the asker's clock. */
export type PingPacket = {
  readonly type: 'ping' | 'pong'
  readonly host: NodeId
  readonly link: number
  readonly sentMs: number
  readonly seq: number
  readonly isTimed: boolean
}
/** Asks whether a packet of `size` bytes on the wire arrives, or answers that it did. */
export type PmtudPacket = {
  readonly type: 'pmtud' | 'pmtud-reply'
  readonly host: NodeId
  readonly link: number
  readonly size: number
}
/** Everything that nodes say to each other over knet. */
export type KnetPacket = DataPacket | PingPacket | PmtudPacket

/**
 * Reads a packet, opened and not yet trusted.
 *
 * @throws DecodeError where it is none, or one that is compressed or of another channel
 */
export function decodeKnetPacket(bytes: Uint8Array): KnetPacket {
  if (bytes.byteLength < headerLayout.size) {
    throw new DecodeError('short', bytes.byteLength, `need ${headerLayout.size} bytes, got ${bytes.byteLength}`)
  }
  const version = octet(bytes, 0)
  const type = octet(bytes, 1)
  const host = octet(bytes, 2) * 256 + octet(bytes, 3)
  if (version !== knetVersion) throw new DecodeError('value', 0, `version ${knetVersion} is expected, got ${version}`)
  if (host === 0) throw new DecodeError('value', 2, 'a node id is expected, got 0')
  switch (type) {
    case knetType.data:
      return decodeData(bytes, nodeId(host))
    case knetType.ping:
    case knetType.pong: {
      const { link, seconds, nanoseconds, seq, isTimed } = pingLayout.decode(bytes)
      const sentMs = Number(seconds) * 1000 + Number(nanoseconds) / 1e6
      const kind = type === knetType.ping ? 'ping' : 'pong'
      return { type: kind, host: nodeId(host), link: linkOf(link), sentMs, seq, isTimed: isTimed !== 0 }
    }
    case knetType.pmtud:
    case knetType.pmtudReply: {
      const { link, size } = pmtudLayout.decode(bytes)
      const kind = type === knetType.pmtud ? 'pmtud' : 'pmtud-reply'
      return { type: kind, host: nodeId(host), link: linkOf(link), size }
    }
    default:
      throw new DecodeError('value', 1, `a known type of packet is expected, got ${type}`)
  }
}

/** Straight out of the bytes, as the heads of frames are: most packets are of this kind. */
function decodeData(bytes: Uint8Array, host: NodeId): DataPacket {
  if (bytes.byteLength <= dataLayout.size) throw new DecodeError('short', bytes.byteLength, 'a payload is expected')
  const seq = octet(bytes, 6) * 256 + octet(bytes, 7)
  const compression = octet(bytes, 8)
  const isBroadcast = octet(bytes, 10)
  const fragments = octet(bytes, 11)
  const fragment = octet(bytes, 12)
  const channel = octet(bytes, 13)
  if (seq === 0) throw new DecodeError('value', 6, 'the number of a frame is expected, got 0')
  if (compression !== 0) throw new DecodeError('value', 8, `no compression is expected, got ${compression}`)
  if (channel !== totemChannel)
    throw new DecodeError('value', 13, `channel ${totemChannel} is expected, got ${channel}`)
  if (fragments <= 1 ? fragment !== 0 || fragments === 0 : fragment === 0 || fragment > fragments) {
    throw new DecodeError('value', 11, `a part of the frame is expected, got ${fragment} of ${fragments}`)
  }
  const payload = bytes.subarray(dataLayout.size)
  return { type: 'data', host, seq, isBroadcast: isBroadcast !== 0, fragments, fragment, payload }
}

function octet(bytes: Uint8Array, at: number): number {
  return bytes[at] as number
}

function linkOf(link: number): number {
  if (link < knetLinksMax) return link
  throw new DecodeError('limit', 6, `a link in 0..${knetLinksMax - 1} is expected, got ${link}`)
}

/**
 * Writes the packets of a frame: one, or as many as parts of `partBytes` make of it.
 *
 * @throws RangeError where that would be more than {@link knetFragmentsMax}
 */
export function encodeKnetData(
  host: NodeId,
  seq: number,
  isBroadcast: boolean,
  frame: Uint8Array,
  partBytes: number,
): readonly Uint8Array[] {
  const fragments = Math.max(1, Math.ceil(frame.byteLength / partBytes))
  if (fragments > knetFragmentsMax) throw new RangeError(`${fragments} parts of a frame, at most ${knetFragmentsMax}`)
  return Array.from({ length: fragments }, (_, i) => {
    const part = frame.subarray(i * partBytes, (i + 1) * partBytes)
    const bytes = messageBytes(dataLayout.size + part.byteLength)
    bytes[0] = knetVersion
    bytes[1] = knetType.data
    bytes[2] = host >>> 8
    bytes[3] = host & 0xff
    bytes[6] = seq >>> 8
    bytes[7] = seq & 0xff
    bytes[10] = isBroadcast ? 1 : 0
    bytes[11] = fragments
    bytes[12] = fragments === 1 ? 0 : i + 1
    bytes[13] = totemChannel
    bytes.set(part, dataLayout.size)
    return bytes
  })
}

/** Writes a question for a link. `seq`: the last frame that was sent, 0 before the first. */
export function encodePing(host: NodeId, link: number, sentMs: number, seq: number, isTimed: boolean): Uint8Array {
  const bytes = messageBytes(pingLayout.size)
  const seconds = Math.floor(sentMs / 1000)
  pingLayout.encode(bytes, {
    version: knetVersion,
    type: knetType.ping,
    host,
    link,
    seconds: BigInt(seconds),
    nanoseconds: BigInt(Math.floor((sentMs - seconds * 1000) * 1e6)),
    seq,
    isTimed: isTimed ? 1 : 0,
  })
  return bytes
}

/** Writes the answer to a ping, which gives back what only its sender understands. */
export function encodePong(host: NodeId, ping: Uint8Array): Uint8Array {
  return answered(host, ping, pingLayout.size, knetType.pong)
}

/** Writes a packet of `packetBytes` that asks whether `size` bytes on the wire arrive. */
export function encodePmtud(host: NodeId, link: number, size: number, packetBytes: number): Uint8Array {
  const bytes = messageBytes(Math.max(pmtudLayout.size, packetBytes))
  pmtudLayout.encode(bytes, { version: knetVersion, type: knetType.pmtud, host, link, size })
  return bytes
}

/** Writes the answer that such a packet has arrived. */
export function encodePmtudReply(host: NodeId, pmtud: Uint8Array): Uint8Array {
  return answered(host, pmtud, pmtudLayout.size, knetType.pmtudReply)
}

function answered(host: NodeId, question: Uint8Array, size: number, type: number): Uint8Array {
  const bytes = messageBytes(size)
  bytes.set(question.subarray(0, size))
  headerLayout.encode(bytes, { type, host })
  return bytes
}
