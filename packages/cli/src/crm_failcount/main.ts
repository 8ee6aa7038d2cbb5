import { exitCodes, faultText, infinity, scoreOf } from '@quorate/cib'
import { crmResource } from '../crm_resource/main.ts'
import { openCib } from '../pacemaker/cib-access.ts'
import { helpText, type Option, parseLine } from '../pacemaker/command-line.ts'
import { localNodeName, nodeInCib } from '../pacemaker/local-node.ts'
import { exiting } from '../pacemaker/log-lines.ts'
import { transientPlace } from '../pacemaker/nvpair-place.ts'
import { findNvpairs, wholeCib } from '../pacemaker/nvpair-store.ts'
import { parseSpanMs } from '../pacemaker/time-span.ts'
import { processHost, type ToolHost, versionText } from '../pacemaker/tool-host.ts'
import { Options } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'

const name = 'crm_failcount'
const command = { group: 'Commands' }
const more = { group: 'Additional options' }

const failcountOptions: readonly Option[] = [
  { short: '', long: 'help', help: 'Show this text', group: 'Help Options' },
  { short: '', long: 'version', help: 'Show the version', group: 'Help Options' },
  { short: 'V', long: 'verbose', help: '' },
  { short: 'q', long: 'quiet', help: 'Print only the value', group: 'Help Options' },
  { short: 'Q', long: 'quiet', help: '' },
  { short: 'G', long: 'query', help: 'Print how often the resource has failed', ...command },
  { short: 'D', long: 'delete', help: 'Forget its failures', ...command },
  { short: 'r', long: 'resource', argument: 'ID', help: 'The resource (required)', ...more },
  { short: 'n', long: 'operation', argument: 'NAME', help: 'Failures of this operation only', ...more },
  { short: 'I', long: 'interval', argument: 'SPEC', help: 'Interval of that operation (default: 0)', ...more },
  { short: 'N', long: 'node', argument: 'NODE', help: 'The node (default: this one)', ...more },
  { short: 'U', long: 'uname', argument: 'NODE', help: '' },
  { short: 'v', long: 'attr-value', argument: 'VALUE', help: '' },
  { short: 'i', long: 'attr-id', argument: 'ID', help: '' },
  { short: 'l', long: 'lifetime', argument: 'LIFETIME', help: '' },
]
const help = helpText(
  `${name} [OPTIONS]`,
  'Asks and forgets how often a resource has failed on a node.',
  failcountOptions,
)

/** crm_failcount: failures of a resource on a node (behaviour/pacemaker-tools.md 5.3). */
export const run: Tool = (argv) => crmFailcount(argv, processHost())

/** {@link run} on a given host. */
export async function crmFailcount(argv: readonly string[], host: ToolHost): Promise<number> {
  const line = parseLine(argv, failcountOptions, 'getopt')
  if (!line.ok) return misuse(`${name}: ${line.message}`, host)
  const options = new Options(line.options, line.operands)
  if (options.has('help') || options.has('version')) {
    host.out(options.has('help') ? help : versionText)
    return exitCodes.ok
  }
  for (const [long, short] of [
    ['attr-id', 'i'],
    ['lifetime', 'l'],
  ] as const) {
    if (options.has(long)) host.err(`warning: ignoring deprecated option '-${short}'\n`)
  }
  const value = options.value('attr-value')
  if (value !== undefined && value !== '0') {
    host.err("warning: ignoring deprecated option '-v' with nonzero value\n")
  }
  const last = options.last(value === '0' ? ['query', 'delete', 'attr-value'] : ['query', 'delete'])
  if (last === undefined) return misuse('error: must specify a command', host)
  const resource = options.value('resource')
  if (resource === undefined || resource === '') return misuse('error: resource name required', host)
  if (namedNode(options) === '') return misuse('error: node name required', host)
  return last.long === 'query' ? query(resource, options, host) : forget(resource, options, host)
}

function misuse(text: string, host: ToolHost): number {
  host.out(`\n${help}`)
  host.err(`${text}\n`)
  return exitCodes.usage
}

function namedNode(options: Options): string | undefined {
  return options.last(['node', 'uname'])?.value
}

async function forget(resource: string, options: Options, host: ToolHost): Promise<number> {
  const node = namedNode(options) ?? (await localNodeName(host, false))
  const operation = options.value('operation')
  const interval = options.value('interval')
  const which = [
    ...(operation === undefined ? [] : ['-n', operation]),
    ...(interval === undefined ? [] : ['-I', interval]),
  ]
  return crmResource(['--cleanup', '-r', resource, '-N', node, ...which], host)
}

/** Failures of one operation, or the sum of all; INFINITY where one is. What cannot be found out is printed as nothing. */
async function query(resource: string, options: Options, host: ToolHost): Promise<number> {
  const attribute = attributeOf(resource, options, host)
  const isOfOne = attribute.includes('#')
  const value = await countOf(attribute, options, host)
  for (let i = isOfOne ? 2 : 1; i > 0; i -= 1) exiting('crm_attribute', exitCodes.ok, host, options)
  host.out(options.has('quiet') ? `${value}\n` : `scope=status  name=${attribute} value=${value}\n`)
  return exitCodes.ok
}

async function countOf(attribute: string, options: Options, host: ToolHost): Promise<string> {
  const opened = await openCib(host, { name, isReadOnly: true })
  if (!opened.ok) {
    const why = `crm_attribute: Could not connect to the CIB: ${faultText(opened.rc)}`
    host.err(`${attribute.includes('#') ? why : 'error: could not query CIB for fail counts'}\n`)
    return ''
  }
  const { cib } = opened
  try {
    const uname = namedNode(options) ?? (await localNodeName(host, cib.isFile))
    const whole = await wholeCib(cib)
    const node = 'cib' in whole ? nodeInCib(whole.cib, uname) : undefined
    if (node === undefined) {
      host.err(`crm_attribute: Could not map name=${uname} to a UUID\n`)
      return ''
    }
    const all = await findNvpairs(cib, transientPlace(node), { name: undefined, id: undefined, set: undefined })
    const counts = all.filter((pair) =>
      attribute.includes('#') ? pair.name === attribute : pair.name.startsWith(`${attribute}#`),
    )
    const sum = counts.reduce((total, pair) => total + scoreOf(pair.value ?? '0'), 0)
    return sum >= infinity ? 'INFINITY' : String(sum)
  } finally {
    await cib.close()
  }
}

/** Name of the attribute that counts; an interval without an operation says nothing. */
function attributeOf(resource: string, options: Options, host: ToolHost): string {
  const operation = options.value('operation')
  const interval = options.value('interval')
  const intervalMs = interval === undefined ? 0 : parseSpanMs(interval)
  if (intervalMs === undefined) host.err('warning: Unrecognized interval, using 0\n')
  return `fail-count-${resource}${operation === undefined || operation === '' ? '' : `#${operation}_${intervalMs ?? 0}`}`
}
