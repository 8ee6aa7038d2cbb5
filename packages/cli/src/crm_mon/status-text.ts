import {
  type Cluster,
  fancyLines,
  isActive,
  isElsewhere,
  nodeItems,
  type Resource,
  type ResourceListOptions,
  resourceItems,
  type StatusItem,
  unpackConstraints,
} from '@quorate/scheduler'
import { pacemakerdText } from '../pacemaker/pacemakerd-text.ts'
import { attributeItems } from './attributes.ts'
import { banItems } from './bans.ts'
import { briefItems } from './brief.ts'
import { featureSetText, nodesWithResources } from './by-node.ts'
import { failureItems, failuresOf } from './failures.ts'
import { fencingParts } from './fencing.ts'
import { historiesOf, historyItems } from './history.ts'
import { utcTime } from './local-time.ts'
import { maintenanceLines, summaryItems } from './summary.ts'
import { ticketItems } from './tickets.ts'
import { type Snapshot, type View, type Wanted, wantedOf } from './view.ts'

/** Parts of the display that pages have in their own way. */
export type OwnBlocks = {
  readonly summary: (snapshot: Snapshot, view: View) => readonly Block[]
  readonly nodes: (cluster: Cluster, view: View, wanted: Wanted) => readonly StatusItem[]
  readonly attributes: (cluster: Cluster, view: View, wanted: Wanted) => readonly StatusItem[]
}

const textBlocks: OwnBlocks = {
  summary: (snapshot, view) => {
    const items = summaryItems(snapshot, view)
    const after = view.shown.sections.has('maint-mode') ? maintenanceLines(snapshot.cluster) : []
    return items.length === 0 ? [] : [{ title: 'Cluster Summary', items, after }]
  },
  nodes: nodeBlock,
  attributes: attributeItems,
}

/** A part of the display under a title. */
export type Block = {
  readonly title: string
  readonly items: readonly StatusItem[]
  readonly after?: readonly string[]
}

/** The status as text (behaviour/scheduler-actions-and-graph.md 5.10). Ends in a line end. */
export function statusText(snapshot: Snapshot, view: View): string {
  const lines: string[] = []
  let isFirst = true
  for (const block of statusBlocks(snapshot, view)) {
    if (!isFirst) lines.push('')
    isFirst = false
    lines.push(`${block.title}:`, ...fancyLines(block.items, 1), ...(block.after ?? []))
  }
  return pacemakerdLine(snapshot) + lines.map((line) => `${line}\n`).join('')
}

/** What pacemakerd says of itself, as the first line; empty for a file. */
export function pacemakerdLine({ pacemakerd }: Snapshot): string {
  if (pacemakerd === undefined) return ''
  const { state, lastUpdated } = pacemakerd
  return `Status of pacemakerd: '${pacemakerdText(state)}' (last updated ${utcTime(lastUpdated)})\n`
}

/** The display in parts: text and HTML are made of these. */
export function statusBlocks(snapshot: Snapshot, view: View, own = textBlocks): readonly Block[] {
  const { cluster } = snapshot
  const wanted = wantedOf(cluster, view)
  const has = (section: Parameters<typeof view.shown.sections.has>[0]) => view.shown.sections.has(section)
  // Constraints name tickets that nobody has ever granted, and give the bans.
  if ((has('tickets') || has('bans')) && cluster.locations.length === 0) unpackConstraints(cluster)
  const blocks: Block[] = [...own.summary(snapshot, view)]
  if (has('nodes') && cluster.nodes.some(wanted.node)) {
    blocks.push({ title: 'Node List', items: own.nodes(cluster, view, wanted) })
  }
  if (has('resources')) blocks.push(...resourceBlocks(cluster, view, wanted))
  const optional = (title: string, items: readonly StatusItem[]) => {
    if (items.length > 0) blocks.push({ title, items })
  }
  if (has('attributes')) optional('Node Attributes', own.attributes(cluster, view, wanted))
  if (has('operations') || has('failcounts')) {
    const items = historyItems(cluster, view, wanted, has('operations'))
    const title = has('operations') ? 'Operations' : 'Migration Summary'
    if (historiesOf(cluster, wanted).length > 0) blocks.push({ title, items })
  }
  if (has('failures')) {
    optional('Failed Resource Actions', failureItems(failuresOf(cluster, wanted), view.showsDetail))
  }
  const fencing = fencingParts(snapshot, view)
  optional('Failed Fencing Actions', fencing.failed)
  if (has('tickets')) optional('Tickets', ticketItems(cluster))
  if (has('bans')) optional('Negative Location Constraints', banItems(cluster, view, wanted))
  optional(fencing.othersTitle, fencing.others)
  return blocks
}

function nodeBlock(cluster: Cluster, view: View, wanted: Wanted): readonly StatusItem[] {
  if (view.byNode) return nodesWithResources(cluster, view, wanted)
  return nodeItems(
    cluster,
    { showsDetail: view.showsDetail, detail: (node) => featureSetText(node, view) },
    wanted.node,
  )
}

function resourceBlocks(cluster: Cluster, view: View, wanted: Wanted): readonly Block[] {
  if (view.byNode && !view.showsInactive) return []
  const options: ResourceListOptions = {
    showsInactive: view.showsInactive,
    showsPending: true,
    showsInstances: view.showsDetail,
    isRest: view.byNode,
    isMeant: wanted.itself,
    isNodeMeant: wanted.nodeItself,
    ...(view.isBrief ? { memberItems: (members) => briefItems(members, true, true) } : {}),
  }
  const isListed = (item: Resource) =>
    wanted.resource(item) && (view.byNode ? !isActive(item, true) : !isElsewhere(item, wanted.nodeItself))
  // Primitives are counted wherever they are.
  const isCounted = (item: Resource) => wanted.resource(item) && (!view.byNode || !isActive(item, true))
  const title = view.byNode ? 'Inactive Resources' : view.showsInactive ? 'Full List of Resources' : 'Active Resources'
  const items =
    view.isBrief && !view.byNode
      ? briefBlock(cluster, view, options, isListed, isCounted)
      : resourceItems(cluster, options, isListed)
  if (items.length > 0) return [{ title, items }]
  const none = view.byNode ? 'No inactive resources' : view.showsInactive ? 'No resources' : 'No active resources'
  return [{ title, items: [{ text: none }] }]
}

function briefBlock(
  cluster: Cluster,
  view: View,
  options: ResourceListOptions,
  isListed: (item: Resource) => boolean,
  isCounted: (item: Resource) => boolean,
): readonly StatusItem[] {
  const isPrimitive = (item: Resource) => item.children.length === 0 && item.bundle === undefined
  const primitives = cluster.resources.filter((item) => isPrimitive(item) && isCounted(item))
  const rest = resourceItems(cluster, options, (item) => !isPrimitive(item) && isListed(item))
  return [...briefItems(primitives, view.showsInactive, true), ...rest]
}
