import { task } from '../action/key.ts'
import type { Action, ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { findResource, forEachLeaf, withoutInstance } from '../model/tree.ts'
import { addScores, scoreText } from '../score.ts'
import { findNode } from '../unpack/nodes.ts'
import type { Change } from './change.ts'
import { type Decision, decisionOn } from './decision.ts'
import { carriedOut, endingOf, nameOf, type Standstill, unsimulatedText } from './ending.ts'
import { obstaclesTo } from './held-up.ts'
import { changesFor, followed, heldUp, isHopeless, isThere, promotionChanges } from './needed-changes.ts'
import { absent, effectsOn, effectsText, placements, type Whole, wholes } from './placement.ts'
import { nodeStateChanges, placedAs } from './state-changes.ts'
import { bothOf, type Preference, type Supposition, supposedCib } from './supposition.ts'

/** What has to change at once. */
export type RemedyStep = {
  readonly texts: readonly string[]
  readonly suppose: Supposition
  /** What else that does in the end, in words; empty: nothing, undefined: not looked at, as in large clusters. */
  readonly effects: string | undefined
}

/** What would have to change for a resource to run on a node. */
export type Remedies = {
  readonly texts: readonly string[]
  /** A supposition at whose end the resource was seen to run there; undefined: not tried, or none was found. */
  readonly suppose: Supposition | undefined
  /**
   * What was seen to do, one after another: each is supposed once the cluster has done all that follows from the one before.
   * One step is `suppose`; several where no changes at once were found to do; none where nothing was found.
   */
  readonly steps: readonly RemedyStep[]
  /** False where nothing makes it run there. */
  readonly isPossible: boolean
  /** Why what was tried is not enough; undefined where it is, or nothing was tried. */
  readonly shortfall: string | undefined
}

/** What would have to change for an instance that is not to be promoted to be promoted where it goes: as for a node. */
export function promotionTried(decision: Decision, leaf: Resource, node: ClusterNode): Remedies {
  return tried(decision, leaf, node, {
    isReached: (at, there) => isThere(at, there) && at.nextRole === role.promoted && !isStuck(at),
    isKept: (at) => at.role === role.promoted,
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
const roundsMax = 12

/** What has to change for a node to be chosen, as far as one look tells. */
export function remediesAtOnce(decision: Decision, leaf: Resource, node: ClusterNode): Remedies {
  const changes = changesFor(decision, leaf, node)
  return { ...noRemedy, texts: textsOf(changes), isPossible: !changes.some(isHopeless) }
}

/**
 * What has to change for a resource to end up on a node: found by supposing it, deciding anew and carrying that out, and
 * supposing what stands in the way then, until the resource is there and the cluster has nothing left to do.
 */
export function remediesTried(decision: Decision, leaf: Resource, node: ClusterNode): Remedies {
  return tried(decision, leaf, node, { isReached: isThere, isKept: () => true, changes: changesFor })
}

/** What is aimed at, and what stands in its way. */
type Aim = {
  /** True where a decision has it. */
  readonly isReached: (leaf: Resource, node: ClusterNode) => boolean
  /** True of what runs there as it should. */
  readonly isKept: (leaf: Resource) => boolean
  readonly changes: (decision: Decision, leaf: Resource, node: ClusterNode) => readonly Change[]
}

/** What is asked: an aim for an instance on a node, and the decision as it is. */
type Question = {
  readonly leaf: Resource
  readonly node: ClusterNode
  readonly aim: Aim
  readonly decision: Decision
}

/** Nothing that would have to change. */
export const noRemedy: Remedies = {
  texts: [],
  suppose: undefined,
  steps: [],
  isPossible: true,
  shortfall: undefined,
}

/** How many first steps are tried where no changes at once do. */
const firstStepsMax = 6
/** How many pairs of a first step and an instance of the cluster: of a large one fewer first steps are tried. */
const firstStepsWorkMax = 1200
/** Up to so many instances steps are tried out and side effects looked at: each takes a few decisions more. */
const stepsInstancesMax = 300

function isLarge({ cluster }: Decision): boolean {
  return cluster.instanceCount > stepsInstancesMax
}

/** Changes at once; where none do, in two steps: something first, and once all has come to rest what is needed then. */
function tried(decision: Decision, leaf: Resource, node: ClusterNode, aim: Aim): Remedies {
  const { used, ...once } = triedAtOnce({ leaf, node, aim, decision })
  if (once.suppose !== undefined || !once.isPossible) return once
  if (isLarge(decision)) {
    return withCut(once, `two steps are not tried in a cluster of more than ${stepsInstancesMax} instances`)
  }
  const { instanceCount } = decision.cluster
  const steps = firstSteps(decision, leaf, used)
  const stepsMax = Math.min(firstStepsMax, Math.floor(firstStepsWorkMax / Math.max(1, instanceCount)))
  for (const first of steps.slice(0, stepsMax)) {
    const at = decisionWith(decision, first)
    const end = at === undefined ? undefined : endingOf(at)
    const place = end === undefined ? undefined : placeIn(end.decision, { leaf, node, aim, decision })
    if (end === undefined || end.standstill !== undefined || place === undefined) continue
    const { used: _, ...then } = triedAtOnce({ ...place, aim, decision: end.decision })
    if (then.suppose === undefined || then.texts.length === 0) continue
    const step: RemedyStep = {
      texts: textsOf(first),
      suppose: supposedBy(first),
      effects: effectsOf(decision, end.decision, leaf),
    }
    return { ...noRemedy, texts: [...step.texts, ...then.texts], steps: [step, ...then.steps] }
  }
  const left = steps.length - stepsMax
  return left <= 0 ? once : withCut(once, `${stepsMax} of ${steps.length} first steps of two were tried`)
}

/** What was found, with what was not tried any more. */
function withCut(found: Remedies, text: string): Remedies {
  return { ...found, shortfall: `${found.shortfall ?? 'more has to change than could be tried'}; ${text}` }
}

/** What may be done first where nothing does at once: a stop of what is in the way of itself, or of others; a part of it. */
function firstSteps(decision: Decision, leaf: Resource, used: readonly Change[]): readonly (readonly Change[])[] {
  const stuck = endingOf(decisionWith(decision, used) ?? decision).standstill?.circle ?? []
  const tops = [leaf, ...stuck.flatMap(({ resource }) => resource ?? [])].map(placedAs)
  // What takes the most actions out of the circle comes first; of those that take as many, the resource itself.
  const counts = new Map<Resource, number>()
  for (const item of tops) counts.set(item, (counts.get(item) ?? 0) + 1)
  const stops = [...counts]
    .filter(([{ orphan }]) => !orphan)
    .sort(([, a], [, b]) => b - a)
    .map(([item]) => [stopChange(item)])
  const isWish = ({ suppose }: Change): boolean => suppose?.preferences !== undefined
  const [plain, wishes] = [used.filter((change) => !isWish(change)), used.filter(isWish)]
  const [only] = used
  const isPart = plain.length > 0 && wishes.length > 0
  return [
    ...(isPart ? [plain] : []),
    ...stops,
    ...(only !== undefined && used.length > 1 && !(isPart && plain.length === 1) ? [[only]] : []),
  ]
}

function stopChange({ xmlId }: Resource): Change {
  return {
    text: `target-role=Stopped of ${xmlId}: crm_resource --meta --resource ${xmlId} --set-parameter target-role --parameter-value Stopped`,
    suppose: { metaAttributes: [{ resource: xmlId, name: 'target-role', value: 'Stopped' }] },
  }
}

/** What becomes of other resources between the end of one decision and that of another; undefined in large clusters. */
function effectsOf(before: Decision, last: Decision, leaf: Resource): string | undefined {
  if (isLarge(before)) return undefined
  const places = {
    now: wholes(placements(before.cluster)),
    before: wholes(placements(endingOf(before).decision.cluster)),
    after: wholes(placements(last.cluster)),
  }
  const names = new Set([...places.before.keys(), ...places.after.keys()])
  names.delete(leaf.id)
  names.delete(withoutInstance(leaf.id))
  const changed = [...names].filter((id) => placeKey(places.before.get(id)) !== placeKey(places.after.get(id)))
  return effectsText(effectsOn(changed, places))
}

function placeKey(of: Whole = absent): string {
  return `${of.nodes.toSorted().join(' ')}|${of.promoted.toSorted().join(' ')}`
}

function triedAtOnce(question: Question): Remedies & { readonly used: readonly Change[] } {
  const { decision, aim } = question
  let at = decision
  let used: readonly Change[] = []
  let shortfall: string | undefined
  for (let round = 0; round < roundsMax; round += 1) {
    const place = placeIn(at, question)
    if (place === undefined) break
    const isReached = aim.isReached(place.leaf, place.node)
    let both = isReached ? used : withMore(used, aim.changes(at, place.leaf, place.node))
    if (!both.some(isHopeless) && isSame(both, used)) {
      // Nothing more is in the way of the first step: what the cluster makes of it counts.
      const lack = lackAtEnd(at, question)
      if (lack === undefined) {
        const needed = withoutNeedless(question, both)
        const suppose = supposedBy(needed)
        const texts = textsOf(needed)
        const made = needed === both || isLarge(decision) ? at : (decisionWith(decision, needed) ?? at)
        const step: RemedyStep = {
          texts,
          suppose,
          effects: effectsOf(decision, endingOf(made).decision, question.leaf),
        }
        return { ...noRemedy, texts, suppose, steps: [step], used: needed }
      }
      shortfall = lack.text
      both = withMore(both, lack.changes)
      // What a node is remembered to run when it comes up may be what gets in the way.
      if (isSame(both, used)) both = withMore(both, restarts(used))
    }
    if (both.some(isHopeless)) return { ...noRemedy, texts: textsOf(both), isPossible: false, used: both }
    if (isSame(both, used)) {
      used = both
      break
    }
    used = both
    const next = decisionWith(decision, used)
    if (next === undefined) break
    at = next
  }
  return { ...noRemedy, texts: textsOf(used.filter(({ isGuess }) => isGuess !== true)), shortfall, used }
}

function isSame(a: readonly Change[], b: readonly Change[]): boolean {
  return JSON.stringify(supposedBy(a)) === JSON.stringify(supposedBy(b))
}

/** The instance and the node that are asked about, in another decision. */
function placeIn(at: Decision, { leaf, node }: Question): Pick<Question, 'leaf' | 'node'> | undefined {
  const found = sameLeaf(at, leaf, node)
  const there = findNode(at.cluster, node.uname)
  return found === undefined || there === undefined ? undefined : { leaf: found, node: there }
}

/** True of the fencing of a node, which is none where it is unfenced. */
function isTakenDown({ task: name, node: at, meta }: Action, node: ClusterNode): boolean {
  return name === task.fence && at === node && meta.get('stonith_action') !== 'on'
}

/** What is done, wherever. */
function serviceText({ task: name, resource, node }: Action): string {
  return `${name} ${resource?.xmlId ?? node?.uname ?? ''}`
}

/** What an end lacks of what is asked for, and what would have to change for that. */
type Lack = { readonly text: string; readonly changes: readonly Change[] }

/** What may bring a transition to its end: the first constraint or migration that closes a circle, or what is absent done. */
function guessesFor(decision: Decision, { constraints, circle, absent }: Standstill): readonly Change[] {
  const [id] = constraints
  if (id !== undefined) {
    return [{ text: `constraint ${id} has to go`, suppose: { withoutConstraints: [id] }, isGuess: true }]
  }
  const moved = circle.find(({ task: name }) => name === task.migrateTo || name === task.migrateFrom)?.resource
  if (moved !== undefined) {
    const suppose = { metaAttributes: [{ resource: moved.xmlId, name: 'allow-migrate', value: 'false' }] }
    return [{ text: `allow-migrate=false of ${moved.xmlId}`, suppose, isGuess: true }]
  }
  const obstacles = absent === undefined ? [] : obstaclesTo(decision, absent)
  return obstacles.flatMap(({ changes }) => changes).map((change) => ({ ...change, isGuess: true }))
}

/** Nodes that come online supposed to be started anew instead, with nothing remembered of them. */
function restarts(used: readonly Change[]): readonly Change[] {
  return used.flatMap(({ suppose }) =>
    (suppose?.nodesUp ?? []).map((name) => ({
      text: `${name} has to be started again, with nothing running there`,
      suppose: { nodesRebooted: [name] },
      isGuess: true,
    })),
  )
}

/** How many actions are named that are done again and again. */
const restlessShown = 3

/** What is lacking once the cluster has done all that follows from a decision; undefined where nothing is. */
function lackAtEnd(at: Decision, question: Question): Lack | undefined {
  const { decision: last, standstill, restless, unsimulated } = endingOf(at)
  if (standstill !== undefined) {
    const text = `the transition would not come to its end: ${standstill.text}`
    return { text, changes: guessesFor(last, standstill) }
  }
  const place = placeIn(last, question)
  const { aim } = question
  const name = question.leaf.id
  if (place === undefined) return { text: `in the end there would be no ${name}`, changes: [] }
  const { leaf, node } = place
  if (!node.online || node.unclean) {
    const changes = followed(last, nodeStateChanges(node), new Set([leaf]))
    return { text: `in the end ${node.uname} would not be usable: ${textsOf(changes).join('; ')}`, changes }
  }
  if (!aim.isReached(leaf, node) || !leaf.runningOn.includes(node) || !aim.isKept(leaf)) {
    const changes = aim.isReached(leaf, node) ? [] : aim.changes(last, leaf, node)
    const goes =
      leaf.assigned === node ? 'what it still waits for is not done' : `it goes to ${leaf.assigned?.uname ?? 'no node'}`
    const [refused] = unsimulated
    const stops = refused === undefined ? goes : unsimulatedText(refused)
    const why = changes.length > 0 ? textsOf(changes).join('; ') : stops
    return { text: `in the end ${name} would not be on ${node.uname}: ${why}`, changes }
  }
  // What goes on elsewhere, or in any case, takes nothing from what is asked for; nor that it is started anew in its place,
  // as where a simulation keeps no record of parameters and of unfencing.
  const own = restless.filter((action) => action.resource === leaf || isTakenDown(action, node))
  if (own.length === 0) return undefined
  const isRestarted = (['stop', 'start'] as const).every((name) => own.some((action) => action.task === name))
  const isInPlace = isRestarted && own.every((action) => action.node === node && action.task !== task.fence)
  const anyway = new Set(endingOf(question.decision).restless.map(serviceText))
  const made = own.filter((action) => !anyway.has(serviceText(action)))
  if ((isInPlace || made.length === 0) && isStillThere(last, question)) return undefined
  const again = (made.length > 0 ? made : own).slice(0, restlessShown).map(nameOf).join(', ')
  return { text: `the cluster would not come to rest: it does this again and again: ${again}`, changes: [] }
}

/** True where what is done again and again leaves the resource on its node once it is done again. */
function isStillThere(last: Decision, question: Question): boolean {
  const { cib, standstill } = carriedOut(last.cib, last.cluster, last.graph, last.options.nowSeconds)
  const place = standstill === undefined ? placeIn(decisionOn(cib, last.options), question) : undefined
  return place?.leaf.runningOn.includes(place.node) === true
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
  const before = known?.score ?? 0
  // Where more lowers something else in turn, steps of what is lacking would never do.
  const score = addScores(before, Math.max(wish.score, before))
  if (score <= 0) return { ...change, suppose: { preferences: [{ ...wish, score }] } }
  const what = wish.isForPromotion === true ? 'promotion score on' : 'score for'
  return {
    ...change,
    text: `${scoreText(score)} more ${what} ${wish.node}${/: its agent .*$/.exec(change.text)?.[0] ?? ''}`,
    suppose: { preferences: [{ ...wish, score }] },
  }
}

/** Up to this many changes are tried out one by one, whether it does without them. */
const needlessMax = 6

/** Changes without those that it does without: of two that do either, that which came up first is kept. */
function withoutNeedless(question: Question, used: readonly Change[]): readonly Change[] {
  if (used.length < 2 || used.length > needlessMax) return used
  let kept = used
  for (const change of used.toReversed()) {
    const rest = kept.filter((item) => item !== change)
    if (rest.length === 0) break
    const at = decisionWith(question.decision, rest)
    const place = at === undefined ? undefined : placeIn(at, question)
    if (at === undefined || place === undefined || !question.aim.isReached(place.leaf, place.node)) continue
    if (lackAtEnd(at, question) === undefined) kept = rest
  }
  return kept
}

function isOfKind(a: Preference, b: Preference): boolean {
  return (
    a.resource === b.resource &&
    a.node === b.node &&
    (a.isForPromotion ?? false) === (b.isForPromotion ?? false) &&
    (a.isExclusive ?? false) === (b.isExclusive ?? false)
  )
}

/** The same instance in another decision; of an anonymous clone the one that goes to the node, if one does. */
function sameLeaf({ cluster }: Decision, leaf: Resource, node: ClusterNode): Resource | undefined {
  const name = withoutInstance(leaf.id)
  const exact = cluster.resourceById.get(leaf.id) ?? findResource(cluster, leaf.id)
  // What is configured again may be an instance like any other.
  if (!(exact?.unique ?? leaf.unique)) {
    const there: Resource[] = []
    for (const resource of cluster.resources) {
      forEachLeaf(resource, (item) => {
        if (withoutInstance(item.id) === name && item.assigned?.uname === node.uname) there.push(item)
      })
    }
    const found = there.find(({ runningOn, assigned }) => runningOn.some((at) => at === assigned)) ?? there[0]
    if (found !== undefined) return found
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
