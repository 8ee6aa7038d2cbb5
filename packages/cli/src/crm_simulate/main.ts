import fs from 'node:fs'
import { decodeText } from '@quorate/base'
import { exitCodes } from '@quorate/cib'
import {
  type ClusterStatus,
  type Injections,
  parseMoment,
  type SimulationOutcome,
  type SimulationRequest,
  simulate,
} from '@quorate/scheduler'
import { encodeXml, type XmlElement } from '@quorate/xml'
import { utcOffsetSeconds } from '../crm_mon/local-time.ts'
import type { Section } from '../crm_mon/sections.ts'
import { type Block, statusBlocks } from '../crm_mon/status-text.ts'
import { statusElements } from '../crm_mon/status-xml.ts'
import type { Snapshot, View } from '../crm_mon/view.ts'
import { logLines } from '../pacemaker/log-lines.ts'
import { type Output, openOutput } from '../pacemaker/output.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { type Options, readOptions } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { readInput } from './input.ts'
import { simulateExamples, simulateOptions } from './options.ts'
import { profileFolder, timingElement, timingText } from './profile.ts'

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
  const output = openOutput(options, host, ['crm_simulate', ...argv])
  if (typeof output === 'string') {
    host.err(`${output}\n`)
    return exitCodes.noSuchObject
  }
  const { code, results, errors } = await perform(options, output)
  return output.end(code, results, errors)
}

/** How a run ended, and what it came to where it got that far. */
type Ending = {
  readonly code: number
  readonly results?: readonly XmlElement[]
  readonly errors?: readonly string[]
}

async function perform(options: Options, output: Output): Promise<Ending> {
  const { host } = output
  const folder = options.value('profile')
  if (folder !== undefined) {
    const { code, timings } = profileFolder(folder, Number(options.value('repeat') ?? '1'), host)
    if (!output.isData && code === exitCodes.ok) host.out(timingText(timings))
    return { code, results: code === exitCodes.ok ? [timingElement(timings)] : [] }
  }
  if (options.has('in-place') && options.value('xml-file') === undefined) {
    host.err('crm_simulate: --in-place is only supported with --xml-file\n')
    return { code: exitCodes.usage }
  }
  const input = await readInput(options, host)
  if (!input.ok) {
    host.err(`${input.lines.join('\n')}\n`)
    return { code: input.code }
  }
  const outcome = simulate(input.cib, requestOf(options, output))
  host.err(logLines(outcome.log, options.count('verbose')))
  host.err(outcome.warnings.map((line) => `${line}\n`).join(''))
  if (!output.isData) {
    host.err(outcome.errors.map((line) => `${line}\n`).join(''))
    host.out(outcome.stdout)
  }
  return { code: save(options, outcome, host), results: outcome.report, errors: outcome.errors }
}

/** Options that mean --run as well. */
const decides = ['run', 'show-scores', 'show-utilization', 'save-graph', 'save-dotfile', 'profile'] as const

function requestOf(options: Options, output: Output): SimulationRequest {
  const { host } = output
  const nowSeconds = Math.floor(host.now() / 1000)
  const offsetSeconds = utcOffsetSeconds(host.now())
  const text = options.value('set-datetime')
  const now = { epochSeconds: nowSeconds, offsetSeconds }
  // As with the C program, what is no time is the present.
  const effectiveTime = text === undefined ? undefined : { text, ...(parseMoment(text, now) ?? now) }
  const isSimulated = options.has('simulate') || options.has('in-place') || options.has('op-fail')
  return {
    nowSeconds,
    utcOffsetSeconds: offsetSeconds,
    ...(effectiveTime === undefined ? {} : { effectiveTime }),
    process: isSimulated || decides.some((name) => options.has(name)),
    simulate: isSimulated,
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

function save(options: Options, outcome: SimulationOutcome, host: ToolHost): number {
  const { input, output, graphText, dot } = outcome
  const written = (root: XmlElement) => (): Pieces => [encodeXml(root)]
  const files: readonly (readonly [file: string | undefined, content: (() => Pieces) | undefined])[] = [
    [options.value('save-input'), written(input)],
    [options.value('save-graph'), graphText],
    [options.value('save-dotfile'), dot === undefined ? undefined : () => [dot()]],
    [options.value('save-output'), written(output)],
    [options.has('in-place') ? options.value('xml-file') : undefined, written(output)],
  ]
  for (const [file, content] of files) {
    if (file === undefined || content === undefined) continue
    if (file === '-') for (const piece of content()) host.out(typeof piece === 'string' ? piece : decodeText(piece))
    else if (!write(file, content(), host)) return exitCodes.cannotCreate
  }
  return outcome.complete ? exitCodes.ok : exitCodes.error
}

/** What a file is to hold, in order. */
type Pieces = Iterable<string | Uint8Array>

function write(file: string, content: Pieces, host: ToolHost): boolean {
  try {
    const opened = fs.openSync(file, 'w')
    try {
      for (const piece of content) fs.writeFileSync(opened, piece)
    } finally {
      fs.closeSync(opened)
    }
    return true
  } catch (fault) {
    host.err(`crm_simulate: Could not write ${file}: ${fault instanceof Error ? fault.message : String(fault)}\n`)
    return false
  }
}
