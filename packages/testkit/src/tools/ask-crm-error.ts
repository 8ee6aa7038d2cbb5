import type { Chance } from '../conformance/random/chance.ts'
import { commandLine, type KnownOption, some } from './line.ts'
import { outputOptions } from './output-option.ts'
import type { Asked } from './tool-case.ts'

const kinds: readonly KnownOption[] = [
  { short: 'n', long: 'name' },
  { short: 'X', long: 'exit' },
  { short: 'r', long: 'rc' },
]
const list: KnownOption = { short: 'l', long: 'list' }

function code(chance: Chance): string {
  if (chance.yes(15)) return chance.pick(['', 'x', '1x', '0x10', '+5', ' 7', '-', '007', '1.5', '2147483648', '1e3'])
  const size = chance.pick([chance.int(0, 300), chance.int(1000, 1060), chance.int(0, 140), chance.int(0, 99_999)])
  return String(chance.yes(40) ? -size : size)
}

/** A command line of crm_error: codes of one kind or another, or the list of them. */
export function askCrmError(chance: Chance): Asked {
  const options = [...some(chance, kinds, 35), ...some(chance, [list], 8), ...outputOptions(chance)]
  const codes = Array.from({ length: chance.pick([0, 1, 1, 1, 2, 3]) }, () => code(chance))
  const line = commandLine(chance, options, ['--help-output'])
  return { argv: [...line, ...(chance.yes(70) ? ['--'] : []), ...codes] }
}
