import { invariant, unreachable } from '@quorate/base'
import type { CommitTokenFrame, Frame, JoinFrame, McastFrame, TokenFrame } from './frame.ts'
import {
  commitEntryLayout,
  commitTokenLayout,
  encapsulatedCopy,
  encapsulatedNot,
  frameType,
  holdCancelLayout,
  joinLayout,
  mcastLayout,
  mergeDetectLayout,
  nodesMax,
  requestLayout,
  retransmitRequestsMax,
  tokenLayout,
  totemMagic,
  totemVersion,
} from './frame-layout.ts'
import { putU16, putU32 } from './octets.ts'
import type { RingId } from './ring-id.ts'

const idBytes = 4

/** Writes a frame. A message frame keeps the payload that `bytes` holds behind its header. */
export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.type) {
    case 'token':
      return encodeToken(frame)
    case 'mcast':
      return encodeMcast(frame)
    case 'merge-detect': {
      const bytes = started(mergeDetectLayout.size, frameType.mergeDetect, 0, frame.sender, frame.target)
      mergeDetectLayout.encode(bytes, { from: frame.from, ...ringFields(frame.ring) })
      return bytes
    }
    case 'join':
      return encodeJoin(frame)
    case 'commit-token':
      return encodeCommitToken(frame)
    case 'hold-cancel': {
      const bytes = started(holdCancelLayout.size, frameType.holdCancel, 0, frame.sender, frame.target)
      holdCancelLayout.encode(bytes, ringFields(frame.ring))
      return bytes
    }
    default:
      return unreachable(frame)
  }
}

function started(size: number, type: number, encapsulated: number, sender: number, target: number): Uint8Array {
  const bytes = new Uint8Array(size)
  putU16(bytes, 0, totemMagic)
  bytes[2] = totemVersion
  bytes[3] = type
  bytes[4] = encapsulated
  putU32(bytes, 5, sender)
  putU32(bytes, 9, target)
  return bytes
}

function ringFields(ring: RingId): { rep: number; ringSeq: bigint } {
  return { rep: ring.rep, ringSeq: BigInt(ring.seq) }
}

function putRing(bytes: Uint8Array, at: number, ring: RingId): void {
  putU32(bytes, at, ring.rep)
  putU32(bytes, at + 4, ring.seq % 0x1_0000_0000)
  putU32(bytes, at + 8, Math.floor(ring.seq / 0x1_0000_0000))
}

function encodeToken(frame: TokenFrame): Uint8Array {
  const count = frame.requests.length
  invariant(count <= retransmitRequestsMax, 'retransmit requests fit a token', { count })
  const size = tokenLayout.size + count * requestLayout.size
  const bytes = started(size, frameType.token, 0, frame.sender, frame.target)
  putU32(bytes, 13, frame.seq)
  putU32(bytes, 17, frame.tokenSeq)
  putU32(bytes, 21, frame.aru)
  putU32(bytes, 25, frame.aruAddr)
  putRing(bytes, 29, frame.ring)
  putU32(bytes, 41, frame.backlog)
  putU32(bytes, 45, frame.fcc)
  putU32(bytes, 49, frame.retransFlag)
  putU32(bytes, 53, count)
  let at = tokenLayout.size
  for (const request of frame.requests) {
    putRing(bytes, at, request.ring)
    putU32(bytes, at + 12, request.seq)
    at += requestLayout.size
  }
  return bytes
}

function encodeMcast(frame: McastFrame): Uint8Array {
  const bytes = frame.bytes.slice()
  const copy = frame.encapsulated ? encapsulatedCopy : encapsulatedNot
  bytes.set(started(mcastLayout.size, frameType.mcast, copy, frame.sender, frame.target))
  putU32(bytes, 13, frame.origin)
  placeMcast(bytes, frame.seq, frame.thisSeqno, frame.ring)
  putU32(bytes, 37, frame.nodeId)
  putU32(bytes, 41, frame.guarantee)
  return bytes
}

/**
 * Makes the header of a message in front of its payload, everything but its place in the order.
 *
 * @param bytes the whole frame; its first 45 bytes are written
 */
export function startMcast(bytes: Uint8Array, origin: number, encapsulated: boolean): void {
  invariant(bytes.byteLength >= mcastLayout.size, 'room for the header of a message', { have: bytes.byteLength })
  bytes.fill(0, 0, mcastLayout.size)
  putU16(bytes, 0, totemMagic)
  bytes[2] = totemVersion
  bytes[3] = frameType.mcast
  bytes[4] = encapsulated ? encapsulatedCopy : encapsulatedNot
  putU32(bytes, 5, origin)
  putU32(bytes, 13, origin)
}

/** Writes the place in the order into a message frame, which is known only when the token is here. */
export function placeMcast(bytes: Uint8Array, seq: number, thisSeqno: number, ring: RingId): void {
  putU32(bytes, 17, seq)
  putU32(bytes, 21, thisSeqno)
  putRing(bytes, 25, ring)
}

function encodeJoin(frame: JoinFrame): Uint8Array {
  const procCount = frame.proc.length
  const failedCount = frame.failed.length
  invariant(procCount <= nodesMax && failedCount <= nodesMax, 'lists of a join are bounded', { procCount, failedCount })
  const size = joinLayout.size + (procCount + failedCount) * idBytes
  const bytes = started(size, frameType.join, 0, frame.sender, frame.target)
  joinLayout.encode(bytes, { from: frame.from, procCount, failedCount, ringSeq: BigInt(frame.ringSeq) })
  let at = joinLayout.size
  for (const id of frame.proc) {
    putU32(bytes, at, id)
    at += idBytes
  }
  for (const id of frame.failed) {
    putU32(bytes, at, id)
    at += idBytes
  }
  return bytes
}

function encodeCommitToken(frame: CommitTokenFrame): Uint8Array {
  const count = frame.members.length
  invariant(count >= 1 && count <= nodesMax, 'members of a commit token are bounded', { count })
  invariant(frame.entries.length === count, 'every member has an entry', { count, entries: frame.entries.length })
  const size = commitTokenLayout.size + count * (idBytes + commitEntryLayout.size)
  const bytes = started(size, frameType.commitToken, 0, frame.sender, frame.target)
  const { tokenSeq, retransFlag, index } = frame
  commitTokenLayout.encode(bytes, { tokenSeq, retransFlag, index, count, ...ringFields(frame.ring) })
  let at = commitTokenLayout.size
  for (const id of frame.members) {
    putU32(bytes, at, id)
    at += idBytes
  }
  for (const entry of frame.entries) {
    const { aru, highDelivered, received } = entry
    commitEntryLayout.encode(bytes, { aru, highDelivered, received, ...ringFields(entry.ring) }, at)
    at += commitEntryLayout.size
  }
  return bytes
}
