import {
  attr,
  childrenNamed,
  element,
  idOf,
  isComment,
  withAttributes,
  withChildren,
  type XmlElement,
} from '@quorate/xml'
import { operationMetaNames, requiringOperations } from './old-names.ts'
import type { Note } from './options.ts'
import {
  hasRule,
  isResourceSet,
  isVoid,
  itemsOf,
  madePrefix,
  nodesOf,
  pairName,
  type SetItem,
  withItems,
  writtenAnew,
} from './pair-set.ts'

/**
 * Operations of a primitive: what they required goes, what is their own moves from parameters to meta-attributes; but what
 * the primitive's own meta-attributes say is dropped.
 */
export function upgradedOperations(operations: XmlElement, primitive: XmlElement, note: Note): XmlElement {
  const sets = childrenNamed(primitive, 'meta_attributes').filter((set) => !hasRule(set))
  const said = new Set(sets.flatMap(itemsOf).map(pairName))
  return withChildren(
    operations,
    operations.children.map((item) =>
      item.name === 'op' ? upgradedOperation(item, idOf(primitive), said, note) : item,
    ),
  )
}

function isRequiring(op: XmlElement): boolean {
  return requiringOperations.has(attr(op, 'name') ?? '')
}

function upgradedOperation(
  op: XmlElement,
  resource: string,
  said: ReadonlySet<string | undefined>,
  note: Note,
): XmlElement {
  const at = `${idOf(op)} (rsc=${resource}`
  const parameters = childrenNamed(op, 'instance_attributes')
  for (const set of parameters) tellParameters(note, `${at}, meta=${idOf(set)})`, set, op)
  const children: XmlElement[] = []
  for (const item of op.children) {
    if (!isResourceSet(item)) children.push(item)
    else {
      const isKept = (name: string) =>
        name !== 'requires' && (item.name === 'meta_attributes' || !operationMetaNames.has(name))
      if (item.name === 'meta_attributes')
        tellRequires(note, 'Resources-operation', `${at}, meta=${idOf(item)})`, item, op)
      const set = withItems(
        item,
        itemsOf(item).filter((pair) => isKept(pairName(pair) ?? '')),
      )
      children.push(set)
    }
  }
  if (attr(op, 'requires') !== undefined) tellRequirement(note, 'Resources-operation', `${at})`, op, 'meta_attributes')
  const full = withMeta(withChildren(withAttributes(op, { requires: undefined }), children), parameters, said)
  return withChildren(
    full,
    full.children.filter((item) => !isResourceSet(item) || !isVoid(item)),
  )
}

/** Puts parameters that are an operation's own into its meta-attributes: those under a condition into sets of their own. */
function withMeta(
  op: XmlElement,
  parameters: readonly XmlElement[],
  said: ReadonlySet<string | undefined>,
): XmlElement {
  const open: SetItem[] = []
  const added: XmlElement[] = []
  for (const [index, set] of parameters.entries()) {
    const later = parameters.slice(index + 1).filter((other) => !hasRule(other))
    const again = new Set(later.flatMap(itemsOf).map(pairName))
    const isOwn = (item: SetItem): boolean => {
      const name = pairName(item) ?? ''
      return operationMetaNames.has(name) && !again.has(name) && !said.has(name)
    }
    const own = itemsOf(set).filter(isOwn).map(writtenAnew)
    if (!hasRule(set)) open.push(...own)
    else if (own.length > 0) added.push(metaCopy(set, nodesOf(own)))
  }
  if (open.length === 0) return withChildren(op, [...op.children, ...added])
  const target = childrenNamed(op, 'meta_attributes').find((set) => !hasRule(set))
  if (target === undefined) {
    const made = element('meta_attributes', { id: `${madePrefix}${idOf(op)}-meta` }, nodesOf(open))
    return withChildren(op, [...op.children, made, ...added])
  }
  const children = op.children.map((set) =>
    set === target ? withChildren(set, [...set.children, ...nodesOf(open)]) : set,
  )
  return withChildren(op, [...children, ...added])
}

/** A set of meta-attributes with the condition and the comments of another set, and some of its pairs. */
function metaCopy(set: XmlElement, pairs: readonly XmlElement[]): XmlElement {
  const children = [...childrenNamed(set, 'rule'), ...set.children.filter(isComment), ...pairs]
  const copied = withChildren(withAttributes(set, { id: `${madePrefix}${idOf(set)}` }), children)
  return { ...copied, name: 'meta_attributes' }
}

/**
 * What an old primitive's start and promote operations required, as a set of its meta-attributes: the last `requires`
 * wins, as an attribute before meta-attributes before parameters; none where the primitive says it itself.
 */
export function requirement(primitive: XmlElement): XmlElement | undefined {
  const own = childrenNamed(primitive, 'meta_attributes').filter((set) => !hasRule(set))
  if (own.some(requires)) return undefined
  const ops = childrenNamed(primitive, 'operations')
    .flatMap((operations) => childrenNamed(operations, 'op'))
    .filter(isRequiring)
  const op = ops.findLast((one) => attr(one, 'requires') !== undefined)
  if (op !== undefined) {
    const pair = { id: `${madePrefix}${idOf(op)}-meta-requires`, name: 'requires', value: attr(op, 'requires') }
    return element('meta_attributes', { id: `${madePrefix}${idOf(primitive)}-meta` }, [element('nvpair', pair)])
  }
  for (const kind of ['meta_attributes', 'instance_attributes']) {
    const set = ops.flatMap((one) => childrenNamed(one, kind)).findLast(requires)
    if (set !== undefined) return metaCopy(set, childrenNamed(set, 'nvpair').filter(isRequirement))
  }
  return undefined
}

function requires(set: XmlElement): boolean {
  return set.children.some(isRequirement)
}

function isRequirement(node: XmlElement): boolean {
  return node.name === 'nvpair' && attr(node, 'name') === 'requires'
}

function tellParameters(note: Note, at: string, set: XmlElement, op: XmlElement): void {
  const place = 'Resources-operation instance_attributes'
  for (const item of itemsOf(set)) {
    const name = pairName(item) ?? ''
    if (name === 'requires') tellRequirement(note, place, at, op, 'per-resource-meta_attributes')
    else if (operationMetaNames.has(name)) {
      note(`DEBUG: ${place}: ${at}: moving ${name} under meta_attributes as ${name} unless already defined there`)
    }
  }
}

function tellRequires(note: Note, place: string, at: string, set: XmlElement, op: XmlElement): void {
  for (const item of itemsOf(set)) {
    if (pairName(item) === 'requires') tellRequirement(note, place, at, op, 'meta_attributes')
  }
}

function tellRequirement(note: Note, place: string, at: string, op: XmlElement, target: string): void {
  if (isRequiring(op)) {
    note(
      `DEBUG: ${place}: ${at}: moving requires under ${target} as requires unless already defined there for matching start|promote`,
    )
  } else {
    note(`INFO: ${place}: ${at}: dropping requires`)
    note(`INFO: ${place}: ... only start/promote operation taken into account`)
  }
}
