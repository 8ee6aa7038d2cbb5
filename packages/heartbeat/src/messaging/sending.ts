import { DecodeError, monoMs } from '@quorate/base'
import { encodeFrame } from '../wire/frame.ts'
import { binary, type Field, type Message, text, without } from '../wire/message.ts'
import { clientMessagesWaitingMax, historyMax, unackedMax } from './limits.ts'
import type { Messaging, NodeRecord } from './member.ts'

/** Fields that this layer sets: what a client says of them is not believed. */
const ownFields = ['src', 'srcuuid', 'seq', 'hg', 'ts', 'ld', 'ttl', 'auth', 'destuuid', 'oseq'] as const

const radixOnWire = 16

/** Sends a message of this layer or of a client, by every link, and hands it to clients here if it is for them. */
export function broadcast(node: Messaging, message: Message): void {
  const isNumbered = !isUnnumbered(message)
  const seq = isNumbered ? node.seq + 1 : 0
  const full = stamped(node, message, seq)
  let bytes: Uint8Array
  try {
    bytes = encodeFrame(full, node.config.format, node.authentication)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    node.log('error', `a message is not sent: ${error.message}`)
    return
  }
  if (isNumbered) {
    node.seq = seq
    node.self.lastSeq = seq
    node.history.push({ seq, bytes, sentAt: node.now })
    if (node.history.length > historyMax) node.history.shift()
  }
  node.out.push({ do: 'send', bytes })
  const dest = message.find((field) => field.name === 'dest')?.value
  if (isNumbered && (dest === undefined || dest === node.config.self)) node.out.push({ do: 'deliver', message: full })
}

/** Types of this layer's own bookkeeping have neither a number nor a load. */
function isUnnumbered(message: Message): boolean {
  return message.find((field) => field.name === 't')?.value.startsWith('NS_') === true
}

function stamped(node: Messaging, message: Message, seq: number): Message {
  const { config } = node
  const hex = (value: number): string => value.toString(radixOnWire)
  const dest = message.find((field) => field.name === 'dest')?.value
  const destUuid = dest === undefined ? undefined : node.find(dest)?.uuid
  const fields: Field[] = [...without(message, ...ownFields)]
  if (destUuid !== undefined) fields.push(binary('destuuid', destUuid))
  fields.push(text('src', config.self), binary('srcuuid', config.uuid))
  if (seq > 0) fields.push(text('seq', hex(seq)))
  fields.push(text('hg', hex(config.generation)), text('ts', hex(Math.floor(config.epochSeconds + node.now / 1000))))
  if (seq > 0) fields.push(text('ld', node.load))
  fields.push(text('ttl', String(node.nodes.length + config.hopFudge)))
  return fields
}

/** A heartbeat: the status of this node, and after which silence it is to be taken for dead. */
export function sendStatus(node: Messaging): void {
  const { initdeadMs, deadtimeMs, keepaliveMs } = node.config
  const deadMs = node.isInitdeadOver ? deadtimeMs : initdeadMs
  broadcast(node, [
    text('t', 'status'),
    text('st', node.status),
    text('dt', deadMs.toString(radixOnWire)),
    text('protocol', '1'),
  ])
  node.keepaliveAt = monoMs(node.now + keepaliveMs)
}

/** To one node: has no number, whoever it is for. */
export function sendAck(node: Messaging, to: NodeRecord): void {
  const missing = Math.min(...to.missing.keys())
  const seq = to.missing.size === 0 ? to.lastSeq : missing - 1
  if (seq <= 0) return
  broadcast(node, [text('t', 'NS_ackmsg'), text('dest', to.name), text('ackseq', seq.toString(radixOnWire))])
}

/** Names of the nodes that are known, as they are told to those who ask. */
export function sendNodes(node: Messaging, to: string): void {
  const names = node.nodes.map(({ name }) => `${name} `).join('')
  broadcast(node, [text('t', 'repnodes'), text('dest', to), text('nodelist', names), text('delnodelist', ' ')])
}

/** This node has no resources of release 1, and never will: nobody has to wait for it. */
export function sendResources(node: Messaging): void {
  broadcast(node, [text('t', 'resource'), text('rsc_hold', 'none'), text('rtype', 'full'), text('isstable', '1')])
}

/** Takes a client's message: it is sent when the others have acknowledged enough of what went before. */
export function takeClientMessage(node: Messaging, message: Message): void {
  if (node.waiting.length >= clientMessagesWaitingMax) {
    node.log('error', `a client's message is lost: ${clientMessagesWaitingMax} wait for acknowledgements already`)
    return
  }
  node.waiting.push(message)
  flushClients(node)
}

/** Sends what may be sent of what clients have given. */
export function flushClients(node: Messaging): void {
  while (node.waiting.length > 0 && node.seq - lowestAck(node) <= unackedMax) {
    broadcast(node, node.waiting.shift() as Message)
  }
}

/** The packet up to which every node that lives and acknowledges has all; our own last where there is none. */
function lowestAck(node: Messaging): number {
  let lowest = node.seq
  for (const { name, status, acked } of node.nodes) {
    if (name !== node.config.self && status !== 'dead' && acked !== undefined) lowest = Math.min(lowest, acked)
  }
  return lowest
}
