import { monoMs, type NodeId, nodeId } from '@quorate/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cpgAddress,
  cpgCalls,
  cpgConfchg,
  cpgDeliver,
  cpgIterHandle,
  cpgIterHandleResponse,
  cpgIterInit,
  cpgJoin,
  cpgLeave,
  cpgMcast,
} from '../ipc/cpg-messages.ts'
import { requestHeader, requestOf, responseHeader, viewOf } from '../ipc/message-header.ts'
import { readCpgName, writeCpgName } from '../ipc/wire-name.ts'
import type { ServiceEffect, ServiceEvent } from '../service.ts'
import {
  decodeGroupMessage,
  decodeJoinList,
  decodeMessagePart,
  decodeProcess,
  encodeGroupMessage,
  encodeJoinList,
  encodeProcess,
} from './cpg-ring-message.ts'
import { CpgService } from './cpg-service.ts'

const now = monoMs(0)
const [n1, n2, n3] = [nodeId(1), nodeId(2), nodeId(3)]

/** A cpg service on node 1 whose multicasts come straight back, as on a ring of its own. */
class Bench {
  readonly cpg = new CpgService(n1)
  readonly seen: string[] = []
  isLooped = true

  step(event: ServiceEvent): void {
    this.#take(this.cpg.step(event, now))
  }

  open(connection: number, group: string, pid: number): number {
    this.step({ kind: 'opened', connection })
    return this.request(
      connection,
      cpgCalls.join,
      this.#named(cpgJoin.size, group, (b) => cpgJoin.encode(b, { pid })),
    )
  }

  leave(connection: number, group: string, pid: number): number {
    return this.request(
      connection,
      cpgCalls.leave,
      this.#named(cpgLeave.size, group, (b) => cpgLeave.encode(b, { pid })),
    )
  }

  send(connection: number, text: string): void {
    const bytes = new Uint8Array(cpgMcast.size + text.length)
    cpgMcast.encode(bytes, { messageBytes: text.length })
    bytes.set(new TextEncoder().encode(text), cpgMcast.size)
    this.step({ kind: 'request', connection, id: cpgCalls.mcast, bytes })
  }

  request(connection: number, id: number, bytes: Uint8Array): number {
    const before = this.seen.length
    const effects = this.cpg.step({ kind: 'request', connection, id, bytes }, now)
    this.#take(effects)
    const answer = effects.find((effect) => effect.kind === 'respond')
    this.seen.splice(before, this.seen.length - before, ...this.seen.slice(before).filter((l) => !l.startsWith('re')))
    return answer === undefined ? 0 : responseHeader.decode(answer.bytes).error
  }

  from(node: NodeId, bytes: Uint8Array): void {
    this.step({ kind: 'message', from: node, fn: requestHeader.decode(bytes).id & 0xffff, bytes })
  }

  sync(trans: readonly NodeId[], members: readonly NodeId[], lists: readonly [NodeId, number, string][]): void {
    this.step({ kind: 'sync-init', change: { ring: { rep: 1, seq: 8 }, trans, members } })
    this.step({ kind: 'sync-process' })
    for (const [node, pid, group] of lists) this.from(node, encodeJoinList([{ pid, group }]))
    this.step({ kind: 'sync-activate' })
  }

  #named(size: number, group: string, fill: (bytes: Uint8Array) => void): Uint8Array {
    const bytes = requestOf(0, size)
    writeCpgName(bytes, 16, group)
    fill(bytes)
    return bytes
  }

  #take(effects: readonly ServiceEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'multicast' && this.isLooped) this.from(n1, effect.bytes)
      else if (effect.kind === 'event') this.seen.push(`${effect.connection}: ${describe(effect.bytes)}`)
      else if (effect.kind === 'respond') this.seen.push('respond')
      else this.seen.push(effect.kind)
    }
  }
}

function describe(bytes: Uint8Array): string {
  const { id } = responseHeader.decode(bytes)
  if (id === 5) {
    const { node, pid } = cpgDeliver.decode(bytes)
    return `message of ${node}/${pid} ${new TextDecoder().decode(bytes.subarray(cpgDeliver.size))}`
  }
  if (id !== 4) return `event ${id}`
  const { members, left, joined } = cpgConfchg.decode(bytes)
  const entries = Array.from({ length: members + left + joined }, (_, i) => {
    const { node, pid, reason } = cpgAddress.decode(bytes, cpgConfchg.size + i * cpgAddress.size)
    return `${node}/${pid}${reason === 0 ? '' : `:${reason}`}`
  })
  const part = (from: number, count: number): string => entries.slice(from, from + count).join(' ')
  return `[${part(0, members)}] -[${part(members, left)}] +[${part(members + left, joined)}]`
}

test('join, message, leave: each local member of the group hears of it', () => {
  const bench = new Bench()
  bench.sync([], [n1], [])
  expect(bench.open(1, 'g', 10)).toBe(1)
  expect(bench.open(2, 'g', 20)).toBe(1)
  expect(bench.open(3, 'other', 30)).toBe(1)
  bench.send(1, 'hello')
  expect(bench.leave(1, 'g', 10)).toBe(1)
  bench.send(1, 'too late')
  bench.step({ kind: 'closed', connection: 2 })
  expect(bench.seen).toEqual([
    '1: [1/10] -[] +[1/10:1]',
    '1: [1/10 1/20] -[] +[1/20:1]',
    '2: [1/10 1/20] -[] +[1/20:1]',
    '3: [1/30] -[] +[1/30:1]',
    '1: message of 1/10 hello',
    '2: message of 1/10 hello',
    '1: [1/20] -[1/10:2] +[]',
    '2: [1/20] -[1/10:2] +[]',
  ])
})

