import { monoMs, nodeId } from '@quorate/base'
import { expect, test } from 'vitest'
import { requestOf, responseHeader, viewOf } from '../ipc/message-header.ts'
import { quorumModelGetType, quorumTrackStart } from '../ipc/quorum-messages.ts'
import type { ServiceEffect } from '../service.ts'
import { QuorumService } from './quorum-service.ts'

const now = monoMs(0)
const [n1, n2] = [nodeId(1), nodeId(2)]

function words(effects: readonly ServiceEffect[]): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind === 'log') return [effect.text]
    if (effect.kind !== 'event' && effect.kind !== 'respond') return []
    const { id, error } = responseHeader.decode(effect.bytes)
    const view = viewOf(effect.bytes)
    if (id === 3) return [`v0 quorate ${view.getInt32(24, true)} of ${view.getUint32(40, true)}`]
    if (id === 6) return [`v1 quorate ${view.getInt32(24, true)} of ${view.getUint32(48, true)}`]
    if (id === 7) return [`nodes ${[40, 48, 56].map((at) => view.getUint32(at, true)).join(' ')}`]
    return [`answer ${id} ${error}`]
  })
}

function track(service: QuorumService, connection: number, model: 0 | 1, flags: number): string[] {
  service.step({ kind: 'opened', connection }, now)
  const choice = requestOf(4, quorumModelGetType.size)
  quorumModelGetType.encode(choice, { model })
  service.step({ kind: 'request', connection, id: 4, bytes: choice }, now)
  const bytes = requestOf(1, quorumTrackStart.size)
  quorumTrackStart.encode(bytes, { flags })
  return words(service.step({ kind: 'request', connection, id: 1, bytes }, now))
}

test('a tracker gets the present view before its answer, then each change: nodes first, verdict second', () => {
  const service = new QuorumService(true)
  expect(track(service, 1, 1, 3)).toEqual(['nodes 0 0 0', 'v1 quorate 0 of 0', 'answer 1 1'])
  expect(track(service, 2, 0, 2)).toEqual(['v0 quorate 0 of 0', 'answer 1 1'])
  const change = { ring: { rep: 1, seq: 8 }, trans: [n1], members: [n1, n2] }
  expect(words(service.step({ kind: 'sync-init', change }, now))).toEqual([
    'Sync members[2]: 1 2',
    'Sync joined[2]: 1 2',
  ])
  expect(words(service.step({ kind: 'sync-activate' }, now))).toEqual(['nodes 2 2 0'])
  expect(words(service.decide(true))).toEqual([
    'This node is within the primary component and will provide service.',
    'Members[2]: 1 2',
    'v1 quorate 1 of 2',
    'v0 quorate 1 of 2',
  ])
  const loss = { ring: { rep: 1, seq: 12 }, trans: [n1], members: [n1] }
  expect(words(service.step({ kind: 'sync-init', change: loss }, now))).toEqual([
    'Sync members[1]: 1',
    'Sync left[1]: 2',
  ])
  expect(words(service.step({ kind: 'sync-activate' }, now))).toEqual(['nodes 1 0 1'])
  service.step({ kind: 'closed', connection: 1 }, now)
  expect(words(service.decide(false)).slice(1)).toEqual(['Members[1]: 1', 'v0 quorate 0 of 1'])
})

test('until a ring is judged who asks is told of the one before, whose verdict it is', () => {
  const service = new QuorumService(true)
  const whole = { ring: { rep: 1, seq: 8 }, trans: [n1], members: [n1, n2] }
  service.step({ kind: 'sync-init', change: whole }, now)
  expect(track(service, 1, 1, 1)).toEqual(['nodes 0 0 0', 'v1 quorate 0 of 0', 'answer 1 1'])
  service.step({ kind: 'sync-activate' }, now)
  service.decide(true)
  service.step({ kind: 'sync-init', change: { ring: { rep: 1, seq: 12 }, trans: [n1], members: [n1] } }, now)
  expect(track(service, 2, 1, 1)).toEqual(['nodes 2 0 0', 'v1 quorate 1 of 2', 'answer 1 1'])
  service.step({ kind: 'sync-abort' }, now)
  service.step({ kind: 'sync-init', change: whole }, now)
  service.step({ kind: 'sync-activate' }, now)
  expect(track(service, 3, 0, 1)).toEqual(['v0 quorate 1 of 2', 'answer 1 1'])
  service.decide(true)
  expect(service.members).toEqual([n1, n2])
})

test('tracking twice is refused; without a provider every ring may act', () => {
  const service = new QuorumService(false)
  expect(service.isQuorate).toBe(true)
  expect(track(service, 1, 0, 4)).toEqual(['answer 1 1'])
  const again = requestOf(1, quorumTrackStart.size)
  quorumTrackStart.encode(again, { flags: 2 })
  expect(words(service.step({ kind: 'request', connection: 1, id: 1, bytes: again }, now)).at(-1)).toBe('answer 1 14')
  const change = { ring: { rep: 1, seq: 8 }, trans: [], members: [n1] }
  service.step({ kind: 'sync-init', change }, now)
  expect(words(service.step({ kind: 'sync-activate' }, now))).toEqual(['v0 quorate 1 of 1'])
})
