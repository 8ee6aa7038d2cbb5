import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CpgMessage, decodeCpgMessage, encodeCpgMessage } from './cpg-message.ts'
import {
  type Directory,
  type DirectoryEffect,
  type DirectoryEvent,
  newDirectory,
  ownerOf,
  stepDirectory,
} from './guest-directory.ts'

const uuids = { a: '22222222-aaaa-4aaa-8aaa-000000000001', b: '22222222-aaaa-4aaa-8aaa-000000000002' }

describe('messages of the group', () => {
  it('lie on the wire as the real daemons send them', () => {
    const request = encodeCpgMessage({ kind: 'request', sequence: 4, operation: 'off', target: 'g2a' })
    expect(request.byteLength).toBe(156)
    expect([...request.subarray(0, 19)]).toEqual([0, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 103, 50, 97])
    expect([...request.subarray(144, 148)]).toEqual([1, 0, 0, 0])
    const guest = encodeCpgMessage({ kind: 'guest', guest: { name: 'g1b', uuid: uuids.b, owner: 1, state: 5 } })
    expect([guest[0], guest[16], guest[81], guest[148], guest[152]]).toEqual([2, 103, 50, 1, 5])
  })

  it('come back as they were', () => {
    const all: readonly CpgMessage[] = [
      { kind: 'request', sequence: 1, operation: 'status', target: 'x' },
      { kind: 'reply', sequence: 1, operation: 'status', target: 'x', to: 3, response: 2 },
      { kind: 'guest', guest: { name: 'n', uuid: uuids.a, owner: 7, state: 1 } },
      { kind: 'former', guest: { name: 'n', uuid: uuids.a, owner: 7, state: 5 } },
    ]
    for (const message of all) expect(decodeCpgMessage(encodeCpgMessage(message))).toEqual({ ok: true, value: message })
  })

  it('never throw for noise', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeCpgMessage(bytes)))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 156, maxLength: 156 }), fc.nat(3), (bytes, kind) => {
        bytes.set([kind, 0, 0, 0])
        decodeCpgMessage(bytes)
      }),
    )
  })
})

/** Three nodes whose group delivers in order; hypervisors are values. */
class Group {
  readonly nodes = new Map<number, Directory>()
  readonly hosts = new Map<number, { name: string; uuid: string; state: number }[]>()
  readonly answers: string[] = []
  readonly acted: string[] = []
  /** The join after which each node waits for newcomers to tell what they have. */
  readonly joins = new Map<number, number>()
  readonly #queue: (readonly [number, CpgMessage])[] = []

  join(id: number, hosts: { name: string; uuid: string; state: number }[]): void {
    this.nodes.set(id, newDirectory(id, 'name', 100 * id))
    this.hosts.set(id, hosts)
    this.#members()
  }

  /** With its host, unless that is up. */
  leave(id: number, isHostUp = false): void {
    this.nodes.delete(id)
    this.#members(isHostUp ? [id] : [])
  }

  ask(id: number, operation: 'off' | 'on' | 'status' | 'reboot', target: string): string | undefined {
    this.answers.length = 0
    this.step(id, { kind: 'ask', id: 1, operation, target })
    this.settle()
    return this.answers[0]
  }

  settle(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const [from, message] = next
      for (const node of [...this.nodes.keys()]) this.step(node, { kind: 'message', from, pid: 1, message })
    }
  }

  /** The time for newcomers is over. */
  wait(): void {
    for (const [node, join] of this.joins) this.step(node, { kind: 'settled', join })
    this.settle()
  }

  step(node: number, event: DirectoryEvent): void {
    const directory = this.nodes.get(node)
    if (directory === undefined) return
    const step = stepDirectory(directory, event)
    this.nodes.set(node, step.directory)
    for (const effect of step.effects) this.#carryOut(node, effect)
  }

  #members(leftBehind: readonly number[] = []): void {
    const members = [...this.nodes.keys()]
    for (const node of members) this.step(node, { kind: 'members', members, leftBehind })
    this.settle()
  }

  #carryOut(node: number, effect: DirectoryEffect): void {
    if (effect.do === 'multicast') this.#queue.push([node, effect.message])
    else if (effect.do === 'look') {
      const hosts = this.hosts.get(node)
      this.step(node, { kind: 'local', hosts: hosts ?? [], isWhole: hosts !== undefined, request: effect.request })
    } else if (effect.do === 'perform') {
      this.acted.push(`${node} ${effect.request.operation} ${effect.request.target}`)
      this.step(node, { kind: 'performed', request: effect.request, response: 0 })
    } else if (effect.do === 'settle') this.joins.set(node, effect.join)
    else this.answers.push(`${effect.response}`)
  }
}

