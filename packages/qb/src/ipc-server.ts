import fs from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { DecodeError } from '@quorate/base'
import { DescriptorWatch, errnoText, SystemCallError, type UnixAddress, UnixSocket } from './ffi/index.ts'
import { serviceAddress, sharedMemoryFolder } from './ipc-address.ts'
import { ServerConnection } from './ipc-connection.ts'
import { IpcError } from './ipc-error.ts'
import { ipcBacklog, ipcClientsMax, ipcHandshakesMax, ipcHandshakeTimeoutMs } from './ipc-limits.ts'
import {
  connectionRequestBytes,
  connectionResponseBytes,
  decodeConnectionRequest,
  encodeConnectionResponse,
} from './ipc-message.ts'
import type { IpcCredentials, IpcServer, IpcServerCounts, IpcService } from './ipc-service.ts'
import type { ServerChannel } from './server-channel.ts'
import { ShmServerChannel } from './shm-server-channel.ts'
import { SocketServerChannel } from './socket-server-channel.ts'

/** How long no connection is taken after the process ran out of descriptors, in milliseconds. */
const exhaustedPauseMs = 100
const { EAGAIN, EINTR, EMFILE, ECONNREFUSED, EADDRINUSE } = constants.errno

/**
 * Listens for clients of a service, under the abstract name that libqb uses or below `QUORATE_ROOT`. Unmodified libqb
 * clients connect to it.
 *
 * @throws IpcError `IPC_CONNECT` (errno EADDRINUSE: another server has the name), `IPC_NAME`
 */
export function listenIpc(service: IpcService): IpcServer {
  return new ListeningServer(service)
}

class ListeningServer implements IpcServer {
  readonly name: string
  readonly #service: IpcService
  readonly #address: UnixAddress
  readonly #socket: UnixSocket
  readonly #watch: DescriptorWatch
  readonly #connections = new Set<ServerConnection>()
  readonly #handshakes = new Set<() => void>()
  readonly #counts = { accepted: 0, refused: 0, malformed: 0, dropped: 0 }
  readonly #onExit = (): void => this.close()
  #pause: NodeJS.Timeout | undefined
  #isOpen = true

