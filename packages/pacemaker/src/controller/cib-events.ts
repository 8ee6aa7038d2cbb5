import { attr, child, childrenNamed, idOf, type XmlElement } from '@quorate/xml'

/** What a change of the CIB means to a DC (behaviour/pacemaker-daemons.md 2.10). */
export type CibEvent =
  | { readonly kind: 'configuration' }
  | { readonly kind: 'tickets' }
  | { readonly kind: 'attributes'; readonly nodeUuid: string; readonly isDeleted: boolean }
  | {
      readonly kind: 'operation'
      readonly nodeUuid: string
      readonly uname: string
      readonly resource: string
      readonly op: XmlElement
    }
  | {
      readonly kind: 'operation-removed'
      readonly nodeUuid: string
      readonly resource: string
      readonly op: XmlElement
    }
  | { readonly kind: 'history-removed'; readonly nodeUuid: string; readonly resource: string | undefined }
  | { readonly kind: 'lock-cleared'; readonly nodeUuid: string; readonly resource: string }
  | { readonly kind: 'node-removed'; readonly nodeUuid: string }

/** Compares two versions of a CIB. What they share costs nothing to compare. */
export function cibEvents(before: XmlElement, after: XmlElement): readonly CibEvent[] {
  const events: CibEvent[] = []
  if (!isSame(child(before, 'configuration'), child(after, 'configuration'))) events.push({ kind: 'configuration' })
  const old = child(before, 'status')
  const fresh = child(after, 'status')
  if (old === fresh) return events
  if (!isSame(tickets(old), tickets(fresh))) events.push({ kind: 'tickets' })
  const oldStates = byId(old, 'node_state')
  for (const state of fresh === undefined ? [] : childrenNamed(fresh, 'node_state')) {
    const id = idOf(state)
    const was = oldStates.get(id)
    oldStates.delete(id)
    if (was !== state) nodeEvents(was, state, events)
  }
  for (const id of oldStates.keys()) events.push({ kind: 'node-removed', nodeUuid: id })
  return events
}

function tickets(status: XmlElement | undefined): XmlElement | undefined {
  return status === undefined ? undefined : child(status, 'tickets')
}

function byId(parent: XmlElement | undefined, name: string): Map<string, XmlElement> {
  return new Map((parent === undefined ? [] : childrenNamed(parent, name)).map((item) => [idOf(item), item]))
}

function nodeEvents(before: XmlElement | undefined, after: XmlElement, events: CibEvent[]): void {
  const nodeUuid = idOf(after)
  const attributes = (state: XmlElement | undefined) =>
    state === undefined ? undefined : child(state, 'transient_attributes')
  const now = attributes(after)
  if (!isSame(attributes(before), now)) events.push({ kind: 'attributes', nodeUuid, isDeleted: now === undefined })
  const resources = (state: XmlElement | undefined) => {
    const lrm = state === undefined ? undefined : child(state, 'lrm')
    return lrm === undefined ? undefined : child(lrm, 'lrm_resources')
  }
  const old = resources(before)
  const fresh = resources(after)
  if (old === fresh) return
  if (fresh === undefined) {
    events.push({ kind: 'history-removed', nodeUuid, resource: undefined })
    return
  }
  const known = byId(old, 'lrm_resource')
  for (const item of childrenNamed(fresh, 'lrm_resource')) {
    const was = known.get(idOf(item))
    known.delete(idOf(item))
    if (was !== item) resourceEvents(nodeUuid, attr(after, 'uname') ?? '', was, item, events)
  }
  for (const resource of known.keys()) events.push({ kind: 'history-removed', nodeUuid, resource })
}

function resourceEvents(
  nodeUuid: string,
  uname: string,
  before: XmlElement | undefined,
  after: XmlElement,
  events: CibEvent[],
): void {
  const resource = idOf(after)
  const lock = (item: XmlElement | undefined) => (item === undefined ? undefined : attr(item, 'shutdown-lock'))
  if (lock(before) !== undefined && (lock(after) ?? '0') === '0' && lock(before) !== '0') {
    events.push({ kind: 'lock-cleared', nodeUuid, resource })
  }
  const known = byId(before, 'lrm_rsc_op')
  for (const op of childrenNamed(after, 'lrm_rsc_op')) {
    const was = known.get(idOf(op))
    known.delete(idOf(op))
    if (was !== op && !isSame(was, op)) events.push({ kind: 'operation', nodeUuid, uname, resource, op })
  }
  for (const op of known.values()) events.push({ kind: 'operation-removed', nodeUuid, resource, op })
}

/** True when two elements say the same, attribute order apart. */
function isSame(a: XmlElement | undefined, b: XmlElement | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  if (a.name !== b.name || a.text !== b.text) return false
  if (a.attributes.length !== b.attributes.length || a.children.length !== b.children.length) return false
  for (let i = 0; i < a.attributes.length; i += 2) {
    if (attr(b, a.attributes[i] as string) !== a.attributes[i + 1]) return false
  }
  return a.children.every((item, i) => isSame(item, b.children[i]))
}
