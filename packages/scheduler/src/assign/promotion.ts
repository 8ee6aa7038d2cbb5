import { notice } from '../model/log.ts'
import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { role } from '../model/role.ts'
import { addScoreEverywhere, isAvailable, nodesOf } from '../model/scoring.ts'
import {
  currentNode,
  currentRole,
  forEachBelow,
  forEachLeaf,
  nextRole,
  singleLocation,
  top,
  withoutInstance,
} from '../model/tree.ts'
import { sameText } from '../scalar.ts'
import { addScores, infinity, parseScore, scoreText } from '../score.ts'
import { mergeSort } from '../unpack/history-entry.ts'
import type { Assigner } from './assigner.ts'
import { hasInfluence } from './colocation.ts'
import { compareInstances } from './instances.ts'
import { factorOf } from './merge.ts'

type PromotionScore = { readonly score: number; readonly isDefault: boolean }

const noScore: PromotionScore = { score: 0, isDefault: true }

/** Raises the scores of instances by what their agents say about promoting them; once for each clone. */
export function addPromotionScores(cluster: Cluster, clone: Resource): void {
  const traits = clone.clone
  if (traits === undefined || traits.rolesChosen) return
  traits.rolesChosen = true
  for (const instance of clone.children) {
    for (const node of nodesOf(cluster, instance.allowed)) {
      if (!isAvailable(node)) continue
      const { score } = promotionScore(cluster, instance, node)
      if (score > 0) instance.allowed.set(node, addScores(instance.allowed.get(node) ?? 0, score))
      if (score > instance.priority) instance.priority = score
    }
    cluster.observer?.note(cluster, instance, { kind: 'promotion' })
  }
}

function promotionScore(cluster: Cluster, instance: Resource, node: ClusterNode): PromotionScore {
  if (instance.variant === variant.group) {
    let score = 0
    let isDefault = true
    for (const member of instance.children) {
      const part = promotionScore(cluster, member, node)
      score += part.score
      isDefault = isDefault && part.isDefault
    }
    return { score, isDefault }
  }
  if (!scoreApplies(instance, node)) return noScore
  const source = attributeSource(instance, node)
  const name = instance.historyName ?? instance.id
  let value = source?.attributes.get(`master-${name}`)
  if (value === undefined && !instance.unique) value = source?.attributes.get(`master-${withoutInstance(instance.id)}`)
  return value === undefined ? noScore : { score: parseScore(value, cluster.settings.health), isDefault: false }
}

/** The node whose attribute rates an instance: where what runs there says so, the host of its container. */
export function attributeSource(instance: Resource, node: ClusterNode): ClusterNode | undefined {
  const container = node.connection?.container
  if (container === undefined || !sameText(instance.meta.get('container-attribute-target'), 'host')) return node
  return currentNode(container)
}

function scoreApplies(instance: Resource, node: ClusterNode): boolean {
  const allowed = (instance.allowed.get(node) ?? -1) >= 0
  if (!instance.unique) {
    const name = withoutInstance(instance.id)
    const clone = top(instance)
    const memberOf = (item: Resource): Resource | undefined => {
      let found: Resource | undefined
      forEachLeaf(item, (leaf) => {
        if (found === undefined && withoutInstance(leaf.id) === name) found = leaf
      })
      return found
    }
    const members = clone.children.flatMap((item) => memberOf(item) ?? [])
    const active = members.find((item) => item.runningOn.includes(node))
    if (active === instance) return allowed
    if (active === undefined && members.some((item) => item.knownOn.has(node.index))) return allowed
  }
  if (instance.runningOn.length === 0 && instance.knownOn.size === 0) return allowed
  return (instance.knownOn.has(node.index) || instance.runningOn.includes(node)) && allowed
}

/** Decides which instances of a promotable clone are promoted. */
export function chooseRoles(assigner: Assigner, clone: Resource): void {
  const { cluster } = assigner
  for (const node of nodesOf(cluster, clone.allowed)) clone.allowed.setCount(node, 0)
  for (const instance of clone.children) rate(assigner, clone, instance)
  sortByPromotion(assigner, clone)
  let promoted = 0
  for (const instance of clone.children) {
    if (cluster.wantsScores) {
      const where = singleLocation(instance, 'next')?.uname ?? 'none'
      cluster.log.push({
        kind: 'score',
        text: `${instance.id} promotion score on ${where}: ${scoreText(instance.sortIndex)}`,
      })
    }
    const hasRoom = promoted < (clone.clone?.promotedMax ?? 0) || !clone.managed
    const node = instance.sortIndex >= 0 && hasRoom ? promotableOn(cluster, instance) : undefined
    // Of a group, its own role: that of its first member.
    const frozen = !cluster.quorate && cluster.settings.noQuorumPolicy === 'freeze' && instance.role < role.promoted
    if (node !== undefined && frozen) {
      notice(cluster, 'set_instance_role', `Clone instance ${instance.id} cannot be promoted without quorum`)
    }
    if (node === undefined || frozen) {
      setUnpromoted(instance)
      continue
    }
    clone.allowed.setCount(node, clone.allowed.count(node) + 1)
    forEachBelow(instance, (item) => {
      if (item.nextRole === role.unknown) item.nextRole = role.promoted
    })
    promoted += 1
  }
}

