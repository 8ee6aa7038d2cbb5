import fs from 'node:fs'
import { exitCodes, exitCodeText } from '@quorate/cib'
import { cibFileOf } from '../pacemaker/cib-access.ts'
import { helpText, optionsOfGroup, parseLine } from '../pacemaker/command-line.ts'
import { exiting, logLines, unfencingLines } from '../pacemaker/log-lines.ts'
import { jsonOf } from '../pacemaker/output.ts'
import { resultElement, resultXml } from '../pacemaker/result-xml.ts'
import { systemFaultText } from '../pacemaker/system-fault.ts'
import { parseSpanMs } from '../pacemaker/time-span.ts'
import { processHost, type ToolHost, toolFileMode, versionText } from '../pacemaker/tool-host.ts'
import { Options } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { extentOf, type Form, formOf, shownOf, viewOf } from './asked.ts'
import { showsFencing } from './fencing.ts'
import { watchCluster } from './live.ts'
import { monitorOptions } from './options.ts'
import { simpleStatus } from './simple-status.ts'
import { takeSnapshot } from './source.ts'
import { faultPage, type PageOptions, statusHtml } from './status-html.ts'
import { statusJson } from './status-json.ts'
import { pacemakerdLine, statusText } from './status-text.ts'
import { oldXml, statusElements, statusXml } from './status-xml.ts'
import type { Snapshot, View } from './view.ts'

const name = 'crm_mon'

/** A page that is a file is read again and again: as often as the status would be shown anew. */
const refreshDefaultSeconds = 5

/** crm_mon: the state of the cluster, once or kept up to date (behaviour/pacemaker-tools.md 3). */
export const run: Tool = (argv) => crmMon(argv, processHost())

/** {@link run} on a given host. */
export async function crmMon(argv: readonly string[], host: ToolHost): Promise<number> {
  const line = parseLine(argv, monitorOptions, 'groups')
  if (!line.ok) {
    host.err(`${name}: ${line.message}\n`)
    return exitCodes.usage
  }
  const options = new Options(line.options, line.operands)
  if (options.has('help') || options.has('help-all')) {
    const group = options.value('help')
    host.out(help(group === undefined ? monitorOptions : optionsOfGroup(group, monitorOptions)))
    return exitCodes.ok
  }
  if (options.has('version')) {
    host.out(versionText)
    return exitCodes.ok
  }
  const isFile = cibFileOf(host.env) !== undefined
  const unknown = ['daemonize', 'external-agent', 'watch-fencing'].find((long) => options.has(long))
  if (!isFile && unknown !== undefined) {
    host.err(`${name}: --${unknown} is not supported\n`)
    return exitCodes.unimplemented
  }
  const form = formOf(line.options)
  const unopened = (format: string, why: string) => {
    host.err(`${name}: Error creating output format ${format}: ${why}\n`)
    return exiting(name, exitCodes.error, host, options)
  }
  if ('unknown' in form) return unopened(form.unknown, 'Unknown output format')
  const opened = openFile(form, host)
  if (typeof opened === 'string') return unopened(form.format === 'console' ? 'text' : form.format, opened)
  // Of a file there is nothing to come: what works in the background is done when it begins, and prints nothing.
  const isUnseen = options.has('daemonize') && (form.file === undefined || form.file === '-')
  const shell = isUnseen ? { ...host, out: () => undefined, err: () => undefined } : { ...host, out: opened.write }
  const code = await show({ argv, options, form, host: shell })
  opened.close()
  return options.has('daemonize') ? exitCodes.ok : exiting(name, code, host, options)
}

function help(options: typeof monitorOptions): string {
  return helpText(`${name} [OPTIONS]`, 'Shows the state of a cluster.', options)
}

type OpenedFile = { readonly write: (text: string) => void; readonly close: () => void }

/** Opens where the status goes; or says why that cannot be. */
function openFile({ file }: Form, host: ToolHost): OpenedFile | string {
  if (file === undefined || file === '-') return { write: host.out, close: () => undefined }
  try {
    const fd = fs.openSync(file, 'w', toolFileMode)
    return { write: (text) => void fs.writeSync(fd, text), close: () => fs.closeSync(fd) }
  } catch (fault) {
    return systemFaultText(fault)
  }
}

