import { attr, element, idOf, type XmlElement } from '@quorate/xml'
import type { Cluster, ClusterNode, Resource } from '../model/model.ts'
import { sameText } from '../scalar.ts'
import { addNode, findNode, initialState } from './nodes.ts'
import { sectionOf } from './section.ts'
import { nameValueSet } from './template.ts'

/** True for the definition of a connection to a remote node. */
export function isConnectionXml(xml: XmlElement): boolean {
  return (
    sameText(attr(xml, 'class'), 'ocf') &&
    sameText(attr(xml, 'provider'), 'pacemaker') &&
    sameText(attr(xml, 'type'), 'remote')
  )
}

/** Parts of the definition of a connection; what is undefined is left out. */
export type ConnectionParts = {
  readonly id: string
  readonly container?: string | undefined
  readonly migrateable?: string | undefined
  readonly managed?: string | undefined
  readonly startTimeout?: string | undefined
  readonly server?: string | undefined
  readonly port?: string | undefined
}

/** Characters that may not be in an id become dots. */
export function cleanId(id: string): string {
  return id.replace(/[:#]/g, '.')
}

/** The definition of the connection resource that a guest node or a bundle implies. */
export function connectionXml(parts: ConnectionParts): XmlElement {
  const { id } = parts
  const base = cleanId(id)
  const operations = [element('op', { id: `${base}-monitor-30s`, interval: '30s', name: 'monitor', timeout: '30s' })]
  if (parts.startTimeout !== undefined) {
    operations.push(element('op', { id: `${base}-start-0`, interval: '0', name: 'start', timeout: parts.startTimeout }))
  }
  const children = [
    nameValueSet('meta_attributes', `${base}-meta_attributes`, [
      ['internal_rsc', 'true'],
      ['container', parts.container],
      ['allow-migrate', parts.migrateable],
      ['is-managed', parts.managed],
    ]),
  ]
  if (parts.server !== undefined || parts.port !== undefined) {
    children.push(
      nameValueSet('instance_attributes', `${base}-instance_attributes`, [
        ['addr', parts.server],
        ['port', parts.port],
      ]),
    )
  }
  children.push(element('operations', {}, operations))
  return element('primitive', { id, class: 'ocf', provider: 'pacemaker', type: 'remote' }, children)
}

/** Makes the nodes that resources imply; answers the definitions of the connections to guests among them. */
export function impliedNodes(cluster: Cluster, resources: XmlElement): XmlElement[] {
  const implied: XmlElement[] = []
  for (const item of resources.children) {
    if (isConnectionXml(item) && idOf(item) !== '') {
      remoteNode(cluster, idOf(item))
      continue
    }
    const candidates = item.name === 'group' ? item.children : item.name === 'primitive' ? [item] : []
    for (const primitive of candidates) {
      const connection = guestConnection(primitive)
      if (connection === undefined) continue
      remoteNode(cluster, idOf(connection))
      implied.push(connection)
    }
  }
  return implied
}

function remoteNode(cluster: Cluster, name: string): ClusterNode {
  return findNode(cluster, name) ?? addNode(cluster, name, name, 'remote', 0)
}

function guestConnection(primitive: XmlElement): XmlElement | undefined {
  const found = new Map<string, string>()
  for (const set of primitive.children) {
    if (set.name !== 'meta_attributes') continue
    for (const pair of set.children) {
      const [name, value] = [attr(pair, 'name'), attr(pair, 'value')]
      if (name !== undefined && value !== undefined) found.set(name, value)
    }
  }
  const id = found.get('remote-node')
  if (id === undefined) return undefined
  return connectionXml({
    id,
    container: idOf(primitive),
    migrateable: found.get('remote-allow-migrate'),
    managed: found.get('is-managed'),
    startTimeout: found.get('remote-connect-timeout') ?? '60s',
    server: found.get('remote-addr'),
    port: found.get('remote-port'),
  })
}

/** Joins a connection and the node that it leads to. */
export function linkConnection(cluster: Cluster, connection: Resource): void {
  const node = findNode(cluster, connection.id)
  if (node === undefined) return
  node.connection = connection
  if (connection.container === undefined) initialState(cluster, node)
  else node.attributes.set('#kind', 'container')
}

/** The `resources` section, or an empty one. */
export function resourcesSection(cluster: Cluster): XmlElement {
  return sectionOf(cluster.cib, 'resources') ?? element('resources')
}
