import { invariant } from '@quorate/base'
import { versionOf, versionText } from '@quorate/cib'
import { attr, child, element } from '@quorate/xml'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  clusterRoutes,
  csrfHeader,
  explanation,
  fault,
  fleet as fleetSchema,
  idempotencyHeader,
  limits,
  type OperationInput,
  operation as operationSchema,
  patched,
  preview as previewSchema,
  type Role,
  routes,
  type Snapshot,
  session,
  snapshot as snapshotSchema,
  whatIf,
} from '../api/index.ts'
import { dummy, type SampleParts, sampleOptions, settledCib } from '../cluster/sample-cluster.ts'
import { temporaryConstraint } from '../cluster/temporary-move.ts'
import { consoleApp } from './app.ts'
import { inlineThinker } from './oracle-thread.ts'
import { SampleSource } from './sample-source.ts'
import { consoleParts } from './start.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const host = '127.0.0.1:2227'
const likes = (id: string): string => `<rsc_location id="${id}-n1" rsc="${id}" node="n1" score="1"/>`
const three: SampleParts = {
  resources: ['a', 'b', 'c'].map((id) => dummy(id)).join(''),
  constraints: ['a', 'b', 'c'].map(likes).join(''),
  stickiness: 100,
}

class Browser {
  readonly #app: ReturnType<typeof consoleApp>
  cookie = ''
  csrf = ''

  constructor(app: ReturnType<typeof consoleApp>) {
    this.#app = app
  }

  async ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    return this.#app.request(path, { ...init, headers: { Host: host, Cookie: this.cookie, ...init.headers } })
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.ask(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { Origin: `http://${host}`, 'Content-Type': 'application/json', [csrfHeader]: this.csrf, ...headers },
    })
  }

  async logIn(token: string): Promise<Response> {
    const response = await this.post(routes.session, { token })
    this.cookie = response.headers.get('Set-Cookie')?.split(';')[0] ?? ''
    if (response.ok) this.csrf = ((await response.clone().json()) as { csrf: string }).csrf
    return response
  }

  async snapshot(): Promise<Snapshot> {
    return snapshotSchema.parse(await (await this.ask(routes.snapshot)).json())
  }

  async preview(request: OperationInput) {
    return previewSchema.parse(await (await this.post(`${routes.operations}?dryRun=true`, request)).json())
  }

  async begin(request: OperationInput, version: string, key: string, more: object = {}): Promise<Response> {
    const headers = { 'If-Match': `"${version}"`, [idempotencyHeader]: key }
    return this.post(routes.operations, { ...request, ...more }, headers)
  }
}

async function started(parts: SampleParts = three, role: Role = 'admin') {
  const clock = { ms: sampleOptions.nowSeconds * 1000 }
  const source = new SampleSource(settledCib(parts))
  const made = consoleParts({
    source,
    role,
    thinker: inlineThinker(),
    now: () => clock.ms,
    webFolder: '/nonexistent',
  })
  closing.push(made.close)
  const { local } = made
  invariant(local !== undefined, 'a source was given')
  local.picture.start()
  const app = consoleApp({ ...made, cookie: 'q', isLoopback: true })
  const browser = new Browser(app)
  const token = made.tokens.get(role)
  invariant(token !== undefined, 'the role is offered')
  await browser.logIn(token)
  return { ...made, ...local, app, browser, source, clock }
}

async function codeOf(response: Response): Promise<readonly [number, string]> {
  expect(response.headers.get('Content-Type')).toContain('application/problem+json')
  const { status, code } = fault.parse(await response.json())
  expect(status).toBe(response.status)
  return [status, code]
}

/** Waits for the end of an operation. */
async function ended(at: Awaited<ReturnType<typeof started>>, id: string): Promise<void> {
  await vi.waitFor(() => expect(at.operations.find(id)?.state).not.toBe('running'), waiting)
}

const waiting = { timeout: 60_000, interval: 10 }

const move = (targets: string[], to = 'n2', seconds = 60): OperationInput => ({
  kind: 'move',
  targets,
  args: { to, seconds },
})

function constraintIds(source: SampleSource): readonly string[] {
  const configuration = child(source.cib, 'configuration')
  const constraints = configuration && child(configuration, 'constraints')
  return constraints?.children.map((item) => attr(item, 'id') ?? '') ?? []
}

