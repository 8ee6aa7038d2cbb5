/** Header of every request that is no GET: the `csrf` of the session. */
export const csrfHeader = 'X-Quorate-CSRF'
/** Header of `POST /api/operations`: a text of the browser's choice, at most `limits.keyCharsMax` characters; the same never acts twice. */
export const idempotencyHeader = 'Idempotency-Key'

/**
 * Paths of the contract. GET changes nothing. Errors are `fault` as `application/problem+json`. Everything but
 * `POST /api/session` needs the cookie of a session.
 */
export const routes = {
  /** `POST` {@link login} → session (sets the cookie); `GET` → session; `DELETE` logs out. */
  session: '/api/session',
  /** `GET` → snapshot, with `ETag: "cibVersion"`. */
  snapshot: '/api/cluster/snapshot',
  /** `GET` → server-sent events, see `clusterEvents`. */
  events: '/api/cluster/events',
  /** `GET` → the CIB as XML text. */
  cib: '/api/cib',
  /**
   * `GET` → operations, newest first. `POST ?dryRun=true` operationRequest → preview. `POST` operationRequest, with `confirmation` beside its keys
   * where the preview asks for it, and with `If-Match: "cibVersion"` of the
   * preview and `Idempotency-Key` → 202 operation; with the same key again the same operation. Targets that `cannot` are left out.
   */
  operations: '/api/operations',
  /** `GET` → operation. */
  operation: (id: string): string => `/api/operations/${encodeURIComponent(id)}`,
  /** `POST` → operation: what is not done yet is given up, and temporary constraints are taken back. */
  cancel: (id: string): string => `/api/operations/${encodeURIComponent(id)}/cancel`,
  /** `GET` → explanation; for one node with `?node=`. */
  explain: (resource: string, node?: string): string =>
    `/api/explain/${encodeURIComponent(resource)}${node === undefined ? '' : `?node=${encodeURIComponent(node)}`}`,
  /** `POST` supposition → whatIf. */
  whatIf: '/api/what-if',
} as const
