import { IndexHeap, padEndBytes } from '@quorate/base'
import { attr, attributePairs, child, childrenNamed, element, type XmlElement } from '@quorate/xml'
import { task } from '../action/key.ts'
import type { LogLine } from '../model/model.ts'
import { findResource } from '../model/tree.ts'
import type { StatusItem } from '../report/status-item.ts'
import { infinity } from '../score.ts'
import type { ClusterStatus } from '../status.ts'
import { AmbiguousState, type SimulatedStatus } from './cib-status.ts'
import { endText, refusalLines, stuckLines } from './graph-log.ts'
import { nextCallId, recordOperation } from './history-write.ts'
import { leadingInteger, type OperationSpec } from './operation-spec.ts'

type Synapse = {
  readonly action: XmlElement
  readonly priority: number
  /** Actions that have to be done first. */
  readonly inputs: readonly XmlElement[]
  /** Numbers of those of them that were not done yet. */
  readonly waits: Set<string>
  executed: boolean
  /** It was begun in vain. */
  refused: boolean
  skipped: boolean
}

/** How an action ended: it was done, it was begun and failed as was asked for, or it could not be begun. */
type End = 'done' | 'failed' | 'refused'

/** What a simulated transition did. */
export type Simulation = {
  /** Lines about what was done; `column0` ones stand outside of the list. */
  readonly lines: readonly (StatusItem & { readonly column0?: boolean })[]
  /** Failures that were asked for in a way that says nothing, and why something could not be begun. */
  readonly errors: readonly string[]
  /** The errors, and what is logged about them. */
  readonly remarks: readonly (LogLine | string)[]
  /** Whether everything was done that could be. */
  readonly complete: boolean
  /** Numbers of actions that were not done, each with those of the actions that it still waits for. */
  readonly left: ReadonlyMap<string, readonly string[]>
  /** Why it ended before its time: an action was on a node whose name several states have. */
  readonly ambiguity?: AmbiguousState
  /** What is said of how it ended. */
  readonly end: LogLine
  /** What is said of it where it got stuck. */
  readonly stuckLines: () => readonly LogLine[]
}

/** Carries out a graph on a copy of the status, in the order in which a controller would. */
export class GraphRunner {
  readonly #cluster: ClusterStatus
  readonly #graph: XmlElement
  readonly #status: SimulatedStatus
  readonly #failures: readonly string[]
  readonly #nowSeconds: number
  readonly #synapses: Synapse[] = []
  readonly #followers = new Map<string, number[]>()
  readonly #lines: (StatusItem & { readonly column0?: boolean })[] = []
  readonly #remarks: (LogLine | string)[] = []
  #abortPriority = 0

  /** @param failures operations that are to fail, as `rsc_start_0@n1=1` */
  constructor(
    cluster: ClusterStatus,
    graph: XmlElement,
    status: SimulatedStatus,
    failures: readonly string[],
    nowSeconds: number,
  ) {
    this.#cluster = cluster
    this.#graph = graph
    this.#status = status
    this.#failures = failures
    this.#nowSeconds = nowSeconds
    for (const xml of graph.children) this.#addSynapse(xml)
  }

