import { attr, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { configError } from '../model/log.ts'
import { type Cluster, type Colocation, type Resource, variant } from '../model/model.ts'
import { parseRole, type Role, role } from '../model/role.ts'
import { parseBoolean, sameText } from '../scalar.ts'
import { infinity, parseScore } from '../score.ts'
import { antiColocationOrders } from './internal-order.ts'
import {
  constraintInstance,
  constraintResource,
  expandSets,
  isKnown,
  isTemplateOrTag,
  refuse,
  refuseName,
  resolvedSets,
  sideToSet,
} from './lookup.ts'

/** What a colocation is made of. */
export type ColocationParts = {
  readonly id: string
  readonly attribute?: string | undefined
  readonly score: number
  readonly dependent: Resource
  readonly primary: Resource
  readonly dependentRole?: Role
  readonly primaryRole?: Role
  readonly influence: boolean
}

function filterRole(of: Role | undefined): Role {
  return of === undefined || of === role.started ? role.unknown : of
}

/** Records a colocation with both of its resources. */
export function addColocation(cluster: Cluster, parts: ColocationParts): void {
  if (parts.score === 0) return
  const made: Colocation = {
    id: parts.id,
    attribute: parts.attribute,
    score: parts.score,
    dependent: parts.dependent,
    primary: parts.primary,
    dependentRole: filterRole(parts.dependentRole),
    primaryRole: filterRole(parts.primaryRole),
    influence: parts.influence,
  }
  insertThisWith(parts.dependent.thisWith, made)
  insertWithThis(parts.primary.withThis, made)
  cluster.colocations.push(made)
  if (made.score <= -infinity) antiColocationOrders(cluster, made)
}

/** Puts a colocation in its place among those of the dependent. */
export function insertThisWith(list: Colocation[], made: Colocation): void {
  insertSorted(list, made, (item) => item.primary)
}

/** Puts a colocation in its place among those of the primary. */
export function insertWithThis(list: Colocation[], made: Colocation): void {
  insertSorted(list, made, (item) => item.dependent)
}

function insertSorted(list: Colocation[], made: Colocation, other: (item: Colocation) => Resource): void {
  let at = 0
  while (at < list.length && comparePartners(other(made), other(list[at] as Colocation)) > 0) at += 1
  list.splice(at, 0, made)
}

function comparePartners(a: Resource, b: Resource): number {
  if (a.priority !== b.priority) return b.priority - a.priority
  if (a.variant !== b.variant) return b.variant - a.variant
  if (a.variant === variant.clone && a.promotable !== b.promotable) return a.promotable ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

function influenceOf(cluster: Cluster, xml: XmlElement, dependent: Resource): boolean {
  const text = attr(xml, 'influence')
  const told = parseBoolean(text)
  if (text !== undefined && told === undefined) {
    const why = 'has invalid value for influence (using default)'
    configError(cluster, 'unpack_influence', `Constraint '${idOf(xml)}' ${why}`)
  }
  return told ?? dependent.critical
}

/** Reads one `rsc_colocation`. */
export function unpackColocation(cluster: Cluster, original: XmlElement): void {
  const xml = sidesToSets(cluster, expandSets(cluster, original))
  if (xml === undefined) return
  const sets = childrenNamed(xml, 'resource_set')
  if (sets.length > 0) return colocateSets(cluster, xml, sets)
  const dependent = constraintInstance(cluster, attr(xml, 'rsc'), attr(xml, 'rsc-instance'))
  const primary = constraintInstance(cluster, attr(xml, 'with-rsc'), attr(xml, 'with-rsc-instance'))
  if (dependent === undefined) return refuseSide(cluster, xml, 'rsc')
  if (primary === undefined) return refuseSide(cluster, xml, 'with-rsc')
  addColocation(cluster, {
    id: idOf(xml),
    attribute: attr(xml, 'node-attribute'),
    score: parseScore(attr(xml, 'score'), cluster.settings.health),
    dependent,
    primary,
    dependentRole: parseRole(attr(xml, 'rsc-role')),
    primaryRole: parseRole(attr(xml, 'with-rsc-role')),
    influence: influenceOf(cluster, xml, dependent),
  })
}

/** Under which name the tools say what is wrong with the names of a colocation. */
const tagsSource = 'unpack_colocation_tags'

function refuseSide(cluster: Cluster, xml: XmlElement, side: 'rsc' | 'with-rsc'): void {
  const name = attr(xml, side)
  const asked = attr(xml, `${side}-instance`) ?? ''
  const found = constraintResource(cluster, name)
  const why =
    found === undefined
      ? `resource '${name ?? '(null)'}' does not exist`
      : found.variant === variant.clone
        ? `resource '${found.id}' does not have an instance '${asked}'`
        : `resource '${found.id}' is not a clone but instance '${asked}' was requested`
  refuse(cluster, xml, why, 'unpack_simple_colocation')
}

function sidesToSets(cluster: Cluster, xml: XmlElement): XmlElement | undefined {
  const [rsc, withRsc] = [attr(xml, 'rsc'), attr(xml, 'with-rsc')]
  const [left, right] = [isTemplateOrTag(cluster, rsc), isTemplateOrTag(cluster, withRsc)]
  for (const name of [rsc, withRsc]) {
    if (name !== undefined && !isKnown(cluster, name)) return refuseName(cluster, xml, name, tagsSource)
  }
  if (!left && !right) return xml
  if (left && right) {
    refuse(cluster, xml, 'two templates or tags cannot be colocated', tagsSource)
    return undefined
  }
  const first = sideToSet(cluster, xml, { attribute: 'rsc', moved: 'rsc-role', movedAs: 'role', always: true })
  if (first === undefined) return undefined
  return sideToSet(cluster, first, { attribute: 'with-rsc', moved: 'with-rsc-role', movedAs: 'role', always: true })
}

function colocateSets(cluster: Cluster, xml: XmlElement, items: readonly XmlElement[]): void {
  const score = parseScore(attr(xml, 'score'), cluster.settings.health)
  let previous: XmlElement | undefined
  for (const set of resolvedSets(cluster, items)) {
    colocateWithin(cluster, xml, set)
    if (previous !== undefined && score !== 0) colocateBetween(cluster, xml, previous, set, score)
    previous = set
  }
}

type Members = {
  readonly members: Resource[]
  /** Name of the first that does not exist. */
  readonly missing: string | undefined
}

/** Members of a set up to the first that does not exist. */
function setMembers(cluster: Cluster, set: XmlElement): Members {
  const members: Resource[] = []
  for (const ref of childrenNamed(set, 'resource_ref')) {
    const resource = constraintResource(cluster, idOf(ref))
    if (resource === undefined) return { members, missing: idOf(ref) }
    members.push(resource)
  }
  return { members, missing: undefined }
}

/**
 * Members that one is kept away from: those before it. A member known by another name than its id (that of its history)
 * is not recognised as the place where to end, so that it is kept away from all, itself included.
 */
function apartFrom(set: XmlElement, members: readonly Resource[], member: Resource): readonly Resource[] {
  const own = childrenNamed(set, 'resource_ref').findIndex((ref) => idOf(ref) === member.id)
  return own < 0 ? members : members.slice(0, own)
}

function colocateWithin(cluster: Cluster, xml: XmlElement, set: XmlElement): void {
  const own = attr(set, 'score')
  const score = parseScore(own ?? attr(xml, 'score'), cluster.settings.health)
  if (score === 0 || !isSequential(set)) return
  const { members, missing } = setMembers(cluster, set)
  if (missing !== undefined) {
    configError(cluster, 'unpack_colocation_set', `${idOf(set)}: No resource found for ${missing}`)
  }
  const ordering = attr(set, 'ordering')
  const setRole = parseRole(attr(set, 'role'))
  const join = (dependent: Resource, primary: Resource): void =>
    addColocation(cluster, {
      id: idOf(set),
      score,
      dependent,
      primary,
      dependentRole: setRole,
      primaryRole: setRole,
      influence: influenceOf(cluster, xml, dependent),
    })
  members.forEach((member, i) => {
    const before = members[i - 1]
    if (score < 0) for (const other of apartFrom(set, members, member)) join(member, other)
    else if (before === undefined) return
    else if (ordering === undefined || sameText(ordering, 'group')) join(member, before)
    else join(before, member)
  })
}

/** The one member of a sequential set that takes part between sets: others need not even exist. */
function endOfSet(cluster: Cluster, set: XmlElement, at: 0 | -1): Members {
  const ref = childrenNamed(set, 'resource_ref').at(at)
  if (ref === undefined) return { members: [], missing: undefined }
  const resource = constraintResource(cluster, idOf(ref))
  return resource === undefined ? { members: [], missing: idOf(ref) } : { members: [resource], missing: undefined }
}

function isSequential(set: XmlElement): boolean {
  return parseBoolean(attr(set, 'sequential')) !== false
}

function colocateBetween(cluster: Cluster, xml: XmlElement, a: XmlElement, b: XmlElement, score: number): void {
  const left = isSequential(a) ? endOfSet(cluster, a, 0) : setMembers(cluster, a)
  const right = isSequential(b) ? endOfSet(cluster, b, -1) : setMembers(cluster, b)
  for (const { missing } of [left, right]) {
    if (missing === undefined) continue
    configError(cluster, 'colocate_rsc_sets', `${idOf(xml)}: No resource found for ${missing}`)
  }
  // A primary that does not exist ends the step at the first dependent that comes to it.
  const dependents = right.missing === undefined ? left.members : left.members.slice(0, 1)
  for (const dependent of dependents) {
    for (const primary of right.members) {
      addColocation(cluster, {
        id: idOf(xml),
        score,
        dependent,
        primary,
        dependentRole: parseRole(attr(a, 'role')),
        primaryRole: parseRole(attr(b, 'role')),
        influence: influenceOf(cluster, xml, dependent),
      })
    }
  }
}
