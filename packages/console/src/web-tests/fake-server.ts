import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import {
  type ClusterEvent,
  type Explanation,
  type Fault,
  type FaultCode,
  type Fleet,
  faultStatus,
  heartbeatSeconds,
  type Operation,
  operationRequest,
  type Preview,
  type Session,
  type Snapshot,
  type Stale,
  type WhatIf,
} from '../api/index.ts'
import { movePreview, operatorSession, runningMove } from './generated-cluster.ts'

/** A request that a page has made, other than for a file. */
export type SeenRequest = {
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: unknown
}

const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

export const goodToken = 'token-of-the-test'

/** What a browser meets in place of the console's server: the built page, one snapshot, and canned answers. */
export class FakeServer {
  readonly seen: SeenRequest[] = []
  snapshot: Snapshot
  /** The next changes are refused since the cluster changed. */
  refusals = 0
  /** Told in place of the snapshot, by a server that has never reached the cluster. */
  unreached: Stale | undefined
  session: Session = operatorSession
  /** What the page of all clusters is told. */
  fleet: Fleet = { clusters: [] }
  /** What it knows of operations, newest first. */
  operations: readonly Operation[] = []
  /** What previews have in place of what is canned. */
  foreseen: Partial<Preview> = {}
  readonly #folder: string
  readonly #streams = new Set<http.ServerResponse>()
  readonly #fleetStreams = new Set<http.ServerResponse>()
  readonly #server: http.Server
  readonly #heartbeat: NodeJS.Timeout

  constructor(folder: string, snapshot: Snapshot) {
    this.#folder = folder
    this.snapshot = snapshot
    this.#server = http.createServer((request, response) => void this.#answer(request, response))
    this.#heartbeat = setInterval(() => {
      for (const stream of [...this.#streams, ...this.#fleetStreams]) stream.write(': alive\n\n')
    }, heartbeatSeconds * 1000)
  }

  /** Listens; answers the address, with the token in it. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat)
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  /** Requests of one method for addresses that begin with a text. */
  asked(method: string, start: string): readonly SeenRequest[] {
    return this.seen.filter((request) => request.method === method && request.url.startsWith(start))
  }

