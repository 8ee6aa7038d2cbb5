import type { TotemConfig } from './config.ts'
import type { TokenFrame } from './frame.ts'
import type { TokenMemory } from './ring-member.ts'

/**
 * How many messages this node may send at this visit: its own limit, what the others left of the ring's window, and
 * its share of the window when many are waiting (protocols/corosync.md 3.5, steps 2 and 6).
 *
 * @param waiting messages in this node's queue
 */
export function sendAllowance(config: TotemConfig, token: TokenFrame, memory: TokenMemory, waiting: number): number {
  const sentByAll = Math.max(0, token.fcc | 0)
  let allowed = Math.max(0, Math.min(config.maxMessages, config.windowSize - sentByAll))
  const everybodysBacklog = token.backlog + waiting - memory.backlogLastVisit
  if (everybodysBacklog > 0) {
    const share = Math.floor((config.windowSize * memory.backlogLastVisit) / everybodysBacklog)
    if (share > 0) allowed = Math.min(allowed, share)
  }
  return allowed
}

/** A sum on the token that every node adds to and takes its own part out of; never below zero, whoever restarted. */
export function replaceShare(sum: number, before: number, now: number): number {
  return Math.max(0, sum - before + now)
}
