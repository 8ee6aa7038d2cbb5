import { constants } from 'node:os'
import { invariant, messageBytes, monoMs, type NodeId, unreachable } from '@quorate/base'
import { DescriptorWatch, errnoText, SystemCallError, type UdpAddress, UdpSocket, udpAddress } from '@quorate/qb/ffi'
import type { NodeAddress } from '../cfg/cfg-service.ts'
import { KnetLinks } from '../knet/knet-links.ts'
import type { LinkSettings } from '../knet/link.ts'
import {
  type Destination,
  type KnetEffect,
  type KnetEvent,
  type KnetPeer,
  type LinkMode,
  tickMs,
} from '../knet/link-event.ts'
import { knetStatistics, linkStates, type SealingCounts } from '../knet/link-report.ts'
import { noSealing, Sealing, type SealingMethod } from '../knet/sealing.ts'
import type { LinkView } from '../link-view.ts'
import { addressText, sourceKey } from './address.ts'
import { knetCipher } from './knet-cipher.ts'
import type { RingTransport, TransportHandlers } from './ring-transport.ts'
import { Troubles } from './troubles.ts'

/** What the transport needs to know. */
export type KnetTransportConfig = {
  readonly self: NodeId
  /** Every node of the nodelist on all its links, this one too. */
  readonly members: readonly NodeAddress[]
  /** The links of this node with their ports. */
  readonly links: readonly (LinkSettings & { readonly port: number })[]
  readonly mode: LinkMode
  /** Undefined: packets are neither authenticated nor encrypted. */
  readonly sealing: Sealing | undefined
  readonly pmtudIntervalMs: number
  readonly fixedMtu: number
  /** How often to try again while an own address cannot be bound, ms. */
  readonly downcheckMs: number
}

/** Largest datagram, bytes. */
const datagramBytesMax = 65_507
/** Receive and send buffers that the kernel is asked for, bytes. */
const socketBufferBytes = 4 * 1024 * 1024
/** Datagrams taken before clients and timers get their turn. */
const datagramsPerTurn = 64
/** Most datagrams that are thrown away at once: whoever floods this node must not hold it up. */
const drainedMax = 20_000

/** A link as the sockets have it. */
type Port = {
  readonly link: number
  readonly port: number
  readonly own: NodeAddress
  socket: UdpSocket | undefined
  watch: DescriptorWatch | undefined
  /** The other nodes by their address, written as {@link sourceKey} does. */
  sources: ReadonlyMap<string, NodeAddress>
  /** Where the other nodes are reached. */
  targets: ReadonlyMap<NodeId, UdpAddress>
}

/** Totem over kronosnet: a socket for each link, and {@link KnetLinks} behind them. */
export class KnetTransport implements RingTransport {
  readonly links: LinkView
  readonly #config: KnetTransportConfig
  readonly #handlers: TransportHandlers
  readonly #troubles: Troubles
  readonly #knet: KnetLinks
  readonly #ports: ReadonlyMap<number, Port>
  readonly #buffer = new Uint8Array(datagramBytesMax + 1)
  readonly #counts: SealingCounts = { sealed: 0, opened: 0, overheadBytes: 0 }
  /** What packets are sealed with; undefined: they are as they are. */
  #sealing: Sealing | undefined
  /** Sealed with a key that is to come, or with the one before. */
  #nextSealing: Sealing | undefined
  #lastSealing: Sealing | undefined
  #cutNodes: ReadonlySet<NodeId> = new Set()
  #ticker: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #isOpen = true
  #isUp = false

