import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** The process that a pid file names, where it lives. */
export function livingOwner(file: string): number | undefined {
  let pid: number
  try {
    pid = Number(readFileSync(file, 'utf8').trim())
  } catch {
    return undefined
  }
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined
  try {
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? pid : undefined
  }
}

/** Writes this process into a pid file. */
export function takePidFile(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${process.pid}\n`, { mode: 0o644 })
}

/** Removes a pid file that names this process. */
export function releasePidFile(file: string): void {
  try {
    if (Number(readFileSync(file, 'utf8').trim()) === process.pid) unlinkSync(file)
  } catch {
    // Somebody else removed it: nothing is left to do.
  }
}
