import type { FenceCall, LevelTarget } from '@quorate/pacemaker/client'
import { parseSpanMs } from '../pacemaker/time-span.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import type { Options } from '../pacemaker/tool-options.ts'
import { stonithCommands } from './options.ts'

/** Parameters of a device, in the order given; the last of a name counts. */
export type Parameters = ReadonlyMap<string, string>

/** What a line asks for, with nothing left to be found wrong with it. Times are in seconds. */
export type StonithRequest =
  | { readonly kind: 'register'; readonly device: string; readonly agent: string; readonly parameters: Parameters }
  | { readonly kind: 'deregister'; readonly device: string }
  | {
      readonly kind: 'register-level'
      readonly name: string
      readonly target: LevelTarget
      readonly index: number
      readonly devices: readonly string[]
    }
  | { readonly kind: 'deregister-level'; readonly name: string; readonly target: LevelTarget; readonly index: number }
  /** Devices: all of this node, or those that can fence a target. */
  | { readonly kind: 'devices'; readonly target: string | undefined; readonly timeoutSeconds: number }
  | { readonly kind: 'list-installed' }
  | { readonly kind: 'list-targets' | 'query'; readonly device: string; readonly timeoutSeconds: number }
  | { readonly kind: 'metadata'; readonly agent: string; readonly timeoutSeconds: number }
  | {
      readonly kind: 'history'
      /** As given: `*` are all nodes. */
      readonly node: string
      readonly isCleanup: boolean
      readonly isBroadcast: boolean
      readonly timeoutSeconds: number
    }
  | { readonly kind: 'last'; readonly node: string; readonly isNodeId: boolean }
  | {
      readonly kind: 'validate'
      readonly agent: string
      readonly parameters: Parameters
      readonly timeoutSeconds: number
    }
  | { readonly kind: 'fence'; readonly call: FenceCall }
  | { readonly kind: 'confirm'; readonly target: string }

/** What is wrong with a line, and whether the help is shown with it. */
export type Misuse = { readonly misuse: string; readonly showsHelp: boolean }

/** Given where a line says nothing of it. */
const timeoutDefaultSeconds = 120
/** Levels that a target can have. */
const levelMin = 1
const levelMax = 9

/** Reads what a line asks for. Nothing is sent before all of it was read. */
export function readRequest(options: Options, env: ToolHost['env']): StonithRequest | Misuse {
  const commands = stonithCommands.filter((name) => options.has(name))
  const [command] = commands
  if (command === undefined) return { misuse: '', showsHelp: true }
  if (commands.length > 1) return refused(`only one of ${commands.map((name) => `--${name}`).join(', ')} can be done`)
  if (options.operands.length > 0) return refused(`unexpected word '${options.operands[0]}'`)
  const subject = options.value(command)
  if (subject === '') return refused(`--${command}: expected a name, got nothing`)
  const timeoutSeconds = Number(options.value('timeout') ?? timeoutDefaultSeconds)
  if (timeoutSeconds < 1) return refused(`--timeout: expected at least 1 second, got ${timeoutSeconds}`)
  const name = subject ?? ''
  switch (command) {
    case 'register':
    case 'validate':
    case 'metadata':
      return ofAgent(command, name, timeoutSeconds, options, env)
    case 'deregister':
      return { kind: command, device: name }
    case 'register-level':
    case 'deregister-level':
      return ofLevel(command, name, options)
    case 'list':
      return { kind: 'devices', target: name, timeoutSeconds }
    case 'list-registered':
      return { kind: 'devices', target: undefined, timeoutSeconds }
    case 'list-installed':
      return { kind: command }
    case 'list-targets':
    case 'query':
      return { kind: command, device: name, timeoutSeconds }
    case 'history': {
      const isCleanup = options.has('cleanup')
      return { kind: command, node: name, isCleanup, isBroadcast: options.has('broadcast'), timeoutSeconds }
    }
    case 'last': {
      const isNodeId = options.has('as-node-id')
      if (isNodeId && !/^\d+$/.test(name)) return refused(`--as-node-id: expected a node's number, got '${name}'`)
      return { kind: command, node: name, isNodeId }
    }
    case 'fence':
      return ofFencing(name, 'off', timeoutSeconds, options)
    case 'unfence':
      return ofFencing(name, 'on', timeoutSeconds, options)
    case 'reboot':
      return ofFencing(name, 'reboot', timeoutSeconds, options)
    case 'confirm':
      return { kind: command, target: name }
    default:
      return command satisfies never
  }
}

