import { attr, child, element, idOf, type XmlElement } from '@quorate/xml'
import { configError, limitExceeded } from '../model/log.ts'
import { type Cluster, type ClusterNode, noUtilization, type Replica, type Resource } from '../model/model.ts'
import { discovery, NodeTable } from '../model/node-table.ts'
import { forEachBelow, isRemote } from '../model/tree.ts'
import { parseBoolean, parseCount } from '../scalar.ts'
import { infinity } from '../score.ts'
import { type ContainerPlan, containerXml, type PortMapping, type StorageMapping } from './container.ts'
import { cleanId, connectionXml } from './implied.ts'
import { addNode, findNode } from './nodes.ts'
import { type UnpackVariant, unpackResource } from './resource.ts'
import { nameValueSet } from './template.ts'

/** Most replicas that one bundle may have: each is a node to every other resource. More are cut, and that is told. */
export const replicasLimit = 200

/** Elements of a bundle that say what its containers are run with; the first of them counts. */
export const containerKinds: readonly string[] = ['docker', 'rkt', 'podman']

const remotePort = '3121'

/** Unpacks a bundle: its replicas, each a container with address and connection, and the clone inside. */
export function unpackBundle(cluster: Cluster, bundle: Resource, unpackVariant: UnpackVariant): boolean {
  const containerKind = containerKinds.find((name) => child(bundle.xml, name) !== undefined)
  const container = containerKind === undefined ? undefined : child(bundle.xml, containerKind)
  if (container === undefined || containerKind === undefined) return false
  const plan = planOf(cluster, bundle, container, containerKind)
  // The configured number counts, even where a shared control port then allows only one replica on a host.
  if (parseCount(attr(container, 'replicas-per-host'), 1) === 1) bundle.unique = false
  const primitive = child(bundle.xml, 'primitive')
  const hasNetwork = plan.ipStart !== undefined || plan.controlPort !== undefined
  if (primitive !== undefined && !hasNetwork) {
    const text = `Cannot control ${bundle.id} inside ${idOf(primitive)} without either ip-range-start or control-port`
    configError(cluster, 'pe__unpack_bundle', text)
    return false
  }
  if (primitive !== undefined) plan.hasPrimitive = true
  bundle.bundle = {
    image: plan.image ?? '',
    promotedMax: plan.promotedMax,
    replicasPerHost: plan.replicasPerHost,
    replicas: [],
    inner: undefined,
  }
  const { replicas } = bundle.bundle
  if (primitive !== undefined) {
    const inner = unpackResource(cluster, innerCloneXml(bundle, plan, primitive), bundle, undefined, unpackVariant)
    if (inner === undefined) return false
    bundle.bundle.inner = inner
  }
  let address = plan.ipStart
  let hostOptions = ''
  const { inner } = bundle.bundle
  // There can be fewer instances than are asked for, where they can only be anonymous and have one node each.
  const count = inner?.children.length ?? plan.replicas
  for (let number = 0; number < count; number += 1) {
    const instance = inner?.children[number]
    const replica: Replica = {
      number,
      ipAddress: address,
      container: undefined,
      ip: undefined,
      connection: undefined,
      instance,
      node: undefined,
    }
    if (instance !== undefined) inheritFromInstance(bundle, instance)
    if (plan.ipStart !== undefined) {
      hostOptions += hostOption(bundle, plan, replica)
      // After a replica without an address the range begins anew.
      address = address === undefined ? plan.ipStart : nextAddress(address)
    }
    replicas.push(replica)
  }
  plan.hostOptions = hostOptions
  for (const replica of replicas) if (!unpackReplica(cluster, bundle, plan, replica, unpackVariant)) return false
  if (bundle.bundle.inner !== undefined) bundle.children.push(bundle.bundle.inner)
  return true
}

function inheritFromInstance(bundle: Resource, instance: Resource): void {
  instance.exclusiveDiscover = true
  const inner = instance.parent
  if (inner === undefined) return
  if (instance.notify) inner.notify = true
  const target = instance.meta.get('container-attribute-target')
  if (target === undefined) return
  bundle.meta.set('container-attribute-target', target)
  inner.meta.set('container-attribute-target', target)
}

