import { parsePattern } from '@quorate/base'
import { attr, type XmlElement } from '@quorate/xml'
import type { AttributeTable } from './attribute-table.ts'

/** Longest pattern that a client may give: patterns are compiled and run against every name. */
export const patternCharactersMax = 1024

/**
 * Names of known attributes that match: a client's pattern (a POSIX extended regular expression), or those that a `clear-failure` message means.
 *
 * @returns undefined when the pattern is none
 */
export function matchingNames(table: AttributeTable, by: string | XmlElement): readonly string[] | undefined {
  const names = table.all().map((attribute) => attribute.name)
  if (typeof by !== 'string') return names.filter(failureFilter(by))
  if (by.length > patternCharactersMax) return undefined
  const pattern = parsePattern(by)
  return pattern === undefined ? undefined : names.filter((name) => pattern.test(name))
}

/**
 * Which attributes count failures that a message asks to forget: of everything, of a resource, or of one of its
 * operations (behaviour/pacemaker-daemons.md 5.2). The name without operation is met in every case.
 */
export function failureFilter(xml: XmlElement): (name: string) => boolean {
  const resource = attr(xml, 'attr_resource')
  const operation = attr(xml, 'attr_clear_operation')
  const interval = intervalMs(attr(xml, 'attr_clear_interval'))
  return (name) => {
    const bare = /^(?:fail-count|last-failure)-(.*)$/s.exec(name)?.[1]
    if (bare === undefined) return false
    if (resource === undefined) return true
    if (bare === resource) return true
    if (!bare.startsWith(`${resource}#`)) return false
    const which = bare.slice(resource.length + 1)
    return operation === undefined ? /^.+_\d+$/.test(which) : which === `${operation}_${interval}`
  }
}

/** An interval in milliseconds: a number alone is seconds, as in every option of the tools. */
function intervalMs(text: string | undefined): number {
  const parts = /^\s*(\d{1,12})\s*(ms|msec|s|sec|m|min|h|hr)?\s*$/.exec(text ?? '0')
  if (parts === null) return 0
  const unit = parts[2] ?? 's'
  if (unit.startsWith('ms')) return Number(parts[1])
  return Number(parts[1]) * (unit.startsWith('h') ? 3_600_000 : unit.startsWith('m') ? 60_000 : 1000)
}
