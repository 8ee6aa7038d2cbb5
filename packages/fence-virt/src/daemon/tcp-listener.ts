import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { monoMs } from '@quorate/base'
import { type TcpAddress, type TcpConnection, TcpServer } from '@quorate/qb/ffi'
import { addressBytes } from '../client/multicast-exchange.ts'
import type { ListenerConf } from '../daemon-conf.ts'
import type { FenceRequest } from '../fence-request.ts'
import { RateLimiter } from '../rate-limit.ts'
import { RecentRequests, requestKey } from '../recent-requests.ts'
import { awaitingRequest, type ServerSecurity, type ServerStep } from '../server-session.ts'
import { ConnectionTable } from './connection-table.ts'
import type { Listener, SecureHost } from './listener.ts'
import { type ConnectionOwner, serveConnection } from './secure-connection.ts'

/** A connection over which nothing has come yet. */
export const unasked: ServerStep = { session: awaitingRequest, effects: [] }

/** Requests over TCP (`fence_virt -T`). */
export class TcpListener implements Listener {
  readonly kind = 'tcp'
  readonly #conf: Extract<ListenerConf, { kind: 'tcp' }>
  readonly #host: SecureHost
  readonly #owner = new SingleUse()
  readonly #rates: RateLimiter
  readonly #connections = new ConnectionTable()
  #server: TcpServer | undefined

  constructor(conf: Extract<ListenerConf, { kind: 'tcp' }>, host: SecureHost) {
    this.#conf = conf
    this.#host = host
    this.#rates = new RateLimiter(host.rateLimit)
  }

  async start(): Promise<void> {
    const address = await this.#address()
    this.#server = new TcpServer(
      { bytes: addressBytes(address), port: this.#conf.port, scope: scopeOf(address) },
      (connection, from) => this.serve(connection, from),
      {
        onTrouble: (why) => this.#host.journal.error(`tcp: ${why}`),
        onShortage: () => this.#connections.makeRoom(),
      },
    )
  }

  async #address(): Promise<string> {
    const { address, family } = this.#conf
    if (isIP(address.replace(/%.*$/, '')) !== 0) return address
    return (await lookup(address, { family: family === 'ipv4' ? 4 : 6 })).address
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
    const { address, port } = this.#conf
    const { hash, auth } = this.#host.security
    return { address, port: `${port}`, hash, auth, connections: `${this.#connections.count}` }
  }

  /** Serves a connection, wherever it was made. */
  serve(connection: TcpConnection, from: TcpAddress): void {
    const source = sourceText(from)
    if (!this.#rates.take(source, monoMs(performance.now()))) {
      this.#host.journal.debug(1, `${source}: dropped (too many requests)`)
      connection.destroy()
      return
    }
    serveConnection(this.#host, this.#connections, connection, unasked, source, this.#owner)
  }
}

/** Number of the interface behind the `%` of a link-local address; 0 where there is none. */
export function scopeOf(address: string): number {
  const zone = /%(.+)$/.exec(address)?.[1]
  if (zone === undefined) return 0
  if (/^\d+$/.test(zone)) return Number(zone)
  const found = networkInterfaces()[zone]?.find((one) => one.family === 'IPv6')
  return found !== undefined && 'scopeid' in found ? found.scopeid : 0
}

/** Whom a connection comes from, in the words of getnameinfo(3): one that is link-local has its zone. */
function sourceText({ bytes, scope = 0 }: TcpAddress): string {
  const text = addressText(bytes)
  return scope === 0 ? text : `${text}%${zoneOf(scope)}`
}

/** Name of the interface of a number; the number where there is none. */
function zoneOf(scope: number): string {
  const isOf = ([, addresses]: [string, NetworkInterfaceInfo[] | undefined]): boolean =>
    addresses?.some((one) => one.family === 'IPv6' && one.scopeid === scope) === true
  return Object.entries(networkInterfaces()).find(isOf)?.[0] ?? `${scope}`
}

/** What comes before an address of IPv4 in one of IPv6 that stands for it. */
const mappedPrefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)

/** The 4 or 16 bytes of an address as text. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.byteLength === 4) return bytes.join('.')
  if (mappedPrefix.every((byte, index) => bytes[index] === byte)) return `::ffff:${bytes.subarray(12).join('.')}`
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  return new URL(`http://[${words.map((word) => word.toString(16)).join(':')}]`).hostname.slice(1, -1)
}

/** Admits each request once within its window. */
export class SingleUse implements ConnectionOwner {
  readonly #recent = new RecentRequests()

  admit(request: FenceRequest): boolean {
    return this.#recent.begin(requestKey(request), monoMs(performance.now()))
  }

  executed(request: FenceRequest): void {
    this.#recent.finish(requestKey(request), monoMs(performance.now()))
  }

  ended(): void {}
}
