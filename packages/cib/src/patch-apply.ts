import { failed, ok, type Result } from '@quorate/base'
import { attr, child, isComment, type XmlElement } from '@quorate/xml'
import { patchDigest } from './digest.ts'
import { CibFault, cibFaults } from './fault.ts'
import { applyFormat1, treeOf } from './patch-format-1.ts'
import { type CibVersion, compareVersions, versionAttributes, versionOf } from './version.ts'

/** A node that can change and knows its parent, for as long as a patch is being applied. */
type Draft = {
  readonly source: XmlElement
  readonly parent: Draft | undefined
  attributes: readonly string[]
  children: Draft[] | undefined
}

/** A creation or move that waits until all deletions and changes are done. */
type Placement = { readonly position: number; readonly parent: Draft; readonly node: Draft; readonly isMove: boolean }

/**
 * Applies a patchset (behaviour/pacemaker-daemons.md 1.6): format 2, or 1, which is that of one that does not say.
 *
 * @param options.checksVersion whether the patch must start from the document's version and lead to a newer one
 * @returns the patched document, or a code of {@link cibFaults}
 */
export function applyPatch(
  root: XmlElement,
  patch: XmlElement,
  { checksVersion }: { readonly checksVersion: boolean } = { checksVersion: true },
): Result<XmlElement, number> {
  const format = attr(patch, 'format') ?? '1'
  if (format !== '1' && format !== '2') return failed(cibFaults.invalid)
  try {
    if (checksVersion) {
      const refusal = versionRefusal(versionOf(root), patch, format)
      if (refusal !== 0) return failed(refusal)
    }
    const result = format === '1' ? applyFormat1(root, patch) : applyFormat2(root, patch)
    const digest = attr(patch, 'digest')
    if (digest !== undefined && digest.toLowerCase() !== patchDigest(result)) return failed(cibFaults.patch)
    return ok(result)
  } catch (fault) {
    if (fault instanceof CibFault) return failed(fault.rc)
    throw fault
  }
}

function applyFormat2(root: XmlElement, patch: XmlElement): XmlElement {
  const draft = draftOf(root, undefined)
  const rc = changeDraft(draft, patch)
  if (rc !== 0) throw new CibFault(rc)
  return finished(draft)
}

/** Where a patch must start and what it leads to; a counter that it does not have is that of the document, and the next one. */
function versionRefusal(now: CibVersion, patch: XmlElement, format: '1' | '2'): number {
  const heading = format === '1' ? undefined : child(patch, 'version')
  const from = format === '1' ? cibTree(patch, 'diff-removed') : heading && child(heading, 'source')
  const to = format === '1' ? cibTree(patch, 'diff-added') : heading && child(heading, 'target')
  const source = counters(from, now)
  const target = counters(to, { ...now, updates: now.updates + 1 })
  const order = compareVersions(now, source)
  if (order < 0) return cibFaults.patchResync
  if (order > 0) return cibFaults.old
  const isNewer =
    target.adminEpoch > source.adminEpoch || target.epoch > source.epoch || target.updates > source.updates
  return isNewer ? 0 : cibFaults.old
}

function cibTree(patch: XmlElement, name: string): XmlElement | undefined {
  const tree = treeOf(patch, name)
  return tree?.name === 'cib' ? tree : undefined
}

/** Counters of an element, each from the defaults where it is missing; what is no number is older than any. */
function counters(of: XmlElement | undefined, defaults: CibVersion): CibVersion {
  if (of === undefined) return defaults
  const [adminEpoch, epoch, updates] = versionAttributes
  const read = versionOf(of, -1)
  return {
    adminEpoch: attr(of, adminEpoch) === undefined ? defaults.adminEpoch : read.adminEpoch,
    epoch: attr(of, epoch) === undefined ? defaults.epoch : read.epoch,
    updates: attr(of, updates) === undefined ? defaults.updates : read.updates,
  }
}

function draftOf(source: XmlElement, parent: Draft | undefined): Draft {
  return { source, parent, attributes: source.attributes, children: undefined }
}

