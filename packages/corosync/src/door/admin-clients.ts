import type { NodeId } from '@quorate/base'
import type { CfgClient, CmapClient, QuorumClient } from './ring-clients.ts'

/** What administrators' tools ask beyond what a member of the cluster needs. */

/** State of a node in votequorum. */
export type VotequorumState = 'member' | 'dead' | 'leaving'

/** A node as votequorum counts it. */
export type VotequorumInfo = {
  readonly nodeId: number
  readonly state: VotequorumState
  readonly votes: number
  readonly expectedVotes: number
  readonly highestExpected: number
  readonly totalVotes: number
  readonly quorum: number
  /** Bits of `votequorumInfoFlags`. */
  readonly flags: number
  readonly qdeviceVotes: number
  readonly qdeviceName: string
}

export type VotequorumHandlers = {
  /** Nodes and their states, the quorum device as node 0. */
  quorumChanged(nodes: readonly { readonly nodeId: number; readonly state: VotequorumState }[]): void
  expectedVotesChanged(expectedVotes: number): void
  onClose(error: Error): void
}

export interface VotequorumClient {
  /** Undefined where votequorum knows no such node; 0 is this node. */
  info(nodeId: number): Promise<VotequorumInfo | undefined>
  setExpectedVotes(votes: number): Promise<void>
  setVotes(nodeId: number, votes: number): Promise<void>
  /** Makes votequorum forget the quorum device of this node. */
  unregisterDevice(name: string): Promise<void>
  /** Handlers are called from now on, first with the current state. */
  track(): Promise<void>
  close(): void
}

export interface QuorumAdminClient extends QuorumClient {
  /** False where no provider decides: then every node is quorate. */
  hasProvider(): Promise<boolean>
}

/** A link of the ring as this node sees it. */
export type RingLink = { readonly name: string; readonly status: string }

/** One link to one node. */
export type NodeLink = {
  readonly isEnabled: boolean
  readonly isConnected: boolean
  readonly isDynamicConnected: boolean
  readonly mtu: number
  readonly source: string
  readonly destination: string
}

/** A node as the transport sees it. */
export type NodeStatus = {
  readonly nodeId: number
  readonly isReachable: boolean
  /** Eight, whether in use or not. */
  readonly links: readonly NodeLink[]
}

export interface CfgAdminClient extends CfgClient {
  links(): Promise<readonly RingLink[]>
  nodeStatus(nodeId: number): Promise<NodeStatus>
  /** Addresses of a node, as text; 0 is this node. */
  addresses(nodeId: number): Promise<readonly string[]>
  reloadConfig(): Promise<void>
  reopenLogFiles(): Promise<void>
}

export interface CmapAdminClient extends CmapClient {
  /** Adds to an integer. */
  adjust(key: string, step: number): Promise<void>
}

/** A process in a group of cpg. */
export type CpgProcess = { readonly group: string; readonly nodeId: NodeId; readonly pid: number }
