import { DecodeError, decodeText, encodeText } from '@quorate/base'

/** Longest text that libvirt sends (REMOTE_STRING_MAX). */
export const xdrTextMax = 4_194_304

/** Writes XDR (RFC 4506): big-endian, everything padded to four bytes. */
export class XdrWriter {
  readonly #parts: Uint8Array[] = []
  #size = 0

  /** 32 bits; negative numbers in two's complement. */
  int(value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setInt32(0, value | 0)
    return this.#add(bytes)
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
    this.#add(bytes)
    const padding = (4 - (bytes.byteLength % 4)) % 4
    return padding === 0 ? this : this.#add(new Uint8Array(padding))
  }

  bytes(): Uint8Array {
    const out = new Uint8Array(this.#size)
    let at = 0
    for (const part of this.#parts) {
      out.set(part, at)
      at += part.byteLength
    }
    return out
  }

  #add(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    this.#size += bytes.byteLength
    return this
  }
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
    const at = this.#take(size + ((4 - (size % 4)) % 4))
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
