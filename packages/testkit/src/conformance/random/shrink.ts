import { attr, attributePairs, descendants, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import { elementAt, replaceAt } from './tree-path.ts'

/** Most trials of one shrinking: each runs the real program twice. */
export const shrinkTrialsMax = 3000

/** Levels at the top that every CIB has: the cib itself, its sections and theirs. */
const fixedLevels = 2

/** Attributes without which an element is another kind of input, not a smaller one. */
const fixedAttributes = new Set([
  ...[
    'id',
    'uname',
    'name',
    'value',
    'class',
    'provider',
    'type',
    'validate-with',
    'crm_feature_set',
    'execution-date',
  ],
  ...['operation', 'operation_key', 'interval', 'call-id', 'rc-code', 'op-status', 'transition-key'],
  ...['transition-magic', 'in_ccm', 'crmd', 'join', 'expected'],
])

/** Elements that go only together with the states of theirs. */
const pairedElement = 'node'

/** A trial is a smaller document, or undefined where the budget is spent. */
type Trial = (candidate: XmlElement) => Promise<boolean>

/** Paths of all elements below the fixed levels, outer ones first, later siblings before earlier ones. */
function pathsOf(of: XmlElement): (readonly number[])[] {
  const found: (readonly number[])[] = []
  let level: (readonly number[])[] = [[]]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > fixedLevels) found.push(...level)
    level = level.flatMap((path) => (elementAt(of, path)?.children ?? []).map((_, i) => [...path, i]).reverse())
  }
  return found
}

/** Without a node and what the status section says of it. */
function withoutNode(document: XmlElement, id: string): XmlElement {
  const isGone = (item: XmlElement) => (item.name === 'node' || item.name === 'node_state') && attr(item, 'id') === id
  const strip = (of: XmlElement): XmlElement => {
    const kept = of.children.filter((item) => !isGone(item))
    const inner = kept.map((item) => (item.children.length === 0 ? item : strip(item)))
    return withChildren(of, inner)
  }
  return strip(document)
}

async function withoutNodes(document: XmlElement, accepts: Trial): Promise<XmlElement> {
  let now = document
  for (const node of [...descendants(document)].filter((item) => item.name === pairedElement)) {
    const candidate = withoutNode(now, idOf(node))
    if (await accepts(candidate)) now = candidate
  }
  return now
}

/** True for the last member of a group or clone: neither can be without one. */
function isOnlyMember(document: XmlElement, path: readonly number[]): boolean {
  const parent = elementAt(document, path.slice(0, -1))
  if (parent?.name !== 'group' && parent?.name !== 'clone') return false
  return parent.children.filter((item) => item.name === 'primitive' || item.name === 'group').length === 1
}

async function withoutElements(document: XmlElement, accepts: Trial): Promise<XmlElement> {
  let now = document
  for (const path of pathsOf(document)) {
    const found = elementAt(now, path)
    // An outer element that went takes its inner ones along; positions of earlier siblings stay what they were.
    if (found === undefined || found !== elementAt(document, path) || found.name === pairedElement) continue
    if (found.name !== 'meta_attributes' && isOnlyMember(now, path)) continue
    const candidate = replaceAt(now, path, [])
    if (await accepts(candidate)) now = candidate
  }
  return now
}

async function withoutAttributes(document: XmlElement, accepts: Trial): Promise<XmlElement> {
  let now = document
  for (const path of [[], ...pathsOf(document)]) {
    const element = elementAt(now, path)
    if (element === undefined) continue
    for (const [name] of attributePairs(element)) {
      if (fixedAttributes.has(name)) continue
      const candidate = replaceAt(now, path, [withAttributes(elementAt(now, path) ?? element, { [name]: undefined })])
      if (await accepts(candidate)) now = candidate
    }
  }
  return now
}

/**
 * Makes a document smaller while it still shows something: takes away elements, then attributes, until nothing more can
 * go or {@link shrinkTrialsMax} trials are made.
 *
 * @param shows tells whether a candidate still shows what the document showed
 */
export async function shrink(
  document: XmlElement,
  shows: (candidate: XmlElement) => boolean | Promise<boolean>,
): Promise<XmlElement> {
  let trials = 0
  const accepts: Trial = async (candidate) => {
    trials += 1
    return trials <= shrinkTrialsMax && (await shows(candidate))
  }
  let now = await withoutNodes(document, accepts)
  for (;;) {
    let next = await withoutElements(now, accepts)
    while (next !== now && trials <= shrinkTrialsMax) {
      now = next
      next = await withoutElements(now, accepts)
    }
    next = await withoutAttributes(now, accepts)
    if (next === now) return now
    now = next
  }
}
