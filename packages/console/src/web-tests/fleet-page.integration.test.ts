import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClusterHost, ClusterSummary } from '../api/index.ts'
import type { FakeServer } from './fake-server.ts'
import { operatorSession } from './generated-cluster.ts'
import { browserNote, isBrowserMissing, PageHarness, patienceMs, violations } from './page-harness.ts'

const health = {
  nodes: 3,
  nodesOnline: 2,
  resources: 12,
  failed: 1,
  errors: 1,
  warnings: 2,
  hasQuorum: true,
  isIdle: true,
  at: '2026-11-30T03:00:00.000Z',
}
const done = {
  tcp: '192.0.2.1 22',
  hostKey: 'ssh-ed25519 SHA256:x',
  auth: 'publickey',
  privilege: 'root',
  cluster: 'n1',
}
const host: ClusterHost = {
  id: 1,
  text: 'n1',
  node: 'n1',
  done,
  failure: null,
  key: null,
  isActive: true,
  retryAt: null,
}
const fingerprint = `SHA256:${'Ab'.repeat(21)}c`
const unknown: ClusterHost = {
  ...host,
  id: 2,
  text: 'ops@n2:2222',
  node: null,
  done: { tcp: '192.0.2.2 2222' },
  failure: { stage: 'hostKey', code: 'keyUnknown', detail: 'Host key verification failed.', remedy: null },
  key: { name: '[n2]:2222', type: 'ssh-ed25519', fingerprint },
  isActive: false,
}
const refusing: ClusterHost = {
  ...unknown,
  id: 3,
  text: 'ops@n4',
  done: { tcp: '', hostKey: '', auth: '' },
  failure: { stage: 'privilege', code: 'sudo', detail: 'sudo: a password is required', remedy: 'ops ALL=(root) x' },
  key: null,
}
const cluster: ClusterSummary = {
  id: 'prod-db',
  name: 'prod-db',
  kind: 'ssh',
  health,
  stale: null,
  hosts: [host, unknown, refusing],
  discovered: ['n3'],
}
const local: ClusterSummary = {
  ...cluster,
  id: 'local',
  name: 'lab',
  kind: 'local',
  health: { ...health, nodesOnline: 3, failed: 0, errors: 0, warnings: 0 },
  hosts: [],
  discovered: [],
}

