import { DecodeError, type MonoMs, type NodeId, unreachable } from '@quorate/base'
import { type CountedKind, Link, type LinkSettings } from './link.ts'
import {
  type Destination,
  type KnetConfig,
  type KnetEffect,
  type KnetEvent,
  type KnetPeer,
  tickMs,
} from './link-event.ts'
import {
  type DataPacket,
  dataLayout,
  decodeKnetPacket,
  encodeKnetData,
  encodePing,
  encodePmtud,
  encodePmtudReply,
  encodePong,
  knetFrameBytesMax,
  type PingPacket,
  type PmtudPacket,
} from './packet.ts'
import { dataBytesOf, type PathMtuAsk } from './path-mtu.ts'
import { Reassembly } from './reassembly.ts'
import { plainBytesMax, sealedBytes } from './sealing.ts'
import { SequenceWindow } from './sequence-window.ts'

/** Frames after which peers are told the number of the last, so that it stays within reach of their windows. */
const framesPerNotice = 8191
/** Numbers of frames are 16 bits wide; 0 is none. */
const sequenceMax = 65_535

/** A peer as the links see it. */
export type Peer = {
  readonly node: NodeId
  /** Ascending by number. */
  readonly links: readonly Link[]
  readonly window: SequenceWindow
  readonly reassembly: Reassembly
  /** Links that frames for this node go over now; without any it cannot be reached. */
  active: readonly Link[]
  /** Which of several takes its turn next, with `link_mode: rr`. */
  turn: number
}

/**
 * The links of a node without a world (protocols/corosync.md 8.2): which of them work, how large packets may be, and how
 * frames of totem get through them. A shell seals, sends and receives packets.
 */
export class KnetLinks {
  #config: KnetConfig
  readonly #settings: ReadonlyMap<number, LinkSettings>
  #peers: ReadonlyMap<NodeId, Peer> = new Map()
  /** Frames that this node has sent to itself, which knet counts like those of a link. */
  readonly loopback: { frames: number; bytes: number } = { frames: 0, bytes: 0 }
  #seq = 0
  #framesUntilNotice = framesPerNotice
  #tickedAt: MonoMs
  #dataBytes = 0
  #now: MonoMs
  #out: KnetEffect[] = []

  constructor(config: KnetConfig, now: MonoMs) {
    this.#config = config
    this.#settings = new Map(config.links.map((settings) => [settings.link, settings]))
    this.#now = now
    this.#tickedAt = now
    this.#setPeers(config.peers)
  }

  get self(): NodeId {
    return this.#config.self
  }

  /** The other nodes, in the order of the nodelist. To be read only. */
  get peers(): Iterable<Peer> {
    return this.#peers.values()
  }

  /** The other node of that id. To be read only. */
  peer(node: NodeId): Peer | undefined {
    return this.#peers.get(node)
  }

