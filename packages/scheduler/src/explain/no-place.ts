import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { forEachLeaf, isBundled, isGuest, isRemote, top } from '../model/tree.ts'
import { infinity, scoreText } from '../score.ts'
import type { Decision } from './decision.ts'
import { isInterchangeable } from './interchangeable.ts'
import { emptyText, nodeFindings } from './node-reasons.ts'
import { partnerText } from './partner.ts'
import type { Reason, ReasonKind } from './reason.ts'

/** Primitives that a resource is or has in it. */
export function leavesOf(resource: Resource): readonly Resource[] {
  const leaves: Resource[] = []
  forEachLeaf(resource, (leaf) => leaves.push(leaf))
  return leaves
}

/** Nodes that a person would ask about: where it is and is to be; of the others, guests that cannot run a resource are none, nor remote nodes where no such can. */
export function worthwhile(cluster: Cluster, leaf: Resource): readonly ClusterNode[] {
  const isInside = leaf.container === undefined && isBundled(leaf) && leaf.parent?.variant !== variant.bundle
  const isHostOnly = leaf.isConnection || leaf.isFenceDevice
  return cluster.nodes.filter((node) => {
    if (leaf.assigned === node || leaf.runningOn.includes(node)) return true
    if (isHostOnly && isRemote(node)) return false
    if (!isGuest(node)) return node.kind !== 'ping' && !isInside
    return (leaf.allowed.get(node) ?? -infinity) > -infinity
  })
}

/** Reasons that follow from something else: that is told first. */
const consequences: ReadonlySet<ReasonKind> = new Set(['instances', 'wish', 'colocation', 'group'])

function isBan({ score }: Reason): boolean {
  return score !== undefined && score <= -infinity
}

/** The reason that rules a node out in the first place; undefined where none does. */
export function decisiveReason(decision: Decision, leaf: Resource, node: ClusterNode): Reason | undefined {
  const { reasons } = nodeFindings(decision, leaf, node)
  const bans = reasons.filter(isBan)
  // What an instance has from its collective is told as what that one has it from.
  const own = bans
    .flatMap((reason) => (reason.kind === 'instances' ? [reason, ...reason.because.filter(isBan)] : [reason]))
    .find(({ kind }) => !consequences.has(kind))
  if (own !== undefined && own.kind !== 'node-state') return own
  const [first] = bans
  const known = reasons.find(({ score }) => score === undefined) ?? own ?? first
  const deeper = known?.kind === 'wish' ? known.because.find(isBan) : undefined
  return known === undefined || deeper === undefined ? known : { ...known, text: `${known.text}: ${deeper.text}` }
}

/** What rules a node out in the first place, in words; undefined where nothing does. */
export function ruledOutBy(decision: Decision, leaf: Resource, node: ClusterNode): string | undefined {
  const score = decision.trace.score(leaf, node) ?? 0
  return (
    decisiveReason(decision, leaf, node)?.text ??
    (score < 0 ? `its score on ${node.uname} is ${scoreText(score)}, and less than 0 keeps it away` : undefined)
  )
}

/** Nodes to which no instance of its clone goes, of what has no place itself; undefined of others, and where none has one. */
function withoutInstance({ cluster }: Decision, leaf: Resource): readonly ClusterNode[] | undefined {
  if (!isInterchangeable(leaf) || leaf.assigned !== undefined) return undefined
  const others = leavesOf(top(leaf)).filter((item) => item.xmlId === leaf.xmlId && item.assigned !== undefined)
  if (others.length === 0) return undefined
  return worthwhile(cluster, leaf).filter((node) => others.every(({ assigned }) => assigned !== node))
}

/** What is configured, and how nodes stand: that there is no instance because of these is not the matter of the clone. */
const expected: ReadonlySet<ReasonKind> = new Set([
  'node-state',
  'node-score',
  'opt-in',
  'location',
  'health',
  'remote-node',
  'container',
  'exclusive-discovery',
])

/** True of an instance of a clone for which there is no node, as one expects: each has one, or is not to have one. */
export function isSpare(decision: Decision, leaf: Resource): boolean {
  const free = withoutInstance(decision, leaf)
  return free?.every((node) => expected.has(decisiveReason(decision, leaf, node)?.kind ?? 'stopped')) === true
}

