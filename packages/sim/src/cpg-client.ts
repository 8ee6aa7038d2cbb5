import type { NodeId, Prng } from '@quorate/base'
import {
  cpgAddress,
  cpgCalls,
  cpgConfchg,
  cpgDeliver,
  cpgGroupAt,
  cpgJoin,
  cpgLeave,
  cpgMcast,
  cpgResponses,
  csErrorCodes,
  requestHeader,
  requestOf,
  responseHeader,
  writeCpgName,
} from '@quorate/corosync'
import { encodeNumbered, type NumberedMessage, numberedHeaderBytes } from './numbered-message.ts'

/** A process in a group. */
export type CpgProcess = { readonly node: number; readonly pid: number; readonly reason: number }

/** A change of a group's membership, as its members are told. */
export type CpgChange = {
  readonly members: readonly CpgProcess[]
  readonly left: readonly CpgProcess[]
  readonly joined: readonly CpgProcess[]
}

/** What checkers are told of the groups. `pid` names one life of one client; no two lives share it. */
export type CpgWitness = {
  sent(message: NumberedMessage, bytes: number): void
  changed(node: NodeId, pid: number, group: string, change: CpgChange): void
  delivered(node: NodeId, pid: number, from: CpgProcess, body: Uint8Array): void
  /** A client asked to leave its group. */
  leaving(pid: number): void
  /** A client is no more: by itself, or because its node went down under it. */
  ended(pid: number, how: 'itself' | 'node'): void
}

/** The connection that a client has, or wants. */
export type CpgConnection = {
  readonly self: NodeId
  open(): void
  request(bytes: Uint8Array): void
  close(): void
}

const bodyAt = 184
const sizes = [numberedHeaderBytes, 100, 900, 4000]

/** `open`: connected, its join is not accepted yet; `joining`: accepted, not seen; `leaving`: has asked to go. */
export type CpgClientState = 'closed' | 'open' | 'joining' | 'member' | 'leaving'

/** A program that joins a group, talks, leaves, dies and comes again, as its chance has it. */
export class CpgClient {
  readonly group: string
  readonly #connection: CpgConnection
  readonly #witness: CpgWitness
  readonly #prng: Prng
  readonly #nextPid: () => number
  #pid = 0
  #number = 0
  #state: CpgClientState = 'closed'
  #isCalm = false

  constructor(group: string, connection: CpgConnection, witness: CpgWitness, prng: Prng, nextPid: () => number) {
    this.group = group
    this.#connection = connection
    this.#witness = witness
    this.#prng = prng
    this.#nextPid = nextPid
  }

  get pid(): number {
    return this.#pid
  }

  get state(): CpgClientState {
    return this.#state
  }

  /** Stays where it is from now on, and comes back if it is not a member. */
  calmDown(): void {
    this.#isCalm = true
  }

  /** Its node ended under it. */
  lost(): void {
    if (this.#state !== 'closed') this.#witness.ended(this.#pid, 'node')
    this.#state = 'closed'
  }

  /** Its turn to do something. */
  act(): void {
    switch (this.#state) {
      case 'closed':
        return this.#connect()
      case 'open':
        return this.#join()
      case 'member':
        if (!this.#isCalm && this.#prng.chance(1, 20)) return this.#leave()
        if (!this.#isCalm && this.#prng.chance(1, 20)) return this.#die()
        if (!this.#isCalm) this.say(this.#prng.pick(sizes))
        return
      default:
    }
  }

  /** Sends one message to the group. */
  say(bytes: number): NumberedMessage {
    this.#number += 1
    const message = { node: this.#connection.self, boot: this.#pid, number: this.#number }
    const body = encodeNumbered(message, bytes)
    const request = new Uint8Array(cpgMcast.size + bytes)
    requestHeader.encode(request, { id: cpgCalls.mcast, size: request.byteLength })
    cpgMcast.encode(request, { messageBytes: bytes })
    request.set(body, cpgMcast.size)
    this.#witness.sent(message, bytes)
    this.#connection.request(request)
    return message
  }

  /** A response to a call. */
  response(bytes: Uint8Array): void {
    const { error } = responseHeader.decode(bytes)
    const fine = error === csErrorCodes.CS_OK
    if (this.#state === 'open' && fine) this.#state = 'joining'
    if (this.#state === 'leaving' && !fine) this.#state = 'member'
  }

  /** An event of the group. */
  event(bytes: Uint8Array): void {
    const { id } = responseHeader.decode(bytes)
    if (id === cpgResponses.deliver) {
      const { node, pid } = cpgDeliver.decode(bytes)
      return this.#witness.delivered(this.#connection.self, this.#pid, { node, pid, reason: 0 }, bytes.subarray(bodyAt))
    }
    if (id !== cpgResponses.confchg) return
    const change = readChange(bytes)
    this.#witness.changed(this.#connection.self, this.#pid, this.group, change)
    const is = ({ node, pid }: CpgProcess): boolean => node === this.#connection.self && pid === this.#pid
    if (this.#state === 'joining' && change.members.some(is)) this.#state = 'member'
    if (change.left.some(is)) this.#die()
  }

  #connect(): void {
    this.#pid = this.#nextPid()
    this.#number = 0
    this.#state = 'open'
    this.#connection.open()
    this.#join()
  }

  #join(): void {
    const bytes = requestOf(cpgCalls.join, cpgJoin.size)
    writeCpgName(bytes, cpgGroupAt, this.group)
    cpgJoin.encode(bytes, { pid: this.#pid })
    this.#connection.request(bytes)
  }

  #leave(): void {
    const bytes = requestOf(cpgCalls.leave, cpgLeave.size)
    writeCpgName(bytes, cpgGroupAt, this.group)
    cpgLeave.encode(bytes, { pid: this.#pid })
    this.#state = 'leaving'
    this.#witness.leaving(this.#pid)
    this.#connection.request(bytes)
  }

  #die(): void {
    this.#witness.ended(this.#pid, 'itself')
    this.#state = 'closed'
    this.#connection.close()
  }
}

function readChange(bytes: Uint8Array): CpgChange {
  const { members, joined, left } = cpgConfchg.decode(bytes)
  const list = (from: number, count: number): CpgProcess[] =>
    Array.from({ length: count }, (_, at) => cpgAddress.decode(bytes, cpgConfchg.size + (from + at) * cpgAddress.size))
  return { members: list(0, members), left: list(members, left), joined: list(members + left, joined) }
}
