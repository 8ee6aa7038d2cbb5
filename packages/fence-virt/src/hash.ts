/** Strength of a signature or of the challenge, weakest first. */
export type HashName = 'none' | 'sha1' | 'sha256' | 'sha512'

/** All strengths in the order of their numbers on the wire: index is number. */
export const hashNames = ['none', 'sha1', 'sha256', 'sha512'] as const satisfies readonly HashName[]

/** Bytes of every digest field; shorter digests are followed by zeros, which are compared as well. */
export const digestSize = 64

/** Bytes of the key file that count; the rest of a longer file is not read. */
export const keySizeMax = 4096

/**
 * Digest of the key and the data behind it, in one piece or two, `hash` being anything but none. Given by the host:
 * cores hold no crypto.
 */
export type Digest = (
  hash: Exclude<HashName, 'none'>,
  key: Uint8Array,
  data: Uint8Array,
  rest?: Uint8Array,
) => Uint8Array

/** Number of a strength on the wire. */
export function hashCode(name: HashName): number {
  return hashNames.indexOf(name)
}

/** The digest with zeros behind it, 64 bytes. `none` gives zeros. */
export function paddedDigest(
  digest: Digest,
  hash: HashName,
  key: Uint8Array,
  data: Uint8Array,
  rest?: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(digestSize)
  if (hash !== 'none') out.set(digest(hash, key, data, rest))
  return out
}

/** Compares without telling by its time where the first difference lies. Lengths are no secret. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  let difference = 0
  for (let index = 0; index < a.byteLength; index += 1) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return difference === 0
}
