import { constants } from 'node:os'
import { DecodeError } from '@quorate/base'
import { connectIpc, type IpcClient, IpcError } from '@quorate/qb'
import { CsError, type CsErrorName } from '../cs-error.ts'
import {
  ServiceCalls,
  type ServiceClock,
  type ServiceHandlers,
  type ServiceWire,
  tryAgain,
} from '../door/service-calls.ts'
import { ipcBytesMax, responseHeader } from '../ipc/message-header.ts'

/** How long a service may take to answer, in milliseconds. corosync answers within a token rotation or not at all. */
export const callTimeoutMs = 30_000
/** How long a call or connect is tried again while the service says CS_ERR_TRY_AGAIN, in milliseconds. */
export const tryAgainForMsDefault = 10_000
export type ServiceConnectionOptions = ServiceHandlers & {
  /** Flow control level up to which requests are held back: 2 for cpg. */
  readonly flowControlMax?: 1 | 2
  /** Bound on trying again, in milliseconds; 0 for one attempt. */
  readonly tryAgainForMs: number
}

const hostClock: ServiceClock = {
  nowMs: () => performance.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

/**
 * Connects to one of corosync's services over libqb IPC.
 *
 * @throws CsError such as `CS_ERR_LIBRARY` where no corosync runs, `CS_ERR_ACCESS`
 */
export async function openService(service: string, options: ServiceConnectionOptions): Promise<ServiceCalls> {
  const ipc: IpcClient = await tryAgain(hostClock, options.tryAgainForMs, async () => {
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
  return new ServiceCalls(service, wireOver(ipc), hostClock, options.tryAgainForMs)
}

function wireOver(ipc: IpcClient): ServiceWire {
  const during = (what: string) => (error: unknown) => {
    throw asCsError(what, error)
  }
  return {
    request: (what, message) => ipc.request(message, callTimeoutMs).catch(during(what)),
    send: (what, message) => ipc.send(message, callTimeoutMs).catch(during(what)),
    close: () => ipc.close(),
  }
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
