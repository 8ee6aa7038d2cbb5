import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { randomCib } from '../conformance/random/cib.ts'
import { parseFeatures } from '../conformance/random/feature.ts'
import { replaceChild, rewriteBelow } from '../conformance/random/rewrite.ts'
import { withSchema } from './schema-claim.ts'

/** Sets of features of {@link randomCib} from which clusters are made. */
const mixes = ['none', 'plain', 'all', 'every', 'whole', 'full', 'total'].map(parseFeatures)

const spans = ['0', '1', '12', '999', '1000', '1001', '2001', '60000', '60001', '3600000', '90061001', '-1', 'x', '']
const reasons = ['not mounted', 'Resource agent did not complete within 2s', 'a "quoted" <word>', '']

/** Times and reasons, as newer histories have them. */
function withTimes(chance: Chance, entry: XmlElement): XmlElement {
  const time = () => chance.maybe(15, chance.yes(93) ? spans.slice(0, 10) : spans)
  return withAttributes(entry, {
    'exec-time': time(),
    'queue-time': time(),
    ...(chance.yes(20) ? { 'exit-reason': chance.pick(reasons) } : {}),
    ...(chance.yes(4)
      ? { 'op-status': chance.pick(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '15']) }
      : {}),
    ...(chance.yes(3) ? { 'last-rc-change': chance.maybe(40, ['0', '1', '-5', 'x', '']) } : {}),
  })
}

const transient = ['pingd', 'connected', 'master-r1', 'load', 'probe_complete', 'zz top', 'shutdown-later', 'standby']

function someAttributes(chance: Chance, id: string): XmlElement {
  const names = transient.filter(() => chance.yes(25))
  const set = `status-${id}-more`
  const values = ['0', '100', '1000', '-INFINITY', 'yes', '', 'a value that is longer than ten', 'off']
  return element(
    'instance_attributes',
    { id: set },
    names.map((name) => element('nvpair', { id: `${set}-${name.replace(' ', '')}`, name, value: chance.pick(values) })),
  )
}

function withTransient(chance: Chance, state: XmlElement): XmlElement {
  if (chance.yes(50)) return state
  const id = idOf(state)
  const version = chance.maybe(40, ['3.16.1', '3.16.1', '3.17.0', '3.15.1'])
  const own = element('instance_attributes', { id: `status-${id}-own` }, [
    ...(version === undefined
      ? []
      : [element('nvpair', { id: `status-${id}-feature`, name: '#feature-set', value: version })]),
  ])
  const sets = [own, someAttributes(chance, id)]
  const now = child(state, 'transient_attributes')
  if (now === undefined) {
    return withChildren(state, [...state.children, element('transient_attributes', { id }, sets)])
  }
  return replaceChild(state, 'transient_attributes', (item) => withChildren(item, [...item.children, ...sets]))
}

function withClusterOptions(chance: Chance, config: XmlElement): XmlElement {
  const options = {
    'cluster-infrastructure': chance.maybe(30, ['corosync', 'heartbeat', 'my stack']),
    'dc-version': chance.maybe(30, ['2.1.5-a3f44794f94', '1.1.24', '']),
    'stonith-timeout': chance.maybe(70, ['60s', '2min', '90', '500ms', 'PT2M', 'x']),
    'priority-fencing-delay': chance.maybe(80, ['15s', '1m', '0']),
    'maintenance-mode': chance.maybe(92, ['true', 'false']),
    'stop-all-resources': chance.maybe(94, ['true', 'false']),
    'cluster-name': chance.maybe(70, ['mine']),
  }
  const set = 'displayed-options'
  const pairs = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [element('nvpair', { id: `${set}-${name}`, name, value })],
  )
  return withChildren(config, [...config.children, element('cluster_property_set', { id: set }, pairs)])
}

function pingResource(chance: Chance): XmlElement {
  const parameters = {
    name: chance.maybe(50, ['pingd', 'connected']),
    host_list: chance.maybe(5, ['10.0.0.1', '10.0.0.1 10.0.0.2', ' a  b c ', '']),
    multiplier: chance.maybe(30, ['1000', '100', 'x', '-1']),
  }
  const set = 'ping-parameters'
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [element('nvpair', { id: `${set}-${name}`, name, value })],
  )
  const primitive = element(
    'primitive',
    { id: 'ping', class: 'ocf', provider: 'pacemaker', type: chance.pick(['ping', 'ping', 'pingd', 'Ping']) },
    [element('instance_attributes', { id: set }, pairs)],
  )
  return chance.yes(50) ? primitive : element('clone', { id: 'pings' }, [primitive])
}

