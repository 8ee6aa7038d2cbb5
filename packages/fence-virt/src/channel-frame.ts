import { DecodeError, encodeText, failed, layout, ok, type Result } from '@quorate/base'
import { decodeDomain, domainSizeMax } from './fence-request.ts'
import { joined } from './octets.ts'
import { type OperationName, operationCodes, operationOfCode } from './operation.ts'

/** "abba", the same in either byte order: begins every frame of the serial and vmchannel listeners. */
export const channelMagic = [0x61, 0x62, 0x62, 0x61] as const

/** The request on a serial line or channel (protocols/fence-virt.md 5). */
export const channelRequestLayout = layout(74, [
  { name: 'magic', type: 'bytes', at: 0, size: 4, doc: 'abba' },
  { name: 'operation', type: 'u8', at: 4, doc: 'number of the operation' },
  { name: 'flags', type: 'u8', at: 5, doc: 'bit 0: the domain is a UUID (informative)' },
  { name: 'domain', type: 'bytes', at: 6, size: 64, doc: 'name or UUID, NUL padded' },
  { name: 'sequence', type: 'u32', at: 70, doc: 'the same in all repetitions of one operation' },
] as const)

/** Bytes of an answer: the magic and the response. */
export const channelResponseSize = 5

/** A request of a guest over its own line. Nothing is signed: the line tells who asks. */
export type ChannelRequest = {
  /** A number that stands for none is one that always fails. */
  readonly operation: OperationName
  readonly domain: string
  readonly isUuid: boolean
  readonly sequence: number
}

/** The 74 bytes of a request. @throws RangeError when the domain takes more than 63 bytes */
export function encodeChannelRequest(request: ChannelRequest): Uint8Array {
  const domain = encodeText(request.domain)
  if (domain.byteLength > domainSizeMax) throw new RangeError(`a domain takes at most ${domainSizeMax} bytes`)
  const bytes = new Uint8Array(channelRequestLayout.size)
  channelRequestLayout.encode(bytes, {
    magic: Uint8Array.from(channelMagic),
    operation: operationCodes[request.operation],
    flags: request.isUuid ? 1 : 0,
    domain,
    sequence: request.sequence >>> 0,
  })
  return bytes
}

/** The 5 bytes of an answer. */
export function encodeChannelResponse(response: number): Uint8Array {
  return Uint8Array.from([...channelMagic, response])
}

/** Reads a frame of 74 bytes that begins with the magic. */
export function decodeChannelRequest(bytes: Uint8Array): Result<ChannelRequest, string> {
  try {
    const raw = channelRequestLayout.decode(bytes)
    if (!raw.magic.every((byte, index) => byte === channelMagic[index])) return failed('no magic')
    return ok({
      operation: operationOfCode(raw.operation) ?? 'null',
      domain: decodeDomain(raw.domain, 6),
      isUuid: (raw.flags & 1) !== 0,
      sequence: raw.sequence,
    })
  } catch (error) {
    if (error instanceof DecodeError) return failed(error.message)
    throw error
  }
}

/** What a line holds beyond whole frames: at most one frame less a byte. */
export type FrameHunt = { readonly pending: Uint8Array }

/** A hunt that has seen nothing yet. */
export const noFrames: FrameHunt = { pending: new Uint8Array(0) }

/**
 * Finds frames of `size` bytes in what a line delivers, skipping noise before each magic. A byte that breaks a magic
 * may begin the next one, so "aabba" is found (the C programs miss it).
 */
export function huntFrames(
  hunt: FrameHunt,
  bytes: Uint8Array,
  size: number,
): { readonly hunt: FrameHunt; readonly frames: readonly Uint8Array[] } {
  const all = joined(hunt.pending, bytes)
  const frames: Uint8Array[] = []
  let at = 0
  for (;;) {
    at = magicFrom(all, at)
    if (all.byteLength - at < size) return { hunt: { pending: all.slice(at) }, frames }
    frames.push(all.slice(at, at + size))
    at += size
  }
}

/** Finds the first frame only, and hands back the bytes behind it, which are something else (a list of hosts). */
export function huntFrame(
  hunt: FrameHunt,
  bytes: Uint8Array,
  size: number,
): { readonly hunt: FrameHunt } | { readonly frame: Uint8Array; readonly rest: Uint8Array } {
  const all = joined(hunt.pending, bytes)
  const at = magicFrom(all, 0)
  if (all.byteLength - at < size) return { hunt: { pending: all.slice(at) } }
  return { frame: all.slice(at, at + size), rest: all.slice(at + size) }
}

/** First place at or behind `from` where a magic begins, or where the bytes end within one. */
function magicFrom(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.byteLength; at += 1) {
    let matched = 0
    while (matched < channelMagic.length && bytes[at + matched] === channelMagic[matched]) matched += 1
    if (matched === channelMagic.length || at + matched === bytes.byteLength) return at
  }
  return bytes.byteLength
}
