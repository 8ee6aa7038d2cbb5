import { DescriptorWatch, type Readiness } from './descriptor-watch.ts'
import { checked, lastErrno, native, SystemCallError } from './libc.ts'

const epollCreate = native('epoll_create1', 'int', ['int'])
const epollControl = native('epoll_ctl', 'int', ['int', 'int', 'int', 'void *'])
const epollWait = native('epoll_wait', 'int', ['int', 'void *', 'int', 'int'])

const closeOnExec = 0o2000000
const controlAdd = 1
const controlModify = 3
const readableBit = 0x001
const writableBit = 0x004
/** EPOLLERR and EPOLLHUP, which the kernel tells unasked. */
const troubleBits = 0x018
/** struct epoll_event is packed on x86-64 alone (epoll_ctl(2)). */
const eventBytes = process.arch === 'x64' ? 12 : 16
const tokenAt = process.arch === 'x64' ? 4 : 8
/** Descriptors served in one turn of the loop; the others are ready in the next. */
const eventsMax = 64

type Member = { readonly fd: number; wanted: Readiness; readonly ready: (readiness: Readiness) => void }

/**
 * Many descriptors that live shortly, in one epoll set which the event loop watches as one: to add one costs a system
 * call, where a {@link DescriptorWatch} of its own costs five and two turns of the loop. Level-triggered. Its members
 * do not keep the process alive. Main thread only.
 */
export class DescriptorSet {
  readonly #fd: number
  readonly #members = new Map<number, Member>()
  readonly #event = new DataView(new ArrayBuffer(eventBytes))
  readonly #eventMemory = new Uint8Array(this.#event.buffer)
  readonly #events = new DataView(new ArrayBuffer(eventBytes * eventsMax))
  readonly #eventsMemory = new Uint8Array(this.#events.buffer)
  #lastToken = 0

  constructor() {
    this.#fd = checked(epollCreate(closeOnExec), 'epoll_create1', '')
    const watch = new DescriptorWatch(this.#fd, () => this.#dispatch())
    watch.want({ readable: true, writable: false })
    watch.keepAlive(false)
  }

  /**
   * Tells `ready` whenever the descriptor is ready, from the next turn of the loop on. Trouble with it counts as both.
   *
   * @returns the number by which this member is known to {@link want} and {@link forget}
   */
  add(fd: number, wanted: Readiness, ready: (readiness: Readiness) => void): number {
    this.#lastToken = (this.#lastToken + 1) >>> 0
    const token = this.#lastToken
    this.#control(controlAdd, fd, token, wanted)
    this.#members.set(token, { fd, wanted, ready })
    return token
  }

  /** What to wait for from now on; nothing at all is allowed. */
  want(token: number, wanted: Readiness): void {
    const member = this.#members.get(token)
    if (member === undefined) return
    this.#control(controlModify, member.fd, token, wanted)
    member.wanted = wanted
  }

  /** To be called before the descriptor is closed, by which the kernel takes it out of the set. Idempotent. */
  forget(token: number): void {
    this.#members.delete(token)
  }

  #control(operation: number, fd: number, token: number, { readable, writable }: Readiness): void {
    this.#event.setUint32(0, (readable ? readableBit : 0) | (writable ? writableBit : 0), true)
    this.#event.setUint32(tokenAt, token, true)
    if (epollControl(this.#fd, operation, fd, this.#eventMemory) < 0) {
      throw new SystemCallError('epoll_ctl', lastErrno(), `of descriptor ${fd}`)
    }
  }

  /** Something is ready. Where there is one member that waits for one thing, the kernel need not be asked what. */
  #dispatch(): void {
    if (this.#members.size === 1) {
      for (const { wanted, ready } of this.#members.values()) {
        if (wanted.readable !== wanted.writable) return ready(wanted)
      }
    }
    const count = epollWait(this.#fd, this.#eventsMemory, eventsMax, 0)
    for (let index = 0; index < count; index += 1) {
      const at = index * eventBytes
      const bits = this.#events.getUint32(at, true)
      // A member may be gone by what an earlier one of this turn did.
      const member = this.#members.get(this.#events.getUint32(at + tokenAt, true))
      if (member === undefined) continue
      const isTrouble = (bits & troubleBits) !== 0
      member.ready({
        readable: isTrouble || (bits & readableBit) !== 0,
        writable: isTrouble || (bits & writableBit) !== 0,
      })
    }
  }
}
