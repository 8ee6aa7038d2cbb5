import { attr, child, childrenNamed, idOf, type XmlElement } from '@quorate/xml'

/** A node of the configuration. Nodes that are resources have their name as id. */
export type ConfiguredNode = {
  readonly type: 'cluster' | 'guest' | 'remote'
  readonly name: string
  readonly id: string
}

/**
 * Nodes that a configuration has: cluster nodes in its order, then guests, then remote nodes. Remote ones are resources of
 * their kind; what the list of nodes says of them is only where they have been.
 */
export function configuredNodes(cib: XmlElement): readonly ConfiguredNode[] {
  const configuration = child(cib, 'configuration')
  const nodes = configuration && child(configuration, 'nodes')
  const members = (nodes === undefined ? [] : childrenNamed(nodes, 'node')).filter(
    (node) => (attr(node, 'type') ?? 'member') === 'member',
  )
  const primitives = [...within(configuration && child(configuration, 'resources'))].filter(
    ({ name }) => name === 'primitive',
  )
  const guests = primitives.flatMap((primitive) =>
    childrenNamed(primitive, 'meta_attributes').flatMap((set) =>
      childrenNamed(set, 'nvpair').flatMap((pair) =>
        attr(pair, 'name') === 'remote-node' ? [attr(pair, 'value')] : [],
      ),
    ),
  )
  const remotes = primitives.filter((item) => attr(item, 'type') === 'remote' && attr(item, 'provider') === 'pacemaker')
  const named = (type: 'guest' | 'remote', name: string): ConfiguredNode => ({ type, name, id: name })
  return [
    ...members.map((node) => ({ type: 'cluster' as const, name: attr(node, 'uname') ?? '', id: idOf(node) ?? '' })),
    ...guests.flatMap((name) => (name === undefined ? [] : [named('guest', name)])),
    ...remotes.map((primitive) => named('remote', idOf(primitive) ?? '')),
  ]
}

/** Every element below one, in the order of the document. */
function* within(element: XmlElement | undefined): Generator<XmlElement> {
  for (const item of element?.children ?? []) {
    yield item
    yield* within(item)
  }
}
