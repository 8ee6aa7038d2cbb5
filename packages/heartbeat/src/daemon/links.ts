import os from 'node:os'
import { DescriptorWatch, type UdpAddress, UdpSocket, udpAddress } from '@quorate/qb/ffi'
import type { LinkConf } from '../conf/ha-cf.ts'
import { messageBytesMax } from '../wire/message.ts'

/** Bytes that each socket's buffers are asked for. */
const bufferBytes = 1024 * 1024
/** Datagrams taken from one socket before others have their turn. */
const turnMax = 64
const anyAddress = Uint8Array.of(0, 0, 0, 0)

/** What the links tell. */
export type LinkHandlers = {
  onDatagram(device: string, bytes: Uint8Array): void
  onTrouble(text: string): void
}

type Outlet = { readonly socket: UdpSocket; readonly to: UdpAddress; readonly name: string }

/** The ways out of ha.cf. All that share a device, a port and a kind share a socket. */
export class Links {
  readonly #outlets: Outlet[] = []
  readonly #sockets: { readonly socket: UdpSocket; readonly watch: DescriptorWatch }[] = []
  readonly #into = new Uint8Array(messageBytesMax)
  readonly #troubled = new Set<string>()
  readonly #handlers: LinkHandlers

  /** @throws SystemCallError, or Error where a device has no IPv4 address */
  constructor(links: readonly LinkConf[], handlers: LinkHandlers) {
    this.#handlers = handlers
    const open = new Map<string, UdpSocket>()
    try {
      for (const link of links) {
        const key = `${link.kind} ${link.device} ${link.port} ${link.kind === 'mcast' ? link.group : ''}`
        const known = open.get(key)
        const socket = known ?? this.#open(link)
        open.set(key, socket)
        const to = link.kind === 'ucast' ? link.address : link.kind === 'mcast' ? link.group : broadcastOf(link.device)
        if (link.kind === 'ucast' && isOwn(link.address)) continue
        this.#outlets.push({
          socket,
          to: udpAddress(octetsOf(to), link.port),
          name: `${link.kind} ${link.device} ${to}`,
        })
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Out by every link. A link that does not take it is told of once, until it does again. */
  send(bytes: Uint8Array): void {
    for (const { socket, to, name } of this.#outlets) {
      const sent = socket.send(bytes, to)
      if (sent >= 0) {
        this.#troubled.delete(name)
        continue
      }
      if (this.#troubled.has(name)) continue
      this.#troubled.add(name)
      this.#handlers.onTrouble(`${name}: a packet cannot be sent: ${errnoName(-sent)}`)
    }
  }

  close(): void {
    for (const { socket, watch } of this.#sockets) {
      watch.close()
      socket.close()
    }
    this.#sockets.length = 0
  }

  #open(link: LinkConf): UdpSocket {
    const socket = UdpSocket.bind(udpAddress(anyAddress, link.port), bufferBytes, false, {
      device: link.device,
      isShared: true,
      broadcasts: link.kind === 'bcast',
      ...(link.kind === 'mcast'
        ? { multicast: { group: octetsOf(link.group), hops: link.ttl, loops: link.loop } }
        : {}),
    })
    const watch = new DescriptorWatch(socket.fd, () => this.#receive(socket, link.device))
    watch.want({ readable: true, writable: false })
    this.#sockets.push({ socket, watch })
    return socket
  }

  #receive(socket: UdpSocket, device: string): void {
    for (let taken = 0; taken < turnMax; taken += 1) {
      const count = socket.receive(this.#into)
      if (count < 0) return
      this.#handlers.onDatagram(device, this.#into.slice(0, count))
    }
  }
}

function errnoName(errno: number): string {
  return Object.entries(os.constants.errno).find(([, value]) => value === errno)?.[0] ?? String(errno)
}

function octetsOf(address: string): Uint8Array {
  return Uint8Array.from(address.split('.').map(Number))
}

function isOwn(address: string): boolean {
  return Object.values(os.networkInterfaces()).some((all) => all?.some((one) => one.address === address))
}

function broadcastOf(device: string): string {
  const found = os.networkInterfaces()[device]?.find((one) => one.family === 'IPv4')
  if (found === undefined) throw new Error(`device ${device} has no IPv4 address`)
  const mask = octetsOf(found.netmask)
  return octetsOf(found.address)
    .map((octet, at) => (octet & (mask[at] ?? 0)) | (~(mask[at] ?? 0) & 255))
    .join('.')
}
