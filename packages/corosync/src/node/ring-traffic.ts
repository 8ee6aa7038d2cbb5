import { cmapU64 } from '../cmap/cmap-value.ts'
import { type CmapKey, ringFunctionCounts } from '../conf/cmap-keys.ts'
import { serviceIds } from '../service.ts'

/**
 * Messages of each service and function, as `runtime.services.NAME.FN.rx` and `.tx` tell them. Counted at every message,
 * written to the map only when somebody looks.
 */
export class RingTraffic {
  readonly #counts = new Map<string, number>()
  readonly #fresh = new Set<string>()

  /** Starts at zero for every function of the services that are there. */
  constructor(services: Iterable<number>) {
    const present = new Set(services)
    for (const [name, functions] of Object.entries(ringFunctionCounts)) {
      const id = serviceIds[name as keyof typeof serviceIds]
      if (!present.has(id)) continue
      for (let fn = 0; fn < functions; fn += 1) {
        for (const way of ['rx', 'tx']) {
          const key = `runtime.services.${name}.${fn}.${way}`
          this.#counts.set(key, 0)
          this.#fresh.add(key)
        }
      }
    }
  }

  count(name: string, fn: number, way: 'rx' | 'tx'): void {
    const key = `runtime.services.${name}.${fn}.${way}`
    const before = this.#counts.get(key)
    if (before === undefined) return
    this.#counts.set(key, before + 1)
    this.#fresh.add(key)
  }

  /** Keys that changed since the last call. */
  take(): readonly CmapKey[] {
    if (this.#fresh.size === 0) return []
    const keys = [...this.#fresh].map((key): CmapKey => [key, cmapU64(BigInt(this.#counts.get(key) ?? 0))])
    this.#fresh.clear()
    return keys
  }
}
