import type { Authentication } from '../wire/authentication.ts'
import type { Message } from '../wire/message.ts'

/** What a node of the cluster may be: as it says itself, or `dead` when it is not heard. */
export type NodeStatus = 'init' | 'up' | 'active' | 'dead'

/** What can happen to the messaging layer. */
export type MessagingEvent =
  /** The links are open. */
  | { readonly kind: 'start' }
  /** A datagram came in by a link (its index in the configuration). */
  | { readonly kind: 'datagram'; readonly link: number; readonly bytes: Uint8Array }
  /** The time that `deadlineOf` named has come. */
  | { readonly kind: 'time' }
  /** Load of the machine, as /proc/loadavg has it, for the field `ld`. */
  | { readonly kind: 'load'; readonly text: string }
  /** A client of this node sends to the cluster. The fields that name the sender are set here. */
  | { readonly kind: 'message'; readonly message: Message }
  /** Keys that are used from now on. */
  | { readonly kind: 'keys'; readonly authentication: Authentication }
  /** This node goes: what is told to the others, before its clients are stopped. */
  | { readonly kind: 'leave' }

/** What the messaging layer asks of its host, to be done in order. */
export type MessagingEffect =
  /** Out by every link. */
  | { readonly do: 'send'; readonly bytes: Uint8Array }
  /** A message of any node, this one among them, for clients of this node. */
  | { readonly do: 'deliver'; readonly message: Message }
  | { readonly do: 'node-status'; readonly name: string; readonly status: NodeStatus; readonly before: NodeStatus }
  | { readonly do: 'link-status'; readonly name: string; readonly link: string; readonly status: 'up' | 'dead' }
  /** The nodes that are known, or their UUIDs, are others than before: hostcache is to be written. */
  | { readonly do: 'remember-hosts' }
  /** This node is active: its clients may start. */
  | { readonly do: 'active' }
  | { readonly do: 'log'; readonly level: 'info' | 'warning' | 'error' | 'debug'; readonly text: string }
