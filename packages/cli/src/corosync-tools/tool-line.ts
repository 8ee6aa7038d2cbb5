import { type Option, parseLine } from '../pacemaker/command-line.ts'

/** How a tool shows what it found: as the C tools do, or as one JSON document. */
export type OutputAs = 'text' | 'json'

/** The command line of a corosync tool. */
export type ToolLine = {
  /** In the order given; options may repeat. */
  readonly options: readonly { readonly name: string; readonly value: string | undefined }[]
  readonly operands: readonly string[]
  readonly outputAs: OutputAs
}

const outputOption: Option = {
  short: '',
  long: 'output-as',
  argument: 'FORMAT',
  help: 'text (default) or json',
}

/**
 * Parses as the C tools do.
 *
 * @returns the line, or the text of the complaint, which names the tool
 */
export function readToolLine(tool: string, argv: readonly string[], table: readonly Option[]): ToolLine | string {
  const parsed = parseLine(argv, [...table, outputOption], 'getopt')
  if (!parsed.ok) return `${tool}: ${parsed.message}\n`
  const format = parsed.options.findLast(({ long }) => long === outputOption.long)?.value ?? 'text'
  if (format !== 'text' && format !== 'json') {
    return `${tool}: --output-as=${format}: expected text or json\n`
  }
  return {
    options: parsed.options
      .filter(({ long }) => long !== outputOption.long)
      .map(({ long, value }) => ({ name: long, value })),
    operands: parsed.operands,
    outputAs: format,
  }
}

/** Value of the last option of the name, or undefined. */
export function lastValue(line: ToolLine, name: string): string | undefined {
  return line.options.findLast((option) => option.name === name)?.value
}

/** Whether the option is there at all. */
export function hasOption(line: ToolLine, name: string): boolean {
  return line.options.some((option) => option.name === name)
}