function setUnpromoted(instance: Resource): void {
  forEachBelow(instance, (item) => {
    const at = item.children.length > 0 ? singleLocation(item, 'next') : item.assigned
    item.nextRole = at === undefined ? role.stopped : role.unpromoted
  })
}

/** Rates an instance: its own promotion score, location and colocation constraints for the role. */
function rate(assigner: Assigner, clone: Resource, instance: Resource): void {
  const { cluster } = assigner
  if (currentRole(instance) === role.started) {
    forEachBelow(instance, (item) => {
      if (item.role === role.started) item.role = role.unpromoted
    })
  }
  const node = singleLocation(instance, 'next')
  if (node === undefined) return
  const state = nextRole(instance)
  if (state === role.unknown || state === role.started) {
    const { score, isDefault } = promotionScore(cluster, instance, node)
    instance.priority = isDefault ? -1 : score
  } else if (state !== role.promoted) instance.priority = -infinity
  const { observer } = cluster
  observer?.rated(instance, { kind: 'promotion' })
  for (const record of [...instance.locations, ...clone.locations]) {
    const score = record.role === role.promoted ? record.scores.get(node) : undefined
    if (score === undefined) continue
    instance.priority = addScores(instance.priority, score)
    observer?.rated(instance, { kind: 'location', record })
  }
  for (const colocation of instance.thisWith) {
    assigner.applyColocation(instance, colocation.primary, colocation)
    observer?.rated(instance, { kind: 'colocation', colocation })
  }
  instance.sortIndex = state === role.promoted ? infinity : instance.priority
}

function sortByPromotion(assigner: Assigner, clone: Resource): void {
  if (clone.merging) return
  clone.merging = true
  for (const instance of clone.children) {
    const node = singleLocation(instance, 'next')
    if (instance.sortIndex < 0 || node === undefined) continue
    clone.allowed.set(node, addScores(clone.allowed.get(node) ?? 0, instance.sortIndex))
  }
  const { cluster } = assigner
  cluster.observer?.note(cluster, clone, { kind: 'promotion' })
  for (const colocation of clone.thisWith) {
    if (colocation.dependentRole !== role.promoted) continue
    cluster.observer?.begin(colocation)
    clone.allowed = assigner.merge(
      colocation.primary,
      clone.allowed,
      colocation.attribute,
      factorOf(colocation.score),
      colocation.score < infinity ? { active: true } : {},
    )
    cluster.observer?.note(cluster, clone, { kind: 'wish', colocation, source: colocation.primary })
  }
  for (const colocation of clone.withThis) {
    if (colocation.primaryRole !== role.promoted || !hasInfluence(colocation)) continue
    const options = { active: true, nonnegative: true }
    cluster.observer?.begin(colocation)
    clone.allowed = assigner.merge(
      colocation.dependent,
      clone.allowed,
      colocation.attribute,
      factorOf(colocation.score),
      options,
    )
    cluster.observer?.note(cluster, clone, { kind: 'wish', colocation, source: colocation.dependent })
  }
  for (const dependency of clone.tickets) {
    if (dependency.role === role.promoted && (!dependency.ticket.granted || dependency.ticket.standby)) {
      addScoreEverywhere(cluster, clone, -infinity)
      cluster.observer?.note(cluster, clone, { kind: 'ticket', dependency })
    }
  }
  for (const instance of clone.children) {
    const node = singleLocation(instance, 'next')
    if (!instance.managed && instance.nextRole === role.promoted) instance.sortIndex = infinity
    else if (node !== undefined && instance.sortIndex >= 0) instance.sortIndex = clone.allowed.get(node) ?? 0
  }
  const sorted = mergeSort(clone.children, (a, b) => {
    if (a.sortIndex !== b.sortIndex) return b.sortIndex - a.sortIndex
    const roles = currentRole(b) - currentRole(a)
    return roles !== 0 ? roles : compareInstances(assigner, a, b)
  })
  clone.children.splice(0, clone.children.length, ...sorted)
  clone.merging = false
}

/** The node on which an instance can be promoted, if it can. */
function promotableOn(cluster: Cluster, instance: Resource): ClusterNode | undefined {
  if (instance.children.length > 0) {
    for (const member of instance.children) if (promotableOn(cluster, member) === undefined) return undefined
  }
  const node = singleLocation(instance, 'next')
  if (node === undefined) return undefined
  if (!instance.managed) {
    if (currentRole(instance) < role.promoted) return undefined
    notice(
      cluster,
      'node_to_be_promoted_on',
      `Unmanaged instance ${instance.id} will be left promoted on ${node.uname}`,
    )
  } else if (instance.priority < 0 || !isAvailable(node, { guests: true })) return undefined
  const clone = top(instance)
  if (!clone.allowed.has(node)) return undefined
  if (instance.managed && clone.allowed.count(node) >= (clone.clone?.promotedNodeMax ?? 0)) return undefined
  return node
}
