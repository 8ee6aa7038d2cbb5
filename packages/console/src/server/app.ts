import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import fs from 'node:fs/promises'
import { formatXml } from '@quorate/xml'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type * as z from 'zod'
import { isLoopbackHost, isSameOrigin } from '../access/request-origin.ts'
import { allowedOperations, neededRole } from '../access/rights.ts'
import { hasRights, type Login, type Logins, loggedIn, loggedOut, used } from '../access/session-table.ts'
import {
  confirmationText,
  csrfHeader,
  type Fault,
  type FaultCode,
  faultStatus,
  idempotencyHeader,
  limits,
  login as loginSchema,
  type OperationRequest,
  operationRequest,
  type Role,
  routes,
  type Session,
  supposition as suppositionSchema,
} from '../api/index.ts'
import type { Question } from '../cluster/question.ts'
import type { ClusterSource } from './cluster-source.ts'
import type { EventStreams } from './event-stream.ts'
import type { Operations } from './operations.ts'
import type { Thinker } from './oracle-thread.ts'
import type { Picture } from './picture.ts'
import type { WebFile } from './web-files.ts'

/** What the app answers from. */
export type AppParts = {
  readonly source: ClusterSource
  readonly picture: Picture
  readonly thinker: Thinker
  readonly operations: Operations
  readonly streams: EventStreams
  /** Tokens by the roles that there are. */
  readonly tokens: ReadonlyMap<Role, string>
  readonly cookie: string
  /** The server listens on this machine only: it goes by the names of that. */
  readonly isLoopback: boolean
  readonly files: ReadonlyMap<string, WebFile>
  readonly version: string
  readonly now: () => number
}

/** An error on its way to the browser. */
class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: FaultCode
  readonly params: Readonly<Record<string, string>>
  constructor(code: FaultCode, detail: string, params: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.code = code
    this.params = params
  }
}

const titles: Partial<Record<FaultCode, string>> = {
  invalid: 'Not as described',
  notLoggedIn: 'Not logged in',
  badToken: 'Wrong token',
  cibChanged: 'The cluster has changed',
  noContact: 'No contact to the cluster',
}

/** Headers of every answer: nothing from elsewhere is loaded, run, or shown around it. */
const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

type Env = { Variables: { login: Login; secret: string } }

