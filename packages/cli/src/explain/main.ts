import { parseArgs } from 'node:util'
import { exitCodes } from '@quorate/cib'
import {
  type ConfigurationProblem,
  configurationProblems,
  explain,
  explainNodeState,
  explanationLines,
  nodeStateLines,
  overview,
  overviewLines,
  unknownText,
} from '@quorate/scheduler'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import type { Tool } from '../tool.ts'
import { decisionInput } from './decision-input.ts'
import { decisionJson } from './decision-json.ts'

const usage = `Usage: quorate explain [--xml-file FILE] [--output-as text|json]
       quorate explain [--xml-file FILE] [--output-as text|json] RESOURCE [NODE]
       quorate explain [--xml-file FILE] [--output-as text|json] NODE
       quorate explain [--xml-file FILE] [--output-as text|json] --check

Without a name: everything that is not as it should be, causes first: nodes, resources that are stopped, wait, are left
alone or about to change, failures that are remembered. With one: why a resource runs where it runs, why not elsewhere, what
the cluster is about to do with it, and what would have to change: every constraint, score, failure and option with its
contribution. Of a node: how it stands, whether it is to be fenced, and why. With --check: what is wrong with the
configuration, constraints that go in a circle included, of which crm_verify says nothing. Changes nothing.

Options:
  -x, --xml-file FILE   a CIB in a file instead of the cluster's (CIB_file and CIB_shadow work as well)
      --check           checks the configuration instead
      --output-as WORD  text (default) or json
      --help            this text

Exit codes:
  0    answered, whatever the answer
  64   wrong arguments
  65   the file cannot be read, or is no CIB
  78   the CIB is not one that could be decided on; with --check also: something is wrong with the configuration
  105  there is no resource or node of that name
  Others are those of the cluster's CIB, where it cannot be reached: crm_error --exit CODE

Examples:
  quorate explain
  quorate explain web
  quorate explain web n2
  quorate explain n2
  quorate explain --check
  quorate explain --output-as json db-clone | jq '.instances[].nodes'
`

/** Explains the scheduler's decision: about a resource, a node, or all that is not as it should be. */
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
  const surplus = values.check ? resource : more[0]
  if (surplus !== undefined) {
    const wanted = values.check ? '--check takes no name' : 'at most a resource and a node are expected'
    host.err(`explain: '${surplus}' is too much: ${wanted}\n`)
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
  if (values.check) {
    const problems = configurationProblems(cib, options)
    say({ problems }, () => (problems.length === 0 ? ['Nothing is wrong.'] : problems.map(problemText)))
    return problems.length === 0 ? exitCodes.ok : exitCodes.config
  }
  if (resource === undefined) return say(overview(cib, options), overviewLines)
  const found = explain(cib, resource, node, options)
  if (found.ok) return say(found.value, explanationLines)
  const state = node === undefined ? explainNodeState(cib, resource, options) : found
  if (state.ok && 'running' in state.value) return say(state.value, (value) => nodeStateLines(value))
  host.err(`explain: ${node === undefined ? unknownText(cib, resource, options) : found.error}\n`)
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
