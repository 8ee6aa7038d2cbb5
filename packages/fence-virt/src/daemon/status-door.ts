import { chmodSync, rmSync } from 'node:fs'
import net from 'node:net'
import type { DaemonStatus } from './fence-daemon.ts'

/** Bytes of a status that are read at all. */
export const statusBytesMax = 4_194_304
/** Time that the daemon has to answer. */
export const statusMsMax = 5_000

/** The unix socket of a daemon: next to its pid file. */
export function statusSocketOf(pidFile: string): string {
  return pidFile.replace(/\.pid$/, '').concat('.sock')
}

/** Longest path of a unix socket; the runtime cuts a longer one without a word. */
const pathBytesMax = 107

function checkPath(file: string): void {
  if (Buffer.byteLength(file) > pathBytesMax) {
    throw new Error(`the path of a unix socket has at most ${pathBytesMax} bytes, this has ${Buffer.byteLength(file)}`)
  }
}

/** Tells whoever connects the state of the daemon, as JSON; then closes. Only the owner may connect. */
export function openStatusDoor(file: string, status: () => DaemonStatus): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    checkPath(file)
    rmSync(file, { force: true })
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(JSON.stringify(status()))
    })
    server.once('error', reject)
    server.listen(file, () => {
      try {
        chmodSync(file, 0o600)
      } catch (error) {
        server.close()
        return reject(error)
      }
      server.unref()
      resolve(server)
    })
  })
}

/** Asks a running daemon. Rejects where none answers. */
export function askStatus(file: string): Promise<DaemonStatus> {
  return new Promise((resolve, reject) => {
    checkPath(file)
    const socket = net.connect({ path: file })
    socket.setTimeout(statusMsMax, () => socket.destroy(new Error('no answer')))
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (part: string) => {
      text += part
      if (text.length > statusBytesMax) socket.destroy(new Error('the status is too long'))
    })
    socket.on('error', reject)
    socket.on('end', () => {
      try {
        resolve(JSON.parse(text) as DaemonStatus)
      } catch (error) {
        reject(new Error('the status is not readable', { cause: error }))
      }
    })
  })
}
