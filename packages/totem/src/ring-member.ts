import { type DecodeError, invariant, type MonoMs, type NodeId } from '@quorate/base'
import type { TotemConfig } from './config.ts'
import type { GatherCause, TotemEffect, TotemNotice } from './effect.ts'
import type { Lane, TotemTimer } from './event.ts'
import { MessageLog } from './message-log.ts'
import type { NodeSet } from './node-set.ts'
import type { RingId } from './ring-id.ts'
import { SendQueue } from './send-queue.ts'

/** Where a member stands (protocols/corosync.md 3); `idle` before it began, `left` after its farewell. */
export type Phase = 'idle' | 'gather' | 'commit' | 'recovery' | 'operational' | 'left'

/** A ring whose membership was delivered, with its messages. */
export type InstalledRing = { readonly id: RingId; readonly members: NodeSet; readonly log: MessageLog }

/** A ring between its commit token and its installation. */
export type FormingRing = {
  readonly members: NodeSet
  /** Members that come from the same old ring as this node. Known from recovery on. */
  trans: NodeSet
  log: MessageLog
  /** Copies of old messages that wait to be sent on the new ring. */
  copies: Uint8Array[]
  /** The representative has let the first token go. */
  tokenOriginated: boolean
  /** This node has set the token's retransmission flag and must clear it. */
  flagRaised: boolean
  /** Token visits in a row without the retransmission flag. */
  quietVisits: number
  /** Highest message when recovery went quiet: everybody needs all up to it. */
  installSeq: number
  /** Visits in a row at which everybody had it. */
  completeVisits: number
}

/** Numbers for statistics; each only grows. */
export type TotemCounters = {
  tokensReceived: number
  tokensHeld: number
  mcastsReceived: number
  mcastsSent: number
  mcastsRetransmitted: number
  mcastsDuplicate: number
  retransmitRequests: number
  framesRefused: number
  joinsSent: number
  joinsReceived: number
  commitTokensReceived: number
  mergeDetectsSent: number
  mergeDetectsReceived: number
  holdCancelsSent: number
  holdCancelsReceived: number
  ringsInstalled: number
  /** Causes for which this node began to gather, and how often. */
  readonly gathers: Partial<Record<GatherCause, number>>
}

/** What this node counted and compared at its last token visit; new with every ring. */
export type TokenMemory = {
  /** Number of the last token taken; one below zero before the first. */
  lastTokenSeq: number
  /** `seq` of the last token, -1 before the first. */
  lastSeq: number
  /** `seq` of the token when this node passed it on: messages behind it were sent by nodes that the token reached since. */
  passedSeq: number
  lastAru: number
  /** Visits in a row at which `aru` did not move although somebody lacks a message. */
  stuckVisits: number
  /** Visits in a row at which no message had been sent. */
  quietVisits: number
  /** This node's part in the token's `fcc`. */
  sentLastVisit: number
  /** This node's part in the token's `backlog`. */
  backlogLastVisit: number
}

/** The memory of a ring that has not seen a token. */
export function freshTokenMemory(firstSeq: number): TokenMemory {
  return {
    lastTokenSeq: (firstSeq - 1) >>> 0,
    lastSeq: -1,
    passedSeq: firstSeq,
    lastAru: firstSeq,
    stuckVisits: 0,
    quietVisits: 0,
    sentLastVisit: 0,
    backlogLastVisit: 0,
  }
}

/**
 * A member of a ring: everything that the protocol remembers. Changed in place by the core only; others read it through
 * the functions of the package.
 */
export class RingMember {
  config: TotemConfig
  phase: Phase = 'idle'
  now: MonoMs
  /** The ring that this node speaks for: the installed one, or the last one that it tried to form. */
  ring: RingId
  /** Highest ring sequence heard of: the next ring goes above it. */
  ringSeqSeen: number
  installed: InstalledRing
  forming: FormingRing | undefined
  /** Nodes that might be there. */
  proc: NodeSet = []
  /** Nodes among them that were given up. */
  failed: NodeSet = []
  /** Nodes that agree with this one on both sets. */
  readonly consensus = new Set<NodeId>()
  /** Lost what the others sent for too long: leaves them alone, in a ring of its own. */
  failedToReceive = false
  token: TokenMemory
  /** The token last passed on, commit tokens included, as it is sent again. */
  lastToken: { readonly to: NodeId; readonly bytes: Uint8Array } | undefined
  /** The token seems to rest at the representative. */
  tokenHeld = false
  mergeArmed = false
  /** The token has come by since the ring was installed: every member has installed it, and forgotten who had failed. */
  settled = false
  /** The services have not said yet that they are in step. */
  syncing = false
  thisSeqno = 0
  lastPauseTickMs: MonoMs
  readonly queue: SendQueue
  readonly counters: TotemCounters
  /** Effects of the step that is running. */
  out: TotemEffect[] = []
  readonly #armed = new Set<TotemTimer>()

  constructor(config: TotemConfig, now: MonoMs) {
    this.config = config
    this.now = now
    this.lastPauseTickMs = now
    this.ring = { rep: config.self, seq: 0 }
    this.ringSeqSeen = 0
    this.installed = { id: this.ring, members: [], log: new MessageLog(config.firstSeq) }
    this.token = freshTokenMemory(config.firstSeq)
    this.queue = new SendQueue(config.self, config.netMtu)
    this.counters = freshCounters()
  }

  get self(): NodeId {
    return this.config.self
  }

  get isRep(): boolean {
    return this.ring.rep === this.config.self
  }

  /** The lane that goes out now. */
  get dueLane(): Lane {
    return this.syncing ? 'sync' : 'application'
  }

  arm(timer: TotemTimer, afterMs: number): void {
    this.#armed.add(timer)
    this.out.push({ do: 'arm', timer, afterMs })
  }

  disarm(timer: TotemTimer): void {
    if (this.#armed.delete(timer)) this.out.push({ do: 'disarm', timer })
  }

  /** True once for a timer that was armed: a timer that was disarmed while it ran out means nothing. */
  expired(timer: TotemTimer): boolean {
    return this.#armed.delete(timer)
  }

  send(to: NodeId, bytes: Uint8Array): void {
    this.out.push({ do: 'send', to, bytes })
  }

  sendAll(bytes: Uint8Array, flush: boolean): void {
    this.out.push({ do: 'send-all', bytes, flush })
  }

  /** Drops the frame of this step, and says so. */
  refuse(error: DecodeError): void {
    this.counters.framesRefused += 1
    this.out.push({ do: 'refuse', error })
  }

  notice(notice: TotemNotice): void {
    this.out.push({ do: 'notice', notice })
  }

  /** The ring being formed, in a phase that has one. */
  needForming(): FormingRing {
    invariant(this.forming !== undefined, 'a ring is being formed', { phase: this.phase })
    return this.forming
  }
}

function freshCounters(): TotemCounters {
  return {
    tokensReceived: 0,
    tokensHeld: 0,
    mcastsReceived: 0,
    mcastsSent: 0,
    mcastsRetransmitted: 0,
    mcastsDuplicate: 0,
    retransmitRequests: 0,
    framesRefused: 0,
    joinsSent: 0,
    joinsReceived: 0,
    commitTokensReceived: 0,
    mergeDetectsSent: 0,
    mergeDetectsReceived: 0,
    holdCancelsSent: 0,
    holdCancelsReceived: 0,
    ringsInstalled: 0,
    gathers: {},
  }
}
