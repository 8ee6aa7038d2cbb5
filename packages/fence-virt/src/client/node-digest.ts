import { createHash, type Hash } from 'node:crypto'
import type { Digest } from '../hash.ts'

/** Hashes that have taken in a key, by the key itself: each digest then costs its data alone, not 4096 bytes more. */
const keyed = new WeakMap<Uint8Array, Map<string, Hash>>()

/** {@link Digest} by OpenSSL. A key must not change once it was used. */
export const nodeDigest: Digest = (hash, key, data, rest) => {
  let prefixes = keyed.get(key)
  if (prefixes === undefined) {
    prefixes = new Map()
    keyed.set(key, prefixes)
  }
  let prefix = prefixes.get(hash)
  if (prefix === undefined) {
    prefix = createHash(hash).update(key)
    prefixes.set(hash, prefix)
  }
  const begun = prefix.copy().update(data)
  return (rest === undefined ? begun : begun.update(rest)).digest()
}
