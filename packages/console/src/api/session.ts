import * as z from 'zod'
import { operationRequest } from './operation.ts'

/** Roles, each with all rights of those before it: looking; resources and nodes; tickets and other clusters. */
export const roles = ['viewer', 'operator', 'admin'] as const
export const role = z.enum(roles)

/** Body of `POST /api/session`. */
export const login = z.strictObject({
  /** The token of the address that `quorate console` prints, after `#token=`. */
  token: z.string().min(1).max(256),
})

/** Kinds of operation by name. */
export const operationKinds = operationRequest.options.map((option) => option.shape.kind.value)

/** Answer to `POST` and `GET /api/session`. */
export const session = z.object({
  role,
  /** Value of the header `X-Quorate-CSRF` of every POST and DELETE. */
  csrf: z.string(),
  /** Version of the product. */
  version: z.string(),
  /** Kinds of operation that this session may begin, each true or the reason why it may not. */
  operations: z.record(z.string(), z.union([z.literal(true), z.string()])),
  /** Whether this session may connect to clusters and disconnect them, or the reason why it may not. */
  connect: z.union([z.literal(true), z.string()]),
  /** How many clusters the server has. */
  clusters: z.int(),
})

export type Role = z.infer<typeof role>
export type Session = z.infer<typeof session>
