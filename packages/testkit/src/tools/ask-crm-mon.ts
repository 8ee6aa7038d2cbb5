import { attr, descendants, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { displayedCib, namesIn } from './displayed-cib.ts'
import { commandLine, type KnownOption, some } from './line.ts'
import { outputFile } from './output-option.ts'
import type { Asked } from './tool-case.ts'

const sections = [
  ...['attributes', 'bans', 'bans:cli-', 'bans:', 'counts', 'dc', 'failcounts', 'failures', 'fencing'],
  ...['fencing-failed', 'fencing-pending', 'fencing-succeeded', 'maint-mode', 'nodes', 'operations', 'options'],
  ...['resources', 'stack', 'summary', 'tickets', 'times'],
]
const whole = ['all', 'none', 'default']
const noSections = ['list', 'x', '', 'ALL', ' dc', '+dc', '-dc', 'dc ']

function sectionList(chance: Chance): string {
  const one = () =>
    chance.yes(3) ? chance.pick(noSections) : chance.yes(20) ? chance.pick(whole) : chance.pick(sections)
  return Array.from({ length: chance.pick([1, 1, 1, 2, 3, 5]) }, one).join(',')
}

/** Ways of being shown once, and as what. A file has no other. */
const formats: readonly (readonly KnownOption[])[] = [
  [{ short: '1', long: 'one-shot' }],
  [{ short: '1', long: 'one-shot' }],
  [{ short: '1', long: 'one-shot' }],
  [],
  [{ long: 'output-as', argument: () => 'text' }],
  [{ long: 'output-as', argument: () => 'console' }],
  [{ long: 'output-as', argument: () => 'html' }],
  [{ long: 'output-as', argument: () => 'html' }],
  [{ long: 'output-as', argument: () => 'xml' }],
  [{ long: 'output-as', argument: () => 'xml' }],
  [{ long: 'output-as', argument: () => 'xml' }],
  [{ long: 'output-as', argument: () => 'xml' }],
  [{ short: 'X', long: 'as-xml' }],
]
const rareFormats: readonly (readonly KnownOption[])[] = [
  [{ long: 'output-as', argument: (chance) => chance.pick(['json', 'none', 'bogus', '', 'XML']) }],
  [{ short: 's', long: 'simple-status' }],
  [{ short: 's', long: 'simple-status' }],
  [{ short: 'h', long: 'as-html', argument: (chance) => chance.pick([outputFile, outputFile, '-', 'no/such/out']) }],
  [{ short: 'w', long: 'web-cgi' }],
  [{ short: 'N', long: 'disable-ncurses' }],
  [
    { short: '1', long: 'one-shot' },
    { long: 'output-as', argument: (chance) => chance.pick(['xml', 'html', 'text']) },
  ],
]

const pages: readonly KnownOption[] = [
  { long: 'html-cgi' },
  { long: 'html-stylesheet', argument: () => 'style.css' },
  { long: 'html-title', argument: (chance) => chance.pick(['My cluster', '']) },
  { long: 'text-fancy' },
]
const display: readonly KnownOption[] = [
  { short: 'n', long: 'group-by-node' },
  { short: 'r', long: 'inactive' },
  { short: 'r', long: 'inactive' },
  { short: 'f', long: 'failcounts' },
  { short: 'o', long: 'operations' },
  { short: 't', long: 'timing-details' },
  { short: 'c', long: 'tickets' },
  { short: 'A', long: 'show-node-attributes' },
  { short: 'R', long: 'show-detail' },
  { short: 'b', long: 'brief' },
]
const rare: readonly KnownOption[] = [
  { short: 'D', long: 'hide-headers' },
  { short: 'j', long: 'pending' },
  { short: 'Q', long: 'quiet' },
  { short: 'i', long: 'interval', argument: (chance) => chance.pick(['5', '10s', '0', '1m', 'x', '', '-1', '1 h']) },
  { short: 'd', long: 'daemonize' },
  { short: 'p', long: 'pid-file', argument: () => 'pid' },
  { short: 'W', long: 'watch-fencing' },
  { short: 'E', long: 'external-agent', argument: (chance) => chance.pick(['/bin/true', '/no/such/program', '']) },
  { short: 'e', long: 'external-recipient', argument: () => 'me' },
]

function optional(chance: Chance, short: string, long: string, values: readonly string[]): readonly string[] {
  const value = chance.maybe(40, values)
  if (value === undefined) return [chance.yes(50) ? `-${short}` : `--${long}`]
  return chance.pick([[`-${short}${value}`], [`--${long}=${value}`], [`-${short}`, value], [`--${long}`, value]])
}

function filters(chance: Chance, cib: XmlElement): readonly KnownOption[] {
  const { resources, nodes } = namesIn(cib)
  const inner = [...descendants(cib)].flatMap((item) =>
    item.name === 'primitive' || item.name === 'tag' || item.name === 'lrm_resource' ? [attr(item, 'id') ?? ''] : [],
  )
  const others = ['nope', '', 'N1', '1', 'r1:0', 'R1']
  const one = (list: readonly string[]) => (chance.yes(92) && list.length > 0 ? chance.pick(list) : chance.pick(others))
  const tags = [...descendants(cib)].flatMap((item) => (item.name === 'tag' ? [attr(item, 'id') ?? ''] : []))
  return [
    { long: 'node', argument: () => one([...nodes, ...nodes, ...tags]) },
    { long: 'resource', argument: () => one([...resources, ...inner]) },
  ]
}

/** A command line of crm_mon, on clusters of every kind. */
export function askCrmMon(chance: Chance): Asked {
  const cib = displayedCib(chance)
  const include: KnownOption = { short: 'I', long: 'include', argument: sectionList }
  const exclude: KnownOption = { short: 'U', long: 'exclude', argument: sectionList }
  const changes = Array.from({ length: chance.pick([0, 0, 1, 1, 2]) }, () => (chance.yes(65) ? include : exclude))
  const options = [
    ...(chance.yes(80) ? chance.pick(formats) : chance.pick(rareFormats)),
    ...some(chance, display, chance.pick([5, 15, 30])),
    ...changes,
    ...some(chance, filters(chance, cib), 13),
    ...some(chance, pages, 3),
    ...some(chance, rare, 2),
    ...(chance.yes(3)
      ? [{ long: 'output-to', argument: () => chance.pick([outputFile, '-', 'no/such/out', '']) }]
      : []),
  ]
  const groups = ['output', 'display', 'additional', 'deprecated'].map((name) => `--help-${name}`)
  const line = commandLine(chance, options, groups)
  const bans = chance.yes(12) ? optional(chance, 'L', 'neg-locations', ['cli-', 'ban', '', 'x']) : []
  const fencing = chance.yes(8)
    ? optional(chance, 'm', 'fence-history', ['0', '1', '2', '3', '4', '-1', 'x', '2x'])
    : []
  return { argv: [...bans, ...line, ...fencing], cib }
}
