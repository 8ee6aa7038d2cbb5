import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { hostPath } from '@quorate/qb'
import {
  type CachedHost,
  generationText,
  hostCacheText,
  readGeneration,
  readHostCache,
  uuidBytes,
  uuidOfName,
} from '../conf/node-files.ts'
import { octetBytes, octetText } from '../wire/octets.ts'

const folder = '/var/lib/heartbeat'

/** This node's UUID, of hb_uuid, which is made where it is not there. @throws Error of node:fs, or of a file that is none */
export function ownUuid(from: 'file' | 'nodename', name: string): string {
  if (from === 'nodename') return uuidOfName(name)
  const file = hostPath(`${folder}/hb_uuid`)
  if (fs.existsSync(file)) {
    const bytes = fs.readFileSync(file)
    if (bytes.byteLength !== uuidBytes)
      throw new Error(`${file}: ${uuidBytes} bytes are expected, not ${bytes.byteLength}`)
    return octetText(bytes)
  }
  const fresh = octetText(randomBytes(uuidBytes))
  replaceFile(file, octetBytes(fresh))
  return fresh
}

/**
 * The generation of this start, which is larger than that of the last: replays of what an earlier one sent are known by it.
 *
 * @throws Error of node:fs, or of a file that is none: a generation that is too low would keep the node out of its cluster
 */
export function nextGeneration(from: 'file' | 'time', nowSeconds: number): number {
  const file = hostPath(`${folder}/hb_generation`)
  if (from === 'time') return nowSeconds
  let generation = nowSeconds
  if (fs.existsSync(file)) {
    const last = readGeneration(fs.readFileSync(file, 'latin1'))
    if (last === undefined) throw new Error(`${file}: a number is expected`)
    generation = last + 1
  }
  replaceFile(file, octetBytes(generationText(generation)))
  return generation
}

/** Nodes that were known when the daemon ended last. */
export function cachedHosts(): readonly CachedHost[] {
  try {
    return readHostCache(fs.readFileSync(hostPath(`${folder}/hostcache`), 'utf8'))
  } catch {
    return []
  }
}

/** Writes hostcache. @throws Error of node:fs */
export function cacheHosts(hosts: readonly CachedHost[]): void {
  replaceFile(hostPath(`${folder}/hostcache`), new TextEncoder().encode(hostCacheText(hosts)))
}

/** The file is the old one or the new one, whatever happens. */
function replaceFile(file: string, bytes: Uint8Array): void {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  const fd = fs.openSync(draft, 'w', 0o644)
  try {
    fs.writeSync(fd, bytes)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
  fs.renameSync(draft, file)
}
