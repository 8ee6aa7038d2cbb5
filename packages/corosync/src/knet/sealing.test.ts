import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { knetCipher } from '../transport/knet-cipher.ts'
import { type CipherName, cipherKeyBytes, type HashName, hashBytes, Sealing, sealedBytes } from './sealing.ts'

const key = randomBytes(256)
const ciphers: readonly (CipherName | undefined)[] = [undefined, 'aes128', 'aes192', 'aes256']
const hashes = Object.keys(hashBytes) as HashName[]
const methods = ciphers.flatMap((cipher) => hashes.map((hash) => ({ cipher, hash })))

test.each(methods)(
  '%j: what is sealed opens, takes the bytes it should, and nothing that was changed opens',
  (method) => {
    const sealing = new Sealing(method, knetCipher(method, key))
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (plain, at, bit) => {
          const sealed = sealing.seal(plain)
          expect(sealed).toHaveLength(sealedBytes(sealing.overhead, plain.byteLength))
          expect(Uint8Array.from(sealing.open(sealed) ?? [])).toEqual(plain)
          const changed = sealed.slice()
          const place = at % changed.byteLength
          changed[place] = (changed[place] ?? 0) ^ bit
          expect(sealing.open(changed)).toBeUndefined()
          expect(sealing.open(sealed.subarray(0, place))).toBeUndefined()
        },
      ),
      { numRuns: 20 },
    )
  },
)

test('packets look as knet makes them: salt, AES-CBC by the first bytes of the key, HMAC by all of it', () => {
  const method = { cipher: 'aes192', hash: 'sha384' } as const
  const salt = randomBytes(16)
  const cipher = createCipheriv('aes-192-cbc', key.subarray(0, cipherKeyBytes.aes192), salt)
  const body = Buffer.concat([salt, cipher.update('packet'), cipher.final()])
  const packet = Buffer.concat([body, createHmac('sha384', key).update(body).digest()])
  const sealing = new Sealing(method, { ...knetCipher(method, key), random: () => salt })
  expect(Buffer.from(sealing.seal(Buffer.from('packet'))).equals(packet)).toBe(true)
  expect(Buffer.from(sealing.open(packet) ?? []).toString()).toBe('packet')
})

test('two packets never have the same salt', () => {
  const method = { cipher: 'aes256', hash: 'sha256' } as const
  const sealing = new Sealing(method, knetCipher(method, key))
  const salts = Array.from({ length: 2000 }, () =>
    Buffer.from(sealing.seal(new Uint8Array(1)).subarray(0, 16)).toString('hex'),
  )
  expect(new Set(salts).size).toBe(salts.length)
})

test('nothing is decrypted before it is known who made it; bytes of nobody are refused without a word', () => {
  const method = { cipher: 'aes256', hash: 'sha256' } as const
  let decrypted = 0
  const primitives = knetCipher(method, key)
  const sealing = new Sealing(method, {
    ...primitives,
    decrypt: (salt, sealed) => {
      decrypted += 1
      return primitives.decrypt(salt, sealed)
    },
  })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => sealing.open(bytes) === undefined))
  // Right digests around what cannot be a packet.
  for (const bytes of [0, 15, 16, 17, 31]) {
    const body = new Uint8Array(bytes)
    const digest = createHmac('sha256', key).update(body).digest()
    expect(sealing.open(Buffer.concat([body, digest]))).toBeUndefined()
  }
  expect(decrypted).toBe(0)
  const body = new Uint8Array(48)
  const digest = createHmac('sha256', key).update(body).digest()
  sealing.open(Buffer.concat([body, digest]))
  expect(decrypted).toBe(1)
})
