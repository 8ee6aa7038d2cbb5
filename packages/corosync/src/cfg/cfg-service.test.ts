import { monoMs, nodeId } from '@quorate/base'
import { expect, test } from 'vitest'
import {
  cfgCalls,
  cfgGetNodeAddrs,
  cfgKillNode,
  cfgNodeStatus,
  cfgNodeStatusGet,
  cfgReplyToShutdown,
  cfgRingStatus,
  cfgTryShutdown,
} from '../ipc/cfg-messages.ts'
import { requestHeader, requestOf, responseHeader, viewOf } from '../ipc/message-header.ts'
import { writeCsName } from '../ipc/wire-name.ts'
import type { ServiceEffect, ServiceEvent } from '../service.ts'
import { CfgService } from './cfg-service.ts'

const now = monoMs(0)

function service(): CfgService {
  const addresses = [1, 2].map((id) => ({
    node: nodeId(id),
    link: 0,
    text: `10.0.0.${id}`,
    bytes: Uint8Array.of(10, 0, 0, id),
  }))
  const cfg = new CfgService({ self: nodeId(1), addresses, linkMtu: 1410, links: undefined })
  cfg.ring([nodeId(1)])
  return cfg
}

const answerOf = (effects: readonly ServiceEffect[]): Uint8Array => {
  const found = effects.find((effect) => effect.kind === 'respond')
  if (found === undefined) throw new Error('no answer')
  return found.bytes
}

function words(effects: readonly ServiceEffect[]): string[] {
  return effects.map((effect) => {
    if (effect.kind === 'respond') return `answer to ${effect.connection}: ${responseHeader.decode(effect.bytes).error}`
    if (effect.kind === 'event') return `asked ${effect.connection}`
    if (effect.kind === 'multicast') return `multicast ${requestHeader.decode(effect.bytes).id & 0xffff}`
    return effect.kind
  })
}

function shutdownBench(): (connection: number, what: number | 'yes' | 'no' | 'track' | 'gone') => string[] {
  const cfg = service()
  return (connection, what) => {
    const request = (id: number, bytes: Uint8Array): ServiceEvent => ({ kind: 'request', connection, id, bytes })
    if (what === 'gone') return words(cfg.step({ kind: 'closed', connection }, now))
    if (what === 'track') return words(cfg.step(request(cfgCalls.trackStart, requestOf(10, 24)), now))
    if (typeof what === 'number') {
      const bytes = requestOf(3, cfgTryShutdown.size)
      cfgTryShutdown.encode(bytes, { flags: what })
      return words(cfg.step(request(cfgCalls.tryShutdown, bytes), now))
    }
    const bytes = requestOf(4, cfgReplyToShutdown.size)
    cfgReplyToShutdown.encode(bytes, { response: what === 'yes' ? 1 : 0 })
    return words(cfg.step(request(cfgCalls.replyToShutdown, bytes), now))
  }
}

test('a shutdown waits for every tracker; one that is gone agrees', () => {
  const act = shutdownBench()
  act(1, 'track')
  act(2, 'track')
  expect(act(9, 0)).toEqual(['asked 1', 'asked 2', 'arm'])
  expect(act(8, 0)).toEqual(['answer to 8: 14'])
  expect(act(1, 'yes')).toEqual(['answer to 1: 1'])
  expect(act(2, 'gone')).toEqual(['disarm', 'answer to 9: 1', 'multicast 2'])
})

test('one tracker that says no keeps the node up', () => {
  const act = shutdownBench()
  act(1, 'track')
  act(9, 0)
  expect(act(1, 'no')).toEqual(['answer to 1: 1', 'disarm', 'answer to 9: 10'])
})

test('regardless tells the trackers and does not wait; immediate does not even tell', () => {
  const act = shutdownBench()
  act(1, 'track')
  expect(act(9, 1)).toEqual(['asked 1', 'disarm', 'answer to 9: 1', 'multicast 2'])
  expect(act(9, 2)).toEqual(['disarm', 'answer to 9: 1', 'multicast 2'])
  expect(act(9, 3)).toEqual(['answer to 9: 7'])
})

test('killing a node reaches that node only', () => {
  const cfg = service()
  const bytes = requestOf(2, cfgKillNode.size)
  cfgKillNode.encode(bytes, { node: 1 })
  writeCsName(bytes, 24, 'because')
  const [message] = cfg.step({ kind: 'request', connection: 1, id: cfgCalls.killNode, bytes }, now)
  if (message?.kind !== 'multicast') throw new Error('no message')
  expect(message.bytes.byteLength).toBe(288)
  const here = cfg.step({ kind: 'message', from: nodeId(2), fn: 1, bytes: message.bytes }, now)
  expect(here.at(-1)).toMatchObject({ kind: 'stop', reason: 'Killed by node 2 : because' })
  requestHeader.encode(message.bytes, {})
  viewOf(message.bytes).setUint32(16, 2, true)
  expect(cfg.step({ kind: 'message', from: nodeId(2), fn: 1, bytes: message.bytes }, now)).toEqual([])
})

test('status, addresses and reachability of nodes', () => {
  const cfg = service()
  const ask = (id: number, bytes: Uint8Array): Uint8Array =>
    answerOf(cfg.step({ kind: 'request', connection: 1, id, bytes }, now))
  expect(cfgRingStatus.decode(ask(0, requestOf(0)))).toEqual({ interfaces: 1, name: '0 10.0.0.1', status: 'OK' })
  const addresses = requestOf(5, cfgGetNodeAddrs.size)
  cfgGetNodeAddrs.encode(addresses, { node: 2 })
  expect([...ask(5, addresses).subarray(24, 36)]).toEqual([2, 0, 0, 0, 1, 0, 0, 0, 10, 0, 0, 2])
  cfgGetNodeAddrs.encode(addresses, { node: 7 })
  expect(responseHeader.decode(ask(5, addresses)).error).toBe(12)
  const status = requestOf(9, cfgNodeStatusGet.size)
  cfgNodeStatusGet.encode(status, { node: 2, version: 1 })
  expect(cfgNodeStatus.decode(ask(9, status))).toMatchObject({
    node: 2,
    reachable: 0,
    mtu: 1410,
    source: '10.0.0.2',
    destination: '',
  })
  cfgNodeStatusGet.encode(status, { node: 2, version: 2 })
  expect(responseHeader.decode(ask(9, status)).error).toBe(19)
})

test('who asks for a reload hears what came of it, in turn; the word of other nodes is answered to nobody', () => {
  const cfg = service()
  const ask = (connection: number): readonly ServiceEffect[] =>
    cfg.step(
      { kind: 'request', connection, id: cfgCalls.reloadConfig, bytes: requestOf(cfgCalls.reloadConfig, 16) },
      now,
    )
  const [sent] = ask(7)
  expect(words(ask(8))).toEqual(['multicast 3'])
  const bytes = sent?.kind === 'multicast' ? sent.bytes : new Uint8Array()
  expect(cfg.step({ kind: 'message', from: nodeId(1), fn: 3, bytes }, now)).toEqual([{ kind: 'reload', isOwn: true }])
  expect(cfg.step({ kind: 'message', from: nodeId(2), fn: 3, bytes }, now)).toEqual([{ kind: 'reload', isOwn: false }])
  expect(words(cfg.reloaded(true))).toEqual(['answer to 7: 1'])
  expect(words(cfg.reloaded(false))).toEqual(['answer to 8: 7'])
  expect(cfg.reloaded(true)).toEqual([])
})
