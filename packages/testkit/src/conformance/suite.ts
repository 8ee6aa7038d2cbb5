import fs from 'node:fs'
import path from 'node:path'

/** One case of a scheduler suite: an input and what is expected of it. */
export type SuiteCase = {
  readonly name: string
  readonly group: string
  /** Arguments of crm_simulate for the run that makes the graph. */
  readonly args: readonly string[]
  /** Absolute paths by kind: xml, exp, dot, scores, summary and, where errors are expected, stderr. */
  readonly files: Readonly<Record<string, string>>
}

type CaseEntry = {
  readonly name: string
  readonly group: string
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, string>>
}

const kinds = ['exp', 'dot', 'scores', 'summary', 'stderr'] as const

/**
 * Reads a suite: a folder with `cases.json`, or a checkout's `cts/scheduler` with a folder for each kind of file.
 *
 * @throws Error naming the folder where it is neither
 */
export function readSuite(folder: string): readonly SuiteCase[] {
  const index = path.join(folder, 'cases.json')
  if (fs.existsSync(index)) {
    const { cases } = JSON.parse(fs.readFileSync(index, 'utf8')) as { cases: readonly CaseEntry[] }
    return cases.map((item) => ({
      ...item,
      files: Object.fromEntries(Object.entries(item.files).map(([kind, name]) => [kind, path.join(folder, name)])),
    }))
  }
  const inputs = path.join(folder, 'xml')
  if (!fs.existsSync(inputs)) {
    throw new Error(
      `${folder}: expected a scheduler suite, with cases.json or the folders xml, exp, dot, scores and summary`,
    )
  }
  return fs
    .readdirSync(inputs)
    .filter((name) => name.endsWith('.xml'))
    .sort()
    .map((file) => {
      const name = file.slice(0, -'.xml'.length)
      const files: Record<string, string> = { xml: path.join(inputs, file) }
      for (const kind of kinds) {
        const expected = path.join(folder, kind, `${name}.${kind}`)
        if (fs.existsSync(expected)) files[kind] = expected
      }
      return { name, group: 'all', args: [], files }
    })
}

/** The suite that comes with the shared facts: `../shared` beside the repository, or what QUORATE_SHARED names. */
export function defaultSuite(repository: string): string {
  const shared = process.env['QUORATE_SHARED'] ?? path.join(repository, '..', 'shared')
  return path.join(shared, 'suites', 'scheduler-2.1.5')
}
