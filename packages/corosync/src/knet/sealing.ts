import { knetFrameBytesMax } from './packet.ts'

/** Ciphers of `totem.crypto_cipher` with the bytes of the key file that each takes. */
export const cipherKeyBytes = { aes128: 16, aes192: 24, aes256: 32 } as const
/** Hashes of `totem.crypto_hash` with the bytes of their digest. */
export const hashBytes = { md5: 16, sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const

/** A cipher of {@link cipherKeyBytes}. */
export type CipherName = keyof typeof cipherKeyBytes
/** A hash of {@link hashBytes}. */
export type HashName = keyof typeof hashBytes

/** How packets are protected: at least authenticated. */
export type SealingMethod = {
  /** Undefined: packets can be read by everybody, and made by nobody without the key. */
  readonly cipher: CipherName | undefined
  readonly hash: HashName
}

/** Bytes of the salt, which is the cipher's initialisation vector. */
export const saltBytes = 16
/** Bytes of a block of any of the ciphers. */
export const cipherBlockBytes = 16

/** What the method costs in a packet. */
export type SealingOverhead = {
  /** Bytes of salt and digest. */
  readonly fixedBytes: number
  /** The rest is a multiple of this, with a byte of padding at least where it is more than 1. */
  readonly blockBytes: number
}

/** Packets as they are. */
export const noSealing: SealingOverhead = { fixedBytes: 0, blockBytes: 1 }

/** The cryptography itself, with its key, for one {@link SealingMethod}. */
export interface SealingPrimitives {
  random(count: number): Uint8Array
  /** HMAC, keyed by the whole key. */
  digest(bytes: Uint8Array): Uint8Array
  /** Whether both are the same, in a time that does not tell where they differ. Lengths are equal. */
  isEqual(one: Uint8Array, other: Uint8Array): boolean
  /** CBC with PKCS #7 padding, keyed by the first bytes of the key. */
  encrypt(salt: Uint8Array, plain: Uint8Array): Uint8Array
  /** Undefined where the padding is wrong. */
  decrypt(salt: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

/** @returns what the method costs in a packet; undefined: no method at all */
export function overheadOf(method: SealingMethod | undefined): SealingOverhead {
  if (method === undefined) return noSealing
  const digest = hashBytes[method.hash]
  if (method.cipher === undefined) return { fixedBytes: digest, blockBytes: 1 }
  return { fixedBytes: saltBytes + digest, blockBytes: cipherBlockBytes }
}

/** Bytes of a packet when it is sealed. */
export function sealedBytes({ fixedBytes, blockBytes }: SealingOverhead, plainBytes: number): number {
  if (blockBytes === 1) return plainBytes + fixedBytes
  return fixedBytes + (Math.floor(plainBytes / blockBytes) + 1) * blockBytes
}

/** Longest packet that takes no more than `bytes` when it is sealed; negative where there is no such packet. */
export function plainBytesMax({ fixedBytes, blockBytes }: SealingOverhead, bytes: number): number {
  if (blockBytes === 1) return bytes - fixedBytes
  return Math.floor((bytes - fixedBytes) / blockBytes) * blockBytes - 1
}

/**
 * Packets as they are on the wire with crypto: `salt | encrypted packet | digest of both` (protocols/corosync.md 8.3). Both
 * of knet's models, nss and openssl, make the same of them.
 */
export class Sealing {
  readonly method: SealingMethod
  readonly overhead: SealingOverhead
  readonly #primitives: SealingPrimitives

  constructor(method: SealingMethod, primitives: SealingPrimitives) {
    this.method = method
    this.overhead = overheadOf(method)
    this.#primitives = primitives
  }

  seal(packet: Uint8Array): Uint8Array {
    const primitives = this.#primitives
    if (this.method.cipher === undefined) return joined(packet, primitives.digest(packet))
    const salt = primitives.random(saltBytes)
    const body = joined(salt, primitives.encrypt(salt, packet))
    return joined(body, primitives.digest(body))
  }

  /** The packet, or undefined where it was not made by somebody with this key. Nothing is computed before that is known. */
  open(bytes: Uint8Array): Uint8Array | undefined {
    const primitives = this.#primitives
    const end = bytes.byteLength - hashBytes[this.method.hash]
    if (end <= 0 || bytes.byteLength > knetFrameBytesMax) return undefined
    const body = bytes.subarray(0, end)
    if (!primitives.isEqual(primitives.digest(body), bytes.subarray(end))) return undefined
    if (this.method.cipher === undefined) return body
    const encrypted = end - saltBytes
    if (encrypted <= 0 || encrypted % cipherBlockBytes !== 0) return undefined
    return primitives.decrypt(body.subarray(0, saltBytes), body.subarray(saltBytes))
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.byteLength + other.byteLength)
  bytes.set(one)
  bytes.set(other, one.byteLength)
  return bytes
}
