import type { XmlElement } from '@quorate/xml'
import type { Moment } from '../date.ts'
import { type HealthScores, infinity } from '../score.ts'
import { type Discovery, discovery, NodeTable } from './node-table.ts'
import { type Role, role } from './role.ts'

/** Kinds of resource in rising order of complexity; comparators use the order. */
export const variant = { primitive: 0, group: 1, clone: 2, bundle: 3 } as const
export type Variant = (typeof variant)[keyof typeof variant]

/** A node as the configuration and the status know it. */
export class ClusterNode {
  /** Dense number in order of creation: index of score arrays. Nodes of one id share it. */
  readonly index: number
  /** Another node has the same id. */
  isTwin = false
  /** And was there before it. */
  isLateTwin = false
  readonly id: string
  readonly uname: string
  kind: 'member' | 'remote' | 'ping'
  /** Base score, and what the node's state has done to it. */
  entryScore: number
  entryMode: Discovery = discovery.always
  online = false
  unclean = false
  /** Never seen by the cluster since it started. */
  unseen = false
  standby = false
  standbyOnFail = false
  maintenance = false
  pending = false
  shutdown = false
  expectedUp = false
  isDc = false
  discoveryEnabled = true
  /** Resource that connects to a remote or guest node. */
  connection: Resource | undefined
  requiresReset = false
  remoteWasFenced = false
  remoteMaintenance = false
  historyUnpacked = false
  readonly attributes = new Map<string, string>()
  /** Capacity left; assignment takes from it. */
  readonly utilization = new Map<string, number>()
  /** Capacities of which the configuration has no plain number, as it has them; nothing has been taken of these yet. */
  readonly utilizationTexts = new Map<string, string>()
  /** The same in the order of `roomOf`, once that was asked for what there is. */
  room: readonly number[] | undefined
  readonly running: Resource[] = []
  readonly assigned = new Set<Resource>()
  prioritySum = 0
  /** Stands for it that what is to leave the node has left; made once something waits for that. */
  load: Action | undefined

  constructor(index: number, id: string, uname: string, kind: ClusterNode['kind'], score: number) {
    this.index = index
    this.id = id
    this.uname = uname
    this.kind = kind
    this.entryScore = score
  }
}

/** What to do with a resource that runs on more nodes than it should. */
export type Recovery = 'stop_start' | 'stop_only' | 'block' | 'stop_unexpected'

/** Meta-attributes of a clone that the scheduler computes with. */
export type CloneTraits = {
  promotable: boolean
  ordered: boolean
  max: number
  nodeMax: number
  promotedMax: number
  promotedNodeMax: number
  /** Configured element that each instance copies. */
  readonly template: XmlElement
  /** Instances made so far, orphans included. */
  made: number
  /** Roles were given out already (they are, once). */
  rolesChosen: boolean
}

/** One copy of a bundle: its container and what belongs to it. */
export type Replica = {
  readonly number: number
  readonly ipAddress: string | undefined
  container: Resource | undefined
  ip: Resource | undefined
  connection: Resource | undefined
  instance: Resource | undefined
  /** Guest node inside the container. */
  node: ClusterNode | undefined
}

/** What is particular to a bundle. */
export type BundleTraits = {
  readonly image: string
  readonly promotedMax: number
  readonly replicasPerHost: number
  readonly replicas: Replica[]
  inner: Resource | undefined
}

/** A configured operation. */
export type OperationEntry = {
  readonly xml: XmlElement
  readonly name: string
  readonly intervalMs: number
  readonly enabled: boolean
  /** Name of it that actions have; see `keyOf`. */
  key: string | undefined
}

/** The table of all that have no attributes. */
export const noAttributes: ReadonlyMap<string, string> = new Map()

/** The table of all that need no capacity. */
export const noUtilization: ReadonlyMap<string, number> = new Map()

/** A resource of any kind, or one instance of it. */
export class Resource {
  readonly id: string
  /** Id of the configured element. */
  readonly xmlId: string
  readonly variant: Variant
  readonly parent: Resource | undefined
  /** Effective definition: template merged in. */
  readonly xml: XmlElement
  readonly children: Resource[] = []
  /** Name under which the history of an anonymous instance was found. */
  historyName: string | undefined
  /** Instance number in its clone, as text. */
  readonly instanceNumber: string | undefined
  operations: readonly OperationEntry[] = []
  readonly meta = new Map<string, string>()
  /** Instance attributes, where they are the same on all nodes; read when they are asked for, as the next two. */
  parameters: ReadonlyMap<string, string> | undefined
  parametersByNode: Map<ClusterNode, ReadonlyMap<string, string>> | undefined
  parametersDepend: boolean | undefined
  utilization: ReadonlyMap<string, number> = noUtilization
  /** What it needs as the configuration has it, where that is no plain number. */
  utilizationTexts: ReadonlyMap<string, string> | undefined
  group: { readonly ordered: boolean; readonly collocated: boolean } | undefined
  clone: CloneTraits | undefined
  bundle: BundleTraits | undefined

