import dgram from 'node:dgram'
import os from 'node:os'
import { monoMs } from '@quorate/base'
import { SystemCallError, shortageToldMs, type TcpAddress, TcpConnection } from '@quorate/qb/ffi'
import type { ListenerConf } from '../daemon-conf.ts'
import { type CallBack, type FenceRequest, openFenceRequest } from '../fence-request.ts'
import { plainAddress } from '../groups.ts'
import { RateLimiter } from '../rate-limit.ts'
import { RecentRequests, requestKey } from '../recent-requests.ts'
import { calledBack, type ServerSecurity } from '../server-session.ts'
import { ConnectionTable } from './connection-table.ts'
import { connectMsMax, type Listener, type SecureHost } from './listener.ts'
import { serveConnection } from './secure-connection.ts'
import { addressText, scopeOf } from './tcp-listener.ts'

/** Other addresses of one requester that are kept for the case that the first cannot be called back. */
export const alternatesMax = 8

/** A group that every interface, or every link, has its own of: no socket can be bound to all of them by its address. */
const linkGroup = /^ff[0-9a-f][12]:/i

/** Errnos of a process, and of a system, that has too many files open. */
const manyFiles: readonly number[] = [24, 23]

type MulticastConf = Extract<ListenerConf, { kind: 'multicast' }>
type Waiting = { readonly request: FenceRequest; readonly zone: string | undefined }

/** Requests by datagram, each answered over a connection back to its requester (`fence_xvm`). */
export class MulticastListener implements Listener {
  readonly kind = 'multicast'
  readonly #conf: MulticastConf
  readonly #host: SecureHost
  readonly #recent = new RecentRequests()
  readonly #rates: RateLimiter
  readonly #connections = new ConnectionTable()
  /** Requests under way by key, with the same request from other addresses of its sender. */
  readonly #underWay = new Map<string, Waiting[]>()
  readonly #socket: dgram.Socket
  #joined: readonly string[] = []
  #shortageToldAt = Number.NEGATIVE_INFINITY
  #isStopped = false

