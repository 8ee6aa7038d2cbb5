/** Values by name, as sets of a CIB have them. */
export type Values = Readonly<Record<string, string | number>>

/** Which agent, with its attributes as they stand in primitives and histories. */
export type Agent = { readonly place: string; readonly type: string }

/** Agents of the situations. */
export const agents = {
  dummy: { place: 'class="ocf" provider="pacemaker"', type: 'Dummy' },
  stateful: { place: 'class="ocf" provider="pacemaker"', type: 'Stateful' },
  remote: { place: 'class="ocf" provider="pacemaker"', type: 'remote' },
  fencing: { place: 'class="stonith"', type: 'fence_ipmilan' },
} as const satisfies Record<string, Agent>

function pairs(prefix: string, values: Values): string {
  return Object.entries(values)
    .map(([name, value]) => `<nvpair id="${prefix}-${name.replace(/\W/g, '_')}" name="${name}" value="${value}"/>`)
    .join('')
}

function meta(id: string, values: Values): string {
  return `<meta_attributes id="${id}-meta">${pairs(`${id}-meta`, values)}</meta_attributes>`
}

/** What a primitive has; a monitor every ten seconds unless `operations` says otherwise. */
export type PrimitiveText = {
  readonly agent?: Agent
  readonly meta?: Values
  readonly parameters?: Values
  readonly utilization?: Values
  readonly operations?: string
}

export function primitive(id: string, text: PrimitiveText = {}): string {
  const { agent = agents.dummy, parameters = {}, utilization = {} } = text
  const operations = text.operations ?? `<op id="${id}-monitor" name="monitor" interval="10s"/>`
  return (
    `<primitive id="${id}" ${agent.place} type="${agent.type}">${meta(id, text.meta ?? {})}` +
    `<instance_attributes id="${id}-parameters">${pairs(`${id}-parameters`, parameters)}</instance_attributes>` +
    `<utilization id="${id}-utilization">${pairs(`${id}-utilization`, utilization)}</utilization>` +
    `<operations>${operations}</operations></primitive>`
  )
}

/** A primitive that can be promoted, with a monitor for each role. */
export function stateful(id: string, text: PrimitiveText = {}): string {
  const operations =
    `<op id="${id}-promoted" name="monitor" interval="10s" role="Promoted"/>` +
    `<op id="${id}-unpromoted" name="monitor" interval="11s" role="Unpromoted"/>`
  return primitive(id, { agent: agents.stateful, operations, ...text })
}

export function clone(id: string, inside: string, values: Values = {}): string {
  return `<clone id="${id}">${meta(id, values)}${inside}</clone>`
}

export function promotable(id: string, inside: string, values: Values = {}): string {
  return clone(id, inside, { promotable: 'true', ...values })
}

export function group(id: string, inside: string, values: Values = {}): string {
  return `<group id="${id}">${meta(id, values)}${inside}</group>`
}

export function bundle(id: string, inside: string, container: string): string {
  return (
    `<bundle id="${id}"><docker image="image" ${container}/>` +
    `<network ip-range-start="192.0.2.131" control-port="9999"><port-mapping id="${id}-port" port="80"/></network>` +
    `<storage><storage-mapping id="${id}-storage" source-dir="/x" target-dir="/y" options="rw"/></storage>${inside}</bundle>`
  )
}

export function location(resource: string, node: string, score: string | number, more = ''): string {
  return `<rsc_location id="at-${resource}-${node}" rsc="${resource}" node="${node}" score="${score}" ${more}/>`
}

export function colocation(first: string, second: string, score: string | number, more = ''): string {
  return `<rsc_colocation id="with-${first}-${second}" rsc="${first}" with-rsc="${second}" score="${score}" ${more}/>`
}

export function order(first: string, then: string, more = ''): string {
  return `<rsc_order id="order-${first}-${then}" first="${first}" then="${then}" ${more}/>`
}

export function set(id: string, resources: string, more = ''): string {
  const references = resources.split(' ').map((resource) => `<resource_ref id="${resource}"/>`)
  return `<resource_set id="${id}" ${more}>${references.join('')}</resource_set>`
}

export function node(id: number, values: Values = {}, utilization: Values = {}): string {
  return (
    `<node id="${id}" uname="node${id}"><instance_attributes id="node${id}">${pairs(`node${id}`, values)}</instance_attributes>` +
    `<utilization id="node${id}-utilization">${pairs(`node${id}-utilization`, utilization)}</utilization></node>`
  )
}

