import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { exitCodes, exitCodeText, featureSet } from '@quorate/cib'
import { readResource } from '@quorate/pacemaker'
import { agentText, exitWords, operationWords, parametersOf, type Resource } from '@quorate/scheduler'
import { attr, child, childrenNamed, descendants, element, type XmlElement } from '@quorate/xml'
import { pairOf } from '../pacemaker/command-line.ts'
import { fenceAgents } from '../pacemaker/fence-agents.ts'
import { parseSpanMs } from '../pacemaker/time-span.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import type { Options } from '../pacemaker/tool-options.ts'
import { hasAgent } from './agents.ts'
import { overridesOf } from './digests.ts'
import { collectiveOf, Failure, leavesOf, namedResource, type Work } from './work.ts'

/** What the commands have agents do. */
const agentActions: Readonly<Record<string, string>> = {
  validate: 'validate-all',
  'force-check': 'monitor',
  'force-start': 'start',
  'force-stop': 'stop',
  'force-promote': 'promote',
  'force-demote': 'demote',
}
/** Commands that disturb an instance that the cluster runs elsewhere. */
const disturbing: ReadonlySet<string> = new Set(['force-start', 'force-promote', 'force-demote'])
/** How long an action may take where nothing says so, in milliseconds. */
const timeoutDefaultMs = 20_000
/** Bytes that are kept of the end of what an agent writes. */
const outputBytesMax = 1024 * 1024
const initFolder = '/etc/init.d'
/** What init scripts answer to `status` of a service that does not run. */
const lsbStopped = 3

/** What running an agent takes of a command's work: no cluster. */
type Asker = Pick<Work, 'options' | 'host' | 'isXml' | 'results'>

/** How an agent ended that was run by hand. */
type Ran = {
  readonly rc: number
  /** As in the history of operations: 0 complete, 2 timed out, 4 error, 7 not installed. */
  readonly status: number
  readonly reason: string | undefined
  readonly out: string
  readonly err: string
}

/**
 * --force-check, --force-start and the like, --validate: runs a resource's agent here, beside the cluster, and ends with
 * its exit code.
 */
export async function forced(work: Work, command: string, level: string): Promise<number> {
  const named = namedResource(work)
  const name = work.options.value('resource') ?? named.id
  const resource = agentOf(named, command)
  refuseUnsafe(work, named, command, name)
  const overrides = overridesOf(work.options)
  const checked = checkLevel(level)
  if (!work.isXml && !work.options.has('quiet')) {
    for (const [key, value] of overrides) {
      work.host.out(`Overriding the cluster configuration for '${name}' with '${key}' = '${value}'\n`)
    }
  }
  const ran = await runOfResource(work, resource, name, command, checked, overrides)
  tell(work, { xml: resource.xml, agent: agentText(resource), name }, command, overrides, ran)
  return ended(ran)
}

/** The exit code of a run that went well. @throws Failure where it did not */
function ended(ran: Ran): number {
  if (ran.rc === exitCodes.ok && ran.status === 0) return exitCodes.ok
  const code = ran.rc === exitCodes.ok ? exitCodes.error : ran.rc
  throw new Failure(code, [`crm_resource: Error performing operation: ${exitCodeText(code)}`])
}

/** What the agent of no resource is told to be the name of it. */
const testInstance = 'test'

/**
 * The same of an agent that --class, --provider and --agent name, with the parameters of --option: there need be no cluster.
 *
 * @throws Failure where there is no such agent, and where it fails
 */
export async function forcedAgent(work: Asker, command: string, level: string): Promise<number> {
  const { options, host } = work
  const [standard, provider, type] = ['class', 'provider', 'agent'].map((long) => options.value(long))
  const xml = element('primitive', { id: testInstance, class: standard, provider, type })
  refuseUnknown(xml, host)
  const overrides = overridesOf(options)
  const checked = checkLevel(level)
  if (!work.isXml) {
    for (const [key, value] of overrides) host.out(`Overriding the cluster configuration with '${key}' = '${value}'\n`)
  }
  const given = options.values('option').flatMap((text) => {
    const pair = pairOf(text)
    return pair === undefined ? [] : [pair]
  })
  const ran = await runAgent(work, {
    xml,
    action: agentActions[command] ?? command,
    instance: testInstance,
    level: checked,
    timeoutMs: askedTimeoutMs(options) ?? timeoutDefaultMs,
    parameters: new Map([...given, ...overrides]),
    meta: new Map(),
  })
  const agent = [standard, provider, type].filter((part) => part !== undefined).join(':')
  tell(work, { xml, agent, name: undefined }, command, overrides, ran)
  return ended(ran)
}

