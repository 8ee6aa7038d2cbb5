import { formatXml } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { commandLine, type KnownOption, some } from './line.ts'
import { laterCib, smallCib } from './small-cib.ts'
import type { Asked } from './tool-case.ts'

const names = ['s1', 's1', 's1', 's2', 'nope', '']
const name = (chance: Chance) => chance.pick(names)

const queries: readonly KnownOption[] = [
  { short: 'w', long: 'which' },
  { short: 'p', long: 'display' },
  { short: 'd', long: 'diff' },
  { short: 'd', long: 'diff' },
  { short: 'F', long: 'file' },
]
const commands: readonly KnownOption[] = [
  { short: 'c', long: 'create', argument: name },
  { short: 'e', long: 'create-empty', argument: name },
  { short: 'C', long: 'commit', argument: name },
  { short: 'C', long: 'commit', argument: name },
  { short: 'D', long: 'delete', argument: name },
  { short: 'r', long: 'reset', argument: name },
  { short: 's', long: 'switch', argument: name },
]

/** A command line of crm_shadow, that starts no shell: with a shadow there or not, that is in use or not. */
export function askCrmShadow(chance: Chance): Asked {
  const cib = smallCib(chance)
  const validate: KnownOption = {
    short: 'v',
    long: 'validate-with',
    argument: () => chance.pick(['pacemaker-3.9', 'pacemaker-2.0', 'none', 'x', '']),
  }
  const options = [
    { short: 'b', long: 'batch' },
    ...(chance.yes(97) ? [chance.pick(chance.yes(45) ? queries : commands)] : []),
    ...some(chance, [{ short: 'f', long: 'force' }], 50),
    ...some(chance, [{ short: 'a', long: 'all' }, validate], 15),
  ]
  const argv = commandLine(chance, options)
  // Without it a shell would wait for what nobody types.
  const safe = argv.includes('-b') || argv.includes('--batch') ? argv : ['-b', ...argv]
  const files = chance.yes(75) ? { 'shadow.s1': formatXml(laterCib(chance, cib)) } : undefined
  const shadow = chance.maybe(25, ['s1', 's1', 's1', 's2'])
  return {
    argv: safe,
    cib,
    ...(files === undefined ? {} : { files }),
    ...(shadow === undefined ? {} : { env: { CIB_shadow: shadow } }),
  }
}
