import { attr } from '@quorate/xml'
import { GlibOrder } from '../model/hash-order.ts'
import { type Cluster, type ClusterNode, type Replica, type Resource, variant } from '../model/model.ts'
import { compareDisplayNames } from '../model/node-names.ts'
import { parseRole, role } from '../model/role.ts'
import { nodesByName } from '../model/scoring.ts'
import { currentNode, currentRole, isActive, isPromotable, singleLocation } from '../model/tree.ts'
import { sameText } from '../scalar.ts'
import { nodeText } from './node-list.ts'
import { primitiveText, type ResourceTextOptions, resourceLook, unmetExit } from './primitive-text.ts'
import { bracketed, parenthesised, type StatusItem } from './status-item.ts'

/** What a list of resources shows. */
export type ResourceListOptions = ResourceTextOptions & {
  /** What does not run too. */
  readonly showsInactive: boolean
  /** Every instance of a clone on a line of its own. */
  readonly showsInstances?: boolean
  /** Writes the members of a group, where not each has a line of its own. */
  readonly memberItems?: (members: readonly Resource[]) => readonly StatusItem[]
  /** Whether what runs stands beneath its nodes already: then where it does so does not count. */
  readonly isRest?: boolean
  /** Whether a resource is meant by itself; left out where all are. What is in one that is meant is shown, else what is meant. */
  readonly isMeant?: ((resource: Resource) => boolean) | undefined
  /** Whether what is on a node is meant; left out where all nodes are. */
  readonly isNodeMeant?: ((node: ClusterNode) => boolean) | undefined
}

/** The list of resources in the order of the configuration (behaviour/scheduler-actions-and-graph.md 5.4). */
export function resourceItems(
  cluster: Cluster,
  options: ResourceListOptions,
  isWanted: (resource: Resource) => boolean = () => true,
): readonly StatusItem[] {
  const lister = new Lister(cluster, options)
  return cluster.resources
    .filter((item) => isWanted(item) && lister.isListed(item))
    .flatMap((item) => lister.item(item))
}

/** The item of one resource with all that is inside, whether it runs or not. */
export function resourceItem(
  cluster: Cluster,
  resource: Resource,
  options: ResourceListOptions,
): readonly StatusItem[] {
  return new Lister(cluster, options).item(resource)
}

class Lister {
  readonly #cluster: Cluster
  readonly #options: ResourceListOptions

  constructor(cluster: Cluster, options: ResourceListOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  isListed(resource: Resource): boolean {
    if (resource.orphan && !isActive(resource, true)) return false
    if (!isActive(resource, false)) return this.#options.showsInactive
    // Active only in an unmanaged part on an offline node: the C tools do not list that either.
    return this.#options.isRest === true || resource.runningOn.length > 0
  }

  item(resource: Resource): readonly StatusItem[] {
    switch (resource.variant) {
      case variant.primitive:
        return resource.internal && this.#options.showsInstances !== true ? [] : [this.#line(resource)]
      case variant.group:
        return this.#group(resource)
      case variant.clone:
        return [this.#clone(resource)]
      case variant.bundle:
        return this.#bundle(resource)
      default:
        return resource.variant satisfies never
    }
  }

  /** Whether a resource or anything in it is meant. */
  #holdsMeant(resource: Resource): boolean {
    return this.#isMeant(resource) || resource.children.some((item) => this.#holdsMeant(item))
  }

  #isMeant(resource: Resource): boolean {
    return this.#options.isMeant?.(resource) ?? true
  }

  /** Whether a resource is only on nodes that are not meant. */
  #isElsewhere(resource: Resource): boolean {
    return isElsewhere(resource, this.#options.isNodeMeant)
  }

