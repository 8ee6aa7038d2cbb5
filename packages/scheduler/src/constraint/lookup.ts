import { attr, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import { configError, configWarning, deadReference } from '../model/log.ts'
import { type Cluster, type Resource, variant } from '../model/model.ts'
import { findResource, top } from '../model/tree.ts'
import { sameText } from '../scalar.ts'
import { references } from '../unpack/name-values.ts'

/** The resource that a constraint names: one found by the name of its history stands for its clone. */
export function constraintResource(cluster: Cluster, id: string | undefined): Resource | undefined {
  const found = id === undefined ? undefined : findResource(cluster, id)
  return found === undefined || sameText(found.id, id) ? found : top(found)
}

/** The same with a (deprecated) instance number. */
export function constraintInstance(
  cluster: Cluster,
  id: string | undefined,
  instance: string | undefined,
): Resource | undefined {
  const found = constraintResource(cluster, id)
  if (found === undefined || instance === undefined) return found
  if (found.variant !== variant.clone) return undefined
  return found.children.find((item) => item.id === `${item.xmlId}:${instance}`)
}

/** Members behind the name of a template or tag; undefined for other names. */
function membersOf(cluster: Cluster, name: string): readonly string[] | undefined {
  const found = cluster.templates.get(name) ?? cluster.tags.get(name)
  return found === undefined || found.length === 0 ? undefined : found
}

/** True for a name that constraints can use. */
export function isKnown(cluster: Cluster, name: string): boolean {
  return constraintResource(cluster, name) !== undefined || membersOf(cluster, name) !== undefined
}

/** How many names the sets of a constraint may come to when templates and tags are replaced: tags can be in each other. */
export const setNamesMax = 100_000

/**
 * The constraint with templates and tags in its resource sets replaced by their members; the same element where there are
 * none, or (with an error logged) where a reference is not valid.
 */
export function expandSets(cluster: Cluster, constraint: XmlElement): XmlElement {
  let changed = false
  let unknown: string | undefined
  let names = 0
  // Members may be templates and tags in turn. Those that are among their own members go no further.
  const expanded = (ref: XmlElement, through: readonly string[]): readonly XmlElement[] => {
    const name = idOf(ref)
    names += 1
    if (names > setNamesMax) unknown ??= name
    if (unknown !== undefined) return [ref]
    if (ref.name !== 'resource_ref' || constraintResource(cluster, name) !== undefined) return [ref]
    const members = through.includes(name) ? undefined : membersOf(cluster, name)
    if (members === undefined) {
      unknown ??= name
      return [ref]
    }
    changed = true
    return members.flatMap((id) => expanded(element('resource_ref', { id }), [...through, name]))
  }
  const children = constraint.children.map((set) => {
    if (set.name !== 'resource_set') return set
    const refs = set.children.flatMap((ref) => expanded(ref, []))
    return refs.length === set.children.length && refs.every((ref, i) => ref === set.children[i])
      ? set
      : withChildren(set, refs)
  })
  if (unknown !== undefined) {
    const text = `Ignoring resource sets for constraint '${idOf(constraint)}' because '${unknown}' is not a valid resource or tag`
    warnOfUnknownName(cluster, unknown)
    configError(cluster, 'pcmk__expand_tags_in_sets', text)
    return constraint
  }
  return changed ? withChildren(constraint, children) : constraint
}

/** How one side of a constraint becomes a set. */
export type SideToSet = {
  /** Attribute that names the resource, and the one that goes to the set with it. */
  readonly attribute: string
  readonly moved: string
  readonly movedAs: string
  /** Also where the side is a plain resource. */
  readonly always: boolean
}

/** Turns a side of a constraint into a resource set; undefined where the name is not valid. */
export function sideToSet(cluster: Cluster, constraint: XmlElement, side: SideToSet): XmlElement | undefined {
  const name = attr(constraint, side.attribute)
  if (name === undefined) return constraint
  const isPlain = constraintResource(cluster, name) !== undefined
  const members = isPlain ? [name] : membersOf(cluster, name)
  if (members === undefined) return undefined
  if (isPlain && !side.always) return constraint
  const set = element(
    'resource_set',
    {
      id: name,
      sequential: isPlain ? undefined : 'false',
      [side.movedAs]: attr(constraint, side.moved),
    },
    members.map((id) => element('resource_ref', { id })),
  )
  const bare = withAttributes(constraint, { [side.attribute]: undefined, [side.moved]: undefined })
  return withChildren(bare, [...bare.children, set])
}

/** True where the name is that of a template or tag and of no resource. */
export function isTemplateOrTag(cluster: Cluster, name: string | undefined): boolean {
  return name !== undefined && constraintResource(cluster, name) === undefined && membersOf(cluster, name) !== undefined
}

/** Reports a constraint that cannot be used. */
export function refuse(cluster: Cluster, constraint: XmlElement, why: string, source: string): void {
  configError(cluster, source, `Ignoring constraint '${idOf(constraint)}' because ${why}`)
}

/** Reports a constraint that names something which does not exist. */
export function refuseName(cluster: Cluster, constraint: XmlElement, name: string, source: string): undefined {
  warnOfUnknownName(cluster, name)
  refuse(cluster, constraint, `'${name}' is not a valid resource or tag`, source)
}

function warnOfUnknownName(cluster: Cluster, name: string): void {
  const used = cluster.templates.has(name) || (cluster.tags.get(name)?.length ?? 0) > 0
  if (!used) configWarning(cluster, 'find_constraint_tag', `No template or tag named '${name}'`)
}

/**
 * The resource sets of a constraint one after another. As with Pacemaker, what comes after a reference is what stands after
 * the set that it leads to, be that another constraint's. Ends with a reference to nothing, which is told, and with a set
 * that has been there before, on which Pacemaker would go round for ever.
 */
export function* resolvedSets(cluster: Cluster, sets: readonly XmlElement[]): Generator<XmlElement> {
  const seen = new Set<XmlElement>()
  let [left, at] = [sets, 0]
  for (let item = left[at]; item !== undefined; item = left[at]) {
    const set = references(cluster).resolve(item)
    if (set === undefined) return deadReference(cluster, item)
    if (seen.has(set)) return
    seen.add(set)
    yield set
    if (set === item) at += 1
    else [left, at] = [references(cluster).following(set), 0]
  }
}
