import type { Chance } from './chance.ts'

/** Features of clusters whose nodes are all members: {@link parseFeatures} calls them `plain`. */
const plainFeatures = [
  ...(['option', 'meta', 'state', 'failure', 'migration', 'constraint', 'fencing', 'parameter'] as const),
  ...(['large', 'name'] as const),
] as const

/** What random clusters can have beside primitives, groups, clones and plain constraints. */
export const randomFeatures = [
  ...(['bundle', 'remote', 'guest', 'template', 'tag', 'rule', 'time'] as const),
  ...plainFeatures,
] as const

/** What few configurations have, each under a name of its own: `all` is without them, so that its seeds stay what they were. */
export const oddFeatures = [
  ...(['agent', 'value', 'operation', 'old', 'reference', 'container', 'unfencing', 'date'] as const),
  'odd-constraint',
] as const

/** What comes of clusters that change: `every` is without them, so that its seeds stay what they were. */
export const changeFeatures = ['reconfigured', 'inner', 'comment'] as const

/** What comes of clusters that have run for a while: `whole` is without them, so that its seeds stay what they were. */
export const courseFeatures = ['course'] as const

/** What is beyond small clusters that a tool would write: `full` is without it, so that its seeds stay what they were. */
export const strangeFeatures = ['namesake', 'huge', 'instance', 'text'] as const

/** Every feature there is but those of {@link changeFeatures}, {@link courseFeatures} and {@link strangeFeatures}. */
export const everyFeature = [...randomFeatures, ...oddFeatures] as const
const wholeFeatures = [...everyFeature, ...changeFeatures] as const
const fullFeatures = [...wholeFeatures, ...courseFeatures] as const
const knownFeatures = [...fullFeatures, ...strangeFeatures] as const
export type RandomFeature = (typeof knownFeatures)[number]

/** In how many of a hundred clusters a feature that is asked for shows: low enough that a cluster mixes a few. */
const sharePercent: Readonly<Record<RandomFeature, number>> = {
  bundle: 40,
  remote: 40,
  guest: 35,
  template: 25,
  tag: 25,
  rule: 40,
  time: 30,
  option: 35,
  meta: 40,
  state: 35,
  failure: 40,
  migration: 35,
  constraint: 40,
  fencing: 20,
  parameter: 25,
  large: 15,
  name: 20,
  agent: 30,
  value: 30,
  operation: 30,
  old: 25,
  reference: 25,
  container: 25,
  unfencing: 25,
  date: 25,
  'odd-constraint': 25,
  reconfigured: 60,
  inner: 40,
  comment: 30,
  course: 75,
  namesake: 60,
  huge: 20,
  instance: 40,
  text: 30,
}

/** Those of the features that one cluster gets. Without features no choice is made, so that old seeds stay what they were. */
export function mixOf(chance: Chance, offered: readonly RandomFeature[]): ReadonlySet<RandomFeature> {
  if (offered.length === 1) return new Set(offered)
  return new Set(offered.filter((feature) => chance.yes(sharePercent[feature])))
}

/**
 * Reads a list like `bundle,remote`; `none` is none, `plain` those without other kinds of nodes, templates, tags, rules and
 * times, `all` these too, `odd` what few configurations have, `every` all of these, `whole` those of clusters that change as
 * well, `full` those of clusters that have run for a while, and `total` all that there are.
 *
 * @throws RangeError naming the word that is no feature
 */
export function parseFeatures(text: string): readonly RandomFeature[] {
  if (text === 'all') return randomFeatures
  if (text === 'odd') return oddFeatures
  if (text === 'every') return everyFeature
  if (text === 'whole') return wholeFeatures
  if (text === 'full') return fullFeatures
  if (text === 'total') return knownFeatures
  if (text === 'plain') return plainFeatures
  if (text === 'none') return []
  return text.split(',').map((word) => {
    const feature = knownFeatures.find((name) => name === word)
    if (feature === undefined) {
      throw new RangeError(
        `--features: "${word}" is none of ${knownFeatures.join(', ')}, plain, all, odd, every, whole, full, total, none`,
      )
    }
    return feature
  })
}
