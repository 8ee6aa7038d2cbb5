import { type Cluster, type ClusterNode, type Resource, type ScoreCause, variant } from '../model/model.ts'
import { role } from '../model/role.ts'
import { isReady } from '../model/scoring.ts'
import { isBundled } from '../model/tree.ts'
import { infinity, scoreText } from '../score.ts'
import { containerKinds, sharesPort } from '../unpack/bundle.ts'
import { capacityReason } from './capacity-reason.ts'
import type { Change } from './change.ts'
import { colocationName, colocationReason, placesOf } from './colocation-reason.ts'
import type { Decision } from './decision.ts'
import { failedOperationReason, failuresReason } from './failure-reason.ts'
import { exclusiveText, locationReason } from './location-reason.ts'
import { attributeOf } from './promotion-attribute.ts'
import type { Reason } from './reason.ts'
import type { ScoreStep } from './score-trace.ts'
import {
  attributeSetting,
  constraintSettings,
  defaultSetting,
  optionSetting,
  ownSetting,
  type Setting,
} from './setting.ts'
import { bySource, metaSettings, metaSource } from './setting-source.ts'
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
import type { Told } from './told-reason.ts'

/** A reason with what would have to change for it to go away. */
export type Finding = { readonly reason: Reason; readonly changes: readonly Change[] }

/** How far the wish of another resource is broken down: its own score, and what that is made of in turn. */
const wishDepthMax = 2

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
  const {
    kind,
    text,
    constraint,
    changes = [],
    because = [],
    settings = [],
  } = told(decision, resource, node, step, depth)
  const needed = step.gain < 0 ? changes : []
  return {
    reason: { kind, constraint, score: step.gain, text, remedy: needed[0]?.text, settings, because },
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
        text: `it runs on ${node.uname} and resource-stickiness is ${scoreText(resource.stickiness)}${isDefault}${bySource(metaSource(cluster, resource, 'resource-stickiness'), resource)}`,
        settings: metaSettings(cluster, resource, 'resource-stickiness', String(resource.stickiness)),
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
        text: exclusiveText(decision, resource),
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
        settings: [optionSetting(cluster, 'shutdown-lock'), optionSetting(cluster, 'shutdown-lock-limit')],
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
        settings: metaSettings(cluster, resource, 'multiple-active', 'stop_start'),
        changes: [stoppedButOnce(resource)],
      }
    case 'orphan':
      return {
        kind: 'orphan',
        text: 'it is not in the configuration any more, and stop-orphan-resources is true',
        settings: [optionSetting(cluster, 'stop-orphan-resources')],
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
      const { name, value, node: rated } = attributeOf(resource, node)
      const says = value === undefined ? '' : ` (attribute ${name}=${value})`
      const setting = attributeSetting(cluster, rated, name)
      return {
        kind: 'promotion',
        text: `promotion score: what runs on ${node.uname} is fit to be promoted${says}`,
        settings: setting === undefined ? [] : [setting],
      }
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
  const settings = constraintSettings(decision.cluster, decision.constraints.get(colocation.id), 'score', colocation.id)
  return { kind: 'wish', constraint, text, settings, because, changes }
}

/** That a node is in no state to run anything. */
function unableReason(node: ClusterNode): Reason {
  return {
    kind: 'node-state',
    constraint: undefined,
    score: -infinity,
    text: `${node.uname} cannot run anything now`,
    remedy: nodeStateChanges(node)[0]?.text,
    settings: [],
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
        settings: limitSettings(decision.cluster, parent, maxName, max),
        changes: [raised(maxName, max + 1)],
      }
    case 'node-max': {
      const alike = parent.bundle?.replicas.flatMap(({ container }) => container ?? []) ?? parent.children
      const there = alike.filter((item) => item !== resource && placesOf(item, role.unknown).includes(node))
      const names = there.map((item) => item.id).join(', ')
      return {
        kind: 'instances',
        text: `${nodeMaxName}=${perNode} of ${clone}, and ${there.length === 0 ? 'that many are' : `${names} ${there.length === 1 ? 'is' : 'are'}`} placed on ${node.uname}`,
        settings: limitSettings(decision.cluster, parent, nodeMaxName, perNode),
        changes: [raised(nodeMaxName, perNode + 1)],
      }
    }
    default:
      return why satisfies never
  }
}

/** Where a limit of a clone or a bundle is set. */
function limitSettings(cluster: Cluster, of: Resource, name: string, value: number): readonly Setting[] {
  if (of.variant !== variant.bundle) return metaSettings(cluster, of, name, String(value))
  const container = of.xml.children.find((item) => containerKinds.includes(item.name))
  return [ownSetting(cluster, container, name, 'bundle', of.xmlId) ?? defaultSetting(name, String(value))]
}
