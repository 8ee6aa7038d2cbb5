import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import fs from 'node:fs/promises'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { isLoopbackHost, isSameOrigin } from '../access/request-origin.ts'
import { allowedOperations, mayConnect } from '../access/rights.ts'
import { type Login, type Logins, loggedIn, loggedOut, used } from '../access/session-table.ts'
import { csrfHeader, limits, login as loginSchema, type Role, routes, type Session } from '../api/index.ts'
import { addClusterRoutes } from './cluster-routes.ts'
import type { Fleet, FleetCluster } from './fleet.ts'
import { addFleetRoutes } from './fleet-routes.ts'
import { body, type Env, problem, Refused } from './http-answer.ts'
import type { WebFile } from './web-files.ts'

/** What the app answers from. */
export type AppParts = {
  readonly fleet: Fleet
  /** Tokens by the roles that there are. */
  readonly tokens: ReadonlyMap<Role, string>
  readonly cookie: string
  /** The server listens on this machine only: it goes by the names of that. */
  readonly isLoopback: boolean
  readonly files: ReadonlyMap<string, WebFile>
  readonly version: string
  readonly now: () => number
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

  const sessionOf = ({ role, csrf }: Login, cluster: FleetCluster | undefined): Session => ({
    role,
    csrf,
    version: parts.version,
    operations: allowedOperations(role, cluster?.source.isWritable === false),
    connect: mayConnect(role),
    clusters: parts.fleet.count,
  })

  app.post(routes.session, async (c) => {
    const { token } = await body(c, loginSchema)
    const role = [...parts.tokens].find(([, known]) => isSameText(token, known))?.[0]
    if (role === undefined) throw new Refused('badToken', 'no role has that token')
    const secret = randomBytes(32).toString('base64url')
    const made: Login = { role, csrf: randomBytes(32).toString('base64url'), usedMs: parts.now() }
    logins = loggedIn(logins, secret, made)
    setCookie(c, parts.cookie, secret, { httpOnly: true, sameSite: 'Strict', path: '/' })
    return c.json(sessionOf(made, parts.fleet.first))
  })
  app.get(routes.session, (c) => c.json(sessionOf(c.get('login'), parts.fleet.first)))
  app.delete(routes.session, (c) => {
    logins = loggedOut(logins, c.get('secret'))
    parts.fleet.endStreams('logged out', c.get('secret'))
    deleteCookie(c, parts.cookie, { path: '/' })
    return c.body(null, 204)
  })

  addFleetRoutes(app, parts.fleet)
  addClusterRoutes(app, false, parts.now, () => {
    const { first } = parts.fleet
    if (first === undefined) throw new Refused('notFound', 'there is no cluster here')
    return first
  })
  const named = (c: Context<Env>): FleetCluster => {
    const id = c.req.param('cluster') ?? ''
    const found = parts.fleet.find(id)
    if (found === undefined) throw new Refused('notFound', `there is no cluster ${id}`)
    return found
  }
  addClusterRoutes(app, true, parts.now, named)
  app.get('/api/clusters/:cluster/session', (c) => c.json(sessionOf(c.get('login'), named(c))))
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
