import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { exitCodes, exitCodeText, featureSet } from '@quorate/cib'
import { readResource } from '@quorate/pacemaker'
import { agentText, exitWords, operationWords, parametersOf, type Resource } from '@quorate/scheduler'
import { attr, child, childrenNamed, descendants, element, type XmlElement } from '@quorate/xml'
import { parseSpanMs } from '../pacemaker/time-span.ts'
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
  const overrides = overridesOf(work)
  const checked = checkLevel(level)
  if (!work.isXml && !work.options.has('quiet')) {
    for (const [key, value] of overrides) {
      work.host.out(`Overriding the cluster configuration for '${name}' with '${key}' = '${value}'\n`)
    }
  }
  const ran = await runAgent(work, resource, name, command, checked, overrides)
  tell(work, resource, name, command, overrides, ran)
  if (ran.rc === exitCodes.ok && ran.status === 0) return exitCodes.ok
  const code = ran.rc === exitCodes.ok ? exitCodes.error : ran.rc
  throw new Failure(code, [`crm_resource: Error performing operation: ${exitCodeText(code)}`])
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

async function runAgent(
  work: Work,
  resource: Resource,
  name: string,
  command: string,
  level: number,
  overrides: ReadonlyMap<string, string>,
): Promise<Ran> {
  const { xml } = resource
  const [standard = '', type = '', provider] = [attr(xml, 'class'), attr(xml, 'type'), attr(xml, 'provider')]
  // Parts of the agent's path come from the CIB: none may step out of its folder.
  if (readResource(xml) === undefined) return notInstalled(type)
  const action = agentActions[command] ?? command
  const timeoutMs = timeoutOf(work, resource, action)
  if (standard === 'lsb') {
    const isStatus = action === 'monitor'
    const file = path.join(initFolder, type)
    const ran = await run(file, isStatus ? 'status' : action, { ...work.host.env, LC_ALL: 'C' }, timeoutMs)
    if (ran === undefined) return notInstalled(file)
    return isStatus && ran.rc === lsbStopped ? { ...ran, rc: exitCodes.notRunning } : ran
  }
  if (standard !== 'ocf') {
    const reason = `Manual execution of the ${standard} standard is unsupported`
    return { rc: exitCodes.unimplemented, status: 4, reason, out: '', err: '' }
  }
  const root = work.host.env['OCF_ROOT'] ?? '/usr/lib/ocf'
  const parameters = new Map([...parametersOf(work.cluster, resource, resource.runningOn[0]), ...overrides])
  const meta = new Map([...resource.meta, ['timeout', String(timeoutMs)]])
  const env: Record<string, string | undefined> = {
    ...work.host.env,
    OCF_ROOT: root,
    OCF_RA_VERSION_MAJOR: '1',
    OCF_RA_VERSION_MINOR: '1',
    OCF_EXIT_REASON_PREFIX: reasonPrefix,
    OCF_OUTPUT_FORMAT: work.isXml ? 'xml' : 'text',
    OCF_RESOURCE_INSTANCE: name,
    OCF_RESOURCE_TYPE: type,
    OCF_RESOURCE_PROVIDER: provider,
    OCF_RESKEY_crm_feature_set: featureSet,
    HA_logfacility: 'none',
    PCMK_logfacility: 'none',
  }
  if (level > 0) env['OCF_CHECK_LEVEL'] = String(level)
  for (const [key, value] of meta) env[`OCF_RESKEY_CRM_meta_${key.replaceAll('-', '_')}`] = value
  for (const [key, value] of parameters) env[`OCF_RESKEY_${key}`] = value
  const file = path.join(root, 'resource.d', provider ?? 'heartbeat', type)
  return (await run(file, action, env, timeoutMs)) ?? notInstalled(type)
}

function notInstalled(what: string): Ran {
  const reason = `${what}: No such file or directory`
  return { rc: exitCodes.notInstalled, status: 7, reason, out: '', err: '' }
}

/** What the line, the operation or the defaults give, in milliseconds. */
function timeoutOf(work: Work, resource: Resource, action: string): number {
  const asked = work.options.value('timeout')
  if (asked !== undefined) {
    const ms = parseSpanMs(asked)
    if (ms !== undefined) return ms
    throw new Failure(exitCodes.usage, [`crm_resource: --timeout: expected a time such as 90 or 5min, got '${asked}'`])
  }
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

function tell(
  work: Work,
  resource: Resource,
  name: string,
  command: string,
  overrides: ReadonlyMap<string, string>,
  { rc, status, reason, out, err }: Ran,
): void {
  const said = [
    ['stdout', out],
    ['stderr', err],
  ].filter(([, text]) => text !== '')
  if (!work.isXml) {
    const what = `Operation ${command} for ${name} (${agentText(resource)})`
    if (status !== 0) {
      const why = `${operationWords(status)}${reason === undefined ? '' : `: ${reason}`}`
      work.host.err(`${what} could not be executed (${why})\n`)
    } else if (!work.options.has('quiet')) {
      work.host.out(`${what} returned ${rc} (${exitWords(rc)}${reason === undefined ? '' : `: ${reason}`})\n`)
    }
    for (const [, text] of said) work.host.out(`${text}\n`)
    return
  }
  const { xml } = resource
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
