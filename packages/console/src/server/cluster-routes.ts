import { formatXml } from '@quorate/xml'
import type { Context, Hono } from 'hono'
import { compress } from 'hono/compress'
import { neededRole } from '../access/rights.ts'
import { hasRights } from '../access/session-table.ts'
import {
  clusterRoutes,
  confirmationText,
  idempotencyHeader,
  limits,
  type OperationRequest,
  operationRequest,
  supposition as suppositionSchema,
} from '../api/index.ts'
import type { Question } from '../cluster/question.ts'
import type { FleetCluster } from './fleet.ts'
import { body, checked, done, type Env, json, Refused } from './http-answer.ts'

/** Finds the cluster that a request is about. @throws Refused where there is none */
export type ClusterFinder = (c: Context<Env>) => FleetCluster

/** Stands for the id of a cluster, and of a thing of it, in a path that becomes a pattern. */
const marks = { cluster: 'CLUSTER', thing: 'THING' } as const

/** Path of the contract as Hono's pattern of all such. */
export const pathPattern = (path: string): string =>
  path.replace(marks.cluster, ':cluster').replace(marks.thing, ':thing')

/** The routes of one cluster: of the first, or of that which the path names. */
export function addClusterRoutes(app: Hono<Env>, isNamed: boolean, now: () => number, find: ClusterFinder): void {
  const routes = clusterRoutes(isNamed ? marks.cluster : undefined)
  app.get(pathPattern(routes.snapshot), compress(), (c) => {
    const { snapshot, stale } = find(c).picture
    if (snapshot === undefined) throw new Refused('noContact', stale?.reason ?? 'nothing was heard of the cluster yet')
    c.header('ETag', `"${snapshot.cibVersion}"`)
    return c.json(snapshot)
  })
  app.get(pathPattern(routes.events), (c) => {
    const { streams } = find(c)
    if (streams.count >= limits.streamsMax) {
      throw new Refused('tooMany', `${limits.streamsMax} streams of events are open already`)
    }
    return eventStream(streams.open(c.req.header('Last-Event-ID'), c.get('secret')))
  })
  app.get(pathPattern(routes.cib), (c) => {
    // Parameters of fencing devices are passwords.
    if (!hasRights(c.get('login').role, 'operator')) throw new Refused('forbidden', 'this needs the role operator')
    return c.body(formatXml(seenCib(find(c))), 200, { 'Content-Type': 'application/xml; charset=utf-8' })
  })

  app.get(pathPattern(routes.operations), (c) => c.json(find(c).operations.all))
  app.post(pathPattern(routes.operations), async (c) => {
    const { operations, source } = find(c)
    const { request, confirmation } = startOf(await json(c))
    const { role } = c.get('login')
    if (c.req.query('dryRun') === 'true') return c.json(done(await operations.preview(request)))
    if (c.req.query('dryRun') !== undefined)
      throw new Refused('invalid', 'dryRun is true or left out', { path: 'dryRun' })
    if (!source.isWritable) throw new Refused('readOnly', 'this is a file: it can be looked at only')
    const needed = neededRole(request.kind)
    if (!hasRights(role, needed)) throw new Refused('forbidden', `${request.kind} needs the role ${needed}`, { needed })
    const match = /^"(\d+\.\d+\.\d+)"$/.exec(c.req.header('If-Match') ?? '')
    if (match === null) throw new Refused('preconditionRequired', 'If-Match: "VERSION" of the preview is needed')
    const key = c.req.header(idempotencyHeader) ?? ''
    if (key === '' || key.length > limits.keyCharsMax) {
      throw new Refused(
        'preconditionRequired',
        `${idempotencyHeader} of 1 to ${limits.keyCharsMax} characters is needed`,
      )
    }
    const begun = done(
      await operations.start({
        request,
        confirmation,
        cibVersion: match[1] ?? '',
        key: `${c.get('secret')} ${key}`,
        by: role,
      }),
    )
    c.header('Location', clusterRoutes(c.req.param('cluster')).operation(begun.id))
    return c.json(begun, 202)
  })
  app.get(pathPattern(routes.operation(marks.thing)), (c) => {
    const id = thing(c)
    const found = find(c).operations.find(id)
    if (found === undefined) throw new Refused('notFound', `there is no operation ${id}`)
    return c.json(found)
  })
  app.post(pathPattern(routes.cancel(marks.thing)), (c) => {
    if (!hasRights(c.get('login').role, 'operator')) throw new Refused('forbidden', 'this needs the role operator')
    return c.json(done(find(c).operations.cancel(thing(c))))
  })

  const asked = async (c: Context<Env>, question: Question): Promise<object> => {
    const cluster = find(c)
    return done(await cluster.thinker.ask(seenCib(cluster), now(), question))
  }
  app.get(pathPattern(routes.explain(marks.thing)), async (c) =>
    c.json(await asked(c, { kind: 'explain', resource: thing(c), node: c.req.query('node') })),
  )
  app.post(pathPattern(routes.whatIf), async (c) =>
    c.json(await asked(c, { kind: 'what-if', supposition: await body(c, suppositionSchema) })),
  )
}

/** A stream of server-sent events as an answer. */
export function eventStream(stream: ReadableStream<Uint8Array>): Response {
  return new Response(stream, { headers: { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' } })
}

function thing(c: Context<Env>): string {
  return c.req.param('thing') ?? ''
}

function seenCib({ picture: { cib } }: FleetCluster) {
  if (cib === undefined) throw new Refused('noContact', 'nothing was heard of the cluster yet')
  return cib
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The body of an operation: what is asked for, and beside it what a person typed to confirm it. */
function startOf(raw: unknown): { request: OperationRequest; confirmation: string | undefined } {
  if (!isObject(raw)) return { request: checked(operationRequest, raw), confirmation: undefined }
  const { confirmation, ...request } = raw
  return { request: checked(operationRequest, request), confirmation: checked(confirmationText, confirmation) }
}
