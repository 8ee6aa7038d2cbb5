import { DecodeError, type NodeId } from '@quorate/base'
import type {
  CommitEntry,
  CommitTokenFrame,
  Frame,
  HoldCancelFrame,
  JoinFrame,
  McastFrame,
  MergeDetectFrame,
  RetransmitRequest,
  TokenFrame,
} from './frame.ts'
import {
  commitEntryLayout,
  commitTokenLayout,
  encapsulatedCopy,
  encapsulatedNot,
  frameBytesMax,
  frameType,
  headerLayout,
  holdCancelLayout,
  joinLayout,
  mcastLayout,
  mergeDetectLayout,
  nodesMax,
  requestLayout,
  retransmitRequestsMax,
  tokenLayout,
  totemMagic,
  totemMagicSwapped,
  totemVersion,
} from './frame-layout.ts'
import { u16At, u32At } from './octets.ts'
import { type RingId, ringSeqMax } from './ring-id.ts'

const idBytes = 4
const noRequests: readonly RetransmitRequest[] = []

/**
 * Reads a frame. Counts and lengths are checked before anything is made of them; a frame must end where its lists do.
 * The frames of every rotation, token and message, are read by hand, the others by their tables.
 *
 * @throws DecodeError for anything that no sane node sends, other byte orders included
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < headerLayout.size) {
    throw new DecodeError('short', bytes.byteLength, `a frame has at least ${headerLayout.size} bytes`)
  }
  if (bytes.byteLength > frameBytesMax) {
    throw new DecodeError('limit', frameBytesMax, `a frame has at most ${frameBytesMax} bytes, got ${bytes.byteLength}`)
  }
  const magic = u16At(bytes, 0)
  if (magic !== totemMagic) {
    const swapped = magic === totemMagicSwapped
    throw new DecodeError('value', 0, swapped ? 'sender has the other byte order' : `no Totem magic: ${magic}`)
  }
  if (bytes[2] !== totemVersion)
    throw new DecodeError('value', 2, `Totem version ${bytes[2]}, expected ${totemVersion}`)
  switch (bytes[3]) {
    case frameType.token:
      return decodeToken(bytes)
    case frameType.mcast:
      return decodeMcast(bytes)
    case frameType.mergeDetect:
      return decodeMergeDetect(bytes)
    case frameType.join:
      return decodeJoin(bytes)
    case frameType.commitToken:
      return decodeCommitToken(bytes)
    case frameType.holdCancel:
      return decodeHoldCancel(bytes)
    default:
      throw new DecodeError('value', 3, `frame type ${bytes[3]}, expected 0..5`)
  }
}

function needLength(bytes: Uint8Array, size: number, what: string): void {
  if (bytes.byteLength < size) throw new DecodeError('short', bytes.byteLength, `${what} needs ${size} bytes`)
  if (bytes.byteLength > size) throw new DecodeError('value', size, `${bytes.byteLength - size} bytes behind ${what}`)
}

/** Sequence as an exact number: its high word is checked first. */
function ringAt(bytes: Uint8Array, at: number): RingId {
  return { rep: u32At(bytes, at), seq: ringSeqAt(bytes, at + 4) }
}

function ringSeqAt(bytes: Uint8Array, at: number): number {
  const seq = u32At(bytes, at) + u32At(bytes, at + 4) * 0x1_0000_0000
  if (seq > ringSeqMax) throw new DecodeError('limit', at, `ring sequence above ${ringSeqMax}`)
  return seq
}

function idAt(bytes: Uint8Array, at: number): NodeId {
  const id = u32At(bytes, at)
  if (id === 0) throw new DecodeError('value', at, 'node id 0')
  return id as NodeId
}

function idsAt(bytes: Uint8Array, at: number, count: number): NodeId[] {
  const ids: NodeId[] = []
  for (let index = 0; index < count; index += 1) ids.push(idAt(bytes, at + index * idBytes))
  return ids
}

function decodeToken(bytes: Uint8Array): TokenFrame {
  if (bytes.byteLength < tokenLayout.size) {
    throw new DecodeError('short', bytes.byteLength, `a token needs ${tokenLayout.size} bytes`)
  }
  const count = u32At(bytes, 53)
  if (count > retransmitRequestsMax) {
    throw new DecodeError('limit', 53, `at most ${retransmitRequestsMax} retransmit requests, got ${count}`)
  }
  needLength(bytes, tokenLayout.size + count * requestLayout.size, 'a token')
  return {
    type: 'token',
    sender: u32At(bytes, 5),
    target: u32At(bytes, 9),
    seq: u32At(bytes, 13),
    tokenSeq: u32At(bytes, 17),
    aru: u32At(bytes, 21),
    aruAddr: u32At(bytes, 25),
    ring: ringAt(bytes, 29),
    backlog: u32At(bytes, 41),
    fcc: u32At(bytes, 45),
    retransFlag: u32At(bytes, 49) | 0,
    requests: count === 0 ? noRequests : requestsAt(bytes, tokenLayout.size, count),
  }
}