  orphan = false
  managed = true
  blocked = false
  maintenance = false
  unique = true
  promotable = false
  notify = false
  critical = true
  failed = false
  /** Has to stop because of a failure. */
  stopRequired = false
  startPending = false
  failureIgnored = false
  allowMigrate = false
  needsQuorum = false
  needsFencing = false
  needsUnfencing = false
  isFenceDevice = false
  isConnection = false
  /** Orphaned connection of a guest node. */
  containerFiller = false
  nestedRemotes = false
  internal = false
  reload = false
  restarting = false
  stopUnexpected = false
  restartTypeRestart = false
  exclusiveDiscover = false

  priority = 0
  stickiness = 0
  migrationThreshold = infinity
  failureTimeoutSeconds = 0
  reconnectMs = 0
  recovery: Recovery = 'stop_start'
  role: Role = role.stopped
  nextRole: Role = role.unknown

  allowed = new NodeTable()
  /** Indexes of the nodes on which its state is known. */
  readonly knownOn = new Set<number>()
  readonly runningOn: ClusterNode[] = []
  container: Resource | undefined
  readonly fillers: Resource[] = []
  partialSource: ClusterNode | undefined
  partialTarget: ClusterNode | undefined
  /** Sources of finished migrations that still need their stop; newest first. */
  readonly dangling: ClusterNode[] = []
  pendingTask: string | undefined
  pendingNode: ClusterNode | undefined
  lockNode: ClusterNode | undefined
  lockTime = 0

  /** Not assigned yet. */
  provisional = true
  allocating = false
  merging = false
  assigned: ClusterNode | undefined
  /** Score of the table entry that the resource was assigned by. */
  assignedScore = 0
  sortIndex = 0
  /** Colocations in which it is the dependent, and those in which it is the primary. */
  readonly thisWith: Colocation[] = []
  readonly withThis: Colocation[] = []
  readonly locations: LocationRecord[] = []
  readonly tickets: TicketDependency[] = []
  /** What stands for it that nodes have the room, for each node that it may be on; of what takes up room only. */
  loads: readonly Action[] | undefined
  /** Probes that its start comes after, as far as one record has them all; see `orderProbe`. */
  probes: { readonly list: Action[]; isOpen: boolean } | undefined

  /** Names of its operations that are not repeated, by task; see `keyOf`. */
  readonly keys = new Map<string, string>()
  /** What its operations are like, by name. */
  readonly profiles = new Map<string, OperationProfile>()
  /** In order of creation. */
  readonly actions: Action[] = []
  readonly actionsByKey = new Map<string, Action[]>()

  constructor(
    id: string,
    kind: Variant,
    xml: XmlElement,
    xmlId: string,
    parent: Resource | undefined,
    number?: string,
  ) {
    this.id = id
    this.variant = kind
    this.xml = xml
    this.xmlId = xmlId
    this.parent = parent
    this.instanceNumber = number
  }
}

/** A rule that two resources are to be together (or apart). */
export type Colocation = {
  readonly id: string
  readonly dependent: Resource
  readonly primary: Resource
  readonly dependentRole: Role
  readonly primaryRole: Role
  readonly score: number
  readonly attribute: string | undefined
  readonly influence: boolean
}

/** Scores that a constraint gives to nodes for one resource. */
export type LocationRecord = {
  readonly id: string
  readonly resource: Resource
  /** Unknown: for any role. */
  role: Role
  discovery: Discovery
  readonly scores: Map<ClusterNode, number>
}

export type Ticket = {
  readonly id: string
  granted: boolean
  standby: boolean
  lastGrantedSeconds: number | undefined
  readonly attributes: Map<string, string>
}

export type LossPolicy = 'stop' | 'demote' | 'fence' | 'freeze'

export type TicketDependency = {
  readonly id: string
  readonly ticket: Ticket
  readonly role: Role
  readonly lossPolicy: LossPolicy
}

/** What a failed operation leads to, in rising order of severity. */
export const onFail = {
  ignore: 0,
  demote: 1,
  recover: 2,
  resetRemote: 3,
  restartContainer: 4,
  migrate: 5,
  block: 6,
  stop: 7,
  standby: 8,
  fence: 9,
} as const
export type OnFail = (typeof onFail)[keyof typeof onFail]