  /** Bytes of a frame that go into one packet of the link. */
  dataBytes(link: Link): number {
    return dataBytesOf(this.#config.overhead, this.#wireBytes(link), link.heads)
  }

  /** Advances the links by one event. `now` never goes back. */
  step(event: KnetEvent, now: MonoMs): readonly KnetEffect[] {
    this.#out = []
    this.#now = now
    switch (event.kind) {
      case 'packet':
        this.#packet(event.from, event.link, event.bytes)
        break
      case 'send':
        this.#send(event.to, event.frame)
        break
      case 'tick':
        this.#tick()
        break
      case 'unsent':
        this.#unsent(event.to, event.why, event.isProbe)
        break
      case 'peers':
        this.#setPeers(event.peers)
        break
      case 'overhead':
        this.#config = { ...this.#config, overhead: event.overhead }
        this.#tellMtu()
        break
      default:
        unreachable(event)
    }
    return this.#out
  }

  /** Peers that stay keep what is known of them. */
  #setPeers(peers: readonly KnetPeer[]): void {
    const made = peers.map(({ node, links }): [NodeId, Peer] => {
      const known = this.#peers.get(node)
      const watched = links.flatMap(({ link, address }) => {
        const settings = this.#settings.get(link)
        return settings === undefined ? [] : [new Link(settings, address, this.#now)]
      })
      if (known !== undefined && waysOf(known.links) === waysOf(watched)) return [node, known]
      const fresh = { window: new SequenceWindow(), reassembly: new Reassembly(), active: [], turn: 0 }
      return [node, { node, links: watched, ...fresh }]
    })
    this.#peers = new Map(made)
  }

  #packet(from: NodeId, number: number, bytes: Uint8Array): void {
    const peer = this.#peers.get(from)
    const link = peer?.links.find((item) => item.settings.link === number)
    if (peer === undefined || link === undefined) return
    try {
      const packet = decodeKnetPacket(bytes)
      if (packet.host !== from) {
        throw new DecodeError('value', 2, `node ${from} is expected at this address, got node ${packet.host}`)
      }
      if (packet.type !== 'data' && packet.link !== number) {
        throw new DecodeError('value', 6, `link ${number} is expected, got ${packet.link}`)
      }
      this.#take(peer, link, packet, bytes)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#out.push({ do: 'refuse', error })
    }
  }

  #take(peer: Peer, link: Link, packet: DataPacket | PingPacket | PmtudPacket, bytes: Uint8Array): void {
    switch (packet.type) {
      case 'data':
        count(link, 'received', 'data', bytes.byteLength)
        return this.#data(peer, packet)
      case 'ping':
        count(link, 'received', 'ping', bytes.byteLength)
        if (packet.seq === 0) forget(peer)
        else peer.window.moveTo(packet.seq)
        return this.#transmit('pong', encodePong(this.self, bytes), peer, link)
      case 'pong':
        count(link, 'received', 'pong', bytes.byteLength)
        if (link.answered(this.#now - packet.sentMs, this.#now)) this.#linkUp(peer, link)
        return
      case 'pmtud':
        count(link, 'received', 'pmtu', bytes.byteLength)
        return this.#transmit('pmtu', encodePmtudReply(this.self, bytes), peer, link)
      case 'pmtud-reply':
        count(link, 'received', 'pmtu', bytes.byteLength)
        return this.#ask(peer, link, link.mtu.arrived(packet.size))
      default:
        unreachable(packet)
    }
  }

  /** A frame or a part of one. Before a node can be answered nothing of it is taken: it would wait for what cannot come. */
  #data(peer: Peer, packet: DataPacket): void {
    if (peer.active.length === 0 || peer.window.has(packet.seq)) return
    const frame = peer.reassembly.take(packet)
    if (frame === undefined) return
    peer.window.add(packet.seq)
    this.#out.push({ do: 'deliver', from: peer.node, frame })
  }

  #send(to: NodeId | 'all', frame: Uint8Array): void {
    if (to === this.self) {
      this.loopback.frames += 1
      this.loopback.bytes += frame.byteLength + dataLayout.size
      this.#out.push({ do: 'deliver', from: to, frame })
      return
    }
    const peers = to === 'all' ? [...this.#peers.values()] : [this.#peers.get(to)]
    const ways = peers.flatMap((peer) => (peer === undefined ? [] : waysTo(peer, this.#config.mode)))
    if (ways.length === 0 || frame.byteLength > knetFrameBytesMax) return
    this.#seq = this.#seq === sequenceMax ? 1 : this.#seq + 1
    const partBytes = ways.reduce((least, { link }) => Math.min(least, this.dataBytes(link)), knetFrameBytesMax)
    for (const bytes of encodeKnetData(this.self, this.#seq, to === 'all', frame, partBytes)) {
      for (const { link } of ways) count(link, 'sent', 'data', sealedBytes(this.#config.overhead, bytes.byteLength))
      const destinations = ways.map(({ peer, link }) => ({ node: peer.node, link: link.settings.link }))
      this.#out.push({ do: 'transmit', bytes, to: destinations, isProbe: false })
    }
    this.#framesUntilNotice -= 1
    if (this.#framesUntilNotice > 0) return
    this.#framesUntilNotice = framesPerNotice
    for (const peer of this.#peers.values()) {
      for (const link of peer.links) if (link.isUp) this.#ping(peer, link, false)
    }
  }

  #tick(): void {
    const sleptMs = this.#now - this.#tickedAt - tickMs
    this.#tickedAt = this.#now
    for (const peer of this.#peers.values()) {
      for (const link of peer.links) {
        if (sleptMs > tickMs) link.slept(sleptMs)
        if (link.isPingDue(this.#now)) this.#ping(peer, link, true)
        if (link.isLost(this.#now)) this.#linkDown(peer, link)
        if (link.isUp) this.#lookAtMtu(peer, link)
      }
    }
  }

  #lookAtMtu(peer: Peer, link: Link): void {
    if (this.#config.fixedMtu > 0) return
    if (!link.mtu.isSettled) {
      const isLate = this.#now - link.mtuAskedAt > Math.max(tickMs, (4 * link.latency.averageUs) / 1000)
      if (isLate) this.#ask(peer, link, link.mtu.unanswered())
    } else if (this.#now - link.mtuBegunAt >= this.#config.pmtudIntervalMs) this.#findMtu(peer, link, true)
  }

  #findMtu(peer: Peer, link: Link, keep: boolean): void {
    if (this.#config.fixedMtu > 0) return
    link.mtuBegunAt = this.#now
    this.#ask(peer, link, link.mtu.restart(keep))
    this.#tellMtu()
  }

  #ask(peer: Peer, link: Link, ask: PathMtuAsk): void {
    if (ask === undefined) {
      this.#tellMtu()
      return
    }
    link.mtuAskedAt = this.#now
    const packetBytes = plainBytesMax(this.#config.overhead, ask.wireBytes - link.heads)
    const bytes = encodePmtud(this.self, link.settings.link, ask.wireBytes, packetBytes)
    this.#transmit('pmtu', bytes, peer, link, true)
  }

  #unsent({ node, link: number }: Destination, why: 'too-long' | 'other', isProbe: boolean): void {
    const peer = this.#peers.get(node)
    const link = peer?.links.find((item) => item.settings.link === number)
    if (peer === undefined || link === undefined) return
    if (why === 'other') {
      link.sent.data.errors += 1
      return
    }
    if (isProbe) return this.#ask(peer, link, link.mtu.tooLong())
    // The interface takes less than it did.
    if (link.isUp) this.#findMtu(peer, link, false)
  }

  #linkUp(peer: Peer, link: Link): void {
    if (peer.active.length === 0) forget(peer)
    this.#log('info', `rx: host: ${peer.node} link: ${link.settings.link} is up`)
    this.#choose(peer)
    this.#findMtu(peer, link, false)
  }

  #linkDown(peer: Peer, link: Link): void {
    this.#log('info', `link: host: ${peer.node} link: ${link.settings.link} is down`)
    this.#choose(peer)
  }

  #choose(peer: Peer): void {
    const up = peer.links.filter((link) => link.isUp)
    const { mode } = this.#config
    if (mode === 'passive') {
      const [first] = up.toSorted((a, b) => b.settings.priority - a.settings.priority)
      peer.active = first === undefined ? [] : [first]
    } else peer.active = up
    const best = peer.active[0]?.settings
    if (best === undefined) this.#log('warning', `host: host: ${peer.node} has no active links`)
    else if (mode !== 'passive') this.#log('info', `host: host: ${peer.node} (${mode}) has ${up.length} active links`)
    else this.#log('info', `host: host: ${peer.node} (passive) best link: ${best.link} (pri: ${best.priority})`)
  }

  /** Says how large the parts of frames are, where that has changed. */
  #tellMtu(): void {
    let least = 0
    for (const peer of this.#peers.values()) {
      for (const link of peer.active) {
        if (!link.mtu.isSettled && this.#config.fixedMtu === 0) return
        const bytes = this.dataBytes(link)
        if (least === 0 || bytes < least) least = bytes
      }
    }
    if (least === 0 || least === this.#dataBytes) return
    this.#dataBytes = least
    this.#log('info', `pmtud: Global data MTU changed to: ${least}`)
  }

  #wireBytes(link: Link): number {
    return this.#config.fixedMtu > 0 ? this.#config.fixedMtu : link.mtu.wireBytes
  }

  #ping(peer: Peer, link: Link, isTimed: boolean): void {
    const bytes = encodePing(this.self, link.settings.link, this.#now, this.#seq, isTimed)
    this.#transmit('ping', bytes, peer, link)
  }

  #transmit(kind: CountedKind, bytes: Uint8Array, peer: Peer, link: Link, isProbe = false): void {
    count(link, 'sent', kind, sealedBytes(this.#config.overhead, bytes.byteLength))
    const to = [{ node: peer.node, link: link.settings.link }]
    this.#out.push({ do: 'transmit', bytes, to, isProbe })
  }

  #log(level: 'info' | 'warning', text: string): void {
    this.#out.push({ do: 'log', level, text })
  }
}

/** What came of the peer before is of no more use: it has begun anew, or its link has. */
function forget(peer: Peer): void {
  peer.window.clear()
  peer.reassembly.clear()
}

/** Links and where they go, for comparison. */
function waysOf(links: readonly Link[]): string {
  return links.map(({ settings, address }) => `${settings.link} ${address}`).join('\n')
}

type Way = { readonly peer: Peer; readonly link: Link }

/** Links that the next frame for the peer goes over. */
function waysTo(peer: Peer, mode: KnetConfig['mode']): readonly Way[] {
  const { active } = peer
  if (mode !== 'rr' || active.length < 2) return active.map((link) => ({ peer, link }))
  peer.turn = (peer.turn + 1) % active.length
  const link = active[peer.turn]
  return link === undefined ? [] : [{ peer, link }]
}

function count(link: Link, way: 'sent' | 'received', kind: CountedKind, bytes: number): void {
  const item = link[way][kind]
  item.packets += 1
  item.bytes += bytes
}