describe.skipIf(isBrowserMissing)(
  `the page of all clusters in headless Chromium${browserNote}`,
  () => {
    const harness = new PageHarness()
    beforeAll(() => harness.open(), 2 * patienceMs)
    afterAll(() => harness.close())

    const asAdmin = (clusters: readonly ClusterSummary[]) => (server: FakeServer) => {
      server.session = { ...operatorSession, role: 'admin', connect: true, clusters: clusters.length }
      server.fleet = { clusters: [...clusters] }
    }
    const card = (page: Page, id: string) => page.locator(`[data-cluster="${id}"]`)
    const sent = (server: FakeServer, method: string, start: string) =>
      server.asked(method, start).map(({ url, body }) => [url, body])

    test('hosts are typed, by keyboard only, and one request connects; its steps are seen as they happen', async () => {
      await harness.inPage({ prepare: asAdmin([]) }, async (page, server) => {
        await page.getByText('No cluster is connected.').waitFor()
        // The box has the focus; there is nothing to connect to yet.
        const connect = page.getByRole('button', { name: 'Connect', exact: true })
        expect(await connect.isDisabled()).toBe(true)
        await page.keyboard.type('n1, ops@n2:2222')
        const begun: ClusterHost = { ...host, node: null, done: {}, isActive: false }
        server.fleet = { clusters: [{ ...cluster, health: null, hosts: [begun], discovered: [] }] }
        await page.keyboard.press('Enter')
        await page.getByText('Connecting: prod-db').waitFor()
        expect(sent(server, 'POST', '/api/clusters')).toEqual([
          ['/api/clusters', { hosts: [{ host: 'n1' }, { host: 'n2', user: 'ops', port: 2222 }], name: null }],
        ])
        server.pushFleet(server.fleet)
        await card(page, 'prod-db').locator('.steps .running', { hasText: 'TCP' }).waitFor()
        server.pushFleet({ clusters: [cluster] })
        await card(page, 'prod-db').getByText('2 of 3 nodes online').waitFor()
        expect(await card(page, 'prod-db').locator('.host').first().locator('.steps .done').count()).toBe(5)
      })
    })

    test('a cluster whose hosts are all there is opened by itself', async () => {
      await harness.inPage({ prepare: asAdmin([]) }, async (page, server) => {
        await page.getByLabel('Host(s)').fill('n1')
        const begun = { ...cluster, health: null, hosts: [{ ...host, node: null, done: {} }] }
        server.fleet = { clusters: [begun] }
        await page.getByRole('button', { name: 'Connect', exact: true }).click()
        await page.getByText('Connecting: prod-db').waitFor()
        server.pushFleet({ clusters: [begun] })
        await card(page, 'prod-db').getByText('connecting').waitFor()
        server.pushFleet({ clusters: [{ ...cluster, hosts: [host] }] })
        await page.waitForURL(/\/c\/prod-db\/$/)
        await page.locator('[role=row][data-key="resource:rsc-0000"]').waitFor()
        expect(server.asked('GET', '/api/clusters/prod-db/events')).toHaveLength(1)
      })
    })

    test('what is no host is named and nothing is sent; sudo is a question where somebody is not root', async () => {
      await harness.inPage({ prepare: asAdmin([]) }, async (page, server) => {
        const hosts = page.getByLabel('Host(s)')
        const sudo = page.getByLabel('sudo for users other than root')
        await hosts.fill('n1 -oProxyCommand=id')
        await page.getByText('-oProxyCommand=id: no host name or address').waitFor()
        await hosts.press('Enter')
        expect(await page.getByRole('button', { name: 'Connect', exact: true }).isDisabled()).toBe(true)
        expect(await sudo.isDisabled()).toBe(true)
        await hosts.fill('ops@n1')
        expect([await sudo.isDisabled(), await sudo.isChecked()]).toEqual([false, true])
        await sudo.uncheck()
        await hosts.fill('adm@n1')
        expect(await sudo.isChecked()).toBe(false)
        await hosts.fill('root@n1')
        expect([await sudo.isDisabled(), await sudo.isChecked()]).toEqual([true, false])
        expect(sent(server, 'POST', '/api/clusters')).toEqual([])
      })
    })

    test('a key is accepted as it is shown, a failed host is tried again, a member is added, a cluster let go', async () => {
      await harness.inPage({ prepare: asAdmin([local, cluster]) }, async (page, server) => {
        const second = card(page, 'prod-db').locator('.host').nth(1)
        await second.getByText('Nobody knows this host’s key yet.').waitFor()
        await second.getByText(fingerprint).waitFor()
        await second.getByLabel('keep for later runs of the server').check()
        await second.getByRole('button', { name: 'Accept this key' }).click()
        const third = card(page, 'prod-db').locator('.host').nth(2)
        await third.getByText('ops ALL=(root) x').waitFor()
        await third.getByRole('button', { name: 'Try again' }).click()
        await page.getByRole('button', { name: 'Connect n3' }).click()
        await page.getByRole('button', { name: 'Disconnect prod-db' }).click()
        await expect.poll(() => server.asked('DELETE', '/api/clusters').length, { timeout: patienceMs }).toBe(1)
        expect(sent(server, 'POST', '/api/clusters')).toEqual([
          ['/api/clusters/prod-db/hosts/2/accept', { fingerprint, save: true }],
          ['/api/clusters/prod-db/hosts/3/retry', {}],
          ['/api/clusters/prod-db/hosts', { hosts: [{ host: 'n3' }] }],
        ])
        expect(sent(server, 'DELETE', '/api/clusters')).toEqual([['/api/clusters/prod-db', undefined]])
        // That of this machine stays.
        expect(await card(page, 'local').getByRole('button').count()).toBe(0)
      })
    })

    test('who is no administrator sees the clusters, and why nothing can be connected', async () => {
      const prepare = (server: FakeServer): void => {
        asAdmin([cluster])(server)
        server.session = operatorSession
      }
      await harness.inPage({ address: 'fleet', prepare }, async (page) => {
        await page.getByText('Only administrators connect to clusters').waitFor()
        await card(page, 'prod-db').getByText('has problems').waitFor()
        expect(await page.locator('main').getByRole('button').count()).toBe(0)
        expect(await page.locator('main').getByRole('textbox').count()).toBe(0)
      })
    })

    test('a cluster that the server does not have is said to be that, with the way to those that it has', async () => {
      const heard = ['Failed to load resource: the server responded with a status of 404 (Not Found)']
      await harness.inPage({ address: 'c/elsewhere/', prepare: asAdmin([cluster]), heard }, async (page) => {
        await page.getByText('does not have that cluster').waitFor()
        await page.getByRole('link', { name: 'All clusters' }).click()
        await card(page, 'prod-db').waitFor()
      })
    })

    test('lost contact to a cluster and to the server', async () => {
      const lost = { ...cluster, stale: { since: '2026-11-30T02:00:00.000Z', reason: 'gone' } }
      await harness.inPage({ prepare: asAdmin([local, lost]) }, async (page, server) => {
        await card(page, 'prod-db').getByText('no contact').waitFor()
        await page.locator('.connection.good').waitFor()
        server.endStreams()
        await page.locator('.connection.bad').waitFor()
      })
    })

    test.each(['en-US', 'ja-JP'])('axe finds nothing in %s, light and dark', async (locale) => {
      await harness.inPage({ locale, prepare: asAdmin([local, cluster]) }, async (page) => {
        const isJapanese = locale === 'ja-JP'
        await card(page, 'prod-db').waitFor()
        await page.getByLabel(isJapanese ? 'ホスト' : 'Host(s)').fill('ops@n1 -x')
        expect(await violations(page)).toEqual([])
        await page.getByLabel(isJapanese ? '配色' : 'Theme').selectOption('dark')
        expect(await violations(page)).toEqual([])
      })
    })
  },
  3 * patienceMs,
)
