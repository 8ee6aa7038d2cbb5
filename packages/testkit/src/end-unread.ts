import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'

/** Between two looks for a file, ms. */
const lookMs = 10
/** How long nothing else is done when the end has been told, ms: longer than output is waited for. */
const stallMs = 200
/** By then what is waited for does not come, ms. */
const stallMsMax = 60_000

/**
 * Has this process hear of the end of a program before it reads what that wrote last, as it comes about now and then where
 * several end at a time and the machine is slow: while the output of another one is dealt with, whose end is told next, the
 * program ends.
 *
 * @param pidFile where a child of this process writes its number and a line feed before it waits to be let go
 * @param release lets it write, and end at once
 */
export async function endUnread(pidFile: string, release: () => void): Promise<void> {
  const awaited = (): boolean => fs.existsSync(pidFile) && fs.readFileSync(pidFile, 'utf8').endsWith('\n')
  while (!awaited()) await new Promise((resolve) => setTimeout(resolve, lookMs))
  const pid = Number(fs.readFileSync(pidFile, 'utf8'))
  const other = spawn('head', ['-c', '1'], { stdio: ['pipe', 'pipe', 'inherit'] })
  other.stdout.once('data', () => {
    release()
    stallUntil(() => hasEnded(pid))
  })
  // Ends are told in the order of the starts: that of the program has been told here.
  other.once('exit', () => {
    const begin = Date.now()
    stallUntil(() => Date.now() > begin + stallMs)
  })
  const isOver = once(other, 'close')
  // When its output is being read. What it writes and its end are then there together when the loop looks next.
  await new Promise((resolve) => setImmediate(resolve))
  other.stdin.end('x')
  stallUntil(() => hasEnded(other.pid))
  await isOver
}

/** Whether a child of this process has ended, which nobody has been told yet. */
function hasEnded(pid: number | undefined): boolean {
  return /^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
}

/** Lets this process do nothing else until something is so. */
function stallUntil(isSo: () => boolean): void {
  const begin = Date.now()
  while (!isSo()) {
    if (Date.now() > begin + stallMsMax) throw new Error(`stalled for ${stallMsMax} ms`)
  }
}
