import { attr, child, type XmlElement } from '@quorate/xml'

/** A primitive of a configuration as histories have to know it. */
export type ListedLeaf = {
  /** Id under which histories keep it: with the number of an instance where instances differ. */
  readonly id: string
  readonly class: string
  readonly provider: string | undefined
  readonly type: string
  readonly promotable: boolean
  readonly instances: number
  /** Intervals of its monitors in milliseconds, as configured. */
  readonly monitors: readonly number[]
}

const kinds = new Set(['primitive', 'group', 'clone'])

function metaOf(of: XmlElement, name: string): string | undefined {
  const pairs = of.children.filter((item) => item.name === 'meta_attributes').flatMap((set) => set.children)
  const found = pairs.find((pair) => attr(pair, 'name') === name)
  return found === undefined ? undefined : attr(found, 'value')
}

type Above = { readonly promotable: boolean; readonly unique: boolean; readonly instances: number }

function leavesBelow(of: XmlElement, above: Above): readonly ListedLeaf[] {
  if (of.name !== 'primitive') {
    const max = Number(metaOf(of, 'clone-max') ?? '3')
    const here =
      of.name === 'clone'
        ? {
            promotable: metaOf(of, 'promotable') === 'true',
            unique: metaOf(of, 'globally-unique') === 'true',
            instances: max,
          }
        : above
    return of.children.filter((item) => kinds.has(item.name)).flatMap((item) => leavesBelow(item, here))
  }
  const operations = child(of, 'operations')?.children ?? []
  const monitors = operations
    .filter((item) => attr(item, 'name') === 'monitor')
    .map((item) => Number.parseInt(attr(item, 'interval') ?? '0', 10) * 1000)
  const leaf = {
    id: attr(of, 'id') ?? '',
    class: attr(of, 'class') ?? 'ocf',
    provider: attr(of, 'provider'),
    type: attr(of, 'type') ?? 'Dummy',
    promotable: above.promotable,
    instances: above.instances,
    monitors,
  }
  if (!above.unique) return [leaf]
  return Array.from({ length: Math.max(1, above.instances) }, (_, i) => ({ ...leaf, id: `${leaf.id}:${i}` }))
}

/** Primitives of a configuration, alone, in groups and in clones; connections and what bundles hold are left out. */
export function listLeaves(configuration: XmlElement): readonly ListedLeaf[] {
  const none = { promotable: false, unique: false, instances: 0 }
  return (child(configuration, 'resources')?.children ?? [])
    .filter((item) => kinds.has(item.name))
    .flatMap((item) => leavesBelow(item, none))
    .filter((leaf) => leaf.type !== 'remote')
}