/** @throws Failure where there is no agent as an element says */
function refuseUnknown(xml: XmlElement, host: ToolHost): void {
  const [standard = '', provider, type = ''] = ['class', 'provider', 'type'].map((name) => attr(xml, name))
  if (standard === 'stonith') {
    if (provider !== undefined) throw new Failure(exitCodes.usage, ['crm_resource: stonith does not support providers'])
    if (fenceAgents().includes(type)) return
    throw new Failure(exitCodes.usage, [`crm_resource: ${type} is not a known stonith agent`])
  }
  const names = standard === 'ocf' ? provider !== undefined : provider === undefined
  // Only names of files are looked for: one that leads elsewhere is not known.
  if (names && readResource(xml) !== undefined && hasAgent(host, standard, provider, type)) return
  throw new Failure(exitCodes.usage, [`crm_resource: ${standard}:${provider ?? ''}:${type} is not a known resource`])
}

/** The resource that an agent runs: of a clone its first instance. @throws Failure where there is none */
function agentOf(named: Resource, command: string): Resource {
  const isGroup = named.children.length > 0 && named.clone === undefined
  const inner = named.clone === undefined ? undefined : named.children[0]
  if (isGroup || named.bundle !== undefined || (inner?.children.length ?? 0) > 0) {
    const kind = named.bundle !== undefined ? 'bundle' : isGroup ? 'group' : 'clone of a group'
    throw new Failure(exitCodes.unimplemented, [
      `Sorry, the ${command} option doesn't support ${kind} resources`,
      `crm_resource: Error performing operation: ${exitCodeText(exitCodes.unimplemented)}`,
    ])
  }
  return inner ?? named
}

function refuseUnsafe(work: Work, named: Resource, command: string, name: string): void {
  if (collectiveOf(named).clone === undefined || !disturbing.has(command) || work.options.has('force')) return
  if (!leavesOf([collectiveOf(named)]).some((leaf) => leaf.runningOn.length > 0)) return
  throw new Failure(exitCodes.unsafe, [
    `It is not safe to ${command} ${name} here: the cluster claims it is already active`,
    'Try setting target-role=Stopped first or specifying the force option',
    `crm_resource: Error performing operation: ${exitCodeText(exitCodes.unsafe)}`,
  ])
}

function checkLevel(text: string): number {
  if (text === '') return 0
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Failure(exitCodes.usage, [`crm_resource: Invalid check level setting: ${text}`])
}

function runOfResource(
  work: Work,
  resource: Resource,
  name: string,
  command: string,
  level: number,
  overrides: ReadonlyMap<string, string>,
): Promise<Ran> {
  const { xml } = resource
  const action = agentActions[command] ?? command
  const timeoutMs = timeoutOf(work, resource, action)
  return runAgent(work, {
    xml,
    action,
    instance: name,
    level,
    timeoutMs,
    parameters: new Map([...parametersOf(work.cluster, resource, resource.runningOn[0]), ...overrides]),
    meta: resource.meta,
  })
}

/** What an agent is to do. */
type Order = {
  /** Element whose attributes say which agent. */
  readonly xml: XmlElement
  readonly action: string
  /** What the agent is told to be the name of the resource. */
  readonly instance: string
  /** Depth of a check, 0 where none was asked for. */
  readonly level: number
  readonly timeoutMs: number
  readonly parameters: ReadonlyMap<string, string>
  readonly meta: ReadonlyMap<string, string>
}

