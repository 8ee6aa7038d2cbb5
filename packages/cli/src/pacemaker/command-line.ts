/** One option of a tool. The table of a tool's options is its grammar and its help. */
export type Option = {
  /** Single character, or empty where the option has only a long name. */
  readonly short: string
  /** Empty: what `--=WORD` gives is a word like those without dashes. */
  readonly long: string
  /** Name of its argument; left out where it takes none. */
  readonly argument?: string
  /** Whether the argument has to be a whole number of 32 bits; of the newer tools only. */
  readonly isInteger?: boolean
  /** Whether the argument has to be NAME=VALUE, with something on both sides; of the newer tools only. */
  readonly isPair?: boolean
  /** What is wrong with an argument, in the tool's own words; of the newer tools only. */
  readonly fault?: (text: string) => string | undefined
  /** Whether the argument may be missing (then only `--long=ARG` and `-sARG` give one). */
  readonly isArgumentOptional?: boolean
  /** Whether letters behind its own are a word by themselves though it takes no argument; of the newer tools only. */
  readonly endsCluster?: boolean
  /** What it does. Empty: not shown in the help. */
  readonly help: string
  /** Heading under which the help shows it. */
  readonly group?: string
}

/** An option as found on the command line. */
export type Given = { readonly long: string; readonly value: string | undefined }

/** A command line in the order given, or what is wrong with it. */
export type ParsedLine =
  | { readonly ok: true; readonly options: readonly Given[]; readonly operands: readonly string[] }
  | { readonly ok: false; readonly message: string }

/** How a family of tools parses: the older one takes abbreviated long options, and words errors in its own way. */
export type Dialect = 'getopt' | 'groups'

type Found = { readonly option: Option; readonly inline: string | undefined } | { readonly message: string }

/**
 * Parses a command line by a table of options. Operands may stand anywhere; `--` ends the options. The newer tools do not
 * read on behind a call for help.
 */
export function parseLine(argv: readonly string[], table: readonly Option[], dialect: Dialect): ParsedLine {
  const options: Given[] = []
  const operands: string[] = []
  const rest = dialect === 'groups' ? [...spreadWords(argv, table)] : [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      operands.push(...rest)
      break
    }
    if (!word.startsWith('-') || word === '-') {
      operands.push(word)
      continue
    }
    const help = dialect === 'groups' ? helpAskedFor(word, table) : undefined
    if (help !== undefined) return { ok: true, options: [...options, help], operands }
    if (dialect === 'groups' && /^-[^-]./.test(word)) {
      const fault = readCluster(word, rest, table, options)
      if (fault !== undefined) return { ok: false, message: fault }
      continue
    }
    const found = word.startsWith('--') ? longOption(word, table, dialect) : shortOption(word, table, dialect)
    if ('message' in found) return { ok: false, message: found.message }
    const { option, inline } = found
    if (option.argument === undefined) {
      if (dialect === 'getopt' && inline !== undefined && word.startsWith('--')) {
        return { ok: false, message: `option '--${option.long}' doesn't allow an argument` }
      }
      options.push({ long: option.long, value: undefined })
      if (inline !== undefined && !word.startsWith('--')) rest.unshift(`-${inline}`)
      continue
    }
    const value = inline ?? (takesNext(option, rest[0], dialect) ? rest.shift() : undefined)
    if (value === undefined && option.isArgumentOptional !== true) {
      return { ok: false, message: missing(word, dialect) }
    }
    const fault = argumentFault(option, value ?? '')
    if (fault !== undefined) {
      const given = word.startsWith('--') ? `--${option.long}` : `-${option.short}`
      return { ok: false, message: fault(given) }
    }
    if (option.long === '') operands.push(value ?? '')
    else options.push({ long: option.long, value })
  }
  return { ok: true, options, operands }
}

/**
 * A line as the newer tools take it apart before they read it: each letter of a cluster is a word. Behind a letter that takes
 * an argument the rest of its word, else all of the next, is one as it stands; a dash among letters ends the options.
 * Negative numbers stay whole.
 */
function spreadWords(argv: readonly string[], table: readonly Option[]): readonly string[] {
  const words: string[] = []
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') return [...words, word, ...rest]
    if (!/^-[^-]/.test(word) || /^-[1-9]\d*$/.test(word)) {
      words.push(word)
      continue
    }
    const letters = [...word.slice(1)]
    for (let letter = letters.shift(); letter !== undefined; letter = letters.shift()) {
      words.push(`-${letter}`)
      const option = table.find((item) => item.short === letter)
      if (option?.argument === undefined && option?.endsCluster !== true) continue
      words.push(...(letters.length > 0 ? [letters.join('')] : rest.splice(0, 1)))
      break
    }
  }
  return words
}

/**
 * Reads letters that were not taken apart, as behind what ends a cluster: an argument is then the next word, and there is one
 * for one of them only. Answers what is wrong with them.
 */
function readCluster(word: string, rest: string[], table: readonly Option[], options: Given[]): string | undefined {
  let isTaken = false
  for (const letter of word.slice(1)) {
    const option = table.find((item) => item.short === letter)
    if (option === undefined) return `Unknown option ${word}`
    if (option.argument === undefined) {
      options.push({ long: option.long, value: undefined })
      continue
    }
    if (isTaken) return `Error parsing option -${letter}`
    const value = takesNext(option, rest[0], 'groups') ? rest.shift() : undefined
    if (value === undefined && option.isArgumentOptional !== true) return `Missing argument for -${letter}`
    const fault = argumentFault(option, value ?? '')
    if (fault !== undefined) return fault(`-${letter}`)
    options.push({ long: option.long, value })
    isTaken = true
  }
  return undefined
}

