/** Why bytes were refused: too short, a count or size above its limit, or a value that the format does not have. */
export type DecodeFault = 'short' | 'limit' | 'value'

/** Bytes from outside that do not hold what they should. Dropped and counted by shells, never fatal. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly fault: DecodeFault
  /** Byte offset at which the trouble lies. */
  readonly offset: number

  constructor(fault: DecodeFault, offset: number, message: string) {
    super(`${message} (at byte ${offset})`)
    this.fault = fault
    this.offset = offset
  }
}
