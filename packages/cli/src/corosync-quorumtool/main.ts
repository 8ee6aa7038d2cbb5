import { CsError, type QuorumView, votequorumInfoFlags } from '@quorate/corosync/client'
import { hasOption, lastValue, readToolLine, type ToolLine } from '../corosync-tools/tool-line.ts'
import type { Tool } from '../tool.ts'
import { quorumtoolOptions, quorumtoolUsage } from './options.ts'
import { type MemberOptions, NoService, QuorumDoors } from './quorum-doors.ts'
import { flagList, membersText, type ShownMember, type ShownStatus, statusText, type TextStyle } from './status-text.ts'

const exitOk = 0
const exitFailure = 1
const exitInquorate = 2
const version = '3.1.7'

/** corosync-quorumtool(8): shows and sets what decides whether the ring may act. */
export const run: Tool = async (argv) => {
  const line = readToolLine('corosync-quorumtool', argv, quorumtoolOptions)
  if (typeof line === 'string') {
    print(quorumtoolUsage)
    return complain(line)
  }
  if (hasOption(line, 'help')) return print(quorumtoolUsage)
  if (hasOption(line, 'version')) return print(`corosync-quorumtool version: ${version}\n`)
  const order = lastValue(line, 'order') ?? 'a'
  if (order !== 'a' && order !== 'n' && order !== 'i') {
    return complain('Invalid ordering option. valid orders are a(address), i(node ID) or n(name)\n')
  }
  const wanted = readVotes(line)
  if (typeof wanted === 'string') return complain(wanted)
  const members = { isAddress: hasOption(line, 'addresses'), isAll: hasOption(line, 'all'), order } as const
  return withDoors((doors) => act(doors, line, wanted, members))
}

type WantedVotes = { readonly votes: number | undefined; readonly node: number; readonly expected: number | undefined }

/** Votes to set, or the complaint about them. */
function readVotes(line: ToolLine): WantedVotes | string {
  const votes = lastValue(line, 'votes')
  const expected = lastValue(line, 'expected')
  const node = lastValue(line, 'node') ?? '0'
  if (votes !== undefined && !/^\d+$/.test(votes)) {
    return 'New votes value was not valid, try a positive number or zero\n'
  }
  if (expected !== undefined && !/^0*[1-9]\d*$/.test(expected)) {
    return 'New expected votes value was not valid, try a positive number\n'
  }
  if (!/^\d+$/.test(node)) return 'The nodeid was not valid, try a positive number\n'
  return {
    votes: votes === undefined ? undefined : Number(votes),
    node: Number(node),
    expected: expected === undefined ? undefined : Number(expected),
  }
}

/** Opens the ring's doors for the time of `use`; what they refuse is told as the C tool does. */
async function withDoors(use: (doors: QuorumDoors) => Promise<number>): Promise<number> {
  let lost: (error: Error) => void = () => undefined
  const isLost = new Promise<never>((_, reject) => {
    lost = reject
  })
  isLost.catch(() => undefined)
  let doors: QuorumDoors | undefined
  try {
    doors = await QuorumDoors.open((error) => lost(error))
    return await Promise.race([use(doors), isLost])
  } catch (error) {
    if (error instanceof NoService) return complain(`${error.message}\n`)
    return complain(`The connection to corosync was lost: ${error instanceof Error ? error.message : String(error)}\n`)
  } finally {
    doors?.close()
  }
}

async function act(doors: QuorumDoors, line: ToolLine, wanted: WantedVotes, members: MemberOptions): Promise<number> {
  if (wanted.votes !== undefined) return setVotes(doors, wanted.node, wanted.votes)
  if (wanted.expected !== undefined) return setExpected(doors, wanted.expected)
  if (hasOption(line, 'force-unregister')) return unregisterDevice(doors)
  const style = { isHex: hasOption(line, 'hex'), isParsable: hasOption(line, 'parsable') }
  const view = await doors.nextView()
  if (hasOption(line, 'monitor')) return monitor(doors, view, members, style)
  if (hasOption(line, 'list')) return list(doors, view, members, style, line.outputAs === 'json')
  const status = await doors.status(view, members)
  print(line.outputAs === 'json' ? json(statusJson(status)) : statusText(status, style))
  return status.isQuorate ? exitOk : exitInquorate
}

