import { compareNodeNames } from '@quorate/base'
import { attr, child, childrenNamed, element, idOf, type XmlElement } from '@quorate/xml'
import { callOptions } from '../cib-manager/service.ts'
import { nodeHistory } from '../executor/history.ts'
import { localHistory } from '../executor/local-resources.ts'
import { operationStatus } from '../executor/outcome.ts'
import { readGeneration } from '../join/generation.ts'
import {
  finalizeAll,
  isCompatible,
  isComplete,
  isIntegrated,
  nodesIn,
  offerAll,
  offerTo,
  takeConfirmation,
  takeRequest,
} from '../join/join.ts'
import { crmPayload } from '../messages/crm-message.ts'
import { clusterOptions } from './cluster-options.ts'
import { deleteTransientAttributes, writeNodeStates, writeNodes, writeQuorum } from './node-states.ts'
import { callCib, log, post } from './posts.ts'
import { activeNodes, type InputSubject, isActive, isDc, outsiders, type PeerRecord, type Step } from './state.ts'

const configured = callOptions.quorumOverride
const created = callOptions.quorumOverride | callOptions.canCreate

/** This node has been elected: it takes the CIB over and says who it is. */
export function takeOver(step: Step): void {
  const { state } = step
  const { config } = state
  log(step, 'info', `Taking over DC status for this partition`)
  state.dc = config.uname
  step.effects.push({ do: 'primary', isPrimary: true })
  callCib(step, {
    op: 'cib_modify',
    section: 'cib',
    data: element('cib', { crm_feature_set: config.featureSet }),
    options: configured,
  })
  state.isDescribed = false
}

/**
 * Writes what the DC's software says of itself and the cluster, once everybody who is there has the same CIB: each change
 * of the configuration makes a copy newer, and one that only an outdated copy needs could let that one win over a copy
 * with changes that have been acknowledged. For the same reason a partition without quorum leaves an older word as it
 * stands.
 */
export function describeCluster(step: Step): void {
  const { state } = step
  if (state.isDescribed) return
  state.isDescribed = true
  const { dcVersion, clusterName } = state.config
  const configured = configuredOptions(step)
  const words = { 'have-watchdog': 'false', 'dc-version': dcVersion, 'cluster-infrastructure': 'corosync' }
  for (const [name, value] of Object.entries(words)) {
    if (state.isQuorate || !configured.has(name)) setOption(step, name, value)
  }
  if (clusterName !== undefined && !configured.has('cluster-name')) setOption(step, 'cluster-name', clusterName)
}

function configuredOptions({ state, now }: Step): ReadonlyMap<string, string> {
  return state.cib === undefined ? new Map() : clusterOptions(state.cib, now)
}

/** Writes an option of the cluster where its own tools would. */
export function setOption(step: Step, name: string, value: string): void {
  if (configuredOptions(step).get(name) === value) return
  const pair = element('nvpair', { id: `cib-bootstrap-options-${name}`, name, value })
  const set = element('cluster_property_set', { id: 'cib-bootstrap-options' }, [pair])
  callCib(step, {
    op: 'cib_modify',
    section: 'crm_config',
    data: element('crm_config', {}, [set]),
    options: configured,
  })
}

/** A new round: everybody is asked to join. */
export function offerToAll(step: Step): void {
  const { state } = step
  for (const peer of state.peers.values()) {
    // Its controller died unasked and has left it in the ring: with nothing known of it, it may run anything.
    const isLeftBehind = peer.isMember && !peer.hasController && peer.wasActive && peer.expected === undefined
    if (!peer.wasSeen || (peer.isMember && !isLeftBehind)) continue
    state.peers.set(peer.uname, { ...peer, expected: expectedOfLost(step, peer) })
  }
  const active = [...activeNodes(state)].sort(compareNodeNames)
  state.join = offerAll(state.join, active)
  state.sync = undefined
  for (const uname of active) sendOffer(step, uname)
  log(step, 'info', `join-${state.join.id}: Waiting on requests from ${active.length} outstanding nodes`)
  checkIntegrated(step)
}

