import fs from 'node:fs'
import {
  applyPatch,
  changesBetween,
  cibDigest,
  exitCodeOf,
  exitCodes,
  faultText,
  patchsetOf,
  significantChanges,
  versionAttributes,
  versionOf,
  withVersion,
} from '@quorate/cib'
import { attr, formatXml, parseXml, withAttributes, withChildren, type XmlElement, xmlErrorText } from '@quorate/xml'
import { exiting } from '../pacemaker/log-lines.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { commonOptions, type Options, readOptions, type ToolInfo } from '../pacemaker/tool-options.ts'
import { xmlText } from '../pacemaker/xml-text.ts'
import type { Tool } from '../tool.ts'

const original = { group: 'XML' }
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
  return typeof options === 'number' ? options : exiting(info.name, answer(options, host), host, options)
}

function answer(options: Options, host: ToolHost): number {
  if (options.has('no-version') && options.has('patch')) {
    host.err('warning: -u/--no-version ignored with -p/--patch\n')
  } else if (options.has('no-version') && options.has('cib')) {
    host.err('error: -u/--no-version incompatible with -c/--cib\n')
    return exitCodes.usage
  }
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
  // Documents that are not about the same thing do not differ in anything that a patch could tell.
  if (before.name !== other.name || attr(before, 'id') !== attr(other, 'id')) return exitCodes.ok
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
    return exitCodeOf(after.error)
  }
  host.out(formatXml(after.value))
  return exitCodes.ok
}

function compare(before: XmlElement, after: XmlElement, options: Options, host: ToolHost): number {
  const withoutVersion = options.has('no-version')
  const source = versionOf(before)
  const now = withoutVersion ? withVersion(after, source) : after
  const isCib = options.has('cib')
  const changes = isCib ? significantChanges(before, now) : changesBetween(before, now)
  if (changes.length === 0) return exitCodes.ok
  const digest = isCib ? cibDigest(now) : undefined
  const versions = withoutVersion ? undefined : { source, target: versionOf(now) }
  host.out(formatXml(asWritten(patchsetOf(changes, versions, digest), before, now)))
  return exitCodes.error
}

/** A patch whose target version is told as the new document has it, and where that has none as the old one does. */
function asWritten(made: XmlElement, before: XmlElement, after: XmlElement): XmlElement {
  const written = Object.fromEntries(
    versionAttributes.map((name) => [name, attr(after, name) ?? attr(before, name) ?? '0']),
  )
  const versions = made.children.map((child) =>
    child.name !== 'version'
      ? child
      : withChildren(
          child,
          child.children.map((side) => (side.name === 'target' ? withAttributes(side, written) : side)),
        ),
  )
  return withChildren(made, versions)
}
