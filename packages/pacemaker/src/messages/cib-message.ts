import { attr, child, element, isComment, withAttributes, withChildren, type XmlElement } from '@quorate/xml'

/** What a message to or between CIB managers says, whatever its element is called (protocols/pacemaker-ipc.md 4.1). */
export type CibMessage = {
  readonly op: string
  readonly section: string | undefined
  /** Sum of call options. */
  readonly options: number
  readonly callId: string | undefined
  readonly clientId: string | undefined
  readonly clientName: string | undefined
  readonly user: string | undefined
  /** Node of the client that asked. */
  readonly origin: string | undefined
  /** Node that has sent the request on and answers its client. */
  readonly delegatedFrom: string | undefined
  /** Node that has to carry it out; undefined: all. */
  readonly host: string | undefined
  /** Node whose question this answers. */
  readonly isReplyTo: string | undefined
  /** A whole CIB of a peer, whose counters are kept. */
  readonly isUpdate: boolean
  readonly digest: string | undefined
  readonly data: XmlElement | undefined
  readonly rc: number
  readonly pingId: string | undefined
  readonly schemaMax: string | undefined
  readonly upgradeRc: number | undefined
  readonly originalOp: string | undefined
}

/** Bits that a call's options can have at most. */
const optionsMax = 0x7fff_ffff

/** Reads a message; undefined when it names no operation. */
export function readCibMessage(xml: XmlElement): CibMessage | undefined {
  const op = attr(xml, 'cib_op')
  if (op === undefined) return undefined
  const options = Number(attr(xml, 'cib_callopt') ?? '0')
  return {
    op,
    section: attr(xml, 'cib_section'),
    options: Number.isInteger(options) && options >= 0 && options <= optionsMax ? options : 0,
    callId: attr(xml, 'cib_callid'),
    clientId: attr(xml, 'cib_clientid') ?? attr(xml, 'cib_async_id'),
    clientName: attr(xml, 'cib_clientname'),
    user: attr(xml, 'cib_user'),
    origin: attr(xml, 'src'),
    delegatedFrom: attr(xml, 'cib_delegated_from'),
    host: attr(xml, 'cib_host'),
    isReplyTo: attr(xml, 'cib_isreplyto'),
    isUpdate: attr(xml, 'cib_update') === 'true',
    digest: attr(xml, 'digest'),
    data: calldata(xml),
    rc: integer(attr(xml, 'cib_rc')) ?? 0,
    pingId: attr(xml, 'cib_ping_id'),
    schemaMax: attr(xml, 'cib_schema_max'),
    upgradeRc: integer(attr(xml, 'cib_upgrade_rc')),
    originalOp: attr(xml, 'original_cib_op'),
  }
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,10}$/.test(text) ? Number(text) : undefined
}

/** The element that a message carries. */
export function calldata(xml: XmlElement): XmlElement | undefined {
  return child(xml, 'cib_calldata')?.children.find((item) => !isComment(item))
}

/** A request as clients of the real library write it. */
export function cibCommand(request: {
  readonly clientId: string
  readonly callId: number
  readonly op: string
  readonly section?: string | undefined
  readonly host?: string | undefined
  readonly user?: string | undefined
  readonly options: number
  readonly data?: XmlElement | undefined
}): XmlElement {
  return element(
    'cib_command',
    {
      __name__: 'cib_command',
      t: 'cib',
      cib_async_id: request.clientId,
      cib_op: request.op,
      cib_host: request.host,
      cib_section: request.section,
      cib_callid: String(request.callId),
      cib_user: request.user,
      cib_callopt: String(request.options),
    },
    request.data === undefined ? [] : [element('cib_calldata', {}, [request.data])],
  )
}

/** A local client's request with what the daemon knows about the client; the order is that of the real daemon. */
export function withOrigin(
  xml: XmlElement,
  client: { readonly id: string; readonly name: string; readonly user: string; readonly node: string },
): XmlElement {
  return withAttributes(xml, {
    cib_clientid: client.id,
    cib_clientname: client.name,
    acl_target: client.user,
    cib_user: client.user,
    src: client.node,
  })
}

/** The answer to a request. `isReplyTo` when the asker is on another node. */
export function cibReply(
  to: Pick<CibMessage, 'op' | 'callId' | 'clientId' | 'options'>,
  rc: number,
  output: XmlElement | undefined,
  isReplyTo?: string,
): XmlElement {
  return element(
    'cib-reply',
    {
      t: 'cib',
      cib_op: to.op,
      cib_callid: to.callId,
      cib_clientid: to.clientId,
      cib_callopt: String(to.options),
      cib_rc: String(rc),
      cib_isreplyto: isReplyTo,
    },
    output === undefined ? [] : [element('cib_calldata', {}, [output])],
  )
}

