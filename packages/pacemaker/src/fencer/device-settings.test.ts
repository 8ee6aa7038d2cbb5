import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceFlags, type FenceMetadata, unknownMetadata } from './agent-metadata.ts'
import {
  actionTimeoutMs,
  actionTries,
  agentAction,
  agentInput,
  fencingDelayMs,
  hostCheckOf,
  readDeviceSettings,
  readHostMap,
} from './device-settings.ts'

const parameters = (values: Readonly<Record<string, string>>) => new Map(Object.entries(values))
const settings = (values: Readonly<Record<string, string>>) => readDeviceSettings(parameters(values))
const knows = (...flags: readonly (keyof typeof deviceFlags)[]): FenceMetadata => ({
  ...unknownMetadata,
  flags: flags.reduce((sum, flag) => sum | deviceFlags[flag], 0),
})

describe('parameters of a device', () => {
  it('map nodes to ports with every separator and escape', () => {
    expect([...readHostMap('n1:1;N2=2 n3:a=b\tvm4:p\\ 4;bad;n5:')]).toEqual([
      ['n1', '1'],
      ['n2', '2'],
      ['n3', 'a=b'],
      ['vm4', 'p 4'],
    ])
  })

  it('say how a device finds its targets, or leave it to the agent', () => {
    expect(hostCheckOf(settings({ pcmk_host_list: 'a,b' }), knows('list', 'status'))).toBe('static-list')
    expect(hostCheckOf(settings({ pcmk_host_map: 'a:1' }), knows('list'))).toBe('static-list')
    expect(hostCheckOf(settings({ pcmk_host_list: 'a', pcmk_host_check: 'status' }), knows('list'))).toBe('status')
    expect(hostCheckOf(settings({}), knows('list', 'status'))).toBe('dynamic-list')
    expect(hostCheckOf(settings({}), knows('status'))).toBe('status')
    expect(hostCheckOf(settings({ pcmk_host_check: 'guess' }), knows())).toBe('none')
  })

  it('limit agents that run at a time: 1 unless it says something better', () => {
    const limit = (text: string) => settings({ pcmk_action_limit: text }).actionLimit
    expect([limit('3'), limit('-1'), limit('0'), limit('x'), settings({}).actionLimit]).toEqual([
      3,
      Number.POSITIVE_INFINITY,
      1,
      1,
      1,
    ])
  })

  it('delay by a base, by chance up to a maximum, and by node', () => {
    const delay = (values: Readonly<Record<string, string>>, target = 'n1') =>
      fencingDelayMs(settings(values), target, 0.5)
    expect(delay({})).toBe(0)
    expect(delay({ pcmk_delay_base: '2s' })).toBe(2_000)
    expect(delay({ pcmk_delay_max: '4s' })).toBe(2_000)
    expect(delay({ pcmk_delay_base: '2s', pcmk_delay_max: '6s' })).toBe(4_000)
    expect(delay({ pcmk_delay_base: '9s', pcmk_delay_max: '6s' })).toBe(6_000)
    expect(delay({ pcmk_delay_base: 'n1:1s;n2:10s' }, 'N2')).toBe(10_000)
    expect(delay({ pcmk_delay_base: 'n1:1s;n2:10s' }, 'n3')).toBe(0)
  })

  it('rename actions, time them and count tries', () => {
    expect(agentAction(parameters({ pcmk_reboot_action: 'cycle' }), 'reboot')).toBe('cycle')
    expect(agentAction(parameters({ action: 'off' }), 'reboot')).toBe('off')
    expect(agentAction(parameters({ action: 'off' }), 'off')).toBe('off')
    expect(agentAction(parameters({ action: 'diag' }), 'off')).toBe('diag')
    expect(agentAction(parameters({ action: 'reboot' }), 'off')).toBe('off')
    expect(agentAction(parameters({ action: 'off' }), 'monitor')).toBe('monitor')
    expect([
      actionTimeoutMs(parameters({ pcmk_off_timeout: '33' }), 'off'),
      actionTries(parameters({}), 'off'),
    ]).toEqual([33_000, 2])
  })
})

describe('what an agent is told', () => {
  const told = (values: Readonly<Record<string, string>>, metadata: FenceMetadata) =>
    [...agentInput(parameters(values), metadata, { action: 'off', target: 'n1', nodeId: 7 })].map((pair) =>
      pair.join('='),
    )

  it('is its own parameters and the target under the names that it knows', () => {
    const values = { pcmk_host_map: 'n1:p1', login: 'me', CRM_meta_timeout: '1', action: 'reboot' }
    expect(told(values, knows('plug'))).toEqual(['nodename=n1', 'action=off', 'login=me', 'plug=p1'])
    expect(told(values, { ...knows('plug', 'port'), takesNodeId: true })).toEqual([
      'nodename=n1',
      'action=off',
      'login=me',
      'nodeid=7',
      'port=p1',
    ])
  })

  it('leaves alone what is configured, unless it is dynamic, and what is not wanted', () => {
    expect(told({ port: '5' }, knows('port'))).toContain('port=5')
    expect(told({ port: 'dynamic' }, knows('port'))).toContain('port=n1')
    expect(told({ pcmk_host_argument: 'none' }, knows('port'))).toEqual(['nodename=n1', 'action=off'])
    expect(told({ pcmk_host_argument: 'host' }, knows('port'))).toContain('host=n1')
  })

  it('is never a parameter of the cluster, whatever is configured', () => {
    const any = fc.dictionary(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `pcmk_${text}`),
      ),
      fc.string(),
    )
    fc.assert(
      fc.property(any, (values) => {
        const input = agentInput(parameters(values), knows('port'), { action: 'off', target: 'n1', nodeId: undefined })
        expect(
          [...input.keys()].filter((name) => name.startsWith('pcmk_') && name !== values['pcmk_host_argument']),
        ).toEqual([])
        expect(input.get('nodename')).toBe('n1')
      }),
    )
  })
})
