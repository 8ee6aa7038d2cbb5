import { monoMs, nodeId } from '@quorate/base'
import { expect, test } from 'vitest'
import { csErrorCodes } from '../cs-error.ts'
import { requestOf, responseHeader, viewOf } from '../ipc/message-header.ts'
import {
  votequorumCalls,
  votequorumGetInfo,
  votequorumInfo,
  votequorumQdeviceMasterWins,
  votequorumQdeviceName,
  votequorumQdevicePoll,
  votequorumQdeviceUpdate,
} from '../ipc/votequorum-messages.ts'
import type { ServiceEffect, ServiceEvent } from '../service.ts'
import { encodeDeviceNotice, encodeNodeInfo, nodeFlags } from './votequorum-ring-message.ts'
import { VotequorumService } from './votequorum-service.ts'

const now = monoMs(0)
const device = { votes: 1, timeoutMs: 3000, syncTimeoutMs: 5000 }

/** Votequorum of node 1 of two with a quorum device; the program that speaks for it is the test. */
class Bench {
  readonly service: VotequorumService
  #seq = 0
  #answer: string | undefined
  /** What else it did since it was asked last, as words. */
  heard: string[] = []

  constructor(nodes = 2) {
    this.service = new VotequorumService({
      self: nodeId(1),
      votes: 1,
      expectedVotes: nodes + device.votes,
      isTwoNode: false,
      waitForAll: false,
      autoTieBreaker: undefined,
      lastManStanding: false,
      lastManStandingWindowMs: 10_000,
      nodes: Array.from({ length: nodes }, (_, i) => nodeId(i + 1)),
      device,
    })
  }

  step(event: ServiceEvent): void {
    for (const effect of this.service.step(event, now)) this.#perform(effect)
  }

  #perform(effect: ServiceEffect): void {
    if (effect.kind === 'multicast') {
      const fn = viewOf(effect.bytes).getInt32(0, true) & 0xffff
      this.step({ kind: 'message', from: nodeId(1), fn, bytes: effect.bytes })
    } else if (effect.kind === 'respond') {
      const { error } = responseHeader.decode(effect.bytes)
      this.#answer = Object.entries(csErrorCodes).find(([, code]) => code === error)?.[0]
    } else if (effect.kind === 'quorum') this.heard.push(effect.isQuorate ? 'quorate' : 'not quorate')
    else if (effect.kind === 'log') this.heard.push(effect.text)
    else if (effect.kind === 'arm') this.heard.push(`${effect.timer} in ${effect.afterMs}`)
    else if (effect.kind !== 'publish') this.heard.push(effect.kind)
  }

  /** A new ring up to this node's turn to send. */
  begin(...members: readonly number[]): void {
    this.#seq += 4
    const change = { ring: { rep: 1, seq: this.#seq }, trans: [nodeId(1)], members: members.map(nodeId) }
    this.step({ kind: 'sync-init', change })
  }

  turn(): void {
    this.heard = []
    this.step({ kind: 'sync-process' })
  }

  end(...others: readonly number[]): void {
    for (const node of others) this.says(node, 0)
    this.step({ kind: 'sync-activate' })
  }

  ring(...members: readonly number[]): void {
    this.begin(...members)
    this.turn()
    this.end(...members.filter((node) => node !== 1))
    this.heard = []
  }

  says(node: number, flags: number): void {
    const bytes = encodeNodeInfo({ node, votes: 1, expectedVotes: 3, flags })
    this.step({ kind: 'message', from: nodeId(node), fn: 0, bytes })
  }

  #ask(id: number, bytes: Uint8Array): string {
    this.#answer = undefined
    this.heard = []
    this.step({ kind: 'request', connection: 7, id, bytes })
    return this.#answer ?? 'no answer yet'
  }

  register(name: string): string {
    const bytes = requestOf(votequorumCalls.qdeviceRegister, votequorumQdeviceName.size)
    votequorumQdeviceName.encode(bytes, { name })
    return this.#ask(votequorumCalls.qdeviceRegister, bytes)
  }

  unregister(name: string): string {
    const bytes = requestOf(votequorumCalls.qdeviceUnregister, votequorumQdeviceName.size)
    votequorumQdeviceName.encode(bytes, { name })
    return this.#ask(votequorumCalls.qdeviceUnregister, bytes)
  }

  rename(from: string, to: string): string {
    const bytes = requestOf(votequorumCalls.qdeviceUpdate, votequorumQdeviceUpdate.size)
    votequorumQdeviceUpdate.encode(bytes, { from, to })
    return this.#ask(votequorumCalls.qdeviceUpdate, bytes)
  }

  poll(name: string, castsVote: number, seq = this.#seq): string {
    const bytes = requestOf(votequorumCalls.qdevicePoll, votequorumQdevicePoll.size)
    votequorumQdevicePoll.encode(bytes, { name, castsVote, rep: 1, seq: BigInt(seq) })
    return this.#ask(votequorumCalls.qdevicePoll, bytes)
  }

  masterWins(name: string, isAllowed: number): string {
    const bytes = requestOf(votequorumCalls.qdeviceMasterWins, votequorumQdeviceMasterWins.size)
    votequorumQdeviceMasterWins.encode(bytes, { name, isAllowed })
    return this.#ask(votequorumCalls.qdeviceMasterWins, bytes)
  }

  /** As corosync-quorumtool is told of it. */
  info(node = 1): string {
    const request = requestOf(votequorumCalls.getInfo, votequorumGetInfo.size)
    votequorumGetInfo.encode(request, { node })
    const [effect] = this.service.step({ kind: 'request', connection: 1, id: 0, bytes: request }, now)
    if (effect?.kind !== 'respond') throw new Error('no answer')
    const { flags, totalVotes, quorum, qdeviceVotes, qdeviceName } = votequorumInfo.decode(effect.bytes)
    return `flags ${flags} total ${totalVotes} of ${quorum} device ${qdeviceVotes} '${qdeviceName}'`
  }
}

