import { CsError, type CsErrorName, csErrorCodes } from '../cs-error.ts'
import { responseHeader } from '../ipc/message-header.ts'

/** Pause before the first and, after doubling, before the later attempts, in milliseconds. */
const pauseMsMin = 10
const pauseMsMax = 500

/** How events and the end of a connection reach its client. */
export type ServiceHandlers = {
  onEvent(id: number, message: Uint8Array): void
  onClose(error: Error): void
}

/** Opens a connection to a service. `flowControlMax`: flow control level up to which requests are held back, 2 for cpg. */
export type OpenService = (
  service: 'cpg' | 'quorum',
  handlers: ServiceHandlers & { readonly flowControlMax?: 1 | 2 },
) => Promise<ServiceCalls>

/** What carries the bytes of one connection. Rejects with {@link CsError}s that say `what` was tried. */
export interface ServiceWire {
  request(what: string, message: Uint8Array): Promise<Uint8Array>
  /** Resolves when the message is taken: while flow control holds it back it waits. */
  send(what: string, message: Uint8Array): Promise<void>
  close(): void
}

/** Time, to a client of a service. */
export type ServiceClock = { nowMs(): number; pause(ms: number): Promise<void> }

/** The calls of one connection to one of corosync's services, whatever carries them. */
export class ServiceCalls {
  readonly #service: string
  readonly #wire: ServiceWire
  readonly #clock: ServiceClock
  readonly #tryAgainForMs: number

  /** `tryAgainForMs`: how long a call is tried again that the service answers with CS_ERR_TRY_AGAIN; 0 for one attempt. */
  constructor(service: string, wire: ServiceWire, clock: ServiceClock, tryAgainForMs: number) {
    this.#service = service
    this.#wire = wire
    this.#clock = clock
    this.#tryAgainForMs = tryAgainForMs
  }

  /**
   * Sends a request and resolves to its response once that says CS_OK.
   *
   * @param size least bytes of the response
   */
  async call(what: string, request: Uint8Array, size: number = responseHeader.size): Promise<Uint8Array> {
    return tryAgain(this.#clock, this.#tryAgainForMs, async () => {
      const response = await this.#wire.request(`${this.#service} ${what}`, request)
      const { error } = responseHeader.decode(response)
      if (error !== csErrorCodes.CS_OK) throw new CsError(codeName(error), `${this.#service} ${what}`)
      if (response.byteLength < size) {
        throw new CsError('CS_ERR_MESSAGE_ERROR', `${this.#service} ${what}: ${response.byteLength} bytes of ${size}`)
      }
      return response
    })
  }

  /** Sends a message that the service does not answer; waits while flow control holds it back. */
  send(what: string, message: Uint8Array): Promise<void> {
    return this.#wire.send(`${this.#service} ${what}`, message)
  }

  close(): void {
    this.#wire.close()
  }
}

/** Name of a code of the wire; codes that do not exist are CS_ERR_LIBRARY, as to the C library. */
export function codeName(code: number): CsErrorName {
  for (const [name, value] of Object.entries(csErrorCodes)) if (value === code) return name as CsErrorName
  return 'CS_ERR_LIBRARY'
}

/** Repeats an attempt while it fails with CS_ERR_TRY_AGAIN, with growing pauses, for a bounded time. */
export async function tryAgain<T>(clock: ServiceClock, forMs: number, attempt: () => Promise<T>): Promise<T> {
  const endMs = clock.nowMs() + forMs
  for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof CsError) || error.code !== 'CS_ERR_TRY_AGAIN') throw error
      if (clock.nowMs() + pauseMs >= endMs) throw error
    }
    await clock.pause(pauseMs)
  }
}
