import fs from 'node:fs'
import { exitCodes, exitCodeText, newestSchema, usableCib } from '@quorate/cib'
import {
  type LogLine,
  type StatusOptions,
  scheduleLog,
  sectionOf,
  unpackConstraints,
  unpackStatus,
} from '@quorate/scheduler'
import { attr, formatXml, parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { utcOffsetSeconds } from '../crm_mon/local-time.ts'
import { cibFileOf, openCib } from '../pacemaker/cib-access.ts'
import { exiting, logLines, unfencingLines } from '../pacemaker/log-lines.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import { type Output, openOutput } from '../pacemaker/output.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { commonOptions, type Options, outputOptions, readOptions, type ToolInfo } from '../pacemaker/tool-options.ts'
import { invalidLines, strayTextLines } from '../pacemaker/validation.ts'
import { readXmlFile } from '../pacemaker/xml-file.ts'
import type { Tool } from '../tool.ts'

const source = { group: 'Data sources' }

const info: ToolInfo = {
  name: 'crm_verify',
  purpose: 'Checks a configuration: well formed, valid, free of what the scheduler takes for mistakes.',
  examples: [
    ['Check the configuration of the cluster', 'crm_verify --live-check'],
    ['Check a file, and hear every doubt', 'crm_verify --xml-file cib.xml -VV'],
    ['Check an input that the scheduler saved', 'crm_verify --xml-file /var/lib/pacemaker/pengine/pe-input-7.bz2'],
  ],
  options: [
    ...commonOptions,
    ...outputOptions,
    { short: 'L', long: 'live-check', help: 'Check the CIB of the cluster', ...source },
    { short: 'x', long: 'xml-file', argument: 'FILE', help: 'Check the CIB in a file', ...source },
    { short: 'p', long: 'xml-pipe', help: 'Check the CIB that standard input has', ...source },
    { short: 'X', long: 'xml-text', argument: 'XML', help: 'Check that CIB', ...source },
    {
      short: 'S',
      long: 'save-xml',
      argument: 'FILE',
      help: 'Keep the CIB that was checked',
      group: 'Additional options',
    },
  ],
}

/** What is named instead of a file where a CIB was given as text. */
const textSource = '-'

/** A CIB as read, with the lines of its elements; or why there is none. `isBroken`: a document, but not well formed. */
type Input =
  | {
      readonly cib: XmlElement
      readonly file: string
      readonly lines: Map<XmlElement, number>
      readonly sections: Set<XmlElement>
    }
  | { readonly isBroken: true }
  | { readonly code: number; readonly error: string }

const unanswered: Input = { code: exitCodes.noInput, error: `CIB query failed: ${exitCodeText(exitCodes.noInput)}` }

/** crm_verify: whether a configuration is fit for use (behaviour/pacemaker-tools.md 11). */
export const run: Tool = (argv) => crmVerify(argv, processHost())

/** {@link run} on a given host. */
export async function crmVerify(argv: readonly string[], host: ToolHost): Promise<number> {
  const options = readOptions(argv, info, host)
  if (typeof options === 'number') return options
  const output = openOutput(options, host, ['crm_verify', ...argv])
  if (typeof output === 'string') {
    host.err(`crm_verify: ${output}\n`)
    return exiting(info.name, exitCodes.error, host, options)
  }
  return exiting(info.name, output.end(await verify(options, output)), host, options)
}

async function verify(options: Options, output: Output): Promise<number> {
  const { host } = output
  const input = await readInput(options, host)
  if ('error' in input) {
    host.err(`crm_verify: ${input.error}\n`)
    return input.code
  }
  const verbosity = options.count('verbose')
  if ('isBroken' in input) return conclude('Errors found during check: config not valid', verbosity, host)
  const { cib, file, lines, sections } = input
  if (cib.name !== 'cib') {
    host.err('crm_verify: This tool can only check complete configurations (i.e. those starting with <cib>).\n')
    return exitCodes.protocol
  }
  const target = options.value('save-xml')
  if (target !== undefined) save(target, formatXml(cib), host)
  const isHeldToSchema = (attr(cib, 'validate-with') ?? 'none') !== 'none'
  // As with the C tool, text among elements counts for nothing in a file and as a fault in what comes as text.
  const isText = file === textSource
  const strayText = isHeldToSchema && isText ? strayTextLines(cib, file, lines) : []
  const faults = isHeldToSchema ? [...invalidLines(cib, file, lines, isText ? undefined : sections), ...strayText] : []
  if (faults.length > 0) {
    host.err(faults.map((line) => `${line}\n`).join(''))
    if (verbosity > 0) host.err('(main) \terror: CIB did not pass schema validation\n')
    return conclude('Errors found during check: config not valid', verbosity, host)
  }
  if (!isHeldToSchema) {
    host.err(
      'Schema validation of configuration is disabled (enabling is encouraged and prevents common misconfigurations)\n',
    )
  }
  const usable = usableCib(cib)
  for (const note of usable.notes) host.err(`${note}\n`)
  if (!usable.ok) {
    host.err(`${usable.reason}\n${unusable}`)
    return conclude('Errors found during check: config not valid', verbosity, host)
  }
  const log = remarksOn(usable.cib, presentOf(host))
  host.err(logLines(log, verbosity))
  if (!output.isData) host.out(unfencingLines(log))
  const found = log.filter((line) => line.isAboutStatus !== true)
  if (found.some(({ kind }) => kind === 'error')) {
    return conclude('Errors found during check: config not valid', verbosity, host)
  }
  if (found.some(({ kind }) => kind === 'warning')) {
    return conclude('Warnings found during check: config may not be valid', verbosity, host)
  }
  return exitCodes.ok
}

/** The present, also for a CIB that was saved with the time for which the scheduler decided on it. */
function presentOf(host: ToolHost): StatusOptions {
  const nowSeconds = Math.floor(host.now() / 1000)
  const offsetSeconds = utcOffsetSeconds(host.now())
  const effectiveTime = { epochSeconds: nowSeconds, offsetSeconds }
  return { nowSeconds, utcOffsetSeconds: offsetSeconds, effectiveTime }
}

/** What the scheduler has to say about a CIB. Where there is no status there is nothing to decide on. */
function remarksOn(cib: XmlElement, options: StatusOptions): readonly LogLine[] {
  if (sectionOf(cib, 'status') !== undefined) return scheduleLog(cib, options)
  const cluster = unpackStatus(cib, options)
  unpackConstraints(cluster)
  return cluster.log
}

const unusable = `The cluster will NOT be able to use this configuration.
Please manually update the configuration to conform to the ${newestSchema} syntax.
`

function conclude(text: string, verbosity: number, host: ToolHost): number {
  host.err(`crm_verify: ${text}\n${verbosity === 0 ? '-V may provide more details\n' : ''}`)
  return exitCodes.config
}

async function readInput(options: Options, host: ToolHost): Promise<Input> {
  const given = options.last(['live-check', 'xml-file', 'xml-pipe', 'xml-text'])
  switch (given?.long) {
    case 'live-check':
      return readCluster(host)
    case 'xml-file':
      return readFile(given.value ?? '', host, {
        code: exitCodes.error,
        error: `Couldn't parse input file: ${given.value}`,
      })
    case 'xml-pipe':
      return parsed(host.readInput(), textSource, host, {
        code: exitCodes.error,
        error: "Couldn't parse input from STDIN.",
      })
    case 'xml-text': {
      const text = given.value ?? ''
      return parsed(text, textSource, host, { code: exitCodes.error, error: `Couldn't parse input string: ${text}` })
    }
    default:
      return {
        code: exitCodes.error,
        error: 'No configuration source specified.  Use --help for usage information.',
      }
  }
}

async function readCluster(host: ToolHost): Promise<Input> {
  const file = cibFileOf(host.env)
  if (file !== undefined) return readValidFile(file, host)
  const opened = await openCib(host, { name: 'crm_verify', isReadOnly: true })
  if (!opened.ok) return unanswered
  const found = await wholeCib(opened.cib)
  await opened.cib.close()
  return 'cib' in found ? { cib: found.cib, file: 'cib', lines: new Map(), sections: new Set() } : unanswered
}

/** What a file in the place of the cluster's CIB has. One that is not valid is no CIB to ask for. */
async function readValidFile(file: string, host: ToolHost): Promise<Input> {
  const input = await readFile(file, host, unanswered, unanswered)
  if (!('cib' in input) || (attr(input.cib, 'validate-with') ?? 'none') === 'none') return input
  const faults = invalidLines(input.cib, input.file, input.lines, input.sections)
  if (faults.length === 0) return input
  host.err(faults.map((line) => `${line}\n`).join(''))
  return unanswered
}

async function readFile(file: string, host: ToolHost, otherwise: Input, broken?: Input): Promise<Input> {
  let text: string
  try {
    text = await readXmlFile(file)
  } catch (fault) {
    // What the system says of a file is in the answer; that it is in no encoding that can be read is not.
    if (fault instanceof Error && !('errno' in fault)) host.err(`${file}: ${fault.message}\n`)
    return otherwise
  }
  return parsed(text, file, host, otherwise, broken)
}

/** With an element in it, a text is a document for the C tool, which mends it and finds the rest invalid. */
const beginsDocument = /<[A-Za-z_:]/

function parsed(
  text: string,
  file: string,
  host: ToolHost,
  otherwise: Input,
  broken: Input = { isBroken: true },
): Input {
  const lines = new Map<XmlElement, number>()
  const sections = new Set<XmlElement>()
  const result = parseXml(text, { lines, sections })
  if (result.ok) return { cib: result.value, file, lines, sections }
  host.err(`${xmlErrorText(result.error, file)}\n`)
  return beginsDocument.test(text) ? broken : otherwise
}

function save(file: string, text: string, host: ToolHost): void {
  try {
    fs.writeFileSync(file, text)
  } catch (fault) {
    host.err(`crm_verify: Could not write ${file}: ${fault instanceof Error ? fault.message : String(fault)}\n`)
  }
}
