import { monoMs, nodeId } from '@quorate/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cmapAdjustInt,
  cmapGet,
  cmapGetResponse,
  cmapHandle,
  cmapHandleResponse,
  cmapNotify,
  cmapSet,
  cmapSetCurrentMap,
  cmapTrackAdd,
  cmapTrackFlags,
} from '../ipc/cmap-messages.ts'
import { requestOf, responseHeader } from '../ipc/message-header.ts'
import { readMarName, writeMarName } from '../ipc/wire-name.ts'
import type { ServiceEffect } from '../service.ts'
import { decodeMcast, encodeMcast } from './cmap-ring-message.ts'
import { CmapService } from './cmap-service.ts'
import { CmapStore } from './cmap-store.ts'
import { cmapText, cmapU32, cmapU64, cmapValueBytesMax, decodeCmapValue, encodeCmapValue } from './cmap-value.ts'

const now = monoMs(0)
const connection = 1

function request(service: CmapService, id: number, bytes: Uint8Array): readonly ServiceEffect[] {
  return service.step({ kind: 'request', connection, id, bytes }, now)
}

function answerOf(effects: readonly ServiceEffect[]): Uint8Array {
  const found = effects.find((effect) => effect.kind === 'respond')
  if (found === undefined) throw new Error('no answer')
  return found.bytes
}

const errorOf = (effects: readonly ServiceEffect[]): number => responseHeader.decode(answerOf(effects)).error

function keyed(size: number, id: number, key: string): Uint8Array {
  const bytes = requestOf(id, size)
  writeMarName(bytes, 16, key)
  return bytes
}

function setRequest(key: string, type: number, value: Uint8Array): Uint8Array {
  const bytes = keyed(cmapSet.size + value.byteLength, 0, key)
  cmapSet.encode(bytes, { valueBytes: BigInt(value.byteLength), type })
  bytes.set(value, cmapSet.size)
  return bytes
}

function getRequest(key: string, roomBytes: number): Uint8Array {
  const bytes = keyed(cmapGet.size, 2, key)
  cmapGet.encode(bytes, { roomBytes: BigInt(roomBytes) })
  return bytes
}

test('a text set without its NUL is read back with it', () => {
  const service = new CmapService(() => [['stats.srp.mcast_tx', cmapU64(7n)]])
  expect(errorOf(request(service, 0, setRequest('foo.bar', 11, new TextEncoder().encode('hello'))))).toBe(1)
  const length = cmapGetResponse.decode(answerOf(request(service, 2, getRequest('foo.bar', 0))))
  expect([length.valueBytes, length.type]).toEqual([6n, 11])
  expect(errorOf(request(service, 2, getRequest('foo.bar', 5)))).toBe(7)
  const whole = answerOf(request(service, 2, getRequest('foo.bar', 6)))
  expect(new TextDecoder().decode(whole.subarray(cmapGetResponse.size))).toBe('hello\0')
  expect(errorOf(request(service, 2, getRequest('foo.none', 0)))).toBe(12)
})

test.each([
  ['totem.version', 6, 4, 11],
  ['nodelist.node.0.name', 11, 1, 11],
  ['ab', 11, 1, 13],
  ['a b c', 11, 1, 13],
  ['foo.bar', 6, 3, 7],
  ['foo.bar', 13, 4, 7],
  ['foo.bar', 12, cmapValueBytesMax, 1],
  ['foo.bar', 12, cmapValueBytesMax + 1, 26],
])('setting %s as type %i with %i bytes answers %i', (key, type, length, error) => {
  expect(
    errorOf(
      request(
        new CmapService(() => [['stats.srp.mcast_tx', cmapU64(7n)]]),
        0,
        setRequest(key, type, new Uint8Array(length)),
      ),
    ),
  ).toBe(error)
})

test('numbers are adjusted within their type, texts are not', () => {
  const service = new CmapService(() => [['stats.srp.mcast_tx', cmapU64(7n)]])
  service.publish('foo.number', cmapU32(5))
  service.publish('foo.text', cmapText('5'))
  const adjust = (key: string, step: number): number => {
    const bytes = keyed(cmapAdjustInt.size, 3, key)
    cmapAdjustInt.encode(bytes, { step })
    return errorOf(request(service, 3, bytes))
  }
  expect([adjust('foo.number', -2), adjust('foo.text', 1), adjust('foo.none', 1)]).toEqual([1, 7, 12])
  expect(service.store.get('foo.number')).toEqual(cmapU32(3))
})

test('an iteration walks keys in order and goes on when keys come and go under it', () => {
  const service = new CmapService(() => [['stats.srp.mcast_tx', cmapU64(7n)]])
  for (const key of ['b.3', 'b.1', 'c.1', 'b.2', 'a.1']) service.publish(key, cmapU32(1))
  const { handle } = cmapHandleResponse.decode(answerOf(request(service, 4, keyed(280, 4, 'b.'))))
  const next = (): string => {
    const bytes = requestOf(5, cmapHandle.size)
    cmapHandle.encode(bytes, { handle })
    const answer = answerOf(request(service, 5, bytes))
    return responseHeader.decode(answer).error === 1 ? readMarName(answer, 24) : 'end'
  }
  expect(next()).toBe('b.1')
  service.publish('b.1', undefined)
  service.publish('b.4', cmapU32(1))
  expect([next(), next(), next(), next()]).toEqual(['b.2', 'b.3', 'b.4', 'end'])
})

