import * as z from 'zod'
import {
  type ClusterRoutes,
  type ClusterSummary,
  type ConnectRequest,
  clusterRoutes,
  clusterSummary,
  csrfHeader,
  explanation,
  type Fault,
  fault,
  type HostSpec,
  idempotencyHeader,
  type KeyAcceptance,
  type Operation,
  type OperationInput,
  operation,
  type Preview,
  preview,
  routes,
  type Session,
  type Supposition,
  session,
  whatIf,
} from '../api/index.ts'

/** An answer of the server, or why there is none that can be used. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem }

/** `unreachable`: no answer came; `unreadable`: one that is not of the contract; else the server's own code. */
export type Problem = {
  readonly code: Fault['code'] | 'unreachable' | 'unreadable'
  /** In English, as the server said it. */
  readonly detail: string
}

type Schema<T> = { safeParse(value: unknown): { success: true; data: T } | { success: false; error: Error } }

async function ask<T>(schema: Schema<T>, path: string, init: RequestInit = {}): Promise<Answer<T>> {
  let response: Response
  let body: unknown
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init })
    body = response.status === 204 ? null : await response.json()
  } catch (error) {
    return { ok: false, problem: { code: 'unreachable', detail: String(error) } }
  }
  if (!response.ok) {
    const said = fault.safeParse(body)
    if (!said.success) return { ok: false, problem: { code: 'unreadable', detail: `${path}: ${response.status}` } }
    return { ok: false, problem: { code: said.data.code, detail: said.data.detail } }
  }
  const read = schema.safeParse(body)
  if (read.success) return { ok: true, value: read.data }
  return { ok: false, problem: { code: 'unreadable', detail: `${path}: ${read.error.message}` } }
}

/** The requests of the contract (`api/routes.ts`) that a browser makes. Every one of them ends in an answer; none throws. */
export class Server {
  /** Paths of the cluster that this is about. */
  readonly routes: ClusterRoutes
  readonly #cluster: string | undefined
  #csrf = ''

  /** @param cluster its id; left out: the only one, or the first */
  constructor(cluster?: string) {
    this.#cluster = cluster
    this.routes = clusterRoutes(cluster)
  }

  async logIn(token: string): Promise<Answer<Session>> {
    const answer = this.#remembered(
      await ask(session, routes.session, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ token }),
      }),
    )
    // What may be done is a matter of the cluster.
    return answer.ok && this.#cluster !== undefined ? this.resume() : answer
  }

  /** The session of the cookie. */
  async resume(): Promise<Answer<Session>> {
    return this.#remembered(await ask(session, this.routes.session))
  }

  async connect(request: ConnectRequest): Promise<Answer<ClusterSummary>> {
    return ask(clusterSummary, routes.clusters, this.#post(request))
  }

  async addHosts(cluster: string, hosts: readonly HostSpec[]): Promise<Answer<ClusterSummary>> {
    return ask(clusterSummary, routes.hosts(cluster), this.#post({ hosts }))
  }

  async retryHost(cluster: string, host: number): Promise<Answer<ClusterSummary>> {
    return ask(clusterSummary, routes.retry(cluster, host), this.#post({}))
  }

  async acceptKey(cluster: string, host: number, acceptance: KeyAcceptance): Promise<Answer<ClusterSummary>> {
    return ask(clusterSummary, routes.accept(cluster, host), this.#post(acceptance))
  }

  async disconnect(cluster: string): Promise<Answer<null>> {
    return ask(z.null(), routes.cluster(cluster), { method: 'DELETE', headers: { [csrfHeader]: this.#csrf } })
  }

  async preview(request: OperationInput): Promise<Answer<Preview>> {
    return ask(preview, `${this.routes.operations}?dryRun=true`, this.#post(request))
  }

  /** Begins what was previewed. With the same `key` again it is the same operation. */
  async begin(
    request: OperationInput,
    cibVersion: string,
    key: string,
    confirmation: string | undefined,
  ): Promise<Answer<Operation>> {
    const body = confirmation === undefined ? request : { ...request, confirmation }
    return ask(
      operation,
      this.routes.operations,
      this.#post(body, { 'If-Match': `"${cibVersion}"`, [idempotencyHeader]: key }),
    )
  }

  /** All that the server knows, newest first. */
  async operations(): Promise<Answer<Operation[]>> {
    return ask(operation.array(), this.routes.operations)
  }

  async cancel(id: string): Promise<Answer<Operation>> {
    return ask(operation, this.routes.cancel(id), this.#post({}))
  }

  async explain(resource: string, node: string | undefined) {
    return ask(explanation, this.routes.explain(resource, node))
  }

  async whatIf(supposition: Supposition) {
    return ask(whatIf, this.routes.whatIf, this.#post(supposition))
  }

  #post(body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit {
    return {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', [csrfHeader]: this.#csrf, ...headers },
      body: JSON.stringify(body),
    }
  }

  #remembered(answer: Answer<Session>): Answer<Session> {
    if (answer.ok) this.#csrf = answer.value.csrf
    return answer
  }
}

/** A key that no other request has. Not `randomUUID`, which browsers have in secure contexts only. */
export function idempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
