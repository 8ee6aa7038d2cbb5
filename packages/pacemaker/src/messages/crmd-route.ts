import { attr, type XmlElement } from '@quorate/xml'

/** Subsystem names that live on every node, so that no client id is meant by them (protocols/pacemaker-ipc.md 4.2). */
const subsystems: ReadonlySet<string> = new Set([
  'crmd',
  'dc',
  'lrmd',
  'tengine',
  'pengine',
  'cib',
  'stonith-ng',
  'attrd',
  'pacemakerd',
])

/** Where a controller message goes next. */
export type CrmRoute =
  | { readonly to: 'here' }
  | { readonly to: 'client'; readonly clientId: string }
  | { readonly to: 'node'; readonly name: string }
  | { readonly to: 'everybody' }
  | { readonly to: 'nobody' }

/** What routing depends on. `dc` is undefined during elections. */
export type CrmRouteFacts = { readonly localName: string; readonly isDc: boolean; readonly dc: string | undefined }

/**
 * Decides where a controller message goes, whoever it came from: a local client, a peer, or the controller itself.
 * A message for `dc` while no DC is known goes to everybody when this node sent it, since the DC alone answers it.
 *
 * @param origin `peer` when it came through the cluster: such a message is never sent on again
 */
export function routeCrmMessage(message: XmlElement, facts: CrmRouteFacts, origin: 'local' | 'peer'): CrmRoute {
  const system = attr(message, 'crm_sys_to') ?? 'crmd'
  const host = attr(message, 'crm_host_to')
  // Tools name nodes in any case.
  const isHere = host === undefined || host === '' || host.toLowerCase() === facts.localName.toLowerCase()
  if (!subsystems.has(system)) {
    if (isHere) return { to: 'client', clientId: system }
    return origin === 'local' ? { to: 'node', name: host } : { to: 'nobody' }
  }
  if (!isHere) return origin === 'local' ? { to: 'node', name: host } : { to: 'nobody' }
  if (system === 'dc') {
    // Nodes that are not the DC take note of some of these too: a shutdown request, a second DC.
    if (facts.isDc || origin === 'peer') return { to: 'here' }
    return facts.dc === undefined ? { to: 'everybody' } : { to: 'node', name: facts.dc }
  }
  if (system === 'crmd' && host === undefined && origin === 'local') return { to: 'everybody' }
  return { to: 'here' }
}
