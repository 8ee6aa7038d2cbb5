import { attr, element } from '@quorate/xml'
import { describe, expect, it } from 'vitest'
import type { DeviceSpec } from './device.ts'
import { exits, FencerNetwork } from './fencer-network.ts'
import type { Level } from './topology.ts'

const nodes = ['n1', 'n2', 'n3']
const done = '0 0 0 -'

const device = (id: string, parameters: Readonly<Record<string, string>> = {}): DeviceSpec => ({
  id,
  agent: 'fence_toy',
  namespace: 'stonith-ng',
  parameters: new Map(Object.entries({ pcmk_host_list: 'n1 n2 n3 vm', name: id, ...parameters })),
})
const level = (index: number, ...devices: string[]): Level => ({ target: { kind: 'name', name: 'vm' }, index, devices })

function network(on: readonly string[] = nodes, devices = [device('d')], levels: readonly Level[] = []): FencerNetwork {
  const made = new FencerNetwork(nodes)
  for (const node of nodes) made.configure([node], on.includes(node) ? devices : [], levels)
  return made
}

describe('a fencing operation', () => {
  it('is executed where the device is, and told to who asked once, and to everybody', () => {
    const net = network(['n2'])
    net.ask('n1', 'n3', 'reboot')
    net.pass(100)
    expect(net.deeds()).toEqual(['n2 reboot n3'])
    expect(net.answers('n1')).toEqual([done])
    for (const node of nodes) {
      expect(net.history(node)).toEqual(['reboot n3 2 n2'])
      const fenced = net.effects.get(node)?.flatMap((effect) => (effect.kind === 'fenced' ? [effect.event] : []))
      expect(fenced?.map(({ executioner, origin, client }) => [executioner, origin, client])).toEqual([
        ['n2', 'n1', 'tool.c1'],
      ])
      const told = net.effects.get(node)?.filter((e) => e.kind === 'notify' && e.type === 'st_notify_fence')
      expect(told?.length).toBe(1)
    }
  })

  it('fails with "no such device" where nobody has one', () => {
    const net = network([])
    net.ask('n1', 'n3', 'off')
    expect(net.answers('n1')).toEqual(['-19 10 1 -'])
    expect(net.history('n3')).toEqual(['off n3 4 -'])
  })

  it('goes on with another peer after a failure, and ends after a timeout of an agent', () => {
    const net = network()
    net.agent = ({ node }) => exits(node === 'n3' ? 0 : 1)
    net.ask('n1', 'vm', 'off')
    net.pass(30_000)
    // Each peer tries twice.
    expect(new Set(net.deeds())).toEqual(new Set(['n1 off vm', 'n2 off vm', 'n3 off vm']))
    expect(net.answers('n1')).toEqual([done])
    const late = network()
    late.agent = () => 'hangs'
    late.ask('n1', 'vm', 'off')
    late.pass(60_000)
    expect(late.deeds().length).toBe(1)
    expect(late.answers('n1')).toEqual(['-62 2 1 Fence agent did not complete within 20s'])
  })

  it('does not take for done what cannot be read, nor the word of a node that drives nothing', () => {
    const net = network(['n2'])
    net.agent = () => 'hangs'
    net.ask('n1', 'vm', 'off')
    net.pass(10)
    const [id] = net.core('n1').history.map((item) => item.id)
    const verdict = element('st-reply', { t: 'st_notify', subt: 'broadcast', st_op: 'st_notify' }, [
      element('st_calldata', {}, [
        element('st_notify_fence', {
          state: '2',
          st_target: 'vm',
          st_remote_op: id,
          st_origin: 'n1',
          'op-status': '0',
          'rc-code': '0',
        }),
      ]),
    ])
    net.step('n1', { kind: 'message', from: 'n3', isOwn: false, xml: verdict })
    const result = (more: Record<string, string>) =>
      element('st-reply', { st_op: 'st_fence', st_remote_op: id, st_device_id: 'd', ...more })
    // Not from who was asked, then from it without a result.
    net.step('n1', { kind: 'message', from: 'n3', isOwn: false, xml: result({ 'op-status': '0', 'rc-code': '0' }) })
    expect(net.answers('n1')).toEqual([])
    net.step('n1', { kind: 'message', from: 'n2', isOwn: false, xml: result({ st_rc: '0' }) })
    net.settle()
    expect(net.answers('n1')).toEqual(['-61 4 1 Result of n2 cannot be read'])
    expect(net.history('n3')).toEqual(['off vm 4 n2'])
  })

  it('is one for all that ask for the same, from wherever', () => {
    const net = network(['n2'])
    net.agent = () => exits(0, '', 500)
    net.ask('n1', 'vm', 'off')
    net.ask('n1', 'vm', 'off', {}, 'c2')
    net.ask('n3', 'vm', 'off', {}, 'c3')
    net.ask('n3', 'vm', 'reboot', {}, 'c4')
    net.pass(5_000)
    expect(net.deeds()).toEqual(['n2 off vm', 'n2 reboot vm'])
    expect([net.answers('n1'), net.answers('n1', 'c2'), net.answers('n3', 'c3'), net.answers('n3', 'c4')]).toEqual([
      [done],
      [done],
      [done],
      [done],
    ])
    // Each node remembers what it was asked itself, besides what was done.
    expect(net.history('n3')).toEqual(['off vm 2 n2', 'off vm 2 n2', 'reboot vm 2 n2'])
    expect(net.history('n2')).toEqual(['off vm 2 n2', 'reboot vm 2 n2'])
  })

  it('is not begun where the same was done within the tolerance', () => {
    const net = network()
    net.ask('n1', 'vm', 'off')
    net.pass(2_000)
    net.ask('n2', 'vm', 'off', { tolerance: '10' })
    expect(net.answers('n2')).toEqual([done])
    expect(net.deeds().length).toBe(1)
    net.pass(20_000)
    net.ask('n2', 'vm', 'off', { tolerance: '10' })
    net.pass(1_000)
    expect(net.deeds().length).toBe(2)
  })

  it('is done at once when a person says so', () => {
    const net = network([])
    net.ask('n1', 'vm', 'off', { options: '4106' })
    expect(net.answers('n1')).toEqual([done])
    expect(net.history('n2')).toEqual(['off vm 2 a human'])
  })

  it('is refused without a proper action', () => {
    const net = network()
    net.ask('n1', 'vm', 'explode')
    expect(net.answers('n1')).toEqual(['-71 9 76 Unknown target or action'])
    expect(net.deeds()).toEqual([])
  })
})

