import { describe, expect, test } from 'vitest'
import { RingBarrier } from './ring-barrier.ts'

function barrier() {
  const ran: string[] = []
  const made = new RingBarrier()
  return { ran, made, pass: (name: string, isOfRing = false) => made.pass(() => ran.push(name), isOfRing) }
}

describe('events of a group and the quorum service', () => {
  test('what no ring has caused runs at once', () => {
    const { ran, made, pass } = barrier()
    pass('message')
    made.ring(8n, 4n)
    pass('join')
    expect(ran).toEqual(['message', 'join'])
    expect(made.isHolding).toBe(false)
  })

  test('a loss, and all that follows it, waits for the quorum service to tell of its ring', () => {
    const { ran, made, pass } = barrier()
    pass('before')
    pass('loss', true)
    pass('message')
    // A view of an older ring says nothing of this loss.
    made.reached(4n)
    made.ring(8n, 4n)
    pass('later')
    expect(ran).toEqual(['before'])
    expect(made.isHolding).toBe(true)
    made.reached(8n)
    expect(ran).toEqual(['before', 'loss', 'message', 'later'])
    pass('after')
    expect(ran.at(-1)).toBe('after')
  })

  test('nothing waits where the quorum service was faster', () => {
    const { ran, made, pass } = barrier()
    pass('loss', true)
    made.ring(8n, 8n)
    expect(ran).toEqual(['loss'])
  })

  test('of two losses the later one counts', () => {
    const { ran, made, pass } = barrier()
    pass('first', true)
    made.ring(8n, 4n)
    pass('second', true)
    made.reached(8n)
    expect(ran).toEqual([])
    made.ring(12n, 8n)
    made.reached(12n)
    expect(ran).toEqual(['first', 'second'])
  })
})
