import { nodeStateLines, outlookText } from './explanation-text.ts'
import { type Overview, type Trouble, type TroubledResource, troubles } from './overview.ts'

/** How many resources are named that have a reason in common. */
const namesShown = 6

const headings: Readonly<Record<Trouble, string>> = {
  down: 'Stopped, and stay so',
  stopping: 'Are to stop, for good',
  waits: 'Wait for what cannot be done now',
  left: 'Left as they are',
  due: 'About to change',
  failed: 'Run, and have failed before',
}

/** An overview as lines for people: the cluster and its nodes, then resources, those first that others follow from. */
export function overviewLines(of: Overview): readonly string[] {
  const lines = [`${of.summary}.`]
  for (const { text, remedy } of of.cluster) {
    lines.push(`  * ${text}`)
    if (remedy !== undefined) lines.push(`      to change that: ${remedy}`)
  }
  for (const node of of.nodes) lines.push(...nodeStateLines(node, { withResources: false }))
  for (const trouble of troubles) {
    const groups = groupsOf(of.resources, trouble)
    if (groups.length > 0) lines.push(`${headings[trouble]}:`, ...groups.map((group) => `  ${groupText(group)}`))
  }
  if (of.disabled.length > 0) lines.push(`Stopped by target-role: ${namesText(of.disabled)}.`)
  if (of.problemCount > 0) {
    const things = of.problemCount === 1 ? 'One thing is' : `${of.problemCount} things are`
    lines.push(`${things} wrong with the configuration: quorate explain --check`)
  }
  if (of.resources.length > 0) lines.push('All reasons, and what would have to change: quorate explain RESOURCE')
  return lines
}

/** Resources of one reason, and that reason; empty where they need none. */
type Group = { readonly items: readonly TroubledResource[]; readonly because: string }

function groupsOf(resources: readonly TroubledResource[], trouble: Trouble): readonly Group[] {
  const listed = new Set(resources.map(({ id }) => id))
  const groups = new Map<string, { readonly because: string; readonly items: TroubledResource[] }>()
  for (const item of resources) {
    if (item.trouble !== trouble) continue
    const because = reasonOf(item, listed)
    const key = because === '' ? outlookText(item) : because
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { because, items: [item] })
    else known.items.push(item)
  }
  const found = [...groups.values()]
  const isCause = ({ because }: Group): boolean => !because.startsWith(following)
  return [...found.filter(isCause), ...found.filter((group) => !isCause(group))]
}

const following = 'because of '

/** Why it is as it is; of what follows from a resource that is told as well, that one. */
function reasonOf({ trouble, failures, begins, mainReason }: TroubledResource, listed: ReadonlySet<string>): string {
  if (trouble === 'failed') return failures.join('; ')
  if (begins !== undefined && listed.has(begins.id)) return `${following}${begins.id}`
  return mainReason ?? ''
}

function groupText({ items, because }: Group): string {
  const outlooks = new Set(items.map(outlookText))
  const [outlook] = outlooks
  const what = outlooks.size === 1 && outlook !== undefined ? [outlook] : []
  return `${namesText(items.map(({ id }) => id))}: ${[...what, ...(because === '' ? [] : [because])].join(': ')}`
}

function namesText(names: readonly string[]): string {
  if (names.length <= namesShown) return names.join(', ')
  return `${names.slice(0, namesShown).join(', ')} and ${names.length - namesShown} more`
}
