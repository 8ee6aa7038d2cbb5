import fs from 'node:fs'
import { errnoText } from './errno-text.ts'
import { lastErrno, native } from './libc.ts'

const schedSetscheduler = native('sched_setscheduler', 'int', ['int', 'int', 'void *'])
const schedGetPriorityMax = native('sched_get_priority_max', 'int', ['int'])

const roundRobin = 2

/**
 * Asks the kernel to run this process round robin at the highest real-time priority, so that nothing ordinary can make
 * it late for a token. All its threads: the main thread waits for the garbage collector's helpers, which a busy machine
 * would keep from running.
 *
 * @returns undefined, or why not: a text for the log. Without root or CAP_SYS_NICE it is refused, and the ring still
 *   works, less punctually under load.
 */
export function becomeRealtime(): string | undefined {
  const priority = schedGetPriorityMax(roundRobin)
  const parameter = new Uint8Array(4)
  new DataView(parameter.buffer).setInt32(0, priority, true)
  if (schedSetscheduler(0, roundRobin, parameter) !== 0) {
    return `Could not set SCHED_RR at priority ${priority}: ${errnoText(lastErrno())}`
  }
  for (const thread of fs.readdirSync('/proc/self/task')) schedSetscheduler(Number(thread), roundRobin, parameter)
  return undefined
}
