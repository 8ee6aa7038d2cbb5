import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import { findResource } from '../model/tree.ts'
import type { StatusItem } from '../report/status-item.ts'
import type { ClusterStatus } from '../status.ts'
import { findNode } from '../unpack/nodes.ts'
import { AmbiguousState, SimulatedStatus, withNodes } from './cib-status.ts'
import { CibVersion } from './cib-version.ts'
import { nextCallId, recordOperation } from './history-write.ts'
import { parseOperationSpec } from './operation-spec.ts'
import { injectFailCount } from './runner.ts'

/** Events that are pretended before anything is decided. */
export type Injections = {
  readonly quorum?: string | undefined
  readonly watchdog?: string | undefined
  readonly nodesUp?: readonly string[]
  readonly nodesDown?: readonly string[]
  readonly nodesFail?: readonly string[]
  readonly ticketsGrant?: readonly string[]
  readonly ticketsRevoke?: readonly string[]
  readonly ticketsStandby?: readonly string[]
  readonly ticketsActivate?: readonly string[]
  readonly operations?: readonly string[]
}

export type Injected = {
  readonly cib: XmlElement
  readonly lines: readonly StatusItem[]
  readonly errors: readonly string[]
  /** Why the events end before the last of them: one concerns a node whose name several states have. */
  readonly ambiguity?: AmbiguousState
}

/** True where something is asked for besides the quorum, which alone changes nothing. */
export function hasInjections(of: Injections): boolean {
  return [
    of.nodesUp,
    of.nodesDown,
    of.nodesFail,
    of.ticketsGrant,
    of.ticketsRevoke,
    of.ticketsStandby,
    of.ticketsActivate,
    of.operations,
    of.watchdog === undefined ? [] : [of.watchdog],
  ].some((list) => (list?.length ?? 0) > 0)
}

/** Whether every node that changes is entered into the configuration: the C program does so once a node is brought up. */
export function entersNodes(what: Injections): boolean {
  return (what.nodesUp?.length ?? 0) > 0
}

const up = { in_ccm: 'true', crmd: 'online', join: 'member', expected: 'member' }
const down = { in_ccm: 'false', crmd: 'offline', join: 'down', expected: 'down' }

/** Changes a CIB as the pretended events would have. */
export function inject(cib: XmlElement, cluster: ClusterStatus, what: Injections, nowSeconds: number): Injected {
  const lines: StatusItem[] = []
  const errors: string[] = []
  let root = cib
  const say = (text: string): void => void lines.push({ text })
  if (what.quorum !== undefined) {
    say(`Setting quorum: ${what.quorum}`)
    if (attr(root, 'have-quorum') !== what.quorum) {
      const version = new CibVersion(root)
      version.statusChanged()
      root = withAttributes(root, { 'have-quorum': what.quorum, ...version.changes() })
    }
  }
  if (what.watchdog !== undefined) {
    say(`Setting watchdog: ${what.watchdog}`)
    root = withOption(root, 'have-watchdog', what.watchdog)
  }
  const named = entersNodes(what) ? [] : [...(what.nodesDown ?? []), ...(what.nodesFail ?? [])]
  // The C program leaves those out that have a state, and ends at those that have none.
  const stated = new Set(child(root, 'status')?.children.map((state) => attr(state, 'uname')))
  const unknown = named.filter((name) => findNode(cluster, name) === undefined && !stated.has(name))
  root = withNodes(root, new Map(unknown.map((name) => [name, name])))
  const status = new SimulatedStatus(root, { entersNodes: entersNodes(what), refusesNamesakes: true })
  try {
    pretend(cluster, status, what, nowSeconds, lines, errors)
  } catch (fault) {
    if (!(fault instanceof AmbiguousState)) throw fault
    return { cib: status.cib(), lines, errors, ambiguity: fault }
  }
  return { cib: status.cib(), lines, errors }
}

/** Makes the events happen that concern nodes, tickets and operations. @throws AmbiguousState */
function pretend(
  cluster: ClusterStatus,
  status: SimulatedStatus,
  what: Injections,
  nowSeconds: number,
  lines: StatusItem[],
  errors: string[],
): void {
  const say = (text: string, data: XmlElement): void => void lines.push({ text, data })
  const sayNode = (action: string, name: string, text: string): void => {
    say(text, element('modify_node', { action, node: name }))
  }
  const idOfNode = (name: string): string => findNode(cluster, name)?.id ?? name
  for (const name of what.nodesUp ?? []) {
    sayNode('Online', name, `Bringing node ${name} online`)
    status.setNode(name, idOfNode(name), up)
  }
  for (const name of what.nodesDown ?? []) {
    sayNode('Offline', name, `Taking node ${name} offline`)
    status.setNode(name, idOfNode(name), down)
    status.clearNode(name)
  }
  for (const name of what.nodesFail ?? []) {
    sayNode('Failing', name, `Failing node ${name}`)
    status.setNode(name, idOfNode(name), { ...up, in_ccm: 'false' })
  }
  injectTickets(status, what, say, errors)
  for (const text of what.operations ?? []) injectOperation(cluster, status, text, nowSeconds, lines, errors)
}

