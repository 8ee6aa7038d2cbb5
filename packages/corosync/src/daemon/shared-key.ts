import fs from 'node:fs'
import { hostPath } from '@quorate/qb'
import { ConfigError } from '../conf/config-error.ts'
import type { KeySource } from '../conf/knet-settings.ts'

/** Shortest key, bytes. */
export const keyBytesMin = 128
/** What is used of a longer one, bytes. */
export const keyBytesMax = 4096
/** Rights of a file that others than its owner can read or write. */
const rightsOfOthers = 0o077

/** The secret that all nodes share. */
export type SharedKey = {
  readonly bytes: Uint8Array
  /** What an administrator should hear of the file; undefined where it is well kept. */
  readonly warning: string | undefined
}

/**
 * Reads the key.
 *
 * @throws ConfigError where it is not there or too short
 */
export function readKey(file: string, source: KeySource): SharedKey {
  if (source.from === 'setting') {
    // The zero that ends a string in C is part of the key that the C daemon makes of it.
    const bytes = Buffer.from(`${source.text}\0`)
    if (bytes.byteLength < keyBytesMin) {
      throw new ConfigError(file, source.line, `key is too short: at least ${keyBytesMin - 1} characters are expected`)
    }
    return { bytes: bytes.subarray(0, keyBytesMax), warning: undefined }
  }
  const path = hostPath(source.path)
  let bytes: Uint8Array
  let mode: number
  try {
    const fd = fs.openSync(path, 'r')
    try {
      const room = new Uint8Array(keyBytesMax)
      bytes = room.slice(0, fs.readSync(fd, room, 0, keyBytesMax, 0))
      mode = fs.fstatSync(fd).mode
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigError(file, source.line, `Could not open ${path}: ${why}`)
  }
  if (bytes.byteLength < keyBytesMin) {
    const what = `Could only read ${bytes.byteLength * 8} bits of minimum ${keyBytesMin * 8} bits from ${path}.`
    throw new ConfigError(file, source.line, what)
  }
  const warning =
    (mode & rightsOfOthers) === 0
      ? undefined
      : `${path} is open to others than its owner (mode ${(mode & 0o777).toString(8)}); mode 400 is expected`
  return { bytes, warning }
}
