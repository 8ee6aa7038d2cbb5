import { attr, element, type XmlElement } from '@quorate/xml'

/** A node as the configuration names it. */
export type NamedNode = { readonly id: string; readonly uname: string }

/** Where options and attributes of one kind are kept. */
export type NvpairPlace = {
  /** Section as tools name it: `crm_config`, `nodes`, `status`, `rsc_defaults`, `op_defaults`. */
  readonly scope: string
  readonly setName: string
  /** Set to use where none is there and none was asked for. */
  readonly setId: string
  /** Path of the sets of this place. */
  readonly xpath: string
  /** The whole section with one set in it, for a modify that creates what is missing. */
  readonly wrap: (set: XmlElement) => XmlElement
  /** What an entry is called in messages. */
  readonly noun: 'attribute' | 'option'
}

const optionSets: Readonly<Record<string, readonly [element: string, id: string]>> = {
  crm_config: ['cluster_property_set', 'cib-bootstrap-options'],
  rsc_defaults: ['meta_attributes', 'rsc_defaults-options'],
  op_defaults: ['meta_attributes', 'op_defaults-options'],
}

/** Place of cluster options or defaults; undefined for a section that has none. */
export function optionPlace(scope: string): NvpairPlace | undefined {
  const [setName, setId] = optionSets[scope] ?? []
  if (setName === undefined || setId === undefined) return undefined
  return {
    scope,
    setName,
    setId,
    xpath: `/cib/configuration/${scope}//${setName}`,
    wrap: (set) => element(scope, {}, [set]),
    noun: 'option',
  }
}

/** Place of a node's permanent attributes, or its utilization. */
export function nodePlace(node: NamedNode, kind: 'instance_attributes' | 'utilization'): NvpairPlace {
  return {
    scope: 'nodes',
    setName: kind,
    setId: kind === 'utilization' ? `nodes-${node.id}-utilization` : `nodes-${node.id}`,
    xpath: `/cib/configuration/nodes/node[@id='${node.id}']/${kind}`,
    wrap: (set) => element('nodes', {}, [element('node', { id: node.id }, [set])]),
    noun: 'attribute',
  }
}

/** Place of what is kept of tickets in general. */
export const ticketPlace: NvpairPlace = {
  scope: 'tickets',
  setName: 'instance_attributes',
  setId: 'status-tickets',
  xpath: '/cib/status/tickets//instance_attributes',
  wrap: (set) => element('status', {}, [element('tickets', {}, [set])]),
  noun: 'option',
}

/** Place of a node's attributes that last until it leaves the cluster. */
export function transientPlace(
  node: NamedNode,
  kind: 'instance_attributes' | 'utilization' = 'instance_attributes',
): NvpairPlace {
  return {
    scope: 'status',
    setName: kind,
    setId: kind === 'utilization' ? `status-${node.id}-utilization` : `status-${node.id}`,
    xpath: `/cib/status/node_state[@id='${node.id}']/transient_attributes/${kind}`,
    wrap: (set) => element('node_state', { id: node.id }, [element('transient_attributes', { id: node.id }, [set])]),
    noun: 'attribute',
  }
}

/** Text inside an XPath literal: in double quotes where it holds single ones. */
export function literal(text: string): string {
  return text.includes("'") ? `"${text.replaceAll('"', '')}"` : `'${text}'`
}

/** Id of a new entry: its set's id and its name, with what ids cannot hold replaced. */
export function nvpairId(setId: string, name: string): string {
  return `${setId}-${name}`.replaceAll(/[:#]/g, '.')
}

/** An entry as found in a CIB. */
export type FoundNvpair = { readonly id: string; readonly name: string; readonly value: string | undefined }

/** Reads an `<nvpair>`. */
export function foundNvpair(of: XmlElement): FoundNvpair {
  return { id: attr(of, 'id') ?? '', name: attr(of, 'name') ?? '', value: attr(of, 'value') }
}
