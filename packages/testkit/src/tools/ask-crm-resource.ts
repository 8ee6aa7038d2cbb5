import { attr, child, descendants, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { randomCib } from '../conformance/random/cib.ts'
import { parseFeatures } from '../conformance/random/feature.ts'
import { idsOf } from '../conformance/random/rewrite.ts'
import { commandLine, type KnownOption, some } from './line.ts'
import { outputOptions } from './output-option.ts'
import { withSchema } from './schema-claim.ts'
import type { Asked } from './tool-case.ts'

/** Sets of features of {@link randomCib} from which clusters are made. */
const mixes = ['none', 'plain', 'all', 'every', 'whole', 'full'].map(parseFeatures)

const agents = ['Dummy', 'Stateful', 'remote', 'IPaddr2', 'nope', '']
const specs = [
  'ocf',
  'ocf:pacemaker',
  'ocf:heartbeat',
  'ocf:nope',
  'lsb',
  'stonith',
  'service',
  'systemd',
  'x',
  '',
  ':',
]
const metadata = ['ocf:pacemaker:Dummy', 'ocf:pacemaker:nope', 'ocf:Dummy', 'Dummy', '', 'lsb:x', 'x:y:z', 'ocf::Dummy']
const parameterNames = ['state', 'delay', 'fake', 'cpu', 'memory', 'target-role', 'is-managed', 'priority', 'foo', '']
const metaNames = [
  'target-role',
  'is-managed',
  'clone-max',
  'promoted-max',
  'resource-stickiness',
  'migration-threshold',
]

const standalone: readonly KnownOption[] = [
  { long: 'list-standards' },
  { long: 'list-ocf-providers' },
  { long: 'list-agents', argument: (chance) => chance.pick(specs) },
  { long: 'list-ocf-alternatives', argument: (chance) => chance.pick(agents) },
  { long: 'show-metadata', argument: (chance) => chance.pick(metadata) },
]
const ofAll: readonly KnownOption[] = [
  { short: 'L', long: 'list' },
  { short: 'l', long: 'list-raw' },
  { short: 'O', long: 'list-operations' },
  { short: 'o', long: 'list-all-operations' },
  { short: 'c', long: 'list-cts' },
  { short: 'Y', long: 'why' },
]
const ofOne: readonly KnownOption[] = [
  { short: 'q', long: 'query-xml' },
  { short: 'w', long: 'query-xml-raw' },
  { short: 'W', long: 'locate' },
  { short: 'a', long: 'constraints' },
  { short: 'A', long: 'stack' },
  { short: 'Y', long: 'why' },
  { long: 'digests' },
  { short: 'O', long: 'list-operations' },
  { short: 'o', long: 'list-all-operations' },
]

function getParameter(cib: XmlElement): KnownOption {
  const names = [...descendants(cib)].flatMap((item) => (item.name === 'nvpair' ? [attr(item, 'name') ?? ''] : []))
  const argument = (chance: Chance) =>
    names.length > 0 && chance.yes(60) ? chance.pick(names) : chance.pick([...parameterNames, ...metaNames])
  return { short: 'g', long: 'get-parameter', argument }
}

const property: KnownOption = {
  short: 'G',
  long: 'get-property',
  argument: (chance) => chance.pick(['id', 'class', 'provider', 'type', 'template', 'description', '']),
}

/** Options that change what a query tells. */
const modifiers: readonly KnownOption[] = [
  { short: 'm', long: 'meta' },
  { short: 'z', long: 'utilization' },
  { short: 'f', long: 'force' },
  { long: 'recursive' },
  { short: 'Q', long: 'quiet' },
]
/** Options that mean nothing to a query. */
const idle: readonly KnownOption[] = [
  { short: 't', long: 'resource-type', argument: () => 'primitive' },
  { short: 'v', long: 'parameter-value', argument: () => '1' },
  { short: 's', long: 'set-name', argument: () => 'set' },
  { short: 'i', long: 'nvpair', argument: () => 'pair' },
  { short: 'e', long: 'expired' },
  { long: 'promoted' },
  { short: 'n', long: 'operation', argument: () => 'monitor' },
  { short: 'I', long: 'interval', argument: () => '10s' },
  { long: 'class', argument: () => 'ocf' },
  { long: 'agent', argument: () => 'Dummy' },
  { long: 'provider', argument: () => 'pacemaker' },
  { long: 'option', argument: (chance) => chance.pick(['a=b', 'x', '=']) },
  { short: 'T', long: 'timeout', argument: (chance) => chance.pick(['5', 'x', '']) },
]

const resourceElements = ['primitive', 'group', 'clone', 'master', 'bundle', 'template']

function resourceIds(cib: XmlElement): readonly string[] {
  const configuration = child(cib, 'configuration')
  const known = configuration === undefined ? [] : idsOf(configuration, resourceElements)
  const past = [
    ...new Set([...descendants(cib)].flatMap((item) => (item.name === 'lrm_resource' ? [attr(item, 'id') ?? ''] : []))),
  ]
  return [...known, ...known, ...past]
}

function named(chance: Chance, ids: readonly string[]): string {
  const id = ids.length > 0 && chance.yes(95) ? chance.pick(ids) : chance.pick(['nope', '', 'R1', 'n1'])
  return chance.yes(12) ? `${id}${chance.pick([':0', ':1', ':7', ':', ':x', '-ip-10.0.0.1', '-podman-0', '-0'])}` : id
}

/** A command line of the read-only half of crm_resource, on clusters of every kind. */
export function askCrmResource(chance: Chance): Asked {
  const cib = withSchema(chance, randomCib(chance.int(1, 1_000_000), chance.pick(mixes)))
  const ids = resourceIds(cib)
  const nodes = [...descendants(cib)].flatMap((item) => (item.name === 'node_state' ? [attr(item, 'uname') ?? ''] : []))
  const resource: KnownOption = { short: 'r', long: 'resource', standsApart: true, argument: () => named(chance, ids) }
  const node: KnownOption = {
    short: 'N',
    long: 'node',
    argument: () =>
      nodes.length > 0 && chance.yes(92) ? chance.pick(nodes) : chance.pick(['nope', '', 'N1', '1', 'n1 ']),
  }
  const kind = chance.int(1, 100)
  const one = [...ofOne, getParameter(cib), getParameter(cib), property]
  const command = kind <= 6 ? chance.pick(standalone) : kind <= 30 ? chance.pick(ofAll) : chance.pick(one)
  const needsNode = command.long === 'digests' && chance.yes(90)
  const options = [
    ...(chance.yes(97) ? [command] : []),
    ...(chance.yes(3) ? [chance.pick([...standalone, ...ofAll, ...one])] : []),
    ...(chance.yes(kind <= 30 ? 20 : 95) ? [resource] : []),
    ...(needsNode || chance.yes(20) ? [node] : []),
    ...some(chance, modifiers, command.long === 'get-parameter' ? 22 : 9),
    ...(chance.yes(6) ? [chance.pick(idle)] : []),
    ...outputOptions(chance),
  ]
  const groups = ['output', 'queries', 'commands', 'locations', 'advanced', 'additional']
  const line = commandLine(
    chance,
    options,
    groups.map((name) => `--help-${name}`),
  )
  const words =
    command.long === 'digests' && chance.yes(20) ? chance.pick([['a=b'], ['fake=1', 'x=2'], ['x'], ['=']]) : []
  return { argv: [...line, ...words], cib }
}
