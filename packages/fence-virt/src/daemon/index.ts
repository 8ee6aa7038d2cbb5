export { type DaemonStatus, FenceDaemon, initRetryMs, StartError } from './fence-daemon.ts'
export type { Journal } from './journal.ts'
export { streamJournal } from './journal.ts'
