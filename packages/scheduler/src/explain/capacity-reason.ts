import type { ClusterNode, Resource } from '../model/model.ts'
import type { Told } from './told-reason.ts'

/** What a node had before anything was assigned to it. */
function capacityOf(node: ClusterNode, name: string): number {
  let all = node.utilization.get(name) ?? 0
  for (const resource of node.assigned) all += resource.utilization.get(name) ?? 0
  return all
}

/** How many resources are named that take capacity. */
const takersShown = 3

/** Who takes what of a capacity on a node. */
function takenText(node: ClusterNode, name: string): string {
  const takers = [...node.assigned].filter((item) => (item.utilization.get(name) ?? 0) > 0)
  if (takers.length === 0) return ''
  const shown = takers.slice(0, takersShown).map((item) => `${item.id} takes ${item.utilization.get(name)}`)
  const more = takers.length > takersShown ? `, ${takers.length - takersShown} others the rest` : ''
  return ` (${shown.join(', ')}${more} of ${capacityOf(node, name)})`
}

/** That a node has too little capacity left: what is lacking, and who takes it. */
export function capacityReason(
  resource: Resource,
  node: ClusterNode,
  needs: ReadonlyMap<string, number>,
  room: ReadonlyMap<string, number>,
): Told {
  const lacking = [...needs].filter(([name, value]) => value > (room.get(name) ?? 0))
  const text = lacking
    .map(([name, value]) => `${name}=${value} of ${room.get(name) ?? 0}${takenText(node, name)}`)
    .join(', ')
  const others = lacking.some(([name, value]) => value > (resource.utilization.get(name) ?? 0))
  const whose = others ? `${resource.id} and what is to be with it need` : `${resource.id} needs`
  return {
    kind: 'capacity',
    text: `too little capacity left on ${node.uname}: ${whose} ${text}`,
    changes: [
      {
        text: `more capacity on ${node.uname} (utilization), or less on it`,
        suppose: {
          utilization: lacking.map(([name, value]) => ({
            node: node.uname,
            name,
            value: String(capacityOf(node, name) + value - (room.get(name) ?? 0)),
          })),
        },
      },
    ],
  }
}
