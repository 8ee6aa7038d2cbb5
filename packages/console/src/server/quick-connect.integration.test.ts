import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { OwnCluster, SshHome, SshHost, sshHostLacks } from '@quorate/testkit'
import type { XmlElement } from '@quorate/xml'
import { chromium } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type ClusterHost,
  clusterRoutes,
  clusterSummary,
  fleet,
  type HostSpec,
  hostStages,
  routes,
  session,
  snapshot,
} from '../api/index.ts'
import { inlineThinker } from './oracle-thread.ts'
import { drivenAnswer } from './sample-drive.ts'
import { SshFolder } from './ssh-folder.ts'
import { SshSource } from './ssh-source.ts'
import { startConsole } from './start.ts'

const lacks = sshHostLacks()
const note = lacks === undefined ? '' : ` (skipped: needs ${lacks})`
const driver = fileURLToPath(new URL('drive-console.mjs', import.meta.url))
const pages = fileURLToPath(new URL('../../dist/web/index.html', import.meta.url))
const browserPath = '/usr/bin/chromium'
const pageLacks = [
  ...(fs.existsSync(browserPath) ? [] : ['Debian package chromium']),
  ...(fs.existsSync(pages) ? [] : ['the built pages (npm run build)']),
]
const pageNote = pageLacks.length === 0 ? '' : ` (skipped: needs ${pageLacks.join(', ')})`
const userName = os.userInfo().username
const patience = { timeout: 240_000, interval: 20 }

const agent = `#!/bin/sh
state="$HA_RSCTMP/$OCF_RESOURCE_INSTANCE"
case "$1" in
meta-data) echo '<resource-agent name="flag"><version>1.1</version><parameters/><actions><action name="start"/></actions></resource-agent>' ;;
start) : > "$state" ;;
stop) rm -f "$state" ;;
monitor) [ -f "$state" ] || exit 7 ;;
*) exit 3 ;;
esac
`
const resources = ['r1', 'r2', 'r3']
const cib = `<cib admin_epoch="0" epoch="5" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1"><configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="o-s" name="stonith-enabled" value="false"/><nvpair id="o-n" name="cluster-name" value="far"/></cluster_property_set></crm_config>
<nodes/><resources>${resources.map((id) => `<primitive id="${id}" class="ocf" provider="test" type="flag"/>`).join('')}</resources>
<constraints>${resources.map((id) => `<rsc_location id="${id}-1" rsc="${id}" node="n1" score="1"/>`).join('')}</constraints>
<rsc_defaults><meta_attributes id="d"><nvpair id="d-s" name="resource-stickiness" value="100"/></meta_attributes></rsc_defaults>
</configuration></cib>
`

