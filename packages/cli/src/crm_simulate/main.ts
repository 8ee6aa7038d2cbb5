import fs from 'node:fs'
import { exitCodes } from '@quorate/cib'
import {
  type ClusterStatus,
  type Injections,
  type LogLine,
  type Moment,
  parseMoment,
  type SimulationOutcome,
  type SimulationRequest,
  type Stage,
  schemaWarnings,
  simulate,
} from '@quorate/scheduler'
import { encodeXml, type XmlElement } from '@quorate/xml'
import { utcOffsetSeconds } from '../crm_mon/local-time.ts'
import type { Section } from '../crm_mon/sections.ts'
import { type Block, statusBlocks } from '../crm_mon/status-text.ts'
import { statusElements } from '../crm_mon/status-xml.ts'
import type { Snapshot, View } from '../crm_mon/view.ts'
import { momentText } from '../iso8601/time-text.ts'
import { logLines } from '../pacemaker/log-lines.ts'
import { Output, outputOrFault } from '../pacemaker/output.ts'
import { systemFaultCode, systemFaultText } from '../pacemaker/system-fault.ts'
import { processHost, type ToolHost, toolFileMode } from '../pacemaker/tool-host.ts'
import { type Options, readOptions } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { editedFile, isLive, readInput } from './input.ts'
import { simulateExamples, simulateOptions } from './options.ts'
import { type Profile, profileFolder } from './profile.ts'

/** crm_simulate: what the cluster would do, without doing it (behaviour/pacemaker-tools.md 10). */
export const run: Tool = (argv) => crmSimulate(argv, processHost())

/** {@link run} on a given host. */
export async function crmSimulate(argv: readonly string[], host: ToolHost): Promise<number> {
  const options = readOptions(
    argv,
    {
      name: 'crm_simulate',
      purpose: 'Simulates how a cluster responds to events.',
      options: simulateOptions,
      examples: simulateExamples,
    },
    host,
  )
  if (typeof options === 'number') return options
  const output = outputOrFault(options, host, ['crm_simulate', ...argv])
  if (!(output instanceof Output)) {
    host.err(`${output.text}\n`)
    return output.code
  }
  const folder = options.value('profile')
  if (folder !== undefined) {
    const asked = requestOf(options, output)
    const request: SimulationRequest = {
      ...asked,
      simulate: false,
      injections: {},
      ...(output.isData ? { elements: () => [] } : {}),
      // Unlike elsewhere, the time for which a CIB was decided on does not count.
      effectiveTime: asked.effectiveTime ?? { text: '', ...presentOf(host) },
    }
    const profile: Profile = {
      folder,
      repeat: Number(options.value('repeat') ?? '1'),
      verbosity: options.count('verbose'),
      moment: options.has('quiet') ? undefined : asked.effectiveTime?.text,
      hasTitle: request.fancy === true || !(request.showsScores === true || request.showsUtilization === true),
      request,
    }
    return profileFolder(profile, output)
  }
  const { code, isCut, results, errors } = await perform(options, output)
  return isCut === true ? output.abandon(code) : output.end(code, results, errors)
}

/** How a run ended, and what it came to where it got that far. */
type Ending = {
  readonly code: number
  /** It ended before there was anything to be written for programs. */
  readonly isCut?: boolean
  readonly results?: readonly XmlElement[]
  readonly errors?: readonly string[]
}

async function perform(options: Options, output: Output): Promise<Ending> {
  const { host } = output
  if (options.has('in-place') && !isLive(options) && editedFile(options) === undefined) {
    host.err('crm_simulate: --in-place is only supported with --xml-file\n')
    return { code: exitCodes.noInput }
  }
  const input = await readInput(options, host)
  if (!input.ok) {
    host.err(`${input.lines.join('\n')}\n`)
    return { code: input.code }
  }
  const kept = options.has('in-place') ? editedFile(options) : options.value('save-output')
  const fault = kept === undefined ? undefined : writingFault(kept, [], 'a')
  if (fault !== undefined) {
    const lines = [...schemaWarnings(input.cib), `crm_simulate: Could not create '${kept}': ${fault.text}`]
    host.err(lines.map((line) => `${line}\n`).join(''))
    return { code: fault.code }
  }
  const outcome = simulate(input.cib, requestOf(options, output))
  const end = save(options, outcome, kept)
  const told = end.stage === undefined ? outcome : outcome.until(end.stage)
  host.err(outcome.warnings.map((line) => `${line}\n`).join(''))
  const remarks = output.format === 'text' ? told.remarks : told.remarks.filter((remark) => typeof remark !== 'string')
  host.err(logLines(remarks, options.count('verbose')))
  if (!output.isData) host.out(told.stdout)
  return { code: end.code, isCut: end.isCut === true, results: told.report, errors: told.errors }
}

/** A time asked for. As with the C program, what is no time is the present. */
function askedTime(text: string, now: Moment): NonNullable<SimulationRequest['effectiveTime']> {
  const notes: LogLine[] = []
  const asked = parseMoment(text, now, (source, fault) => notes.push({ kind: 'error', source, text: fault }))
  const shown = asked === undefined ? '<undefined time>' : momentText(asked, { calendar: 'date', isLocal: false })
  notes.push({ kind: 'notice', source: 'set_effective_date', text: `Pretending 'now' is: ${shown}` })
  return { text, ...(asked ?? now), notes }
}

