import { monoMs } from '@quorate/base'
import { describe, expect, test } from 'vitest'
import { agentArgument, agentEnvironment, agentPaths, readResource } from './agent.ts'
import { type ExecutorEffect, type ExecutorEvent, newExecutor, type OperationOrder, stepExecutor } from './executor.ts'
import { exitReasonOf, formatSpan, isFailure, lsbExitCode, outcomeOf } from './outcome.ts'

const at = (ms: number) => ({ monoMs: monoMs(ms), epochS: 1_700_000_000 + Math.trunc(ms / 1000) })
const dummy = { id: 'd1', standard: 'ocf', provider: 'heartbeat', type: 'Dummy' } as const
const order = (callId: number, action: string, intervalMs = 0, more: Partial<OperationOrder> = {}): OperationOrder => ({
  callId,
  resource: dummy,
  action,
  intervalMs,
  parameters: new Map(),
  timeoutMs: 20_000,
  startDelayMs: 0,
  transitionKey: `${callId}:1:0:x`,
  ...more,
})

function bench() {
  const state = newExecutor()
  const send = (event: ExecutorEvent, ms = 0) => stepExecutor(state, event, at(ms))
  return {
    state,
    send,
    execute: (what: OperationOrder, ms = 0) => send({ kind: 'execute', order: what }, ms),
    exit: (callId: number, code: number, ms = 0, stderr = '') =>
      send({ kind: 'ended', callId, end: { kind: 'exit', code }, stdout: '', stderr }, ms),
  }
}

const spawned = (effects: readonly ExecutorEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'spawn' ? [effect.run.action] : []))
const results = (effects: readonly ExecutorEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'result' ? [effect.result] : []))

describe('the executor', () => {
  test('runs the operations of a resource one after the other, those of others side by side', () => {
    const { execute, exit } = bench()
    expect(spawned(execute(order(1, 'start')))).toEqual(['start'])
    expect(spawned(execute(order(2, 'monitor')))).toEqual([])
    expect(spawned(execute(order(3, 'start', 0, { resource: { ...dummy, id: 'd2' } })))).toEqual(['start'])
    const effects = exit(1, 0, 12)
    expect(results(effects)).toMatchObject([{ rc: 0, status: 0, execTimeMs: 12, queueTimeMs: 0 }])
    expect(spawned(effects)).toEqual(['monitor'])
    expect(results(exit(2, 7, 20))).toMatchObject([{ rc: 7, queueTimeMs: 12 }])
  })

  test('asks an agent that takes too long to end, kills its group, and says how long it had', () => {
    const { execute, send } = bench()
    execute(order(1, 'start'))
    expect(send({ kind: 'timer', callId: 1, timer: 'timeout' }, 20_000)).toEqual([
      { do: 'signal', callId: 1, signal: 'SIGTERM' },
      { do: 'arm', callId: 1, timer: 'grace', afterMs: 500 },
    ])
    expect(send({ kind: 'timer', callId: 1, timer: 'grace' }, 20_500)[0]).toEqual({
      do: 'signal',
      callId: 1,
      signal: 'SIGKILL',
    })
    const end = { kind: 'signal', signal: 'SIGKILL' } as const
    const effects = send({ kind: 'ended', callId: 1, end, stdout: '', stderr: '' }, 20_510)
    expect(effects[0]).toEqual({ do: 'signal', callId: 1, signal: 'SIGKILL' })
    expect(results(effects)).toMatchObject([
      { rc: 1, status: 2, exitReason: 'Resource agent did not complete within 20s' },
    ])
  })

  test('goes on without an agent that not even SIGKILL ends', () => {
    const { execute, send } = bench()
    execute(order(1, 'start'))
    execute(order(2, 'stop'))
    send({ kind: 'timer', callId: 1, timer: 'timeout' })
    send({ kind: 'timer', callId: 1, timer: 'grace' })
    const effects = send({ kind: 'timer', callId: 1, timer: 'abandon' })
    expect(results(effects)).toMatchObject([{ status: 2 }])
    expect(spawned(effects)).toEqual(['stop'])
  })

  test('repeats a recurring monitor after it has finished and reports changes only', () => {
    const { execute, exit, send } = bench()
    execute(order(1, 'monitor', 10_000))
    const first = exit(1, 0, 100)
    expect(results(first)).toHaveLength(1)
    expect(first).toContainEqual({ do: 'arm', callId: 1, timer: 'due', afterMs: 10_000 })
    expect(spawned(send({ kind: 'timer', callId: 1, timer: 'due' }, 10_100))).toEqual(['monitor'])
    expect(results(exit(1, 0, 10_200))).toEqual([])
    send({ kind: 'timer', callId: 1, timer: 'due' }, 20_200)
    expect(results(exit(1, 7, 20_300))).toMatchObject([{ rc: 7, lastRcChangeS: 1_700_000_020 }])
  })

  test('a stop cancels the recurring operations first', () => {
    const { execute, exit } = bench()
    execute(order(1, 'monitor', 10_000))
    exit(1, 0)
    const effects = execute(order(2, 'stop'))
    expect(results(effects)).toMatchObject([{ order: { action: 'monitor' }, status: 1 }])
    expect(spawned(effects)).toEqual(['stop'])
  })

  test('cancelling a running monitor kills its group, and the cancel is its result', () => {
    const { execute, send } = bench()
    execute(order(1, 'monitor', 10_000))
    const cancel = { kind: 'cancel', resource: 'd1', action: 'monitor', intervalMs: 10_000 } as const
    expect(send(cancel)[0]).toEqual({ do: 'signal', callId: 1, signal: 'SIGKILL' })
    const end = { kind: 'signal', signal: 'SIGKILL' } as const
    const effects = send({ kind: 'ended', callId: 1, end, stdout: '', stderr: '' })
    expect(results(effects)).toMatchObject([{ status: 1, rc: 0 }])
    expect(effects.some((effect) => effect.do === 'arm')).toBe(false)
  })

  test('a start delay lets others overtake', () => {
    const { execute, send, exit } = bench()
    expect(spawned(execute(order(1, 'monitor', 0, { startDelayMs: 5_000 })))).toEqual([])
    expect(spawned(execute(order(2, 'start')))).toEqual(['start'])
    exit(2, 0)
    expect(spawned(send({ kind: 'timer', callId: 1, timer: 'due' }, 5_000))).toEqual(['monitor'])
  })

  test('a forgotten resource is gone when its last run has ended', () => {
    const { execute, send, exit } = bench()
    execute(order(1, 'start'))
    expect(send({ kind: 'forget', resource: 'd1' })).toEqual([])
    expect(exit(1, 0).at(-1)).toEqual({ do: 'forgotten', resource: 'd1' })
    expect(send({ kind: 'forget', resource: 'other' })).toEqual([{ do: 'forgotten', resource: 'other' }])
  })

  test('says which classes it cannot run', () => {
    const { execute } = bench()
    const resource = { id: 's', standard: 'systemd', provider: undefined, type: 'nginx' }
    expect(results(execute(order(1, 'monitor', 0, { resource })))).toMatchObject([
      { rc: 5, status: 7, exitReason: expect.stringContaining("class 'systemd'") },
    ])
  })
})