async function runAgent(work: Asker, order: Order): Promise<Ran> {
  const { xml, action, instance, level, timeoutMs } = order
  const [standard = '', type = '', provider] = [attr(xml, 'class'), attr(xml, 'type'), attr(xml, 'provider')]
  // Parts of the agent's path come from the CIB: none may step out of its folder.
  if (readResource(xml) === undefined) return notInstalled(type)
  const script = path.join(initFolder, type)
  if (standard === 'lsb' || (standard === 'service' && fs.existsSync(script))) {
    const isStatus = action === 'monitor'
    const ran = await run(script, isStatus ? 'status' : action, { ...work.host.env, LC_ALL: 'C' }, timeoutMs)
    if (ran === undefined) return notInstalled(script)
    return isStatus && ran.rc === lsbStopped ? { ...ran, rc: exitCodes.notRunning } : ran
  }
  if (standard !== 'ocf') {
    const reason = `Manual execution of the ${standard} standard is unsupported`
    return { rc: exitCodes.unimplemented, status: 4, reason, out: '', err: '' }
  }
  const root = work.host.env['OCF_ROOT'] ?? '/usr/lib/ocf'
  const meta = new Map([...order.meta, ['timeout', String(timeoutMs)]])
  const env: Record<string, string | undefined> = {
    ...work.host.env,
    OCF_ROOT: root,
    OCF_RA_VERSION_MAJOR: '1',
    OCF_RA_VERSION_MINOR: '1',
    OCF_EXIT_REASON_PREFIX: reasonPrefix,
    OCF_OUTPUT_FORMAT: work.isXml ? 'xml' : 'text',
    OCF_RESOURCE_INSTANCE: instance,
    OCF_RESOURCE_TYPE: type,
    OCF_RESOURCE_PROVIDER: provider,
    OCF_RESKEY_crm_feature_set: featureSet,
    HA_logfacility: 'none',
    PCMK_logfacility: 'none',
  }
  if (level > 0) env['OCF_CHECK_LEVEL'] = String(level)
  for (const [key, value] of meta) env[`OCF_RESKEY_CRM_meta_${key.replaceAll('-', '_')}`] = value
  for (const [key, value] of order.parameters) env[`OCF_RESKEY_${key}`] = value
  const file = path.join(root, 'resource.d', provider ?? 'heartbeat', type)
  return (await run(file, action, env, timeoutMs)) ?? notInstalled(type)
}

function notInstalled(what: string): Ran {
  const reason = `${what}: No such file or directory`
  return { rc: exitCodes.notInstalled, status: 7, reason, out: '', err: '' }
}

/** What the line gives, in milliseconds. @throws Failure where it is no time */
function askedTimeoutMs(options: Options): number | undefined {
  const asked = options.value('timeout')
  const ms = asked === undefined ? undefined : parseSpanMs(asked)
  if (asked === undefined || ms !== undefined) return ms
  throw new Failure(exitCodes.usage, [`crm_resource: --timeout: expected a time such as 90 or 5min, got '${asked}'`])
}

/** What the line, the operation or the defaults give, in milliseconds. */
function timeoutOf(work: Work, resource: Resource, action: string): number {
  const asked = askedTimeoutMs(work.options)
  if (asked !== undefined) return asked
  const operations = child(resource.xml, 'operations')
  const operation = (operations === undefined ? [] : childrenNamed(operations, 'op')).find(
    (item) => attr(item, 'name') === action,
  )
  const own = operation && (attr(operation, 'timeout') ?? longest([operation]))
  const configuration = child(work.cluster.cib, 'configuration')
  const defaults = configuration && child(configuration, 'op_defaults')
  const text = own ?? (defaults === undefined ? undefined : longest([defaults]))
  return (text === undefined ? undefined : parseSpanMs(text)) ?? timeoutDefaultMs
}

/** The longest timeout that entries below say; which of their rules hold is not asked: too long does no harm. */
function longest(of: readonly XmlElement[]): string | undefined {
  const values = of
    .flatMap((item) => [...descendants(item)])
    .filter((item) => item.name === 'nvpair' && attr(item, 'name') === 'timeout')
    .flatMap((item) => attr(item, 'value') ?? [])
  return values.sort((a, b) => (parseSpanMs(b) ?? 0) - (parseSpanMs(a) ?? 0))[0]
}

const reasonPrefix = 'ocf-exit-reason:'
/** So long is waited for output that a daemon which an agent left behind holds open, in milliseconds. */
const drainMs = 50