/** Why no node will do: what all of them have in common, or what each has. */
export function nowhere(decision: Decision, leaf: Resource): string {
  if (leaf.variant !== variant.primitive) return `${emptyText} (quorate explain --check)`
  const partner = partnerText(decision, leaf)
  if (partner !== undefined) return partner
  const [left] = leaf.runningOn
  const why = left === undefined ? undefined : ruledOutBy(decision, leaf, left)
  if (left !== undefined && why !== undefined) return `${why}${elsewhere(decision, leaf, left)}`
  if (leaf.lockNode !== undefined) return `shutdown-lock: it waits for ${leaf.lockNode.uname}`
  const free = withoutInstance(decision, leaf)
  if (free?.every((node) => ruledOutBy(decision, leaf, node) !== undefined) === true) {
    const why = free.length === 0 ? '' : ` (${listed(byReason(decision, leaf, free))})`
    return `every node that can run it has an instance${why}`
  }
  return shortest(decision, leaf, worthwhile(decision.cluster, leaf))
}

/** What keeps a resource that cannot stay on a node from all others, where that is something else; of instances they tell it together. */
function elsewhere(decision: Decision, leaf: Resource, left: ClusterNode): string {
  if (isInterchangeable(leaf)) return ''
  const nodes = worthwhile(decision.cluster, leaf).filter((node) => node !== left)
  // What happened on one node can rule out all.
  const why = ruledOutBy(decision, leaf, left)
  if (nodes.every((node) => ruledOutBy(decision, leaf, node) === why)) return ''
  const common = [...byReason(decision, leaf, [left]).keys()][0]
  const found = byReason(decision, leaf, nodes)
  if (found.size === 0 || (found.size === 1 && found.has(common ?? ''))) return ''
  return `; and no other node will do (${listed(found)})`
}

/** How many different reasons are told in one sentence. */
const reasonsShown = 3

/** What rules out each of some nodes: names of nodes by reason, the same of several together whatever they are called. */
function byReason(
  decision: Decision,
  leaf: Resource,
  nodes: readonly ClusterNode[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const { uname, text } of nodes.map((node) => ({
    uname: node.uname,
    text: ruledOutBy(decision, leaf, node) ?? 'nothing known',
  }))) {
    const plain = (text.startsWith(`${uname} `) ? text.replace(uname, 'it') : text)
      .split(' ')
      .flatMap((word, i, words) => {
        const isName = word.replace(/[,:;]$/, '') === uname
        if (isName && words[i - 1] === 'on') return [`there${word.slice(uname.length)}`]
        if (isName && words[i - 1] === 'names') return [`it${word.slice(uname.length)}`]
        return word === 'on' && words[i + 1]?.replace(/[,:;]$/, '') === uname ? [] : [word]
      })
      .join(' ')
    found.set(plain, [...(found.get(plain) ?? []), uname])
  }
  return found
}

function listed(of: ReadonlyMap<string, readonly string[]>): string {
  const all = [...of]
  const shown = all.slice(0, reasonsShown).map(([text, names]) => `${namesText(names)}: ${text}`)
  return `${shown.join('; ')}${all.length > reasonsShown ? `; and ${all.length - reasonsShown} more` : ''}`
}

/** What rules out each of some nodes, in one sentence. */
function shortest(decision: Decision, leaf: Resource, nodes: readonly ClusterNode[]): string {
  const [node] = nodes
  if (node === undefined) return 'there is no node for it'
  if (nodes.length === 1) return ruledOutBy(decision, leaf, node) ?? 'nothing known'
  const plain = new Set(nodes.map((item) => ruledOutBy(decision, leaf, item)))
  const [same] = plain
  // What happened on one node can rule out all.
  if (plain.size === 1 && same !== undefined && nodes.every(({ uname }) => !same.startsWith(`${uname} `))) return same
  const found = byReason(decision, leaf, nodes)
  const [only] = found.keys()
  if (found.size === 1 && only !== undefined) {
    return only.replace(/^it /, 'every node ').replace(/\bthere\b(?! (?:is|are)\b)/, 'on every node')
  }
  return `no node can run it (${listed(found)})`
}

function namesText(names: readonly string[]): string {
  return names.length <= reasonsShown ? names.join(', ') : `${names.length} nodes`
}