/** A whole CIB on its way to peers: the answer to a sync, or the settling of a divergence. */
export function cibCopy(
  asked: Pick<CibMessage, 'callId' | 'clientId' | 'clientName' | 'options' | 'user'> | undefined,
  copy: {
    readonly cib: XmlElement
    readonly digest: string
    readonly featureSet: string
    readonly isReplyTo: string | undefined
    readonly originalOp: string
  },
): XmlElement {
  return element(
    'copy',
    {
      __name__: 'cib_command',
      t: 'cib',
      cib_clientid: asked?.clientId,
      cib_callopt: asked === undefined ? undefined : String(asked.options),
      cib_callid: asked?.callId,
      cib_op: 'cib_replace',
      cib_async_id: asked?.clientId,
      cib_clientname: asked?.clientName,
      cib_user: asked?.user,
      cib_isreplyto: copy.isReplyTo,
      original_cib_op: copy.originalOp,
      cib_update: 'true',
      crm_feature_set: copy.featureSet,
      digest: copy.digest,
    },
    [element('cib_calldata', {}, [copy.cib])],
  )
}

/** The DC's question for everybody's digest. */
export function cibPing(pingId: number, featureSet: string): XmlElement {
  return element('ping', { t: 'cib', cib_op: 'ping', cib_ping_id: String(pingId), crm_feature_set: featureSet })
}

/** What a node answers to a ping: digest, and the attributes of its `<cib>`. */
export function pingResponse(cib: XmlElement, digest: string, pingId: string, featureSet: string): XmlElement {
  return element('ping_response', { crm_feature_set: featureSet, digest, cib_ping_id: pingId }, [
    element('cib_calldata', {}, [withChildren(cib, [])]),
  ])
}

/** Tells all nodes up to which schema to upgrade, or, with `rc`, tells the asker's node why not. */
export function cibUpgrade(
  asked: CibMessage,
  verdict: { readonly schemaMax: string } | { readonly rc: number },
  from: string,
): XmlElement {
  const isRefusal = 'rc' in verdict
  return element('cib_process_upgrade_server', {
    t: 'cib',
    cib_op: 'cib_upgrade',
    cib_schema_max: isRefusal ? undefined : verdict.schemaMax,
    cib_delegated_from: asked.delegatedFrom,
    cib_isreplyto: isRefusal ? asked.delegatedFrom : undefined,
    cib_clientid: asked.clientId,
    cib_callopt: String(asked.options),
    cib_callid: asked.callId,
    cib_upgrade_rc: isRefusal ? String(verdict.rc) : undefined,
    src: from,
  })
}

/** What a node that stops asks the others to take note of. */
export function cibShutdownRequest(): XmlElement {
  return element('exit-notification', { t: 'cib', cib_op: 'cib_shutdown_req' })
}

/** Event for clients that follow changes: operation, generation, input and patchset. */
export function diffNotification(change: {
  readonly op: string
  readonly rc: number
  readonly cib: XmlElement
  readonly input: XmlElement | undefined
  readonly diff: XmlElement
}): XmlElement {
  return element(
    'notify',
    {
      t: 'cib_notify',
      subt: 'cib_diff_notify',
      cib_op: change.op,
      cib_rc: String(change.rc),
      cib_object: change.input === undefined ? undefined : attr(change.input, 'id'),
      cib_object_type: change.input?.name ?? change.diff.name,
    },
    [
      element('cib_generation', {}, [generationTuple(change.cib)]),
      ...(change.input === undefined ? [] : [element('cib_update', {}, [change.input])]),
      element('cib_update_result', {}, [change.diff]),
    ],
  )
}

/** Event for clients that want to know when whole sections have been replaced. */
export function refreshNotification(op: string, cib: XmlElement, parts: number): XmlElement {
  return element(
    'notify-replace',
    { t: 'cib_notify', subt: 'cib_refresh_notify', cib_op: op, cib_rc: '0', cib_change_section: String(parts) },
    [element('cib-replace-generation', {}, [generationTuple(cib)])],
  )
}

/** The attributes of a `<cib>` on an element of their own: joins and notifications carry it. */
export function generationTuple(cib: XmlElement): XmlElement {
  return { name: 'generation_tuple', attributes: cib.attributes, children: [], text: '' }
}
