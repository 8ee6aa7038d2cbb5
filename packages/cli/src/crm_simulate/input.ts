import { claimsCurrentSchema, exitCodes, usableCib } from '@quorate/cib'
import { attr, parseXml, settled, type XmlElement, xmlErrorText } from '@quorate/xml'
import { openCib } from '../pacemaker/cib-access.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import type { Options } from '../pacemaker/tool-options.ts'
import { isValidCib } from '../pacemaker/validation.ts'
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

async function readNamed(options: Options, host: ToolHost): Promise<Input> {
  // Of several sources the last one counts; without any it is standard input, whatever the environment says.
  const source = options.last(['xml-file', 'xml-pipe', 'live-check'])
  const file = source?.long === 'live-check' ? undefined : (source?.value ?? '-')
  if (file === '-') return checked(parseXml(host.readInput(), { isLazy: true }), 'standard input')
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
  let read: ReadXml
  try {
    read = parseXml(await openXmlFile(file), { isLazy: true })
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault)
    return { ok: false, code: exitCodes.noInput, lines: [`crm_simulate: Could not read ${file}: ${why}`] }
  }
  return checked(read, file)
}

function checked(result: ReadXml, name: string): Input {
  if (!result.ok) {
    return { ok: false, code: exitCodes.data, lines: [`crm_simulate: ${xmlErrorText(result.error, name)}`] }
  }
  const cib = result.value
  // What no schema holds is taken as it is.
  if ((attr(cib, 'validate-with') ?? 'none') === 'none') return { ok: true, cib }
  // An upgrade copies elements, which those that are read lazily do not stand.
  if (!claimsCurrentSchema(cib)) return { ok: true, cib: settled(cib) }
  const lines: string[] = []
  if (!isValidCib(cib, (message) => lines.push(`${name}: ${message}`))) {
    return { ok: false, code: exitCodes.config, lines: [...lines, `crm_simulate: ${name} does not validate`] }
  }
  return { ok: true, cib }
}
