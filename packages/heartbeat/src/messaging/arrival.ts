import { DecodeError, monoMs } from '@quorate/base'
import { decodeFrame } from '../wire/frame.ts'
import { fieldOf, type Message, numberOf, text } from '../wire/message.ts'
import type { NodeStatus } from './event.ts'
import {
  ackEvery,
  generationMax,
  historyMax,
  nodeNameMax,
  nodesMax,
  rexmitAgainMs,
  rexmitAsksMax,
  rexmitDeafMs,
} from './limits.ts'
import type { Messaging, NodeRecord } from './member.ts'
import { broadcast, flushClients, sendAck, sendNodes, sendResources } from './sending.ts'

const decimal = 10
const hexadecimal = 16
const uuidOctets = 16

/** A datagram that came in by a link. What is no message of this cluster is told of and dropped. */
export function onDatagram(node: Messaging, link: number, bytes: Uint8Array): void {
  let message: Message
  try {
    message = decodeFrame(bytes, node.authentication)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    node.log('warning', `a datagram on ${node.config.links[link] ?? link} is dropped: ${error.message}`)
    return
  }
  const source = fieldOf(message, 'src')
  const type = fieldOf(message, 't')
  const generation = numberOf(message, 'hg', hexadecimal)
  if (source === undefined || type === undefined || generation === undefined || generation > generationMax) {
    node.log('warning', 'a message without src, t or hg is dropped')
    return
  }
  if (source === node.config.self) return hearOwn(node, link, message)
  const from = node.find(source) ?? admit(node, source)
  if (from === undefined) return
  if (generation < from.generation) {
    node.log('error', `a message of ${source} is of an earlier generation: attempted replay attack? It is dropped`)
    return
  }
  noteIdentity(node, from, message)
  if (generation > from.generation) begin(node, from, generation)
  hearLink(node, from, link)
  if (type.startsWith('NS_')) return onBookkeeping(node, from, type, message)
  const seq = numberOf(message, 'seq', hexadecimal)
  if (seq === undefined || seq < 1 || seq > generationMax) {
    node.log('warning', `a message of ${source} without a number is dropped`)
    return
  }
  if (!isNew(node, from, seq)) return
  from.heardAt = node.now
  const dest = fieldOf(message, 'dest')
  if (dest === undefined || dest === node.config.self) deliver(node, from, type, message)
  if (seq % ackEvery === from.ackTrigger) sendAck(node, from)
}

/** What comes back of a link's own broadcasts tells that the link works. */
function hearOwn(node: Messaging, link: number, message: Message): void {
  const isOwn = fieldOf(message, 'srcuuid') === node.config.uuid
  if (isOwn) hearLink(node, node.self, link)
  else node.log('error', `another node calls itself ${node.config.self} too`)
}

function hearLink(node: Messaging, from: NodeRecord, link: number): void {
  const state = from.links[link]
  if (state === undefined) return
  state.heardAt = node.now
  if (state.status === 'up') return
  state.status = 'up'
  const name = node.config.links[link] ?? ''
  node.log('info', `Link ${from.name}:${name} up.`)
  node.out.push({ do: 'link-status', name: from.name, link: name, status: 'up' })
}

/** A node that is heard of for the first time, where such may join. */
function admit(node: Messaging, name: string): NodeRecord | undefined {
  const why =
    node.config.autojoin === 'none'
      ? 'it is not in ha.cf'
      : node.nodes.length >= nodesMax
        ? `there are ${nodesMax} nodes already`
        : name.length > nodeNameMax || /\s/.test(name)
          ? 'that is no name'
          : undefined
  if (why === undefined) {
    node.log('info', `node ${name} joins the cluster`)
    return node.addNode(name)
  }
  if (!node.strangers.has(name) && node.strangers.size < nodesMax) {
    node.strangers.add(name)
    node.log('warning', `messages of ${name.slice(0, nodeNameMax)} are dropped: ${why}`)
  }
  return undefined
}

