import { attr, child } from '@quorate/xml'
import { nodesIn } from '../join/join.ts'
import { type GraphAction, wholeNumber } from '../transition/graph.ts'
import { log } from './posts.ts'
import type { Step } from './state.ts'

/**
 * Has a node fenced as the running graph wants it (behaviour/pacemaker-daemons.md 2.10, Action kinds). False for an action
 * that does not say whom, or how.
 */
export function requestFencing(step: Step, action: GraphAction): boolean {
  const { state } = step
  const { transition } = state
  const attributes = child(action.xml, 'attributes')
  const meta = (name: string) => (attributes === undefined ? undefined : attr(attributes, `CRM_meta_${name}`))
  const what = meta('stonith_action')
  if (transition === undefined || action.node === undefined) return false
  if (what !== 'reboot' && what !== 'off' && what !== 'on') return false
  state.lastTag += 1
  const tag = state.lastTag
  state.fencing.open.set(tag, {
    target: action.node,
    uuid: action.nodeUuid,
    action: what,
    transition,
    actionId: action.id,
    digests: { all: meta('digests_all'), secure: meta('digests_secure') },
  })
  log(step, 'notice', `Requesting fencing (${what}) of node ${action.node}`)
  step.effects.push({
    do: 'fence',
    tag,
    request: {
      target: action.node,
      action: what,
      timeoutMs: transition.graph.stonithTimeoutMs,
      delaySeconds: wholeNumber(meta('priority_fencing_delay')) ?? 0,
      mayFenceSelf: isAlone(step),
    },
  })
  return true
}

/** Where others are in the cluster, or on their way in, this node does not bet on being able to end itself. */
function isAlone({ state }: Step): boolean {
  const joined = nodesIn(state.join, 'welcomed', 'integrated', 'finalized', 'confirmed')
  return joined.every((uname) => uname === state.config.uname)
}
