/**
 * QMFv2 as a console speaks it to the agents of libvirt-qmf: maps with string keys, whatever carries them.
 * Written from the documentation alone (protocols/fence-virt-backends.md, libvirt-qmf); no real agent can be had.
 */

/** A message: where to, its application properties, its body. */
export type QmfMessage = {
  readonly address: 'qmf.default.topic' | 'qmf.default.direct'
  readonly subject: string
  readonly properties: Readonly<Record<string, string>>
  readonly body: unknown
}

/** A machine that an agent has. `objectId` names it in calls, as the agent gave it. */
export type QmfDomain = {
  readonly agent: string
  readonly objectId: unknown
  readonly name: string
  readonly uuid: string
  /** Text such as "running" or "shutoff", or a virDomainState. */
  readonly state: string | number
}

/** Products whose agents have machines. */
const products: readonly string[] = ['libvirt-qmf', 'libvirt-qpid']
/** Classes of machines: package and name of each generation of agents. */
export const domainClasses = [
  { package: 'org.libvirt', name: 'Domain' },
  { package: 'com.redhat.libvirt', name: 'domain' },
] as const
/** What this end is in the words of QMF; topics begin with it. */
const role = 'console'
/** Items of one list that are read. */
export const qmfItemsMax = 16_384

function properties(opcode: string, method = 'request'): Readonly<Record<string, string>> {
  return { method, 'qmf.opcode': opcode, 'x-amqp-0-10.app-id': 'qmf2' }
}

/** Asks every agent who it is. */
export function locateRequest(): QmfMessage {
  return {
    address: 'qmf.default.topic',
    subject: `${role}.ind.locate.fence_virtd`,
    properties: properties('_agent_locate_request'),
    body: {},
  }
}

/** Asks an agent for its machines. */
export function domainQuery(agent: string, of: { readonly package: string; readonly name: string }): QmfMessage {
  return {
    address: 'qmf.default.direct',
    subject: agent,
    properties: properties('_query_request'),
    body: { _what: 'OBJECT', _schema_id: { _package_name: of.package, _class_name: of.name } },
  }
}

/** Calls a method of a machine: `create` starts it, `destroy` turns it off. */
export function methodCall(domain: QmfDomain, method: 'create' | 'destroy'): QmfMessage {
  return {
    address: 'qmf.default.direct',
    subject: domain.agent,
    properties: properties('_method_request'),
    body: { _object_id: domain.objectId, _method_name: method, _arguments: {} },
  }
}

/** What an agent answers. */
export type QmfAnswer =
  | { readonly kind: 'agent'; readonly name: string; readonly isLibvirt: boolean }
  | { readonly kind: 'domains'; readonly domains: readonly QmfDomain[]; readonly isPartial: boolean }
  | { readonly kind: 'done' }
  | { readonly kind: 'exception'; readonly text: string }
  | { readonly kind: 'other' }

/** Reads an answer; what has another shape than it should is `other`. */
export function readQmfAnswer(appProperties: unknown, body: unknown): QmfAnswer {
  const opcode = textAt(appProperties, 'qmf.opcode')
  const agent = textAt(appProperties, 'qmf.agent') ?? ''
  switch (opcode) {
    case '_agent_locate_response': {
      const values = at(body, '_values')
      const name = textAt(values, '_name') ?? agent
      return { kind: 'agent', name, isLibvirt: products.includes(textAt(values, '_product') ?? '') }
    }
    case '_query_response': {
      const items = Array.isArray(body) ? body.slice(0, qmfItemsMax) : []
      const domains = items.flatMap((item: unknown) => domainOf(agent, item))
      return { kind: 'domains', domains, isPartial: at(appProperties, 'partial') !== undefined }
    }
    case '_method_response':
      return { kind: 'done' }
    case '_exception':
      return { kind: 'exception', text: textAt(at(body, '_values'), 'error_text') ?? 'unknown' }
    default:
      return { kind: 'other' }
  }
}

function domainOf(agent: string, item: unknown): readonly QmfDomain[] {
  const values = at(item, '_values')
  const objectId = at(item, '_object_id')
  const state = at(values, 'state')
  const [name, uuid] = [textAt(values, 'name'), textAt(values, 'uuid')]
  if (name === undefined || uuid === undefined || objectId === undefined) return []
  if (typeof state !== 'string' && typeof state !== 'number') return []
  return [{ agent: textAt(objectId, '_agent_name') ?? agent, objectId, name, uuid, state }]
}

function at(of: unknown, key: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, key)
    ? (of as Record<string, unknown>)[key]
    : undefined
}

function textAt(of: unknown, key: string): string | undefined {
  const value = at(of, key)
  return typeof value === 'string' ? value : undefined
}

/** virDomainState of what an agent reports. The C daemon has this the wrong way round for its status. */
export function stateNumber(state: string | number): number {
  if (typeof state === 'number') return state
  const names = ['nostate', 'running', 'idle', 'paused', 'shutdown', 'shutoff', 'crashed']
  return Math.max(0, names.indexOf(state.toLowerCase().replaceAll(' ', '')))
}
