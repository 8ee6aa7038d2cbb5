import { encodeText, unreachable } from '@quorate/base'
import { type Host, hostStates, type OperationName, responses } from '../operation.ts'
import { type CpgMessage, type Guest, guestNameMax } from './cpg-message.ts'

/** Requests of this node under way at once; more are answered as failed. */
export const openRequestsMax = 1024
/** Requests that wait for the group to settle at once; more are answered as failed. */
export const heldRequestsMax = 1024
/** Machines remembered in all. */
export const guestsMax = 65_536
/** Machines remembered that this node had once. */
export const formerGuestsMax = 4096
/** Requests remembered that this node has taken on itself, so that one that is made again is not carried out again. */
export const takenRequestsMax = 4096

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
  /** Process of that node: more than one of them may be in the group. */
  readonly pid: number
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
  /** Machines of hosts that are up, and whose daemon left the group: nobody here knows what they do now. */
  readonly unattended: ReadonlyMap<number, readonly Guest[]>
  /** Machines that this node told of and has no more, because they moved or were undefined. */
  readonly former: readonly Guest[]
  /** Requests that this node has carried out, has under way, or has answered for want of an owner. */
  readonly taken: readonly GroupRequest[]
  readonly nextSequence: number
  readonly open: readonly OpenRequest[]
  /** Somebody in the group has yet to be told of all machines of this node. */
  readonly isUntold: boolean
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
  /** The group changed; each node once. `leftBehind`: nodes that are up, and have just lost their daemon. */
  | { readonly kind: 'members'; readonly members: readonly number[]; readonly leftBehind: readonly number[] }
  /** The ring changed: nodes that are up, with a daemon or without. */
  | { readonly kind: 'ring'; readonly nodes: readonly number[] }
  | { readonly kind: 'message'; readonly from: number; readonly pid: number; readonly message: CpgMessage }
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

/**
 * A node that has not yet joined.
 *
 * @param firstSequence u32; by chance, so that an answer that was on its way to an earlier life of this node is not taken
 * for one of this life's
 */
export function newDirectory(self: number, nameMode: NameMode, firstSequence: number): Directory {
  return {
    self,
    nameMode,
    members: [],
    guests: new Map(),
    unattended: new Map(),
    former: [],
    taken: [],
    nextSequence: firstSequence,
    open: [],
    isUntold: true,
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
      return onMembers(directory, event)
    case 'ring': {
      const unattended = new Map([...directory.unattended].filter(([owner]) => event.nodes.includes(owner)))
      return { directory: { ...directory, unattended }, effects: [] }
    }
    case 'message':
      return onMessage(directory, event)
    case 'local':
      return onLocal(directory, event)
    case 'settled':
      return onSettled(directory, event.join)
    case 'ask':
      return onAsk(directory, event)
    case 'performed':
      return { directory, effects: [replyTo(event.request, event.response)] }
    case 'expire':
      return { directory: { ...directory, open: directory.open.filter(({ id }) => id !== event.id) }, effects: [] }
    default:
      return unreachable(event)
  }
}

/**
 * Machines of nodes that went down are forgotten: with their host they are off. Those of a node that has only lost its
 * daemon may run. Everybody tells newcomers what it has, and requests that may have gone down with a node are made again.
 */
function onMembers(
  directory: Directory,
  { members, leftBehind }: Extract<DirectoryEvent, { kind: 'members' }>,
): DirectoryStep {
  const unattended = new Map([...directory.unattended].filter(([owner]) => !members.includes(owner)))
  for (const node of leftBehind) if (!members.includes(node)) unattended.set(node, directory.guests.get(node) ?? [])
  const taken = directory.taken.filter(({ from }) => members.includes(from))
  const guests = new Map([...directory.guests].filter(([owner]) => members.includes(owner)))
  const isSomebodyNew = members.some((member) => !directory.members.includes(member))
  const isSomebodyGone = directory.members.some((member) => !members.includes(member))
  const isUntold = directory.isUntold || isSomebodyNew
  const next = { ...directory, members, guests, unattended, taken, isUntold }
  const look: readonly DirectoryEffect[] = isSomebodyNew ? [{ do: 'look', request: undefined }] : []
  const hasCompany = isSomebodyNew && members.length > 1
  const join = directory.joins + 1
  const lost = isSomebodyGone ? next.open.filter(({ target }) => isUnattended(next, target)) : []
  const kept = next.open.filter((request) => !lost.includes(request))
  const effects: readonly DirectoryEffect[] = [
    ...look,
    ...lost.map(({ id }): DirectoryEffect => ({ do: 'answer', id, response: responses.fail })),
    ...(isSomebodyGone ? kept.map(requestEffect) : []),
  ]
  if (!hasCompany) return { directory: { ...next, open: kept }, effects }
  return {
    directory: { ...next, open: kept, joins: join, isSettling: true },
    effects: [...effects, { do: 'settle', join }],
  }
}

