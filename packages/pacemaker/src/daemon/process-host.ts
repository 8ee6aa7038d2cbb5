import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { isListedIn } from '../client/daemon-user.ts'
import type { DaemonHost } from '../daemon-host.ts'
import { cpuTime } from './cpu-time.ts'
import { ctime, utcOffsetS } from './local-time.ts'

/** What this process and its machine are to the parts of the daemon. */
export const processHost: DaemonHost = {
  pid: process.pid,
  monoMs: () => performance.now(),
  epochMs: () => Date.now(),
  utcOffsetS: () => utcOffsetS(),
  localTime: (epochS) => ctime(new Date(epochS * 1000)),
  cpu: cpuTime,
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  uuid: randomUUID,
  chance: Math.random,
  isInGroup: isListedIn,
}
