import { canFence } from '../action/fencing.ts'
import { beginningOf, task } from '../action/key.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { findResource } from '../model/tree.ts'
import { edgeFlag } from '../order/flags.ts'
import type { Change } from './change.ts'
import type { Decision } from './decision.ts'
import { generalFindings } from './general-reasons.ts'
import { leavesOf, nowhere } from './no-place.ts'
import { nodeStateChanges, stateReasons } from './state-changes.ts'

/** What an action waits for that cannot be done now. */
export type Obstacle = { readonly text: string; readonly changes: readonly Change[] }

/** How many actions are looked at on the way to what holds one up. */
const actionsMax = 1000

/** What keeps an action from being done, followed to where it begins: an action before it, a node, quorum, a person. */
export function obstaclesTo(decision: Decision, action: Action): readonly Obstacle[] {
  const found = new Map<string, Obstacle>()
  const seen = new Set<Action>([action])
  const open: Action[] = [action]
  for (let at = open.pop(); at !== undefined && seen.size < actionsMax; at = open.pop()) {
    const before = at.before.filter(({ first, original }) => isHeld(first) && (original & holding) !== 0)
    for (const { first } of before) {
      if (seen.has(first)) continue
      seen.add(first)
      open.push(first)
    }
    if (before.length > 0) continue
    const obstacle = rootOf(decision, at) ?? namedObstacle(decision, at)
    if (obstacle !== undefined) found.set(obstacle.text, obstacle)
  }
  return [...found.values()]
}

/** What an action names as its obstacle itself, where it is not found among those before it. */
function namedObstacle(decision: Decision, action: Action): Obstacle | undefined {
  const [, id, name] = /^unrunnable (\S+) (\w+)$/.exec(action.reason ?? '') ?? []
  if (id === undefined || id === action.resource?.id) return undefined
  const other = findResource(decision.cluster, id)
  const what = `the ${beginningOf(name ?? '')} of ${id}`
  if (other === undefined) return { text: what, changes: [{ text: `see what keeps it: quorate explain ${id}` }] }
  const place = { resource: other, node: undefined }
  return { text: whyNot(decision, other, what), changes: [{ text: `${id} has to run somewhere`, place }] }
}

/** What holds something up, with why the resource that it is about goes nowhere, where it does not. */
function whyNot(decision: Decision, resource: Resource, what: string): string {
  const leaf = leavesOf(resource).find((item) => item.assigned === undefined)
  if (leaf === undefined) return what
  const general = generalFindings(decision, leaf).find(({ reason }) => reason.isObstacle)
  return `${what}: ${general?.reason.text ?? nowhere(decision, leaf)}`
}

/** Orders by which what cannot be done holds up what follows. */
const holding = edgeFlag.runnableLeft | edgeFlag.probe | edgeFlag.impliesThen | edgeFlag.pseudoLeft | edgeFlag.optional

function isHeld({ optional, runnable }: Action): boolean {
  return !optional && !runnable
}

/** An action in words. */
function actionText({ task: name, node, resource, key, meta }: Action): string {
  if (resource === undefined) return key
  const isProbe = name === task.monitor && (meta.get('interval') ?? '0') === '0'
  const where = node === undefined ? '' : ` on ${node.uname}`
  return `${isProbe ? 'the probe' : `the ${name}`} of ${resource.id}${where}`
}

function rootOf(decision: Decision, action: Action): Obstacle | undefined {
  const { cluster } = decision
  const { node, reason, resource } = action
  const what = actionText(action)
  if (reason === 'no quorum' || reason === 'quorum freeze') {
    const change: Change = {
      text: 'this partition needs quorum, or another no-quorum-policy',
      suppose: { quorumGained: true },
    }
    return { text: `${what}: this partition has no quorum`, changes: [change] }
  }
  if (node !== undefined) {
    const stood = nodeObstacle(cluster, node, what)
    if (stood !== undefined) return stood
  }
  if (resource === undefined || action.pseudo) return undefined
  const general = generalFindings(decision, resource).filter((item) => item.reason.isObstacle)
  const [first] = general
  if (first !== undefined) {
    return {
      text: `${what}: ${first.reason.text}`,
      changes: general.flatMap(({ changes }) => changes).map((change) => ({ about: resource.id, ...change })),
    }
  }
  if (resource.assigned === undefined) {
    return {
      text: `${what}: no node can run ${resource.id}`,
      changes: [{ text: `${resource.id} has to run somewhere`, place: { resource, node: undefined } }],
    }
  }
  return undefined
}

function nodeObstacle(cluster: Cluster, node: ClusterNode, what: string): Obstacle | undefined {
  const [state] = stateReasons(node)
  if (state === undefined || (node.online && !node.unclean && !node.pending)) return undefined
  const changes = nodeStateChanges(node)
  return canFence(cluster, node) && node.unclean
    ? { text: `${what}: ${node.uname} is fenced first`, changes }
    : { text: `${what}: ${state.text}`, changes }
}
