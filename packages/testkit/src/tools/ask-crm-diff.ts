import { changesBetween, patchsetOf, versionOf } from '@quorate/cib'
import { formatXml, withAttributes, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { changed, piecesOf } from './cib-piece.ts'
import { commandLine, type KnownOption, some } from './line.ts'
import { laterCib, smallCib } from './small-cib.ts'
import type { Asked } from './tool-case.ts'

/** Longest text that is handed over as a word. */
const wordMax = 30_000

const oddTexts = ['', 'x', '<', '<cib/>', '<a/>']

function patch(chance: Chance, before: XmlElement): string {
  const after = laterCib(chance, before)
  const versions = chance.yes(85) ? { source: versionOf(before), target: versionOf(after) } : undefined
  const made = patchsetOf(changesBetween(before, after), versions)
  if (chance.yes(88)) return formatXml(made)
  return formatXml(
    chance.yes(50) ? changed(chance, made) : withAttributes(made, { format: chance.pick(['1', '3', undefined]) }),
  )
}

/**
 * A command line of crm_diff: without --stdin, with which the real one reads twice what can be read once.
 * Two documents are compared, or a patch is applied to one.
 */
export function askCrmDiff(chance: Chance): Asked {
  const cib = smallCib(chance)
  const piece = chance.yes(6) ? chance.pick(piecesOf(cib)).item : cib
  const isPatch = chance.yes(35)
  const text = (of: XmlElement) => (chance.yes(97) ? formatXml(of) : chance.pick(oddTexts))
  const before = text(piece)
  const other = isPatch ? patch(chance, piece) : text(chance.yes(94) ? laterCib(chance, piece) : smallCib(chance))
  const files = { 'before.xml': before, 'other.xml': other }
  const named = (name: string) => (chance.yes(97) ? name : 'nope.xml')
  const original: KnownOption =
    before.length < wordMax && chance.yes(30)
      ? { short: 'O', long: 'original-string', argument: () => before }
      : { short: 'o', long: 'original', argument: () => named('before.xml') }
  const usesInput = chance.yes(15)
  const second: KnownOption = isPatch
    ? { short: 'p', long: 'patch', argument: () => (usesInput ? '-' : named('other.xml')) }
    : other.length < wordMax && chance.yes(30)
      ? { short: 'N', long: 'new-string', argument: () => other }
      : { short: 'n', long: 'new', argument: () => (usesInput ? '-' : named('other.xml')) }
  const options = [
    original,
    second,
    ...some(
      chance,
      [
        { short: 'c', long: 'cib' },
        { short: 'u', long: 'no-version' },
      ],
      20,
    ),
  ]
  const groups = ['xml', 'operation', 'additional'].map((name) => `--help-${name}`)
  return { argv: commandLine(chance, options, groups), files, input: usesInput ? other : '' }
}
