import { attr, element, type XmlElement } from '@quorate/xml'
import { crmReply } from '../messages/crm-message.ts'
import type { DaemonState } from './doors.ts'
import { ack, ackStatus, type LocalClient } from './local-client.ts'

/** What a message at pacemakerd's own end point comes to: an acknowledgement for who waits, perhaps an event, perhaps the end. */
export type PacemakerdDoorStep = {
  readonly answer: XmlElement
  readonly event: XmlElement | undefined
  readonly quits: boolean
}

/** Status of a refusal for want of rights. */
const insufficientPrivileges = 4

/** Reads a message of a client of `pacemakerd` (behaviour/pacemaker-daemons.md 6.3). */
export function readPacemakerdDoor(
  client: LocalClient,
  xml: XmlElement,
  facts: { readonly state: DaemonState; readonly lastLookS: number },
): PacemakerdDoorStep {
  const answer = ack('pacemakerd', ackStatus.accepted)
  const asked = xml
  switch (attr(xml, 'crm_task')) {
    case 'ping': {
      const payload = element('ping_response', {
        crm_subsystem: 'pacemakerd',
        pacemakerd_state: facts.state,
        'crm-timestamp': String(facts.lastLookS),
        result: 'ok',
      })
      return { answer, event: crmReply(asked, 'pacemakerd', undefined, payload), quits: false }
    }
    case 'quit': {
      const status = client.isPrivileged ? 0 : insufficientPrivileges
      const payload = ack('pacemakerd', status)
      return { answer, event: crmReply(asked, 'pacemakerd', undefined, payload), quits: client.isPrivileged }
    }
    default:
      return { answer, event: undefined, quits: false }
  }
}
