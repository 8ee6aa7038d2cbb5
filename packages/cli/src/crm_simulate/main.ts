import fs from 'node:fs'
import { exitCodes } from '@quorate/cib'
import {
  type Injections,
  parseMoment,
  type SimulationOutcome,
  type SimulationRequest,
  simulate,
} from '@quorate/scheduler'
import { formatXml, type XmlElement } from '@quorate/xml'
import { utcOffsetSeconds } from '../crm_mon/local-time.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { type Options, readOptions } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { readInput } from './input.ts'
import { simulateOptions } from './options.ts'
import { profileFolder } from './profile.ts'

/** crm_simulate: what the cluster would do, without doing it (behaviour/pacemaker-tools.md 10). */
export const run: Tool = (argv) => crmSimulate(argv, processHost())

/** {@link run} on a given host. */
export async function crmSimulate(argv: readonly string[], host: ToolHost): Promise<number> {
  const options = readOptions(
    argv,
    { name: 'crm_simulate', purpose: 'Simulates how a cluster responds to events.', options: simulateOptions },
    host,
  )
  if (typeof options === 'number') return options
  const folder = options.value('profile')
  if (folder !== undefined) return profileFolder(folder, Number(options.value('repeat') ?? '1'), host)
  if (options.has('in-place') && options.value('xml-file') === undefined) {
    host.err('crm_simulate: --in-place is only supported with --xml-file\n')
    return exitCodes.usage
  }
  const input = await readInput(options, host)
  if (!input.ok) {
    host.err(`${input.lines.join('\n')}\n`)
    return input.code
  }
  const request = requestOf(options, host)
  if (typeof request === 'string') {
    host.err(`crm_simulate: ${request}\n`)
    return exitCodes.usage
  }
  const outcome = simulate(input.cib, request)
  host.err(outcome.stderr)
  return save(options, outcome, host)
}

/** Options that mean --run as well. */
const decides = ['run', 'show-scores', 'show-utilization', 'save-graph', 'save-dotfile', 'profile'] as const

function requestOf(options: Options, host: ToolHost): SimulationRequest | string {
  const nowSeconds = Math.floor(host.now() / 1000)
  const offsetSeconds = utcOffsetSeconds(host.now())
  const text = options.value('set-datetime')
  const moment = parseMoment(text, { epochSeconds: nowSeconds, offsetSeconds })
  if (text !== undefined && moment === undefined) return `Invalid date/time specified: ${text}`
  const isSimulated = options.has('simulate') || options.has('in-place') || options.has('op-fail')
  return {
    nowSeconds,
    utcOffsetSeconds: offsetSeconds,
    ...(text === undefined || moment === undefined ? {} : { effectiveTime: { text, ...moment } }),
    process: isSimulated || decides.some((name) => options.has(name)),
    simulate: isSimulated,
    showsScores: options.has('show-scores'),
    showsUtilization: options.has('show-utilization'),
    quiet: options.has('quiet'),
    verboseDot: options.has('all-actions'),
    injections: injectionsOf(options),
    failures: options.values('op-fail'),
  }
}

function injectionsOf(options: Options): Injections {
  return {
    quorum: options.value('quorum'),
    watchdog: options.value('watchdog'),
    nodesUp: options.values('node-up'),
    nodesDown: options.values('node-down'),
    nodesFail: options.values('node-fail'),
    ticketsGrant: options.values('ticket-grant'),
    ticketsRevoke: options.values('ticket-revoke'),
    ticketsStandby: options.values('ticket-standby'),
    ticketsActivate: options.values('ticket-activate'),
    operations: options.values('op-inject'),
  }
}

function save(options: Options, outcome: SimulationOutcome, host: ToolHost): number {
  const files: readonly (readonly [file: string | undefined, content: string | undefined])[] = [
    [options.value('save-input'), xmlText(outcome.input)],
    [options.value('save-graph'), xmlText(outcome.graph)],
    [options.value('save-dotfile'), outcome.dot],
    [options.value('save-output'), xmlText(outcome.output)],
    [options.has('in-place') ? options.value('xml-file') : undefined, xmlText(outcome.output)],
  ]
  const target = options.value('output-to')
  if (target === undefined || target === '-') host.out(outcome.stdout)
  else if (!write(target, outcome.stdout, host)) return exitCodes.cannotCreate
  for (const [file, content] of files) {
    if (file === undefined || content === undefined) continue
    if (file === '-') host.out(content)
    else if (!write(file, content, host)) return exitCodes.cannotCreate
  }
  return outcome.complete ? exitCodes.ok : exitCodes.error
}

function xmlText(xml: XmlElement | undefined): string | undefined {
  return xml === undefined ? undefined : formatXml(xml)
}

function write(file: string, content: string, host: ToolHost): boolean {
  try {
    fs.writeFileSync(file, content)
    return true
  } catch (fault) {
    host.err(`crm_simulate: Could not write ${file}: ${fault instanceof Error ? fault.message : String(fault)}\n`)
    return false
  }
}
