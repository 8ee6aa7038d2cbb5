import { namedValues } from '@quorate/scheduler'
import { child, type XmlElement } from '@quorate/xml'
import { infinity, parseDurationMs } from '../transition/graph.ts'

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
  /** Attempts to fence a node after which the next one waits for something to change. At least 1. */
  readonly stonithMaxAttempts: number
  /** What a node does that learns of its own fencing: `stop`, or `panic`. */
  readonly fenceReaction: string
  /** As configured; undefined where it is unset, 0, or nobody is fenced: no node counts as dead for having a watchdog. */
  readonly watchdogTimeout: string | undefined
  /** Whether a node of which nothing is known is fenced before anything is started that it may run. */
  readonly fencesAtStartup: boolean
  /** Most agents at a time on a node; 0: twice its processors. */
  readonly nodeActionLimit: number
}

const second = 1000
const minute = 60 * second

/** Set that counts before all others. */
const bootstrapSet = 'cib-bootstrap-options'

/** The moment for which rules are judged: seconds since 1970, and local time minus UTC in seconds. */
export type OptionTime = { readonly epochS: number; readonly utcOffsetS?: number | undefined }

/**
 * Values of the cluster's options as configured. Of several sets that have an option the bootstrap set counts first, then
 * the one of the highest score, of equals the last; a set whose rule does not hold now does not count. As the scheduler
 * has it.
 */
export function clusterOptions(cib: XmlElement, { epochS, utcOffsetS = 0 }: OptionTime): ReadonlyMap<string, string> {
  const configuration = child(cib, 'configuration')
  const config = configuration && child(configuration, 'crm_config')
  if (config === undefined) return new Map()
  return namedValues(
    cib,
    config,
    'cluster_property_set',
    { epochSeconds: epochS, offsetSeconds: utcOffsetS },
    bootstrapSet,
  )
}

/** Reads the options; a value that cannot be read counts as not configured. */
export function readOptions(cib: XmlElement, now: OptionTime): ControllerOptions {
  const options = clusterOptions(cib, now)
  const time = (name: string, otherwise: number) => parseDurationMs(options.get(name)) ?? otherwise
  return {
    dcDeadtimeMs: time('dc-deadtime', 20 * second),
    electionTimeoutMs: time('election-timeout', 2 * minute),
    integrationTimeoutMs: time('join-integration-timeout', 3 * minute),
    finalizationTimeoutMs: time('join-finalization-timeout', 30 * minute),
    shutdownEscalationMs: time('shutdown-escalation', 20 * minute),
    recheckIntervalMs: time('cluster-recheck-interval', 15 * minute),
    transitionDelayMs: time('transition-delay', 0),
    noQuorumPolicy: options.get('no-quorum-policy') ?? 'stop',
    stonithMaxAttempts: maxAttempts(options.get('stonith-max-attempts')),
    fenceReaction: options.get('fence-reaction') ?? 'stop',
    watchdogTimeout: watchdogTimeout(options.get('stonith-watchdog-timeout'), options.get('stonith-enabled')),
    fencesAtStartup: isTrue(options.get('startup-fencing')),
    nodeActionLimit: Number.parseInt(options.get('node-action-limit') ?? '0', 10) || 0,
  }
}

const maxAttemptsDefault = 10

function maxAttempts(text: string | undefined): number {
  const count = text === 'INFINITY' ? infinity : Number.parseInt(text ?? '', 10)
  return count >= 1 ? count : maxAttemptsDefault
}

const noWords: ReadonlySet<string> = new Set(['false', 'off', 'no', 'n', '0'])

/** Of an option that is on unless it says no. */
function isTrue(text: string | undefined): boolean {
  return !noWords.has(text?.toLowerCase() ?? 'true')
}

/** A time that cannot be read is no zero: whoever wrote it wants watchdogs to be relied on. */
function watchdogTimeout(text: string | undefined, stonithEnabled: string | undefined): string | undefined {
  if (text === undefined || text.trim() === '' || parseDurationMs(text) === 0) return undefined
  return isTrue(stonithEnabled) ? text : undefined
}
