import { attr, type XmlElement } from '@quorate/xml'
import type { ClusterNode, Colocation, LocationRecord, Resource, ScoreCause } from '../model/model.ts'
import { onFail, variant } from '../model/model.ts'
import { type Role, role, roleText } from '../model/role.ts'
import { isReady } from '../model/scoring.ts'
import { isBundled, top } from '../model/tree.ts'
import { exitWords } from '../report/result-words.ts'
import { infinity, scoreText } from '../score.ts'
import { sharesPort } from '../unpack/bundle.ts'
import { failCount, insideOf } from '../unpack/fail-count.ts'
import type { Change } from './change.ts'
import type { Decision } from './decision.ts'
import { attributeOf } from './promotion-attribute.ts'
import type { Reason, ReasonKind } from './reason.ts'
import { ruleText } from './rule-text.ts'
import type { ScoreStep } from './score-trace.ts'
import {
  cleanupChange,
  configuredChange,
  nodeStateChanges,
  placedAs,
  stopCause,
  stoppedButOnce,
  ticketChange,
  ticketText,
} from './state-changes.ts'

/** A reason with what would have to change for it to go away. */
export type Finding = { readonly reason: Reason; readonly changes: readonly Change[] }

/** How far the wish of another resource is broken down: its own score, and what that is made of in turn. */
const wishDepthMax = 2

type Told = {
  readonly kind: ReasonKind
  readonly text: string
  readonly constraint?: string | undefined
  readonly changes?: readonly Change[]
  readonly because?: readonly Reason[]
}

/** An address that nobody has: for documentation (RFC 5737). */
const exampleAddress = '192.0.2.1'

const never: Change = { text: 'nothing makes it run here', isImpossible: true }

/** What one step of a score comes from, in the words of the configuration. */
export function stepFinding(
  decision: Decision,
  resource: Resource,
  node: ClusterNode,
  step: ScoreStep,
  depth = 0,
): Finding {
  const { kind, text, constraint, changes = [], because = [] } = told(decision, resource, node, step, depth)
  const needed = step.gain < 0 ? changes : []
  return {
    reason: { kind, constraint, score: step.gain, text, remedy: needed[0]?.text, because },
    changes: step.gain <= -infinity ? needed : [],
  }
}

/** What would have to change for a step to go away, however little it takes. */
export function causeChanges(
  decision: Decision,
  resource: Resource,
  node: ClusterNode,
  step: ScoreStep,
): readonly Change[] {
  return told(decision, resource, node, step, 0).changes ?? []
}

/** The steps of a score as reasons; base scores of nothing are none. */
export function stepFindings(
  decision: Decision,
  resource: Resource,
  node: ClusterNode,
  steps: readonly ScoreStep[],
  depth = 0,
): readonly Finding[] {
  return steps
    .filter((step) => step.gain !== 0 || step.cause.kind === 'location')
    .map((step) => stepFinding(decision, resource, node, step, depth))
}