const ticketChanges = [
  ['ticketsGrant', 'Granting', (id: string) => `Granting ticket ${id}`, { granted: 'true' }],
  ['ticketsRevoke', 'Revoking', (id: string) => `Revoking ticket ${id}`, { granted: 'false' }],
  ['ticketsStandby', 'Standby', (id: string) => `Making ticket ${id} standby`, { standby: 'true' }],
  ['ticketsActivate', 'Activating', (id: string) => `Activating ticket ${id}`, { standby: 'false' }],
] as const

function injectTickets(
  status: SimulatedStatus,
  what: Injections,
  say: (text: string, data: XmlElement) => void,
  errors: string[],
): void {
  for (const [name, action, text, change] of ticketChanges) {
    for (const id of what[name] ?? []) {
      say(text(id), element('modify_ticket', { action, ticket: id }))
      if (status.isFilledTicket(id)) errors.push(`Multiple ticket_states match ticket_id=${id}`)
      status.setTicket(id, change)
    }
  }
}

function injectOperation(
  cluster: ClusterStatus,
  status: SimulatedStatus,
  text: string,
  nowSeconds: number,
  lines: StatusItem[],
  errors: string[],
): void {
  lines.push({ text: `Injecting ${text} into the configuration`, data: element('inject_spec', { spec: text }) })
  const spec = parseOperationSpec(text)
  if (spec === 'no resource') {
    errors.push('Invalid resource name: (null)')
    return
  }
  if ('fields' in spec) {
    errors.push(`Invalid operation spec: ${text}.  Only found ${spec.fields} fields`)
    return
  }
  const resource = findResource(cluster, spec.resourceId)
  if (resource === undefined) {
    errors.push(`Invalid resource name: ${spec.resourceId}`)
    return
  }
  const node = findNode(cluster, spec.node)
  const nodeId = node?.id ?? spec.node
  lines.push(...injectFailCount(status, spec, spec.node, nodeId, nowSeconds))
  const { xml } = resource
  const agent = { class: attr(xml, 'class'), provider: attr(xml, 'provider'), type: attr(xml, 'type') }
  status.changeHistory(spec.node, nodeId, [spec.resourceId], agent, (operations) =>
    recordOperation(operations, {
      resourceId: spec.resourceId,
      task: spec.task,
      intervalMs: spec.intervalMs,
      rc: spec.rc,
      targetRc: 0,
      callId: nextCallId(operations),
      nowSeconds,
      failed: spec.rc !== 0,
      isInjected: true,
      parameters: new Map(),
    }),
  )
}

function withConfiguration(cib: XmlElement, section: string, change: (of: XmlElement) => XmlElement): XmlElement {
  const configuration = child(cib, 'configuration') ?? element('configuration')
  const before = child(configuration, section) ?? element(section)
  const after = change(before)
  if (after === before) return cib
  const put = (of: XmlElement, old: XmlElement, made: XmlElement): XmlElement =>
    withChildren(
      of,
      of.children.includes(old) ? of.children.map((item) => (item === old ? made : item)) : [...of.children, made],
    )
  return put(cib, configuration, put(configuration, before, after))
}

/** A CIB with an option of the cluster: changed where any set has it, else put into the set of the tools. */
function withOption(cib: XmlElement, name: string, value: string): XmlElement {
  const version = new CibVersion(cib)
  version.configurationChanged()
  const changed = withConfiguration(cib, 'crm_config', (config) => {
    const setId = 'cib-bootstrap-options'
    const isPair = (item: XmlElement): boolean => item.name === 'nvpair' && attr(item, 'name') === name
    const known = config.children.find((set) => set.children.some(isPair))
    const set =
      known ?? config.children.find((item) => idOf(item) === setId) ?? element('cluster_property_set', { id: setId })
    const made = withChildren(
      set,
      known === undefined
        ? [...set.children, element('nvpair', { id: `${setId}-${name}`, name, value })]
        : set.children.map((item) => (isPair(item) ? withAttributes(item, { value }) : item)),
    )
    if (known?.children.every((item) => !isPair(item) || attr(item, 'value') === value)) return config
    const { children } = config
    return withChildren(
      config,
      children.includes(set) ? children.map((item) => (item === set ? made : item)) : [...children, made],
    )
  })
  return changed === cib ? cib : withAttributes(changed, version.changes())
}
