import { randomBytes } from 'node:crypto'
import dgram from 'node:dgram'
import net from 'node:net'
import os from 'node:os'
import { type CallBack, encodeFenceRequest, randomSize } from '../fence-request.ts'
import { type ExchangeEnd, runExchange } from './exchange.ts'
import { type NetworkRequest, sequenceNow } from './tcp-exchange.ts'

/** Where and how often a request is sent. */
export type MulticastRoute = {
  readonly family: 'ipv4' | 'ipv6'
  readonly group: string
  readonly port: number
  readonly retransmitMs: number
  /** Told of addresses from which nothing could be sent. */
  readonly onSendFault: (text: string) => void
}

/** Routers that a request may cross. */
const hopsMax = 2

type LocalAddress = { readonly text: string; readonly bytes: Uint8Array; readonly interface: string }

/**
 * Asks the fence_virtds of a multicast group: one datagram for each address of this machine, again and again until one
 * of them connects back.
 */
export async function exchangeByMulticast(request: NetworkRequest, route: MulticastRoute): Promise<ExchangeEnd> {
  const server = net.createServer({ noDelay: true, allowHalfOpen: true })
  const fault = await listenFault(server, route)
  if (fault !== undefined) return { kind: 'no-listener', code: fault }
  const sender = new GroupSender(request, route)
  try {
    const socket = await firstConnection(server, sender, request.timeoutMs, route.retransmitMs)
    if (socket === undefined) return { kind: 'timeout', phase: undefined }
    return await runExchange(socket, request.security, undefined, request.timeoutMs)
  } finally {
    sender.close()
    server.close()
  }
}

function listenFault(server: net.Server, route: MulticastRoute): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'EIO'))
    const host = route.family === 'ipv4' ? '0.0.0.0' : '::'
    server.listen({ host, port: route.port, ipv6Only: route.family === 'ipv6' }, () => resolve(undefined))
  })
}

/** Sends until somebody connects, at most for `timeoutMs`; whole retransmissions only, at least one. */
function firstConnection(
  server: net.Server,
  sender: GroupSender,
  timeoutMs: number,
  retransmitMs: number,
): Promise<net.Socket | undefined> {
  return new Promise((resolve) => {
    let attemptsLeft = Math.max(1, Math.floor(timeoutMs / retransmitMs)) - 1
    const finish = (socket: net.Socket | undefined): void => {
      clearInterval(again)
      resolve(socket)
    }
    const again = setInterval(() => {
      if (attemptsLeft === 0) return finish(undefined)
      attemptsLeft -= 1
      sender.send()
    }, retransmitMs)
    server.once('connection', (socket) => {
      server.on('connection', (other) => other.destroy())
      finish(socket)
    })
    sender.send()
  })
}

/** One socket for each address of this machine, so that each datagram leaves by the interface of its address. */
class GroupSender {
  readonly #request: NetworkRequest
  readonly #route: MulticastRoute
  readonly #sequence = sequenceNow()
  readonly #sockets: { readonly socket: dgram.Socket; readonly from: LocalAddress; readonly bound: Promise<boolean> }[]

  constructor(request: NetworkRequest, route: MulticastRoute) {
    this.#request = request
    this.#route = route
    this.#sockets = localAddresses(route.family).map((from) => {
      const socket = dgram.createSocket(route.family === 'ipv4' ? 'udp4' : 'udp6')
      return { socket, from, bound: this.#bind(socket, from) }
    })
  }

  send(): void {
    for (const { socket, from, bound } of this.#sockets) {
      bound.then((isBound) => {
        if (isBound) socket.send(this.#datagram(from), this.#route.port, this.#route.group, () => undefined)
      })
    }
  }

  close(): void {
    for (const { socket } of this.#sockets) socket.close()
  }

  #bind(socket: dgram.Socket, from: LocalAddress): Promise<boolean> {
    const { family, group, onSendFault } = this.#route
    return new Promise((resolve) => {
      socket.on('error', () => resolve(false))
      socket.bind(0, () => {
        try {
          socket.setMulticastInterface(family === 'ipv4' ? from.text : `::%${from.interface}`)
          // What leaves by an interface reaches a daemon on this machine only where the group was joined on it.
          if (family === 'ipv4') socket.addMembership(group, from.text)
          socket.setMulticastTTL(hopsMax)
          socket.setMulticastLoopback(true)
          if (net.isIP(group) !== (family === 'ipv4' ? 4 : 6)) throw new Error('Invalid argument')
          resolve(true)
        } catch {
          onSendFault(`Failed to add multicast membership to transmit socket ${group}: Invalid argument`)
          resolve(false)
        }
      })
    })
  }

  /** Every datagram is signed anew; the sequence number stays, by which the daemons know repetitions. */
  #datagram(from: LocalAddress): Uint8Array {
    const { operation, domain, isUuid, hash, security } = this.#request
    const callBack: CallBack = { family: this.#route.family, address: from.bytes, port: this.#route.port }
    return encodeFenceRequest(
      { operation, domain, isUuid, hash, sequence: this.#sequence, callBack },
      { key: security.key, digest: security.digest, random: randomBytes(randomSize) },
    )
  }
}

/** Addresses of this machine at which it can be called back. */
function localAddresses(family: 'ipv4' | 'ipv6'): readonly LocalAddress[] {
  return Object.entries(os.networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter((address) => address.family.toLowerCase() === family)
      .map((address) => ({ text: address.address, bytes: addressBytes(address.address), interface: name })),
  )
}

/** An address as its 4 or 16 bytes in network order. */
export function addressBytes(text: string): Uint8Array {
  if (net.isIPv4(text)) return Uint8Array.from(text.split('.').map(Number))
  const [head = '', tail] = text.replace(/%.*$/, '').split('::')
  const words = (part: string): readonly number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((word) => {
          if (!word.includes('.')) return [Number.parseInt(word, 16)]
          const [a = 0, b = 0, c = 0, d = 0] = word.split('.').map(Number)
          return [(a << 8) | b, (c << 8) | d]
        })
  const front = words(head)
  const back = tail === undefined ? [] : words(tail)
  const gap = new Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0)
  const all = [...front, ...(tail === undefined ? [] : gap), ...back]
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]))
}
