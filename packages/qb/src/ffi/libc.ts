import koffi from 'koffi'
import { errnoText } from './errno-text.ts'

/** A native function after koffi has bound it. Numbers up to 2^53 come and go as numbers. */
type Native = (...values: readonly (number | bigint | string | Uint8Array | null)[]) => number

const libc = koffi.load('libc.so.6')

/**
 * Binds a function of the C library once. Parameter types are koffi's; `out` buffers are `void *`.
 *
 * Wrong sizes abort the process, so nothing outside this folder calls a bound function: every use is wrapped with the
 * limits of its arguments.
 */
export function native(name: string, returns: string, parameters: readonly string[]): Native {
  return libc.func(name, returns, [...parameters]) as Native
}

/** Error number of the last bound call, positive. */
export function lastErrno(): number {
  return koffi.errno()
}

/** A system call that failed. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError'
  /** Name of the call, as in section 2 of the manual. */
  readonly call: string
  /** Positive errno. */
  readonly errno: number

  constructor(call: string, errno: number, what: string) {
    super(`${what === '' ? call : `${call} ${what}`}: ${errnoText(errno)}`)
    this.call = call
    this.errno = errno
  }
}

/** Throws the last error of `call` when `outcome` is negative; else hands it through. */
export function checked(outcome: number, call: string, what: string): number {
  if (outcome < 0) throw new SystemCallError(call, lastErrno(), what)
  return outcome
}
