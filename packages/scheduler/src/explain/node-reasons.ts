import { sameAttribute } from '../assign/colocation.ts'
import type { Cluster, ClusterNode, Colocation, Resource } from '../model/model.ts'
import { discovery } from '../model/node-table.ts'
import { role, roleText } from '../model/role.ts'
import { isPromotable, top } from '../model/tree.ts'
import { addScores, infinity, scoreText } from '../score.ts'
import { failCount, overThreshold } from '../unpack/fail-count.ts'
import type { Reason } from './reason.ts'

/** Every reason for or against a node that the configuration or the state gives, and what else the score has in it. */
export function nodeReasons(cluster: Cluster, resource: Resource, node: ClusterNode): Reason[] {
  const reasons = [
    ...stateReasons(node),
    ...candidateReasons(cluster, resource, node),
    ...locationReasons(resource, node),
    ...stickinessReasons(resource, node),
    ...failureReasons(cluster, resource, node),
    ...colocationReasons(resource, node),
    ...lockReasons(resource, node),
    ...instanceReasons(resource, node),
  ]
  const rest = unexplained(resource, node, reasons)
  return rest === undefined ? reasons : [...reasons, rest]
}

/** What is unusual about a node, each with what would have to change. */
export function stateReasons(node: ClusterNode): Reason[] {
  const name = node.uname
  const found: Reason[] = []
  const say = (text: string, remedy: string): void => {
    found.push({ kind: 'node-state', constraint: undefined, score: undefined, text, remedy })
  }
  if (node.unclean)
    say(`${name} is unclean: what runs there is not known until it is fenced`, `${name} has to be fenced`)
  if (!node.online) say(`${name} is offline`, `${name} has to come online`)
  if (node.shutdown) say(`${name} is shutting down`, `${name} has to be started again`)
  if (node.pending) say(`${name} has not finished joining`, `${name} has to finish joining`)
  if (node.standby && node.standbyOnFail) {
    say(`${name} is on standby because of a failure with on-fail=standby`, `crm_resource --cleanup --node ${name}`)
  } else if (node.standby) say(`${name} is on standby`, `crm_standby --node ${name} --delete`)
  if (node.maintenance) say(`${name} is in maintenance`, `crm_attribute --node ${name} --name maintenance --delete`)
  return found
}

function candidateReasons(cluster: Cluster, resource: Resource, node: ClusterNode): Reason[] {
  if (!resource.allowed.has(node)) {
    const text = cluster.settings.symmetric
      ? `${node.uname} is no candidate for ${resource.id}`
      : `symmetric-cluster=false, and no location constraint names ${node.uname}`
    const remedy = `a location constraint with a score of 0 or more for ${node.uname}`
    return [{ kind: 'opt-in', constraint: undefined, score: undefined, text, remedy }]
  }
  const isExclusive = resource.exclusiveDiscover || top(resource).exclusiveDiscover
  if (!isExclusive || resource.allowed.mode(node) === discovery.exclusive) return []
  const text = `a location constraint with resource-discovery=exclusive names other nodes only`
  const remedy = `a location constraint with resource-discovery=exclusive for ${node.uname} too`
  return [{ kind: 'exclusive-discovery', constraint: undefined, score: -infinity, text, remedy }]
}

/** The resource and what it is part of, as far as constraints on the latter hold for it. */
function* constrained(resource: Resource): Generator<Resource> {
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    yield at
    const group: Resource | undefined = at.parent?.group?.collocated === true ? at.parent : undefined
    if (group !== undefined && group.children[0] !== at) return
  }
}

function locationReasons(resource: Resource, node: ClusterNode): Reason[] {
  const found: Reason[] = []
  for (const holder of constrained(resource)) {
    for (const record of holder.locations) {
      const score = record.scores.get(node)
      if (score === undefined) continue
      const about = holder === resource ? '' : ` on ${holder.id}`
      if (record.role === role.promoted) {
        const text = `location constraint ${record.id}${about}: ${scoreText(score)} for being promoted here, not for running`
        found.push({ kind: 'location', constraint: record.id, score: 0, text, remedy: undefined })
        continue
      }
      const text = `location constraint ${record.id}${about}`
      found.push({
        kind: 'location',
        constraint: record.id,
        score,
        text,
        remedy: locationRemedy(record.id, holder, score),
      })
    }
  }
  return found
}

/** Constraints called `cli-…` were left by a move or ban of an administrator and have a command of their own. */
function locationRemedy(id: string, holder: Resource, score: number): string | undefined {
  if (score >= 0) return undefined
  return id.startsWith('cli-')
    ? `crm_resource --clear --resource ${holder.id}`
    : `constraint ${id} has to go or be raised`
}

function stickinessReasons(resource: Resource, node: ClusterNode): Reason[] {
  if (!resource.managed || resource.stickiness < 1 || resource.runningOn.length !== 1) return []
  if (resource.runningOn[0] !== node) return []
  const text = `it runs here and resource-stickiness is ${scoreText(resource.stickiness)}`
  return [{ kind: 'stickiness', constraint: undefined, score: resource.stickiness, text, remedy: undefined }]
}

