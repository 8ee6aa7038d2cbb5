import { attr, childrenNamed, element, withAttributes, type XmlElement } from '@quorate/xml'

/** Protocol between attribute managers that this product speaks: that of Pacemaker 2.1.5. */
export const attrdProtocol = '4'
/** Private attribute by which each node tells its protocol. */
export const protocolAttribute = '#attrd-protocol'
/** Status of the acknowledgement that a request has been taken. */
export const acceptedStatus = 112

/** One change of an attribute, as clients and peers ask for it. */
export type AttrdChange = {
  readonly task: string
  readonly name: string | undefined
  readonly pattern: string | undefined
  readonly value: string | undefined
  readonly host: string | undefined
  readonly hostId: number | undefined
  readonly isRemote: boolean
  readonly isPrivate: boolean
  readonly dampening: string | undefined
  readonly set: string | undefined
  readonly user: string | undefined
  readonly isForced: boolean
}

/** Reads one change: of the message itself, or of one of its parts with the message's user and task. */
export function readAttrdChange(xml: XmlElement, whole: XmlElement = xml): AttrdChange {
  const id = Number(attr(xml, 'attr_host_id'))
  return {
    task: attr(xml, 'task') ?? attr(whole, 'task') ?? '',
    name: attr(xml, 'attr_name'),
    pattern: attr(xml, 'attr_regex'),
    value: attr(xml, 'attr_value'),
    host: attr(xml, 'attr_host') ?? attr(whole, 'attr_host'),
    hostId: Number.isInteger(id) && id > 0 ? id : undefined,
    isRemote: attr(xml, 'attr_is_remote') === '1',
    isPrivate: attr(xml, 'attr_is_private') === '1',
    dampening: attr(xml, 'attr_dampening'),
    set: attr(xml, 'attr_set'),
    user: attr(xml, 'attr_user') ?? attr(whole, 'attr_user'),
    isForced: attr(xml, 'attrd_is_force_write') === '1',
  }
}

/** The parts of a message that changes several attributes at once; empty when it is one change itself. */
export function attrdParts(xml: XmlElement): readonly XmlElement[] {
  return childrenNamed(xml, 'op')
}

/** A message with what every one between attribute managers carries: protocol, and the sender's state of election. */
export function withSender(xml: XmlElement, electionState: number): XmlElement {
  return withAttributes(xml, { attr_version: attrdProtocol, attr_writer: String(electionState) })
}

/** A value that all nodes are told of, in a sync. */
export type SyncedValue = {
  readonly name: string
  readonly set: string | undefined
  readonly user: string | undefined
  readonly host: string
  readonly hostId: number | undefined
  readonly value: string | undefined
  readonly dampeningS: number
  readonly isPrivate: boolean
  readonly isRemote: boolean
}

/** A list of values: all of them from the writer, or our own from anybody who knows better. */
export function syncResponse(name: string, values: readonly SyncedValue[]): XmlElement {
  return element(
    name,
    { task: 'sync-response', t: 'attrd' },
    values.map((item) =>
      element('attrd_add_value_xml', {
        attr_name: item.name,
        attr_set: item.set,
        attr_user: item.user,
        attr_host: item.host,
        attr_host_id: item.hostId === undefined ? undefined : String(item.hostId),
        attr_value: item.value,
        attr_dampening: String(item.dampeningS),
        attr_is_private: item.isPrivate ? '1' : '0',
        attrd_is_force_write: '0',
        attr_is_remote: item.isRemote ? '1' : undefined,
      }),
    ),
  )
}

/** What every attribute manager says of itself when it starts. */
export function protocolUpdate(host: string, hostId: number): XmlElement {
  return element('attrd_broadcast_protocol', {
    t: 'attrd',
    src: 'pacemaker-attrd',
    task: 'update',
    attr_name: protocolAttribute,
    attr_value: attrdProtocol,
    attr_is_private: '1',
    attr_host: host,
    attr_host_id: String(hostId),
  })
}

/** Acknowledgement of a client's request. */
export function attrdAck(): XmlElement {
  return element('ack', {
    function: 'attrd',
    line: '1',
    status: String(acceptedStatus),
    'ipc-protocol-version': attrdProtocol,
  })
}

/** Answer to a query: values by node. Without a name it says that nobody has heard of the attribute. */
export function attrdQueryReply(
  name: string | undefined,
  values: readonly { readonly host: string; readonly value: string | undefined }[],
): XmlElement {
  return element(
    'build_query_reply',
    { t: 'attrd', subt: 'query', attr_version: attrdProtocol, attr_name: name },
    values.map(({ host, value }) => element('node', { attr_host: host, attr_value: value })),
  )
}
