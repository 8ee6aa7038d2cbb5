import type { ClusterNode, Resource } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import { isPromotable, nextRole, singleLocation, top } from '../model/tree.ts'
import { addScores, clampScore, infinity, scoreText } from '../score.ts'
import { requestedRole } from '../unpack/resource.ts'
import type { Change } from './change.ts'
import type { Decision } from './decision.ts'
import { generalFindings } from './general-reasons.ts'
import { leavesOf } from './no-place.ts'
import { attributeOf } from './promotion-attribute.ts'
import type { PromotionExplanation, Reason } from './reason.ts'
import { heldByConstraint } from './score-changes.ts'
import type { ScoreStep } from './score-trace.ts'
import { attributeSetting } from './setting.ts'
import { bySource, metaSource } from './setting-source.ts'
import {
  holderOf,
  nodeStateChanges,
  noQuorumText,
  placedAs,
  stateReasons,
  ticketChange,
  ticketText,
} from './state-changes.ts'
import { causeChanges, stepFinding } from './step-reason.ts'

/** Why an instance is to be promoted or not, and what would have to change for it to be. */
export type PromotionFinding = { readonly explanation: PromotionExplanation; readonly changes: readonly Change[] }

/** What there is to say of the promotion of an instance; undefined for what cannot be promoted or goes nowhere. */
export function promotionFinding(decision: Decision, leaf: Resource): PromotionFinding | undefined {
  const clone = top(leaf)
  if (!isPromotable(leaf) || clone.clone === undefined) return undefined
  const instance = clone.children.find((item) => item === leaf || item.children.includes(leaf)) ?? leaf
  const node = singleLocation(instance, 'next')
  if (node === undefined) return undefined
  const score = clampScore(instance.sortIndex)
  const isPromoted = nextRole(instance) === role.promoted
  const changes = isPromoted ? [] : changesFor(decision, clone, instance, node)
  const reasons = partsOf(decision, clone, instance, node)
  return {
    explanation: {
      node: node.uname,
      isPromoted,
      score,
      reasons,
      whyNot: isPromoted ? undefined : whyNot(decision, clone, instance, node),
      remedies: [...new Set(changes.map(({ text }) => text))],
      isTried: false,
      shortfall: undefined,
      suppose: undefined,
      whatIf: undefined,
      steps: [],
    },
    changes,
  }
}

/** What the score is made of; parts add up to it. */
function partsOf(decision: Decision, clone: Resource, instance: Resource, node: ClusterNode): readonly Reason[] {
  const { own, ofOthers, shared } = decision.trace.promotion(instance, clone, node)
  const told = (step: ScoreStep): Reason =>
    step.cause.kind === 'promotion'
      ? attributeReason(decision, instance, node, step.gain)
      : stepFinding(decision, instance, node, step).reason
  const plain = (score: number, text: string): Reason => ({
    kind: 'promotion',
    constraint: undefined,
    score,
    text,
    remedy: undefined,
    settings: [],
    because: [],
  })
  const others = plain(ofOthers, `other instances of ${clone.xmlId} on ${node.uname}`)
  const limited = new Set(limitedWishes(decision, clone, instance, node))
  const wished = shared.map((step): Reason => {
    const reason = told(step)
    return limited.has(step) ? { ...reason, text: `${reason.text}, of which so much counts that 1 is left` } : reason
  })
  const parts = [...own.map(told), others, ...wished].filter(({ score }) => score !== 0)
  const sum = parts.reduce((total, { score }) => addScores(total, score ?? 0), 0)
  // What colocations take from it is taken as a number: several make less than -INFINITY.
  const total = clampScore(instance.sortIndex)
  if (sum === total) return parts
  return [plain(total, instance.managed ? 'its target-role is Promoted' : 'it is promoted and not managed')]
}

/**
 * Wishes of what is to be with the promoted instance that would take a score below 0: these leave 1, whatever is added
 * to it.
 */
function limitedWishes(
  { trace }: Decision,
  clone: Resource,
  instance: Resource,
  node: ClusterNode,
): readonly ScoreStep[] {
  const { own, ofOthers, shared } = trace.promotion(instance, clone, node)
  let sum = own.reduce((total, { gain }) => addScores(total, gain), ofOthers)
  return shared.filter(({ cause, gain }) => {
    sum = addScores(sum, gain)
    return cause.kind === 'wish' && gain < 0 && gain > -infinity && sum === 1
  })
}