  #group(group: Resource): readonly StatusItem[] {
    if (group.runningOn.length === 0 && isActive(group, false)) return []
    // A group that is an instance is shown as a whole.
    const isWhole = group.parent !== undefined || this.#isMeant(group)
    const meant = group.children.filter((member) => isWhole || this.#isMeant(member))
    const running = group.children.filter((member) => this.#options.showsInactive || isActive(member, false))
    // A member that is asked for is shown in any case.
    const shown = isWhole ? running : meant
    if (shown.length === 0 && this.#options.memberItems === undefined) return []
    const hidden = group.children.length - running.length
    const parts: string[] = []
    if (hidden > 0) parts.push(`${hidden} member${hidden === 1 ? '' : 's'} inactive`)
    if (!group.managed) parts.push('unmanaged')
    if (isDisabledCollective(group)) parts.push('disabled')
    return [
      {
        text: `Resource Group: ${group.id}${parenthesised(parts)}`,
        items: this.#options.memberItems?.(meant) ?? shown.flatMap((member) => this.item(member)),
      },
    ]
  }

  #clone(clone: Resource): StatusItem {
    const parts: string[] = []
    if (clone.promotable) parts.push('promotable')
    if (clone.unique) parts.push('unique')
    if (!clone.managed) parts.push('unmanaged')
    if (isDisabledCollective(clone)) parts.push('disabled')
    const child = clone.clone?.template === undefined ? '' : (attr(clone.clone.template, 'id') ?? '')
    return { text: `Clone Set: ${clone.id} [${child}]${parenthesised(parts)}`, items: this.#instances(clone) }
  }

  #instances(clone: Resource): readonly StatusItem[] {
    const items: StatusItem[] = []
    const promoted: ClusterNode[] = []
    const started: ClusterNode[] = []
    const stopped: Resource[] = []
    const isWhole = this.#isMeant(clone)
    for (const instance of clone.children) {
      if ((!isWhole && !this.#holdsMeant(instance)) || this.#isElsewhere(instance)) continue
      switch (this.#fate(clone, instance)) {
        case 'full':
          items.push(...this.item(instance))
          break
        case 'stopped':
          stopped.push(instance)
          break
        case 'promoted':
          promoted.push(...runningOn(instance))
          break
        case 'started':
          started.push(...runningOn(instance))
          break
        case 'hidden':
          break
      }
    }
    const names = (nodes: readonly ClusterNode[]) =>
      bracketed(nodes.map((node) => nodeText(node, this.#options)).sort(compareDisplayNames))
    if (promoted.length > 0) items.push({ text: `Promoted: ${names(promoted)}` })
    if (started.length > 0) items.push({ text: `${this.#startedLabel(clone)}: ${names(started)}` })
    if (this.#options.showsInactive && this.#options.showsInstances !== true)
      items.push(...this.#stopped(clone, stopped, promoted.length + started.length))
    return items
  }

  #isPending(instance: Resource): boolean {
    return this.#options.showsPending && instance.pendingTask !== undefined
  }

  /** Where an instance is shown: on a line of its own, or as a node in one of the lists. */
  #fate(clone: Resource, instance: Resource): 'full' | 'hidden' | 'stopped' | 'promoted' | 'started' {
    const isPartly = isActive(instance, false)
    if (this.#options.showsInstances === true) return 'full'
    if (clone.unique) return 'full'
    if (this.#isPending(instance)) return 'full'
    if (!isPartly) return instance.orphan ? 'hidden' : 'stopped'
    if (hasBelow(instance, (item) => item.orphan || !item.managed || item.failed)) return 'full'
    if (!isActive(instance, true)) return 'full'
    const node = singleLocation(instance, 'current')
    if (node === undefined || (!node.online && node.unclean)) return 'full'
    return currentRole(instance) > role.unpromoted ? 'promoted' : 'started'
  }

  #startedLabel(clone: Resource): string {
    if (!clone.promotable) return 'Started'
    const target = clone.meta.get('target-role') ?? clone.children[0]?.meta.get('target-role')
    return parseRole(target) === role.unpromoted ? 'Unpromoted (target-role)' : 'Unpromoted'
  }

  #stopped(clone: Resource, stopped: readonly Resource[], activeCount: number): readonly StatusItem[] {
    if (!clone.unique && (clone.clone?.max ?? 0) > activeCount) return this.#stoppedNodes(clone)
    if (stopped.length === 0) return []
    return [{ text: `Stopped: ${bracketed(stopped.map((item) => item.id))}` }]
  }

  #stoppedNodes(clone: Resource): readonly StatusItem[] {
    const allowed = nodesByName(this.#cluster, clone.allowed)
    const nodes = allowed.length === 0 ? this.#cluster.nodes.filter((node) => clone.knownOn.has(node.index)) : allowed
    const byState = new Map<string, ClusterNode[]>()
    const idle = nodes.filter((node) => !clone.runningOn.some(({ uname }) => sameText(uname, node.uname)))
    for (const node of nodesApart(this.#cluster, idle)) {
      if (this.#options.isNodeMeant?.(node) === false) continue
      const state = this.#stoppedState(clone, node)
      byState.set(state, [...(byState.get(state) ?? []), node])
    }
    return [...byState.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .filter(([, list]) => list.some((node) => node.uname !== ''))
      .map(([label, list]) => ({ text: `${label}: ${bracketed(list.map((node) => nodeText(node, this.#options)))}` }))
  }

  #stoppedState(clone: Resource, node: ClusterNode): string {
    const exit = unmetExit(this.#cluster, clone.children[0]?.xmlId ?? clone.id, node)
    if (exit !== undefined) return `Stopped (${exit})`
    const target = clone.meta.get('target-role') ?? clone.children[0]?.meta.get('target-role')
    return parseRole(target) === role.stopped ? 'Stopped (disabled)' : 'Stopped'
  }

  /** The line of a primitive, whether others would be shown or not. */
  #line(primitive: Resource): StatusItem {
    return { text: primitiveText(this.#cluster, primitive, this.#options), look: resourceLook(primitive) }
  }

  #replica({ number, ip, instance, container, connection }: Replica, isTitled: boolean, isWhole: boolean): StatusItem {
    const parts = [ip, instance, container, connection].filter((part) => part !== undefined)
    const meant = isWhole ? parts : parts.filter((part) => this.#isMeant(part))
    const items = meant.map((part) => this.#line(part))
    return { text: isTitled ? `Replica[${number}]` : '', items, isBare: true }
  }

  #bundle(bundle: Resource): readonly StatusItem[] {
    const traits = bundle.bundle
    if (traits === undefined) return []
    const replicas = traits.replicas.filter(({ container }) => container === undefined || !this.#isElsewhere(container))
    // Of a bundle that is elsewhere nothing is left.
    if (replicas.length === 0 && traits.replicas.length > 0) return []
    const flags = `${bundle.unique ? ' (unique)' : ''}${bundle.managed ? '' : ' (unmanaged)'}`
    const set = traits.replicas.length > 1 ? ' set' : ''
    const isWhole = this.#isMeant(bundle)
    if (this.#options.showsInstances === true || !isWhole) {
      const all = replicas
        .map((replica) => this.#replica(replica, traits.replicas.length > 1, isWhole))
        .filter(({ items = [] }) => this.#options.showsInstances === true || items.length > 0)
      return [{ text: `Container bundle${set}: ${bundle.id} [${traits.image}]${flags}`, items: all }]
    }
    const items = replicas.flatMap(({ instance, container, connection, ipAddress }) => {
      const shown = instance ?? container
      if (shown === undefined) return []
      const name = `${connection?.id ?? container?.id ?? shown.id}${ipAddress === undefined ? '' : ` (${ipAddress})`}`
      const node = container === undefined ? undefined : currentNode(container)
      const text = primitiveText(this.#cluster, shown, this.#options, { name, node })
      return [{ text, look: resourceLook(shown) }]
    })
    return [{ text: `Container bundle${set}: ${bundle.id} [${traits.image}]${flags}`, items }]
  }
}

/** Whether a resource is only on nodes that are not meant: nowhere is not elsewhere. */
export function isElsewhere(of: Resource, isNodeMeant: ResourceListOptions['isNodeMeant']): boolean {
  return isNodeMeant !== undefined && of.runningOn.length > 0 && !of.runningOn.some(isNodeMeant)
}

function runningOn(instance: Resource): readonly ClusterNode[] {
  const node = singleLocation(instance, 'current')
  return node === undefined ? [] : [node]
}

function hasBelow(of: Resource, test: (item: Resource) => boolean): boolean {
  return test(of) || of.children.some((item) => hasBelow(item, test))
}

function isDisabledCollective(of: Resource): boolean {
  const target = parseRole(of.meta.get('target-role'))
  return target === role.stopped || (target === role.unpromoted && isPromotable(of))
}

/**
 * Nodes in display order; those whose names differ in the case of letters only as a hash table of names has them, and of
 * those with the same name the last.
 */
function nodesApart({ hasEqualNames }: Cluster, nodes: readonly ClusterNode[]): readonly ClusterNode[] {
  if (!hasEqualNames) return nodes
  const order = new GlibOrder()
  for (const { uname } of nodes) order.add(uname)
  const places = new Map(order.keys().map((uname, place) => [uname, place]))
  const place = ({ uname }: ClusterNode): number => places.get(uname) ?? 0
  const byName = new Map(nodes.map((node) => [node.uname, node]))
  return [...byName.values()].sort((a, b) => compareDisplayNames(a.uname, b.uname) || place(b) - place(a))
}
