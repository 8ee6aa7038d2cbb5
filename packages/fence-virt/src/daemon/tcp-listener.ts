import net from 'node:net'
import { monoMs } from '@quorate/base'
import type { ListenerConf } from '../daemon-conf.ts'
import { RateLimiter } from '../rate-limit.ts'
import { RecentRequests, requestKey } from '../recent-requests.ts'
import { awaitingRequest } from '../server-session.ts'
import { ConnectionTable } from './connection-table.ts'
import type { Listener, SecureHost } from './listener.ts'
import { type ConnectionOwner, serveConnection } from './secure-connection.ts'

/** Requests over TCP (`fence_virt -T`). */
export class TcpListener implements Listener {
  readonly kind = 'tcp'
  readonly #conf: Extract<ListenerConf, { kind: 'tcp' }>
  readonly #host: SecureHost
  readonly #recent = new RecentRequests()
  readonly #rates: RateLimiter
  readonly #connections = new ConnectionTable()
  readonly #server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#onConnection(socket))

  constructor(conf: Extract<ListenerConf, { kind: 'tcp' }>, host: SecureHost) {
    this.#conf = conf
    this.#host = host
    this.#rates = new RateLimiter(host.rateLimit)
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: this.#conf.address, port: this.#conf.port, ipv6Only: true }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => this.#host.journal.error(`tcp: ${error.message}`))
        resolve()
      })
    })
  }

  stop(): Promise<void> {
    this.#connections.closeAll()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  describe(): Readonly<Record<string, string>> {
    const { address, port } = this.#conf
    const { hash, auth } = this.#host.security
    return { address, port: `${port}`, hash, auth, connections: `${this.#connections.count}` }
  }

  #onConnection(socket: net.Socket): void {
    const source = plainAddress(socket.remoteAddress ?? '')
    if (!this.#rates.take(source, monoMs(performance.now()))) {
      this.#host.journal.debug(1, `${source}: dropped (too many requests)`)
      socket.on('error', () => undefined)
      socket.destroy()
      return
    }
    this.#connections.add(socket)
    serveConnection(this.#host, socket, { session: awaitingRequest, effects: [] }, source, singleUse(this.#recent))
  }
}

/** Admits each request once within its window. */
export function singleUse(recent: RecentRequests): ConnectionOwner {
  return {
    admit: (request) => recent.begin(requestKey(request), monoMs(performance.now())),
    executed: (request) => recent.finish(requestKey(request), monoMs(performance.now())),
  }
}

/** An address without its zone and without the form that IPv6 gives IPv4, as it is written in groups. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}
