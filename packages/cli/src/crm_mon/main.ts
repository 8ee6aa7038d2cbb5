import fs from 'node:fs'
import { exitCodes } from '@quorate/cib'
import { cibFileOf } from '../pacemaker/cib-access.ts'
import { helpText, parseLine } from '../pacemaker/command-line.ts'
import { unfencingLines } from '../pacemaker/log-lines.ts'
import { processHost, type ToolHost, versionText } from '../pacemaker/tool-host.ts'
import { Options } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { showsFencing } from './fencing.ts'
import { watchCluster } from './live.ts'
import { monitorOptions } from './options.ts'
import { changeSections, defaultSections, excludeNames, includeNames, type Section, type Shown } from './sections.ts'
import { simpleStatus } from './simple-status.ts'
import { takeSnapshot } from './source.ts'
import { statusHtml } from './status-html.ts'
import { statusJson } from './status-json.ts'
import { pacemakerdLine, statusText } from './status-text.ts'
import { statusXml } from './status-xml.ts'
import type { Snapshot, View } from './view.ts'

/** Formats of the display. */
type Format = 'console' | 'text' | 'xml' | 'json' | 'html'

const name = 'crm_mon'

/** crm_mon: the state of the cluster, once or kept up to date (behaviour/pacemaker-tools.md 3). */
export const run: Tool = (argv) => crmMon(argv, processHost())

/** {@link run} on a given host. */
export async function crmMon(argv: readonly string[], host: ToolHost): Promise<number> {
  const line = parseLine(argv, monitorOptions, 'groups')
  const help = helpText(`${name} [OPTIONS]`, 'Shows the state of a cluster.', monitorOptions)
  const misused = (message: string) => {
    host.err(`${name}: ${message}\n\n${help}`)
    return exitCodes.usage
  }
  if (!line.ok) return misused(line.message)
  const options = new Options(line.options, line.operands)
  if (options.has('help') || options.has('help-all')) {
    host.out(help)
    return exitCodes.ok
  }
  if (options.has('version')) {
    host.out(versionText)
    return exitCodes.ok
  }
  const unknown = ['daemonize', 'external-agent', 'watch-fencing'].find((long) => options.has(long))
  if (unknown !== undefined) {
    host.err(`${name}: --${unknown} is not supported\n`)
    return exitCodes.unimplemented
  }
  const format = formatOf(options)
  const shown = shownOf(line.options, format === 'xml' || format === 'json')
  if (typeof shown === 'string') return misused(shown)
  const view = viewOf(options, shown, format)
  const isOnce = options.has('one-shot') || options.has('simple-status') || format !== 'console'
  if (!isOnce && host.isTerminal && cibFileOf(host.env) === undefined) {
    return watchCluster(view, options.value('interval'), host)
  }
  return once(argv, options, view, format, host)
}

async function once(
  argv: readonly string[],
  options: Options,
  view: View,
  format: Format,
  host: ToolHost,
): Promise<number> {
  const isFencingShown = showsFencing(view.shown) && !options.has('simple-status')
  // Loaded only here: binding the libraries of the host takes as long as many a display by itself.
  const takeFencing = async () => (await import('./fencing-source.ts')).takeFencingHistory()
  const taken = await takeSnapshot(host, isFencingShown ? takeFencing : undefined)
  if (!taken.ok) {
    host.err(taken.lines.map((text) => `${text}\n`).join(''))
    return taken.code
  }
  const notices = unfencingLines(taken.snapshot.cluster.log)
  if (options.has('simple-status')) {
    const simple = simpleStatus(taken.snapshot)
    host.out(`${notices}${pacemakerdLine(taken.snapshot)}${simple.text}`)
    return simple.code
  }
  const isText = format === 'text' || format === 'console'
  const text = `${isText ? notices : ''}${formatted(argv, options, taken.snapshot, view, format)}`
  const file = options.value('output-to')
  if (file === undefined || file === '-') host.out(text)
  else fs.writeFileSync(file, text)
  return exitCodes.ok
}

function formatted(argv: readonly string[], options: Options, snapshot: Snapshot, view: View, format: Format): string {
  switch (format) {
    case 'xml':
      return statusXml(snapshot, view, [name, ...argv])
    case 'json':
      return statusJson(snapshot, view, [name, ...argv])
    case 'html':
      return statusHtml(snapshot, view, {
        title: options.value('html-title') ?? 'Cluster Status',
        styleSheet: options.value('html-stylesheet'),
        isCgi: options.has('html-cgi') || options.has('web-cgi'),
      })
    case 'console':
    case 'text':
      return statusText(snapshot, view)
    default:
      return format satisfies never
  }
}

function formatOf(options: Options): Format {
  if (options.has('as-xml')) return 'xml'
  if (options.has('as-html') || options.has('web-cgi')) return 'html'
  const asked = options.value('output-as')
  if (asked === 'xml' || asked === 'json' || asked === 'html' || asked === 'text') return asked
  return options.has('disable-ncurses') ? 'text' : 'console'
}

/** Sections by the options in their order, or what is wrong with one. */
function shownOf(
  given: readonly { readonly long: string; readonly value: string | undefined }[],
  isXml: boolean,
): Shown | string {
  let shown: Shown = { sections: new Set(defaultSections(isXml)), banPrefix: '' }
  const add = (...names: readonly Section[]) => {
    shown = { ...shown, sections: new Set([...shown.sections, ...names]) }
  }
  const drop = (...names: readonly Section[]) => {
    shown = { ...shown, sections: new Set([...shown.sections].filter((item) => !names.includes(item))) }
  }
  for (const { long, value } of given) {
    if (long === 'include' || long === 'exclude') {
      const changed = changeSections(shown, long, value ?? '', isXml)
      if (changed === undefined) return `--${long} options: ${long === 'include' ? includeNames : excludeNames}`
      shown = changed
    } else if (long === 'failcounts') add('failcounts')
    else if (long === 'operations') add('operations')
    else if (long === 'timing-details') add('operations')
    else if (long === 'tickets') add('tickets')
    else if (long === 'show-node-attributes') add('attributes')
    else if (long === 'hide-headers') drop('stack', 'dc', 'times', 'counts', 'options', 'maint-mode')
    else if (long === 'neg-locations') {
      add('bans')
      shown = { ...shown, banPrefix: value ?? '' }
    } else if (long === 'fence-history') {
      const level = Number.parseInt(value ?? '2', 10)
      if (!(level >= 0 && level <= 3)) return 'Fence history must be 0-3'
      if (level === 0) drop('fencing-failed', 'fencing-pending', 'fencing-succeeded')
      else add('fencing-failed', 'fencing-pending')
      // Programs are told all of it or nothing.
      if (level > 1 || (level > 0 && isXml)) add('fencing-succeeded')
    }
  }
  return shown
}

function viewOf(options: Options, shown: Shown, format: Format): View {
  return {
    shown,
    byNode: options.has('group-by-node'),
    showsInactive: options.has('inactive') || format === 'xml' || format === 'json',
    showsDetail: options.has('show-detail'),
    isBrief: options.has('brief'),
    showsTiming: options.has('timing-details') || format === 'xml' || format === 'json',
    onlyNode: options.value('node'),
    onlyResource: options.value('resource'),
  }
}
