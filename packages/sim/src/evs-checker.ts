import { DecodeError, type NodeId } from '@quorate/base'
import { type Configuration, type RingId, ringText } from '@quorate/totem'
import { type Departure, Departures } from './departures.ts'
import { decodeNumbered, messageName, type NumberedMessage } from './numbered-message.ts'
import { PlaceOrder } from './place-order.ts'
import type { RingWitness } from './ring-program.ts'
import { Violation } from './violation.ts'

/** A message is cut into frames above this many bytes at the most; what is longer can be torn by a change of membership. */
export const wholeMessageBytesMax = 1300

type Sent = { readonly atMs: number; readonly bytes: number; ring: string | undefined }

/** One life of a node. */
type Life = {
  readonly node: NodeId
  readonly boot: number
  /** Installed regular configuration, undefined before the first. */
  regular: Configuration | undefined
  /** Set between a transitional configuration and the regular one behind it. */
  transitional: Configuration | undefined
  /** What was delivered since the regular configuration, the transitional one behind it included. */
  delivered: string[]
  /** How many of them came before the transitional configuration. */
  unbroken: number
  /** Number of the last message of each sender's life. */
  readonly lastNumber: Map<string, number>
  /** Since when this life has been together with each node without a break. */
  readonly togetherSinceMs: Map<NodeId, number>
  readonly seen: Set<string>
  /** What this life sent itself. */
  readonly own: string[]
  /** Short messages delivered since the regular configuration. */
  place: number
  ended: boolean
}

/** What all that install a ring must agree on, and what each came from. */
type Ring = {
  readonly members: string
  readonly arrivals: Map<NodeId, { readonly from: string; readonly trans: string }>
  /** Short messages in the order in which they were delivered while the ring stood. */
  readonly order: string[]
  /** Which message came right behind which, in anybody's delivery. */
  readonly places: PlaceOrder
  readonly departures: Departures
}

/** Those that went from one ring to the same next one delivered the same. */
type Passage = {
  readonly node: NodeId
  readonly delivered: readonly string[]
  readonly together: ReadonlyMap<NodeId, number>
}

/** Counts of what was checked, so that a run that checked nothing is seen. */
export type EvsCounts = { configurations: number; deliveries: number; passages: number }

/**
 * Extended virtual synchrony, checked as things happen (guides/reliability.md 2.1). Each rule throws a
 * {@link Violation} that names it.
 */
export class EvsChecker implements RingWitness {
  readonly counts: EvsCounts = { configurations: 0, deliveries: 0, passages: 0 }
  readonly #nowMs: () => number
  readonly #lives = new Map<NodeId, Life>()
  readonly #sent = new Map<string, Sent>()
  readonly #rings = new Map<string, Ring>()
  readonly #passages = new Map<string, Passage>()
  readonly #lastRingSeq = new Map<NodeId, number>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** A program handed a message to its ring. */
  sent(message: NumberedMessage, bytes: number): void {
    const name = messageName(message)
    this.#sent.set(name, { atMs: this.#nowMs(), bytes, ring: undefined })
    this.#life(message.node as NodeId, message.boot).own.push(name)
  }