/** The HTTP side of the console. */
export function consoleApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>()
  let logins: Logins = new Map()

  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(securityHeaders)) c.res.headers.set(name, value)
    if (c.req.path.startsWith('/api/')) c.res.headers.set('Cache-Control', 'no-store')
  })
  app.onError((error, c) => {
    if (error instanceof Refused) return problem(c, error.code, error.message, error.params)
    process.stderr.write(`quorate console: ${error.stack}\n`)
    return problem(c, 'internal', 'an error of the server; its output has it', {})
  })
  app.notFound((c) => problem(c, 'notFound', `there is nothing at ${c.req.path}`, {}))

  app.use(async (c, next) => {
    if (parts.isLoopback && !isLoopbackHost(c.req.header('Host'))) {
      throw new Refused('crossSite', 'this server goes by the names of this machine only')
    }
    await next()
  })
  app.use(
    '/api/*',
    bodyLimit({
      maxSize: limits.bodyBytesMax,
      onError: () => {
        throw new Refused('tooLarge', `a body has at most ${limits.bodyBytesMax} bytes`)
      },
    }),
  )
  app.use('/api/*', async (c, next) => {
    const { method } = c.req
    const changes = method !== 'GET' && method !== 'HEAD'
    if (changes && !isSameOrigin(c.req.header('Origin'), c.req.header('Host'))) {
      throw new Refused('crossSite', 'Origin is missing, or of another site')
    }
    if (method === 'POST' && c.req.path === routes.session) return next()
    const secret = getCookie(c, parts.cookie)
    const found = secret === undefined ? undefined : used(logins, secret, parts.now())
    if (secret === undefined || found === undefined) throw new Refused('notLoggedIn', 'log in first')
    logins = found.logins
    if (changes && !isSameText(c.req.header(csrfHeader) ?? '', found.login.csrf)) {
      throw new Refused('crossSite', `${csrfHeader} is missing or wrong`)
    }
    c.set('login', found.login)
    c.set('secret', secret)
    return next()
  })

  const sessionOf = ({ role, csrf }: Login): Session => ({
    role,
    csrf,
    version: parts.version,
    operations: allowedOperations(role, !parts.source.isWritable),
  })

  app.post(routes.session, async (c) => {
    const { token } = await body(c, loginSchema)
    const role = [...parts.tokens].find(([, known]) => isSameText(token, known))?.[0]
    if (role === undefined) throw new Refused('badToken', 'no role has that token')
    const secret = randomBytes(32).toString('base64url')
    const made: Login = { role, csrf: randomBytes(32).toString('base64url'), usedMs: parts.now() }
    logins = loggedIn(logins, secret, made)
    setCookie(c, parts.cookie, secret, { httpOnly: true, sameSite: 'Strict', path: '/' })
    return c.json(sessionOf(made))
  })
  app.get(routes.session, (c) => c.json(sessionOf(c.get('login'))))
  app.delete(routes.session, (c) => {
    logins = loggedOut(logins, c.get('secret'))
    parts.streams.end('logged out', c.get('secret'))
    deleteCookie(c, parts.cookie, { path: '/' })
    return c.body(null, 204)
  })

  app.get(routes.snapshot, compress(), (c) => {
    const { snapshot, stale } = parts.picture
    if (snapshot === undefined) throw new Refused('noContact', stale?.reason ?? 'nothing was heard of the cluster yet')
    c.header('ETag', `"${snapshot.cibVersion}"`)
    return c.json(snapshot)
  })
  app.get(routes.events, (c) => {
    if (parts.streams.count >= limits.streamsMax) {
      throw new Refused('tooMany', `${limits.streamsMax} streams of events are open already`)
    }
    const stream = parts.streams.open(c.req.header('Last-Event-ID'), c.get('secret'))
    return new Response(stream, { headers: { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' } })
  })
  app.get(routes.cib, (c) => {
    // Parameters of fencing devices are passwords.
    if (!hasRights(c.get('login').role, 'operator')) throw new Refused('forbidden', 'this needs the role operator')
    const { cib } = parts.picture
    if (cib === undefined) throw new Refused('noContact', 'nothing was heard of the cluster yet')
    return c.body(formatXml(cib), 200, { 'Content-Type': 'application/xml; charset=utf-8' })
  })

  app.get(routes.operations, (c) => c.json(parts.operations.all))
  app.post(routes.operations, async (c) => {
    const { request, confirmation } = startOf(await json(c))
    const { role } = c.get('login')
    if (c.req.query('dryRun') === 'true') {
      const found = await parts.operations.preview(request)
      if (!found.ok) throw new Refused(found.error.code, found.error.detail, found.error.params)
      return c.json(found.value)
    }
    if (c.req.query('dryRun') !== undefined)
      throw new Refused('invalid', 'dryRun is true or left out', { path: 'dryRun' })
    if (!parts.source.isWritable) throw new Refused('readOnly', 'this is a file: it can be looked at only')
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
    const found = await parts.operations.start({
      request,
      confirmation,
      cibVersion: match[1] ?? '',
      key: `${c.get('secret')} ${key}`,
      by: role,
    })
    if (!found.ok) throw new Refused(found.error.code, found.error.detail, found.error.params)
    c.header('Location', routes.operation(found.value.id))
    return c.json(found.value, 202)
  })
  app.get('/api/operations/:id', (c) => {
    const found = parts.operations.find(c.req.param('id'))
    if (found === undefined) throw new Refused('notFound', `there is no operation ${c.req.param('id')}`)
    return c.json(found)
  })
  app.post('/api/operations/:id/cancel', (c) => {
    if (!hasRights(c.get('login').role, 'operator')) throw new Refused('forbidden', 'this needs the role operator')
    const found = parts.operations.cancel(c.req.param('id'))
    if (!found.ok) throw new Refused(found.error.code, found.error.detail, found.error.params)
    return c.json(found.value)
  })

  const asked = async (question: Question): Promise<object> => {
    const { cib } = parts.picture
    if (cib === undefined) throw new Refused('noContact', 'nothing was heard of the cluster yet')
    const answer = await parts.thinker.ask(cib, parts.now(), question)
    if (!answer.ok) throw new Refused(answer.error.code, answer.error.detail, answer.error.params)
    return answer.value
  }
  app.get('/api/explain/:resource', async (c) =>
    c.json(await asked({ kind: 'explain', resource: c.req.param('resource'), node: c.req.query('node') })),
  )
  app.post(routes.whatIf, async (c) =>
    c.json(await asked({ kind: 'what-if', supposition: await body(c, suppositionSchema) })),
  )
  app.all('/api/*', (c) => {
    throw new Refused('notFound', `there is nothing at ${c.req.method} ${c.req.path}`)
  })

  app.get('*', compress(), async (c) => {
    const known = parts.files.get(c.req.path)
    // Addresses of the browser's own pages have no file: they all begin with the same one.
    const found = known ?? (/\.\w+$/.test(c.req.path) ? undefined : parts.files.get('/index.html'))
    if (found === undefined) return c.notFound()
    const cache = found.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache'
    return c.body(new Uint8Array(await fs.readFile(found.file)), 200, {
      'Content-Type': found.type,
      'Cache-Control': cache,
    })
  })
  return app
}

/** Whether two secrets are the same, in a time that tells nothing of them. */
function isSameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

function problem(c: Context, code: FaultCode, detail: string, params: Readonly<Record<string, string>>): Response {
  const status = faultStatus[code]
  const fault: Fault = { type: 'about:blank', title: titles[code] ?? code, status, code, detail, params: { ...params } }
  return c.body(JSON.stringify(fault), status as ContentfulStatusCode, { 'Content-Type': 'application/problem+json' })
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

async function json(c: Context): Promise<unknown> {
  if (!/^application\/json\b/.test(c.req.header('Content-Type') ?? '')) {
    throw new Refused('invalid', 'Content-Type: application/json is expected', { path: 'Content-Type' })
  }
  try {
    return JSON.parse(await c.req.text())
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Refused('invalid', `the body is no JSON: ${error.message}`, { path: '' })
    throw error
  }
}

function checked<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const path = issue?.path.join('.') ?? ''
  throw new Refused('invalid', `${path === '' ? 'the body' : path}: ${issue?.message ?? 'not as described'}`, { path })
}

async function body<T extends z.ZodType>(c: Context, schema: T): Promise<z.output<T>> {
  return checked(schema, await json(c))
}
