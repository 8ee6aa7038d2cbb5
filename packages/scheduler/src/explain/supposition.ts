import { failed, ok, type Result } from '@quorate/base'
import { attr, child, descendants, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { parseRole, type Role, role } from '../model/role.ts'
import { forEachLeaf, isPromotable, isRemote, withoutInstance } from '../model/tree.ts'
import { scoreText } from '../score.ts'
import { type Injections, inject } from '../simulate/inject.ts'
import { type StatusOptions, unpackStatus } from '../status.ts'
import { containerKinds } from '../unpack/bundle.ts'
import { exitCode, historyEntry, isProbe, status } from '../unpack/history-entry.ts'
import { findNode } from '../unpack/nodes.ts'
import {
  atPath,
  type Change,
  type NamedValue,
  withBundlePart,
  withMeta,
  withOption,
  withoutConstraint,
  withValue,
} from './cib-edit.ts'
import { unknownNameText } from './nearest-name.ts'
import { nodeNames, resourceNames, resourcesNamed } from './resources-named.ts'

/** A location constraint, for running or for being promoted. */
export type Preference = {
  readonly resource: string
  readonly node: string
  readonly score: number
  readonly isForPromotion?: boolean
  /** With resource-discovery=exclusive. */
  readonly isExclusive?: boolean
}

/** What is supposed to happen, or to be changed. All of it at once. */
export type Supposition = {
  readonly nodesLost?: readonly string[]
  readonly nodesUp?: readonly string[]
  /** Nodes that come back after they were fenced or rebooted: nothing runs there, and nothing is remembered of them. */
  readonly nodesRebooted?: readonly string[]
  readonly nodesOnStandby?: readonly string[]
  readonly nodesOffStandby?: readonly string[]
  readonly failures?: readonly { readonly resource: string; readonly node: string }[]
  /** Resources of which only their history tells, configured again: with their agent, and nothing else. */
  readonly configured?: readonly string[]
  /** Resources that a person stopped on a node, and had looked for again there. */
  readonly stopped?: readonly { readonly resource: string; readonly node: string }[]
  /** Failures that are forgotten: of a resource everywhere, of all on a node, or of the one there. */
  readonly cleanups?: readonly { readonly resource: string | undefined; readonly node: string | undefined }[]
  readonly ticketsRevoked?: readonly string[]
  readonly ticketsGranted?: readonly string[]
  readonly ticketsStandby?: readonly string[]
  readonly ticketsActivated?: readonly string[]
  readonly quorumLost?: boolean
  readonly quorumGained?: boolean
  /** Location constraints that are added. */
  readonly preferences?: readonly Preference[]
  /** Ids of constraints that are taken away. */
  readonly withoutConstraints?: readonly string[]
  readonly clusterOptions?: readonly NamedValue[]
  readonly metaAttributes?: readonly (NamedValue & { readonly resource: string })[]
  readonly nodeAttributes?: readonly (NamedValue & { readonly node: string })[]
  /** Attributes of what a bundle runs its containers with: `replicas`, `replicas-per-host`, ... */
  readonly bundleOptions?: readonly (NamedValue & { readonly bundle: string })[]
  /** Attributes of a bundle's network: `ip-range-start`, `control-port`, ... */
  readonly bundleNetworks?: readonly (NamedValue & { readonly bundle: string })[]
  /** Capacities of nodes. */
  readonly utilization?: readonly (NamedValue & { readonly node: string })[]
}

/**
 * The CIB as it would be if something happened.
 *
 * @returns the first name that the cluster does not know, as a sentence
 */
export function supposedCib(cib: XmlElement, what: Supposition, options: StatusOptions): Result<XmlElement, string> {
  const cluster = unpackStatus(cib, options)
  if (what.configured !== undefined && what.configured.length > 0) {
    const { configured, ...rest } = what
    const known = configured.find((id) => !isConfigurable(cluster, cluster.resourceById.get(id)))
    if (known !== undefined) return failed(`there is no resource '${known}' that could be configured again`)
    return supposedCib(withConfigured(cib, cluster, configured), rest, options)
  }
  const unknown = unknownName(cluster, what)
  if (unknown !== undefined) return failed(unknown)
  let made = cib
  for (const { name, value } of what.clusterOptions ?? []) made = withOption(made, name, value)
  for (const id of what.withoutConstraints ?? []) made = withoutConstraint(made, id)
  ;(what.preferences ?? []).forEach((wish, i) => {
    made = withPreference(made, { ...wish, resource: configuredId(cluster, wish.resource) }, i)
  })
  for (const item of what.metaAttributes ?? []) {
    made = withMeta(made, configuredId(cluster, item.resource), item)
  }
  for (const item of what.bundleOptions ?? []) made = withBundlePart(made, item, containerKinds)
  for (const item of what.bundleNetworks ?? []) made = withBundlePart(made, item, ['network'])
  for (const item of nodeAttributesOf(what)) made = withNodeAttribute(made, cluster, item)
  for (const item of what.utilization ?? []) made = atNode(made, cluster, item.node, 'utilization', item)
  for (const name of what.nodesRebooted ?? []) {
    const node = findNode(cluster, name)
    made = atStates(made, node?.uname ?? name, (state) => withChildren(state, []))
    const carrier = node?.connection?.container ?? node?.connection
    if (carrier !== undefined && isRemoteName(cluster, name)) made = cleanedUp(made, carrier.id, undefined)
  }
  for (const name of [...(what.nodesUp ?? []), ...(what.nodesRebooted ?? []), ...(what.nodesLost ?? [])]) {
    made = withStateId(made, findNode(cluster, name))
  }
  for (const { resource, node } of what.stopped ?? []) made = withoutHistory(made, cluster, resource, node)
  for (const item of what.cleanups ?? []) made = cleanedUp(made, item.resource, item.node)
  const injected = inject(made, cluster, injectionsOf(cluster, what), options.nowSeconds)
  const [error] = injected.errors
  return error === undefined ? ok(injected.cib) : failed(error)
}

/** Both suppositions at once. */
export function bothOf(a: Supposition, b: Supposition): Supposition {
  const list = <T>(x: readonly T[] | undefined, y: readonly T[] | undefined, key: (of: T) => string): T[] => {
    const found = new Map<string, T>()
    for (const item of [...(x ?? []), ...(y ?? [])]) found.set(key(item), item)
    return [...found.values()]
  }
  const text = (of: string): string => of
  const named = (
    of: NamedValue & { readonly resource?: string; readonly node?: string; readonly bundle?: string },
  ): string => `${of.resource ?? of.bundle ?? ''} ${of.node ?? ''} ${of.name}`
  const place = (of: { readonly resource: string | undefined; readonly node: string | undefined }): string =>
    `${of.resource ?? ''}@${of.node ?? ''}`
  const made = {
    nodesLost: list(a.nodesLost, b.nodesLost, text),
    nodesUp: list(a.nodesUp, b.nodesUp, text),
    nodesRebooted: list(a.nodesRebooted, b.nodesRebooted, text),
    nodesOnStandby: list(a.nodesOnStandby, b.nodesOnStandby, text),
    nodesOffStandby: list(a.nodesOffStandby, b.nodesOffStandby, text),
    failures: list(a.failures, b.failures, place),
    configured: list(a.configured, b.configured, text),
    stopped: list(a.stopped, b.stopped, place),
    cleanups: list(a.cleanups, b.cleanups, place),
    ticketsRevoked: list(a.ticketsRevoked, b.ticketsRevoked, text),
    ticketsGranted: list(a.ticketsGranted, b.ticketsGranted, text),
    ticketsStandby: list(a.ticketsStandby, b.ticketsStandby, text),
    ticketsActivated: list(a.ticketsActivated, b.ticketsActivated, text),
    quorumLost: a.quorumLost === true || b.quorumLost === true,
    quorumGained: a.quorumGained === true || b.quorumGained === true,
    preferences: list(a.preferences, b.preferences, (of) => `${place(of)} ${preferenceOption(of)}`),
    withoutConstraints: list(a.withoutConstraints, b.withoutConstraints, text),
    clusterOptions: list(a.clusterOptions, b.clusterOptions, named),
    metaAttributes: list(a.metaAttributes, b.metaAttributes, named),
    nodeAttributes: list(a.nodeAttributes, b.nodeAttributes, named),
    bundleOptions: list(a.bundleOptions, b.bundleOptions, named),
    bundleNetworks: list(a.bundleNetworks, b.bundleNetworks, named),
    utilization: list(a.utilization, b.utilization, named),
  }
  return Object.fromEntries(
    Object.entries(made).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value)),
  )
}