function failureReasons(cluster: Cluster, resource: Resource, node: ClusterNode): Reason[] {
  const { count } = failCount(cluster, resource, node, { effective: true, fillers: true })
  if (count === 0) return []
  const times = count >= infinity ? 'INFINITY times' : count === 1 ? 'once' : `${count} times`
  if (resource.failureIgnored) {
    const text = `it failed here ${times}, and on-fail has that ignored`
    return [{ kind: 'failures', constraint: undefined, score: 0, text, remedy: undefined }]
  }
  const limit = resource.migrationThreshold
  const banned = overThreshold(cluster, resource, node)
  if (banned === undefined) {
    const bound = limit >= infinity ? 'unlimited' : limit === 0 ? 'off' : String(limit)
    const text = `it failed here ${times}; migration-threshold is ${bound}, so that does not count yet`
    return [{ kind: 'failures', constraint: undefined, score: 0, text, remedy: undefined }]
  }
  const text = `it failed here ${times}, which reaches migration-threshold=${scoreText(limit)}`
  const remedy = `crm_resource --cleanup --resource ${resource.id} --node ${node.uname}`
  return [{ kind: 'failures', constraint: undefined, score: -infinity, text, remedy }]
}

function colocationReasons(resource: Resource, node: ClusterNode): Reason[] {
  const found: Reason[] = []
  for (const holder of constrained(resource)) {
    for (const colocation of holder.thisWith) {
      const reason = colocationReason(colocation, node)
      if (reason !== undefined) found.push(reason)
    }
  }
  return found
}

function colocationReason(colocation: Colocation, node: ClusterNode): Reason | undefined {
  const { id, primary, score, primaryRole } = colocation
  const isGroup = id.endsWith(':internal_colocation')
  const kind = isGroup ? 'group' : 'colocation'
  const constraint = isGroup ? undefined : id
  const what = isGroup ? 'its group' : `colocation ${id}`
  const asRole = primaryRole > role.started ? ` as ${roleText(primaryRole)}` : ''
  const at = nodesOfPrimary(primary)
  const make = (value: number, where: string, remedy: string | undefined): Reason => ({
    kind,
    constraint,
    score: value,
    text: `${what}: ${score < 0 ? 'apart from' : 'with'} ${primary.id}${asRole}, which ${where}`,
    remedy,
  })
  if (at.length === 0) {
    if (score < 0) return undefined
    return make(-score, 'runs nowhere', score >= infinity ? `${primary.id} has to run somewhere` : undefined)
  }
  const isThere = at.some((other) => sameAttribute(node, other, colocation.attribute ?? '#id'))
  const names = at.map((other) => other.uname).join(', ')
  if (isThere) {
    // What has to be together gains nothing by it: every other node is ruled out instead.
    return make(
      score >= infinity ? 0 : score,
      `runs on ${names}`,
      score < 0 ? `${primary.id} has to run elsewhere` : undefined,
    )
  }
  return score >= infinity
    ? make(-infinity, `runs on ${names}`, `${primary.id} has to run on ${node.uname}`)
    : undefined
}

function nodesOfPrimary(primary: Resource): readonly ClusterNode[] {
  if (primary.children.length === 0) return primary.assigned === undefined ? [] : [primary.assigned]
  return [...new Set(primary.children.flatMap(nodesOfPrimary))]
}

function lockReasons(resource: Resource, node: ClusterNode): Reason[] {
  const { lockNode } = resource
  if (lockNode === undefined || lockNode === node) return []
  const text = `shutdown-lock: it waits for ${lockNode.uname}, which was shut down cleanly`
  const remedy = `${lockNode.uname} has to come back, or shutdown-lock-limit to pass`
  return [{ kind: 'shutdown-lock', constraint: undefined, score: -infinity, text, remedy }]
}

function instanceReasons(resource: Resource, node: ClusterNode): Reason[] {
  const clone = resource.parent?.clone
  if (clone === undefined || resource.parent === undefined) return []
  const there = resource.parent.children.filter((item) => item !== resource && item.assigned === node)
  if (there.length < clone.nodeMax) return []
  const names = there.map((item) => item.id).join(', ')
  const text = `clone-node-max=${clone.nodeMax}, and ${names} is placed here`
  return [{ kind: 'instances', constraint: undefined, score: -infinity, text, remedy: `a higher clone-node-max` }]
}

/** What the score holds beyond the reasons found: the wishes of resources that are to be with this one. */
function unexplained(resource: Resource, node: ClusterNode, reasons: readonly Reason[]): Reason | undefined {
  const score = resource.allowed.get(node)
  if (score === undefined) return undefined
  const sum = reasons.reduce((total, reason) => addScores(total, reason.score ?? 0), node.entryScore)
  if (sum === score || sum <= -infinity) return undefined
  // A node that cannot be used and a resource that is to stop have lost their score to that, and it is said elsewhere.
  const isRuledOut = reasons.some((reason) => reason.score === undefined) || resource.nextRole === role.stopped
  if (score <= -infinity && isRuledOut) return undefined
  const difference = score <= -infinity || score >= infinity ? score : score - sum
  const others = [...new Set(resource.withThis.map((colocation) => colocation.dependent.id))]
  const whose =
    others.length === 0
      ? isPromotable(resource)
        ? 'its promotion score'
        : 'other rules of the cluster'
      : `wishes of what is to be with it (${others.join(', ')})`
  const remedy = difference < 0 ? `see what ${others[0] ?? 'the resources it depends on'} needs` : undefined
  return { kind: 'others', constraint: undefined, score: difference, text: whose, remedy }
}
