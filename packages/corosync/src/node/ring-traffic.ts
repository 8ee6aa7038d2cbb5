import { cmapU64 } from '../cmap/cmap-value.ts'
import { type CmapKey, ringFunctionCounts } from '../conf/cmap-keys.ts'
import { serviceIds } from '../service.ts'

/** Which way a message went. */
export type Way = 'rx' | 'tx'

type Counter = { readonly key: string; count: number; isFresh: boolean }

/**
 * Messages of each service and function, as `runtime.services.NAME.FN.rx` and `.tx` tell them. Counted at every message,
 * written to the map only when somebody looks.
 */
export class RingTraffic {
  readonly #all: Counter[] = []
  /** By service, function and way. */
  readonly #table: Readonly<Record<Way, Counter>>[][] = []

  /** Starts at zero for every function of the services that are there. */
  constructor(services: Iterable<number>) {
    const present = new Set(services)
    for (const [name, functions] of Object.entries(ringFunctionCounts)) {
      const id = serviceIds[name as keyof typeof serviceIds]
      if (!present.has(id)) continue
      this.#table[id] = Array.from({ length: functions }, (_, fn) => ({
        rx: this.#counter(`runtime.services.${name}.${fn}.rx`),
        tx: this.#counter(`runtime.services.${name}.${fn}.tx`),
      }))
    }
  }

  count(service: number, fn: number, way: Way): void {
    const counter = this.#table[service]?.[fn]?.[way]
    if (counter === undefined) return
    counter.count += 1
    counter.isFresh = true
  }

  /** Keys that changed since the last call. */
  take(): readonly CmapKey[] {
    const keys: CmapKey[] = []
    for (const counter of this.#all) {
      if (!counter.isFresh) continue
      counter.isFresh = false
      keys.push([counter.key, cmapU64(BigInt(counter.count))])
    }
    return keys
  }

  #counter(key: string): Counter {
    const counter = { key, count: 0, isFresh: true }
    this.#all.push(counter)
    return counter
  }
}
