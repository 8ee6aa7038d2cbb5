import { monoMs } from '@quorate/base'
import { attr, element, parseXml, writeXml, type XmlElement } from '@quorate/xml'
import { describe, expect, it } from 'vitest'
import { attributeRefusal } from './attribute-access.ts'
import { AttributeCore } from './attribute-core.ts'

function cibWith(permissions: string): XmlElement {
  const state = (id: string, pairs: string) =>
    `<node_state id="${id}" uname="n${id}"><transient_attributes id="${id}"><instance_attributes id="status-${id}">${pairs}</instance_attributes></transient_attributes></node_state>`
  const pair = (id: string, name: string) => `<nvpair id="status-${id}-${name}" name="${name}" value="1"/>`
  const read = parseXml(
    `<cib validate-with="none"><configuration><crm_config><cluster_property_set id="s"><nvpair id="o" name="enable-acl" value="true"/></cluster_property_set></crm_config><nodes><node id="3" uname="n3"/></nodes><acls><acl_target id="ann"><role id="r"/></acl_target><acl_role id="r">${permissions}</acl_role></acls></configuration><status>${state('1', pair('1', 'x') + pair('1', 'fail-count-a') + pair('1', 'secret'))}${state('2', pair('2', 'x') + pair('2', 'fail-count-a'))}</status></cib>`,
  )
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const permission = (kind: string, xpath: string, id = kind) => `<${kind} id="${id}" xpath="${xpath}"/>`
const mine = cibWith(
  permission('read', '//nvpair') +
    permission('deny', "//nvpair[@name='secret']") +
    permission('write', "//nvpair[@name='x']", 'w1') +
    permission('write', "//nvpair[starts-with(@name,'fail-count-a')]", 'w2') +
    permission('write', "//node_state[@id='2']//nvpair[@name='y']", 'w3'),
)

function ask(cib: XmlElement, attributes: Record<string, string>, parts: readonly XmlElement[] = [], user = 'ann') {
  const request = element('attrd', attributes, parts)
  const refusal = attributeRefusal(cib, request, { user, isInGroup: () => false }, 'n1')
  return refusal === undefined ? 'taken' : writeXml(refusal)
}

const refused = '<ack function="attrd" line="1" status="4"/>'

describe('a user whom ACLs limit', () => {
  it.each([
    ['changes what it may write', { task: 'update', attr_name: 'x', attr_value: '2' }, 'taken'],
    ['on the node that it names', { task: 'update', attr_name: 'x', attr_host: 'N2' }, 'taken'],
    ['unsets it', { task: 'update', attr_name: 'x' }, 'taken'],
    ['not what it may read', { task: 'update', attr_name: 'secret', attr_value: '2' }, refused],
    ['sets what is not there yet where it may', { task: 'update-both', attr_name: 'y', attr_host: 'n2' }, 'taken'],
    ['and not where it may not', { task: 'update-both', attr_name: 'y', attr_host: 'n1' }, refused],
    ['on a node that has no state yet', { task: 'update', attr_name: 'x', attr_host: 'n3' }, 'taken'],
    ['not on a node that nobody knows', { task: 'update', attr_name: 'x', attr_host: 'n9' }, refused],
    [
      'on a node by its name and its id',
      { task: 'update', attr_name: 'x', attr_host: 'n2', attr_host_id: '2' },
      'taken',
    ],
    ['not under the id of another', { task: 'update', attr_name: 'x', attr_host: 'n2', attr_host_id: '1' }, refused],
    ['not as of a remote node', { task: 'update', attr_name: 'x', attr_host: 'n2', attr_is_remote: '1' }, refused],
    ['nothing that is not in the CIB', { task: 'update', attr_name: 'x', attr_is_private: '1' }, refused],
    ['nothing by pattern', { task: 'update', attr_regex: 'x' }, refused],
    ['clears failures that it may write', { task: 'clear-failure', attr_resource: 'a' }, 'taken'],
    ['of one node', { task: 'clear-failure', attr_resource: 'a', attr_host: 'n2' }, 'taken'],
    ['not those of another resource', { task: 'clear-failure', attr_resource: 'b' }, refused],
    ['nor those of all', { task: 'clear-failure' }, refused],
    ['does not remove nodes', { task: 'peer-remove', attr_host: 'n2' }, refused],
    ['does not have everything written', { task: 'refresh' }, refused],
    ['does nothing that has no name', {}, refused],
  ])('%s', (_, attributes, answer) => {
    expect(ask(mine, attributes as Record<string, string>)).toBe(answer)
  })

  it('changes several at once only if it may change each', () => {
    const part = (name: string) => element('op', { attr_name: name, attr_value: '2' })
    expect(ask(mine, { task: 'update' }, [part('x'), part('x')])).toBe('taken')
    expect(ask(mine, { task: 'update' }, [part('x'), part('secret')])).toBe(refused)
  })

  it('is told of what it may read, on every node that it asks about', () => {
    const none = '<build_query_reply t="attrd" subt="query" attr_version="4"/>'
    const query = (name: string, more = {}) => ask(mine, { task: 'query', attr_name: name, ...more })
    expect(query('x')).toBe('taken')
    expect(query('secret')).toBe(none)
    expect(query('#private')).toBe(none)
    const first = cibWith(permission('read', "//node_state[@id='1']"))
    expect(ask(first, { task: 'query', attr_name: 'x' })).toBe(none)
    expect(ask(first, { task: 'query', attr_name: 'x', attr_host: 'localhost' })).toBe('taken')
    expect(ask(first, { task: 'query', attr_name: 'x', attr_host: 'n2' })).toBe(none)
  })
})

it('everybody else asks for what they like', () => {
  for (const user of ['root', 'hacluster']) expect(ask(mine, { task: 'refresh' }, [], user)).toBe('taken')
})

it('whose change one of several is stands in the message, not in its part', () => {
  const core = new AttributeCore({ localName: 'n1', localNodeId: 1 })
  const part = element('op', { attr_name: 'x', attr_value: '2', attr_user: 'hacluster' })
  const xml = element('attrd', { task: 'update' }, [part])
  const now = { monoMs: monoMs(1), epochS: 1, cpu: { ageS: 0, ageUs: 0 } }
  const [sent] = core.step({ kind: 'request', xml, user: 'ann', client: undefined }, now)
  expect(
    sent?.kind === 'send' && [attr(sent.xml, 'attr_user'), sent.xml.children.map((item) => attr(item, 'attr_user'))],
  ).toEqual(['ann', [undefined]])
})