  #addSynapse(xml: XmlElement): void {
    const action = child(xml, 'action_set')?.children[0]
    if (action === undefined) return
    const inputs = (child(xml, 'inputs')?.children ?? []).flatMap((trigger) => trigger.children)
    const waits = new Set(inputs.map((input) => attr(input, 'id') ?? ''))
    const index = this.#synapses.length
    for (const id of waits) {
      const list = this.#followers.get(id)
      if (list === undefined) this.#followers.set(id, [index])
      else list.push(index)
    }
    const priority = Number(attr(xml, 'priority') ?? '0')
    this.#synapses.push({ action, priority, inputs, waits, executed: false, refused: false, skipped: false })
  }

  /** Runs pass after pass until nothing more can be done. */
  run(): Simulation {
    try {
      this.#runAll()
    } catch (fault) {
      if (!(fault instanceof AmbiguousState)) throw fault
      return { ...this.#ended(), ambiguity: fault }
    }
    return this.#ended()
  }

  #runAll(): void {
    let current = new IndexHeap()
    let next = new IndexHeap()
    this.#synapses.forEach((synapse, i) => {
      if (synapse.waits.size === 0) current.add(i)
    })
    while (current.smallest !== undefined) {
      for (let index = current.take(); index !== undefined; index = current.take()) {
        const synapse = this.#synapses[index]
        if (synapse === undefined || synapse.executed) continue
        synapse.skipped = !this.#mayFire(synapse)
        if (synapse.skipped) continue
        synapse.executed = true
        const end = this.#execute(synapse)
        if (end !== 'done') this.#abortPriority = infinity
        // Nothing is told to those that wait for what was never begun; a failure, to those of the highest priority.
        if (end === 'refused') {
          synapse.refused = true
          this.#remarks.push(...refusalLines(synapse.action, index))
          continue
        }
        for (const follower of this.#followers.get(attr(synapse.action, 'id') ?? '') ?? []) {
          const waiting = this.#synapses[follower]
          if (waiting === undefined || (end === 'failed' && waiting.priority < infinity)) continue
          waiting.waits.delete(attr(synapse.action, 'id') ?? '')
          if (waiting.waits.size > 0) continue
          if (follower > index) current.add(follower)
          else next.add(follower)
        }
      }
      ;[current, next] = [next, current]
    }
  }

  #ended(): Simulation {
    const open = this.#synapses.filter((synapse) => !synapse.executed)
    const complete = this.#abortPriority > 0 || open.length === 0
    const end = !complete ? 'Terminated' : open.length === 0 ? 'Complete' : 'Stopped'
    const left = new Map(open.map(({ action, waits }) => [attr(action, 'id') ?? '', [...waits]]))
    return {
      lines: this.#lines,
      errors: this.#remarks.filter((line) => typeof line === 'string'),
      remarks: this.#remarks,
      complete,
      left,
      end: endText(this.#synapses, end),
      stuckLines: () => stuckLines(this.#graph, this.#synapses),
    }
  }

  #mayFire(synapse: Synapse): boolean {
    return synapse.action.name === 'pseudo_event' || synapse.priority >= this.#abortPriority
  }

  #execute({ action }: Synapse): End {
    const operation = attr(action, 'operation') ?? ''
    const node = attr(action, 'on_node')
    if (action.name === 'pseudo_event') {
      const where = node === undefined ? '' : ` on ${node}`
      const key = attr(action, 'operation_key') ?? ''
      this.#say(`Pseudo action:   ${key}${where}`, element('pseudo_action', { task: key, node }))
      return 'done'
    }
    if (action.name === 'rsc_op')
      return operation === task.probeAgain ? 'done' : this.#resourceOperation(action, operation)
    if (operation === task.fence) this.#fence(action)
    else {
      const resource = action.children.find((item) => item.name !== 'attributes' && attr(item, 'id') !== undefined)
      const what = resource === undefined ? '' : ` for ${attr(resource, 'id') ?? ''}`
      const id = resource === undefined ? undefined : attr(resource, 'id')
      const data = element('cluster_action', { task: operation, node: node ?? '', id })
      this.#say(`Cluster action:  ${operation}${what} on ${node ?? ''}`, data)
    }
    return 'done'
  }

  #say(text: string, data: XmlElement): void {
    this.#lines.push({ text, data })
  }

  #fence(action: XmlElement): void {
    const target = attr(action, 'on_node') ?? ''
    const kind = metaOf(action, 'stonith_action') ?? ''
    this.#say(`Fencing ${target} (${kind})`, element('fencing_action', { target, op: kind }))
    if (kind === 'on') return
    const id = attr(action, 'on_node_uuid') ?? target
    const off = { in_ccm: 'false', crmd: 'offline', join: 'down', expected: 'down' }
    this.#status.setNode(target, id, off, 'simulate_fencing_action')
    this.#status.clearNode(target)
  }

  #resourceOperation(action: XmlElement, operation: string): End {
    const resource = action.children.find((item) => item.name !== 'attributes')
    const node = attr(action, 'on_node') ?? ''
    if (resource === undefined) return 'done'
    const isRecorded = operation !== task.delete && operation !== 'meta-data'
    const intervalMs = isRecorded ? Number(metaOf(action, 'interval') ?? '0') : 0
    const id = attr(resource, 'id') ?? ''
    const longId = attr(resource, 'long-id')
    const name = findResource(this.#cluster, id) === undefined && longId !== undefined ? longId : id
    const nodeId = attr(action, 'router_node') === undefined ? (attr(action, 'on_node_uuid') ?? node) : node
    const agent = { class: attr(resource, 'class'), provider: attr(resource, 'provider'), type: attr(resource, 'type') }
    if (isRecorded && !this.#status.knows(node, nodeId, [name, id])) {
      // A history is not begun for what has no agent (an empty group, say), or none that an executor could run.
      if (agent.class === undefined || agent.type === undefined) return 'refused'
      const fault = agentFault(name, agent.class, agent.provider)
      if (fault !== undefined) {
        this.#remarks.push(fault)
        return 'refused'
      }
    }
    const what = intervalMs > 0 ? `${operation}=${intervalMs}` : operation
    const interval = intervalMs > 0 ? String(intervalMs) : undefined
    const data = element('rsc_action', { resource: name, op: operation, node, interval })
    this.#say(`Resource action: ${padEndBytes(name, 15)} ${what} on ${node}`, data)
    if (!isRecorded) return 'done'
    const failure = this.#failureOf([name, id], `${operation}_${intervalMs}`, node)
    const targetRc = Number(metaOf(action, 'op_target_rc') ?? '0')
    this.#status.changeHistory(node, nodeId, [name, id], agent, (operations) =>
      recordOperation(operations, {
        resourceId: id,
        task: operation,
        intervalMs,
        rc: failure?.rc ?? targetRc,
        targetRc,
        callId: nextCallId(operations),
        nowSeconds: this.#nowSeconds,
        failed: failure !== undefined && failure.rc !== targetRc,
        isInjected: false,
        notifyType: metaOf(action, 'notify_type'),
        notifyOperation: metaOf(action, 'notify_operation'),
        migrateSource: operation.startsWith('migrate_') ? metaOf(action, 'migrate_source') : undefined,
        migrateTarget: operation.startsWith('migrate_') ? metaOf(action, 'migrate_target') : undefined,
        parameters: parametersIn(action),
      }),
    )
    if (failure === undefined) return 'done'
    this.#fail(action, { ...failure, task: operation, intervalMs }, node, nodeId)
    return 'failed'
  }

  /** How an operation is to fail, and under which of its names that was asked for. Letters count as small ones. */
  #failureOf(
    names: readonly string[],
    operation: string,
    node: string,
  ): { readonly resourceId: string; readonly rc: number } | undefined {
    for (const spec of this.#failures) {
      const text = spec.toLowerCase()
      const resourceId = names.find((name) => text.startsWith(`${name}_${operation}@${node}=`.toLowerCase()))
      if (resourceId === undefined) continue
      const rc = leadingInteger(spec.slice(spec.indexOf('=') + 1))
      if (rc !== undefined) return { resourceId, rc }
      this.#remarks.push(`Invalid failed operation '${spec}' (result code must be integer)`)
    }
    return undefined
  }

  #fail(action: XmlElement, failure: Failure, node: string, nodeId: string): void {
    this.#lines.push({
      text: `Pretending action ${attr(action, 'id') ?? ''} failed with rc=${failure.rc}`,
      column0: true,
    })
    this.#lines.push(...injectFailCount(this.#status, failure, node, nodeId, this.#nowSeconds))
  }
}

