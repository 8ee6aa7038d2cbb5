import type { NodeId, Prng } from '@quorate/base'
import { calm, type FaultMix } from './fault-mix.ts'
import { baitOf, type Snare, type SnareBait, type SnareStrike } from './snare.ts'

/** A node that nobody hears: for so many more of its tokens once it has something to say. */
type Unheard = { isLate: boolean; hasSpoken: boolean; visits: number }

/** A frame on its way: where to, and when it arrives. */
export type Flight = { readonly to: NodeId; readonly bytes: Uint8Array; readonly afterMs: number }

const rateScale = 10_000
/** Frames that are kept of a node that is not heard. */
const unheardMax = 100
/** Most visits of the token for which a node is not heard. */
const unheardVisitsMax = 6
/** How much later than the commit token a frame comes that was kept for it, in milliseconds. */
const behindCommitMs = 0.05
/** Type of a message frame in its header. */
const mcastType = 1

/** The fake network: every frame takes its time, some get lost, come twice, late, again, damaged, or not through a cut. */
export class Network {
  readonly #prng: Prng
  readonly #isFresh: (node: NodeId) => boolean
  #mix: FaultMix = calm
  /** Directed links that carry nothing, as `from>to`. */
  readonly #cut = new Set<string>()
  /** Nodes to which no message frame gets through, although tokens and joins do. */
  readonly #deaf = new Set<NodeId>()
  readonly #flights: Flight[] = []
  #snare: Snare | undefined
  #passed = 0
  #strike: SnareStrike = () => {}
  readonly #unheard = new Map<NodeId, Unheard>()
  /** What was not heard, for each node that should have. */
  readonly #kept = new Map<NodeId, Uint8Array[]>()
  #snareLossRate = 0

  /** `isFresh`: whether a node has installed a ring and not seen its token since. */
  constructor(prng: Prng, isFresh: (node: NodeId) => boolean = () => false) {
    this.#prng = prng
    this.#isFresh = isFresh
  }

  /** Sets how links misbehave from now on. */
  set mix(mix: FaultMix) {
    this.#mix = mix
  }