/** A supposition as arguments of `quorate what-if`. */
export function suppositionArguments(of: Supposition): readonly string[] {
  const found: string[] = []
  const add = (option: string, values: readonly string[] | undefined): void => {
    for (const value of values ?? []) found.push(option, value)
  }
  const place = ({ resource, node }: { readonly resource: string | undefined; readonly node: string | undefined }) =>
    `${resource ?? ''}${node === undefined ? '' : `@${node}`}`
  const pair = ({ name, value }: NamedValue): string => `${name}=${value ?? ''}`
  add('--node-lost', of.nodesLost)
  add('--node-up', of.nodesUp)
  add('--reboot', of.nodesRebooted)
  add('--standby', of.nodesOnStandby)
  add('--unstandby', of.nodesOffStandby)
  add('--fail', of.failures?.map(place))
  add('--configured', of.configured)
  add('--stopped', of.stopped?.map(place))
  add('--cleanup', of.cleanups?.map(place))
  add('--ticket-revoke', of.ticketsRevoked)
  add('--ticket-grant', of.ticketsGranted)
  add('--ticket-standby', of.ticketsStandby)
  add('--ticket-activate', of.ticketsActivated)
  if (of.quorumLost === true) found.push('--quorum-lost')
  if (of.quorumGained === true) found.push('--quorum-gained')
  for (const wish of of.preferences ?? []) {
    found.push(preferenceOption(wish), `${place(wish)}=${scoreText(wish.score)}`)
  }
  add('--without', of.withoutConstraints)
  add('--option', of.clusterOptions?.map(pair))
  add(
    '--meta',
    of.metaAttributes?.map((item) => `${item.resource}:${pair(item)}`),
  )
  add(
    '--attribute',
    of.nodeAttributes?.map((item) => `${item.node}:${pair(item)}`),
  )
  add(
    '--bundle',
    of.bundleOptions?.map((item) => `${item.bundle}:${pair(item)}`),
  )
  add(
    '--bundle-network',
    of.bundleNetworks?.map((item) => `${item.bundle}:${pair(item)}`),
  )
  add(
    '--utilization',
    of.utilization?.map((item) => `${item.node}:${pair(item)}`),
  )
  return found
}