/** A failure as it is counted. */
export type Failure = Pick<OperationSpec, 'resourceId' | 'task' | 'intervalMs' | 'rc'>

/** Counts a failure on a node; to find nothing running once is none. */
export function injectFailCount(
  status: SimulatedStatus,
  spec: Failure,
  node: string,
  nodeId: string,
  nowSeconds: number,
): StatusItem[] {
  if (spec.rc === 0 || (spec.rc === 7 && spec.intervalMs === 0)) return []
  const operation = `${spec.resourceId}#${spec.task}_${spec.intervalMs}`
  const [count, last] = [`fail-count-${operation}`, `last-failure-${operation}`]
  status.setTransient(node, nodeId, count, (before) => String((Number.parseInt(before ?? '0', 10) || 0) + 1))
  status.setTransient(node, nodeId, last, () => String(nowSeconds))
  const item = (name: string, value: string): StatusItem => ({
    text: `Injecting attribute ${name}=${value} into /node_state '${nodeId}'`,
    data: element('inject_attr', { name, value, node_path: '/node_state', cib_node: nodeId }),
  })
  return [item(count, 'value++'), item(last, String(nowSeconds))]
}

/** Classes of agents whose operations are simulated; of others, only what is done to a history that is there. */
const simulatedClasses = new Set(['ocf', 'stonith', 'service', 'upstart', 'systemd', 'lsb'])

/** Why no history of a resource is begun; undefined where it can be. */
function agentFault(id: string, agentClass: string, provider: string | undefined): string | undefined {
  const known = agentClass.toLowerCase()
  if (known === 'ocf' && provider === undefined) return `Please specify the provider for resource ${id}`
  return simulatedClasses.has(known) ? undefined : `Invalid class for ${id}: ${agentClass}`
}

function metaOf(action: XmlElement, name: string): string | undefined {
  const attributes = child(action, 'attributes')
  return attributes === undefined ? undefined : attr(attributes, `CRM_meta_${name}`)
}

/** What an action's agent is told. A name that no attribute can have, as it begins with a digit, has an element of its own. */
function parametersIn(action: XmlElement): ReadonlyMap<string, string> {
  const attributes = child(action, 'attributes')
  if (attributes === undefined) return new Map()
  const found = new Map(attributePairs(attributes))
  for (const item of childrenNamed(attributes, 'param')) found.set(attr(item, 'name') ?? '', attr(item, 'value') ?? '')
  return found
}
