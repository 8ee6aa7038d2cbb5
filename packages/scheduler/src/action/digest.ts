import { encodeText, md5Hex } from '@quorate/base'
import { attr } from '@quorate/xml'
import type { Cluster, ClusterNode, Resource } from '../model/model.ts'
import { currentNode } from '../model/tree.ts'
import type { HistoryEntry } from '../unpack/history-entry.ts'
import { parametersOf } from '../unpack/resource.ts'
import { compareVersions } from '../unpack/rule.ts'
import { requestAction } from './create.ts'
import { parametersText, withoutInternals } from './digest-text.ts'
import { keyOf } from './key.ts'

/** How the parameters of a recorded operation compare with those it would have now. */
export type DigestVerdict = 'match' | 'unknown' | 'restart' | 'changed'

type Digests = {
  readonly all: string
  readonly parameters: ReadonlyMap<string, string>
  readonly restart: string | undefined
  /** The digest without secrets, as the operation that asked first had them. */
  readonly secure: () => string
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
  const byNode = caches.get(cluster) ?? new Map<ClusterNode, Map<string, Digests>>()
  caches.set(cluster, byNode)
  const byKey = byNode.get(node) ?? new Map<string, Digests>()
  byNode.set(node, byKey)
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
  const action = requestAction(cluster, resource, { task: taskName, intervalMs, node, optional: true, recorded: false })
  const merged = new Map<string, string>()
  const address = connectionAddress(cluster, resource)
  if (address !== undefined) merged.set('addr', address)
  const own = parametersOf(cluster, resource, node)
  for (const [name, value] of own) if (!merged.has(name)) merged.set(name, value)
  for (const [name, value] of action.extra) if (!merged.has(name)) merged.set(name, value)
  const parameters = withoutInternals(merged)
  if (intervalMs > 0) parameters.set('CRM_meta_timeout', action.meta.get('timeout') ?? '20000')
  const digest = (of: ReadonlyMap<string, string>): string => md5Hex(encodeText(parametersText(of)))
  return {
    all: digest(parameters),
    parameters,
    restart: entry.restartDigest === undefined ? undefined : digest(restartParameters(parameters, entry)),
    secure: () => digest(secureParameters(resource, own, parameters, entry)),
    verdict: action.extra.size > 0 ? 'restart' : 'match',
  }
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
    (!recent && resource.isFenceDevice && name.startsWith('pcmk_'))
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

/** True where only parameters changed that are secret: nothing has to be done for them. */
export function onlySecretsChanged(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  entry: HistoryEntry,
): boolean {
  const stored = attr(entry.xml, 'op-secure-digest')
  if (stored === undefined) return false
  return digestsFor(cluster, resource, node, entry.task, entry.intervalMs, entry).secure() === stored
}
