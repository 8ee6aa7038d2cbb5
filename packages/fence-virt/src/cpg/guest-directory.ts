import { encodeText, unreachable } from '@quorate/base'
import { type Host, hostStates, type OperationName, responses } from '../operation.ts'
import { type CpgMessage, type Guest, guestNameMax } from './cpg-message.ts'

/** Requests of this node under way at once; more are answered as failed. */
export const openRequestsMax = 1024
/** Requests that wait for the group to settle at once; more are answered as failed. */
export const heldRequestsMax = 1024
/** Machines remembered in all. */
export const guestsMax = 65_536

/** How machines are looked up. The same on all hosts of a group. */
export type NameMode = 'name' | 'uuid'

/** A request that a client waits for. `id` is the caller's. */
type OpenRequest = {
  readonly id: number
  readonly sequence: number
  readonly operation: OperationName
  readonly target: string
}

/** A request of any node, while this node looks or acts. */
export type GroupRequest = {
  readonly from: number
  readonly sequence: number
  readonly operation: OperationName
  readonly target: string
}

/** A request for a machine that nobody has told of, with those who heard it. */
export type HeldRequest = { readonly request: GroupRequest; readonly members: readonly number[] }

/** What one node knows of the group: who is in it, which machines each has, and what is asked. */
export type Directory = {
  readonly self: number
  readonly nameMode: NameMode
  readonly members: readonly number[]
  /** Machines by owner. */
  readonly guests: ReadonlyMap<number, readonly Guest[]>
  readonly nextSequence: number
  readonly open: readonly OpenRequest[]
  /** Whether this node could not see all its own machines when it last looked. */
  readonly isBlind: boolean
  /** Number of joins that this node has seen: what a `settled` has to name. */
  readonly joins: number
  /** Newcomers may not have told yet which machines they have. */
  readonly isSettling: boolean
  /** Requests for machines that nobody has told of so far, while the group settles. */
  readonly held: readonly HeldRequest[]
}

/** What can happen to the directory. */
export type DirectoryEvent =
  /** The group changed; node ids, one for each process. */
  | { readonly kind: 'members'; readonly members: readonly number[] }
  | { readonly kind: 'message'; readonly from: number; readonly message: CpgMessage }
  /**
   * The machines of this node were looked up, for a request or because they changed. `isWhole`: all its hypervisors
   * answered, so that there are no others.
   */
  | {
      readonly kind: 'local'
      readonly hosts: readonly Host[]
      readonly isWhole: boolean
      readonly request: GroupRequest | undefined
    }
  /** The time for newcomers to tell what they have is over. */
  | { readonly kind: 'settled'; readonly join: number }
  /** A client asks. */
  | { readonly kind: 'ask'; readonly id: number; readonly operation: OperationName; readonly target: string }
  /** This node has carried a request out. */
  | { readonly kind: 'performed'; readonly request: GroupRequest; readonly response: number }
  /** A client waits no longer. */
  | { readonly kind: 'expire'; readonly id: number }

/** What the directory wants of the world. */
export type DirectoryEffect =
  | { readonly do: 'multicast'; readonly message: CpgMessage }
  /** Look the machines of this node up and tell (`local`). */
  | { readonly do: 'look'; readonly request: GroupRequest | undefined }
  | { readonly do: 'perform'; readonly request: GroupRequest }
  /** Come back with `settled` when newcomers have had the time to tell what they have. */
  | { readonly do: 'settle'; readonly join: number }
  | { readonly do: 'answer'; readonly id: number; readonly response: number }

export type DirectoryStep = { readonly directory: Directory; readonly effects: readonly DirectoryEffect[] }

/** A node that has not yet joined. */
export function newDirectory(self: number, nameMode: NameMode): Directory {
  return {
    self,
    nameMode,
    members: [],
    guests: new Map(),
    nextSequence: 1,
    open: [],
    isBlind: true,
    joins: 0,
    isSettling: false,
    held: [],
  }
}

/** Advances by one event. Messages must come in the order that the group agreed on. */
export function stepDirectory(directory: Directory, event: DirectoryEvent): DirectoryStep {
  switch (event.kind) {
    case 'members':
      return onMembers(directory, event.members)
    case 'message':
      return onMessage(directory, event.from, event.message)
    case 'local':
      return onLocal(directory, event)
    case 'settled':
      return onSettled(directory, event.join)
    case 'ask':
      return onAsk(directory, event)
    case 'performed': {
      const { from, ...request } = event.request
      return send(directory, { kind: 'reply', to: from, response: event.response, ...request })
    }
    case 'expire':
      return { directory: { ...directory, open: directory.open.filter(({ id }) => id !== event.id) }, effects: [] }
    default:
      return unreachable(event)
  }
}