function noteIdentity(node: Messaging, from: NodeRecord, message: Message): void {
  const uuid = fieldOf(message, 'srcuuid')
  if (uuid === undefined || uuid.length !== uuidOctets || uuid === from.uuid) return
  if (from.uuid !== undefined) node.log('warning', `node ${from.name} changed its uuid`)
  from.uuid = uuid
  node.out.push({ do: 'remember-hosts' })
}

/** The node's daemon started, for the first time that we hear of or anew. */
function begin(node: Messaging, from: NodeRecord, generation: number): void {
  if (from.generation > 0) node.log('info', `Heartbeat restart on node ${from.name}`)
  from.generation = generation
  from.lastSeq = 0
  from.missing.clear()
  from.acked = undefined
  from.hasToldNodes = false
  from.beatAt = undefined
}

/** Whether a packet is one that was not there before. Gaps are noted, to be asked for. */
function isNew(node: Messaging, from: NodeRecord, seq: number): boolean {
  if (from.lastSeq === 0) {
    from.lastSeq = seq
    return true
  }
  if (seq <= from.lastSeq) {
    if (!from.missing.delete(seq)) return false
    if (from.missing.size === 0) {
      node.log('info', `No pkts missing from ${from.name}!`)
      sendAck(node, from)
    }
    return true
  }
  const gap = seq - from.lastSeq - 1
  if (gap > historyMax) {
    node.log('error', `${gap} packets of ${from.name} are lost: they cannot be had again`)
    from.missing.clear()
  } else {
    if (gap > 0) node.log('warning', `${gap} lost packet(s) for [${from.name}] [${from.lastSeq}:${seq}]`)
    for (let missing = from.lastSeq + 1; missing < seq; missing += 1) {
      from.missing.set(missing, monoMs(node.now + node.config.chance.below(node.config.rexmitDelayMsMax)))
    }
    // Older ones than a sender keeps are gone for good.
    for (const missing of from.missing.keys()) if (missing < seq - historyMax) from.missing.delete(missing)
  }
  from.lastSeq = seq
  return true
}

/** Asks for packets that are missing and whose time has come. */
export function askForMissing(node: Messaging): void {
  for (const from of node.nodes) {
    if (from.status === 'dead') continue
    let asks = 0
    for (const [seq, at] of from.missing) {
      if (at > node.now || asks >= rexmitAsksMax) continue
      asks += 1
      from.missing.set(seq, monoMs(node.now + rexmitAgainMs))
      const number = String(seq)
      broadcast(node, [
        text('t', 'NS_rexmit'),
        text('dest', from.name),
        text('firstseq', number),
        text('lastseq', number),
      ])
    }
  }
}

function onBookkeeping(node: Messaging, from: NodeRecord, type: string, message: Message): void {
  if (fieldOf(message, 'dest') !== node.config.self) return
  if (type === 'NS_ackmsg') {
    const seq = numberOf(message, 'ackseq', hexadecimal)
    if (seq === undefined || seq > node.seq || seq < (from.acked ?? 0)) return
    from.acked = seq
    flushClients(node)
  } else if (type === 'NS_rexmit') {
    resend(node, numberOf(message, 'firstseq', decimal), numberOf(message, 'lastseq', decimal))
  } else if (type === 'NS_nak_rexmit') {
    giveUp(node, from, numberOf(message, 'firstseq', hexadecimal), numberOf(message, 'lastseq', hexadecimal))
  }
}

/** Sends packets again that somebody has missed: by all links, as the first time. */
function resend(node: Messaging, first: number | undefined, last: number | undefined): void {
  if (first === undefined || last === undefined || last < first || last > node.seq) return
  const kept = node.history[0]?.seq ?? node.seq + 1
  if (first < kept) {
    const until = Math.min(last, kept - 1)
    broadcast(node, [
      text('t', 'NS_nak_rexmit'),
      text('firstseq', first.toString(hexadecimal)),
      text('lastseq', until.toString(hexadecimal)),
    ])
  }
  let count = 0
  for (const packet of node.history) {
    if (packet.seq < first || packet.seq > last || count >= rexmitAsksMax) continue
    if (packet.sentAt > node.now - rexmitDeafMs && packet.sentAt !== node.now) continue
    packet.sentAt = node.now
    count += 1
    node.out.push({ do: 'send', bytes: packet.bytes })
  }
}

