import type { Chance } from '../conformance/random/chance.ts'
import type { KnownOption } from './line.ts'

/** File that output goes to where it is not printed, in the folder in which the tool runs. */
export const outputFile = 'out'

/** How to print: mostly as text without being asked. */
export function outputOptions(chance: Chance): readonly KnownOption[] {
  const found: KnownOption[] = []
  if (chance.yes(45)) {
    const format = chance.pick(['xml', 'xml', 'xml', 'xml', 'json', 'text', 'none', 'bogus', ''])
    found.push({ long: 'output-as', argument: () => format })
  }
  if (chance.yes(4)) {
    const file = chance.pick([outputFile, outputFile, '-', 'no/such/folder/out', ''])
    found.push({ long: 'output-to', argument: () => file })
  }
  if (chance.yes(6)) found.push({ long: 'text-fancy' })
  return found
}
