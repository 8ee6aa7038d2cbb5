import { constants } from 'node:os'
import { invariant } from '@quorate/base'
import { checked, lastErrno, native } from './libc.ts'

const semInit = native('sem_init', 'int', ['uintptr_t', 'int', 'uint32_t'])
const semPost = native('sem_post', 'int', ['uintptr_t'])
const semTryWait = native('sem_trywait', 'int', ['uintptr_t'])
const semGetValue = native('sem_getvalue', 'int', ['uintptr_t', 'void *'])
const semClockWait = native('sem_clockwait', 'int', ['uintptr_t', 'int', 'void *'])

const clockMonotonic = 1
/** Longest time that {@link Semaphore.waitBriefly} may hold the thread, in microseconds. */
export const briefWaitUsMax = 1000

/** A process-shared POSIX semaphore inside shared memory, which must stay mapped while this is used. */
export class Semaphore {
  readonly #address: number
  readonly #scratch = new Uint8Array(16)
  readonly #view = new DataView(this.#scratch.buffer)

  /** `address`: of a 32-byte sem_t (glibc, 64-bit). */
  constructor(address: number) {
    invariant(address > 0 && address % 8 === 0, 'a semaphore lies at a multiple of 8', { address })
    this.#address = address
  }

  /** Makes it new, shared between processes, with value 0. */
  init(): void {
    checked(semInit(this.#address, 1, 0), 'sem_init', '')
  }

  /** Adds one and wakes a waiter in whatever process; false when the value is at its limit. */
  post(): boolean {
    return semPost(this.#address) === 0
  }

  /** Takes one if there is one. */
  tryWait(): boolean {
    return semTryWait(this.#address) === 0
  }

  /**
   * Takes one, holding up this thread for at most `us` microseconds. Sleeping for so short a time costs less than the
   * way through the event loop, and leaves the processor to the process that is to answer.
   */
  waitBriefly(us: number): boolean {
    invariant(us >= 0 && us <= briefWaitUsMax, 'a brief wait', { us })
    if (semTryWait(this.#address) === 0) return true
    const end = process.hrtime.bigint() + BigInt(us) * 1000n
    this.#view.setBigInt64(0, end / 1_000_000_000n, true)
    this.#view.setBigInt64(8, end % 1_000_000_000n, true)
    for (;;) {
      if (semClockWait(this.#address, clockMonotonic, this.#scratch) === 0) return true
      if (lastErrno() !== constants.errno.EINTR) return false
    }
  }

  get value(): number {
    semGetValue(this.#address, this.#scratch)
    return this.#view.getInt32(0, true)
  }
}
