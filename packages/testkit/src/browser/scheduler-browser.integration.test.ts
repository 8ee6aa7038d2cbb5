import fs from 'node:fs'
import path from 'node:path'
import { schedule } from '@quorate/scheduler'
import { formatXml, parseXml } from '@quorate/xml'
import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import { defaultSuite, readSuite } from '../conformance/suite.ts'
import { schedulerBundle } from './scheduler-bundle.ts'

const browserPath = '/usr/bin/chromium'
const suite = defaultSuite(path.resolve(import.meta.dirname, '../../../..'))
const missing = [
  ...(fs.existsSync(browserPath) ? [] : ['Debian package chromium']),
  ...(fs.existsSync(suite) ? [] : ['the scheduler suite, set QUORATE_SHARED']),
]
const note = missing.length === 0 ? '' : ` (skipped: needs ${missing.join(' and ')})`
const caseCount = 50
const launchMs = 120_000
const nowSeconds = 1_800_000_000

/** The part of the bundle that the page calls. */
type Bundle = {
  readonly parseXml: typeof parseXml
  readonly formatXml: typeof formatXml
  readonly schedule: typeof schedule
}

/** The transition graph of a CIB as text. Runs in Node and in the page alike: it may use nothing around it. */
function graphOf(bundle: Bundle, cib: string, seconds: number): string {
  const parsed = bundle.parseXml(cib)
  return parsed.ok ? bundle.formatXml(bundle.schedule(parsed.value, { nowSeconds: seconds }).graph) : 'not well formed'
}

test.skipIf(missing.length > 0)(
  `in headless Chromium the scheduler draws the graphs that it draws in Node${note}`,
  async () => {
    const cases = readSuite(suite)
    const step = Math.floor(cases.length / caseCount)
    const chosen = Array.from({ length: caseCount }, (_, i) => cases[i * step]?.files['xml'] ?? '')
    const inputs = chosen.map((file) => fs.readFileSync(file, 'utf8'))
    // Its first start reads some hundred megabytes; in a container the shared memory is small.
    const args = ['--no-sandbox', '--disable-dev-shm-usage']
    const browser = await chromium.launch({ executablePath: browserPath, args, timeout: launchMs })
    try {
      const page = await browser.newPage()
      await page.addScriptTag({ content: await schedulerBundle() })
      await page.addScriptTag({ content: `globalThis.graphOf = ${graphOf.toString()}` })
      const script = `(${JSON.stringify(inputs)}).map((cib) => graphOf(quorate, cib, ${nowSeconds}))`
      const inPage = (await page.evaluate(script)) as readonly string[]
      const inNode = inputs.map((cib) => graphOf({ parseXml, formatXml, schedule }, cib, nowSeconds))
      expect(inPage).toEqual(inNode)
      expect(inNode.filter((graph) => graph.includes('<synapse'))).not.toEqual([])
    } finally {
      await browser.close()
    }
  },
  2 * launchMs,
)