  constructor(config: KnetTransportConfig, handlers: TransportHandlers) {
    const { self, members, links, mode, sealing, pmtudIntervalMs, fixedMtu } = config
    this.#config = config
    this.#sealing = sealing
    this.#handlers = handlers
    this.#troubles = new Troubles((text) => handlers.trouble(text))
    const ports = links.map(({ link, port }): [number, Port] => {
      const own = members.find((member) => member.node === self && member.link === link)
      if (own === undefined) throw new RangeError(`node ${self} has no address on link ${link}`)
      const empty = { socket: undefined, watch: undefined, sources: new Map(), targets: new Map() }
      return [link, { link, port, own, ...empty }]
    })
    this.#ports = new Map(ports)
    const overhead = sealing?.overhead ?? noSealing
    const peers = peersOf(self, members)
    this.#knet = new KnetLinks({ self, mode, links, peers, overhead, pmtudIntervalMs, fixedMtu }, now())
    this.#address(members)
    const addresses = new Map(ports.map(([link, { own }]) => [link, own.text]))
    this.links = {
      linksTo: (node) => linkStates(this.#knet, addresses, node),
      statistics: () => knetStatistics(this.#knet, this.#counts),
    }
  }

  setMembers(members: readonly NodeAddress[]): void {
    this.#address(members)
    this.#step({ kind: 'peers', peers: peersOf(this.#config.self, members) })
  }

  open(): void {
    const missing = [...this.#ports.values()].filter((port) => port.socket === undefined)
    for (const port of missing) this.#bind(port)
    if (missing.some((port) => port.socket === undefined)) {
      this.#retry = setTimeout(() => this.open(), this.#config.downcheckMs)
    }
    if (this.#isUp || [...this.#ports.values()].every((port) => port.socket === undefined)) return
    this.#isUp = true
    this.#ticker = setInterval(() => this.#step({ kind: 'tick' }), tickMs)
    this.#step({ kind: 'tick' })
    this.#handlers.up()
  }

  send(to: NodeId, bytes: Uint8Array): void {
    if (to !== this.#config.self) return this.#step({ kind: 'send', to, frame: bytes })
    setImmediate(() => {
      if (this.#isOpen) this.#step({ kind: 'send', to, frame: bytes })
    })
  }

  sendAll(bytes: Uint8Array): void {
    this.#step({ kind: 'send', to: 'all', frame: bytes })
  }

  loadKey(method: SealingMethod, key: Uint8Array): void {
    invariant(this.#sealing !== undefined, 'packets that are not sealed stay so', {})
    this.#nextSealing = new Sealing(method, knetCipher(method, key))
  }

  changeKey(step: 'switch' | 'forget'): void {
    if (step === 'switch') {
      this.#lastSealing = this.#sealing
      this.#sealing = this.#nextSealing ?? this.#sealing
      this.#nextSealing = undefined
      this.#step({ kind: 'overhead', overhead: this.#sealing?.overhead ?? noSealing })
    } else this.#lastSealing = undefined
  }

  cut(nodes: ReadonlySet<NodeId>): void {
    this.#cutNodes = nodes
  }

  drain(): void {
    for (const { socket } of this.#ports.values()) {
      for (let taken = 0; taken < drainedMax && socket !== undefined && socket.receive(this.#buffer) >= 0; taken += 1);
    }
  }

  close(): void {
    this.#isOpen = false
    clearTimeout(this.#retry)
    clearInterval(this.#ticker)
    for (const port of this.#ports.values()) {
      port.watch?.close()
      port.socket?.close()
      port.socket = undefined
    }
  }

  #address(members: readonly NodeAddress[]): void {
    for (const port of this.#ports.values()) {
      const others = members.filter((member) => member.node !== this.#config.self && member.link === port.link)
      port.sources = new Map(others.map((member) => [sourceKey(member.bytes), member]))
      port.targets = new Map(others.map((member) => [member.node, udpAddress(member.bytes, port.port)]))
    }
  }

  #bind(port: Port): void {
    const where = `${port.own.text}:${port.port}`
    try {
      const socket = UdpSocket.bind(udpAddress(port.own.bytes, port.port), socketBufferBytes, true)
      port.socket = socket
      port.watch = new DescriptorWatch(socket.fd, () => this.#read(port, socket))
      port.watch.want({ readable: true, writable: false })
      const text = `Configured link number ${port.link}: local addr: ${port.own.text}, port=${port.port}`
      this.#handlers.log('info', 'TOTEM', text)
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error
      this.#troubles.tell(`address ${where} of link ${port.link} cannot be used yet: ${errnoText(error.errno)}`)
    }
  }

  #read(port: Port, socket: UdpSocket): void {
    for (let taken = 0; taken < datagramsPerTurn && this.#isOpen; taken += 1) {
      const count = socket.receive(this.#buffer)
      if (count < 0) return
      const member = port.sources.get(sourceKey(socket.source))
      if (member === undefined) {
        const source = addressText(socket.source)
        this.#troubles.tell(`Packet rejected from ${source}: it is in no nodelist on link ${port.link}`)
        continue
      }
      if (this.#cutNodes.has(member.node)) continue
      const bytes = this.#open(port, member, this.#buffer.subarray(0, count))
      if (bytes !== undefined) this.#step({ kind: 'packet', from: member.node, link: port.link, bytes }, member.text)
    }
  }

  /** The packet in memory of its own, or undefined where it was not sealed with this node's key. */
  #open(port: Port, member: NodeAddress, received: Uint8Array): Uint8Array | undefined {
    const sealing = this.#sealing
    if (sealing === undefined) {
      const bytes = messageBytes(received.byteLength)
      bytes.set(received)
      return bytes
    }
    const packet = sealing.open(received) ?? this.#nextSealing?.open(received) ?? this.#lastSealing?.open(received)
    if (packet === undefined) {
      const what = `Unable to decrypt packet of ${received.byteLength} bytes on link ${port.link}`
      this.#handlers.refused(member.text, `${what}. Check crypto key and configuration`)
      return undefined
    }
    this.#counts.opened += 1
    // Without a cipher it is a view of what was received.
    return packet.buffer === received.buffer ? packet.slice() : packet
  }

  #seal(bytes: Uint8Array): Uint8Array {
    const sealing = this.#sealing
    if (sealing === undefined) return bytes
    const sealed = sealing.seal(bytes)
    this.#counts.sealed += 1
    this.#counts.overheadBytes += sealed.byteLength - bytes.byteLength
    return sealed
  }

  #step(event: KnetEvent, source: string = ''): void {
    for (const effect of this.#knet.step(event, now())) this.#perform(effect, source)
  }

  #perform(effect: KnetEffect, source: string): void {
    switch (effect.do) {
      case 'transmit':
        return this.#transmit(effect.bytes, effect.to, effect.isProbe)
      case 'deliver':
        return this.#handlers.frame(effect.frame, source)
      case 'refuse':
        return this.#handlers.refused(source, effect.error.message)
      case 'log':
        return this.#handlers.log(effect.level, 'KNET', effect.text)
      default:
        return unreachable(effect)
    }
  }

  #transmit(bytes: Uint8Array, destinations: readonly Destination[], isProbe: boolean): void {
    const sealed = this.#seal(bytes)
    for (const to of destinations) {
      if (this.#cutNodes.has(to.node)) continue
      const port = this.#ports.get(to.link)
      const target = port?.targets.get(to.node)
      if (port?.socket === undefined || target === undefined) continue
      const outcome = port.socket.send(sealed, target)
      if (outcome >= 0) continue
      const isTooLong = outcome === -constants.errno.EMSGSIZE
      if (!isTooLong)
        this.#troubles.tell(`sending to node ${to.node} on link ${to.link} failed: ${errnoText(-outcome)}`)
      this.#step({ kind: 'unsent', to, why: isTooLong ? 'too-long' : 'other', isProbe })
    }
  }
}

function now(): ReturnType<typeof monoMs> {
  return monoMs(performance.now())
}

/** The other nodes with their links. */
function peersOf(self: NodeId, members: readonly NodeAddress[]): readonly KnetPeer[] {
  const links = new Map<NodeId, { link: number; address: string }[]>()
  for (const { node, link, text } of members) {
    if (node === self) continue
    links.set(node, [...(links.get(node) ?? []), { link, address: text }])
  }
  return [...links].map(([node, list]) => ({ node, links: list }))
}