/**
 * Machines of nodes that left are forgotten: with their host they are off. Everybody tells newcomers what it has, and
 * requests that may have gone down with a node are made again.
 */
function onMembers(directory: Directory, members: readonly number[]): DirectoryStep {
  const guests = new Map([...directory.guests].filter(([owner]) => members.includes(owner)))
  const isSomebodyNew = members.some((member) => !directory.members.includes(member))
  const isSomebodyGone = directory.members.some((member) => !members.includes(member))
  const next = { ...directory, members, guests: isSomebodyNew ? withoutOwn(guests, directory.self) : guests }
  const look: readonly DirectoryEffect[] = isSomebodyNew ? [{ do: 'look', request: undefined }] : []
  const hasCompany = isSomebodyNew && members.length > 1
  const join = directory.joins + 1
  const again: readonly DirectoryEffect[] = isSomebodyGone ? directory.open.map(requestEffect) : []
  if (!hasCompany) return { directory: next, effects: [...look, ...again] }
  return {
    directory: { ...next, joins: join, isSettling: true },
    effects: [...look, ...again, { do: 'settle', join }],
  }
}

/** What is not known to be told is told again at the next look. */
function withoutOwn(
  guests: ReadonlyMap<number, readonly Guest[]>,
  self: number,
): ReadonlyMap<number, readonly Guest[]> {
  return new Map([...guests].filter(([owner]) => owner !== self))
}

function onMessage(directory: Directory, from: number, message: CpgMessage): DirectoryStep {
  switch (message.kind) {
    case 'guest':
      return { directory: withGuest(directory, from, message.guest), effects: [] }
    case 'request': {
      const { kind: _, ...request } = message
      return { directory, effects: [{ do: 'look', request: { from, ...request } }] }
    }
    case 'reply': {
      if (message.to !== directory.self) return { directory, effects: [] }
      const answered = directory.open.filter(({ sequence }) => sequence === message.sequence)
      const open = directory.open.filter(({ sequence }) => sequence !== message.sequence)
      return {
        directory: { ...directory, open },
        effects: answered.map(({ id }) => ({ do: 'answer', id, response: message.response })),
      }
    }
    default:
      return unreachable(message)
  }
}

/** A node speaks for its own machines only. Its own are known better from its own look. */
function withGuest(directory: Directory, from: number, guest: Guest): Directory {
  if (guest.owner !== from || from === directory.self) return directory
  const others = (directory.guests.get(from) ?? []).filter((other) => other.uuid !== guest.uuid)
  if (others.length >= guestsMax) return directory
  return { ...directory, guests: new Map(directory.guests).set(from, [...others, guest]) }
}

/** Tells what changed among the machines of this node, then decides who acts on the request. */
function onLocal(
  directory: Directory,
  { hosts, isWhole, request }: Extract<DirectoryEvent, { kind: 'local' }>,
): DirectoryStep {
  const seen = hosts
    .filter(({ name }) => name !== 'Domain-0' && encodeText(name).byteLength <= guestNameMax)
    .map(({ name, uuid, state }) => ({ name, uuid, state, owner: directory.self }))
  const before = directory.guests.get(directory.self) ?? []
  // What could not be seen is what it last was.
  const unseen = isWhole ? [] : before.filter(({ uuid }) => !seen.some((guest) => guest.uuid === uuid))
  const own = [...seen, ...unseen]
  const changed = own.filter((guest) => !before.some((known) => isSame(known, guest)))
  const announced: readonly DirectoryEffect[] = changed.map((guest) => ({
    do: 'multicast',
    message: { kind: 'guest', guest },
  }))
  const next = { ...directory, guests: new Map(directory.guests).set(directory.self, own), isBlind: !isWhole }
  const decided = decide(next, request)
  return { directory: decided.directory, effects: [...announced, ...decided.effects] }
}

function isSame(a: Guest, b: Guest): boolean {
  return a.name === b.name && a.uuid === b.uuid && a.state === b.state
}

/**
 * The owner acts. Where there is none, the highest node answers: for a machine that went down with its host, or for one
 * that is only known by its other name. C daemons look names or UUIDs up, as `name_mode` says, and not both: were this
 * node to leave such a request to the owner, nobody might ever answer.
 *
 * C daemons say at once that a machine is off which nobody has told of. This node waits until those who came last have
 * had the time to tell: a running machine that is called off is started a second time.
 */
