import { Buffer } from 'node:buffer'
import { type UnixAddress, unixNameBytesMax } from './ffi/index.ts'
import { hostPath, hostRoot } from './host-root.ts'
import { IpcError } from './ipc-error.ts'

/**
 * Address of a service's listening socket: the abstract name that libqb uses, or `run/NAME` below `QUORATE_ROOT`.
 *
 * @throws IpcError `IPC_NAME` when it does not fit a socket address
 */
export function serviceAddress(service: string): UnixAddress {
  if (hostRoot() === undefined) return fitting({ kind: 'abstract', name: service })
  return fitting({ kind: 'file', name: hostPath(`/run/${service}`) })
}

/**
 * Address of one of the datagram sockets of a connection with socket transport. Abstract everywhere, as in libqb: its
 * name is a path in a folder that is the connection's own.
 *
 * @throws IpcError `IPC_NAME`
 */
export function datagramAddress(base: string, end: 'request' | 'response' | 'event' | 'event-tx'): UnixAddress {
  return fitting({ kind: 'abstract', name: `${base}-${end}` })
}

/** Folder below which the shared memory of connections lies. */
export function sharedMemoryFolder(): string {
  return hostPath('/dev/shm')
}

function fitting(address: UnixAddress): UnixAddress {
  const bytes = Buffer.byteLength(address.name)
  if (bytes >= 1 && bytes <= unixNameBytesMax && !address.name.includes('\0')) return address
  const where = hostRoot() === undefined ? '' : `; a shorter QUORATE_ROOT than '${hostRoot()}' helps`
  throw new IpcError(
    'IPC_NAME',
    `'${address.name}' has ${bytes} bytes, a socket address takes 1 to ${unixNameBytesMax}${where}`,
  )
}