async function list(
  doors: QuorumDoors,
  view: QuorumView,
  options: MemberOptions,
  style: TextStyle,
  isJson: boolean,
): Promise<number> {
  const members = await doors.members(view, options)
  if (isJson) return print(json({ members: members.map(memberJson) }))
  const own = await doors.votequorum?.info(0)
  if (own !== undefined) return print(membersText(members, own, style))
  const rows = members.map(({ nodeId, name, isLocal }) => {
    return `${String(nodeId).padStart(10)} ${name}${isLocal ? ' (local)' : ''}\n`
  })
  return print(`\nMembership information\n----------------------\n    Nodeid Name\n${rows.join('')}`)
}

/** Shows each view until the process is ended or the ring is lost. */
async function monitor(
  doors: QuorumDoors,
  first: QuorumView,
  members: MemberOptions,
  style: TextStyle,
): Promise<number> {
  for (let view = first; ; view = await doors.nextView()) {
    print(`${statusText(await doors.status(view, members), style)}\n`)
  }
}

async function setVotes(doors: QuorumDoors, node: number, votes: number): Promise<number> {
  if (doors.votequorum === undefined) {
    return complain('You cannot change node votes, corosync is not using votequorum\n')
  }
  try {
    await doors.votequorum.setVotes(node, votes)
    return exitOk
  } catch (error) {
    if (!(error instanceof CsError)) throw error
    const shown = node === 0 ? doors.cfg.localNodeId : node
    return complain(`Unable to set votes ${votes} for nodeid: ${shown}: ${error.code}\n`)
  }
}

async function setExpected(doors: QuorumDoors, votes: number): Promise<number> {
  if (doors.votequorum === undefined) {
    return complain('You cannot change expected votes, corosync is not using votequorum\n')
  }
  try {
    await doors.votequorum.setExpectedVotes(votes)
    return exitOk
  } catch (error) {
    if (!(error instanceof CsError)) throw error
    return complain(`Unable to set expected votes: ${error.code}\n`)
  }
}

async function unregisterDevice(doors: QuorumDoors): Promise<number> {
  const own = await doors.votequorum?.info(0)
  if (own === undefined) {
    return complain('You cannot unregister quorum device, corosync is not using votequorum\n')
  }
  if ((own.flags & votequorumInfoFlags.qdeviceRegistered) === 0) return exitOk
  try {
    await doors.votequorum?.unregisterDevice(own.qdeviceName)
    return exitOk
  } catch (error) {
    if (!(error instanceof CsError)) throw error
    return complain(`Unable to unregister quorum device: ${error.code}\n`)
  }
}

function statusJson(status: ShownStatus): unknown {
  const { votes } = status
  return {
    date: status.at.toISOString(),
    provider: 'corosync_votequorum',
    nodeId: status.nodeId,
    ringId: { representative: status.ringRep, sequence: Number(status.ringSeq) },
    quorate: status.isQuorate,
    expectedVotes: votes.expectedVotes,
    highestExpected: votes.highestExpected,
    totalVotes: votes.totalVotes,
    quorum: votes.quorum,
    flags: flagList(votes.flags),
    members: status.members.map(memberJson),
  }
}

function memberJson({ nodeId, votes, name, isLocal }: ShownMember): unknown {
  return { nodeId, votes, name, local: isLocal }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function print(text: string): number {
  process.stdout.write(text)
  return exitOk
}

function complain(text: string): number {
  process.stderr.write(text)
  return exitFailure
}
