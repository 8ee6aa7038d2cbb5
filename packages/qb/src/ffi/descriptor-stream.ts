import { Duplex } from 'node:stream'
import { DescriptorWatch } from './descriptor-watch.ts'
import { lastErrno, native, SystemCallError } from './libc.ts'

const readFd = native('read', 'intptr_t', ['int', 'void *', 'size_t'])
const writeFd = native('write', 'intptr_t', ['int', 'void *', 'size_t'])
const closeFd = native('close', 'int', ['int'])

const chunkBytes = 65_536
const errnoAgain = 11

/**
 * A stream over a non-blocking descriptor of a kind that node's own streams do not know (vsock, a serial line). Owns
 * the descriptor and closes it. `firstWritable`: data is held back until the descriptor is first ready for writing, as
 * it is while it still connects; {@link onReady} is told of that.
 */
export class DescriptorStream extends Duplex {
  readonly #fd: number
  readonly #watch: DescriptorWatch
  #wantsRead = false
  #pending: { readonly bytes: Uint8Array; readonly done: (error?: Error | null) => void } | undefined
  #onReady: (() => void) | undefined

  constructor(fd: number, onReady?: () => void) {
    super({ allowHalfOpen: true })
    this.#fd = fd
    this.#onReady = onReady
    this.#watch = new DescriptorWatch(fd, ({ readable, writable }) => {
      if (writable) this.#becameWritable()
      if (readable && this.#wantsRead) this.#readSome()
    })
    this.#rewatch()
  }

  override _read(): void {
    this.#wantsRead = true
    this.#rewatch()
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#pending = { bytes: chunk, done }
    if (this.#onReady === undefined) this.#writeSome()
    else this.#rewatch()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#watch.close()
    closeFd(this.#fd)
    done(error)
  }

  #rewatch(): void {
    if (this.destroyed) return
    this.#watch.want({
      readable: this.#wantsRead && this.#onReady === undefined,
      writable: this.#onReady !== undefined || this.#pending !== undefined,
    })
  }

  #becameWritable(): void {
    const onReady = this.#onReady
    this.#onReady = undefined
    onReady?.()
    if (this.destroyed) return
    if (this.#pending !== undefined) this.#writeSome()
    else this.#rewatch()
  }

  #readSome(): void {
    const chunk = new Uint8Array(chunkBytes)
    const got = readFd(this.#fd, chunk, chunk.byteLength)
    if (got < 0) {
      if (lastErrno() !== errnoAgain) this.destroy(new SystemCallError('read', lastErrno(), ''))
      return
    }
    this.#wantsRead = false
    this.#rewatch()
    this.push(got === 0 ? null : chunk.subarray(0, got))
  }

  #writeSome(): void {
    const pending = this.#pending
    if (pending === undefined) return
    const put = writeFd(this.#fd, pending.bytes, pending.bytes.byteLength)
    if (put < 0 && lastErrno() !== errnoAgain) {
      this.#pending = undefined
      pending.done(new SystemCallError('write', lastErrno(), ''))
      return
    }
    const left = put <= 0 ? pending.bytes : pending.bytes.subarray(put)
    this.#pending = left.byteLength === 0 ? undefined : { bytes: left, done: pending.done }
    this.#rewatch()
    if (this.#pending === undefined) pending.done()
  }
}
