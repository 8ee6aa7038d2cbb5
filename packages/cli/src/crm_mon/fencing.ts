import { exitCodeText } from '@quorate/cib'
import type { FencingRecord } from '@quorate/pacemaker/client'
import type { StatusItem } from '@quorate/scheduler'
import { element, type XmlElement } from '@quorate/xml'
import { fencingElement, fencingLine } from '../pacemaker/fencing-text.ts'
import type { Shown } from './sections.ts'
import { type Snapshot, type View, wantedOf } from './view.ts'

/** Parts of the display about fencing, each with its title. */
export type FencingParts = {
  /** What failed, or why nothing is known. */
  readonly failed: readonly StatusItem[]
  /** What is under way, or with what succeeded before. */
  readonly others: readonly StatusItem[]
  readonly othersTitle: string
}

/** Whether any part of the display is about fencing. */
export function showsFencing({ sections }: Shown): boolean {
  return sections.has('fencing-failed') || sections.has('fencing-pending') || sections.has('fencing-succeeded')
}

/** Whether all of the history is shown: then nothing is said to be the last of its kind. */
function isWhole({ sections }: Shown): boolean {
  return sections.has('fencing-failed') && sections.has('fencing-pending') && sections.has('fencing-succeeded')
}

/** Lines about fencing. */
export function fencingParts({ cluster, fencing }: Snapshot, view: View): FencingParts {
  const { sections } = view.shown
  const othersTitle = sections.has('fencing-succeeded') ? 'Fencing History' : 'Pending Fencing Actions'
  const nothing = { failed: [], others: [], othersTitle }
  if (fencing === undefined || !showsFencing(view.shown)) return nothing
  if ('code' in fencing) {
    return { ...nothing, failed: [{ text: `Failed to get fencing history: ${exitCodeText(fencing.code)}` }] }
  }
  const style = { isDetailed: view.showsDetail, isOfAll: isWhole(view.shown) }
  const isWanted = wantedTargets({ cluster }, view)
  const linesOf = (isShown: (record: FencingRecord) => boolean) =>
    fencing.records
      .filter((record) => isShown(record) && isWanted(record))
      .map((record) => ({ text: fencingLine(record, fencing.records, style) }))
  const showsOthers = sections.has('fencing-succeeded') || sections.has('fencing-pending')
  return {
    failed: sections.has('fencing-failed') ? linesOf(({ state }) => state === 'failed') : [],
    others: showsOthers
      ? linesOf(({ state }) => state === 'pending' || (state === 'done' && sections.has('fencing-succeeded')))
      : [],
    othersTitle,
  }
}

/** The history as an element; undefined where there is none, or only a part of it is shown: programs are told all of it. */
export function fencingXml({ cluster, fencing }: Snapshot, view: View): XmlElement | undefined {
  if (fencing === undefined || !isWhole(view.shown)) return undefined
  if ('code' in fencing) return element('fence_history', { status: String(fencing.code) })
  const records = fencing.records.filter(wantedTargets({ cluster }, view))
  return records.length === 0 ? undefined : element('fence_history', {}, records.map(fencingElement))
}

/** Whether an operation is about a node that the view is restricted to. */
function wantedTargets({ cluster }: Pick<Snapshot, 'cluster'>, view: View): (record: FencingRecord) => boolean {
  if (view.onlyNode === undefined) return () => true
  const names = new Set(cluster.nodes.filter(wantedOf(cluster, view).node).map(({ uname }) => uname.toLowerCase()))
  return ({ target }) => target !== undefined && names.has(target.toLowerCase())
}
