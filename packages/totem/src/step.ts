import { DecodeError, invariant, type MonoMs, unreachable } from '@quorate/base'
import { onCommitToken } from './commit.ts'
import type { TotemConfig } from './config.ts'
import type { TotemEffect } from './effect.ts'
import type { Lane, TotemEvent, TotemTimer } from './event.ts'
import { decodeFrame } from './frame-decoder.ts'
import { enterGather, leaveRing, onConsensusTimeout, onJoin, onJoinTimer, onTokenLoss } from './gather.ts'
import { cancelHold, onHoldCancel, onMcast, onMergeDetect, onMergeTimer } from './message-arrival.ts'
import { messageBytesMax } from './packing.ts'
import { ringSeqMax, sameRing } from './ring-id.ts'
import { RingMember } from './ring-member.ts'
import { repeatToken } from './token-sending.ts'
import { onToken } from './token-visit.ts'

/** How many times in a token timeout a node looks whether it has slept. */
const pauseTicksPerToken = 5
/** Part of the token timeout that a node may sleep before what it finds in its socket is too old. */
const pauseShare = 0.5

/** A member that has not begun yet. */
export function createTotem(config: TotemConfig, now: MonoMs): RingMember {
  return new RingMember(config, now)
}

/**
 * Advances a ring member by one event, in place.
 *
 * No clock, no chance, no I/O: the same member, events and times give the same effects. `now` never goes back.
 *
 * @returns the effects, to be performed in order before the next event
 */
export function step(member: RingMember, event: TotemEvent, now: MonoMs): readonly TotemEffect[] {
  const out: TotemEffect[] = []
  member.out = out
  member.now = now
  switch (event.kind) {
    case 'start':
      begin(member, event.storedRingSeq)
      break
    case 'frame':
      if (member.phase !== 'idle' && member.phase !== 'left') onFrame(member, event.bytes)
      break
    case 'timer':
      if (member.expired(event.timer)) onTimer(member, event.timer)
      break
    case 'multicast':
      onMulticast(member, event.group, event.body, event.lane)
      break
    case 'sync-complete':
      if (!sameRing(event.ring, member.installed.id)) break
      member.syncing = false
      if (member.phase === 'operational' && !member.queue.idle) cancelHold(member)
      break
    case 'reconfigure': {
      const { self, netMtu, firstSeq } = member.config
      member.config = { ...event.config, self, netMtu, firstSeq }
      break
    }
    case 'leave':
      if (member.phase !== 'idle' && member.phase !== 'left') leaveRing(member)
      break
    default:
      unreachable(event)
  }
  return out
}

/** Whether a message of `bodyBytes` would be taken now (1 MiB at most). */
export function roomFor(member: RingMember, bodyBytes: number, group: string, lane: Lane): boolean {
  return member.phase !== 'idle' && member.phase !== 'left' && member.queue.roomFor(bodyBytes, group, lane)
}

function begin(member: RingMember, storedRingSeq: number): void {
  invariant(member.phase === 'idle', 'a ring member begins once', { phase: member.phase })
  invariant(storedRingSeq >= 0 && storedRingSeq < ringSeqMax, 'a stored ring sequence is in range', { storedRingSeq })
  member.ring = { rep: member.self, seq: storedRingSeq + 1 }
  member.ringSeqSeen = member.ring.seq
  member.installed = { ...member.installed, id: member.ring }
  member.lastPauseTickMs = member.now
  armPauseTick(member)
  enterGather(member, 'start')
}

function onFrame(member: RingMember, bytes: Uint8Array): void {
  let frame: ReturnType<typeof decodeFrame>
  try {
    frame = decodeFrame(bytes)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return member.refuse(error)
  }
  switch (frame.type) {
    case 'token':
      return onToken(member, frame)
    case 'mcast':
      return onMcast(member, frame)
    case 'merge-detect':
      return onMergeDetect(member, frame)
    case 'join':
      return slept(member) ? undefined : onJoin(member, frame)
    case 'commit-token':
      return onCommitToken(member, frame)
    case 'hold-cancel':
      return onHoldCancel(member, frame)
    default:
      return unreachable(frame)
  }
}

function onTimer(member: RingMember, timer: TotemTimer): void {
  switch (timer) {
    case 'token-loss':
      return onTokenLoss(member)
    case 'token-retransmit':
      if (member.phase === 'gather') return
      repeatToken(member)
      return member.arm('token-retransmit', member.config.tokenRetransmitMs)
    case 'join':
      return onJoinTimer(member)
    case 'consensus':
      return onConsensusTimeout(member)
    case 'merge':
      return onMergeTimer(member)
    case 'hold':
      return repeatToken(member)
    case 'pause':
      slept(member)
      member.lastPauseTickMs = member.now
      return armPauseTick(member)
    default:
      return unreachable(timer)
  }
}

function armPauseTick(member: RingMember): void {
  member.arm('pause', member.config.tokenLossMs / pauseTicksPerToken)
}

/** True when the process slept for so long that membership messages which waited for it say nothing about now. */
function slept(member: RingMember): boolean {
  const pausedMs = member.now - member.lastPauseTickMs
  if (pausedMs <= member.config.tokenLossMs * pauseShare) return false
  member.lastPauseTickMs = member.now
  member.notice({ what: 'paused', pausedMs })
  member.out.push({ do: 'drain' })
  return true
}

function onMulticast(member: RingMember, group: string, body: Uint8Array, lane: Lane): void {
  if (!roomFor(member, body.byteLength, group, lane)) {
    const running = member.phase !== 'idle' && member.phase !== 'left'
    const why = !running ? 'not-running' : body.byteLength > messageBytesMax ? 'too-long' : 'queue-full'
    member.out.push({ do: 'reject', why, group, lane, body })
    return
  }
  member.queue.add(group, body, lane)
  const level = member.queue.changedLevel()
  if (level !== undefined) member.out.push({ do: 'queue-level', level })
  if (lane === member.dueLane) cancelHold(member)
}