/**
 * True for what only a history knows, and its agent makes something of by itself: the connection into a container is
 * configured with the container, and what has the id of something else cannot be.
 */
export function isConfigurable({ cib }: Cluster, resource: Resource | undefined): boolean {
  if (resource?.orphan !== true || resource.parent !== undefined || resource.containerFiller) return false
  const name = withoutInstance(resource.id)
  const configuration = child(cib, 'configuration')
  const taken = configuration === undefined ? [] : [...descendants(configuration)].map(idOf)
  return !taken.includes(name) && !taken.includes(cloneId(name))
}

/** Id of a clone that is configured for what is numbered. */
function cloneId(name: string): string {
  return `${name}-clone`
}

/** A CIB with resources that only histories know, of clones where they are numbered. */
function withConfigured(cib: XmlElement, cluster: Cluster, ids: readonly string[]): XmlElement {
  const made = new Map<string, XmlElement>()
  for (const id of ids) {
    const name = withoutInstance(id)
    const xml = cluster.resourceById.get(id)?.xml
    if (xml === undefined || made.has(name)) continue
    const agent = { class: attr(xml, 'class'), provider: attr(xml, 'provider'), type: attr(xml, 'type') }
    const primitive = element('primitive', { id: name, ...agent })
    made.set(name, name === id ? primitive : element('clone', { id: cloneId(name) }, [primitive]))
  }
  return atPath(cib, ['configuration', 'resources'], (resources) =>
    withChildren(resources, [...resources.children, ...made.values()]),
  )
}

function preferenceOption({ isForPromotion = false, isExclusive = false }: Preference): string {
  if (isExclusive) return '--prefer-exclusive'
  return isForPromotion ? '--prefer-promoted' : '--prefer'
}

function injectionsOf(cluster: Cluster, what: Supposition): Injections {
  const lost = (what.nodesLost ?? []).flatMap((name) => findNode(cluster, name) ?? [])
  const quorum = what.quorumLost === true ? '0' : what.quorumGained === true ? '1' : undefined
  return {
    quorum,
    // A remote node is up once its connection is.
    nodesUp: [...(what.nodesUp ?? []), ...(what.nodesRebooted ?? [])].filter((name) => !isRemoteName(cluster, name)),
    nodesFail: lost.filter((node) => !isRemote(node)).map(({ uname }) => uname),
    ticketsGrant: what.ticketsGranted ?? [],
    ticketsStandby: what.ticketsStandby ?? [],
    ticketsActivate: what.ticketsActivated ?? [],
    ticketsRevoke: what.ticketsRevoked ?? [],
    operations: [
      ...(what.failures ?? []).map(({ resource, node }) => failedMonitor(leafOn(cluster, resource, node), node)),
      ...lost.flatMap((node) => lostRemote(node)),
    ],
  }
}

