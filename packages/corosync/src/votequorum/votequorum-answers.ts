import type { NodeId } from '@quorate/base'
import { csErrorCodes } from '../cs-error.ts'
import { responseOf, viewOf } from '../ipc/message-header.ts'
import { type RingName, writeIpcRingId } from '../ipc/ring-id.ts'
import {
  votequorumExpectedEvent,
  votequorumInfo,
  votequorumInfoFlags,
  votequorumNodelistEvent,
  votequorumNodelistRingAt,
  votequorumNodeState,
  votequorumQuorumEvent,
  votequorumResponses,
  votequorumStates,
} from '../ipc/votequorum-messages.ts'
import type { QuorumDevice } from './quorum-device.ts'
import type { Voter } from './tally.ts'
import type { VotequorumConfig } from './votequorum-config.ts'
import { nodeFlags } from './votequorum-ring-message.ts'

const ok = csErrorCodes.CS_OK

/** What GETINFO tells beside what it tells of the node that it is about. */
export type Standing = {
  readonly config: VotequorumConfig
  readonly isQuorate: boolean
  readonly highestExpected: number
  /** Votes of the members, and what the device gives the node that it is about. */
  readonly total: number
  readonly needed: number
  readonly device: Readonly<Pick<QuorumDevice, 'votes' | 'name'>>
}

/** Answer to GETINFO about a node (protocols/corosync.md 9.5). */
export function infoAnswer(voter: Voter, standing: Standing): Uint8Array {
  const { config, isQuorate, highestExpected, total, needed, device } = standing
  const bit = votequorumInfoFlags
  const bytes = responseOf(votequorumResponses.getInfo, ok, votequorumInfo.size)
  votequorumInfo.encode(bytes, {
    node: voter.node,
    state: votequorumStates[voter.state],
    votes: voter.votes,
    expectedVotes: voter.expectedVotes,
    highestExpected,
    totalVotes: total,
    quorum: needed,
    flags:
      (config.isTwoNode ? bit.twoNode : 0) |
      (isQuorate ? bit.quorate : 0) |
      (config.waitForAll ? bit.waitForAll : 0) |
      (config.lastManStanding ? bit.lastManStanding : 0) |
      (config.autoTieBreaker === undefined ? 0 : bit.autoTieBreaker) |
      deviceFlags(voter.flags),
    qdeviceVotes: device.votes,
    qdeviceName: device.name,
  })
  return bytes
}

/** What a node's flags on the ring say of its device, as GETINFO has it. */
function deviceFlags(flags: number): number {
  const bit = votequorumInfoFlags
  const pairs = [
    [nodeFlags.deviceRegistered, bit.qdeviceRegistered],
    [nodeFlags.deviceAlive, bit.qdeviceAlive],
    [nodeFlags.deviceCastVote, bit.qdeviceCastVote],
    [nodeFlags.deviceMasterWins, bit.qdeviceMasterWins],
  ] as const
  return pairs.reduce((out, [of, as]) => ((flags & of) === 0 ? out : out | as), 0)
}

/** Event of a new ring. `context`: the tracker's mark. */
export function nodelistEvent(context: bigint, ring: RingName, members: readonly NodeId[]): Uint8Array {
  const bytes = responseOf(votequorumResponses.nodelist, ok, votequorumNodelistEvent.size + 4 * members.length)
  votequorumNodelistEvent.encode(bytes, { context, nodes: members.length })
  writeIpcRingId(bytes, votequorumNodelistRingAt, ring)
  const view = viewOf(bytes)
  members.forEach((node, i) => {
    view.setUint32(votequorumNodelistEvent.size + 4 * i, node, true)
  })
  return bytes
}

/** Event of a verdict, with every node that was ever there; a quorum device counts as node 0. */
export function quorumEvent(
  context: bigint,
  isQuorate: boolean,
  voters: readonly Voter[],
  hasDevice: boolean,
): Uint8Array {
  const entries: { node: number; state: number }[] = [...voters]
    .sort((a, b) => a.node - b.node)
    .map(({ node, state }) => ({ node, state: votequorumStates[state] }))
  if (hasDevice) entries.push({ node: 0, state: 0 })
  const size = votequorumQuorumEvent.size + votequorumNodeState.size * entries.length
  const bytes = responseOf(votequorumResponses.quorum, ok, size)
  votequorumQuorumEvent.encode(bytes, { quorate: isQuorate ? 1 : 0, context, nodes: entries.length })
  entries.forEach((entry, i) => {
    votequorumNodeState.encode(bytes, entry, votequorumQuorumEvent.size + votequorumNodeState.size * i)
  })
  return bytes
}

/** Event of other expected votes. */
export function expectedEvent(context: bigint, expectedVotes: number): Uint8Array {
  const bytes = responseOf(votequorumResponses.expectedVotes, ok, votequorumExpectedEvent.size)
  votequorumExpectedEvent.encode(bytes, { context, expectedVotes })
  return bytes
}
