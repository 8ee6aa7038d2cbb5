import { attr } from '@quorate/xml'
import { requestAction } from '../action/create.ts'
import { task } from '../action/key.ts'
import { statusWarning } from '../model/log.ts'
import { type Cluster, type ClusterNode, type LocationRecord, type Resource, variant } from '../model/model.ts'
import { discovery } from '../model/node-table.ts'
import { role } from '../model/role.ts'
import { addScore } from '../model/scoring.ts'
import { forEachLeaf, top } from '../model/tree.ts'
import { parseInteger } from '../scalar.ts'
import { addScores, infinity } from '../score.ts'
import { failCount, hasFailCounts, overThreshold } from '../unpack/fail-count.ts'
import { recheckAt } from '../unpack/name-values.ts'
import { leadsToRemoteNode } from '../unpack/nodes.ts'

/** Gives every resource its scores: locks, location constraints, stickiness, failures, discovery. */
export function applyCriteria(cluster: Cluster): void {
  for (const resource of cluster.resources) cluster.observer?.note(cluster, resource, { kind: 'entry' })
  if (cluster.settings.shutdownLock) for (const resource of cluster.resources) applyLock(cluster, resource)
  for (const record of cluster.locations) {
    applyLocation(record.resource, record)
    cluster.observer?.note(cluster, record.resource, { kind: 'location', record })
  }
  for (const resource of cluster.resources) forEachLeaf(resource, (leaf) => applyStickiness(cluster, leaf))
  for (const node of cluster.nodes) {
    const anyFailed = hasFailCounts(node)
    const { resources } = cluster
    for (let i = 0; i < resources.length; i += 1) {
      const resource = resources[i] as Resource
      if (anyFailed) forEachLeaf(resource, (leaf) => applyThreshold(cluster, leaf, node))
      applyDiscovery(resource, node)
      cluster.observer?.note(cluster, resource, { kind: 'exclusive-discovery' })
    }
  }
}

function applyLock(cluster: Cluster, resource: Resource): void {
  if (resource.variant === variant.group) for (const member of resource.children) applyLock(cluster, member)
  const standard = attr(resource.xml, 'class')
  if (resource.variant !== variant.primitive || standard === undefined || resource.isFenceDevice) return
  if (leadsToRemoteNode(cluster, resource)) return
  const { lockNode, runningOn } = resource
  const first = runningOn[0]
  if (lockNode !== undefined) {
    if (runningOn.length > 0) {
      resource.lockNode = undefined
      resource.lockTime = 0
      requestAction(cluster, resource, { task: task.deleteHistory, node: lockNode, optional: false })
    }
  } else if (runningOn.length === 1 && first !== undefined && first.shutdown && !first.unclean) {
    const since = parseInteger(first.attributes.get('shutdown')) ?? 0
    resource.lockNode = first
    resource.lockTime = since === 0 ? cluster.now.epochSeconds : since
  }
  if (resource.lockNode === undefined) return
  const limit = cluster.settings.shutdownLockLimitSeconds
  if (limit > 0) recheckAt(cluster, resource.lockTime + limit + 1)
  for (const node of cluster.nodes) {
    if (node.uname.toLowerCase() !== resource.lockNode.uname.toLowerCase()) addScore(resource, node, -infinity)
  }
  cluster.observer?.note(cluster, resource, { kind: 'shutdown-lock' })
}

function applyLocation(resource: Resource, record: LocationRecord): void {
  switch (resource.variant) {
    case variant.group:
      return applyToGroup(resource, record)
    case variant.clone:
      applyToSelf(resource, record)
      for (const instance of resource.children) applyLocation(instance, record)
      return
    case variant.bundle:
      return applyToBundle(resource, record)
    default:
      applyToSelf(resource, record)
  }
}

function applyToGroup(group: Resource, record: LocationRecord): void {
  applyToSelf(group, record)
  const zero = { ...record, scores: new Map([...record.scores.keys()].map((node) => [node, 0])) }
  group.children.forEach((member, i) => {
    applyLocation(member, i > 0 && group.group?.collocated === true ? zero : record)
  })
}

function applyToBundle(bundle: Resource, record: LocationRecord): void {
  applyToSelf(bundle, record)
  for (const { container, ip } of bundle.bundle?.replicas ?? []) {
    if (container !== undefined) applyLocation(container, record)
    if (ip !== undefined) applyLocation(ip, record)
  }
  const inner = bundle.bundle?.inner
  if (inner === undefined || record.role !== role.promoted) return
  applyLocation(inner, record)
  inner.locations.unshift(record)
}

function applyToSelf(resource: Resource, record: LocationRecord): void {
  if (record.role !== role.unknown && record.role !== resource.nextRole) return
  const { allowed } = resource
  record.scores.forEach((score, node) => {
    const before = allowed.get(node)
    if (before === undefined) allowed.insert(node, score, node.entryMode)
    else allowed.set(node, addScores(before, score))
    if (allowed.mode(node) < record.discovery) {
      allowed.setMode(node, record.discovery)
      if (record.discovery === discovery.exclusive) resource.exclusiveDiscover = true
    }
  })
}

function applyStickiness(cluster: Cluster, leaf: Resource): void {
  const node = leaf.runningOn[0]
  if (!leaf.managed || leaf.stickiness < 1 || leaf.runningOn.length !== 1 || node === undefined) return
  if (!cluster.settings.symmetric && !leaf.allowed.has(node)) return
  addScore(leaf, node, leaf.stickiness)
  cluster.observer?.note(cluster, leaf, { kind: 'stickiness' })
}

function applyThreshold(cluster: Cluster, leaf: Resource, node: ClusterNode): void {
  const clears = leaf.actionsByKey.get(`${leaf.id}_${task.clearFailCount}_0`)
  if (clears?.some((action) => action.node === node) === true) return
  const banned = overThreshold(cluster, leaf, node)
  if (banned === undefined) return
  addScore(banned, node, -infinity)
  cluster.observer?.note(cluster, banned, { kind: 'failures', leaf })
  const { count } = failCount(cluster, leaf, node, { effective: true, fillers: true })
  const why = 'due to reaching migration threshold (clean up resource to allow again)'
  const figures = `failures=${count} migration-threshold=${leaf.migrationThreshold}`
  const text = `${banned.id} cannot run on ${node.uname} ${why}| ${figures}`
  statusWarning(cluster, 'pcmk__threshold_reached', text)
}

function applyDiscovery(resource: Resource, node: ClusterNode): void {
  if (!resource.exclusiveDiscover && !top(resource).exclusiveDiscover) return
  for (const item of resource.children) applyDiscovery(item, node)
  if (resource.allowed.has(node) && resource.allowed.mode(node) !== discovery.exclusive)
    resource.allowed.set(node, -infinity)
}
