import { attr, type XmlElement } from '@quorate/xml'
import { digestHintSource } from '../action/fencing.ts'
import { civilFromDays } from '../date.ts'
import { graphActions, graphXml } from '../graph/build.ts'
import { type DotOptions, dotText } from '../graph/dot.ts'
import { graphText } from '../graph/text.ts'
import type { LogLine } from '../model/model.ts'
import { nodeItems } from '../report/node-list.ts'
import { resourceItems } from '../report/resource-list.ts'
import { fancyLines, plainLines, type StatusItem } from '../report/status-item.ts'
import { shutdownNotices, transitionNotices } from '../report/transition-notices.ts'
import { transitionSummary } from '../report/transition-summary.ts'
import { parseInteger } from '../scalar.ts'
import { decide } from '../schedule.ts'
import { type ClusterStatus, type StatusOptions, unpackStatus } from '../status.ts'
import { type AmbiguousState, SimulatedStatus } from './cib-status.ts'
import { entersNodes, hasInjections, type Injections, inject } from './inject.ts'
import { RunReport } from './run-report.ts'
import { GraphRunner } from './runner.ts'
import { savedInput } from './saved-input.ts'

/** What one run of crm_simulate is to do and to show. */
export type SimulationRequest = {
  readonly nowSeconds: number
  readonly utcOffsetSeconds?: number
  /** Time asked for, the words in which it was, and what is logged about it whenever it is set. */
  readonly effectiveTime?: {
    readonly text: string
    readonly epochSeconds: number
    readonly offsetSeconds: number
    readonly notes?: readonly LogLine[]
  }
  /** The CIB is a cluster's own, and its secrets are the true ones; those of a file may be masked. */
  readonly isLive?: boolean
  /** Whether the remarks are to have what is going to be done, and how that ended. */
  readonly tellsActions?: boolean
  /** Decide what to do (`--run`). */
  readonly process: boolean
  /** Also carry it out on a copy (`--simulate`). */
  readonly simulate: boolean
  /** False where nobody asks for the graph as elements, unless it is simulated. */
  readonly drawsGraph?: boolean
  readonly showsScores?: boolean
  readonly showsUtilization?: boolean
  readonly quiet?: boolean
  /** Headings and bullets where scores are shown too. */
  readonly fancy?: boolean
  readonly dot?: DotOptions
  readonly injections?: Injections
  /** Operations that are to fail. */
  readonly failures?: readonly string[]
  /** What is shown of a status besides its nodes and resources. */
  readonly sections?: (status: ClusterStatus) => readonly Section[]
  /** A status as elements. Where it is given, the run is told as elements too. */
  readonly elements?: (status: ClusterStatus, isRevised: boolean) => readonly XmlElement[]
}

/** A part of a status display under its title. */
export type Section = { readonly title: string; readonly items: readonly StatusItem[] }

/** What a run of crm_simulate came to. */
export type SimulationOutcome = {
  readonly stdout: string
  readonly stderr: string
  /** What `stderr` has: of the input, and of what was asked to be done with it. */
  readonly warnings: readonly string[]
  readonly errors: readonly string[]
  /** What was said on the way and what was wrong with what was asked for, in the order in which it came up. */
  readonly remarks: readonly Remark[]
  /** The `transition_graph` element; undefined where nothing was decided, or nobody asked for it. */
  readonly graph: XmlElement | undefined
  /** Writes it piece by piece, as `formatXml` would; undefined where nothing was decided. */
  readonly graphText: (() => Iterable<string>) | undefined
  /** Draws the graph for graphviz. */
  readonly dot: (() => string) | undefined
  /** The CIB as decided on, and as it is after the simulation. */
  readonly input: XmlElement
  readonly output: XmlElement
  /** False where a simulated transition got stuck. */
  readonly complete: boolean
  /** True where it ended before its time, without a word of what would follow: several states have the name of a node. */
  readonly isAmbiguous: boolean
  /** The run as elements; empty where they were not asked for. */
  readonly report: readonly XmlElement[]
  /** What was said about the configuration and the status decided on. */
  readonly log: readonly LogLine[]
  /** The input with what reading it leaves in the C program's copy, which is the one that it saves. */
  readonly savedInput: () => XmlElement
  /** What of a run there was to be seen before it went on: the C program ends there where a file cannot be written. */
  readonly until: (stage: Stage) => Told
}

/** A line of the log, or the text of a fault of what was asked for. */
export type Remark = LogLine | string

