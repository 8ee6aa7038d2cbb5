import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patchBetween } from '../api/index.ts'
import type { SeenRequest } from './fake-server.ts'
import { generatedSnapshot, primitive } from './generated-cluster.ts'
import { browserNote, isBrowserMissing, PageHarness, patienceMs, violations } from './page-harness.ts'

describe.skipIf(isBrowserMissing)(
  `the console in headless Chromium${browserNote}`,
  () => {
    const harness = new PageHarness()
    const inPage = harness.inPage.bind(harness)

    beforeAll(() => harness.open(), 2 * patienceMs)
    afterAll(() => harness.close())

    const row = (page: Page, id: string) => page.locator(`[role=row][data-key="resource:${id}"]`)
    const card = (page: Page, id: string) => page.locator(`[data-card][data-key="resource:${id}"]`)
    const counter = (page: Page) => page.locator('.selection-count')
    /** All of a large cluster is seen: the map has come to the zoom that shows it. */
    const mapIsDrawn = (page: Page) => page.locator('.map.far [data-card]').first().waitFor()

    /** Ids of the cards that a rectangle on the screen touches, as the browser lays them out. */
    async function cardsTouching(page: Page, left: number, top: number, right: number, bottom: number) {
      return (await page.evaluate(`[...new Set([...document.querySelectorAll('[data-card]')].filter((card) => {
      const at = card.getBoundingClientRect()
      return at.left <= ${right} && at.right >= ${left} && at.top <= ${bottom} && at.bottom >= ${top}
    }).map((card) => card.dataset.key.slice('resource:'.length)))].sort()`)) as string[]
    }

    async function selectedCards(page: Page): Promise<string[]> {
      return (await page.evaluate(
        `[...new Set([...document.querySelectorAll('[data-card][aria-pressed=true]')].map((card) => card.dataset.key.slice('resource:'.length)))].sort()`,
      )) as string[]
    }

    test('the table: clicks, ranges by keyboard, Ctrl+A, Esc; only what is seen is in the document', async () => {
      await inPage({}, async (page) => {
        await row(page, 'rsc-0000').click()
        expect(await counter(page).textContent()).toBe('1 resource selected')
        await row(page, 'rsc-0005').click({ modifiers: ['Control'] })
        await row(page, 'rsc-0007').click({ modifiers: ['Control'] })
        await row(page, 'rsc-0005').click({ modifiers: ['Control'] })
        expect(await counter(page).textContent()).toBe('2 resources selected')
        await row(page, 'rsc-0002').click()
        await page.keyboard.press('Shift+ArrowDown')
        await page.keyboard.press('Shift+ArrowDown')
        expect(await counter(page).textContent()).toBe('3 resources selected')
        await page.keyboard.press('End')
        await row(page, 'grp-24-d').waitFor()
        await page.keyboard.press('Shift+ArrowUp')
        await page.keyboard.press('Control+a')
        expect(await counter(page).textContent()).toBe('1025 resources selected')
        expect(await page.locator('[role=row]').count()).toBeLessThan(100)
        expect(await page.locator('[role=grid] [tabindex="0"]').count()).toBe(1)
        await page.keyboard.press('Escape')
        expect(await counter(page).textContent()).toBe('Nothing selected')
        // The keyboard is where it was; the space bar takes it in.
        await page.keyboard.press(' ')
        expect(await counter(page).textContent()).toBe('1 resource selected')
        await page.keyboard.press('Enter')
        await page.getByRole('complementary').getByRole('heading', { name: 'grp-24-c' }).waitFor()
      })
    })

    test('the filter keeps away what it says; all is all that is shown', async () => {
      await inPage({ address: '?q=is:failed' }, async (page) => {
        await row(page, 'rsc-0003').click()
        await page.keyboard.press('Control+a')
        expect(await counter(page).textContent()).toBe('1 resource selected')
        await page.getByRole('searchbox').fill('status:stopped')
        await row(page, 'rsc-0004').waitFor()
        expect(await counter(page).textContent()).toBe('1 resource selected (1 of them not shown by the filter)')
      })
    })

    test('the map: a rubber band selects exactly what it touches, Ctrl adds and toggles, the selection is that of the table', async () => {
      await inPage({ address: '?view=map' }, async (page) => {
        await mapIsDrawn(page)
        const place = await page.locator('.map').boundingBox()
        if (place === null) expect.fail('the map has no place')
        const first = { left: place.x + 4, top: place.y + 4, right: place.x + 330, bottom: place.y + 210 }
        const expected = await cardsTouching(page, first.left, first.top, first.right, first.bottom)
        expect(expected.length).toBeGreaterThan(20)
        await page.mouse.move(first.left, first.top)
        await page.mouse.down()
        await page.mouse.move(first.right - 60, first.bottom - 30, { steps: 4 })
        await page.mouse.move(first.right, first.bottom)
        await page.mouse.up()
        expect(await selectedCards(page)).toEqual(expected)
        expect(await counter(page).textContent()).toBe(`${expected.length} resources selected`)

        const [one] = expected as [string]
        await card(page, one)
          .first()
          .click({ modifiers: ['Control'] })
        expect(await selectedCards(page)).toEqual(expected.slice(1))
        await card(page, one)
          .first()
          .click({ modifiers: ['Control'] })

        const second = {
          left: place.x + 700,
          top: place.y + place.height - 8,
          right: place.x + 500,
          bottom: place.y + 420,
        }
        const more = await cardsTouching(page, second.right, second.bottom, second.left, second.top)
        await page.keyboard.down('Control')
        await page.mouse.move(second.left, second.top)
        await page.mouse.down()
        await page.mouse.move(second.right, second.bottom, { steps: 3 })
        await page.mouse.up()
        await page.keyboard.up('Control')
        const both = [...new Set([...expected, ...more])].sort()
        expect(await selectedCards(page)).toEqual(both)

        await page.getByRole('radio', { name: 'Table' }).click()
        expect(await counter(page).textContent()).toBe(`${both.length} resources selected`)
        await page.getByRole('radio', { name: 'Map' }).click()
        await mapIsDrawn(page)
        expect(await selectedCards(page)).toEqual(both)
      })
    })

    test('the map by keyboard alone', async () => {
      await inPage({ address: '?view=map' }, async (page) => {
        await mapIsDrawn(page)
        await page.locator('.map').focus()
        await page.keyboard.press(' ')
        expect(await selectedCards(page)).toEqual(['rsc-0000'])
        await page.keyboard.press('ArrowRight')
        await page.keyboard.press('ArrowRight')
        await page.keyboard.press(' ')
        expect(await selectedCards(page)).toEqual(['rsc-0000', 'rsc-0030'])
        await page.keyboard.press('Control+a')
        expect(await counter(page).textContent()).toBe('1000 resources selected')
        await page.keyboard.press('Escape')
        expect(await counter(page).textContent()).toBe('Nothing selected')
      })
    })

    test('a bulk move of 20: one dry run, one change with all ids, If-Match and an Idempotency-Key; ghosts until it is so', async () => {
      await inPage({ address: '?view=matrix' }, async (page, server) => {
        await row(page, 'rsc-0010').click()
        for (let i = 0; i < 19; i++) await page.keyboard.press('Shift+ArrowDown')
        expect(await counter(page).textContent()).toBe('20 resources selected')
        await page.getByRole('button', { name: 'Move to' }).click()
        expect(await page.getByRole('menuitem', { name: 'node-16 – on standby' }).getAttribute('aria-disabled')).toBe(
          'true',
        )
        await page.getByRole('menuitem', { name: 'node-03' }).click()
        const apply = page.getByRole('button', { name: 'Move to (19)' })
        await apply.waitFor()
        await page.getByText('19 will change, 0 already so, 1 cannot').waitFor()
        await page.getByText('a location rule keeps it away').waitFor()
        expect(await page.locator('.cell.wanted').count()).toBeGreaterThan(10)
        const dryRuns = server.asked('POST', '/api/operations?dryRun=true')
        const targets = Array.from({ length: 20 }, (_, i) => `rsc-${String(10 + i).padStart(4, '0')}`)
        expect(dryRuns.map((request) => request.body)).toEqual([{ kind: 'move', targets, args: { to: 'node-03' } }])

        // Both before the page can show that it has heard the first.
        await page.evaluate(`for (const _ of [1, 2]) document.querySelector('.apply button').click()`)
        await page.getByText('under way – 0 of 20').waitFor()
        const changes = server.asked('POST', '/api/operations').filter((request) => !request.url.includes('dryRun'))
        expect(changes.map((request: SeenRequest) => [request.body, request.headers['if-match']])).toEqual([
          [{ kind: 'move', targets, args: { to: 'node-03' } }, '"0.42.7"'],
        ])
        expect(changes[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/)
        expect(server.asked('POST', '/api/operations?dryRun=true')).toHaveLength(1)
        // Nothing is shown as done that the cluster has not done.
        expect(await row(page, 'rsc-0010').locator('.cell.wanted').count()).toBe(1)
        const before = server.snapshot
        const after = {
          ...before,
          rev: 2,
          resources: before.resources.map((resource) =>
            resource.id === 'rsc-0010' ? primitive('rsc-0010', 'node-03') : resource,
          ),
        }
        const patch = patchBetween(before, after)
        if (patch === undefined) expect.fail('the two are equal')
        server.push({ name: 'patch', data: patch })
        await row(page, 'rsc-0010').locator('.cell.wanted').waitFor({ state: 'detached' })
      })
    })

    test('lists of a preview are cut, and say by how much; names from the CIB are text, whatever they look like', async () => {
      await inPage({}, async (page, server) => {
        const markup = '<img src=x onerror=alert(1)>'
        const effect = { change: 'stop' as const, from: ['node-01'], to: [], text: markup }
        const names = Array.from({ length: 207 }, (_, i) => `${markup}-${i}`)
        server.foreseen = {
          sideEffects: names.map((resource) => ({ resource, ...effect })),
          warnings: names.map((text) => ({ code: 'problem', text })),
        }
        await row(page, 'rsc-0001').click()
        await page.getByRole('button', { name: 'Refresh' }).click()
        for (const name of ['Warnings', 'Side effects on what was not selected']) {
          const lines = page.getByRole('region', { name }).getByRole('listitem')
          await page.getByRole('region', { name }).getByText('… +7').waitFor()
          expect(await lines.count()).toBe(201)
          expect(await lines.first().textContent()).toContain(`${markup}-0`)
        }
        expect(await page.locator('img').count()).toBe(0)
      })
    })

    test('a cluster that changed since the preview: nothing is done, and there is a new preview', async () => {
      // Browsers tell of every answer that is a refusal.
      const heard = ['Failed to load resource: the server responded with a status of 409 (Conflict)']
      await inPage({ heard }, async (page, server) => {
        server.refusals = 1
        await row(page, 'rsc-0001').click()
        await row(page, 'rsc-0002').click({ modifiers: ['Control'] })
        await page.getByRole('button', { name: 'Stop' }).click()
        await page.getByRole('button', { name: 'Stop (1)' }).click()
        await page.getByText('The cluster changed in the meantime').waitFor()
        await page.getByRole('button', { name: 'Stop (1)' }).click()
        await page.getByText('under way – 0 of 2').waitFor()
        const keys = server
          .asked('POST', '/api/operations')
          .filter((request) => !request.url.includes('dryRun'))
          .map((request) => request.headers['idempotency-key'])
        expect(new Set(keys).size).toBe(2)
      })
    })

    test('lost contact is shown as such, to the cluster and to the server, and the stream goes on behind its last event', async () => {
      await inPage({}, async (page, server) => {
        await row(page, 'rsc-0001').click()
        const stop = page.getByRole('button', { name: 'Stop' })
        expect(await stop.getAttribute('aria-disabled')).toBe('false')
        server.push({ name: 'stale', data: { since: '2026-11-30T02:00:00.000Z', reason: 'no answer' } })
        await page.getByText('no contact to the cluster since').waitFor()
        expect(await stop.getAttribute('aria-disabled')).toBe('true')
        expect(await stop.getAttribute('title')).toBe('there is no contact to the cluster')
        server.push({ name: 'snapshot', data: { ...server.snapshot, rev: 2 } })
        await page.locator('.connection.good').waitFor()
        server.endStreams()
        await expect
          .poll(() => server.asked('GET', '/api/cluster/events').length, { timeout: patienceMs })
          .toBeGreaterThan(1)
        expect(server.asked('GET', '/api/cluster/events').at(-1)?.headers['last-event-id']).toBe('test.1.2')
      })
    })

    test('an operation that ended while the page had no contact to the server is over once it has', async () => {
      await inPage({}, async (page, server) => {
        await row(page, 'rsc-0001').click()
        await row(page, 'rsc-0002').click({ modifiers: ['Control'] })
        await page.getByRole('button', { name: 'Stop' }).click()
        await page.getByRole('button', { name: 'Stop (1)' }).click()
        await page.getByText('under way – 0 of 2').waitFor()
        server.operations = server.operations.map((one) => ({
          ...one,
          state: 'done',
          endedAt: one.startedAt,
          items: one.items.map((item) => ({ ...item, state: 'done' })),
        }))
        server.endStreams()
        await page.getByText('done – 2 of 2').waitFor()
      })
    })

    test('a cluster that the server has never reached is said to be that, with the reason', async () => {
      const unreached = { since: '2026-11-30T02:00:00.000Z', reason: 'no daemon answers' }
      await inPage({ unreached }, async (page) => {
        await page.getByText('has not reached the cluster since').waitFor()
        await page.getByText('no daemon answers').waitFor()
        expect(await page.locator('.connection.bad').count()).toBe(1)
      })
    })

    test('what is gone from the cluster leaves the selection with a notice', async () => {
      await inPage({}, async (page, server) => {
        await row(page, 'rsc-0001').click()
        await row(page, 'rsc-0002').click({ modifiers: ['Control'] })
        const { snapshot } = server
        const resources = snapshot.resources.filter((resource) => resource.id !== 'rsc-0002')
        server.push({ name: 'snapshot', data: { ...snapshot, rev: 2, resources } })
        await page.getByText('not selected any more: rsc-0002').waitFor()
        expect(await counter(page).textContent()).toContain('1 resource selected')
      })
    })

    test('why here, and what if', async () => {
      await inPage({}, async (page, server) => {
        await row(page, 'rsc-0000').click()
        await page.getByRole('button', { name: 'Why here?' }).click()
        await page.getByText('rsc-0000 stays where it is').waitFor()
        await page.getByRole('button', { name: 'node-02' }).click()
        await page.getByRole('button', { name: 'What if' }).click()
        await page.getByRole('menuitem', { name: 'the selected nodes are lost' }).click()
        await page.getByText('one node is fenced').waitFor()
        expect(server.asked('POST', '/api/what-if').map((request) => request.body)).toEqual([
          { nodesLost: ['node-02'] },
        ])
      })
    })

    test.each([
      ['en-US', 'table'],
      ['ja-JP', 'matrix'],
      ['ja-JP', 'map'],
    ])('axe finds nothing in %s, %s, light and dark', async (locale, view) => {
      const small = generatedSnapshot()
      const snapshot = { ...small, resources: small.resources.slice(0, 20).concat(small.resources.slice(-2)) }
      await inPage({ locale, address: `?view=${view}`, snapshot }, async (page) => {
        const isJapanese = locale === 'ja-JP'
        const thing = view === 'map' ? card(page, 'rsc-0001') : row(page, 'rsc-0001')
        await thing.click()
        await page.getByText(isJapanese ? 'リソース 1 件を選択中' : '1 resource selected').waitFor()
        expect(await page.locator('html').getAttribute('lang')).toBe(isJapanese ? 'ja' : 'en')
        expect(await violations(page)).toEqual([])
        await page.getByLabel(isJapanese ? '配色' : 'Theme').selectOption('dark')
        await page.getByRole('button', { name: isJapanese ? '停止' : 'Stop', exact: true }).click()
        await page.locator('.apply').waitFor()
        expect(await violations(page)).toEqual([])
      })
    })
  },
  3 * patienceMs,
)
