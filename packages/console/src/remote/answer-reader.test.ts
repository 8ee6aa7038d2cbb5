import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AnswerReader, greeting, type HelperAnswer } from './answer-reader.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const plain = (answers: readonly HelperAnswer[] | string) =>
  typeof answers === 'string' ? answers : answers.map(({ id, rc, body }) => [id, rc, new TextDecoder().decode(body)])

function greeted(max = 1000): AnswerReader {
  const reader = new AnswerReader(max)
  reader.read(bytes(`${greeting}\n`))
  return reader
}

test('what a login says before the greeting is no answer', () => {
  const reader = new AnswerReader(1000)
  expect(reader.read(bytes('Welcome to n1!\n1 0 3\nabc\n'))).toEqual([])
  expect(reader.isGreeted).toBe(false)
  expect(plain(reader.read(bytes(`${greeting}\r\n0 0 2\nab\n`)))).toEqual([[0, 0, 'ab']])
})

test('bytes are counted, whatever they say', () => {
  expect(plain(greeted().read(bytes('7 103 11\nä\n8 0 1\nb\n\n')))).toEqual([[7, 103, 'ä\n8 0 1\nb\n']])
})

test.each([
  ['an answer with more than it says', '1 0 2\nabc\n', 'answer 1 is longer than it says'],
  ['no answer', 'sh: 1: syntax error\n', "an answer is expected, not 'sh: 1: syntax error'"],
  ['one beyond the limit', '1 0 1001\n', 'an answer of 1001 bytes, where 1000 are the limit'],
  ['a line without an end', 'x'.repeat(65_537), '65537 bytes without the end of a line'],
])('%s is told', (_, text, said) => {
  expect(greeted().read(bytes(text))).toBe(said)
})

test('an answer of the limit is taken', () => {
  expect(plain(greeted().read(bytes(`1 0 1000\n${'x'.repeat(1000)}\n`)))).toEqual([[1, 0, 'x'.repeat(1000)]])
})

test('however the bytes are cut, the answers are the same', () => {
  const answer = fc.record({ id: fc.nat(1000), rc: fc.nat(255), body: fc.string({ unit: 'grapheme', maxLength: 60 }) })
  fc.assert(
    fc.property(
      fc.array(answer, { maxLength: 6 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      (answers, cuts) => {
        const whole = bytes(answers.map(({ id, rc, body }) => `${id} ${rc} ${bytes(body).length}\n${body}\n`).join(''))
        const reader = greeted()
        const read: unknown[] = []
        for (let at = 0; at < whole.length; ) {
          const end = at + (cuts.next().value as number)
          read.push(...(plain(reader.read(whole.slice(at, end))) as unknown[]))
          at = end
        }
        expect(read).toEqual(answers.map(({ id, rc, body }) => [id, rc, body]))
      },
    ),
  )
})

test('whatever comes, nothing is thrown', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }), (chunks) => {
      const reader = greeted()
      for (const chunk of chunks) if (typeof reader.read(chunk) === 'string') return
    }),
  )
})
