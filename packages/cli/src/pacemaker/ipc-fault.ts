import { faultText } from '@quorate/cib'
import type { IpcError } from '@quorate/qb'

const connectionRefused = 111

/** Positive errno of a connection that failed: nobody listens, where the fault has none of its own. */
export function ipcErrno(fault: IpcError): number {
  return fault.code === 'IPC_CONNECT' || fault.errno === 0 ? connectionRefused : fault.errno
}

/** What a tool says of a connection that failed. */
export function ipcText(fault: IpcError): string {
  const errno = ipcErrno(fault)
  return errno === connectionRefused ? 'Connection refused' : faultText(errno)
}
