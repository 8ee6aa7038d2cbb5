import { DecodeError } from '@quorate/base'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readCcmEvent } from './ccm-event.ts'

const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)

it('reads a membership as ccm sends it', () => {
  expect(readCcmEvent(words(2, 3, 7, 1, 0, 3, 1, 2, 2, 1))).toEqual({
    kind: 'membership',
    instance: 7,
    isQuorate: true,
    members: [
      { index: 0, born: 3 },
      { index: 1, born: 2 },
      { index: 2, born: 1 },
    ],
  })
  expect(readCcmEvent(words(3))).toEqual({ kind: 'other', type: 3 })
})

it('reads names of nodes', () => {
  const body = new Uint8Array(12 + 2 * 260)
  body.set(words(4, 2, 0))
  body.set(words(0), 12)
  body.set(Buffer.from('node1'), 16)
  body.set(words(5), 272)
  body.set(Buffer.from('node2'), 276)
  expect(readCcmEvent(body)).toEqual({
    kind: 'nodes',
    names: new Map([
      [0, 'node1'],
      [5, 'node2'],
    ]),
  })
})

it('refuses what is cut or too much, and no more', () => {
  expect(() => readCcmEvent(words(2, 101, 1, 1))).toThrow(/at most 100 nodes/)
  expect(() => readCcmEvent(words(2, 2, 1, 1, 0, 1))).toThrow(DecodeError)
  expect(() => readCcmEvent(words(4, 1, 0))).toThrow(DecodeError)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (body) => {
      try {
        readCcmEvent(body)
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }),
  )
})
