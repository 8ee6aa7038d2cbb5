import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

/** Where Debian's pacemaker-common keeps the schemas. */
export const schemaFolder = '/usr/share/pacemaker'

/** What is missing here for asking `xmllint` about the installed schemas, or undefined. */
export function realSchemasMissing(): string | undefined {
  if (!fs.existsSync(path.join(schemaFolder, 'pacemaker-1.0.rng')))
    return `${schemaFolder} (Debian: pacemaker-common) is missing`
  if (spawnSync('xmllint', ['--version'], { stdio: 'ignore' }).status !== 0)
    return 'xmllint (Debian: libxml2-utils) is missing'
  return undefined
}

/**
 * Which of the files conform to an installed schema, as `xmllint` says.
 *
 * @throws Error where xmllint could not run or did not mention a file
 */
export function realVerdicts(files: readonly string[], schema: string): readonly boolean[] {
  const rules = path.join(schemaFolder, `${schema}.rng`)
  const { stderr } = spawnSync('xmllint', ['--noout', '--relaxng', rules, ...files], { maxBuffer: 1 << 28 })
  const said = new Set(String(stderr).split('\n'))
  return files.map((file) => {
    if (said.has(`${file} validates`)) return true
    if (said.has(`${file} fails to validate`)) return false
    throw new Error(`xmllint says nothing of ${file}`)
  })
}
