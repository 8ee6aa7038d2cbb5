import { attr, element, parseXml, withAttributes, type XmlElement } from '@quorate/xml'
import { describe, expect, it } from 'vitest'
import { isDeniedOrder } from './limited-order.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const cib = (isOn: boolean) =>
  xml(
    `<cib><configuration><crm_config><cluster_property_set id="s"><nvpair id="o" name="enable-acl" value="${isOn}"/></cluster_property_set></crm_config><acls><acl_target id="ann"><role id="r"/></acl_target><acl_role id="r"><write id="p" xpath="//lrm_resource[@id='a']"/></acl_role></acls></configuration><status><node_state id="1" uname="n1"><lrm id="1"><lrm_resources><lrm_resource id="a"/><lrm_resource id="b"/></lrm_resources></lrm></node_state></status></cib>`,
  )

function order(task: string, user: string | undefined, resource = 'a', node = 'n1'): XmlElement {
  const op = element('rsc_op', { on_node: node }, [element('primitive', { id: resource })])
  const message = element('m', { crm_task: task }, [element('crm_xml', {}, [op])])
  return withAttributes(message, { crm_user: user })
}

const isDenied = (message: XmlElement, isOn = true) => isDeniedOrder(cib(isOn), message, 'n1', () => false)

describe('a user whom ACLs limit', () => {
  it('may have forgotten what it may delete', () => {
    expect(isDenied(order('lrm_delete', 'ann'))).toBe(false)
    expect(isDenied(order('lrm_delete', 'ann', 'b'))).toBe(true)
    expect(isDenied(order('lrm_delete', 'bob'))).toBe(true)
    // It is forgotten where the message arrives, whatever node it names.
    expect(isDenied(order('lrm_delete', 'ann', 'b', 'n9'))).toBe(true)
    expect(isDenied(order('lrm_delete', 'ann', "a']|//x['"))).toBe(true)
    expect(isDenied(element('m', { crm_task: 'lrm_delete', crm_user: 'ann' }))).toBe(true)
  })

  it('may ask, and give no other orders', () => {
    for (const task of ['hello', 'ping', 'node-info', 'list-nodes']) expect(isDenied(order(task, 'bob'))).toBe(false)
    const orders = [
      'lrm_fail',
      'reprobe',
      'lrm_refresh',
      'rm_node_cache',
      'clear_failcount',
      'vote',
      'do_shutdown',
      'lrm_invoke',
      'x',
    ]
    for (const task of orders) expect([task, isDenied(order(task, 'ann'))]).toEqual([task, true])
    expect(isDenied(element('m', { crm_user: 'ann' }))).toBe(true)
  })
})

it('nothing is denied to the cluster, to root and hacluster, and to nobody where ACLs do not count', () => {
  for (const user of [undefined, 'root', 'hacluster']) expect(isDenied(order('reprobe', user))).toBe(false)
  expect(isDenied(order('reprobe', 'ann'), false)).toBe(false)
  expect(attr(order('reprobe', 'ann'), 'crm_user')).toBe('ann')
})