function onMessage(
  directory: Directory,
  { from, pid, message }: Extract<DirectoryEvent, { kind: 'message' }>,
): DirectoryStep {
  switch (message.kind) {
    case 'guest':
      return { directory: withGuest(directory, from, message.guest), effects: [] }
    case 'former': {
      const left = (directory.guests.get(from) ?? []).filter(({ uuid }) => uuid !== message.guest.uuid)
      const isOthers = from !== directory.self
      return {
        directory: isOthers ? { ...directory, guests: new Map(directory.guests).set(from, left) } : directory,
        effects: [],
      }
    }
    case 'request': {
      const { kind: _, ...request } = message
      return { directory, effects: [{ do: 'look', request: { from, pid, ...request } }] }
    }
    case 'reply': {
      // What somebody has answered needs no answer of this node.
      const held = directory.held.filter(({ request }) => request.from !== message.to || !isAnswer(message, request))
      if (message.to !== directory.self) return { directory: { ...directory, held }, effects: [] }
      const answered = directory.open.filter((request) => isAnswer(message, request))
      const open = directory.open.filter((request) => !isAnswer(message, request))
      return {
        directory: { ...directory, open, held },
        effects: answered.map(({ id }) => ({ do: 'answer', id, response: message.response })),
      }
    }
    default:
      return unreachable(message)
  }
}