function attributeReason(decision: Decision, instance: Resource, node: ClusterNode, score: number): Reason {
  const leaf = instance.children[0] ?? instance
  const { name, value, node: rated } = attributeOf(leaf, node)
  const text =
    score <= -infinity
      ? (heldUnpromoted(decision, instance)?.text ?? 'it is to stay unpromoted')
      : value === undefined
        ? `its agent says nothing (no attribute ${name} on ${rated})`
        : `attribute ${name}=${value} of ${rated}, set by its agent`
  const setting = attributeSetting(decision.cluster, rated, name)
  const settings = score <= -infinity || setting === undefined ? [] : [setting]
  return { kind: 'promotion', constraint: undefined, score, text, remedy: undefined, settings, because: [] }
}

type Obstacle = { readonly text: string; readonly changes: readonly Change[] }

/** What keeps a part of an instance unpromoted whatever its score: its `target-role`, or that nobody may change it. */
function heldUnpromoted(decision: Decision, instance: Resource): Obstacle | undefined {
  const parts = leavesOf(instance)
  for (const leaf of parts) {
    const asked = requestedRole(leaf)
    if (asked !== role.unpromoted && asked !== role.stopped) continue
    const holder = holderOf(leaf, 'target-role')
    const { xmlId, meta } = holder
    const by = bySource(metaSource(decision.cluster, holder, 'target-role'), holder)
    const suppose = { metaAttributes: [{ resource: xmlId, name: 'target-role', value: 'Started' }] }
    const text = `crm_resource --meta --resource ${xmlId} --set-parameter target-role --parameter-value Started`
    return { text: `${xmlId} has target-role=${meta.get('target-role')}${by}`, changes: [{ text, suppose }] }
  }
  const left = parts.find(({ managed, nextRole: next }) => !managed && next !== role.promoted)
  if (left === undefined) return undefined
  const findings = generalFindings(decision, left).filter(({ reason }) => reason.isObstacle)
  const changes = findings.flatMap((finding) => finding.changes)
  const why = findings[0]?.reason.text ?? 'it is not managed'
  return {
    text: left === instance ? why : `${left.id} inside of it is ${roleText(left.role)}, and stays so: ${why}`,
    changes: left === instance ? changes : changes.map((change) => ({ about: left.id, ...change })),
  }
}

/** What forbids to promote an instance whatever its score; undefined where that is what decides. */
function forbidden(decision: Decision, clone: Resource, instance: Resource, node: ClusterNode): Obstacle | undefined {
  const { cluster } = decision
  const { noQuorumPolicy } = cluster.settings
  if (!cluster.quorate && noQuorumPolicy !== 'ignore') {
    return {
      text: noQuorumText(cluster),
      changes: [{ text: 'this partition needs quorum, or another no-quorum-policy', suppose: { quorumGained: true } }],
    }
  }
  const held = heldUnpromoted(decision, instance)
  if (held !== undefined) return held
  for (const dependency of clone.tickets) {
    const { ticket } = dependency
    if (dependency.role !== role.promoted || (ticket.granted && !ticket.standby)) continue
    return { text: ticketText(dependency), changes: [ticketChange(dependency)] }
  }
  const [state] = stateReasons(cluster, node)
  return state === undefined ? undefined : { text: state.text, changes: nodeStateChanges(node) }
}

function rivals(clone: Resource): { readonly promoted: readonly Resource[]; readonly least: number } {
  const promoted = clone.children.filter((item) => nextRole(item) === role.promoted)
  return { promoted, least: Math.min(...promoted.map((item) => item.sortIndex)) }
}

function isFull(clone: Resource): boolean {
  return rivals(clone).promoted.length >= (clone.clone?.promotedMax ?? 0)
}

function whyNot(decision: Decision, clone: Resource, instance: Resource, node: ClusterNode): string {
  const known = forbidden(decision, clone, instance, node)
  if (known !== undefined) return known.text
  const mine = instance.sortIndex
  if (mine < 0) return `its promotion score on ${node.uname} is ${scoreText(mine)}, and less than 0 is never promoted`
  if (!instance.managed) return 'it is not managed'
  if (clone.clone?.promotedMax === 0) return `promoted-max of ${clone.xmlId} is 0`
  if (!isFull(clone))
    return `promoted-node-max=${clone.clone?.promotedNodeMax ?? 1}: ${node.uname} has its promoted instance`
  const { promoted } = rivals(clone)
  const others = promoted
    .map((item) => `${item.id} with ${scoreText(item.sortIndex)}${mostText(decision, clone, item)}`)
    .join(' and ')
  const verb = promoted.length === 1 ? 'comes' : 'come'
  const own = promoted.some((item) => item.sortIndex === mine)
    ? `it has ${scoreText(mine)} too`
    : `it has ${scoreText(mine)}`
  return `promoted-max is ${clone.clone?.promotedMax ?? 0}, and ${others} ${verb} first: ${own}`
}

