import { type Cluster, type ClusterNode, nodeHealth, nodeText, type StatusItem } from '@quorate/scheduler'
import { connectivityOf, expectedPing, nodesWithAttributes } from './attributes.ts'
import { featureSetText, runningItems } from './by-node.ts'
import { localTime } from './local-time.ts'
import type { Block, OwnBlocks } from './status-text.ts'
import { changeText, dcVersion, isMixed, optionItems } from './summary.ts'
import type { Snapshot, View } from './view.ts'

type Part = NonNullable<StatusItem['parts']>[number]

/** Parts of the display as pages have them. */
export const pageBlocks: OwnBlocks = {
  summary: (snapshot, view) => {
    const summary = summaryParts(snapshot, view)
    const options = view.shown.sections.has('options') ? configItems(snapshot.cluster) : []
    return [
      ...(summary.length === 0 ? [] : [{ title: 'Cluster Summary', items: summary }]),
      ...(options.length === 0 ? [] : [{ title: 'Config Options', items: options }]),
    ] satisfies readonly Block[]
  },
  nodes: (cluster, view, wanted) => {
    const nodes = cluster.nodes.filter(wanted.node)
    if (!view.byNode) return nodes.map((node) => ofParts([nameOf(node, view), ...stateParts(cluster, node, view)]))
    return nodes.map((node) => {
      const running = runningItems(cluster, node, view, wanted)
      const isIdle = (view.isBrief ? running : node.running).length === 0
      const items = isIdle ? undefined : [{ text: 'Resources', items: running }]
      const state = ofParts([{ text: 'Status:' }, ...stateParts(cluster, node, view)])
      return { text: `${nodeText(node, view)}:`, items: [items === undefined ? state : { ...state, items }] }
    })
  },
  attributes: (cluster, view, wanted) =>
    nodesWithAttributes(cluster, wanted).map(({ node, names }) => ({
      text: `${nodeText(node, view)}:`,
      items: names.map((name) => attributeItem(node, name)),
    })),
}

function ofParts(parts: readonly Part[]): StatusItem {
  return { text: '', parts }
}

function labelled(label: string, ...parts: readonly Part[]): StatusItem {
  return ofParts([{ text: `${label}: `, look: 'bold' }, ...parts])
}

function summaryParts({ cluster, nowSeconds }: Snapshot, view: View): readonly StatusItem[] {
  const { sections } = view.shown
  const out: StatusItem[] = []
  if (sections.has('stack')) {
    out.push(labelled('Stack', { text: cluster.settings.all.get('cluster-infrastructure') ?? 'unknown' }))
  }
  if (cluster.dc === undefined) out.push(labelled('Current DC', { text: 'NONE', look: 'warning' }))
  else if (sections.has('dc')) out.push(labelled('Current DC', ...dcParts(cluster, cluster.dc, view)))
  if (sections.has('times')) {
    out.push(labelled('Last updated', { text: localTime(nowSeconds) }))
    out.push(labelled('Last change', { text: changeText(cluster) }))
  }
  if (sections.has('counts')) {
    const nodes = cluster.nodes.length
    out.push(ofParts([{ text: `${nodes} node${nodes === 1 ? '' : 's'} configured` }]))
    out.push(ofParts(countParts(cluster)))
  }
  return out
}

function dcParts(cluster: Cluster, dc: ClusterNode, view: View): readonly Part[] {
  return [
    { text: `${nodeText(dc, view)} (version ${dcVersion(cluster)}) -` },
    ...(isMixed(cluster) ? [{ text: ' MIXED-VERSION', look: 'warning' }] : []),
    { text: ' partition' },
    cluster.quorate ? { text: ' with' } : { text: ' WITHOUT', look: 'warning' },
    { text: ' quorum' },
  ]
}

function countParts({ instanceCount, disabledCount, blockedCount }: Cluster): readonly Part[] {
  const text = `${instanceCount} resource instance${instanceCount === 1 ? '' : 's'} configured`
  const disabled: readonly Part[] = [{ text: 'DISABLED', look: 'bold' }]
  const blocked: readonly Part[] = [{ text: 'BLOCKED', look: 'bold' }, { text: ' from further action due to failure)' }]
  if (disabledCount > 0 && blockedCount > 0) {
    return [{ text: `${text} (${disabledCount} ` }, ...disabled, { text: `, ${blockedCount} ` }, ...blocked]
  }
  if (disabledCount > 0) return [{ text: `${text} (${disabledCount} ` }, ...disabled, { text: ')' }]
  return blockedCount > 0 ? [{ text: `${text} (${blockedCount} ` }, ...blocked] : [{ text }]
}

function configItems(cluster: Cluster): readonly StatusItem[] {
  const management = { text: 'Resource management: ' }
  const { maintenanceMode, stopAllResources } = cluster.settings
  const item = maintenanceMode
    ? ofParts([
        management,
        { text: 'DISABLED', look: 'bold' },
        { text: ' (the cluster will not attempt to start, stop, or recover services)' },
      ])
    : stopAllResources
      ? ofParts([
          management,
          { text: 'STOPPED', look: 'bold' },
          { text: ' (the cluster will keep all resources stopped)' },
        ])
      : { text: 'Resource management: enabled' }
  return [...optionItems(cluster), item]
}

function nameOf(node: ClusterNode, view: View): Part {
  return { text: `${nodeText(node, view)}:`, look: 'bold' }
}

/** State of a node: whether it is there, and each reason why it is not used as others are. */
function stateParts(cluster: Cluster, node: ClusterNode, view: View): readonly Part[] {
  const parts: Part[] = [node.online ? { text: ' online', look: 'online' } : { text: ' OFFLINE', look: 'offline' }]
  const standby = standbyText(node)
  if (standby !== undefined) parts.push({ text: standby, look: 'standby' })
  if (node.maintenance) parts.push({ text: ' (in maintenance mode)', look: 'maint' })
  const health = nodeHealth(cluster, node)
  if (health !== undefined) parts.push({ text: ` (health is ${health.toUpperCase()})`, look: `health_${health}` })
  const features = featureSetText(node, view)
  return features === '' ? parts : [...parts, { text: features }]
}

function standbyText(node: ClusterNode): string | undefined {
  const active = node.running.length > 0 ? ', with active resources' : ''
  if (node.standbyOnFail) return ` (in standby due to on-fail${active})`
  return node.standby ? ` (in standby${active})` : undefined
}

function attributeItem(node: ClusterNode, name: string): StatusItem {
  const value = node.attributes.get(name) ?? ''
  const text = `${name}: ${value}`
  if (expectedPing(node, name) === undefined) return { text }
  const found = connectivityOf(node, name, value)
  if (found === undefined) return ofParts([{ text }])
  // The C tool leaves the second bracket out.
  const fault = found === 'lost' ? '(connectivity is lost)' : `(connectivity is degraded -- expected ${found.expected}`
  return ofParts([{ text }, { text: fault, look: 'bold' }])
}
