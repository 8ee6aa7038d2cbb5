/** Header of every request that is no GET: the `csrf` of the session. */
export const csrfHeader = 'X-Quorate-CSRF'
/** Header of `POST /api/operations`: a text of the browser's choice, at most `limits.keyCharsMax` characters; the same never acts twice. */
export const idempotencyHeader = 'Idempotency-Key'

/**
 * Paths of one cluster: of the only one, or the first that there is, without an id. GET changes nothing.
 *
 * @param cluster its id
 */
export function clusterRoutes(cluster?: string) {
  const base = cluster === undefined ? '/api' : `/api/clusters/${encodeURIComponent(cluster)}`
  const own = cluster === undefined ? '/api/cluster' : base
  return {
    /** `GET` → session, with what may be done to this cluster. */
    session: `${base}/session`,
    /** `GET` → snapshot, with `ETag: "cibVersion"`. */
    snapshot: `${own}/snapshot`,
    /** `GET` → server-sent events, see `clusterEvents`. */
    events: `${own}/events`,
    /** `GET` → the CIB as XML text. */
    cib: `${base}/cib`,
    /**
     * `GET` → operations, newest first. `POST ?dryRun=true` operationRequest → preview. `POST` operationRequest, with `confirmation` beside its keys
     * where the preview asks for it, and with `If-Match: "cibVersion"` of the
     * preview and `Idempotency-Key` → 202 operation; with the same key again the same operation. Targets that `cannot` are left out.
     */
    operations: `${base}/operations`,
    /** `GET` → operation. */
    operation: (id: string): string => `${base}/operations/${encodeURIComponent(id)}`,
    /** `POST` → operation: what is not done yet is given up, and temporary constraints are taken back. */
    cancel: (id: string): string => `${base}/operations/${encodeURIComponent(id)}/cancel`,
    /** `GET` → explanation; for one node with `?node=`. */
    explain: (resource: string, node?: string): string =>
      `${base}/explain/${encodeURIComponent(resource)}${node === undefined ? '' : `?node=${encodeURIComponent(node)}`}`,
    /** `POST` supposition → whatIf. */
    whatIf: `${base}/what-if`,
  } as const
}

export type ClusterRoutes = ReturnType<typeof clusterRoutes>

const host = (cluster: string, id: number): string => `/api/clusters/${encodeURIComponent(cluster)}/hosts/${id}`

/**
 * Paths of the contract. Errors are `fault` as `application/problem+json`. Everything but `POST /api/session` needs the
 * cookie of a session. `session`: `POST` {@link login} → session (sets the cookie); `GET` → session; `DELETE` logs out.
 */
export const routes = {
  ...clusterRoutes(),
  /** `GET` → fleet. `POST` connectRequest → 201 clusterSummary. */
  clusters: '/api/clusters',
  /** `GET` → server-sent events, see `fleetEvents`. */
  clustersEvents: '/api/clusters/events',
  /** `DELETE` disconnects: nothing happens to the cluster. */
  cluster: (cluster: string): string => `/api/clusters/${encodeURIComponent(cluster)}`,
  /** `POST` moreHosts → clusterSummary. */
  hosts: (cluster: string): string => `/api/clusters/${encodeURIComponent(cluster)}/hosts`,
  /** `POST` `{}` → clusterSummary: a host that has failed is tried again. */
  retry: (cluster: string, id: number): string => `${host(cluster, id)}/retry`,
  /** `POST` keyAcceptance → clusterSummary. */
  accept: (cluster: string, id: number): string => `${host(cluster, id)}/accept`,
} as const
