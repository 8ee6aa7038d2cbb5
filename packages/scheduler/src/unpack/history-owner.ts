import { attr, attributePairs, element, idOf, type XmlElement } from '@quorate/xml'
import { notice } from '../model/log.ts'
import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import {
  findResource,
  forEachLeaf,
  isBundled,
  isGuest,
  outermost,
  setHistoryName,
  top,
  withoutInstance,
} from '../model/tree.ts'
import { sameText } from '../scalar.ts'
import { createInstance, markOrphan } from './collective.ts'
import { indexNewNodes } from './history-index.ts'
import { isConnectionXml, linkConnection } from './implied.ts'
import { addNode, findNode } from './nodes.ts'
import { indexResource } from './resource.ts'
import { addResource, unpackVariant } from './resources.ts'
import { ban } from './running.ts'

/** The resource (for anonymous clones: the instance) that a history of an id on a node belongs to. */
export function findForHistory(cluster: Cluster, node: ClusterNode, id: string): Resource | undefined {
  let found = findResource(cluster, id)
  let parent = found === undefined ? undefined : top(found)
  if (found === undefined) {
    const first = findResource(cluster, `${withoutInstance(id)}:0`)
    if (first !== undefined && !first.unique) parent = top(first)
    else return undefined
  } else if (found.variant !== variant.primitive) return undefined
  if (parent?.variant === variant.clone && !parent.unique) {
    found = isBundled(parent) ? replicaOn(parent, node) : findAnonymous(cluster, node, parent, withoutInstance(id))
    if (found === undefined) return undefined
  }
  if (found !== undefined && !sameText(id, found.id) && !sameText(id, found.historyName))
    setHistoryName(cluster, found, id)
  return found
}

function replicaOn(inner: Resource, node: ClusterNode): Resource | undefined {
  return outermost(inner).bundle?.replicas.find((replica) => replica.node === node)?.instance
}

function findBelow(of: Resource, xmlId: string): Resource | undefined {
  let found: Resource | undefined
  forEachLeaf(of, (leaf) => {
    if (found === undefined && (leaf.xmlId === xmlId || leaf.id === xmlId)) found = leaf
  })
  return found
}

/** Every node on which some member of an instance runs, and where one is about to. */
function placesOf(instance: Resource): ClusterNode[] {
  const places: ClusterNode[] = []
  forEachLeaf(instance, (leaf) => {
    for (const node of leaf.runningOn) if (!places.includes(node)) places.push(node)
    if (leaf.pendingNode !== undefined && !places.includes(leaf.pendingNode)) places.push(leaf.pendingNode)
  })
  return places
}

function findAnonymous(cluster: Cluster, node: ClusterNode, clone: Resource, name: string): Resource | undefined {
  let skipInactive = false
  let spare: Resource | undefined
  let match: Resource | undefined
  for (const instance of clone.children) {
    const places = placesOf(instance)
    if (places.length > 0 && places[0] === node) {
      const candidate = findBelow(instance, name)
      if (candidate === undefined) continue
      if (candidate.runningOn.length > 0) {
        const what = `Active (now-)anonymous clone ${clone.id} has multiple (orphan) instance histories on ${node.uname}`
        notice(cluster, 'find_anonymous_clone', what)
        skipInactive = true
        continue
      }
      match = candidate
      break
    }
    if (places.length === 0 && !skipInactive && spare === undefined && !instance.blocked) {
      spare = findBelow(instance, name)
      if (spare?.pendingNode !== undefined && spare.pendingNode !== node) spare = undefined
    }
  }
  if (match === undefined && !skipInactive) match = spare
  if (match !== undefined && !match.needsFencing && (!node.online || node.unclean) && !isGuest(node)) {
    const traits = clone.clone
    if (traits !== undefined && traits.max !== cluster.nodes.length) match = undefined
  }
  if (match !== undefined) return match
  const made = createInstance(cluster, clone, unpackVariant)
  if (made === undefined) return undefined
  indexResource(cluster, made)
  return findBelow(made, name)
}

/** A resource for a history that no configured resource claims. */
export function orphanFor(cluster: Cluster, xml: XmlElement): Resource | undefined {
  const id = idOf(xml)
  const attributes: Record<string, string> = {}
  for (const [name, value] of attributePairs(xml)) attributes[name] = value
  const orphan = addResource(cluster, element('primitive', attributes))
  if (orphan === undefined) return undefined
  if (isConnectionXml(orphan.xml)) {
    const remote = findNode(cluster, id) ?? addNode(cluster, id, id, 'remote', 0)
    linkConnection(cluster, orphan)
    remote.shutdown = true
    indexNewNodes(cluster)
  }
  if (attr(xml, 'container') !== undefined) orphan.containerFiller = true
  markOrphan(orphan)
  if (!cluster.settings.stopOrphanResources) orphan.managed = false
  else ban(cluster, orphan, undefined, { kind: 'orphan' })
  return orphan
}
