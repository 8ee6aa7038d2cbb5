import { attr, type XmlElement } from '@quorate/xml'
import { infinity } from '../transition/graph.ts'
import type { CibEvent } from './cib-events.ts'
import type { Step } from './state.ts'
import { abort, advance, takeResult } from './transitions.ts'

/** What a change of the CIB means for the running graph. */
export function cibEvent(step: Step, event: CibEvent): void {
  const { state } = step
  const isDowned = (uuid: string) =>
    [...state.peers.values()].some((peer) => peer.uuid === uuid && (!peer.hasController || peer.expected === 'down'))
  switch (event.kind) {
    case 'configuration':
      abort(step, infinity, 'restart', 'Configuration change')
      return
    case 'tickets':
      abort(step, infinity, 'restart', 'Ticket attribute change')
      return
    case 'attributes':
      if (!event.isDeleted || !isDowned(event.nodeUuid)) abort(step, infinity, 'restart', 'Transient attribute change')
      return
    case 'operation':
      takeResult(step, event)
      return
    case 'operation-removed':
      operationRemoved(step, event.op)
      return
    case 'history-removed':
      if (!isDowned(event.nodeUuid)) abort(step, infinity, 'restart', 'Resource state removal')
      return
    case 'lock-cleared':
      abort(step, infinity, 'restart', 'Shutdown lock cleared')
      return
    case 'node-removed':
      if (!isDowned(event.nodeUuid)) abort(step, infinity, 'restart', 'Node state removal')
      return
    default:
      event satisfies never
  }
}

/** A history entry is gone: a cancel of ours has done its work, or somebody cleaned up. */
function operationRemoved(step: Step, op: XmlElement): void {
  const { state } = step
  const { transition } = state
  if (transition?.isFinished === false) {
    const key = attr(op, 'operation_key')
    const node = attr(op, 'on_node')
    for (const job of transition.jobs.values()) {
      if (job.action.task !== 'cancel' || job.phase !== 'pending') continue
      if (job.action.key !== key || (node !== undefined && job.action.node !== node)) continue
      advance(step, { kind: 'confirmed', action: job.action.id, isFailed: false })
      return
    }
  }
  abort(step, infinity, 'restart', 'Resource operation removal')
}
