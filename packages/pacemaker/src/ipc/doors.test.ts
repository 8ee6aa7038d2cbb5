import { nodeId } from '@quorate/base'
import { attr, element, parseXml, writeXml, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crmPayload } from '../messages/crm-message.ts'
import type { Peer } from '../messages/peer-messenger.ts'
import { readCibDoor } from './cib-door.ts'
import { readControllerDoor } from './controller-door.ts'
import { readFencerDoor } from './fencer-door.ts'
import type { LocalClient } from './local-client.ts'
import { readPacemakerdDoor } from './pacemakerd-door.ts'

const root: LocalClient = { id: 'c1', pid: 84, user: 'root', isPrivileged: true, name: 'crm_mon' }
const alice: LocalClient = { ...root, user: 'alice', isPrivileged: false }

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const peer = (id: number, name: string, isMember: boolean): Peer => ({
  nodeId: nodeId(id),
  name,
  isMember,
  hasController: isMember,
  hasCib: isMember,
  hasAttrd: isMember,
  hasFencer: false,
})
const facts = { localName: 'n1', isQuorate: true, peers: [peer(1, 'n1', true), peer(2, 'n2', false)] }

describe('the door of the CIB manager', () => {
  it('lets privileged clients act for others, and writes down who everybody else is', () => {
    const request = '<cib_command t="cib" cib_op="cib_modify" cib_callid="2" cib_callopt="0" cib_user="bob" src="n9"/>'
    const acting = (client: LocalClient): string => {
      const step = readCibDoor(client, xml(request), 'n1')
      if (step.kind !== 'request') return step.kind
      return ['cib_user', 'acl_target', 'cib_clientid', 'cib_clientname', 'src']
        .map((name) => attr(step.xml, name))
        .join()
    }
    expect(acting(root)).toBe('bob,bob,c1,crm_mon,n1')
    expect(acting(alice)).toBe('alice,alice,c1,crm_mon,n1')
  })

  it('takes no word of other CIB managers from a client without privileges', () => {
    const request =
      '<m cib_op="cib_replace" cib_update="true" cib_isreplyto="n2" cib_schema_max="x" cib_upgrade_rc="0"/>'
    const names = (client: LocalClient) => {
      const step = readCibDoor(client, xml(request), 'n1')
      return step.kind === 'request' ? step.xml.attributes.filter((_, i) => i % 2 === 0).join(' ') : step.kind
    }
    expect(names(alice)).toBe('cib_op cib_clientid cib_clientname acl_target cib_user src')
    expect(names(root)).toContain('cib_update')
  })

  it('registers a client as the real one does', () => {
    const step = readCibDoor(root, xml('<cib_command t="cib" cib_op="register" cib_clientname="x"/>'), 'n1')
    expect(step.kind === 'registered' && [step.name, writeXml(step.answer)]).toEqual([
      'x',
      '<cib_common_callback_worker cib_op="register" cib_clientid="c1"/>',
    ])
  })
})

describe('the door of the controller', () => {
  const ask = (task: string, attributes: Record<string, string> = {}) =>
    readControllerDoor(
      alice,
      element('m', { crm_task: task, crm_sys_from: 'root', crm_user: 'root', ...attributes }),
      facts,
    )

  it('answers what every node knows', () => {
    const step = ask('list-nodes')
    const payload = step.kind === 'answer' ? crmPayload(step.xml) : undefined
    expect(payload && writeXml(payload)).toBe(
      '<nodes><node id="1" uname="n1" in_ccm="member"/><node id="2" uname="n2" in_ccm="lost"/></nodes>',
    )
    const info = ask('node-info', { id: '2' })
    expect(info.kind === 'answer' && attr(crmPayload(info.xml) ?? info.xml, 'crmd')).toBe('lost')
  })

  it('hands the rest over with who asks, whatever the client says of itself', () => {
    const step = ask('lrm_delete', { src: 'n9' })
    expect(step.kind === 'forward' && ['crm_sys_from', 'crm_user', 'src'].map((name) => attr(step.xml, name))).toEqual([
      'c1',
      'alice',
      'n1',
    ])
  })

  it('lets root and the cluster itself report failures, nobody else', () => {
    expect(ask('lrm_fail').kind).toBe('disconnect')
    expect(readControllerDoor(root, element('m', { crm_task: 'lrm_fail' }), facts).kind).toBe('forward')
  })

  it('sends away who says no proper hello', () => {
    expect(ask('hello').kind).toBe('disconnect')
    const proper =
      '<m crm_task="hello"><crm_xml><options major_version="1" minor_version="0" client_name="x"/></crm_xml></m>'
    expect(readControllerDoor(alice, xml(proper), facts)).toEqual({ kind: 'registered', name: 'x' })
  })
})

describe('the doors of pacemakerd and the fencer', () => {
  it('stop the daemon for privileged clients only', () => {
    const quit = (client: LocalClient) =>
      readPacemakerdDoor(client, element('m', { crm_task: 'quit' }), { state: 'running', lastLookS: 1 }).quits
    expect([quit(root), quit(alice)]).toEqual([true, false])
  })

  it('hand what is asked to the fencer, and remember who waits for the answer itself', () => {
    const ask = (attributes: Record<string, string>) => readFencerDoor(alice, element('stonith_command', attributes))
    const call = { st_op: 'st_fence', st_callid: '3' }
    expect(ask({ ...call, st_callopt: '4096' })).toEqual({ kind: 'request', callId: '3' })
    expect(ask({ ...call, st_callopt: '2' })).toEqual({ kind: 'request', callId: undefined })
    // Who wants no reply gets an acknowledgement, or would wait for ever.
    expect(ask({ ...call, st_callopt: '4112' })).toEqual({ kind: 'request', callId: undefined })
    expect(ask({}).kind).toBe('refused')
    const follow = ask({ st_op: 'st_notify', st_notify_activate: 'st_notify_fence' })
    expect(follow.kind === 'subscription' && [follow.on, follow.off]).toEqual(['st_notify_fence', undefined])
  })
})

describe('every door', () => {
  const names = [
    'cib_op',
    'cib_callopt',
    'crm_task',
    'st_op',
    'st_callopt',
    'id',
    'uname',
    'cib_notify_type',
    'cib_callid',
  ]
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('hello', 'node-info', 'cib_notify', 'register', 'st_query', 'quit'),
  )
  const attributes = fc.dictionary(fc.constantFrom(...names), value)
  const message = fc
    .tuple(attributes, attributes)
    .map(([outer, inner]) =>
      element('m', outer, [element('crm_xml', {}, [element('options', inner)]), element('cib_calldata', {}, [])]),
    )

  it('has a step for any message', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(readCibDoor(alice, sent, 'n1').kind).toBeDefined()
        expect(readControllerDoor(alice, sent, facts).kind).toBeDefined()
        expect(readFencerDoor(alice, sent).kind).toBeDefined()
        expect(readPacemakerdDoor(alice, sent, { state: 'running', lastLookS: 1 }).answer).toBeDefined()
      }),
      { numRuns: 500 },
    )
  })
})
