import { attr, type XmlElement } from '@quorate/xml'
import { log, post } from './posts.ts'
import type { Step } from './state.ts'

/** Load classes of a node, as they travel in `throttle` messages. */
export const loadModes = { none: 0, low: 1, medium: 0x10, high: 0x100 } as const

/** Share of its processors that a node may have busy before it counts as loaded (`load-threshold`). */
const loadThreshold = 0.8
const loadThresholdOfOne = 0.6

/** Class of a one-minute load average (behaviour/pacemaker-daemons.md 2.10, Limits). */
export function loadMode(average: number, processors: number): number {
  const threshold = processors <= 1 ? loadThresholdOfOne : loadThreshold * processors
  if (average > threshold * 2) return loadModes.high
  if (average > threshold * 1.6) return loadModes.medium
  return average > threshold * 1.2 ? loadModes.low : loadModes.none
}

/** Agents that may run at a time on a node of this class that could run `most`. */
export function jobsAllowed(mode: number, most: number): number {
  const share = mode === loadModes.none ? 1 : mode === loadModes.low ? 2 : mode === loadModes.medium ? 4 : most
  return Math.max(1, Math.trunc(most / Math.max(1, share)))
}

/** Tells all controllers how busy this node is, when its class has changed. */
export function tellLoad(step: Step, average: number): void {
  const { state } = step
  const { processors } = state.config
  const mode = loadMode(average, processors)
  if (state.phase === 'S_STARTING' || mode === state.toldLoad) return
  state.toldLoad = mode
  const most = state.options.nodeActionLimit > 0 ? state.options.nodeActionLimit : processors * 2
  log(step, 'info', `Load ${average.toFixed(2)} on ${processors} processors: mode ${mode}`)
  post(
    step,
    {
      task: 'throttle',
      to: 'crmd',
      from: 'crmd',
      attributes: { 'crm-limit-mode': String(mode), 'crm-limit-max': String(most) },
    },
    { broadcast: true },
  )
}

/** Another controller has told how busy its node is. */
export function takeLoad(step: Step, from: string, xml: XmlElement): void {
  const peer = step.state.peers.get(from)
  if (peer === undefined) return
  const number = (name: string) => Number.parseInt(attr(xml, name) ?? '', 10)
  const mode = number('crm-limit-mode')
  const most = number('crm-limit-max')
  step.state.peers.set(from, {
    ...peer,
    loadMode: Number.isNaN(mode) ? peer.loadMode : mode,
    jobsMax: Number.isNaN(most) ? peer.jobsMax : most,
  })
}
