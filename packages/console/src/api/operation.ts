import * as z from 'zod'
import { limits } from './limits.ts'
import { cibVersion, id, moment } from './scalar.ts'

const targets = z.array(id).min(1).max(limits.targetsMax)

/** Kinds of operation whose targets are resources. */
const onResources = <K extends string>(kind: K) => z.strictObject({ kind: z.literal(kind), targets })
/** Kinds whose targets are names of nodes. */
const onNodes = <K extends string>(kind: K) => z.strictObject({ kind: z.literal(kind), targets })
/** Kinds whose targets are ids of tickets. */
const onTickets = <K extends string>(kind: K) => z.strictObject({ kind: z.literal(kind), targets })

/** What a person wants done, to all targets at once. */
export const operationRequest = z.discriminatedUnion('kind', [
  /**
   * Resources to a node. Members are lifted to what moves with them. The constraints are taken back once all have moved,
   * when it fails, is cancelled, or after `seconds`; with `keep` they stay, as those of `crm_resource --move`.
   */
  z.strictObject({
    kind: z.literal('move'),
    targets,
    args: z.strictObject({
      to: id,
      seconds: z.int().min(1).max(limits.moveSecondsMax).default(limits.moveSecondsDefault),
      keep: z.boolean().default(false),
    }),
  }),
  /** Takes back what moves and bans of any tool have left behind for the resources. */
  onResources('clearMoves'),
  /** Keeps resources off a node until that is cleared, as `crm_resource --ban` does. Members are lifted as for a move. */
  z.strictObject({ kind: z.literal('ban'), targets, args: z.strictObject({ from: id }) }),
  onResources('start'),
  onResources('stop'),
  /** Forgets failures, and has what failed looked at again; on all nodes, or on one. */
  z.strictObject({
    kind: z.literal('cleanup'),
    targets,
    args: z.strictObject({ node: id.optional() }).optional(),
  }),
  /** Forgets all that is known of resources on all nodes, and has them looked for again; failures are forgotten too. */
  onResources('refresh'),
  onResources('manage'),
  onResources('unmanage'),
  onNodes('standby'),
  onNodes('online'),
  onNodes('maintenance'),
  onNodes('endMaintenance'),
  /** For administrators only, as the next three: two sites that hold one ticket destroy data. */
  onTickets('ticketGrant'),
  onTickets('ticketRevoke'),
  onTickets('ticketStandby'),
  onTickets('ticketActivate'),
])

export type OperationRequest = z.output<typeof operationRequest>
/** The same as a browser may send it, without what has a default. */
export type OperationInput = z.input<typeof operationRequest>
export type OperationKind = OperationRequest['kind']

/** Why something cannot be done to a target, or would have no effect. Stable; `params` of the reason fill it in. */
export const reasonCode = z.enum([
  'unknownTarget',
  'orphan',
  'notRunning',
  'unmanaged',
  'maintenance',
  'blocked',
  'nodeOffline',
  'nodeUnclean',
  'nodeStandby',
  'nodeNotMember',
  'noQuorum',
  /** Rules, other resources or capacities outweigh it: `text` is what the scheduler says. */
  'ruledOut',
  /** It would move, and go back once the constraint is taken back. */
  'wouldReturn',
  /** It would stop, or stay stopped. */
  'wouldStop',
  /** The plan would get stuck on the way. */
  'stuck',
  'nothingToClear',
  'nothingToCleanUp',
  'noSuchNode',
  'notMovable',
  'stillDisabled',
])

export const reason = z.object({
  code: reasonCode,
  /** In English, complete. */
  text: z.string(),
  params: z.record(z.string(), z.string()),
})

/** What becomes of one target. */
export const targetPreview = z.object({
  target: id,
  /** What is acted on: the movable root of a member. Several targets can have the same. */
  effective: id,
  outcome: z.enum(['will', 'already', 'cannot']),
  reason: reason.nullable(),
  /** Nodes where it is active now, and where it would be. Empty for targets that are no resources. */
  from: z.array(id),
  to: z.array(id),
})