/**
 * What is expected of a node that is not there. One that has asked to go, and has gone in the middle of something, may run
 * it still: it counts as lost. So does one of whose history nothing is known, unless a DC saw it go: what its history tells
 * the scheduler looks at. Where nobody has said anything to this node, what the DC before wrote counts. Where nothing is
 * written of it, nobody knows what it runs, whatever it has asked for: one that has taken part has to be fenced; so has one of
 * which only the ring was seen, as one of which nothing was, unless `startup-fencing` is off. A C node takes both for down
 * unless its history says that something runs there, which nobody has where the whole cluster was started anew but for it.
 */
export function expectedOfLost(step: Step, peer: PeerRecord): string {
  if (peer.isFenced) return 'down'
  const { cib } = step.state
  const status = cib === undefined ? undefined : child(cib, 'status')
  const states = status === undefined ? [] : childrenNamed(status, 'node_state')
  const written = states.find((item) => idOf(item) === peer.uuid)
  const unknown = peer.wasActive || step.state.options.fencesAtStartup ? 'member' : 'down'
  if (written === undefined) return unknown
  if (isAtWork(written)) return 'member'
  const told = peer.expected ?? attr(written, 'expected') ?? unknown
  return told === 'down' && !hasGone(written) && child(written, 'lrm') === undefined ? 'member' : told
}

/** An operation that may change where something runs has been ordered there, and nobody knows what became of it. */
function isAtWork(nodeState: XmlElement): boolean {
  const lrm = child(nodeState, 'lrm')
  const resources = lrm === undefined ? undefined : child(lrm, 'lrm_resources')
  return (resources?.children ?? []).some(
    (resource) =>
      attr(resource, 'class') !== 'stonith' &&
      resource.children.some(
        (op) => attr(op, 'op-status') === String(operationStatus.pending) && attr(op, 'operation') !== 'monitor',
      ),
  )
}

/** A DC has written that it went as it was told to. */
function hasGone(nodeState: XmlElement): boolean {
  return attr(nodeState, 'join') === 'down' && attr(nodeState, 'expected') === 'down'
}

/** One more node: it is asked, and this node again. Without a sender: all that have not been asked yet. */
export function offerToOne(step: Step, about: InputSubject): void {
  const { state } = step
  const self = state.config.uname
  const wanted = about.from === undefined ? outsiders(state) : [about.from].filter((uname) => isActive(state, uname))
  const asked = [...new Set([...wanted, self])].sort(compareNodeNames)
  state.join = offerTo(state.join, asked)
  state.sync = undefined
  for (const uname of asked) sendOffer(step, uname)
  checkIntegrated(step)
}

/** A node that may have been too young for our offer gets it again; {@link isRepeated} tells a second answer. */
export function repeatOffer(step: Step, uname: string): void {
  sendOffer(step, uname)
}

/** True for an answer to an offer of this round from a node that has answered it already. */
export function isRepeated(step: Step, from: string, xml: XmlElement): boolean {
  const { join } = step.state
  return joinIdOf(xml) === join.id && nodesIn(join, 'integrated', 'finalized', 'confirmed').includes(from)
}

function sendOffer(step: Step, uname: string): void {
  const { state } = step
  post(step, {
    task: 'join_offer',
    to: 'crmd',
    from: 'dc',
    host: uname,
    attributes: {
      join_id: String(state.join.id),
      'dc-leaving': String(state.isShuttingDown),
      crm_feature_set: state.config.featureSet,
    },
  })
}

/** A node has answered an offer of ours. */
export function filterRequest(step: Step, about: InputSubject): void {
  const { state } = step
  if (about.xml === undefined || about.from === undefined) return
  const tuple = crmPayload(about.xml)
  const taken = takeRequest(
    state.join,
    {
      uname: about.from,
      joinId: joinIdOf(about.xml),
      isActive: isActive(state, about.from),
      version: attr(about.xml, 'crm_feature_set') ?? attr(about.xml, 'version') ?? '',
      generation: tuple === undefined ? undefined : readGeneration(tuple),
    },
    { uname: state.config.uname, version: state.config.featureSet },
  )
  state.join = taken.join
  if (taken.verdict.kind === 'refused') {
    expect(step, about.from, 'nack')
    log(step, 'error', `join-${state.join.id}: Refusing ${about.from}: ${taken.verdict.reason}`)
  }
  checkIntegrated(step)
}

function joinIdOf(xml: XmlElement): number {
  return Number.parseInt(attr(xml, 'join_id') ?? '-1', 10)
}

