import { monoMs } from '@quorate/base'
import { describe, expect, test } from 'vitest'
import type { FencingOutcome } from '../fencer/service.ts'
import {
  abandonMs,
  type ExecutorEffect,
  type ExecutorEvent,
  newExecutor,
  type OperationOrder,
  stepExecutor,
} from './executor.ts'
import { deviceOutcome } from './fence-device.ts'

const at = (ms: number) => ({ monoMs: monoMs(ms), epochS: 1_700_000_000 + Math.trunc(ms / 1000) })
const resource = { id: 'f', standard: 'stonith', provider: undefined, type: 'fence_xvm' } as const
const parameters = new Map([
  ['port', 'vm1'],
  ['CRM_meta_timeout', '20000'],
  ['crm_feature_set', '3.16.1'],
])
const order = (callId: number, action: string, intervalMs = 0): OperationOrder => ({
  callId,
  resource,
  action,
  intervalMs,
  parameters,
  timeoutMs: 20_000,
  startDelayMs: 0,
  transitionKey: `${callId}:1:0:x`,
})
const done: FencingOutcome = { execution: 0, exitStatus: 0, reason: undefined }
const failed: FencingOutcome = { execution: 0, exitStatus: 1, reason: 'Agent returned error' }

function bench() {
  const state = newExecutor()
  const send = (event: ExecutorEvent, ms = 0) => stepExecutor(state, event, at(ms))
  return {
    send,
    execute: (what: OperationOrder, ms = 0) => send({ kind: 'execute', order: what }, ms),
    answer: (callId: number, outcome: FencingOutcome, ms = 0) => send({ kind: 'device', callId, outcome }, ms),
  }
}

const results = (effects: readonly ExecutorEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'result' ? [[effect.result.rc, effect.result.status]] : []))
const deeds = (effects: readonly ExecutorEffect[]) => effects.map((effect) => effect.do)

describe('a resource of class stonith', () => {
  test('starts by registering its device, and then a monitor in the time that is left', () => {
    const { execute, answer } = bench()
    expect(execute(order(1, 'start'))).toEqual([
      {
        do: 'register',
        callId: 1,
        device: { id: 'f', agent: 'fence_xvm', parameters: new Map([['port', 'vm1']]) },
      },
    ])
    expect(answer(1, done, 400)).toEqual([
      { do: 'operate', callId: 1, device: 'f', timeoutMs: 19_600 },
      { do: 'arm', callId: 1, timer: 'abandon', afterMs: 19_600 + abandonMs },
    ])
    const effects = answer(1, done, 900)
    expect(effects[0]).toEqual({ do: 'disarm', callId: 1, timer: 'abandon' })
    expect(results(effects)).toEqual([[0, 0]])
  })

  test('is not started by a device that could not be registered, or that does not answer well', () => {
    const { execute, answer } = bench()
    execute(order(1, 'start'))
    expect(results(answer(1, { execution: 7, exitStatus: 1, reason: 'no such agent' }))).toEqual([[1, 7]])
    execute(order(2, 'start'))
    answer(2, done)
    expect(results(answer(2, failed))).toEqual([[1, 0]])
    expect(results(execute(order(3, 'monitor')))).toEqual([[7, 0]])
  })

  test('tells a probe whether it was started here, and asks nobody', () => {
    const { execute, answer } = bench()
    expect(deeds(execute(order(1, 'monitor')))).toEqual(['result'])
    execute(order(2, 'start'))
    answer(2, done)
    answer(2, done)
    expect(results(execute(order(3, 'monitor')))).toEqual([[0, 0]])
    expect(execute(order(4, 'stop'))).toEqual([{ do: 'unregister', callId: 4, device: 'f' }])
    expect(results(answer(4, done))).toEqual([[0, 0]])
    expect(results(execute(order(5, 'monitor')))).toEqual([[7, 0]])
  })

  test('is monitored again and again; a change is told', () => {
    const { execute, answer, send } = bench()
    expect(deeds(execute(order(1, 'monitor', 60_000)))).toEqual(['operate', 'arm'])
    expect(deeds(answer(1, done))).toEqual(['disarm', 'result', 'arm'])
    expect(deeds(send({ kind: 'timer', callId: 1, timer: 'due' }, 60_000))).toEqual(['operate', 'arm'])
    expect(deeds(answer(1, done, 60_010))).toEqual(['disarm', 'arm'])
    send({ kind: 'timer', callId: 1, timer: 'due' }, 120_000)
    expect(results(answer(1, failed, 120_010))).toEqual([[1, 0]])
  })

  test('is stopped although a monitor hangs, which then counts for nothing', () => {
    const { execute, answer, send } = bench()
    execute(order(1, 'monitor', 60_000))
    execute(order(2, 'stop'))
    const effects = send({ kind: 'timer', callId: 1, timer: 'abandon' }, 5_000)
    expect(results(effects)).toEqual([[0, 1]])
    expect(effects).toContainEqual({ do: 'unregister', callId: 2, device: 'f' })
    expect(answer(1, done)).toEqual([])
  })

  test('does not wait for ever for an answer that is lost', () => {
    const { execute, send } = bench()
    execute(order(1, 'monitor', 60_000))
    expect(results(send({ kind: 'timer', callId: 1, timer: 'abandon' }, 25_000))).toEqual([[1, 2]])
  })

  test('can do nothing else', () => {
    const { execute } = bench()
    expect(results(execute(order(1, 'promote')))).toEqual([[3, 0]])
  })
})

test.each([
  ['start', done, { rc: 0, status: 0, exitReason: '' }],
  ['monitor', failed, { rc: 1, status: 0, exitReason: '' }],
  [
    'start',
    { execution: 2, exitStatus: 1 },
    { rc: 1, status: 2, exitReason: 'Fence agent did not complete within 3s' },
  ],
  ['start', { execution: 7, exitStatus: 1, reason: 'gone' }, { rc: 1, status: 7, exitReason: 'gone' }],
  ['start', { execution: 10, exitStatus: 1, reason: 'none' }, { rc: 5, status: 7, exitReason: 'none' }],
  ['monitor', { execution: 10, exitStatus: 1, reason: 'none' }, { rc: 7, status: 0, exitReason: 'none' }],
  ['stop', { execution: 10, exitStatus: 1, reason: 'none' }, { rc: 0, status: 0, exitReason: '' }],
  ['monitor', { execution: 3, exitStatus: 3 }, { rc: 3, status: 3, exitReason: '' }],
  ['monitor', { execution: 8, exitStatus: 1, reason: 'away' }, { rc: 1, status: 4, exitReason: 'away' }],
  ['monitor', { execution: -1, exitStatus: 0 }, { rc: 1, status: 4, exitReason: '' }],
  // A word beyond ASCII keeps C nodes from reading what follows it as it is.
  ['start', { execution: 4, exitStatus: 1, reason: 'défaut <x>' }, { rc: 1, status: 4, exitReason: 'défaut ‹x>' }],
] as const)('%s: what the fencer says becomes a result (%j)', (action, answer, outcome) => {
  expect(deviceOutcome(action, { reason: undefined, ...answer }, 3_000)).toEqual(outcome)
})