test('without a login nothing is told, and the token is asked for once', async () => {
  const { app, tokens } = await started()
  const stranger = new Browser(app)
  for (const path of [
    routes.snapshot,
    routes.events,
    routes.cib,
    routes.operations,
    routes.explain('a'),
    routes.session,
  ]) {
    expect(await codeOf(await stranger.ask(path))).toEqual([401, 'notLoggedIn'])
  }
  expect(await codeOf(await stranger.logIn('wrong'))).toEqual([401, 'badToken'])
  const response = await stranger.logIn(tokens.get('viewer') ?? '')
  expect(response.status).toBe(200)
  expect(response.headers.get('Set-Cookie')).toMatch(/HttpOnly.*SameSite=Strict|SameSite=Strict.*HttpOnly/)
  expect((await stranger.ask(routes.snapshot)).status).toBe(200)
  // The parameters of resources are in it, passwords of fencing devices among them.
  expect(await codeOf(await stranger.ask(routes.cib))).toEqual([403, 'forbidden'])
})

test('a login ends when it was not used for long, and when it is ended', async () => {
  const { browser, clock } = await started()
  clock.ms += limits.sessionIdleSeconds * 1000
  expect((await browser.ask(routes.session)).status).toBe(200)
  clock.ms += limits.sessionIdleSeconds * 1000 + 1
  expect(await codeOf(await browser.ask(routes.session))).toEqual([401, 'notLoggedIn'])
})

test('a change needs the page of this server, its token, and its names', async () => {
  const { browser } = await started()
  const body = move(['a'])
  const path = `${routes.operations}?dryRun=true`
  expect(await codeOf(await browser.post(path, body, { Origin: 'http://evil.example' }))).toEqual([403, 'crossSite'])
  expect(await codeOf(await browser.post(path, body, { [csrfHeader]: 'x' }))).toEqual([403, 'crossSite'])
  expect(await codeOf(await browser.ask(routes.snapshot, { headers: { Host: 'evil.example' } }))).toEqual([
    403,
    'crossSite',
  ])
  const noOrigin = {
    method: 'POST',
    body: '{}',
    headers: { 'Content-Type': 'application/json', [csrfHeader]: browser.csrf },
  }
  expect(await codeOf(await browser.ask(routes.operations, noOrigin))).toEqual([403, 'crossSite'])
  expect(await codeOf(await browser.ask(routes.session, { method: 'DELETE' }))).toEqual([403, 'crossSite'])
})

test('nothing is changed by GET', async () => {
  const { browser, source } = await started()
  for (const path of [
    routes.operations,
    `${routes.operations}?kind=stop&targets=a`,
    routes.cancel('x'),
    '/api/what-if',
  ]) {
    await browser.ask(path)
  }
  expect(source.changes).toEqual([])
})

test('every answer has the headers that keep a page to itself', async () => {
  const { browser } = await started()
  for (const path of [routes.snapshot, '/', '/api/nothing']) {
    const { headers } = await browser.ask(path)
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'self'")
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
  }
})

test('what is not as described is refused with its place, and what is too large', async () => {
  const { browser } = await started()
  const bad = await browser.post(`${routes.operations}?dryRun=true`, { kind: 'move', targets: ['a'], args: { to: 7 } })
  const { code, params } = fault.parse(await bad.json())
  expect([code, params]).toEqual(['invalid', { path: 'args.to' }])
  expect(await codeOf(await browser.post(routes.operations, 'x'.repeat(limits.bodyBytesMax)))).toEqual([
    413,
    'tooLarge',
  ])
  expect(await codeOf(await browser.post(routes.operations, {}, { 'Content-Type': 'text/plain' }))).toEqual([
    400,
    'invalid',
  ])
  const many = { kind: 'stop', targets: Array.from({ length: limits.targetsMax + 1 }, (_, i) => `r${i}`) }
  expect(await codeOf(await browser.post(`${routes.operations}?dryRun=true`, many))).toEqual([400, 'invalid'])
})

