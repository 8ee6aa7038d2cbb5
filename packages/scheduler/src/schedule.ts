import type { XmlElement } from '@quorate/xml'
import { applyCriteria } from './assign/criteria.ts'
import { assignResources } from './assign/assign.ts'
import { unpackConstraints } from './constraint/constraints.ts'
import { implicitConstraints } from './constraint/implicit.ts'
import { applyHealth } from './constraint/location.ts'
import type { Cluster } from './model/model.ts'
import { type StatusOptions, unpackStatus } from './status.ts'

/** Runs the phases between reading a status and drawing the graph. */
export function decide(cluster: Cluster): void {
  applyHealth(cluster)
  unpackConstraints(cluster)
  applyCriteria(cluster)
  implicitConstraints(cluster)
  assignResources(cluster)
}

/** Unpacks and decides. */
export function schedule(cib: XmlElement, options: StatusOptions): Cluster {
  const cluster = unpackStatus(cib, options)
  decide(cluster)
  return cluster
}
