import { invariant } from '@quorate/base'
import {
  addressOf,
  attr,
  child,
  element,
  idOf,
  insertAt,
  isComment,
  nodeAt,
  removeAt,
  replaceAt,
  select,
  updateAt,
  withAttributes,
  type XmlElement,
  type XmlPath,
} from '@quorate/xml'
import { ChildIndex } from './child-index.ts'
import { cibDigest } from './digest.ts'
import { emptySections } from './empty-cib.ts'
import { CibFault, cibFaults } from './fault.ts'
import { allAddedTo, findFirst, isSameObject, merged, withoutText } from './merge.ts'
import { faultText } from './pacemaker-error.ts'
import { applyPatch } from './patch-apply.ts'
import { type CibCall, cibCallOptions } from './request.ts'
import { sectionNames, sectionPath } from './section.ts'
import { compareVersions, versionOf, withVersion } from './version.ts'

/** What an operation made of a CIB before the rules that hold for every change are applied. */
export type RawChange = {
  readonly cib: XmlElement
  readonly rc: number
  readonly output?: XmlElement
  /**
   * True when the input was added as it is because nothing matched (`canCreate`). The C side then does not see that the
   * configuration changed and moves the lesser counter only; all nodes must agree on that.
   */
  readonly isUnseen?: boolean
  /** True when the C side compares the whole of before and after instead of following what is done. */
  readonly isCompared?: boolean
}

/** Whether a call has an option. */
export function hasOption(call: CibCall, option: keyof typeof cibCallOptions): boolean {
  return ((call.options ?? 0) & cibCallOptions[option]) !== 0
}

/**
 * Carries out an operation that changes, and nothing else: no counters, no validation.
 *
 * @throws CibFault when it is refused
 */
export function change(cib: XmlElement, call: CibCall): RawChange {
  const input = inputOf(call)
  switch (call.op) {
    case 'cib_create':
      return create(cib, call, input)
    case 'cib_modify':
      return modify(cib, call, required(input))
    case 'cib_delete':
      return { cib: remove(cib, call, input), rc: 0 }
    case 'cib_replace':
      return { cib: replace(cib, call, required(input)), rc: 0, isCompared: !hasOption(call, 'xpath') }
    case 'cib_apply_diff':
      // Without a patch there is nothing to do.
      return input === undefined ? { cib, rc: 0 } : { cib: patched(cib, input), rc: 0, isCompared: true }
    case 'cib_erase':
      return { cib: { ...erased(cib), children: emptySections() }, rc: 0, isCompared: true }
    case 'cib_bump':
      return { cib: withVersion(cib, { epoch: versionOf(cib).epoch + 1 }), rc: 0 }
    default:
      throw new CibFault(cibFaults.invalid)
  }
}

/** The data of a call: of a whole CIB only the section that the call names. Without character data, as all of a CIB is. */
function inputOf(call: CibCall): XmlElement | undefined {
  const data = call.data
  if (data === undefined) return undefined
  if (data.name !== 'cib' || hasOption(call, 'xpath')) return withoutText(data)
  let at: XmlElement | undefined = data
  for (const name of sectionNames(call.section)) at = at && child(at, name)
  return at === undefined ? undefined : withoutText(at)
}

function required(input: XmlElement | undefined): XmlElement {
  if (input === undefined) throw new CibFault(cibFaults.invalid)
  return input
}

function create(cib: XmlElement, call: CibCall, input: XmlElement | undefined): RawChange {
  const data = required(input)
  if (call.section === undefined || call.section === 'cib' || call.section === 'all' || data.name === 'cib') {
    return modify(cib, call, data)
  }
  const path = hasOption(call, 'xpath') ? [] : sectionPath(cib, call.section)
  const items = data.name === call.section ? data.children : [data]
  if (path === undefined) {
    const [first] = items
    if (first === undefined) throw new CibFault(cibFaults.invalid)
    return { cib, rc: cibFaults.invalid, output: failedUpdate(first, 'cib_create', cibFaults.invalid) }
  }
  const section = nodeAt(cib, path)
  invariant(section !== undefined, 'section vanished while creating')
  const there = new ChildIndex(section.children)
  for (const item of items) {
    const id = attr(item, 'id')
    const at = id === undefined ? there.find(item.name) : there.find(item.name, 'id', id)
    if (!isComment(item) && at >= 0) {
      return { cib, rc: cibFaults.exists, output: failedUpdate(item, 'cib_create', cibFaults.exists) }
    }
    there.push(item)
  }
  return { cib: updateAt(cib, path, (parent) => allAddedTo(parent, items)), rc: 0 }
}

