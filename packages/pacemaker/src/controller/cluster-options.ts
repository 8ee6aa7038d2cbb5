import { attr, child, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { parseDurationMs } from '../transition/graph.ts'

/** Cluster options that the controller itself obeys, with the defaults of Pacemaker 2.1.5. */
export type ControllerOptions = {
  readonly dcDeadtimeMs: number
  readonly electionTimeoutMs: number
  readonly integrationTimeoutMs: number
  readonly finalizationTimeoutMs: number
  readonly shutdownEscalationMs: number
  /** 0: never look again just because time has passed. */
  readonly recheckIntervalMs: number
  readonly transitionDelayMs: number
  readonly noQuorumPolicy: string
  /** Most agents at a time on a node; 0: twice its processors. */
  readonly nodeActionLimit: number
}

const second = 1000
const minute = 60 * second

/** Set that counts before all others. */
const bootstrapSet = 'cib-bootstrap-options'

/** Value of a cluster option as configured; undefined where it is not. */
export function clusterOption(cib: XmlElement, name: string): string | undefined {
  const configuration = child(cib, 'configuration')
  const config = configuration === undefined ? undefined : child(configuration, 'crm_config')
  const sets = config === undefined ? [] : childrenNamed(config, 'cluster_property_set')
  const ordered = [...sets].sort((a, b) => Number(idOf(b) === bootstrapSet) - Number(idOf(a) === bootstrapSet))
  for (const set of ordered) {
    for (const pair of childrenNamed(set, 'nvpair')) if (attr(pair, 'name') === name) return attr(pair, 'value')
  }
  return undefined
}

/** Reads the options; a value that cannot be read counts as not configured. */
export function readOptions(cib: XmlElement): ControllerOptions {
  const time = (name: string, otherwise: number) => parseDurationMs(clusterOption(cib, name)) ?? otherwise
  return {
    dcDeadtimeMs: time('dc-deadtime', 20 * second),
    electionTimeoutMs: time('election-timeout', 2 * minute),
    integrationTimeoutMs: time('join-integration-timeout', 3 * minute),
    finalizationTimeoutMs: time('join-finalization-timeout', 30 * minute),
    shutdownEscalationMs: time('shutdown-escalation', 20 * minute),
    recheckIntervalMs: time('cluster-recheck-interval', 15 * minute),
    transitionDelayMs: time('transition-delay', 0),
    noQuorumPolicy: clusterOption(cib, 'no-quorum-policy') ?? 'stop',
    nodeActionLimit: Number.parseInt(clusterOption(cib, 'node-action-limit') ?? '0', 10) || 0,
  }
}
