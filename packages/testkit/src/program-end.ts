import { spawn } from 'node:child_process'

/** What a command in the lab printed and how it ended. */
export type LabOutput = { readonly status: number; readonly stdout: string; readonly stderr: string }

/**
 * Runs a program to its own end, whatever it leaves behind: what it wrote by then, and its exit code, -1 where a signal ended
 * it. @throws Error where it cannot be started
 */
export function ended(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<LabOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes))
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes))
    child.once('error', reject)
    // 'exit', not 'close': daemons that the lab starts may hold the pipes open.
    child.once('exit', (status) => {
      afterNextLook(() =>
        resolve({ status: status ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
      )
    })
  })
}

/**
 * Calls when the loop has looked once more for what can be read. The end of a child is told together with that of any other
 * child, and so before what it has written since the loop looked last: of four programs at a time one in fifty seemed to have
 * said nothing.
 */
function afterNextLook(then: () => void): void {
  // The first turn is the one that the end is told in: it has looked already.
  setImmediate(() => setImmediate(then))
}
