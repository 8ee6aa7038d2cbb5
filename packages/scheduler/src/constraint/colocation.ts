import { attr, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { type Cluster, type Colocation, type Resource, variant } from '../model/model.ts'
import { parseRole, type Role, role } from '../model/role.ts'
import { parseBoolean, sameText } from '../scalar.ts'
import { infinity, parseScore } from '../score.ts'
import { references } from '../unpack/name-values.ts'
import { antiColocationOrders } from './internal-order.ts'
import { constraintInstance, constraintResource, expandSets, isTemplateOrTag, refuse, sideToSet } from './lookup.ts'

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

function influenceOf(xml: XmlElement, dependent: Resource): boolean {
  return parseBoolean(attr(xml, 'influence')) ?? dependent.critical
}

/** Reads one `rsc_colocation`. */
export function unpackColocation(cluster: Cluster, original: XmlElement): void {
  const xml = sidesToSets(cluster, expandSets(cluster, original))
  if (xml === undefined) return refuse(cluster, original, 'one of its resources does not exist')
  const sets = childrenNamed(xml, 'resource_set')
  if (sets.length > 0) return colocateSets(cluster, xml, sets)
  const dependent = constraintInstance(cluster, attr(xml, 'rsc'), attr(xml, 'rsc-instance'))
  const primary = constraintInstance(cluster, attr(xml, 'with-rsc'), attr(xml, 'with-rsc-instance'))
  if (dependent === undefined) return refuse(cluster, xml, `'${attr(xml, 'rsc') ?? ''}' does not exist`)
  if (primary === undefined) return refuse(cluster, xml, `'${attr(xml, 'with-rsc') ?? ''}' does not exist`)
  addColocation(cluster, {
    id: idOf(xml),
    attribute: attr(xml, 'node-attribute'),
    score: parseScore(attr(xml, 'score'), cluster.settings.health),
    dependent,
    primary,
    dependentRole: parseRole(attr(xml, 'rsc-role')),
    primaryRole: parseRole(attr(xml, 'with-rsc-role')),
    influence: influenceOf(xml, dependent),
  })
}

function sidesToSets(cluster: Cluster, xml: XmlElement): XmlElement | undefined {
  const [rsc, withRsc] = [attr(xml, 'rsc'), attr(xml, 'with-rsc')]
  const [left, right] = [isTemplateOrTag(cluster, rsc), isTemplateOrTag(cluster, withRsc)]
  if (!left && !right) return xml
  if (left && right) return undefined
  const first = sideToSet(cluster, xml, { attribute: 'rsc', moved: 'rsc-role', movedAs: 'role', always: true })
  if (first === undefined) return undefined
  return sideToSet(cluster, first, { attribute: 'with-rsc', moved: 'with-rsc-role', movedAs: 'role', always: true })
}

function colocateSets(cluster: Cluster, xml: XmlElement, items: readonly XmlElement[]): void {
  const { resolve } = references(cluster)
  const score = parseScore(attr(xml, 'score'), cluster.settings.health)
  let previous: XmlElement | undefined
  for (const item of items) {
    const set = resolve(item)
    if (set === undefined) return refuse(cluster, xml, 'it refers to a set that does not exist')
    colocateWithin(cluster, xml, set)
    if (previous !== undefined && score !== 0) colocateBetween(cluster, xml, previous, set, score)
    previous = set
  }
}

/** Members of a set up to the first that does not exist. */
function setMembers(cluster: Cluster, set: XmlElement): { readonly members: Resource[]; readonly complete: boolean } {
  const members: Resource[] = []
  for (const ref of childrenNamed(set, 'resource_ref')) {
    const resource = constraintResource(cluster, idOf(ref))
    if (resource === undefined) return { members, complete: false }
    members.push(resource)
  }
  return { members, complete: true }
}

function colocateWithin(cluster: Cluster, xml: XmlElement, set: XmlElement): void {
  const own = attr(set, 'score')
  const score = parseScore(own ?? attr(xml, 'score'), cluster.settings.health)
  if (score === 0 || parseBoolean(attr(set, 'sequential')) === false) return
  const { members, complete } = setMembers(cluster, set)
  if (!complete) refuse(cluster, xml, `set '${idOf(set)}' names a resource that does not exist`)
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
      influence: influenceOf(xml, dependent),
    })
  members.forEach((member, i) => {
    const before = members[i - 1]
    if (score < 0) for (const earlier of members.slice(0, i)) join(member, earlier)
    else if (before === undefined) return
    else if (ordering === undefined || sameText(ordering, 'group')) join(member, before)
    else join(before, member)
  })
}

function colocateBetween(cluster: Cluster, xml: XmlElement, a: XmlElement, b: XmlElement, score: number): void {
  const [left, right] = [setMembers(cluster, a), setMembers(cluster, b)]
  const sequential = (set: XmlElement): boolean => parseBoolean(attr(set, 'sequential')) !== false
  const dependents = sequential(a) ? left.members.slice(0, 1) : left.members
  const primaries = sequential(b) ? (right.complete ? right.members.slice(-1) : []) : right.members
  if (!left.complete || !right.complete) refuse(cluster, xml, 'a set names a resource that does not exist')
  for (const dependent of dependents) {
    for (const primary of primaries) {
      addColocation(cluster, {
        id: idOf(xml),
        score,
        dependent,
        primary,
        dependentRole: parseRole(attr(a, 'role')),
        primaryRole: parseRole(attr(b, 'role')),
        influence: influenceOf(xml, dependent),
      })
    }
  }
}
