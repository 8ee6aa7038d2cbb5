import { expect, test } from 'vitest'
import { logLines } from './log-lines.ts'

test('a limit that cuts what was asked for is told without -V, other errors are not', () => {
  const fault = { kind: 'error', source: 'clone_unpack', text: 'something is wrong' } as const
  const limit = { kind: 'error', source: 'clone_unpack', text: 'more is not supported', isAlwaysTold: true } as const
  expect(logLines([fault, limit], 0)).toBe('(clone_unpack) \terror: more is not supported\n')
  expect(logLines([fault, limit], 1)).toContain('something is wrong')
})

test('what is critical is told with one -V', () => {
  const crit = { kind: 'crit', source: 'pcmk__create_graph', text: 'Cannot fence n1' } as const
  expect(logLines([crit], 0)).toBe('')
  expect(logLines([crit], 1)).toBe('(pcmk__create_graph) \tcrit: Cannot fence n1\n')
})
