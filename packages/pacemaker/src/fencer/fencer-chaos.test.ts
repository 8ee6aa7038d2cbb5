import { attr, element, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeviceSpec } from './device.ts'
import { type AgentDeed, exits, FencerNetwork } from './fencer-network.ts'
import type { Level } from './topology.ts'

const nodes = ['n1', 'n2', 'n3']
const targets = ['n1', 'n2', 'n3', 'vm']
const devices = ['a', 'b', 'c']
const longMs = 3_600_000

const device = (id: string): DeviceSpec => ({
  id,
  agent: 'fence_toy',
  namespace: 'stonith-ng',
  parameters: new Map(Object.entries({ pcmk_host_list: targets.join(), name: id })),
})

const deed: fc.Arbitrary<AgentDeed> = fc.oneof(
  fc.nat(3_000).map((ms) => exits(0, '', ms)),
  fc.nat(3_000).map((ms) => exits(1, '', ms)),
  fc.constant<AgentDeed>('hangs'),
  fc.constant<AgentDeed>({ afterMs: 5, end: { kind: 'signal', signal: 'SIGKILL' } }),
)

type Happening =
  | { readonly kind: 'ask'; readonly node: string; readonly target: string; readonly action: string }
  | { readonly kind: 'kill'; readonly node: string }
  | { readonly kind: 'return'; readonly node: string }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'move'; readonly node: string; readonly devices: readonly string[] }

const node = fc.constantFrom(...nodes)
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      node,
      target: fc.constantFrom(...targets),
      action: fc.constantFrom('off', 'on', 'reboot'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(30_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('return' as const), node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), node, devices: fc.subarray(devices) }) },
)

const levels: fc.Arbitrary<readonly Level[]> = fc.array(
  fc.record({
    target: fc.constantFrom(...targets).map((name) => ({ kind: 'name' as const, name })),
    index: fc.integer({ min: 1, max: 2 }),
    devices: fc.subarray(devices, { minLength: 1 }),
  }),
  { maxLength: 3 },
)

describe('fencers of which any may be lost at any time', () => {
  it('answer each request of a node that stays exactly once, and call nothing done that no agent did', () => {
    const script = fc.record({
      happenings: fc.array(happening, { minLength: 3, maxLength: 25 }),
      deeds: fc.array(deed, { minLength: 1, maxLength: 8 }),
      levels,
      places: fc.tuple(fc.subarray(devices), fc.subarray(devices), fc.subarray(devices)),
    })
    fc.assert(
      fc.property(script, (given) => {
        const net = new FencerNetwork(nodes)
        for (const [i, name] of nodes.entries())
          net.configure([name], (given.places[i] ?? []).map(device), given.levels)
        let deeds = 0
        const begun = new Set<string>()
        net.agent = (run) => {
          deeds += 1
          const chosen = given.deeds[deeds % given.deeds.length] as AgentDeed
          if (chosen !== 'hangs' && chosen.end.kind === 'exit' && chosen.end.code === 0)
            begun.add(run.input.get('nodename') ?? '')
          return chosen
        }
        const alive = new Set(nodes)
        const asked: { readonly node: string; readonly client: string; readonly target: string }[] = []
        for (const item of given.happenings) {
          if (item.kind === 'pass') net.pass(item.ms)
          else if (item.kind === 'ask' && alive.has(item.node)) {
            const client = `c${asked.length}`
            asked.push({ node: item.node, client, target: item.target })
            net.ask(item.node, item.target, item.action, {}, client)
          } else if (item.kind === 'kill' && alive.size > 1 && alive.delete(item.node)) {
            net.kill(item.node)
            for (let i = asked.length - 1; i >= 0; i -= 1)
              if (asked[i]?.node === item.node) asked.splice(i, 1, { node: '', client: `c${i}`, target: '' })
          } else if (item.kind === 'return' && !alive.has(item.node)) {
            alive.add(item.node)
            net.join(item.node, nodes)
            net.step(item.node, { kind: 'synchronize' })
            net.settle()
          } else if (item.kind === 'move' && alive.has(item.node))
            net.configure([item.node], item.devices.map(device), given.levels)
        }
        net.pass(longMs)
        for (const { node: where, client, target } of asked) {
          if (where === '') continue
          const answers = net.answers(where, client)
          expect([client, target, answers.length]).toEqual([client, target, 1])
          if (answers[0] === '0 0 0 -') expect(begun.has(target)).toBe(true)
        }
        for (const name of alive) {
          expect(net.core(name).dueMs).toBeUndefined()
        }
      }),
      { numRuns: 300 },
    )
  })

  it('go on whatever arrives', () => {
    const names = [
      'id',
      'st_op',
      'st_target',
      'st_remote_op',
      'op-status',
      'rc-code',
      'st-available-devices',
      'st_callopt',
      'st_device_action',
      'st_device_id',
      'st_origin',
      'index',
      'agent',
      'st_timeout',
      'state',
    ]
    const ops = [
      'st_query',
      'st_fence',
      'st_notify',
      'st_relay',
      'st_fence_history',
      'st_execute',
      'st_device_register',
      'st_level_add',
      'st_device_remove',
      'st_timeout_update',
      'poke',
    ]
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('0', '1', '4096', '1048576', '-1', 'off', 'reboot', 'vm', 'n1', 'op-3', 'a'),
    )
    const part = fc
      .tuple(
        fc.constantFrom('st_calldata', 'st_history', 'st_execute', 'st_notify_fence', 'attributes'),
        fc.dictionary(fc.constantFrom(...names), value),
      )
      .map(([name, attributes]) => element(name, attributes))
    const message: fc.Arbitrary<XmlElement> = fc
      .tuple(
        fc.constantFrom('st-reply', 'stonith_command'),
        fc.constantFrom(...ops),
        fc.dictionary(fc.constantFrom(...names), value),
        fc.array(fc.tuple(part, fc.array(part, { maxLength: 3 })), { maxLength: 2 }),
      )
      .map(([name, op, attributes, parts]) =>
        element(
          name,
          { ...attributes, st_op: op },
          parts.map(([outer, inner]) => ({ ...outer, name: 'st_calldata', children: inner })),
        ),
      )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(message, fc.boolean(), fc.constantFrom('n1', 'n2', 'ghost')), { maxLength: 8 }),
        (list) => {
          const net = new FencerNetwork(['n1', 'n2'])
          net.configure(['n1'], [device('a')])
          net.ask('n1', 'vm', 'off')
          let waiting = 0
          for (const [xml, isClient, from] of list) {
            if (isClient) {
              const callId = String(1_000 + waiting)
              waiting += 1
              const asked = { ...xml, attributes: [...xml.attributes, 'st_callid', callId] }
              net.step('n1', { kind: 'request', xml: asked, client: { id: 'fuzz', name: 'fuzz', isPrivileged: true } })
            } else net.step('n1', { kind: 'message', from, isOwn: from === 'n1', xml })
            net.settle()
          }
          net.pass(longMs * 24 * 60)
          const told = (net.effects.get('n1') ?? []).flatMap((effect) =>
            effect.kind === 'answer' && effect.client === 'fuzz' ? [attr(effect.xml, 'st_callid') ?? ''] : [],
          )
          expect(new Set(told).size).toBe(told.length)
          expect(net.answers('n1').length).toBe(1)
        },
      ),
      { numRuns: 300 },
    )
  })
})
