import { exitCodeRows, exitCodes, exitCodeText, legacyErrors, returnCodes, systemErrorText } from '@quorate/cib'
import { element } from '@quorate/xml'
import { exiting, logLines } from '../pacemaker/log-lines.ts'
import { type Output, openOutput } from '../pacemaker/output.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { commonOptions, type Options, outputOptions, readOptions, type ToolInfo } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { readCode } from './code-text.ts'

const info: ToolInfo = {
  name: 'crm_error',
  purpose: 'Shows the text, and the name, of error codes.',
  options: [
    ...commonOptions,
    ...outputOptions,
    { short: 'n', long: 'name', help: "Show the error's name too" },
    { short: 'l', long: 'list', help: 'Show all errors (default without a code)' },
    { short: 'X', long: 'exit', help: 'Codes are exit codes' },
    { short: 'r', long: 'rc', help: 'Codes are return codes of the newer interfaces' },
  ],
}

type Row = { readonly code: number; readonly name: string; readonly text: string }
type Kind = 'legacy' | 'exit' | 'rc'

/** crm_error: names and texts of codes (behaviour/pacemaker-tools.md 17). */
export const run: Tool = async (argv) => crmError(argv, processHost())

/** {@link run} on a given host. */
export function crmError(argv: readonly string[], host: ToolHost): number {
  const options = readOptions(argv, info, host)
  if (typeof options === 'number') return options
  const output = openOutput(options, host, ['crm_error', ...argv])
  if (typeof output === 'string') {
    host.err(`crm_error: ${output}\n`)
    return exiting(info.name, exitCodes.error, host, options)
  }
  const kind: Kind = (options.last(['rc', 'exit'])?.long as 'rc' | 'exit' | undefined) ?? 'legacy'
  const isList = options.has('list') || options.operands.length === 0
  const rows = isList ? rowsOf(kind) : options.operands.map((text) => told(text, kind, options, host))
  return exiting(info.name, print(rows, isList || options.has('verbose'), output, options), host, options)
}

function told(text: string, kind: Kind, options: Options, host: ToolHost): Row {
  const { code, remarks } = readCode(text)
  host.err(logLines(remarks, options.count('verbose')))
  return rowOf(kind, code)
}

function print(rows: readonly Row[], isTable: boolean, output: Output, options: Options): number {
  const withNames = options.has('name')
  if (output.isData) {
    const results = rows.map((row) => {
      const name = withNames ? row.name : undefined
      return element('result-code', { code: String(row.code), name, description: row.text })
    })
    return output.end(exitCodes.ok, results)
  }
  output.host.out(rows.map((row) => `${isTable ? tableLine(row, withNames) : oneLine(row, withNames)}\n`).join(''))
  return output.end(exitCodes.ok)
}

function tableLine({ code, name, text }: Row, withNames: boolean): string {
  // A number without a sign has a blank in its place, however wide it is.
  const start = `${String(code).padStart(code < 0 ? 5 : Math.max(5, String(code).length + 1))}: `
  return withNames ? `${start}${name.padEnd(26)}  ${text}` : start + text
}

function oneLine({ name, text }: Row, withNames: boolean): string {
  return withNames ? `${name} - ${text}` : text
}

function rowsOf(kind: Kind): readonly Row[] {
  if (kind === 'exit') return exitCodeRows.map(([code, name, text]) => ({ code, name, text }))
  const zero: Row = { code: 0, name: 'pcmk_rc_ok', text: 'OK' }
  if (kind === 'rc') {
    const rows = [...returnCodes.values()]
    return [...rows.filter((row) => row.code < 0), zero, ...rows.filter((row) => row.code > 0)]
  }
  return [zero, ...[...legacyErrors.values()].filter((row) => row.code !== unnamed)]
}

/** The least number of 32 bits, which no sign turns: what could not be read as a code. */
const unreadable = -(2 ** 31)
/** A code that the older interfaces have no name for. */
const unnamed = 211

function rowOf(kind: Kind, code: number): Row {
  if (kind === 'exit') {
    const name = exitCodeRows.find(([known]) => known === code)?.[1] ?? 'CRM_EX_UNKNOWN'
    return { code, name, text: exitCodeText(code) }
  }
  if (code === 0) return { code, name: 'pcmk_rc_ok', text: 'OK' }
  const known = kind === 'rc' ? returnCodes.get(code) : legacyErrors.get(Math.abs(code))
  const name = known === undefined || known.code === unnamed ? 'Unknown' : known.name
  const isError = code === unreadable || (kind === 'rc' && code < 0)
  return { code, name, text: known?.text ?? (isError ? 'Error' : systemErrorText(Math.abs(code))) }
}
