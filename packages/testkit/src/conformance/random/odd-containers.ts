import { attr, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { pairs } from './resources.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'
import { withPairs } from './settings.ts'

const addresses = [
  '192.168.122.253',
  '192.168.255.254',
  '10.0.254.254',
  '10.255.255.254',
  '10.0.0.254',
  '10.0.0.0',
  '10.0.0',
  '10.0.0.999',
  'fe80::1',
  'host',
  '',
]
const ranges = ['8000-8002', '8000', '8002-8000', '8000-8000', '8000-', '-8000', '8000-8001-8002', '-']

function oddNetwork(chance: Chance, id: string): XmlElement {
  const mapping = (i: number): XmlElement => {
    const isRange = chance.yes(40)
    return element('port-mapping', {
      id: `${id}-pm${i}`,
      ...(isRange
        ? { range: chance.pick(ranges) }
        : { port: chance.pick(['80', '0', '65536', '-1']), 'internal-port': chance.maybe(50, ['8080', '80']) }),
    })
  }
  return element(
    'network',
    {
      'ip-range-start': chance.maybe(30, addresses),
      'control-port': chance.maybe(55, ['3121', '9999', '0', '-1', '65536']),
      'host-interface': chance.maybe(70, ['eth0', 'bond0 ', '']),
      'host-netmask': chance.maybe(70, ['24', '32', '0', '99']),
      'add-host': chance.maybe(75, ['true', 'false', '1', '0']),
    },
    Array.from({ length: chance.pick([0, 0, 1, 2, 3]) }, (_, i) => mapping(i)),
  )
}

function oddStorage(chance: Chance, id: string): XmlElement {
  const mapping = (i: number): XmlElement =>
    element('storage-mapping', {
      id: `${id}-sm${i}`,
      [chance.yes(50) ? 'source-dir' : 'source-dir-root']: chance.pick([
        '/srv/a',
        '/srv/a b',
        '',
        '/var/log/x/',
        '/etc/pacemaker/authkey',
      ]),
      'target-dir': chance.pick(['/data', '/var/log', '/etc/pacemaker/authkey', '', '/a,b']),
      options: chance.maybe(50, ['rw', 'ro,Z', '', 'rw,cached']),
    })
  return element(
    'storage',
    {},
    Array.from({ length: chance.int(0, 3) }, (_, i) => mapping(i)),
  )
}

function oddEngine(chance: Chance): XmlElement {
  return element(chance.pick(['docker', 'podman', 'rkt']), {
    image: chance.pick(['a:1', 'registry/x/y@sha256:0', '']),
    replicas: chance.maybe(25, ['1', '2', '3', '4', '0', '-1']),
    'replicas-per-host': chance.maybe(50, ['1', '2', '3', '0', '-1']),
    [chance.yes(40) ? 'masters' : 'promoted-max']: chance.maybe(55, ['1', '2', '0', '-1', '9']),
    network: chance.maybe(70, ['host', 'none', 'bridge', '']),
    options: chance.maybe(60, ['--user=root', '-e A=b --privileged', '', '--hostname=x -h y']),
    'run-command': chance.maybe(70, ['/usr/sbin/pacemaker_remoted', '/bin/sleep 5', '']),
  })
}

const bundleMeta: Readonly<Record<string, readonly string[]>> = {
  'target-role': ['Stopped', 'Started', 'Promoted', 'Unpromoted'],
  'is-managed': ['false', 'true'],
  'container-attribute-target': ['host'],
  'promoted-max': ['1', '2'],
  'clone-max': ['1', '5'],
  'clone-node-max': ['2'],
  'globally-unique': ['true', 'false'],
  notify: ['true'],
  interleave: ['false', 'true'],
  ordered: ['true'],
  'clone-min': ['1', '2'],
  promotable: ['true', 'false'],
  'multiple-active': ['block', 'stop_only'],
  'migration-threshold': ['1', '3'],
  'failure-timeout': ['10s'],
  'allow-migrate': ['true'],
  requires: ['nothing', 'quorum', 'unfencing'],
  'resource-stickiness': ['7', 'INFINITY'],
}

function chosenMeta(chance: Chance): Readonly<Record<string, string>> {
  const names = Object.keys(bundleMeta).filter(() => chance.yes(12))
  return Object.fromEntries(names.map((name) => [name, chance.pick(bundleMeta[name] ?? [''])]))
}

function oddBundle(chance: Chance, id: string): XmlElement {
  const content = element('primitive', { id: `${id}x`, class: 'ocf', provider: 'pacemaker', type: 'Stateful' }, [
    element('operations', {}, [
      element('op', {
        id: `${id}x-m`,
        name: 'monitor',
        interval: '10s',
        'on-fail': chance.maybe(70, ['restart-container', 'ignore', 'fence', 'demote', 'standby', 'block']),
      }),
      ...(chance.yes(40)
        ? [element('op', { id: `${id}x-n`, name: 'monitor', interval: '11s', role: 'Promoted' })]
        : []),
    ]),
    ...pairs('utilization', `${id}x-util`, { cpu: chance.maybe(70, ['1', '2']) }),
  ])
  return element('bundle', { id }, [
    ...pairs('meta_attributes', `${id}-meta`, chosenMeta(chance)),
    ...pairs('instance_attributes', `${id}-params`, { p: chance.maybe(80, ['1']) }),
    oddEngine(chance),
    ...(chance.yes(85) ? [oddNetwork(chance, id)] : []),
    ...(chance.yes(50) ? [oddStorage(chance, id)] : []),
    ...(chance.yes(75) ? [content] : []),
  ])
}

/** Puts other shapes into a bundle that is there, whose histories then tell of other things. */
function reshaped(chance: Chance, bundle: XmlElement): XmlElement {
  const kept = bundle.children.filter(
    (item) =>
      !(item.name === 'network' && chance.yes(50)) &&
      !(item.name === 'storage' && chance.yes(50)) &&
      !(['docker', 'podman', 'rkt'].includes(item.name) && chance.yes(30)),
  )
  const lacks = (names: readonly string[]) => !kept.some(({ name }) => names.includes(name))
  const made = withChildren(bundle, [
    ...kept,
    ...(lacks(['docker', 'podman', 'rkt']) ? [oddEngine(chance)] : []),
    ...(lacks(['network']) && chance.yes(85) ? [oddNetwork(chance, idOf(bundle))] : []),
    ...(lacks(['storage']) && chance.yes(50) ? [oddStorage(chance, idOf(bundle))] : []),
  ])
  return withPairs(made, 'meta_attributes', chosenMeta(chance))
}

/** Bundles of every shape, what is left of containers in histories, and primitives that say that they are in one. */
export function withContainers(chance: Chance, cib: XmlElement): XmlElement {
  const ids: string[] = []
  const configured = replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'resources', (resources) => {
      const children = resources.children.map((item) => {
        ids.push(idOf(item))
        return item.name === 'bundle' && chance.yes(60) ? reshaped(chance, item) : item
      })
      if (chance.yes(65)) children.push(oddBundle(chance, 'ob'))
      const plain = children.filter((item) => item.name === 'primitive' && attr(item, 'type') !== 'remote')
      const inside = plain.length > 1 && chance.yes(25) ? chance.pick(plain) : undefined
      const others = plain.filter((item) => item !== inside)
      return withChildren(
        resources,
        children.map((item) =>
          item === inside ? withPairs(item, 'meta_attributes', { container: idOf(chance.pick(others)) }) : item,
        ),
      )
    }),
  )
  const containers = [...ids, 'ob-podman-0', 'ob-docker-0', 'lost']
  return replaceChild(configured, 'status', (status) =>
    rewriteBelow(status, (item) => {
      if (item.name === 'lrm_resource') {
        const isFiller = attr(item, 'type') === 'remote' || attr(item, 'id') === 'gone'
        if (!isFiller || !chance.yes(40)) return [item]
        return [withAttributes(item, { container: chance.pick(containers) })]
      }
      if (item.name !== 'lrm_resources' || !chance.yes(20)) return [item]
      return [withChildren(item, [...item.children, leftFiller(chance, chance.pick(containers))])]
    }),
  )
}

/** The history of a connection whose bundle or guest is configured no more. */
function leftFiller(chance: Chance, container: string): XmlElement {
  const id = chance.pick(['left-0', 'ob-0', 'ob-1'])
  const runs = chance.yes(60)
  const key = `1:1:${runs ? 0 : 7}:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee`
  return element('lrm_resource', { id, class: 'ocf', provider: 'pacemaker', type: 'remote', container }, [
    element('lrm_rsc_op', {
      id: `${id}_last_0`,
      operation_key: `${id}_${runs ? 'start' : 'monitor'}_0`,
      operation: runs ? 'start' : 'monitor',
      crm_feature_set: '3.16.1',
      'transition-key': key,
      'transition-magic': `0:${runs ? 0 : 7};${key}`,
      'call-id': String(chance.int(1, 9)),
      'rc-code': runs ? '0' : '7',
      'op-status': '0',
      interval: '0',
    }),
  ])
}