/** True where replicas on one host would listen on the same port of it: then there is one on each. */
export function sharesPort(bundle: XmlElement): boolean {
  const network = child(bundle, 'network')
  if (network === undefined || child(bundle, 'primitive') === undefined) return false
  return attr(network, 'ip-range-start') === undefined && attr(network, 'control-port') !== undefined
}

function planOf(cluster: Cluster, bundle: Resource, container: XmlElement, kind: string): ContainerPlan {
  const network = child(bundle.xml, 'network')
  const get = (name: string): string | undefined => (network === undefined ? undefined : attr(network, name))
  const promotedMax = parseCount(attr(container, 'promoted-max') ?? attr(container, 'masters'), 0)
  const replicas = attr(container, 'replicas')
  let replicasPerHost = parseCount(attr(container, 'replicas-per-host'), 1)
  const ipStart = get('ip-range-start')
  const controlPort = get('control-port')
  if (replicasPerHost > 1 && sharesPort(bundle.xml)) {
    const text = `Specifying the 'control-port' for ${bundle.id} requires 'replicas-per-host=1'`
    configError(cluster, 'valid_network', text)
    replicasPerHost = 1
  }
  const asked = replicas === undefined && promotedMax > 0 ? promotedMax : parseCount(replicas, 1)
  if (asked > replicasLimit) {
    const text = `Using ${replicasLimit} instead of ${asked} replicas of ${bundle.id}: more are not supported`
    limitExceeded(cluster, 'pe__unpack_bundle', text)
  }
  return {
    bundleId: bundle.id,
    kind,
    promotedMax,
    replicas: Math.min(asked, replicasLimit),
    replicasPerHost,
    image: attr(container, 'image'),
    runCommand: attr(container, 'run-command'),
    options: attr(container, 'options'),
    network: attr(container, 'network'),
    ipStart,
    netmask: get('host-netmask'),
    interface: get('host-interface'),
    controlPort,
    addHost: parseBoolean(get('add-host')) ?? true,
    ports: (network?.children ?? []).filter((item) => item.name === 'port-mapping').map(portMapping),
    storage: (child(bundle.xml, 'storage')?.children ?? [])
      .filter((item) => item.name === 'storage-mapping')
      .map(storageMapping),
    hasPrimitive: false,
    hostOptions: '',
  }
}

function portMapping(item: XmlElement): PortMapping {
  const range = attr(item, 'range')
  const source = attr(item, 'port') ?? range ?? ''
  return { source, target: attr(item, 'internal-port') ?? source }
}

function storageMapping(item: XmlElement): StorageMapping {
  const root = attr(item, 'source-dir-root')
  return {
    source: attr(item, 'source-dir') ?? root ?? '',
    target: attr(item, 'target-dir') ?? '',
    options: attr(item, 'options'),
    perReplica: root !== undefined,
  }
}

function innerCloneXml(bundle: Resource, plan: ContainerPlan, primitive: XmlElement): XmlElement {
  const id = `${bundle.id}-${plan.promotedMax > 0 ? 'master' : 'clone'}`
  const promotable = plan.promotedMax > 0
  const meta = nameValueSet('meta_attributes', `${id}-meta_attributes`, [
    ['ordered', 'true'],
    ['clone-max', String(plan.replicas)],
    ['clone-node-max', String(plan.replicasPerHost)],
    ['globally-unique', String(plan.replicasPerHost > 1)],
    ['promotable', promotable ? 'true' : undefined],
    ['promoted-max', promotable ? String(plan.promotedMax) : undefined],
  ])
  return element('clone', { id }, [meta, primitive])
}

function hostOption(bundle: Resource, plan: ContainerPlan, replica: Replica): string {
  const name = `${bundle.id}-${replica.number}`
  const address = replica.ipAddress ?? noAddress
  return plan.kind !== 'rkt' && plan.addHost ? ` --add-host=${name}:${address}` : ` --hosts-entry=${address}=${name}`
}

/** What stands where an address would be that a replica has not. */
const noAddress = '(null)'

const fourNumbers = /^\s*\+?(\d+)\.\s*\+?(\d+)\.\s*\+?(\d+)\.\s*\+?(\d+)/

