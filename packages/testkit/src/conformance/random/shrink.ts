import { attributePairs, withAttributes, withChildren, type XmlElement } from '@quorate/xml'

/** Most trials of one shrinking: each runs the real program twice. */
export const shrinkTrialsMax = 3000

/** Levels at the top that every CIB has: the cib itself, its sections and theirs. */
const fixedLevels = 2

/** Attributes without which an element is another kind of input, not a smaller one. */
const fixedAttributes = new Set(['id', 'uname', 'name', 'value', 'class', 'type', 'operation', 'validate-with'])

/** A trial is a smaller document, or undefined where the budget is spent. */
type Trial = (candidate: XmlElement) => boolean

/** Replaces the element at a path of child positions. */
function replaceAt(of: XmlElement, path: readonly number[], by: readonly XmlElement[]): XmlElement {
  const [at, ...rest] = path
  if (at === undefined) return by[0] ?? of
  const next = of.children[at]
  if (next === undefined) return of
  const inner = rest.length === 0 ? by : [replaceAt(next, rest, by)]
  return withChildren(of, [...of.children.slice(0, at), ...inner, ...of.children.slice(at + 1)])
}

function elementAt(of: XmlElement, path: readonly number[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((now, at) => now?.children[at], of)
}

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

function withoutElements(document: XmlElement, accepts: Trial): XmlElement {
  let now = document
  for (const path of pathsOf(document)) {
    const found = elementAt(now, path)
    // An outer element that went takes its inner ones along; positions of earlier siblings stay what they were.
    if (found === undefined || found !== elementAt(document, path)) continue
    const candidate = replaceAt(now, path, [])
    if (accepts(candidate)) now = candidate
  }
  return now
}

function withoutAttributes(document: XmlElement, accepts: Trial): XmlElement {
  let now = document
  for (const path of [[], ...pathsOf(document)]) {
    const element = elementAt(now, path)
    if (element === undefined) continue
    for (const [name] of attributePairs(element)) {
      if (fixedAttributes.has(name)) continue
      const candidate = replaceAt(now, path, [withAttributes(elementAt(now, path) ?? element, { [name]: undefined })])
      if (accepts(candidate)) now = candidate
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
export function shrink(document: XmlElement, shows: (candidate: XmlElement) => boolean): XmlElement {
  let trials = 0
  const accepts: Trial = (candidate) => {
    trials += 1
    return trials <= shrinkTrialsMax && shows(candidate)
  }
  let now = document
  for (;;) {
    let next = withoutElements(now, accepts)
    while (next !== now && trials <= shrinkTrialsMax) {
      now = next
      next = withoutElements(now, accepts)
    }
    next = withoutAttributes(now, accepts)
    if (next === now) return now
    now = next
  }
}
