import fs from 'node:fs'
import path from 'node:path'
import { DecodeError } from '@quorate/base'
import { DescriptorWatch, type PeerCredentials, UnixSocket } from '@quorate/qb/ffi'
import { ClientFrameReader, clientFrame } from '../api/client-frame.ts'

/** Programs that are connected at a time. */
export const clientsMax = 256
/** Bytes that wait for a client that does not read; beyond it the client is let go. */
export const clientBytesWaitingMax = 4 * 1024 * 1024
const backlog = 128
const readBytes = 64 * 1024
const errnoAgain = 11

/** What a listening socket of clients tells; `client` numbers its connections. */
export type ClientSocketHandlers = {
  onConnect(client: number, peer: PeerCredentials): void
  onBody(client: number, body: Uint8Array): void
  /** Not told of connections that `drop` closed. */
  onGone(client: number): void
  onTrouble(text: string): void
}

type Connection = {
  readonly socket: UnixSocket
  readonly watch: DescriptorWatch
  readonly reader: ClientFrameReader
  waiting: Uint8Array[]
  bytesWaiting: number
}

/** A stream socket in the file system on which programs speak in frames of a length and a magic number. */
export class ClientSocket {
  readonly #file: string
  readonly #listener: UnixSocket
  readonly #watch: DescriptorWatch
  readonly #handlers: ClientSocketHandlers
  readonly #connections = new Map<number, Connection>()
  readonly #into = new Uint8Array(readBytes)
  #next = 1

  /** Takes the place of a socket that was left there. @throws SystemCallError or an error of node:fs */
  constructor(file: string, handlers: ClientSocketHandlers) {
    this.#file = file
    this.#handlers = handlers
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.rmSync(file, { force: true })
    this.#listener = UnixSocket.listen({ kind: 'file', name: file }, backlog)
    fs.chmodSync(file, 0o777)
    this.#watch = new DescriptorWatch(this.#listener.fd, () => this.#accept())
    this.#watch.want({ readable: true, writable: false })
  }

  send(client: number, body: Uint8Array): void {
    const to = this.#connections.get(client)
    if (to === undefined) return
    const frame = clientFrame(body)
    to.waiting.push(frame)
    to.bytesWaiting += frame.byteLength
    if (to.bytesWaiting > clientBytesWaitingMax) {
      this.#handlers.onTrouble(`a client that reads nothing is let go: ${to.bytesWaiting} bytes wait for it`)
      return this.#lose(client)
    }
    this.#transmit(client, to)
  }

  /** Closes a connection. Its end is not told. */
  drop(client: number): void {
    const gone = this.#connections.get(client)
    if (gone === undefined) return
    this.#connections.delete(client)
    gone.watch.close()
    gone.socket.close()
  }

  close(): void {
    for (const client of [...this.#connections.keys()]) this.drop(client)
    this.#watch.close()
    this.#listener.close()
    fs.rmSync(this.#file, { force: true })
  }

  #accept(): void {
    let socket: UnixSocket | undefined
    try {
      socket = this.#listener.accept()
    } catch (error) {
      this.#handlers.onTrouble(error instanceof Error ? error.message : String(error))
      return
    }
    if (socket === undefined) return
    if (this.#connections.size >= clientsMax) {
      this.#handlers.onTrouble(`a client is turned away: ${clientsMax} are connected`)
      return socket.close()
    }
    const client = this.#next
    this.#next += 1
    const watch = new DescriptorWatch(socket.fd, ({ readable, writable }) => {
      const connection = this.#connections.get(client)
      if (connection === undefined) return
      if (writable) this.#transmit(client, connection)
      if (readable && this.#connections.has(client)) this.#receive(client, connection)
    })
    const connection = { socket, watch, reader: new ClientFrameReader(), waiting: [], bytesWaiting: 0 }
    this.#connections.set(client, connection)
    this.#handlers.onConnect(client, socket.peerCredentials)
    watch.want({ readable: true, writable: false })
  }

  #receive(client: number, { socket, reader }: Connection): void {
    const count = socket.receive(this.#into)
    if (count === -errnoAgain) return
    if (count <= 0) return this.#lose(client)
    let bodies: readonly Uint8Array[]
    try {
      bodies = reader.take(this.#into.slice(0, count))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#handlers.onTrouble(`a client is let go: ${error.message}`)
      return this.#lose(client)
    }
    for (const body of bodies) if (this.#connections.has(client)) this.#handlers.onBody(client, body)
  }

  #transmit(client: number, to: Connection): void {
    while (to.waiting.length > 0) {
      const first = to.waiting[0] as Uint8Array
      const count = to.socket.send(first)
      if (count === -errnoAgain) break
      if (count < 0) return this.#lose(client)
      to.bytesWaiting -= count
      if (count < first.byteLength) to.waiting[0] = first.subarray(count)
      else to.waiting.shift()
    }
    to.watch.want({ readable: true, writable: to.waiting.length > 0 })
  }

  #lose(client: number): void {
    this.drop(client)
    this.#handlers.onGone(client)
  }
}