function isRemoteName(cluster: Cluster, name: string): boolean {
  const node = findNode(cluster, name)
  return node !== undefined && isRemote(node)
}

/** What running on a remote node ends with: its connection fails, and that of a guest with its container. */
function lostRemote(node: ClusterNode): readonly string[] {
  if (!isRemote(node)) return []
  const carrier = node.connection?.container ?? node.connection
  return (carrier?.runningOn ?? []).map((host) => failedMonitor(carrier, host.uname))
}

/** The primitive of that name that is on a node: of a collective the instance there. */
function leafOn(cluster: Cluster, id: string, node: string): Resource | undefined {
  const leaves: Resource[] = []
  for (const resource of resourcesNamed(cluster, id)) forEachLeaf(resource, (leaf) => leaves.push(leaf))
  return leaves.find((leaf) => leaf.runningOn.some(({ uname }) => uname === node)) ?? leaves[0]
}

/** A failure of the monitor that is configured for the role in which a resource runs; what on-fail says is that one's. */
function failedMonitor(leaf: Resource | undefined, node: string): string {
  const monitors = (leaf?.operations ?? []).filter(
    ({ name, intervalMs, enabled }) => name === 'monitor' && intervalMs > 0 && enabled,
  )
  const asked = (xml: XmlElement): Role => parseRole(attr(xml, 'role'))
  const own = monitors.find(({ xml }) => asked(xml) === roleOf(leaf))
  const any = monitors.find(({ xml }) => asked(xml) === role.unknown || asked(xml) === role.started)
  // Where none is configured for the role it is one of its own, and not that for another role.
  let unused = 10_000
  while (monitors.some(({ intervalMs }) => intervalMs === unused)) unused += 1000
  const id = leaf?.historyName ?? leaf?.id ?? ''
  return `${id}_monitor_${(own ?? any)?.intervalMs ?? unused}@${node}=1`
}

/** The role of a resource: what can be promoted and was not is unpromoted, whether or not it was looked at since. */
function roleOf(leaf: Resource | undefined): Role | undefined {
  return leaf !== undefined && leaf.role === role.started && isPromotable(leaf) ? role.unpromoted : leaf?.role
}

function nodeAttributesOf(what: Supposition): readonly (NamedValue & { readonly node: string })[] {
  return [
    ...(what.nodesOnStandby ?? []).map((node) => ({ node, name: 'standby', value: 'on' })),
    ...(what.nodesOffStandby ?? []).map((node) => ({ node, name: 'standby', value: undefined })),
    ...(what.nodeAttributes ?? []),
  ]
}

function unknownName(cluster: Cluster, what: Supposition): string | undefined {
  const nodes = [
    ...(what.nodesLost ?? []),
    ...(what.nodesUp ?? []),
    ...(what.nodesRebooted ?? []),
    ...nodeAttributesOf(what).map(({ node }) => node),
    ...(what.utilization ?? []).map(({ node }) => node),
    ...(what.failures ?? []).map(({ node }) => node),
    ...(what.stopped ?? []).map(({ node }) => node),
    ...(what.cleanups ?? []).flatMap(({ node }) => node ?? []),
    ...(what.preferences ?? []).map(({ node }) => node),
  ]
  const node = nodes.find((name) => findNode(cluster, name) === undefined)
  if (node !== undefined) return unknownNameText('node', node, nodeNames(cluster))
  const tickets = [what.ticketsGranted, what.ticketsRevoked, what.ticketsStandby, what.ticketsActivated].flatMap(
    (ids) => ids ?? [],
  )
  const ticket = tickets.find((id) => !cluster.tickets.has(id) && !mentionsTicket(cluster.cib, id))
  if (ticket !== undefined) return unknownNameText('ticket', ticket, cluster.tickets.keys())
  const resources = [
    ...(what.failures ?? []).map(({ resource }) => resource),
    ...(what.stopped ?? []).map(({ resource }) => resource),
    ...(what.cleanups ?? []).flatMap(({ resource }) => resource ?? []),
    ...(what.preferences ?? []).map(({ resource }) => resource),
    ...(what.metaAttributes ?? []).map(({ resource }) => resource),
  ]
  const resource = resources.find((id) => resourcesNamed(cluster, id).length === 0 && !isConfigured(cluster.cib, id))
  if (resource !== undefined) return unknownNameText('resource', resource, resourceNames(cluster))
  const idle = (what.failures ?? []).find((item) => !runsOn(cluster, item.resource, item.node))
  if (idle !== undefined) return notRunningText(cluster, idle.resource, idle.node)
  const bundles = [...(what.bundleOptions ?? []), ...(what.bundleNetworks ?? [])]
  const bundle = bundles.find((item) => !isBundle(cluster, item.bundle))?.bundle
  if (bundle !== undefined) {
    const names = cluster.resources.flatMap((item) => (item.bundle === undefined ? [] : [item.xmlId]))
    return unknownNameText('bundle', bundle, names)
  }
  const known = new Set(constraintsOf(cluster.cib).map(idOf))
  const constraint = (what.withoutConstraints ?? []).find((id) => !known.has(id))
  return constraint === undefined ? undefined : unknownNameText('constraint', constraint, known)
}