  /** Tells every page that listens. */
  push(event: ClusterEvent): void {
    for (const stream of this.#streams) this.#write(stream, event)
  }

  /** Tells every page of all clusters what they are now. */
  pushFleet(fleet: Fleet): void {
    this.fleet = fleet
    for (const stream of this.#fleetStreams) stream.write(fleetEvent(fleet))
  }

  /** Ends the streams of events, as a server does that is started anew. */
  endStreams(): void {
    for (const stream of [...this.#streams, ...this.#fleetStreams]) stream.end()
  }

  #write(stream: http.ServerResponse, { name, data }: ClusterEvent): void {
    const rev = name === 'snapshot' || name === 'patch' ? data.rev : undefined
    const id = rev === undefined ? '' : `id: ${this.snapshot.server}.${rev}\n`
    stream.write(`${id}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { pathname: asked, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const pathname = this.#pathOfOne(asked)
    const method = request.method ?? 'GET'
    if (!pathname.startsWith('/api/')) {
      this.#file(pathname, response)
      return
    }
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    this.seen.push({ method, url: request.url ?? '', headers: request.headers, body })

    const hasCookie = request.headers.cookie?.includes('session=1') === true
    if (pathname === '/api/session') {
      const isKnown = hasCookie || (body as { token?: string } | undefined)?.token === goodToken
      if (!isKnown) return fail(response, method === 'POST' ? 'badToken' : 'notLoggedIn')
      return send(response, 200, this.session, { 'Set-Cookie': 'session=1; HttpOnly; SameSite=Strict' })
    }
    if (!hasCookie) return fail(response, 'notLoggedIn')
    if (method !== 'GET' && request.headers['x-quorate-csrf'] !== this.session.csrf) {
      return fail(response, 'crossSite')
    }
    if (pathname.startsWith('/api/clusters')) return this.#answerFleet(method, pathname, response)
    if (pathname === '/api/cluster/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
      this.#streams.add(response)
      response.on('close', () => this.#streams.delete(response))
      this.#write(
        response,
        this.unreached === undefined
          ? { name: 'snapshot', data: this.snapshot }
          : { name: 'stale', data: this.unreached },
      )
      return
    }
    if (pathname === '/api/operations' && method === 'GET') return send(response, 200, this.operations)
    if (pathname === '/api/operations' && method === 'POST') {
      const { confirmation: _, ...rest } = body as Record<string, unknown>
      const wanted = operationRequest.parse(rest)
      if (searchParams.get('dryRun') === 'true') {
        return send(response, 200, { ...movePreview(wanted, this.snapshot.cibVersion), ...this.foreseen })
      }
      if (this.refusals > 0) {
        this.refusals -= 1
        return fail(response, 'cibChanged')
      }
      const begun = runningMove(wanted)
      this.operations = [begun]
      return send(response, 202, begun)
    }
    if (pathname.startsWith('/api/explain/')) {
      return send(response, 200, explanationOf(decodeURIComponent(pathname.slice('/api/explain/'.length))))
    }
    if (pathname === '/api/what-if') return send(response, 200, plannedLoss(body as WhatIf['supposition']))
    return fail(response, 'notFound')
  }

  /** A path of a cluster that there is, as that of the only one: they are all the same here. */
  #pathOfOne(pathname: string): string {
    const [, id, rest = ''] = /^\/api\/clusters\/([^/]+)\/(events|operations.*)$/.exec(pathname) ?? []
    if (!this.fleet.clusters.some((cluster) => cluster.id === id)) return pathname
    return rest === 'events' ? '/api/cluster/events' : `/api/${rest}`
  }

  #answerFleet(method: string, pathname: string, response: http.ServerResponse): void {
    if (pathname === '/api/clusters/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
      this.#fleetStreams.add(response)
      response.on('close', () => this.#fleetStreams.delete(response))
      response.write(fleetEvent(this.fleet))
      return
    }
    if (method === 'DELETE') {
      response.writeHead(204).end()
      return
    }
    if (method === 'GET' && /^\/api\/clusters\/[^/]+\/session$/.test(pathname)) return send(response, 200, this.session)
    const [cluster] = this.fleet.clusters
    if (method !== 'POST' || cluster === undefined) return fail(response, 'notFound')
    send(response, pathname === '/api/clusters' ? 201 : 200, cluster)
  }

  #file(pathname: string, response: http.ServerResponse): void {
    const file = path.join(this.#folder, /\.\w+$/.test(pathname) ? path.normalize(pathname) : 'index.html')
    if (!fs.existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    const type = contentTypes[path.extname(file)] ?? 'application/octet-stream'
    response.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': policy })
    response.end(fs.readFileSync(file))
  }
}

function fleetEvent(fleet: Fleet): string {
  return `event: clusters\ndata: ${JSON.stringify(fleet)}\n\n`
}

function send(
  response: http.ServerResponse,
  status: number,
  value: unknown,
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers })
  response.end(JSON.stringify(value))
}

function fail(response: http.ServerResponse, code: FaultCode): void {
  const status = faultStatus[code]
  const value: Fault = {
    type: 'about:blank',
    title: code,
    status,
    code,
    detail: `said by the fake: ${code}`,
    params: {},
  }
  send(response, status, value, { 'Content-Type': 'application/problem+json' })
}

function explanationOf(resource: string): Explanation {
  return {
    resource,
    instances: [
      {
        id: resource,
        summary: `${resource} stays where it is`,
        role: 'Started',
        nextRole: 'Started',
        runningOn: ['node-01'],
        assigned: 'node-01',
        mainReason: null,
        general: [],
        nodes: [
          {
            node: 'node-01',
            score: 100,
            isChosen: true,
            isRunningNow: true,
            reasons: [{ kind: 'stickiness', constraint: null, score: 100, text: 'stickiness 100', remedy: null }],
            outdoneBy: null,
            remedies: [],
            shortfall: null,
          },
        ],
      },
    ],
    fencing: [],
    loops: [],
    lines: [`${resource} stays`],
  }
}

function plannedLoss(supposition: WhatIf['supposition']): WhatIf {
  const line = {
    action: 'fence',
    resource: null,
    source: null,
    target: 'node-02',
    reason: null,
    isBlocked: false,
    text: 'Fence (reboot) node-02',
  }
  return {
    cibVersion: '0.42.7',
    supposition,
    summary: 'one node is fenced',
    plan: [line],
    later: [],
    due: [],
    changes: [
      {
        id: 'rsc-0001',
        before: { nodes: ['node-02'], role: 'Started' },
        after: { nodes: ['node-03'], role: 'Started' },
      },
    ],
    down: ['rsc-0001'],
    restarted: [],
    fenced: ['node-02'],
    lost: [],
    problems: [],
    risks: [],
    isComplete: true,
    standstill: null,
  }
}