test('a bulk move: one change of the CIB, seen to its end, and its constraints taken back with one more', async () => {
  const at = await started()
  const { browser, source, clock } = at
  const preview = await browser.preview(move(['a', 'b', 'c']))
  expect(preview.targets.map(({ outcome }) => outcome)).toEqual(['will', 'will', 'will'])
  const response = await browser.begin(move(['a', 'b', 'c']), preview.cibVersion, 'k1')
  expect(response.status).toBe(202)
  const begun = operationSchema.parse(await response.json())
  expect(begun.temporary).toMatchObject({ made: 3, left: 3 })
  expect(begun.items.map(({ state }) => state)).toEqual(['running', 'running', 'running'])
  expect(source.changes).toEqual(['cib_apply_diff'])
  expect([preview.cibVersion, begun.cibVersion, versionText(versionOf(source.cib))]).toEqual([
    expect.stringMatching(/^0\.7\./),
    '0.8.0',
    '0.8.0',
  ])
  expect(constraintIds(source).filter((id) => id.startsWith('console-move-'))).toHaveLength(3)
  clock.ms += 4000
  source.settle(sampleOptions.nowSeconds)
  await ended(at, begun.id)
  const done = operationSchema.parse(await (await browser.ask(routes.operation(begun.id))).json())
  expect(done).toMatchObject({ state: 'done', temporary: { made: 3, left: 0 }, isCancellable: false })
  expect(done.items.map(({ state, nodes, durationMs }) => [state, nodes, durationMs])).toEqual(
    Array.from({ length: 3 }, () => ['done', ['n2'], 4000]),
  )
  expect(source.changes).toEqual(['cib_apply_diff', 'cib_delete'])
  expect(constraintIds(source)).toEqual(['a-n1', 'b-n1', 'c-n1'])
})

test('the same key is one operation, also when both come at once; with another request it is refused', async () => {
  const { browser, source } = await started()
  const { cibVersion } = await browser.preview(move(['a']))
  const twice = await Promise.all([
    browser.begin(move(['a']), cibVersion, 'k'),
    browser.begin(move(['a']), cibVersion, 'k'),
  ])
  const ids = await Promise.all(twice.map(async (response) => operationSchema.parse(await response.json()).id))
  expect(new Set(ids).size).toBe(1)
  const later = await browser.begin(move(['a']), cibVersion, 'k')
  expect(operationSchema.parse(await later.json()).id).toBe(ids[0])
  expect(source.changes).toEqual(['cib_apply_diff'])
  expect(await codeOf(await browser.begin(move(['b']), cibVersion, 'k'))).toEqual([409, 'keyReused'])
})

test('a configuration that has changed since the preview: nothing is done, not even when it changes at the last moment', async () => {
  const { browser, source } = await started()
  const changed = (): void => {
    const data = element('constraints', {}, [element('rsc_location', { id: 'new', rsc: 'b', node: 'n3', score: '1' })])
    source.perform({ op: 'cib_create', section: 'constraints', data: data.children[0] as typeof data })
  }
  const { cibVersion } = await browser.preview(move(['a']))
  source.onPatch = () => {
    source.onPatch = () => undefined
    changed()
  }
  expect(await codeOf(await browser.begin(move(['a']), cibVersion, 'k'))).toEqual([409, 'cibChanged'])
  expect(await codeOf(await browser.begin(move(['a']), cibVersion, 'k'))).toEqual([409, 'cibChanged'])
  expect(source.changes).toEqual(['cib_create'])
})

test('a status that has changed is no hindrance where the preview is the same, and is one where it is not', async () => {
  const { browser, source } = await started()
  const attribute = (node: string, name: string, value: string): void => {
    const pair = element('nvpair', { id: `status-${node}-${name}`, name, value })
    const set = element('instance_attributes', { id: `status-${node}` }, [pair])
    const state = element('node_state', { id: node }, [element('transient_attributes', { id: node }, [set])])
    source.perform({ op: 'cib_modify', section: 'status', data: state })
  }
  const { cibVersion } = await browser.preview(move(['a']))
  attribute('3', 'pingd', '5')
  source.onPatch = () => {
    source.onPatch = () => undefined
    attribute('3', 'pingd', '6')
  }
  expect((await browser.begin(move(['a']), cibVersion, 'k')).status).toBe(202)
  expect(source.changes).toEqual(['cib_modify', 'cib_modify', 'cib_apply_diff'])
  const next = await browser.preview(move(['b']))
  attribute('2', 'standby', 'on')
  expect(await codeOf(await browser.begin(move(['b']), next.cibVersion, 'k2'))).toEqual([409, 'cibChanged'])
})

