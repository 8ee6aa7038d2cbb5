import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { cibadmin, crmMon, crmResource, type ToolHost } from '@quorate/cli/in-process'

/** A display that two programs make of the same CIB. */
export type Display = {
  /** Command line by which people know it. */
  readonly name: string
  readonly program: 'cibadmin' | 'crm_mon' | 'crm_resource'
  readonly argv: readonly string[]
}

/** Displays that are compared. */
export const displays: readonly Display[] = [
  { name: 'cibadmin -Q', program: 'cibadmin', argv: ['-Q'] },
  { name: 'crm_mon -1', program: 'crm_mon', argv: ['-1'] },
  { name: 'crm_mon -1 -r', program: 'crm_mon', argv: ['-1', '-r'] },
  { name: 'crm_mon -1 -n -r', program: 'crm_mon', argv: ['-1', '-n', '-r'] },
  { name: 'crm_mon -1 -b', program: 'crm_mon', argv: ['-1', '-b'] },
  { name: 'crm_mon -1 -R', program: 'crm_mon', argv: ['-1', '-R'] },
  { name: 'crm_mon -1 -r --include=all', program: 'crm_mon', argv: ['-1', '-r', '--include=all'] },
  { name: 'crm_mon --output-as=xml', program: 'crm_mon', argv: ['--output-as=xml'] },
  { name: 'crm_resource -L', program: 'crm_resource', argv: ['-L'] },
  { name: 'crm_resource -l', program: 'crm_resource', argv: ['-l'] },
]

const ours = { cibadmin, crm_mon: crmMon, crm_resource: crmResource }

/** What differs from run to run and from name to name of a program. */
const varying = [/Last updated: .*/g, /last_update time="[^"]*"/g, /request="[^"]*"/g]

function masked(text: string): string {
  return varying.reduce((out, pattern) => out.replace(pattern, ''), text)
}

/** What our program prints, run in this process. Errors that it throws count as output. */
export async function ourOutput(display: Display, file: string): Promise<string> {
  let out = ''
  const host: ToolHost = {
    env: { ...process.env, CIB_file: file },
    out: (text) => {
      out += text
    },
    err: () => undefined,
    readInput: () => '',
    now: () => Date.now(),
    isTerminal: false,
  }
  try {
    await ours[display.program](display.argv, host)
  } catch (fault) {
    out += fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
  }
  return masked(out)
}

/** What the installed program prints. */
export function realOutput(display: Display, file: string): string {
  const env = { ...process.env, CIB_file: file }
  const done = spawnSync(display.program, display.argv, { encoding: 'utf8', env, maxBuffer: 1 << 26 })
  if (done.error !== undefined) throw done.error
  return masked(done.stdout)
}

/** CIBs of a folder, sorted. */
export function cibsIn(folder: string): readonly string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.xml'))
    .sort()
    .map((name) => path.join(folder, name))
}
