import { parseDurationMs } from '../transition/graph.ts'
import { deviceFlags, type FenceMetadata } from './agent-metadata.ts'

/** How a device finds out whether it can fence a node (behaviour/pacemaker-daemons.md 4.2). */
export type HostCheck = 'static-list' | 'dynamic-list' | 'status' | 'none'

/** What the `pcmk_…` parameters of a device say. */
export type DeviceSettings = {
  /** Name under which the agent gets the target; `none`: it does not. Undefined: by its meta-data. */
  readonly hostArgument: string | undefined
  /** Names of targets in small letters, to what the agent calls them. */
  readonly hostMap: ReadonlyMap<string, string>
  /** Names of targets in small letters. */
  readonly hostList: ReadonlySet<string>
  readonly hostCheck: HostCheck | undefined
  readonly delayBase: string | undefined
  readonly delayMaxMs: number
  /** Agents at a time; Infinity: any number. */
  readonly actionLimit: number
  readonly priority: number
}

/** Tries of an agent within one execution, where nothing else is configured. */
const triesDefault = 2
/** Tries, and agents of one device at a time, that can be configured. */
const triesMax = 1000

const hostChecks: readonly HostCheck[] = ['static-list', 'dynamic-list', 'status', 'none']

/** Reads the parameters of a device. Values that cannot be read count as not configured. */
export function readDeviceSettings(parameters: ReadonlyMap<string, string>): DeviceSettings {
  const check = parameters.get('pcmk_host_check')?.toLowerCase()
  const limit = Number(parameters.get('pcmk_action_limit') ?? '1')
  const isLimit = Number.isInteger(limit) && limit >= 1 && limit <= triesMax
  const priority = Number(parameters.get('priority') ?? '0')
  return {
    hostArgument: parameters.get('pcmk_host_argument') || undefined,
    hostMap: readHostMap(parameters.get('pcmk_host_map') ?? ''),
    hostList: new Set(readHostList(parameters.get('pcmk_host_list') ?? '')),
    hostCheck: hostChecks.find((known) => known === check),
    delayBase: parameters.get('pcmk_delay_base'),
    delayMaxMs: parseDurationMs(parameters.get('pcmk_delay_max')) ?? 0,
    actionLimit: limit === -1 ? Number.POSITIVE_INFINITY : isLimit ? limit : 1,
    priority: Number.isInteger(priority) ? priority : 0,
  }
}

/** Names in a list, in small letters. */
function readHostList(text: string): readonly string[] {
  return text
    .split(/[\s,;]+/)
    .filter((name) => name !== '')
    .map((name) => name.toLowerCase())
}

/** Reads `node:port;node=port …`; a backslash takes the meaning from what follows it. */
export function readHostMap(text: string): ReadonlyMap<string, string> {
  const map = new Map<string, string>()
  let name: string | undefined
  let part = ''
  const end = (): void => {
    if (name !== undefined && name !== '' && part !== '') map.set(name.toLowerCase(), part)
    name = undefined
    part = ''
  }
  for (let i = 0; i < text.length; i += 1) {
    const letter = text[i] as string
    if (letter === '\\' && i + 1 < text.length) {
      i += 1
      part += text[i]
    } else if (/[;\s]/.test(letter)) end()
    else if ((letter === ':' || letter === '=') && name === undefined) {
      name = part
      part = ''
    } else part += letter
  }
  end()
  return map
}

/** Name that the agent knows an action by. */
export function agentAction(parameters: ReadonlyMap<string, string>, action: string): string {
  const own = parameters.get(`pcmk_${action}_action`)
  if (own !== undefined && own !== '') return own
  // What old configurations have instead of the parameter above.
  const general = parameters.get('action')
  if (general === undefined || general === '' || general === 'reboot') return action
  if (action === 'reboot' || (action === 'off' && general !== 'off')) return general
  return action
}

/** Time that is configured for an action, in milliseconds; undefined: the request's. */
export function actionTimeoutMs(parameters: ReadonlyMap<string, string>, action: string): number | undefined {
  const ms = parseDurationMs(parameters.get(`pcmk_${action}_timeout`))
  return ms === undefined || ms <= 0 ? undefined : ms
}

/** Number of times that an agent is tried in one execution. */
export function actionTries(parameters: ReadonlyMap<string, string>, action: string): number {
  const tries = Number(parameters.get(`pcmk_${action}_retries`) ?? triesDefault)
  return Number.isInteger(tries) && tries >= 1 && tries <= triesMax ? tries : triesDefault
}

/** Delay before `off` and `reboot`, in milliseconds. `chance`: at least 0, below 1. */
export function fencingDelayMs(settings: DeviceSettings, target: string | undefined, chance: number): number {
  const base = delayBaseMs(settings.delayBase, target)
  const max = settings.delayMaxMs
  if (max === 0) return base
  return max <= base ? max : base + Math.trunc(chance * (max - base))
}

function delayBaseMs(text: string | undefined, target: string | undefined): number {
  if (text === undefined) return 0
  if (!/[:=]/.test(text)) return parseDurationMs(text) ?? 0
  const own = target === undefined ? undefined : readHostMap(text).get(target.toLowerCase())
  return parseDurationMs(own) ?? 0
}

/** How a device looks for its targets. */
export function hostCheckOf(settings: DeviceSettings, metadata: FenceMetadata): HostCheck {
  if (settings.hostCheck !== undefined) return settings.hostCheck
  if (settings.hostList.size > 0 || settings.hostMap.size > 0) return 'static-list'
  if ((metadata.flags & deviceFlags.list) !== 0) return 'dynamic-list'
  return (metadata.flags & deviceFlags.status) !== 0 ? 'status' : 'none'
}

/**
 * What an agent gets on its standard input for an action: the parameters that are its own, and the target under the names
 * that it may be looked for.
 *
 * @param nodeId of the target, where it is known
 */
export function agentInput(
  parameters: ReadonlyMap<string, string>,
  metadata: FenceMetadata,
  what: { readonly action: string; readonly target: string | undefined; readonly nodeId: number | undefined },
): ReadonlyMap<string, string> {
  const settings = readDeviceSettings(parameters)
  const input = new Map<string, string>()
  const { target } = what
  if (target !== undefined) input.set('nodename', target)
  input.set('action', agentAction(parameters, what.action))
  for (const [name, value] of parameters) if (!isOurs(name)) input.set(name, value)
  if (target === undefined) return input
  if (metadata.takesNodeId && what.nodeId !== undefined) input.set('nodeid', String(what.nodeId))
  const isPlug = (metadata.flags & deviceFlags.plug) !== 0 && (metadata.flags & deviceFlags.port) === 0
  const argument = settings.hostArgument ?? (isPlug ? 'plug' : 'port')
  if (argument === 'none') return input
  const configured = parameters.get(argument)
  if (configured !== undefined && configured !== 'dynamic') return input
  input.set(argument, settings.hostMap.get(target.toLowerCase()) ?? target)
  return input
}

/** Parameters that are for the cluster and no agent ever sees, and those that an agent is told in their place. */
function isOurs(name: string): boolean {
  return (
    name.startsWith('pcmk_') ||
    name.startsWith('CRM_meta_') ||
    ['crm_feature_set', 'provides', 'priority', 'action', 'nodename'].includes(name)
  )
}
