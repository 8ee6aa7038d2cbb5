import { UnixSocket } from '@quorate/qb/ffi'

const noticeBytesMax = 4096

/**
 * Tells systemd that the daemon serves (sd_notify(3)), where systemd asked for it.
 *
 * @throws SystemCallError where the socket that systemd named takes nothing
 */
export function sayReady(status: string): void {
  const name = process.env['NOTIFY_SOCKET']
  if (name === undefined || name === '') return
  const socket = UnixSocket.datagram({ kind: 'abstract', name: `fence_virtd-notice-${process.pid}` }, noticeBytesMax)
  try {
    socket.connectTo(name.startsWith('@') ? { kind: 'abstract', name: name.slice(1) } : { kind: 'file', name })
    socket.send(Buffer.from(`READY=1\nMAINPID=${process.pid}\nSTATUS=${status}`))
  } finally {
    socket.close()
  }
}
