import type { XmlElement } from '@quorate/xml'
import type { AlertEvent } from '../alerts/alert-event.ts'
import type { AttributeUpdate } from '../attributes/service.ts'
import type { CibOperation } from '../cib-manager/service.ts'
import type { CpuTime, ElectionState } from '../election/election.ts'
import { initialElection } from '../election/election.ts'
import {
  type LocalEffect,
  type LocalEvent,
  type LocalResources,
  newLocalResources,
} from '../executor/local-resources.ts'
import type { FencingEvent, FencingOutcome, FencingRequest } from '../fencer/service.ts'
import type { Instant } from '../instant.ts'
import { initialJoin, type JoinState, phaseOf } from '../join/join.ts'
import type { PeerType } from '../messages/peer-messenger.ts'
import type { Transition } from '../transition/transition.ts'
import { type ControllerOptions, readOptions } from './cluster-options.ts'
import { type FencingBook, newFencingBook } from './fencing-book.ts'
import type { Input, Phase } from './fsm.ts'

/** What does not change while a controller runs. */
export type ControllerConfig = {
  readonly uname: string
  readonly uuid: string
  readonly featureSet: string
  /** Written to `dc-version`. */
  readonly dcVersion: string
  /** Name of the cluster in corosync's configuration, if any. */
  readonly clusterName: string | undefined
  /** The nodes that corosync is configured with; the whole cluster when none is listed there. */
  readonly configuredNodes: readonly { readonly uuid: string; readonly uname: string }[]
  /** Tells this incarnation's graphs from those of others: 36 characters. */
  readonly transitionUuid: string
  readonly processors: number
  /** Standby that this node takes at its first join; undefined: as configured. */
  readonly startState?: 'standby' | 'online' | undefined
}

/** A node as corosync and the process groups show it. */
export type PeerView = {
  readonly uuid: string
  readonly uname: string
  readonly isMember: boolean
  readonly hasController: boolean
}

/** What the controller remembers of a node beyond that. */
export type PeerRecord = PeerView & {
  /** It has been a member of the ring, and a full member, since this controller runs. */
  readonly wasSeen: boolean
  readonly wasActive: boolean
  /** It was fenced and has not come back since. */
  readonly isFenced: boolean
  /** What the DC expects of it: `member`, `down`, `nack`, or nothing yet. */
  readonly expected: string | undefined
  /** Load class and most agents at a time, as its own controller told. */
  readonly loadMode: number
  readonly jobsMax: number | undefined
}

/** Timers by name; those of graph actions carry the action's id. */
export type ControllerTimer =
  | 'dc'
  | 'election'
  | 'integration'
  | 'finalization'
  | 'recheck'
  | 'escalation'
  | 'quorum-gain'
  | 'transition-delay'
  | 'search'
  | 'open-calls'
  | 'fencing-history'
  | `action:${number}`

/** Everything that can happen to a controller. */
export type ControllerEvent =
  /** The CIB is there and the groups are joined. */
  | { readonly kind: 'started'; readonly cib: XmlElement }
  | { readonly kind: 'peers'; readonly peers: readonly PeerView[]; readonly isQuorate: boolean }
  | {
      readonly kind: 'message'
      readonly from: string
      readonly xml: XmlElement
      readonly cpu: CpuTime
      /** The user that it names is not allowed what it asks for. */
      readonly isDenied?: boolean
    }
  | { readonly kind: 'cib-changed'; readonly before: XmlElement; readonly after: XmlElement }
  | { readonly kind: 'cib-answered'; readonly tag: number; readonly rc: number; readonly data: XmlElement | undefined }
  | { readonly kind: 'scheduled'; readonly token: number; readonly result: ScheduleResult }
  | { readonly kind: 'local'; readonly event: LocalEvent }
  | { readonly kind: 'timer'; readonly timer: ControllerTimer; readonly cpu: CpuTime }
  /** What became of the fencing that was asked for under this tag. */
  | { readonly kind: 'fencing-answered'; readonly tag: number; readonly outcome: FencingOutcome }
  /** A fencing operation has ended somewhere in the cluster, whoever asked for it. */
  | { readonly kind: 'fenced'; readonly event: FencingEvent }
  /** How busy this node is: its load average over the last minute. */
  | { readonly kind: 'load'; readonly average: number }
  /** Asked to stop (SIGTERM, `pacemakerd --shutdown`). */
  | { readonly kind: 'shutdown' }
  /** The ring is gone: nobody can be asked any more. */
  | { readonly kind: 'ring-lost'; readonly reason: string }

/** What the scheduler made of a CIB. */
export type ScheduleResult =
  | { readonly ok: true; readonly graph: XmlElement; readonly inputFile: string | undefined }
  | { readonly ok: false; readonly reason: string }

/** A change or query for the CIB manager; with a tag its answer comes back as `cib-answered`. */
export type CibCall = {
  readonly op: CibOperation
  readonly section?: string | undefined
  readonly data?: XmlElement | undefined
  readonly options?: number | undefined
  readonly host?: string | undefined
}