function told(decision: Decision, resource: Resource, node: ClusterNode, step: ScoreStep, depth: number): Told {
  const { cause } = step
  const { cluster } = decision
  switch (cause.kind) {
    case 'entry':
      return entryReason(resource, node, step.gain)
    case 'location':
      return locationReason(decision, resource, node, cause.record, step.gain)
    case 'stickiness': {
      // Where it runs and is no candidate, its stickiness is what first gives the node a score.
      if (step.gain <= -infinity) return { kind: 'opt-in', ...noCandidate(resource, node) }
      const own = resource.meta.get('resource-stickiness')
      const isDefault = own === undefined ? ' (default of clones)' : ''
      return {
        kind: 'stickiness',
        text: `it runs on ${node.uname} and resource-stickiness is ${scoreText(resource.stickiness)}${isDefault}`,
      }
    }
    case 'failures':
      return failuresReason(decision, cause.leaf, node)
    case 'failed-operation':
      return failedOperationReason(resource, node, cause)
    case 'on-fail':
      return {
        kind: 'failures',
        text: `it failed on ${node.uname}, and on-fail forbids it this node`,
        changes: [cleanupChange(resource, node)],
      }
    case 'exclusive-discovery':
      return {
        kind: 'exclusive-discovery',
        text: 'a location constraint with resource-discovery=exclusive names other nodes only',
        changes: [
          {
            text: `a location constraint with resource-discovery=exclusive for ${node.uname} too`,
            suppose: {
              preferences: [{ resource: placedAs(resource).xmlId, node: node.uname, score: 0, isExclusive: true }],
            },
          },
        ],
      }
    case 'shutdown-lock': {
      const held = resource.lockNode?.uname ?? 'another node'
      return {
        kind: 'shutdown-lock',
        text: `shutdown-lock: it waits for ${held}, which was shut down cleanly`,
        changes: [
          {
            text: `${held} has to come back, or shutdown-lock-limit to pass, or shutdown-lock=false`,
            suppose: { clusterOptions: [{ name: 'shutdown-lock', value: 'false' }] },
          },
        ],
      }
    }
    case 'ticket':
      return ticketReason(cause)
    case 'unmanaged':
      return { kind: 'unmanaged', text: `it runs on ${node.uname} and is not managed: it is left there` }
    case 'multiple-active':
      return {
        kind: 'multiple-active',
        text: 'it was active on several nodes, and multiple-active=stop_only lets it run nowhere',
        changes: [stoppedButOnce(resource)],
      }
    case 'orphan':
      return {
        kind: 'orphan',
        text: 'it is not in the configuration any more, and stop-orphan-resources is true',
        changes: [configuredChange(cluster, resource)],
      }
    case 'remote-node':
      return {
        kind: 'remote-node',
        text: `${node.uname} is a remote node, where nothing of this kind can run`,
        changes: [never],
      }
    case 'container':
      return containerReason(resource, node, step.gain)
    case 'colocation':
      return colocationReason(decision, cause.colocation, node, step.gain)
    case 'wish':
      return wishReason(decision, cause, node, step, depth)
    case 'promotion': {
      const { name, value } = attributeOf(resource, node)
      const says = value === undefined ? '' : ` (attribute ${name}=${value})`
      return { kind: 'promotion', text: `promotion score: what runs on ${node.uname} is fit to be promoted${says}` }
    }
    case 'instances':
      return instancesReason(decision, resource, node, cause, depth)
    case 'capacity':
      return capacityReason(resource, node, cause.needs, cause.room)
    case 'stopped':
      return { kind: 'stopped', ...stopCause(cluster, resource) }
    default:
      return cause satisfies never
  }
}

/** That nothing makes a node one that a resource could be given. */
export function noCandidate(
  resource: Resource,
  { uname }: ClusterNode,
): { readonly text: string; readonly changes: readonly [Change] } {
  const change: Change = {
    text: `a location constraint with a score of 0 or more for ${uname}`,
    suppose: { preferences: [{ resource: placedAs(resource).xmlId, node: uname, score: 0 }] },
  }
  return { text: `${uname} is no candidate for ${resource.id}`, changes: [change] }
}

function entryReason(resource: Resource, node: ClusterNode, gain: number): Told {
  if (gain > -infinity) {
    return isBundled(resource)
      ? { kind: 'container', text: `${node.uname} is its own container` }
      : { kind: 'node-score', text: `score of node ${node.uname}` }
  }
  if (isBundled(resource)) {
    return { kind: 'container', text: 'it runs in the containers of its bundle only', changes: [never] }
  }
  const host = node.connection?.container
  if (host !== undefined) {
    return {
      kind: 'container',
      text: `${node.uname} is inside ${host.id}, and only for what is made to run there`,
      changes: [never],
    }
  }
  const changes = nodeStateChanges(node)
  if (changes.length > 0) return { kind: 'node-score', text: unableReason(node).text, changes }
  return {
    kind: 'node-score',
    text: `node ${node.uname} is configured with score=-INFINITY`,
    changes: [{ text: `the score of node ${node.uname} has to be raised or to go` }],
  }
}

function locationReason(
  { cluster, constraints }: Decision,
  resource: Resource,
  node: ClusterNode,
  record: LocationRecord,
  gain: number,
): Told {
  const constraint = constraints.get(record.id)
  if (constraint === undefined) return healthReason(node, cluster.settings.healthStrategy, resource)
  const id = attr(constraint, 'id') ?? record.id
  const about = record.resource === resource ? '' : ` on ${record.resource.id}`
  const rule = id === record.id ? '' : ruleNote(constraint, record.id)
  const sets = constraint.children.some((item) => item.name === 'resource_set') ? ' (a set)' : ''
  const text = `location constraint ${id}${rule}${about}${sets}`
  if (gain >= 0) return { kind: 'location', constraint: id, text }
  const isFromMove = id.startsWith('cli-')
  return {
    kind: 'location',
    constraint: id,
    text,
    changes: [
      {
        text: isFromMove
          ? `crm_resource --clear --resource ${record.resource.xmlId}`
          : `constraint ${id} has to go or be raised`,
        suppose: { withoutConstraints: [id] },
      },
    ],
  }
}

