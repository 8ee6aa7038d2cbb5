import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** The daemon that a pid file names, where it lives. A number that another program has by now stands for nobody. */
export function livingOwner(file: string): number | undefined {
  let pid: number
  try {
    pid = Number(readFileSync(file, 'utf8').trim())
  } catch {
    return undefined
  }
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined
  return isDaemon(pid) ? pid : undefined
}

/** Whether a process was started under the name of the daemon, ours or the C one. */
function isDaemon(pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return words.some((word) => path.basename(word) === 'fence_virtd')
  } catch {
    return false
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
