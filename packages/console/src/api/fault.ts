import * as z from 'zod'

/** Codes of errors, and the HTTP status that each comes with. Codes are stable, texts are not. */
export const faultStatus = {
  /** Body, path or header is not as described; `params.path` names the place. */
  invalid: 400,
  notLoggedIn: 401,
  badToken: 401,
  /** The role has not the right. */
  forbidden: 403,
  /** `Origin` or `X-Quorate-CSRF` is missing or wrong. */
  crossSite: 403,
  notFound: 404,
  /** Of that method there is nothing at that path. */
  methodNotAllowed: 405,
  /** The CIB changed since the preview; `params.cibVersion` is the present one. Nothing was done. */
  cibChanged: 409,
  /** The Idempotency-Key came with another request before. */
  keyReused: 409,
  /** The operation is over. */
  alreadyOver: 409,
  tooLarge: 413,
  /** A name that the cluster does not know, or no target to which it can be done. */
  unprocessable: 422,
  /** The preview asks for words to be typed, and they are missing or wrong. */
  confirmationNeeded: 422,
  /** `If-Match` or `Idempotency-Key` is missing. */
  preconditionRequired: 428,
  tooMany: 429,
  internal: 500,
  /** The cluster refused the change; `params.cib` is its code. */
  clusterRefused: 502,
  /** No contact to the cluster. */
  noContact: 503,
  /** The source is a file: it can be looked at only. */
  readOnly: 403,
} as const

export type FaultCode = keyof typeof faultStatus

/** An error as the server answers it: `application/problem+json` (RFC 9457). */
export const fault = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(faultStatus) as [FaultCode, ...FaultCode[]]),
  detail: z.string(),
  params: z.record(z.string(), z.string()),
})

export type Fault = z.infer<typeof fault>
