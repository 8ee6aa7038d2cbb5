import type { Journal } from './journal.ts'
import { type Hypervisor, LibvirtConnection, needsLibrary } from './libvirt-connection.ts'

/** Between two attempts to get a lost hypervisor back. */
export const reconnectMs = 1_000

/** Opens a hypervisor by its URI. */
export type OpenHypervisor = (uri: string) => Promise<Hypervisor>

/** By libvirt's RPC where a daemon serves the URI, else through its client library, which is loaded only then. */
export const openHypervisor: OpenHypervisor = async (uri) => {
  if (!needsLibrary(uri)) return LibvirtConnection.open(uri)
  const { LibraryHypervisor } = await import('./library-hypervisor.ts')
  return LibraryHypervisor.open(uri)
}

type Slot = { readonly uri: string; hypervisor: Hypervisor | undefined; retry: NodeJS.Timeout | undefined }

/** Connections to several hypervisors, each got back for ever when it is lost. */
export class HypervisorPool {
  readonly #slots: readonly Slot[]
  readonly #open: OpenHypervisor
  readonly #journal: Journal
  readonly #onConnected: (hypervisor: Hypervisor) => Promise<void>
  readonly #onWhole = new Set<(isWhole: boolean) => void>()
  #losses = 0
  #isStopped = false

  /** `onConnected` is told of every new connection, before it is used. */
  constructor(
    uris: readonly string[],
    journal: Journal,
    onConnected: (hypervisor: Hypervisor) => Promise<void> = async () => undefined,
    open: OpenHypervisor = openHypervisor,
  ) {
    this.#slots = uris.map((uri) => ({ uri, hypervisor: undefined, retry: undefined }))
    this.#open = open
    this.#journal = journal
    this.#onConnected = onConnected
  }

  /** Those that are connected, in the order of their configuration. */
  get connected(): readonly Hypervisor[] {
    return this.#slots.flatMap((slot) => (slot.hypervisor === undefined ? [] : [slot.hypervisor]))
  }

  /** Whether every configured hypervisor is connected: what none of them has then exists nowhere. */
  get isWhole(): boolean {
    return this.#slots.every((slot) => slot.hypervisor !== undefined)
  }

  /** Counts the connections that were lost. */
  get losses(): number {
    return this.#losses
  }

  /** Waits until all are connected: whether they are, after `msMax` at the latest. */
  becomesWhole(msMax: number): Promise<boolean> {
    if (this.isWhole) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (isWhole: boolean): void => {
        clearTimeout(late)
        this.#onWhole.delete(done)
        resolve(isWhole)
      }
      const late = setTimeout(() => done(false), msMax)
      this.#onWhole.add(done)
    })
  }

  /** Connects all; rejects when none can be had. Those that fail while others work are tried again. */
  async start(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#slots.map((slot) => this.#connect(slot)))
    const faults = outcomes.filter((outcome) => outcome.status === 'rejected')
    if (faults.length === outcomes.length) {
      await this.stop()
      throw faults[0]?.reason instanceof Error ? faults[0].reason : new Error('no hypervisor is configured')
    }
    outcomes.forEach((outcome, index) => {
      const slot = this.#slots[index]
      if (outcome.status === 'rejected' && slot !== undefined) this.#retryLater(slot, outcome.reason)
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const slot of this.#slots) {
      clearTimeout(slot.retry)
      slot.hypervisor?.close()
      slot.hypervisor = undefined
    }
    for (const done of [...this.#onWhole]) done(false)
  }

  describe(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#slots.map((slot, index) => [
        index === 0 ? 'uri' : `uri${index}`,
        `${slot.uri} (${slot.hypervisor === undefined ? 'not connected' : 'connected'})`,
      ]),
    )
  }

  async #connect(slot: Slot): Promise<void> {
    this.#isStopped = false
    const hypervisor = await this.#open(slot.uri)
    try {
      await this.#onConnected(hypervisor)
    } catch (error) {
      hypervisor.close()
      throw error
    }
    if (this.#isStopped) return hypervisor.close()
    slot.hypervisor = hypervisor
    this.#journal.debug(1, `connected to ${slot.uri}`)
    if (this.isWhole) for (const done of [...this.#onWhole]) done(true)
    hypervisor.closed.then((error) => {
      if (slot.hypervisor !== hypervisor) return
      slot.hypervisor = undefined
      this.#losses += 1
      if (!this.#isStopped) this.#retryLater(slot, error)
    })
  }

  #retryLater(slot: Slot, reason: unknown): void {
    this.#journal.error(`${slot.uri}: ${reason instanceof Error ? reason.message : reason}; trying again`)
    const attempt = (): void => {
      if (this.#isStopped) return
      this.#connect(slot).then(
        () => this.#journal.info(`${slot.uri}: connected again`),
        () => {
          slot.retry = setTimeout(attempt, reconnectMs)
        },
      )
    }
    slot.retry = setTimeout(attempt, reconnectMs)
  }
}