  constructor(conf: MulticastConf, host: SecureHost) {
    this.#conf = conf
    this.#host = host
    this.#rates = new RateLimiter(host.rateLimit)
    const type = conf.family === 'ipv4' ? 'udp4' : 'udp6'
    this.#socket = dgram.createSocket({ type, reuseAddr: true, ipv6Only: type === 'udp6' })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject)
      const { port, address } = this.#conf
      this.#socket.bind(port, linkGroup.test(address) ? '::' : address, () => {
        this.#socket.off('error', reject)
        resolve()
      })
    })
    this.#joined = this.#join()
    this.#socket.on('error', (error) => this.#host.journal.error(`multicast: ${error.message}`))
    this.#socket.on('message', (bytes, from) => this.#onDatagram(bytes, from))
  }

  get security(): ServerSecurity {
    return this.#host.security
  }

  quiesce(): void {
    if (!this.#isStopped) this.#socket.close()
    this.#isStopped = true
    this.#connections.closeIdle()
  }

  async stop(): Promise<void> {
    this.quiesce()
    this.#connections.closeAll()
  }

  describe(): Readonly<Record<string, string>> {
    const { address, port } = this.#conf
    const { hash, auth } = this.#host.security
    const connections = `${this.#connections.count}`
    return { address, port: `${port}`, interfaces: this.#joined.join(' '), hash, auth, connections }
  }

  /** Joins on the interface that was named, else wherever it can be done. */
  #join(): readonly string[] {
    const { interface: only, family, address } = this.#conf
    const joined: string[] = []
    let fault: unknown
    for (const [name, local] of interfaceAddresses(family)) {
      if (only !== undefined && name !== only) continue
      try {
        this.#socket.addMembership(address, family === 'ipv4' ? local : `::%${name}`)
        joined.push(name)
      } catch (error) {
        fault = error
      }
    }
    if (joined.length > 0) return joined
    if (only !== undefined) {
      throw new Error(`no ${family} multicast on interface '${only}'`, { cause: fault })
    }
    this.#socket.addMembership(address)
    return ['default']
  }

  #onDatagram(bytes: Uint8Array, from: dgram.RemoteInfo): void {
    if (!this.#rates.take(plainAddress(from.address), monoMs(performance.now()))) {
      this.#host.journal.debug(1, `${from.address}: dropped (too many requests)`)
      return
    }
    const { key, digest, hash } = this.#host.security
    const opened = openFenceRequest(bytes, { key, digest, weakest: hash }, 'callBack')
    if (!opened.ok) {
      this.#host.journal.debug(1, `${from.address}: dropped (${opened.error.fault}): ${opened.error.why}`)
      return
    }
    const zone = /%(.+)$/.exec(from.address)?.[1]
    this.#begin({ request: opened.value, zone })
  }

  #begin(waiting: Waiting): void {
    const name = requestKey(waiting.request)
    const alternates = this.#underWay.get(name)
    if (alternates !== undefined) {
      const known = alternates.some((other) => sameCallBack(other.request.callBack, waiting.request.callBack))
      if (!known && alternates.length < alternatesMax) alternates.push(waiting)
      return
    }
    if (!this.#recent.begin(name, monoMs(performance.now()))) return
    const attempts = [waiting]
    this.#underWay.set(name, attempts)
    this.#callBackInTurn(name, attempts).finally(() => this.#underWay.delete(name))
  }

  /** One address after the other, until one of them has had the request carried out. */
  async #callBackInTurn(name: string, attempts: readonly Waiting[]): Promise<void> {
    for (let index = 0; index < attempts.length && !this.#isStopped; index += 1) {
      const waiting = attempts[index]
      if (waiting === undefined) break
      if ((await this.#callBack(waiting)) === 'executed') {
        this.#recent.finish(name, monoMs(performance.now()))
        return
      }
    }
    this.#recent.abandon(name)
  }

  /** Without a descriptor for the call, somebody who is silent gives up his. */
  async #connect(to: TcpAddress): Promise<TcpConnection> {
    try {
      return await TcpConnection.connect(to, connectMsMax)
    } catch (error) {
      if (!(error instanceof SystemCallError && manyFiles.includes(error.errno))) throw error
      const now = performance.now()
      if (now - this.#shortageToldAt >= shortageToldMs) {
        this.#shortageToldAt = now
        this.#host.journal.error('multicast: too many open files: no requester can be called back')
      }
      if (!this.#connections.makeRoom()) throw error
      return TcpConnection.connect(to, connectMsMax)
    }
  }

  async #callBack({ request, zone }: Waiting): Promise<string> {
    const target = request.callBack
    if (target === undefined) return 'malformed'
    const source = addressText(target.address)
    const scope = zone !== undefined && /^fe[89ab]/i.test(source) ? scopeOf(`${source}%${zone}`) : 0
    let connection: TcpConnection
    try {
      connection = await this.#connect({ bytes: target.address, port: target.port, scope })
    } catch (error) {
      this.#host.journal.debug(1, `${source}: ${error instanceof Error ? error.message : error}`)
      return 'unreachable'
    }
    return new Promise((resolve) => {
      const owner = { admit: () => true, executed: () => undefined, ended: resolve }
      serveConnection(
        this.#host,
        this.#connections,
        connection,
        calledBack(this.#host.security, request),
        source,
        owner,
      )
    })
  }
}

function sameCallBack(a: CallBack | undefined, b: CallBack | undefined): boolean {
  return a !== undefined && b !== undefined && a.port === b.port && addressText(a.address) === addressText(b.address)
}

/** Interfaces with an address of the family, one row for each name. */
function interfaceAddresses(family: 'ipv4' | 'ipv6'): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [name, addresses] of Object.entries(os.networkInterfaces())) {
    const match = addresses?.find((address) => address.family.toLowerCase() === family)
    if (match !== undefined) found.set(name, match.address)
  }
  return found
}
