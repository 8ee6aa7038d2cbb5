import { idOf } from '@quorate/xml'
import { task } from '../action/key.ts'
import type { Action, ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { containerOf, findResource, forEachLeaf, top, withoutInstance } from '../model/tree.ts'
import { addScores, infinity, scoreText } from '../score.ts'
import { findNode } from '../unpack/nodes.ts'
import type { Change } from './change.ts'
import { type Decision, decisionOn } from './decision.ts'
import { generalFindings } from './general-reasons.ts'
import { obstaclesTo } from './held-up.ts'
import { isInterchangeable, leavesOf, worthwhile } from './no-place.ts'
import { nodeFindings } from './node-reasons.ts'
import { promotionFinding } from './promotion-reasons.ts'
import type { ScoreStep } from './score-trace.ts'
import { placedAs } from './state-changes.ts'
import { stepFinding } from './step-reason.ts'
import { bothOf, type Preference, type Supposition, supposedCib } from './supposition.ts'
import { tieBreak } from './tie-break.ts'

/** What would have to change for a resource to run on a node. */
export type Remedies = {
  readonly texts: readonly string[]
  /** A supposition with which the resource was seen to run there; undefined: not tried, or none was found. */
  readonly suppose: Supposition | undefined
  /** False where nothing makes it run there. */
  readonly isPossible: boolean
}

/** What would have to change for an instance that is not to be promoted to be promoted where it goes: as for a node. */
export function promotionTried(decision: Decision, leaf: Resource, node: ClusterNode): Remedies {
  return tried(decision, leaf, node, {
    isReached: (at, there) => isThere(at, there) && at.nextRole === role.promoted && !isStuck(at),
    changes: (of, at, there) => {
      if (!isThere(at, there)) return changesFor(of, at, there)
      return isStuck(at) ? followed(of, heldUp(of, at), new Set([at])) : promotionChanges(of, at, new Set())
    },
  })
}

/** True where it is to be promoted, and something holds that up. */
function isStuck({ actions }: Resource): boolean {
  return actions.some(({ task: name, optional, runnable }) => name === task.promote && !optional && !runnable)
}

/** How often more is supposed when what was supposed did not do. */
const roundsMax = 8
/** How many resources are followed that have to be somewhere first. */
const placesMax = 1000

/** What has to change for a node to be chosen, as far as one look tells. */
export function remediesAtOnce(decision: Decision, leaf: Resource, node: ClusterNode): Remedies {
  const changes = changesFor(decision, leaf, node)
  return { texts: textsOf(changes), suppose: undefined, isPossible: !changes.some(isHopeless) }
}

/**
 * What has to change for a node to be chosen: found by supposing it, deciding anew, and supposing what stands in the way
 * then, until the resource goes there.
 */
export function remediesTried(decision: Decision, leaf: Resource, node: ClusterNode): Remedies {
  return tried(decision, leaf, node, { isReached: isThere, changes: changesFor })
}

/** What is aimed at, and what stands in its way. */
type Aim = {
  readonly isReached: (leaf: Resource, node: ClusterNode) => boolean
  readonly changes: (decision: Decision, leaf: Resource, node: ClusterNode) => readonly Change[]
}

function tried(decision: Decision, leaf: Resource, node: ClusterNode, aim: Aim): Remedies {
  let at = decision
  let used: readonly Change[] = []
  for (let round = 0; round < roundsMax; round += 1) {
    const found = sameLeaf(at, leaf, node)
    const there = findNode(at.cluster, node.uname)
    if (found === undefined || there === undefined) break
    if (aim.isReached(found, there)) {
      const needed = withoutNeedless(decision, leaf, node, aim, used)
      return { texts: textsOf(needed), suppose: supposedBy(needed), isPossible: true }
    }
    const changes = aim.changes(at, found, there)
    if (changes.some(isHopeless)) return { texts: textsOf(changes), suppose: undefined, isPossible: false }
    const both = withMore(used, changes)
    if (JSON.stringify(supposedBy(both)) === JSON.stringify(supposedBy(used))) {
      used = both
      break
    }
    used = both
    const next = decisionWith(decision, used)
    if (next === undefined) break
    at = next
  }
  return { texts: textsOf(used), suppose: undefined, isPossible: true }
}

/** The decision as it would be with some changes; undefined where they cannot be made. */
function decisionWith({ cib, options }: Decision, changes: readonly Change[]): Decision | undefined {
  const made = supposedCib(cib, supposedBy(changes), options)
  return made.ok ? decisionOn(made.value, options) : undefined
}

function supposedBy(changes: readonly Change[]): Supposition {
  return changes.reduce<Supposition>((all, { suppose }) => bothOf(all, suppose ?? {}), {})
}

/** Changes with those of another look: each once, and what was still too low made higher. */
function withMore(used: readonly Change[], more: readonly Change[]): readonly Change[] {
  const found = [...used]
  for (const change of more) {
    const [wish] = change.suppose?.preferences ?? []
    const lower = wish === undefined ? -1 : used.findIndex(({ suppose }) => isRaisedBy(suppose, wish))
    if (wish !== undefined && lower >= 0) {
      found[lower] = raised(used[lower] as Change, wish)
      continue
    }
    const isKnown = ({ text, suppose }: Change): boolean =>
      suppose === undefined || change.suppose === undefined
        ? text === change.text
        : JSON.stringify(suppose) === JSON.stringify(change.suppose)
    if (!found.some(isKnown)) found.push(change)
  }
  return found
}

function isRaisedBy(suppose: Supposition | undefined, wish: Preference): boolean {
  const [known] = suppose?.preferences ?? []
  return known !== undefined && isOfKind(known, wish)
}

/** A preference that is still too low, with what it lacks. */
function raised(change: Change, wish: Preference): Change {
  const [known] = change.suppose?.preferences ?? []
  const score = addScores(known?.score ?? 0, wish.score)
  if (score <= 0) return { ...change, suppose: { preferences: [{ ...wish, score }] } }
  const what = wish.isForPromotion === true ? 'promotion score on' : 'score for'
  return {
    ...change,
    text: `${scoreText(score)} more ${what} ${wish.node}`,
    suppose: { preferences: [{ ...wish, score }] },
  }
}

/** Up to this many changes are tried out one by one, whether it does without them. */
const needlessMax = 6

/** Changes without those that it does without: of two that do either, that which came up first is kept. */
function withoutNeedless(
  decision: Decision,
  leaf: Resource,
  node: ClusterNode,
  aim: Aim,
  used: readonly Change[],
): readonly Change[] {
  if (used.length < 2 || used.length > needlessMax) return used
  let kept = used
  for (const change of used.toReversed()) {
    const rest = kept.filter((item) => item !== change)
    if (rest.length === 0) break
    const at = decisionWith(decision, rest)
    const found = at === undefined ? undefined : sameLeaf(at, leaf, node)
    const there = at === undefined ? undefined : findNode(at.cluster, node.uname)
    if (found !== undefined && there !== undefined && aim.isReached(found, there)) kept = rest
  }
  return kept
}

function isHopeless({ isImpossible }: Change): boolean {
  return isImpossible === true
}

function isOfKind(a: Preference, b: Preference): boolean {
  return (
    a.resource === b.resource &&
    a.node === b.node &&
    (a.isForPromotion ?? false) === (b.isForPromotion ?? false) &&
    (a.isExclusive ?? false) === (b.isExclusive ?? false)
  )
}

/** True where a resource is going to run on a node, and nothing holds that up. */
export function isThere(leaf: Resource, node: ClusterNode): boolean {
  if (leaf.assigned !== node || leaf.nextRole <= role.stopped) return false
  return leaf.actions.every(
    (action) => action.task !== task.start || action.node !== node || !isDue(leaf, action) || action.runnable,
  )
}

/** True where an action is to be done. A start that quorum forbids counts as one that need not be, and is due all the same. */
export function isDue({ runningOn, assigned, nextRole }: Resource, action: Action): boolean {
  if (!action.optional) return true
  const isWanted = nextRole > role.stopped && action.node !== undefined && action.node === assigned
  return action.task === task.start && !action.runnable && isWanted && !runningOn.includes(assigned)
}

/** The same instance in another decision; of an anonymous clone the one that goes to the node, if one does. */
function sameLeaf({ cluster }: Decision, leaf: Resource, node: ClusterNode): Resource | undefined {
  const name = withoutInstance(leaf.id)
  const exact = cluster.resourceById.get(leaf.id) ?? findResource(cluster, leaf.id)
  // What is configured again may be an instance like any other.
  if (!(exact?.unique ?? leaf.unique)) {
    let there: Resource | undefined
    for (const resource of cluster.resources) {
      forEachLeaf(resource, (item) => {
        if (withoutInstance(item.id) === name && item.assigned?.uname === node.uname) there ??= item
      })
    }
    if (there !== undefined) return there
  }
  return exact
}

function textsOf(changes: readonly Change[]): readonly string[] {
  const impossible = changes.find(isHopeless)
  if (impossible !== undefined) return [impossible.text]
  // What holds for the resource itself as well, or for a node, is said once.
  const plain = new Set(changes.filter(({ about }) => about === undefined).map(({ text }) => text))
  const named = changes.map(({ text, about }) => (about === undefined || plain.has(text) ? text : `${about}: ${text}`))
  return [...new Set(named)]
}

/** All that stands between a resource and a node in this decision. */
function changesFor(
  decision: Decision,
  leaf: Resource,
  node: ClusterNode,
  asked: Set<Resource> = new Set(),
): readonly Change[] {
  asked.add(leaf)
  const general = generalFindings(decision, leaf).flatMap(({ changes }) => changes)
  const here = nodeFindings(decision, leaf, node).changes
  const found = [...general, ...connectionChanges(leaf, node), ...partnerChanges(decision, leaf, node), ...here]
  const next =
    found.length > 0 ? found : leaf.assigned === node ? heldUp(decision, leaf) : moreScore(decision, leaf, node)
  return followed(decision, next, asked)
}

/** Changes, and instead of those that come down to where another resource is what that takes. */
function followed(decision: Decision, changes: readonly Change[], asked: Set<Resource>): readonly Change[] {
  const found = changes.flatMap((change) => {
    if (isFollowed(change, asked)) return []
    const first = placed(decision, change, asked)
    return first.length > 0 ? first : [change]
  })
  return found.length > 0 ? found : changes
}

/** A connection into a container goes where the container goes. */
function connectionChanges(leaf: Resource, node: ClusterNode): readonly Change[] {
  const { container } = leaf
  if (!leaf.isConnection || container === undefined || container.assigned === node) return []
  return [{ text: `${container.id} has to run on ${node.uname}`, place: { resource: container, node } }]
}

/** What an instance follows instance by instance has to have one where it is to be. */
function partnerChanges({ trace }: Decision, leaf: Resource, node: ClusterNode): readonly Change[] {
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    const resource = trace.partnerMissing(at)?.first.resource
    if (resource === undefined) continue
    return [{ text: `an instance of ${resource.id} has to run on ${node.uname}`, place: { resource, node } }]
  }
  return []
}

