import { changesBetween, patchsetOf, versionOf, versionText, withVersion } from '@quorate/cib'
import type { XmlElement } from '@quorate/xml'

/** A change of a CIB as the CIB manager takes it. */
export type CibPatch = {
  /** Applied to that very version and no other. */
  readonly diff: XmlElement
  /** The version of the CIB after it. */
  readonly cibVersion: string
}

/** The patchset from a CIB to an edited one, as `crm_diff --cib` makes it; undefined where nothing was edited. */
export function patchOf(before: XmlElement, edited: XmlElement): CibPatch | undefined {
  const edits = changesBetween(before, edited)
  if (edits.length === 0) return undefined
  const source = versionOf(before)
  // A patchset has to count something up; what the change itself counts up, the CIB manager does on top of that.
  const target = { ...source, updates: source.updates + 1 }
  const isConfiguration = edits.some(({ path }) => path.startsWith('/cib/configuration'))
  const after = isConfiguration
    ? { ...source, epoch: source.epoch + 1, updates: 0 }
    : { ...source, updates: source.updates + 2 }
  const diff = patchsetOf(changesBetween(before, withVersion(edited, target)), { source, target })
  return { diff, cibVersion: versionText(after) }
}
