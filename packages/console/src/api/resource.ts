import * as z from 'zod'
import { id, moment } from './scalar.ts'

/**
 * How a resource stands, in one word: `failed` outweighs `pending` (an operation is under way), that the rest. A group,
 * clone or bundle is `started` where all that is to run does, `partial` where only some does.
 */
export const resourceState = z.enum(['failed', 'pending', 'promoted', 'unpromoted', 'started', 'partial', 'stopped'])

/** An active place of a resource. */
export const place = z.object({
  node: id,
  role: z.enum(['started', 'promoted', 'unpromoted']),
})

/** Failures of a resource on a node. */
export const failure = z.object({
  node: id,
  /** Fail count as the scheduler counts it; 1000000 is infinity. 0 where an operation failed and nothing was counted. */
  count: z.int(),
  lastFailureAt: moment.nullable(),
  /** Failed operations that the history still has. */
  operations: z.array(
    z.object({
      /** `monitor`, `start`, ... */
      task: z.string(),
      intervalMs: z.number(),
      /** Exit code of the agent, and what it means (`not running`). */
      rc: z.int(),
      rcText: z.string(),
      /** What the agent said. */
      reason: z.string().nullable(),
      at: moment.nullable(),
    }),
  ),
})

/** What operations a person can do to something, and why not others, is said by previews: a resource says how it stands. */
const resourceFields = {
  /** Id as status displays have it; of an instance with its number (`web:0`). Unique in a snapshot. */
  id,
  /** Id of what is configured: of all instances of a clone the same. */
  configId: id,
  kind: z.enum(['primitive', 'group', 'clone', 'bundle', 'replica']),
  /** Id of what it is a member or an instance of. */
  parent: id.nullable(),
  /** Id of what moves when it is to move: the group, clone or bundle that it belongs to, or itself. */
  movableRoot: id,
  /** `ocf:heartbeat:IPaddr2`; null for collectives. Of a bundle the image of its containers. */
  agent: z.string().nullable(),
  state: resourceState,
  /** Where it is active: of a collective all places of what is below, each node once, the highest role. */
  places: z.array(place),
  /** Operation under way, e.g. `start`, and the node if known. */
  pending: z.object({ task: z.string(), node: id.nullable() }).nullable(),
  targetRole: z.string().nullable(),
  /** Kept from running, or from its full role, by `target-role`. */
  isDisabled: z.boolean(),
  isManaged: z.boolean(),
  isMaintenance: z.boolean(),
  /** The cluster does nothing about it until a person does. */
  isBlocked: z.boolean(),
  /** Only its history is left; it is not configured any more. */
  isOrphan: z.boolean(),
  isPromotable: z.boolean(),
  isUnique: z.boolean(),
  isFenceDevice: z.boolean(),
  failures: z.array(failure),
  description: z.string().nullable(),
} as const

/** A resource with what is below it. */
export type Resource = z.infer<z.ZodObject<typeof resourceFields>> & { readonly children: readonly Resource[] }

/** A resource with what is below it: members of a group, instances of a clone, replicas of a bundle. */
export const resource: z.ZodType<Resource> = z.object({
  ...resourceFields,
  get children() {
    return z.array(resource)
  },
})

export type ResourceState = z.infer<typeof resourceState>
export type ResourceKind = Resource['kind']
export type Place = z.infer<typeof place>
export type Failure = z.infer<typeof failure>
