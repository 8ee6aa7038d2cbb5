import { attr, child, childrenNamed, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { idsOf, replaceChild, rewrite, rewriteBelow } from './rewrite.ts'

const collectives = ['primitive', 'group', 'clone', 'bundle']

function otherCase(chance: Chance, name: string): string {
  return chance.pick([name.toUpperCase(), name.toLowerCase(), `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`])
}

/** Names that something else has: those of members, their ids, those of other nodes and of resources. */
function takenNames(configuration: XmlElement): readonly string[] {
  const members = child(configuration, 'nodes')?.children ?? []
  const resources = child(configuration, 'resources')
  const ids = resources === undefined ? [] : idsOf(resources, collectives)
  const inBundles = ids.filter((id) => /^b\d$/.test(id)).flatMap((id) => [`${id}-0`, `${id}-1`])
  return [...members.flatMap((node) => [attr(node, 'uname') ?? '', idOf(node)]), ...ids, ...inBundles]
}

/** Ids of connections to remote nodes, and names of guests. */
function connectionNames(resources: XmlElement): readonly string[] {
  const found: string[] = []
  rewrite(resources, (item) => {
    if (item.name === 'primitive' && attr(item, 'type') === 'remote') found.push(idOf(item))
    if (item.name === 'nvpair' && attr(item, 'name') === 'remote-node') found.push(attr(item, 'value') ?? '')
    return [item]
  })
  return found.filter((name) => name !== '')
}

/** Where names of nodes and connections stand, in the configuration or in what was recorded. */
const places = new Set(['id', 'uname', 'node', 'rsc', 'with-rsc', 'first', 'then', 'value', 'target', 'on_node'])
const recorded = new Set(['operation_key', 'migrate_source', 'migrate_target'])

/** Calls by another name what is called so; an element's own name of an attribute or option stays. */
function renamedIn(of: XmlElement, names: ReadonlyMap<string, string>): XmlElement {
  const nameOf = (text: string): string => {
    const known = names.get(text)
    if (known !== undefined) return known
    const old = [...names.keys()].find((name) => text.startsWith(`${name}_`))
    return old === undefined ? text : `${names.get(old) ?? ''}${text.slice(old.length)}`
  }
  return (
    rewrite(of, (item) => {
      const attributes = item.attributes.map((text, i) => {
        const name = item.attributes[i - 1] ?? ''
        return i % 2 === 1 && (places.has(name) || recorded.has(name)) ? nameOf(text) : text
      })
      return [{ ...item, attributes }]
    })[0] ?? of
  )
}

/** Members that are called like others but for case, or like their ids, or have an id that is a name of another; also where the status section speaks of them. */
function twinMembers(chance: Chance, cib: XmlElement): XmlElement {
  const members = childrenNamed(child(child(cib, 'configuration') ?? cib, 'nodes') ?? cib, 'node')
  if (members.length < 2) return cib
  const twin = chance.pick(members)
  const other = chance.pick(members.filter((item) => item !== twin))
  const [uname, id] = [attr(other, 'uname') ?? '', idOf(other)]
  const changes = chance.pick<Readonly<Record<string, string>>>([
    { uname: otherCase(chance, uname) },
    { uname: id },
    { id: uname },
  ])
  const isRecordedToo = chance.yes(70)
  return rewriteBelow(cib, (item) => {
    const isIt = idOf(item) === idOf(twin) && attr(item, 'uname') === attr(twin, 'uname')
    if (item.name === 'node' && isIt) return [withAttributes(item, changes)]
    if (item.name !== 'node_state' || !isIt || !isRecordedToo) return [item]
    return [withAttributes(item, changes)]
  })
}

/** States that are recorded twice, or under the id of one node and the name of another. */
function mixedStates(chance: Chance, cib: XmlElement): XmlElement {
  return replaceChild(cib, 'status', (status) => {
    const states = childrenNamed(status, 'node_state')
    if (states.length === 0) return status
    const one = chance.pick(states)
    const other = chance.pick(states)
    const name = attr(other, 'uname') ?? ''
    const mixed = chance.pick([
      withAttributes(one, { uname: name }),
      withAttributes(one, { id: idOf(other) }),
      element('node_state', { id: idOf(one), uname: name, remote_node: 'true' }, one.children),
      one,
    ])
    // A copy through and through, as a document has it.
    const copies = rewrite(mixed, (item) => [item])
    const children = chance.yes(50)
      ? [...status.children, ...copies]
      : status.children.flatMap((item) => (item === one ? copies : [item]))
    return withChildren(status, children)
  })
}

/** Nodes that are called like other nodes, like ids of nodes, or like resources. */
export function withNamesakes(chance: Chance, cib: XmlElement): XmlElement {
  const configuration = child(cib, 'configuration')
  const resources = configuration === undefined ? undefined : child(configuration, 'resources')
  if (configuration === undefined || resources === undefined) return cib
  const taken = takenNames(configuration)
  const names = new Map<string, string>()
  for (const name of connectionNames(resources)) {
    if (!chance.yes(75)) continue
    const chosen = chance.pick(taken)
    names.set(name, chance.yes(12) ? otherCase(chance, chosen) : chosen)
  }
  let now = cib
  if (names.size > 0) {
    now = chance.yes(70)
      ? renamedIn(now, names)
      : replaceChild(now, 'configuration', (item) => replaceChild(item, 'resources', (list) => renamedIn(list, names)))
  }
  if (chance.yes(names.size > 0 ? 15 : 60)) now = twinMembers(chance, now)
  if (chance.yes(20)) now = mixedStates(chance, now)
  return now
}