describe('peers that are lost', () => {
  it('while they are asked: nobody waits for their answers', () => {
    const net = network(['n2'])
    net.passes = (from) => from !== 'n3'
    net.ask('n1', 'vm', 'off')
    expect(net.deeds()).toEqual([])
    net.kill('n3')
    net.pass(100)
    expect(net.answers('n1')).toEqual([done])
  })

  it('that never answer: the query ends after its time', () => {
    const net = network(['n2'])
    net.passes = (from) => from !== 'n3'
    net.ask('n1', 'vm', 'off')
    net.pass(23_000)
    expect(net.deeds()).toEqual([])
    net.pass(2_000)
    expect(net.answers('n1')).toEqual([done])
  })

  it('while they execute: another one does it, or nobody has', () => {
    const net = network(['n2', 'n3'])
    net.agent = ({ node }) => (node === 'n2' ? 'hangs' : exits(0))
    net.ask('n1', 'vm', 'off')
    net.pass(10)
    net.kill('n2')
    net.pass(1_000)
    expect(net.deeds()).toEqual(['n2 off vm', 'n3 off vm'])
    expect(net.answers('n1')).toEqual([done])
    const alone = network(['n2'])
    alone.agent = () => 'hangs'
    alone.ask('n1', 'vm', 'off')
    alone.pass(10)
    alone.kill('n2')
    alone.settle()
    expect(alone.answers('n1')).toEqual(['-107 8 1 The fencer of n2 left before it told the result'])
  })

  it('that execute and say nothing: after its time another one does it', () => {
    const net = network(['n2', 'n3'])
    net.passes = (_, xml) => !(xml.name === 'st-reply' && attr(xml, 'st_op') === 'st_fence')
    net.ask('n1', 'vm', 'off', { timeout: '10' })
    net.pass(60_000)
    expect(net.answers('n1').length).toBe(1)
    expect(net.answers('n1')[0]).toMatch(/^-62 2 1 /)
    expect(net.history('n2')).toEqual(['off vm 4 -'])
  })

  it('that drive what somebody waits for here: it is not taken for done', () => {
    const net = network(['n2'])
    net.agent = () => 'hangs'
    net.ask('n3', 'vm', 'off')
    net.ask('n1', 'vm', 'off', {}, 'c2')
    net.kill('n3')
    expect(net.answers('n1', 'c2')).toEqual(['-107 8 1 The fencer of n3 left before it told the result'])
  })
})

it('what a fencer drove that has left since is begun anew, although that one is back', () => {
  const net = network(['n2'])
  net.agent = () => 'hangs'
  net.ask('n3', 'vm', 'off')
  net.kill('n3')
  net.join('n3', nodes)
  net.agent = () => exits(0)
  net.ask('n1', 'vm', 'off', {}, 'c2')
  net.pass(30_000)
  expect(net.answers('n1', 'c2')).toEqual([done])
})

