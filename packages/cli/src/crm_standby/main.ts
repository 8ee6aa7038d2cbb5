import { exitCodes } from '@quorate/cib'
import { crmAttribute } from '../crm_attribute/main.ts'
import type { Option } from '../pacemaker/command-line.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { commonOptions, readOptions } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'

const name = 'crm_standby'

const standbyOptions: readonly Option[] = [
  ...commonOptions,
  { short: 'G', long: 'query', help: 'Print whether the node is on standby', group: 'Commands' },
  {
    short: 'v',
    long: 'update',
    argument: 'on|off',
    help: 'Put the node on standby, or take it off',
    group: 'Commands',
  },
  { short: 'D', long: 'delete', help: 'Remove the setting', group: 'Commands' },
  { short: 'N', long: 'node', argument: 'NODE', help: 'The node (default: this one)' },
  { short: 'l', long: 'lifetime', argument: 'reboot|forever', help: 'How long it lasts' },
  { short: 'i', long: 'id', argument: 'ID', help: '' },
  { short: 'q', long: 'quiet', help: 'Print only the value' },
]

/** crm_standby: nodes that must not run anything for now (behaviour/pacemaker-tools.md 5.2). */
export const run: Tool = (argv) => crmStandby(argv, processHost())

/** {@link run} on a given host. */
export async function crmStandby(argv: readonly string[], host: ToolHost): Promise<number> {
  const purpose = 'Asks and changes whether a node is on standby.'
  const options = readOptions(argv, { name, purpose, options: standbyOptions }, host)
  if (typeof options === 'number') return options
  const common = ['-n', 'standby', '-N', options.value('node') ?? 'auto']
  if (options.value('node') === undefined) common.splice(2)
  const last = options.last(['query', 'update', 'delete'])
  const lifetime = options.value('lifetime')
  const call = (extra: readonly string[], life: string, on = host) =>
    crmAttribute([...common, '-l', life, ...extra], on)
  if (options.has('id')) common.push('-i', options.value('id') ?? '')
  if (last?.long === 'update') return call(['-v', last.value ?? ''], lifetime ?? 'forever')
  if (last?.long === 'delete') {
    if (lifetime !== undefined) return call(['-D'], lifetime)
    await call(['-D'], 'forever')
    await call(['-D'], 'reboot')
    return exitCodes.ok
  }
  const query = options.has('quiet') ? ['-G', '-q'] : ['-G']
  if (lifetime !== undefined) return call([...query, '-d', 'off'], lifetime)
  const silent: ToolHost = { ...host, out: () => undefined, err: () => undefined }
  if ((await call(query, 'forever', silent)) === exitCodes.ok) return call(query, 'forever')
  return call([...query, '-d', 'off'], 'reboot')
}
