import { build } from 'esbuild'

/** What a page that has loaded the bundle finds under `globalThis.quorate`. */
const entry = `
export { schedule } from '@quorate/scheduler'
export { formatXml, parseXml } from '@quorate/xml'
`

/**
 * Bundles the scheduler, with what reads and writes its XML, for a browser: one script that sets `quorate`.
 *
 * @throws Error naming the import where something in it needs Node
 */
export async function schedulerBundle(): Promise<string> {
  const built = await build({
    stdin: { contents: entry, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'iife',
    globalName: 'quorate',
    platform: 'browser',
    conditions: ['source'],
    minify: true,
    write: false,
    logLevel: 'silent',
  })
  return built.outputFiles[0]?.text ?? ''
}
