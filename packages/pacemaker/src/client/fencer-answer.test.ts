import { parseXml, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { deviceIds, fencingOutcome, fencingRecords, isDone } from './fencer-answer.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

function historyOf(entries: string): XmlElement {
  return xml(`<st-reply><st_calldata><st_history>${entries}</st_history></st_calldata></st-reply>`)
}

describe('fencingOutcome', () => {
  test.each([
    ['op-status="0" rc-code="0" st_rc="0"', { execution: 0, exitStatus: 0, reason: undefined }],
    ['op-status="4" rc-code="1" st_rc="-61" exit-reason="no"', { execution: 4, exitStatus: 1, reason: 'no' }],
    ['op-status="0"', { execution: 0, exitStatus: 1, reason: undefined }],
    ['op-status="0" rc-code="0x"', { execution: 0, exitStatus: 1, reason: undefined }],
    ['st_rc="0"', { execution: 0, exitStatus: 0, reason: undefined }],
    ['st_rc="-19"', { execution: 10, exitStatus: 1, reason: undefined }],
    ['st_rc="-62"', { execution: 2, exitStatus: 1, reason: undefined }],
    ['st_rc="-22"', { execution: 4, exitStatus: 1, reason: 'Invalid argument' }],
    ['op-status="" st_rc="none"', { execution: 4, exitStatus: 1, reason: expect.stringContaining('neither') }],
  ])('reads %s', (attributes, outcome) => {
    expect(fencingOutcome(xml(`<st-reply ${attributes}/>`))).toEqual(outcome)
  })

  test('takes nothing that cannot be read for a success', () => {
    for (const attributes of ['', 'op-status="0"', 'op-status="zero" rc-code="0"', 'op-status="-1" rc-code="0"']) {
      expect(isDone(fencingOutcome(xml(`<st-reply ${attributes}/>`))), attributes).toBe(false)
    }
  })
})

describe('fencingRecords', () => {
  test('reads what a fencer remembers', () => {
    const entry =
      '<st_execute st_target="n2" st_device_action="reboot" st_origin="n1" st_delegate="n3" st_clientname="c.1"' +
      ' st_date="1795358205" st_date_nsec="428878299" st_state="4" exit-reason="why"/>'
    expect(fencingRecords(historyOf(entry))).toEqual([
      {
        target: 'n2',
        action: 'reboot',
        executioner: 'n3',
        origin: 'n1',
        client: 'c.1',
        state: 'failed',
        stateNumber: 4,
        completedSeconds: 1_795_358_205,
        completedNanoseconds: 428_878_299,
        reason: 'why',
      },
    ])
  })

  test('takes states that it does not know for pending', () => {
    const states = ['0', '1', '2', '3', '4', '9', 'x'].map((state) => `<st_execute st_state="${state}"/>`)
    const read = fencingRecords(historyOf(states.join('')))
    expect(read.map(({ state }) => state)).toEqual([
      'pending',
      'pending',
      'done',
      'pending',
      'failed',
      'pending',
      'pending',
    ])
  })

  test('of an answer without any are none', () => {
    expect(fencingRecords(xml('<st-reply/>'))).toEqual([])
    expect(fencingRecords(xml('<st-reply><st_calldata/></st-reply>'))).toEqual([])
  })
})

test('deviceIds finds devices whatever the element around them is called', () => {
  const devices = '<st_device_id id="b"/><st_device_id/><st_device_id id="a"/>'
  expect(deviceIds(xml(`<st-reply><st_calldata><any>${devices}</any></st_calldata></st-reply>`))).toEqual(['b', 'a'])
  expect(deviceIds(xml('<st-reply/>'))).toEqual([])
})
