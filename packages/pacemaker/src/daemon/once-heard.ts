import type { ChildProcess } from 'node:child_process'

/** A process that a program left behind may hold its output open for ever: so long is waited for the end of the output, ms. */
const drainMs = 50

/** Calls once a program has ended, with its exit code or signal, and all that it wrote by then has been read. */
export function onceHeard(
  child: ChildProcess,
  heard: (code: number | null, signal: NodeJS.Signals | null) => void,
): void {
  child.once('exit', (code, signal) => {
    let isTold = false
    const tell = (): void => {
      if (!isTold) heard(code, signal)
      isTold = true
    }
    // The time alone is not enough. This may be told before what the program wrote last is read, where another program's end
    // is told; and after a stall time is over before the loop looks again for what can be read. It has where a turn follows.
    const drained = setTimeout(() => setImmediate(tell), drainMs)
    child.once('close', () => {
      clearTimeout(drained)
      tell()
    })
  })
}
