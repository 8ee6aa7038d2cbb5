import { once } from 'node:events'
import fs from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { OwnCluster } from '@quorate/testkit'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drivenAnswer } from './sample-drive.ts'

const driver = fileURLToPath(new URL('drive-console.mjs', import.meta.url))
const pages = fileURLToPath(new URL('../../dist/web/index.html', import.meta.url))
const browserPath = '/usr/bin/chromium'
const lacks = [
  ...(fs.existsSync(browserPath) ? [] : ['Debian package chromium']),
  ...(fs.existsSync(pages) ? [] : ['the built pages (npm run build)']),
]
const note = lacks.length === 0 ? '' : ` (skipped: needs ${lacks.join(', ')})`
/** The cluster comes up and moves within seconds on a machine that has nothing else to do. */
const patienceMs = 240_000
/** Below the test's own time, so that what the page showed is told. */
const pageMs = 100_000

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
<crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="o-s" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
<nodes/><resources>${resources.map((id) => `<primitive id="${id}" class="ocf" provider="test" type="flag"/>`).join('')}</resources>
<constraints>${resources.map((id) => `<rsc_location id="${id}-1" rsc="${id}" node="n1" score="1"/>`).join('')}</constraints>
<rsc_defaults><meta_attributes id="d"><nvpair id="d-s" name="resource-stickiness" value="100"/></meta_attributes></rsc_defaults>
</configuration></cib>
`

describe('on our daemons', () => {
  let cluster: OwnCluster

  beforeAll(() => {
    cluster = new OwnCluster({ names: ['n1', 'n2'], cib, scripts: { 'usr/lib/ocf/resource.d/test/flag': agent } })
    cluster.startAll()
  })
  afterAll(() => cluster.end())

  test('three resources moved at once as one change of the CIB, no constraints left; a ban, nodes, a failure and a refresh', async () => {
    const child = cluster.spawn('n1', { script: driver }, 'n2', ...resources)
    const said = Promise.all([text(child.stdout), text(child.stderr)])
    const [code] = await once(child, 'close')
    const [output, errors] = await said
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(JSON.parse(output)).toEqual(drivenAnswer('n1', 'n2', resources.length))
  })

  test.skipIf(lacks.length > 0)(
    `the pages: three resources selected, their move previewed, carried out, and seen to happen${note}`,
    async () => {
      const console = cluster.spawn('n1', { tool: 'console' }, '--listen', '127.0.0.1:0')
      let output = ''
      for await (const part of console.stdout.setEncoding('utf8')) {
        output += String(part)
        if (output.includes('Ctrl-C')) break
      }
      const [address] = /http:\/\/\S+#token=\S+/.exec(output) ?? []
      if (address === undefined) expect.fail(`the console said ${output}`)
      const browser = await chromium.launch({
        executablePath: browserPath,
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
        timeout: patienceMs,
      })
      const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1600, height: 1000 } })
      context.setDefaultTimeout(pageMs)
      const page = await context.newPage()
      try {
        const complaints: string[] = []
        page.on('console', (message) => {
          if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
        })
        page.on('pageerror', (error) => complaints.push(String(error)))
        await page.goto(address)
        const placeOf = (id: string) => page.locator(`[role=row][data-key="resource:${id}"] [role=gridcell]`).nth(3)
        const runsOn = (id: string, node: string) =>
          page
            .locator(`[role=row][data-key="resource:${id}"]`)
            .filter({ has: page.getByRole('gridcell', { name: node, exact: true }) })
            .waitFor()
        // Before, it may have nothing left to do since it knows no node yet.
        await page.locator('[role=row]', { hasText: 'r1' }).getByText('started').waitFor()
        const from = await placeOf('r1').textContent()
        const to = from === 'n1' ? 'n2' : 'n1'
        await Promise.all(resources.map((id) => runsOn(id, from ?? '')))
        await page.getByText('nothing left to do').waitFor()

        await placeOf('r1').click()
        for (const id of ['r2', 'r3']) await placeOf(id).click({ modifiers: ['Control'] })
        await page.getByRole('button', { name: 'Move to' }).click()
        await page.getByRole('menuitem', { name: to }).click()
        await page.getByText('3 will change, 0 already so, 0 cannot').waitFor()
        await page.getByText('No side effects on anything that was not selected.').waitFor()
        // A preview changes nothing.
        expect(await Promise.all(resources.map((id) => placeOf(id).textContent()))).toEqual(
          resources.map(() => `${from} ⇢ ${to} (wanted here)`),
        )
        await page.getByRole('button', { name: 'Move to (3)' }).click()
        await Promise.all(resources.map((id) => runsOn(id, to)))
        await page.getByText('done – 3 of 3').waitFor()
        expect(complaints).toEqual([])
      } catch (error) {
        const shown = await page.locator('body').textContent()
        throw new Error(`the page showed ${shown}\n${cluster.stories()}`, { cause: error })
      } finally {
        await browser.close()
        const ended = once(console, 'exit')
        console.kill('SIGTERM')
        await ended
      }
    },
  )
})