/** True where the resource that a change comes down to is being looked at already. */
function isFollowed({ place }: Change, asked: ReadonlySet<Resource>): boolean {
  const leaf = place === undefined ? undefined : leafFor(place.resource, place.node)
  return leaf !== undefined && asked.has(leaf)
}

/** What it takes to have another resource where it has to be first; each is followed once. */
function placed(decision: Decision, { place }: Change, asked: Set<Resource>): readonly Change[] {
  if (place === undefined || asked.size >= placesMax) return []
  const leaf = leafFor(place.resource, place.node)
  if (leaf === undefined || asked.has(leaf)) return []
  const node = place.node ?? leaf.assigned ?? bestNode(decision, leaf)
  if (node === undefined) return []
  if (isThere(leaf, node) && place.isPromoted !== true) return []
  const changes = isThere(leaf, node)
    ? promotionChanges(decision, leaf, asked)
    : changesFor(decision, leaf, node, asked)
  // That it cannot be on the likeliest node does not say that it cannot be anywhere.
  if (place.node === undefined && changes.some(isHopeless)) return []
  return changes.map((change) => ({ about: leaf.id, ...change }))
}

function promotionChanges(decision: Decision, leaf: Resource, asked: Set<Resource>): readonly Change[] {
  asked.add(leaf)
  return followed(decision, promotionFinding(decision, leaf)?.changes ?? [], asked)
}

