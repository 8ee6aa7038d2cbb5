import { element, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { randomFailCount, type Settled, settledHistory } from './history.ts'
import { parameterDigest, type RandomPlace, type RandomTraces } from './place.ts'
import { alone, pairs, primitiveMeta, type RandomResource, randomPrimitive } from './resources.ts'

/** A resource that connects or hosts nodes, with what it leaves in the states of members. */
export type HostingResource = {
  readonly resource: RandomResource
  readonly places: readonly RandomPlace[]
  readonly traces: RandomTraces
}

/** Histories of agents on each member, each mostly at home on the same one. */
export function tracesOf(
  chance: Chance,
  members: readonly string[],
  agents: readonly { readonly agent: Settled; readonly home: string | undefined }[],
): RandomTraces {
  const histories = new Map<string, readonly XmlElement[]>()
  const attributes = new Map<string, Readonly<Record<string, string>>>()
  for (const member of members) {
    const peers = members.filter((name) => name !== member)
    histories.set(
      member,
      agents.flatMap(({ agent, home }) => settledHistory(chance, agent, member, member === home, peers) ?? []),
    )
    const counts = agents.map(({ agent }) => randomFailCount(chance, agent.id, 4))
    attributes.set(member, Object.assign({}, ...counts))
  }
  return { histories, attributes }
}

function connectionOperations(chance: Chance, id: string): { readonly xml: XmlElement; readonly monitors: number[] } {
  const monitors = chance.yes(85) ? [60_000] : []
  const failures = ['ignore', 'block', 'stop', 'restart', 'standby', 'fence']
  const list = [
    ...monitors.map((ms) =>
      element('op', {
        id: `${id}-monitor`,
        name: 'monitor',
        interval: `${ms / 1000}s`,
        'on-fail': chance.maybe(80, failures),
      }),
    ),
    ...(chance.yes(30)
      ? [
          element('op', {
            id: `${id}-start`,
            name: 'start',
            interval: '0',
            timeout: '90',
            'on-fail': chance.maybe(70, failures),
          }),
        ]
      : []),
  ]
  return { xml: element('operations', {}, list), monitors }
}

/** A remote node: its connection resource, and its state. */
export function remoteNode(chance: Chance, uname: string, members: readonly string[]): HostingResource {
  const { xml: operations, monitors } = connectionOperations(chance, uname)
  const parameters: Record<string, string> = {}
  if (chance.yes(50)) parameters['server'] = '192.168.122.101'
  if (chance.yes(30)) parameters['reconnect_interval'] = chance.pick(['60', '1h', '5'])
  const xml = element('primitive', { id: uname, class: 'ocf', provider: 'pacemaker', type: 'remote' }, [
    ...pairs('meta_attributes', `${uname}-meta`, primitiveMeta(chance, false)),
    ...pairs('instance_attributes', `${uname}-params`, parameters),
    operations,
  ])
  const digests = chance.yes(85)
    ? { single: parameterDigest(parameters), recurring: parameterDigest(parameters, 20_000) }
    : { single: chance.maybe(50, ['0123456789abcdef']), recurring: undefined }
  const agent = { id: uname, class: 'ocf', provider: 'pacemaker', type: 'remote', monitors, digests }
  const home = chance.yes(80) ? chance.pick(members) : undefined
  return {
    resource: { id: uname, xml, leaves: [], promotable: false },
    places: [{ uname, kind: 'remote', histories: [] }],
    traces: tracesOf(chance, members, [{ agent, home }]),
  }
}

/** A guest node: a resource with the meta-attribute `remote-node`, alone or in a group, and its state. */
export function guestNode(
  chance: Chance,
  id: string,
  uname: string,
  members: readonly string[],
  remotes: readonly string[],
): HostingResource {
  const { xml: plain, leaf } = randomPrimitive(chance, id, alone)
  const meta = {
    'remote-node': uname,
    'remote-addr': chance.maybe(70, ['192.168.122.3']),
    'remote-port': chance.maybe(90, ['3130']),
    'remote-connect-timeout': chance.maybe(85, ['30s', '2min']),
    'remote-allow-migrate': chance.maybe(85, ['false', 'true']),
  }
  const guest = { ...plain, children: [...pairs('meta_attributes', `${id}-remote`, meta), ...plain.children] }
  const address = meta['remote-addr'] === undefined ? {} : { addr: meta['remote-addr'] }
  const port = meta['remote-port'] === undefined ? {} : { port: meta['remote-port'] }
  const parameters = { ...address, ...port }
  const connection = {
    id: uname,
    class: 'ocf',
    provider: 'pacemaker',
    type: 'remote',
    monitors: [30_000],
    digests: { single: parameterDigest(parameters), recurring: parameterDigest(parameters, 30_000) },
  }
  const host = chance.yes(80) ? chance.pick([...members, ...(chance.yes(30) ? remotes : [])]) : undefined
  const home = host === undefined || members.includes(host) ? host : chance.pick(members)
  const inGroup = chance.yes(20)
  const beside = inGroup ? randomPrimitive(chance, `${id}b`, alone) : undefined
  const xml =
    beside === undefined
      ? guest
      : element('group', { id: `${id}g` }, chance.yes(50) ? [guest, beside.xml] : [beside.xml, guest])
  const { traces, onRemotes } = guestTraces(chance, members, remotes, [
    { agent: leaf, home: host },
    { agent: connection, home: chance.yes(92) ? home : chance.pick(members) },
  ])
  return {
    resource: {
      id: inGroup ? `${id}g` : id,
      xml,
      leaves: beside === undefined ? [] : [beside.leaf],
      promotable: false,
    },
    places: [{ uname, kind: 'guest', histories: [] }, ...onRemotes],
    traces,
  }
}

function guestTraces(
  chance: Chance,
  members: readonly string[],
  remotes: readonly string[],
  agents: readonly { readonly agent: Settled; readonly home: string | undefined }[],
): { readonly traces: RandomTraces; readonly onRemotes: readonly RandomPlace[] } {
  const traces = tracesOf(chance, members, agents)
  const [container] = agents
  if (container === undefined) return { traces, onRemotes: [] }
  const onRemotes = remotes.flatMap((uname) => {
    const history = settledHistory(chance, container.agent, uname, uname === container.home, [])
    return history === undefined ? [] : [{ uname, kind: 'remote' as const, histories: [history] }]
  })
  return { traces, onRemotes }
}
