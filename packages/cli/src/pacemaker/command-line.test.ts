import { describe, expect, test } from 'vitest'
import { helpText, type Option, parseLine } from './command-line.ts'

const table: readonly Option[] = [
  { short: 'a', long: 'all', help: 'Everything' },
  { short: 'n', long: 'name', argument: 'NAME', help: 'A name' },
  { short: 'l', long: 'level', argument: 'N', isArgumentOptional: true, help: 'A level', group: 'More' },
  { short: 'e', long: 'end', endsCluster: true, help: 'An end' },
  { short: 'h', long: 'help', help: 'This' },
  { short: '', long: 'node', argument: 'NODE', help: '' },
  { short: '', long: '', argument: 'WORD', help: '' },
  { short: 'p', long: 'pair', argument: 'NAME=VALUE', isPair: true, help: '' },
  { short: 'c', long: 'count', argument: 'N', isInteger: true, help: '' },
]

function read(argv: readonly string[], dialect: 'getopt' | 'groups' = 'groups'): string {
  const line = parseLine(argv, table, dialect)
  if (!line.ok) return line.message
  const options = line.options.map(({ long, value }) => (value === undefined ? long : `${long}=${value}`))
  return [...options, ...line.operands.map((word) => `<${word}>`)].join(' ')
}

describe('parseLine', () => {
  test.each([
    [['-a', '-n', 'x'], 'all name=x'],
    [['-anx'], 'all name=x'],
    [['--name=x=y', 'z'], 'name=x=y <z>'],
    [['--name', 'x'], 'name=x'],
    [['-l', '-a'], 'level all'],
    [['-l', '2'], 'level=2'],
    [['-l2'], 'level=2'],
    [['--', '-a'], '<-a>'],
    [['-'], '<->'],
    [['--nope'], 'Unknown option --nope'],
    [['--nope=1'], 'Unknown option --nope=1'],
    [['-x'], 'Unknown option -x'],
    [['-n'], 'Missing argument for -n'],
    [['--na', 'x'], 'Unknown option --na'],
    [['-c', '-0x1F'], 'count=-0x1F'],
    [['-c', '08'], 'Cannot parse integer value “08” for -c'],
    [['--count=3 '], 'Cannot parse integer value “3 ” for --count'],
    [['--=x', 'y', '-a', '--='], 'all <x> <y> <>'],
    [['--pair=a=b=c', '-p', 'x=y'], 'pair=a=b=c pair=x=y'],
    [['--pair', 'a='], 'Error parsing option --pair'],
    [['-p=b'], 'Error parsing option -p'],
    [['-e', '-na', 'x'], 'end name=x all'],
    [['-e', '-nx'], 'Missing argument for -n'],
    [['-e', '-nac', '1'], 'Error parsing option -c'],
    [['-e', '-n5', '1'], 'Unknown option -n5'],
    [['-aa-', '-x'], 'all all <-x>'],
    [['-an', '--', '-a'], 'all name=-- all'],
    [['--name', '-aax'], 'Unknown option -x'],
    [['--name', '-a'], 'name=-a'],
    [['-56'], 'Unknown option -56'],
    [['-05'], 'Unknown option -0'],
    [['--name', '-56', '-a'], 'name=-56 all'],
    [['-ea'], 'end <a>'],
    [['-a', '--help', '--nope'], 'all help'],
    [['-a?'], 'all help'],
    [['--help-more', '--nope'], 'help=more'],
    [['--help-nothing'], 'Unknown option --help-nothing'],
    [['--nope', '--help'], 'Unknown option --nope'],
    [['-c-2147483648'], 'count=-2147483648'],
    [['-c2147483648'], 'Integer value “2147483648” for -c out of range'],
  ])('%j is %s', (argv, expected) => {
    expect(read(argv)).toBe(expected)
  })

  test.each([
    [['--al'], 'all'],
    [['--n', 'x'], "option '--n' is ambiguous; possibilities: '--name' '--node'"],
    [['--nope'], "unrecognized option '--nope'"],
    [['-n'], "option requires an argument -- 'n'"],
    [['-l', '2'], 'level <2>'],
  ])('the older dialect takes %j as %s', (argv, expected) => {
    expect(read(argv, 'getopt')).toBe(expected)
  })
})

test('helpText groups options and leaves out those without a text', () => {
  const text = helpText('tool [OPTIONS]', 'Does it.', table)
  expect(text).toContain('Options:\n  -a, --all ')
  expect(text).toContain('More:\n  -l, --level[=N] ')
  expect(text).not.toContain('--node')
})
