import type { Chance } from '../conformance/random/chance.ts'

/** An option as a generator knows it. */
export type KnownOption = {
  readonly short?: string
  readonly long: string
  /** Whether the short form and its argument cannot be one word: so it is with the real `crm_resource -r`, by mistake. */
  readonly standsApart?: boolean
  /** An argument for it; left out where it takes none. */
  readonly argument?: (chance: Chance) => string
}

/** Words that are an option of nobody, or no option at all. */
const strayWords = ['--bogus', '-y', '--', '-', '', 'word', '-?', '--help-nothing', '--bogus=1', '-=', '--=']

/** An option with its argument in one of the ways in which it can be written. */
export function written(chance: Chance, option: KnownOption): readonly string[] {
  const value = option.argument?.(chance)
  const usesShort = option.short !== undefined && chance.yes(50)
  if (value === undefined) return [usesShort ? `-${option.short}` : `--${option.long}`]
  if (usesShort)
    return chance.yes(20) && option.standsApart !== true ? [`-${option.short}${value}`] : [`-${option.short}`, value]
  return chance.yes(50) ? [`--${option.long}=${value}`] : [`--${option.long}`, value]
}

/**
 * A command line of some options. One in eight is spoilt: a word goes, comes twice, changes its place, is cut, or one that
 * nobody knows is put in.
 *
 * @param help names of the tool's `--help-NAME`
 */
export function commandLine(
  chance: Chance,
  options: readonly KnownOption[],
  help: readonly string[] = [],
): readonly string[] {
  const words = options.flatMap((option) => written(chance, option))
  if (chance.yes(12)) words.push(...Array.from({ length: chance.pick([1, 1, 2, 4, 5]) }, () => '-V'))
  if (chance.yes(2)) words.push(chance.pick(['--help', '-h', '--help-all', '--version', '-$', ...help]))
  if (!chance.yes(12)) return words
  const at = chance.int(0, words.length)
  switch (chance.pick(['drop', 'double', 'stray', 'stray', 'cut', 'swap', 'valued'])) {
    case 'drop':
      return words.toSpliced(at, 1)
    case 'double':
      return words.toSpliced(at, 0, ...words.slice(at, at + 1))
    case 'cut':
      return words.map((word, i) => (i === at ? word.slice(0, -1) : word))
    case 'swap':
      return [...words.slice(at), ...words.slice(0, at)]
    case 'valued':
      return words.map((word) => (word.startsWith('--') && !word.includes('=') && chance.yes(50) ? `${word}=1` : word))
    default:
      return words.toSpliced(at, 0, chance.pick(strayWords))
  }
}

/** So many of a list, in an order of their own. */
export function some<T>(chance: Chance, list: readonly T[], percent: number): readonly T[] {
  return list.filter(() => chance.yes(percent))
}
