import { attr, element, type XmlElement } from '@quorate/xml'
import { readStonithMessage, stonithOptions } from '../messages/stonith-message.ts'
import { ack, ackStatus, type LocalClient } from './local-client.ts'

/** What a message at the fencer's end point comes to. */
export type FencerDoorStep =
  | { readonly kind: 'registered'; readonly name: string; readonly answer: XmlElement }
  /** Kinds of events that the client wants from now on, and no longer. */
  | {
      readonly kind: 'subscription'
      readonly on: string | undefined
      readonly off: string | undefined
      readonly answer: XmlElement
    }
  /** For the fencer. `callId`: under which the client waits for the answer itself; undefined: an acknowledgement will do. */
  | { readonly kind: 'request'; readonly callId: string | undefined }
  | { readonly kind: 'refused'; readonly answer: XmlElement }

/** Reads a message of a client of `stonith-ng` (protocols/pacemaker-ipc.md 4.4). */
export function readFencerDoor(client: LocalClient, xml: XmlElement): FencerDoorStep {
  const message = readStonithMessage(xml)
  switch (message?.op) {
    case undefined:
      return { kind: 'refused', answer: ack('fencer', ackStatus.protocol) }
    case 'register': {
      const answer = element('reply', { st_op: 'register', st_clientid: client.id })
      return { kind: 'registered', name: attr(xml, 'st_clientname') ?? client.name, answer }
    }
    case 'st_notify': {
      const on = attr(xml, 'st_notify_activate')
      return { kind: 'subscription', on, off: attr(xml, 'st_notify_deactivate'), answer: ack('fencer', ackStatus.ok) }
    }
    default: {
      const waits = ((message?.options ?? 0) & stonithOptions.syncCall) !== 0
      const isAnswered = ((message?.options ?? 0) & stonithOptions.discardReply) === 0
      return { kind: 'request', callId: waits && isAnswered ? (message?.callId ?? '') : undefined }
    }
  }
}
