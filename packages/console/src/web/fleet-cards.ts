import {
  type ClusterHost,
  type ClusterSummary,
  type HostFailure,
  type HostSpec,
  type HostStage,
  hostStages,
  parseHosts,
} from '../api/index.ts'

/** How a cluster is, in one word. `unreached`: it was never seen, and it is known why. */
export type CardState = 'connecting' | 'unreached' | 'lost' | 'bad' | 'doubtful' | 'good'

export function cardState({ health, stale, hosts }: ClusterSummary): CardState {
  if (health === null) {
    const isUnderWay = hosts.length > 0 ? hosts.some(({ failure }) => failure === null) : stale === null
    return isUnderWay ? 'connecting' : 'unreached'
  }
  if (stale !== null) return 'lost'
  if (health.errors > 0 || health.failed > 0 || !health.hasQuorum) return 'bad'
  return health.warnings > 0 ? 'doubtful' : 'good'
}

/** A step to a host as it is shown. */
export type Step = {
  readonly stage: HostStage
  readonly state: 'done' | 'running' | 'failed' | 'waiting'
  readonly detail: string
}

/** All steps to a host: those that are done, the one that is under way or has failed, and the rest. */
export function stepsOf({ done, failure }: Pick<ClusterHost, 'done' | 'failure'>): readonly Step[] {
  const next = hostStages.find((stage) => done[stage] === undefined)
  return hostStages.map((stage) => {
    const detail = done[stage]
    if (failure?.stage === stage) return { stage, state: 'failed', detail: '' }
    if (detail !== undefined) return { stage, state: 'done', detail }
    return { stage, state: stage === next && failure === null ? 'running' : 'waiting', detail: '' }
  })
}

/** Failures that pass, or may be over, without anybody accepting anything. */
export function canRetry(failure: HostFailure | null): boolean {
  return failure !== null && failure.code !== 'keyUnknown'
}

/** Hosts as they are asked for: whether sudo is wanted is a matter of those who are not root. */
export function wantedHosts(hosts: readonly HostSpec[], isSudo: boolean): readonly HostSpec[] {
  return hosts.map((host) => (isSudo || !isOther(host) ? host : { ...host, sudo: false }))
}

/** Whether sudo is worth a question: somebody else than root goes in. */
export function isOther({ user }: HostSpec): boolean {
  return user !== undefined && user !== 'root'
}

/** A member that was discovered, to be reached as the first host of its cluster is. */
export function memberHost(node: string, hosts: readonly ClusterHost[]): HostSpec | undefined {
  const [like] = parseHosts(hosts[0]?.text ?? '').hosts
  const [host] = parseHosts(node).hosts
  return host === undefined ? undefined : { ...like, host: host.host }
}

/**
 * What becomes of a cluster that was asked for: `open` once it is seen through every host, `stay` where a host has failed
 * and somebody has to look at that; undefined while it is under way.
 */
export function outcomeOf(cluster: ClusterSummary | undefined): 'open' | 'stay' | undefined {
  if (cluster === undefined) return undefined
  const { hosts, health } = cluster
  if (hosts.some(({ failure }) => failure !== null)) return 'stay'
  return health !== null && hosts.every(({ done }) => done['cluster'] !== undefined) ? 'open' : undefined
}