/** By what was asked as well: numbers of another process of this node may be the same. */
function isAnswer(
  reply: Extract<CpgMessage, { kind: 'reply' }>,
  { sequence, operation, target }: OpenRequest | GroupRequest,
): boolean {
  return reply.sequence === sequence && reply.operation === operation && reply.target === target
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
  const changed = own.filter((guest) => directory.isUntold || !before.some((known) => isSame(known, guest)))
  const gone = before
    .filter(({ uuid }) => !own.some((guest) => guest.uuid === uuid))
    .map((guest) => ({ ...guest, state: hostStates.shutoff }))
  const stillGone = directory.former.filter(({ uuid }) => !own.some((guest) => guest.uuid === uuid))
  const next = {
    ...directory,
    guests: new Map(directory.guests).set(directory.self, own),
    former: [...stillGone, ...gone].slice(-formerGuestsMax),
    isUntold: false,
    isBlind: !isWhole,
  }
  const decided = decide(next, request)
  const told = [
    ...changed.map((guest) => ({ kind: 'guest', guest }) as const),
    ...gone.map((guest) => ({ kind: 'former', guest }) as const),
  ]
  return {
    directory: decided.directory,
    effects: [...told.map((message) => ({ do: 'multicast', message }) as const), ...decided.effects],
  }
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
 * had the time to tell, also about a machine that it has itself and that is off here: a running machine that is called
 * off is started a second time.
 */
function decide(directory: Directory, request: GroupRequest | undefined): DirectoryStep {
  if (request === undefined || directory.taken.some((other) => isSameRequest(other, request))) {
    return { directory, effects: [] }
  }
  const guest = meantHere(directory, request.target)
  if (guest !== undefined && guest.owner !== directory.self) return { directory, effects: [] }
  if (guest === undefined && Math.max(...directory.members) !== directory.self) return { directory, effects: [] }
  const taking = { ...directory, taken: [...directory.taken, request].slice(-takenRequestsMax) }
  const isRunning = guest !== undefined && guest.state !== hostStates.shutoff
  const isCertain = isRunning || !(directory.isSettling || isFormer(directory, guest))
  if (isCertain) return { directory: taking, effects: [answerOf(directory, request, guest)] }
  const { held, members } = directory
  if (held.length >= heldRequestsMax) return { directory: taking, effects: [replyTo(request, responses.fail)] }
  const isAwaited = directory.isSettling || held.length > 0
  return {
    directory: { ...taking, held: [...held, { request, members }] },
    effects: isAwaited ? [] : [{ do: 'settle', join: directory.joins }],
  }
}

/** Whether a machine is one that this node had: it may have gone to a node that has yet to tell. */
function isFormer(directory: Directory, guest: Guest | undefined): boolean {
  return guest !== undefined && directory.former.includes(guest)
}

function isSameRequest(a: GroupRequest, b: GroupRequest): boolean {
  return a.from === b.from && a.pid === b.pid && a.sequence === b.sequence
}

/** Answers what was held. */
function onSettled(directory: Directory, join: number): DirectoryStep {
  if (join !== directory.joins) return { directory, effects: [] }
  const settled: Directory = { ...directory, isSettling: false, held: [] }
  return { directory: settled, effects: directory.held.flatMap((one) => afterSettling(settled, one)) }
}

/**
 * A machine that has another owner by now: who heard the request has acted on it. Who came later has not, and C daemons
 * wait for an answer for ever: what is known of the machine is one, and what was to be changed has failed, to be asked
 * again.
 */
function afterSettling(directory: Directory, { request, members }: HeldRequest): readonly DirectoryEffect[] {
  const guest = meantHere(directory, request.target)
  if (guest === undefined || guest.owner === directory.self) return [answerOf(directory, request, guest)]
  return members.includes(guest.owner) ? [] : [replyTo(request, responseUnacted(request, guest))]
}

/** What this node does about a request that is its own: for a machine that it has, or that nobody has. */
function answerOf(directory: Directory, request: GroupRequest, guest: Guest | undefined): DirectoryEffect {
  if (isUnattended(directory, request.target)) return replyTo(request, responses.fail)
  return guest === undefined || isFormer(directory, guest)
    ? answerForNobody(directory, request)
    : { do: 'perform', request }
}

/** The answer for a machine that has no owner. */
function answerForNobody(directory: Directory, request: GroupRequest): DirectoryEffect {
  const other = meant(directory, request.target, directory.nameMode === 'name' ? 'uuid' : 'name')
  if (other !== undefined) return replyTo(request, responseUnacted(request, other))
  return replyTo(request, directory.isBlind ? responses.fail : responseOfNobody(request.operation))
}

/**
 * Whether such a machine ran, when it was last told of, on a host that is up and has no daemon in the group, and runs on
 * no other: nobody can say what it does now.
 */
function isUnattended(directory: Directory, target: string): boolean {
  const runs = (guest: Guest): boolean =>
    guest.state !== hostStates.shutoff && (isCalled(guest, target, 'name') || isCalled(guest, target, 'uuid'))
  return [...directory.unattended.values()].flat().some(runs) && ![...directory.guests.values()].flat().some(runs)
}

function replyTo({ from, sequence, operation, target }: GroupRequest, response: number): DirectoryEffect {
  return { do: 'multicast', message: { kind: 'reply', to: from, response, sequence, operation, target } }
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
 * The machine that is meant, as `name_mode` says. One that runs on this node, whatever others last told: this node has just
 * looked. One that this node had, where nobody has it: C daemons believe that it has it still, and leave the answer to it.
 */
function meantHere(directory: Directory, target: string): Guest | undefined {
  const { self, nameMode, guests, former } = directory
  const own = guests.get(self)?.find((guest) => guest.state !== hostStates.shutoff && isCalled(guest, target, nameMode))
  return own ?? meant(directory, target, nameMode) ?? former.find((guest) => isCalled(guest, target, nameMode))
}

/**
 * The machine that is meant. One that runs somewhere is meant before one that is only defined; where several could be,
 * that of the lowest node, so that all nodes decide alike.
 */
function meant(directory: Directory, target: string, mode: NameMode): Guest | undefined {
  const found = [...directory.guests.values()].flat().filter((guest) => isCalled(guest, target, mode))
  const running = found.filter(({ state }) => state !== hostStates.shutoff)
  return (running.length > 0 ? running : found).toSorted((a, b) => a.owner - b.owner)[0]
}

function isCalled({ name, uuid }: Guest, target: string, mode: NameMode): boolean {
  return mode === 'name' ? name === target : uuid.toLowerCase() === target.toLowerCase()
}

function onAsk(
  directory: Directory,
  { id, operation, target }: { readonly id: number; readonly operation: OperationName; readonly target: string },
): DirectoryStep {
  if (directory.open.length >= openRequestsMax) {
    return { directory, effects: [{ do: 'answer', id, response: responses.fail }] }
  }
  if (isUnattended(directory, target)) {
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
