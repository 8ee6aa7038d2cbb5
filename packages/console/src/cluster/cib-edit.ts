import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'

/** What becomes of an element. */
type Change = (at: XmlElement) => XmlElement

/** The document with the element of that path changed; what is missing on the way is made, where the change makes anything. */
function atPath(of: XmlElement, [name, ...rest]: readonly string[], change: Change): XmlElement {
  if (name === undefined) return change(of)
  const known = child(of, name)
  const before = known ?? element(name)
  const made = atPath(before, rest, change)
  if (made === before) return of
  return withChildren(
    of,
    known === undefined ? [...of.children, made] : of.children.map((item) => (item === known ? made : item)),
  )
}

/** A CIB with constraints added; those of the same ids are replaced. */
export function withConstraints(cib: XmlElement, added: readonly XmlElement[]): XmlElement {
  if (added.length === 0) return cib
  const ids = new Set(added.map(idOf))
  return atPath(cib, ['configuration', 'constraints'], (section) =>
    withChildren(section, [...section.children.filter((item) => !ids.has(attr(item, 'id') ?? '')), ...added]),
  )
}

/** A CIB without the constraints of some ids. */
export function withoutConstraints(cib: XmlElement, ids: ReadonlySet<string>): XmlElement {
  return atPath(cib, ['configuration', 'constraints'], (section) => {
    const kept = section.children.filter((item) => !ids.has(attr(item, 'id') ?? ''))
    return kept.length === section.children.length ? section : withChildren(section, kept)
  })
}

