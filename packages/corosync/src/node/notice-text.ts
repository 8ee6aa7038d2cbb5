import { type Configuration, ringText, type TotemConfig, type TotemNotice } from '@quorate/totem'
import type { LogLevel, ServiceEffect } from '../service.ts'

/** A log line of the ring itself. */
type Line = Extract<ServiceEffect, { readonly kind: 'log' }>

/** The words that administrators know for what happens on the ring; undefined for what is not worth a line. */
export function noticeLine(notice: TotemNotice, { tokenLossMs, consensusMs }: TotemConfig): Line | undefined {
  switch (notice.what) {
    case 'gather': {
      const state = `entering GATHER state (${notice.cause}), nodes ${notice.proc.join(' ')}`
      if (notice.cause !== 'token-lost') {
        return line('debug', notice.failed.length > 0 ? `${state}, failed ${notice.failed.join(' ')}` : state)
      }
      return line(
        'notice',
        `A processor failed, forming new configuration: token timed out (${tokenLossMs}ms), waiting ${consensusMs}ms for consensus.`,
      )
    }
    case 'commit':
    case 'recovery':
    case 'operational':
      return line('debug', `entering ${notice.what.toUpperCase()} state, ring ${ringText(notice.ring)}`)
    case 'retransmit-list':
      return line('notice', `Retransmit List: ${notice.seqs.map((seq) => seq.toString(16)).join(' ')} `)
    case 'failed-to-receive':
      return line('error', 'FAILED TO RECEIVE')
    case 'paused':
      return line(
        'notice',
        `Process pause detected for ${Math.round(notice.pausedMs)} ms, flushing membership messages.`,
      )
  }
}

/** The line about a new membership. */
export function membershipLine({ ring, joined, left }: Configuration): Line {
  const parts = [`A new membership (${ringText(ring)}) was formed. Members`]
  if (joined.length > 0) parts.push(`joined: ${joined.join(' ')}`)
  if (left.length > 0) parts.push(`left: ${left.join(' ')}`)
  return line('notice', parts.join(' '))
}

function line(level: LogLevel, text: string): Line {
  return { kind: 'log', level, subsystem: 'TOTEM', text }
}
