import fs from 'node:fs'

/**
 * Pids of the processes that run under a root: those whose environment has QUORATE_ROOT at this value. Services that an
 * agent left behind inherit it, so a node can be emptied whole.
 */
export function processesOf(root: string): readonly number[] {
  const mark = `QUORATE_ROOT=${root}`
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(mark))
}

/** Sends a signal to every process that runs under the root; those that are gone meanwhile do not matter. */
export function killProcessesOf(root: string, signal: NodeJS.Signals): void {
  // A process may fork between the look and the kill: look again until none is left that the kill has not reached.
  for (const seen = new Set<number>(); ; ) {
    const fresh = processesOf(root).filter((pid) => !seen.has(pid))
    if (fresh.length === 0) return
    for (const pid of fresh) {
      seen.add(pid)
      signalProcess(pid, signal)
    }
  }
}

/** Sends a signal; that the process is gone meanwhile does not matter. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Words of the command line of a process; none once it is gone. */
export function commandOf(pid: number): readonly string[] {
  return wordsOf(`/proc/${pid}/cmdline`)
}

/** Whether the process runs; one that is dead and not yet reaped does not. */
export function isAlive(pid: number): boolean {
  return commandOf(pid).length > 0
}

function environmentOf(pid: number): readonly string[] {
  return wordsOf(`/proc/${pid}/environ`)
}

function wordsOf(file: string): readonly string[] {
  try {
    return fs.readFileSync(file, 'utf8').split('\0').slice(0, -1)
  } catch {
    // Gone, or another user's: not ours either way.
    return []
  }
}
