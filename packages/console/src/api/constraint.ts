import * as z from 'zod'
import { id, moment, score } from './scalar.ts'

/** A resource as a constraint names it. */
const end = z.object({
  resource: id,
  /** `Started`, `Promoted`, ... as configured; null: any. */
  role: z.string().nullable(),
  /** `start`, `stop`, `promote`, `demote`; null where the constraint is none of orders. */
  action: z.string().nullable(),
})

/** A set of resources, drawn as a junction. */
const set = z.object({
  id,
  members: z.array(end),
  isSequential: z.boolean(),
  /** False: one of them is enough. */
  requiresAll: z.boolean(),
})

/** What a person or a tool made to move a resource, and did not take back. */
export const leftover = z.object({
  kind: z.enum(['prefer', 'ban']),
  /** Made by this console for an operation that takes it back by itself. */
  isTemporary: z.boolean(),
  /** When it ends by itself; null: never. */
  until: moment.nullable(),
  isExpired: z.boolean(),
})

export const locationConstraint = z.object({
  kind: z.literal('location'),
  id,
  /** Ids of resources; with `pattern`, those that match it now. */
  resources: z.array(id),
  pattern: z.string().nullable(),
  role: z.string().nullable(),
  /** Null where rules choose the nodes. */
  node: id.nullable(),
  score: score.nullable(),
  /** A line for each rule, in words: `INFINITY where #uname eq n1`. */
  rules: z.array(z.string()),
  leftover: leftover.nullable(),
})

export const colocationConstraint = z.object({
  kind: z.literal('colocation'),
  id,
  score: score.nullable(),
  /** What follows, and what it is to be with; both null where `sets` has them. */
  dependent: end.nullable(),
  primary: end.nullable(),
  sets: z.array(set),
  /** Attribute of nodes that is to be equal, where it is not the name. */
  nodeAttribute: z.string().nullable(),
})

export const orderConstraint = z.object({
  kind: z.literal('order'),
  id,
  /** Whether `next` waits for `first` always, only where both are done, or never at the same time. */
  order: z.enum(['mandatory', 'optional', 'serialize']),
  isSymmetrical: z.boolean(),
  first: end.nullable(),
  next: end.nullable(),
  sets: z.array(set),
})

export const ticketConstraint = z.object({
  kind: z.literal('ticket'),
  id,
  ticket: id,
  lossPolicy: z.string().nullable(),
  resource: end.nullable(),
  sets: z.array(set),
})

/** A constraint as configured. */
export const constraint = z.discriminatedUnion('kind', [
  locationConstraint,
  colocationConstraint,
  orderConstraint,
  ticketConstraint,
])

export type Leftover = z.infer<typeof leftover>
export type ConstraintEnd = z.infer<typeof end>
export type ConstraintSet = z.infer<typeof set>
export type Constraint = z.infer<typeof constraint>
