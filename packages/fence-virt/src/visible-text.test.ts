import { expect, it } from 'vitest'
import { StreamJournal } from './daemon/journal.ts'
import { visibleText } from './visible-text.ts'

it('leaves nothing in a text that would end its line or move a cursor', () => {
  expect(visibleText('a\nb\tc\u001b[1m\u0085\u007f ünï')).toBe('a\\nb\\tc\\u001b[1m\\u0085\\u007f ünï')
})

it('a machine cannot write a line of its own into the journal by its name', () => {
  const lines: string[] = []
  const journal = new StreamJournal((line) => lines.push(line), 1)
  journal.info("off of 'x\nerror: y'")
  journal.error('a\rb')
  journal.debug(1, 'a\u001bc')
  expect(lines).toEqual(["off of 'x\\nerror: y'", 'error: a\\rb', 'debug: a\\u001bc'])
})