  constructor(service: IpcService) {
    this.name = service.name
    this.#service = service
    this.#address = serviceAddress(service.name)
    this.#socket = bindService(this.#address)
    this.#watch = new DescriptorWatch(this.#socket.fd, () => this.#takeConnections())
    this.#listen()
    process.once('exit', this.#onExit)
  }

  counts(): IpcServerCounts {
    return { connections: this.#connections.size, ...this.#counts }
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.off('exit', this.#onExit)
    clearTimeout(this.#pause)
    this.#watch.close()
    this.#socket.close()
    if (this.#address.kind === 'file') fs.rmSync(this.#address.name, { force: true })
    for (const end of [...this.#handshakes]) end()
    for (const connection of [...this.#connections]) connection.closeNow()
  }

  #listen(): void {
    if (this.#isOpen) this.#watch.want({ readable: this.#handshakes.size < ipcHandshakesMax, writable: false })
  }

  #takeConnections(): void {
    while (this.#isOpen && this.#handshakes.size < ipcHandshakesMax) {
      try {
        const socket = this.#socket.accept()
        if (socket === undefined) return
        this.#shakeHands(socket)
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error
        this.#service.onTrouble?.(`${this.name}: no connection can be taken now: ${error.message}`)
        this.#watch.want({ readable: false, writable: false })
        this.#pause = setTimeout(() => this.#listen(), exhaustedPauseMs)
        return
      }
    }
    this.#listen()
  }

  /** Waits for the client's 24 bytes; whoever sends others, or none in time, is turned away. */
  #shakeHands(socket: UnixSocket): void {
    const credentials = socket.peerCredentials
    const received = new Uint8Array(connectionRequestBytes)
    let count = 0
    const watch = new DescriptorWatch(socket.fd, () => {
      const outcome = socket.receive(received.subarray(count))
      if (outcome === -EAGAIN || outcome === -EINTR) return
      if (outcome <= 0) return turnAway('hung up')
      count += outcome
      if (count < received.byteLength) return
      try {
        const wish = decodeConnectionRequest(received)
        end(false)
        this.#admit(socket, credentials, wish)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        turnAway(error.message)
      }
    })
    const timer = setTimeout(
      () => turnAway(`sent ${count} bytes in ${ipcHandshakeTimeoutMs} ms`),
      ipcHandshakeTimeoutMs,
    )
    const end = (closes = true): void => {
      clearTimeout(timer)
      watch.close()
      if (closes) socket.close()
      this.#handshakes.delete(end)
      this.#listen()
    }
    const turnAway = (why: string): void => {
      end()
      this.#counts.malformed += 1
      this.#service.onTrouble?.(`${this.name}: no libqb handshake by pid ${credentials.pid}: ${why}`)
    }
    this.#handshakes.add(end)
    watch.want({ readable: true, writable: false })
  }

  #admit(socket: UnixSocket, credentials: IpcCredentials, wish: number): void {
    const isFull = this.#connections.size >= (this.#service.clientsMax ?? ipcClientsMax)
    const verdict = isFull ? -EMFILE : this.#service.accept(credentials)
    if (verdict !== 0) return this.#refuse(socket, credentials, verdict)
    const maxMessageBytes = Math.max(wish, this.#service.messageBytesMin ?? 0, connectionResponseBytes)
    let folder: string | undefined
    const connection = new ServerConnection(this.#service, socket, credentials, maxMessageBytes, (dropped) => {
      this.#connections.delete(connection)
      if (dropped) this.#counts.dropped += 1
      if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true })
    })
    let channel: ServerChannel
    try {
      folder = makeFolder(credentials, socket.fd)
      channel = this.#openChannel(folder, connection, maxMessageBytes)
    } catch (error) {
      connection.abandon()
      if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true })
      this.#service.onTrouble?.(`${this.name}: no channel for pid ${credentials.pid}: ${String(error)}`)
      return this.#refuse(socket, credentials, -constants.errno.ENOMEM)
    }
    this.#connections.add(connection)
    this.#counts.accepted += 1
    socket.send(encodeConnectionResponse(channel.response))
    connection.start(channel)
    this.#service.onConnect(connection)
  }

  #openChannel(folder: string, connection: ServerConnection, maxMessageBytes: number): ServerChannel {
    const shared = {
      service: this.name,
      folder,
      maxMessageBytes,
      client: connection.credentials,
      writable: () => connection.writable(),
    }
    if (this.#service.transport === 'socket') {
      return new SocketServerChannel({ ...shared, readable: () => connection.readable() })
    }
    return new ShmServerChannel({ ...shared, ringBell: () => connection.ringBell() })
  }

  #refuse(socket: UnixSocket, credentials: IpcCredentials, verdict: number): void {
    this.#counts.refused += 1
    this.#service.onTrouble?.(
      `${this.name}: pid ${credentials.pid} uid ${credentials.uid} is refused: ${errnoText(-verdict)}`,
    )
    socket.send(encodeConnectionResponse({ error: verdict }))
    socket.close()
  }
}

/** Binds the name; a socket file that nobody listens behind any more is replaced. */
function bindService(address: UnixAddress): UnixSocket {
  try {
    if (address.kind === 'file') fs.mkdirSync(path.dirname(address.name), { recursive: true })
    if (address.kind === 'file' && isStale(address)) fs.rmSync(address.name, { force: true })
    return UnixSocket.listen(address, ipcBacklog)
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    const why = error.errno === EADDRINUSE ? 'another server has the name' : error.message
    throw new IpcError('IPC_CONNECT', `cannot listen on '${address.name}': ${why}`, error.errno)
  }
}

function isStale(address: UnixAddress): boolean {
  if (!fs.existsSync(address.name)) return false
  try {
    UnixSocket.connect(address).close()
    return false
  } catch (error) {
    return error instanceof SystemCallError && error.errno === ECONNREFUSED
  }
}

/** The folder of one connection; its name is libqb's, whose clients clean up after a server that died. */
function makeFolder(client: IpcCredentials, fd: number): string {
  const base = sharedMemoryFolder()
  fs.mkdirSync(base, { recursive: true })
  const folder = fs.mkdtempSync(path.join(base, `qb-${process.pid}-${client.pid}-${fd}-`))
  fs.chmodSync(folder, 0o770)
  if (client.uid !== process.geteuid?.() || client.gid !== process.getegid?.()) {
    fs.chownSync(folder, client.uid, client.gid)
  }
  return folder
}
