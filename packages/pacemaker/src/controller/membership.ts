import { compareNodeNames } from '@quorate/base'
import { element } from '@quorate/xml'
import { forgetVoter, isWon, lossDampeningMs } from '../election/election.ts'
import { withoutNode } from '../join/join.ts'
import { infinity } from '../transition/graph.ts'
import { expectsDown } from '../transition/transition.ts'
import { fencedNodeIsBack, historyAfterPeerMs } from './fencing.ts'
import { leads } from './fsm.ts'
import { checkComplete, checkIntegrated, cleanUpAfter, expectedOfLost, syncLost } from './joining.ts'
import { writeNodeStates, writeQuorum } from './node-states.ts'
import { log, post } from './posts.ts'
import { activeNodes, isActive, isDc, outsiders, type PeerRecord, type PeerView, type Step } from './state.ts'
import { abort, advance } from './transitions.ts'

/** Between getting quorum and acting on it: nodes that came with it join first. */
export const quorumGainDelayMs = 5_000

/** The ring or the group of controllers has changed: `views` is everybody known now. */
export function updatePeers(step: Step, views: readonly PeerView[], isQuorate: boolean): void {
  const { state } = step
  const lost: PeerRecord[] = []
  let hasChanged = false
  let hasLostRing = false
  for (const view of [...views].sort((a, b) => compareNodeNames(a.uname, b.uname))) {
    const was = state.peers.get(view.uname)
    const isThere = view.isMember && view.hasController
    const seen = { wasSeen: was?.wasSeen === true || view.isMember, wasActive: was?.wasActive === true || isThere }
    const isFenced = was?.isFenced === true && (was.isMember || !view.isMember)
    const record = { expected: undefined, loadMode: 1, jobsMax: undefined, ...was, ...view, ...seen, isFenced }
    state.peers.set(view.uname, record)
    if (view.isMember && was?.isMember !== true) fencedNodeIsBack(step, view.uname)
    if (view.hasController && was?.hasController === false) seekFencingHistory(step)
    if (was?.isMember !== view.isMember) {
      log(step, 'notice', `Node ${view.uname} state is now ${view.isMember ? 'member' : 'lost'}`)
    }
    if ((was?.isMember === true) !== view.isMember) tellOfNode(step, view)
    if (was?.isMember !== view.isMember || was.hasController !== view.hasController) hasChanged = true
    const wasActive = was?.isMember === true && was.hasController
    if (wasActive && !isThere) lost.push(record)
    else if (was?.isMember === true && !view.isMember) hasLostRing = true
  }
  const known = new Set(views.map((view) => view.uname))
  for (const uname of [...state.peers.keys()]) if (!known.has(uname)) state.peers.delete(uname)
  if (hasChanged) membershipChanged(step)
  for (const peer of lost) loseNode(step, peer)
  // Its controller went before: as long as it was in the ring, what it ran waited for it.
  if (hasLostRing && isDc(state)) abort(step, infinity, 'restart', 'Node failure')
  updateQuorum(step, isQuorate)
  if (state.phase === 'S_ELECTION' && isWon(state.election, activeNodes(state))) step.raise('I_ELECTION_DC')
  searchForDc(step)
}

/** Whom this node finds when it starts is no news. */
function tellOfNode(step: Step, { uname, uuid, isMember }: PeerView): void {
  if (step.state.phase === 'S_STARTING') return
  const state = isMember ? 'member' : 'lost'
  step.effects.push({ do: 'alert', event: { kind: 'node', node: uname, nodeId: uuid, state } })
}

/** A node that has just come may know of fencings that the others have not heard of, and the other way round. */
function seekFencingHistory(step: Step): void {
  const { state } = step
  if (state.phase === 'S_STARTING' || (state.dc !== undefined && !isDc(state))) return
  step.effects.push({ do: 'arm', timer: 'fencing-history', afterMs: historyAfterPeerMs })
}

function membershipChanged(step: Step): void {
  const { state } = step
  if (state.phase === 'S_STARTING') return
  // Everybody hears from everybody: this is how two DCs find each other after a partition.
  post(step, { task: 'noop', to: 'crmd', from: isDc(state) ? 'dc' : 'crmd' }, { broadcast: true })
  if (!isDc(state)) return
  writeNodeStates(step, { origin: 'post_cache_update', withJoin: false, withMembership: true })
  if (leads.has(state.phase) && outsiders(state).length > 0) step.raise('I_NODE_JOIN')
}