describe.skipIf(lacks !== undefined)(`quick connect to our daemons by a real sshd${note}`, () => {
  const names = ['n1', 'n2'] as const
  let cluster: OwnCluster
  let home: SshHome
  let tools: string
  let hosts: Record<(typeof names)[number], SshHost>
  const environment = { ...process.env }
  const closing: (() => void)[] = []

  const started: SshHost[] = []
  const hostOf = (
    name: string,
    address: string,
    more: Partial<ConstructorParameters<typeof SshHost>[0]> = {},
  ): SshHost => {
    const env = { QUORATE_ROOT: path.join(cluster.folder, name), PATH: `${tools}:/usr/bin:/bin` }
    const made = new SshHost({ home, address, env, ...more })
    started.push(made)
    return made
  }

  beforeAll(async () => {
    cluster = new OwnCluster({ names, cib, scripts: { 'usr/lib/ocf/resource.d/test/flag': agent } })
    cluster.startAll()
    home = new SshHome()
    tools = path.join(home.folder, 'tools')
    const linking = cluster.spawn('n1', { tool: 'install-tools' }, tools)
    await once(linking, 'exit')
    hosts = { n1: hostOf('n1', '127.0.0.1'), n2: hostOf('n2', '127.0.0.2') }
    for (const name of names) {
      await hosts[name].start()
      home.knows(hosts[name].knownHostLine)
    }
    process.env['HOME'] = home.folder
    process.env['QUORATE_ROOT'] = path.join(home.folder, 'desk')
  })
  afterEach(() => {
    for (const close of closing.splice(0)) close()
  })
  afterAll(async () => {
    process.env = environment
    for (const host of started) await host.end()
    await cluster.end()
    home.end()
  })

  const specOf = ({ address, port }: SshHost): HostSpec => ({ host: address, port, sudo: false, user: userName })

  function connected(specs: readonly HostSpec[], accepted: readonly string[] = [], takesOneMember = false) {
    const folder = new SshFolder(path.join(home.folder, 'kept_hosts'))
    const source = new SshSource({ hosts: specs, folder, accepted: new Set(accepted), takesOneMember })
    const seen: XmlElement[] = []
    const lost: string[] = []
    source.start({
      seen: (one) => seen.push(one),
      lost: (reason) => lost.push(reason),
      fencing: () => undefined,
      localNode: () => undefined,
    })
    closing.push(() => {
      source.close()
      folder.close()
    })
    return { source, seen, lost, folder }
  }
  const states = (source: SshSource) =>
    source.hosts.map(({ node, failure, isActive }) => [
      node,
      failure?.stage ?? 'none',
      failure?.code ?? 'none',
      isActive,
    ])
  const until = (look: () => void) => vi.waitFor(look, patience)
  const only = (source: SshSource): ClusterHost => {
    const [host] = source.hosts
    if (host === undefined) expect.fail('a host was given')
    return host
  }

  test('three resources moved at once as one change of the CIB, no constraints left; a ban, nodes, a failure and a refresh', async () => {
    const desk = { HOME: home.folder, QUORATE_ROOT: path.join(home.folder, 'desk') }
    const places = names.map((name) => `${userName}@${hosts[name].address}:${hosts[name].port}`)
    const env = {
      CONSOLE_ARGUMENTS: JSON.stringify(['--connect', places.join(', ')]),
      CONSOLE_ENVIRONMENT: JSON.stringify(desk),
    }
    const child = cluster.spawn('n1', { script: driver, env }, 'n2', ...resources)
    const said = Promise.all([text(child.stdout), text(child.stderr)])
    const [code] = await once(child, 'close')
    const [output, errors] = await said
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    // The one that answers first is looked through.
    const localNode = expect.stringMatching(/^n[12]$/)
    expect(JSON.parse(output)).toEqual({ ...drivenAnswer('n1', 'n2', resources.length), localNode })
    // All of it by one connection to each host, and one command in it.
    for (const name of names) {
      expect(hosts[name].log.match(/Accepted publickey/g)).toHaveLength(1)
      expect(hosts[name].log.match(/Starting session: command/g)).toHaveLength(1)
    }
    expect(fs.readdirSync(path.join(desk.QUORATE_ROOT, 'run/quorate'))).toEqual([])
  })

  test('the cluster is seen through one host; another takes over; lost contact is told and is over by itself', async () => {
    const { source, seen, lost } = connected([specOf(hosts.n1), specOf(hosts.n2)])
    await until(() =>
      expect(states(source).map(([node, , code]) => [node, code])).toEqual([
        ['n1', 'none'],
        ['n2', 'none'],
      ]),
    )
    await until(() => expect(seen.length).toBeGreaterThan(0))
    expect(source.name).toBe('far')
    const [first, second] = source.hosts[0]?.isActive ? (['n1', 'n2'] as const) : (['n2', 'n1'] as const)

    const seenBefore = seen.length
    await hosts[first].end()
    await until(() => expect(source.hosts.find(({ node }) => node === second)?.isActive).toBe(true))
    await until(() => expect(seen.length).toBeGreaterThan(seenBefore))
    expect(lost).toEqual([])
    const failures = source.hosts.map(({ failure }) => failure?.code ?? 'none').sort()
    expect(failures).toContain('none')
    expect(source.hosts.find(({ node }) => node === first)?.retryAt).not.toBeNull()

    await hosts[second].end()
    await until(() => expect(lost).toHaveLength(1))
    const seenThen = seen.length
    await hosts[second].start()
    await until(() => expect(seen.length).toBeGreaterThan(seenThen))
    expect(lost).toHaveLength(1)
    await hosts[first].start()
    await until(() => expect(source.hosts.every(({ failure, done }) => failure === null && done['cluster'])).toBe(true))
    expect(source.discovered).toEqual([])
  })

  test('members that are not connected to are known; a host that nobody reaches does not hold up the others', async () => {
    // Nobody listens there.
    const dead: HostSpec = { host: '127.0.0.3', port: hosts.n1.port, sudo: false }
    // Somebody takes the connection, and says nothing.
    const mute = net.createServer().listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const silent: HostSpec = { host: '127.0.0.1', port: (mute.address() as net.AddressInfo).port, sudo: false }
    const { source } = connected([dead, silent, specOf(hosts.n1)])
    await until(() => expect(source.discovered).toEqual(['n2']))
    expect(states(source)).toEqual([
      [null, 'tcp', 'refused', false],
      [null, 'none', 'none', false],
      ['n1', 'none', 'none', true],
    ])
    mute.close()
    source.addHosts([specOf(hosts.n2), specOf(hosts.n1)])
    await until(() => expect(source.discovered).toEqual([]))
    expect(source.hosts).toHaveLength(4)
  })

  test('an unknown host key is shown and used only once it is accepted; another one than that is a hard stop', async () => {
    const host = hostOf('n1', '127.0.0.4')
    await host.start()
    const stranger = connected([specOf(host)])
    await until(() => expect(only(stranger.source).key).not.toBeNull())
    expect(only(stranger.source)).toMatchObject({
      failure: { stage: 'hostKey', code: 'keyUnknown' },
      key: { name: `[127.0.0.4]:${host.port}`, type: 'ssh-ed25519', fingerprint: host.fingerprint },
      retryAt: null,
    })
    // Nobody's key was shown to it.
    expect(host.log).not.toContain('publickey')
    expect(stranger.source.acceptKey(1, `SHA256:${'a'.repeat(43)}`, true)).toMatchObject({ ok: false })
    const kept = path.join(home.folder, 'kept_hosts')
    // Nothing can be written there.
    fs.mkdirSync(kept)
    expect(stranger.source.acceptKey(1, host.fingerprint, true)).toMatchObject({
      ok: false,
      error: expect.stringContaining('the key cannot be kept: EISDIR'),
    })
    fs.rmdirSync(kept)
    expect(stranger.source.acceptKey(1, host.fingerprint, true)).toMatchObject({ ok: true })
    await until(() => expect(stranger.seen.length).toBeGreaterThan(0))
    expect(fs.readFileSync(kept, 'utf8')).toBe(`${host.knownHostLine}\n`)
    expect(fs.statSync(kept).mode & 0o777).toBe(0o600)
    stranger.source.close()

    await host.end()
    host.changeKey()
    await host.start()
    const changed = connected([specOf(host)], [host.fingerprint])
    await until(() => expect(only(changed.source).failure).not.toBeNull())
    expect(only(changed.source)).toMatchObject({
      failure: { stage: 'hostKey', code: 'keyChanged' },
      key: null,
      retryAt: null,
    })
    expect(only(changed.source).failure?.detail).toContain(host.fingerprint)
    expect(changed.source.acceptKey(1, host.fingerprint, true)).toMatchObject({ ok: false })
    expect(changed.seen).toEqual([])
    fs.rmSync(kept)
    await host.end()
  })

  test('a key that was accepted for this run is nowhere after it', async () => {
    const host = hostOf('n1', '127.0.0.5')
    await host.start()
    const { source, seen, folder } = connected([specOf(host)], [host.fingerprint])
    await until(() => expect(seen.length).toBeGreaterThan(0))
    source.close()
    folder.close()
    expect(fs.existsSync(path.join(home.folder, 'kept_hosts'))).toBe(false)
    expect(fs.readdirSync(path.join(home.folder, 'desk/run/quorate'))).toEqual([])
    await host.end()
  })

  test('a host of another cluster is turned away; one whose CIB manager does not answer is passed over until it does', async () => {
    const fakes = path.join(home.folder, 'fakes')
    const down = path.join(home.folder, 'is-down')
    fs.mkdirSync(fakes)
    const fake = (name: string, text: string): void =>
      fs.writeFileSync(path.join(fakes, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    fake('crm_node', 'echo elsewhere')
    const env = { QUORATE_ROOT: path.join(cluster.folder, 'n1'), PATH: `${fakes}:${tools}:/usr/bin:/bin` }
    const stranger = hostOf('n1', '127.0.0.10', { env })
    await stranger.start()
    home.knows(stranger.knownHostLine)
    const first = connected([specOf(hosts.n1), specOf(hosts.n2)])
    await until(() => expect(first.seen.length).toBeGreaterThan(0))
    first.source.addHosts([specOf(stranger)])
    await until(() => expect(states(first.source).at(-1)).toEqual(['elsewhere', 'cluster', 'otherCluster', false]))
    expect(first.source.hosts.at(-1)?.retryAt).toBeNull()
    first.source.close()
    first.folder.close()

    fs.rmSync(path.join(fakes, 'crm_node'))
    fake('cibadmin', `[ ! -e ${down} ] || { echo "Could not connect"; exit 102; }\nexec ${tools}/cibadmin "$@"`)
    const { source, seen, lost } = connected([specOf(stranger)])
    await until(() => expect(seen.length).toBeGreaterThan(0))
    source.addHosts([specOf(hosts.n2)])
    await until(() => expect(source.hosts.at(-1)?.done['cluster']).toBe('n2'))
    fs.writeFileSync(down, '')
    await until(() => expect(source.hosts.map(({ isActive }) => isActive)).toEqual([false, true]))
    const before = seen.length
    await until(() => expect(seen.length).toBeGreaterThan(before))
    expect(lost).toEqual([])
    await hosts.n2.end()
    // The first one is looked at again: it does not answer, and that is what is told.
    await until(() => expect(lost).toHaveLength(1))
    await until(() =>
      expect(source.hosts[0]?.failure).toMatchObject({ code: 'notRunning', detail: 'Could not connect' }),
    )
    const then = seen.length
    fs.rmSync(down)
    await until(() => expect(seen.length).toBeGreaterThan(then))
    expect(source.hosts[0]).toMatchObject({ failure: null, isActive: true })
    await hosts.n2.start()
    await stranger.end()
  })

  test('a cluster of one member is turned away, unless such are wanted', async () => {
    const alone = path.join(home.folder, 'alone')
    fs.mkdirSync(alone)
    const only1 = '<cib epoch="1"><configuration><nodes><node id="1" uname="n1"/></nodes></configuration></cib>'
    fs.writeFileSync(path.join(alone, 'cibadmin'), `#!/bin/sh\necho '${only1}'\n`, { mode: 0o755 })
    const env = { QUORATE_ROOT: path.join(cluster.folder, 'n1'), PATH: `${alone}:${tools}:/usr/bin:/bin` }
    const host = hostOf('n1', '127.0.0.11', { env })
    await host.start()
    home.knows(host.knownHostLine)
    const refused = connected([specOf(host)])
    await until(() => expect(states(refused.source)).toEqual([['n1', 'cluster', 'oneMember', false]]))
    expect(only(refused.source)).toMatchObject({
      retryAt: null,
      failure: { detail: 'n1 is the only member of this cluster' },
    })
    expect(refused.seen).toEqual([])
    const wanted = connected([specOf(host)], [], true)
    await until(() => expect(wanted.seen).toHaveLength(1))
    await host.end()
  })

  test('an alias has its own user, port and jump host; an unknown key behind that is shown as any other', async () => {
    const behind = hostOf('n1', '127.0.0.12')
    await behind.start()
    const { address, port } = hosts.n2
    // What jumps is an ssh of its own, which knows hosts as that person does.
    const file = path.join(home.folder, '.ssh/known_hosts')
    home.alias('jump', { HostName: address, Port: port, User: userName, UserKnownHostsFile: file })
    home.alias('behind', { HostName: behind.address, Port: behind.port, User: userName, ProxyJump: 'jump' })
    const jumps = () => hosts.n2.log.match(/Accepted publickey/g)?.length ?? 0
    const before = jumps()
    const { source, seen } = connected([{ host: 'behind', sudo: false }])
    await until(() => expect(only(source).key?.fingerprint).toBe(behind.fingerprint))
    expect(seen).toEqual([])
    expect(source.acceptKey(1, behind.fingerprint, false)).toMatchObject({ ok: true })
    await until(() => expect(seen.length).toBeGreaterThan(0))
    expect(only(source)).toMatchObject({ text: 'behind', node: 'n1', failure: null })
    expect(jumps()).toBeGreaterThan(before)
    await behind.end()
  })

  test('who is not let in is told, and not tried again by itself', async () => {
    const nobody = path.join(home.folder, 'nobody')
    fs.writeFileSync(nobody, '')
    const host = hostOf('n1', '127.0.0.6', { authorizedKeys: nobody })
    await host.start()
    home.knows(host.knownHostLine)
    const { source, lost } = connected([specOf(host)])
    await until(() => expect(states(source)).toEqual([[null, 'auth', 'denied', false]]))
    expect(only(source).failure?.detail).toContain('Permission denied')
    expect(only(source).retryAt).toBeNull()
    expect(lost).toHaveLength(1)
    await host.end()
  })

  test('users other than root go by one sudo; where it asks for a password the line of sudoers is told', async () => {
    const sudo = path.join(home.folder, 'sudo')
    const calls = path.join(home.folder, 'sudo-calls')
    const env = { QUORATE_ROOT: path.join(cluster.folder, 'n1'), PATH: `${sudo}:${tools}:/usr/bin:/bin` }
    const sudoIs = (text: string): void => {
      fs.mkdirSync(sudo, { recursive: true })
      fs.writeFileSync(path.join(sudo, 'sudo'), `#!/bin/sh\necho "$*" >> ${calls}\n${text}\n`, { mode: 0o755 })
    }
    const host = hostOf('n1', '127.0.0.7', { env })
    await host.start()
    home.knows(host.knownHostLine)
    sudoIs('echo "sudo: a password is required" >&2; exit 1')
    const { source, seen } = connected([{ ...specOf(host), sudo: true }])
    await until(() => expect(states(source)).toEqual([[null, 'privilege', 'sudo', false]]))
    expect(only(source).failure).toMatchObject({
      detail: 'sudo: a password is required',
      remedy: `${userName} ALL=(root) NOPASSWD: /bin/sh -s`,
    })
    sudoIs('shift 2; exec "$@"')
    expect(source.retry(1)).toBe(true)
    await until(() => expect(seen.length).toBeGreaterThan(0))
    expect(fs.readFileSync(calls, 'utf8')).toBe('-n -- /bin/sh -s\n'.repeat(2))
    await host.end()
  })

  test.skipIf(pageLacks.length > 0)(
    `the pages: a host is typed, its key accepted, and a resource of its cluster moved${pageNote}`,
    async () => {
      const host = hostOf('n1', '127.0.0.9')
      await host.start()
      const running = await startConsole({
        address: '127.0.0.1',
        port: 0,
        role: 'admin',
        thinker: inlineThinker(),
        webFolder: path.dirname(pages),
      })
      const args = ['--no-sandbox', '--disable-dev-shm-usage']
      const browser = await chromium.launch({ executablePath: browserPath, args, timeout: patience.timeout })
      const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1600, height: 1000 } })
      context.setDefaultTimeout(patience.timeout)
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      try {
        await page.goto(running.addresses.get('admin') ?? '')
        await page.getByLabel('Host(s)').fill(`${userName}@${host.address}:${host.port}`)
        await page.getByLabel('Host(s)').press('Enter')
        await page.getByText(host.fingerprint).waitFor()
        await page.getByRole('button', { name: 'Accept this key' }).click()
        await page.getByText('2 of 2 nodes online').waitFor()
        await page.getByRole('link', { name: 'far' }).click()
        await page.waitForURL(/\/c\/127-0-0-9\//)
        const placeOf = (id: string) => page.locator(`[role=row][data-key="resource:${id}"] [role=gridcell]`).nth(3)
        await page.getByText('nothing left to do').waitFor()
        const from = await placeOf('r1').textContent()
        const to = from === 'n1' ? 'n2' : 'n1'
        await placeOf('r1').click()
        await page.getByRole('button', { name: 'Move to' }).click()
        await page.getByRole('menuitem', { name: to }).click()
        await page.getByRole('button', { name: 'Move to (1)' }).click()
        await page.getByText('done – 1 of 1').waitFor()
        await vi.waitFor(async () => expect(await placeOf('r1').textContent()).toBe(to), patience)
        expect(complaints).toEqual([])
      } catch (error) {
        const shown = await page.locator('body').textContent()
        throw new Error(`the page showed ${shown}\n${cluster.stories()}`, { cause: error })
      } finally {
        await browser.close()
        await running.close()
        await host.end()
      }
    },
  )

  test('by the API: the steps as they happen, a key to be accepted, the cluster, more hosts, and nothing left', async () => {
    const host = hostOf('n1', '127.0.0.8')
    await host.start()
    const running = await startConsole({
      address: '127.0.0.1',
      port: 0,
      role: 'admin',
      thinker: inlineThinker(),
      knownHosts: path.join(home.folder, 'kept_hosts'),
    })
    const token = running.addresses.get('admin')?.split('#token=')[1]
    const headers: Record<string, string> = { Origin: running.url, 'Content-Type': 'application/json' }
    const ask = (method: string, at: string, body?: unknown) =>
      fetch(running.url + at, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    const post = async (at: string, body: unknown) => (await ask('POST', at, body)).json()
    const login = await ask('POST', routes.session, { token })
    headers['Cookie'] = login.headers.get('Set-Cookie')?.split(';')[0] ?? ''
    const told = session.parse(await login.json())
    headers['X-Quorate-CSRF'] = told.csrf
    expect(told).toMatchObject({ connect: true, clusters: 0 })
    expect((await ask('GET', routes.snapshot)).status).toBe(404)

    const stages: string[] = []
    const events = (await ask('GET', routes.clustersEvents)).body?.pipeThrough(new TextDecoderStream())
    const following = (async () => {
      for await (const part of events ?? []) {
        for (const line of part.split('\n').filter((one) => one.startsWith('data: {"clusters"'))) {
          const { clusters } = fleet.parse(JSON.parse(line.slice('data: '.length)))
          stages.push(...clusters.flatMap(({ hosts: all }) => all.map((one) => stageText(one))))
        }
      }
    })()

    const { user, ...spec } = specOf(host)
    const made = clusterSummary.parse(await post(routes.clusters, { hosts: [{ ...spec, user }], name: 'Far away' }))
    expect(made).toMatchObject({ id: 'far-away', name: 'Far away', kind: 'ssh', health: null })
    const [first] = made.hosts
    if (first === undefined) expect.fail('a host was given')
    const summary = async () => {
      const { clusters } = fleet.parse(await (await ask('GET', routes.clusters)).json())
      return clusters.find(({ id }) => id === made.id)
    }
    await vi.waitFor(async () => expect((await summary())?.hosts[0]?.key?.fingerprint).toBe(host.fingerprint), patience)
    await post(routes.accept(made.id, first.id), { fingerprint: host.fingerprint, save: false })
    await vi.waitFor(async () => expect((await summary())?.health).toMatchObject({ nodes: 2, resources: 3 }), patience)
    expect(await summary()).toMatchObject({ discovered: ['n2'] })
    const seen = snapshot.parse(await (await ask('GET', clusterRoutes(made.id).snapshot)).json())
    expect(seen.source).toEqual({ kind: 'cluster', name: 'Far away', localNode: 'n1' })
    await post(routes.hosts(made.id), { hosts: [specOf(hosts.n2)] })
    await vi.waitFor(async () => expect((await summary())?.discovered).toEqual([]), patience)

    expect((await ask('DELETE', routes.cluster(made.id))).status).toBe(204)
    expect((await ask('GET', clusterRoutes(made.id).snapshot)).status).toBe(404)
    await vi.waitFor(() => expect(host.log).toContain('Disconnected from'), patience)
    await running.close()
    await following
    expect(stages).toContain('hostKey ✖ keyUnknown')
    expect(stages).toContain('all')
    expect(fs.readdirSync(path.join(home.folder, 'desk/run/quorate'))).toEqual([])
    expect(fs.existsSync(path.join(home.folder, 'kept_hosts'))).toBe(false)
    await host.end()
  })
})

/** The stage that a host is at, and whether it failed. */
function stageText({ done, failure }: ClusterHost): string {
  const stage = hostStages.find((one) => done[one] === undefined)
  return failure === null ? (stage ?? 'all') : `${failure.stage} ✖ ${failure.code}`
}
