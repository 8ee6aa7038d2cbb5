import { versionOf } from '@quorate/cib'
import { attr, descendants, type XmlElement } from '@quorate/xml'
import { Violation } from '../violation.ts'

/** What matters of a CIB here. Status changes do not count: what they come to is not acknowledged to writers. */
type CibView = { readonly written: ReadonlyMap<string, number>; readonly adminEpoch: number; readonly epoch: number }

function isNewer(a: CibView, b: CibView): boolean {
  return a.adminEpoch > b.adminEpoch || (a.adminEpoch === b.adminEpoch && a.epoch > b.epoch)
}

type Writer = { acknowledged: number; guaranteed: number; attempted: number }

/** What writers have in a CIB: their number, each under its own name. */
export function writtenIn(cib: XmlElement | undefined): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  if (cib === undefined) return found
  for (const item of descendants(cib)) {
    if (item.name === 'status') break
    const name = item.name === 'nvpair' ? attr(item, 'name') : undefined
    if (name?.startsWith(writerPrefix)) found.set(name, Number(attr(item, 'value')))
  }
  return found
}

/** How the names begin under which writers write. */
export const writerPrefix = 'writer-'

/**
 * No acknowledged change of the CIB is lost. A writer counts up under a name of its own, one change after the other; so a
 * number stands for every one before it too.
 *
 * What an acknowledgement says, here as with the real one: the node that was asked has carried the change out, in the total
 * order of the group, and has it on its own disk. That is checked at the very moment. It does not say that others have it:
 * cpg delivers to the sender as soon as the order is known (agreed, not safe delivery), so a node that loses its power or its
 * ring right then may take an acknowledged change with it, or come back with it to a cluster that has gone on to a newer
 * version. What a majority of the configured nodes has on disk is there to stay, since every later quorum has one of them
 * and joins settle on the newest version: that is checked at the end, and is what `guaranteed` counts.
 *
 * One thing can undo it: quorum is not asked for before the CIB is changed, so that a node without any (one that was asked
 * while it still had it, say) may bring its own version as far as that of the others. Which of the two is kept then the
 * counters alone decide, here as with the real one. Where such a CIB exists, nothing newer than what it has is guaranteed.
 */
export class CibChecker {
  acknowledgements = 0
  readonly #majority: number
  readonly #writers = new Map<string, Writer>()
  /** Highest number that a node has had, by node and writer. */
  readonly #carriedOut = new Map<string, number>()
  readonly #views = new WeakMap<XmlElement, CibView>()

  constructor(nodeCount: number) {
    this.#majority = Math.floor(nodeCount / 2) + 1
  }

  /** A writer asks for its next number. */
  attempted(name: string, value: number): void {
    const writer = this.#writers.get(name) ?? { acknowledged: 0, guaranteed: 0, attempted: 0 }
    writer.attempted = value
    this.#writers.set(name, writer)
  }

  /** The node that a writer asks has carried out a change, of whomever. */
  changed(node: string, name: string, cib: XmlElement): void {
    const key = `${node} ${name}`
    this.#carriedOut.set(key, Math.max(this.#carriedOut.get(key) ?? 0, writtenIn(cib).get(name) ?? 0))
  }

  /** A node of a quorate partition has answered 0; `memory` and `disk` are its own. */
  acknowledged(node: string, name: string, value: number, memory: XmlElement, disk: XmlElement | undefined): void {
    this.acknowledgements += 1
    const writer = this.#writers.get(name)
    if (writer === undefined) return
    writer.acknowledged = value
    const carriedOut = this.#carriedOut.get(`${node} ${name}`) ?? 0
    if (carriedOut < value) {
      throw new Violation(`cib: ${node} acknowledges ${name}=${value}, and has carried out ${carriedOut}`)
    }
    // A copy of another partition's CIB may have come while the disk was awaited.
    const isKept = (writtenIn(memory).get(name) ?? 0) >= value
    const has = writtenIn(disk).get(name) ?? 0
    if (isKept && has < value) throw new Violation(`cib: ${node} acknowledges ${name}=${value}, its disk has ${has}`)
  }

  /** Looks which acknowledged changes are there to stay by now. `memories`: the CIBs that running nodes have. */
  survey(disks: readonly (XmlElement | undefined)[], memories: readonly XmlElement[]): void {
    const views = [...disks, ...memories].flatMap((cib) => (cib === undefined ? [] : [this.#view(cib)]))
    for (const [name, writer] of this.#writers) {
      const has = (view: CibView): number => view.written.get(name) ?? 0
      const holding = (value: number): readonly CibView[] => views.filter((view) => has(view) >= value)
      const onDisk = disks.filter((cib) => cib !== undefined && has(this.#view(cib)) >= writer.acknowledged)
      if (onDisk.length >= this.#majority) writer.guaranteed = Math.max(writer.guaranteed, writer.acknowledged)
      const rivals = views.filter(
        (view) => has(view) < writer.guaranteed && holding(writer.guaranteed).some((holder) => !isNewer(holder, view)),
      )
      for (const rival of rivals) writer.guaranteed = Math.min(writer.guaranteed, has(rival))
    }
  }

  #view(cib: XmlElement): CibView {
    const known = this.#views.get(cib)
    if (known !== undefined) return known
    const { adminEpoch, epoch } = versionOf(cib)
    const view = { written: writtenIn(cib), adminEpoch, epoch }
    this.#views.set(cib, view)
    return view
  }

  /** The CIB that all nodes have in the end. @throws Violation when an acknowledged change is not in it */
  finish(cib: XmlElement): void {
    const written = writtenIn(cib)
    for (const [name, { guaranteed, attempted }] of this.#writers) {
      const has = written.get(name) ?? 0
      if (has < guaranteed)
        throw new Violation(`cib: ${name}=${guaranteed} was acknowledged by a majority, ${has} is left`)
      if (has > attempted) throw new Violation(`cib: ${name} is ${has}, which nobody has written yet`)
    }
  }
}
