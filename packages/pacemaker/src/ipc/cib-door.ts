import { attr, element, withAttributes, type XmlElement } from '@quorate/xml'
import { withOrigin } from '../messages/cib-message.ts'
import { ack, ackStatus, type LocalClient } from './local-client.ts'

/** Notifications that clients may ask for; the last three are never sent, as by the real one. */
export const cibNotifications = [
  'cib_diff_notify',
  'cib_refresh_notify',
  'cib_pre_notify',
  'cib_post_notify',
  'cib_update_confirmation',
] as const

/** Name of a kind of notification. */
export type CibNotificationName = (typeof cibNotifications)[number]

/** What a message at an end point of the CIB manager comes to. */
export type CibDoorStep =
  /** The client told its name. */
  | { readonly kind: 'registered'; readonly name: string; readonly answer: XmlElement }
  | {
      readonly kind: 'subscription'
      readonly type: CibNotificationName
      readonly isActive: boolean
      readonly answer: XmlElement
    }
  | { readonly kind: 'refused'; readonly answer: XmlElement }
  /** For the CIB manager, with what is known of the client. */
  | { readonly kind: 'request'; readonly xml: XmlElement }

/** Reads a message of a client of `cib_ro`, `cib_rw` or `cib_shm` (protocols/pacemaker-ipc.md 4.1). */
export function readCibDoor(client: LocalClient, xml: XmlElement, localName: string): CibDoorStep {
  switch (attr(xml, 'cib_op')) {
    case 'register': {
      const answer = element('cib_common_callback_worker', { cib_op: 'register', cib_clientid: client.id })
      return { kind: 'registered', name: attr(xml, 'cib_clientname') ?? client.name, answer }
    }
    case 'cib_notify': {
      const type = cibNotifications.find((name) => name === attr(xml, 'cib_notify_type'))
      if (type === undefined) return { kind: 'refused', answer: ack('cib', ackStatus.invalidParameter) }
      const isActive = attr(xml, 'cib_notify_activate') === '1'
      return { kind: 'subscription', type, isActive, answer: ack('cib', ackStatus.ok) }
    }
    default: {
      const asked = client.isPrivileged ? xml : withAttributes(xml, daemonsOnly)
      return { kind: 'request', xml: withOrigin(asked, { ...client, user: actingUser(client, xml), node: localName }) }
    }
  }
}

/** What only CIB managers say to each other: of a client it would pass for the word of one. */
const daemonsOnly = {
  cib_update: undefined,
  cib_isreplyto: undefined,
  cib_upgrade_rc: undefined,
  cib_schema_max: undefined,
  original_cib_op: undefined,
}

/** On whose behalf a request is carried out: privileged clients may act for others (behaviour/pacemaker-daemons.md 1.8). */
function actingUser(client: LocalClient, xml: XmlElement): string {
  const asked = attr(xml, 'acl_target') ?? attr(xml, 'cib_user')
  return client.isPrivileged && asked !== undefined && asked !== '' ? asked : client.user
}