/** Remembers what is expected of a node. */
export function expect(step: Step, uname: string, expected: string): void {
  const peer = step.state.peers.get(uname)
  if (peer !== undefined) step.state.peers.set(uname, { ...peer, expected })
}

/** Goes on when nobody's answer to an offer is missing any more. */
export function checkIntegrated(step: Step): void {
  if (step.state.phase === 'S_INTEGRATION' && isIntegrated(step.state.join)) step.raise('I_INTEGRATED')
}

/**
 * All have answered: everybody gets the newest CIB. Waits for a running graph to end, and for our own changes to have come
 * back: a copy that is older than what its readers have by then would be refused.
 */
export function finalize(step: Step): void {
  const { state } = step
  if (state.phase !== 'S_FINALIZE_JOIN' || state.sync !== undefined) return
  if (state.transition?.isFinished === false || state.openCalls.size > 0) return
  const best = state.join.best?.uname ?? state.config.uname
  log(step, 'info', `join-${state.join.id}: Syncing our CIB to the rest of the cluster, from ${best}`)
  state.sync = { tag: callCib(step, { op: 'cib_sync', host: best, options: configured }), from: best }
}

/** The newest CIB has gone to all: the nodes are let in. */
export function synced(step: Step, rc: number): void {
  const { state } = step
  state.sync = undefined
  if (state.phase !== 'S_FINALIZE_JOIN') return
  if (rc !== 0) {
    log(step, 'error', `join-${state.join.id}: CIB sync failed (${rc}); joining again`)
    step.raise('I_ELECTION_DC')
    return
  }
  const admitted = nodesIn(state.join, 'integrated')
  state.join = finalizeAll(state.join)
  for (const uname of admitted) {
    const peer = state.peers.get(uname)
    if (peer === undefined) continue
    callCib(step, {
      op: 'cib_modify',
      section: 'nodes',
      data: element('node', { id: peer.uuid, uname }),
      options: callOptions.scopeLocal | created,
    })
    expect(step, uname, 'member')
    post(step, {
      task: 'join_ack_nack',
      to: 'crmd',
      from: 'dc',
      host: uname,
      attributes: {
        join_id: String(state.join.id),
        'dc-leaving': String(state.isShuttingDown),
        join_ack_nack: 'true',
      },
    })
  }
  checkComplete(step)
}

/** A node has confirmed and told its history, which replaces what the CIB knows of it. */
export function confirmJoin(step: Step, about: InputSubject): void {
  const { state } = step
  if (about.xml === undefined || about.from === undefined || attr(about.xml, 'crm_task') !== 'join_confirm') return
  const taken = takeConfirmation(state.join, about.from, joinIdOf(about.xml))
  if (!taken.isAccepted) {
    log(step, 'info', `join-${state.join.id}: Ignoring out-of-date confirmation from ${about.from}`)
    return
  }
  state.join = taken.join
  const history = crmPayload(about.xml)
  callCib(step, {
    op: 'cib_delete',
    section: `//node_state[@uname='${about.from}']/lrm`,
    options: callOptions.xpath | callOptions.multiple | callOptions.scopeLocal | configured,
  })
  if (history !== undefined) {
    callCib(step, { op: 'cib_modify', section: 'status', data: history, options: callOptions.scopeLocal | created })
  }
  checkComplete(step)
}

/** The node that was to send the newest CIB has gone: the others have to agree on another one. */
export function syncLost(step: Step, uname: string): void {
  const { sync } = step.state
  if (sync?.from !== uname) return
  step.state.openCalls.delete(sync.tag)
  step.state.sync = undefined
  if (step.state.phase === 'S_FINALIZE_JOIN') step.raise('I_ELECTION_DC')
}

/** Goes on when everybody who was let in has confirmed. */
export function checkComplete(step: Step): void {
  if (step.state.phase === 'S_FINALIZE_JOIN' && step.state.sync === undefined && isComplete(step.state.join)) {
    step.raise('I_FINALIZED')
  }
}

/** The join is over: the CIB says so. */
export function finishJoin(step: Step): void {
  writeNodes(step)
  writeNodeStates(step, { origin: 'do_state_transition', withJoin: true, withMembership: true })
  writeQuorum(step)
  const members = [...step.state.peers.values()].filter((peer) => peer.isMember)
  if (members.every((peer) => peer.hasController)) step.state.isQuorumNew = false
}