describe('a node that is to be fenced on its own request', () => {
  it('has another one do it, and hears of it once', () => {
    const net = network()
    net.ask('n1', 'n1', 'reboot')
    net.pass(1_000)
    expect(net.deeds().length).toBe(1)
    expect(net.deeds()[0]).not.toMatch(/^n1/)
    expect(net.answers('n1')).toEqual([done])
    expect(net.history('n1').length).toBe(1)
    expect(net.core('n1').history[0]?.origin).not.toBe('n1')
  })

  it('is told when the other one is lost', () => {
    const net = network()
    net.passes = (_, xml) => attr(xml, 'st_op') !== 'st_relay'
    net.ask('n1', 'n1', 'reboot')
    net.kill('n2')
    expect(net.answers('n1')).toEqual(['-107 8 1 The fencer of n2 left before it told the result'])
    const taken = network()
    taken.agent = () => 'hangs'
    taken.ask('n1', 'n1', 'reboot')
    taken.kill('n2')
    expect(taken.answers('n1')).toEqual(['-107 8 1 The fencer of n2 left before it told the result'])
  })

  it('does it alone only where it may', () => {
    const alone = new FencerNetwork(['n1'])
    alone.configure(['n1'], [device('d')])
    alone.ask('n1', 'n1', 'off', { options: '0' })
    alone.pass(1_000)
    expect(alone.answers('n1')).toEqual(['-19 10 1 -'])
    alone.ask('n1', 'n1', 'off', {}, 'c2')
    alone.pass(1_000)
    expect(alone.deeds()).toEqual(['n1 off n1'])
    expect(alone.answers('n1', 'c2')).toEqual([done])
  })
})

describe('levels of devices', () => {
  const both = [device('a'), device('b')]
  const names = (net: FencerNetwork) => net.runs.map(({ input }) => `${input.get('action')} ${input.get('name')}`)

  it('of several devices reboot in two halves: all off, then all on', () => {
    const net = network(nodes, both, [level(1, 'a', 'b')])
    net.ask('n1', 'vm', 'reboot')
    net.pass(5_000)
    expect(names(net)).toEqual(['off a', 'off b', 'on a', 'on b'])
    expect(net.answers('n1')).toEqual([done])
    expect(net.history('n2')).toEqual([expect.stringMatching(/^reboot vm 2/)])
  })

  it('leave off what is configured to stay off', () => {
    const net = network(nodes, [device('a', { pcmk_reboot_action: 'off' }), device('b')], [level(1, 'a', 'b')])
    net.ask('n1', 'vm', 'reboot')
    net.pass(5_000)
    expect(names(net)).toEqual(['off a', 'off b', 'on b'])
  })

  it('are not undone by a second half that fails', () => {
    const net = network(nodes, both, [level(1, 'a', 'b')])
    net.agent = ({ input }) => exits(input.get('action') === 'on' ? 1 : 0)
    net.ask('n1', 'vm', 'reboot')
    net.pass(20_000)
    expect(net.answers('n1')).toEqual([done])
  })

  it('are left for the next when one device fails, and fail with the last', () => {
    const net = network(nodes, [...both, device('c')], [level(1, 'a', 'b'), level(2, 'c')])
    net.agent = ({ input }) => exits(input.get('name') === 'b' ? 1 : 0)
    net.ask('n1', 'vm', 'reboot')
    net.pass(20_000)
    expect(names(net)).toEqual(['off a', 'off b', 'off b', 'reboot c'])
    expect(net.answers('n1')).toEqual([done])
    net.agent = () => exits(1)
    net.ask('n1', 'vm', 'off', {}, 'c2')
    net.pass(20_000)
    expect(net.answers('n1', 'c2')).toEqual(['-61 0 1 -'])
  })

  it('with a device that nobody has do not count as done', () => {
    const net = network(nodes, both, [level(1, 'a', 'missing')])
    net.ask('n1', 'vm', 'off')
    net.pass(20_000)
    expect(net.answers('n1').length).toBe(1)
    expect(net.answers('n1')[0]).not.toBe(done)
  })

  it('have devices for which the request of a delay counts once', () => {
    const net = network(['n2'], both, [level(1, 'a', 'b')])
    net.ask('n1', 'vm', 'off', { delay: '3' })
    const begin = net.nowMs
    net.pass(20_000)
    expect(net.runs.map((run) => run.atMs - begin)).toEqual([3_000, 3_010])
  })
})

