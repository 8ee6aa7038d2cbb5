import { invariant, messageBytes, type NodeId } from '@quorate/base'
import {
  DescriptorWatch,
  errnoText,
  SystemCallError,
  type UdpAddress,
  type UdpOptions,
  UdpSocket,
  udpAddress,
} from '@quorate/qb/ffi'
import type { NodeAddress } from '../cfg/cfg-service.ts'
import type { MulticastSettings } from '../conf/multicast-settings.ts'
import { addressText, sourceKey } from './address.ts'
import type { RingTransport, TransportHandlers } from './ring-transport.ts'
import { Troubles } from './troubles.ts'

/** What the transport needs to know. */
export type UdpConfig = {
  readonly self: NodeId
  /** Every node of the nodelist, this one too. */
  readonly members: readonly NodeAddress[]
  readonly port: number
  /** Drop packets whose source is no member's address (totem.block_unlisted_ips). */
  readonly blockUnlistedIps: boolean
  /** What is for everybody goes to a group, in place of a copy to each; IPv4 only. */
  readonly multicast: MulticastSettings | undefined
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

type Sockets = {
  /** The own port: the token comes in by it. */
  readonly ring: UdpSocket
  /** What is for everybody leaves by it. */
  readonly sender: UdpSocket
  readonly all: readonly UdpSocket[]
  readonly watches: readonly DescriptorWatch[]
}
type Peer = NodeAddress & { readonly to: UdpAddress }
/** Everybody at once. */
type Group = { readonly text: string; readonly address: UdpAddress; readonly options: UdpOptions }

/**
 * Totem over UDP. Unicast (`transport: udpu`, protocols/corosync.md 7.1): tokens go from the ring's port, everything else
 * once to each other member from a port of the kernel's choice. Multicast or broadcast (`transport: udp`, 7.2): everything
 * else goes once to the group, and all of it from the port below the ring's. What a node sends to itself stays inside the
 * process.
 */
export class UdpTransport implements RingTransport {
  readonly links = undefined
  readonly #config: UdpConfig
  readonly #handlers: TransportHandlers
  #peers: ReadonlyMap<NodeId, Peer> = new Map()
  #others: readonly Peer[] = []
  readonly #own: NodeAddress
  readonly #group: Group | undefined
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

  constructor(config: UdpConfig, handlers: TransportHandlers) {
    this.#config = config
    this.#handlers = handlers
    this.#troubles = new Troubles((text) => handlers.trouble(text))
    this.setMembers(config.members)
    const own = this.#peers.get(config.self)
    if (own === undefined) throw new RangeError(`node ${config.self} is none of the members`)
    this.#own = own
    this.#group = config.multicast && groupOf(config.multicast, own.bytes, config.port)
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
      for (const { at, options } of this.#places()) opened.push(UdpSocket.bind(at, socketBufferBytes, false, options))
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
    this.#sockets = { ring, sender, all: opened, watches }
    this.#handlers.up()
  }

  /** What the sockets are bound to: the ring's, the sender's, and that of the group where there is one. */
  #places(): readonly { readonly at: UdpAddress; readonly options?: UdpOptions }[] {
    const { port } = this.#config
    const own = (at: number): UdpAddress => udpAddress(this.#own.bytes, at)
    if (this.#group === undefined) return [{ at: own(port) }, { at: own(0) }]
    const { address, options } = this.#group
    return [{ at: own(port) }, { at: own(port - 1), options }, { at: address, options }]
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
    if (peer === undefined || this.#sockets === undefined || this.#cutNodes.has(to)) return
    const { ring, sender } = this.#sockets
    this.#transmit(this.#group === undefined ? ring : sender, bytes, peer)
  }

  /** To every other node. */
  sendAll(bytes: Uint8Array): void {
    if (this.#sockets === undefined) return
    const { sender } = this.#sockets
    if (this.#group !== undefined && this.#cutNodes.size === 0) {
      return this.#transmit(sender, bytes, { text: this.#group.text, to: this.#group.address })
    }
    for (const peer of this.#others) if (!this.#cutNodes.has(peer.node)) this.#transmit(sender, bytes, peer)
  }

  loadKey(): void {
    invariant(false, 'only knet has keys', {})
  }

  changeKey(): void {
    invariant(false, 'only knet has keys', {})
  }

  /** Cuts this node off from the given ones, and from no others; see link-cut.ts. */
  cut(nodes: ReadonlySet<NodeId>): void {
    this.#cutNodes = nodes
    this.#cutSources = new Set([...nodes].flatMap((node) => this.#peers.get(node)?.text ?? []))
  }

  /** Throws away what has arrived and was not read yet: it was sent while this process slept. */
  drain(): void {
    for (const socket of this.#sockets?.all ?? []) {
      for (let taken = 0; taken < drainedMax && socket.receive(this.#buffer) >= 0; taken += 1);
    }
  }

  close(): void {
    this.#isOpen = false
    clearTimeout(this.#retry)
    for (const watch of this.#sockets?.watches ?? []) watch.close()
    for (const socket of this.#sockets?.all ?? []) socket.close()
    this.#sockets = undefined
  }

  #read(socket: UdpSocket): void {
    for (let taken = 0; taken < datagramsPerTurn && this.#isOpen; taken += 1) {
      const count = socket.receive(this.#buffer)
      if (count < 0) return
      const source = this.#listed.get(sourceKey(socket.source))
      // A broadcast comes back to its sender.
      if (this.#group !== undefined && source === this.#own.text) continue
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

  #transmit(socket: UdpSocket, bytes: Uint8Array, peer: Pick<Peer, 'text' | 'to'>): void {
    if (bytes.byteLength > datagramBytesMax) return this.#troubles.tell(`packet of ${bytes.byteLength} bytes not sent`)
    const outcome = socket.send(bytes, peer.to)
    if (outcome < 0) this.#troubles.tell(`sending to ${peer.text} failed: ${errnoText(-outcome)}`)
  }
}

function groupOf({ group, isBroadcast, hops }: MulticastSettings, local: Uint8Array, port: number): Group {
  const bytes = Uint8Array.from(group)
  const options = isBroadcast ? { broadcasts: true } : { multicast: { group: bytes, local, hops, loops: false } }
  return { text: group.join('.'), address: udpAddress(bytes, port), options }
}
