import { expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { iso8601 } from './main.ts'

test.each([
  ['-d -1-11-30 -W', 'Date: 4294967295-W48-3 00:00:00Z'],
  ['-d -3-002 -W', 'Date: 4294967293-W01-4294967293 00:00:00Z'],
  ['-d 0000-296 -W', 'Date: 0-W43-1 00:00:00Z'],
  ['-d 1582--5T24:00Z', 'Date: 1581-12-27 00:00:00Z'],
  ['-d 2024-01-00T24:00Z', 'Date: 2024-01-01 00:00:00Z'],
  ['-d 2024--3-0T24:00Z', 'Date: 2025-01-01 00:00:00Z'],
  ['-d 2024--3--7', 'Date: 2024-12-24 00:00:00Z'],
  ['-d 1582-2147483648T24:00Z', 'Date: 4289089267-06-23 00:00:00Z'],
  ['-d 2086-W2147483648-2', 'Date: 5881696-07-05 00:00:00Z'],
  ['-p 2044-03-16/P2147483647D', 'Period: 2044-03-16 00:00:00Z to 4289089729-09-04 00:00:00Z'],
  ['-p 2040-366/P23Y -O', 'Period: 2040-366 00:00:00Z to 2063-365 00:00:00Z'],
  ['-p 2040-366/P23Y1D -O', 'Period: 2040-366 00:00:00Z to 2064-001 00:00:00Z'],
  ['-p P23Y/2040-366 -O', 'Period: 2018-001 00:00:00Z to 2040-366 00:00:00Z'],
  ['-d -1-W48-2 --epoch', 'Date: -62106912000'],
  ['-d -4664-W21-2', 'Date: 4294962632-05-21 00:00:00Z'],
  ['-d 2020-W53-7', 'Date: 2021-01-03 00:00:00Z'],
  ['-d 2021-01-03 -W', 'Date: 2020-W53-7 00:00:00Z'],
  ['-d 2024-12-30 -W', 'Date: 2025-W01-1 00:00:00Z'],
])('iso8601 %s', async (line, expected) => {
  expect(await tryTool(iso8601, line.split(' '), { nowMs: 0 })).toEqual({ code: 0, out: `${expected}\n`, err: '' })
})

test.each([
  ['2024-01-00T00:00Z', "(parse_date) \terror: '2024-01-00T00:00Z' is not a valid ISO 8601 date/time specification\n"],
  [
    '2024-000T55+',
    '(crm_time_parse_sec) \terror: 55+ is not a valid ISO 8601 time specification because 55 is not a valid hour\n',
  ],
])('of a day before its year, as in %s, the time is read first', async (text, why) => {
  const err = `${why}iso8601: Invalid date/time specified: ${text}\n`
  expect(await tryTool(iso8601, ['-V', '-d', text], { nowMs: 0 })).toEqual({ code: 2, out: '', err })
})
