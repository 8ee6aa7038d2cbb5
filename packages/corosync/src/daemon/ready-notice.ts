import { spawn } from 'node:child_process'

/** Tells systemd that the daemon serves (the unit needs NotifyAccess=all), where systemd started it. */
export function sayReady(trouble: (text: string) => void): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return
  const child = spawn('systemd-notify', ['--ready', `--pid=${process.pid}`], { stdio: 'ignore' })
  child.once('error', (error) => trouble(`systemd-notify failed: ${error.message}`))
  child.unref()
}