/** Where a run can end early: once what was asked for was done to the input, and once it was decided. */
export type Stage = 'modified' | 'decided'

/** What a run says. */
export type Told = Pick<SimulationOutcome, 'stdout' | 'errors' | 'remarks' | 'report'>

/** The text of a run while it grows. Without headings and bullets where scores are shown. */
class Transcript {
  readonly lines: string[] = []
  readonly warnings: string[] = []
  readonly report = new RunReport()
  readonly remarks: Remark[] = []
  /** How much there was of lines, remarks and elements. */
  readonly #stages = new Map<Stage, readonly [lines: number, remarks: number, elements: number]>()
  readonly #toldOnce = new Set<string>()
  readonly #plain: boolean
  readonly #quiet: boolean

  constructor(plain: boolean, quiet: boolean) {
    this.#plain = plain
    this.#quiet = quiet
  }

  /** What was said while a status was read or decided on. */
  heard(log: readonly LogLine[]): void {
    for (const line of log) {
      if (line.isToldOnce === true) {
        if (this.#toldOnce.has(line.text)) continue
        this.#toldOnce.add(line.text)
      }
      this.remarks.push(line)
    }
  }

  reached(stage: Stage): void {
    this.#stages.set(stage, [this.lines.length, this.remarks.length, this.report.elements.length])
  }

  /** What was said until a stage; all where it was not reached, or none is asked for. */
  told(stage?: Stage): Told {
    const [lines, count, elements] = (stage === undefined ? undefined : this.#stages.get(stage)) ?? []
    const remarks = this.remarks.slice(0, count)
    return {
      stdout: textOf(this.lines.slice(0, lines)),
      errors: faultsOf(remarks),
      remarks,
      report: this.report.elements.slice(0, elements),
    }
  }

  blank(): void {
    if (!this.#quiet) this.lines.push('')
  }

  line(text: string): void {
    if (!this.#quiet) this.lines.push(text)
  }

  /** A blank that quiet does not keep away. */
  gap(): void {
    this.lines.push('')
  }

  /** What is asked for by itself, and told even where quiet is. */
  essential(item: StatusItem): void {
    this.lines.push(...(this.#plain ? plainLines([item]) : fancyLines([item], 1)))
  }

  title(text: string): void {
    if (!this.#quiet) this.essentialTitle(text)
  }

  /** The title of what is essential. */
  essentialTitle(text: string): void {
    if (!this.#plain) this.lines.push(`${text}:`)
  }

  items(items: readonly StatusItem[], depth: number): void {
    if (this.#quiet) return
    this.lines.push(...(this.#plain ? plainLines(items) : fancyLines(items, depth)))
  }

  section(title: string, items: readonly StatusItem[]): void {
    this.items([{ text: title, items }], 1)
  }
}

/** Runs the scheduler on a CIB, and where asked the transition on a copy of it: all that crm_simulate does, as values. */
export function simulate(cib: XmlElement, request: SimulationRequest): SimulationOutcome {
  const quiet = request.quiet === true
  const out = new Transcript(showsNumbers(request) && request.fancy !== true, quiet)
  out.warnings.push(...schemaWarnings(cib))
  const unpack = (of: XmlElement): ClusterStatus => unpackStatus(of, statusOptions(request))
  const timeLine = effectiveTimeLine(cib, request)
  let input = cib
  let cluster = unpack(cib)
  sayTime(timeLine, request, out)
  noticesOf(cluster, out)
  out.heard(cluster.log)
  if (request.elements !== undefined) out.report.status('cluster_status', request.elements(cluster, false))
  if (!quiet) showHeader(cluster, out, request)
  const injections = request.injections ?? {}
  if (hasInjections(injections)) {
    out.blank()
    const injected = inject(cib, cluster, injections, request.nowSeconds)
    out.title('Performing Requested Modifications')
    out.items(injected.lines, 1)
    out.report.modifications(injections, injected.lines)
    out.remarks.push(...injected.errors)
    if (injected.ambiguity !== undefined) return ambiguous(out, cluster, cib, injected.ambiguity)
    input = injected.cib
    cluster = unpack(input)
    sayTime(timeLine, request, out)
    out.heard(cluster.log)
    noticesOf(cluster, out)
  }
  out.reached('modified')
  if (!request.process && !request.simulate) return finish(out, cluster, input, input)
  return decideAndShow(cluster, input, request, out, timeLine)
}

/** What is said of a CIB that is held to no schema, before anything else. */
export function schemaWarnings(cib: XmlElement): readonly string[] {
  if (attr(cib, 'validate-with') !== 'none') return []
  return [
    'Schema validation of configuration is disabled (enabling is encouraged and prevents common misconfigurations)',
  ]
}

function showsNumbers({ showsScores, showsUtilization }: SimulationRequest): boolean {
  return showsScores === true || showsUtilization === true
}

function numbersTitle({ showsScores, showsUtilization }: SimulationRequest): string {
  if (showsScores !== true) return 'Utilization Information'
  return showsUtilization === true ? 'Allocation Scores and Utilization Information' : 'Allocation Scores'
}

function textOf(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function faultsOf(remarks: readonly Remark[]): readonly string[] {
  return remarks.filter((remark) => typeof remark === 'string')
}

function finish(
  out: Transcript,
  cluster: ClusterStatus,
  input: XmlElement,
  output: XmlElement,
  more: Partial<SimulationOutcome> = {},
): SimulationOutcome {
  const { entryNotes, impliedConnections } = cluster
  const told = out.told()
  return {
    ...told,
    stderr: textOf([...out.warnings, ...told.errors]),
    warnings: out.warnings,
    graph: undefined,
    graphText: undefined,
    dot: undefined,
    input,
    output,
    complete: true,
    isAmbiguous: false,
    log: out.told('decided').remarks.filter((remark) => typeof remark !== 'string'),
    savedInput: () => savedInput(input, { entryNotes, impliedConnections }),
    until: (stage) => out.told(stage),
    ...more,
  }
}

function ambiguous(
  out: Transcript,
  cluster: ClusterStatus,
  cib: XmlElement,
  { remark }: AmbiguousState,
  more: Partial<SimulationOutcome> = {},
): SimulationOutcome {
  out.remarks.push(remark)
  return finish(out, cluster, cib, cib, { ...more, complete: false, isAmbiguous: true })
}

function statusOptions(request: SimulationRequest): StatusOptions {
  const { effectiveTime, utcOffsetSeconds } = request
  return {
    nowSeconds: request.nowSeconds,
    ...(utcOffsetSeconds === undefined ? {} : { utcOffsetSeconds }),
    ...(effectiveTime === undefined ? {} : { effectiveTime }),
    wantsScores: request.showsScores === true,
    wantsUtilization: request.showsUtilization === true,
    hasMaskedSecrets: request.isLive !== true,
  }
}

function decideAndShow(
  cluster: ClusterStatus,
  input: XmlElement,
  request: SimulationRequest,
  out: Transcript,
  timeLine: string | undefined,
): SimulationOutcome {
  const isInjected = hasInjections(request.injections ?? {})
  const from = cluster.log.length
  decide(cluster)
  out.heard(cluster.log.slice(from))
  const toldUpTo = cluster.log.length
  if (request.tellsActions === true) out.heard(transitionNotices(cluster))
  if (showsNumbers(request)) {
    // The C program parts what it says from what comes before it even where quiet kept that from being said.
    if (isInjected) out.gap()
    else out.blank()
    out.essentialTitle(numbersTitle(request))
  }
  for (const line of cluster.log.slice(from)) {
    if (line.kind === 'score') out.essential({ text: line.text })
    else if (showsNumbers(request)) sayOf(line, out)
  }
  if (request.elements !== undefined && showsNumbers(request)) {
    const has = { scores: request.showsScores === true, utilization: request.showsUtilization === true }
    out.report.scores(cluster.log.slice(from), has)
  }
  const summary = transitionSummary(cluster)
  const actions = graphActions(cluster)
  out.heard(cluster.log.slice(toldUpTo))
  out.reached('decided')
  if (request.tellsActions === true && request.quiet !== true) {
    out.heard(shutdownNotices(cluster, request.elements === undefined ? 'node_action' : 'node_action_xml'))
  }
  out.report.list('actions', summary)
  const graph = request.simulate || request.drawsGraph !== false ? graphXml(cluster, actions) : undefined
  const text = (): Iterable<string> => graphText(cluster, actions)
  const dot = (): string => dotText(cluster, request.dot)
  out.blank()
  if (request.quiet !== true) {
    out.title('Transition Summary')
    out.items(summary, 1)
  }
  if (!request.simulate || graph === undefined)
    return finish(out, cluster, input, input, { graph, graphText: text, dot })
  const status = new SimulatedStatus(input, {
    entersNodes: entersNodes(request.injections ?? {}),
    refusesNamesakes: true,
  })
  const runner = new GraphRunner(cluster, graph, status, request.failures ?? [], request.nowSeconds)
  const { lines, remarks, complete, end, stuckLines, ambiguity } = runner.run()
  out.remarks.push(...remarks.filter((line) => typeof line === 'string' || request.tellsActions === true))
  if (request.tellsActions === true && ambiguity === undefined) out.remarks.push(end)
  if (!complete && ambiguity === undefined) {
    out.remarks.push('Transition failed: terminated')
    if (request.tellsActions === true) out.remarks.push(...stuckLines())
    out.remarks.push('An invalid transition was produced')
  }
  const output = status.cib()
  out.report.list('transition', lines)
  if (isInjected || showsNumbers(request)) out.gap()
  else out.blank()
  if (request.quiet !== true) {
    out.title('Executing Cluster Transition')
    for (const line of lines) {
      if (line.column0 === true) out.line(line.text)
      else out.items([line], 1)
    }
  }
  if (ambiguity !== undefined) return ambiguous(out, cluster, input, ambiguity, { graph, graphText: text, dot })
  if (request.quiet !== true) {
    sayTime(timeLine, request, out)
    const revised = unpackStatus(output, { ...statusOptions(request), wantsScores: false })
    out.heard(revised.log)
    // The second time it is not said what would have matched.
    for (const line of revised.log) if (line.source !== digestHintSource) sayOf(line, out)
    out.blank()
    out.title('Revised Cluster Status')
    if (request.elements !== undefined) out.report.status('revised_cluster_status', request.elements(revised, true))
    showStatus(revised, out, false, request)
  }
  return finish(out, cluster, input, output, { graph, graphText: text, dot, complete })
}

function sayTime(line: string | undefined, { effectiveTime }: SimulationRequest, out: Transcript): void {
  if (line !== undefined) out.line(line)
  out.remarks.push(...(effectiveTime?.notes ?? []))
}

function noticesOf(cluster: ClusterStatus, out: Transcript): void {
  for (const line of cluster.log) sayOf(line, out)
}

/** What is told to whoever looks on, and not only logged, as notices about the status are. */
function sayOf({ kind, text, isAboutStatus }: LogLine, out: Transcript): void {
  if (kind === 'notice' && isAboutStatus !== true) out.line(`notice: ${text}`)
  else if (kind === 'info') out.line(text)
}

function showHeader(cluster: ClusterStatus, out: Transcript, request: SimulationRequest): void {
  const { maintenanceMode } = cluster.settings
  if (maintenanceMode) {
    out.blank()
    out.line('              *** Resource management is DISABLED ***')
    out.line('  The cluster will not attempt to start, stop or recover services')
  }
  const counted = cluster.disabledCount > 0 || cluster.blockedCount > 0
  if (counted) {
    if (maintenanceMode) out.blank()
    const { disabledCount, blockedCount, instanceCount } = cluster
    out.line(
      `${disabledCount} of ${instanceCount} resource instances DISABLED and ${blockedCount} BLOCKED from further action due to failure`,
    )
  }
  if (maintenanceMode || counted) out.blank()
  out.title('Current cluster status')
  showStatus(cluster, out, true, request)
}

function showStatus(cluster: ClusterStatus, out: Transcript, showsPending: boolean, request: SimulationRequest): void {
  if (cluster.nodes.length > 0) {
    out.section('Node List', nodeItems(cluster))
    out.blank()
  }
  const resources = resourceItems(cluster, { showsPending, showsInactive: true })
  out.section('Full List of Resources', resources.length > 0 ? resources : [{ text: 'No resources' }])
  for (const { title, items } of request.sections?.(cluster) ?? []) {
    out.blank()
    out.section(title, items)
  }
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function effectiveTimeLine(cib: XmlElement, request: SimulationRequest): string | undefined {
  if (request.effectiveTime !== undefined) return `Setting effective cluster time: ${request.effectiveTime.text}`
  const seconds = parseInteger(attr(cib, 'execution-date')) ?? 0
  if (seconds === 0) return undefined
  const [year, month, day] = civilFromDays(Math.floor(seconds / 86_400))
  const inDay = seconds - Math.floor(seconds / 86_400) * 86_400
  const clock = `${two(Math.floor(inDay / 3600))}:${two(Math.floor((inDay % 3600) / 60))}:${two(inDay % 60)}`
  return `Using the original execution date of: ${year}-${two(month)}-${two(day)} ${clock}Z`
}
