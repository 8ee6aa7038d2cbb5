import { exitCodes } from '@quorate/cib'
import { IpcError } from '@quorate/qb'
import { crmAttribute } from '../crm_attribute/main.ts'
import { helpText, type Option, parseLine } from '../pacemaker/command-line.ts'
import { ipcText } from '../pacemaker/ipc-fault.ts'
import { localNodeName } from '../pacemaker/local-node.ts'
import { scriptWords } from '../pacemaker/script-words.ts'
import { processHost, type ToolHost, versionText } from '../pacemaker/tool-host.ts'
import { Options } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'

const name = 'crm_standby'
const command = { group: 'Commands' }

const standbyOptions: readonly Option[] = [
  { short: '', long: 'help', help: 'Show this text', group: 'Help Options' },
  { short: '', long: 'version', help: 'Show the version', group: 'Help Options' },
  { short: 'V', long: 'verbose', help: '' },
  { short: 'G', long: 'query', help: 'Print whether the node is on standby', ...command },
  { short: 'v', long: 'update', argument: 'on|off', help: 'Put the node on standby, or take it off', ...command },
  { short: 'D', long: 'delete', help: 'Remove the setting', ...command },
  { short: 'N', long: 'node', argument: 'NODE', help: 'The node (default: this one)' },
  { short: 'l', long: 'lifetime', argument: 'reboot|forever', help: 'How long it lasts' },
  { short: 'i', long: 'id', argument: 'ID', help: '' },
  { short: 'q', long: 'quiet', help: 'Print only the value' },
  { short: 'Q', long: 'quiet', help: '' },
]
const help = helpText(`${name} [OPTIONS]`, 'Asks and changes whether a node is on standby.', standbyOptions)

/** crm_standby: nodes that must not run anything for now (behaviour/pacemaker-tools.md 5.2). */
export const run: Tool = (argv) => crmStandby(argv, processHost())

/** {@link run} on a given host. */
export async function crmStandby(argv: readonly string[], host: ToolHost): Promise<number> {
  const line = parseLine(argv, standbyOptions, 'getopt')
  if (!line.ok) {
    host.out(`\n${help}`)
    host.err(`${name}: ${line.message}\n`)
    return exitCodes.error
  }
  const options = new Options(line.options, line.operands)
  if (options.has('help') || options.has('version')) {
    host.out(options.has('help') ? help : versionText)
    return exitCodes.ok
  }
  const node = options.value('node')
  const common = [
    ...['-N', node === undefined || node === '' ? await thisNode(host) : node, '-n', 'standby'],
    ...(options.has('id') ? ['-i', options.value('id') ?? ''] : []),
  ]
  const verbose = Array.from({ length: options.count('verbose') }, () => '-V')
  const call = (words: readonly string[], on = host) => crmAttribute(scriptWords([...common, ...words]), on)
  const last = options.last(['query', 'update', 'delete'])
  const lifetime = options.value('lifetime')
  if (last?.long === 'update')
    return call([
      '-v',
      last.value ?? '',
      ...verbose,
      ...(lifetime === undefined ? ['-l', 'forever'] : during(lifetime)),
    ])
  if (last?.long === 'delete') {
    if (lifetime !== undefined) return call(['-D', ...verbose, ...during(lifetime)])
    await call(['-D', ...verbose, ...during('forever')])
    await call(['-D', ...verbose, ...during('reboot')])
    return exitCodes.ok
  }
  const query = ['-G', ...(options.has('quiet') ? ['-q'] : []), ...verbose]
  if (lifetime !== undefined) return call([...query, ...during(lifetime)])
  const silent: ToolHost = { ...host, out: () => undefined, err: () => undefined }
  if ((await call([...query, ...during('forever')], silent)) === exitCodes.ok)
    return call([...query, ...during('forever')])
  return call([...query, ...during('reboot'), '-d', 'off'])
}

/** Words that limit a call to attributes that last so long. */
function during(lifetime: string): readonly string[] {
  return ['--lifetime', lifetime]
}

/** Name of this node; empty, and said why, where there is no cluster to ask. */
async function thisNode(host: ToolHost): Promise<string> {
  try {
    return await localNodeName(host, false)
  } catch (fault) {
    if (!(fault instanceof IpcError)) throw fault
    host.err(`error: Could not connect to controller: ${ipcText(fault)}\n`)
    return ''
  }
}
