import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventCharsMax, readStream, type StreamEvent, type StreamRest, streamStart } from './event-lines.ts'

function readAll(chunks: readonly string[]): readonly StreamEvent[] {
  let rest: StreamRest = streamStart
  return chunks.flatMap((chunk) => {
    const read = readStream(rest, chunk) ?? expect.fail('too long')
    rest = read.rest
    return read.events
  })
}

const stream = [
  ': sign of life\n',
  'id: s.1\nevent: snapshot\ndata: {"a":\ndata: 1}\n\n',
  'event: operation\r\ndata:x\r\n\r\n',
  'id: s.2\ndata\n\n',
  'event: nothing\n\n',
  'data: not yet',
].join('')

const events = [
  { name: 'snapshot', data: '{"a":\n1}', id: 's.1' },
  { name: 'operation', data: 'x', id: 's.1' },
  { name: 'message', data: '', id: 's.2' },
]

describe('a stream of events', () => {
  test('has the same events however it comes in pieces', () => {
    expect(readAll([stream])).toEqual(events)
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...[...cuts].sort((a, b) => a - b), stream.length]
        expect(readAll(at.slice(1).map((end, i) => stream.slice(at[i], end)))).toEqual(events)
      }),
    )
  })

  test('an event of more than the limit ends the reading', () => {
    const line = 'x'.repeat(eventCharsMax)
    expect(readStream(streamStart, line)).toBeDefined()
    expect(readStream(streamStart, `${line}x`)).toBeUndefined()
    const half = readStream(streamStart, `data:${line.slice(1)}\n`) ?? expect.fail('too long')
    expect(readStream(half.rest, 'x')).toBeDefined()
    expect(readStream(half.rest, 'xx')).toBeUndefined()
  })
})
