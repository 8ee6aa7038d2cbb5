import { attr, type XmlElement } from '@quorate/xml'
import type { Cluster, ClusterNode, Resource } from '../model/model.ts'
import { parseRole, type Role, role, roleText } from '../model/role.ts'
import { currentNode, isPromotable, printableId, top } from '../model/tree.ts'
import { sameText } from '../scalar.ts'
import { type NodeTextOptions, nodeText } from './node-list.ts'
import { exitWords } from './result-words.ts'
import { bracketed, parenthesised } from './status-item.ts'

/** How resources are written. */
export type ResourceTextOptions = NodeTextOptions & {
  /** Operations that are under way: `Starting`, `(Monitoring)`. */
  readonly showsPending: boolean
  /** Without the node that it runs on (it stands beneath that node). */
  readonly hidesNode?: boolean
}

const pendingStates: Readonly<Record<string, string>> = {
  start: 'Starting',
  stop: 'Stopping',
  migrate_to: 'Migrating',
  migrate_from: 'Migrating',
  promote: 'Promoting',
  demote: 'Demoting',
}

/** The agent of a resource: `ocf:pacemaker:Dummy`. */
export function agentText(of: Resource): string {
  const provider = attr(of.xml, 'provider')
  const agentClass = attr(of.xml, 'class') ?? 'unknown'
  return `${agentClass}${provider === undefined ? '' : `:${provider}`}:${attr(of.xml, 'type') ?? 'unknown'}`
}

/** Role as displays show it: what has started in a promotable clone is called unpromoted. */
export function shownRole(of: Resource): Role {
  return of.role === role.started && isPromotable(of) ? role.unpromoted : of.role
}

/** What is under way on a resource, where it changes its state. */
export function pendingState(of: Resource): string | undefined {
  return of.pendingTask === undefined ? undefined : pendingStates[of.pendingTask]
}

/** The id under which a failed probe of a resource would be recorded: what is cloned goes by what the clone holds. */
function probedId(of: Resource): string {
  const template = top(of).clone?.template
  return template === undefined ? of.id : (attr(template, 'id') ?? of.id)
}

/** Whether a history entry says that it is from a node; where none is asked for, whether it says it of any. */
function isFrom(entry: XmlElement, node: ClusterNode | undefined): boolean {
  const said = attr(entry, 'on_node')
  return said !== undefined && (node === undefined || sameText(said, node.uname))
}

/** Words of the result of a probe that found a node unable to run a resource; any node where none is given. */
export function unmetExit(cluster: Cluster, resourceId: string, node: ClusterNode | undefined): string | undefined {
  const found = cluster.failedOperations.find(
    ({ masked, resourceId: id, xml }) => masked && id === resourceId && isFrom(xml, node),
  )
  return found === undefined ? undefined : exitWords(Number.parseInt(attr(found.xml, 'rc-code') ?? '', 10))
}

/**
 * The line of a primitive, without its bullet.
 *
 * @param as name and node to show instead of its own: replicas of bundles are shown as their containers
 */
export function primitiveText(
  cluster: Cluster,
  of: Resource,
  options: ResourceTextOptions,
  as?: { readonly name: string; readonly node: ClusterNode | undefined },
): string {
  const isSeveral = of.runningOn.length > 1
  const isHidden = isSeveral || options.hidesNode === true
  const node = isHidden ? undefined : as === undefined ? nodeOf(of) : as.node
  const shown = shownRole(of)
  let out = `${as?.name ?? printableId(of)}\t(${agentText(of)}):\t`
  if (of.orphan) out += ' ORPHANED'
  const pending = options.showsPending ? pendingState(of) : undefined
  if (of.failed && shown > role.unpromoted) out += ` FAILED ${roleText(shown)}`
  else if (of.failed) out += ' FAILED'
  else out += ` ${pending ?? roleText(shown)}`
  if (node !== undefined) out += ` ${nodeText(node, options)}`
  if (shown === role.stopped) {
    const exit = unmetExit(cluster, probedId(of), node)
    if (exit !== undefined) out += ` (${exit}) `
  }
  out += parenthesised(flagsOf(of, node, options))
  const description = attr(of.xml, 'description')
  if (isHidden && description !== undefined) out += ` ${description}`
  if (!isSeveral || options.hidesNode === true) return out
  return `${out} ${bracketed(of.runningOn.map((item) => nodeText(item, options)))}`
}

function nodeOf(of: Resource): ClusterNode | undefined {
  return currentNode(of) ?? of.pendingNode ?? of.lockNode
}

function flagsOf(of: Resource, node: ClusterNode | undefined, options: ResourceTextOptions): readonly string[] {
  const flags: string[] = []
  if (node !== undefined && !node.online && node.unclean) flags.push('UNCLEAN')
  if (node !== undefined && node === of.lockNode) flags.push('LOCKED')
  if (options.showsPending && of.pendingTask === 'monitor') flags.push('Monitoring')
  const target = of.meta.get('target-role')
  if (parseRole(target) === role.stopped) flags.push('disabled')
  else if (parseRole(target) === role.unpromoted && top(of).promotable) flags.push(`target-role:${target}`)
  if (of.blocked) flags.push('blocked')
  else if (!of.managed) flags.push('unmanaged')
  if (of.failureIgnored) flags.push('failure ignored')
  return flags
}

/** The class that pages give to the line of a resource. */
export function resourceLook(of: Resource): string {
  if (!of.managed) return 'rsc-managed'
  if (of.failed) return 'rsc-failed'
  if (of.runningOn.length === 0) return 'rsc-failed'
  if (of.runningOn.length > 1) return 'rsc-multiple'
  return of.failureIgnored ? 'rsc-failure-ignored' : 'rsc-ok'
}
