export { type DaemonStatus, FenceDaemon, initRetryMs, StartError } from './fence-daemon.ts'
export type { DoneOperation } from './fence-desk.ts'
export { type Journal, streamJournal } from './journal.ts'
export { livingOwner, releasePidFile, takePidFile } from './pid-file.ts'
export { makePrivate } from './private-file.ts'
export { askStatus, openStatusDoor, statusSocketOf } from './status-door.ts'

/** Tells systemd that the daemon serves, where systemd asked for it; native code is loaded only then. */
export async function sayReady(status: string): Promise<void> {
  const notice = await import('./ready-notice.ts')
  notice.sayReady(status)
}
