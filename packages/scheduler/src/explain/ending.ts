import { attr, child, type XmlElement } from '@quorate/xml'
import { beginningOf, task } from '../action/key.ts'
import type { Action, Cluster } from '../model/model.ts'
import { SimulatedStatus } from '../simulate/cib-status.ts'
import { GraphRunner } from '../simulate/runner.ts'
import { type Decision, decisionOn } from './decision.ts'
import { actionText } from './held-up.ts'
import { orderTie, type Tie, tieText } from './tie.ts'

/** A transition that does not come to its end. */
export type Standstill = {
  readonly text: string
  /** Orders among those by which the actions wait for each other. */
  readonly constraints: readonly string[]
  /** The actions that wait for each other. */
  readonly circle: readonly Action[]
  /** The action that is waited for and is not part of the transition. */
  readonly absent: Action | undefined
}

/** A transition carried out on a copy of the CIB. */
export type CarriedOut = {
  readonly cib: XmlElement
  readonly standstill: Standstill | undefined
  /** What a simulation does not begin, by which it goes no further; a cluster would. */
  readonly unsimulated: readonly string[]
}

/** Transitions after which a cluster has come to rest, or never will. */
export const transitionsMax = 5

/** Where the cluster ends up that follows its decisions. */
export type Ending = {
  /** The last decision: that on the state in which nothing is left to do, or by which the cluster got stuck. */
  readonly decision: Decision
  /** The transition that did not come to its end; undefined where all did. */
  readonly standstill: Standstill | undefined
  /** What the cluster still does to services and nodes after so many transitions; empty where it has come to rest. */
  readonly restless: readonly Action[]
  /** What a simulation does not begin: what follows is not known. */
  readonly unsimulated: readonly string[]
}

/** That a simulation goes no further, in words. */
export function unsimulatedText(refused: string): string {
  return `what a cluster does then cannot be simulated (${refused})`
}

const endings = new WeakMap<Decision, Ending>()

/** What a decision comes to once all is done that it says, and what follows from that. */
export function endingOf(decision: Decision): Ending {
  const known = endings.get(decision)
  if (known !== undefined) return known
  const made = followed(decision)
  endings.set(decision, made)
  return made
}

function followed(decision: Decision): Ending {
  let at = decision
  const refused = new Set<string>()
  for (let round = 0; round < transitionsMax && at.graph.children.length > 0; round += 1) {
    // Bookkeeping can get stuck too, and is done once: some of it a simulation has to do again and again.
    const isLast = servicesIn(at).length === 0
    const { cib, standstill, unsimulated } = carriedOut(at.cib, at.cluster, at.graph, at.options.nowSeconds)
    for (const text of unsimulated) refused.add(text)
    if (standstill !== undefined) return { decision: at, standstill, restless: [], unsimulated: [...refused] }
    if (isLast) break
    at = decisionOn(cib, at.options)
  }
  return { decision: at, standstill: undefined, restless: servicesIn(at), unsimulated: [...refused] }
}

/** What is done to services: the rest is bookkeeping. */
const serviceTasks: ReadonlySet<string> = new Set([
  task.start,
  task.stop,
  task.promote,
  task.demote,
  task.migrateTo,
  task.migrateFrom,
  task.fence,
])

/** What a transition does to services and nodes. */
function servicesIn({ cluster, graph }: Decision): readonly Action[] {
  const ids = new Set<string>()
  for (const synapse of graph.children) {
    const action = child(synapse, 'action_set')?.children[0]
    if (action === undefined || action.name === 'pseudo_event') continue
    if (serviceTasks.has(attr(action, 'operation') ?? '')) ids.add(attr(action, 'id') ?? '')
  }
  return ids.size === 0 ? [] : cluster.actions.filter(({ id }) => ids.has(String(id)))
}

