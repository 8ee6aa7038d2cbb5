import { attr, type XmlElement } from '@quorate/xml'
import type { LogLine } from '../model/model.ts'
import { parseIntervalMs } from '../scalar.ts'

/** A synapse of a graph that was carried out as far as it could be. */
export type SynapseEnd = {
  readonly action: XmlElement
  readonly priority: number
  /** Actions that it waited for in the beginning. */
  readonly inputs: readonly XmlElement[]
  /** Numbers of those that were not done. */
  readonly waits: ReadonlySet<string>
  readonly executed: boolean
  /** It was begun in vain. */
  readonly refused: boolean
  /** Could have been done, had nothing failed. */
  readonly skipped: boolean
}

/** How carrying out a graph ended: all was done, it was stopped by a failure, or nothing more could be done. */
export type GraphEnd = 'Complete' | 'Stopped' | 'Terminated'

const kinds: ReadonlyMap<string, string> = new Map([
  ['rsc_op', 'resource'],
  ['pseudo_event', 'pseudo'],
  ['crm_event', 'cluster'],
])

/** Where lines go on after what an action is, in characters. */
const actionWidth = 50

function actionText(action: XmlElement): string {
  return `${kinds.get(action.name) ?? ''} op ${attr(action, 'operation_key') ?? ''}`
}

function placeText(action: XmlElement): string {
  const node = attr(action, 'on_node')
  return node === undefined ? '' : ` on ${node}`
}

/** What is said of how a graph ended. */
export function endText(synapses: readonly SynapseEnd[], end: GraphEnd): LogLine {
  const done = synapses.filter(({ executed, refused }) => executed && !refused).length
  const skipped = synapses.filter((item) => item.skipped).length
  const counts = `Complete=${done}, Pending=0, Fired=0, Skipped=${skipped}, Incomplete=${synapses.length - done}`
  return {
    kind: end === 'Terminated' ? 'warning' : 'notice',
    source: 'pcmk__execute_graph',
    text: `Transition 0 (${counts}, Source=crm_simulate): ${end}`,
  }
}

/** What is said of an operation that cannot be begun. @param synapse its place in the graph */
export function refusalLines(action: XmlElement, synapse: number): readonly LogLine[] {
  const number = attr(action, 'id') ?? ''
  const resource = attr(action.children.find((item) => item.name !== 'attributes') ?? action, 'id') ?? ''
  return [
    error('simulate_resource_action', `Could not simulate action ${number} history for resource ${resource}`),
    error('fire_synapse', `Failed initiating <${action.name} id=${number}> in synapse ${synapse}: Invalid argument`),
    error('pcmk__execute_graph', `Synapse ${synapse} failed to fire`),
  ]
}

/** What is said of every action of a graph that got stuck: how far it came, and what it waits for. */
export function stuckLines(graph: XmlElement, synapses: readonly SynapseEnd[]): readonly LogLine[] {
  const limit = attr(graph, 'batch-limit') ?? '0'
  const delay = parseIntervalMs(attr(graph, 'cluster-delay')) ?? 0
  const count = `Graph 0 with ${synapses.length} actions`
  const known = new Set(synapses.map(({ action }) => attr(action, 'id') ?? ''))
  const lines: LogLine[] = [error('pcmk__log_graph', `${count}: batch-limit=${limit} jobs, network-delay=${delay}ms`)]
  for (const { action, priority, inputs, waits, executed } of synapses) {
    const what = `${executed ? 'Completed' : 'Pending'} ${actionText(action)}`.padEnd(actionWidth)
    const waiting = executed ? [] : [...waits].filter((id) => known.has(id))
    const rest = `(priority: ${priority}, waiting: ${waiting.length === 0 ? 'none' : waiting.join(' ')})`
    const number = (attr(action, 'id') ?? '').padStart(4)
    lines.push(error('log_synapse_action', `[Action ${number}]: ${what}${placeText(action)} ${rest}`))
    if (executed) continue
    for (const input of inputs) {
      const id = attr(input, 'id') ?? ''
      if (known.has(id)) continue
      const text = ` * [Input ${id.padStart(2)}]: Unresolved dependency ${actionText(input)}${placeText(input)}`
      lines.push(error('log_unresolved_inputs', text))
    }
  }
  return lines
}

function error(source: string, text: string): LogLine {
  return { kind: 'error', source, text }
}