/** What an operation of a resource is like wherever it is done; all its actions share it. */
export type OperationProfile = {
  readonly task: string
  readonly intervalMs: number
  readonly xml: XmlElement | undefined
  readonly meta: ReadonlyMap<string, string>
  readonly needs: 'nothing' | 'quorum' | 'fencing'
  readonly onFail: OnFail
  readonly failRole: Role
  /** What else of the resource it was made for; it holds as long as these do. */
  readonly isManaged: boolean
  readonly container: Resource | undefined
}

/** The list of every action that has no edges; never to be added to. */
const noEdges: Edge[] = []

/** One thing that the cluster may have to do. */
export class Action {
  /** Number in the graph; 0 for actions that are never recorded. */
  readonly id: number
  readonly key: string
  task: string
  readonly resource: Resource | undefined
  node: ClusterNode | undefined
  operation: XmlElement | undefined
  optional: boolean
  runnable = true
  pseudo = false
  printAlways = false
  impliedByFencing = false
  migratable = false
  dangle = false
  requiresAny = false
  reschedule = false
  dumped = false
  inputsMerged = false
  /** May run although its node is not online. */
  onDc = false
  parametersUnpacked = false
  needs: OperationProfile['needs'] = 'nothing'
  onFail: OnFail = onFail.ignore
  failRole: Role = role.unknown
  priority = 0
  reason: string | undefined
  cancelTask: string | undefined
  /** Its meta-attributes, shared with others like it until it gets one of its own: see `setMeta`. */
  meta: ReadonlyMap<string, string> = noAttributes
  ownMeta: Map<string, string> | undefined
  /** Exit code that it is to have; takes the place of the meta-attribute `op_target_rc`. */
  targetRc: string | undefined
  /** Instance attributes of its own; there are few operations that have any. */
  extra: ReadonlyMap<string, string> = noAttributes
  runnableBefore = 0
  requiredRunnableBefore = 0
  /** Edges that end here, and edges that start here, in order of creation. */
  before: Edge[] = noEdges
  after: Edge[] = noEdges
  /** All flags that an edge to an action was ever created with; kept where there are many. */
  orderedBefore: Map<Action, number> | undefined
  /** Epoch of the last walk that came by. */
  visited = 0
  /** Of the action of a collective. */
  sums: ActionSums | undefined

  constructor(
    id: number,
    key: string,
    task: string,
    resource: Resource | undefined,
    node: ClusterNode | undefined,
    optional: boolean,
  ) {
    this.id = id
    this.key = key
    this.task = task
    this.resource = resource
    this.node = node
    this.optional = optional
    this.onDc = task === 'lrm_delete'
  }
}

/** What the action of a collective came to; holds as long as {@link Cluster.flagChanges} is the same. */
export type ActionSums = {
  readonly flagChanges: number
  /** Its flags by the node asked for. */
  readonly byNode: Map<ClusterNode | undefined, number>
  /** Nodes for which its instances were summed up one by one. */
  readonly instancesOn: Set<ClusterNode | undefined>
}

/** A list of edges with one more; the same list, but for the first edge. Most actions have one: room is made for no more. */
export function withEdge(edges: Edge[], edge: Edge): Edge[] {
  if (edges === noEdges) return [edge]
  edges.push(edge)
  return edges
}

/** An order between two actions. */
export type Edge = {
  readonly first: Action
  readonly then: Action
  /** What it was created with; walks forward read this. */
  readonly original: number
  /** What is left of it; the engine changes this. */
  flags: number
  /** Is an input of its action in the graph. */
  dumped: boolean
}

/** An order between things that become actions later. */
export type OrderRecord = {
  /** Anything but a `pair` stands for orders that always come together: see `expandOrders`. */
  readonly kind: 'pair' | 'own' | 'recurring' | 'loads' | 'probes'
  readonly first: Resource | undefined
  readonly firstKey: string | undefined
  readonly firstAction: Action | undefined
  readonly then: Resource | undefined
  readonly thenKey: string | undefined
  readonly thenAction: Action | undefined
  readonly flags: number
  /** Id of the constraint that it was read from; undefined for what holds without one. */
  readonly constraint: string | undefined
}

export type QuorumPolicy = 'stop' | 'freeze' | 'ignore' | 'demote' | 'suicide'
export type PlacementStrategy = 'default' | 'utilization' | 'minimal' | 'balanced'

