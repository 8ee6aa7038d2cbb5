import { createHash } from 'node:crypto'
import { element, escapeValue, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { pairs } from './resources.ts'

/** A node that is no cluster member: what connects it and what the status section says of it. */
export type RandomPlace = {
  readonly uname: string
  readonly kind: 'remote' | 'guest' | 'bundle'
  /** Histories that come with it; others are added as on members. */
  readonly histories: readonly XmlElement[]
}

/** What a resource brings into the states of nodes: histories and transient attributes by node name. */
export type RandomTraces = {
  readonly histories: ReadonlyMap<string, readonly XmlElement[]>
  readonly attributes: ReadonlyMap<string, Readonly<Record<string, string>>>
}

/** State of a remote, guest or bundle node. */
export function placeState(
  chance: Chance,
  place: RandomPlace,
  histories: readonly XmlElement[],
  attributes: Readonly<Record<string, string>>,
): XmlElement {
  const { uname, kind } = place
  const transient = pairs('instance_attributes', `status-${uname}`, {
    shutdown: chance.maybe(94, ['1699999990', '0']),
    standby: chance.maybe(94, ['true']),
    maintenance: chance.maybe(95, ['true']),
    terminate: chance.maybe(98, ['true']),
    'resource-discovery-enabled': kind === 'bundle' ? undefined : chance.maybe(93, ['false', 'true']),
    '#health-disk': chance.maybe(95, ['red', 'yellow', 'green']),
    ...attributes,
  })
  return element(
    'node_state',
    {
      id: uname,
      uname,
      remote_node: 'true',
      in_ccm: chance.maybe(20, ['true', 'true', 'false']),
      node_fenced: chance.maybe(60, ['0', '0', '1']),
      node_in_maintenance: chance.maybe(90, ['0', '1']),
    },
    [
      ...(transient.length === 0 ? [] : [element('transient_attributes', { id: uname }, transient)]),
      element('lrm', { id: uname }, [element('lrm_resources', {}, histories)]),
    ],
  )
}

/** Digest of parameters as histories carry it. */
export function parameterDigest(parameters: Readonly<Record<string, string>>, timeoutMs?: number): string {
  const all = timeoutMs === undefined ? parameters : { ...parameters, CRM_meta_timeout: String(timeoutMs) }
  const words = Object.entries(all)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ` ${name}="${escapeValue(value)}"`)
  return createHash('md5')
    .update(` <parameters${words.join('')}/>\n`)
    .digest('hex')
}