/** Runs the ping resource on a node, so that its attribute is held against what it should be. */
function withPing(chance: Chance, state: XmlElement): XmlElement {
  const entry = element('lrm_rsc_op', {
    id: 'ping_last_0',
    operation_key: 'ping_start_0',
    operation: 'start',
    'call-id': '40',
    'rc-code': '0',
    'op-status': '0',
    interval: '0',
    'transition-key': '1:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    'transition-magic': '0:0;1:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  })
  const history = element('lrm_resource', { id: 'ping', class: 'ocf', provider: 'pacemaker', type: 'ping' }, [entry])
  return replaceChild(state, 'lrm', (lrm) =>
    replaceChild(lrm, 'lrm_resources', (list) =>
      chance.yes(70) ? withChildren(list, [...list.children, history]) : list,
    ),
  )
}

function ban(chance: Chance, number: number, resources: readonly string[], nodes: readonly string[]): XmlElement {
  const [rsc, node] = [chance.pick(resources), chance.pick(nodes)]
  return element('rsc_location', {
    id: chance.pick([`cli-ban-${rsc}-on-${node}-${number}`, `ban${number}`, `other${number}`]),
    rsc,
    node,
    role: chance.maybe(60, ['Started', 'Promoted', 'Master', 'Slave']),
    score: chance.pick(['-INFINITY', '-INFINITY', '-1', '-1000000', '0', 'INFINITY']),
  })
}

function withBans(chance: Chance, constraints: XmlElement, resources: readonly string[], nodes: readonly string[]) {
  if (resources.length === 0 || nodes.length === 0) return constraints
  const bans = Array.from({ length: chance.pick([0, 0, 1, 2, 3]) }, (_, i) => ban(chance, i, resources, nodes))
  return withChildren(constraints, [...constraints.children, ...bans])
}

/** Who wrote a CIB last and when, as the CIB manager notes it. */
function lastChange(chance: Chance): Readonly<Record<string, string | undefined>> {
  return {
    'cib-last-written': chance.maybe(40, ['Tue Nov 14 22:13:20 2023']),
    'update-user': chance.maybe(60, ['root', 'hacluster', '']),
    'update-client': chance.maybe(60, ['crmd', 'cib"admin', '']),
    'update-origin': chance.maybe(60, ['n1', '']),
    ...(chance.yes(20) ? { 'dc-uuid': chance.maybe(30, ['2', 'n1', 'nope']) } : {}),
    ...(chance.yes(5) ? { 'have-quorum': undefined } : {}),
  }
}

/** Ids of the resources and names of the nodes of a configuration. */
export function namesIn(cib: XmlElement): { readonly resources: readonly string[]; readonly nodes: readonly string[] } {
  const configuration = child(cib, 'configuration')
  const named = (section: string) => (configuration && child(configuration, section))?.children ?? []
  return {
    resources: named('resources').flatMap((item) => attr(item, 'id') ?? []),
    nodes: named('nodes').flatMap((item) => attr(item, 'uname') ?? []),
  }
}

/** A cluster with all that a display shows: times, tickets, bans, attributes, what pings tell, who changed it. */
export function displayedCib(chance: Chance): XmlElement {
  const made = randomCib(chance.int(1, 1_000_000), chance.pick(mixes))
  const plain = chance.yes(12) ? withSchema(chance, made) : made
  const { resources, nodes } = namesIn(plain)
  const pings = chance.yes(25)
  const configured = replaceChild(plain, 'configuration', (configuration) => {
    const now = replaceChild(configuration, 'crm_config', (item) => withClusterOptions(chance, item))
    const more = pings ? [pingResource(chance)] : []
    const filled = replaceChild(now, 'resources', (item) => withChildren(item, [...item.children, ...more]))
    return replaceChild(filled, 'constraints', (item) => withBans(chance, item, resources, nodes))
  })
  const displayed = replaceChild(configured, 'status', (status) =>
    rewriteBelow(status, (item) => {
      if (item.name === 'lrm_rsc_op') return [withTimes(chance, item)]
      if (item.name === 'ticket_state') {
        return [withAttributes(item, { 'last-granted': chance.maybe(40, ['1700000000', '1690000000', '0', 'x']) })]
      }
      if (item.name !== 'node_state') return [item]
      const state = withTransient(chance, item)
      return [pings ? withPing(chance, state) : state]
    }),
  )
  return withAttributes(displayed, lastChange(chance))
}