function presentOf(host: ToolHost): { readonly epochSeconds: number; readonly offsetSeconds: number } {
  return { epochSeconds: Math.floor(host.now() / 1000), offsetSeconds: utcOffsetSeconds(host.now()) }
}

/** Options that mean --run as well. */
const decides = ['run', 'show-scores', 'show-utilization', 'save-graph', 'save-dotfile', 'profile'] as const

function requestOf(options: Options, output: Output): SimulationRequest {
  const { host } = output
  const text = options.value('set-datetime')
  const now = presentOf(host)
  const effectiveTime = text === undefined ? undefined : askedTime(text, now)
  const isSimulated = options.has('simulate') || options.has('in-place') || options.has('op-fail')
  return {
    nowSeconds: now.epochSeconds,
    utcOffsetSeconds: now.offsetSeconds,
    ...(effectiveTime === undefined ? {} : { effectiveTime }),
    isLive: isLive(options),
    process: isSimulated || decides.some((name) => options.has(name)),
    simulate: isSimulated,
    tellsActions: options.has('verbose'),
    drawsGraph: false,
    showsScores: options.has('show-scores'),
    showsUtilization: options.has('show-utilization'),
    quiet: options.has('quiet') && !output.isData,
    fancy: options.has('text-fancy'),
    ...(output.isData
      ? {
          elements: (status: ClusterStatus, isRevised: boolean) =>
            statusElements(snapshot(status), { ...statusView(options), hidesPending: isRevised }),
        }
      : { sections: (status: ClusterStatus) => moreBlocks(snapshot(status), statusView(options)) }),
    dot: { allActions: options.has('all-actions'), showsNumbers: options.has('verbose') },
    injections: injectionsOf(options),
    failures: options.values('op-fail'),
  }
}

/** The parts of crm_mon's display that a status of a simulation has. */
function statusView(options: Options): View {
  const sections: Section[] = ['nodes', 'resources']
  if (options.has('show-attrs')) sections.push('attributes')
  if (options.has('show-failcounts')) sections.push('failcounts', 'failures')
  return {
    shown: { sections: new Set(sections), banPrefix: '' },
    byNode: false,
    showsInactive: true,
    showsDetail: true,
    isBrief: false,
    showsTiming: false,
    onlyNode: undefined,
    onlyResource: undefined,
    isPart: true,
  }
}

function snapshot(cluster: ClusterStatus): Snapshot {
  return { cluster, pacemakerd: undefined, nowSeconds: cluster.now.epochSeconds }
}

/** What the text shows of a status after its nodes and resources. */
function moreBlocks(of: Snapshot, view: View): readonly Block[] {
  const only = (names: readonly Section[], showsDetail: boolean): readonly Block[] => {
    const sections = new Set(names.filter((name) => view.shown.sections.has(name)))
    return sections.size === 0 ? [] : statusBlocks(of, { ...view, showsDetail, shown: { ...view.shown, sections } })
  }
  return [...only(['attributes', 'failcounts'], false), ...only(['failures'], true)]
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

/** How a run ends, and where it stops before that: at the first file that cannot be written. */
type Saved = { readonly code: number; readonly stage?: Stage; readonly isCut?: boolean }

/** @param kept file for the CIB as it is in the end */
function save(options: Options, outcome: SimulationOutcome, kept: string | undefined): Saved {
  const { input, output, savedInput, graphText, dot } = outcome
  const files: readonly (readonly [name: string, content: (() => Pieces) | undefined, stage: Stage])[] = [
    ['save-input', () => [encodeXml(savedInput())], 'modified'],
    ['save-graph', graphText, 'decided'],
    ['save-dotfile', dot === undefined ? undefined : () => [dot()], 'decided'],
  ]
  const keep = (cib: XmlElement): void => {
    if (kept !== undefined) writingFault(kept, [encodeXml(cib)])
  }
  for (const [name, content, stage] of files) {
    const file = options.value(name)
    const fault = file === undefined || content === undefined ? undefined : writingFault(file, content())
    if (fault === undefined) continue
    keep(input)
    return { code: stage === 'modified' ? fault.code : exitCodes.io, stage }
  }
  keep(output)
  if (outcome.isAmbiguous) return { code: exitCodes.software, isCut: true }
  return { code: outcome.complete ? exitCodes.ok : exitCodes.error }
}

/** What a file is to hold, in order. */
type Pieces = Iterable<string | Uint8Array>

/** Why a file cannot be written, and with which exit code a run ends for that. */
type WritingFault = { readonly text: string; readonly code: number }

/** Writes a file, or to its end; answers why it cannot be written. */
function writingFault(file: string, content: Pieces, flags: 'w' | 'a' = 'w'): WritingFault | undefined {
  try {
    const opened = fs.openSync(file, flags, toolFileMode)
    try {
      for (const piece of content) fs.writeFileSync(opened, piece)
    } finally {
      fs.closeSync(opened)
    }
    return undefined
  } catch (fault) {
    return { text: systemFaultText(fault), code: systemFaultCode(fault) }
  }
}