describe('registration', () => {
  const data = element('st_device_id', { id: 'x', agent: 'fence_toy', namespace: '' }, [
    element('attributes', { pcmk_host_list: 'q' }),
  ])
  const order = (op: string, inner = data) =>
    element('stonith_command', { st_op: op, st_callid: '1', st_callopt: '4096' }, [element('st_calldata', {}, [inner])])

  it('is for the cluster itself', () => {
    const net = network([])
    for (const op of ['st_device_register', 'st_device_remove', 'st_level_add', 'st_level_remove']) {
      net.step('n1', { kind: 'request', xml: order(op), client: { id: 'c1', name: 'x', isPrivileged: false } })
    }
    expect(net.answers('n1').map((text) => text.split(' ').slice(0, 3).join(' '))).toEqual(Array(4).fill('-13 9 4'))
  })

  it('and the CIB each hold a device by themselves', () => {
    const net = network([])
    const spec = device('x')
    net.configure(['n1'], [spec])
    net.step('n1', { kind: 'register', ticket: 1, device: spec })
    net.configure(['n1'], [])
    net.ask('n1', 'vm', 'off')
    net.pass(100)
    expect(net.answers('n1')).toEqual([done])
    net.step('n1', { kind: 'remove', ticket: 2, device: 'x' })
    net.ask('n1', 'vm', 'off', {}, 'c2')
    expect(net.answers('n1', 'c2')).toEqual(['-19 10 1 -'])
    expect(net.outcomes('n1').map(({ outcome }) => outcome.execution)).toEqual([0, 0])
  })

  it('refuses a watchdog, a path for a program, and a second line in a parameter', () => {
    const net = network([])
    const refuse = (spec: DeviceSpec) => net.step('n1', { kind: 'register', ticket: 1, device: spec })
    refuse({ ...device('watchdog'), agent: 'fence_watchdog' })
    refuse({ ...device('x'), agent: '../../bin/sh' })
    refuse(device('x', { port: 'a\naction=metadata' }))
    expect(net.outcomes('n1').map(({ outcome }) => outcome.exitStatus)).toEqual([2, 2, 2])
    expect(net.runs).toEqual([])
  })
})

describe('what fencers remember', () => {
  it('is told to one that comes later, and to one that has begun something and forgotten it', () => {
    const net = network(['n2'])
    net.ask('n1', 'vm', 'off')
    net.pass(100)
    net.agent = () => 'hangs'
    net.ask('n3', 'vm', 'reboot')
    net.kill('n3')
    net.join('n3', nodes)
    net.step('n3', { kind: 'synchronize' })
    net.settle()
    expect(net.history('n3')).toEqual(['off vm 2 n2', 'reboot vm 4 -'])
    const [, lost] = net.core('n3').history
    expect(lost?.outcome).toEqual({
      execution: 4,
      exitStatus: 110,
      reason: 'Initiated by earlier fencer process and presumed failed',
    })
    net.step('n3', { kind: 'synchronize' })
    net.settle()
    expect(net.history('n1')).toEqual(['off vm 2 n2', 'reboot vm 4 -'])
  })

  it('is forgotten everywhere when a client of one says so, but for what is under way', () => {
    const net = network(['n2'])
    net.ask('n1', 'vm', 'off')
    net.pass(100)
    net.agent = () => 'hangs'
    net.ask('n1', 'vm', 'reboot')
    const xml = element('stonith_command', { st_op: 'st_fence_history', st_callid: '1', st_callopt: String(0x8_1000) })
    net.step('n3', { kind: 'request', xml, client: { id: 'c9', name: 'x', isPrivileged: false } })
    net.settle()
    expect(net.history('n1')).toEqual(['reboot vm 1 -'])
    expect(net.history('n2')).toEqual(['reboot vm 0 -'])
  })

  it('and all that it has done is kept from a user whom ACLs limit, who may still ask', () => {
    const net = network(['n2'])
    net.ask('n1', 'vm', 'off')
    net.pass(100)
    const client = { id: 'c9', name: 'x', isPrivileged: false, isLimited: true }
    const ask = (op: string, options = 0x1000) => {
      const xml = element('stonith_command', {
        st_op: op,
        st_callid: '1',
        st_callopt: String(options),
        st_target: 'vm',
      })
      net.step('n1', { kind: 'request', xml, client })
      net.settle()
      return net.answers('n1', 'c9').at(-1)
    }
    const denied = '-13 9 4 Not allowed by ACLs'
    expect(ask('st_fence_history')).not.toBe(denied)
    for (const op of ['st_fence', 'st_execute', 'st_device_register', 'st_level_remove'])
      expect([op, ask(op)]).toEqual([op, denied])
    expect(ask('st_fence_history', 0x8_1000)).toBe(denied)
    expect(net.history('n2')).toEqual(['off vm 2 n2'])
  })

  it('is never more than its limit', () => {
    const net = network([])
    for (let i = 0; i < 620; i += 1) net.ask('n1', `vm${i}`, 'off', { options: '4106' })
    expect(net.history('n2').length).toBeLessThanOrEqual(500)
    expect(net.history('n2').at(-1)).toBe('off vm619 2 a human')
  })
})
