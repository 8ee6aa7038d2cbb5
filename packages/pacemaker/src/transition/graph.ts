import { failed, ok, type Result } from '@quorate/base'
import { attr, child, childrenNamed, type XmlElement } from '@quorate/xml'

/** One thing that a graph wants done. */
export type GraphAction = {
  readonly id: number
  /** `rsc`: an agent's operation; `crm`: fencing, shutdown and the like; `pseudo`: a milestone without work. */
  readonly kind: 'rsc' | 'crm' | 'pseudo'
  /** Task, e.g. `start`, `stonith`, `do_shutdown`. */
  readonly task: string
  /** `operation_key`, e.g. `web_start_0`; of anonymous clones without the instance number. */
  readonly key: string
  /** Node that it happens on. */
  readonly node: string | undefined
  readonly nodeUuid: string | undefined
  /** Node whose controller carries it out, where that is another one. */
  readonly router: string | undefined
  readonly intervalMs: number
  /** The operation's own timeout, start delay and fencing delay; 0 when it has none. */
  readonly timeoutMs: number
  /** The action's element as the scheduler wrote it. */
  readonly xml: XmlElement
  /** Configured resource id; undefined for cluster actions. */
  readonly resource: string | undefined
  /** Its failure does not stop what comes after it (`on-fail=ignore`). */
  readonly ignoresFailure: boolean
  /** Done as soon as it was sent. */
  readonly isUnattended: boolean
  /** Uuids of nodes that go down because of it. */
  readonly downed: readonly string[]
}

/** Actions that start together once all inputs are done. */
export type Synapse = {
  readonly id: number
  readonly priority: number
  readonly actions: readonly GraphAction[]
  /** Ids of the actions that must be done before. */
  readonly inputs: readonly number[]
}

/** A transition graph, unpacked. */
export type Graph = {
  readonly id: number
  readonly synapses: readonly Synapse[]
  /** Time that a node may take beyond an operation's own timeout before its answer counts as lost. */
  readonly clusterDelayMs: number
  readonly stonithTimeoutMs: number
  /** Most actions in flight; 0: no limit. */
  readonly batchLimit: number
  /** Most migrations at a time on one node; 0 or less: no limit. */
  readonly migrationLimit: number
  /** A failed start counts as this many failures (`INFINITY` or a number). */
  readonly failedStartOffset: string
  readonly failedStopOffset: string
  /** Wall clock second at which the cluster has to be looked at again. */
  readonly recheckByS: number | undefined
}

/** Largest graph that is accepted: a hundred operations for each of ten thousand resources. */
export const synapsesMax = 1_000_000
/** Score that stands for "whatever it takes". */
export const infinity = 1_000_000
const clusterDelayDefaultMs = 60_000
const durationText = /^\s*(\d{1,12})\s*(ms|msec|us|usec|s|sec|m|min|h|hr)?\s*$/i
const unitMs: Readonly<Record<string, number>> = { ms: 1, us: 0.001, s: 1000, m: 60_000, h: 3_600_000 }

/** Reads a time option such as `60s`, `2min` or `20` (seconds). Undefined when it is none. */
export function parseDurationMs(text: string | undefined): number | undefined {
  const found = text === undefined ? null : durationText.exec(text)
  if (found === null) return undefined
  const unit = (found[2] ?? 's').toLowerCase()
  const short = unit.startsWith('ms') ? 'ms' : unit.startsWith('us') ? 'us' : unit.slice(0, 1)
  return Math.trunc(Number(found[1]) * (unitMs[short] as number))
}

/**
 * Unpacks what the scheduler computed.
 *
 * @returns the graph, or a sentence naming the element that is wrong
 */
