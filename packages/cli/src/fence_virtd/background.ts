import { spawn } from 'node:child_process'
import { livingOwner } from '@quorate/fence-virt/daemon'
import type { DaemonCall } from './options.ts'
import { readConfiguration } from './serve.ts'

/**
 * Starts the daemon as a process of its own, after the configuration has been read where somebody sees the messages.
 * Ends when the daemon serves, or with its exit code when it does not.
 */
export async function goToBackground(call: DaemonCall): Promise<number> {
  if (livingOwner(call.pidFile) !== undefined) return 0
  const conf = readConfiguration(call)
  if (typeof conf === 'number') return conf
  const [program = '', ...rest] = process.argv
  const child = spawn(program, [...process.execArgv, ...rest, '-F'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, FENCE_VIRTD_LOG: 'syslog' },
  })
  // Passed on rather than inherited: a daemon that held its starter's output open would keep a pipe from ending.
  child.stderr?.on('data', (text: Uint8Array) => process.stderr.write(text))
  const letGo = (): void => {
    child.disconnect()
    child.stderr?.destroy()
    child.unref()
  }
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1))
    child.once('error', () => resolve(1))
    child.once('message', () => {
      letGo()
      resolve(0)
    })
    if (conf.waitsForInit) {
      letGo()
      resolve(0)
    }
  })
}
