import { expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmError } from './main.ts'

const least = '-2147483648'

test.each([
  ['-X -- 300', 'Unknown exit status'],
  ['-X -- 130', 'Interrupted by signal'],
  ['-X -- 190', 'Service is active but might fail soon'],
  ['-X -- 255', 'Error occurred'],
  ['-X -- x', 'Unknown exit status'],
  ['-X -r -- 20', 'Not a directory'],
  ['-r -X -- 20', 'Unknown exit status'],
  ['-r -n -- -1', 'Unknown - Error'],
  ['-r -n -- 133', 'Unknown - Memory page has hardware error'],
  ['-n -- -211', 'Unknown - Schema is already the latest available'],
  ['-n -- 1001', 'Unknown - Unknown error 1001'],
  ['-n -- 1x', 'EPERM - Operation not permitted'],
  ['-- x', 'Error'],
  ['-- 2147483648', 'Unknown error 2147483647'],
  [`-- ${least}`, 'Error'],
  ['-V -- 14', '   14: Bad address'],
  ['-V -- 13744', ' 13744: Unknown error 13744'],
  ['-V -- -13744', '-13744: Unknown error 13744'],
  ['-V -n -- 5', '    5: EIO                         Input/output error'],
])('crm_error %s', async (line, expected) => {
  expect(await tryTool(crmError, line.split(' '))).toEqual({ code: 0, out: `${expected}\n`, err: '' })
})

test.each([
  ['', [`Could not parse integer from '' (using ${least} instead): No digits found`]],
  [
    '-',
    [
      `Could not parse integer from '-' (using ${least} instead): No digits found`,
      "Characters left over after parsing '-': '-'",
    ],
  ],
  ['1e3', ["Characters left over after parsing '1e3': 'e3'"]],
  ['9223372036854775808', ["Integer parsed from '9223372036854775808' was clipped to 9223372036854775807"]],
])('what is odd about the code %j is told for -VV', async (text, expected) => {
  const { err } = await tryTool(crmError, ['-VV', '--', text])
  expect(err).toBe(expected.map((line) => `(scan_ll) \twarning: ${line}\n`).join(''))
})

test('a code of more than 32 bits is clipped', async () => {
  const { err } = await tryTool(crmError, ['-VV', '--', '2147483648', '-2147483649'])
  expect(err).toBe(
    "(pcmk__scan_min_int) \twarning: Clipped '2147483648' to maximum integer 2147483647\n" +
      "(pcmk__scan_min_int) \twarning: Clipped '-2147483649' to minimum acceptable value -2147483648\n",
  )
})
