import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Folder of the demonstration when none is asked for; short, because socket addresses of 108 bytes lie below it. */
export function defaultFolder(): string {
  return path.join(os.tmpdir(), `quorate-demo-${process.getuid?.() ?? 0}`)
}

/** What a running demonstration leaves for the commands that act on it. */
export type DemoRecord = { readonly pid: number; readonly nodeCount: number }

const recordFile = 'demo.json'

/** Takes the folder. Answers the pid of another demonstration that holds it, or undefined. */
export function takeFolder(folder: string, nodeCount: number): number | undefined {
  const other = readRecord(folder)
  if (other !== undefined && other.pid !== process.pid && isDemo(other.pid)) return other.pid
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  fs.writeFileSync(path.join(folder, recordFile), `${JSON.stringify({ pid: process.pid, nodeCount })}\n`)
  return undefined
}

/** The record of the demonstration in this folder, or undefined where there is none. */
export function readRecord(folder: string): DemoRecord | undefined {
  let text: string
  try {
    text = fs.readFileSync(path.join(folder, recordFile), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const record: unknown = JSON.parse(text)
  if (typeof record !== 'object' || record === null) return undefined
  const { pid, nodeCount } = record as Partial<Record<string, unknown>>
  return typeof pid === 'number' && typeof nodeCount === 'number' ? { pid, nodeCount } : undefined
}

/** Removes the folder with everything in it. */
export function dropFolder(folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true })
}

/** Whether the process runs and is a demonstration: a pid that another program has got since does not count. */
function isDemo(pid: number): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('demo')
  } catch {
    return false
  }
}
