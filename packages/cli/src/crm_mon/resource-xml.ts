import {
  agentText,
  type Cluster,
  isActive,
  isDisabled,
  pendingState,
  printableId,
  type Resource,
  roleText,
  shownRole,
} from '@quorate/scheduler'
import { element, type XmlElement } from '@quorate/xml'
import type { View, Wanted } from './view.ts'

/** A truth as XML has it. */
export function truth(value: boolean): string {
  return value ? 'true' : 'false'
}

/** The resources as XML. */
export function resourcesXml(cluster: Cluster, view: View, wanted: Wanted): readonly XmlElement[] {
  return cluster.resources
    .filter((item) => wanted.resource(item) && !(item.orphan && !isActive(item, true)))
    .filter((item) => view.showsInactive || isActive(item, false))
    .map(resourceXml)
}

/** A resource of any kind as XML, with all that is inside. */
export function resourceXml(of: Resource): XmlElement {
  if (of.bundle !== undefined) return bundleXml(of)
  if (of.clone !== undefined) {
    const attributes = {
      id: of.id,
      multi_state: truth(of.promotable),
      unique: truth(of.unique),
      managed: truth(of.managed),
      disabled: truth(isDisabled(of)),
      failed: truth(of.failed),
      failure_ignored: truth(of.failureIgnored),
      target_role: of.meta.get('target-role') ?? of.children[0]?.meta.get('target-role'),
    }
    return element('clone', attributes, of.children.map(resourceXml))
  }
  if (of.group !== undefined) {
    const attributes = {
      id: of.id,
      number_resources: String(of.children.length),
      managed: truth(of.managed),
      disabled: truth(isDisabled(of)),
    }
    return element('group', attributes, of.children.map(resourceXml))
  }
  return primitiveXml(of)
}

function bundleXml(of: Resource): XmlElement {
  const replicas = (of.bundle?.replicas ?? []).map((replica) => {
    const parts = [replica.ip, replica.instance, replica.container, replica.connection]
    const shown = parts.filter((part) => part !== undefined)
    return element('replica', { id: String(replica.number) }, shown.map(resourceXml))
  })
  const attributes = {
    id: of.id,
    type: of.xml.children.find((item) => ['docker', 'rkt', 'podman'].includes(item.name))?.name ?? 'unknown',
    image: of.bundle?.image ?? '',
    unique: truth(of.unique),
    managed: truth(of.managed),
    failed: truth(of.failed),
  }
  return element('bundle', attributes, replicas)
}

function primitiveXml(of: Resource): XmlElement {
  const nodes = of.runningOn.map((node) =>
    element('node', { name: node.uname, id: node.id, cached: truth(node.online) }),
  )
  const attributes = {
    id: printableId(of),
    resource_agent: agentText(of),
    role: pendingState(of) ?? roleText(shownRole(of)),
    target_role: of.meta.get('target-role'),
    active: truth(isActive(of, true)),
    orphaned: truth(of.orphan),
    blocked: truth(of.blocked),
    managed: truth(of.managed),
    failed: truth(of.failed),
    failure_ignored: truth(of.failureIgnored),
    nodes_running_on: String(of.runningOn.length),
    pending: of.pendingTask === 'monitor' ? 'Monitoring' : undefined,
    locked_to: of.lockNode?.uname,
  }
  return element('resource', attributes, nodes)
}
