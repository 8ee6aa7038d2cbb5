import type { ClusterNode, Resource } from '@quorate/scheduler'
import { attr } from '@quorate/xml'
import type { ResourceOrder } from './controller-client.ts'

/** An order about a primitive on a node, to the node itself or, where that is remote, to the one that runs its connection. */
export function resourceOrder(resource: Resource, node: ClusterNode): ResourceOrder {
  const router = node.kind === 'remote' ? node.connection?.runningOn[0]?.uname : undefined
  return {
    node: node.uname,
    router,
    resource: resource.xmlId,
    longId: resource.unique && resource.id !== resource.xmlId ? resource.id : undefined,
    agentClass: attr(resource.xml, 'class') ?? '',
    agentProvider: attr(resource.xml, 'provider'),
    agentType: attr(resource.xml, 'type') ?? '',
  }
}