test('a tracker hears of the changes that it asked for, with new and old value, until its client is gone', () => {
  const service = new CmapService(() => [['stats.srp.mcast_tx', cmapU64(7n)]])
  const bytes = keyed(cmapTrackAdd.size, 7, 'foo.')
  cmapTrackAdd.encode(bytes, { flags: cmapTrackFlags.modify | cmapTrackFlags.prefix, cookie: 77n })
  expect(errorOf(request(service, 7, bytes))).toBe(1)
  expect(service.publish('foo.bar', cmapU32(1))).toEqual([])
  const [event] = service.publish('foo.bar', cmapU64(2n))
  if (event?.kind !== 'event') throw new Error('no event')
  const told = cmapNotify.decode(event.bytes)
  expect([told.cookie, told.event, told.newType, told.oldType, told.newBytes, told.oldBytes]).toEqual([
    77n,
    2,
    8,
    6,
    8n,
    4n,
  ])
  expect(readMarName(event.bytes, 32)).toBe('foo.bar')
  expect([...event.bytes.subarray(cmapNotify.size)]).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
  service.step({ kind: 'closed', connection }, now)
  expect(service.publish('foo.bar', cmapU32(3))).toEqual([])
})

test('a node that comes to a cluster with another configuration version stops, once only', () => {
  const service = new CmapService(() => [['stats.srp.mcast_tx', cmapU64(7n)]])
  service.publish('totem.config_version', cmapU64(2n))
  const sync = (members: readonly number[], highest: bigint): readonly ServiceEffect[] => {
    const change = { ring: { rep: 1, seq: 4 }, trans: [nodeId(1)], members: members.map(nodeId) }
    service.step({ kind: 'sync-init', change }, now)
    const message = encodeMcast(0, [{ key: 'totem.config_version', value: cmapU64(highest) }])
    service.step({ kind: 'message', from: nodeId(2), fn: 0, bytes: message }, now)
    return service.step({ kind: 'sync-activate' }, now)
  }
  expect(sync([1], 9n)).toEqual([])
  expect(sync([1, 2], 3n).at(-1)).toMatchObject({ kind: 'stop', exitCode: 1 })
  expect(sync([1, 2], 3n)).toEqual([])
})

test('the map of statistics is read and not written, and left again', () => {
  const service = new CmapService(() => [['stats.srp.mcast_tx', cmapU64(7n)]])
  service.publish('foo.bar', cmapU32(1))
  const turn = (map: number): number => {
    const bytes = requestOf(9, cmapSetCurrentMap.size)
    cmapSetCurrentMap.encode(bytes, { map })
    return errorOf(request(service, 9, bytes))
  }
  expect([turn(2), turn(1)]).toEqual([12, 1])
  expect(errorOf(request(service, 2, getRequest('stats.srp.mcast_tx', 8)))).toBe(1)
  expect(errorOf(request(service, 2, getRequest('foo.bar', 8)))).toBe(12)
  expect(errorOf(request(service, 0, setRequest('stats.foo', 11, Uint8Array.of(0))))).toBe(11)
  expect(turn(0)).toBe(1)
  expect(errorOf(request(service, 2, getRequest('foo.bar', 8)))).toBe(1)
})

test('the ring message has the sizes of the real one, and no bytes crash its reader', () => {
  expect(encodeMcast(0, [{ key: 'totem.config_version', value: undefined }]).byteLength).toBe(328)
  expect(encodeMcast(0, [{ key: 'totem.config_version', value: cmapU64(1n) }]).byteLength).toBe(336)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      try {
        decodeMcast(bytes)
      } catch (error) {
        expect(error).toMatchObject({ name: 'DecodeError' })
      }
    }),
  )
})

test('values survive the way to bytes and back', () => {
  const number = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(fc.constantFrom('u8', 'i16', 'u16', 'i32', 'u32', 'double'), number, (type, value) => {
      expect(decodeCmapValue(encodeCmapValue({ type, value }))).toEqual({ type, value })
    }),
  )
  expect(decodeCmapValue(encodeCmapValue({ type: 'i64', value: -3n }))).toEqual({ type: 'i64', value: -3n })
  expect(() => decodeCmapValue({ type: 6, bytes: new Uint8Array(3) })).toThrow('takes 4 bytes')
})

test('the store agrees with a sorted map', () => {
  const key = fc.constantFrom('aaa', 'aab', 'ab.', 'b.1', 'b.10', 'b.2', 'zzz')
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.boolean())), (operations) => {
      const store = new CmapStore()
      const model = new Map<string, boolean>()
      for (const [name, isSet] of operations) {
        if (isSet) store.set(name, cmapU32(1))
        else store.delete(name)
        if (isSet) model.set(name, true)
        else model.delete(name)
      }
      for (const prefix of ['', 'a', 'b.', 'b.1']) {
        expect(store.keys(prefix)).toEqual([...model.keys()].filter((item) => item.startsWith(prefix)).sort())
      }
    }),
  )
})