describe('the directory of guests', () => {
  function three(): Group {
    const group = new Group()
    group.join(1, [{ name: 'a', uuid: uuids.a, state: 1 }])
    group.join(2, [{ name: 'b', uuid: uuids.b, state: 5 }])
    group.join(3, [])
    group.wait()
    return group
  }

  it('knows every machine at every node', () => {
    const group = three()
    for (const directory of group.nodes.values()) {
      expect([ownerOf(directory, 'a'), ownerOf(directory, 'b'), ownerOf(directory, 'c')]).toEqual([1, 2, undefined])
    }
  })

  it('has the owner act, once, whoever is asked', () => {
    const group = three()
    for (const node of [1, 2, 3]) expect(group.ask(node, 'off', 'a')).toBe('0')
    expect(group.acted).toEqual(['1 off a', '1 off a', '1 off a'])
  })

  it('answers for machines that nobody has', () => {
    const group = three()
    expect([group.ask(1, 'off', 'x'), group.ask(1, 'status', 'x')]).toEqual(['0', '2'])
    expect([group.ask(1, 'reboot', 'x'), group.ask(1, 'on', 'x')]).toEqual(['0', '1'])
    expect(group.acted).toEqual([])
  })

  it('takes machines of a node that went down for off', () => {
    const group = three()
    group.leave(1)
    expect([group.ask(2, 'status', 'a'), group.ask(2, 'off', 'a')]).toEqual(['2', '0'])
  })

  it('calls no machine off whose host has lost its daemon and nothing else', () => {
    const group = three()
    group.leave(1, true)
    for (const node of [2, 3]) {
      const answers = (['status', 'off', 'reboot', 'on'] as const).map((operation) => group.ask(node, operation, 'a'))
      expect(answers).toEqual(['1', '1', '1', '1'])
      expect(group.ask(node, 'off', uuids.a)).toBe('1')
    }
    // The host goes down as well.
    for (const node of [2, 3]) group.step(node, { kind: 'ring', nodes: [2, 3] })
    expect([group.ask(2, 'status', 'a'), group.ask(3, 'off', 'a')]).toEqual(['2', '0'])
  })

  it('answers a request that its owner left unanswered, and that was for a machine that may run', () => {
    const group = three()
    group.step(2, { kind: 'ask', id: 9, operation: 'off', target: 'a' })
    group.leave(1, true)
    expect(group.answers).toEqual(['1'])
    expect(group.nodes.get(2)?.open).toEqual([])
  })

  it('leaves a machine to the daemon of its host when that is back, and takes one for off that last was', () => {
    const group = three()
    group.leave(2, true)
    expect(group.ask(3, 'off', 'b')).toBe('0')
    group.leave(1, true)
    group.join(1, [{ name: 'a', uuid: uuids.a, state: 1 }])
    group.wait()
    expect(group.ask(3, 'off', 'a')).toBe('0')
    expect(group.acted).toEqual(['1 off a'])
  })

  it('carries nothing out twice that is asked for again, but does for another process', () => {
    const group = three()
    const message = { kind: 'request', sequence: 5, operation: 'reboot', target: 'a' } as const
    for (const pid of [10, 10, 11]) group.step(1, { kind: 'message', from: 2, pid, message })
    expect(group.acted).toEqual(['1 reboot a', '1 reboot a'])
    // A daemon that has gone and come again counts anew.
    group.leave(2)
    group.join(2, [])
    group.step(1, { kind: 'message', from: 2, pid: 10, message })
    expect(group.acted).toHaveLength(3)
  })

  it('takes no answer to another question for its own', () => {
    const group = three()
    group.step(2, { kind: 'ask', id: 1, operation: 'off', target: 'elsewhere' })
    const [{ sequence } = { sequence: -1 }] = group.nodes.get(2)?.open ?? []
    const reply = { kind: 'reply', to: 2, sequence, operation: 'off', target: 'elsewhere', response: 0 } as const
    const others = [
      { ...reply, sequence: sequence + 1 },
      { ...reply, target: 'a' },
      { ...reply, operation: 'status' },
      { ...reply, to: 1 },
    ] as const
    for (const message of others) group.step(2, { kind: 'message', from: 1, pid: 1, message })
    expect(group.answers).toEqual([])
    group.step(2, { kind: 'message', from: 1, pid: 1, message: reply })
    expect(group.answers).toEqual(['0'])
  })

  it('follows a machine that moves and leaves nothing behind', () => {
    const group = three()
    const [a] = group.hosts.get(1) ?? []
    group.hosts.set(1, [])
    group.hosts.set(3, a === undefined ? [] : [a])
    expect(group.ask(2, 'off', 'a')).toBe('0')
    expect(group.ask(2, 'reboot', 'a')).toBe('0')
    expect(group.acted).toEqual(['3 off a', '3 reboot a'])
    group.leave(3)
    expect([group.ask(2, 'status', 'a'), group.ask(2, 'off', 'a')]).toEqual(['2', '0'])
  })

  it('answers for a machine that it had once, which C daemons leave to it', () => {
    const group = three()
    group.hosts.set(1, [])
    group.step(1, { kind: 'local', hosts: [], isWhole: true, request: undefined })
    const request = { from: 3, pid: 1, sequence: 7, operation: 'off', target: 'a' } as const
    const node = group.nodes.get(1) as Directory
    // It may have gone to a node that has yet to tell.
    const held = stepDirectory(node, { kind: 'local', hosts: [], isWhole: true, request })
    expect(held.effects).toEqual([{ do: 'settle', join: node.joins }])
    const { effects } = stepDirectory(held.directory, { kind: 'settled', join: node.joins })
    const { from: to, pid: _, ...asked } = request
    expect(effects).toEqual([{ do: 'multicast', message: { kind: 'reply', to, response: 0, ...asked } }])
  })

  it('does not call its own machine off before newcomers have told whether it runs with them', () => {
    const group = three()
    group.join(4, [])
    group.hosts.set(4, [{ name: 'b', uuid: uuids.b, state: 1 }])
    expect(group.ask(1, 'off', 'b')).toBe('0')
    expect(group.acted).toEqual(['4 off b'])
    group.join(5, [])
    group.hosts.set(4, [])
    group.step(4, { kind: 'local', hosts: [], isWhole: true, request: undefined })
    group.settle()
    expect(group.ask(1, 'off', 'b')).toBeUndefined()
    group.wait()
    expect([group.answers, group.acted]).toEqual([['0'], ['4 off b', '2 off b']])
  })

  it('calls no machine off before those who came have told what they have', () => {
    const group = three()
    group.join(4, [])
    expect(group.ask(1, 'off', 'x')).toBeUndefined()
    expect(group.ask(1, 'off', 'a')).toBe('0')
    // Its hypervisor was slow: the machine that was asked for is there.
    const late = [{ name: 'late', uuid: uuids.b.replace('2', '3'), state: 1 }]
    expect(group.ask(1, 'off', 'late')).toBeUndefined()
    group.step(2, { kind: 'local', hosts: late, isWhole: true, request: undefined })
    group.settle()
    group.answers.length = 0
    group.wait()
    expect(group.answers).toEqual(['0'])
    expect(group.ask(1, 'status', 'x')).toBe('2')
  })

  it('answers for a machine whose host came after the request for it', () => {
    const group = three()
    group.join(4, [])
    for (const [id, operation] of (['status', 'off', 'reboot'] as const).entries()) {
      group.step(1, { kind: 'ask', id, operation, target: 'new' })
    }
    group.settle()
    group.join(5, [{ name: 'new', uuid: uuids.a.replace('2', '5'), state: 1 }])
    expect(group.answers).toEqual([])
    group.wait()
    expect(group.answers).toEqual(['0', '1', '1'])
    expect(group.acted).toEqual([])
    expect(group.ask(1, 'off', 'new')).toBe('0')
    expect(group.acted).toEqual(['5 off new'])
  })

  it('acts on what it was asked for before it knew that it has it', () => {
    const group = three()
    group.join(4, [])
    group.step(1, { kind: 'ask', id: 1, operation: 'off', target: 'own' })
    group.settle()
    const own = [{ name: 'own', uuid: uuids.a.replace('2', '6'), state: 1 }]
    group.step(4, { kind: 'local', hosts: own, isWhole: true, request: undefined })
    group.settle()
    group.wait()
    expect([group.acted, group.answers]).toEqual([['4 off own'], ['0']])
  })

  it('waits anew when somebody else comes in the meantime', () => {
    const group = three()
    group.join(10, [])
    const [, first] = [...group.joins].find(([node]) => node === 10) ?? []
    group.join(7, [])
    expect(group.ask(1, 'status', 'x')).toBeUndefined()
    group.step(10, { kind: 'settled', join: first ?? 0 })
    group.settle()
    expect(group.answers).toEqual([])
    group.wait()
    expect(group.answers).toEqual(['2'])
  })

  it('does not take its own machines for off when it cannot see them', () => {
    const group = three()
    const state = { name: 'c', uuid: uuids.b.replace('2', '4'), state: 1 }
    group.step(3, { kind: 'local', hosts: [state], isWhole: true, request: undefined })
    group.settle()
    group.hosts.delete(3)
    expect(group.ask(1, 'off', 'c')).toBe('0')
    expect(group.acted).toEqual(['3 off c'])
    expect([group.ask(1, 'off', 'unknown'), group.ask(1, 'status', 'unknown')]).toEqual(['1', '1'])
  })

  it('does not call a machine off that is asked for by its other name', () => {
    const group = three()
    expect([group.ask(2, 'off', uuids.a), group.ask(2, 'status', uuids.a)]).toEqual(['1', '0'])
    expect(group.acted).toEqual([])
  })

  it('means the one that runs where several have the name', () => {
    const group = three()
    group.hosts.set(3, [{ name: 'b', uuid: uuids.b, state: 1 }])
    group.step(3, { kind: 'local', hosts: group.hosts.get(3) ?? [], isWhole: true, request: undefined })
    group.settle()
    group.ask(1, 'off', 'b')
    expect(group.acted).toEqual(['3 off b'])
  })

  it('asks again when a node goes away in the middle', () => {
    const group = three()
    group.step(2, { kind: 'ask', id: 9, operation: 'off', target: 'a' })
    group.leave(1)
    group.settle()
    expect(group.answers).toContain('0')
  })
})
