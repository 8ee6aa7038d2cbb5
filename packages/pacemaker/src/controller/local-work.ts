import { attr, child, childrenNamed, element, type XmlElement } from '@quorate/xml'
import { callOptions } from '../cib-manager/service.ts'
import { activeResources, type LocalEffect, type LocalEvent, stepLocal } from '../executor/local-resources.ts'
import { confirmationOrigin, setOption } from './joining.ts'
import { callCib, log, post } from './posts.ts'
import type { Step } from './state.ts'

/** Tells this node's resources something and does what they ask for. */
export function runLocal(step: Step, event: LocalEvent): void {
  for (const effect of stepLocal(step.state.local, event, step.now)) perform(step, effect)
}

function perform(step: Step, effect: LocalEffect): void {
  switch (effect.do) {
    case 'record':
      if (step.state.isCutOff) return
      callCib(step, {
        op: 'cib_modify',
        section: 'status',
        data: effect.update,
        options: callOptions.quorumOverride | callOptions.canCreate,
      })
      return
    case 'erase':
      if (step.state.isCutOff) return
      callCib(step, {
        op: 'cib_delete',
        section: effect.xpath,
        options: callOptions.xpath | callOptions.quorumOverride,
      })
      return
    case 'answer':
      post(step, {
        task: 'lrm_invoke',
        to: effect.requester.system,
        from: 'lrmd',
        host: effect.requester.node ?? step.state.config.uname,
        payload: effect.update,
      })
      return
    case 'alert':
      step.effects.push({ do: 'alert', event: effect.event })
      return
    case 'refreshed':
      setOption(step, 'last-lrm-refresh', String(step.now.epochS))
      return
    case 'quiet':
      leave(step)
      return
    case 'log':
      log(step, effect.level, effect.text)
      return
    default:
      step.effects.push({ do: 'local', effect })
  }
}

/**
 * The DC writes down what this node told it at a join, and this node's own messages to the CIB may have come in between: what
 * they said is gone then, and has to be said again.
 */
export function repeatAfterConfirmation(step: Step, before: XmlElement, after: XmlElement): void {
  const { local, config } = step.state
  if (local.untold.size === 0) return
  const own = (cib: XmlElement): XmlElement | undefined => {
    const status = child(cib, 'status')
    return status && childrenNamed(status, 'node_state').find((item) => attr(item, 'id') === config.uuid)
  }
  const isWritten = (state: XmlElement | undefined): boolean =>
    state !== undefined && attr(state, 'crm-debug-origin') === confirmationOrigin && child(state, 'lrm') !== undefined
  if (isWritten(own(after)) && !isWritten(own(before))) runLocal(step, { kind: 'rewritten' })
}

/** The last agent has ended: this node may go. What still runs on it is named, loudly. */
function leave(step: Step): void {
  const { state } = step
  if (state.isCutOff || state.openCalls.size > 0 || !state.local.isWindingDown) return
  const left = activeResources(state.local)
  if (left.length > 0) {
    log(step, 'crit', `Leaving with resources still running on this node: ${left.join(', ')}`)
  }
  step.effects.push({ do: 'exit', code: state.exitCode })
}

/** Leaves once nothing runs and nothing of ours is on its way any more. */
export function leaveWhenQuiet(step: Step): void {
  if (step.state.local.isWindingDown) runLocal(step, { kind: 'wind-down' })
}

/**
 * This node has no cluster any more: others will run what runs here, or do so already. Losing the ring is losing quorum, so
 * that `no-quorum-policy` decides: with `stop` (the default) and `demote` everything is stopped; otherwise it is named.
 *
 * @param how `stopsAll`: whatever the policy
 */
export function cutOff(
  step: Step,
  how: { readonly reason: string; readonly exitCode: number; readonly stopsAll: boolean },
): void {
  const { state } = step
  if (state.isCutOff) return
  log(step, 'crit', how.reason)
  state.isCutOff = true
  state.exitCode = how.exitCode
  state.transition = undefined
  state.openCalls.clear()
  const active = activeResources(state.local)
  const policy = state.options.noQuorumPolicy
  if (!how.stopsAll && (policy === 'ignore' || policy === 'freeze')) {
    if (active.length > 0) {
      log(step, 'crit', `no-quorum-policy=${policy}: left running here, unattended from now on: ${active.join(', ')}`)
    }
    step.effects.push({ do: 'exit', code: state.exitCode })
    return
  }
  state.stopsAwaited = true
  stopAlone(step)
}

/** Stops what runs on a node that has no cluster any more, newest first, one after the other. */
export function stopAlone(step: Step): void {
  const { state } = step
  if (!state.isCutOff || !state.stopsAwaited) return
  const { executor, histories } = state.local
  for (const lane of executor.lanes.values()) if (lane.running !== undefined) return
  const active = activeResources(state.local)
    .map((id) => ({ id, last: histories.get(id)?.last }))
    .filter((item) => item.last?.order.action !== 'stop')
    .sort((a, b) => (b.last?.callId ?? 0) - (a.last?.callId ?? 0))
  const next = active[0]
  if (next?.last === undefined) {
    const left = activeResources(state.local)
    if (left.length > 0) log(step, 'crit', `Could not stop, and still running here alone: ${left.join(', ')}`)
    state.stopsAwaited = false
    step.effects.push({ do: 'exit', code: state.exitCode })
    return
  }
  log(step, 'warning', `Stopping ${next.id}: this node has lost its cluster`)
  runLocal(step, {
    kind: 'order',
    task: 'lrm_invoke',
    op: stopOrder(next.id, next.last.order),
    requester: { node: undefined, system: 'tengine' },
  })
}

function stopOrder(
  id: string,
  last: {
    readonly resource: { readonly standard: string; readonly provider: string | undefined; readonly type: string }
    readonly parameters: ReadonlyMap<string, string>
  },
): XmlElement {
  const { standard, provider, type } = last.resource
  const parameters = Object.fromEntries(last.parameters)
  return element(
    'rsc_op',
    {
      operation: 'stop',
      operation_key: `${id}_stop_0`,
      'transition-key': `0:-1:0:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`,
    },
    [
      element('primitive', { id, class: standard, provider, type }),
      element('attributes', { ...parameters, CRM_meta_interval: undefined, CRM_meta_name: 'stop' }),
    ],
  )
}