function requestsAt(bytes: Uint8Array, at: number, count: number): RetransmitRequest[] {
  const requests: RetransmitRequest[] = []
  for (let index = 0; index < count; index += 1) {
    const entry = at + index * requestLayout.size
    requests.push({ ring: ringAt(bytes, entry), seq: u32At(bytes, entry + 12) })
  }
  return requests
}

function decodeMcast(bytes: Uint8Array): McastFrame {
  if (bytes.byteLength < mcastLayout.size) {
    throw new DecodeError('short', bytes.byteLength, `a message needs ${mcastLayout.size} bytes`)
  }
  const encapsulated = bytes[4]
  if (encapsulated !== encapsulatedCopy && encapsulated !== encapsulatedNot) {
    throw new DecodeError('value', 4, `a message is encapsulated 1 or 2, got ${encapsulated}`)
  }
  if (encapsulated === encapsulatedNot && bytes.byteLength > frameBytesMax - mcastLayout.size) {
    throw new DecodeError('limit', bytes.byteLength, 'a message whose copy would be too long for recovery')
  }
  return {
    type: 'mcast',
    sender: u32At(bytes, 5),
    target: u32At(bytes, 9),
    encapsulated: encapsulated === encapsulatedCopy,
    origin: idAt(bytes, 13),
    seq: u32At(bytes, 17),
    thisSeqno: u32At(bytes, 21) | 0,
    ring: ringAt(bytes, 25),
    nodeId: u32At(bytes, 37),
    guarantee: u32At(bytes, 41) | 0,
    bytes,
  }
}

function decodeMergeDetect(bytes: Uint8Array): MergeDetectFrame {
  needLength(bytes, mergeDetectLayout.size, 'a merge detect')
  const { sender, target } = mergeDetectLayout.decode(bytes)
  return { type: 'merge-detect', sender, target, from: idAt(bytes, 13), ring: ringAt(bytes, 17) }
}

function decodeJoin(bytes: Uint8Array): JoinFrame {
  const { sender, target, procCount, failedCount } = joinLayout.decode(bytes)
  if (procCount > nodesMax) throw new DecodeError('limit', 17, `at most ${nodesMax} nodes, got ${procCount}`)
  if (failedCount > nodesMax) throw new DecodeError('limit', 21, `at most ${nodesMax} nodes, got ${failedCount}`)
  needLength(bytes, joinLayout.size + (procCount + failedCount) * idBytes, 'a join')
  return {
    type: 'join',
    sender,
    target,
    from: idAt(bytes, 13),
    ringSeq: ringSeqAt(bytes, 25),
    proc: idsAt(bytes, joinLayout.size, procCount),
    failed: idsAt(bytes, joinLayout.size + procCount * idBytes, failedCount),
  }
}

function decodeCommitToken(bytes: Uint8Array): CommitTokenFrame {
  const { sender, target, tokenSeq, retransFlag, index, count } = commitTokenLayout.decode(bytes)
  if (count < 1 || count > nodesMax) throw new DecodeError('limit', 37, `1..${nodesMax} members, got ${count}`)
  if (index < 0 || index > count) throw new DecodeError('value', 33, `index ${index} of ${count} members`)
  const entriesAt = commitTokenLayout.size + count * idBytes
  needLength(bytes, entriesAt + count * commitEntryLayout.size, 'a commit token')
  const members = idsAt(bytes, commitTokenLayout.size, count)
  for (let at = 1; at < count; at += 1) {
    if ((members[at] as number) <= (members[at - 1] as number)) {
      throw new DecodeError('value', commitTokenLayout.size + at * idBytes, 'members of a commit token ascend')
    }
  }
  const entries: CommitEntry[] = []
  for (let at = 0; at < count; at += 1) entries.push(commitEntryAt(bytes, entriesAt + at * commitEntryLayout.size))
  return {
    type: 'commit-token',
    sender,
    target,
    tokenSeq,
    ring: ringAt(bytes, 17),
    retransFlag,
    index,
    members,
    entries,
  }
}

function commitEntryAt(bytes: Uint8Array, at: number): CommitEntry {
  const { aru, highDelivered, received } = commitEntryLayout.decode(bytes, at)
  return { ring: ringAt(bytes, at), aru, highDelivered, received }
}

function decodeHoldCancel(bytes: Uint8Array): HoldCancelFrame {
  needLength(bytes, holdCancelLayout.size, 'a hold cancel')
  const { sender, target } = holdCancelLayout.decode(bytes)
  return { type: 'hold-cancel', sender, target, ring: ringAt(bytes, 13) }
}
