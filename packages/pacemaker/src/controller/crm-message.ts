import { attr, child, element, type XmlElement } from '@quorate/xml'

/** Feature set of this implementation: that of Pacemaker 2.1.5, whose messages and histories it speaks. */
export const featureSet = '3.16.1'

/** What every message between controllers says (protocols/pacemaker-cluster.md 3). */
export type CrmMessage = {
  readonly task: string
  /** Subsystem that it is for: `crmd`, `dc`, `lrmd`, `tengine`, or a client's id. */
  readonly to: string
  readonly from: string
  /** Node that it is for; left out: see {@link routeCrmMessage}. */
  readonly host?: string | undefined
  readonly attributes?: Readonly<Record<string, string | undefined>>
  readonly payload?: XmlElement | undefined
}

/** A request. `reference` must be unique among the requests of this node. */
export function crmRequest(message: CrmMessage, reference: string): XmlElement {
  return element(
    'create_request_adv',
    {
      origin: 'controller',
      t: 'crmd',
      version: featureSet,
      subt: 'request',
      reference,
      crm_task: message.task,
      crm_sys_to: message.to,
      crm_sys_from: message.from,
      crm_host_to: message.host,
      ...message.attributes,
    },
    message.payload === undefined ? [] : [element('crm_xml', {}, [message.payload])],
  )
}

/**
 * The answer to a request. `src` is this node, `host` the node that asked; a request of a client of this very node
 * leaves it out.
 */
export function crmReply(request: XmlElement, src: string, host: string | undefined, payload: XmlElement): XmlElement {
  return element(
    'create_reply_adv',
    {
      origin: 'controller',
      t: 'crmd',
      version: featureSet,
      subt: 'response',
      reference: attr(request, 'reference'),
      crm_task: attr(request, 'crm_task'),
      crm_sys_to: attr(request, 'crm_sys_from'),
      crm_sys_from: attr(request, 'crm_sys_to'),
      crm_host_to: host,
      src,
    },
    [element('crm_xml', {}, [payload])],
  )
}

/** What a message carries. */
export function payloadOf(message: XmlElement): XmlElement | undefined {
  return child(message, 'crm_xml')?.children[0]
}
