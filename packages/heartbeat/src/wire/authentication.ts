import { encodeText, invariant } from '@quorate/base'
import type { AuthKeys, AuthMethod } from './auth-keys.ts'
import { crcHex } from './crc.ts'

/** HMAC of data as hexadecimal digits in lower case. Given by the host: cores hold no crypto. */
export type Hmac = (hash: Exclude<AuthMethod, 'crc'>, key: Uint8Array, data: Uint8Array) => string

/** Signs what this node sends and judges what it gets, by the keys of authkeys(5). */
export class Authentication {
  readonly #keys: AuthKeys
  readonly #hmac: Hmac
  readonly #secrets: ReadonlyMap<number, Uint8Array>

  constructor(keys: AuthKeys, hmac: Hmac) {
    invariant(keys.keys.has(keys.current), 'the key that signs is there', { current: keys.current })
    this.#keys = keys
    this.#hmac = hmac
    this.#secrets = new Map([...keys.keys].map(([number, { key }]) => [number, encodeText(key)]))
  }

  /** `NUMBER DIGEST` of the data, by the key that signs. */
  sign(data: Uint8Array): string {
    const { current } = this.#keys
    return `${current} ${this.#digest(current, data)}`
  }

  /** Whether `NUMBER DIGEST` is that of the data by a key that is known. */
  isTrue(data: Uint8Array, claim: string): boolean {
    const parts = /^([0-9]{1,2}) +([0-9a-f]+)$/.exec(claim)
    if (parts === null) return false
    const number = Number(parts[1])
    return this.#keys.keys.has(number) && isSame(this.#digest(number, data), parts[2] ?? '')
  }

  #digest(number: number, data: Uint8Array): string {
    const key = this.#keys.keys.get(number)
    const secret = this.#secrets.get(number)
    invariant(key !== undefined && secret !== undefined, 'the key is there', { number })
    return key.method === 'crc' ? crcHex(data) : this.#hmac(key.method, secret, data)
  }
}

/** Takes as long for any wrong digest. */
function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length
  for (let i = 0; i < one.length; i += 1) difference |= one.charCodeAt(i) ^ other.charCodeAt(i)
  return difference === 0
}
