import { expect, test } from 'vitest'
import { md5Hex } from './md5.ts'
import { encodeText } from './text.ts'

test.each([
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['abc', '900150983cd24fb0d6963f7d28e17f72'],
  [
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
    '57edf4a22be3c955ac49da2e2107b67a',
  ],
  [' <parameters/>\n', 'f2317cad3d54cec5d7d7aa7d0bf35cf8'],
  ['a'.repeat(55), 'ef1772b6dff9a122358552954ad0df65'],
  ['a'.repeat(64), '014842d480b571495a4a0363793f7367'],
  ['a'.repeat(56), '3b0c8ac703f828b04c6c197006d17218'],
])('the digest of %j', (text, digest) => {
  expect(md5Hex(encodeText(text))).toBe(digest)
})
