import { DecodeError } from '@quorate/base'
import { joined } from '../octets.ts'
import { XdrReader, XdrWriter } from './xdr.ts'

/** Programs that share a connection (protocols/fence-virt-backends.md, libvirt). */
export const rpcPrograms = { remote: 0x2000_8086, keepalive: 0x6b65_6570 } as const
/** Procedures of the remote program that are used here, by their numbers. */
export const procedures = {
  open: 1,
  close: 2,
  create: 9,
  createXml: 10,
  destroy: 12,
  xml: 14,
  info: 16,
  lookupByName: 23,
  lookupByUuid: 24,
  authList: 66,
  listAllDomains: 273,
  watchEvents: 316,
  lifecycleEvent: 318,
} as const
/** Procedures of the keepalive program. */
export const keepaliveProcedures = { ping: 1, pong: 2 } as const
/** Kinds of message. */
export const rpcTypes = { call: 0, reply: 1, event: 2 } as const

const headerSize = 28
/** Largest message of the protocol (VIR_NET_MESSAGE_MAX). */
export const rpcMessageMax = 33_554_432
/** Entries of one list of domains (REMOTE_DOMAIN_LIST_MAX). */
export const domainListMax = 16_384

/** One message of the RPC: header and XDR body. */
export type RpcMessage = {
  readonly program: number
  readonly procedure: number
  readonly type: number
  readonly serial: number
  /** 0 ok, 1 error. */
  readonly status: number
  readonly body: Uint8Array
}

/** A domain as libvirt names it in calls and events. */
export type DomainRef = {
  readonly name: string
  /** 16 bytes. */
  readonly uuid: Uint8Array
  /** Number while it runs, else -1. */
  readonly id: number
}

/** Header, body, and the length in front. */
export function encodeRpc(message: RpcMessage): Uint8Array {
  return new XdrWriter()
    .int(headerSize + message.body.byteLength)
    .int(message.program)
    .int(1)
    .int(message.procedure)
    .int(message.type)
    .int(message.serial)
    .int(message.status)
    .fixed(message.body)
    .bytes()
}

/**
 * Splits what arrived into whole messages and what is left of the next.
 *
 * @throws DecodeError when a length cannot be; the connection is of no use then
 */
export function takeRpc(bytes: Uint8Array): { readonly messages: readonly RpcMessage[]; readonly rest: Uint8Array } {
  const messages: RpcMessage[] = []
  let at = 0
  while (bytes.byteLength - at >= 4) {
    const size = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0)
    if (size < headerSize || size > rpcMessageMax) {
      throw new DecodeError('limit', at, `a message of ${size} bytes, must be in ${headerSize}..${rpcMessageMax}`)
    }
    if (bytes.byteLength - at < size) break
    messages.push(decodeOne(bytes.subarray(at, at + size)))
    at += size
  }
  return { messages, rest: bytes.slice(at) }
}

function decodeOne(bytes: Uint8Array): RpcMessage {
  const reader = new XdrReader(bytes, 4)
  const program = reader.unsigned()
  reader.unsigned()
  return {
    program,
    procedure: reader.int(),
    type: reader.int(),
    serial: reader.unsigned(),
    status: reader.int(),
    body: bytes.slice(headerSize),
  }
}

/** Joins the rest of an earlier reading with new bytes. */
export function withRest(rest: Uint8Array, bytes: Uint8Array): Uint8Array {
  return joined(rest, bytes)
}

/** Writes a domain as an argument. */
export function writeDomain(writer: XdrWriter, domain: DomainRef): XdrWriter {
  return writer.text(domain.name).fixed(domain.uuid).int(domain.id)
}

/** Reads a domain. */
export function readDomain(reader: XdrReader): DomainRef {
  return { name: reader.text(), uuid: reader.fixed(16), id: reader.int() }
}

/** Each byte as two digits. */
const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
/** Bytes of a UUID with a dash behind them. */
const dashed: readonly number[] = [3, 5, 7, 9]

/** The UUID as its 36 characters of text. */
export function uuidText(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.byteLength; at += 1) {
    text += hexOfByte[bytes[at] ?? 0]
    if (dashed.includes(at)) text += '-'
  }
  return text
}

/** The 16 bytes of a UUID given as text. */
export function uuidBytes(text: string): Uint8Array {
  const hex = text.replaceAll('-', '')
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16))
}

/** What a failed call says. Codes are libvirt's (virErrorNumber): 42 no such domain, 55 the state does not allow it. */
export function readRpcError(body: Uint8Array): { readonly code: number; readonly message: string } {
  const reader = new XdrReader(body)
  const code = reader.int()
  reader.int()
  return { code, message: reader.optional() ?? `libvirt error ${code}` }
}
