import { attr, type XmlElement } from '@quorate/xml'
import type { Moment } from './date.ts'
import { statusWarning } from './model/log.ts'
import { Cluster, type Resource, type ScoreObserver } from './model/model.ts'
import { parseRole, role } from './model/role.ts'
import { isPromotable } from './model/tree.ts'
import { parseInteger } from './scalar.ts'
import { unpackHistories } from './unpack/history.ts'
import { historyOf } from './unpack/history-index.ts'
import { unpackNodeState, unpackTicketState } from './unpack/node-state.ts'
import { unpackNodes } from './unpack/nodes.ts'
import { unpackResources } from './unpack/resources.ts'
import { sectionOf } from './unpack/section.ts'
import { defaultSettings, unpackSettings } from './unpack/settings.ts'

/** A cluster's configuration and state, as every display and every decision sees it. */
export type ClusterStatus = Cluster

export type StatusOptions = {
  /** The present in seconds since 1970. A CIB that carries its own execution date overrides it. */
  readonly nowSeconds: number
  /** Local time minus UTC in seconds: times without an offset are read with it. */
  readonly utcOffsetSeconds?: number
  /** A time asked for: overrides the execution date too. */
  readonly effectiveTime?: { readonly epochSeconds: number; readonly offsetSeconds: number }
  /** Whether scores are written into the log. */
  readonly wantsScores?: boolean
  /** Whether capacities, and what takes from them, are written into the log. */
  readonly wantsUtilization?: boolean
  /**
   * Secrets in the CIB may be masked, as in one that was given away: a change of nothing but those is none. In a cluster's own
   * CIB it is one like any other (default).
   */
  readonly hasMaskedSecrets?: boolean
  /** Told how scores come about. */
  readonly observer?: ScoreObserver
}

/** The moment for which a CIB is judged. */
export function momentFor(cib: XmlElement, options: StatusOptions): Moment {
  if (options.effectiveTime !== undefined) {
    const localOffsetSeconds = options.utcOffsetSeconds ?? 0
    return { ...options.effectiveTime, localOffsetSeconds, clockSeconds: options.nowSeconds }
  }
  const executed = parseInteger(attr(cib, 'execution-date')) ?? 0
  return {
    epochSeconds: executed === 0 ? options.nowSeconds : executed,
    offsetSeconds: options.utcOffsetSeconds ?? 0,
    clockSeconds: options.nowSeconds,
  }
}

/**
 * Unpacks a CIB: nodes, resources with their instances, what runs where and what failed. Errors in single elements are
 * logged and those elements skipped, as Pacemaker does.
 */
export function unpackStatus(cib: XmlElement, options: StatusOptions): ClusterStatus {
  const cluster = new Cluster(
    cib,
    momentFor(cib, options),
    defaultSettings,
    options.wantsScores ?? false,
    options.wantsUtilization ?? false,
  )
  cluster.observer = options.observer
  cluster.hasMaskedSecrets = options.hasMaskedSecrets ?? false
  unpackSettings(cluster)
  if (!cluster.quorate && cluster.settings.noQuorumPolicy !== 'ignore') {
    statusWarning(cluster, 'cluster_status', 'Fencing and resource management disabled due to lack of quorum')
  }
  unpackNodes(cluster)
  unpackResources(cluster)
  const status = sectionOf(cib, 'status')
  for (const item of status?.children ?? []) {
    if (item.name === 'tickets') for (const ticket of item.children) unpackTicketState(cluster, ticket)
    else if (item.name === 'node_state') unpackNodeState(cluster, item)
  }
  historyOf(cluster)
  unpackHistories(cluster)
  for (const resource of cluster.resources) countInstances(cluster, resource)
  return cluster
}

function countInstances(cluster: Cluster, resource: Resource): void {
  if (resource.children.length > 0) {
    for (const item of resource.children) countInstances(cluster, item)
    return
  }
  if (resource.orphan && resource.role <= role.stopped) return
  cluster.instanceCount += 1
  if (isDisabled(resource)) cluster.disabledCount += 1
  if (resource.blocked) cluster.blockedCount += 1
}

/** True where `target-role` keeps a resource from its full role. */
export function isDisabled(resource: Resource): boolean {
  const target = parseRole(resource.meta.get('target-role'))
  return target === role.stopped || (target === role.unpromoted && isPromotable(resource))
}