describe('an agent', () => {
  test('gets its environment as the real one gives it', () => {
    const parameters = new Map([
      ['ip', '10.0.0.1'],
      ['CRM_meta_timeout', '20000'],
      ['crm_feature_set', '3.16.1'],
      ['OCF_CHECK_LEVEL', '10'],
    ])
    expect(agentEnvironment({ resource: dummy, action: 'start', parameters }, '/usr/lib/ocf')).toMatchObject({
      OCF_ROOT: '/usr/lib/ocf',
      OCF_RESOURCE_INSTANCE: 'd1',
      OCF_RESOURCE_PROVIDER: 'heartbeat',
      OCF_RESKEY_ip: '10.0.0.1',
      OCF_RESKEY_CRM_meta_timeout: '20000',
      OCF_RESKEY_crm_feature_set: '3.16.1',
      OCF_CHECK_LEVEL: '10',
      PCMK_service: 'pacemaker-execd',
    })
  })

  test('is looked for in each folder, and its name cannot step out of it', () => {
    expect(agentPaths(dummy, ['/a', '/b'], '/etc/init.d')).toEqual(['/a/heartbeat/Dummy', '/b/heartbeat/Dummy'])
    const flat = ['id', 'x', 'class', 'ocf', 'provider', '..', 'type', 'sh']
    expect(readResource({ name: 'primitive', attributes: flat, children: [], text: '' })).toBeUndefined()
  })

  test('an init script is run with status, and its exit codes are read as such', () => {
    const { execute, exit } = bench()
    const resource = { id: 's', standard: 'lsb', provider: undefined, type: 'rc.local' }
    expect(agentPaths(resource, ['/a'], '/etc/init.d')).toEqual(['/etc/init.d/rc.local'])
    expect(agentArgument({ resource, action: 'monitor', parameters: new Map() })).toBe('status')
    execute(order(1, 'monitor', 0, { resource }))
    expect(results(exit(1, 3))).toMatchObject([{ rc: 7, status: 0 }])
    expect([0, 1, 3, 4, 150, 151].map((code) => lsbExitCode('monitor', code))).toEqual([0, 7, 7, 1, 5, 4])
    expect([0, 5, 200].map((code) => lsbExitCode('stop', code))).toEqual([0, 5, 1])
  })

  test('its end is translated', () => {
    expect(outcomeOf({ kind: 'exit', code: 1 }, 'x\nocf-exit-reason:one\nocf-exit-reason:two\n', undefined)).toEqual({
      rc: 1,
      status: 0,
      exitReason: 'two',
    })
    expect(outcomeOf({ kind: 'not-started', reason: 'ENOENT' }, '', undefined)).toMatchObject({ rc: 5, status: 7 })
    expect(outcomeOf({ kind: 'not-started', reason: 'EACCES' }, '', undefined)).toMatchObject({ rc: 4, status: 4 })
    expect(outcomeOf({ kind: 'signal', signal: 'SIGSEGV' }, '', undefined)).toMatchObject({ rc: 1, status: 4 })
    expect(exitReasonOf('nothing')).toBe('')
    expect(exitReasonOf('ocf-exit-reason:no <dev> & "none"')).toBe('no <dev> & "none"')
    expect(exitReasonOf('ocf-exit-reason:für <dev> & "none"')).toBe("für \u2039dev> + 'none'")
    expect([500, 2_000, 20_000, 90_000, 60_000, 3_600_000].map(formatSpan)).toEqual([
      '500ms',
      '2s',
      '20s',
      '1m30s',
      '1m',
      '1h',
    ])
    expect(isFailure({ rc: 190, status: 0 }, 0)).toBe(false)
    expect(isFailure({ rc: 0, status: 2 }, 0)).toBe(true)
    expect(isFailure({ rc: 7, status: 0 }, 7)).toBe(false)
  })
})
