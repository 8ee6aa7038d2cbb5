import fs from 'node:fs'
import { layout, messageBytes } from '@quorate/base'
import { allocateFile, mapShared, mapTwice, pageBytes, Semaphore, type SharedMemory } from './ffi/index.ts'
import { IpcError } from './ipc-error.ts'
import type { IpcCredentials } from './ipc-service.ts'

/** Header file of a ring (protocols/corosync.md 1.4). Indices count 32-bit words. */
export const ringHeader = layout(8248, [
  { name: 'writeIndex', type: 'u32', at: 0, doc: 'where the next chunk will be written' },
  { name: 'readIndex', type: 'u32', at: 4, doc: 'where the next chunk will be read' },
  { name: 'words', type: 'u32', at: 8, doc: 'size of the ring' },
  { name: 'headerPath', type: 'text', at: 12, size: 4096, doc: 'path of this file' },
  { name: 'dataPath', type: 'text', at: 4108, size: 4096, doc: 'path of the data file' },
  { name: 'holders', type: 'i32', at: 8204, doc: 'processes that hold the ring' },
  { name: 'semaphore', type: 'bytes', at: 8208, size: 32, doc: 'process-shared semaphore: chunks to be read' },
  { name: 'flowControl', type: 'i32', at: 8240, doc: 'of the request ring: whether requests are held back' },
])

const writeWord = 0
const readWord = 1
const holdersWord = 8204 / 4
const semaphoreAt = 8208
const flowControlWord = 8240 / 4
/** A server's header file has one int of user data behind the fixed part. */
const serverHeaderBytes = ringHeader.size + 4

/** Second word of a chunk: in what state it is. As signed integers, which is what Int32Array holds. */
const chunkMagic = { committed: 0xa1a1_a1a1 | 0, allocated: 0xa110_ced0 | 0, dead: 0xd0d0_d0d0 | 0 }
const chunkHeaderWords = 2
/** Bytes that a chunk needs beyond its payload before it may be written. */
const chunkMarginBytes = 12
/** Bytes that a data file has beyond the longest message, before rounding to pages. */
const dataMarginBytes = 13
/** Least and greatest data file that is opened, in words. */
const wordsMax = (64 * 1024 * 1024) / 4

/**
 * One ring of shared memory between two processes: one writes whole messages, the other reads them, a semaphore counts
 * them. The other side is not trusted: own indices are kept here, foreign ones and lengths are checked before use.
 */
export class ShmRing {
  readonly #header: SharedMemory
  readonly #data: SharedMemory
  #headerWords: Int32Array
  #dataWords: Int32Array
  #dataBytes: Uint8Array
  readonly #words: number
  readonly #semaphore: Semaphore
  readonly #files: readonly string[]
  #readAt = 0
  #writeAt = 0
  #isOpen = true

  private constructor(header: SharedMemory, data: SharedMemory, words: number, files: readonly string[]) {
    this.#header = header
    this.#data = data
    this.#headerWords = new Int32Array(header.bytes.buffer, 0, ringHeader.size / 4)
    this.#dataWords = new Int32Array(data.bytes.buffer)
    this.#dataBytes = data.bytes
    this.#words = words
    this.#semaphore = new Semaphore(header.address + semaphoreAt)
    this.#files = files
  }

  /**
   * Makes the two files of a ring, for the client that `owner` names, and maps them.
   *
   * @throws SystemCallError when shared memory is full
   */
  static create(basePath: string, maxMessageBytes: number, owner: IpcCredentials): ShmRing {
    const dataBytes = Math.ceil((maxMessageBytes + dataMarginBytes) / pageBytes) * pageBytes
    const headerPath = `${basePath}-header`
    const dataPath = `${basePath}-data`
    const header = createMapped(headerPath, serverHeaderBytes, owner, (fd) => mapShared(fd, serverHeaderBytes))
    try {
      const data = createMapped(dataPath, dataBytes, owner, (fd) => mapTwice(fd, dataBytes))
      const words = dataBytes / 4
      const ring = new ShmRing(header, data, words, [dataPath, headerPath])
      ring.#semaphore.init()
      ringHeader.encode(header.bytes, { words, headerPath, dataPath, holders: 1 })
      return ring
    } catch (error) {
      header.unmap()
      throw error
    }
  }