/** The node has packets no longer that are missing here. */
function giveUp(node: Messaging, from: NodeRecord, first: number | undefined, last: number | undefined): void {
  if (first === undefined || last === undefined) return
  let lost = 0
  for (const seq of [...from.missing.keys()]) {
    if (seq < first || seq > last) continue
    from.missing.delete(seq)
    lost += 1
  }
  if (lost > 0) node.log('error', `${lost} packets of ${from.name} are lost for good`)
}

function deliver(node: Messaging, from: NodeRecord, type: string, message: Message): void {
  switch (type) {
    case 'status':
      return onStatus(node, from, message)
    case 'reqnodes':
      return sendNodes(node, from.name)
    case 'repnodes':
      return onNodes(node, from, message)
    case 'starting':
    case 'ask_resources':
      if (node.status === 'active') sendResources(node)
      break
    case 'addnode':
    case 'delnode':
    case 'setweight':
    case 'setsite':
      node.log('warning', `${type} of ${from.name} is not supported: this node goes on as before`)
      break
    case 'shutdone':
      node.log('info', `Received shutdown notice from '${from.name}'.`)
      break
    default:
      break
  }
  node.out.push({ do: 'deliver', message })
}

const statuses: ReadonlySet<string> = new Set(['init', 'up', 'active', 'dead'] satisfies NodeStatus[])

/** A heartbeat. */
function onStatus(node: Messaging, from: NodeRecord, message: Message): void {
  const status = fieldOf(message, 'st')
  if (status === undefined || !statuses.has(status)) {
    node.log('warning', `a status of ${from.name} that is none is dropped`)
    return
  }
  const deadMs = numberOf(message, 'dt', hexadecimal)
  if (deadMs !== undefined && deadMs > 0 && deadMs <= generationMax) from.deadAfterMs = deadMs
  // Without it a sender is none that acknowledges.
  if (fieldOf(message, 'protocol') !== undefined) from.acked ??= node.seq
  const { warntimeMs } = node.config
  if (from.beatAt !== undefined && from.status !== 'dead' && node.now - from.beatAt > warntimeMs) {
    const interval = Math.round(node.now - from.beatAt)
    node.log('warning', `Late heartbeat: Node ${from.name}: interval ${interval} ms`)
  }
  const isFirst = from.beatAt === undefined
  from.beatAt = node.now
  if (from.status === 'dead') node.log('warning', `node ${from.name} returns after it was taken for dead`)
  setStatus(node, from, status as NodeStatus)
  // Again with every heartbeat until there is an answer: the first packets of a node may come in any order.
  if (isFirst || (node.status === 'up' && !from.hasToldNodes)) {
    broadcast(node, [text('t', 'reqnodes'), text('dest', from.name)])
  }
}

/** What a node is now; clients are told where it is another than before. */
export function setStatus(node: Messaging, of: NodeRecord, status: NodeStatus): void {
  const before = of.status
  if (before === status) return
  of.status = status
  if (status === 'dead') {
    of.missing.clear()
    node.log('warning', `node ${of.name}: is dead`)
  } else {
    node.log('info', `Status update for node ${of.name}: status ${status}`)
  }
  node.out.push({ do: 'node-status', name: of.name, status, before })
  if (status === 'dead') flushClients(node)
}

function onNodes(node: Messaging, from: NodeRecord, message: Message): void {
  from.hasToldNodes = true
  if (node.config.autojoin === 'none') return
  for (const name of (fieldOf(message, 'nodelist') ?? '').split(/\s+/).slice(0, nodesMax)) {
    if (name !== '' && node.find(name) === undefined) admit(node, name)
  }
}
