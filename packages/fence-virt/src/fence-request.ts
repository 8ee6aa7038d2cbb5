import { DecodeError, decodeText, encodeText, failed, layout, ok, type Result } from '@quorate/base'
import {
  type Digest,
  digestSize,
  equalInConstantTime,
  type HashName,
  hashCode,
  hashNames,
  paddedDigest,
} from './hash.ts'
import { type OperationName, operationCodes, operationOfCode } from './operation.ts'

/** Longest domain name or UUID in bytes; the field of 64 keeps its last byte zero. */
export const domainSizeMax = 63
/** Bytes of chance in a signed request. */
export const randomSize = 6

/** The request of the multicast, tcp and vsock listeners (protocols/fence-virt.md 1). */
export const fenceRequestLayout = layout(176, [
  { name: 'operation', type: 'u8', at: 0, doc: 'number of the operation' },
  { name: 'hash', type: 'u8', at: 1, doc: 'strength of the signature' },
  { name: 'addressSize', type: 'u8', at: 2, doc: 'bytes of the address: 4, 16, or 0 where the connection tells' },
  { name: 'flags', type: 'u8', at: 3, doc: 'bit 0: the domain is a UUID (informative)' },
  { name: 'domain', type: 'bytes', at: 4, size: 64, doc: 'name or UUID, NUL padded' },
  { name: 'address', type: 'bytes', at: 68, size: 28, doc: 'address of the requester in network order' },
  { name: 'port', type: 'u16', at: 96, doc: 'TCP port at which the requester waits' },
  { name: 'random', type: 'bytes', at: 98, size: randomSize, doc: 'chance, where signed' },
  { name: 'sequence', type: 'u32', at: 104, doc: 'the same in all retransmissions of one operation' },
  { name: 'family', type: 'u32', at: 108, doc: '2 IPv4, 10 IPv6, 0 where the connection tells' },
  { name: 'signature', type: 'bytes', at: 112, size: digestSize, doc: 'H(key, request with this field zero)' },
] as const)

const signatureAt = 112
/** What stands for the signature where it is computed. */
const noSignature = new Uint8Array(digestSize)
const uuidFlag = 1

/** Address families by their numbers in Linux, which the wire uses. */
export const addressFamilies = { none: 0, ipv4: 2, ipv6: 10 } as const

/** Where a requester waits to be called back. */
export type CallBack = {
  readonly family: 'ipv4' | 'ipv6'
  /** 4 or 16 bytes in network order. */
  readonly address: Uint8Array
  /** 1..65535. */
  readonly port: number
}

/** A request as its listener understands it. */
export type FenceRequest = {
  /** A number that stands for none is one that always fails. */
  readonly operation: OperationName
  /** Name or UUID of the target, at most 63 bytes; empty for list and monitor. */
  readonly domain: string
  readonly isUuid: boolean
  readonly sequence: number
  readonly hash: HashName
  /** Absent in requests over tcp and vsock, where the connection is already there. */
  readonly callBack: CallBack | undefined
}

/** A request with its key and its chance becomes the 176 bytes of the wire, signed unless its hash is none. */
export function encodeFenceRequest(
  request: FenceRequest,
  secrets: { readonly key: Uint8Array; readonly random: Uint8Array; readonly digest: Digest },
): Uint8Array {
  const domain = encodeText(request.domain)
  if (domain.byteLength > domainSizeMax) {
    throw new RangeError(`a domain takes at most ${domainSizeMax} bytes, got ${domain.byteLength}`)
  }
  const bytes = new Uint8Array(fenceRequestLayout.size)
  const from = request.callBack
  fenceRequestLayout.encode(bytes, {
    operation: operationCodes[request.operation],
    hash: hashCode(request.hash),
    addressSize: from?.address.byteLength ?? 0,
    flags: request.isUuid ? uuidFlag : 0,
    domain,
    address: from?.address ?? new Uint8Array(0),
    port: from?.port ?? 0,
    random: request.hash === 'none' ? new Uint8Array(randomSize) : secrets.random,
    sequence: request.sequence >>> 0,
    family: addressFamilies[from?.family ?? 'none'],
  })
  bytes.set(signatureOf(bytes, request.hash, secrets), signatureAt)
  return bytes
}