function runsOn(cluster: Cluster, id: string, node: string): boolean {
  const at = findNode(cluster, node)
  return leafOn(cluster, id, node)?.runningOn.some((item) => item === at) === true
}

function notRunningText(cluster: Cluster, id: string, node: string): string {
  const nodes = new Set<string>()
  for (const resource of resourcesNamed(cluster, id)) {
    forEachLeaf(resource, (leaf) => {
      for (const { uname } of leaf.runningOn) nodes.add(uname)
    })
  }
  const where = nodes.size === 0 ? 'it runs nowhere' : `it runs on ${[...nodes].join(', ')}`
  return `${id} does not run on ${node}, so that no monitor of it can fail there: ${where}`
}

function isBundle(cluster: Cluster, id: string): boolean {
  return cluster.resourceById.get(id)?.variant === variant.bundle
}

/** True where a configured resource has that id: members of collectives may be known by others only. */
function isConfigured(cib: XmlElement, id: string): boolean {
  const configuration = child(cib, 'configuration')
  const resources = configuration === undefined ? undefined : child(configuration, 'resources')
  if (resources === undefined) return false
  for (const item of descendants(resources)) if (configurable.has(item.name) && idOf(item) === id) return true
  return false
}

const configurable: ReadonlySet<string> = new Set(['primitive', 'group', 'clone', 'master', 'bundle'])

function constraintsOf(cib: XmlElement): readonly XmlElement[] {
  const configuration = child(cib, 'configuration')
  return (configuration === undefined ? undefined : child(configuration, 'constraints'))?.children ?? []
}

/** True where a constraint depends on a ticket, whether or not the ticket was ever heard of. */
function mentionsTicket(cib: XmlElement, id: string): boolean {
  return constraintsOf(cib).some((item) => attr(item, 'ticket') === id)
}

/** Id in the configuration of a resource or an instance. */
function configuredId(cluster: Cluster, id: string): string {
  return resourcesNamed(cluster, id)[0]?.xmlId ?? id
}

/** A CIB in which nothing is known of a resource on a node, and which the cluster finds stopped there. */
function withoutHistory(cib: XmlElement, cluster: Cluster, resource: string, node: string): XmlElement {
  const names = new Set(namesBelow(cib, configuredId(cluster, resource)))
  const walk = (of: XmlElement): XmlElement =>
    withChildren(
      of,
      of.children.flatMap((item) =>
        item.name === 'lrm_resource' && names.has(withoutInstance(idOf(item))) ? [] : [walk(item)],
      ),
    )
  return atStates(cib, findNode(cluster, node)?.uname ?? node, walk)
}

/** How ids of constraints begin that are supposed, and that nobody has to take away. */
export const supposedPrefix = 'what-if-'

function withPreference(
  cib: XmlElement,
  { resource, node, score, isForPromotion = false, isExclusive = false }: Preference,
  i: number,
): XmlElement {
  const more = {
    ...(isForPromotion ? { role: 'Promoted' } : {}),
    ...(isExclusive ? { 'resource-discovery': 'exclusive' } : {}),
  }
  const made = element('rsc_location', {
    id: `${supposedPrefix}${i}`,
    rsc: resource,
    node,
    score: scoreText(score),
    ...more,
  })
  return atPath(cib, ['configuration', 'constraints'], (section) => withChildren(section, [...section.children, made]))
}

