import { parseArgs } from 'node:util'
import { exitCodes } from '@quorate/cib'
import { explain, explanationLines } from '@quorate/scheduler'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import type { Tool } from '../tool.ts'
import { decisionInput } from './decision-input.ts'

const usage = `Usage: quorate explain [--xml-file FILE] [--output-as text|json] RESOURCE [NODE]

Why a resource runs where it runs, why not elsewhere, what the cluster is about to do with it, and what would have to
change: every constraint, score, failure and option with its contribution. Changes nothing.

Options:
  -x, --xml-file FILE   a CIB in a file instead of the cluster's (CIB_file and CIB_shadow work as well)
      --output-as WORD  text (default) or json
      --help            this text

Examples:
  quorate explain web
  quorate explain web n2
  quorate explain --output-as json db-clone | jq '.instances[].nodes'
`

/** Explains the scheduler's decision about a resource. */
export const run: Tool = (argv) => explainTool(argv, processHost())

/** {@link run} on a given host. */
export async function explainTool(argv: readonly string[], host: ToolHost): Promise<number> {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(argv)
  } catch (error) {
    host.err(`explain: ${(error as Error).message}\n`)
    return exitCodes.usage
  }
  const { values, positionals } = parsed
  if (values.help) {
    host.out(usage)
    return exitCodes.ok
  }
  const [resource, node, ...more] = positionals
  if (resource === undefined || more.length > 0) {
    host.err(usage)
    return exitCodes.usage
  }
  const input = await decisionInput('explain', values['xml-file'], host)
  if (!input.ok) return input.error
  const found = explain(input.value.cib, resource, node, input.value.options)
  if (!found.ok) {
    host.err(`explain: ${found.error}\n`)
    return exitCodes.noSuchObject
  }
  if (values['output-as'] === 'json') host.out(`${JSON.stringify(found.value, undefined, 2)}\n`)
  else for (const line of explanationLines(found.value)) host.out(`${line}\n`)
  return exitCodes.ok
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      'xml-file': { type: 'string', short: 'x' },
      'output-as': { type: 'string', default: 'text' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}
