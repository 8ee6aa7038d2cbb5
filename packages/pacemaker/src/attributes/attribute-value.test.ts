import { expect, it } from 'vitest'
import { expandedValue } from './attribute-value.ts'

/** Every line as the real attribute manager of Pacemaker 2.1.5 answered it. */
it.each([
  ['5', '3', '5'],
  ['value++', undefined, '1'],
  ['value++', '5', '6'],
  ['VALUE++', '5', '6'],
  ['value++x', 'word', '1'],
  ['value+=5', '2', '7'],
  ['value+=2x', '4', '6'],
  ['value+=', '3', '3'],
  ['value+=junk', '3', '3'],
  ['value+=-3', 'word', '-3'],
  ['value++', 'red', '1'],
  ['value+=INFINITY', '1', '1000000'],
  ['value++', '999999', '1000000'],
  ['value++', 'INFINITY', '1000000'],
  ['value++', '9999999999', '1000000'],
  ['value+=-INFINITY', '1', '-999999'],
  ['value+=-INFINITY', '-1000005', '-2000000'],
  ['value++', '-INFINITY', '-999999'],
  ['value--', '5', 'value--'],
  ['xvalue++', '5', 'xvalue++'],
  [' value++', '5', ' value++'],
  ['value ++', '5', 'value ++'],
  ['a++', '5', 'a++'],
])('%s of %s is %s', (value, known, result) => expect(expandedValue(value, known)).toBe(result))