/** What else would change: something that was not selected, or a node that is fenced. */
export const sideEffect = z.object({
  resource: id,
  change: z.enum(['move', 'start', 'stop', 'restart', 'promote', 'demote']),
  from: z.array(id),
  to: z.array(id),
  /** Why, in the scheduler's words; null where it has none. */
  text: z.string().nullable(),
})

/** One line of the cluster's plan. */
export const plannedChange = z.object({
  action: z.string(),
  resource: id.nullable(),
  source: id.nullable(),
  target: id.nullable(),
  reason: z.string().nullable(),
  isBlocked: z.boolean(),
  text: z.string(),
})

/** What is worth a second look before an operation is confirmed. */
export const warning = z.object({
  code: z.enum(['allNodesStandby', 'fencing', 'stuck', 'problem', 'risk', 'pendingAnyway', 'loses']),
  text: z.string(),
})

/** What an operation would do. Nothing was changed. */
export const preview = z.object({
  request: operationRequest,
  /** The CIB that it was worked out on: the value of `If-Match` for the operation itself. */
  cibVersion,
  at: moment,
  targets: z.array(targetPreview),
  sideEffects: z.array(sideEffect),
  /** Nodes that would be fenced, and would not be otherwise. */
  fenced: z.array(id),
  plan: z.array(plannedChange),
  warnings: z.array(warning),
  /** Names of nodes or other words that a person has to type; null: a click is enough. */
  typedConfirmation: z.string().nullable(),
  /** In one sentence. */
  summary: z.string(),
  /** The same with command-line tools, a line each. */
  commands: z.array(z.string()),
})

/** One target of an operation that was begun. */
export const operationItem = z.object({
  target: id,
  effective: id,
  /**
   * `waiting` until the change is made, `running` until the cluster has done it. `elsewhere`: it moved to another node.
   * `skipped`: the preview said `cannot` or `already`.
   */
  state: z.enum(['waiting', 'running', 'done', 'elsewhere', 'failed', 'timedOut', 'cancelled', 'skipped']),
  reason: reason.nullable(),
  /** Failure as the cluster reported it. */
  text: z.string().nullable(),
  /** Where it is active now, as far as that is known. */
  nodes: z.array(id),
  /** From the beginning of the operation to the end of this item, in milliseconds. */
  durationMs: z.number().nullable(),
})

/** An operation. */
export const operation = z.object({
  id,
  request: operationRequest,
  /** Role of who began it. */
  by: z.string(),
  startedAt: moment,
  endedAt: moment.nullable(),
  /**
   * `running`, or how it ended: `done` where all that was not skipped is done, `partly` where some is, `failed` where none
   * is, else `cancelled` or `timedOut` where that is what ended it.
   */
  state: z.enum(['running', 'done', 'partly', 'failed', 'cancelled', 'timedOut']),
  /** Why the whole operation failed. */
  text: z.string().nullable(),
  /** Version of the CIB right after its change; null where it has made none yet. */
  cibVersion: cibVersion.nullable(),
  items: z.array(operationItem),
  /** Constraints that it made and takes back; null for operations that make none. */
  temporary: z
    .object({
      made: z.int(),
      left: z.int(),
      /** When the cluster itself stops heeding them. */
      until: moment,
    })
    .nullable(),
  /** True where `cancel` still has an effect. */
  isCancellable: z.boolean(),
})

/** What a person typed where the preview asked for it: the key `confirmation` beside those of the request. */
export const confirmationText = z.string().max(limits.bodyBytesMax).optional()

export type Reason = z.infer<typeof reason>
export type ReasonCode = z.infer<typeof reasonCode>
export type TargetPreview = z.infer<typeof targetPreview>
export type SideEffect = z.infer<typeof sideEffect>
export type PlannedChange = z.infer<typeof plannedChange>
export type PreviewWarning = z.infer<typeof warning>
export type Preview = z.infer<typeof preview>
export type OperationItem = z.infer<typeof operationItem>
export type Operation = z.infer<typeof operation>
