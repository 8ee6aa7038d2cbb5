import { DecodeError, decodeText, encodeText } from '@quorate/base'

/** Longest text that libvirt sends (REMOTE_STRING_MAX). */
export const xdrTextMax = 4_194_304

/** What most calls fit in; a writer grows beyond it. */
const roomAtFirst = 256

/** Writes XDR (RFC 4506): big-endian, everything padded to four bytes. */
export class XdrWriter {
  #view = new DataView(new ArrayBuffer(roomAtFirst))
  #size = 0

  /** 32 bits; negative numbers in two's complement. */
  int(value: number): this {
    const at = this.#take(4)
    this.#view.setInt32(at, value | 0)
    return this
  }

  text(value: string): this {
    const bytes = encodeText(value)
    return this.int(bytes.byteLength).fixed(bytes)
  }

  /** A text that may be absent. */
  optional(value: string | undefined): this {
    return value === undefined ? this.int(0) : this.int(1).text(value)
  }

  /** Bytes whose number both sides know. */
  fixed(bytes: Uint8Array): this {
    const at = this.#take(padded(bytes.byteLength))
    new Uint8Array(this.#view.buffer).set(bytes, at)
    return this
  }

  /** What was written; not to be written on behind it. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#size)
  }

  /** Zeros to be written over. Answers where they begin. */
  #take(size: number): number {
    const at = this.#size
    this.#size += size
    if (this.#size > this.#view.byteLength) {
      const grown = new Uint8Array(Math.max(this.#size, 2 * this.#view.byteLength))
      grown.set(new Uint8Array(this.#view.buffer, 0, at))
      this.#view = new DataView(grown.buffer)
    }
    return at
  }
}

/** The size with what fills it up to four bytes. */
function padded(size: number): number {
  return size + ((4 - (size % 4)) % 4)
}

/** Reads XDR. Every length is checked against its limit and what is left before it is used. */
export class XdrReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = at
  }

  int(): number {
    const at = this.#take(4)
    return this.#view.getInt32(at)
  }

  unsigned(): number {
    const at = this.#take(4)
    return this.#view.getUint32(at)
  }

  hyper(): bigint {
    const at = this.#take(8)
    return this.#view.getBigUint64(at)
  }

  /** A count of list entries, at most `max`. */
  count(max: number): number {
    const at = this.#at
    const count = this.unsigned()
    if (count > max) throw new DecodeError('limit', at, `a list of ${count}, limit ${max}`)
    return count
  }

  text(): string {
    return decodeText(this.fixed(this.count(xdrTextMax)))
  }

  optional(): string | undefined {
    return this.unsigned() === 0 ? undefined : this.text()
  }

  fixed(size: number): Uint8Array {
    const at = this.#take(padded(size))
    return this.#bytes.slice(at, at + size)
  }

  #take(size: number): number {
    const at = this.#at
    if (this.#bytes.byteLength - at < size) {
      throw new DecodeError('short', at, `need ${size} bytes, ${this.#bytes.byteLength - at} are left`)
    }
    this.#at += size
    return at
  }
}
