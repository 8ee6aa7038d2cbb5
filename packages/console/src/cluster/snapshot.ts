import { type ConfigurationProblem, type StatusOptions, unpackStatus } from '@quorate/scheduler'
import { attr, child, childrenNamed, descendants, type XmlElement } from '@quorate/xml'
import type { FencingEvent, Snapshot, Stale } from '../api/snapshot.ts'
import { constraintViews } from './constraint-view.ts'
import { momentText, secondsText } from './moment-text.ts'
import { nodeView } from './node-view.ts'
import { problemsOf } from './problems.ts'
import { resourceViews } from './resource-view.ts'

/** What was found out about a CIB by deciding on it; comes later than the CIB. */
export type Analysis = {
  readonly cibVersion: string
  readonly isIdle: boolean
  readonly problems: readonly ConfigurationProblem[]
}

/** What a snapshot is made of, beside the CIB. */
export type SnapshotInput = {
  readonly rev: number
  /** Of the CIB as the CIB manager has it: an upgraded copy can have another one. */
  readonly cibVersion: string
  readonly server: string
  readonly atMs: number
  readonly stale: Stale | null
  readonly source: Snapshot['source']
  readonly fencing: readonly FencingEvent[]
  readonly analysis: Analysis | undefined
  readonly options: StatusOptions
}

/**
 * All that is to be seen of a cluster.
 *
 * @param cib in a schema that the scheduler understands
 */
export function snapshotOf(cib: XmlElement, input: SnapshotInput): Snapshot {
  const cluster = unpackStatus(cib, input.options)
  const { cibVersion } = input
  const nodes = cluster.nodes.map(nodeView)
  const resources = [...resourceViews(cluster)]
  const constraints = [...constraintViews(cluster, input.atMs)]
  const dc = cluster.dc?.uname ?? null
  const isFresh = input.analysis?.cibVersion === cibVersion
  const properties = propertiesOf(cib)
  return {
    rev: input.rev,
    server: input.server,
    cibVersion,
    at: momentText(input.atMs),
    stale: input.stale,
    source: input.source,
    hasQuorum: cluster.quorate,
    dc,
    isIdle: isFresh ? (input.analysis?.isIdle ?? null) : null,
    nodes,
    resources,
    constraints,
    tickets: [...cluster.tickets.values()].map(({ id, granted, standby, lastGrantedSeconds }) => ({
      id,
      isGranted: granted,
      isStandby: standby,
      lastGrantedAt: secondsText(lastGrantedSeconds),
    })),
    properties,
    fencing: [...input.fencing],
    problems: [
      ...problemsOf({
        hasQuorum: cluster.quorate,
        dc,
        isFile: input.source.kind === 'file',
        isMaintenance: cluster.settings.maintenanceMode,
        isFencingEnabled: cluster.settings.fencingEnabled,
        isStopAll: cluster.settings.stopAllResources,
        nodes,
        resources,
        constraints,
        configuration: input.analysis?.problems ?? [],
      }),
    ],
  }
}

/** Cluster options as configured, whatever set they are in; the first of a name counts. */
function propertiesOf(cib: XmlElement): Record<string, string> {
  const found: Record<string, string> = {}
  const configuration = child(cib, 'configuration')
  const section = configuration && child(configuration, 'crm_config')
  for (const set of section === undefined ? [] : childrenNamed(section, 'cluster_property_set')) {
    for (const pair of descendants(set)) {
      const name = pair.name === 'nvpair' ? attr(pair, 'name') : undefined
      const value = attr(pair, 'value')
      if (name !== undefined && value !== undefined && !Object.hasOwn(found, name)) found[name] = value
    }
  }
  return found
}
