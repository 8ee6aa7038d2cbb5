import { exitCodes } from '@quorate/cib'
import { type Given, helpText, type Option, optionsOfGroup, parseLine } from './command-line.ts'
import { type ToolHost, versionText } from './tool-host.ts'

/** Options that every tool of the newer kind has. */
export const commonOptions: readonly Option[] = [
  { short: 'h', long: 'help', help: 'Show this text', group: 'Help Options' },
  { short: '', long: 'help-all', help: '', group: 'Help Options' },
  { short: '$', long: 'version', help: 'Show the version', group: 'Help Options' },
  { short: 'V', long: 'verbose', help: 'Say more (repeatable)', group: 'Help Options' },
]

/** Options of tools that can print XML. */
export const outputOptions: readonly Option[] = [
  { short: '', long: 'output-as', argument: 'FORMAT', help: 'text (default), xml or json', group: 'Output Options' },
  {
    short: '',
    long: 'output-to',
    argument: 'FILE',
    help: 'Where to print ("-": standard output)',
    group: 'Output Options',
  },
  { short: '', long: 'text-fancy', help: '', group: 'Output Options' },
]

/** A tool's options as given, with the last of each easy to reach. */
export class Options {
  /** All of them in their order. */
  readonly given: readonly Given[]
  readonly operands: readonly string[]

  constructor(given: readonly Given[], operands: readonly string[]) {
    this.given = given
    this.operands = operands
  }

  has(long: string): boolean {
    return this.given.some((item) => item.long === long)
  }

  /** How often it was given. */
  count(long: string): number {
    return this.given.filter((item) => item.long === long).length
  }

  /** Argument of the last of that name. */
  value(long: string): string | undefined {
    return this.last([long])?.value
  }

  /** Arguments of all of that name. */
  values(long: string): readonly string[] {
    return this.given.flatMap((item) => (item.long === long && item.value !== undefined ? [item.value] : []))
  }

  /** All of several names, as given. */
  all(names: readonly string[]): readonly Given[] {
    return this.given.filter((item) => names.includes(item.long))
  }

  /** The last one of several names: where a tool has several commands, the last wins. */
  last(names: readonly string[]): Given | undefined {
    return this.given.findLast((item) => names.includes(item.long))
  }
}

/** What a tool is called and for. */
export type ToolInfo = {
  readonly name: string
  readonly purpose: string
  readonly options: readonly Option[]
  /** What people do with it, and the command line for that. */
  readonly examples?: readonly (readonly [purpose: string, command: string])[]
}

function examplesText(examples: ToolInfo['examples'] = []): string {
  if (examples.length === 0) return ''
  return `\nExamples:\n\n${examples.map(([purpose, command]) => `${purpose}:\n\n\t${command}\n`).join('\n')}`
}

/**
 * Parses the line of a tool of the newer kind. Help, version and usage errors are dealt with: then the answer is the
 * exit code.
 */
export function readOptions(argv: readonly string[], info: ToolInfo, host: ToolHost): Options | number {
  const line = parseLine(argv, info.options, 'groups')
  if (!line.ok) {
    host.err(`${info.name}: ${line.message}\n`)
    return exitCodes.usage
  }
  const options = new Options(line.options, line.operands)
  const group = options.value('help')
  if (group !== undefined) {
    host.out(helpText(`${info.name} [OPTIONS]`, info.purpose, optionsOfGroup(group, info.options)))
    return exitCodes.ok
  }
  if (options.has('help') || options.has('help-all')) {
    host.out(helpText(`${info.name} [OPTIONS]`, info.purpose, info.options) + examplesText(info.examples))
    return exitCodes.ok
  }
  if (options.has('version')) {
    host.out(versionText)
    return exitCodes.ok
  }
  return options
}
