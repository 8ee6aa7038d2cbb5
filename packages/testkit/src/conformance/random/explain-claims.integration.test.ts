import { invariant } from '@quorate/base'
import { cibFaultsIn, usableCib } from '@quorate/cib'
import {
  type Decision,
  decisionOn,
  type Explanation,
  explainFrom,
  explanationLines,
  type InstanceExplanation,
  type NodeExplanation,
  type Reason,
  type Resource,
  schedule,
  simulate,
  supposedCib,
  unpackStatus,
} from '@quorate/scheduler'
import { attr, parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { situations } from '../situations/situations.ts'
import { randomCase } from './cib.ts'
import { parseFeatures } from './feature.ts'
import { randomNowSeconds } from './history.ts'

const infinity = 1_000_000
/** Transitions in which a cluster comes to rest, or never. */
const transitionsMax = 8
/** The present of the situations, in seconds since 1970. */
const situationNowSeconds = 1_796_000_000

type Case = { readonly name: string; readonly cib: XmlElement; readonly nowSeconds: number }

function* handMade(): Generator<Case> {
  for (const [name, text] of situations) {
    const parsed = parseXml(text)
    invariant(parsed.ok, 'a situation is well formed')
    const usable = usableCib(parsed.value)
    invariant(usable.ok, 'a situation can be decided on')
    yield { name, cib: usable.cib, nowSeconds: situationNowSeconds }
  }
}

function* random(from: number, count: number, features = 'whole'): Generator<Case> {
  for (let seed = from; seed < from + count; seed += 1) {
    const { cib, moment } = randomCase(seed, parseFeatures(features))
    const usable = usableCib(cib)
    if (moment !== undefined || !usable.ok || cibFaultsIn(usable.cib, 1).length > 0) continue
    yield { name: String(seed), cib: usable.cib, nowSeconds: randomNowSeconds }
  }
}

/** A sum of scores as the scheduler makes it: minus infinity outweighs all, then infinity. */
function sumOf(reasons: readonly Reason[]): number {
  return reasons.reduce((sum, { score = 0 }) => {
    if (sum <= -infinity || score <= -infinity) return -infinity
    if (sum >= infinity || score >= infinity) return infinity
    return Math.max(-infinity, Math.min(infinity, sum + score))
  }, 0)
}

function leavesOf(resources: readonly Resource[]): readonly Resource[] {
  return resources.flatMap((resource) => {
    const parts = resource.bundle?.replicas.flatMap(({ container, ip, connection, instance }) =>
      [container, ip, connection, instance].flatMap((item) => item ?? []),
    )
    const below = [...resource.children, ...(parts ?? [])]
    return below.length === 0 ? [resource] : leavesOf(below)
  })
}

const plainName = (id: string): string => id.replace(/:\d+$/, '')

/** True where a resource, or an instance that does as well, runs on a node once all the steps were carried out. */
function isReached({ cib, nowSeconds }: Case, id: string, { node, steps }: NodeExplanation): boolean {
  let at = cib
  for (const { suppose } of steps) {
    const made = supposedCib(at, suppose, { nowSeconds })
    if (!made.ok) return false
    at = made.value
    for (let i = 0; i < transitionsMax; i += 1) {
      const { graph } = schedule(at, { nowSeconds })
      if (graph.children.length === 0) break
      const { complete, output } = simulate(at, { nowSeconds, process: true, simulate: true, quiet: true })
      if (!complete) return false
      at = output
    }
  }
  return leavesOf(unpackStatus(at, { nowSeconds }).resources).some(
    (leaf) =>
      (leaf.id === id || (!leaf.unique && plainName(leaf.id) === plainName(id))) &&
      leaf.runningOn.some(({ uname }) => uname === node),
  )
}

/** Tasks that an explanation tells of. */
const toldTasks: ReadonlySet<string> = new Set(['start', 'stop', 'promote', 'demote', 'migrate_to', 'migrate_from'])

/** What a transition does with services: resource, task and node (none of what is done by something else). */
function doneIn(graph: XmlElement): readonly (readonly [key: string, node: string | undefined])[] {
  return graph.children
    .flatMap((synapse) => synapse.children.filter(({ name }) => name === 'action_set'))
    .flatMap(({ children }) => children)
    .filter((action) => toldTasks.has(attr(action, 'operation') ?? ''))
    .map((action) => [
      attr(action, 'internal_operation_key') ?? attr(action, 'operation_key') ?? '',
      attr(action, 'on_node'),
    ])
}

/** What is told to be done and is not, and the other way round. */
function untrueActions({ id, actions, summary }: InstanceExplanation, { graph }: Decision): readonly string[] {
  const done = doneIn(graph)
  const faults: string[] = []
  for (const { task, node, isRunnable } of actions) {
    const isDone = done.some(
      ([key, at]) => key === `${id}_${task}_0` && ((at === undefined && isRunnable) || at === node),
    )
    if (isDone !== isRunnable) faults.push(`${id}: ${task} on ${node} is ${isDone ? '' : 'not '}done: ${summary}`)
  }
  for (const [key, node] of done) {
    const isOwn = [...toldTasks].some((task) => key === `${id}_${task}_0`)
    const isTold = actions.some(({ task, node: at }) => key === `${id}_${task}_0` && at === node)
    if (isOwn && node !== undefined && !isTold) faults.push(`${id}: ${key} on ${node} is not told: ${summary}`)
  }
  return faults
}

/** True where it is said why a resource is not on a node that is a candidate. */
function isExplained({ reasons, outdoneBy }: NodeExplanation): boolean {
  return outdoneBy !== undefined || reasons.some(({ score = -infinity, kind }) => score < 0 || silent.has(kind))
}

/** Kinds of reasons without a score by which a node is not taken. */
const silent: ReadonlySet<string> = new Set(['instances', 'unmanaged', 'capacity'])

/** What is wrong with what is said of an instance, without its remedies. */
function faultsOf(instance: InstanceExplanation, lines: readonly string[], decision: Decision): readonly string[] {
  const { id, summary, mainReason, actions, assigned, nodes, promotion, general } = instance
  const text = lines.join('\n')
  const faults: string[] = []
  const must = (isTrue: boolean, what: string): void => {
    if (!isTrue) faults.push(`${id}: ${what}: ${summary}`)
  }
  const isStart = actions.every(({ task }) => task === 'start')
  must(mainReason !== undefined || (assigned !== undefined && isStart), 'no reason for what changes, or stays down')
  must(mainReason?.includes('nothing known') !== true, 'nothing known')
  must(text.includes(`${id}: ${summary}.`), 'the text has another first line')
  must(
    nodes.filter(({ isChosen }) => isChosen).every(({ node }) => node === assigned),
    'another node is chosen',
  )
  faults.push(...untrueActions(instance, decision))
  must(assigned === undefined || nodes.some(({ isChosen }) => isChosen), `nothing is said of ${assigned}`)
  const isHeld = general.some(({ isObstacle }) => isObstacle)
  for (const at of nodes) {
    const { node, score, reasons, outdoneBy, isChosen } = at
    must(isChosen || score === undefined || isHeld || isExplained(at), `no reason why not on ${node}`)
    const isMore = outdoneBy?.score !== undefined && outdoneBy.score < (score ?? -infinity)
    must(
      !isMore || reasons.some(({ kind }) => kind === 'container' || kind === 'remote-node'),
      `outdone by less on ${node}`,
    )
    must(score === undefined || sumOf(reasons) === score, `contributions on ${node} do not add up`)
    must(
      reasons.every((reason) => reason.text.trim() !== ''),
      `an empty reason on ${node}`,
    )
    must(score !== undefined || reasons.length > 0, `no reason why ${node} is no candidate`)
    const isTold = text.includes(` ${node}: `)
    // Of instances that do as well as each other one tells of a node.
    for (const reason of isTold && !instance.isInterchangeable ? reasons : []) {
      must(text.includes(reason.text), `the text does not say of ${node}: ${reason.text}`)
    }
  }
  if (promotion !== undefined) must(sumOf(promotion.reasons) === promotion.score, 'promotion scores do not add up')
  const real = leavesOf(decision.cluster.resources).find((leaf) => leaf.id === id)
  must(real?.assigned?.uname === assigned, 'it is assigned elsewhere')
  return faults
}

function explained(decision: Decision, id: string, node: string | undefined, pairsMax: number): Explanation {
  const found = explainFrom(decision, id, node, pairsMax)
  invariant(found.ok, `${id} is there`)
  return found.value
}

type Counts = { faults: unknown[]; instances: number; remedies: number }

/** Judges all that is said of the clusters, and the remedies of some pairs of an instance and a node each. */
function judge(cases: Iterable<Case>, pairsEach: number): Counts {
  const counts: Counts = { faults: [], instances: 0, remedies: 0 }
  let turn = 0
  for (const one of cases) {
    const decision = decisionOn(one.cib, { nowSeconds: one.nowSeconds })
    const pairs: (readonly [id: string, node: string])[] = []
    for (const { id } of decision.cluster.resources) {
      const found = explained(decision, id, undefined, 0)
      const lines = explanationLines(found)
      for (const instance of found.instances) {
        counts.instances += 1
        // Histories can have several resources of one id.
        if (!decision.cluster.resourceTwins.has(instance.id)) {
          for (const fault of faultsOf(instance, lines, decision)) counts.faults.push([one.name, fault])
        }
        for (const { node, isChosen } of instance.nodes) if (!isChosen) pairs.push([instance.id, node])
      }
    }
    for (let i = 0; i < pairsEach && pairs.length > 0; i += 1) {
      turn += 1
      const [id, node] = pairs[(turn * 7919) % pairs.length] as (typeof pairs)[number]
      const at = explained(decision, id, node, 1).instances[0]?.nodes[0]
      if (at === undefined || at.steps.length === 0 || at.remedies.length === 0) continue
      counts.remedies += 1
      if (!isReached(one, id, at)) counts.faults.push([one.name, id, node, at.whatIf])
    }
  }
  return counts
}

test('what is said of clusters of every kind is true, and what is offered leads there', () => {
  const { faults, instances, remedies } = judge(handMade(), 1)
  expect(faults).toEqual([])
  expect(instances).toBeGreaterThan(250)
  expect(remedies).toBeGreaterThan(40)
}, 300_000)

test('so it is of random clusters', () => {
  const { faults, remedies } = judge(random(5000, 14), 2)
  expect(faults).toEqual([])
  expect(remedies).toBeGreaterThan(5)
}, 300_000)

/** Clusters of which something that was said was not true once. */
const once: readonly (readonly [features: string, seed: number])[] = [
  ['full', 31044],
  ['full', 31028],
  ['full', 30041],
  ['full', 31206],
  ['full', 33042],
  ['full', 30004],
  ['all', 41133],
]

test('so it is where it was not once', () => {
  const { faults, instances } = judge(
    once.flatMap(([features, seed]) => [...random(seed, 1, features)]),
    0,
  )
  expect(faults).toEqual([])
  expect(instances).toBeGreaterThan(40)
}, 60_000)
