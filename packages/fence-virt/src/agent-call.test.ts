import { expect, it } from 'vitest'
import { callOfArguments, callOfStdin } from './agent-call.ts'
import { dumpText } from './agent-dump.ts'

const isThere = () => undefined
const ofStdin = (text: string) => callOfStdin('fence_virt', `${text}\nplug=x\n`, isThere)

it('numbers are those of strtoul: octal, hexadecimal, blanks and a plus before them', () => {
  const timeouts = ['30', '0x10', '010', ' +5', '2147483647'].map((text) =>
    callOfArguments('fence_xvm', ['-t', text], isThere),
  )
  expect(timeouts.map(({ timeoutS }) => timeoutS)).toEqual([30, 16, 8, 5, 2_147_483_647])
  expect(callOfArguments('fence_xvm', ['-w', '-0', '-H', 'x'], isThere)).toMatchObject({ delayS: 0, mistakes: [] })
  for (const text of ['', '0', '-0', '08', '5s', '-5', '1.5', '2147483648']) {
    expect(callOfArguments('fence_xvm', ['-t', text, '-H', 'x'], isThere).mistakes).toEqual([
      `Invalid timeout: '${text}'`,
    ])
  }
})

it('a key alone on standard input counts as its letter where that takes no value, or need not', () => {
  expect(ofStdin('debug\ndebug\nuse_uuid\nvsock')).toMatchObject({ debugLevel: 2, isUuid: false, cid: 2 })
  expect(callOfStdin('fence_xvm', 'use_uuid\nplug=x', isThere).isUuid).toBe(true)
  expect(ofStdin('timeout\nplug').mistakes).toEqual([])
  expect(callOfStdin('fence_virt', 'plug=x\nport', isThere).mistakes).toEqual([
    'Domain/UUID may not be specified more than once',
  ])
})

it('what begins a value as a number is one for debug and use_uuid; only at the begin of a line # is a comment', () => {
  expect(ofStdin('debug=2x').debugLevel).toBe(2)
  expect(ofStdin('debug=2\ndebug=-1').debugLevel).toBe(1)
  expect(ofStdin('debug=2\ndebug=x').debugLevel).toBe(0)
  expect(ofStdin('debug=4294967298').debugLevel).toBe(2)
  expect(ofStdin('debug=99999999999999999999').debugLevel).toBe(1)
  expect(callOfStdin('fence_xvm', 'use_uuid=yes\nplug=x', isThere).isUuid).toBe(false)
  expect(ofStdin('#foo\n #Bar').remarks).toEqual(["Parse error: Ignoring unknown option '#Bar'"])
})

it('a carriage return ends a line, and each key file is looked for where it is named', () => {
  expect(ofStdin('\r\n \rfoo=1\nkey_file\r\naction=off\r')).toMatchObject({ action: 'off', remarks: [], mistakes: [] })
  const argv = ['-k', 'no', '-t', 'x', '-k', 'yes', '-H', 'x']
  const call = callOfArguments('fence_xvm', argv, (file) => (file === 'no' ? 'not there' : undefined))
  expect(call).toMatchObject({ keyFile: 'yes', mistakes: ['not there', "Invalid timeout: 'x'"] })
})

it('the dump counts a mistake, but not the lack of a domain, and announces much debugging', () => {
  const call = callOfArguments('fence_xvm', ['-ddd', '-u'], isThere)
  expect(dumpText('fence_xvm', call, 'ipv4', false)).toMatch(
    /^Debugging threshold is now 3\n-- args[\s\S]*args->flags = 16\n/,
  )
  expect(dumpText('fence_xvm', { ...call, debugLevel: 2 }, 'ipv4', true)).toMatch(/^-- args[\s\S]*args->flags = 20\n/)
})
