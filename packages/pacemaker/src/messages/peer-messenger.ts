import type { MonoMs, NodeId } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'

/** The closed process groups that Pacemaker's daemons talk in (protocols/pacemaker-cluster.md 1). */
export type PeerGroup = 'cib' | 'crmd' | 'attrd' | 'stonith-ng'

/** Numbers of daemons in the header of a cluster message. An order to a node's executor is addressed to `lrmd`. */
export const peerTypes = {
  none: 0,
  ais: 1,
  lrmd: 2,
  cib: 3,
  crmd: 4,
  attrd: 5,
  stonithd: 6,
  te: 7,
  pe: 8,
  'stonith-ng': 9,
} as const

/** Name of a daemon in the header of a cluster message. */
export type PeerType = keyof typeof peerTypes

/** A node of the cluster as its peers know it. */
export type Peer = {
  readonly nodeId: NodeId
  /** Node name; undefined until a message or the configuration has told it. */
  readonly name: string | undefined
  /** In corosync's membership now. */
  readonly isMember: boolean
  /** Has a process in the group `crmd`. */
  readonly hasController: boolean
  /** Has a process in the group `cib`. */
  readonly hasCib: boolean
  /** Has a process in the group `attrd`. */
  readonly hasAttrd: boolean
  /** Has a process in the group `stonith-ng`. */
  readonly hasFencer: boolean
}

/** Membership and the right to act, as corosync's quorum service reports them. */
export type ClusterView = {
  readonly isQuorate: boolean
  readonly ringSeq: bigint
  readonly members: readonly NodeId[]
}

/** A message of a peer (or our own copy of one), in the group's total order. */
export type PeerMessage = {
  readonly group: PeerGroup
  readonly from: Peer
  /** The daemon that sent it, and the daemon on the receiving node that it is for. */
  readonly fromType: number
  readonly toType: number
  /** True when it names this node; false for a broadcast. Messages for other nodes are not delivered. */
  readonly isAddressed: boolean
  /** Sent by this very process. */
  readonly isOwn: boolean
  readonly xml: XmlElement
}

/** What a member of a group is told. Never called while `join` is still pending. */
export type PeerHandlers = {
  message(message: PeerMessage): void
  /** Processes came or went; `peer` shows the state after it. `joined` says which way. */
  changed(peer: Peer, joined: boolean): void
}

/** Where a message goes: one node, by name, or everybody in the group; `toType` when it is not the group's own daemon. */
export type PeerTarget = {
  readonly to?: string | undefined
  readonly toType?: PeerType | undefined
  /** Told when the ring does not take the message: it is too large, or the ring is gone. */
  readonly failed?: ((error: Error) => void) | undefined
}

/** This node's place in the cluster: its name, its peers, and messages to and from them. */
export interface PeerMessenger {
  readonly localName: string
  readonly localNodeId: NodeId
  /** All nodes ever heard of and not purged, sorted by name. */
  peers(): readonly Peer[]
  peerByName(name: string): Peer | undefined
  peerById(id: NodeId): Peer | undefined
  view(): ClusterView
  /** Forgets nodes with that id or name (`crm_node -R`); one that is a member stays. */
  purge(who: { readonly nodeId?: number | undefined; readonly name?: string | undefined }): void
  /** Joins a group. Deliveries start after it has resolved. @throws CsError */
  join(group: PeerGroup, handlers: PeerHandlers): Promise<void>
  leave(group: PeerGroup): Promise<void>
  /** Queues a message; order among messages of one group is kept. Dropped and logged where the group is not joined. */
  send(group: PeerGroup, xml: XmlElement, target?: PeerTarget): void
  /** Called at each change of membership or quorum, and once soon after connecting. Answers a way to stop. */
  onView(listener: (view: ClusterView) => void): () => void
  /** The ring is gone (once). */
  onLost(listener: (error: Error) => void): () => void
  /** Reads a key of corosync's configuration as text, e.g. `totem.cluster_name`. */
  config(key: string): Promise<string | undefined>
  /** Node list of corosync's configuration: id and name, sorted by name. */
  configuredNodes(): readonly { readonly nodeId: NodeId; readonly name: string }[]
  close(): Promise<void>
}

/** Clock of a shell, in milliseconds that never go back. */
export type Clock = { readonly now: () => MonoMs; readonly epochSeconds: () => number }
