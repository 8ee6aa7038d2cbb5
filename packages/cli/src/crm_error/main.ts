import { exitCodeRows, exitCodes, exitCodeText, legacyErrors, returnCodes } from '@quorate/cib'
import { element } from '@quorate/xml'
import { openOutput } from '../pacemaker/output.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { commonOptions, outputOptions, readOptions, type ToolInfo } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'

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
    return exitCodes.error
  }
  const kind: Kind = options.has('exit') ? 'exit' : options.has('rc') ? 'rc' : 'legacy'
  const isList = options.has('list') || options.operands.length === 0
  const rows = isList ? rowsOf(kind) : options.operands.map((text) => rowOf(kind, number(text)))
  const withNames = options.has('name')
  if (output.isData) {
    const results = rows.map((row) => {
      const name = withNames ? row.name : undefined
      return element('result-code', { code: String(row.code), name, description: row.text })
    })
    return output.end(exitCodes.ok, results)
  }
  output.host.out(rows.map((row) => `${isList ? listLine(row, withNames) : oneLine(row, withNames)}\n`).join(''))
  return output.end(exitCodes.ok)
}

function number(text: string): number {
  const value = Number.parseInt(text, 10)
  return Number.isNaN(value) ? -1001 : value
}

function listLine({ code, name, text }: Row, withNames: boolean): string {
  const start = `${String(code).padStart(5)}: `
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
  const unlisted = 211
  return [zero, ...[...legacyErrors.values()].filter((row) => row.code !== unlisted)]
}

function rowOf(kind: Kind, code: number): Row {
  if (kind === 'exit') {
    const row = exitCodeRows.find(([known]) => known === code)
    return { code, name: row?.[1] ?? 'CRM_EX_UNKNOWN', text: row === undefined ? 'Error occurred' : exitCodeText(code) }
  }
  if (code === 0) return { code, name: 'pcmk_rc_ok', text: 'OK' }
  const known = kind === 'rc' ? returnCodes.get(code) : legacyErrors.get(Math.abs(code))
  if (known !== undefined) return { ...known, code }
  return { code, name: 'Unknown', text: code === -1001 ? 'Error' : `Unknown error ${Math.abs(code)}` }
}
