import { attr, child, element, withAttributes, type XmlElement } from '@quorate/xml'
import { crmPayload, crmReply } from '../messages/crm-message.ts'
import type { Peer } from '../messages/peer-messenger.ts'
import type { LocalClient } from './local-client.ts'

/** What the answers depend on. */
export type ControllerFacts = {
  readonly localName: string
  readonly isQuorate: boolean
  /** Sorted by name. */
  readonly peers: readonly Peer[]
}

/** What a message at the controller's end point comes to. */
export type ControllerDoorStep =
  | { readonly kind: 'registered'; readonly name: string }
  /** An answer from what every node knows. */
  | { readonly kind: 'answer'; readonly xml: XmlElement }
  /** For the controller here or elsewhere: see `routeCrmMessage`. */
  | { readonly kind: 'forward'; readonly xml: XmlElement }
  | { readonly kind: 'disconnect'; readonly reason: string }

/** Reads a message of a client of `crmd` (behaviour/pacemaker-daemons.md 2.13). */
export function readControllerDoor(client: LocalClient, xml: XmlElement, facts: ControllerFacts): ControllerDoorStep {
  const asked = withAttributes(xml, { crm_sys_from: client.id, src: facts.localName, crm_user: client.user })
  const answer = (payload: XmlElement): ControllerDoorStep => {
    const reply = crmReply(asked, 'crmd', facts.localName, payload)
    return { kind: 'answer', xml: withAttributes(reply, { crm_host_to: undefined }) }
  }
  switch (attr(xml, 'crm_task')) {
    case 'hello':
      return readHello(xml)
    case 'node-info':
      return answer(nodeInfo(xml, facts))
    case 'list-nodes':
      return answer(element('nodes', {}, facts.peers.filter(hasName).map(listed)))
    case 'lrm_fail':
      // It makes the cluster recover a resource that is well: not for everybody who may look.
      if (!client.isPrivileged) return { kind: 'disconnect', reason: `lrm_fail of user ${client.user}` }
      return { kind: 'forward', xml: asked }
    case undefined:
      return { kind: 'disconnect', reason: 'message without a task' }
    default:
      return { kind: 'forward', xml: asked }
  }
}

function readHello(xml: XmlElement): ControllerDoorStep {
  const options = crmPayload(xml) ?? child(xml, 'options')
  const name = options && attr(options, 'client_name')
  const major = Number((options && attr(options, 'major_version')) ?? Number.NaN)
  if (name === undefined || !(major >= 0)) return { kind: 'disconnect', reason: 'hello without name or version' }
  return { kind: 'registered', name }
}

function hasName(peer: Peer): boolean {
  return peer.name !== undefined
}

function listed(peer: Peer): XmlElement {
  return element('node', { id: String(peer.nodeId), uname: peer.name, in_ccm: peer.isMember ? 'member' : 'lost' })
}

/** The node asked for by id or name, or this one. */
function nodeInfo(xml: XmlElement, facts: ControllerFacts): XmlElement {
  const id = attr(xml, 'id')
  const name = attr(xml, 'uname') ?? (id === undefined ? facts.localName : undefined)
  const peer = facts.peers.find((item) =>
    id === undefined ? item.name?.toLowerCase() === name?.toLowerCase() : String(item.nodeId) === id,
  )
  return element('node', {
    crm_subsystem: 'crmd',
    'have-quorum': facts.isQuorate ? 'true' : 'false',
    id: peer === undefined ? id : String(peer.nodeId),
    uname: peer === undefined ? name : peer.name,
    crmd: peer === undefined ? undefined : peer.isMember ? 'member' : 'lost',
    remote_node: 'false',
  })
}
