import {
  agentText,
  type Cluster,
  isActive,
  isDisabled,
  isElsewhere,
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

/**
 * The resources as XML; undefined where there are none. Where there are, but others are meant, the list is empty.
 */
export function resourcesXml(cluster: Cluster, view: View, wanted: Wanted): readonly XmlElement[] | undefined {
  const listed = cluster.resources
    .filter((item) => isListed(item, view.showsInactive, view.byNode))
    .filter((item) => (view.byNode ? !isActive(item, true) : !isElsewhere(item, wanted.nodeItself)))
  if (listed.length === 0) return undefined
  return (
    listed
      .filter(wanted.resource)
      .map((item) => resourceXml(item, view.hidesPending !== true, wanted))
      // Of a bundle that is elsewhere nothing is left.
      .filter(({ name, children }) => name !== 'bundle' || children.length > 0)
  )
}

/** All resources as XML, what does not run too. */
export function listedResourcesXml(cluster: Cluster): readonly XmlElement[] {
  return cluster.resources.filter((item) => isListed(item, true)).map((item) => resourceXml(item))
}

/** A group is shown with the first of its members, so that an empty one is not shown at all. */
function isEmptyGroup(of: Resource): boolean {
  return of.group !== undefined && of.children.length === 0
}

function isListed(of: Resource, showsInactive: boolean, isRest = false): boolean {
  if (isEmptyGroup(of)) return false
  if (of.orphan && !isActive(of, true)) return false
  return isActive(of, false) ? isRest || runsSomewhere(of) : showsInactive
}

/** False for what is active only in an unmanaged part on an offline node: the text does not list that either. */
function runsSomewhere(of: Resource): boolean {
  return of.runningOn.length > 0
}

/**
 * A resource of any kind as XML, with all that is inside.
 *
 * @param wanted of what is in a resource that is not meant itself, only that is shown which is; and nothing that is elsewhere
 */
export function resourceXml(
  of: Resource,
  showsPending = true,
  wanted: Pick<Wanted, 'itself' | 'nodeItself'> = { itself: undefined, nodeItself: undefined },
): XmlElement {
  const isMeant = wanted.itself ?? (() => true)
  const below = (item: Resource): XmlElement => resourceXml(item, showsPending)
  const isWhole = isMeant(of)
  if (of.bundle !== undefined) return bundleXml(of, below, isWhole ? { ...wanted, itself: undefined } : wanted)
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
    const holdsMeant = (item: Resource): boolean => isMeant(item) || item.children.some(holdsMeant)
    const shown = of.children
      .filter((item) => (runsSomewhere(item) || !isActive(item, false)) && !isEmptyGroup(item))
      .filter((item) => (isWhole || holdsMeant(item)) && !isElsewhere(item, wanted.nodeItself))
    return element('clone', attributes, shown.map(below))
  }
  if (of.group !== undefined) {
    const attributes = {
      id: of.id,
      number_resources: String(of.children.length),
      managed: truth(of.managed),
      disabled: truth(isDisabled(of)),
    }
    return element('group', attributes, of.children.filter((item) => isWhole || isMeant(item)).map(below))
  }
  return primitiveXml(of, showsPending)
}

function bundleXml(
  of: Resource,
  below: (item: Resource) => XmlElement,
  { itself, nodeItself }: Pick<Wanted, 'itself' | 'nodeItself'>,
): XmlElement {
  const replicas = (of.bundle?.replicas ?? []).flatMap((replica) => {
    if (replica.container !== undefined && isElsewhere(replica.container, nodeItself)) return []
    const parts = [replica.ip, replica.instance, replica.container, replica.connection]
    const shown = parts.filter((part) => part !== undefined && itself?.(part) !== false) as Resource[]
    return shown.length === 0 ? [] : [element('replica', { id: String(replica.number) }, shown.map(below))]
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

function primitiveXml(of: Resource, showsPending: boolean): XmlElement {
  const nodes = of.runningOn.map((node) =>
    element('node', { name: node.uname, id: node.id, cached: truth(node.online) }),
  )
  const attributes = {
    id: printableId(of),
    resource_agent: agentText(of),
    role: (showsPending ? pendingState(of) : undefined) ?? roleText(shownRole(of)),
    target_role: of.meta.get('target-role'),
    active: truth(isActive(of, true)),
    orphaned: truth(of.orphan),
    blocked: truth(of.blocked),
    managed: truth(of.managed),
    failed: truth(of.failed),
    failure_ignored: truth(of.failureIgnored),
    nodes_running_on: String(of.runningOn.length),
    pending: showsPending && of.pendingTask === 'monitor' ? 'Monitoring' : undefined,
    locked_to: of.lockNode?.uname,
  }
  return element('resource', attributes, nodes)
}