test('what is cancelled, or not done in time, leaves no constraints', async () => {
  const at = await started()
  const { browser, source, clock, operations } = at
  const first = await browser.preview(move(['a']))
  const { id } = operationSchema.parse(await (await browser.begin(move(['a']), first.cibVersion, 'k1')).json())
  const cancelled = await browser.post(routes.cancel(id), {})
  expect(cancelled.status).toBe(200)
  await ended(at, id)
  expect(operations.find(id)).toMatchObject({ state: 'cancelled', temporary: { left: 0 } })
  expect(constraintIds(source)).toEqual(['a-n1', 'b-n1', 'c-n1'])
  expect(await codeOf(await browser.post(routes.cancel(id), {}))).toEqual([409, 'alreadyOver'])
  const second = await browser.preview(move(['b']))
  const late = operationSchema.parse(await (await browser.begin(move(['b']), second.cibVersion, 'k2')).json())
  clock.ms += 60_000
  operations.tick()
  await ended(at, late.id)
  expect(operations.find(late.id)).toMatchObject({ state: 'timedOut', temporary: { left: 0 } })
  expect(constraintIds(source)).toEqual(['a-n1', 'b-n1', 'c-n1'])
})

test('constraints that a server which is gone has left behind are taken away: once all is done, or they have ended', async () => {
  const left = (
    id: string,
    end: string,
  ): string => `<rsc_location id="console-move-gone-${id}" rsc="${id}" role="Started">
    <rule id="r-${id}" score="INFINITY" boolean-op="and"><expression id="e-${id}" attribute="#uname" operation="eq" value="n2" type="string"/>
    <date_expression id="d-${id}" operation="lt" end="${end}"/></rule></rsc_location>`
  const { source } = await started({
    ...three,
    constraints: `${three.constraints}${left('a', '2023-11-14 23:00:00Z')}${left('b', '2023-11-14 20:00:00Z')}`,
  })
  await vi.waitFor(() => expect(constraintIds(source)).toEqual(['a-n1', 'b-n1', 'c-n1']), waiting)
  // First what has ended, then what the scheduler says has done its work.
  expect(source.changes).toEqual(['cib_delete', 'cib_delete'])
})

test('what another server moves is left alone until the cluster has done it', async () => {
  const { source, picture, operations } = await started()
  await vi.waitFor(() => expect(picture.snapshot?.isIdle).toBe(true), waiting)
  const other = temporaryConstraint({
    operation: 'other',
    resource: 'a',
    node: 'n2',
    isForPromotion: false,
    untilSeconds: sampleOptions.nowSeconds + 60,
  })
  source.perform({ op: 'cib_create', section: 'constraints', data: other })
  // The last snapshot is that of a cluster with nothing to do, and knows nothing of it yet.
  operations.tick()
  await vi.waitFor(() => expect(picture.snapshot).toMatchObject({ cibVersion: '0.8.0', isIdle: false }), waiting)
  expect(source.changes).toEqual(['cib_create'])
  source.settle(sampleOptions.nowSeconds)
  await vi.waitFor(() => expect(constraintIds(source)).toEqual(['a-n1', 'b-n1', 'c-n1']), waiting)
})

test('roles: a viewer looks and asks, an operator moves, an administrator has the tickets', async () => {
  const { app, tokens, browser, source } = await started({
    ...three,
    constraints: '<rsc_ticket id="t-a" ticket="T" rsc="a" loss-policy="stop"/>',
  })
  const viewer = new Browser(app)
  await viewer.logIn(tokens.get('viewer') ?? '')
  const { cibVersion } = await viewer.preview(move(['b']))
  expect(await codeOf(await viewer.begin(move(['b']), cibVersion, 'k'))).toEqual([403, 'forbidden'])
  const operator = new Browser(app)
  await operator.logIn(tokens.get('operator') ?? '')
  const grant: OperationInput = { kind: 'ticketGrant', targets: ['T'] }
  expect(await codeOf(await operator.begin(grant, cibVersion, 'k'))).toEqual([403, 'forbidden'])
  const granted = await browser.preview(grant)
  expect(granted.typedConfirmation).toBe('T')
  expect(await codeOf(await browser.begin(grant, granted.cibVersion, 'k'))).toEqual([422, 'confirmationNeeded'])
  expect((await browser.begin(grant, granted.cibVersion, 'k', { confirmation: 'T' })).status).toBe(202)
  expect(source.changes).toEqual(['cib_apply_diff'])
})

test('preconditions of an operation are asked for by name', async () => {
  const { browser } = await started()
  const headers = { [idempotencyHeader]: 'k' }
  expect(await codeOf(await browser.post(routes.operations, move(['a']), headers))).toEqual([
    428,
    'preconditionRequired',
  ])
  expect(await codeOf(await browser.post(routes.operations, move(['a']), { 'If-Match': '"0.7.3"' }))).toEqual([
    428,
    'preconditionRequired',
  ])
  const { cibVersion } = await browser.preview(move(['x']))
  expect(await codeOf(await browser.begin(move(['x']), cibVersion, 'k'))).toEqual([422, 'unprocessable'])
})

