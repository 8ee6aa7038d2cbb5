import { type IpcConnection, type IpcCredentials, type IpcServer, listenIpc } from '@quorate/qb'
import { ipcBytesMax } from '../ipc/message-header.ts'
import type { ConnectionId, ServiceName } from '../service.ts'

/** What the front needs of the daemon. */
export type IpcFrontHandlers = {
  /** 0 to let the client in, or a negative errno. */
  accept(credentials: IpcCredentials): number
  opened(service: ServiceName, connection: ConnectionId): void
  request(service: ServiceName, connection: ConnectionId, bytes: Uint8Array): void
  closed(service: ServiceName, connection: ConnectionId): void
  trouble(text: string): void
}

/** Requests that one cpg client may hand in before others get their turn: cpg carries the traffic. */
const cpgRequestsPerTurn = 50

/** The doors of the daemon: one libqb server for each service, its connections numbered. */
export class IpcFront {
  readonly #handlers: IpcFrontHandlers
  readonly #transport: 'shm' | 'socket'
  readonly #servers: IpcServer[] = []
  readonly #connections = new Map<ConnectionId, IpcConnection>()
  readonly #ids = new Map<IpcConnection, ConnectionId>()
  readonly #cpg = new Set<ConnectionId>()
  #next = 1
  #isHeld = false

  constructor(transport: 'shm' | 'socket', handlers: IpcFrontHandlers) {
    this.#transport = transport
    this.#handlers = handlers
  }

  /** @throws IpcError where another daemon has the name */
  listen(service: ServiceName): void {
    const server = listenIpc({
      name: service,
      transport: this.#transport,
      // A message of the group is up to this long whatever its receiver asked for.
      messageBytesMin: ipcBytesMax,
      ...(service === 'cpg' ? { requestsPerTurn: cpgRequestsPerTurn } : {}),
      accept: (credentials) => this.#handlers.accept(credentials),
      onConnect: (connection) => this.#connected(service, connection),
      onMessage: (connection, bytes) => {
        const id = this.#ids.get(connection)
        if (id !== undefined) this.#handlers.request(service, id, bytes)
      },
      onClose: (connection) => this.#closed(service, connection),
      onTrouble: (text) => this.#handlers.trouble(text),
    })
    this.#servers.push(server)
  }

  respond(connection: ConnectionId, bytes: Uint8Array): void {
    this.#connections.get(connection)?.respond(bytes)
  }

  event(connection: ConnectionId, bytes: Uint8Array): void {
    this.#connections.get(connection)?.event(bytes)
  }

  /** Holds back the requests of clients that opted in, or lets them go on. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    for (const id of this.#cpg) this.#connections.get(id)?.setFlowControl(isHeld ? 2 : 0)
  }

  close(): void {
    for (const server of this.#servers) server.close()
  }

  #connected(service: ServiceName, connection: IpcConnection): void {
    const id = this.#next
    this.#next += 1
    this.#connections.set(id, connection)
    this.#ids.set(connection, id)
    if (service === 'cpg') this.#cpg.add(id)
    if (service === 'cpg' && this.#isHeld) connection.setFlowControl(2)
    this.#handlers.opened(service, id)
  }

  #closed(service: ServiceName, connection: IpcConnection): void {
    const id = this.#ids.get(connection)
    if (id === undefined) return
    this.#ids.delete(connection)
    this.#connections.delete(id)
    this.#cpg.delete(id)
    this.#handlers.closed(service, id)
  }
}