function loseNode(step: Step, peer: PeerRecord): void {
  const { state } = step
  const { uname, uuid } = peer
  const wasDc = state.dc === uname
  state.join = withoutNode(state.join, uname)
  state.election = forgetVoter(state.election, uname, wasDc)
  if (uname === state.config.uname) {
    log(step, 'error', 'This node is no member of its own cluster any more')
    state.exitCode = 1
    step.raise('I_ERROR')
    return
  }
  cleanUpAfter(step, peer)
  syncLost(step, uname)
  if (wasDc) {
    log(step, 'notice', `Our DC node (${uname}) left the cluster`)
    step.raise('I_ELECTION')
    return
  }
  if (!isDc(state)) return
  const cause = state.transition === undefined ? undefined : expectsDown(state.transition, uuid)
  if (cause === 'fencing') log(step, 'info', `Node ${uname} has left while it is being fenced`)
  else if (cause === 'expected' || (peer.expected === 'down' && expectedOfLost(step, peer) === 'down')) {
    state.peers.set(uname, { ...peer, expected: 'down' })
    writeNodeStates(step, { origin: 'peer_update_callback', withJoin: true, withMembership: true })
    log(step, 'info', `Node ${uname} has left as expected`)
    // It had asked to go, and has gone before it was told to: what it still ran has to be looked at.
    if (cause === undefined) abort(step, infinity, 'restart', 'Node failure')
  } else {
    if (peer.expected === 'down') {
      state.peers.set(uname, { ...peer, expected: 'member' })
      writeNodeStates(step, { origin: 'peer_update_callback', withJoin: false, withMembership: true })
    }
    log(step, 'warning', `Stonith/shutdown of node ${uname} was not expected`)
    abort(step, infinity, 'restart', 'Node failure')
  }
  advance(step, { kind: 'node-lost', nodeUuid: uuid })
  checkIntegrated(step)
  checkComplete(step)
}

function updateQuorum(step: Step, isQuorate: boolean): void {
  const { state } = step
  if (state.isQuorate === isQuorate) return
  state.isQuorate = isQuorate
  log(step, isQuorate ? 'notice' : 'warning', isQuorate ? 'Quorum acquired' : 'Quorum lost')
  state.isQuorumNew = isQuorate
  if (isQuorate) {
    state.isDescribed = false
    step.effects.push({ do: 'arm', timer: 'quorum-gain', afterMs: quorumGainDelayMs })
  } else step.effects.push({ do: 'disarm', timer: 'quorum-gain' })
  if (!isDc(state)) return
  writeQuorum(step)
  if (!isQuorate) scheduleAnew(step, 'Quorum lost')
}

/** All who came with the quorum have had their time to join. */
export function quorumHasCome(step: Step): void {
  const { state } = step
  if (!state.isQuorumNew) return
  state.isQuorumNew = false
  if (isDc(state)) scheduleAnew(step, 'Quorum gained')
}

function scheduleAnew(step: Step, reason: string): void {
  if (step.state.phase === 'S_POLICY_ENGINE') step.raise('I_PE_CALC')
  else abort(step, infinity, 'restart', reason)
}

const leaderless: ReadonlySet<string> = new Set(['S_STARTING', 'S_PENDING', 'S_ELECTION', 'S_RELEASE_DC', 'S_HALT'])

/**
 * A C node waits `dc-deadtime` for a DC to show up. That is for nodes that are still booting; when every configured node
 * is here already and each says that it knows no DC either, there is nothing to wait for.
 */
export function searchForDc(step: Step): void {
  const { state } = step
  if (state.phase !== 'S_PENDING' || state.dc !== undefined) return
  const { configuredNodes, uname } = state.config
  const isWhole = configuredNodes.length > 0 && configuredNodes.every((node) => isActive(state, node.uname))
  if (!isWhole) {
    state.search = undefined
    return
  }
  // Somebody better has just been found: it must have time to become the DC before anybody asks again.
  const sinceLossMs = state.election.lostAt === undefined ? lossDampeningMs : step.now.monoMs - state.election.lostAt
  if (sinceLossMs < lossDampeningMs) {
    step.effects.push({ do: 'arm', timer: 'search', afterMs: lossDampeningMs - sinceLossMs })
    return
  }
  if (state.search === undefined) {
    state.search = new Map()
    for (const peer of activeNodes(state)) {
      if (peer !== uname) post(step, { task: 'ping', to: 'crmd', from: 'crmd', host: peer })
    }
  }
  const others = activeNodes(state).filter((peer) => peer !== uname)
  const answers = others.map((peer) => state.search?.get(peer))
  if (answers.every((answer) => answer !== undefined && leaderless.has(answer))) {
    log(step, 'info', 'All configured nodes are here and none knows a DC: electing one now')
    state.search = undefined
    step.raise('I_DC_TIMEOUT')
  }
}

/** A node has asked to go: it is not fenced for leaving, and the DC empties it first. */
export function takeShutdownRequest(step: Step, from: string): void {
  const { state } = step
  const peer = state.peers.get(from)
  if (peer !== undefined) state.peers.set(from, { ...peer, expected: 'down' })
  if (!isDc(state)) return
  log(step, 'info', `Creating shutdown request for ${from}`)
  step.effects.push({
    do: 'attributes',
    updates: [{ name: 'shutdown', value: String(step.now.epochS), node: from }],
  })
}

/** What `ping` answers. */
export function pingAnswer(subsystem: string, phase: string) {
  return element('ping_response', { crm_subsystem: subsystem, crmd_state: phase, result: 'ok' })
}
