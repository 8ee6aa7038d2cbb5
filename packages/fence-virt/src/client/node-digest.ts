import { createHash } from 'node:crypto'
import type { Digest } from '../hash.ts'

/** {@link Digest} by OpenSSL. */
export const nodeDigest: Digest = (hash, parts) => {
  const running = createHash(hash)
  for (const part of parts) running.update(part)
  return running.digest()
}