/** The instance or member to ask about: that which is on the node, or could go there. */
function leafFor(resource: Resource, node: ClusterNode | undefined): Resource | undefined {
  const leaves: Resource[] = []
  forEachLeaf(resource, (leaf) => leaves.push(leaf))
  return (
    leaves.find((leaf) => leaf.assigned === node) ?? leaves.find((leaf) => leaf.assigned === undefined) ?? leaves[0]
  )
}

function bestNode({ cluster, trace }: Decision, leaf: Resource): ClusterNode | undefined {
  // A container does not go into itself, and nothing to a guest that takes what is made for it only.
  const known = cluster.nodes.filter((node) => trace.score(leaf, node) !== undefined)
  const likely = worthwhile(cluster, leaf).filter((node) => known.includes(node) && containerOf(node) !== leaf)
  const usable = likely.length > 0 ? likely : known
  // Where there is an instance of its clone already, another one would only do if there may be several.
  const others = isInterchangeable(leaf) ? leavesOf(top(leaf)).filter((item) => item.xmlId === leaf.xmlId) : []
  const free = usable.filter((node) => others.every((item) => item === leaf || item.assigned !== node))
  const [best] = (free.length > 0 ? free : usable).sort(
    (a, b) => Number(b.online && !b.unclean) - Number(a.online && !a.unclean) || scoreOf(b) - scoreOf(a),
  )
  return best

  function scoreOf(node: ClusterNode): number {
    return trace.score(leaf, node) ?? -infinity
  }
}