/** Which rule of a constraint it is, and what it says. */
function ruleNote(constraint: XmlElement, id: string): string {
  const rule = constraint.children.find((item) => item.name === 'rule' && attr(item, 'id') === id)
  const text = rule === undefined ? '' : ruleText(rule)
  return `, rule ${id}${text === '' ? '' : ` (${text})`}`
}

function healthReason(node: ClusterNode, strategy: string, resource: Resource): Told {
  const said = [...node.attributes].filter(([name]) => name.startsWith('#health'))
  const values = said.map(([name, value]) => `${name}=${value}`).join(', ')
  return {
    kind: 'health',
    text: `health of ${node.uname}${values === '' ? '' : `: ${values}`} (node-health-strategy=${strategy})`,
    changes: [
      {
        text: `${node.uname} has to become healthy, or ${top(resource).id} to get allow-unhealthy-nodes=true`,
        suppose: { nodeAttributes: said.map(([name]) => ({ node: node.uname, name, value: 'green' })) },
      },
    ],
  }
}

function failuresReason({ cluster }: Decision, leaf: Resource, node: ClusterNode): Told {
  const limit = `which reaches migration-threshold=${scoreText(leaf.migrationThreshold)}`
  const { count } = failCount(cluster, leaf, node, { effective: true, fillers: true })
  const own = failCount(cluster, leaf, node, { effective: true }).count
  const inside = insideOf(leaf).filter((item) => failCount(cluster, item, node, { effective: true }).count > 0)
  const [filler] = inside
  const names = inside.map(({ id }) => id).join(', ')
  const text =
    filler === undefined
      ? `${leaf.id} ${failedText(count, node)}, ${limit}`
      : own === 0 && inside.length === 1
        ? `${filler.id} ${failedText(count, node)}, which counts for ${leaf.id} that it is inside of, and reaches its migration-threshold=${scoreText(leaf.migrationThreshold)}`
        : `${leaf.id} ${failedText(count, node)} together with ${names} inside of it, ${limit}`
  const failed = own > 0 || filler === undefined ? [leaf, ...inside] : inside
  return { kind: 'failures', text, changes: failed.map((item) => cleanupChange(item, node)) }
}

/** How often something failed on a node, in words. A start that failed counts infinitely where start-failure-is-fatal is set. */
export function failedText(count: number, node: ClusterNode): string {
  if (count >= infinity) {
    return `has a fail-count of INFINITY on ${node.uname} (as after one failed start, with start-failure-is-fatal=true)`
  }
  return `failed ${count === 1 ? 'once' : `${count} times`} on ${node.uname}`
}

function failedOperationReason(
  resource: Resource,
  node: ClusterNode,
  { task, rc, onFail: policy }: ScoreCause & { readonly kind: 'failed-operation' },
): Told {
  const why = policy === onFail.stop ? 'and on-fail=stop' : 'which rules the node out'
  return {
    kind: 'failures',
    text: `${failedAs(task, rc, node)}, ${why}`,
    changes: [cleanupChange(resource, policy === onFail.stop ? undefined : node)],
  }
}

/** A failed operation in words. */
export function failedAs(name: string, rc: number, node: ClusterNode): string {
  return `its ${name} failed on ${node.uname} (${exitWords(rc)}, rc=${rc})`
}

function ticketReason({ dependency }: ScoreCause & { readonly kind: 'ticket' }): Told {
  return {
    kind: 'ticket',
    constraint: dependency.id,
    text: ticketText(dependency),
    changes: [ticketChange(dependency)],
  }
}

function containerReason(resource: Resource, node: ClusterNode, gain: number): Told {
  if (gain >= 0) return { kind: 'container', text: `${node.uname} is its own container` }
  const where = resource.container?.id ?? 'the containers of its bundle'
  return { kind: 'container', text: `it runs inside ${where} only`, changes: [never] }
}

