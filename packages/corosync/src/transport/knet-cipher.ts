import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'
import { cipherKeyBytes, type SealingMethod, type SealingPrimitives } from '../knet/sealing.ts'

/** Random bytes that are asked for at once: many salts. */
const randomPoolBytes = 4096
const cipherNames = { aes128: 'aes-128-cbc', aes192: 'aes-192-cbc', aes256: 'aes-256-cbc' } as const

/**
 * The cryptography of knet with node:crypto.
 *
 * @param key the whole shared key: its first bytes are the cipher's, all of it is the digest's
 */
export function knetCipher(method: SealingMethod, key: Uint8Array): SealingPrimitives {
  const { cipher, hash } = method
  const cipherName = cipher === undefined ? undefined : cipherNames[cipher]
  const cipherKey = createSecretKey(key.subarray(0, cipher === undefined ? 1 : cipherKeyBytes[cipher]))
  const digestKey = createSecretKey(key)
  const pool = new Uint8Array(randomPoolBytes)
  let used = pool.byteLength
  return {
    random(count) {
      if (used + count > pool.byteLength) {
        randomFillSync(pool)
        used = 0
      }
      used += count
      return pool.slice(used - count, used)
    },
    digest: (bytes) => createHmac(hash, digestKey).update(bytes).digest(),
    isEqual: timingSafeEqual,
    encrypt(salt, plain) {
      const maker = createCipheriv(cipherName ?? '', cipherKey, salt)
      return Buffer.concat([maker.update(plain), maker.final()])
    },
    decrypt(salt, sealed) {
      const reader = createDecipheriv(cipherName ?? '', cipherKey, salt)
      try {
        return Buffer.concat([reader.update(sealed), reader.final()])
      } catch {
        return undefined
      }
    },
  }
}
