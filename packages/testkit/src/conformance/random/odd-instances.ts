import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { replaceChild } from './rewrite.ts'
import { withPairs } from './settings.ts'

const instances = ['0', '0', '1', '1', '2', '7', '-1', 'x', '', '01']

/** Attributes that name resources, each with the one that names an instance of what it names. */
const sides: Readonly<Record<string, readonly (readonly [resource: string, instance: string])[]>> = {
  rsc_colocation: [
    ['rsc', 'rsc-instance'],
    ['with-rsc', 'with-rsc-instance'],
  ],
  rsc_order: [
    ['first', 'first-instance'],
    ['then', 'then-instance'],
  ],
  rsc_ticket: [['rsc', 'rsc-instance']],
}

/** Lets a constraint name instances, of a clone where there is one. */
function ofInstances(chance: Chance, constraint: XmlElement, clones: readonly string[]): XmlElement {
  let now = constraint
  for (const [side, instance] of sides[constraint.name] ?? []) {
    if (attr(now, side) === undefined || !chance.yes(60)) continue
    now = withAttributes(now, { [instance]: chance.pick(instances) })
    // What is ordered with itself makes the real program abort.
    const isOther = (id: string): boolean => !(sides[constraint.name] ?? []).some(([name]) => attr(now, name) === id)
    const others = clones.filter(isOther)
    if (others.length > 0 && chance.yes(75)) now = withAttributes(now, { [side]: chance.pick(others) })
  }
  return now
}

function fresh(chance: Chance, id: string, clone: string, ids: readonly string[]): XmlElement {
  const other = chance.pick(ids)
  const instance = chance.pick(instances)
  if (chance.yes(50) || other === clone) {
    const score = chance.pick(['INFINITY', '-INFINITY', '30', '-30'])
    const [rsc, withRsc] = chance.yes(50) ? [clone, other] : [other, clone]
    const of = rsc === clone ? 'rsc-instance' : 'with-rsc-instance'
    return element('rsc_colocation', { id, rsc, 'with-rsc': withRsc, score, [of]: instance })
  }
  const kind = chance.maybe(50, ['Mandatory', 'Optional', 'Serialize'])
  const isFirst = chance.yes(50)
  const pair = Object.fromEntries([
    ['first', isFirst ? clone : other],
    ['then', isFirst ? other : clone],
  ])
  return element('rsc_order', { id, ...pair, kind, [isFirst ? 'first-instance' : 'then-instance']: instance })
}

/** A place that depends on the name of the cluster or of the site, both of which rules know by names of their own. */
function byName(chance: Chance, id: string, ids: readonly string[]): XmlElement {
  const expression = element('expression', {
    id: `${id}-e`,
    attribute: chance.pick(['#cluster-name', '#site-name', '#cluster-uuid']),
    operation: chance.pick(['eq', 'ne', 'defined', 'not_defined', 'lt']),
    value: chance.maybe(25, ['one', 'here', 'ONE', '']),
    type: chance.maybe(70, ['string', 'number', 'version']),
  })
  const rule = element('rule', { id: `${id}-r`, score: chance.pick(['INFINITY', '-INFINITY', '5', '-5']) }, [
    expression,
  ])
  return element('rsc_location', { id, rsc: chance.pick(ids) }, [rule])
}

const aliases = ['no_quorum_policy', 'stonith_enabled', 'symmetric_cluster', 'default-resource-stickiness']

/** Instances in constraints, names that rules know by themselves, options that are none, and sections of no concern. */
export function withInstances(chance: Chance, cib: XmlElement): XmlElement {
  const list = child(child(cib, 'configuration') ?? cib, 'resources')?.children ?? []
  const ids = list.filter(({ name }) => name !== 'template').map(idOf)
  if (ids.length === 0) return cib
  const clones = list.filter(({ name }) => name === 'clone' || name === 'master').map(idOf)
  const changed = replaceChild(cib, 'configuration', (configuration) => {
    const constrained = replaceChild(configuration, 'constraints', (constraints) => {
      const kept = constraints.children.map((item) => ofInstances(chance, item, clones))
      const made = clones.flatMap((clone, i) => (chance.yes(60) ? [fresh(chance, `i${i + 1}`, clone, ids)] : []))
      const named = chance.yes(40) ? [byName(chance, 'by-name', ids)] : []
      return withChildren(constraints, [...kept, ...made, ...named])
    })
    const named = replaceChild(constrained, 'crm_config', (config) =>
      withPairs(config, 'cluster_property_set', {
        'cluster-name': chance.maybe(40, ['one', 'ONE', '']),
        [chance.pick(aliases)]: chance.pick(['false', 'freeze', '100']),
      }),
    )
    const alerts = element('alerts', {}, [element('alert', { id: 'alert', path: '/bin/true' })])
    const acls = element('acls', {}, [element('acl_role', { id: 'role' })])
    return withChildren(named, [...named.children, ...(chance.yes(30) ? [alerts, acls] : [])])
  })
  return withAttributes(changed, {
    'no-quorum-panic': chance.maybe(70, ['1', '0', 'true', 'x']),
    'cib-last-written': chance.maybe(60, ['Tue Nov 14 22:13:20 2023']),
    'have-quorum': chance.yes(85) ? attr(cib, 'have-quorum') : chance.maybe(30, ['true', 'false', 'yes', '2', '']),
  })
}