function signatureOf(
  bytes: Uint8Array,
  hash: HashName,
  secrets: { readonly key: Uint8Array; readonly digest: Digest },
): Uint8Array {
  return paddedDigest(secrets.digest, hash, secrets.key, bytes.subarray(0, signatureAt), noSignature)
}

/** Why a request was dropped. `weak`: its hash is below what the listener asks for; `forged`: the signature is wrong. */
export type RequestFault = 'weak' | 'forged' | 'malformed'

/**
 * Checks and reads a request: strength first, then signature, then every field, so that nothing of an unsigned
 * packet is looked at where a signature is asked for.
 *
 * @param wants `callBack`: the requester must say where it waits (multicast)
 */
export function openFenceRequest(
  bytes: Uint8Array,
  secrets: { readonly key: Uint8Array; readonly digest: Digest; readonly weakest: HashName },
  wants: 'callBack' | 'connection',
): Result<FenceRequest, { readonly fault: RequestFault; readonly why: string }> {
  if (bytes.byteLength !== fenceRequestLayout.size) {
    return failed({
      fault: 'malformed',
      why: `a request has ${fenceRequestLayout.size} bytes, got ${bytes.byteLength}`,
    })
  }
  const hash = hashNames[bytes[1] ?? 0xff]
  if (hash === undefined) return failed({ fault: 'malformed', why: `unknown hash ${bytes[1]}` })
  if (hashCode(hash) < hashCode(secrets.weakest)) {
    return failed({ fault: 'weak', why: `hash ${hash} is weaker than ${secrets.weakest}` })
  }
  if (hash !== 'none' && !equalInConstantTime(signatureOf(bytes, hash, secrets), bytes.subarray(signatureAt))) {
    return failed({ fault: 'forged', why: 'the signature does not match the key' })
  }
  try {
    return ok(readFields(bytes, hash, wants))
  } catch (error) {
    if (error instanceof DecodeError) return failed({ fault: 'malformed', why: error.message })
    throw error
  }
}

function readFields(bytes: Uint8Array, hash: HashName, wants: 'callBack' | 'connection'): FenceRequest {
  const raw = fenceRequestLayout.decode(bytes)
  return {
    operation: operationOfCode(raw.operation) ?? 'null',
    domain: decodeDomain(raw.domain, 4),
    isUuid: (raw.flags & uuidFlag) !== 0,
    sequence: raw.sequence,
    hash,
    callBack: wants === 'callBack' ? readCallBack(raw.family, raw.addressSize, raw.address, raw.port) : undefined,
  }
}

function readCallBack(family: number, size: number, address: Uint8Array, port: number): CallBack {
  const name = family === addressFamilies.ipv4 ? 'ipv4' : family === addressFamilies.ipv6 ? 'ipv6' : undefined
  if (name === undefined) throw new DecodeError('value', 108, `unknown address family ${family}`)
  const expected = name === 'ipv4' ? 4 : 16
  if (size !== expected) throw new DecodeError('limit', 2, `an ${name} address has ${expected} bytes, got ${size}`)
  if (port === 0) throw new DecodeError('value', 96, 'port 0 cannot be called back')
  return { family: name, address: address.slice(0, expected), port }
}

/** Only UTF-8 names a domain; control characters are allowed, as libvirt allows them. @throws DecodeError otherwise */
export function decodeDomain(field: Uint8Array, at: number): string {
  const end = field.indexOf(0)
  if (end < 0) throw new DecodeError('limit', at, `the domain is not NUL-terminated within ${field.byteLength} bytes`)
  const text = decodeText(field.subarray(0, end))
  if (text.includes('\ufffd')) throw new DecodeError('value', at, 'the domain is not UTF-8')
  return text
}
