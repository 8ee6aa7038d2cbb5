import { attr, idOf, type XmlElement } from '@quorate/xml'
import type { Cluster, ClusterNode, LocationRecord, Resource } from '../model/model.ts'
import { discovery } from '../model/node-table.ts'
import { top } from '../model/tree.ts'
import { sectionOf } from '../unpack/section.ts'
import type { Decision } from './decision.ts'
import { ruleText } from './rule-text.ts'
import { attributeSetting, constraintSettings, optionSetting } from './setting.ts'
import { supposedPrefix } from './supposition.ts'
import type { Told } from './told-reason.ts'

/** What a location constraint, or the health of a node, makes of the score of a resource on it. */
export function locationReason(
  { cluster, constraints }: Decision,
  resource: Resource,
  node: ClusterNode,
  record: LocationRecord,
  gain: number,
): Told {
  const constraint = constraints.get(record.id)
  if (constraint === undefined) return healthReason(cluster, node, resource)
  const id = attr(constraint, 'id') ?? record.id
  const about = record.resource === resource ? '' : ` on ${record.resource.id}`
  const rule = id === record.id ? '' : ruleNote(constraint, record.id)
  const sets = constraint.children.some((item) => item.name === 'resource_set') ? ' (a set)' : ''
  const name = id.startsWith(supposedPrefix) ? 'the location constraint that is supposed' : `location constraint ${id}`
  const text = `${name}${rule}${about}${sets}${namedBy(cluster, constraint, 'rsc')}${leftBy(id)}`
  const scores = constraintSettings(cluster, constraint, 'score', record.id)
  const named = constraintSettings(cluster, constraint, 'score-attribute', record.id)
  const settings = [...scores, ...named]
  if (gain >= 0 || id.startsWith(supposedPrefix)) return { kind: 'location', constraint: id, text, settings }
  const isFromMove = id.startsWith('cli-')
  return {
    kind: 'location',
    constraint: id,
    text,
    settings,
    changes: [
      {
        text: isFromMove
          ? `crm_resource --clear --resource ${record.resource.xmlId}`
          : `constraint ${id} has to go or be raised`,
        suppose: { withoutConstraints: [id] },
      },
    ],
  }
}

/** Constraints of a resource, or of what it is part of, by which it is looked for on the nodes that they name alone. */
export function exclusiveText({ constraints }: Decision, resource: Resource): string {
  const ids = new Set<string>()
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    for (const record of at.locations) {
      const constraint = record.discovery === discovery.exclusive ? constraints.get(record.id) : undefined
      if (constraint !== undefined) ids.add(idOf(constraint))
    }
  }
  const names =
    ids.size === 0 ? 'a location constraint' : `location constraint${ids.size === 1 ? '' : 's'} ${[...ids].join(', ')}`
  return `${names} with resource-discovery=exclusive ${ids.size > 1 ? 'name' : 'names'} other nodes only`
}

/** The tag or template by which a constraint names a resource; nothing where it names the resource itself. */
function namedBy({ cib }: Cluster, constraint: XmlElement, name: string): string {
  const asked = attr(constraint, name)
  const pattern = attr(constraint, `${name}-pattern`)
  if (pattern !== undefined) return ` (${name}-pattern=${pattern})`
  if (asked === undefined) return ''
  for (const [section, kind] of [
    ['tags', 'tag'],
    ['resources', 'template'],
  ] as const) {
    const found = sectionOf(cib, section)?.children.some((item) => item.name === kind && idOf(item) === asked)
    if (found === true) return ` (${kind} ${asked})`
  }
  return ''
}

/** What a constraint was left by, as its id says. */
function leftBy(id: string): string {
  if (id.startsWith('cli-ban-')) return ', left by crm_resource --ban'
  return id.startsWith('cli-prefer-') ? ', left by crm_resource --move' : ''
}

/** Which rule of a constraint it is, and what it says. */
function ruleNote(constraint: XmlElement, id: string): string {
  const rule = constraint.children.find((item) => item.name === 'rule' && attr(item, 'id') === id)
  const text = rule === undefined ? '' : ruleText(rule)
  return `, rule ${id}${text === '' ? '' : ` (${text})`}`
}

function healthReason(cluster: Cluster, node: ClusterNode, resource: Resource): Told {
  const strategy = cluster.settings.healthStrategy
  const said = [...node.attributes].filter(([name]) => name.startsWith('#health'))
  const values = said.map(([name, value]) => `${name}=${value}`).join(', ')
  return {
    kind: 'health',
    text: `health of ${node.uname}${values === '' ? '' : `: ${values}`} (node-health-strategy=${strategy})`,
    settings: [
      optionSetting(cluster, 'node-health-strategy'),
      ...said.flatMap(([name]) => attributeSetting(cluster, node, name) ?? []),
    ],
    changes: [
      {
        text: `${node.uname} has to become healthy, or ${top(resource).id} to get allow-unhealthy-nodes=true`,
        suppose: { nodeAttributes: said.map(([name]) => ({ node: node.uname, name, value: 'green' })) },
      },
    ],
  }
}
