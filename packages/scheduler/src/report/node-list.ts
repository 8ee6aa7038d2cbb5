import type { Cluster, ClusterNode } from '../model/model.ts'
import { containerOf, currentNode, isGuest, isRemote } from '../model/tree.ts'
import { parseScore } from '../score.ts'
import { bracketed, type StatusItem } from './status-item.ts'

/** How nodes are written. */
export type NodeTextOptions = {
  /** With ids, and hosts of guests: `n1 (1)`, `g@n1`. */
  readonly showsDetail?: boolean
}

/** How the list of nodes is written. */
export type NodeListOptions = NodeTextOptions & {
  /** What to add to a node's state where details are shown; every node then has a line of its own. */
  readonly detail?: (node: ClusterNode) => string
}

/** A node's name as displays write it. */
export function nodeText(node: ClusterNode, options: NodeTextOptions = {}): string {
  if (options.showsDetail !== true) return node.uname
  const where = isGuest(node) ? `${node.uname}@${hostOf(node)?.uname ?? ''}` : node.uname
  return node.id === node.uname ? where : `${where} (${node.id})`
}

/** The node that a guest is on. */
function hostOf(guest: ClusterNode): ClusterNode | undefined {
  const container = containerOf(guest)
  return container && currentNode(container)
}

/** What kind of node it is, as the word before its name. */
export function nodeKindText(node: ClusterNode): string {
  if (isGuest(node)) return 'GuestNode'
  return isRemote(node) ? 'RemoteNode' : 'Node'
}

/** State of a node in words. */
export function nodeStateText(cluster: Cluster, node: ClusterNode): string {
  const health = nodeHealth(cluster, node)
  const suffix = health === 'red' ? ' (health is RED)' : health === 'yellow' ? ' (health is YELLOW)' : ''
  return plainState(node) + suffix
}

function plainState(node: ClusterNode): string {
  if (node.unclean) {
    if (node.online) return 'UNCLEAN (online)'
    return node.pending ? 'UNCLEAN (pending)' : 'UNCLEAN (offline)'
  }
  if (node.pending) return 'pending'
  if (node.standbyOnFail && node.online) return 'standby (on-fail)'
  if (node.standby) {
    if (!node.online) return 'OFFLINE (standby)'
    return node.running.length > 0 ? 'standby (with active resources)' : 'standby'
  }
  if (node.maintenance) return node.online ? 'maintenance' : 'OFFLINE (maintenance)'
  return node.online ? 'online' : 'OFFLINE'
}

/**
 * The worst colour of the node's health attributes, where the cluster looks at them. Scores take the colour whose score
 * they do not exceed; that of yellow says nothing where green has the same.
 */
export function nodeHealth(cluster: Cluster, node: ClusterNode): 'red' | 'yellow' | undefined {
  const { healthStrategy, health } = cluster.settings
  if (healthStrategy === 'none') return undefined
  let worst: 'red' | 'yellow' | undefined
  for (const [name, value] of node.attributes) {
    if (!name.startsWith('#health')) continue
    const word = value.toLowerCase()
    const score = parseScore(value, health)
    if (word === 'red' || (word !== 'yellow' && score <= health.red)) return 'red'
    if (word === 'yellow' || (health.yellow !== health.green && score <= health.yellow)) worst = 'yellow'
  }
  return worst
}

/** Whether a node stands on a line of its own, rather than among all that are simply online or offline. */
function standsAlone(cluster: Cluster, node: ClusterNode): boolean {
  return (
    node.unclean ||
    node.pending ||
    (node.standbyOnFail && node.online) ||
    node.standby ||
    node.maintenance ||
    nodeHealth(cluster, node) !== undefined
  )
}

/** The list of nodes: those in a special state a line each, then the rest by state (behaviour/scheduler-actions-and-graph.md 5.3). */
export function nodeItems(
  cluster: Cluster,
  options: NodeListOptions = {},
  isWanted: (node: ClusterNode) => boolean = () => true,
): readonly StatusItem[] {
  const out: StatusItem[] = []
  const lists = new Map<string, string[]>([
    ['Online', []],
    ['OFFLINE', []],
    ['RemoteOnline', []],
    ['RemoteOFFLINE', []],
    ['GuestOnline', []],
  ])
  for (const node of cluster.nodes.filter(isWanted)) {
    if (options.showsDetail === true || standsAlone(cluster, node)) {
      const state = `${nodeStateText(cluster, node)}${options.detail?.(node) ?? ''}`
      const text = `${nodeKindText(node)} ${nodeText(node, options)}: ${state}`
      out.push({ text })
      continue
    }
    const kind = isGuest(node) ? 'Guest' : isRemote(node) ? 'Remote' : ''
    lists.get(kind + (node.online ? 'Online' : 'OFFLINE'))?.push(nodeText(node, options))
  }
  for (const [label, names] of lists) {
    if (names.some((name) => name !== '')) out.push({ label, text: bracketed(names) })
  }
  return out
}
