import { element, parseXml, writeXml, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readHistory } from './stonith-history.ts'
import {
  agentReply,
  readOfferedDevices,
  readOutcome,
  readRegistration,
  readStonithMessage,
  stonithFence,
  stonithQuery,
  stonithReply,
  stonithSecondsMax,
  stonithVerdict,
} from './stonith-message.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const operation = {
  id: 'ace1',
  target: 'n2',
  action: 'reboot',
  origin: 'n1',
  clientId: '7e53',
  clientName: 'stonith_admin.824',
  callId: '2',
  options: 2,
}
const success = { execution: 0, exitStatus: 0, reason: undefined }

describe('messages between fencers', () => {
  it('are those that were seen between real ones', () => {
    const head = '<stonith_command __name__="stonith_command" t="stonith-ng" st_async_id="ace1"'
    const body =
      'st_callid="2" st_callopt="2" st_remote_op="ace1" st_target="n2" st_device_action="reboot" st_origin="n1" ' +
      'st_clientid="7e53" st_clientname="stonith_admin.824"'
    expect(writeXml(stonithQuery(operation, 120, undefined))).toBe(
      `${head} st_op="st_query" ${body} st_timeout="120"/>`,
    )
    expect(writeXml(stonithFence(operation, { timeoutS: 60, delayS: 0, device: undefined }))).toBe(
      `${head} st_op="st_fence" ${body} st_timeout="60" st_delay="0"/>`,
    )
    expect(writeXml(stonithVerdict({ ...operation, state: 2, delegate: 'n1' }, success, 3))).toBe(
      '<st-reply t="st_notify" subt="broadcast" st_op="st_notify" count="3"><st_calldata><st_notify_fence state="2" ' +
        'st_target="n2" st_device_action="reboot" st_delegate="n1" st_remote_op="ace1" st_origin="n1" st_clientid="7e53" ' +
        'st_clientname="stonith_admin.824" op-status="0" rc-code="0" st_rc="0"/></st_calldata></st-reply>',
    )
    const asked = { op: 'st_fence', callId: '2', clientId: '7e53', clientName: 'x.1', operation: 'ace1', options: 2 }
    expect(writeXml(agentReply({ ...asked, origin: 'n1', target: 'n2' }, 'fd', success, undefined))).toBe(
      '<st-reply st_origin="n1" t="stonith-ng" st_op="st_fence" st_device_id="fd" st_remote_op="ace1" st_clientid="7e53" ' +
        'st_clientname="x.1" st_target="n2" st_device_action="st_fence" st_callid="2" st_callopt="2" op-status="0" ' +
        'rc-code="0" st_rc="0"/>',
    )
    const late = { execution: 2, exitStatus: 1, reason: 'late' }
    expect(writeXml(stonithReply({ ...asked, operation: undefined }, late, undefined, 'n3'))).toBe(
      '<st-reply st_origin="fenced_construct_reply" t="stonith-ng" op-status="2" rc-code="1" exit-reason="late" ' +
        'st_rc="-62" st_op="st_fence" st_callid="2" st_clientid="7e53" st_clientname="x.1" st_callopt="2" st_delegate="n3"/>',
    )
  })

  it('are read as they are written, a client from the element inside', () => {
    const read = readStonithMessage(stonithQuery(operation, 120, 'other'))
    expect([read?.operation, read?.target, read?.timeoutS, read?.relayed]).toEqual(['ace1', 'n2', 120, 'other'])
    const asked = readStonithMessage(
      xml(
        '<stonith_command st_op="st_fence" st_callopt="2" st_timeout="120"><st_calldata><x st_target="n2" ' +
          'st_device_action="reboot" st_timeout="60" st_tolerance="5" st_delay="-1"/></st_calldata></stonith_command>',
      ),
    )
    expect([asked?.timeoutS, asked?.toleranceS, asked?.delayS, asked?.action]).toEqual([60, 5, -1, 'reboot'])
  })

  it('have numbers within bounds, or none', () => {
    const read = (text: string) => readStonithMessage(element('m', { st_op: 'x', st_timeout: text }))?.timeoutS
    expect([read(String(stonithSecondsMax)), read(String(stonithSecondsMax + 1)), read('-1'), read('1e3')]).toEqual([
      stonithSecondsMax,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('have a result only where both of its numbers can be read', () => {
    const read = (attributes: Record<string, string>) => readOutcome(element('m', attributes))
    expect(read({ 'op-status': '0', 'rc-code': '0' })).toEqual(success)
    expect([read({ st_rc: '0' }), read({ 'op-status': '0' }), read({ 'op-status': '0', 'rc-code': '' })]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('tell of devices as a real fencer was seen to', () => {
    const devices = readOfferedDevices(
      xml(
        '<st-reply st_op="st_query"><st_calldata><stonith_query_capable_device_cb st_target="node1" ' +
          'st-available-devices="2"><st_device_id id="ta" st_monitor_verified="1" st_device_support_flags="47" ' +
          'st_action_timeout="34" st_delay_max="0"><st_device_action id="off" st_action_timeout="33"/>' +
          '<st_device_action id="on" st_action_disallowed="true"/></st_device_id><st_device_id id="tu" ' +
          'st_monitor_verified="0" st_device_support_flags="50"><st_device_action id="on" st_required="1"/></st_device_id>' +
          '</stonith_query_capable_device_cb></st_calldata></st-reply>',
      ),
    )
    const plain = { isAllowed: true, isRequired: false, timeoutS: undefined, delay: undefined }
    expect(devices).toEqual([
      {
        id: 'ta',
        isVerified: true,
        flags: 47,
        own: { ...plain, timeoutS: 34, delay: { maxS: 0, baseS: 0 } },
        off: { ...plain, timeoutS: 33 },
        on: { ...plain, isAllowed: false },
      },
      { id: 'tu', isVerified: false, flags: 50, own: plain, off: undefined, on: { ...plain, isRequired: true } },
    ])
    expect(readOfferedDevices(xml('<st-reply st_op="st_query"/>'))).toBeUndefined()
  })
})

describe('every reader', () => {
  const names = [
    'id',
    'st_op',
    'st_target',
    'st_state',
    'st_remote_op',
    'op-status',
    'st-available-devices',
    'st_callopt',
  ]
  const elements = ['st_calldata', 'st_history', 'st_execute', 'st_device_id', 'st_device_action', 'attributes', 'x']
  const value = fc.oneof(fc.string(), fc.constantFrom('0', '4', '-1', '9999999999999', 'true', 'off'))
  const leaf = fc
    .tuple(fc.constantFrom(...elements), fc.dictionary(fc.constantFrom(...names), value))
    .map(([name, attributes]) => element(name, attributes))
  const around = (inside: fc.Arbitrary<XmlElement>): fc.Arbitrary<XmlElement> =>
    fc.tuple(leaf, fc.array(inside, { maxLength: 4 })).map(([outer, children]) => ({ ...outer, children }))
  const tree = around(around(around(leaf)))

  it('answers or refuses, whatever arrives', () => {
    fc.assert(
      fc.property(tree, (message) => {
        const read = readStonithMessage(message)
        if (read !== undefined) expect(read.options).toBeGreaterThanOrEqual(0)
        for (const entry of readHistory(message).entries) expect(entry.state).toBeLessThanOrEqual(4)
        for (const device of readOfferedDevices(message) ?? []) expect(typeof device.id).toBe('string')
        readOutcome(message)
        readRegistration(message)
      }),
      { numRuns: 1000 },
    )
  })
})
