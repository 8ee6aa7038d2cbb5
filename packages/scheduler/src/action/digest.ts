import { encodeText, md5Hex } from '@quorate/base'
import { attr } from '@quorate/xml'
import { GlibOrder } from '../model/hash-order.ts'
import { type Cluster, type ClusterNode, noAttributes, type Resource } from '../model/model.ts'
import { currentNode } from '../model/tree.ts'
import { compareEntries, type HistoryEntry, isProbe } from '../unpack/history-entry.ts'
import { historyOn } from '../unpack/history-index.ts'
import { parametersOf } from '../unpack/resource.ts'
import { compareVersions } from '../unpack/rule.ts'
import { requestAction } from './create.ts'
import { hasInternals, isFencingParameter, parametersText, withoutInternals } from './digest-text.ts'
import { keyOf, task } from './key.ts'

/** How the parameters of a recorded operation compare with those it would have now. */
export type DigestVerdict = 'match' | 'unknown' | 'restart' | 'changed'

type Digests = {
  readonly all: string
  readonly restart: string | undefined
  /** What the digest without secrets is made of, as the operation that asked first had it. */
  readonly resource: Resource
  readonly own: ReadonlyMap<string, string>
  readonly parameters: ReadonlyMap<string, string>
  readonly entry: HistoryEntry
  /** Outcome of the last comparison: an operation with parameters of its own begins as one that needs a restart. */
  verdict: DigestVerdict
}

const caches = new WeakMap<Cluster, Map<ClusterNode, Map<string, Digests>>>()

function digestsFor(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  taskName: string,
  intervalMs: number,
  entry: HistoryEntry,
): Digests {
  let byNode = caches.get(cluster)
  if (byNode === undefined) {
    byNode = new Map()
    caches.set(cluster, byNode)
  }
  let byKey = byNode.get(node)
  if (byKey === undefined) {
    byKey = new Map()
    byNode.set(node, byKey)
  }
  const key = keyOf(resource, taskName, intervalMs)
  const known = byKey.get(key)
  if (known !== undefined) return known
  const made = calculate(cluster, resource, node, taskName, intervalMs, entry)
  byKey.set(key, made)
  return made
}

function calculate(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  taskName: string,
  intervalMs: number,
  entry: HistoryEntry,
): Digests {
  const { own, extra, all } = operationParameters(cluster, resource, node, taskName, intervalMs)
  return {
    all: digestOf(all),
    restart: entry.restartDigest === undefined ? undefined : digestOf(restartParameters(all, entry)),
    resource,
    own,
    parameters: all,
    entry,
    verdict: extra.size > 0 ? 'restart' : 'match',
  }
}

type OperationParameters = {
  /** Those of the resource. */
  readonly own: ReadonlyMap<string, string>
  /** Those of the operation. */
  readonly extra: ReadonlyMap<string, string>
  readonly all: ReadonlyMap<string, string>
}

/** What an operation is told. */
function operationParameters(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  taskName: string,
  intervalMs: number,
  overrides: ReadonlyMap<string, string> = noAttributes,
): OperationParameters {
  const action = requestAction(cluster, resource, { task: taskName, intervalMs, node, optional: true, recorded: false })
  const { extra } = action
  const address = connectionAddress(cluster, resource)
  const own = parametersOf(cluster, resource, node)
  const isOwn = address === undefined && overrides.size === 0 && extra.size === 0
  if (isOwn && intervalMs === 0 && !hasInternals(own)) return { own, extra, all: own }
  const all = withoutInternals(isOwn ? own : mergedParameters(address, [overrides, own, extra]))
  if (intervalMs > 0) all.set('CRM_meta_timeout', action.meta.get('timeout') ?? '20000')
  return { own, extra, all }
}

/** What several sources say: the first that says anything about a parameter counts. */
function mergedParameters(
  address: string | undefined,
  sources: readonly ReadonlyMap<string, string>[],
): ReadonlyMap<string, string> {
  const merged = new Map<string, string>()
  if (address !== undefined) merged.set('addr', address)
  for (const values of sources) {
    for (const [name, value] of values) if (!merged.has(name)) merged.set(name, value)
  }
  return merged
}

/** The digest of a set of parameters: 32 hexadecimal digits. */
function digestOf(parameters: ReadonlyMap<string, string>): string {
  return md5Hex(encodeText(parametersText(parameters)))
}

function restartParameters(parameters: ReadonlyMap<string, string>, entry: HistoryEntry): Map<string, string> {
  const listed = attr(entry.xml, 'op-force-restart')
  if (listed === undefined) return new Map(parameters)
  return new Map([...parameters].filter(([name]) => listed.includes(` ${name} `)))
}

function secureParameters(
  resource: Resource,
  own: ReadonlyMap<string, string>,
  all: ReadonlyMap<string, string>,
  entry: HistoryEntry,
): Map<string, string> {
  const secret = attr(entry.xml, 'op-secure-params') ?? ''
  const recent = compareVersions(attr(entry.xml, 'crm_feature_set') ?? '', '3.16.0') >= 0
  const from = recent ? all : withoutInternals(own)
  // What records the digest does not know timeouts, so they do not count here even of recurring operations.
  const hidden = (name: string): boolean =>
    name === 'CRM_meta_timeout' ||
    secret.includes(` ${name} `) ||
    (!recent && resource.isFenceDevice && isFencingParameter(name))
  return new Map([...from].filter(([name]) => !hidden(name)))
}

