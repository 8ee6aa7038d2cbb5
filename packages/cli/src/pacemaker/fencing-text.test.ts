import type { FencingRecord } from '@quorate/pacemaker/client'
import { writeXml } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { fencingElement, fencingLine, inOrderShown } from './fencing-text.ts'

function record(changes: Partial<FencingRecord> = {}): FencingRecord {
  return {
    target: 'n1',
    action: 'reboot',
    executioner: 'd',
    origin: 'o',
    client: 'c',
    state: 'done',
    stateNumber: 2,
    completedSeconds: 100,
    completedNanoseconds: 0,
    reason: undefined,
    ...changes,
  }
}

const sentence = { isDetailed: false, isOfAll: true }
const detailed = { isDetailed: true, isOfAll: true }

describe('inOrderShown', () => {
  test('has what is pending first, then what ended last', () => {
    const [p1, p2] = [record({ state: 'pending', target: 'p1' }), record({ state: 'pending', target: 'p2' })]
    const old = record({ completedSeconds: 99 })
    const [early, late] = [record({ completedNanoseconds: 1 }), record({ completedNanoseconds: 2 })]
    const same = record({ completedNanoseconds: 1, target: 'same' })
    expect(inOrderShown([old, p1, early, late, same, p2])).toEqual([p2, p1, late, early, same, old])
  })
})

describe('fencingLine', () => {
  test.each([
    [record(), sentence, 'reboot of n1 by d for c@o successful at 1970-01-01 00:01:40Z'],
    [
      record({ action: 'on', executioner: undefined, state: 'failed', reason: 'why' }),
      { isDetailed: false, isOfAll: false },
      'unfencing of n1 for c@o last failed (why) at 1970-01-01 00:01:40Z',
    ],
    [record({ action: 'off', state: 'pending' }), sentence, 'turning off of n1 for c@o pending'],
    [
      record({ action: undefined, client: undefined }),
      sentence,
      'fencing of n1 by d for  successful at 1970-01-01 00:01:40Z',
    ],
    [record(), detailed, "reboot of n1 successful: delegate=d, client=c, origin=o, completed='1970-01-01 00:01:40Z'"],
    [
      record({ state: 'failed', reason: 'why', client: undefined }),
      { isDetailed: true, isOfAll: false },
      "reboot of n1 failed (why): delegate=d, client=, last-failed='1970-01-01 00:01:40Z'",
    ],
    [record({ state: 'pending' }), detailed, 'reboot of n1 pending: client=c, origin=o'],
  ])('%#', (item, style, line) => {
    expect(fencingLine(item, [item], style)).toBe(line)
  })

  test('tells of a later success, of the same executioner rather than of the last one', () => {
    const failed = record({ state: 'failed', completedSeconds: 1 })
    const own = record({ completedSeconds: 2, target: 'N1' })
    const other = record({ completedSeconds: 3, executioner: 'x' })
    const tail = (records: readonly FencingRecord[]) =>
      / \(.*\)$/.exec(fencingLine(failed, inOrderShown(records), sentence))?.[0]
    expect(tail([failed, own, other])).toBe(' (a later attempt from d succeeded)')
    expect(tail([failed, other])).toBe(' (a later attempt from x succeeded)')
    expect(tail([failed, record({ completedSeconds: 3, executioner: undefined })])).toBe(
      ' (a later attempt from some node succeeded)',
    )
    expect(tail([failed, record({ completedSeconds: 3, action: 'off' })])).toBeUndefined()
    expect(tail([failed, record({ completedSeconds: 0 })])).toBeUndefined()
    expect(tail([record({ completedSeconds: 1 }), failed])).toBeUndefined()
    expect(tail([failed, record({ completedSeconds: 1, completedNanoseconds: 1 })])).toBeDefined()
  })
})

test('fencingElement tells of one that is under way how far it is', () => {
  expect(writeXml(fencingElement(record({ state: 'pending', stateNumber: 1, reason: 'x' })))).toBe(
    '<fence_event action="reboot" target="n1" client="c" origin="o" status="pending" extended-status="1" delegate="d"/>',
  )
  expect(writeXml(fencingElement(record({ state: 'failed', reason: 'x', executioner: undefined })))).toBe(
    '<fence_event action="reboot" target="n1" client="c" origin="o" status="failed" exit-reason="x" completed="1970-01-01 00:01:40Z"/>',
  )
})
