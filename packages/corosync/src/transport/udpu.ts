import { messageBytes, type NodeId } from '@quorate/base'
import { DescriptorWatch, errnoText, SystemCallError, type UdpAddress, UdpSocket, udpAddress } from '@quorate/qb/ffi'
import type { NodeAddress } from '../cfg/cfg-service.ts'
import { addressText, sourceKey } from './address.ts'
import type { RingTransport, TransportHandlers } from './ring-transport.ts'
import { Troubles } from './troubles.ts'

/** What the transport needs to know. */
export type UdpuConfig = {
  readonly self: NodeId
  /** Every node of the nodelist, this one too. */
  readonly members: readonly NodeAddress[]
  readonly port: number
  /** Drop packets whose source is no member's address (totem.block_unlisted_ips). */
  readonly blockUnlistedIps: boolean
  /** How often to try again while the own address cannot be bound, ms. */
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

type Sockets = { readonly ring: UdpSocket; readonly sender: UdpSocket; readonly watches: readonly DescriptorWatch[] }
type Peer = NodeAddress & { readonly to: UdpAddress }

/**
 * Totem over unicast UDP (protocols/corosync.md 7.1): tokens go from the ring's port, everything else once to each
 * other member from a port of the kernel's choice. What a node sends to itself stays inside the process.
 */
export class UdpuTransport implements RingTransport {
  readonly links = undefined
  readonly #config: UdpuConfig
  readonly #handlers: TransportHandlers
  #peers: ReadonlyMap<NodeId, Peer> = new Map()
  #others: readonly Peer[] = []
  readonly #own: NodeAddress
  /** Members' names by their address, written as {@link sourceKey} does. */
  #listed: ReadonlyMap<string, string> = new Map()
  /** Nodes behind a cut, and their addresses: neither heard nor reached. */
  #cutNodes: ReadonlySet<NodeId> = new Set()
  #cutSources: ReadonlySet<string> = new Set()
  readonly #buffer = new Uint8Array(datagramBytesMax + 1)
  readonly #troubles: Troubles
  #sockets: Sockets | undefined
  #retry: NodeJS.Timeout | undefined
  #isOpen = true
  #unlistedCount = 0

  constructor(config: UdpuConfig, handlers: TransportHandlers) {
    this.#config = config
    this.#handlers = handlers
    this.#troubles = new Troubles((text) => handlers.trouble(text))
    this.setMembers(config.members)
    const own = this.#peers.get(config.self)
    if (own === undefined) throw new RangeError(`node ${config.self} is none of the members`)
    this.#own = own
  }

  /** The nodelist, from now on. This node's own address stays the one that is bound. */
  setMembers(members: readonly NodeAddress[]): void {
    const { port, self } = this.#config
    const peers = members.map((member) => ({ ...member, to: udpAddress(member.bytes, port) }))
    this.#peers = new Map(peers.map((peer) => [peer.node, peer]))
    this.#others = peers.filter((peer) => peer.node !== self)
    this.#listed = new Map(peers.map((peer) => [sourceKey(peer.bytes), peer.text]))
  }

  /** Packets dropped because their source is in no nodelist. */
  get unlistedCount(): number {
    return this.#unlistedCount
  }

  /** Binds the own address, now or as soon as the interface has it. */
  open(): void {
    const opened: UdpSocket[] = []
    try {
      for (const port of [this.#config.port, 0]) {
        opened.push(UdpSocket.bind(udpAddress(this.#own.bytes, port), socketBufferBytes))
      }
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error
      for (const socket of opened) socket.close()
      const where = `${this.#own.text}:${this.#config.port}`
      this.#troubles.tell(`address ${where} cannot be used yet: ${errnoText(error.errno)}`)
      this.#retry = setTimeout(() => this.open(), this.#config.downcheckMs)
      return
    }
    const [ring, sender] = opened as [UdpSocket, UdpSocket]
    const watches = opened.map((socket) => {
      const watch = new DescriptorWatch(socket.fd, () => this.#read(socket))
      watch.want({ readable: true, writable: false })
      return watch
    })
    this.#sockets = { ring, sender, watches }
    this.#handlers.up()
  }

  /** To one node: the token. */
  send(to: NodeId, bytes: Uint8Array): void {
    if (to === this.#config.self) {
      setImmediate(() => {
        if (this.#isOpen) this.#handlers.frame(bytes, this.#own.text)
      })
      return
    }
    const peer = this.#peers.get(to)
    if (peer !== undefined && this.#sockets !== undefined) this.#transmit(this.#sockets.ring, bytes, peer)
  }

  /** To every other node. */
  sendAll(bytes: Uint8Array): void {
    if (this.#sockets === undefined) return
    for (const peer of this.#others) this.#transmit(this.#sockets.sender, bytes, peer)
  }

  /** Cuts this node off from the given ones, and from no others; see link-cut.ts. */
  cut(nodes: ReadonlySet<NodeId>): void {
    this.#cutNodes = nodes
    this.#cutSources = new Set([...nodes].flatMap((node) => this.#peers.get(node)?.text ?? []))
  }

  /** Throws away what has arrived and was not read yet: it was sent while this process slept. */
  drain(): void {
    const sockets = this.#sockets
    if (sockets === undefined) return
    for (const socket of [sockets.ring, sockets.sender]) {
      for (let taken = 0; taken < drainedMax && socket.receive(this.#buffer) >= 0; taken += 1);
    }
  }

  close(): void {
    this.#isOpen = false
    clearTimeout(this.#retry)
    for (const watch of this.#sockets?.watches ?? []) watch.close()
    this.#sockets?.ring.close()
    this.#sockets?.sender.close()
    this.#sockets = undefined
  }

  #read(socket: UdpSocket): void {
    for (let taken = 0; taken < datagramsPerTurn && this.#isOpen; taken += 1) {
      const count = socket.receive(this.#buffer)
      if (count < 0) return
      const source = this.#listed.get(sourceKey(socket.source))
      if (source === undefined && this.#config.blockUnlistedIps) {
        this.#unlistedCount += 1
        this.#troubles.tell(`Packet rejected from ${addressText(socket.source)}: it is in no nodelist`)
        continue
      }
      if (source !== undefined && this.#cutSources.has(source)) continue
      const bytes = messageBytes(count)
      bytes.set(this.#buffer.subarray(0, count))
      this.#handlers.frame(bytes, source ?? addressText(socket.source))
    }
  }

  #transmit(socket: UdpSocket, bytes: Uint8Array, peer: Peer): void {
    if (this.#cutNodes.has(peer.node)) return
    if (bytes.byteLength > datagramBytesMax) return this.#troubles.tell(`packet of ${bytes.byteLength} bytes not sent`)
    const outcome = socket.send(bytes, peer.to)
    if (outcome < 0) this.#troubles.tell(`sending to ${peer.text} failed: ${errnoText(-outcome)}`)
  }
}