function placesOf(primary: Resource, asked: Role): readonly ClusterNode[] {
  if (primary.variant === variant.bundle) {
    return (primary.bundle?.replicas ?? []).flatMap(({ container, instance }) => {
      const isRight = asked <= role.started || instance?.nextRole === asked
      return isRight && container?.assigned !== undefined ? [container.assigned] : []
    })
  }
  if (primary.children.length > 0) {
    const members = primary.variant === variant.group ? primary.children.slice(-1) : primary.children
    return [...new Set(members.flatMap((item) => placesOf(item, asked)))]
  }
  if (primary.assigned === undefined || primary.nextRole === role.stopped) return []
  return asked <= role.started || primary.nextRole === asked ? [primary.assigned] : []
}

function colocationReason(decision: Decision, colocation: Colocation, node: ClusterNode, gain: number): Told {
  const { primary, score, primaryRole, dependentRole } = colocation
  const [kind, constraint, what] = colocationName(decision, colocation)
  const at = placesOf(primary, primaryRole)
  const asRole = primaryRole > role.started ? ` as ${roleText(primaryRole)}` : ''
  const runs = at.length > 0 && asRole === '' && at.every((other) => primary.runningOn.includes(other))
  const names = at.length === 0 ? 'nowhere' : `on ${at.map((other) => other.uname).join(', ')}`
  const where = `${runs ? 'runs' : 'is to run'} ${names}${asRole}`
  const text = `${what}: ${score < 0 ? 'apart from' : 'with'} ${primary.id}, which ${where}`
  if (gain >= 0) return { kind, constraint, text }
  if (score > 0 && dependentRole === role.unpromoted && at.includes(node)) {
    // What is to be unpromoted beside something must not be promoted there.
    const own = constraint === undefined ? {} : { suppose: { withoutConstraints: [constraint] } }
    const change = { text: `${primary.id} has to run elsewhere`, ...own }
    return {
      kind,
      constraint,
      text: `${what}: as ${roleText(role.unpromoted)} with ${primary.id}, which ${where}`,
      changes: [change],
    }
  }
  if (score < 0) {
    return {
      kind,
      constraint,
      text,
      changes: [
        {
          text: `${primary.id} has to run elsewhere`,
          ...(constraint === undefined ? {} : { suppose: { withoutConstraints: [constraint] } }),
        },
      ],
    }
  }
  const wanted = colocation.attribute === undefined ? node : undefined
  const place = { resource: primary, node: wanted, isPromoted: primaryRole === role.promoted }
  const target = colocation.attribute === undefined ? node.uname : `a node with the same ${colocation.attribute}`
  return { kind, constraint, text, changes: [{ text: `${primary.id} has to run on ${target}${asRole}`, place }] }
}

/** What makes a colocation: its constraint, or that a resource belongs to a group, a container or a bundle. */
export function colocationName(
  { constraints }: Decision,
  { id }: Colocation,
): readonly [kind: 'group' | 'colocation', constraint: string | undefined, what: string] {
  if (id === 'group:internal_colocation') return ['group', undefined, 'its group']
  const constraint = constraints.get(id)
  if (constraint === undefined) {
    return ['group', undefined, id === 'resource-with-container' ? 'its container' : 'its bundle']
  }
  const own = attr(constraint, 'id') ?? id
  return ['colocation', own, own === id ? `colocation ${own}` : `colocation ${own}, set ${id}`]
}

function wishReason(
  decision: Decision,
  { colocation, source }: ScoreCause & { readonly kind: 'wish' },
  node: ClusterNode,
  step: ScoreStep,
  depth: number,
): Told {
  const [kind, constraint, what] = colocationName(decision, colocation)
  const findings = depth >= wishDepthMax ? [] : stepFindings(decision, source, node, step.source, depth + 1)
  const because = findings.map(({ reason }) => reason)
  // What would like to be somewhere else has no say on its own account: the node is the matter.
  const isHere = colocation.attribute === undefined && !isReady(node)
  if (step.gain <= -infinity && isHere && !because.some(({ score }) => (score ?? 0) <= -infinity)) {
    because.push(unableReason(node))
  }
  const verb = colocation.score < 0 ? 'is to be apart from' : 'is to be with'
  const other = colocation.primary.id
  const text = `wish of ${source.id}, which ${verb} ${other} (${kind === 'group' ? what : `${what}, score ${scoreText(colocation.score)}`})`
  const changes = findings.flatMap((finding) => finding.changes).map((change) => ({ about: source.id, ...change }))
  return { kind: 'wish', constraint, text, because, changes }
}

