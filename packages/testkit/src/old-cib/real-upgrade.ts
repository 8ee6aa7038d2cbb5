import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { formatXml, parseXml, type XmlElement } from '@quorate/xml'

/** Programs that an upgrade is compared with. */
export const realPrograms = { simulate: '/usr/sbin/crm_simulate', admin: '/usr/sbin/cibadmin' } as const

/** What a real program made of a CIB: its exit code, the document it wrote, and its error output. */
export type RealUpgrade = {
  readonly code: number
  readonly cib: XmlElement | undefined
  readonly stderr: string
}

/** Upgrade in memory, as `crm_simulate --save-input` shows it. `folder` holds files of that name meanwhile. */
export async function simulateUpgrade(cib: XmlElement, folder: string, name: string): Promise<RealUpgrade> {
  const [input, output] = [path.join(folder, `${name}.xml`), path.join(folder, `${name}.out`)]
  fs.writeFileSync(input, formatXml(cib))
  fs.rmSync(output, { force: true })
  const ended = await run(realPrograms.simulate, ['-Q', '-x', input, '--save-input', output])
  return { ...ended, cib: ended.code === 0 && fs.existsSync(output) ? documentIn(output) : undefined }
}

/** Upgrade of a file in place: `CIB_file=... cibadmin --upgrade --force`. */
export async function adminUpgrade(cib: XmlElement, folder: string, name: string): Promise<RealUpgrade> {
  const file = path.join(folder, `${name}.cib`)
  fs.writeFileSync(file, formatXml(cib))
  const ended = await run(realPrograms.admin, ['--upgrade', '--force'], { CIB_file: file })
  return { ...ended, cib: documentIn(file) }
}

function documentIn(file: string): XmlElement {
  const read = parseXml(fs.readFileSync(file, 'utf8'))
  if (!read.ok) throw new Error(`${file}: ${read.error.reason}`)
  return read.value
}

function run(
  program: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...argv], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
    const parts: Buffer[] = []
    child.stderr.on('data', (bytes: Buffer) => parts.push(bytes))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, stderr: Buffer.concat(parts).toString() }))
  })
}

/** What is missing here for comparing upgrades, or undefined. */
export function realUpgradeMissing(): string | undefined {
  const absent = Object.values(realPrograms).find((program) => !fs.existsSync(program))
  return absent === undefined ? undefined : `${absent} (Debian: pacemaker-cli-utils) is missing`
}
