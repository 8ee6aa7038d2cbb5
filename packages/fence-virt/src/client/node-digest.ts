import { createHash, type Hash } from 'node:crypto'
import type { Digest } from '../hash.ts'

/** Hashes that have taken in a key, by the key itself: each digest then costs its data alone, not 4096 bytes more. */
const keyed = new WeakMap<Uint8Array, Map<string, Hash>>()

/** {@link Digest} by OpenSSL. A key must not change once it was used. */
export const nodeDigest: Digest = (hash, key, data) => {
  let begun = keyed.get(key)
  if (begun === undefined) {
    begun = new Map()
    keyed.set(key, begun)
  }
  let prefix = begun.get(hash)
  if (prefix === undefined) {
    prefix = createHash(hash).update(key)
    begun.set(hash, prefix)
  }
  return prefix.copy().update(data).digest()
}
