import * as z from 'zod'
import { id } from './scalar.ts'

/**
 * How a node stands, in one word: what outweighs comes first. `unknown` is said where the contact to the cluster is lost
 * only by the snapshot's `stale`, never here.
 */
export const nodeState = z.enum(['unclean', 'offline', 'pending', 'maintenance', 'standby', 'online'])

/** A node of the cluster, remote and guest nodes included. */
export const node = z.object({
  id,
  /** The name by which operations and places refer to it. */
  name: id,
  kind: z.enum(['member', 'remote', 'guest', 'ping']),
  state: nodeState,
  isOnline: z.boolean(),
  /** It is to be fenced: what runs there is not known for certain. */
  isUnclean: z.boolean(),
  isStandby: z.boolean(),
  /** On standby because of a failure with on-fail=standby. */
  isStandbyOnFail: z.boolean(),
  isMaintenance: z.boolean(),
  isPending: z.boolean(),
  isShuttingDown: z.boolean(),
  isDc: z.boolean(),
  /** Attributes in effect, permanent and transient. */
  attributes: z.record(z.string(), z.string()),
  /** Capacities as configured, by name. */
  utilization: z.record(z.string(), z.number()),
  /** The resource that connects to it, or holds it, where it is remote or a guest. */
  connection: id.nullable(),
  /** Ids of the primitives (instances) that are active there. */
  running: z.array(id),
})

export type NodeState = z.infer<typeof nodeState>
export type Node = z.infer<typeof node>