function refused(misuse: string): Misuse {
  return { misuse: `stonith_admin: ${misuse}`, showsHelp: false }
}

function ofAgent(
  kind: 'register' | 'validate' | 'metadata',
  device: string,
  timeoutSeconds: number,
  options: Options,
  env: ToolHost['env'],
): StonithRequest | Misuse {
  const agent = options.value('agent')
  if (agent === undefined) {
    return { misuse: 'Please specify an agent to query using -a,--agent [value]', showsHelp: true }
  }
  if (kind === 'metadata') return { kind, agent, timeoutSeconds }
  const parameters = new Map<string, string>()
  for (const text of options.values('option')) {
    const at = text.indexOf('=')
    if (at < 1) return refused(`Invalid option: -o ${text}: expected NAME=VALUE`)
    parameters.set(text.slice(0, at), text.slice(at + 1))
  }
  for (const name of options.values('env-option')) {
    const value = env[`OCF_RESKEY_${name}`]
    if (value === undefined) return refused(`Invalid option: -e ${name}: OCF_RESKEY_${name} is not set`)
    parameters.set(name, value)
  }
  return kind === 'register' ? { kind, device, agent, parameters } : { kind, agent, parameters, timeoutSeconds }
}

function ofLevel(kind: 'register-level' | 'deregister-level', name: string, options: Options): StonithRequest | Misuse {
  const target = levelTarget(name)
  if (target === undefined) return refused(`--${kind}: expected NAME, @PATTERN or ATTR=VALUE, got '${name}'`)
  const index = Number(options.value('index') ?? 0)
  if (kind === 'deregister-level') return { kind, name, target, index }
  const devices = options.values('device').filter((device) => device !== '')
  if (index >= levelMin && index <= levelMax && devices.length === 0) {
    return refused('--register-level: expected at least one --device')
  }
  return { kind, name, target, index, devices }
}

/** Whether a level can be there: 0 stands for all of them where they are removed. */
export function isLevel(index: number, isForAll: boolean): boolean {
  return (index >= levelMin && index <= levelMax) || (isForAll && index === 0)
}

function levelTarget(text: string): LevelTarget | undefined {
  if (text.startsWith('@')) return text === '@' ? undefined : { kind: 'pattern', pattern: text.slice(1) }
  const at = text.indexOf('=')
  if (at < 0) return { kind: 'name', name: text }
  return at === 0 ? undefined : { kind: 'attribute', name: text.slice(0, at), value: text.slice(at + 1) }
}

function ofFencing(
  target: string,
  action: FenceCall['action'],
  timeoutSeconds: number,
  options: Options,
): StonithRequest | Misuse {
  const delaySeconds = Number(options.value('delay') ?? 0)
  if (delaySeconds < -1) return refused(`--delay: expected seconds, or -1 for no delay at all, got ${delaySeconds}`)
  const given = options.value('tolerance')
  const toleranceMs = given === undefined ? 0 : parseSpanMs(given)
  if (toleranceMs === undefined) {
    return refused(`--tolerance: expected a time such as 90, 5min or PT1H, got '${given}'`)
  }
  const toleranceSeconds = Math.floor(toleranceMs / 1000)
  return { kind: 'fence', call: { target, action, timeoutSeconds, delaySeconds, toleranceSeconds } }
}
