import type { MonoMs } from '@quorate/base'
import { headBytes, PathMtu } from './path-mtu.ts'

/** How a link is watched: corosync.conf(5), `totem.interface`. */
export type LinkSettings = {
  /** 0..7. */
  readonly link: number
  /** `knet_ping_interval`, ms. */
  readonly pingIntervalMs: number
  /** `knet_ping_timeout`: no answer for so long, and the link is down, ms. */
  readonly pingTimeoutMs: number
  /** `knet_pong_count`: answers before one more makes it up. */
  readonly pongCount: number
  /** `knet_ping_precision`: answers whose latency is averaged. */
  readonly pingPrecision: number
  /** `knet_link_priority`: of the links that are up, the highest is used. */
  readonly priority: number
}

/** What is counted of packets of one kind. */
export type PacketCount = { packets: number; bytes: number; errors: number }

/** Kinds of packets that are counted apart. */
export type CountedKind = 'data' | 'ping' | 'pong' | 'pmtu'

/** Kinds in the order of the statistics. */
export const countedKinds: readonly CountedKind[] = ['data', 'ping', 'pmtu', 'pong']

/** How much longer a link that has failed may be silent the next time, at first, as a factor. */
const backoffMax = 10
/** Every so long it becomes one less, ms. */
const backoffStepMs = 1000

/** Time that answers took, µs. */
export type Latency = { averageUs: number; minUs: number; maxUs: number; samples: number }

/** One link to one node, as this side knows it. */
export class Link {
  readonly settings: LinkSettings
  /** Of the other side. */
  readonly address: string
  readonly mtu: PathMtu
  /** Bytes of IP and UDP before each packet. */
  readonly heads: number
  readonly latency: Latency = { averageUs: 0, minUs: 0xffff_ffff, maxUs: 0, samples: 0 }
  readonly sent: Record<CountedKind, PacketCount> = counts()
  readonly received: Record<CountedKind, PacketCount> = counts()
  isUp = false
  upCount = 0
  downCount = 0
  /** Last answer of a link that is up. */
  heardAt: MonoMs
  /** When the last question about the path's MTU was asked. */
  mtuAskedAt: MonoMs
  /** When the search for the path's MTU began last. */
  mtuBegunAt: MonoMs
  #pingedAt: MonoMs | undefined
  #pongs = 0
  #backoff = 1
  #backoffAt: MonoMs

  constructor(settings: LinkSettings, address: string, now: MonoMs) {
    this.settings = settings
    this.address = address
    this.heads = address.includes(':') ? headBytes.ipv6 : headBytes.ipv4
    this.mtu = new PathMtu(this.heads)
    this.heardAt = now
    this.mtuAskedAt = now
    this.mtuBegunAt = now
    this.#backoffAt = now
  }

  /** Whether a regular ping is due, which counts as sent then. */
  isPingDue(now: MonoMs): boolean {
    if (this.#pingedAt !== undefined && now - this.#pingedAt < this.settings.pingIntervalMs) return false
    this.#pingedAt = now
    return true
  }

  /** An answer has come that took `latencyMs`. Answers whether the link is up by it. */
  answered(latencyMs: number, now: MonoMs): boolean {
    if (latencyMs < 0 || latencyMs >= this.settings.pingTimeoutMs) return false
    this.#measured(latencyMs * 1000)
    this.heardAt = now
    if (this.isUp) return false
    this.#pongs += 1
    if (this.#pongs <= this.settings.pongCount) return false
    this.isUp = true
    this.upCount += 1
    this.#backoffAt = now
    return true
  }

  /** Whether the link has been silent for too long, and is down by that. */
  isLost(now: MonoMs): boolean {
    if (now - this.#backoffAt >= backoffStepMs && this.#backoff > 1) {
      this.#backoff -= 1
      this.#backoffAt = now
    }
    if (now - this.heardAt <= this.patienceMs) return false
    this.#pongs = 0
    if (!this.isUp) return false
    this.isUp = false
    this.downCount += 1
    this.#backoff = backoffMax
    this.#backoffAt = now
    return true
  }

  /** How long the link may be silent, ms. */
  get patienceMs(): number {
    return this.settings.pingTimeoutMs * this.#backoff + (2 * this.latency.averageUs) / 1000
  }

  /** This process has slept for so long: nobody was silent in that time. */
  slept(ms: number): void {
    this.heardAt = (this.heardAt + ms) as MonoMs
  }

  #measured(us: number): void {
    const { latency } = this
    const rounded = Math.round(us)
    latency.samples = Math.min(latency.samples + 1, this.settings.pingPrecision)
    latency.averageUs += (us - latency.averageUs) / Math.max(1, latency.samples)
    latency.minUs = Math.min(latency.minUs, rounded)
    latency.maxUs = Math.max(latency.maxUs, rounded)
  }
}

function counts(): Record<CountedKind, PacketCount> {
  const none = (): PacketCount => ({ packets: 0, bytes: 0, errors: 0 })
  return { data: none(), ping: none(), pong: none(), pmtu: none() }
}
