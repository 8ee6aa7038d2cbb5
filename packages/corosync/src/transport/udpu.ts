import dgram from 'node:dgram'
import net from 'node:net'
import type { NodeId } from '@quorate/base'

/** Where a node is reached. */
export type UdpuMember = { readonly node: NodeId; readonly address: string }

/** What the transport needs to know. */
export type UdpuConfig = {
  readonly self: NodeId
  /** Every node of the nodelist, this one too; addresses are literal. */
  readonly members: readonly UdpuMember[]
  readonly port: number
  /** Drop packets whose source is no member's address (totem.block_unlisted_ips). */
  readonly blockUnlistedIps: boolean
  /** How often to try again while the own address cannot be bound, ms. */
  readonly downcheckMs: number
}

/** What the transport tells. */
export type UdpuHandlers = {
  /** The own address is bound: the ring may begin. Once. */
  up(): void
  /** A datagram of a member, or of this node itself. `source`: where it came from, for the log. */
  frame(bytes: Uint8Array, source: string): void
  /** The address cannot be bound yet, or a packet could not be sent. Told at most once a second for each text. */
  trouble(text: string): void
}

/** Largest datagram. */
const datagramBytesMax = 65_507
/** Receive and send buffers that the kernel is asked for, bytes. */
const socketBufferBytes = 4 * 1024 * 1024
const troubleQuietMs = 1000

/**
 * Totem over unicast UDP (protocols/corosync.md 7.1): tokens go from the ring's port, everything else once to each
 * other member from a port of the kernel's choice. What a node sends to itself stays inside the process.
 */
export class UdpuTransport {
  readonly #config: UdpuConfig
  readonly #handlers: UdpuHandlers
  readonly #addresses: ReadonlyMap<NodeId, string>
  readonly #others: readonly string[]
  /** Addresses behind a cut: neither heard nor reached. */
  #cutOff: ReadonlySet<string> = new Set()
  readonly #listed: ReadonlySet<string>
  readonly #own: string
  readonly #saidAt = new Map<string, number>()
  #ring: dgram.Socket | undefined
  #sender: dgram.Socket | undefined
  #retry: NodeJS.Timeout | undefined
  #isOpen = true
  /** Turns of the event loop for which datagrams are thrown away: they waited in the socket while the process slept. */
  #turnsToDrain = 0
  #unlistedCount = 0

  constructor(config: UdpuConfig, handlers: UdpuHandlers) {
    this.#config = config
    this.#handlers = handlers
    this.#addresses = new Map(config.members.map((member) => [member.node, member.address]))
    this.#own = this.#addresses.get(config.self) ?? ''
    this.#others = config.members.filter((member) => member.node !== config.self).map((member) => member.address)
    this.#listed = new Set(config.members.map((member) => member.address))
  }

  /** Packets dropped because their source is in no nodelist. */
  get unlistedCount(): number {
    return this.#unlistedCount
  }

  /** Binds the own address, now or as soon as the interface has it. */
  open(): void {
    const family = net.isIPv6(this.#own) ? 'udp6' : 'udp4'
    const ring = this.#socket(family)
    ring.once('error', (error) => this.#notBound(ring, error))
    ring.bind({ address: this.#own, port: this.#config.port, exclusive: true }, () => {
      ring.removeAllListeners('error')
      ring.on('error', (error) => this.#trouble(error.message))
      setBuffers(ring)
      const sender = this.#socket(family)
      sender.on('error', (error) => this.#trouble(error.message))
      sender.bind({ address: this.#own, port: 0, exclusive: true }, () => {
        setBuffers(sender)
        this.#ring = ring
        this.#sender = sender
        this.#handlers.up()
      })
    })
    ring.on('message', (bytes, from) => this.#received(bytes, from.address))
  }

  /** To one node: the token. */
  send(to: NodeId, bytes: Uint8Array): void {
    const address = this.#addresses.get(to)
    if (to === this.#config.self) {
      setImmediate(() => {
        if (this.#isOpen) this.#handlers.frame(bytes, this.#own)
      })
    } else if (address !== undefined) {
      this.#transmit(this.#ring, bytes, address)
    }
  }

  /** To every other node. */
  sendAll(bytes: Uint8Array): void {
    for (const address of this.#others) this.#transmit(this.#sender, bytes, address)
  }

  /** Cuts this node off from the given ones, and from no others; see link-cut.ts. */
  cut(nodes: ReadonlySet<NodeId>): void {
    this.#cutOff = new Set([...nodes].flatMap((node) => this.#addresses.get(node) ?? []))
  }

  /** Throws away what has arrived and was not read yet. */
  drain(): void {
    this.#turnsToDrain = 2
    setImmediate(() => this.#drained())
  }

  close(): void {
    this.#isOpen = false
    clearTimeout(this.#retry)
    this.#ring?.close()
    this.#sender?.close()
    this.#ring = undefined
    this.#sender = undefined
  }

  #drained(): void {
    this.#turnsToDrain -= 1
    if (this.#turnsToDrain > 0) setImmediate(() => this.#drained())
  }

  #socket(type: 'udp4' | 'udp6'): dgram.Socket {
    // Addresses are literal: no look-up, so that a packet leaves before `send` returns.
    const lookup = (host: string, _options: unknown, done: (error: null, host: string, family: number) => void): void =>
      done(null, host, type === 'udp6' ? 6 : 4)
    return dgram.createSocket({ type, lookup: lookup as never })
  }

  #received(bytes: Uint8Array, source: string): void {
    if (!this.#isOpen || this.#turnsToDrain > 0 || this.#cutOff.has(source)) return
    if (this.#config.blockUnlistedIps && !this.#listed.has(source)) {
      this.#unlistedCount += 1
      this.#trouble(`Packet rejected from ${source}: it is in no nodelist`)
      return
    }
    this.#handlers.frame(bytes, source)
  }

  #transmit(socket: dgram.Socket | undefined, bytes: Uint8Array, address: string): void {
    if (socket === undefined || this.#cutOff.has(address)) return
    if (bytes.byteLength > datagramBytesMax) return this.#trouble(`packet of ${bytes.byteLength} bytes not sent`)
    socket.send(bytes, this.#config.port, address, (error) => {
      if (error !== null) this.#trouble(`sending to ${address} failed: ${error.message}`)
    })
  }

  #notBound(socket: dgram.Socket, error: Error): void {
    socket.close()
    this.#trouble(`address ${this.#own}:${this.#config.port} cannot be used yet: ${error.message}`)
    if (this.#isOpen) this.#retry = setTimeout(() => this.open(), this.#config.downcheckMs)
  }

  #trouble(text: string): void {
    const now = performance.now()
    const last = this.#saidAt.get(text)
    if (last !== undefined && now - last < troubleQuietMs) return
    if (this.#saidAt.size > 1000) this.#saidAt.clear()
    this.#saidAt.set(text, now)
    this.#handlers.trouble(text)
  }
}

/** As large as the kernel allows: a burst must fit while the process is busy. */
function setBuffers(socket: dgram.Socket): void {
  try {
    socket.setRecvBufferSize(socketBufferBytes)
    socket.setSendBufferSize(socketBufferBytes)
  } catch {
    // The kernel's own size has to do.
  }
}
