import type { Duplex } from 'node:stream'
import { monoMs } from '@quorate/base'
import { type ShortageHandlers, VsockServer } from '@quorate/qb/ffi'
import { RateLimiter } from '../rate-limit.ts'
import type { ServerSecurity } from '../server-session.ts'
import { ConnectionTable } from './connection-table.ts'
import type { Listener, SecureHost } from './listener.ts'
import { StreamPeer } from './peer.ts'
import { serveConnection } from './secure-connection.ts'
import { SingleUse, unasked } from './tcp-listener.ts'

/** Listens on a vsock port; each connection comes with the CID of its guest. */
export type OpenVsock = (
  port: number,
  take: (stream: Duplex, cid: number) => void,
  handlers: ShortageHandlers,
) => { close(): void }

/** Requests over vsock (`fence_virt -S`); a guest is known by its CID. */
export class VsockListener implements Listener {
  readonly kind = 'vsock'
  readonly #port: number
  readonly #host: SecureHost
  readonly #owner = new SingleUse()
  readonly #rates: RateLimiter
  readonly #connections = new ConnectionTable()
  readonly #open: OpenVsock
  #server: { close(): void } | undefined

  constructor(
    port: number,
    host: SecureHost,
    open: OpenVsock = (on, take, handlers) => new VsockServer(on, take, handlers),
  ) {
    this.#port = port
    this.#open = open
    this.#host = host
    this.#rates = new RateLimiter(host.rateLimit)
  }

  async start(): Promise<void> {
    const take = (stream: Duplex, cid: number): void => {
      const source = `${cid}`
      if (!this.#rates.take(source, monoMs(performance.now()))) {
        this.#host.journal.debug(1, `CID ${source}: dropped (too many requests)`)
        stream.destroy()
        return
      }
      const peer = new StreamPeer(stream)
      serveConnection(this.#host, this.#connections, peer, unasked, source, this.#owner)
    }
    this.#server = this.#open(this.#port, take, {
      onTrouble: (why) => this.#host.journal.error(`vsock: ${why}`),
      onShortage: () => this.#connections.makeRoom(),
    })
  }

  get security(): ServerSecurity {
    return this.#host.security
  }

  quiesce(): void {
    this.#server?.close()
    this.#server = undefined
    this.#connections.closeIdle()
  }

  async stop(): Promise<void> {
    this.quiesce()
    this.#connections.closeAll()
  }

  describe(): Readonly<Record<string, string>> {
    const { hash, auth } = this.#host.security
    return { port: `${this.#port}`, hash, auth, connections: `${this.#connections.count}` }
  }
}