/** The call for help that a word is: for all of it, or (with the name as its value) for a group of options. */
function helpAskedFor(word: string, table: readonly Option[]): Given | undefined {
  const option = table.find(({ long }) => long === 'help')
  if (word === '-?' || word === '--help' || (option !== undefined && word === `-${option.short}`)) {
    return { long: 'help', value: undefined }
  }
  const group = /^--help-([a-z]+)$/.exec(word)?.[1]
  if (group === undefined) return undefined
  if (group === 'all') return { long: 'help-all', value: undefined }
  return optionsOfGroup(group, table).length === 0 ? undefined : { long: 'help', value: group }
}

/** Options of the groups whose title has a word. */
export function optionsOfGroup(word: string, table: readonly Option[]): readonly Option[] {
  return table.filter(({ group = 'Options' }) =>
    group
      .toLowerCase()
      .split(/[^a-z]+/)
      .includes(word),
  )
}

/** What is wrong with an option's argument, by the option as it was given; undefined where nothing is. */
function argumentFault(option: Option, text: string): ((given: string) => string) | undefined {
  const own = option.fault?.(text)
  if (own !== undefined) return () => own
  if (option.isInteger === true) return integerFault(text)
  if (option.isPair === true && pairOf(text) === undefined) return (given) => `Error parsing option ${given}`
  return undefined
}

/** NAME=VALUE taken apart at its first equals sign; undefined where a side of it is missing. */
export function pairOf(text: string): readonly [name: string, value: string] | undefined {
  const at = text.indexOf('=')
  return at <= 0 || at === text.length - 1 ? undefined : [text.slice(0, at), text.slice(at + 1)]
}

const integerMax = 2 ** 31 - 1

/** What is wrong with a number, by the option it was given to, in GLib's words; undefined where nothing is. */
function integerFault(text: string): ((option: string) => string) | undefined {
  const [, sign, digits] = /^\s*([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text) ?? []
  if (digits === undefined) return (option) => `Cannot parse integer value “${text}” for ${option}`
  const size = /^0\d/.test(digits) ? Number(`0o${digits}`) : Number(digits)
  if (size <= (sign === '-' ? integerMax + 1 : integerMax)) return undefined
  return (option) => `Integer value “${text}” for ${option} out of range`
}

/** Whether an option's argument is the next word. The newer tools let optional arguments stand there too. */
function takesNext(option: Option, word: string | undefined, dialect: Dialect): boolean {
  if (option.isArgumentOptional !== true) return true
  return dialect === 'groups' && word !== undefined && !word.startsWith('-')
}

function missing(word: string, dialect: Dialect): string {
  if (dialect === 'groups') return `Missing argument for ${word}`
  return word.startsWith('--')
    ? `option '${word}' requires an argument`
    : `option requires an argument -- '${word.at(-1)}'`
}

function longOption(word: string, table: readonly Option[], dialect: Dialect): Found {
  const at = word.indexOf('=')
  const name = at < 0 ? word.slice(2) : word.slice(2, at)
  const inline = at < 0 ? undefined : word.slice(at + 1)
  const exact = table.find((option) => option.long === name)
  if (exact !== undefined) return { option: exact, inline }
  const candidates = dialect === 'getopt' ? table.filter((option) => option.long.startsWith(name)) : []
  const [only] = candidates
  if (only !== undefined && candidates.length === 1) return { option: only, inline }
  if (dialect === 'groups') return { message: `Unknown option ${word}` }
  if (candidates.length === 0) return { message: `unrecognized option '${word}'` }
  const list = candidates.map((option) => `'--${option.long}'`).join(' ')
  return { message: `option '${word}' is ambiguous; possibilities: ${list}` }
}

function shortOption(word: string, table: readonly Option[], dialect: Dialect): Found {
  const letter = word[1] as string
  const option = table.find((item) => item.short === letter)
  if (option === undefined) {
    return { message: dialect === 'groups' ? `Unknown option ${word}` : `invalid option -- '${letter}'` }
  }
  return { option, inline: word.length > 2 ? word.slice(2) : undefined }
}

/** Help text made from a table: usage, what the tool is for, options by group. */
export function helpText(usage: string, purpose: string, table: readonly Option[]): string {
  const groups = new Map<string, string[]>()
  for (const option of table) {
    if (option.help === '') continue
    const lines = groups.get(option.group ?? 'Options') ?? []
    lines.push(helpLine(option))
    groups.set(option.group ?? 'Options', lines)
  }
  const sections = [...groups].map(([title, lines]) => `${title}:\n${lines.join('\n')}`)
  return `Usage: ${usage}\n\n${purpose}\n\n${sections.join('\n\n')}\n`
}

function helpLine(option: Option): string {
  const short = option.short === '' ? '    ' : `-${option.short}, `
  const argument =
    option.argument === undefined ? '' : option.isArgumentOptional ? `[=${option.argument}]` : `=${option.argument}`
  return `  ${`${short}--${option.long}${argument}`.padEnd(34)} ${option.help}`
}
