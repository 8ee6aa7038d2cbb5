import { type Cluster, nodeText, type StatusItem } from '@quorate/scheduler'
import { attr } from '@quorate/xml'
import { localTime } from './local-time.ts'
import type { Snapshot, View } from './view.ts'

function option(cluster: Cluster, name: string): string | undefined {
  return cluster.settings.all.get(name)
}

/** Whether it is told who leads the cluster: that nobody does in any case. */
export function showsDc({ dc }: Cluster, { shown, isPart }: View): boolean {
  return shown.sections.has('dc') || (dc === undefined && isPart !== true)
}

/** Lines of the cluster's summary. */
export function summaryItems({ cluster, nowSeconds }: Snapshot, view: View): readonly StatusItem[] {
  const out: StatusItem[] = []
  const has = (section: Parameters<typeof view.shown.sections.has>[0]) => view.shown.sections.has(section)
  if (has('stack')) out.push({ label: 'Stack', text: option(cluster, 'cluster-infrastructure') ?? 'unknown' })
  if (showsDc(cluster, view)) out.push({ label: 'Current DC', text: dcText(cluster, view) })
  if (has('times')) {
    out.push({ label: 'Last updated', text: localTime(nowSeconds) })
    out.push({ label: 'Last change', text: ` ${changeText(cluster)}` })
  }
  if (has('counts')) {
    const nodes = cluster.nodes.length
    out.push({ text: `${nodes} node${nodes === 1 ? '' : 's'} configured` })
    out.push({ text: countText(cluster) })
  }
  if (has('options')) out.push(...optionItems(cluster))
  return out
}

function dcText(cluster: Cluster, view: View): string {
  const { dc } = cluster
  if (dc === undefined) return 'NONE'
  const mixed = isMixed(cluster) ? 'MIXED-VERSION ' : ''
  return `${nodeText(dc, view)} (version ${dcVersion(cluster)}) - ${mixed}partition ${cluster.quorate ? 'with' : 'WITHOUT'} quorum`
}

/** Version of the stack at the node that leads the cluster. */
export function dcVersion(cluster: Cluster): string {
  return option(cluster, 'dc-version') ?? 'unknown'
}

/** Whether online cluster nodes speak different feature sets. */
export function isMixed(cluster: Cluster): boolean {
  const seen = new Set<string | undefined>()
  for (const node of cluster.nodes) {
    if (node.kind === 'member' && node.online) seen.add(node.attributes.get('#feature-set'))
  }
  return seen.size > 1
}

/** When the configuration was changed last, by whom and with what. */
export function changeText(cluster: Cluster): string {
  const { cib } = cluster
  const written = attr(cib, 'cib-last-written')
  const parts = [written ?? '']
  for (const [word, name] of [
    ['by', 'update-user'],
    ['via', 'update-client'],
    ['on', 'update-origin'],
  ] as const) {
    const value = attr(cib, name)
    if (value !== undefined) parts.push(`${word} ${value}`)
  }
  return parts.join(' ')
}

function countText(cluster: Cluster): string {
  const { instanceCount, disabledCount, blockedCount } = cluster
  const parts: string[] = []
  if (disabledCount > 0) parts.push(`${disabledCount} DISABLED`)
  if (blockedCount > 0) parts.push(`${blockedCount} BLOCKED from further action due to failure`)
  const suffix = parts.length === 0 ? '' : ` (${parts.join(', ')})`
  return `${instanceCount} resource instance${instanceCount === 1 ? '' : 's'} configured${suffix}`
}

const policies: Readonly<Record<string, string>> = {
  freeze: 'Freeze resources',
  stop: 'Stop ALL resources',
  demote: 'Demote promotable resources and stop all other resources',
  ignore: 'Ignore',
  suicide: 'Suicide',
}

/** Options that decide what the cluster does. */
export function optionItems(cluster: Cluster): readonly StatusItem[] {
  const { fencingEnabled, symmetric, noQuorumPolicy } = cluster.settings
  return [
    { text: `STONITH of failed nodes ${fencingEnabled ? 'enabled' : 'disabled'}` },
    { text: `Cluster is ${symmetric ? 'symmetric' : 'asymmetric'}` },
    { text: `No quorum policy: ${policies[noQuorumPolicy] ?? noQuorumPolicy}` },
  ]
}

/** What is said where the cluster leaves its resources alone, as lines between the summary and the nodes. */
export function maintenanceLines(cluster: Cluster): readonly string[] {
  if (cluster.settings.maintenanceMode) {
    return [
      '',
      '              *** Resource management is DISABLED ***',
      '  The cluster will not attempt to start, stop or recover services',
    ]
  }
  if (cluster.settings.stopAllResources) {
    return ['', '    *** Resource management is DISABLED ***', '  The cluster will keep all resources stopped']
  }
  return []
}
