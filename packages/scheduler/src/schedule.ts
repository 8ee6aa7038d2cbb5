import type { XmlElement } from '@quorate/xml'
import { clearOrphanFailCounts } from './action/cleanup.ts'
import { createActions } from './action/collective.ts'
import { handleConfigChanges, runDeferredChecks } from './action/config-change.ts'
import { fenceAndShutDown } from './action/fencing-phase.ts'
import { probeResources } from './action/probe.ts'
import { orderRemoteActions } from './action/remote.ts'
import { assignResources } from './assign/assign.ts'
import { applyCriteria } from './assign/criteria.ts'
import { unpackConstraints } from './constraint/constraints.ts'
import { implicitConstraints } from './constraint/implicit.ts'
import { applyHealth } from './constraint/location.ts'
import { graphActions, graphXml } from './graph/build.ts'
import type { LogLine } from './model/model.ts'
import { blockAllDependents, updateAll } from './order/engine.ts'
import { expandOrders } from './order/expand.ts'
import { orderProbes } from './order/probe-order.ts'
import { dropInvalidOrders } from './order/sanity.ts'
import { transitionNotices } from './report/transition-notices.ts'
import { type ClusterStatus, type StatusOptions, unpackStatus } from './status.ts'

/** What is to be done, and the state that it was decided on. */
export type Schedule = {
  /** The `transition_graph` element. */
  readonly graph: XmlElement
  readonly status: ClusterStatus
  readonly log: readonly LogLine[]
}

/**
 * Works out where each resource may run, and no more: afterwards `allowed` of every resource has its scores by
 * constraints, health and failures. A fencer decides by them which devices it has.
 */
export function locate(cluster: ClusterStatus): void {
  applyHealth(cluster)
  unpackConstraints(cluster)
  applyCriteria(cluster)
}

/** Decides what to do about a status; afterwards it holds the actions as well. */
export function decide(cluster: ClusterStatus): void {
  locate(cluster)
  implicitConstraints(cluster)
  handleConfigChanges(cluster)
  assignResources(cluster)
  runDeferredChecks(cluster)
  probeResources(cluster)
  clearOrphanFailCounts(cluster)
  for (const resource of cluster.resources) createActions(cluster, resource)
  orderRemoteActions(cluster)
  fenceAndShutDown(cluster)
  expandOrders(cluster)
  blockAllDependents(cluster)
  orderProbes(cluster)
  updateAll(cluster)
  dropInvalidOrders(cluster)
}

/** Unpacks a CIB, decides what to do about it and draws the transition graph. */
export function schedule(cib: XmlElement, options: StatusOptions): Schedule {
  const status = unpackStatus(cib, options)
  decide(status)
  const graph = graphXml(status, graphActions(status))
  return { graph, status, log: status.log }
}

/** All that is said while a CIB is decided on: of what is going to be done, before what drawing the graph brings up. */
export function scheduleLog(cib: XmlElement, options: StatusOptions): readonly LogLine[] {
  const status = unpackStatus(cib, options)
  decide(status)
  status.log.push(...transitionNotices(status))
  graphActions(status)
  return status.log
}