/** Ids made of names of attributes have no `:` and `#`, as those that the tools make. */
function nvpairId(setId: string, name: string): string {
  return `${setId}-${name}`.replaceAll(/[:#]/g, '.')
}

/** A set that counts always, and is written here and not elsewhere. */
function isPlain(set: XmlElement): boolean {
  return attr(set, 'id-ref') === undefined && set.children.every((item) => item.name !== 'rule')
}

/**
 * An element with a value in its sets of a kind: changed wherever it has it, else put into the first plain set, or a new
 * one with the id that the tools give it.
 */
function withValue(of: XmlElement, setName: string, setId: string, name: string, value: string): XmlElement {
  const isPair = (item: XmlElement): boolean => item.name === 'nvpair' && attr(item, 'name') === name
  const sets = of.children.filter((item) => item.name === setName)
  if (sets.some((set) => set.children.some(isPair))) {
    const changed = (item: XmlElement): XmlElement =>
      isPair(item) && attr(item, 'value') !== value ? withAttributes(item, { value }) : item
    return withSets(of, setName, (set) => mapped(set, changed))
  }
  const plain = sets.find(isPlain)
  const id = plain === undefined ? setId : (attr(plain, 'id') ?? setId)
  const pair = element('nvpair', { id: nvpairId(id, name), name, value })
  if (plain === undefined) return withChildren(of, [...of.children, element(setName, { id: setId }, [pair])])
  return withSets(of, setName, (set) => (set === plain ? withChildren(set, [...set.children, pair]) : set))
}

/** An element without a value in its sets of a kind; a set that is empty then stays, as the tools leave it. */
function withoutValue(of: XmlElement, setName: string, name: string): XmlElement {
  return withSets(of, setName, (set) => {
    const kept = set.children.filter((item) => item.name !== 'nvpair' || attr(item, 'name') !== name)
    return kept.length === set.children.length ? set : withChildren(set, kept)
  })
}

function withSets(of: XmlElement, setName: string, change: Change): XmlElement {
  return mapped(of, (item) => (item.name === setName ? change(item) : item))
}

/** The same element where none of its children changes. */
function mapped(of: XmlElement, change: Change): XmlElement {
  const children = of.children.map(change)
  return children.every((item, i) => item === of.children[i]) ? of : withChildren(of, children)
}

const collectives: ReadonlySet<string> = new Set(['group', 'clone', 'master', 'bundle'])

/**
 * Ids of the configured elements whose meta-attributes say what is to become of a resource: its own, unless it is what a
 * clone copies: then the clone's, and its own where it has that attribute itself, as `crm_resource --meta` does it.
 */
export function metaOwners(cib: XmlElement, id: string, name: string): readonly string[] {
  const owners: string[] = []
  const walk = (of: XmlElement, parent: XmlElement | undefined): void => {
    for (const item of of.children) {
      if (attr(item, 'id') === id && (item.name === 'primitive' || collectives.has(item.name))) {
        const isCopied = parent !== undefined && (parent.name === 'clone' || parent.name === 'master')
        const hasOwn = item.children.some(
          (set) => set.name === 'meta_attributes' && set.children.some((pair) => attr(pair, 'name') === name),
        )
        if (isCopied) owners.push(idOf(parent))
        if (!isCopied || hasOwn) owners.push(id)
      } else if (collectives.has(item.name)) walk(item, item)
    }
  }
  const configuration = child(cib, 'configuration')
  const resources = configuration && child(configuration, 'resources')
  if (resources !== undefined) walk(resources, undefined)
  return owners
}

/** A CIB with a meta-attribute of some configured elements set. */
export function withMeta(cib: XmlElement, ids: ReadonlySet<string>, name: string, value: string): XmlElement {
  const walk = (of: XmlElement): XmlElement =>
    mapped(of, (item) => {
      if (item.name !== 'primitive' && !collectives.has(item.name)) return item
      const made = collectives.has(item.name) ? walk(item) : item
      const id = attr(item, 'id') ?? ''
      return ids.has(id) ? withValue(made, 'meta_attributes', `${id}-meta_attributes`, name, value) : made
    })
  return atPath(cib, ['configuration', 'resources'], walk)
}

/** A node as the configuration names it. */
export type NamedNode = { readonly id: string; readonly uname: string; readonly isRemote: boolean }

/** A CIB with a permanent attribute of a node set, or without it. */
export function withNodeAttribute(
  cib: XmlElement,
  node: NamedNode,
  name: string,
  value: string | undefined,
): XmlElement {
  const isNode = (item: XmlElement): boolean => item.name === 'node' && attr(item, 'id') === node.id
  return atPath(cib, ['configuration', 'nodes'], (nodes) => {
    if (value === undefined) {
      return mapped(nodes, (item) => (isNode(item) ? withoutValue(item, 'instance_attributes', name) : item))
    }
    const type = node.isRemote ? 'remote' : undefined
    const made = element('node', { id: node.id, uname: node.uname, type })
    const all = nodes.children.some(isNode) ? nodes : withChildren(nodes, [...nodes.children, made])
    return mapped(all, (item) =>
      isNode(item) ? withValue(item, 'instance_attributes', `nodes-${node.id}`, name, value) : item,
    )
  })
}

/** A CIB without an attribute of a node that is set until it leaves; it outweighs the permanent one. */
export function withoutTransientAttribute(cib: XmlElement, nodeId: string, name: string): XmlElement {
  return atPath(cib, ['status'], (status) =>
    mapped(status, (state) =>
      state.name === 'node_state' && attr(state, 'id') === nodeId
        ? mapped(state, (part) =>
            part.name === 'transient_attributes' ? withoutValue(part, 'instance_attributes', name) : part,
          )
        : state,
    ),
  )
}

/** A CIB with the state of a ticket changed. */
export function withTicket(cib: XmlElement, id: string, attributes: Readonly<Record<string, string>>): XmlElement {
  return atPath(cib, ['status', 'tickets'], (tickets) => {
    const known = tickets.children.find((item) => item.name === 'ticket_state' && attr(item, 'id') === id)
    if (known === undefined)
      return withChildren(tickets, [...tickets.children, element('ticket_state', { id, ...attributes })])
    return mapped(tickets, (item) => (item === known ? withAttributes(item, attributes) : item))
  })
}