function childrenOf(draft: Draft): Draft[] {
  draft.children ??= draft.source.children.map((item) => draftOf(item, draft))
  return draft.children
}

function finished(draft: Draft): XmlElement {
  if (draft.children === undefined && draft.attributes === draft.source.attributes) return draft.source
  const children = draft.children?.map(finished) ?? draft.source.children
  const before = draft.source.children
  const isSame = children.length === before.length && children.every((item, i) => item === before[i])
  if (isSame && draft.attributes === draft.source.attributes) return draft.source
  return { ...draft.source, attributes: draft.attributes, children: isSame ? before : children }
}

function changeDraft(root: Draft, patch: XmlElement): number {
  const placements: Placement[] = []
  let rc = 0
  for (const change of patch.children) {
    if (change.name !== 'change') continue
    const fault = changeOne(root, change, placements)
    if (fault !== 0) rc = fault
  }
  if (rc !== 0) return rc
  placements.sort((a, b) => a.position - b.position)
  for (const { parent, node, position, isMove } of placements) {
    const siblings = childrenOf(parent)
    if (isMove) siblings.splice(siblings.indexOf(node), 1)
    siblings.splice(Math.min(position, siblings.length), 0, node)
    if (isMove && siblings.indexOf(node) !== position) return cibFaults.patch
  }
  return 0
}

function changeOne(root: Draft, change: XmlElement, placements: Placement[]): number {
  const operation = attr(change, 'operation')
  const path = attr(change, 'path')
  if (operation === undefined || path === undefined) return 0
  const position = Number.parseInt(attr(change, 'position') ?? '-1', 10)
  const found = find(root, path, position)
  switch (operation) {
    case 'delete':
      if (found?.parent !== undefined) removeFrom(found.parent, found)
      return 0
    case 'modify':
      return found === undefined ? cibFaults.patch : modify(found, change)
    case 'move': {
      const parent = found?.parent
      if (found === undefined || parent === undefined) return cibFaults.patch
      removeFrom(parent, found)
      childrenOf(parent).push(found)
      placements.push({ position, parent, node: found, isMove: true })
      return 0
    }
    case 'create': {
      const node = change.children[0]
      if (found === undefined || node === undefined) return cibFaults.patch
      placements.push({ position, parent: found, node: draftOf(node, found), isMove: false })
      return 0
    }
    default:
      return cibFaults.patch
  }
}

function modify(draft: Draft, change: XmlElement): number {
  const result = child(change, 'change-result')?.children[0]
  if (result === undefined) return cibFaults.noResult
  draft.attributes = result.attributes
  return 0
}

function removeFrom(parent: Draft, node: Draft): void {
  const siblings = childrenOf(parent)
  siblings.splice(siblings.indexOf(node), 1)
}

const steps = /\/([^/[]+)(?:\[@id=(?:'([^']*)'|"([^"]*)")\])?/y

/** The node at an address. `position` tells comments of one parent apart. */
function find(root: Draft, path: string, position: number): Draft | undefined {
  steps.lastIndex = 0
  let at: Draft | undefined
  while (steps.lastIndex < path.length) {
    const [whole, name = '', single, double] = steps.exec(path) ?? []
    if (whole === undefined) return undefined
    const id = single ?? double
    if (at === undefined) at = root.source.name === name ? root : undefined
    else if (name === 'comment' && id === undefined) at = commentOf(at, position)
    else at = childrenOf(at).find((item) => item.source.name === name && (id === undefined || idOfDraft(item) === id))
    if (at === undefined) return undefined
  }
  return at
}

function idOfDraft(draft: Draft): string | undefined {
  return attr({ ...draft.source, attributes: draft.attributes }, 'id')
}

function commentOf(parent: Draft, position: number): Draft | undefined {
  const siblings = childrenOf(parent)
  const there = siblings[position]
  if (there !== undefined && isComment(there.source)) return there
  return siblings.find((item) => item.source.name === 'comment')
}
