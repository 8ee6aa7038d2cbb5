import { expect, test } from 'vitest'
import { targetsOf } from './targets.ts'

test.each([
  ['', []],
  ['node1,\\nnode2,\\n', ['node1', 'node2']],
  ['a,u1,on\nb,u2,OFF', ['a', 'u1', 'b', 'u2']],
  ['a b;c\td', ['a', 'b', 'c', 'd']],
  ['vm-1.x_y,u@v a:1 b=2', ['vm-1.x_y', 'u', 'a', 'b']],
  ['(a) [b]', []],
  ['x invalid', []],
  ['invalid option\\nok', ['ok']],
])('of %j', (output, targets) => {
  expect(targetsOf(output)).toEqual(targets)
})
