import { invariant } from '@quorate/base'
import koffi from 'koffi'
import { native } from './libc.ts'

const node = koffi.load(null)
const uvDefaultLoop = node.func('uv_default_loop', 'uintptr_t', [])
const uvPollInit = node.func('uv_poll_init', 'int', ['uintptr_t', 'uintptr_t', 'int'])
const uvPollStart = node.func('uv_poll_start', 'int', ['uintptr_t', 'int', 'void *'])
const uvPollStop = node.func('uv_poll_stop', 'int', ['uintptr_t'])
const uvClose = node.func('uv_close', 'void', ['uintptr_t', 'void *'])
const uvRef = node.func('uv_ref', 'void', ['uintptr_t'])
const uvUnref = node.func('uv_unref', 'void', ['uintptr_t'])
const calloc = native('calloc', 'uintptr_t', ['size_t', 'size_t'])
const free = native('free', 'void', ['uintptr_t'])

const readableBit = 1
const writableBit = 2
/** Room for a uv_poll_t, whose size the node binary does not promise; 160 bytes in Node 20. */
const handleBytes = 512

type PollHandler = (status: number, events: number) => void
const handlers = new Map<number, PollHandler>()

/** One native callback each for all watches: koffi has a limit on registered callbacks. */
const onPoll = koffi.register(
  (handle: number, status: number, events: number) => handlers.get(handle)?.(status, events),
  koffi.pointer(koffi.proto('void QuoratePollCallback(uintptr_t handle, int status, int events)')),
)
const onHandleClosed = koffi.register(
  (handle: number) => {
    free(handle)
  },
  koffi.pointer(koffi.proto('void QuorateCloseCallback(uintptr_t handle)')),
)

/** What a watched descriptor can be ready for. */
export type Readiness = { readonly readable: boolean; readonly writable: boolean }

/**
 * Tells when a file descriptor is ready, in Node's own event loop and without a thread in between: libuv's uv_poll,
 * which the node binary exports. Level-triggered. Works in the main thread only, whose loop it is.
 */
export class DescriptorWatch {
  readonly #handle: number
  #isOpen = true
  #wanted = 0

  /**
   * `ready` is called with what the descriptor is ready for; trouble with the descriptor counts as both, since the next
   * call on it tells what it is. An exception in it is an uncaught exception of the process.
   */
  constructor(fd: number, ready: (readiness: Readiness) => void) {
    this.#handle = calloc(1, handleBytes)
    const outcome: number = uvPollInit(uvDefaultLoop(), this.#handle, fd)
    invariant(outcome === 0, 'libuv watches the descriptor', { fd, outcome })
    handlers.set(this.#handle, (status, events) => {
      const all = status < 0
      try {
        ready({ readable: all || (events & readableBit) !== 0, writable: all || (events & writableBit) !== 0 })
      } catch (error) {
        // An exception must not unwind through libuv's frames: no watch would be told anything after it.
        setImmediate(() => {
          throw error
        })
      }
    })
  }

  /** What to wait for from now on; nothing at all is allowed. */
  want(wanted: Readiness): void {
    if (!this.#isOpen) return
    const bits = (wanted.readable ? readableBit : 0) | (wanted.writable ? writableBit : 0)
    if (bits === this.#wanted) return
    this.#wanted = bits
    const outcome: number = bits === 0 ? uvPollStop(this.#handle) : uvPollStart(this.#handle, bits, onPoll)
    invariant(outcome === 0, 'libuv takes the wish', { bits, outcome })
  }

  /** Whether this watch keeps the process alive; it does unless told otherwise. */
  keepAlive(yes: boolean): void {
    if (this.#isOpen) (yes ? uvRef : uvUnref)(this.#handle)
  }

  /** Stops watching; the descriptor may be closed after this. Idempotent. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    uvPollStop(this.#handle)
    handlers.delete(this.#handle)
    uvClose(this.#handle, onHandleClosed)
  }
}
