import fs from 'node:fs'
import {
  applyPatch,
  changesBetween,
  cibDigest,
  exitCodes,
  faultText,
  patchsetOf,
  versionOf,
  withVersion,
} from '@quorate/cib'
import { formatXml, parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { commonOptions, type Options, readOptions, type ToolInfo } from '../pacemaker/tool-options.ts'
import { xmlText } from '../pacemaker/xml-text.ts'
import type { Tool } from '../tool.ts'

const original = { group: 'Original XML' }
const operation = { group: 'Operation' }
const additional = { group: 'Additional Options' }

const info: ToolInfo = {
  name: 'crm_diff',
  purpose: 'Shows how two CIBs differ as a patch, or applies such a patch.',
  options: [
    ...commonOptions,
    { short: 'o', long: 'original', argument: 'FILE', help: 'File with the original XML', ...original },
    { short: 'O', long: 'original-string', argument: 'XML', help: 'The original XML', ...original },
    { short: 'n', long: 'new', argument: 'FILE', help: 'File to compare with', ...operation },
    { short: 'N', long: 'new-string', argument: 'XML', help: 'XML to compare with', ...operation },
    { short: 'p', long: 'patch', argument: 'FILE', help: 'File with a patch to apply', ...operation },
    { short: 'c', long: 'cib', help: 'Compare or patch as a CIB, with versions and digest', ...additional },
    { short: 's', long: 'stdin', help: 'Read the new XML or the patch from standard input', ...additional },
    { short: 'u', long: 'no-version', help: 'Without versions', ...additional },
  ],
}

/** crm_diff: patches between CIBs (behaviour/pacemaker-tools.md 12). */
export const run: Tool = async (argv) => crmDiff(argv, processHost())

/** {@link run} on a given host. */
export function crmDiff(argv: readonly string[], host: ToolHost): number {
  const options = readOptions(argv, info, host)
  if (typeof options === 'number') return options
  const isPatch = options.has('patch')
  const before = read(options.value('original-string'), options.value('original'), false, host)
  if (before === undefined) {
    host.err('Could not parse the first XML fragment\n')
    return exitCodes.data
  }
  const file = isPatch ? options.value('patch') : options.value('new')
  const other = read(options.value('new-string'), file, options.has('stdin'), host)
  if (other === undefined) {
    host.err('Could not parse the second XML fragment\n')
    return exitCodes.data
  }
  if (isPatch) return patch(before, other, options, host)
  if (before.name !== other.name) {
    host.err(`Could not compare '${before.name}' with '${other.name}': expected the same root element\n`)
    return exitCodes.data
  }
  return compare(before, other, options, host)
}

function read(
  inline: string | undefined,
  file: string | undefined,
  isStdin: boolean,
  host: ToolHost,
): XmlElement | undefined {
  if (inline === undefined && file === undefined && !isStdin) return undefined
  const source = inline !== undefined ? 'text' : (file ?? 'standard input')
  try {
    const isInput = file === '-' || (file === undefined && inline === undefined)
    const text = inline ?? (isInput ? host.readInput() : xmlText(fs.readFileSync(file ?? '')))
    const parsed = parseXml(text)
    if (parsed.ok) return parsed.value
    host.err(`${xmlErrorText(parsed.error, source)}\n`)
  } catch (fault) {
    host.err(`${source}: ${fault instanceof Error ? fault.message : String(fault)}\n`)
  }
  return undefined
}

function patch(before: XmlElement, diff: XmlElement, options: Options, host: ToolHost): number {
  const after = applyPatch(before, diff, { checksVersion: options.has('cib') })
  if (!after.ok) {
    host.err(`Could not apply patch: ${faultText(after.error)}\n`)
    return exitCodes.error
  }
  host.out(formatXml(after.value))
  return exitCodes.ok
}

function compare(before: XmlElement, after: XmlElement, options: Options, host: ToolHost): number {
  const withoutVersion = options.has('no-version')
  const source = versionOf(before)
  const now = withoutVersion ? withVersion(after, source) : after
  const changes = changesBetween(before, now)
  if (changes.length === 0) return exitCodes.ok
  const digest = options.has('cib') ? cibDigest(now) : undefined
  const versions = withoutVersion ? undefined : { source, target: versionOf(now) }
  host.out(formatXml(patchsetOf(changes, versions, digest)))
  return exitCodes.error
}
