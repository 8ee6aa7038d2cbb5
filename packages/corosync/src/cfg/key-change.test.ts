import { type NodeId, nodeId } from '@quorate/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeyChange, type KeyEffect, keyPhases } from './key-change.ts'

const ids = (...numbers: readonly number[]): readonly NodeId[] => numbers.map(nodeId)

/** Nodes that hear the same messages in the same order, each at its own time. */
class Ring {
  readonly #nodes = new Map<NodeId, { readonly change: KeyChange; keys: string[]; next: number }>()
  readonly #order: { readonly from: NodeId; readonly phase: number | 'reload' }[] = []
  readonly told: string[] = []

  constructor(...members: readonly number[]) {
    for (const id of ids(...members)) this.#nodes.set(id, { change: new KeyChange(), keys: ['old'], next: 0 })
    this.members(...members)
  }

  members(...members: readonly number[]): void {
    for (const [id, { change }] of this.#nodes) {
      if (!members.includes(id)) this.#nodes.delete(id)
      else this.#perform(id, change.ring(ids(...members)))
    }
  }

  /** All reload; those of `having` find a new key. */
  reload(...having: readonly number[]): void {
    this.#order.push({ from: nodeId(1), phase: 'reload' })
    this.#having = having
  }

  #having: readonly number[] = []

  /** What a C node, or one that is not there, says. */
  says(from: number, phase: number): void {
    this.#order.push({ from: nodeId(from), phase })
  }

  /** The node hears the next message; false where there is none. */
  hear(id: number): boolean {
    const node = this.#nodes.get(nodeId(id))
    const message = node && this.#order[node.next]
    if (node === undefined || message === undefined) return false
    node.next += 1
    if (message.phase !== 'reload') this.#perform(nodeId(id), node.change.said(message.from, message.phase))
    else {
      this.#perform(nodeId(id), node.change.reload())
      if (this.#having.includes(id) && !node.keys.includes('new')) {
        node.keys = [...node.keys, 'new']
        this.#perform(nodeId(id), node.change.load())
      }
    }
    return true
  }

  all(): void {
    let isMore = true
    while (isMore) isMore = [...this.#nodes.keys()].map((id) => this.hear(id)).includes(true)
  }

  late(id: number): void {
    this.#perform(nodeId(id), this.#nodes.get(nodeId(id))?.change.late() ?? [])
  }

  /** The first key is the one that a node seals with; it opens with all of them. */
  keys(id: number): string {
    return this.#nodes.get(nodeId(id))?.keys.join(' ') ?? 'gone'
  }

  /** Pairs of nodes of which one does not open what the other seals. */
  get deaf(): readonly string[] {
    const all = [...this.#nodes]
    return all.flatMap(([id, node]) =>
      all.filter(([, other]) => !other.keys.includes(node.keys[0] as string)).map(([other]) => `${other} to ${id}`),
    )
  }

  #perform(id: NodeId, effects: readonly KeyEffect[]): void {
    const node = this.#nodes.get(id)
    for (const effect of effects) {
      if (effect.do === 'say') this.#order.push({ from: id, phase: effect.phase })
      else if (effect.do === 'wait') this.told.push(`${id} waits for ${effect.for.join(' ')}`)
      else if (node !== undefined) node.keys = effect.do === 'switch' ? ['new', 'old'] : [node.keys[0] as string]
    }
  }
}

test('all nodes find a new key: nobody is deaf to anybody at any time, and the old key is gone in the end', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 60 }), (turns) => {
      const ring = new Ring(1, 2, 3)
      ring.reload(1, 2, 3)
      for (const id of turns) {
        ring.hear(id)
        expect(ring.deaf).toEqual([])
      }
      ring.all()
      expect([1, 2, 3].map((id) => ring.keys(id))).toEqual(['new', 'new', 'new'])
    }),
  )
})

test('a node without the new key is waited for and named, and the next reload goes on', () => {
  const ring = new Ring(1, 2, 3)
  ring.reload(1, 2)
  ring.all()
  expect([1, 2, 3].map((id) => ring.keys(id))).toEqual(['old new', 'old new', 'old'])
  ring.late(1)
  expect(ring.told).toEqual(['1 waits for 3'])
  ring.reload(3)
  ring.all()
  expect([1, 2, 3].map((id) => ring.keys(id))).toEqual(['new', 'new', 'new'])
  ring.late(1)
  expect(ring.told).toHaveLength(1)
})

test('a node without the new key that goes is not waited for any more', () => {
  const ring = new Ring(1, 2, 3)
  ring.reload(1, 2)
  ring.all()
  ring.members(1, 2)
  ring.all()
  expect([ring.keys(1), ring.keys(2)]).toEqual(['new', 'new'])
})

test('a C node that drops the old key is followed at once, whoever is missing', () => {
  const ring = new Ring(1, 2, 9)
  ring.reload(1)
  ring.says(9, keyPhases.loaded)
  ring.says(9, keyPhases.dropped)
  ring.all()
  // Node 2 has not found it, and cannot be helped: what it says is still understood.
  expect([ring.keys(1), ring.keys(2)]).toEqual(['new old', 'old'])
  ring.members(1, 9)
  expect(ring.keys(1)).toBe('new')
})

test('who comes after the switch has come with the new key', () => {
  const ring = new Ring(1, 2)
  ring.reload(1, 2)
  // Both have heard the same before another ring forms.
  for (const id of [1, 2, 1, 1, 2, 2]) ring.hear(id)
  expect([ring.keys(1), ring.keys(2)]).toEqual(['new old', 'new old'])
  ring.members(1, 2, 3)
  ring.all()
  expect([ring.keys(1), ring.keys(2)]).toEqual(['new', 'new'])
})