/** Address of a connection into a container, where it is that of the container's host. */
export function connectionAddress(cluster: Cluster, resource: Resource, host?: ClusterNode): string | undefined {
  if (!hasHostAddress(cluster, resource)) return undefined
  const { container } = resource
  return (host ?? container?.assigned ?? (container && currentNode(container)))?.uname
}

/** True for a connection whose address is that of whatever node its container runs on. */
export function hasHostAddress(cluster: Cluster, resource: Resource): boolean {
  return (
    resource.isConnection &&
    resource.container !== undefined &&
    parametersOf(cluster, resource, undefined).get('addr') === '#uname'
  )
}

/** Compares the parameters of a recorded operation with the present ones. */
export function compareDigests(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  entry: HistoryEntry,
): DigestVerdict {
  const digests = digestsFor(cluster, resource, node, entry.task, entry.intervalMs, entry)
  const stored = attr(entry.xml, 'op-digest')
  if (isRestartNeeded(digests, entry)) digests.verdict = 'restart'
  else if (stored === undefined) digests.verdict = 'unknown'
  else if (stored === digests.all) digests.verdict = 'match'
  else if (entry.intervalMs !== 0 || digests.verdict !== 'restart') digests.verdict = 'changed'
  return digests.verdict
}

function isRestartNeeded(digests: Digests, entry: HistoryEntry): boolean {
  return digests.restart !== undefined && entry.restartDigest !== undefined && digests.restart !== entry.restartDigest
}

/** True where only parameters changed that are secret, and may be masked: nothing has to be done for them. */
export function onlySecretsChanged(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  entry: HistoryEntry,
): boolean {
  const stored = attr(entry.xml, 'op-secure-digest')
  if (stored === undefined || !cluster.hasMaskedSecrets) return false
  const asked = digestsFor(cluster, resource, node, entry.task, entry.intervalMs, entry)
  return digestOf(secureParameters(asked.resource, asked.own, asked.parameters, asked.entry)) === stored
}

/** A set of parameters and its digest. */
export type ParameterDigest = { readonly digest: string; readonly parameters: ReadonlyMap<string, string> }

/** The digests by which changes of a resource's parameters are noticed, for one operation. */
export type ResourceDigests = {
  readonly task: string
  readonly intervalMs: number
  readonly all: ParameterDigest
  /** Without what is secret. */
  readonly nonPrivate: ParameterDigest
  /** Only what cannot be changed without a restart, where the history tells what that is. */
  readonly nonReloadable: ParameterDigest | undefined
}

/** Parameters that are taken for secret where no history tells which are. */
const presumedSecrets: ReadonlySet<string> = new Set(['passwd', 'password', 'user'])

/**
 * The digests of a primitive on a node, for the operation in its history there that counts for them, or for its start.
 *
 * @param overrides parameters that count instead of the configured ones
 */
export function resourceDigests(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  overrides: ReadonlyMap<string, string> = noAttributes,
): ResourceDigests {
  // As in the C tool, the history of an instance that is recorded under the clone's own name is not seen.
  const entry = telling(historyOn(cluster, node, resource.id)?.entries ?? [])
  const [taskName, intervalMs] = [entry?.task ?? task.start, entry?.intervalMs ?? 0]
  const { own, extra, all: merged } = operationParameters(cluster, resource, node, taskName, intervalMs, overrides)
  const all = asListed(merged, [overrides, own, extra])
  const made = (parameters: ReadonlyMap<string, string>) => ({ digest: digestOf(parameters), parameters })
  const secure =
    entry === undefined
      ? new Map([...all].filter(([name]) => !presumedSecrets.has(name)))
      : secureParameters(resource, asListed(new Map([...own, ...overrides]), [overrides, own]), all, entry)
  const isRestartKnown = entry?.restartDigest !== undefined
  return {
    task: taskName,
    intervalMs,
    all: made(all),
    nonPrivate: made(secure),
    nonReloadable: isRestartKnown ? made(restartParameters(all, entry)) : undefined,
  }
}

/** Parameters in the order in which the C tools list them: source by source, each as its hash table has them. */
function asListed(
  parameters: ReadonlyMap<string, string>,
  sources: readonly ReadonlyMap<string, string>[],
): ReadonlyMap<string, string> {
  const listed = new Map<string, string>()
  const list = (name: string): void => {
    const value = parameters.get(name)
    if (value !== undefined && !listed.has(name)) listed.set(name, value)
  }
  list('addr')
  for (const source of sources) {
    const order = new GlibOrder()
    for (const name of source.keys()) order.add(name)
    order.keys().forEach(list)
  }
  parameters.forEach((_, name) => void list(name))
  return listed
}

/**
 * The entry that the digests are shown for: the newest of what may have started the resource, else of what recurs, else
 * of the rest; but an older entry never takes the place of one before it.
 */
function telling(entries: readonly HistoryEntry[]): HistoryEntry | undefined {
  let best: HistoryEntry | undefined
  for (const entry of entries) {
    if (best === undefined || (weight(entry) >= weight(best) && compareEntries(entry, best, true) > 0)) best = entry
  }
  return best
}

function weight(entry: HistoryEntry): number {
  if (entry.task === task.start || entry.task === task.promote || entry.task === task.migrateFrom) return 2
  if (isProbe(entry)) return 2
  return entry.intervalMs > 0 ? 1 : 0
}