/** Calls and answers as they were watched on corosync 3.1.7, two nodes in a ring. */
test('calls are answered, and told of, as by the real one', () => {
  const bench = new Bench()
  bench.ring(1, 2)
  expect(bench.info()).toBe("flags 2 total 2 of 2 device 1 ''")
  expect(bench.poll('Q', 1)).toBe('CS_ERR_NOT_EXIST')
  expect(bench.masterWins('Q', 1)).toBe('CS_ERR_NOT_EXIST')
  expect(bench.unregister('Q')).toBe('CS_ERR_NOT_EXIST')
  expect(bench.rename('Q', 'R')).toBe('CS_ERR_NOT_EXIST')
  expect(bench.register('Q')).toBe('CS_OK')
  expect(bench.info()).toBe("flags 66 total 2 of 2 device 1 'Q'")
  expect(bench.register('Q')).toBe('CS_OK')
  expect(bench.register('R')).toBe('CS_ERR_EXIST')
  expect(bench.heard).toEqual(['A new qdevice with different name (new: R old: Q) is trying to re-register!'])
  expect(bench.poll('R', 1, 999)).toBe('CS_ERR_MESSAGE_ERROR')
  expect(bench.poll('R', 1)).toBe('CS_ERR_INVALID_PARAM')
  expect(bench.poll('Q', 1, 999)).toBe('CS_ERR_MESSAGE_ERROR')
  expect(bench.poll('Q', 2)).toBe('CS_OK')
  expect([bench.info(), bench.info(2)]).toEqual([
    "flags 450 total 3 of 2 device 1 'Q'",
    "flags 2 total 2 of 2 device 1 'Q'",
  ])
  expect(bench.poll('Q', 0)).toBe('CS_OK')
  expect(bench.info()).toBe("flags 194 total 2 of 2 device 1 'Q'")
  expect(bench.masterWins('R', 1)).toBe('CS_ERR_INVALID_PARAM')
  expect(bench.masterWins('Q', 1)).toBe('CS_OK')
  expect(bench.info()).toBe("flags 706 total 2 of 2 device 1 'Q'")
  expect(bench.masterWins('Q', 0)).toBe('CS_OK')
  expect(bench.rename('R', 'S')).toBe('CS_ERR_INVALID_PARAM')
  expect(bench.rename('Q', 'S')).toBe('CS_OK')
  expect(bench.poll('Q', 1)).toBe('CS_ERR_INVALID_PARAM')
  expect(bench.unregister('Q')).toBe('CS_ERR_INVALID_PARAM')
  expect(bench.unregister('S')).toBe('CS_OK')
  expect(bench.info()).toBe("flags 2 total 2 of 2 device 1 ''")
})