test('lost contact: the last state with its age, and nothing is begun', async () => {
  const { browser, source } = await started()
  const before = await browser.snapshot()
  source.lose('the CIB manager went away')
  const after = await browser.snapshot()
  expect(after.stale?.reason).toBe('the CIB manager went away')
  expect(after.resources).toEqual(before.resources)
  expect(after.at).toBe(before.at)
  expect(await codeOf(await browser.post(`${routes.operations}?dryRun=true`, move(['a'])))).toEqual([503, 'noContact'])
})

test('questions: why here, and what if', async () => {
  const { browser } = await started()
  const why = explanation.parse(await (await browser.ask(routes.explain('a', 'n2'))).json())
  expect(why.instances[0]?.nodes.map(({ node }) => node)).toEqual(['n2'])
  const lost = whatIf.parse(await (await browser.post(routes.whatIf, { nodesLost: ['n1'] })).json())
  expect(lost.changes.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  expect(await codeOf(await browser.ask(routes.explain('x')))).toEqual([422, 'unprocessable'])
  expect(await codeOf(await browser.post(routes.whatIf, {}))).toEqual([400, 'invalid'])
})

test('events: a snapshot first, then what changes it, and after a break what was missed', async () => {
  const { browser, source } = await started()
  const first = await readEvents(await browser.ask(routes.events), 1)
  const [begun] = first.events
  invariant(begun?.name === 'snapshot', 'the first event is a snapshot')
  const shown = snapshotSchema.parse(begun.data)
  const next = first.more(2)
  source.perform({ op: 'cib_modify', section: 'resources', data: element('primitive', { id: 'a', description: 'x' }) })
  const patches = await next
  let now: Snapshot | undefined = shown
  for (const { name, data } of patches) {
    expect(name).toBe('patch')
    now = now === undefined ? undefined : patched(now, data as never)
  }
  const whole = await browser.snapshot()
  expect(now).toMatchObject({ rev: whole.rev, cibVersion: whole.cibVersion, resources: whole.resources })
  first.close()
  const resumed = await readEvents(
    await browser.ask(routes.events, { headers: { 'Last-Event-ID': begun.id } }),
    patches.length,
  )
  expect(resumed.events.map(({ name, id }) => [name, id])).toEqual(patches.map(({ name, id }) => [name, id]))
  resumed.close()
  const foreign = await readEvents(await browser.ask(routes.events, { headers: { 'Last-Event-ID': 'other.1' } }), 1)
  expect(foreign.events[0]?.name).toBe('snapshot')
  foreign.close()
})

type ReadEvent = { readonly name: string; readonly id: string; readonly data: unknown }

/** Reads so many events of a stream, and on demand more. */
async function readEvents(response: Response, count: number) {
  expect(response.headers.get('Content-Type')).toContain('text/event-stream')
  const reader = response.body?.getReader()
  invariant(reader !== undefined, 'there is a stream')
  const decoder = new TextDecoder()
  let rest = ''
  const more = async (wanted: number): Promise<ReadEvent[]> => {
    const found: ReadEvent[] = []
    while (found.length < wanted) {
      const end = rest.indexOf('\n\n')
      if (end === -1) {
        const { value, done } = await reader.read()
        invariant(!done, 'the stream goes on')
        rest += decoder.decode(value, { stream: true })
        continue
      }
      const fields = new Map(
        rest
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
      )
      rest = rest.slice(end + 2)
      if (fields.has('event')) {
        found.push({
          name: fields.get('event') ?? '',
          id: fields.get('id') ?? '',
          data: JSON.parse(fields.get('data') ?? ''),
        })
      }
    }
    return found
  }
  return { events: await more(count), more, close: () => void reader.cancel() }
}

describe('several clusters', () => {
  async function two(role: Role = 'admin') {
    const at = await started(three, role)
    const other = new SampleSource(settledCib({ resources: dummy('other') }))
    const cluster = at.fleet.add(other, 'ssh', 'far')
    cluster.picture.start()
    return { ...at, other, cluster }
  }

  test('each has its own paths; those without an id are of the first', async () => {
    const { browser } = await two()
    const ids = async (path: string) => {
      const seen = snapshotSchema.parse(await (await browser.ask(path)).json())
      return seen.resources.map(({ id }) => id)
    }
    expect(await ids(routes.snapshot)).toEqual(['a', 'b', 'c'])
    expect(await ids(clusterRoutes('local').snapshot)).toEqual(['a', 'b', 'c'])
    expect(await ids(clusterRoutes('far').snapshot)).toEqual(['other'])
    expect(await codeOf(await browser.ask(clusterRoutes('near').snapshot))).toEqual([404, 'notFound'])
    const why = await browser.ask(clusterRoutes('far').explain('other'))
    expect(explanation.parse(await why.json()).resource).toBe('other')
    const told = session.parse(await (await browser.ask(clusterRoutes('far').session)).json())
    expect(told).toMatchObject({ role: 'admin', connect: true, clusters: 2 })
  })

  test('an operation is one of its cluster, and of no other', async () => {
    const { browser, source, other } = await two()
    const to = clusterRoutes('far')
    const request: OperationInput = { kind: 'stop', targets: ['other'] }
    const outlook = previewSchema.parse(await (await browser.post(`${to.operations}?dryRun=true`, request)).json())
    const headers = { 'If-Match': `"${outlook.cibVersion}"`, [idempotencyHeader]: 'k' }
    const response = await browser.post(to.operations, request, headers)
    const begun = operationSchema.parse(await response.json())
    expect(response.headers.get('Location')).toBe(`/api/clusters/far/operations/${begun.id}`)
    expect([other.changes, source.changes]).toEqual([['cib_apply_diff'], []])
    expect((await browser.ask(to.operation(begun.id))).status).toBe(200)
    expect(await codeOf(await browser.ask(routes.operation(begun.id)))).toEqual([404, 'notFound'])
  })

  test('in short, all of them', async () => {
    const { browser } = await two()
    const { clusters } = fleetSchema.parse(await (await browser.ask(routes.clusters)).json())
    expect(clusters).toMatchObject([
      { id: 'local', name: 'sample', kind: 'local', health: { nodes: 3, nodesOnline: 3, resources: 3, failed: 0 } },
      { id: 'far', name: 'sample-2', kind: 'ssh', health: { resources: 1 }, hosts: [], discovered: [] },
    ])
  })

  test('only administrators have the server go to other machines', async () => {
    const { browser } = await two('operator')
    const told = session.parse(await (await browser.ask(routes.session)).json())
    expect(told.connect).toBe('needs the role admin')
    const accepted = { fingerprint: `SHA256:${'a'.repeat(43)}`, save: false }
    for (const [path, sent] of [
      [routes.clusters, { hosts: [{ host: 'n1' }] }],
      [routes.hosts('far'), { hosts: [{ host: 'n1' }] }],
      [routes.retry('far', 1), {}],
      [routes.accept('far', 1), accepted],
    ] as const) {
      expect(await codeOf(await browser.post(path, sent))).toEqual([403, 'forbidden'])
    }
    const gone = await browser.ask(routes.cluster('far'), {
      method: 'DELETE',
      headers: { Origin: `http://${host}`, [csrfHeader]: browser.csrf },
    })
    expect(await codeOf(gone)).toEqual([403, 'forbidden'])
  })

  test('what is no host is refused before anything is done, and so is what has no connection', async () => {
    const { browser, fleet } = await two()
    for (const wrong of [
      {},
      { hosts: [] },
      { hosts: [{ host: '-oProxyCommand=id' }] },
      { hosts: [{ host: 'n1', user: '-l' }] },
      { hosts: [{ host: 'n1', port: 0 }] },
      { hosts: [{ host: 'n1' }], name: 'x'.repeat(limits.clusterCharsMax + 1) },
      { hosts: Array.from({ length: limits.hostsMax + 1 }, () => ({ host: 'n1' })) },
    ]) {
      expect(await codeOf(await browser.post(routes.clusters, wrong))).toEqual([400, 'invalid'])
    }
    expect(fleet.count).toBe(2)
    expect(await codeOf(await browser.post(routes.retry('local', 1), {}))).toEqual([422, 'unprocessable'])
    expect(await codeOf(await browser.post(routes.retry('nowhere', 1), {}))).toEqual([404, 'notFound'])
    const yes = { fingerprint: 'yes', save: true }
    expect(await codeOf(await browser.post(routes.accept('far', 1), yes))).toEqual([400, 'invalid'])
  })

  test('without the header of the session nothing is connected', async () => {
    const { browser } = await two()
    const none = await browser.post(routes.clusters, { hosts: [{ host: 'n1' }] }, { [csrfHeader]: '' })
    expect(await codeOf(none)).toEqual([403, 'crossSite'])
  })
})
