import { operationStates } from '../messages/stonith-history.ts'
import type { OfferedDevice } from '../messages/stonith-message.ts'
import type { FencingOutcome } from './service.ts'

/** Who waits for the end of an operation on this node. */
export type Asker =
  | { readonly kind: 'client'; readonly client: string; readonly callId: string }
  | { readonly kind: 'inside'; readonly ticket: number }

/** A fencing operation of the cluster, driven by this fencer (`isOurs`) or as another one tells of it. */
export type Operation = {
  readonly id: string
  readonly target: string
  /** As it was asked for. */
  readonly action: string
  /** Node whose fencer drives it. */
  readonly origin: string
  readonly clientId: string | undefined
  readonly clientName: string
  /** Node of the client, where that is another one. */
  readonly clientNode: string | undefined
  readonly callId: string | undefined
  options: number
  readonly isOurs: boolean
  readonly asker: Asker | undefined
  state: number
  delegate: string | undefined
  outcome: FencingOutcome | undefined
  endedS: number
  endedNs: number
  /** Whether its end has been told to clients of this node. */
  isTold: boolean
  /** When this fencer heard of it first, monotonic. */
  readonly startedMs: number
  readonly baseTimeoutS: number
  /** The fencer that drove it has left since: nobody will ever tell how it ended. */
  isOrphan: boolean
  /** Operations of this node that end as this one does. */
  readonly duplicates: Operation[]
  /** How far it has come; undefined where another fencer drives it. */
  readonly drive: Drive | undefined
}

/** What a fencer keeps of an operation that it drives. */
export type Drive = {
  delayS: number
  /** Fencers that are still to answer the query, in small letters. */
  readonly awaited: Set<string>
  readonly replies: Map<string, PeerOffer>
  /** Levels of devices; undefined: no topology, any device will do. */
  readonly levels: readonly (readonly string[])[] | undefined
  level: number
  /** Devices of the level that are still to be used, the next one first. */
  devices: readonly string[]
  /** The half of a reboot that is under way, where it is done in two. */
  half: 'off' | 'on' | undefined
  executing: { readonly peer: string; readonly device: string | undefined } | undefined
  /** The total timer runs. */
  isTimed: boolean
  /** The end has been sent to all fencers. */
  isConcluded: boolean
  /** How the last attempt ended. */
  last: FencingOutcome | undefined
}

/** What a fencer can do for an operation. */
export type PeerOffer = {
  readonly peer: string
  readonly devices: ReadonlyMap<string, OfferedDevice>
  /** Devices, with the half they were used for, that it has been told to use; `*`: any that it has. */
  readonly tried: Set<string>
}

/** Whether an operation has come to its end, for everybody. */
export function isEnded(operation: Operation): boolean {
  return operation.state === operationStates.done || operation.state === operationStates.failed
}

/** The step that is under way: half of a reboot, or the action. */
export function stepOf(operation: Operation): string {
  return operation.drive?.half ?? operation.action
}