  /**
   * Maps the ring that a server made.
   *
   * @throws IpcError `IPC_PROTOCOL` when the files are no ring; system errors when they cannot be opened
   */
  static open(basePath: string): ShmRing {
    const headerPath = `${basePath}-header`
    const header = openMapped(headerPath, ringHeader.size, (fd) => mapShared(fd, ringHeader.size))
    try {
      const { words, dataPath } = ringHeader.decode(header.bytes)
      const dataBytes = words * 4
      if (words === 0 || words > wordsMax || dataBytes % pageBytes !== 0) {
        throw new IpcError('IPC_PROTOCOL', `${headerPath}: ring of ${words} words`)
      }
      const data = openMapped(dataPath, dataBytes, (fd) => mapTwice(fd, dataBytes))
      const ring = new ShmRing(header, data, words, [dataPath, headerPath])
      Atomics.add(ring.#headerWords, holdersWord, 1)
      return ring
    } catch (error) {
      header.unmap()
      throw error
    }
  }

  get flowControl(): number {
    return this.#isOpen ? Atomics.load(this.#headerWords, flowControlWord) : 0
  }

  set flowControl(level: number) {
    if (this.#isOpen) Atomics.store(this.#headerWords, flowControlWord, level)
  }

  /** Puts a message in, or answers false when there is no room now. */
  write(message: Uint8Array): boolean {
    if (!this.#isOpen || this.#freeBytes() < message.byteLength + chunkMarginBytes) return false
    const at = this.#writeAt
    const words = this.#dataWords
    Atomics.store(words, at, 0)
    Atomics.store(words, at + 1, chunkMagic.allocated)
    this.#dataBytes.set(message, (at + chunkHeaderWords) * 4)
    Atomics.store(words, at, message.byteLength)
    this.#writeAt = this.#after(at, message.byteLength)
    Atomics.store(this.#headerWords, writeWord, this.#writeAt)
    Atomics.store(words, at + 1, chunkMagic.committed)
    this.#semaphore.post()
    return true
  }

  /**
   * Takes the oldest message out, or answers undefined when there is none; `waitUs` holds the thread up for at most so
   * many microseconds.
   *
   * @throws IpcError `IPC_PROTOCOL` when the other side wrote something that is no chunk
   */
  read(waitUs = 0): Uint8Array | undefined {
    if (!this.#isOpen) return undefined
    if (!(waitUs > 0 ? this.#semaphore.waitBriefly(waitUs) : this.#semaphore.tryWait())) return undefined
    const at = this.#readAt
    const words = this.#dataWords
    if (Atomics.load(words, at + 1) !== chunkMagic.committed) {
      throw new IpcError('IPC_PROTOCOL', 'ring: the chunk to be read is not committed')
    }
    const length = Atomics.load(words, at)
    if (length < 0 || length > this.#words * 4 - chunkMarginBytes) {
      throw new IpcError('IPC_PROTOCOL', `ring: chunk of ${length} bytes in a ring of ${this.#words * 4}`)
    }
    const start = (at + chunkHeaderWords) * 4
    const message = messageBytes(length)
    message.set(this.#dataBytes.subarray(start, start + length))
    Atomics.store(words, at, 0)
    Atomics.store(words, at + 1, chunkMagic.dead)
    this.#readAt = this.#after(at, length)
    Atomics.store(this.#headerWords, readWord, this.#readAt)
    return message
  }

  /** Lets go of the memory. Idempotent. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#headerWords = new Int32Array(0)
    this.#dataWords = new Int32Array(0)
    this.#dataBytes = new Uint8Array(0)
    this.#header.unmap()
    this.#data.unmap()
  }

  /** Removes the two files; those that are gone already are no trouble. */
  removeFiles(): void {
    for (const file of this.#files) fs.rmSync(file, { force: true })
  }

  #after(at: number, length: number): number {
    return (at + chunkHeaderWords + Math.ceil(length / 4)) % this.#words
  }

  #freeBytes(): number {
    const write = this.#writeAt
    const read = Atomics.load(this.#headerWords, readWord) >>> 0
    if (read >= this.#words) return 0
    if (write > read) return (read - write + this.#words - 1) * 4
    if (write < read) return (read - write - 1) * 4
    return this.#semaphore.value > 0 ? 0 : this.#words * 4
  }
}

function createMapped(
  path: string,
  length: number,
  owner: IpcCredentials,
  map: (fd: number) => SharedMemory,
): SharedMemory {
  const fd = fs.openSync(path, 'wx+', 0o600)
  try {
    fs.ftruncateSync(fd, length)
    allocateFile(fd, length)
    const memory = map(fd)
    if (owner.uid !== process.geteuid?.() || owner.gid !== process.getegid?.()) fs.fchownSync(fd, owner.uid, owner.gid)
    return memory
  } finally {
    fs.closeSync(fd)
  }
}

function openMapped(path: string, length: number, map: (fd: number) => SharedMemory): SharedMemory {
  const fd = fs.openSync(path, 'r+')
  try {
    const { size } = fs.fstatSync(fd)
    if (size < length) throw new IpcError('IPC_PROTOCOL', `${path}: ${size} bytes, need ${length}`)
    return map(fd)
  } finally {
    fs.closeSync(fd)
  }
}