/** More score than the chosen node has. */
function moreScore(decision: Decision, leaf: Resource, node: ClusterNode): readonly Change[] {
  const { trace } = decision
  const { assigned } = leaf
  const resource = placedAs(leaf).xmlId
  const mine = trace.score(leaf, node) ?? 0
  const prefer = (score: number): Supposition => ({ preferences: [{ resource, node: node.uname, score }] })
  if (assigned === undefined) {
    return mine < 0
      ? [
          {
            text: `${scoreText(-mine)} more score for ${node.uname}: it has ${scoreText(mine)}`,
            suppose: prefer(-mine),
          },
        ]
      : []
  }
  const theirs = trace.score(leaf, assigned) ?? 0
  if (theirs >= infinity) {
    const why = trace.steps(leaf, assigned).find(({ gain }) => gain >= infinity)
    const held = why === undefined ? undefined : heldByConstraint(decision, why)
    if (held !== undefined) return [held]
    const by = why === undefined ? '' : `: ${stepFinding(decision, leaf, assigned, why).reason.text}`
    return [
      {
        text: `INFINITY must not hold it on ${assigned.uname}${by}`,
        suppose: { preferences: [{ resource, node: assigned.uname, score: -infinity }] },
      },
    ]
  }
  if (mine < theirs) {
    const lack = mine <= -infinity ? 'INFINITY' : `more than ${scoreText(theirs - mine)}`
    return [
      {
        text: `${lack} more score for ${node.uname}: it has ${scoreText(mine)}, ${assigned.uname} has ${scoreText(theirs)}`,
        suppose: prefer(theirs - mine + 1),
      },
    ]
  }
  return [
    {
      text: `any score more for ${node.uname}: both have ${scoreText(mine)}, and ${tieBreak(decision.cluster, leaf, assigned)}`,
      suppose: prefer(1),
    },
  ]
}

/** What takes away a location constraint that holds a resource somewhere; undefined for any other cause. */
function heldByConstraint({ constraints }: Decision, { cause }: ScoreStep): Change | undefined {
  const constraint = cause.kind === 'location' ? constraints.get(cause.record.id) : undefined
  if (cause.kind !== 'location' || constraint === undefined) return undefined
  const id = idOf(constraint)
  return {
    text: id.startsWith('cli-')
      ? `crm_resource --clear --resource ${cause.record.resource.xmlId}`
      : `constraint ${id} has to go or be lowered`,
    suppose: { withoutConstraints: [id] },
  }
}

/** What keeps a resource from being started, or stopped where it runs, as it should be. */
function heldUp(decision: Decision, leaf: Resource): readonly Change[] {
  return leaf.actions
    .filter((action) => isDue(leaf, action) && !action.runnable)
    .flatMap((action) => obstaclesTo(decision, action))
    .flatMap(({ changes }) => changes)
}
