import { type Cluster, nodeText, type StatusItem } from '@quorate/scheduler'
import { attr, child, childrenNamed, type XmlElement } from '@quorate/xml'
import type { View, Wanted } from './view.ts'

/** A constraint that keeps a resource off a node. */
export type Ban = {
  readonly id: string
  readonly resource: string
  readonly node: string
  readonly score: string
  readonly isPromotedOnly: boolean
}

/** Location constraints of a resource and a node with a negative score, in the order of the configuration. */
export function bansOf(cluster: Cluster, view: View, wanted: Wanted): readonly Ban[] {
  const configuration = child(cluster.cib, 'configuration')
  const constraints = configuration && child(configuration, 'constraints')
  const out: Ban[] = []
  for (const item of constraints === undefined ? [] : childrenNamed(constraints, 'rsc_location')) {
    const ban = banOf(item)
    if (ban === undefined || !ban.id.startsWith(view.shown.banPrefix)) continue
    const node = cluster.nodeByName.get(ban.node)
    if (node !== undefined && wanted.node(node) && wanted.resourceId(ban.resource)) out.push(ban)
  }
  return out
}

function banOf(item: XmlElement): Ban | undefined {
  const [id, resource, node, score] = ['id', 'rsc', 'node', 'score'].map((name) => attr(item, name))
  if (id === undefined || resource === undefined || node === undefined || score?.startsWith('-') !== true)
    return undefined
  const role = attr(item, 'role')?.toLowerCase()
  return { id, resource, node, score, isPromotedOnly: role === 'promoted' || role === 'master' }
}

/** Lines of the bans. */
export function banItems(cluster: Cluster, view: View, wanted: Wanted): readonly StatusItem[] {
  return bansOf(cluster, view, wanted).map((ban) => {
    const node = cluster.nodeByName.get(ban.node)
    const where = node === undefined ? ban.node : nodeText(node, view)
    const what = ban.isPromotedOnly ? 'becoming promoted' : 'running'
    return { text: `${ban.id}\tprevents ${ban.resource} from ${what} on ${where}` }
  })
}
