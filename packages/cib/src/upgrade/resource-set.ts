import { attr, idOf, isComment, withChildren, type XmlElement } from '@quorate/xml'
import { type Fate, type Fates, metaFates, parameterFates } from './old-names.ts'
import type { Note } from './options.ts'
import { hasRule, itemsOf, pairName, renamed, type SetItem } from './pair-set.ts'

/**
 * A set of a primitive's or template's own under the names of today. Comments stay where they are and are said again
 * before a pair that stays: odd, but all nodes have to come to the same document.
 */
export function upgradedResourceSet(set: XmlElement, resource: XmlElement, note: Note): XmlElement {
  const items = new Map(itemsOf(set).map((item) => [item.node, item]))
  const children: XmlElement[] = []
  const isConditional = hasRule(set)
  let isFollowing = isConditional && isReplacedLater(set, resource)
  for (const node of set.children) {
    const item = items.get(node)
    if (isComment(node) || item === undefined) children.push(node)
    else if (node.name !== 'nvpair') children.push(node)
    else {
      const kept =
        set.name === 'meta_attributes' ? keptMeta(item, set, idOf(resource), note) : keptParameter(item, note)
      if (kept === undefined || (isFollowing && !kept.mayFollow)) continue
      children.push(...item.comments, kept.item.node)
      if (!isConditional) isFollowing = true
    }
  }
  return withChildren(set, children)
}

/** Whether an unconditional set that comes later in the resource has an option for which another stands in. */
function isReplacedLater(set: XmlElement, resource: XmlElement): boolean {
  return resource.children
    .slice(resource.children.indexOf(set) + 1)
    .filter((other) => other.name === 'meta_attributes' && !hasRule(other))
    .some((other) => itemsOf(other).some((item) => fateIn(metaFates, pairName(item) ?? '')?.kind === 'renamed'))
}

/** Whether an upgrade leaves a set of a resource out: all that it says is dropped. */
export function isLeftOut(set: XmlElement): boolean {
  const isSilent = itemsOf(set).every((item) => item.node.name !== 'nvpair' || isDropped(item, set))
  return isSilent && (hasRule(set) || !set.children.some(isComment))
}

function isDropped(item: SetItem, set: XmlElement): boolean {
  const name = pairName(item) ?? ''
  if (set.name === 'meta_attributes') return fateIn(metaFates, name)?.kind === 'dropped'
  return fateIn(parameterFates, name)?.kind === 'dropped' && portArgument(item, name) === undefined
}

/**
 * A pair that stays. One that stands in for another option does so only where no other stays before it, or where the set
 * has a condition.
 */
type Kept = { readonly item: SetItem; readonly mayFollow: boolean }

function fateIn(fates: Fates, name: string): Fate | undefined {
  return Object.hasOwn(fates, name) ? fates[name] : undefined
}

function keptMeta(item: SetItem, set: XmlElement, resource: string, note: Note): Kept | undefined {
  const name = pairName(item) ?? ''
  const fate = fateIn(metaFates, name)
  const place = 'Resource meta_attributes'
  if (fate?.kind === 'dropped') {
    note(`INFO: ${place}: ${resource} (meta=${idOf(set)}): dropping ${name}`)
    note(`INFO: ${place}: ... ${fate.hint}`)
    return undefined
  }
  if (fate?.kind !== 'renamed') return { item, mayFollow: true }
  note(`WARNING: ${place}: ${resource} (meta=${idOf(set)}): renaming ${name} as ${fate.to}, redefined as ${fate.value}`)
  note(`WARNING: ${place}: ... ${fate.hint}`)
  return { item: renamed(item, fate.to, fate.value), mayFollow: false }
}

function keptParameter(item: SetItem, note: Note): Kept | undefined {
  const name = pairName(item) ?? ''
  const at = `DEBUG: Resource instance_attributes: ${idOf(item.node)}`
  const port = portArgument(item, name)
  if (port !== undefined) {
    const why = 'for matching port: prefix that will, meanwhile, get dropped'
    note(`${at}: renaming ${name} as pcmk_host_argument ${why}`)
    return { item: renamed(item, 'pcmk_host_argument', port), mayFollow: true }
  }
  const fate = fateIn(parameterFates, name)
  if (fate?.kind === 'dropped') {
    note(`${at}: dropping ${name}`)
    return undefined
  }
  if (fate?.kind !== 'renamed') return { item, mayFollow: true }
  note(`${at}: renaming ${name} as ${fate.to}`)
  return { item: renamed(item, fate.to), mayFollow: true }
}

/** What a map of arguments says of the port, which is what of it is still in use. */
function portArgument(item: SetItem, name: string): string | undefined {
  const map = attr(item.node, 'value')
  return name === 'pcmk_arg_map' && map?.startsWith('port:') ? map.slice('port:'.length) : undefined
}
