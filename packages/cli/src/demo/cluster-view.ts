import { type ClusterStatus, isDisabled, type Resource, unpackStatus } from '@quorate/scheduler'
import { parseXml } from '@quorate/xml'
import type { DemoCluster } from './demo-cluster.ts'
import { isOn } from './demo-node.ts'

/** The cluster as a node that is on and reachable sees it, or undefined while none answers. */
export async function clusterSeenFrom(
  cluster: DemoCluster,
  names: readonly string[],
): Promise<ClusterStatus | undefined> {
  for (const name of names) {
    const node = cluster.node(name)
    if (!isOn(node)) continue
    const { code, output } = await cluster.run(node, ['cibadmin', '--query', '--local'])
    const cib = code === 0 ? parseXml(output) : undefined
    if (cib?.ok) return unpackStatus(cib.value, { nowSeconds: Math.floor(Date.now() / 1000) })
  }
  return undefined
}

/** Name of the DC, or undefined while there is none. */
export function dcOf(status: ClusterStatus): string | undefined {
  return status.nodes.find((node) => node.isDc && node.online)?.uname
}

/** Names of the nodes that are online. */
export function onlineOf(status: ClusterStatus): readonly string[] {
  return status.nodes.filter((node) => node.online).map((node) => node.uname)
}

/** Whether there is a DC and everything that can run runs: single resources once, clones on every node that is online. */
export function isSettled(status: ClusterStatus): boolean {
  if (dcOf(status) === undefined || status.resources.length === 0) return false
  return status.resources.every((resource) => isDisabled(resource) || runsInFull(resource, onlineOf(status).length))
}

/** The node on which a resource runs. */
export function nodeOf(status: ClusterStatus, id: string): string | undefined {
  return status.resources.find((resource) => resource.id === id)?.runningOn[0]?.uname
}

function runsInFull(resource: Resource, onlineCount: number): boolean {
  if (resource.clone !== undefined) {
    const running = resource.children.filter((instance) => instance.runningOn.length === 1)
    return running.length >= Math.min(resource.clone.max, onlineCount)
  }
  if (resource.children.length > 0) return resource.children.every((member) => runsInFull(member, onlineCount))
  return resource.runningOn.length === 1
}
