import { element, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { type HostingResource, tracesOf } from './connection.ts'
import { randomHistory, type Settled, settledHistory } from './history.ts'
import { parameterDigest, type RandomPlace } from './place.ts'
import { pairs, randomPrimitive } from './resources.ts'

type Shape = {
  readonly id: string
  readonly engine: 'docker' | 'podman' | 'rkt'
  readonly replicas: number
  readonly perHost: number
  readonly promoted: number
  readonly firstAddress: number | undefined
  readonly controlPort: string | undefined
}

/** A shape that is valid with a primitive inside: the C program refuses those without address and control port. */
function randomShape(chance: Chance, id: string, hasContent: boolean): Shape {
  const firstAddress = chance.yes(70) ? chance.int(1, 252) : undefined
  const needsPort = firstAddress === undefined && hasContent
  return {
    id,
    engine: chance.pick(['docker', 'podman', 'podman', 'rkt']),
    replicas: chance.int(1, 3),
    perHost: chance.yes(25) ? 2 : 1,
    promoted: chance.yes(35) ? chance.int(1, 2) : 0,
    firstAddress,
    controlPort: needsPort ? '3131' : chance.maybe(75, ['3131']),
  }
}

function engineXml(chance: Chance, shape: Shape): XmlElement {
  const showsReplicas = shape.replicas > 1 || chance.yes(50)
  return element(shape.engine, {
    image: `test:${shape.engine}`,
    replicas: showsReplicas ? String(shape.replicas) : undefined,
    'replicas-per-host': shape.perHost > 1 || chance.yes(15) ? String(shape.perHost) : undefined,
    [chance.yes(25) ? 'masters' : 'promoted-max']: shape.promoted > 0 ? String(shape.promoted) : undefined,
    network: chance.maybe(75, ['host', 'bridge']),
    options: chance.maybe(70, ['--user=root', '--log-driver=journald']),
    'run-command': chance.maybe(75, ['/usr/sbin/pacemaker_remoted', '/bin/sleep 100']),
  })
}

function networkXml(chance: Chance, shape: Shape): XmlElement[] {
  if (shape.firstAddress === undefined && shape.controlPort === undefined && chance.yes(50)) return []
  const mappings = chance.yes(30)
    ? [
        element('port-mapping', { id: `${shape.id}-port`, port: '8080', 'internal-port': chance.maybe(50, ['80']) }),
        ...(chance.yes(40) ? [element('port-mapping', { id: `${shape.id}-range`, range: '3200-3210' })] : []),
      ]
    : []
  return [
    element(
      'network',
      {
        'ip-range-start': shape.firstAddress === undefined ? undefined : `192.168.122.${shape.firstAddress}`,
        'host-netmask': chance.maybe(60, ['24']),
        'host-interface': chance.maybe(70, ['eth0']),
        'control-port': shape.controlPort,
        'add-host': chance.maybe(85, ['false', 'true']),
      },
      mappings,
    ),
  ]
}

function storageXml(chance: Chance, id: string): XmlElement[] {
  if (chance.yes(50)) return []
  const mapping = (name: string, source: Readonly<Record<string, string>>, target: string): XmlElement =>
    element('storage-mapping', {
      id: `${id}-${name}`,
      ...source,
      'target-dir': target,
      options: chance.maybe(60, ['rw', 'ro,Z']),
    })
  const list = [mapping('data', { 'source-dir': '/srv/data' }, '/data')]
  if (chance.yes(50)) list.push(mapping('own', { 'source-dir-root': '/srv/own' }, '/own'))
  if (chance.yes(30)) list.push(mapping('log', { 'source-dir-root': '/var/log/outer' }, '/var/log'))
  return [element('storage', {}, list)]
}

function bundleMeta(chance: Chance, id: string): XmlElement[] {
  return pairs('meta_attributes', `${id}-meta`, {
    priority: chance.maybe(85, ['1', '5', '10']),
    'resource-stickiness': chance.maybe(80, ['1', '100', 'INFINITY', '0']),
    'is-managed': chance.maybe(93, ['false', 'true']),
    'target-role': chance.maybe(88, ['Started', 'Stopped', 'Unpromoted']),
    'migration-threshold': chance.maybe(90, ['1', '3']),
    'failure-timeout': chance.maybe(90, ['10s', '1h']),
    'container-attribute-target': chance.maybe(92, ['host']),
    'multiple-active': chance.maybe(93, ['block', 'stop_only', 'stop_unexpected']),
    notify: chance.maybe(90, ['true']),
    requires: chance.maybe(93, ['quorum', 'nothing']),
    maintenance: chance.maybe(97, ['true']),
    'allow-unhealthy-nodes': chance.maybe(97, ['true']),
  })
}

/** Containers, addresses and connections of each replica, with the member on which most of them are. */
function implicitAgents(
  chance: Chance,
  shape: Shape,
  hasContent: boolean,
  members: readonly string[],
): { readonly agent: Settled; readonly home: string | undefined }[] {
  const { id, engine } = shape
  const ocf = (agentId: string, provider: string, type: string, digests: Settled['digests'], monitors = [60_000]) => ({
    id: agentId,
    class: 'ocf',
    provider,
    type,
    monitors,
    ...(digests === undefined ? {} : { digests }),
  })
  // What containers are given is a long text: their entries carry no digest, or one of other parameters.
  const unknown = { single: undefined, recurring: undefined }
  const other = { single: '0123456789abcdef', recurring: undefined }
  return Array.from({ length: shape.replicas }, (_, k) => {
    const home = chance.yes(80) ? chance.pick(members) : undefined
    const port = { port: shape.controlPort ?? '3121' }
    const address = shape.firstAddress === undefined ? undefined : `192.168.122.${shape.firstAddress + k}`
    const connection = { addr: address ?? home ?? '', ...port }
    const list = [ocf(`${id}-${engine}-${k}`, 'heartbeat', engine, chance.yes(93) ? unknown : other)]
    if (address !== undefined) list.push(ocf(`${id}-ip-${address}`, 'heartbeat', 'IPaddr2', unknown))
    if (hasContent) {
      const digests = { single: parameterDigest(connection), recurring: parameterDigest(connection, 30_000) }
      list.push(ocf(`${id}-${k}`, 'pacemaker', 'remote', chance.yes(85) ? digests : unknown, [30_000]))
    }
    return list.map((agent) => ({ agent, home: chance.yes(95) ? home : chance.pick(members) }))
  }).flat()
}

/** A bundle, with the states of the nodes that its replicas are. */
export function randomBundle(chance: Chance, id: string, members: readonly string[]): HostingResource {
  const hasContent = chance.yes(78)
  const shape = randomShape(chance, id, hasContent)
  const promotable = shape.promoted > 0
  const traits = { promotable, unique: shape.perHost > 1, instances: shape.replicas, cloned: true }
  const inner = hasContent ? randomPrimitive(chance, `${id}p`, traits) : undefined
  const xml = element('bundle', { id }, [
    ...bundleMeta(chance, id),
    engineXml(chance, shape),
    ...networkXml(chance, shape),
    ...storageXml(chance, id),
    ...(inner === undefined ? [] : [inner.xml]),
  ])
  const traces = tracesOf(chance, members, implicitAgents(chance, shape, hasContent, members))
  const places: RandomPlace[] = []
  if (inner !== undefined) {
    const { leaf } = inner
    for (let k = 0; k < shape.replicas; k += 1) {
      const uname = `${id}-${k}`
      const name = leaf.unique ? `${leaf.id}:${k}` : leaf.id
      const history = chance.yes(75)
        ? settledHistory(chance, { ...leaf, id: name }, uname, chance.yes(80), [])
        : randomHistory(chance, leaf, uname, members)
      places.push({ uname, kind: 'bundle', histories: history === undefined ? [] : [history] })
    }
  }
  return {
    resource: { id, xml, leaves: [], promotable: promotable && inner !== undefined },
    places,
    traces,
  }
}
