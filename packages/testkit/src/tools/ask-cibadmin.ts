import { changesBetween, patchsetOf, versionOf } from '@quorate/cib'
import { attr, child, element, formatXml, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { randomCib } from '../conformance/random/cib.ts'
import { parseFeatures } from '../conformance/random/feature.ts'
import { replaceChild } from '../conformance/random/rewrite.ts'
import { askedPiece, changed, type Piece, piecesOf, xpathTo } from './cib-piece.ts'
import { commandLine, type KnownOption, some } from './line.ts'
import type { Asked } from './tool-case.ts'

const mixes = ['none', 'none', 'plain', 'all', 'every', 'total'].map(parseFeatures)

/** Sections by which an operation can be limited, and words that are none. */
const scopes = [
  ...['configuration', 'nodes', 'resources', 'constraints', 'crm_config', 'rsc_defaults', 'op_defaults', 'acls'],
  ...['fencing-topology', 'tags', 'alerts', 'status', 'cib', 'all', 'nope', ''],
]

function roles(chance: Chance): XmlElement {
  const permission = (id: string, kind: string, more: Readonly<Record<string, string>>) =>
    element('acl_permission', { id, kind, ...more })
  const list = [
    permission('p1', chance.pick(['read', 'write']), { xpath: chance.pick(['/cib', '//configuration', '//node']) }),
    permission('p2', chance.pick(['deny', 'write', 'read']), {
      'object-type': chance.pick(['primitive', 'nvpair', 'node', 'group']),
    }),
    permission('p3', chance.pick(['deny', 'write']), { xpath: chance.pick(['//resources', '//status', '//nvpair']) }),
  ]
  return element('acls', {}, [
    element('acl_role', { id: 'role1' }, list.slice(0, chance.int(1, 3))),
    element('acl_target', { id: 'bob' }, [element('role', { id: 'role1' })]),
  ])
}

function withAcls(chance: Chance, cib: XmlElement): XmlElement {
  return replaceChild(cib, 'configuration', (configuration) => {
    const on = element('nvpair', { id: 'acl-on', name: 'enable-acl', value: chance.pick(['true', 'true', 'false']) })
    const now = replaceChild(configuration, 'crm_config', (item) =>
      withChildren(item, [...item.children, element('cluster_property_set', { id: 'acl-set' }, [on])]),
    )
    return withChildren(now, [...now.children, roles(chance)])
  })
}

function cibToAsk(chance: Chance): XmlElement {
  const made = randomCib(chance.int(1, 1_000_000), chance.pick(mixes))
  const claimed = chance.yes(35)
    ? withAttributes(made, {
        'validate-with': chance.pick([
          'pacemaker-3.9',
          'pacemaker-3.9',
          'pacemaker-3.0',
          'pacemaker-2.10',
          'pacemaker-1.2',
        ]),
      })
    : made
  const versioned = withAttributes(claimed, {
    epoch: chance.maybe(0, ['1', '7', '0', '99']),
    num_updates: chance.maybe(0, ['0', '3', '12']),
    admin_epoch: chance.maybe(0, ['0', '0', '2']),
  })
  return chance.yes(25) ? withAcls(chance, versioned) : versioned
}

/** A whole CIB with another version, as somebody who edited it would send it. */
function edited(chance: Chance, cib: XmlElement): XmlElement {
  const { epoch } = versionOf(cib)
  const now = withAttributes(cib, {
    epoch: chance.pick([
      String(epoch),
      String(epoch + 1),
      String(epoch + 5),
      String(epoch - 1),
      undefined,
      'x',
      'epoch++',
    ]),
    ...(chance.yes(15) ? { admin_epoch: chance.pick(['0', '1', 'admin_epoch++', 'x']) } : {}),
    ...(chance.yes(10)
      ? { 'validate-with': chance.pick(['none', 'pacemaker-3.9', 'pacemaker-2.0', 'x', undefined]) }
      : {}),
  })
  return chance.yes(75) ? changed(chance, now) : now
}

function patch(chance: Chance, cib: XmlElement): XmlElement {
  const before = chance.yes(80) ? cib : edited(chance, cib)
  const after = edited(chance, cib)
  const changes = changesBetween(before, after)
  const versions = chance.yes(80) ? { source: versionOf(before), target: versionOf(after) } : undefined
  const made = patchsetOf(changes, versions)
  if (chance.yes(85)) return made
  return chance.pick([changed(chance, made), withAttributes(made, { format: chance.pick(['1', '3', undefined]) })])
}

const oddTexts = [
  '',
  ' ',
  'x',
  '<',
  '<cib',
  '<a><b></a>',
  '<nodes/><nodes/>',
  '<!-- c --><nodes/>',
  '&amp;',
  '<a b="1" b="2"/>',
]

type Work = { readonly chance: Chance; readonly cib: XmlElement; readonly piece: Piece }
type Made = { readonly options: readonly KnownOption[]; readonly data?: XmlElement }

const xpathOption = ({ chance, piece }: Work): KnownOption => ({
  short: 'A',
  long: 'xpath',
  argument: () =>
    chance.yes(94)
      ? xpathTo(chance, piece)
      : chance.pick([
          '//',
          '/',
          '',
          '//nope',
          '//[',
          '/cib',
          '//*',
          'count(//*)',
          "'text'",
          '//@id',
          '.',
          '//comment()',
        ]),
})

function scopeOf({ chance, piece }: Work): KnownOption {
  const { path, item } = piece
  const section = path[1] === 'configuration' ? (path[2] ?? item.name) : (path[1] ?? item.name)
  return { short: 'o', long: 'scope', argument: () => (chance.yes(75) ? section : chance.pick(scopes)) }
}

function query(work: Work): Made {
  const { chance } = work
  const kind = chance.int(1, 10)
  const place = kind <= 5 ? [xpathOption(work)] : kind <= 8 ? [scopeOf(work)] : []
  const more = some(
    chance,
    [
      { short: 'e', long: 'node-path' },
      { short: 'n', long: 'no-children' },
    ],
    25,
  )
  return { options: [{ short: 'Q', long: 'query' }, ...place, ...more] }
}

function change(work: Work, option: KnownOption): Made {
  const { chance, cib, piece } = work
  const isWhole = option.short === 'R' ? chance.yes(45) : chance.yes(8)
  const data = isWhole ? edited(chance, cib) : askedPiece(chance, piece)
  const sectionName = piece.path[2]
  const isSection = !isWhole && chance.yes(12) && sectionName !== undefined
  const configuration = child(cib, 'configuration')
  const section = configuration && child(configuration, sectionName ?? '')
  const sent = isSection && section !== undefined ? changed(chance, section) : data
  const place = chance.yes(12) ? [xpathOption(work)] : chance.yes(isWhole ? 15 : 75) ? [scopeOf(work)] : []
  const create: KnownOption = { short: 'c', long: 'allow-create' }
  return { options: [option, ...place, ...some(chance, [create], option.short === 'M' ? 40 : 3)], data: sent }
}

const commands: readonly ((work: Work) => Made)[] = [
  query,
  query,
  query,
  (work) => change(work, { short: 'C', long: 'create' }),
  (work) => change(work, { short: 'C', long: 'create' }),
  (work) => change(work, { short: 'M', long: 'modify' }),
  (work) => change(work, { short: 'M', long: 'modify' }),
  (work) => change(work, { short: 'R', long: 'replace' }),
  (work) => change(work, { short: 'R', long: 'replace' }),
  (work) => change(work, { short: 'D', long: 'delete' }),
  (work) => change(work, { short: 'D', long: 'delete' }),
  (work) => ({ options: [{ short: 'P', long: 'patch' }], data: patch(work.chance, work.cib) }),
  (work) => ({ options: [{ short: 'P', long: 'patch' }], data: patch(work.chance, work.cib) }),
  (work) => ({ options: [{ short: 'D', long: 'delete' }, xpathOption(work)] }),
  (work) => ({
    options: [
      { short: 'd', long: 'delete-all' },
      ...some(work.chance, [{ short: 'f', long: 'force' }], 85),
      xpathOption(work),
    ],
  }),
  rare,
]

function rare(work: Work): Made {
  const { chance, cib, piece } = work
  const force = some(chance, [{ short: 'f', long: 'force' }], 75)
  return chance.pick<() => Made>([
    () => ({ options: [{ short: 'B', long: 'bump' }] }),
    () => ({ options: [{ short: 'E', long: 'erase' }, ...force] }),
    () => ({ options: [{ short: 'u', long: 'upgrade' }, ...force] }),
    () => ({ options: [{ short: 'u', long: 'upgrade' }, ...force] }),
    () => ({ options: [{ short: 'a', long: 'empty' }] }),
    () => ({ options: [{ short: '5', long: 'md5-sum' }], data: chance.yes(60) ? cib : piece.item }),
    () => ({ options: [{ short: '6', long: 'md5-sum-versioned' }], data: chance.yes(60) ? cib : piece.item }),
    () => ({
      options: [
        { short: 'Q', long: 'query' },
        {
          long: chance.pick([
            'show-access',
            'show-access=text',
            'show-access=color',
            'show-access=namespace',
            'show-access=x',
          ]),
        },
        { short: 'U', long: 'user', argument: () => chance.pick(['bob', 'bob', 'root', 'nobody']) },
      ],
    }),
  ])()
}

const more: readonly KnownOption[] = [
  { short: 'f', long: 'force' },
  { short: 's', long: 'sync-call' },
  { short: 'l', long: 'local' },
  { short: 't', long: 'timeout', argument: (chance) => chance.pick(['5', '0', 'x', '']) },
  { short: 'n', long: 'no-children' },
  { short: 'N', long: 'node', argument: () => 'n1' },
]

/** Longest word of a command line, in characters: the system takes none of more than 128 KiB. */
const wordMax = 30_000

/** How data is handed over: as a word, in a file, or on the standard input. */
function handed(chance: Chance, text: string): { readonly option: KnownOption; readonly more: Partial<Asked> } {
  const ways = text.length > wordMax ? ['file', 'pipe'] : ['text', 'text', 'text', 'file', 'pipe']
  switch (chance.pick(ways)) {
    case 'file':
      return {
        option: { short: 'x', long: 'xml-file', argument: () => (chance.yes(95) ? 'data.xml' : 'nope.xml') },
        more: { files: { 'data.xml': text } },
      }
    case 'pipe':
      return { option: { short: 'p', long: 'xml-pipe' }, more: { input: text } }
    default:
      return { option: { short: 'X', long: 'xml-text', argument: () => text }, more: {} }
  }
}

/** A command line of cibadmin, on clusters of every kind. */
export function askCibadmin(chance: Chance): Asked {
  const cib = cibToAsk(chance)
  const pieces = piecesOf(cib)
  const piece = chance.pick(pieces.filter(({ path }) => path.length > 1))
  const { options, data } = chance.pick(commands)({ chance, cib, piece })
  const text = data === undefined ? undefined : chance.yes(97) ? formatXml(data) : chance.pick(oddTexts)
  const given = text === undefined || chance.yes(2) ? undefined : handed(chance, text)
  const user: KnownOption = { short: 'U', long: 'user', argument: () => chance.pick(['bob', 'bob', 'root', 'alice']) }
  const hasUser = options.some(({ long }) => long === 'user')
  const line = commandLine(chance, [
    ...options,
    ...(given === undefined ? [] : [given.option]),
    ...some(chance, more, 3),
    ...(!hasUser && chance.yes(attr(cib, 'epoch') !== undefined ? 14 : 5) ? [user] : []),
  ])
  return { argv: line, cib, ...given?.more }
}