function failedUpdate(item: XmlElement, operation: string, rc: number): XmlElement {
  const attributes = { id: attr(item, 'id'), object_type: item.name, operation, reason: faultText(rc) }
  return element('failed', {}, [element('failed_update', attributes, [item])])
}

/** The CIB with a section that is missing added where it belongs. */
function withSection(cib: XmlElement, section: string | undefined): XmlElement {
  let now = cib
  const trail: number[] = []
  for (const name of sectionNames(section)) {
    const parent = nodeAt(now, trail)
    invariant(parent !== undefined, 'section vanished while being added')
    let at = parent.children.findIndex((item) => item.name === name)
    if (at < 0) {
      at = parent.children.length
      now = insertAt(now, trail, element(name))
    }
    trail.push(at)
  }
  return now
}

function modify(cib: XmlElement, call: CibCall, input: XmlElement): RawChange {
  if (hasOption(call, 'xpath')) return { cib: modifyMatches(cib, call, input), rc: 0 }
  const now = withSection(cib, call.section)
  const section = sectionPath(now, call.section)
  invariant(section !== undefined, 'section vanished while modifying')
  const from = nodeAt(now, section) as XmlElement
  const found = findFirst(from, (node) => isSameObject(node, input))
  let after: XmlElement
  if (found !== undefined) after = updateAt(now, [...section, ...found], (node) => merged(node, input))
  else if (hasOption(call, 'canCreate')) after = insertAt(now, section, input)
  else throw new CibFault(cibFaults.noSuchObject)
  return { cib: hasOption(call, 'mixedUpdate') ? withoutMarked(after) : after, rc: 0, isUnseen: found === undefined }
}

/** Removes every element that an update marked with an attribute `__delete__`. */
function withoutMarked(node: XmlElement): XmlElement {
  let isChanged = false
  const children: XmlElement[] = []
  for (const item of node.children) {
    if (attr(item, '__delete__') !== undefined) isChanged = true
    else {
      const after = withoutMarked(item)
      if (after !== item) isChanged = true
      children.push(after)
    }
  }
  return isChanged ? { ...node, children } : node
}

/** Places that an XPath selects, in document order; of an attribute: its element. */
function placesOf(cib: XmlElement, xpath: string): readonly XmlPath[] {
  const found = select(cib, xpath)
  if (!found.ok) throw new CibFault(cibFaults.noSuchObject)
  return found.value.map((match) => match.path)
}

function modifyMatches(cib: XmlElement, call: CibCall, input: XmlElement): XmlElement {
  const places = placesOf(cib, call.section ?? '')
  if (places.length === 0) throw new CibFault(cibFaults.noSuchObject)
  let now = cib
  for (const place of places) {
    const from = nodeAt(now, place) as XmlElement
    const found = findFirst(from, (node) => isSameObject(node, input))
    if (found === undefined) throw new CibFault(cibFaults.noSuchObject)
    now = updateAt(now, [...place, ...found], (node) => merged(node, input))
    if (!hasOption(call, 'multiple')) break
  }
  return now
}

function remove(cib: XmlElement, call: CibCall, input: XmlElement | undefined): XmlElement {
  if (hasOption(call, 'xpath')) return removeMatches(cib, call)
  const data = required(input)
  const section = sectionPath(cib, call.section)
  if (section === undefined) return cib
  const items = data.name === call.section ? data.children : [data]
  let now = cib
  for (const item of items) {
    const from = nodeAt(now, section) as XmlElement
    const found = findFirst(from, (node) => node !== from && isWanted(node, item))
    if (found !== undefined) now = removeAt(now, [...section, ...found])
  }
  return now
}

function isWanted(node: XmlElement, pattern: XmlElement): boolean {
  if (node.name !== pattern.name) return false
  const id = attr(pattern, 'id')
  if (id !== undefined && id !== attr(node, 'id')) return false
  for (let i = 0; i < pattern.attributes.length; i += 2) {
    const value = attr(node, pattern.attributes[i] as string)
    if (value?.toLowerCase() !== (pattern.attributes[i + 1] as string).toLowerCase()) return false
  }
  return true
}

