import { parseXml, type XmlElement } from '@quorate/xml'
import { patchedLines } from './line-patch.ts'

/** The lines of a CIB by an answer to `look`: `same`, all of them, or what has changed; undefined where it does not fit. */
export function cibLines(before: readonly string[], answer: string): 'same' | readonly string[] | undefined {
  if (answer === 'same') return 'same'
  const end = answer.indexOf('\n')
  const [kind, length] = answer.slice(0, end).split(' ')
  const lines = answer.slice(end + 1).split('\n')
  if (kind === 'whole') return lines
  if (kind !== 'delta') return undefined
  const made = patchedLines(before, lines.length === 1 && lines[0] === '' ? [] : lines)
  if (made === undefined) return undefined
  const bytes = made.reduce((sum, line) => sum + new TextEncoder().encode(line).length + 1, -1)
  return bytes === Number(length) ? made : undefined
}

/** A CIB by its lines; undefined where they are none. */
export function cibOf(lines: readonly string[]): XmlElement | undefined {
  const read = parseXml(lines.join('\n'))
  return read.ok && read.value.name === 'cib' ? read.value : undefined
}
