import { exitCodes } from '@quorate/cib'
import { crmAttribute } from '../crm_attribute/main.ts'
import { helpText, type Option, parseLine } from '../pacemaker/command-line.ts'
import { scriptWords } from '../pacemaker/script-words.ts'
import { processHost, type ToolHost, versionText } from '../pacemaker/tool-host.ts'
import { Options } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'

const name = 'crm_master'
const command = { group: 'Commands' }
const more = { group: 'Additional options' }

const masterOptions: readonly Option[] = [
  { short: '', long: 'help', help: 'Show this text', group: 'Help Options' },
  { short: '', long: 'version', help: 'Show the version', group: 'Help Options' },
  { short: 'V', long: 'verbose', help: '' },
  { short: 'q', long: 'quiet', help: 'Print only the value', group: 'Help Options' },
  { short: 'Q', long: 'quiet', help: '' },
  { short: 'G', long: 'query', help: 'Print the promotion score (default)', ...command },
  { short: 'v', long: 'update', argument: 'VALUE', help: 'Set it', ...command },
  { short: 'D', long: 'delete', help: 'Remove it', ...command },
  {
    short: 'r',
    long: 'resource',
    argument: 'ID',
    help: 'The resource (default: that whose agent runs the tool)',
    ...more,
  },
  {
    short: 'l',
    long: 'lifetime',
    argument: 'LIFETIME',
    help: 'How long it lasts: forever (default) or reboot',
    ...more,
  },
  { short: 'N', long: 'node', argument: 'NODE', help: 'The node (default: this one)', ...more },
  { short: 'U', long: 'uname', argument: 'NODE', help: '' },
  { short: 'i', long: 'id', argument: 'ID', help: '' },
]
const help = helpText(
  `${name} [OPTIONS]`,
  'Asks and changes the promotion score of a resource; crm_attribute --promotion does the same for agents.',
  masterOptions,
)

/** Options that are those of crm_attribute, and are given to it in their order. */
const passedOn: Readonly<Record<string, string>> = {
  node: '-N',
  uname: '-N',
  id: '-i',
  lifetime: '--lifetime',
  query: '-G',
  update: '-v',
  delete: '-D',
  quiet: '-q',
  verbose: '-V',
}

/** crm_master: promotion scores as an attribute of a node (behaviour/pacemaker-tools.md 5.4). */
export const run: Tool = (argv) => crmMaster(argv, processHost())

/** {@link run} on a given host. */
export async function crmMaster(argv: readonly string[], host: ToolHost): Promise<number> {
  const line = parseLine(argv, masterOptions, 'getopt')
  if (!line.ok) return misuse(`${name}: ${line.message}`, host)
  const options = new Options(line.options, line.operands)
  if (options.has('help') || options.has('version')) {
    host.out(options.has('help') ? help : versionText)
    return exitCodes.ok
  }
  const resource = options.value('resource') ?? host.env['OCF_RESOURCE_INSTANCE']
  if (resource === undefined || resource === '') return misuse('error: No resource specified', host)
  const hasCommand = options.last(['query', 'update', 'delete']) !== undefined
  const words = [
    ...['-n', `master-${resource}`],
    ...(options.has('lifetime') ? [] : ['-l', 'forever']),
    ...(hasCommand ? [] : ['-G']),
    ...options.given.flatMap(({ long, value }) => {
      const option = passedOn[long]
      return option === undefined ? [] : value === undefined ? [option] : [option, value]
    }),
  ]
  return crmAttribute(scriptWords(words), host)
}

/** As the real one, which is a script. */
function misuse(text: string, host: ToolHost): number {
  host.out(`\n${help}`)
  host.err(`${text}\n`)
  return exitCodes.error
}
