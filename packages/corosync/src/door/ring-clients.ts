import type { NodeId } from '@quorate/base'

/**
 * What a program may ask of a ring, whoever runs it: libqb IPC to this project's corosync or to the real one, or a
 * direct binding inside one process. Pacemaker meets the ring through these interfaces only.
 *
 * Calls reject with a {@link CsError} that carries the service's code; when the connection goes away every pending call
 * rejects and `onClose` is told once.
 */

/** Why a process entered or left a group (cpg.h): the values of the wire. */
export type CpgReason = 'join' | 'leave' | 'nodedown' | 'nodeup' | 'procdown'

/** A process in a group. */
export type CpgMember = { readonly nodeId: NodeId; readonly pid: number }
/** A process that came or went. */
export type CpgChange = CpgMember & { readonly reason: CpgReason }

/** What a group tells its members, in the same total order at each. */
export type CpgHandlers = {
  deliver(from: CpgMember, message: Uint8Array): void
  confchg(change: {
    readonly members: readonly CpgMember[]
    readonly left: readonly CpgChange[]
    readonly joined: readonly CpgChange[]
  }): void
  /**
   * Sequence of the ring that the changes told so far belong to (compare {@link QuorumView}), and its nodes, whether or
   * not they have a process in the group; comes after them whenever the ring has changed.
   */
  ring?(ringSeq: bigint, nodes: readonly NodeId[]): void
  onClose(error: Error): void
}

/** One membership of one closed process group. */
export interface CpgClient {
  readonly localNodeId: NodeId
  /** Joins; resolved when the service has accepted, before the own confchg arrives. Group name: bytes, at most 128. */
  join(group: string): Promise<void>
  leave(): Promise<void>
  /** Sends to the group, itself included, in order; resolves when the service has taken it (flow control obeyed). */
  mcast(message: Uint8Array): Promise<void>
  close(): void
}

/** The membership and whether it may act. */
export type QuorumView = {
  readonly isQuorate: boolean
  readonly ringSeq: bigint
  readonly ringRep: NodeId | undefined
  readonly members: readonly NodeId[]
}

export type QuorumHandlers = {
  /** First called with the current view soon after tracking starts. */
  changed(view: QuorumView): void
  onClose(error: Error): void
}

export interface QuorumClient {
  getQuorate(): Promise<boolean>
  close(): void
}

/** Types of cmap values that carry a number, a text or bytes. */
export type CmapValue =
  | {
      readonly type: 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'float' | 'double'
      readonly value: number | bigint
    }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'binary'; readonly value: Uint8Array }

export interface CmapClient {
  /** Undefined where there is no such key. */
  get(key: string): Promise<CmapValue | undefined>
  set(key: string, value: CmapValue): Promise<void>
  delete(key: string): Promise<void>
  /** Keys below a prefix in ascending order. */
  keys(prefix: string): Promise<readonly string[]>
  /** Calls back at each change of the key (or, with `prefix`, of any key below it); resolves to a way to stop. */
  track(
    key: string,
    options: { readonly prefix: boolean },
    changed: (key: string, value: CmapValue | undefined) => void,
  ): Promise<() => Promise<void>>
  close(): void
}

export type CfgHandlers = {
  /** The ring wants to stop; answer whether this program agrees. */
  testShutdown(): Promise<boolean>
  onClose(error: Error): void
}

export interface CfgClient {
  readonly localNodeId: NodeId
  /** `request`: every tracker must agree; `regardless`: they are told; `immediate`: they are not asked. */
  tryShutdown(how: 'request' | 'regardless' | 'immediate'): Promise<void>
  killNode(node: NodeId, reason: string): Promise<void>
  close(): void
}

/** The doors of one ring. Each call opens one connection of its own. */
export interface Ring {
  cpg(handlers: CpgHandlers): Promise<CpgClient>
  quorum(handlers: QuorumHandlers): Promise<QuorumClient>
  cmap(onClose: (error: Error) => void): Promise<CmapClient>
  cfg(handlers: CfgHandlers): Promise<CfgClient>
}