test('a node alone goes on with the vote of its device, and not without; a device that falls silent gives none', () => {
  const bench = new Bench()
  bench.ring(1, 2)
  bench.register('Q')
  bench.ring(1)
  expect(bench.service.isQuorate).toBe(false)
  bench.poll('Q', 1)
  expect(bench.heard).toEqual(['qdevice in 3000', 'quorate'])
  bench.poll('Q', 0)
  expect(bench.heard).toEqual(['qdevice in 3000', 'not quorate'])
  bench.poll('Q', 1)
  bench.heard = []
  bench.step({ kind: 'timer', timer: 'qdevice' })
  expect(bench.heard).toEqual(['lost contact with quorum device Q', 'not quorate'])
  expect(bench.info()).toBe("flags 64 total 1 of 2 device 1 'Q'")
})

test('where its vote decides alone, it does so with too few votes', () => {
  const bench = new Bench(3)
  bench.ring(1, 2, 3)
  bench.register('Q')
  bench.ring(1)
  bench.poll('Q', 1)
  expect([bench.service.isQuorate, bench.info()]).toEqual([false, "flags 448 total 2 of 3 device 1 'Q'"])
  bench.masterWins('Q', 1)
  expect([bench.service.isQuorate, bench.info()]).toEqual([true, "flags 962 total 2 of 3 device 1 'Q'"])
  bench.unregister('Q')
  expect(bench.service.isQuorate).toBe(false)
})

test('a new ring waits for the word of a device that was there, and no longer than its time', () => {
  const bench = new Bench()
  bench.ring(1, 2)
  bench.register('Q')
  bench.ring(1, 2)
  bench.begin(1)
  bench.turn()
  expect(bench.heard).toEqual([])
  bench.end()

  bench.poll('Q', 1)
  bench.begin(1, 2)
  bench.turn()
  const waiting = 'waiting for quorum device Q poll (but maximum for 5000 ms)'
  expect(bench.heard).toEqual([waiting, 'sync-wait', 'qdevice in 5000'])
  // Of the ring before: says nothing of this one.
  expect(bench.poll('Q', 1, 0)).toBe('CS_ERR_MESSAGE_ERROR')
  expect(bench.heard).toEqual([])
  bench.poll('Q', 1)
  expect(bench.heard).toEqual(['qdevice in 3000', 'sync-done'])
  bench.end(2)

  bench.begin(1)
  bench.turn()
  expect(bench.heard).toContain(waiting)
  bench.heard = []
  bench.step({ kind: 'timer', timer: 'qdevice' })
  expect(bench.heard).toEqual(['lost contact with quorum device Q', 'sync-done'])
  bench.end()
  expect(bench.service.isQuorate).toBe(false)
})

test('a device that answers before it is this node’s turn is not waited for', () => {
  const bench = new Bench()
  bench.ring(1, 2)
  bench.register('Q')
  bench.poll('Q', 1)
  bench.begin(1)
  bench.poll('Q', 1)
  bench.turn()
  expect(bench.heard).toEqual([])
  bench.end()
  expect(bench.service.isQuorate).toBe(true)
})

test('a ring that falls apart while it waits is not taken up again by a late word', () => {
  const bench = new Bench()
  bench.ring(1, 2)
  bench.register('Q')
  bench.poll('Q', 1)
  bench.begin(1)
  bench.turn()
  bench.step({ kind: 'sync-abort' })
  bench.poll('Q', 1)
  expect(bench.heard).toEqual(['qdevice in 3000'])
})

test('a ring has one name for its device, until no member has it any more', () => {
  const bench = new Bench()
  bench.ring(1, 2)
  const notice = (name: string, isThere: boolean): void =>
    bench.step({ kind: 'message', from: nodeId(2), fn: 2, bytes: encodeDeviceNotice({ name, isThere }) })
  notice('other', true)
  bench.says(2, nodeFlags.deviceRegistered | nodeFlags.deviceAlive | nodeFlags.deviceCastVote)
  expect(bench.register('Q')).toBe('CS_ERR_EXIST')
  expect(bench.register('other')).toBe('CS_OK')
  expect([bench.info(1), bench.info(2)]).toEqual([
    "flags 66 total 2 of 2 device 1 'other'",
    "flags 450 total 3 of 2 device 1 'other'",
  ])
  expect(bench.unregister('other')).toBe('CS_OK')
  expect(bench.info()).toBe("flags 2 total 2 of 2 device 1 'other'")
  bench.says(2, 0)
  notice('other', false)
  expect(bench.info()).toBe("flags 2 total 2 of 2 device 1 ''")
  expect(bench.register('Q')).toBe('CS_OK')
})