function decide(directory: Directory, request: GroupRequest | undefined): DirectoryStep {
  if (request === undefined) return { directory, effects: [] }
  const owner = ownerOf(directory, request.target)
  if (owner === directory.self) return { directory, effects: [{ do: 'perform', request }] }
  if (owner !== undefined || Math.max(...directory.members) !== directory.self) return { directory, effects: [] }
  if (!directory.isSettling) return { directory, effects: [answerForNobody(directory, request)] }
  const { held, members } = directory
  if (held.some(({ request: { from, sequence } }) => from === request.from && sequence === request.sequence)) {
    return { directory, effects: [] }
  }
  if (held.length >= heldRequestsMax) return { directory, effects: [replyTo(request, responses.fail)] }
  return { directory: { ...directory, held: [...held, { request, members }] }, effects: [] }
}

/** Answers what was held. */
function onSettled(directory: Directory, join: number): DirectoryStep {
  if (join !== directory.joins) return { directory, effects: [] }
  const settled: Directory = { ...directory, isSettling: false, held: [] }
  return { directory: settled, effects: directory.held.flatMap((one) => afterSettling(settled, one)) }
}

/**
 * A machine that has an owner by now: who heard the request has acted on it. Who came later has not, and C daemons wait
 * for an answer for ever: what is known of the machine is one, and what was to be changed has failed, to be asked again.
 */
function afterSettling(directory: Directory, { request, members }: HeldRequest): readonly DirectoryEffect[] {
  const guest = meant(directory, request.target, directory.nameMode)
  if (guest === undefined) return [answerForNobody(directory, request)]
  if (guest.owner === directory.self) return [{ do: 'perform', request }]
  return members.includes(guest.owner) ? [] : [replyTo(request, responseUnacted(request, guest))]
}

/** The answer for a machine that has no owner. */
function answerForNobody(directory: Directory, request: GroupRequest): DirectoryEffect {
  const other = meant(directory, request.target, directory.nameMode === 'name' ? 'uuid' : 'name')
  if (other !== undefined) return replyTo(request, responseUnacted(request, other))
  return replyTo(request, directory.isBlind ? responses.fail : responseOfNobody(request.operation))
}

function replyTo({ from, ...rest }: GroupRequest, response: number): DirectoryEffect {
  return { do: 'multicast', message: { kind: 'reply', to: from, response, ...rest } }
}

/** What is true of a machine that no host has: it is off, so off and reboot have nothing left to do. */
function responseOfNobody(operation: OperationName): number {
  if (operation === 'status') return responses.off
  return operation === 'off' || operation === 'reboot' ? responses.success : responses.fail
}

/** A machine that exists must not be called off because it was asked for in the wrong way, or too early. */
function responseUnacted({ operation }: GroupRequest, { state }: Guest): number {
  if (operation !== 'status') return responses.fail
  return state === hostStates.shutoff ? responses.off : responses.success
}

/** The node that acts on a target, looked up as `name_mode` says. */
export function ownerOf(directory: Directory, target: string): number | undefined {
  return meant(directory, target, directory.nameMode)?.owner
}

/**
 * The machine that is meant. One that runs somewhere is meant before one that is only defined; where several could be,
 * that of the lowest node, so that all nodes decide alike.
 */
function meant(directory: Directory, target: string, mode: NameMode): Guest | undefined {
  const all = [...directory.guests.values()].flat()
  const wanted = target.toLowerCase()
  const found = all.filter((guest) => (mode === 'name' ? guest.name === target : guest.uuid.toLowerCase() === wanted))
  const running = found.filter(({ state }) => state !== hostStates.shutoff)
  return (running.length > 0 ? running : found).toSorted((a, b) => a.owner - b.owner)[0]
}

function onAsk(
  directory: Directory,
  { id, operation, target }: { readonly id: number; readonly operation: OperationName; readonly target: string },
): DirectoryStep {
  if (directory.open.length >= openRequestsMax) {
    return { directory, effects: [{ do: 'answer', id, response: responses.fail }] }
  }
  const request = { id, sequence: directory.nextSequence, operation, target }
  const nextSequence = (directory.nextSequence + 1) >>> 0
  const next = { ...directory, nextSequence, open: [...directory.open, request] }
  return { directory: next, effects: [requestEffect(request)] }
}

function requestEffect({ sequence, operation, target }: OpenRequest): DirectoryEffect {
  return { do: 'multicast', message: { kind: 'request', sequence, operation, target } }
}

function send(directory: Directory, message: CpgMessage): DirectoryStep {
  return { directory, effects: [{ do: 'multicast', message }] }
}
