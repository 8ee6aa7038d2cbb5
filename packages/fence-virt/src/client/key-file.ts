import { closeSync, openSync, readSync } from 'node:fs'
import { keySizeMax } from '../hash.ts'

/**
 * The key: the first 4096 bytes of its file as they are. No more is read, so that the file may be a device.
 *
 * @throws the error of the system where it cannot be read
 */
export function readKeyFile(file: string): Uint8Array {
  const fd = openSync(file, 'r')
  try {
    const key = new Uint8Array(keySizeMax)
    let size = 0
    for (;;) {
      const got = readSync(fd, key, size, keySizeMax - size, null)
      size += got
      if (got === 0 || size === keySizeMax) return key.slice(0, size)
    }
  } finally {
    closeSync(fd)
  }
}
