import { randomFillSync } from 'node:crypto'
import type { FenceRequest } from '../fence-request.ts'
import { digestSize } from '../hash.ts'
import { encodeHosts } from '../host-record.ts'
import { responses } from '../operation.ts'
import {
  awaitingRequest,
  expectProof,
  type ServerSession,
  type ServerStep,
  type SessionFault,
  stepServer,
} from '../server-session.ts'
import type { ConnectionTable, Tenant } from './connection-table.ts'
import type { Answer, AskedOperation } from './fence-desk.ts'
import { handshakeMsMax, type SecureHost } from './listener.ts'
import type { Peer } from './peer.ts'

/** How a connection ended: with its request carried out, or without. */
export type ConnectionEnd = 'executed' | SessionFault | 'late' | 'displaced' | 'lost' | 'repeated'

/** What the owner of a connection decides when the peer has proven itself. */
export type ConnectionOwner = {
  /** May this request be carried out now? False drops it unanswered (a repetition). */
  admit(request: FenceRequest): boolean
  /** The request was carried out, whether or not the answer got through. */
  executed(request: FenceRequest): void
  /** The connection is over, for this side. Comes once. */
  ended(end: ConnectionEnd): void
}

/** Chance is drawn for so many challenges at a time: one call of the system costs as much as one challenge. */
const challengesAtOnce = 64
let chance = new Uint8Array(0)

function nextChallenge(): Uint8Array {
  if (chance.byteLength === 0) chance = randomFillSync(new Uint8Array(challengesAtOnce * digestSize))
  const challenge = chance.subarray(0, digestSize)
  chance = chance.subarray(digestSize)
  return challenge
}

/** Time in which the peer must have taken the answer and closed. */
const answerMsMax = 10_000

/**
 * Serves one connection to its end, on its own deadline in `table`: a silent peer costs nobody anything but a socket.
 *
 * @param source whom permissions are checked for
 */
export function serveConnection(
  host: SecureHost,
  table: ConnectionTable,
  peer: Peer,
  first: ServerStep,
  source: string,
  owner: ConnectionOwner,
): void {
  const connection = new SecureConnection(host, peer, source, owner)
  table.add(connection)
  connection.begin(first)
}

class SecureConnection implements Tenant {
  readonly #host: SecureHost
  readonly #peer: Peer
  readonly #source: string
  readonly #owner: ConnectionOwner
  readonly #challenge = nextChallenge()
  #session: ServerSession = awaitingRequest
  #deadline: NodeJS.Timeout | undefined
  #announced: AskedOperation | undefined
  #isOver = false
  #isExecuting = false

  constructor(host: SecureHost, peer: Peer, source: string, owner: ConnectionOwner) {
    this.#host = host
    this.#peer = peer
    this.#source = source
    this.#owner = owner
  }

  get isGone(): boolean {
    return this.#peer.isDestroyed
  }

  get isBusy(): boolean {
    return this.#isExecuting
  }

  /** What is being carried out goes on to its end, but nobody is told of it. */
  evict(end: 'late' | 'displaced'): void {
    if (this.#isOver || this.#isExecuting) return this.#peer.destroy()
    this.#finish(end, end === 'late' ? `silent for ${handshakeMsMax} ms` : 'others need its place')
  }

  begin(first: ServerStep): void {
    this.#take(first)
    if (this.#peer.isDestroyed) return
    this.#peer.listen({
      onBytes: (bytes) => {
        this.#take(stepServer(this.#host.security, this.#session, bytes, this.#challenge))
        return this.#session.phase === 'challenge' ? 'more' : undefined
      },
      onGone: (why) => this.#onGone(why),
    })
  }

  #take(step: ServerStep): void {
    const { session } = step
    const isAnnounced = this.#session.phase !== 'request'
    this.#session = session
    if (!isAnnounced && (session.phase === 'challenge' || session.phase === 'proof')) this.#announce(session.request)
    for (const effect of step.effects) {
      if (effect.do === 'send') this.#peer.send(effect.bytes, effect.rest)
      else if (effect.do === 'refuse') this.#finish(effect.fault, effect.why)
      else this.#execute(effect.request)
    }
    this.#session = expectProof(this.#host.security, this.#session, this.#challenge)
  }

  /** While the requester proves itself, what it asks about can be looked up. */
  #announce(request: FenceRequest): void {
    this.#announced = this.#asked(request)
    this.#host.desk.foresee(this.#announced)
  }

  #asked({ operation, domain }: FenceRequest): AskedOperation {
    return { operation, target: domain, source: this.#source }
  }

  #execute(request: FenceRequest): void {
    if (!this.#owner.admit(request)) return this.#finish('repeated', 'a repetition')
    this.#isExecuting = true
    this.#host.desk.handle(this.#announced ?? this.#asked(request), (answer) => {
      this.#isExecuting = false
      this.#answer(answer)
      this.#owner.executed(request)
    })
  }

  #answer(answer: Answer): void {
    this.#peer.end(encodeAnswer(answer))
    this.#finish('executed', undefined)
  }

  /** A peer that is gone does not call back what it asked for: that goes on to its end. */
  #onGone(why: string): void {
    clearTimeout(this.#deadline)
    this.#peer.destroy()
    if (!this.#isExecuting) this.#finish('lost', why)
  }

  #finish(end: ConnectionEnd, why: string | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    if (end === 'executed') {
      if (!this.#peer.isDestroyed) this.#deadline = setTimeout(() => this.#peer.destroy(), answerMsMax).unref()
    } else {
      this.#host.journal.debug(1, `${this.#source}: dropped (${end}): ${why}`)
      this.#peer.destroy()
    }
    this.#owner.ended(end)
  }
}

/** The bytes that answer: one, or a list with its end and the outcome behind it. */
export function encodeAnswer(answer: Answer): Uint8Array {
  if (answer.kind === 'response') return Uint8Array.of(answer.response)
  const records = encodeHosts(answer.hosts)
  const bytes = new Uint8Array(records.byteLength + 2)
  bytes[0] = responses.hostList
  bytes.set(records, 1)
  return bytes
}
