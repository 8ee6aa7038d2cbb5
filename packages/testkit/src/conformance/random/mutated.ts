import { invariant, Prng } from '@quorate/base'
import {
  attr,
  attributePairs,
  formatXml,
  idOf,
  parseXml,
  withAttributes,
  withChildren,
  type XmlElement,
} from '@quorate/xml'
import { oddValues } from '../../fuzz/cib-mutation.ts'
import { readSamples, type Sample } from '../../fuzz/scheduler-input.ts'
import type { RandomCase } from './cib.ts'
import { randomNowSeconds } from './history.ts'
import { elementAt, replaceAt } from './tree-path.ts'

/** What a suite's inputs have in a place: what can be there in another input as well. */
type Soil = {
  /** Elements by the names of their parent and their own. */
  readonly elements: ReadonlyMap<string, readonly XmlElement[]>
  /** Values by the name of the element, of the option where it is one, and of the attribute. */
  readonly values: ReadonlyMap<string, readonly string[]>
}

type Place = { readonly path: readonly number[]; readonly element: XmlElement; readonly parent: XmlElement }

/** Most changes to one input. */
const changesMax = 4
/** Elements with more inside are not copied: they would only measure how long large documents take. */
const copiedMax = 60
/** Attributes that say what a document or an element is; to change them is to make another, or one that contradicts itself. */
const fixed = new Set([
  'id',
  'validate-with',
  'crm_feature_set',
  'xmlns',
  'execution-date',
  'uname',
  'operation',
  'operation_key',
])
/** Elements of which a place has one at most: no cluster writes another. */
const single = new Set(['node', 'lrm', 'lrm_resources', 'transient_attributes', 'operations', 'node_state', 'tickets'])
const resourceReferences = new Set(['rsc', 'with-rsc', 'first', 'then'])
/** The cib, its sections and theirs stay. */
const fixedLevels = 2

function placesIn(root: XmlElement): readonly Place[] {
  const found: Place[] = []
  const walk = (parent: XmlElement, path: readonly number[]): void => {
    parent.children.forEach((element, i) => {
      const below = [...path, i]
      if (below.length > fixedLevels) found.push({ path: below, element, parent })
      walk(element, below)
    })
  }
  walk(root, [])
  return found
}

function valueKey(of: XmlElement, name: string): string {
  return `${of.name} ${of.name === 'nvpair' ? (attr(of, 'name') ?? '') : ''} ${name}`
}

function soilOf(samples: readonly Sample[]): Soil {
  const elements = new Map<string, XmlElement[]>()
  const values = new Map<string, string[]>()
  const push = <T>(to: Map<string, T[]>, key: string, item: T): void => {
    const list = to.get(key)
    if (list === undefined) to.set(key, [item])
    else list.push(item)
  }
  for (const { root } of samples) {
    for (const { element, parent } of placesIn(root)) {
      if (!single.has(element.name) && placesIn(element).length <= copiedMax)
        push(elements, `${parent.name} ${element.name}`, element)
      for (const [name, value] of attributePairs(element)) push(values, valueKey(element, name), value)
    }
  }
  return { elements, values }
}

/** A copy whose elements have ids of their own. */
function renamed(of: XmlElement, suffix: string): XmlElement {
  const id = attr(of, 'id')
  const own = id === undefined ? of : withAttributes(of, { id: `${id}${suffix}` })
  return withChildren(
    own,
    of.children.map((item) => renamed(item, suffix)),
  )
}

function inserted(parent: XmlElement, at: number, element: XmlElement): XmlElement {
  return withChildren(parent, [...parent.children.slice(0, at), element, ...parent.children.slice(at)])
}

/** Ids of resources, which constraints are bent to. */
function resourceIds(root: XmlElement): readonly string[] {
  const kinds = new Set(['primitive', 'group', 'clone', 'master', 'bundle'])
  return placesIn(root).flatMap(({ element }) => (kinds.has(element.name) ? [idOf(element)] : []))
}

/** References of an element and what is in it, bent to resources of this document. */
function bent(prng: Prng, of: XmlElement, ids: readonly string[]): XmlElement {
  const changes: Record<string, string> = {}
  for (const [name] of attributePairs(of)) if (resourceReferences.has(name)) changes[name] = prng.pick(ids)
  if (of.name === 'resource_ref') changes['id'] = prng.pick(ids)
  return withChildren(
    withAttributes(of, changes),
    of.children.map((item) => bent(prng, item, ids)),
  )
}

function withOtherValue(prng: Prng, root: XmlElement, { path, element }: Place, soil: Soil): XmlElement {
  const names = [...attributePairs(element)].flatMap(([name]) => (fixed.has(name) ? [] : [name]))
  if (names.length === 0) return root
  const name = prng.pick(names)
  const ids = resourceIds(root)
  const value =
    resourceReferences.has(name) && ids.length > 0
      ? prng.pick(ids)
      : prng.pick(prng.chance(1, 8) ? oddValues : (soil.values.get(valueKey(element, name)) ?? oddValues))
  return replaceAt(root, path, [withAttributes(element, { [name]: value })])
}

function changed(prng: Prng, root: XmlElement, soil: Soil, suffix: string): XmlElement {
  const places = placesIn(root)
  if (places.length === 0) return root
  const place = prng.pick(places)
  const { path, element, parent } = place
  const outer = path.slice(0, -1)
  switch (prng.below(8)) {
    case 0:
      return replaceAt(root, path, [])
    case 1:
      if (single.has(element.name)) return root
      return replaceAt(root, outer, [
        inserted(parent, prng.below(parent.children.length + 1), renamed(element, suffix)),
      ])
    case 2:
    case 3: {
      const found = soil.elements.get(`${parent.name} ${element.name}`) ?? []
      if (found.length === 0) return root
      const ids = resourceIds(root)
      const guest = renamed(prng.pick(found), suffix)
      const fitting = ids.length === 0 ? guest : bent(prng, guest, ids)
      return replaceAt(root, outer, [inserted(elementAt(root, outer) ?? parent, path.at(-1) ?? 0, fitting)])
    }
    default:
      return withOtherValue(prng, root, place, soil)
  }
}

/**
 * Makes cases out of a suite's inputs: each with a few values, elements or constraints that another input has in such a
 * place. The same seed gives the same case.
 *
 * @throws Error where the folder has no inputs
 */
export function mutator(suite: string): (seed: number) => RandomCase {
  const samples = readSamples(suite)
  const soil = soilOf(samples)
  return (seed) => {
    const prng = new Prng(BigInt(seed))
    let { root } = prng.pick(samples)
    for (let left = prng.between(1, changesMax); left > 0; left -= 1) root = changed(prng, root, soil, `-m${left}`)
    const date = attr(root, 'execution-date') ?? String(randomNowSeconds)
    // NUL is in some values that the fuzzing has; no document can hold it.
    const written = formatXml(withAttributes(root, { 'execution-date': date })).replaceAll('\0', '')
    const read = parseXml(written)
    invariant(read.ok, 'what was written can be read', { seed })
    return { cib: read.value }
  }
}