  /** The life of a node that runs. */
  #life(node: NodeId, boot: number): Life {
    const known = this.#lives.get(node)
    if (known !== undefined && known.boot === boot) return known
    const life: Life = {
      node,
      boot,
      regular: undefined,
      transitional: undefined,
      delivered: [],
      unbroken: 0,
      lastNumber: new Map(),
      togetherSinceMs: new Map(),
      seen: new Set(),
      own: [],
      place: 0,
      ended: false,
    }
    this.#lives.set(node, life)
    return life
  }

  /** The process is gone: crashed, or left. */
  ended(node: NodeId, boot: number): void {
    this.#life(node, boot).ended = true
  }

  configured(node: NodeId, boot: number, configuration: Configuration): void {
    this.counts.configurations += 1
    const life = this.#life(node, boot)
    if (configuration.kind === 'transitional') this.#transitional(life, configuration)
    else this.#regular(life, configuration)
  }

  #transitional(life: Life, next: Configuration): void {
    const { node, regular } = life
    this.#must(life.transitional === undefined, 'T', `node ${node}: two transitional configurations in a row`)
    if (regular === undefined) {
      this.#must(next.members.length === 0, 'T', `node ${node}: a first ring has nobody to come from`)
    } else {
      this.#must(next.members.includes(node), '2.5', `node ${node} is not in its own transitional configuration`)
      const strangers = next.members.filter((id) => !regular.members.includes(id))
      this.#must(strangers.length === 0, 'T', `node ${node}: transitional members ${strangers} were not in its ring`)
    }
    life.transitional = next
    life.unbroken = life.delivered.length
  }

  #regular(life: Life, next: Configuration): void {
    const { node, transitional, regular } = life
    this.#must(transitional !== undefined, 'T', `node ${node}: a regular configuration without a transitional one`)
    this.#must(next.members.includes(node), '2.5', `node ${node} is not in its own ring`)
    const last = this.#lastRingSeq.get(node) ?? -1
    this.#must(next.ring.seq > last, '2.5', `node ${node} installs ring ${ringText(next.ring)} behind sequence ${last}`)
    this.#lastRingSeq.set(node, next.ring.seq)
    const trans = transitional?.members ?? []
    const missing = trans.filter((id) => !next.members.includes(id))
    this.#must(missing.length === 0, 'T', `node ${node}: transitional members ${missing} are not in the new ring`)
    const from = regular === undefined ? `none of ${node}` : ringText(regular.ring)
    this.#checkArrival(node, next, from, trans)
    if (regular !== undefined) {
      const to = ringText(next.ring)
      this.#checkPassage(life, `${from} to ${to}`)
      this.#checkDeparture(life, regular, to, trans)
    }
    for (const id of next.members) if (!trans.includes(id)) life.togetherSinceMs.set(id, this.#nowMs())
    life.regular = next
    life.transitional = undefined
    life.delivered = []
    life.place = 0
  }

  #ring(ring: RingId, members: readonly NodeId[]): Ring {
    const name = ringText(ring)
    const known = this.#rings.get(name)
    if (known !== undefined) return known
    const made: Ring = {
      members: members.join(' '),
      arrivals: new Map(),
      order: [],
      places: new PlaceOrder(),
      departures: new Departures(
        (message, lacking, isBehindHole) =>
          this.#mayBeTorn(message, lacking.together) || (isBehindHole && !lacking.trans.includes(senderOf(message))),
      ),
    }
    this.#rings.set(name, made)
    return made
  }

  /** Who names a ring alike has the same members in it; who comes along from one ring says so, and nobody else does. */
  #checkArrival(node: NodeId, next: Configuration, from: string, members: readonly NodeId[]): void {
    const ring = this.#ring(next.ring, next.members)
    const name = ringText(next.ring)
    this.#must(
      ring.members === next.members.join(' '),
      '2.1',
      `ring ${name} has members ${ring.members} elsewhere, ${next.members.join(' ')} at node ${node}`,
    )
    const trans = members.join(' ')
    for (const [other, arrival] of ring.arrivals) {
      const together = arrival.from === from
      if (together === members.includes(other) && (!together || arrival.trans === trans)) continue
      this.#must(
        false,
        'T',
        `nodes ${other} (${arrival.trans}) and ${node} (${trans}) disagree on who came to ring ${name}`,
      )
    }
    ring.arrivals.set(node, { from, trans })
  }

  #checkPassage(life: Life, passage: string): void {
    this.counts.passages += 1
    const mine: Passage = { node: life.node, delivered: life.delivered, together: new Map(life.togetherSinceMs) }
    const other = this.#passages.get(passage)
    if (other === undefined) {
      this.#passages.set(passage, mine)
      return
    }
    this.#checkNoneMissing(passage, other, mine)
    this.#checkNoneMissing(passage, mine, other)
  }

  #checkNoneMissing(passage: string, full: Passage, lacking: Passage): void {
    if (full.delivered.length === lacking.delivered.length) {
      if (full.delivered.every((name, at) => name === lacking.delivered[at])) return
    }
    const have = new Set(lacking.delivered)
    for (const name of full.delivered) {
      if (have.has(name) || this.#mayBeTorn(name, lacking.together)) continue
      this.#must(
        false,
        '4',
        `from ${passage}: node ${full.node} delivered ${name}, node ${lacking.node} did not; ` +
          `it has ${lacking.delivered.length} of ${full.delivered.length}`,
      )
    }
  }

  #checkDeparture(life: Life, regular: Configuration, to: string, trans: readonly NodeId[]): void {
    const { node, delivered, unbroken, togetherSinceMs } = life
    const departure: Departure = { node, to, trans, delivered, unbroken, together: new Map(togetherSinceMs) }
    const lack = this.#ring(regular.ring, regular.members).departures.add(departure)
    if (lack === undefined) return
    const { message, full, lacking } = lack
    this.#must(
      false,
      '7.1',
      `of ring ${ringText(regular.ring)} node ${full.node}, going to ${full.to} with [${full.trans}], delivered ` +
        `${message}; node ${lacking.node} went to ${lacking.to} without it`,
    )
  }

  /** A long message may be lost for a node that came to its sender in the middle of it. */
  #mayBeTorn(name: string, together: ReadonlyMap<NodeId, number>): boolean {
    const sent = this.#sent.get(name)
    const since = together.get(senderOf(name))
    return sent !== undefined && since !== undefined && sent.bytes > wholeMessageBytesMax && sent.atMs < since
  }

  delivered(node: NodeId, boot: number, from: NodeId, group: string, body: Uint8Array): void {
    this.counts.deliveries += 1
    const life = this.#life(node, boot)
    const message = this.#read(node, body)
    const name = messageName(message)
    const sent = this.#sent.get(name)
    const { regular, transitional } = life
    this.#must(sent !== undefined, '1.3', `node ${node} delivers ${name} (${group}), which nobody sent`)
    if (sent === undefined || regular === undefined) {
      this.#must(false, '2.2', `node ${node} delivers ${name} before its first configuration`)
      return
    }
    this.#must(message.node === from, '1.3', `node ${node} delivers ${name} as a message of node ${from}`)
    this.#must(!life.seen.has(name), '1.4', `node ${node} delivers ${name} twice`)
    life.seen.add(name)
    const members = transitional?.members ?? regular.members
    this.#must(members.includes(from), '6.3', `node ${node} delivers ${name}, whose sender is not in its configuration`)
    const stream = `${message.node}/${message.boot}/${group}`
    this.#must(
      message.number > (life.lastNumber.get(stream) ?? 0),
      '5',
      `node ${node} delivers ${name} out of its sender's order`,
    )
    life.lastNumber.set(stream, message.number)
    const ring = ringText(regular.ring)
    sent.ring ??= ring
    this.#must(sent.ring === ring, '1.4', `${name} is delivered on ring ${sent.ring} and, by node ${node}, on ${ring}`)
    this.#checkOrder(life, this.#ring(regular.ring, regular.members), name, sent, transitional !== undefined)
    life.delivered.push(name)
  }

  #read(node: NodeId, body: Uint8Array): NumberedMessage {
    try {
      return decodeNumbered(body)
    } catch (error) {
      if (error instanceof DecodeError) throw new Violation(`1.3: node ${node} delivers damage: ${error.message}`)
      throw error
    }
  }

  /** While a ring stands, all deliver the same short messages without a hole; and nobody ever the other way round. */
  #checkOrder(life: Life, ring: Ring, name: string, sent: Sent, transitional: boolean): void {
    const before = life.delivered.at(-1)
    if (before !== undefined) ring.places.follows(before, name)
    if (transitional || sent.bytes > wholeMessageBytesMax) return
    const expected = ring.order[life.place]
    life.place += 1
    if (expected === undefined) ring.order.push(name)
    else this.#must(expected === name, '6.2', `node ${life.node} delivers ${name} where another delivered ${expected}`)
  }

  /**
   * At the end: no two messages were ever delivered in opposite orders (6.1), and nothing that was to come is missing:
   * those who still live have everything that they sent themselves (3), and everything of `probes` (liveness).
   */
  finish(probes: readonly string[]): void {
    for (const [name, ring] of this.#rings) {
      const loop = ring.places.loop()
      this.#must(loop === undefined, '6.1', `ring ${name}: ${loop} was delivered before and after itself`)
    }
    for (const life of this.#lives.values()) {
      if (life.ended) continue
      for (const name of life.own)
        this.#must(life.seen.has(name), '3', `node ${life.node} never delivered its own ${name}`)
      for (const name of probes) this.#must(life.seen.has(name), 'L', `node ${life.node} never delivered ${name}`)
    }
  }

  /** True when all who live have delivered what they sent and what `probes` names. */
  complete(probes: readonly string[]): boolean {
    for (const life of this.#lives.values()) {
      if (life.ended) continue
      if (!life.own.every((name) => life.seen.has(name)) || !probes.every((name) => life.seen.has(name))) return false
    }
    return true
  }

  #must(holds: boolean, rule: string, what: string): void {
    if (!holds) throw new Violation(`${rule}: ${what}`)
  }
}

/** The node that a message's name begins with. */
function senderOf(name: string): NodeId {
  return Number(name.split('/')[0]) as NodeId
}
