import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Snapshot, Stale } from '../api/index.ts'
import { FakeServer, goodToken } from './fake-server.ts'
import { generatedSnapshot } from './generated-cluster.ts'

const browserPath = '/usr/bin/chromium'
export const isBrowserMissing = !fs.existsSync(browserPath)
export const browserNote = isBrowserMissing ? ' (skipped: needs Debian package chromium)' : ''
/** A first start of the browser reads some hundred megabytes, and the machine may be busy. */
export const patienceMs = 120_000
const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** How a page is opened. */
export type PageOptions = {
  /** Behind the server's own, `/` left out. */
  readonly address?: string
  readonly locale?: string
  readonly snapshot?: Snapshot
  readonly unreached?: Stale
  /** Done to the server before the page is opened. */
  readonly prepare?: (server: FakeServer) => void
  /** All that is said on the browser's console. */
  readonly heard?: readonly string[]
}

/** The built pages, and a browser to open them in. */
export class PageHarness {
  #folder = ''
  #browser: Browser | undefined

  async open(): Promise<void> {
    this.#folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-console-'))
    // As it is delivered: a process of its own has none of what vitest says of itself in the environment.
    const vite = createRequire(import.meta.url)
      .resolve('vite/package.json')
      .replace(/package\.json$/, 'bin/vite.js')
    const config = path.resolve(import.meta.dirname, '../../vite.config.ts')
    const env = { PATH: process.env['PATH'], NODE_ENV: 'production' }
    const build = [vite, 'build', '--config', config, '--outDir', this.#folder]
    await promisify(execFile)(process.execPath, build, { env })
    // In a container the shared memory is small.
    const args = ['--no-sandbox', '--disable-dev-shm-usage']
    this.#browser = await chromium.launch({ executablePath: browserPath, args, timeout: patienceMs })
  }

  async close(): Promise<void> {
    await this.#browser?.close()
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Opens the console in a page of its own, and has it say nothing on the browser's console but what is `heard`. */
  async inPage(options: PageOptions, visit: (page: Page, server: FakeServer) => Promise<void>): Promise<void> {
    if (this.#browser === undefined) expect.fail('the harness is open')
    const server = new FakeServer(this.#folder, options.snapshot ?? generatedSnapshot())
    server.unreached = options.unreached
    options.prepare?.(server)
    const address = await server.open()
    const context = await this.#browser.newContext({
      locale: options.locale ?? 'en-US',
      viewport: { width: 1600, height: 1000 },
    })
    context.setDefaultTimeout(patienceMs)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    try {
      await page.goto(`${address}${options.address ?? ''}#token=${goodToken}`)
      await visit(page, server)
      expect(complaints).toEqual(options.heard ?? [])
    } catch (error) {
      const text = await page.locator('body').textContent({ timeout: patienceMs })
      throw new Error(`the page said ${JSON.stringify(complaints)} and showed ${text}`, { cause: error })
    } finally {
      await context.close()
      await server.close()
    }
  }
}

/** What axe-core finds wrong with a page. */
export async function violations(page: Page): Promise<unknown> {
  // By the browser's own door: the policy of the page forbids scripts of others.
  await page.evaluate(axe)
  return page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 3).map((one) => one.html + one.failureSummary) })))",
  )
}
