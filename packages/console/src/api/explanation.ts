import * as z from 'zod'
import { id, score } from './scalar.ts'

/** A reason for or against a node. */
const reason = z.object({
  /** `location`, `colocation`, `stickiness`, `failures`, `node-state`, ... */
  kind: z.string(),
  constraint: id.nullable(),
  /** What it adds; null for states that no score outweighs. */
  score: score.nullable(),
  text: z.string(),
  remedy: z.string().nullable(),
})

/** Why a resource is where it is, and not elsewhere. Lists are in the order in which they count. */
export const explanation = z.object({
  resource: id,
  instances: z.array(
    z.object({
      id,
      /** How it stands, what is to become of it, and why. */
      summary: z.string(),
      role: z.string(),
      nextRole: z.string(),
      runningOn: z.array(id),
      /** Where it is to be; null: nowhere. */
      assigned: id.nullable(),
      mainReason: z.string().nullable(),
      general: z.array(z.object({ text: z.string(), remedy: z.string().nullable(), isObstacle: z.boolean() })),
      nodes: z.array(
        z.object({
          node: id,
          /** Null where the node is no candidate at all. */
          score: score.nullable(),
          isChosen: z.boolean(),
          isRunningNow: z.boolean(),
          reasons: z.array(reason),
          /** The node that has more score, or comes first with the same. */
          outdoneBy: z.object({ node: id, score: score.nullable() }).nullable(),
          /** What would have to change, all of it, for it to run here. */
          remedies: z.array(z.string()),
          shortfall: z.string().nullable(),
        }),
      ),
    }),
  ),
  /** Nodes that are to be fenced, which holds back what ran there. */
  fencing: z.array(z.object({ node: id, reason: z.string().nullable() })),
  loops: z.array(z.string()),
  /** The whole of it as `quorate explain` writes it. */
  lines: z.array(z.string()),
})

export type Explanation = z.infer<typeof explanation>
