import fs from 'node:fs'
import path from 'node:path'

const sequenceBytes = 8

/** The file in which a node keeps the sequence of its last ring, so that no two rings ever have one name. */
export class RingIdFile {
  readonly #path: string

  constructor(stateFolder: string, node: number) {
    this.#path = path.join(stateFolder, `ringid_${node}`)
  }

  /**
   * The stored sequence, 0 where there is none yet.
   *
   * @throws Error where the file is there and holds no sequence, or cannot be read
   */
  read(): number {
    let bytes: Buffer
    try {
      bytes = fs.readFileSync(this.#path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
      throw error
    }
    const sequence = bytes.byteLength === sequenceBytes ? bytes.readBigUInt64LE() : undefined
    if (sequence === undefined || sequence > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new Error(`${this.#path}: ${sequenceBytes} bytes with a ring sequence are expected`)
    }
    return Number(sequence)
  }

  /** Stores the sequence; on disk when it returns. @throws Error of the file system */
  write(sequence: number): void {
    const isNew = !fs.existsSync(this.#path)
    const bytes = Buffer.alloc(sequenceBytes)
    bytes.writeBigUInt64LE(BigInt(sequence))
    const fd = fs.openSync(this.#path, fs.constants.O_WRONLY | fs.constants.O_CREAT, 0o600)
    try {
      fs.writeSync(fd, bytes, 0, sequenceBytes, 0)
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
    if (isNew) syncFolder(path.dirname(this.#path))
  }
}

function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