export function unpackGraph(xml: XmlElement): Result<Graph, string> {
  if (xml.name !== 'transition_graph') return failed(`expected <transition_graph>, got <${xml.name}>`)
  if (xml.children.length > synapsesMax) return failed(`graph of ${xml.children.length} synapses, limit ${synapsesMax}`)
  const synapses: Synapse[] = []
  for (const item of childrenNamed(xml, 'synapse')) {
    const synapse = unpackSynapse(item)
    if (!synapse.ok) return synapse
    synapses.push(synapse.value)
  }
  return ok({
    id: wholeNumber(attr(xml, 'transition_id')) ?? -1,
    synapses,
    clusterDelayMs: parseDurationMs(attr(xml, 'cluster-delay')) ?? clusterDelayDefaultMs,
    stonithTimeoutMs: parseDurationMs(attr(xml, 'stonith-timeout')) ?? clusterDelayDefaultMs,
    batchLimit: wholeNumber(attr(xml, 'batch-limit')) ?? 0,
    migrationLimit: wholeNumber(attr(xml, 'migration-limit')) ?? 0,
    failedStartOffset: attr(xml, 'failed-start-offset') ?? 'INFINITY',
    failedStopOffset: attr(xml, 'failed-stop-offset') ?? 'INFINITY',
    recheckByS: wholeNumber(attr(xml, 'recheck-by')),
  })
}

function unpackSynapse(xml: XmlElement): Result<Synapse, string> {
  const id = wholeNumber(attr(xml, 'id'))
  if (id === undefined) return failed('a <synapse> without a number as id')
  const actions: GraphAction[] = []
  for (const item of child(xml, 'action_set')?.children ?? []) {
    const action = unpackAction(item)
    if (action === undefined) return failed(`synapse ${id}: <${item.name}> is no action with a number as id`)
    actions.push(action)
  }
  if (actions.length === 0) return failed(`synapse ${id} has no action`)
  const inputs: number[] = []
  for (const trigger of child(xml, 'inputs')?.children ?? []) {
    const input = wholeNumber(attr(trigger.children[0] ?? trigger, 'id'))
    if (input === undefined) return failed(`synapse ${id}: a <trigger> that names no action`)
    inputs.push(input)
  }
  return ok({ id, priority: wholeNumber(attr(xml, 'priority')) ?? 0, actions, inputs })
}

const kinds: Readonly<Record<string, GraphAction['kind']>> = {
  rsc_op: 'rsc',
  crm_event: 'crm',
  pseudo_event: 'pseudo',
}

function unpackAction(xml: XmlElement): GraphAction | undefined {
  const kind = Object.hasOwn(kinds, xml.name) ? kinds[xml.name] : undefined
  const id = wholeNumber(attr(xml, 'id'))
  if (kind === undefined || id === undefined) return undefined
  const attributes = child(xml, 'attributes')
  const meta = (name: string) => (attributes === undefined ? undefined : attr(attributes, `CRM_meta_${name}`))
  const number = (name: string) => Math.max(0, wholeNumber(meta(name)) ?? 0)
  const resource = xml.children.find((item) => item.name === 'primitive')
  return {
    id,
    kind,
    task: attr(xml, 'operation') ?? '',
    key: attr(xml, 'operation_key') ?? '',
    node: attr(xml, 'on_node'),
    nodeUuid: attr(xml, 'on_node_uuid'),
    router: attr(xml, 'router_node'),
    intervalMs: number('interval'),
    timeoutMs: number('timeout') + number('start_delay') + number('priority_fencing_delay') * 1000,
    xml,
    resource: resource === undefined ? undefined : attr(resource, 'id'),
    // The attributes of fencing carry those of the node too, whatever their names.
    ignoresFailure:
      attr(xml, 'operation') !== 'stonith' && (meta('on_fail') === 'ignore' || meta('can_fail') === 'true'),
    isUnattended: meta('op_no_wait') === 'true',
    downed: (child(xml, 'downed')?.children ?? []).map((node) => attr(node, 'id') ?? ''),
  }
}

/** A whole number within what the C programs hold in an int, or undefined. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (text === 'INFINITY' || text === '+INFINITY') return infinity
  if (text === '-INFINITY') return -infinity
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined
}
