import { type Cluster, type ClusterNode, nodeText, role, type StatusItem } from '@quorate/scheduler'
import type { View, Wanted } from './view.ts'

/** A constraint that keeps a resource off a node. */
export type Ban = {
  readonly id: string
  readonly resource: string
  readonly node: ClusterNode
  readonly score: number
  readonly isPromotedOnly: boolean
}

/** Location constraints with a negative score, rules included, in the order of the configuration. The cluster's constraints have been read. */
export function bansOf(cluster: Cluster, view: View, wanted: Wanted): readonly Ban[] {
  const out: Ban[] = []
  for (const record of cluster.locations) {
    if (!record.id.startsWith(view.shown.banPrefix) || !wanted.resourceId(record.resource.id)) continue
    for (const [node, score] of record.scores) {
      if (score >= 0) continue
      const { id, resource } = record
      const isPromotedOnly = record.role === role.promoted
      out.push({ id, resource: resource.id, node, score, isPromotedOnly })
    }
  }
  return out
}

/** Lines of the bans. */
export function banItems(cluster: Cluster, view: View, wanted: Wanted): readonly StatusItem[] {
  return bansOf(cluster, view, wanted).map((ban) => {
    const where = nodeText(ban.node, view)
    const what = ban.isPromotedOnly ? 'running in Promoted role' : 'running'
    return { text: `${ban.id}\tprevents ${ban.resource} from ${what} on ${where}` }
  })
}
