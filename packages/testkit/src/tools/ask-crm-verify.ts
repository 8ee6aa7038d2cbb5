import { formatXml } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { displayedCib } from './displayed-cib.ts'
import { commandLine, type KnownOption } from './line.ts'
import { outputFile, outputOptions } from './output-option.ts'
import { laterCib, smallCib } from './small-cib.ts'
import type { Asked } from './tool-case.ts'

/** Longest text that is handed over as a word. */
const wordMax = 30_000

/** A command line of crm_verify, on clusters of every kind. */
export function askCrmVerify(chance: Chance): Asked {
  const cib = chance.yes(50) ? laterCib(chance, smallCib(chance)) : displayedCib(chance)
  const text = chance.yes(97) ? formatXml(cib) : chance.pick(['', 'x', '<', '<a/>', '<cib/>'])
  const sources: readonly KnownOption[] = [
    { short: 'x', long: 'xml-file', argument: () => (chance.yes(97) ? 'data.xml' : 'nope.xml') },
    { short: 'p', long: 'xml-pipe' },
    { short: 'L', long: 'live-check' },
    ...(text.length < wordMax ? [{ short: 'X', long: 'xml-text', argument: () => text }] : []),
  ]
  const save: KnownOption = {
    short: 'S',
    long: 'save-xml',
    argument: () => chance.pick([outputFile, outputFile, 'no/such/out']),
  }
  const output = outputOptions(chance)
  // What is saved and what is printed would be one file.
  const saves = !output.some(({ long }) => long === 'output-to') && chance.yes(8)
  const options = [...(chance.yes(97) ? [chance.pick(sources)] : []), ...(saves ? [save] : []), ...output]
  const groups = ['output', 'data', 'additional'].map((name) => `--help-${name}`)
  return { argv: commandLine(chance, options, groups), cib, files: { 'data.xml': text }, input: text }
}
