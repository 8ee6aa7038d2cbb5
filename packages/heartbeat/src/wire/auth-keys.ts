import { failed, ok, type Result } from '@quorate/base'

/** How messages are authenticated. `crc` keeps out noise only. */
export type AuthMethod = 'crc' | 'md5' | 'sha1'

/** One numbered key of authkeys(5). `key` is empty for crc. */
export type AuthKey = { readonly method: AuthMethod; readonly key: string }

/** What authkeys(5) says: the number that signs, and every key that is believed. */
export type AuthKeys = { readonly current: number; readonly keys: ReadonlyMap<number, AuthKey> }

/** Numbers of keys are 0 to this. */
export const authNumberMax = 15
/** Bytes of the file. */
export const authKeysBytesMax = 64 * 1024

/** Permission bits of the file that make it unfit: anything for group and others. */
export const authKeysModeRefused = 0o077

const methods: ReadonlySet<string> = new Set(['crc', 'md5', 'sha1'] satisfies AuthMethod[])

/** Reads the text of authkeys. Errors name the line and what was expected. */
export function parseAuthKeys(content: string): Result<AuthKeys, string> {
  const keys = new Map<number, AuthKey>()
  let current: number | undefined
  let currentLine = 0
  for (const [index, line] of content.split('\n').entries()) {
    const at = index + 1
    const words = line.trim().split(/\s+/)
    const [first = '', second, third, ...more] = words
    if (first === '' || first.startsWith('#')) continue
    if (first === 'auth') {
      const number = keyNumber(second)
      if (number === undefined) return failed(`line ${at}: 'auth' is followed by a number of 0 to ${authNumberMax}`)
      if (current !== undefined) return failed(`line ${at}: 'auth' is there a second time`)
      current = number
      currentLine = at
      continue
    }
    const number = keyNumber(first)
    if (number === undefined) {
      return failed(
        `line ${at}: 'auth NUMBER' or 'NUMBER METHOD [KEY]' is expected, NUMBER being 0 to ${authNumberMax}`,
      )
    }
    if (second === undefined || !methods.has(second)) {
      return failed(`line ${at}: the method '${second ?? ''}' is none of crc, md5, sha1`)
    }
    if (second !== 'crc' && third === undefined) return failed(`line ${at}: method ${second} needs a key`)
    if (more.length > 0) return failed(`line ${at}: a key is one word`)
    if (keys.has(number)) return failed(`line ${at}: key ${number} is there a second time`)
    keys.set(number, { method: second as AuthMethod, key: second === 'crc' ? '' : (third ?? '') })
  }
  if (current === undefined) return failed("a line 'auth NUMBER' is missing")
  if (!keys.has(current)) return failed(`line ${currentLine}: there is no key ${current}`)
  return ok({ current, keys })
}

function keyNumber(word: string | undefined): number | undefined {
  if (word === undefined || !/^[0-9]{1,2}$/.test(word)) return undefined
  const number = Number(word)
  return number <= authNumberMax ? number : undefined
}