/** Runs an agent in a process group of its own, to its end or that of its time; undefined where it is not installed. */
function run(
  file: string,
  action: string,
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs: number,
): Promise<Ran | undefined> {
  if (!fs.existsSync(file)) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const agent = spawn(file, [action], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const texts = { out: '', err: '' }
    agent.stdout.setEncoding('utf8').on('data', (text: string) => {
      texts.out = (texts.out + text).slice(-outputBytesMax)
    })
    agent.stderr.setEncoding('utf8').on('data', (text: string) => {
      texts.err = (texts.err + text).slice(-outputBytesMax)
    })
    let isLate = false
    const kill = (signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL') => {
      if (agent.pid !== undefined && agent.exitCode === null) process.kill(-agent.pid, signal)
    }
    const timer = setTimeout(
      () => {
        isLate = true
        kill('SIGKILL')
      },
      Math.min(timeoutMs, timerMsMax),
    )
    // A person who interrupts this means what it does.
    const pass = (signal: NodeJS.Signals) => kill(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM')
    process.on('SIGINT', pass)
    process.on('SIGTERM', pass)
    const end = (ran: Omit<Ran, 'out' | 'err'>) => {
      clearTimeout(timer)
      agent.stdout.destroy()
      agent.stderr.destroy()
      process.off('SIGINT', pass)
      process.off('SIGTERM', pass)
      resolve({ ...ran, ...texts })
    }
    agent.once('error', (fault) => end({ rc: exitCodes.error, status: 4, reason: fault.message }))
    const tellEnd = (code: number | null, signal: NodeJS.Signals | null) => {
      if (isLate) {
        end({ rc: exitCodes.error, status: 2, reason: 'Resource agent did not exit within specified timeout' })
      } else if (code === null) {
        const reason = `Resource agent interrupted by ${signalText(signal)} signal`
        end({ rc: exitCodes.error, status: 4, reason })
      } else end({ rc: code, status: 0, reason: reasonIn(texts.err) })
    }
    agent.once('exit', (code, signal) => {
      clearTimeout(timer)
      const drained = setTimeout(tellEnd, drainMs, code, signal)
      agent.once('close', () => {
        clearTimeout(drained)
        tellEnd(code, signal)
      })
    })
  })
}

/** Longest time that a timer can be set to, in milliseconds. */
const timerMsMax = 2 ** 31 - 1

const signalTexts: Readonly<Record<string, string>> = {
  SIGINT: 'Interrupt',
  SIGKILL: 'Killed',
  SIGSEGV: 'Segmentation fault',
  SIGTERM: 'Terminated',
}

function signalText(signal: NodeJS.Signals | null): string {
  if (signal === null) return 'unknown'
  return signalTexts[signal] ?? String(constants.signals[signal])
}

/** The last reason that an OCF agent gave on its error output. */
function reasonIn(err: string): string | undefined {
  const at = err.lastIndexOf(reasonPrefix)
  return at < 0 ? undefined : err.slice(at + reasonPrefix.length).split('\n', 1)[0]
}

/** Of what is told: the element that says which agent, the agent as people name it, the resource where there is one. */
type Subject = { readonly xml: XmlElement; readonly agent: string; readonly name: string | undefined }

function tell(
  work: Asker,
  { xml, agent, name }: Subject,
  command: string,
  overrides: ReadonlyMap<string, string>,
  { rc, status, reason, out, err }: Ran,
): void {
  const said = [
    ['stdout', out],
    ['stderr', err],
  ].filter(([, text]) => text !== '')
  if (!work.isXml) {
    const what = `Operation ${command}${name === undefined ? '' : ` for ${name}`} (${agent})`
    if (status !== 0) {
      const why = `${operationWords(status)}${reason === undefined ? '' : `: ${reason}`}`
      work.host.err(`${what} could not be executed (${why})\n`)
    } else if (!work.options.has('quiet')) {
      work.host.out(`${what} returned ${rc} (${exitWords(rc)}${reason === undefined ? '' : `: ${reason}`})\n`)
    }
    for (const [, text] of said) work.host.out(`${text}\n`)
    return
  }
  const overridden = [...overrides].map(([key, value]) => element('override', { name: key, value, rsc: name }))
  const output = said.map(([source, text]) => element('output', { source }, [], text))
  work.results.push(
    element(
      'resource-agent-action',
      {
        action: command,
        class: attr(xml, 'class'),
        type: attr(xml, 'type'),
        rsc: name,
        provider: attr(xml, 'provider'),
      },
      [
        element('overrides', {}, overridden),
        element('agent-status', {
          code: String(rc),
          message: exitWords(rc),
          execution_code: String(status),
          execution_message: operationWords(status),
          reason,
        }),
        ...(output.length === 0 ? [] : [element('command', { code: String(rc) }, output)]),
      ],
    ),
  )
}
