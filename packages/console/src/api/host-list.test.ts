import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type HostSpec, hostSpec, hostText, parseHosts } from './host-list.ts'
import { limits } from './limits.ts'

test('users, ports, addresses, aliases; blanks, commas and line ends between them', () => {
  const { hosts, faults } = parseHosts(
    ' n1, ops@n2:2222\nn3.example.com\t[fe80::1]:2022 root@::1、dom.user@corp@n4,,n1 ',
  )
  expect(faults).toEqual([])
  expect(hosts).toEqual([
    { host: 'n1' },
    { host: 'n2', user: 'ops', port: 2222 },
    { host: 'n3.example.com' },
    { host: 'fe80::1', port: 2022 },
    { host: '::1', user: 'root' },
    { host: 'n4', user: 'dom.user@corp' },
  ])
})

test.each([
  ['-oProxyCommand=id', 'host'],
  ['root@-n1', 'host'],
  ['-l@n1', 'user'],
  ['a$b@n1', 'user'],
  ['@n1', 'user'],
  ['n1:0', 'port'],
  ['n1:65536', 'port'],
  ['n1:', 'port'],
  ['n1:22x', 'port'],
  ['[n1]:22', 'host'],
  ['[::1', 'host'],
  ['n1;id', 'host'],
  ['$(id)', 'host'],
  ['n1|id', 'host'],
  ['%h', 'host'],
  [`${'a'.repeat(limits.hostCharsMax + 1)}`, 'host'],
])('%s is told as a wrong %s', (text, reason) => {
  const { faults } = parseHosts(text)
  expect(faults).toEqual([{ text, reason }])
})

test('there is a limit to hosts', () => {
  const names = Array.from({ length: limits.hostsMax + 1 }, (_, index) => `n${index}`)
  expect(parseHosts(names.slice(1).join()).faults).toEqual([])
  expect(parseHosts(names.join()).faults).toEqual([{ text: `n${limits.hostsMax}`, reason: 'tooMany' }])
})

const letter = fc.constantFrom(...'abcXYZ019_')
const inner = fc.string({ unit: fc.constantFrom(...'abcXYZ019_.-'), maxLength: 20 })
const name = fc.tuple(letter, inner, letter).map((parts) => parts.join(''))
const v6 = fc.ipV6().filter((text) => !text.includes('.'))
const spec: fc.Arbitrary<HostSpec> = fc.record(
  {
    host: fc.oneof(name, v6),
    user: fc.tuple(letter, inner).map((parts) => parts.join('')),
    port: fc.integer({ min: 1, max: 65_535 }),
  },
  { requiredKeys: ['host'] },
)

test('what a host is written as is read as that host again, and is one of the contract', () => {
  fc.assert(
    fc.property(
      fc.array(spec, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(' ', ', ', '\n', '，'),
      (specs, gap) => {
        const { hosts, faults } = parseHosts(specs.map(hostText).join(gap))
        expect(faults).toEqual([])
        expect(hosts).toEqual([...new Map(specs.map((one) => [hostText(one), one])).values()])
        for (const host of hosts) expect(hostSpec.parse(host)).toEqual(host)
      },
    ),
  )
})

test('whatever is typed, no host begins with a dash or has a character that means something to a shell', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      for (const { host, user } of parseHosts(text).hosts) {
        expect(host).toMatch(/^[A-Za-z0-9_:][A-Za-z0-9._:-]*$/)
        expect(user ?? 'root').toMatch(/^[A-Za-z0-9_][A-Za-z0-9._@-]*\$?$/)
      }
    }),
  )
})
