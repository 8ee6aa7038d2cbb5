import { attr, descendants, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { namesIn } from './displayed-cib.ts'
import { commandLine, type KnownOption, some } from './line.ts'
import { outputOptions } from './output-option.ts'
import { smallCib } from './small-cib.ts'
import type { Asked } from './tool-case.ts'

const optionNames = [
  'stonith-enabled',
  'no-quorum-policy',
  'site',
  'rack',
  'standby',
  'new',
  'fo o',
  'a"b',
  '',
  'resource-stickiness',
]
const values = ['1', 'true', 'x', '', 'INFINITY', 'value++', 'value+=5', 'a "b" <c> & d', '-1', 'off']

function known(chance: Chance, cib: XmlElement): string {
  const names = [...descendants(cib)].flatMap((item) => (item.name === 'nvpair' ? [attr(item, 'name') ?? ''] : []))
  return names.length > 0 && chance.yes(65) ? chance.pick(names) : chance.pick(optionNames)
}

function idOfSome(chance: Chance, cib: XmlElement, name: string): string {
  const ids = [...descendants(cib)].flatMap((item) => (item.name === name ? [attr(item, 'id') ?? ''] : []))
  return ids.length > 0 && chance.yes(70) ? chance.pick(ids) : chance.pick(['new', '', '1', 'a b'])
}

function node(chance: Chance, cib: XmlElement): KnownOption {
  const { nodes } = namesIn(cib)
  return {
    short: 'N',
    long: 'node',
    argument: () => (nodes.length > 0 && chance.yes(92) ? chance.pick(nodes) : chance.pick(['nope', '', '1', 'N1'])),
  }
}

const update: KnownOption = { short: 'v', long: 'update', argument: (chance) => chance.pick(values) }
const query: KnownOption = { short: 'G', long: 'query' }
const remove: KnownOption = { short: 'D', long: 'delete' }

function lifetime(of: string): KnownOption {
  return {
    short: 'l',
    long: of,
    argument: (chance) => chance.pick(['reboot', 'forever', 'reboot', 'forever', 'x', '']),
  }
}

/** A command line of crm_attribute, on small clusters. */
export function askCrmAttribute(chance: Chance): Asked {
  const cib = smallCib(chance)
  const { resources } = namesIn(cib)
  const type: KnownOption = {
    short: 't',
    long: 'type',
    argument: () =>
      chance.pick([
        'crm_config',
        'rsc_defaults',
        'op_defaults',
        'nodes',
        'status',
        'tickets',
        'crm_config',
        'bogus',
        '',
      ]),
  }
  const which: readonly KnownOption[] = [
    { short: 'n', long: 'name', argument: () => known(chance, cib) },
    { short: 'n', long: 'name', argument: () => known(chance, cib) },
    { short: 'n', long: 'name', argument: () => known(chance, cib) },
    { short: 'P', long: 'pattern', argument: () => chance.pick(['.*', 's.*', '^r', 'nope', '[', 'a|b']) },
    { short: 'i', long: 'id', argument: () => idOfSome(chance, cib, 'nvpair') },
    { short: 'p', long: 'promotion', argument: () => (resources.length > 0 ? chance.pick(resources) : 'r1') },
  ]
  const rare: readonly KnownOption[] = [
    { short: 's', long: 'set-name', argument: () => idOfSome(chance, cib, 'cluster_property_set') },
    { short: 'd', long: 'default', argument: (of) => of.pick(['x', '', '5']) },
    { short: 'z', long: 'utilization' },
    { short: 'q', long: 'quiet' },
    { short: 'Q', long: 'Quiet' },
    { short: '!', long: 'inhibit-policy-engine' },
    { short: 'i', long: 'id', argument: () => idOfSome(chance, cib, 'nvpair') },
  ]
  const options = [
    ...(chance.yes(97) ? [chance.pick(which)] : []),
    ...(chance.yes(97) ? [chance.pick([query, query, update, update, remove])] : []),
    ...(chance.yes(55) ? [node(chance, cib)] : []),
    ...(chance.yes(35) ? [type] : []),
    ...(chance.yes(25) ? [lifetime('lifetime')] : []),
    ...some(chance, rare, 8),
    ...outputOptions(chance),
  ]
  const groups = ['output', 'selections', 'command', 'additional'].map((name) => `--help-${name}`)
  return { argv: commandLine(chance, options, groups), cib }
}

/** A command line of crm_standby. */
export function askCrmStandby(chance: Chance): Asked {
  const cib = smallCib(chance)
  const id: KnownOption = { short: 'i', long: 'id', argument: () => idOfSome(chance, cib, 'nvpair') }
  const options = [
    ...(chance.yes(90) ? [chance.pick([query, query, update, update, remove])] : []),
    node(chance, cib),
    ...(chance.yes(30) ? [lifetime('lifetime')] : []),
    ...some(chance, [id, { short: 'q', long: 'quiet' }], 8),
  ]
  return { argv: commandLine(chance, options), cib }
}

/** A command line of crm_failcount. */
export function askCrmFailcount(chance: Chance): Asked {
  const cib = smallCib(chance)
  const failed = [...descendants(cib)].flatMap((item) => {
    const [, name] = /^fail-count-(.*?)(?:#|$)/.exec(attr(item, 'name') ?? '') ?? []
    return name === undefined ? [] : [name]
  })
  const { resources } = namesIn(cib)
  const list = [...failed, ...failed, ...failed, ...resources]
  const options: readonly KnownOption[] = [
    ...(chance.yes(94) ? [query] : []),
    {
      short: 'r',
      long: 'resource',
      argument: () => (list.length > 0 && chance.yes(92) ? chance.pick(list) : chance.pick(['nope', '', 'r1'])),
    },
    node(chance, cib),
    ...some(
      chance,
      [
        { short: 'n', long: 'operation', argument: (of: Chance) => of.pick(['monitor', 'start', 'stop', 'x', '']) },
        { short: 'I', long: 'interval', argument: (of: Chance) => of.pick(['10s', '60', '0', '60000ms', 'x', '']) },
        { short: 'q', long: 'quiet' },
      ],
      15,
    ),
  ]
  return { argv: commandLine(chance, options), cib }
}

/** A command line of crm_master. */
export function askCrmMaster(chance: Chance): Asked {
  const cib = smallCib(chance)
  const { resources } = namesIn(cib)
  const options: readonly KnownOption[] = [
    chance.pick([query, update, update, remove]),
    ...(chance.yes(95)
      ? [{ short: 'r', long: 'resource', argument: () => (resources.length > 0 ? chance.pick(resources) : 'r1') }]
      : []),
    node(chance, cib),
    ...(chance.yes(30) ? [lifetime('lifetime')] : []),
    ...some(chance, [{ short: 'q', long: 'quiet' }], 10),
  ]
  return { argv: commandLine(chance, options), cib }
}

/** A command line of crm_node where there is no cluster. */
export function askCrmNode(chance: Chance): Asked {
  const commands: readonly KnownOption[] = [
    { short: 'i', long: 'cluster-id' },
    { short: 'l', long: 'list' },
    { short: 'n', long: 'name' },
    { short: 'p', long: 'partition' },
    { short: 'q', long: 'quorum' },
    { short: 'N', long: 'name-for-id', argument: (of) => of.pick(['1', '0', 'x', '', '-1']) },
    { short: 'R', long: 'remove', argument: (of) => of.pick(['n1', '', 'nope']) },
  ]
  const more: readonly KnownOption[] = [
    { short: 'f', long: 'force' },
    { short: 'Q', long: 'quiet' },
  ]
  const options = [
    ...(chance.yes(95) ? [chance.pick(commands)] : []),
    ...some(chance, more, 12),
    ...some(chance, commands, 4),
  ]
  return { argv: commandLine(chance, options, ['--help-commands', '--help-additional']) }
}