/** An entry of a history: a success unless `rc` and `status` say otherwise. */
export type EntryText = {
  readonly intervalMs?: number
  readonly rc?: number
  readonly status?: number
  readonly agent?: Agent
  readonly digest?: string
  readonly epochS?: number
  readonly more?: string
}

/** Digest of no parameters at all. */
const noParameters = 'f2317cad3d54cec5d7d7aa7d0bf35cf8'
const transition = '11111111-1111-1111-1111-111111111111'
/** Call ids ascend in the order in which entries are written. */
let calls = 0

export function entry(resource: string, task: string, text: EntryText = {}): string {
  const { intervalMs = 0, rc = 0, status = 0, digest = noParameters, epochS = 1_795_000_000, more = '' } = text
  calls += 1
  const isProbe = task === 'monitor' && intervalMs === 0
  const key = `${calls}:1:${isProbe ? 7 : 0}:${transition}`
  const hasFailed = rc !== 0 && !(task === 'monitor' && rc === 7)
  const last = hasFailed ? `${resource}_last_failure_0` : `${resource}_last_0`
  const id = task === 'monitor' && intervalMs > 0 ? `${resource}_monitor_${intervalMs}` : last
  return (
    `<lrm_rsc_op id="${id}" operation_key="${resource}_${task}_${intervalMs}" operation="${task}" interval="${intervalMs}" ` +
    `crm_feature_set="3.16.1" transition-key="${key}" transition-magic="${status}:${rc};${key}" call-id="${calls}" ` +
    `rc-code="${rc}" op-status="${status}" last-rc-change="${epochS}" exec-time="10" queue-time="0" op-digest="${digest}" ${more}/>`
  )
}

export function history(resource: string, entries: string, agent: Agent = agents.dummy, more = ''): string {
  return `<lrm_resource id="${resource}" type="${agent.type}" ${agent.place} ${more}>${entries}</lrm_resource>`
}

/** The history of a resource that runs. */
export function running(resource: string, agent: Agent = agents.dummy): string {
  const entries = entry(resource, 'start') + entry(resource, 'monitor', { intervalMs: 10_000 })
  return history(resource, entries, agent)
}

/** How a node is seen. */
export const views = {
  member: 'in_ccm="true" crmd="online" join="member" expected="member"',
  lost: 'in_ccm="false" crmd="offline" join="member" expected="member"',
  down: 'in_ccm="false" crmd="offline" join="down" expected="down"',
} as const

export function state(
  id: number,
  histories = '',
  { values = {}, view = views.member }: { readonly values?: Values; readonly view?: string } = {},
): string {
  return (
    `<node_state id="${id}" uname="node${id}" ${view}>` +
    `<transient_attributes id="${id}"><instance_attributes id="status-${id}">${pairs(`status-${id}`, values)}</instance_attributes>` +
    `</transient_attributes><lrm id="${id}"><lrm_resources>${histories}</lrm_resources></lrm></node_state>`
  )
}

/** A cluster: three members without a history unless it says otherwise. */
export type ClusterText = {
  readonly options?: Values
  readonly nodes?: string
  readonly resources: string
  readonly constraints?: string
  readonly status?: string
  /** Sections of the configuration behind the constraints. */
  readonly more?: string
  readonly hasQuorum?: boolean
}

export const fenced: Values = { 'stonith-enabled': 'true' }

/** The CIB as text. */
export function cibText({ options = {}, resources, constraints = '', more = '', ...rest }: ClusterText): string {
  const { nodes = node(1) + node(2) + node(3), status = state(1) + state(2) + state(3), hasQuorum = true } = rest
  const set = pairs('option', { 'stonith-enabled': 'false', 'no-quorum-policy': 'ignore', ...options })
  return (
    `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" admin_epoch="0" epoch="10" num_updates="1" ` +
    `have-quorum="${hasQuorum ? 1 : 0}" dc-uuid="1"><configuration><crm_config>` +
    `<cluster_property_set id="cib-bootstrap-options">${set}</cluster_property_set></crm_config><nodes>${nodes}</nodes>` +
    `<resources>${resources}</resources><constraints>${constraints}</constraints>${more}</configuration>` +
    `<status>${status}</status></cib>`
  )
}
