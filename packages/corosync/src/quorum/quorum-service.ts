import type { MonoMs, NodeId } from '@quorate/base'
import { csErrorCodes } from '../cs-error.ts'
import { responseOf, viewOf } from '../ipc/message-header.ts'
import {
  nodelistV1,
  nodelistV1At,
  nodelistV1RingAt,
  quorumCalls,
  quorumGetQuorate,
  quorumModelGetType,
  quorumNotification,
  quorumResponses,
  quorumTrackStart,
  quorumType,
  quorumV1,
  quorumV1RingAt,
  quorumV1ViewAt,
  quorumViewAt,
  trackFlags,
} from '../ipc/quorum-messages.ts'
import { noRing, type RingName, writeIpcRingId } from '../ipc/ring-id.ts'
import { type ConnectionId, type Service, type ServiceEffect, type ServiceEvent, serviceIds } from '../service.ts'
import { Survivors } from '../survivors.ts'

const code = csErrorCodes

type Client = { model: 0 | 1; isTracking: boolean }

/** A ring and its members. */
type View = { readonly ring: RingName; readonly members: readonly NodeId[] }

/**
 * Tells clients who is in the ring and whether it may act (protocols/corosync.md 9.4). It does not decide: a provider
 * does ({@link QuorumService.decide}); without one every ring may act.
 */
export class QuorumService implements Service {
  readonly id = serviceIds.quorum
  readonly #hasProvider: boolean
  readonly #clients = new Map<ConnectionId, Client>()
  readonly #survivors = new Survivors()
  /** The ring whose sync has begun last. */
  #next: View = { ring: noRing, members: [] }
  /** The ring of which `#isQuorate` was said. Until the next is judged, clients are told of this one: a verdict has its members. */
  #judged: View = this.#next
  #isQuorate: boolean
  #out: ServiceEffect[] = []

  constructor(hasProvider: boolean) {
    this.#hasProvider = hasProvider
    this.#isQuorate = !hasProvider
  }

  get isQuorate(): boolean {
    return this.#isQuorate
  }

  /** Members of the ring whose sync has begun last. */
  get members(): readonly NodeId[] {
    return this.#next.members
  }

