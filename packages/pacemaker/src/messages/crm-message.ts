import { featureSet } from '@quorate/cib'
import { attr, child, element, isComment, type XmlElement } from '@quorate/xml'
import type { Ballot } from '../election/election.ts'

/** A message between controllers, or between a client and a controller, pacemakerd or the like. */
export type CrmRequest = {
  readonly task: string
  /** Subsystem that it is for: `crmd`, `dc`, `lrmd`, `tengine`, a client's id … */
  readonly to: string
  readonly from: string
  /** Node that it is for; left out: see the router. */
  readonly host?: string | undefined
  /** Unique among the messages of this sender, e.g. `ping-crmadmin-1795358074-1`. */
  readonly reference: string
  readonly attributes?: Readonly<Record<string, string | undefined>>
  readonly payload?: XmlElement | undefined
  /** Feature set that the sender claims; ours when left out. */
  readonly version?: string | undefined
}

/** Builds a request (protocols/pacemaker-ipc.md 4.2). */
export function crmRequest(request: CrmRequest): XmlElement {
  return element(
    'create_request_adv',
    {
      origin: 'quorate',
      t: 'crmd',
      version: request.version ?? featureSet,
      subt: 'request',
      reference: request.reference,
      crm_task: request.task,
      crm_sys_to: request.to,
      crm_sys_from: request.from,
      crm_host_to: request.host,
      ...request.attributes,
    },
    request.payload === undefined ? [] : [element('crm_xml', {}, [request.payload])],
  )
}

/** Builds the answer to a request, from the subsystem `from` on node `src` back to whoever asked. */
export function crmReply(to: XmlElement, from: string, src: string | undefined, payload: XmlElement): XmlElement {
  return element(
    'create_reply_adv',
    {
      origin: 'quorate',
      t: 'crmd',
      version: featureSet,
      subt: 'response',
      reference: attr(to, 'reference'),
      crm_task: attr(to, 'crm_task'),
      crm_sys_to: attr(to, 'crm_sys_from'),
      crm_sys_from: from,
      crm_host_to: attr(to, 'src'),
      src,
    },
    [element('crm_xml', {}, [payload])],
  )
}

/** The element that a message carries. */
export function crmPayload(message: XmlElement): XmlElement | undefined {
  return child(message, 'crm_xml')?.children.find((item) => !isComment(item))
}

/** A ballot as it travels; `no-vote` names the round that it answers. */
export function ballotMessage(ballot: Omit<Ballot, 'from'>, reference: string, host?: string): XmlElement {
  return crmRequest({
    task: ballot.kind,
    to: 'crmd',
    from: 'crmd',
    host,
    reference,
    version: ballot.version,
    attributes: {
      'election-owner': ballot.owner,
      'election-id': String(ballot.round),
      ...(ballot.kind === 'vote'
        ? { 'election-age-sec': String(ballot.ageS), 'election-age-nano-sec': String(ballot.ageUs) }
        : {}),
    },
  })
}

/** Reads a ballot; undefined when the message is none, or lacks owner or round. */
export function readBallot(message: XmlElement, from: string): Ballot | undefined {
  const kind = attr(message, 'crm_task')
  if (kind !== 'vote' && kind !== 'no-vote') return undefined
  const owner = attr(message, 'election-owner')
  const round = Number(attr(message, 'election-id'))
  if (owner === undefined || !Number.isSafeInteger(round)) return undefined
  return {
    kind,
    from,
    owner,
    round,
    ageS: Number(attr(message, 'election-age-sec') ?? '0') || 0,
    ageUs: Number(attr(message, 'election-age-nano-sec') ?? '0') || 0,
    version: attr(message, 'version') ?? '0.0.0',
  }
}