/** What a controller asks of the world, in order. */
export type ControllerEffect =
  /** To whomever the message names; `broadcast`: to everybody, whomever it names. */
  | { readonly do: 'post'; readonly xml: XmlElement; readonly toType?: PeerType; readonly broadcast?: true }
  | { readonly do: 'cib'; readonly tag: number; readonly call: CibCall }
  | { readonly do: 'primary'; readonly isPrimary: boolean }
  | { readonly do: 'attributes'; readonly updates: readonly AttributeUpdate[] }
  | { readonly do: 'clear-failures'; readonly resource: string; readonly node: string }
  | { readonly do: 'schedule'; readonly token: number }
  /** To the fencer; `fencing-answered` with the tag follows once. */
  | { readonly do: 'fence'; readonly tag: number; readonly request: FencingRequest }
  /** The fencers of the cluster are to tell each other what they remember. */
  | { readonly do: 'synchronize-fencing' }
  | { readonly do: 'arm'; readonly timer: ControllerTimer; readonly afterMs: number }
  | { readonly do: 'disarm'; readonly timer: ControllerTimer }
  | {
      readonly do: 'local'
      readonly effect: Extract<
        LocalEffect,
        { readonly do: 'spawn' | 'signal' | 'arm' | 'disarm' | 'learn' | 'register' | 'operate' | 'unregister' }
      >
    }
  /** Agents of alerts are to be told. */
  | { readonly do: 'alert'; readonly event: AlertEvent }
  | { readonly do: 'log'; readonly level: LogLevel; readonly text: string }
  /** Leave the groups and end with this exit code (behaviour/pacemaker-daemons.md 7). */
  | { readonly do: 'exit'; readonly code: number }

/** Severities, as the log writes them. */
export type LogLevel = 'crit' | 'error' | 'warning' | 'notice' | 'info' | 'debug'

/** A controller. Owned and changed in place by its step; everybody else reads. */
export type ControllerState = {
  readonly config: ControllerConfig
  phase: Phase
  dc: string | undefined
  cib: XmlElement | undefined
  options: ControllerOptions
  readonly peers: Map<string, PeerRecord>
  isQuorate: boolean
  /** Quorum has just come, and with it nodes that may not have been let in yet: nothing is scheduled meanwhile. */
  isQuorumNew: boolean
  /** What the configuration says of the DC's software and the cluster is this DC's word. */
  isDescribed: boolean
  election: ElectionState
  join: JoinState
  /** The copy of the newest CIB that this join has asked a node for, and awaits. */
  sync: { readonly tag: number; readonly from: string } | undefined
  readonly local: LocalResources
  transition: Transition | undefined
  readonly fencing: FencingBook
  graphCount: number
  inputFile: string | undefined
  /** The scheduler run that is awaited; another answer is obsolete. */
  scheduleToken: number | undefined
  /** The scheduler is wanted as soon as our own changes have come back. */
  wantsSchedule: boolean
  /** Changes of ours that have not come back yet. */
  readonly openCalls: Set<number>
  lastTag: number
  references: number
  isShuttingDown: boolean
  /** Somebody has asked this node to stop, or it has asked itself. */
  isStopping: boolean
  exitCode: number
  /** Answers to the search for a DC: states of peers by name. */
  search: Map<string, string> | undefined
  /** This node has no cluster: its ring is gone, or it was fenced. Nobody is told anything any more. */
  isCutOff: boolean
  stopsAwaited: boolean
  /** This node has been let in once since it started. */
  hasJoined: boolean
  /** Load class that this node has told the others last; undefined before the first time. */
  toldLoad: number | undefined
}

const emptyCib: XmlElement = { name: 'cib', attributes: [], children: [], text: '' }

/** A controller that has not started. */
export function newController(config: ControllerConfig): ControllerState {
  return {
    config,
    phase: 'S_STARTING',
    dc: undefined,
    cib: undefined,
    options: readOptions(emptyCib, { epochS: 0 }),
    peers: new Map(),
    isQuorate: false,
    isQuorumNew: false,
    isDescribed: false,
    election: initialElection,
    join: initialJoin,
    sync: undefined,
    local: newLocalResources({ id: config.uuid, uname: config.uname }),
    transition: undefined,
    fencing: newFencingBook(),
    graphCount: 0,
    inputFile: undefined,
    scheduleToken: undefined,
    wantsSchedule: false,
    openCalls: new Set(),
    lastTag: 0,
    references: 0,
    isShuttingDown: false,
    isStopping: false,
    exitCode: 0,
    search: undefined,
    isCutOff: false,
    stopsAwaited: false,
    hasJoined: false,
    toldLoad: undefined,
  }
}

/** True for a node that takes full part: in the ring, and with a controller in the group. */
export function isActive(state: ControllerState, uname: string): boolean {
  const peer = state.peers.get(uname)
  return peer?.isMember === true && peer.hasController
}

/** Names of all full members. */
export function activeNodes(state: ControllerState): readonly string[] {
  return [...state.peers.keys()].filter((uname) => isActive(state, uname))
}

/** Full members that the DC has not asked to join yet. */
export function outsiders(state: ControllerState): readonly string[] {
  return activeNodes(state).filter((uname) => phaseOf(state.join, uname) === 'none')
}

/** This node leads the cluster. */
export function isDc(state: ControllerState): boolean {
  return state.dc === state.config.uname
}

/** One step in progress: what the parts of the controller work on together. */
export type Step = {
  readonly state: ControllerState
  readonly effects: ControllerEffect[]
  readonly now: Instant
  readonly cpu: CpuTime
  /** Puts an input into the machine's queue, with the message or node that it is about. */
  readonly raise: (input: Input, about?: InputSubject) => void
}

/** What an input is about. */
export type InputSubject = { readonly from?: string | undefined; readonly xml?: XmlElement | undefined }