/** That a node is in no state to run anything. */
function unableReason(node: ClusterNode): Reason {
  return {
    kind: 'node-state',
    constraint: undefined,
    score: -infinity,
    text: `${node.uname} cannot run anything now`,
    remedy: nodeStateChanges(node)[0]?.text,
    because: [],
  }
}

function instancesReason(
  decision: Decision,
  resource: Resource,
  node: ClusterNode,
  { parent, why }: ScoreCause & { readonly kind: 'instances' },
  depth: number,
): Told {
  const max = parent.clone?.max ?? parent.bundle?.replicas.length ?? 0
  const perNode = parent.clone?.nodeMax ?? parent.bundle?.replicasPerHost ?? 1
  const clone = parent.xmlId
  const [maxName, nodeMaxName] =
    parent.variant === variant.bundle ? ['replicas', 'replicas-per-host'] : ['clone-max', 'clone-node-max']
  const raised = (name: string, value: number): Change => {
    const pair = { name, value: String(value) }
    if (parent.variant !== variant.bundle) {
      return { text: `a higher ${name} of ${clone}`, suppose: { metaAttributes: [{ resource: clone, ...pair }] } }
    }
    const suppose = { bundleOptions: [{ bundle: clone, ...pair }] }
    if (name !== nodeMaxName || !sharesPort(parent.xml)) return { text: `a higher ${name} of ${clone}`, suppose }
    return {
      text: `an ip-range-start for ${clone}, since replicas of one host cannot share its control-port (any free address: ${exampleAddress} stands for it)`,
      suppose: { ...suppose, bundleNetworks: [{ bundle: clone, name: 'ip-range-start', value: exampleAddress }] },
    }
  }
  switch (why) {
    case 'node-state':
      return { kind: 'instances', text: unableReason(node).text, changes: nodeStateChanges(node) }
    case 'orphan':
      return { kind: 'orphan', text: `${resource.id} is more than ${maxName} of ${clone} allows` }
    case 'parent': {
      const findings = stepFindings(decision, parent, node, decision.trace.steps(parent, node), depth + 1)
      const score = decision.trace.score(parent, node)
      return {
        kind: 'instances',
        text:
          score === undefined
            ? `${node.uname} is no candidate for ${parent.id}`
            : `${parent.id} has ${scoreText(score)} on ${node.uname}`,
        because: findings.map(({ reason }) => reason),
        changes: findings.flatMap((finding) => finding.changes),
      }
    }
    case 'max':
      return {
        kind: 'instances',
        text: `${maxName}=${max} of ${clone}, and that many are placed`,
        changes: [raised(maxName, max + 1)],
      }
    case 'node-max': {
      const alike = parent.bundle?.replicas.flatMap(({ container }) => container ?? []) ?? parent.children
      const there = alike.filter((item) => item !== resource && placesOf(item, role.unknown).includes(node))
      const names = there.map((item) => item.id).join(', ')
      return {
        kind: 'instances',
        text: `${nodeMaxName}=${perNode} of ${clone}, and ${there.length === 0 ? 'that many are' : `${names} ${there.length === 1 ? 'is' : 'are'}`} placed on ${node.uname}`,
        changes: [raised(nodeMaxName, perNode + 1)],
      }
    }
    default:
      return why satisfies never
  }
}

/** What a node had before anything was assigned to it. */
function capacityOf(node: ClusterNode, name: string): number {
  let all = node.utilization.get(name) ?? 0
  for (const resource of node.assigned) all += resource.utilization.get(name) ?? 0
  return all
}

function capacityReason(
  resource: Resource,
  node: ClusterNode,
  needs: ReadonlyMap<string, number>,
  room: ReadonlyMap<string, number>,
): Told {
  const lacking = [...needs].filter(([name, value]) => value > (room.get(name) ?? 0))
  const text = lacking.map(([name, value]) => `${name}=${value} of ${room.get(name) ?? 0}`).join(', ')
  const others = lacking.some(([name, value]) => value > (resource.utilization.get(name) ?? 0))
  const whose = others ? `${resource.id} and what is to be with it need` : `${resource.id} needs`
  return {
    kind: 'capacity',
    text: `too little capacity left on ${node.uname}: ${whose} ${text}`,
    changes: [
      {
        text: `more capacity on ${node.uname} (utilization), or less on it`,
        suppose: {
          utilization: lacking.map(([name, value]) => ({
            node: node.uname,
            name,
            value: String(capacityOf(node, name) + value - (room.get(name) ?? 0)),
          })),
        },
      },
    ],
  }
}
