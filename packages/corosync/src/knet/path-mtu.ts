import { pingLayout } from './packet.ts'
import { plainBytesMax, type SealingOverhead } from './sealing.ts'

/** Bytes of the heads of UDP and IP before a packet. */
export const headBytes = { ipv4: 28, ipv6: 48 } as const
/** What every host takes in one piece, heads not counted: 576 bytes less the longest heads of IPv4 and UDP. */
export const safePayloadBytes = 508
/** Largest packet on the wire that there can be. */
const wireBytesMax = 65_535
/** What networks take: asked for before anything else. Ethernet, its jumbo frames, the loopback. */
const usualSizes = [1500, 9000, wireBytesMax]
/** Unanswered packets of one size after which it counts as too large. */
export const probesMax = 3

/** Bytes of a frame that go into one packet where `wireBytes` are the most on the wire: knet reserves its longest head. */
export function dataBytesOf(overhead: SealingOverhead, wireBytes: number, heads: number): number {
  return plainBytesMax(overhead, wireBytes - heads) - pingLayout.size
}

/** What to do next about a path's MTU. */
export type PathMtuAsk = { readonly wireBytes: number } | undefined

/**
 * Looks for the largest packet that arrives: whether it is a usual size, and if not, by halving what lies between a size that
 * did arrive and one that did not.
 *
 * The sizes are those of whole IP packets, which must not be taken apart on the way.
 */
export class PathMtu {
  readonly #heads: number
  /** Largest size that is known to arrive, and smallest that is known not to. */
  #good: number
  #bad = wireBytesMax + 1
  #asked: { readonly wireBytes: number; times: number } | undefined
  #isSettled = false
  /** The size asked for is one that was found before, or a usual one. */
  #isCheck = false

  /** @param heads bytes of IP and UDP, {@link headBytes} */
  constructor(heads: number) {
    this.#heads = heads
    this.#good = safePayloadBytes + heads
  }

  /** Largest packet on the wire that may be sent, heads included. */
  get wireBytes(): number {
    return this.#good
  }

  /** Whether the search is over. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Begins anew. `keep`: the size so far is asked for first, and kept where it still arrives. */
  restart(keep: boolean): PathMtuAsk {
    const known = this.#good
    const isFound = keep && this.#isSettled
    this.#isSettled = false
    this.#isCheck = false
    this.#bad = wireBytesMax + 1
    this.#good = safePayloadBytes + this.#heads
    if (!isFound) return this.#next()
    this.#good = known
    this.#isCheck = true
    return this.#ask(known)
  }

  /** A packet of that size has arrived. */
  arrived(wireBytes: number): PathMtuAsk {
    if (this.#asked?.wireBytes !== wireBytes) return undefined
    this.#asked = undefined
    this.#good = wireBytes
    const isCheck = this.#isCheck
    this.#isCheck = false
    // Where such a size arrives, the next larger one most likely does not, which ends the search.
    return isCheck && wireBytes + 1 < this.#bad ? this.#ask(wireBytes + 1) : this.#next()
  }

  /** The packet that was just asked for cannot leave this machine in one piece. */
  tooLong(): PathMtuAsk {
    const asked = this.#asked
    if (asked === undefined) return undefined
    return this.#failed(asked.wireBytes)
  }

  /** No answer has come in time. */
  unanswered(): PathMtuAsk {
    const asked = this.#asked
    if (asked === undefined) return undefined
    if (asked.times < probesMax) {
      asked.times += 1
      return asked
    }
    return this.#failed(asked.wireBytes)
  }

  #failed(wireBytes: number): PathMtuAsk {
    this.#asked = undefined
    this.#isCheck = false
    this.#bad = wireBytes
    // A size that has arrived before and does not any more: the path has changed.
    if (this.#good >= wireBytes) this.#good = safePayloadBytes + this.#heads
    return this.#next()
  }

  #next(): PathMtuAsk {
    if (this.#bad - this.#good <= 1) {
      this.#isSettled = true
      return undefined
    }
    const usual = usualSizes.find((size) => size > this.#good && size < this.#bad)
    this.#isCheck = usual !== undefined
    return this.#ask(usual ?? Math.floor((this.#good + this.#bad) / 2))
  }

  #ask(wireBytes: number): PathMtuAsk {
    this.#asked = { wireBytes, times: 1 }
    return this.#asked
  }
}
