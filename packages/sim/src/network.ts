import type { NodeId, Prng } from '@quorate/base'
import { calm, type FaultMix } from './fault-mix.ts'

/** A frame on its way: where to, and when it arrives. */
export type Flight = { readonly to: NodeId; readonly bytes: Uint8Array; readonly afterMs: number }

const rateScale = 10_000
/** Type of a message frame in its header. */
const mcastType = 1

/** The fake network: every frame takes its time, some get lost, come twice, late, again, damaged, or not through a cut. */
export class Network {
  readonly #prng: Prng
  #mix: FaultMix = calm
  /** Directed links that carry nothing, as `from>to`. */
  readonly #cut = new Set<string>()
  /** Nodes to which no message frame gets through, although tokens and joins do. */
  readonly #deaf = new Set<NodeId>()
  readonly #flights: Flight[] = []

  constructor(prng: Prng) {
    this.#prng = prng
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

  /** Mends every cut. */
  heal(): void {
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
    if (!this.reaches(from, to) || (bytes[3] === mcastType && this.#deaf.has(to))) return flights
    if ((lossOf === undefined || bytes[3] === lossOf) && this.#hits(lossRate)) return flights
    if (this.#hits(corruptRate)) flights.push({ to, bytes: this.#damaged(bytes), afterMs: this.#delayMs() })
    else flights.push({ to, bytes, afterMs: this.#delayMs() })
    if (this.#hits(duplicateRate)) flights.push({ to, bytes, afterMs: this.#delayMs() })
    if (this.#hits(replayRate)) {
      flights.push({ to, bytes, afterMs: (this.#prng.below(rateScale) / rateScale) * replayMaxMs })
    }
    return flights
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