/** Cluster options as read, with their defaults. */
export type ClusterSettings = {
  readonly all: ReadonlyMap<string, string>
  readonly noQuorumPolicy: QuorumPolicy
  readonly symmetric: boolean
  readonly maintenanceMode: boolean
  readonly startFailureIsFatal: boolean
  readonly startupProbes: boolean
  readonly shutdownLock: boolean
  readonly shutdownLockLimitSeconds: number
  readonly fencingEnabled: boolean
  readonly fencingAction: string
  readonly concurrentFencing: boolean
  readonly startupFencing: boolean
  readonly priorityFencingDelaySeconds: number
  readonly stopAllResources: boolean
  readonly stopOrphanResources: boolean
  readonly stopOrphanActions: boolean
  readonly removeAfterStop: boolean
  readonly placement: PlacementStrategy
  readonly healthStrategy: 'none' | 'migrate-on-red' | 'only-green' | 'progressive' | 'custom'
  readonly health: HealthScores
  readonly healthBase: number
}

/** A failed operation that status displays list. */
export type FailedOperation = {
  readonly node: ClusterNode
  /** Name of the operation; of each name there is one on a node. */
  readonly key: string
  readonly xml: XmlElement
  /** Agent or program not installed, found by a probe: shown with the resource instead of in the list. */
  readonly masked: boolean
  /** Resource as the name of the operation has it. */
  readonly resourceId: string
}

/** What changed the score of a resource on a node. */
export type ScoreCause =
  /** The node's own score, with which it enters the table. */
  | { readonly kind: 'entry' }
  | { readonly kind: 'location'; readonly record: LocationRecord }
  | { readonly kind: 'stickiness' }
  /** Too many failures of that leaf. */
  | { readonly kind: 'failures'; readonly leaf: Resource }
  /** One recorded operation that rules the node (or all of them) out by itself. */
  | {
      readonly kind: 'failed-operation'
      readonly task: string
      readonly rc: number
      readonly onFail: OnFail
      /** Where it failed, which need not be the node that is ruled out. */
      readonly node: ClusterNode
    }
  /** A failure with on-fail=migrate, or what stands for it. */
  | { readonly kind: 'on-fail' }
  | { readonly kind: 'exclusive-discovery' }
  | { readonly kind: 'shutdown-lock' }
  | { readonly kind: 'ticket'; readonly dependency: TicketDependency }
  | { readonly kind: 'unmanaged' }
  | { readonly kind: 'multiple-active' }
  | { readonly kind: 'orphan' }
  /** Connections and fence devices on remote nodes, and containers of what itself is one. */
  | { readonly kind: 'remote-node' }
  /** What belongs into a container, on every node but that inside it. */
  | { readonly kind: 'container' }
  | { readonly kind: 'colocation'; readonly colocation: Colocation }
  /** What a resource that is to be with this one would like. */
  | { readonly kind: 'wish'; readonly colocation: Colocation; readonly source: Resource }
  | { readonly kind: 'promotion' }
  | {
      readonly kind: 'instances'
      readonly parent: Resource
      readonly why: 'node-state' | 'orphan' | 'parent' | 'node-max' | 'max'
    }
  /** A node has less room than the resource, and what has to be with it, needs. */
  | {
      readonly kind: 'capacity'
      readonly needs: ReadonlyMap<string, number>
      readonly room: ReadonlyMap<string, number>
    }
  /** It is to be stopped wherever it is. */
  | { readonly kind: 'stopped' }

/** Who wants to know how scores come about; told after each change. */
export type ScoreObserver = {
  /** Scores of the resource, or of what is below it, have changed. */
  note(cluster: Cluster, resource: Resource, cause: ScoreCause): void
  /** Wishes are collected for a resource, beginning with those of this colocation. */
  begin(colocation: Colocation): void
  /** Wishes are followed on to this colocation. */
  follow(colocation: Colocation): void
  /** A resource's wish for a node was added to what is being collected. */
  wish(source: Resource, node: ClusterNode, before: number, after: number): void
  /** How many wishes are collected; with {@link drop} those beyond a count are forgotten. */
  readonly wishes: number
  drop(count: number): void
  /** Remembers how the scores of a resource stand, for {@link rewind}. */
  mark(resource: Resource): () => void
  /** A colocation was left out, since it would have left no node. */
  ignored(resource: Resource, colocation: Colocation): void
  /** The rating of an instance that may be promoted (its priority) has changed. */
  rated(instance: Resource, cause: ScoreCause): void
  /** The resource was assigned, by its scores as they are now. */
  settled(resource: Resource): void
  /** What runs on a node was started with something else than is configured now. */
  redefined(resource: Resource, node: ClusterNode, what: 'agent' | 'parameters'): void
  /** An instance goes nowhere after all: what it follows instance by instance has none where it was to be. */
  unpartnered(instance: Resource, first: Action, then: Action): void
}

