import { type HistoryEntry, operationStates } from '../messages/stonith-history.ts'
import { isSameNode } from './node-name.ts'
import { isEnded, type Operation } from './operation.ts'
import { execution, exitStatus, failure } from './outcome.ts'

/** Operations that are kept at most; above it the oldest that have ended go, down to half. */
const operationsMax = 500

/** Every fencing operation that a fencer knows of. */
export class FencingHistory {
  readonly #byId = new Map<string, Operation>()

  get(id: string | undefined): Operation | undefined {
    return id === undefined ? undefined : this.#byId.get(id)
  }

  /** In the order in which they were heard of. */
  all(): readonly Operation[] {
    return [...this.#byId.values()]
  }

  add(operation: Operation): void {
    this.#byId.set(operation.id, operation)
    if (this.#byId.size > operationsMax) this.#trim()
  }

  /** Forgets what has ended, of one target or of all. True: there was something. */
  cleanup(target: string | undefined): boolean {
    const gone = this.all().filter((item) => isEnded(item) && (target === undefined || isSameNode(item.target, target)))
    for (const { id } of gone) this.#byId.delete(id)
    return gone.length > 0
  }

  #trim(): void {
    const ended = this.all()
      .filter(isEnded)
      .sort((a, b) => b.endedS - a.endedS || b.endedNs - a.endedNs)
    for (const { id } of ended.slice(operationsMax / 2)) this.#byId.delete(id)
    // What other fencers began and never ended must not fill the memory either.
    const foreign = this.all().filter(
      (item) => !item.isOurs && item.asker === undefined && item.duplicates.length === 0,
    )
    for (const { id } of foreign.slice(0, Math.max(0, this.#byId.size - operationsMax))) this.#byId.delete(id)
  }

  /** What it holds, in the form that fencers tell each other; duplicates are nobody else's business. */
  entries(target?: string | undefined): readonly HistoryEntry[] {
    return this.all()
      .filter((item) => item.state !== operationStates.duplicate)
      .filter((item) => target === undefined || isSameNode(item.target, target))
      .map(entryOf)
  }

  /**
   * Takes in what another fencer remembers. Answers what it does not know (`missing`), and whether anything is new here.
   *
   * An operation of this node that it takes for pending and that is unknown here was begun by a fencer that is no more: it
   * is entered as failed, since nobody knows what became of it.
   */
  merge(
    entries: readonly HistoryEntry[],
    localName: string,
    nowS: number,
  ): { readonly missing: readonly HistoryEntry[]; readonly isChanged: boolean } {
    const theirs = new Map(entries.map((entry) => [entry.id, entry]))
    const missing = this.entries().filter((entry) => {
      const known = theirs.get(entry.id)
      return known === undefined || (known.state < entry.state && isFinal(entry.state) && !isFinal(known.state))
    })
    let isChanged = false
    for (const entry of entries) {
      if (entry.id === undefined) continue
      const known = this.#byId.get(entry.id)
      if (known === undefined) {
        const isLost = !isFinal(entry.state) && isSameNode(entry.origin, localName)
        const made = operationOf(entry, isLost, nowS)
        this.add(made)
        isChanged = true
      } else if (!known.isOurs && !isEnded(known) && isFinal(entry.state)) {
        this.add(operationOf(entry, false, nowS))
        isChanged = true
      }
    }
    return { missing, isChanged }
  }
}

function isFinal(state: number): boolean {
  return state === operationStates.done || state === operationStates.failed
}

function entryOf(operation: Operation): HistoryEntry {
  return {
    id: operation.id,
    target: operation.target,
    action: operation.action,
    origin: operation.origin,
    delegate: operation.delegate,
    clientName: operation.clientName,
    endedS: operation.endedS,
    endedNs: operation.endedNs,
    state: operation.state,
    outcome: isEnded(operation) ? operation.outcome : undefined,
  }
}

function operationOf(entry: HistoryEntry, isLost: boolean, nowS: number): Operation {
  const lost = failure(execution.error, 'Initiated by earlier fencer process and presumed failed', exitStatus.unknown)
  return {
    id: entry.id ?? '',
    target: entry.target,
    action: entry.action,
    origin: entry.origin,
    clientId: undefined,
    clientName: entry.clientName ?? '',
    clientNode: undefined,
    callId: undefined,
    options: 0,
    isOurs: false,
    asker: undefined,
    state: isLost ? operationStates.failed : entry.state,
    delegate: entry.delegate,
    // What is said to be done without a word about how is not taken for a success.
    outcome: isLost ? lost : (entry.outcome ?? failure(execution.error, 'No result known')),
    endedS: isLost ? nowS : entry.endedS,
    endedNs: isLost ? 0 : entry.endedNs,
    isTold: true,
    startedMs: 0,
    baseTimeoutS: 0,
    isOrphan: false,
    duplicates: [],
    drive: undefined,
  }
}
