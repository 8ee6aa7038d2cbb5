import type { CmapValue } from '@quorate/corosync/client'
import { expect, test } from 'vitest'
import { keyLine, parseValue } from './value-text.ts'

test.each([
  ['u8', '255', { type: 'u8', value: 255n }],
  ['u8', '256', '256 is not valid u8 integer'],
  ['i8', '-128', { type: 'i8', value: -128n }],
  ['i8', '-129', '-129 is not valid i8 integer'],
  ['u32', '0x10', { type: 'u32', value: 16n }],
  ['u32', '010', { type: 'u32', value: 8n }],
  ['u32', '08', '08 is not valid u32 type value'],
  ['u32', 'abc', 'abc is not valid u32 type value'],
  ['u32', '', ' is not valid u32 type value'],
  ['u64', '18446744073709551616', { type: 'u64', value: 18446744073709551615n }],
  ['i64', '9223372036854775808', { type: 'i64', value: 9223372036854775807n }],
  ['i64', '-1', { type: 'i64', value: -1n }],
  ['flt', '1e3', { type: 'float', value: 1000 }],
  ['dbl', 'nan', { type: 'double', value: Number.NaN }],
  ['dbl', 'zz', 'zz is not valid dbl type value'],
  ['str', '', { type: 'string', value: '' }],
  ['zzz', '1', 'Unknown type zzz'],
])('%s %s', (type, text, value) => {
  const parsed = parseValue(type, text)
  expect(
    typeof parsed === 'object' && parsed.type === 'i64'
      ? { ...parsed, value: BigInt.asIntN(64, parsed.value as bigint) }
      : parsed,
  ).toEqual(value)
})

const shown: readonly (readonly [CmapValue, boolean, string])[] = [
  [{ type: 'string', value: 'udpu' }, false, 'a.b (str) = udpu\n'],
  [{ type: 'string', value: '' }, false, 'a.b (str) = \n'],
  [{ type: 'i32', value: -5 }, false, 'a.b (i32) = -5\n'],
  [{ type: 'u64', value: 18446744073709551615n }, false, 'a.b (u64) = 18446744073709551615\n'],
  [{ type: 'float', value: 1.5 }, false, 'a.b (flt) = 1.500000\n'],
  [{ type: 'double', value: Number.NaN }, false, 'a.b (dbl) = nan\n'],
  [{ type: 'binary', value: Uint8Array.of(0x61, 0x5c, 0, 0x7f, 0xe9) }, false, 'a.b (bin)\n'],
  [
    { type: 'binary', value: Uint8Array.of(0x61, 0x5c, 0, 0x7f, 0xe9) },
    true,
    'a.b (bin) = a\\\\\\x00\\x7F\\xFFFFFFE9\n',
  ],
]
test.each(shown)('%o', (value, showsBinary, line) => {
  expect(keyLine('a.b', value, showsBinary)).toBe(line)
})
