import { DescriptorWatch } from './descriptor-watch.ts'
import { lastErrno, native } from './libc.ts'

const accept4 = native('accept4', 'int', ['int', 'void *', 'void *', 'int'])
const closeFd = native('close', 'int', ['int'])

const nonBlocking = 0o4000
const closeOnExec = 0o2000000

/** What the system has run out of, by the errno that accept(2) gives for it. */
const shortages: ReadonlyMap<number, string> = new Map([
  [23, 'the system has too many open files'],
  [24, 'too many open files'],
  [12, 'out of memory'],
  [105, 'no buffer space'],
])
/** Pause before the next attempt when something has run out: those who want in wait in the kernel meanwhile. */
export const shortageMs = 100
/** A shortage that goes on is told so often. */
export const shortageToldMs = 10_000

/** What a listening socket tells of not being able to let anybody in, for want of descriptors or memory. */
export type ShortageHandlers = {
  /** To be written down: that it began, at most once in {@link shortageToldMs}, and that it is over. */
  onTrouble(why: string): void
  /** At every attempt that failed: whether the owner has closed something, so that the next may be made at once. */
  onShortage?(): boolean
}

/**
 * Accepts on a socket that listens. When descriptors run out, and the owner cannot spare any, it stops looking for
 * {@link shortageMs}: the kernel would tell of those who wait again and again, and the daemon do nothing else.
 */
export class AcceptingSocket {
  readonly #fd: number
  readonly #watch: DescriptorWatch
  readonly #onAccepted: (fd: number) => void
  readonly #handlers: ShortageHandlers
  readonly #peer: Uint8Array
  readonly #peerSize = new Uint8Array(4)
  #pause: NodeJS.Timeout | undefined
  #toldAt = Number.NEGATIVE_INFINITY
  #isTold = false

  /**
   * Owns `fd` from now on.
   *
   * @param peer memory for the address of whoever connects, less than 256 bytes: it is there when `onAccepted` is told
   */
  constructor(fd: number, peer: Uint8Array, onAccepted: (fd: number) => void, handlers: ShortageHandlers) {
    this.#fd = fd
    this.#peer = peer
    this.#onAccepted = onAccepted
    this.#handlers = handlers
    this.#watch = new DescriptorWatch(fd, () => this.#accept())
    this.#watch.want({ readable: true, writable: false })
  }

  close(): void {
    clearTimeout(this.#pause)
    this.#watch.close()
    closeFd(this.#fd)
  }

  /** One in a turn: the loop comes back at once while others wait. */
  #accept(): void {
    this.#peerSize[0] = this.#peer.byteLength
    const fd = accept4(this.#fd, this.#peer, this.#peerSize, nonBlocking | closeOnExec)
    if (fd >= 0) {
      if (this.#isTold) this.#handlers.onTrouble('connections are accepted again')
      this.#isTold = false
      this.#onAccepted(fd)
      return
    }
    const why = shortages.get(lastErrno())
    // Else it was somebody who left before he was let in.
    if (why !== undefined) this.#backOff(why)
  }

  #backOff(why: string): void {
    const now = performance.now()
    if (now - this.#toldAt >= shortageToldMs) {
      this.#toldAt = now
      this.#isTold = true
      this.#handlers.onTrouble(`${why}: no connection is accepted`)
    }
    if (this.#handlers.onShortage?.() === true) return
    this.#watch.want({ readable: false, writable: false })
    this.#pause = setTimeout(() => this.#watch.want({ readable: true, writable: false }), shortageMs)
  }
}
