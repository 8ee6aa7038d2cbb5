import { child, childrenNamed, element, idOf, type XmlElement } from '@quorate/xml'
import { callOptions } from '../cib-manager/service.ts'
import { phaseOf } from '../join/join.ts'
import { callCib } from './posts.ts'
import type { PeerRecord, Step } from './state.ts'

/** Which attributes of a node's state are written. `join` is left as it is unless named. */
export type NodeStateParts = { readonly origin: string; readonly withJoin: boolean; readonly withMembership: boolean }

/** A node's state as the DC sees it. */
export function nodeState(step: Step, peer: PeerRecord, parts: NodeStateParts): XmlElement {
  const phase = phaseOf(step.state.join, peer.uname)
  const hasJoined = phase !== 'none' && phase !== 'nack'
  return element('node_state', {
    id: peer.uuid,
    uname: peer.uname,
    in_ccm: parts.withMembership ? String(peer.isMember) : undefined,
    crmd: peer.hasController ? 'online' : 'offline',
    join: parts.withJoin ? (hasJoined ? 'member' : 'down') : undefined,
    expected: peer.expected,
    'crm-debug-origin': parts.origin,
  })
}

/**
 * Writes the states of all known nodes. One that was never seen has none, for nobody knows that it is gone: the scheduler
 * has it fenced, unless `startup-fencing` is off. Where others have seen it, what they wrote stands in the CIB and may say
 * that it is there: that much this node knows better, and whoever is expected and not there is fenced too.
 */
export function writeNodeStates(step: Step, parts: NodeStateParts): void {
  const { cib, peers } = step.state
  const status = cib === undefined ? undefined : child(cib, 'status')
  const written = new Set((status === undefined ? [] : childrenNamed(status, 'node_state')).map(idOf))
  const known = [...peers.values()].filter((peer) => peer.wasSeen || written.has(peer.uuid))
  const states = known.map((peer) => nodeState(step, peer, parts))
  callCib(step, {
    op: 'cib_modify',
    section: 'status',
    data: element('status', {}, states),
    options: callOptions.scopeLocal | callOptions.quorumOverride | callOptions.canCreate,
  })
}

/** Writes the list of nodes: those of the configuration, and members that are not in it. */
export function writeNodes(step: Step): void {
  const nodes = new Map(step.state.config.configuredNodes.map((node) => [node.uuid, node.uname]))
  for (const peer of step.state.peers.values()) nodes.set(peer.uuid, peer.uname)
  callCib(step, {
    op: 'cib_modify',
    section: 'nodes',
    data: element(
      'nodes',
      {},
      [...nodes].map(([id, uname]) => element('node', { id, uname })),
    ),
    options: callOptions.scopeLocal | callOptions.quorumOverride | callOptions.canCreate,
  })
}

/** Writes who leads and whether the cluster may act. */
export function writeQuorum(step: Step): void {
  callCib(step, {
    op: 'cib_modify',
    section: 'cib',
    data: element('cib', { 'have-quorum': step.state.isQuorate ? '1' : '0', 'dc-uuid': step.state.config.uuid }),
    options: callOptions.scopeLocal | callOptions.quorumOverride,
  })
}

/** Removes a lost node's transient attributes. */
export function deleteTransientAttributes(step: Step, uname: string): void {
  callCib(step, {
    op: 'cib_delete',
    section: `//node_state[@uname='${uname}']/transient_attributes`,
    options: callOptions.xpath | callOptions.multiple | callOptions.scopeLocal | callOptions.quorumOverride,
  })
}