/** A value in the sets of a configured node; a remote node that is not configured is, where it has to be. */
function atNode(cib: XmlElement, cluster: Cluster, name: string, setName: string, item: NamedValue): XmlElement {
  const node = findNode(cluster, name)
  const [id, uname] = [node?.id ?? name, node?.uname ?? name]
  return atPath(cib, ['configuration', 'nodes'], (nodes) => {
    const isKnown = nodes.children.some((at) => attr(at, 'uname') === uname)
    if (!isKnown && item.value === undefined) return nodes
    const made = isKnown ? nodes.children : [...nodes.children, element('node', { id, uname, type: 'remote' })]
    return withChildren(
      nodes,
      made.map((at) => (attr(at, 'uname') === uname ? withValue(at, setName, `nodes-${id}-what-if`, item) : at)),
    )
  })
}

function withNodeAttribute(
  cib: XmlElement,
  cluster: Cluster,
  item: NamedValue & { readonly node: string },
): XmlElement {
  const permanent = atNode(cib, cluster, item.node, 'instance_attributes', item)
  // What is set for the time being outweighs what is configured.
  return atStates(permanent, findNode(cluster, item.node)?.uname ?? item.node, (state) =>
    withChildren(
      state,
      state.children.map((part) =>
        part.name === 'transient_attributes'
          ? withValue(part, 'instance_attributes', '', { name: item.name, value: undefined })
          : part,
      ),
    ),
  )
}

/** The recorded state of a node (or of all) changed. */
function atStates(cib: XmlElement, uname: string | undefined, change: Change): XmlElement {
  return atPath(cib, ['status'], (section) =>
    withChildren(
      section,
      section.children.map((state) =>
        state.name === 'node_state' && (uname === undefined || attr(state, 'uname') === uname) ? change(state) : state,
      ),
    ),
  )
}

/** The recorded state of a node with its id, which very old records lack: without one no event can be entered into it. */
function withStateId(cib: XmlElement, node: ClusterNode | undefined): XmlElement {
  if (node === undefined) return cib
  return atStates(cib, node.uname, (state) =>
    attr(state, 'id') === undefined ? withAttributes(state, { id: node.id }) : state,
  )
}

/** A CIB without the failures that `crm_resource --cleanup` would forget. */
function cleanedUp(cib: XmlElement, resource: string | undefined, node: string | undefined): XmlElement {
  const names = resource === undefined ? undefined : new Set(namesBelow(cib, resource))
  const concerns = (id: string): boolean => names === undefined || names.has(id) || names.has(withoutInstance(id))
  const walk = (of: XmlElement): XmlElement =>
    withChildren(
      of,
      of.children.flatMap((item) => {
        if (item.name === 'lrm_resource') return concerns(idOf(item)) ? [withoutFailures(item)] : [item]
        const counted = item.name === 'nvpair' ? failureAttribute(attr(item, 'name') ?? '') : undefined
        return counted !== undefined && concerns(counted) ? [] : [walk(item)]
      }),
    )
  return atStates(cib, node, walk)
}

function failureAttribute(name: string): string | undefined {
  return /^(?:fail-count|last-failure)-([^#]+)/.exec(name)?.[1]
}

/** What a probe can find without being a failure. */
const probeAnswers: ReadonlySet<number> = new Set([exitCode.ok, exitCode.notRunning, exitCode.promoted])

function withoutFailures(history: XmlElement): XmlElement {
  return withChildren(
    history,
    history.children.filter((item) => {
      const entry = historyEntry(item)
      if (entry.status === status.pending) return true
      const isAnswer = isProbe(entry) ? probeAnswers.has(entry.rc) : entry.rc === entry.targetRc
      return isAnswer && entry.status <= status.done
    }),
  )
}

/** Ids of a configured resource and of all primitives below it, without instance numbers. */
function namesBelow(cib: XmlElement, id: string): readonly string[] {
  const found: string[] = [id, withoutInstance(id)]
  const collect = (of: XmlElement, isInside: boolean): void => {
    for (const item of of.children) {
      const isNow = isInside || found.slice(0, 2).includes(attr(item, 'id') ?? '')
      if (isNow && item.name === 'primitive') found.push(idOf(item))
      collect(item, isNow)
    }
  }
  collect(
    atPath(cib, ['configuration', 'resources'], (of) => of),
    false,
  )
  return found
}