/** A line of the decision's own accounts. */
export type LogLine = {
  readonly kind: 'score' | 'info' | 'notice' | 'warning' | 'error' | 'crit'
  readonly text: string
  /** Part of Pacemaker under whose name its tools print such a line, where other programs look for it. */
  readonly source?: string
  /** True where a warning is about how the cluster stands, not about how it is configured. */
  readonly isAboutStatus?: boolean
  /** True where such a line makes the whole run one with errors all the same. */
  readonly isRunError?: boolean
  /** True where a program says such a line the first time only, however many statuses it reads. */
  readonly isToldOnce?: boolean
  /** True where a program says such a line however little it is asked to tell: it decided on less than it was given. */
  readonly isAlwaysTold?: boolean
}

/** One CIB unpacked: everything that the phases read and change. */
export class Cluster {
  readonly cib: XmlElement
  readonly now: Moment
  settings: ClusterSettings
  quorate = false
  fenceDeviceExists = false
  unfencing = false
  remoteNodesExist = false
  dc: ClusterNode | undefined
  /** By creation; {@link nodes} has them in display order. Of nodes of one id, the first of these is here for all of them. */
  readonly nodesByIndex: ClusterNode[] = []
  nodes: ClusterNode[] = []
  /** Some nodes have names that differ in the case of letters at most. */
  hasEqualNames = false
  readonly nodeByName = new Map<string, ClusterNode>()
  readonly nodeById = new Map<string, ClusterNode>()
  resources: Resource[] = []
  /** Every resource by id, instances and members included. */
  readonly resourceById = new Map<string, Resource>()
  /** Resources whose id another one has already: an orphan can be called like what took its place. */
  readonly resourceTwins = new Map<string, Resource[]>()
  readonly resourcesByHistoryName = new Map<string, Resource[]>()
  readonly templates = new Map<string, string[]>()
  readonly tags = new Map<string, string[]>()
  readonly tickets = new Map<string, Ticket>()
  readonly failedOperations: FailedOperation[] = []
  /** What reading a history notes at its entries, as attributes: the C program has them in an input that it saves. */
  readonly entryNotes = new Map<XmlElement, Readonly<Record<string, string>>>()
  /** Definitions of the connections to guest nodes. */
  impliedConnections: readonly XmlElement[] = []
  /** Containers to stop because their content failed; newest first. */
  readonly failedContainers: Resource[] = []
  readonly locations: LocationRecord[] = []
  readonly colocations: Colocation[] = []
  readonly orders: OrderRecord[] = []
  /** Those that a resource got last: see {@link Resource.loads}. */
  lastLoads: readonly Action[] = []
  /** Id of the constraint that is being read. */
  constraintRead: string | undefined
  readonly actions: Action[] = []
  readonly singletons = new Map<string, Action>()
  /** Actions of no resource, by key. */
  readonly clusterActionsByKey = new Map<string, Action[]>()
  actionCount = 0
  /** Tables of meta-attributes by what is in them: operations that have the same share one. */
  readonly operationMeta = new Map<string, ReadonlyMap<string, string>>()
  /** Next moment at which the outcome may differ though nothing happens; epoch seconds. */
  recheckBy: number | undefined
  /** The same as it was when the graph was begun: what its actions' parameters change after that is not in it. */
  graphRecheckBy: number | undefined
  readonly log: LogLine[] = []
  observer: ScoreObserver | undefined
  readonly wantsScores: boolean
  readonly wantsUtilization: boolean
  /** Passwords and the like may not be the true ones: they tell nothing. */
  hasMaskedSecrets = false
  epoch = 0
  /** Instances of collectives by their nodes, while orders are followed: a placement that is taken back clears them. */
  readonly partners = {
    current: new Map<Resource, ReadonlyMap<ClusterNode, Resource>>(),
    next: new Map<Resource, ReadonlyMap<ClusterNode, Resource>>(),
  }
  /** How often the flags of an action were changed by what follows from an order. */
  flagChanges = 0
  /** How many preferences are being merged one within the other. */
  mergeDepth = 0
  disabledCount = 0
  blockedCount = 0
  instanceCount = 0

  constructor(
    cib: XmlElement,
    now: Moment,
    settings: ClusterSettings,
    wantsScores: boolean,
    wantsUtilization: boolean,
  ) {
    this.cib = cib
    this.now = now
    this.settings = settings
    this.wantsScores = wantsScores
    this.wantsUtilization = wantsUtilization
  }
}
