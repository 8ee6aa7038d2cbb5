import type { XmlElement } from '@quorate/xml'
import { operationStates } from '../messages/stonith-history.ts'
import {
  fencingNotification,
  stonithNotification,
  stonithOptions,
  stonithReply,
  verdictForAsker,
} from '../messages/stonith-message.ts'
import type { Asker, Operation } from './operation.ts'
import { isSuccess, success } from './outcome.ts'
import type { FencerRoom } from './room.ts'
import type { FencingOutcome } from './service.ts'

/** What this node is told of the end of operations: each of those who wait for it, once. */
export class Announcements {
  readonly #room: FencerRoom

  constructor(room: FencerRoom) {
    this.#room = room
  }

  /** Writes down how and when an operation ended. */
  settle(operation: Operation, outcome: FencingOutcome): void {
    operation.outcome = outcome
    operation.state = isSuccess(outcome) ? operationStates.done : operationStates.failed
    operation.endedS = this.#room.now.epochS
    operation.endedNs = this.#room.now.epochNs
  }

  /** Tells this node, once, that an operation has ended: who asked, who follows, and the other parts of the daemon. */
  tell(operation: Operation, outcome: FencingOutcome, verdict: XmlElement): void {
    if (operation.isTold) return
    operation.isTold = true
    const { target, action, origin, clientName, delegate } = operation
    const words = isSuccess(outcome)
      ? 'OK (complete)'
      : `Error occurred (${outcome.reason ?? `exit status ${outcome.exitStatus}`})`
    const by = delegate === undefined ? '' : ` by ${delegate}`
    const level = isSuccess(outcome) || !operation.isOurs ? 'notice' : 'error'
    this.#room.log(
      level,
      `Operation '${action}' targeting ${target}${by} for ${clientName}@${origin}: ${words} | id=${shortId(operation.id)}`,
    )
    const event = {
      operation: operation.id,
      target,
      action,
      executioner: delegate,
      origin,
      client: clientName,
      outcome,
    }
    this.#room.emit({ kind: 'fenced', event })
    const reply = stonithReply(askedReply(operation), outcome, verdictForAsker(verdict, operation, origin), delegate)
    this.deliver(operation.asker, reply, outcome, operation.options)
    const notification = stonithNotification('st_notify_fence', outcome, fencingNotification(operation))
    this.#room.emit({ kind: 'notify', type: 'st_notify_fence', xml: notification })
    for (const duplicate of operation.duplicates.splice(0)) this.endDuplicate(duplicate, outcome, verdict, delegate)
    this.historyChanged()
  }

  /** Ends an operation with the one that it was one of. `verdict`: as all fencers were told; undefined: nobody was. */
  endDuplicate(
    duplicate: Operation,
    outcome: FencingOutcome,
    verdict: XmlElement | undefined,
    delegate: string | undefined,
  ): void {
    if (duplicate.isTold) return
    duplicate.isTold = true
    this.#room.callOff(`duplicate ${duplicate.id}`)
    if (duplicate.drive !== undefined) duplicate.drive.isConcluded = true
    // As with the real one, this node remembers that it was asked, and by whom.
    duplicate.delegate = delegate
    this.settle(duplicate, outcome)
    const data =
      verdict === undefined ? undefined : verdictForAsker(verdict, { ...duplicate, delegate }, duplicate.origin)
    this.deliver(
      duplicate.asker,
      stonithReply(askedReply(duplicate), outcome, data, delegate),
      outcome,
      duplicate.options,
    )
  }

  /** Answers a request that came to no operation. */
  answer(asker: Asker | undefined, reply: Parameters<typeof stonithReply>[0], outcome: FencingOutcome): void {
    this.deliver(asker, stonithReply(reply, outcome), outcome, reply.options)
  }

  /** Gives whoever asked the one answer. */
  deliver(asker: Asker | undefined, xml: XmlElement, outcome: FencingOutcome, options: number): void {
    if (asker?.kind === 'inside') this.#room.emit({ kind: 'outcome', ticket: asker.ticket, outcome })
    else if (asker?.kind === 'client' && (options & stonithOptions.discardReply) === 0) {
      this.#room.emit({ kind: 'answer', client: asker.client, callId: asker.callId, xml })
    }
  }

  /** Tells who follows it that there is something else to be remembered. */
  historyChanged(): void {
    this.#room.emit({
      kind: 'notify',
      type: 'st_notify_history',
      xml: stonithNotification('st_notify_history', success),
    })
  }
}

/** Whom the answer to an operation is for. */
export function askedReply(operation: Operation): Parameters<typeof stonithReply>[0] {
  const { callId, clientId, clientName, options } = operation
  return { op: 'st_fence', callId, clientId, clientName, operation: undefined, options }
}

/** The beginning of an operation's id, for people. */
export function shortId(id: string): string {
  return id.slice(0, 8)
}
