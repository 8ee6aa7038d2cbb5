import { type VotequorumInfo, votequorumInfoFlags } from '@quorate/corosync/client'

/** A member as the table shows it. */
export type ShownMember = {
  readonly nodeId: number
  readonly votes: number
  /** Name or addresses. */
  readonly name: string
  readonly isLocal: boolean
  /** Bits of `votequorumInfoFlags`. */
  readonly flags: number
}

/** Everything that the tool shows at one time. */
export type ShownStatus = {
  readonly at: Date
  readonly nodeCount: number
  readonly nodeId: number
  readonly ringRep: number
  readonly ringSeq: bigint
  readonly isQuorate: boolean
  /** What the own node says. */
  readonly votes: VotequorumInfo
  readonly members: readonly ShownMember[]
}

/** How to show it. */
export type TextStyle = { readonly isHex: boolean; readonly isParsable: boolean }

const flagNames: readonly (readonly [number, string])[] = [
  [votequorumInfoFlags.twoNode, '2Node'],
  [votequorumInfoFlags.quorate, 'Quorate'],
  [votequorumInfoFlags.waitForAll, 'WaitForAll'],
  [votequorumInfoFlags.lastManStanding, 'LastManStanding'],
  [votequorumInfoFlags.autoTieBreaker, 'AutoTieBreaker'],
  [votequorumInfoFlags.allowDownscale, 'AllowDownscale'],
  [votequorumInfoFlags.qdeviceRegistered, 'Qdevice'],
]

/** Names of the bits that are set, in the order in which the C tool prints them. */
export function flagList(flags: number): readonly string[] {
  return flagNames.flatMap(([bit, name]) => ((flags & bit) === 0 ? [] : [name]))
}

/** The whole status, as `corosync-quorumtool -s` prints it. */
export function statusText(status: ShownStatus, style: TextStyle): string {
  const { votes } = status
  const isBlocked = (votes.flags & votequorumInfoFlags.quorate) === 0
  return `Quorum information
------------------
Date:             ${dateText(status.at)}
Quorum provider:  corosync_votequorum
Nodes:            ${status.nodeCount}
Node ID:          ${nodeIdText(status.nodeId, style, 0)}
Ring ID:          ${status.ringRep.toString(16)}.${status.ringSeq.toString(16)}
Quorate:          ${status.isQuorate ? 'Yes' : 'No'}

Votequorum information
----------------------
Expected votes:   ${votes.expectedVotes}
Highest expected: ${votes.highestExpected}
Total votes:      ${votes.totalVotes}
Quorum:           ${votes.quorum} ${isBlocked ? 'Activity blocked' : ' '}
Flags:            ${flagList(votes.flags)
    .map((name) => `${name} `)
    .join('')}
${membersText(status.members, votes, style)}`
}

/** The table of members, as `corosync-quorumtool -l` prints it. */
export function membersText(members: readonly ShownMember[], own: VotequorumInfo, style: TextStyle): string {
  const hasDevice = own.qdeviceName !== ''
  const showsDevice = hasDevice || style.isParsable
  const rows = members.map(({ nodeId, votes, name, isLocal, flags }) => {
    const device = showsDevice ? `${deviceText(flags).padStart(10)} ` : ''
    return `${nodeIdText(nodeId, style, 10)} ${String(votes).padStart(10)} ${device}${name}${isLocal ? ' (local)' : ''}\n`
  })
  if (hasDevice) {
    const isCast = (own.flags & votequorumInfoFlags.qdeviceCastVote) !== 0
    const votes = String(isCast ? own.qdeviceVotes : 0).padStart(10)
    const kept = isCast ? '' : ` (votes ${own.qdeviceVotes})`
    rows.push(`${nodeIdText(0, style, 10)} ${votes} ${' '.repeat(11)}${own.qdeviceName}${kept}\n`)
  }
  return `
Membership information
----------------------
    Nodeid      Votes ${showsDevice ? '   Qdevice ' : ''}Name
${rows.join('')}`
}

/** A member's part in the quorum device: alive, vote cast, master wins; NR where it has registered none. */
function deviceText(flags: number): string {
  const { qdeviceRegistered, qdeviceAlive, qdeviceCastVote, qdeviceMasterWins } = votequorumInfoFlags
  if ((flags & qdeviceRegistered) === 0) return 'NR'
  const alive = (flags & qdeviceAlive) === 0 ? 'NA' : 'A'
  const vote = (flags & qdeviceCastVote) === 0 ? 'NV' : 'V'
  return `${alive},${vote},${(flags & qdeviceMasterWins) === 0 ? 'NMW' : 'MW'}`
}

function nodeIdText(nodeId: number, style: TextStyle, width: number): string {
  return style.isHex ? `0x${nodeId.toString(16).padStart(8, '0')}` : String(nodeId).padStart(width)
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** As ctime(3): `Tue Nov 24 15:52:21 2026`, in local time. */
function dateText(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  const day = String(at.getDate()).padStart(2)
  return `${days[at.getDay()]} ${months[at.getMonth()]} ${day} ${clock} ${at.getFullYear()}`
}
