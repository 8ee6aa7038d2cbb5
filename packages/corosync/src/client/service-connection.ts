import { constants } from 'node:os'
import { DecodeError } from '@quorate/base'
import { connectIpc, type IpcClient, IpcError } from '@quorate/qb'
import { CsError, type CsErrorName, csErrorCodes } from '../cs-error.ts'
import { ipcBytesMax, responseHeader } from '../ipc/message-header.ts'

/** How long a service may take to answer, in milliseconds. corosync answers within a token rotation or not at all. */
export const callTimeoutMs = 30_000
/** How long a call or connect is tried again while the service says CS_ERR_TRY_AGAIN, in milliseconds. */
export const tryAgainForMsDefault = 10_000
/** Pause before the first and, after doubling, before the later attempts, in milliseconds. */
const pauseMsMin = 10
const pauseMsMax = 500

export type ServiceConnectionOptions = {
  /** Flow control level up to which requests are held back: 2 for cpg. */
  readonly flowControlMax?: 1 | 2
  /** Bound on trying again, in milliseconds; 0 for one attempt. */
  readonly tryAgainForMs: number
  onEvent(id: number, message: Uint8Array): void
  onClose(error: Error): void
}

/** A connection to one of corosync's services, whose outcomes are {@link CsError}s. */
export class ServiceConnection {
  readonly #service: string
  readonly #ipc: IpcClient
  readonly #tryAgainForMs: number

  private constructor(service: string, ipc: IpcClient, tryAgainForMs: number) {
    this.#service = service
    this.#ipc = ipc
    this.#tryAgainForMs = tryAgainForMs
  }

  /** @throws CsError such as `CS_ERR_LIBRARY` where no corosync runs, `CS_ERR_ACCESS` */
  static async open(service: string, options: ServiceConnectionOptions): Promise<ServiceConnection> {
    const ipc: IpcClient = await tryAgain(options.tryAgainForMs, async () => {
      try {
        return await connectIpc(service, {
          maxMessageBytes: ipcBytesMax,
          ...(options.flowControlMax === undefined ? {} : { flowControlMax: options.flowControlMax }),
          onEvent(message) {
            try {
              options.onEvent(responseHeader.decode(message).id, message)
            } catch (error) {
              if (!(error instanceof DecodeError)) throw error
              ipc.close()
              options.onClose(new CsError('CS_ERR_MESSAGE_ERROR', `${service}: event that cannot be read`, error))
            }
          },
          onClose: (error) => options.onClose(error),
        })
      } catch (error) {
        throw asCsError(service, error)
      }
    })
    return new ServiceConnection(service, ipc, options.tryAgainForMs)
  }

  /**
   * Sends a request and resolves to its response once that says CS_OK.
   *
   * @param size least bytes of the response
   */
  async call(what: string, request: Uint8Array, size: number = responseHeader.size): Promise<Uint8Array> {
    return tryAgain(this.#tryAgainForMs, async () => {
      const response = await this.#ipc.request(request, callTimeoutMs).catch((error: unknown) => {
        throw asCsError(`${this.#service} ${what}`, error)
      })
      const { error } = responseHeader.decode(response)
      if (error !== csErrorCodes.CS_OK) throw new CsError(codeName(error), `${this.#service} ${what}`)
      if (response.byteLength < size) {
        throw new CsError('CS_ERR_MESSAGE_ERROR', `${this.#service} ${what}: ${response.byteLength} bytes of ${size}`)
      }
      return response
    })
  }

  /** Sends a message that the service does not answer; waits while flow control holds it back. */
  async send(what: string, message: Uint8Array): Promise<void> {
    await this.#ipc.send(message, callTimeoutMs).catch((error: unknown) => {
      throw asCsError(`${this.#service} ${what}`, error)
    })
  }

  close(): void {
    this.#ipc.close()
  }
}

/** Name of a code of the wire; codes that do not exist are CS_ERR_LIBRARY, as to the C library. */
export function codeName(code: number): CsErrorName {
  for (const [name, value] of Object.entries(csErrorCodes)) if (value === code) return name as CsErrorName
  return 'CS_ERR_LIBRARY'
}

const { EAGAIN, EACCES, EMFILE, ENOMEM } = constants.errno

/** What the C library makes of a failure of the IPC (protocols/corosync.md 1.8). */
function asCsError(what: string, error: unknown): unknown {
  if (!(error instanceof IpcError)) return error
  return new CsError(codeOf(error), `${what}: ${error.message}`, error)
}

function codeOf(error: IpcError): CsErrorName {
  switch (error.code) {
    case 'IPC_REFUSED':
      if (error.errno === EAGAIN) return 'CS_ERR_TRY_AGAIN'
      if (error.errno === EACCES) return 'CS_ERR_ACCESS'
      if (error.errno === ENOMEM) return 'CS_ERR_NO_MEMORY'
      return error.errno === EMFILE ? 'CS_ERR_NO_RESOURCES' : 'CS_ERR_LIBRARY'
    case 'IPC_BUSY':
      return 'CS_ERR_TRY_AGAIN'
    case 'IPC_TIMEOUT':
      return 'CS_ERR_TIMEOUT'
    case 'IPC_TOO_BIG':
      return 'CS_ERR_TOO_BIG'
    case 'IPC_PROTOCOL':
      return 'CS_ERR_MESSAGE_ERROR'
    default:
      return 'CS_ERR_LIBRARY'
  }
}

/** Repeats an attempt while it fails with CS_ERR_TRY_AGAIN, with growing pauses, for a bounded time. */
async function tryAgain<T>(forMs: number, attempt: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + forMs
  for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof CsError) || error.code !== 'CS_ERR_TRY_AGAIN') throw error
      if (performance.now() + pauseMs >= endMs) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