  /** Cuts one direction of a link. */
  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from}>${to}`)
  }

  /** Keeps messages from a node, and nothing else. */
  deafen(node: NodeId): void {
    this.#deaf.add(node)
  }

  /** Lays a snare in place of the last one. */
  lay(snare: Snare, strike: SnareStrike): void {
    this.#snare = snare
    this.#passed = 0
    this.#strike = strike
    this.#snareLossRate = snare.lossRate
  }

  /** Mends every cut, and takes up the snare. */
  heal(): void {
    this.#snare = undefined
    this.#snareLossRate = 0
    this.#unheard.clear()
    this.#kept.clear()
    this.#cut.clear()
    this.#deaf.clear()
  }

  /** Whether a frame sent now could get there at all. */
  reaches(from: NodeId, to: NodeId): boolean {
    return from === to || !this.#cut.has(`${from}>${to}`)
  }

  /** The arrivals that sending this frame causes: none, one or several. The array is good until the next call. */
  flights(from: NodeId, to: NodeId, bytes: Uint8Array): readonly Flight[] {
    const flights = this.#flights
    flights.length = 0
    const { lossRate, lossOf, duplicateRate, replayRate, replayMaxMs, corruptRate } = this.#mix
    if (from === to) {
      flights.push({ to, bytes, afterMs: this.#mix.delayMinMs / 2 })
      return flights
    }
    const bait = baitOf(bytes)
    if (this.#snared(bait, from, to, bytes)) return flights
    if (!this.reaches(from, to) || (bytes[3] === mcastType && this.#deaf.has(to))) return flights
    if ((lossOf === undefined || bytes[3] === lossOf) && this.#hits(lossRate)) return flights
    if (this.#hits(corruptRate)) flights.push({ to, bytes: this.#damaged(bytes), afterMs: this.#delayMs() })
    else flights.push({ to, bytes, afterMs: this.#delayMs() })
    if (bait === 'commit-token') this.#releaseKept(to)
    if (this.#hits(duplicateRate)) flights.push({ to, bytes, afterMs: this.#delayMs() })
    if (this.#hits(replayRate)) {
      flights.push({ to, bytes, afterMs: (this.#prng.below(rateScale) / rateScale) * replayMaxMs })
    }
    return flights
  }

  /** Does what a snare, laid or sprung, does to a frame. True when its fate is decided. */
  #snared(bait: SnareBait | undefined, from: NodeId, to: NodeId, bytes: Uint8Array): boolean {
    const snare = this.#snare
    if (snare !== undefined && this.#isNext(snare, bait, from)) return this.#spring(snare, from, to, bytes)
    const isTalk = bait === 'message' || bait === 'copy'
    if (isTalk && this.#hits(this.#snareLossRate)) return true
    const unheard = this.#unheard.get(from)
    if (unheard === undefined) return false
    if (isTalk) {
      unheard.hasSpoken = true
      const kept = this.#kept.get(to) ?? []
      if (unheard.isLate && kept.length < unheardMax) this.#kept.set(to, [...kept, bytes])
      return true
    }
    if (bait !== 'token' || !unheard.hasSpoken) return false
    unheard.visits -= 1
    if (unheard.visits > 0) return false
    this.#unheard.delete(from)
    this.#flights.push({ to, bytes, afterMs: this.#delayMs() })
    this.#strike(this.#prng.pick(['crash-sender', 'isolate-sender', 'bounce-sender']), from, to)
    return true
  }

  #isNext({ trigger, passes }: Snare, bait: SnareBait | undefined, from: NodeId): boolean {
    if (trigger === 'new-ring-token') {
      if (bait === 'commit-token') this.#passed = 0
      if (bait !== 'token') return false
    } else if (trigger === 'installed-token') {
      if (bait !== 'token' || !this.#isFresh(from)) return false
    } else if (bait !== trigger) {
      return false
    }
    this.#passed += 1
    return this.#passed > passes
  }

  #spring({ stroke }: Snare, from: NodeId, to: NodeId, bytes: Uint8Array): boolean {
    this.#snare = undefined
    const afterMs = stroke === 'delay' ? this.#prng.pick([5, 50, 500]) : this.#delayMs()
    if (stroke === 'delay' || this.#prng.chance(1, 2)) this.#flights.push({ to, bytes, afterMs })
    if (stroke === 'unheard' || stroke === 'heard-late') {
      const visits = this.#prng.between(1, unheardVisitsMax)
      this.#unheard.set(from, { isLate: stroke === 'heard-late', hasSpoken: false, visits })
    }
    this.#strike(stroke, from, to)
    return true
  }

  /** What was kept for a node comes in right behind its commit token, or never. */
  #releaseKept(to: NodeId): void {
    const kept = this.#kept.get(to)
    if (kept === undefined) return
    this.#kept.delete(to)
    const afterMs = (this.#flights.at(-1)?.afterMs ?? 0) + behindCommitMs
    if (this.#prng.chance(1, 2)) for (const bytes of kept) this.#flights.push({ to, bytes, afterMs })
  }

  #hits(rate: number): boolean {
    return rate > 0 && this.#prng.chance(rate, rateScale)
  }

  #delayMs(): number {
    const { delayMinMs, delayMeanMs, tailRate, tailMaxMs } = this.#mix
    if (this.#hits(tailRate)) return delayMinMs + (this.#prng.below(rateScale) / rateScale) * tailMaxMs
    return delayMinMs + (this.#prng.below(rateScale) / rateScale) * 2 * delayMeanMs
  }

  /**
   * Damage that no checksum is needed to find: cut short, grown, another version, another byte order, noise. Flipped
   * bits inside an intact frame are what UDP's checksum and knet's HMAC are for.
   */
  #damaged(bytes: Uint8Array): Uint8Array {
    const prng = this.#prng
    switch (prng.below(5)) {
      case 0:
        return bytes.slice(0, prng.below(Math.min(bytes.byteLength, 41)))
      case 1: {
        const grown = new Uint8Array(bytes.byteLength + 65_536)
        grown.set(bytes)
        return grown
      }
      case 2: {
        const other = bytes.slice()
        other[2] = 4 + prng.below(200)
        return other
      }
      case 3: {
        const swapped = bytes.slice()
        swapped[0] = 0xc0
        swapped[1] = 0x70
        return swapped
      }
      default:
        return Uint8Array.from({ length: prng.below(100) }, () => prng.below(256))
    }
  }
}
