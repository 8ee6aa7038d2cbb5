import type { FencingDevice, FencingOutcome } from '../fencer/service.ts'
import type { AgentRun } from './agent.ts'
import { formatSpan, type Outcome, ocf, operationStatus, writable } from './outcome.ts'

/** The device that a resource of class `stonith` stands for. */
export function fencingDevice(run: AgentRun): FencingDevice {
  const parameters = new Map<string, string>()
  for (const [name, value] of run.parameters) {
    if (!name.startsWith('CRM_meta_') && name !== 'crm_feature_set') parameters.set(name, value)
  }
  return { id: run.resource.id, agent: run.resource.type, parameters }
}

/** Execution status "no fence device", and those that tell of the fencer, not of the device. */
const noFenceDevice = 10
const notTheDevice: ReadonlySet<number> = new Set([
  operationStatus.pending,
  operationStatus.cancelled,
  operationStatus.notConnected,
  operationStatus.invalid,
])

/**
 * What the fencer's answer means for the resource (behaviour/pacemaker-daemons.md 3.7): an agent that failed has no word in
 * the history, as with the C daemon; what kept it from running has.
 */
export function deviceOutcome(action: string, answer: FencingOutcome, timeoutMs: number): Outcome {
  const { execution, exitStatus, reason } = answer
  if (execution === operationStatus.done) {
    return { rc: exitStatus === 0 ? ocf.ok : ocf.error, status: operationStatus.done, exitReason: '' }
  }
  const exitReason = writable(reason ?? '')
  if (execution === operationStatus.timeout) {
    const text = `Fence agent did not complete within ${formatSpan(timeoutMs)}`
    return { rc: ocf.error, status: operationStatus.timeout, exitReason: text }
  }
  if (execution === noFenceDevice) {
    if (action === 'stop') return { rc: ocf.ok, status: operationStatus.done, exitReason: '' }
    if (action === 'monitor') return { rc: ocf.notRunning, status: operationStatus.done, exitReason }
    return { rc: ocf.notInstalled, status: operationStatus.notInstalled, exitReason }
  }
  if (execution === operationStatus.notSupported) return { rc: ocf.unimplemented, status: execution, exitReason }
  const status = notTheDevice.has(execution) ? operationStatus.error : execution
  return { rc: ocf.error, status, exitReason }
}