function removeMatches(cib: XmlElement, call: CibCall): XmlElement {
  // What selects nothing removes nothing, even where it is no XPath.
  const found = select(cib, call.section ?? '')
  const places = found.ok ? found.value.map((match) => match.path) : []
  const wanted = hasOption(call, 'multiple') ? outermost(places) : places.slice(0, 1)
  if (wanted.some((place) => place.length === 0)) throw new CibFault(cibFaults.invalid)
  return wanted.reduceRight((now, place) => removeAt(now, place), cib)
}

/** Places none of which lies inside another. Expects and keeps document order. */
function outermost(places: readonly XmlPath[]): readonly XmlPath[] {
  const kept: XmlPath[] = []
  for (const place of places) {
    const last = kept[kept.length - 1]
    if (last === undefined || !last.every((index, i) => place[i] === index)) kept.push(place)
  }
  return kept
}

function replace(cib: XmlElement, call: CibCall, input: XmlElement): XmlElement {
  if (hasOption(call, 'xpath')) return replaceMatches(cib, call, input)
  if (input.name === 'cib') return replaceAll(cib, call, input)
  const isAnywhere = call.section === 'all' || call.section === input.name
  const section = sectionPath(cib, isAnywhere ? undefined : call.section)
  if (section === undefined) throw new CibFault(cibFaults.noSuchObject)
  const from = nodeAt(cib, section) as XmlElement
  const found = findFirst(from, (node) => node !== from && isReplaced(node, input))
  if (found === undefined) throw new CibFault(cibFaults.noSuchObject)
  return replaceAt(cib, [...section, ...found], input)
}

function isReplaced(node: XmlElement, input: XmlElement): boolean {
  return node.name === input.name && (idOf(input) === '' || idOf(input) === idOf(node))
}

function replaceAll(cib: XmlElement, call: CibCall, input: XmlElement): XmlElement {
  if (compareVersions(versionOf(input, -1), versionOf(cib, -1)) < 0) throw new CibFault(cibFaults.old)
  if (call.digest !== undefined && call.digest !== cibDigest(input)) throw new CibFault(cibFaults.old)
  return input
}

function replaceMatches(cib: XmlElement, call: CibCall, input: XmlElement): XmlElement {
  const places = placesOf(cib, call.section ?? '')
  if (places.length === 0) throw new CibFault(cibFaults.noSuchObject)
  const wanted = hasOption(call, 'multiple') ? outermost(places) : places.slice(0, 1)
  if (wanted.some((place) => place.length === 0)) throw new CibFault(cibFaults.invalid)
  return wanted.reduceRight((now, place) => insertAt(removeAt(now, place), place.slice(0, -1), input), cib)
}

function patched(cib: XmlElement, patch: XmlElement): XmlElement {
  const after = applyPatch(cib, patch, { checksVersion: true })
  if (!after.ok) throw new CibFault(after.error)
  return after.value
}

function erased(cib: XmlElement): XmlElement {
  return withVersion(cib, { adminEpoch: versionOf(cib).adminEpoch + 1 })
}

/** Answers a query. @throws CibFault when nothing is found */
export function query(cib: XmlElement, call: CibCall): XmlElement {
  if (hasOption(call, 'xpath')) return queryMatches(cib, call)
  const section = sectionPath(cib, call.section)
  const found = section === undefined ? undefined : nodeAt(cib, section)
  if (found === undefined) throw new CibFault(cibFaults.noSuchObject)
  return hasOption(call, 'noChildren') ? { ...found, children: [] } : found
}

function queryMatches(cib: XmlElement, call: CibCall): XmlElement {
  const found = select(cib, call.section ?? '')
  if (!found.ok || found.value.length === 0) throw new CibFault(cibFaults.noSuchObject)
  // Without what is inside, elements are answered instead of where they are.
  if (hasOption(call, 'xpathAddress') && !hasOption(call, 'noChildren')) {
    const paths = found.value.map((match) => element('xpath-query-path', { id: addressOf(cib, match.path) }))
    return element('xpath-query', {}, paths)
  }
  const results = found.value.map((match) => match.element)
  const shown = hasOption(call, 'noChildren') ? results.map((item) => withoutChildren(item)) : results
  const [first] = shown
  return shown.length === 1 && first !== undefined ? first : element('xpath-query', {}, shown)
}

function withoutChildren(item: XmlElement): XmlElement {
  return withAttributes({ ...item, children: [] }, {})
}