/** What gives a promoted instance most of its score, where there is more than its agent's word. */
function mostText(decision: Decision, clone: Resource, rival: Resource): string {
  const node = singleLocation(rival, 'next')
  const parts = node === undefined ? [] : partsOf(decision, clone, rival, node)
  const [most, ...less] = parts.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0))
  if (most === undefined || less.length === 0 || most.score === undefined || most.score <= 0) return ''
  return ` (of that ${scoreText(most.score)} by ${most.text})`
}

function changesFor(decision: Decision, clone: Resource, instance: Resource, node: ClusterNode): readonly Change[] {
  const known = forbidden(decision, clone, instance, node)
  return [...(known?.changes ?? []), ...scoreChanges(decision, clone, instance, node)]
}

function scoreChanges(decision: Decision, clone: Resource, instance: Resource, node: ClusterNode): readonly Change[] {
  const mine = instance.sortIndex
  const prefer = (score: number) => ({
    preferences: [{ resource: placedAs(clone).xmlId, node: node.uname, score, isForPromotion: true }],
  })
  const leaf = instance.children[0] ?? instance
  const { name } = attributeOf(leaf, node)
  const how = `its agent has to set ${name} higher, or a location constraint with role=Promoted`
  if (mine < 0) {
    if (mine <= -infinity) return ruledOut(decision, clone, instance, node)
    const { least } = rivals(clone)
    if (isFull(clone) && least < infinity) {
      const text = `more than ${scoreText(least - mine)} more promotion score on ${node.uname}: ${how}`
      return [{ text, suppose: prefer(addScores(least - mine, 1)) }]
    }
    const text = `${scoreText(-mine)} more promotion score on ${node.uname}: ${how}`
    return [{ text, suppose: prefer(-mine) }]
  }
  if (!isFull(clone)) return []
  const limits = limitedWishes(decision, clone, instance, node).flatMap((step) =>
    causeChanges(decision, instance, node, step),
  )
  if (limits.length > 0) return limits
  const { least, promoted } = rivals(clone)
  if (least >= infinity) return promoted.slice(0, 1).flatMap((rival) => heldBy(decision, clone, rival))
  const lack = least === mine ? 'any promotion score more' : `more than ${scoreText(least - mine)} more promotion score`
  const text = `${lack} on ${node.uname}: ${how}`
  return [{ text, suppose: prefer(addScores(least - mine, 1)) }]
}

/** What gives an instance a promotion score of -INFINITY. */
function ruledOut(decision: Decision, clone: Resource, instance: Resource, node: ClusterNode): readonly Change[] {
  const { own, shared } = decision.trace.promotion(instance, clone, node)
  const changes = [...own, ...shared].flatMap((step) => stepFinding(decision, instance, node, step).changes)
  return changes.length > 0 ? changes : [{ text: 'what gives it -INFINITY has to go' }]
}

/** INFINITY outweighs any score: it has to be taken from where it holds the promotion. */
function heldBy(decision: Decision, clone: Resource, rival: Resource): readonly Change[] {
  const node = singleLocation(rival, 'next')
  if (!rival.managed) {
    const changes = generalFindings(decision, rival.children[0] ?? rival).flatMap((finding) => finding.changes)
    return changes.map((change) => ({ about: rival.id, ...change }))
  }
  if (node === undefined) return [{ text: `INFINITY must not hold the promotion of ${rival.id}` }]
  const why = partsOf(decision, clone, rival, node).find(({ score }) => (score ?? 0) >= infinity)
  const held = heldByConstraint(decision, why)
  if (held !== undefined) return [held]
  const by = why === undefined ? '' : `: ${why.text}`
  const wish = { resource: placedAs(clone).xmlId, node: node.uname, score: -infinity, isForPromotion: true }
  return [{ text: `INFINITY must not hold the promotion on ${node.uname}${by}`, suppose: { preferences: [wish] } }]
}
