import { parsePattern } from '@quorate/base'
import { attr } from '@quorate/xml'
import { configWarning } from '../model/log.ts'
import type { Cluster, ClusterNode, Resource } from '../model/model.ts'
import { isBundled, top, withoutInstance } from '../model/tree.ts'
import { parseInteger, sameText } from '../scalar.ts'
import { addScores, parseScore } from '../score.ts'
import type { HistoryEntry } from './history-entry.ts'
import { historyOn } from './history-index.ts'
import { compareVersions, operationIntervalMs } from './rule.ts'

export type FailCountOptions = {
  /** Failures that have expired do not count. */
  readonly effective?: boolean
  /** Failures of what runs inside count too, at whatever depth. */
  readonly fillers?: boolean
  /** The operation that is being judged. */
  readonly entry?: HistoryEntry
}

export type FailCount = { readonly count: number; readonly lastFailureSeconds: number | undefined }

const none: FailCount = { count: 0, lastFailureSeconds: undefined }
const patterns = new WeakMap<
  Resource,
  { readonly name: string; readonly counts: RegExp | undefined; readonly last: RegExp | undefined }
>()

function patternsFor(cluster: Cluster, resource: Resource) {
  const full = resource.historyName ?? resource.id
  const name = resource.unique ? full : withoutInstance(full)
  const known = patterns.get(resource)
  if (known?.name === name) return known
  const perOperation = compareVersions(attr(cluster.cib, 'crm_feature_set') ?? '', '3.0.13') >= 0
  const tail = `${name}${resource.unique ? '' : '(:[0-9]+)?'}${perOperation ? '#.+_[0-9]+' : ''}$`
  const made = { name, counts: parsePattern(`^fail-count-${tail}`), last: parsePattern(`^last-failure-${tail}`) }
  patterns.set(resource, made)
  return made
}

/** For how many attributes of a node it is known whether one of them is a fail count: attributes never go away. */
const known = new WeakMap<ClusterNode, { readonly attributes: number; readonly hasFailCounts: boolean }>()

/** Whether anything has failed on a node, by the node's attributes; there is nothing to count where not. */
export function hasFailCounts(node: ClusterNode): boolean {
  const { size } = node.attributes
  const last = known.get(node)
  if (last?.attributes === size) return last.hasFailCounts
  const found = [...node.attributes.keys()].some((name) => name.startsWith('fail-count-'))
  known.set(node, { attributes: size, hasFailCounts: found })
  return found
}

/** How often a resource failed on a node, by the node's attributes. */
export function failCount(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  options: FailCountOptions = {},
): FailCount {
  if (!hasFailCounts(node)) return none
  let { count, lastFailureSeconds } = ownCount(cluster, resource, node)
  if (count > 0 && resource.failureTimeoutSeconds > 0 && failureBlocks(cluster, resource, node, options.entry)) {
    const timeout = `Ignoring failure timeout ${resource.failureTimeoutSeconds} for ${resource.id}`
    configWarning(cluster, 'pe_get_failcount', `${timeout} because it conflicts with on-fail=block`)
    resource.failureTimeoutSeconds = 0
  }
  const timeout = resource.failureTimeoutSeconds
  if (options.effective === true && count > 0 && lastFailureSeconds !== undefined && timeout > 0) {
    if (cluster.now.epochSeconds > lastFailureSeconds + timeout) count = 0
  }
  if (options.fillers === true) {
    for (const filler of insideOf(resource)) count += failCount(cluster, filler, node, { effective: true }).count
  }
  return count === 0 ? { ...none, lastFailureSeconds } : { count, lastFailureSeconds }
}

/** What runs inside of a resource, and inside of that in turn. */
export function insideOf(resource: Resource): readonly Resource[] {
  const found = new Set<Resource>()
  const enter = (of: Resource): void => {
    if (isBundled(of)) return
    for (const filler of of.fillers) {
      if (found.has(filler) || filler === resource) continue
      found.add(filler)
      enter(filler)
    }
  }
  enter(resource)
  return [...found]
}

function ownCount(cluster: Cluster, resource: Resource, node: ClusterNode): FailCount {
  let count = 0
  let last = 0
  const match = patternsFor(cluster, resource)
  for (const [name, value] of node.attributes) {
    if (match.counts?.test(name) === true) count = addScores(count, parseScore(value, cluster.settings.health))
    else if (match.last?.test(name) === true) last = Math.max(last, parseInteger(value) ?? 0)
  }
  return { count, lastFailureSeconds: count > 0 && last > 0 ? last : undefined }
}

function failureBlocks(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  entry: HistoryEntry | undefined,
): boolean {
  for (const { xml, name } of resource.operations) {
    if (!sameText(attr(xml, 'on-fail'), 'block')) continue
    const interval = operationIntervalMs(xml)
    const entries =
      entry !== undefined ? [entry] : (historyOn(cluster, node, withoutInstance(resource.id))?.entries ?? [])
    const id = withoutInstance(resource.id)
    for (const item of entries) {
      if (!sameText(item.task, name) || item.intervalMs !== interval) continue
      if (item.id === `${id}_last_failure_0`) return true
      if (item.id === `${id}_${name}_${interval}` && item.rc !== item.targetRc) return true
    }
  }
  return false
}

/** The resource to ban from a node because it failed there too often, or undefined. */
export function overThreshold(cluster: Cluster, resource: Resource, node: ClusterNode): Resource | undefined {
  if (resource.migrationThreshold === 0 || resource.failureIgnored) return undefined
  const { count } = failCount(cluster, resource, node, { effective: true, fillers: true })
  if (count <= 0 || resource.migrationThreshold - count > 0) return undefined
  return resource.unique ? resource : top(resource)
}
