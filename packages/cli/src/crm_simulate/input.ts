import { claimsCurrentSchema, exitCodes, usableCib } from '@quorate/cib'
import { attr, formatXml, parseXml, settled, type XmlElement, xmlErrorText } from '@quorate/xml'
import { openCib } from '../pacemaker/cib-access.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import type { Options } from '../pacemaker/tool-options.ts'
import { isValidCib, strayTextLines } from '../pacemaker/validation.ts'
import { openXmlFile } from '../pacemaker/xml-file.ts'

type ReadXml = ReturnType<typeof parseXml>

/** A CIB to work on, or why there is none. */
export type Input =
  | { readonly ok: true; readonly cib: XmlElement }
  | { readonly ok: false; readonly code: number; readonly lines: readonly string[] }

/**
 * Reads the CIB that the options name (a file, standard input, else the cluster's) and brings it to a schema that the
 * scheduler understands. What that does to it is told on the error output.
 */
export async function readInput(options: Options, host: ToolHost): Promise<Input> {
  const input = await readNamed(options, host)
  if (!input.ok) return input
  const usable = usableCib(input.cib)
  for (const note of usable.notes) host.err(`${note}\n`)
  return usable.ok ? { ok: true, cib: usable.cib } : { ok: false, code: exitCodes.config, lines: [usable.reason] }
}

/** Of several sources the last one counts. */
function lastSource(options: Options): ReturnType<Options['last']> {
  return options.last(['xml-file', 'xml-pipe', 'live-check'])
}

/** Whether the CIB is that of the cluster. */
export function isLive(options: Options): boolean {
  return lastSource(options)?.long === 'live-check'
}

/** The file that the CIB is read from; undefined where it is none. */
export function editedFile(options: Options): string | undefined {
  const last = lastSource(options)
  return last?.long === 'xml-file' && last.value !== '-' ? last.value : undefined
}

async function readNamed(options: Options, host: ToolHost): Promise<Input> {
  // Without a source it is standard input, whatever the environment says.
  const file = isLive(options) ? undefined : (lastSource(options)?.value ?? '-')
  if (file === '-') return fromPieces([host.readInput()], 'standard input')
  if (file !== undefined) return fromFile(file)
  const opened = await openCib(host, { name: 'crm_simulate', isReadOnly: true })
  if (!opened.ok) return noLiveCib
  const found = await wholeCib(opened.cib)
  await opened.cib.close()
  return 'cib' in found ? { ok: true, cib: found.cib } : noLiveCib
}

const noLiveCib: Input = {
  ok: false,
  code: exitCodes.noInput,
  lines: ['crm_simulate: CIB query failed: Input file not available'],
}

async function fromFile(file: string): Promise<Input> {
  try {
    return fromPieces(await openXmlFile(file), file)
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault)
    return { ok: false, code: exitCodes.noInput, lines: [`crm_simulate: Could not read ${file}: ${why}`] }
  }
}

function fromPieces(pieces: Iterable<string>, name: string): Input {
  let isRewritten = false
  const looked = function* () {
    for (const piece of pieces) {
      isRewritten ||= piece.includes('&#') || piece.includes('\x7f')
      yield piece
    }
  }
  const sections = new Set<XmlElement>()
  const input = checked(parseXml(looked(), { isLazy: true, sections }), name, sections)
  if (!input.ok || !isRewritten) return input
  // The C tool works on a copy that it wrote: there a line feed in a value is a backslash and an n.
  const copy = parseXml(formatXml(input.cib))
  return copy.ok ? { ok: true, cib: copy.value } : input
}

function checked(result: ReadXml, name: string, sections: ReadonlySet<XmlElement>): Input {
  if (!result.ok) {
    return { ok: false, code: exitCodes.data, lines: [`crm_simulate: ${xmlErrorText(result.error, name)}`] }
  }
  const cib = result.value
  // What no schema holds is taken as it is.
  if ((attr(cib, 'validate-with') ?? 'none') === 'none') return { ok: true, cib }
  if (sections.size > 0) {
    const stray = strayTextLines(cib, name, new Map(), sections)
    if (stray.length > 0) {
      return { ok: false, code: exitCodes.config, lines: [...stray, `crm_simulate: ${name} does not validate`] }
    }
  }
  // An upgrade copies elements, which those that are read lazily do not stand.
  if (!claimsCurrentSchema(cib)) return { ok: true, cib: settled(cib) }
  const lines: string[] = []
  if (!isValidCib(cib, (message) => lines.push(`${name}: ${message}`))) {
    return { ok: false, code: exitCodes.config, lines: [...lines, `crm_simulate: ${name} does not validate`] }
  }
  return { ok: true, cib }
}