/** What the status is asked with. */
type Request = {
  readonly argv: readonly string[]
  readonly options: Options
  readonly form: Form
  readonly host: ToolHost
}

async function show(request: Request): Promise<number> {
  const { options, form, host } = request
  const isFile = cibFileOf(host.env) !== undefined
  const shown = shownOf(options.given, extentOf(form))
  if (typeof shown === 'string') {
    if (form.format === 'console' || form.format === 'text') host.err(`${help(monitorOptions)}\n`)
    return refuse(request, exitCodes.usage, [`${name}: ${shown}`])
  }
  if (form.isCgi && isFile) return refuse(request, exitCodes.usage, [`${name}: CGI mode used with CIB file`])
  const view = viewOf(options, shown, form)
  const isOnce = options.has('one-shot') || form.isSimple || form.format !== 'console'
  if (!isOnce && host.isTerminal && !isFile) return watchCluster(view, options.value('interval'), host)
  return once(request, view)
}

/** Says what went wrong, in the form in which the status would have been shown. */
function refuse({ argv, options, form, host }: Request, code: number, lines: readonly string[]): number {
  if (form.format === 'html') {
    const page = pageOptions(options, form)
    // A line that is wrong will be wrong the next time too.
    host.out(faultPage(lines, code === exitCodes.usage ? { ...page, refreshSeconds: undefined } : page))
  } else if (form.format === 'xml' && !form.isOldXml) host.out(resultXml([name, ...argv], [], code, lines))
  else if (form.format === 'json') {
    host.out(`${JSON.stringify(jsonOf(resultElement([name, ...argv], [], code, lines)), undefined, 2)}\n`)
  } else if (form.format !== 'none') {
    if (form.isOldXml) host.out(oldXml([]))
    const first = form.isOldXml && code !== exitCodes.ok ? [exitCodeText(code)] : []
    host.err([...first, ...lines].map((text) => `${text}\n`).join(''))
  }
  return code
}

async function once(request: Request, view: View): Promise<number> {
  const { options, form, host } = request
  const isFencingShown = showsFencing(view.shown) && !form.isSimple
  // Loaded only here: binding the libraries of the host takes as long as many a display by itself.
  const takeFencing = async () => (await import('./fencing-source.ts')).takeFencingHistory()
  const taken = await takeSnapshot(host, isFencingShown ? takeFencing : undefined)
  if (!taken.ok) return refuse(request, taken.code, taken.lines)
  const { snapshot } = taken
  const told = () => host.err(logLines(snapshot.cluster.log, options.count('verbose')))
  const isText = form.format === 'text' || form.format === 'console'
  const notices = isText ? unfencingLines(snapshot.cluster.log) : ''
  if (!options.has('simple-status') || form.isOldXml) {
    const text = formatted(request, snapshot, view)
    told()
    host.out(`${notices}${text}`)
    return exitCodes.ok
  }
  told()
  const { text, code } = simpleStatus(snapshot)
  if (isText) host.out(`${notices}${pacemakerdLine(snapshot)}${text}`)
  const isFile = cibFileOf(host.env) !== undefined
  if (code !== exitCodes.ok && isFile) {
    // What a file tells of a cluster is no state that a tool ends with.
    return refuse(request, exitCodes.ok, ['Error outputting status info from the fencer or CIB'])
  }
  return code
}

function pageOptions(options: Options, { file, isCgi }: Form): PageOptions {
  const seconds = Math.floor((parseSpanMs(options.value('interval') ?? '') ?? refreshDefaultSeconds * 1000) / 1000)
  return {
    title: options.value('html-title') ?? 'Cluster Status',
    styleSheet: options.value('html-stylesheet'),
    isCgi: isCgi || options.has('html-cgi'),
    refreshSeconds: file === undefined || file === '-' ? undefined : seconds,
  }
}

function formatted({ argv, options, form }: Request, snapshot: Snapshot, view: View): string {
  switch (form.format) {
    case 'xml':
      return form.isOldXml ? oldXml(statusElements(snapshot, view)) : statusXml(snapshot, view, [name, ...argv])
    case 'json':
      return statusJson(snapshot, view, [name, ...argv])
    case 'html':
      return statusHtml(snapshot, view, pageOptions(options, form))
    case 'console':
    case 'text':
      return statusText(snapshot, view)
    case 'none':
      return ''
    default:
      return form.format satisfies never
  }
}
