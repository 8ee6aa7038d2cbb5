import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { compareGenerations, readGeneration } from './generation.ts'
import {
  finalizeAll,
  initialJoin,
  isCompatible,
  isComplete,
  isIntegrated,
  nodesIn,
  offerAll,
  offerTo,
  takeConfirmation,
  takeRequest,
  withoutNode,
} from './join.ts'

const dc = { uname: 'n1', version: '3.16.1' }
const request = (uname: string, epoch: number, joinId = 1) => ({
  uname,
  joinId,
  isActive: true,
  version: '3.16.1',
  generation: { adminEpoch: 0, epoch, updates: 0 },
})

test('a round goes from offers over requests and answers to confirmations', () => {
  let join = offerAll(initialJoin, ['n10', 'n1', 'n2'])
  expect(nodesIn(join, 'welcomed')).toEqual(['n1', 'n2', 'n10'])
  for (const [uname, epoch] of [
    ['n1', 4],
    ['n2', 7],
    ['n10', 7],
  ] as const) {
    join = takeRequest(join, request(uname, epoch), dc).join
  }
  expect(isIntegrated(join)).toBe(true)
  expect(join.best?.uname).toBe('n2')
  join = finalizeAll(join)
  for (const uname of ['n1', 'n2', 'n10']) {
    expect(isComplete(join)).toBe(false)
    join = takeConfirmation(join, uname, 1).join
  }
  expect(isComplete(join)).toBe(true)
})

test('an equal CIB is taken from the DC itself', () => {
  let join = offerAll(initialJoin, ['n1', 'n2'])
  join = takeRequest(join, request('n2', 4), dc).join
  join = takeRequest(join, request('n1', 4), dc).join
  expect(join.best?.uname).toBe('n1')
})

test('answers of another round count for nothing', () => {
  const join = offerAll(offerAll(initialJoin, ['n1']), ['n1'])
  expect(takeRequest(join, request('n1', 9, 1), dc).verdict).toEqual({ kind: 'stale' })
  expect(takeConfirmation(join, 'n1', 2).isAccepted).toBe(false)
})

test('who is not active, sends no generation or knows less than the DC stays out', () => {
  const join = offerAll(initialJoin, ['n1', 'n2'])
  const verdict = (more: object) => takeRequest(join, { ...request('n2', 1), ...more }, dc)
  expect(verdict({ isActive: false }).verdict.kind).toBe('refused')
  expect(verdict({ generation: undefined }).verdict.kind).toBe('refused')
  expect(verdict({ version: '3.15.9' }).join.phases.get('n2')).toBe('nack')
  expect(verdict({ version: '3.16.0' }).verdict.kind).toBe('accepted')
  expect([isCompatible('3.16.1', '3.17.4'), isCompatible('3.16.1', '4.16.1'), isCompatible('3.16.1', 'x')]).toEqual([
    true,
    false,
    false,
  ])
})

test('a newcomer is asked together with the DC, and a node that goes holds nobody up', () => {
  let join = takeRequest(offerAll(initialJoin, ['n1']), request('n1', 1), dc).join
  join = offerTo(join, ['n1', 'n2'])
  expect(nodesIn(join, 'welcomed')).toEqual(['n1', 'n2'])
  expect(join.best).toBeUndefined()
  join = takeRequest(join, request('n1', 1), dc).join
  expect(isIntegrated(withoutNode(join, 'n2'))).toBe(true)
})

test('generations compare by admin_epoch, epoch and num_updates', () => {
  const read = (text: string) => {
    const xml = parseXml(`<generation_tuple ${text}/>`)
    if (!xml.ok) throw new Error(xml.error.reason)
    return readGeneration(xml.value)
  }
  const a = read('admin_epoch="0" epoch="9" num_updates="1"')
  expect(compareGenerations(a, read('admin_epoch="1" epoch="0"'))).toBeLessThan(0)
  expect(compareGenerations(a, read('admin_epoch="0" epoch="9"'))).toBeGreaterThan(0)
  expect(read('')).toEqual({ adminEpoch: -1, epoch: -1, updates: -1 })
})