  /** The provider's word on the present ring; given again after every change of the membership. */
  decide(isQuorate: boolean): readonly ServiceEffect[] {
    this.#out = []
    this.#judged = this.#next
    if (isQuorate !== this.#isQuorate) {
      this.#isQuorate = isQuorate
      this.#log(
        isQuorate
          ? 'This node is within the primary component and will provide service.'
          : 'This node is within the non-primary component and will NOT provide any services.',
      )
    }
    this.#log(listText('Members', this.#judged.members))
    for (const [connection, client] of this.#clients) {
      if (client.isTracking) this.#event(connection, this.#quorumEvent(client.model))
    }
    return this.#out
  }

  step(event: ServiceEvent, _now: MonoMs): readonly ServiceEffect[] {
    this.#out = []
    switch (event.kind) {
      case 'opened':
        this.#clients.set(event.connection, { model: 0, isTracking: false })
        break
      case 'closed':
        this.#clients.delete(event.connection)
        break
      case 'request':
        this.#request(event.connection, event.id, event.bytes)
        break
      case 'sync-init':
        this.#survivors.change(event.change)
        this.#next = event.change
        this.#log(listText('Sync members', this.#next.members))
        if (this.#survivors.joined.length > 0) this.#log(listText('Sync joined', this.#survivors.joined))
        if (this.#survivors.left.length > 0) this.#log(listText('Sync left', this.#survivors.left))
        break
      case 'sync-activate':
        this.#activate()
        break
      case 'message':
      case 'sync-process':
      case 'sync-abort':
      case 'timer':
      case 'cmap':
        break
    }
    return this.#out
  }

  #activate(): void {
    if (!this.#hasProvider) this.#judged = this.#next
    const { joined, left } = this.#survivors
    for (const [connection, client] of this.#clients) {
      if (!client.isTracking) continue
      if (client.model === 1) this.#event(connection, nodelistEvent(this.#next, joined, left))
      if (!this.#hasProvider) this.#event(connection, this.#quorumEvent(client.model))
    }
    this.#survivors.settle()
  }

  #request(connection: ConnectionId, id: number, bytes: Uint8Array): void {
    const client = this.#clients.get(connection)
    if (client === undefined) return
    const answer = this.#answer(connection, client, id, bytes)
    this.#out.push({ kind: 'respond', connection, bytes: answer })
  }

  #answer(connection: ConnectionId, client: Client, id: number, bytes: Uint8Array): Uint8Array {
    switch (id) {
      case quorumCalls.getQuorate: {
        const answer = responseOf(quorumResponses.getQuorate, code.CS_OK, quorumGetQuorate.size)
        quorumGetQuorate.encode(answer, { quorate: this.#isQuorate ? 1 : 0 })
        return answer
      }
      case quorumCalls.trackStart:
        return responseOf(quorumResponses.trackStart, this.#track(connection, client, bytes))
      case quorumCalls.trackStop:
        client.isTracking = false
        return responseOf(quorumResponses.trackStop, code.CS_OK)
      case quorumCalls.getType:
        return this.#typeResponse(quorumResponses.getType, code.CS_OK)
      case quorumCalls.modelGetType: {
        const { model } = quorumModelGetType.decode(bytes)
        if (model !== 0 && model !== 1) {
          return this.#typeResponse(quorumResponses.modelGetType, code.CS_ERR_INVALID_PARAM)
        }
        client.model = model
        return this.#typeResponse(quorumResponses.modelGetType, code.CS_OK)
      }
      default:
        return responseOf(0, code.CS_ERR_INVALID_PARAM)
    }
  }

  #track(connection: ConnectionId, client: Client, bytes: Uint8Array): number {
    const { flags } = quorumTrackStart.decode(bytes)
    if ((flags & (trackFlags.current | trackFlags.changes)) !== 0) {
      if (client.model === 1) this.#event(connection, nodelistEvent(this.#judged, [], []))
      this.#event(connection, this.#quorumEvent(client.model))
    }
    if ((flags & (trackFlags.changes | trackFlags.changesOnly)) === 0) return code.CS_OK
    if (client.isTracking) return code.CS_ERR_EXIST
    client.isTracking = true
    return code.CS_OK
  }

  #typeResponse(id: number, error: number): Uint8Array {
    const answer = responseOf(id, error, quorumType.size)
    quorumType.encode(answer, { type: this.#hasProvider ? 1 : 0 })
    return answer
  }

  #quorumEvent(model: 0 | 1): Uint8Array {
    const quorate = this.#isQuorate ? 1 : 0
    const { ring, members: nodes } = this.#judged
    const members = nodes.length
    if (model === 0) {
      const bytes = responseOf(quorumResponses.notification, code.CS_OK, quorumNotification.size + 4 * members)
      quorumNotification.encode(bytes, { quorate, ringSeq: BigInt(ring.seq), members })
      writeNodes(bytes, quorumViewAt, nodes)
      return bytes
    }
    const bytes = responseOf(quorumResponses.quorumV1, code.CS_OK, quorumV1.size + 4 * members)
    quorumV1.encode(bytes, { quorate, members })
    writeIpcRingId(bytes, quorumV1RingAt, ring)
    writeNodes(bytes, quorumV1ViewAt, nodes)
    return bytes
  }

  #event(connection: ConnectionId, bytes: Uint8Array): void {
    this.#out.push({ kind: 'event', connection, bytes })
  }

  #log(text: string): void {
    this.#out.push({ kind: 'log', level: 'notice', subsystem: 'QUORUM', text })
  }
}

function nodelistEvent({ ring, members }: View, joined: readonly NodeId[], left: readonly NodeId[]): Uint8Array {
  const nodes = [...members, ...joined, ...left]
  const bytes = responseOf(quorumResponses.nodelistV1, code.CS_OK, nodelistV1.size + 4 * nodes.length)
  writeIpcRingId(bytes, nodelistV1RingAt, ring)
  nodelistV1.encode(bytes, { members: members.length, joined: joined.length, left: left.length })
  writeNodes(bytes, nodelistV1At, nodes)
  return bytes
}

function writeNodes(into: Uint8Array, at: number, nodes: readonly NodeId[]): void {
  const view = viewOf(into)
  nodes.forEach((node, i) => {
    view.setUint32(at + 4 * i, node, true)
  })
}

function listText(what: string, nodes: readonly NodeId[]): string {
  return `${what}[${nodes.length}]: ${nodes.join(' ')}`
}
