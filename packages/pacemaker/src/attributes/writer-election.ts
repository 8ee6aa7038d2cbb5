import { type MonoMs, monoMs, unreachable } from '@quorate/base'
import { featureSet } from '@quorate/cib'
import type { XmlElement } from '@quorate/xml'
import {
  type Ballot,
  beginRound,
  type CpuTime,
  countBallot,
  type ElectionState,
  forgetVoter,
  initialElection,
  isWon,
} from '../election/election.ts'
import type { Instant } from '../instant.ts'
import { ballotMessage } from '../messages/crm-message.ts'

/** How long an election may take before the one who called it behaves as if it had won. */
export const electionTimeoutMs = 120_000

/** States of the election for the writer, as they travel in `attr_writer`. */
export const electionStates = { none: 0, running: 1, lost: 2, won: 3 } as const

/** The moment of a step, with the CPU time that ballots carry. */
export type AttributeInstant = Instant & { readonly cpu: CpuTime }

/** What a step of the election asks for: a ballot to send, and whether this node has become the writer by it. */
export type ElectionStep = {
  readonly ballot: { readonly xml: XmlElement; readonly to: string | undefined } | undefined
  readonly outcome: 'won' | 'lost' | undefined
}

const nothing: ElectionStep = { ballot: undefined, outcome: undefined }

/**
 * The election of the one attribute manager that copies values to the CIB: the controllers' election, with rounds of its
 * own in the group `attrd` (behaviour/pacemaker-daemons.md 5.4).
 */
export class WriterElection {
  readonly #localName: string
  readonly #localUuid: string
  #election: ElectionState = initialElection
  #state: (typeof electionStates)[keyof typeof electionStates] = electionStates.none
  #due: MonoMs | undefined

  constructor(localName: string, localNodeId: number) {
    this.#localName = localName
    this.#localUuid = String(localNodeId)
  }

  get state(): number {
    return this.#state
  }

  get isWon(): boolean {
    return this.#state === electionStates.won
  }

  get dueMs(): MonoMs | undefined {
    return this.#due
  }

  /** Starts a round, unless one is running. */
  call(now: AttributeInstant): ElectionStep {
    if (this.#state === electionStates.running) return nothing
    this.#election = beginRound(this.#election)
    this.#state = electionStates.running
    this.#due = monoMs(now.monoMs + electionTimeoutMs)
    return { ballot: this.#cast('vote', this.#localUuid, this.#election.round, now), outcome: undefined }
  }

  /** Counts a ballot. `peers` are the attribute managers in the group. */
  count(ballot: Ballot, peers: readonly string[], mayWin: boolean, now: AttributeInstant): ElectionStep {
    const self = { uname: this.#localName, uuid: this.#localUuid, version: featureSet, mayWin }
    const isActive = (uname: string): boolean => peers.includes(uname)
    const counted = countBallot(this.#election, ballot, self, now.cpu, isActive, peers.length, now.monoMs)
    this.#election = counted.state
    switch (counted.verdict.kind) {
      case 'recorded':
        return this.#check(peers)
      case 'beaten':
        this.#state = electionStates.none
        return mayWin ? this.call(now) : nothing
      case 'lost':
        this.#state = electionStates.lost
        this.#due = undefined
        return { ballot: this.#cast('no-vote', ballot.owner, ballot.round, now, ballot.from), outcome: 'lost' }
      case 'ignored':
        return nothing
      default:
        return unreachable(counted.verdict)
    }
  }

  /** A peer has gone: nobody waits for its answer. */
  left(name: string, wasWriter: boolean, peers: readonly string[]): ElectionStep {
    this.#election = forgetVoter(this.#election, name, wasWriter)
    return this.#check(peers)
  }

  tick(now: AttributeInstant): ElectionStep {
    if (this.#due === undefined || this.#due > now.monoMs) return nothing
    return this.#win()
  }

  #check(peers: readonly string[]): ElectionStep {
    if (this.#state !== electionStates.running) return nothing
    return isWon(this.#election, peers) ? this.#win() : nothing
  }

  #win(): ElectionStep {
    this.#state = electionStates.won
    this.#due = undefined
    return { ballot: undefined, outcome: 'won' }
  }

  #cast(kind: 'vote' | 'no-vote', owner: string, round: number, now: AttributeInstant, to?: string) {
    const ballot = { kind, owner, round, ...now.cpu, version: featureSet }
    return { xml: ballotMessage(ballot, `${kind}-crmd-${now.epochS}-${round}`), to }
  }
}
