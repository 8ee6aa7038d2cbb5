import { type NodeId, nodeId } from '@quorate/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewOf } from '../ipc/message-header.ts'
import { type SyncEffect, SyncEngine, type SyncEvent } from './sync-engine.ts'
import { decodeSyncMessage, encodeSyncMessage, type SyncMessage } from './sync-message.ts'

const [n1, n2] = [nodeId(1), nodeId(2)]
const ring = { rep: 1, seq: 8 }
const change = { ring, trans: [n1], members: [n1, n2] }

function words(effects: readonly SyncEffect[]): string[] {
  return effects.map((effect) => {
    if (effect.kind === 'multicast') return decodeSyncMessage(effect.body).kind
    return 'service' in effect ? `${effect.kind} ${effect.service}` : effect.kind
  })
}

/** What comes of an event, with services that are done as soon as it is their turn. */
function stepped(engine: SyncEngine, event: SyncEvent): string[] {
  const effects = engine.step(event)
  const turn = effects.find((effect) => effect.kind === 'process')
  const done = turn === undefined ? [] : engine.step({ kind: 'done', service: turn.service })
  return words([...effects, ...done])
}

function hear(engine: SyncEngine, from: NodeId, message: SyncMessage): string[] {
  return stepped(engine, { kind: 'message', from, body: encodeSyncMessage(message) })
}

const build = (services: readonly number[], of = ring): SyncMessage => ({ kind: 'service-build', ring: of, services })
const barrier = (of = ring): SyncMessage => ({ kind: 'barrier', ring: of })

test('services come into step one after the other, with a barrier of all members behind each', () => {
  const engine = new SyncEngine([0, 2])
  expect(words(engine.step({ kind: 'ring', change }))).toEqual(['service-build', 'init'])
  expect(hear(engine, n1, build([0, 2]))).toEqual([])
  expect(hear(engine, n2, build([0, 2]))).toEqual(['process 0', 'barrier'])
  expect(hear(engine, n1, barrier())).toEqual([])
  expect(hear(engine, n1, barrier())).toEqual([])
  expect(hear(engine, n2, barrier())).toEqual(['activate 0', 'process 2', 'barrier'])
  expect(hear(engine, n2, barrier())).toEqual([])
  expect(hear(engine, n1, barrier())).toEqual(['activate 2', 'complete'])
  expect(engine.isRunning).toBe(false)
})

test('the barrier of a service waits until it is done, and for a late word of another turn it does not come', () => {
  const engine = new SyncEngine([5])
  engine.step({ kind: 'ring', change })
  hear(engine, n1, build([5]))
  expect(words(engine.step({ kind: 'message', from: n2, body: encodeSyncMessage(build([5])) }))).toEqual(['process 5'])
  expect(hear(engine, n2, barrier())).toEqual([])
  expect(engine.step({ kind: 'done', service: 3 })).toEqual([])
  expect(words(engine.step({ kind: 'done', service: 5 }))).toEqual(['barrier'])
  expect(engine.step({ kind: 'done', service: 5 })).toEqual([])
  expect(hear(engine, n1, barrier())).toEqual(['activate 5', 'complete'])
  expect(engine.step({ kind: 'done', service: 5 })).toEqual([])
})

test('a service that only another node has keeps its place, for its barrier', () => {
  const engine = new SyncEngine([0, 5])
  engine.step({ kind: 'ring', change })
  hear(engine, n1, build([0, 5]))
  expect(hear(engine, n2, build([0, 3, 5]))).toEqual(['process 0', 'barrier'])
  hear(engine, n1, barrier())
  expect(hear(engine, n2, barrier())).toEqual(['activate 0', 'process 3', 'barrier'])
})

test('messages of another ring and of strangers are ignored; a new ring voids the running sync', () => {
  const engine = new SyncEngine([0])
  engine.step({ kind: 'ring', change })
  hear(engine, n1, build([0]))
  expect(hear(engine, n2, build([0], { rep: 1, seq: 4 }))).toEqual([])
  expect(hear(engine, nodeId(3), build([0]))).toEqual([])
  const next = { ring: { rep: 1, seq: 12 }, trans: [n1], members: [n1] }
  expect(words(engine.step({ kind: 'ring', change: next }))).toEqual(['abort', 'service-build', 'init'])
  expect(hear(engine, n2, build([0]))).toEqual([])
  expect(hear(engine, n1, build([0], next.ring))).toEqual(['process 0', 'barrier'])
  expect(hear(engine, n1, barrier(next.ring))).toEqual(['activate 0', 'complete'])
})

test('messages have the sizes of the real ones; a count above the limit and cut bytes are refused', () => {
  expect(encodeSyncMessage(build([0, 2, 3, 5])).byteLength).toBe(552)
  expect(encodeSyncMessage(barrier()).byteLength).toBe(32)
  const bytes = encodeSyncMessage(build([1]))
  viewOf(bytes).setInt32(32, 129, true)
  expect(() => decodeSyncMessage(bytes)).toThrow('129 services, limit 128')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (noise) => {
      try {
        decodeSyncMessage(noise)
      } catch (error) {
        expect(error).toMatchObject({ name: 'DecodeError' })
      }
    }),
  )
})
