import { attr, element, writeXml } from '@quorate/xml'
import { describe, expect, it } from 'vitest'
import type { DeviceSpec } from './device.ts'
import { exits, FencerNetwork } from './fencer-network.ts'
import { maskSecrets } from './local-devices.ts'

const device = (id: string, parameters: Readonly<Record<string, string>> = {}): DeviceSpec => ({
  id,
  agent: 'fence_toy',
  namespace: 'stonith-ng',
  parameters: new Map(Object.entries({ name: id, ...parameters })),
})
const done = '0 0 0 -'

function network(...devices: readonly DeviceSpec[]): FencerNetwork {
  const net = new FencerNetwork(['n1', 'n2'])
  net.configure(['n1'], devices)
  return net
}

/** Asks n1 as a client what could fence a target; answers ids, and what is told of each. */
function query(net: FencerNetwork, target: string | undefined, action = 'off'): readonly string[] {
  const data = element('x', { st_target: target, st_device_action: action })
  const xml = element('stonith_command', { st_op: 'st_query', st_callid: '9', st_callopt: '4098' }, [
    element('st_calldata', {}, [data]),
  ])
  net.step('n1', { kind: 'request', xml, client: { id: 'q', name: 'q', isPrivileged: true } })
  net.pass(3_000)
  const answer = net.effects.get('n1')?.findLast((effect) => effect.kind === 'answer' && effect.client === 'q')
  const list = answer?.kind === 'answer' ? answer.xml.children[0]?.children[0] : undefined
  return (list?.children ?? []).map((item) => attr(item, 'id') ?? '')
}

describe('who can fence whom', () => {
  it('is asked of the agent once a minute, by name and by the name that the agent has for it', () => {
    const net = network(device('d', { pcmk_host_check: 'dynamic-list', pcmk_host_map: 'vm:port7' }))
    net.agent = () => exits(0, 'a,\nport7,x\nN9\n')
    expect([query(net, 'a'), query(net, 'VM'), query(net, 'n9'), query(net, 'x')]).toEqual([['d'], ['d'], ['d'], []])
    expect(net.deeds()).toEqual(['n1 list -'])
    net.pass(61_000)
    net.agent = () => exits(1)
    expect(query(net, 'a')).toEqual(['d'])
    expect(net.deeds().length).toBeGreaterThan(1)
  })

  it('is asked target by target where a list cannot be had', () => {
    const net = network(device('d', { pcmk_list_retries: '1' }))
    net.agent = ({ input }) => exits(input.get('action') === 'list' ? 1 : input.get('port') === 'gone' ? 1 : 2)
    expect([query(net, 'vm'), query(net, 'gone')]).toEqual([['d'], []])
    expect(net.deeds()).toEqual(['n1 list -', 'n1 status vm', 'n1 status gone'])
  })

  it('is nobody when the list that is configured to be asked for cannot be had', () => {
    const net = network(device('d', { pcmk_host_check: 'dynamic-list', pcmk_list_retries: '1' }))
    net.agent = () => exits(1)
    expect(query(net, 'vm')).toEqual([])
  })

  it('is said of every device where no target is named', () => {
    const net = network(device('a'), device('b'))
    expect(query(net, undefined)).toEqual(['a', 'b'])
  })

  it('has those of higher priority first', () => {
    const host = { pcmk_host_list: 'vm' }
    const net = network(device('a', host), device('b', { ...host, priority: '5' }))
    net.agent = ({ input }) => exits(input.get('name') === 'b' ? 1 : 0)
    net.ask('n2', 'vm', 'off')
    net.pass(10_000)
    expect(net.runs.map(({ input }) => input.get('name'))).toEqual(['b', 'b', 'a'])
    expect(net.answers('n2')).toEqual([done])
  })
})

