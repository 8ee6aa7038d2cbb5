import { expect, test } from 'vitest'
import { requestText, WordError } from './helper-request.ts'

test.each(['a\nb', 'a\rb', 'a\u0000', 'a\u007f', 'x'.repeat(1025)])('%j is no name', (resource) => {
  expect(() => requestText(1, { verb: 'cleanup', resource, node: undefined })).toThrow(WordError)
})

test('the length of a patch is that of its bytes', () => {
  expect(requestText(7, { verb: 'patch', xml: '<ä/>' })).toBe('7 patch 5\n<ä/>')
})
