import { invariant, type MonoMs, monoMs, unreachable } from '@quorate/base'
import { text } from '../wire/message.ts'
import { askForMissing, onDatagram, setStatus } from './arrival.ts'
import type { MessagingEffect, MessagingEvent } from './event.ts'
import { Messaging, type MessagingConfig } from './member.ts'
import { broadcast, flushClients, sendResources, sendStatus, takeClientMessage } from './sending.ts'

/** A node that has not begun yet. */
export function createMessaging(config: MessagingConfig, now: MonoMs): Messaging {
  return new Messaging(config, now)
}

/**
 * Advances the messaging layer by one event, in place.
 *
 * No clock and no I/O; chance comes from the generator of the configuration: the same node, events and times give the same
 * effects. `now` never goes back.
 *
 * @returns the effects, to be performed in order before the next event
 */
export function step(node: Messaging, event: MessagingEvent, now: MonoMs): readonly MessagingEffect[] {
  const out: MessagingEffect[] = []
  node.out = out
  node.now = now
  switch (event.kind) {
    case 'start':
      begin(node)
      break
    case 'datagram':
      if (node.phase !== 'idle') onDatagram(node, event.link, event.bytes)
      break
    case 'time':
      break
    case 'load':
      node.load = event.text
      break
    case 'message':
      if (node.phase !== 'idle') takeClientMessage(node, event.message)
      break
    case 'keys':
      node.authentication = event.authentication
      break
    case 'leave':
      leave(node)
      break
    default:
      unreachable(event)
  }
  if (node.phase !== 'idle') passTime(node)
  return out
}

/** When `time` is due at the latest. */
export function deadlineOf(node: Messaging): MonoMs {
  let at: number = node.keepaliveAt
  for (const { missing, name, status, heardAt, deadAfterMs } of node.nodes) {
    if (status === 'dead') continue
    for (const due of missing.values()) at = Math.min(at, due)
    if (name !== node.config.self) at = Math.min(at, heardAt + deadAfterMs + 1)
  }
  return monoMs(at)
}

function begin(node: Messaging): void {
  invariant(node.phase === 'idle', 'a node begins once', { phase: node.phase })
  node.phase = 'running'
  node.startedAt = node.now
  for (const one of node.nodes) {
    one.heardAt = node.now
    for (const link of one.links) link.heardAt = node.now
  }
  sendStatus(node)
  node.status = 'up'
  setStatus(node, node.self, 'up')
  sendStatus(node)
}

function passTime(node: Messaging): void {
  if (node.now >= node.keepaliveAt) sendStatus(node)
  for (const one of node.nodes) {
    if (one.name === node.config.self || one.status === 'dead') continue
    if (node.now - one.heardAt > one.deadAfterMs) setStatus(node, one, 'dead')
  }
  loseLinks(node)
  if (node.status === 'up' && isReady(node)) becomeActive(node)
  askForMissing(node)
  flushClients(node)
}

function loseLinks(node: Messaging): void {
  for (const one of node.nodes) {
    for (const [index, link] of one.links.entries()) {
      if (link.status === 'dead' || node.now - link.heardAt <= node.config.deadtimeMs) continue
      link.status = 'dead'
      const name = node.config.links[index] ?? ''
      node.log('warning', `Link ${one.name}:${name} dead.`)
      node.out.push({ do: 'link-status', name: one.name, link: name, status: 'dead' })
    }
  }
}

/** Whether every node that is to be there is there and has told whom it knows, or has had its time. */
function isReady(node: Messaging): boolean {
  if (node.isInitdeadOver) return true
  if (node.config.autojoin !== 'none' && node.nodes.length === 1) return false
  return node.nodes.every(
    (one) => one.name === node.config.self || one.status === 'dead' || (one.beatAt !== undefined && one.hasToldNodes),
  )
}

function becomeActive(node: Messaging): void {
  node.status = 'active'
  setStatus(node, node.self, 'active')
  sendStatus(node)
  broadcast(node, [text('t', 'starting')])
  sendResources(node)
  node.out.push({ do: 'active' })
}

function leave(node: Messaging): void {
  if (node.phase !== 'running') return
  node.phase = 'leaving'
  broadcast(node, [text('t', 'shutdone'), text('st', 'dead')])
}