/** Carries out what was decided on a CIB. */
export function carriedOut(cib: XmlElement, cluster: Cluster, graph: XmlElement, nowSeconds: number): CarriedOut {
  const status = new SimulatedStatus(cib)
  const { complete, left, errors } = new GraphRunner(cluster, graph, status, [], nowSeconds).run()
  return { cib: status.cib(), standstill: complete ? undefined : standstillOf(cluster, left), unsimulated: errors }
}

/** What keeps actions from being done: that they wait for each other, or for what is not to be done. */
function standstillOf(cluster: Cluster, left: ReadonlyMap<string, readonly string[]>): Standstill {
  const actions = new Map(cluster.actions.map((action) => [String(action.id), action]))
  const circle = shortestCircle(left)
  const chain = circle === undefined ? waitInVain(left) : [...circle, ...circle.slice(0, 1)]
  const constraints = new Set<string>()
  let text = nameOf(actions.get(chain[0] ?? ''))
  for (const [i, id] of chain.slice(1).entries()) {
    const [first, then] = [actions.get(id), actions.get(chain[i] ?? '')]
    const tie = tieBetween(cluster, first, then)
    if (tie?.kind === 'order') for (const name of tie.ids) constraints.add(name)
    text += `${i === 0 ? ' ' : ', which '}waits for ${nameOf(first)}${tie === undefined ? '' : ` (${tieText(tie)})`}`
  }
  if (circle === undefined) text += ', which is not part of the transition'
  return {
    text,
    constraints: [...constraints],
    circle: (circle ?? []).flatMap((id) => actions.get(id) ?? []),
    absent: circle === undefined ? actions.get(chain[1] ?? '') : undefined,
  }
}

/** An action that waits for one which is not there, and that one. */
function waitInVain(left: ReadonlyMap<string, readonly string[]>): readonly string[] {
  for (const [id, waits] of left) {
    const absent = waits.find((other) => !left.has(other))
    if (absent !== undefined) return [id, absent]
  }
  return []
}

/** An action in words. */
export function nameOf(action: Action | undefined): string {
  if (action === undefined) return 'an action'
  if (action.task === task.fence) return `the fencing of ${action.node?.uname ?? 'a node'}`
  return beginningOf(action.task) === action.task ? actionText(action) : `the end of ${actionText(action)}`
}

function tieBetween(cluster: Cluster, first: Action | undefined, then: Action | undefined): Tie | undefined {
  if (first === undefined || then === undefined) return undefined
  const side = (action: Action) => ({ resource: action.resource, task: action.task, action })
  const after = then.resource === undefined ? side(then) : { resource: then.resource, task: then.task }
  return orderTie(cluster, side(first), after)
}

/** How many actions a circle is looked for from. */
const beginningsMax = 200

/** The fewest actions of which each waits for the next, and the last for the first; undefined where none do. */
function shortestCircle(waits: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  let best: readonly string[] | undefined
  for (const start of [...inCircles(waits)].slice(0, beginningsMax)) {
    const found = wayBack(start, waits, best?.length ?? Number.POSITIVE_INFINITY)
    if (found !== undefined) best = found
  }
  return best
}

/** Actions without those that a circle can only lead to. */
function inCircles(waits: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const inside = new Set(waits.keys())
  for (let size = -1; size !== inside.size; ) {
    size = inside.size
    for (const id of inside) if (!waits.get(id)?.some((other) => inside.has(other))) inside.delete(id)
  }
  return inside
}

/** The shortest way from an action back to itself, where that has fewer steps than so many. */
function wayBack(
  start: string,
  waits: ReadonlyMap<string, readonly string[]>,
  stepsMax: number,
): readonly string[] | undefined {
  const from = new Map<string, string>()
  const open = [start]
  for (const id of open) {
    for (const next of waits.get(id) ?? []) {
      if (next === start) {
        const way = [id]
        for (let at = id; at !== start; ) {
          at = from.get(at) ?? start
          way.unshift(at)
        }
        return way.length < stepsMax ? way : undefined
      }
      if (!waits.has(next) || from.has(next)) continue
      from.set(next, id)
      open.push(next)
    }
  }
  return undefined
}