/** The address after another one; undefined after what is no address, and where the third number is at its end. */
function nextAddress(address: string): string | undefined {
  const parts = fourNumbers.exec(address)?.slice(1).map(Number)
  if (parts === undefined) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = parts
  if (c > 253) return undefined
  return d > 253 ? `${a}.${b}.${c + 1}.1` : `${a}.${b}.${c}.${d + 1}`
}

function unpackReplica(
  cluster: Cluster,
  bundle: Resource,
  plan: ContainerPlan,
  replica: Replica,
  unpackVariant: UnpackVariant,
): boolean {
  const add = (xml: XmlElement): Resource | undefined => {
    const made = unpackResource(cluster, xml, bundle, undefined, unpackVariant)
    if (made !== undefined) bundle.children.push(made)
    return made
  }
  const container = add(containerXml(plan, replica.number, replica.ipAddress))
  if (container === undefined) return false
  replica.container = container
  if (plan.ipStart !== undefined) {
    replica.ip = add(addressXml(bundle, plan, replica.ipAddress))
    if (replica.ip === undefined) return false
  }
  if (replica.instance !== undefined && !unpackConnection(cluster, bundle, plan, replica, add)) return false
  if (replica.ipAddress !== undefined && replica.instance !== undefined) {
    replica.instance.meta.set('external-ip', replica.ipAddress)
  }
  if (replica.instance !== undefined) {
    const { utilization, utilizationTexts } = replica.instance
    container.utilization = new Map([...container.utilization, ...utilization])
    container.utilizationTexts = utilizationTexts
    replica.instance.utilization = noUtilization
  }
  return true
}

function addressXml(bundle: Resource, plan: ContainerPlan, address: string | undefined): XmlElement {
  const id = cleanId(`${bundle.id}-ip-${address ?? noAddress}`)
  const parameters = nameValueSet('instance_attributes', cleanId(`${bundle.id}-attributes-${address ?? noAddress}`), [
    ['ip', address],
    ['nic', plan.interface],
    ['cidr_netmask', plan.netmask ?? '32'],
  ])
  const monitor = element('op', { id: `${id}-monitor-60s`, interval: '60s', name: 'monitor' })
  return element('primitive', { id, class: 'ocf', provider: 'heartbeat', type: 'IPaddr2' }, [
    parameters,
    element('operations', {}, [monitor]),
  ])
}

function unpackConnection(
  cluster: Cluster,
  bundle: Resource,
  plan: ContainerPlan,
  replica: Replica,
  add: (xml: XmlElement) => Resource | undefined,
): boolean {
  const { container, instance } = replica
  if (container === undefined || instance === undefined) return true
  let id = `${bundle.id}-${replica.number}`
  if (cluster.resourceById.has(id)) id = `pcmk-internal-${instance.id}-remote-${replica.number}`
  const server = plan.ipStart === undefined ? '#uname' : (replica.ipAddress ?? '#uname')
  const xml = connectionXml({ id, container: container.id, server, port: plan.controlPort ?? remotePort })
  const node = guestNode(cluster, idOf(xml))
  replica.node = node
  instance.allowed = new NodeTable()
  instance.allowed.insert(node, 500, discovery.exclusive)
  const inner = instance.parent
  if (inner !== undefined) {
    inner.allowed.remove(node)
    inner.allowed.insert(node, -infinity, discovery.exclusive)
  }
  const connection = add(xml)
  if (connection === undefined) return false
  for (const other of cluster.nodes)
    if (isRemote(other) && connection.allowed.has(other)) connection.allowed.set(other, -infinity)
  node.connection = connection
  connection.container = container
  container.fillers.push(connection)
  node.attributes.set('#kind', 'container')
  connection.nestedRemotes = true
  replica.connection = connection
  return true
}

function guestNode(cluster: Cluster, name: string): ClusterNode {
  const known = findNode(cluster, name)
  const node = known ?? addNode(cluster, name, name, 'remote', -infinity)
  node.entryScore = -infinity
  node.entryMode = discovery.never
  for (const resource of cluster.resources) {
    forEachBelow(resource, (item) => {
      if (!item.allowed.has(node)) return
      item.allowed.set(node, -infinity)
      item.allowed.setMode(node, discovery.never)
    })
  }
  return node
}