test('joining twice, leaving what was not joined, and a second process with the same pid and group are refused', () => {
  const bench = new Bench()
  expect(bench.open(1, 'g', 10)).toBe(1)
  expect(bench.open(1, 'g', 10)).toBe(1)
  expect(bench.open(2, 'g', 10)).toBe(14)
  bench.step({ kind: 'opened', connection: 3 })
  expect(bench.leave(3, 'g', 30)).toBe(12)
  bench.isLooped = false
  expect(bench.open(4, 'g', 40)).toBe(1)
  expect(bench.leave(4, 'g', 40)).toBe(10)
})

test('after a sync: processes of lost nodes go, announced ones come, and those that nobody announced go', () => {
  const bench = new Bench()
  bench.sync([], [n1], [])
  bench.open(1, 'g', 10)
  bench.sync(
    [n1],
    [n1, n2, n3],
    [
      [n3, 30, 'g'],
      [n2, 20, 'g'],
    ],
  )
  bench.sync([n1, n2], [n1, n2], [[n2, 20, 'g']])
  bench.sync([n1, n2], [n1, n2], [])
  expect(bench.seen.slice(1)).toEqual([
    '1: [1/10 2/20 3/30] -[] +[2/20:4 3/30:4]',
    '1: [1/10 2/20] -[3/30:3] +[]',
    '1: [1/10] -[2/20:5] +[]',
  ])
})

test('a node that went and came back between two syncs is lost first and joins anew', () => {
  const bench = new Bench()
  bench.sync([], [n1], [])
  bench.open(1, 'g', 10)
  bench.sync([n1], [n1, n2], [[n2, 20, 'g']])
  bench.step({ kind: 'sync-init', change: { ring: { rep: 1, seq: 12 }, trans: [n1], members: [n1, n2] } })
  bench.step({ kind: 'sync-abort' })
  bench.sync([n1, n2], [n1, n2], [[n2, 20, 'g']])
  expect(bench.seen.slice(-2)).toEqual(['1: [1/10] -[2/20:3] +[]', '1: [1/10 2/20] -[] +[2/20:4]'])
})

test('a message of a process that is not in the group is dropped with a warning', () => {
  const bench = new Bench()
  bench.open(1, 'g', 10)
  bench.from(n2, encodeGroupMessage(2, { pid: 20, group: 'g' }, Uint8Array.of(1)))
  bench.from(n2, encodeProcess('procLeave', { pid: 20, group: 'g' }, 2))
  expect(bench.seen.slice(1)).toEqual(['log'])
})

test('an iteration keeps each group together, last group first', () => {
  const bench = new Bench()
  bench.sync([], [n1], [])
  bench.open(1, 'a', 10)
  bench.open(2, 'b', 11)
  bench.sync(
    [n1],
    [n1, n2, n3],
    [
      [n2, 20, 'a'],
      [n2, 21, 'b'],
      [n3, 30, 'a'],
    ],
  )
  const walk = (kind: number): string[] => {
    const init = requestOf(5, cpgIterInit.size)
    cpgIterInit.encode(init, { kind })
    const [granted] = bench.cpg.step({ kind: 'request', connection: 1, id: cpgCalls.iterInit, bytes: init }, now)
    if (granted?.kind !== 'respond') throw new Error('no answer')
    const next = requestOf(6, cpgIterHandle.size)
    cpgIterHandle.encode(next, cpgIterHandleResponse.decode(granted.bytes))
    const found: string[] = []
    for (;;) {
      const [answer] = bench.cpg.step({ kind: 'request', connection: 1, id: cpgCalls.iterNext, bytes: next }, now)
      if (answer?.kind !== 'respond' || responseHeader.decode(answer.bytes).error !== 1) return found
      const view = viewOf(answer.bytes)
      found.push(`${readCpgName(answer.bytes, 24)} ${view.getUint32(160, true)}/${view.getUint32(164, true)}`)
    }
  }
  expect(walk(3)).toEqual(['b 1/11', 'b 2/21', 'a 1/10', 'a 3/30', 'a 2/20'])
  expect(walk(1)).toEqual(['b 1/11', 'a 1/10'])
})

test('ring messages have the sizes of the real ones, and no bytes crash their readers', () => {
  const who = { pid: 7, group: 'g\0' }
  expect(encodeProcess('procJoin', who, 1).byteLength).toBe(168)
  expect(encodeGroupMessage(1, who, new Uint8Array(3)).byteLength).toBe(187)
  expect(decodeJoinList(encodeJoinList([who, { pid: 8, group: '' }]))).toEqual([who, { pid: 8, group: '' }])
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      for (const decode of [decodeProcess, decodeGroupMessage, decodeMessagePart, decodeJoinList]) {
        try {
          decode(bytes)
        } catch (error) {
          expect(error).toMatchObject({ name: 'DecodeError' })
        }
      }
    }),
  )
})

test('a joinlist that claims more processes than its bytes hold is refused', () => {
  const bytes = encodeJoinList([{ pid: 1, group: 'g' }])
  requestHeader.encode(bytes, { size: 24 + 144 * 70_000 })
  expect(() => decodeJoinList(bytes)).toThrow('joinlist of 70000 processes')
  requestHeader.encode(bytes, { size: 24 + 144 * 2 })
  expect(() => decodeJoinList(bytes)).toThrow('need 144 bytes')
})
