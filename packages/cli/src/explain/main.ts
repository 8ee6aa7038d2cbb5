import { parseArgs } from 'node:util'
import { exitCodes } from '@quorate/cib'
import {
  type ConfigurationProblem,
  configurationProblems,
  explain,
  explainNodeState,
  explanationLines,
  nodeStateLines,
} from '@quorate/scheduler'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import type { Tool } from '../tool.ts'
import { decisionInput } from './decision-input.ts'
import { decisionJson } from './decision-json.ts'

const usage = `Usage: quorate explain [--xml-file FILE] [--output-as text|json] RESOURCE [NODE]
       quorate explain [--xml-file FILE] [--output-as text|json] NODE
       quorate explain [--xml-file FILE] [--output-as text|json] --check

Why a resource runs where it runs, why not elsewhere, what the cluster is about to do with it, and what would have to
change: every constraint, score, failure and option with its contribution. Of a node: how it stands, whether it is to be
fenced, and why. With --check: what is wrong with the configuration, constraints that go in a circle included, of which
crm_verify says nothing; the exit code is then 78, or 0 where nothing is. Changes nothing.

Options:
  -x, --xml-file FILE   a CIB in a file instead of the cluster's (CIB_file and CIB_shadow work as well)
      --check           checks the configuration instead
      --output-as WORD  text (default) or json
      --help            this text

Examples:
  quorate explain web
  quorate explain web n2
  quorate explain n2
  quorate explain --check
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
  if (values.check ? positionals.length > 0 : resource === undefined || more.length > 0) {
    host.err(usage)
    return exitCodes.usage
  }
  const format = values['output-as']
  if (format !== 'text' && format !== 'json') {
    host.err(`explain: --output-as=${format}: expected text or json\n`)
    return exitCodes.usage
  }
  const input = await decisionInput('explain', values['xml-file'], host)
  if (!input.ok) return input.error
  const { cib, options } = input.value
  const say = <T extends object>(value: T, lines: (of: T) => readonly string[]): number => {
    if (format === 'json') host.out(decisionJson(value))
    else for (const line of lines(value)) host.out(`${line}\n`)
    return exitCodes.ok
  }
  if (resource === undefined) {
    const problems = configurationProblems(cib, options)
    say({ problems }, () => (problems.length === 0 ? ['Nothing is wrong.'] : problems.map(problemText)))
    return problems.length === 0 ? exitCodes.ok : exitCodes.config
  }
  const found = explain(cib, resource, node, options)
  if (found.ok) return say(found.value, explanationLines)
  const state = node === undefined ? explainNodeState(cib, resource, options) : found
  if (state.ok && 'running' in state.value) return say(state.value, nodeStateLines)
  host.err(`explain: ${node === undefined ? `there is no resource or node '${resource}'` : found.error}\n`)
  return exitCodes.noSuchObject
}

function problemText({ kind, text }: ConfigurationProblem): string {
  return kind === 'error' ? `error: ${text}` : `warning: ${text}`
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      'xml-file': { type: 'string', short: 'x' },
      'output-as': { type: 'string', default: 'text' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}
