import { attr, type XmlElement } from '@quorate/xml'
import { configError, configWarning } from '../model/log.ts'
import { type Cluster, ClusterNode, type Resource } from '../model/model.ts'
import { compareDisplayNames } from '../model/node-names.ts'
import { isRemoteOnly } from '../model/tree.ts'
import { parseInteger, sameText } from '../scalar.ts'
import { parseScore } from '../score.ts'
import { unpackSets } from './name-values.ts'
import { sectionOf } from './section.ts'

/** Makes a node and puts it into the list, in front of others of an equal name. */
export function addNode(
  cluster: Cluster,
  id: string,
  uname: string,
  kind: ClusterNode['kind'],
  score: number,
): ClusterNode {
  const other = cluster.nodeById.get(id.toLowerCase())
  const twin = other?.id === id ? other : undefined
  const node = new ClusterNode(twin?.index ?? cluster.nodesByIndex.length, id, uname, kind, score)
  if (twin !== undefined) {
    twin.isTwin = true
    node.isTwin = true
    node.isLateTwin = true
  }
  node.attributes.set('#kind', kind === 'remote' ? 'remote' : 'cluster')
  let at = 0
  while (at < cluster.nodes.length && compareDisplayNames(uname, cluster.nodes[at]?.uname ?? '') > 0) at += 1
  cluster.nodes.splice(at, 0, node)
  if (kind === 'remote') cluster.remoteNodesExist = true
  if (cluster.nodeByName.has(uname.toLowerCase())) cluster.hasEqualNames = true
  // Of several of a name or an id, the one meant is the first of the list.
  cluster.nodeByName.set(uname.toLowerCase(), node)
  const isFirst = other === undefined || cluster.nodes.indexOf(other) > at
  if (isFirst) cluster.nodeById.set(id.toLowerCase(), node)
  if (isFirst || twin === undefined) cluster.nodesByIndex[node.index] = node
  return node
}

/** The node of that name, without regard to case. */
export function findNode(cluster: Cluster, uname: string | undefined): ClusterNode | undefined {
  return uname === undefined ? undefined : cluster.nodeByName.get(uname.toLowerCase())
}

/** Whether a resource is the connection to a remote node that is no guest: one named like a cluster node leads to none. */
export function leadsToRemoteNode(cluster: Cluster, resource: Resource): boolean {
  const node = resource.isConnection ? findNode(cluster, resource.id) : undefined
  return node !== undefined && isRemoteOnly(node)
}

/** The node of a status entry: by id, else by name. */
export function findNodeOf(cluster: Cluster, state: XmlElement): ClusterNode | undefined {
  const id = attr(state, 'id')
  return (
    (id === undefined ? undefined : cluster.nodeById.get(id.toLowerCase())) ?? findNode(cluster, attr(state, 'uname'))
  )
}

/** How a node stands before anything was heard of it. */
export function initialState(cluster: Cluster, node: ClusterNode): void {
  if (node.kind === 'remote' && node.connection === undefined) return
  node.unclean = cluster.settings.startupFencing
  node.unseen = true
}

const nodesSource = 'pe_create_node'

/** What kind of node a type stands for: one that is not known is taken for a ping node, on which nothing runs. */
function kindOf(cluster: Cluster, uname: string, type: string | undefined): ClusterNode['kind'] {
  if (type === undefined || sameText(type, 'member')) return 'member'
  if (sameText(type, 'remote')) return 'remote'
  if (!sameText(type, 'ping')) {
    configWarning(cluster, nodesSource, `Node ${uname} has unrecognized type '${type}', assuming 'ping'`)
  }
  if (!cluster.nodes.some(({ kind }) => kind === 'ping')) {
    const text = `Support for nodes of type 'ping' (such as ${uname}) is deprecated and will be removed in a future release`
    configWarning(cluster, nodesSource, text)
  }
  return 'ping'
}

/** Reads the `nodes` section. */
export function unpackNodes(cluster: Cluster): void {
  for (const xml of sectionOf(cluster.cib, 'nodes')?.children ?? []) {
    if (xml.name !== 'node') continue
    const [id, uname, type] = [attr(xml, 'id'), attr(xml, 'uname'), attr(xml, 'type')]
    if (id === undefined) {
      configError(cluster, 'unpack_nodes', 'Ignoring <node> entry in configuration without id')
      continue
    }
    if (findNode(cluster, uname) !== undefined) {
      configWarning(cluster, nodesSource, `More than one node entry has name '${uname}'`)
    }
    const kind = kindOf(cluster, uname ?? '', type)
    const node = addNode(cluster, id, uname ?? '', kind, parseScore(attr(xml, 'score'), cluster.settings.health))
    initialState(cluster, node)
    unpackNodeAttributes(cluster, node, xml, false)
    const utilization = new Map<string, string>()
    unpackSets(cluster, xml, 'utilization', utilization)
    for (const [name, value] of utilization) {
      const number = parseInteger(value) ?? 0
      node.utilization.set(name, number)
      if (String(number) !== value) node.utilizationTexts.set(name, value)
    }
  }
}

/** Fills in the attributes of a node from its configuration, or (overwriting) from its transient ones. */
export function unpackNodeAttributes(
  cluster: Cluster,
  node: ClusterNode,
  of: XmlElement | undefined,
  overwrite: boolean,
): void {
  const { attributes } = node
  attributes.set('#uname', node.uname)
  attributes.set('#id', node.id)
  if (sameText(attr(cluster.cib, 'dc-uuid'), node.id)) {
    cluster.dc = node
    node.isDc = true
    attributes.set('#is_dc', 'true')
  } else attributes.set('#is_dc', 'false')
  const clusterName = cluster.settings.all.get('cluster-name')
  if (clusterName !== undefined) attributes.set('#cluster-name', clusterName)
  unpackSets(cluster, of, 'instance_attributes', attributes, undefined, { overwrite })
  if (attributes.has('#site-name')) return
  const site = attributes.get('site-name') ?? clusterName
  if (site !== undefined) attributes.set('#site-name', site)
}
