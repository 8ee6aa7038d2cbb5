import type { Chance } from '../conformance/random/chance.ts'
import { durationText, momentText, periodText } from './date-text.ts'
import { commandLine, type KnownOption, some } from './line.ts'
import type { Asked } from './tool-case.ts'

const date: KnownOption = { short: 'd', long: 'date', argument: momentText }
const period: KnownOption = { short: 'p', long: 'period', argument: periodText }
const duration: KnownOption = { short: 'D', long: 'duration', argument: durationText }
const rare: readonly KnownOption[] = [
  { short: 'n', long: 'now' },
  { short: 'E', long: 'expected', argument: (chance) => chance.pick(['', 'x', '2024-01-01 00:00:00Z']) },
]
const modifiers: readonly KnownOption[] = [
  { short: 's', long: 'seconds' },
  { short: 'S', long: 'epoch' },
  { short: 'L', long: 'local' },
  { short: 'O', long: 'ordinal' },
  { short: 'W', long: 'week' },
]

/** A command line of iso8601: what to read, and how to show it. */
export function askIso8601(chance: Chance): Asked {
  const commands = chance.pick([[date], [date], [date], [duration], [period], [date, duration], [date, period], []])
  const options = [...commands, ...some(chance, rare, 4), ...some(chance, modifiers, 20)]
  return { argv: commandLine(chance, options, ['--help-commands', '--help-modifiers']) }
}
