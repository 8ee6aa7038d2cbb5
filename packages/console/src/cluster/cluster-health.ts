import type { ClusterHealth } from '../api/fleet.ts'
import type { Snapshot } from '../api/snapshot.ts'

/** A snapshot in short. */
export function clusterHealth({ nodes, resources, problems, hasQuorum, isIdle, at }: Snapshot): ClusterHealth {
  const primitives = resources.filter(({ kind }) => kind === 'primitive')
  return {
    nodes: nodes.length,
    nodesOnline: nodes.filter(({ isOnline }) => isOnline).length,
    resources: primitives.length,
    failed: primitives.filter(({ state }) => state === 'failed').length,
    errors: problems.filter(({ severity }) => severity === 'error').length,
    warnings: problems.filter(({ severity }) => severity === 'warning').length,
    hasQuorum,
    isIdle,
    at,
  }
}
