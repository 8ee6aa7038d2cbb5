import * as z from 'zod'
import { limits } from './limits.ts'
import { plannedChange } from './operation.ts'
import { cibVersion, id } from './scalar.ts'

const names = z.array(id).max(limits.suppositionsMax).optional()

/** What is supposed to happen, all of it at once. At least one thing. */
export const supposition = z
  .strictObject({
    nodesLost: names,
    nodesUp: names,
    nodesOnStandby: names,
    nodesOffStandby: names,
    /** A monitor of the resource fails on that node, where it has to run. */
    failures: z
      .array(z.strictObject({ resource: id, node: id }))
      .max(limits.suppositionsMax)
      .optional(),
    ticketsRevoked: names,
    ticketsGranted: names,
    quorumLost: z.boolean().optional(),
    quorumGained: z.boolean().optional(),
    /** Ids of constraints that are taken away. */
    withoutConstraints: names,
  })
  .refine((of) => Object.values(of).some((part) => (Array.isArray(part) ? part.length > 0 : part === true)), {
    message: 'nothing is supposed',
  })
  .refine((of) => !(of.quorumLost === true && of.quorumGained === true), {
    message: 'quorum cannot be both lost and gained',
  })

const placement = z.object({ nodes: z.array(id), role: z.string() })

/** What the cluster would do. Nothing was changed. */
export const whatIf = z.object({
  cibVersion,
  supposition,
  /** In one sentence. */
  summary: z.string(),
  /** What it would do first, and what it goes on with. */
  plan: z.array(plannedChange),
  later: z.array(plannedChange),
  /** What it does already without the supposition. */
  due: z.array(plannedChange),
  /** Instances that end up elsewhere, or as something else. */
  changes: z.array(z.object({ id, before: placement, after: placement })),
  /** Resources that are down at once. */
  down: z.array(id),
  restarted: z.array(id),
  fenced: z.array(id),
  /** Resources that run now and would run nowhere. */
  lost: z.array(id),
  problems: z.array(z.string()),
  risks: z.array(z.string()),
  isComplete: z.boolean(),
  standstill: z.string().nullable(),
})

export type Supposition = z.infer<typeof supposition>
export type WhatIf = z.infer<typeof whatIf>
