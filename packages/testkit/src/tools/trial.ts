import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import {
  cibadmin,
  crmAttribute,
  crmDiff,
  crmError,
  crmFailcount,
  crmMaster,
  crmMon,
  crmNode,
  crmResource,
  crmRule,
  crmShadow,
  crmStandby,
  crmTicket,
  crmVerify,
  iso8601,
  type ToolHost,
} from '@quorate/cli/in-process'
import { formatXml } from '@quorate/xml'
import { outputFile } from './output-option.ts'
import type { ToolCase, ToolName } from './tool-case.ts'

/** What a tool did: what it printed, how it ended, and what it left in the files. */
export type Outcome = {
  readonly code: number
  readonly out: string
  readonly err: string
  /** What the CIB has become; left out where the tool has none. */
  readonly cib?: string
  /** What it wrote where `--output-to` names a file. */
  readonly file?: string
  /** What is in the shadows, by their names. */
  readonly shadows?: string
}

/** How the real tool failed: it crashed, or did not end within its processor time. */
export type FailureOfReal = 'aborted' | 'endless'

type OurTool = (argv: readonly string[], host: ToolHost) => number | Promise<number>

const ours: Readonly<Record<ToolName, OurTool>> = {
  iso8601,
  crm_error: crmError,
  crm_rule: crmRule,
  crm_ticket: crmTicket,
  crm_resource: crmResource,
  crm_mon: crmMon,
  cibadmin,
  crm_diff: crmDiff,
  crm_verify: crmVerify,
  crm_attribute: crmAttribute,
  crm_standby: crmStandby,
  crm_failcount: crmFailcount,
  crm_master: crmMaster,
  crm_shadow: crmShadow,
  crm_node: crmNode,
}

/** Longest that the real tool may work, in seconds of processor time. */
const patienceCpuSeconds = 1
/** Longest that it may wait, in milliseconds: for what nobody will send. */
const patienceMs = 10_000
const cibName = 'cib.xml'

/** Writes the files of a case to a folder, in which nothing else is. */
function lay({ cib, files = {} }: ToolCase, folder: string): void {
  for (const name of fs.readdirSync(folder)) fs.rmSync(path.join(folder, name), { recursive: true })
  if (cib !== undefined) fs.writeFileSync(path.join(folder, cibName), formatXml(cib))
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text)
}

function environment({ zone, cib, env: more = {} }: ToolCase, folder: string): Record<string, string | undefined> {
  const source = cib === undefined ? {} : { CIB_file: path.join(folder, cibName) }
  const { CIB_file: _file, CIB_shadow: _shadow, ...env } = process.env
  return { ...env, LC_ALL: 'C.UTF-8', TZ: zone, CIB_shadow_dir: folder, ...source, ...more }
}

function left(of: ToolCase, folder: string): Pick<Outcome, 'cib' | 'file' | 'shadows'> {
  const file = path.join(folder, outputFile)
  const shadows = fs
    .readdirSync(folder)
    .filter((name) => name.startsWith('shadow.'))
    .sort()
  return {
    ...(of.cib === undefined ? {} : { cib: fs.readFileSync(path.join(folder, cibName), 'utf8') }),
    ...(fs.existsSync(file) ? { file: fs.readFileSync(file, 'utf8') } : {}),
    ...(shadows.length === 0
      ? {}
      : { shadows: shadows.map((name) => `${name}\n${fs.readFileSync(path.join(folder, name), 'utf8')}`).join('') }),
  }
}

/** Runs the installed tool. */
export async function realOutcome(of: ToolCase, folder: string): Promise<Outcome | FailureOfReal> {
  lay(of, folder)
  const argv = ['--core=0', `--cpu=${patienceCpuSeconds}`, of.tool, ...of.argv]
  const child = spawn('prlimit', argv, { cwd: folder, env: environment(of, folder), stdio: 'pipe' })
  const texts = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    texts.out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    texts.err += chunk
  })
  // A tool that does not read its input closes it.
  child.stdin.on('error', () => undefined)
  child.stdin.end(of.input ?? '')
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    const patience = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    child.on('error', reject)
    child.on('close', (...ended) => {
      clearTimeout(patience)
      resolve(ended)
    })
  })
  if (code === null) return signal === 'SIGXCPU' || signal === 'SIGKILL' ? 'endless' : 'aborted'
  return { code, ...texts, ...left(of, folder) }
}

/** Runs ours in this process. @throws what it throws */
export async function ourOutcome(of: ToolCase, folder: string, nowMs: number): Promise<Outcome> {
  lay(of, folder)
  const texts = { out: '', err: '' }
  const host: ToolHost = {
    env: environment(of, folder),
    out: (text) => {
      texts.out += text
    },
    err: (text) => {
      texts.err += text
    },
    readInput: () => of.input ?? '',
    now: () => nowMs,
    isTerminal: false,
  }
  const before = { zone: process.env['TZ'], folder: process.cwd() }
  process.env['TZ'] = of.zone
  process.chdir(folder)
  try {
    const code = await ours[of.tool](of.argv, host)
    return { code, ...texts, ...left(of, folder) }
  } finally {
    process.chdir(before.folder)
    if (before.zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = before.zone
  }
}