describe('a device', () => {
  const host = { pcmk_host_list: 'vm vm2 n1 n2' }

  it('runs one agent at a time, and as many as it says', () => {
    const one = network(device('d', host))
    one.agent = () => exits(0, '', 1_000)
    one.ask('n2', 'vm', 'off')
    one.ask('n2', 'vm2', 'off', {}, 'c2')
    expect(one.runs.length).toBe(1)
    one.pass(3_000)
    expect([one.answers('n2'), one.answers('n2', 'c2')]).toEqual([[done], [done]])
    const two = network(device('d', { ...host, pcmk_action_limit: '2' }))
    two.agent = () => exits(0, '', 1_000)
    two.ask('n2', 'vm', 'off')
    two.ask('n2', 'vm2', 'off', {}, 'c2')
    expect(two.runs.length).toBe(2)
  })

  it('is tried twice within one execution, but not after most of its time', () => {
    const net = network(device('d', host))
    net.agent = () => exits(1, '', 10)
    net.ask('n2', 'vm', 'off')
    net.pass(5_000)
    expect(net.runs.length).toBe(2)
    expect(net.answers('n2')).toEqual(['-61 0 1 -'])
    const slow = network(device('d', host))
    slow.agent = () => exits(1, '', 15_000)
    slow.ask('n2', 'vm', 'off', { timeout: '20' })
    slow.pass(30_000)
    expect(slow.runs.length).toBe(1)
  })

  it('waits before it switches off, not before it switches on, and not when told not to', () => {
    const start = (action: string, delay: string) => {
      const net = network(device('d', { ...host, pcmk_delay_base: '5s' }))
      const begin = net.nowMs
      net.ask('n2', 'vm', action, { delay, timeout: '60' })
      net.pass(30_000)
      return net.runs.map((run) => run.atMs - begin)
    }
    expect([start('off', '0'), start('reboot', '2'), start('on', '0'), start('on', '2'), start('off', '-1')]).toEqual([
      [5_000],
      [7_000],
      [0],
      [2_000],
      [0],
    ])
  })

  it('that waits longer than the request may take is waited for', () => {
    const net = network(device('d', { ...host, pcmk_delay_base: '90s' }))
    net.ask('n2', 'vm', 'off', { timeout: '20' })
    net.pass(100_000)
    expect(net.answers('n2')).toEqual([done])
  })

  it('that cannot reboot switches off', () => {
    const net = network()
    net.metadata = { ...net.metadata, flags: 32 }
    net.configure(['n1'], [device('d', host)])
    net.ask('n2', 'vm', 'reboot')
    net.pass(1_000)
    expect(net.deeds()).toEqual(['n1 off vm'])
  })

  it('whose agent ends by a signal, or is missing, has not fenced', () => {
    for (const [end, answer] of [
      [{ kind: 'signal', signal: 'SIGKILL' }, '-61 4 1 Fence agent was ended by SIGKILL'],
      [{ kind: 'not-started', isMissing: true, reason: 'no' }, '-2 7 1 Fence agent not started: no'],
    ] as const) {
      const net = network(device('d', host))
      net.agent = () => ({ afterMs: 1, end })
      net.ask('n2', 'vm', 'off')
      net.pass(10_000)
      expect(net.answers('n2')).toEqual([answer])
    }
  })

  it('that is removed does none of what waits for it', () => {
    const net = network(device('d', host))
    net.agent = () => exits(0, '', 1_000)
    net.ask('n2', 'vm', 'off')
    net.ask('n2', 'vm2', 'off', {}, 'c2')
    net.configure(['n1'], [])
    net.pass(5_000)
    expect([net.answers('n2'), net.answers('n2', 'c2')]).toEqual([
      [done],
      ['-19 10 1 Device was removed before action could be executed'],
    ])
  })

  it('with parameters that are kept elsewhere is not run at all', () => {
    const net = network(device('d', { ...host, password: 'lrm://' }))
    net.ask('n2', 'vm', 'off')
    net.pass(1_000)
    expect(net.runs).toEqual([])
    expect(net.answers('n2')[0]).not.toBe(done)
  })

  it('keeps its passwords from the log, and from other fencers', () => {
    const net = network(device('d', { ...host, passwd: 'hush-hush' }))
    net.agent = () => exits(1, '', 10, 'login with hush-hush failed')
    net.ask('n2', 'vm', 'off')
    net.pass(10_000)
    expect(net.logs.join('\n')).toContain('login with *** failed')
    expect(net.logs.join('\n')).not.toContain('hush-hush')
    expect(net.sent.map(({ xml }) => writeXml(xml)).join('\n')).not.toContain('hush-hush')
    expect(maskSecrets('a b', new Map([['passwd', '']]))).toBe('a b')
  })

  it('of those that switch on: all that have to must, one of the others is enough', () => {
    const net = network()
    net.metadata = { ...net.metadata, unfences: true }
    net.configure(['n1'], [device('a', host), device('b', host)])
    net.agent = ({ input }) => exits(input.get('name') === 'b' ? 1 : 0)
    net.ask('n2', 'vm', 'on')
    net.pass(10_000)
    expect(net.runs.map(({ input }) => input.get('name'))).toEqual(['a', 'b', 'b'])
    expect(net.answers('n2')[0]).not.toBe(done)
  })

  it('is asked about itself again when its agent says nothing, later and later', () => {
    const net = new FencerNetwork(['n1'])
    const asked: number[] = []
    net.configure(['n1'], [device('d', host)])
    net.step('n1', { kind: 'learned', agent: 'fence_toy', metadata: undefined })
    const begin = net.nowMs
    const before = net.logs.length
    net.pass(9_000)
    expect(net.logs.length).toBe(before)
    net.pass(2_000)
    asked.push(net.nowMs - begin)
    net.ask('n1', 'vm', 'off')
    net.pass(1_000)
    expect(net.answers('n1')).toEqual([done])
  })
})

describe('an action of a device by itself', () => {
  const outcomes = (net: FencerNetwork) => net.outcomes('n1').map(({ outcome }) => [outcome.execution, outcome.reason])

  it('needs a device that is there, and for a monitor one that was started', () => {
    const net = network(device('d'))
    net.step('n1', { kind: 'execute', ticket: 1, device: 'x', action: 'monitor', timeoutMs: 1000 })
    net.step('n1', { kind: 'execute', ticket: 2, device: 'd', action: 'monitor', timeoutMs: 1000 })
    net.step('n1', { kind: 'register', ticket: 3, device: device('d') })
    net.step('n1', { kind: 'execute', ticket: 4, device: 'd', action: 'monitor', timeoutMs: 1000 })
    net.pass(100)
    expect(outcomes(net)).toEqual([
      [10, "'x' not found"],
      [10, "'d' not active"],
      [0, undefined],
      [0, undefined],
    ])
    expect(net.outcomes('n1').map(({ ticket }) => ticket)).toEqual([1, 2, 3, 4])
  })
})