/**
 * True for an offer of a node that can be the DC: one that this node sees, that speaks as the DC, and itself only where it
 * has been elected. Any other would make it wait for a DC that nobody is.
 */
export function isOfferOfDc({ state }: Step, from: string, xml: XmlElement): boolean {
  if (attr(xml, 'crm_sys_from') !== 'dc') return false
  return from === state.config.uname ? isDc(state) : isActive(state, from)
}

/** A DC offers to let us in. */
export function requestJoin(step: Step, about: InputSubject): void {
  const { state } = step
  if (about.xml === undefined || about.from === undefined) return
  if (state.dc !== undefined && state.dc !== about.from) {
    log(step, 'warning', `Discarding join offer from ${about.from} (expected from ${state.dc})`)
    return
  }
  const version = attr(about.xml, 'crm_feature_set') ?? ''
  if (!isCompatible(version, state.config.featureSet)) {
    log(step, 'error', `Cannot join: DC ${about.from} has feature set ${version}, ours is ${state.config.featureSet}`)
    state.exitCode = 100
    step.raise('I_STOP')
    return
  }
  if (state.dc === undefined) log(step, 'info', `Set DC to ${about.from} (${version})`)
  state.dc = about.from
  // As long as the DC itself would wait for the others before it begins anew.
  const { integrationTimeoutMs, finalizationTimeoutMs } = state.options
  step.effects.push({ do: 'arm', timer: 'dc', afterMs: integrationTimeoutMs + finalizationTimeoutMs })
  const cib = state.cib
  post(step, {
    task: 'join_request',
    to: 'dc',
    from: 'crmd',
    host: about.from,
    attributes: { join_id: attr(about.xml, 'join_id'), crm_feature_set: state.config.featureSet },
    payload: element('generation_tuple', Object.fromEntries(cib === undefined ? [] : attributesOf(cib))),
  })
}

function attributesOf(of: XmlElement): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = []
  for (let i = 0; i < of.attributes.length; i += 2) {
    pairs.push([of.attributes[i] as string, of.attributes[i + 1] as string])
  }
  return pairs
}

/** Says in a node's state that a DC has written there what the node told it when it joined. */
export const confirmationOrigin = 'controld_query_executor_state'

/** The DC has let us in, or has not. */
export function takeAnswer(step: Step, about: InputSubject): void {
  const { state } = step
  if (about.xml === undefined || attr(about.xml, 'crm_task') !== 'join_ack_nack') return
  if (about.from !== state.dc) return
  if (attr(about.xml, 'join_ack_nack') !== 'true') {
    log(step, 'error', `The cluster's DC ${about.from} refuses this node`)
    step.raise('I_ERROR')
    return
  }
  step.effects.push({
    do: 'attributes',
    updates: [{ name: '#feature-set', value: state.config.featureSet, node: state.config.uname }],
  })
  setStartState(step)
  const self = { id: state.config.uuid, uname: state.config.uname }
  post(step, {
    task: 'join_confirm',
    to: 'dc',
    from: 'crmd',
    host: about.from,
    attributes: { join_id: attr(about.xml, 'join_id') },
    payload: nodeHistory(self, localHistory(state.local), {
      in_ccm: 'true',
      crmd: 'online',
      'crm-debug-origin': confirmationOrigin,
    }),
  })
  if (!isDc(state)) step.raise('I_NOT_DC')
}

/** At its first join a node may be told to hold back, or not to (`pacemakerd --standby`, PCMK_node_start_state). */
function setStartState(step: Step): void {
  const { config, hasJoined } = step.state
  step.state.hasJoined = true
  if (hasJoined || config.startState === undefined) return
  const value = config.startState === 'standby' ? 'on' : 'off'
  const pair = element('nvpair', { id: `nodes-${config.uuid}-standby`, name: 'standby', value })
  const set = element('instance_attributes', { id: `nodes-${config.uuid}` }, [pair])
  callCib(step, {
    op: 'cib_modify',
    section: 'nodes',
    data: element('nodes', {}, [element('node', { id: config.uuid, uname: config.uname }, [set])]),
    options: created,
  })
}

/** Forgets what a lost node had, unless a DC does it: where the DC is the one that was lost, everybody does. */
export function cleanUpAfter(step: Step, { uname }: PeerRecord): void {
  const { dc } = step.state
  if (isDc(step.state) || dc === undefined || dc === uname) deleteTransientAttributes(step, uname)
}
