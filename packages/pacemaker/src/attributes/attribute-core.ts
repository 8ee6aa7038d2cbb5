import { type MonoMs, monoMs, unreachable } from '@quorate/base'
import { cibFaults } from '@quorate/cib'
import { attr, withAttributes, type XmlElement } from '@quorate/xml'
import type { AlertEvent } from '../alerts/alert-event.ts'
import {
  type AttrdChange,
  attrdAck,
  attrdParts,
  attrdQueryReply,
  protocolAttribute,
  protocolUpdate,
  readAttrdChange,
  syncResponse,
  withSender,
} from '../messages/attrd-message.ts'
import { readBallot } from '../messages/crm-message.ts'
import { type Attribute, AttributeTable, dampeningMs, sortedValues, valueOn } from './attribute-table.ts'
import { expandedValue } from './attribute-value.ts'
import { attributeWrite, uuidOf } from './attribute-write.ts'
import { matchingNames } from './failure-names.ts'
import { type AttributeInstant, type ElectionStep, electionStates, WriterElection } from './writer-election.ts'

/** Pause before a failed write is tried again, where there is no dampening. */
export const retryMs = 2000

/** What happens to an attribute manager. */
export type AttributeEvent =
  | { readonly kind: 'start' }
  /** A request of a client or of the daemon itself. `user` is on whose behalf. */
  | { readonly kind: 'request'; readonly xml: XmlElement; readonly user: string; readonly client: string | undefined }
  | { readonly kind: 'message'; readonly from: string; readonly isOwn: boolean; readonly xml: XmlElement }
  /** An attribute manager came to or left the group. */
  | { readonly kind: 'peer'; readonly name: string; readonly nodeId: number; readonly isThere: boolean }
  | { readonly kind: 'written'; readonly attribute: string; readonly token: number; readonly rc: number }
  /** Whole sections of the CIB were replaced: what we wrote may be gone. */
  | { readonly kind: 'refreshed' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'tick' }

/** What an attribute manager wants done, in this order. */
export type AttributeEffect =
  | { readonly kind: 'send'; readonly xml: XmlElement; readonly to: string | undefined; readonly isBallot: boolean }
  | { readonly kind: 'reply'; readonly client: string; readonly xml: XmlElement }
  /** Change the CIB; the outcome comes back as `written`. */
  | {
      readonly kind: 'write'
      readonly attribute: string
      readonly token: number
      readonly user: string | undefined
      readonly data: XmlElement
      readonly options: number
    }
  /** Agents of alerts are to be told. */
  | { readonly kind: 'alert'; readonly event: AlertEvent }
  /** Remove this node's transient attributes from the CIB: at start nobody knows whether they still hold. */
  | { readonly kind: 'forget-own' }
  | { readonly kind: 'log'; readonly level: 'notice' | 'info' | 'warning'; readonly text: string }

/** This node, as an attribute manager. */
export type AttributeCoreConfig = { readonly localName: string; readonly localNodeId: number }

/**
 * The attribute manager of one node (behaviour/pacemaker-daemons.md 5). Values travel to all nodes in total order and
 * live in their memories; one node, the elected writer, copies them to the CIB.
 */
export class AttributeCore {
  readonly #config: AttributeCoreConfig
  readonly #table = new AttributeTable()
  /** Messages of the group and arrivals of peers so far. */
  #turn = 0
  /** At which of them each peer came. */
  readonly #since = new Map<string, number>()
  /** Attribute managers in the group, with their node ids. */
  readonly #peers = new Map<string, number>()
  /** Every node id ever seen, so that values of nodes that have gone can still be written. */
  readonly #ids = new Map<string, number>()
  #writer: string | undefined
  readonly #election: WriterElection
  #tokens = 0
  #isStopping = false

  constructor(config: AttributeCoreConfig) {
    this.#config = config
    this.#ids.set(config.localName.toLowerCase(), config.localNodeId)
    this.#election = new WriterElection(config.localName, config.localNodeId)
  }

  /** Name of the node that copies values to the CIB, as far as this one knows. */
  get writer(): string | undefined {
    return this.#writer
  }

  /** Value of an attribute on a node, as all nodes know it. */
  value(name: string, node: string): string | undefined {
    return this.#table.get(name)?.values.get(node.toLowerCase())?.value
  }

  /** When a tick is wanted next; undefined: not before something happens. */
  get dueMs(): MonoMs | undefined {
    let due = this.#election.dueMs
    for (const { dueMs } of this.#table.all()) {
      if (dueMs !== undefined && (due === undefined || dueMs < due)) due = dueMs
    }
    return due
  }

  step(event: AttributeEvent, now: AttributeInstant): readonly AttributeEffect[] {
    switch (event.kind) {
      case 'start':
        return [{ kind: 'forget-own' }, this.#send(protocolUpdate(this.#config.localName, this.#config.localNodeId))]
      case 'request':
        return this.#request(event.xml, event.user, event.client, now)
      case 'message':
        return this.#message(event.from, event.isOwn, event.xml, now)
      case 'peer':
        return event.isThere ? this.#joined(event.name, event.nodeId) : this.#left(event.name, now)
      case 'written':
        return this.#written(event.attribute, event.token, event.rc, now)
      case 'refreshed':
        return this.#election.isWon && !this.#isStopping ? this.#writeAll(now) : []
      case 'stop':
        this.#isStopping = true
        return []
      case 'tick':
        return this.#tick(now)
      default:
        return unreachable(event)
    }
  }

  #send(xml: XmlElement, to?: string): AttributeEffect {
    return { kind: 'send', xml: withSender(xml, this.#election.state), to, isBallot: false }
  }

  #request(
    xml: XmlElement,
    user: string,
    client: string | undefined,
    now: AttributeInstant,
  ): readonly AttributeEffect[] {
    const task = attr(xml, 'task')
    if (task === 'query') return this.#query(xml, client)
    const effects: AttributeEffect[] = client === undefined ? [] : [{ kind: 'reply', client, xml: attrdAck() }]
    const asked = withAttributes(xml, { acl_target: user, attr_user: user })
    switch (task) {
      case 'update':
      case 'update-both':
      case 'update-delay':
        return [...effects, ...this.#requestUpdate(asked, task)]
      case 'clear-failure':
        return [...effects, this.#send(asked)]
      case 'peer-remove':
        return [...effects, this.#send(this.#named(asked))]
      case 'refresh':
        return [...effects, ...this.#writeAll(now)]
      default:
        return [
          ...effects,
          { kind: 'log', level: 'warning', text: `request with unknown task ${task ?? '(none)'} ignored` },
        ]
    }
  }

  #query(xml: XmlElement, client: string | undefined): readonly AttributeEffect[] {
    if (client === undefined) return []
    const name = attr(xml, 'attr_name') ?? ''
    const asked = attr(xml, 'attr_host')
    const host = asked === 'localhost' ? this.#config.localName : asked
    const attribute = this.#table.get(name)
    if (attribute === undefined) return [{ kind: 'reply', client, xml: attrdQueryReply(undefined, []) }]
    // A node that is asked for by name is in the answer even where it has no value: only then is the attribute known.
    const values =
      host === undefined
        ? sortedValues(attribute).map((item) => ({ host: item.node, value: item.value }))
        : [{ host, value: this.value(name, host) }]
    return [{ kind: 'reply', client, xml: attrdQueryReply(name, values) }]
  }

  #requestUpdate(xml: XmlElement, task: string): readonly AttributeEffect[] {
    const parts = attrdParts(xml)
    if (parts.length > 0) {
      // Whose change it is stands in the message as a whole, from the connection's credentials.
      const bare = parts.map((part) => withAttributes(part, { acl_target: undefined, attr_user: undefined }))
      return [this.#send({ ...xml, children: bare.map((part) => this.#expanded(this.#hosted(part), xml)) })]
    }
    const change = readAttrdChange(xml)
    if (change.pattern !== undefined) {
      const names = matchingNames(this.#table, change.pattern)
      if (names === undefined)
        return [{ kind: 'log', level: 'warning', text: `bad pattern ${JSON.stringify(change.pattern)} ignored` }]
      const bare = withAttributes(xml, { attr_regex: undefined })
      return names.map((name) => this.#send(this.#expanded(this.#hosted(withAttributes(bare, { attr_name: name })))))
    }
    if (change.name === undefined) return [{ kind: 'log', level: 'warning', text: `${task} of no attribute ignored` }]
    if (task === 'update-delay' && this.#table.get(change.name) === undefined) {
      return [{ kind: 'log', level: 'warning', text: `Attribute ${change.name} does not exist` }]
    }
    return [this.#send(this.#expanded(this.#hosted(xml)))]
  }

  /** Fills in this node where no host is named. */
  #hosted(xml: XmlElement): XmlElement {
    const host = attr(xml, 'attr_host')
    if (host !== undefined && host !== '' && host !== 'localhost') return xml
    return withAttributes(xml, { attr_host: this.#config.localName, attr_host_id: String(this.#config.localNodeId) })
  }

  /** Evaluates `value++` and `value+=N` against the value that is known of that host. */
  #expanded(xml: XmlElement, whole: XmlElement = xml): XmlElement {
    const { name, value, host } = readAttrdChange(xml, whole)
    if (name === undefined || host === undefined || value === undefined) return xml
    const expanded = expandedValue(value, this.value(name, host))
    return expanded === value ? xml : withAttributes(xml, { attr_value: expanded })
  }

  /** Fills in the name of a node that was given by its id. */
  #named(xml: XmlElement): XmlElement {
    const id = Number(attr(xml, 'attr_host_id'))
    if (attr(xml, 'attr_host') !== undefined) return xml
    for (const [name, known] of this.#ids) if (known === id) return withAttributes(xml, { attr_host: name })
    return xml
  }

  #message(from: string, isOwn: boolean, xml: XmlElement, now: AttributeInstant): readonly AttributeEffect[] {
    this.#turn += 1
    const ballot = readBallot(xml, from)
    if (ballot !== undefined) {
      return this.#after(this.#election.count(ballot, [...this.#peers.keys()], !this.#isStopping, now), now)
    }
    if (this.#isStopping) return []
    const effects: AttributeEffect[] = []
    if (!isOwn && attr(xml, 'attr_writer') === String(electionStates.won)) {
      if (this.#election.isWon) effects.push(...this.#callElection(now))
      else this.#writer = from
    }
    switch (attr(xml, 'task')) {
      case 'update':
      case 'update-both':
      case 'update-delay': {
        const parts = attrdParts(xml)
        for (const part of parts.length > 0 ? parts : [xml]) {
          effects.push(...this.#update(readAttrdChange(part, xml), now, this.#turn))
        }
        return effects
      }
      case 'sync-response':
        return [...effects, ...this.#synced(from, isOwn, xml, now)]
      case 'clear-failure':
        return [...effects, ...this.#clearFailure(xml, now)]
      case 'peer-remove':
        return [...effects, ...this.#removed(attr(xml, 'attr_host'))]
      default:
        return effects
    }
  }

  /** `turn`: of the message that asks for the change; left out: a peer only tells what it knows. */
  #update(change: AttrdChange, now: AttributeInstant, turn?: number): readonly AttributeEffect[] {
    if (change.name === undefined) return []
    if (change.task !== 'update' && dampeningMs(change.dampening) === undefined) {
      const text = `${change.task} of ${change.name} without a dampening, or with one that is none, ignored`
      return [{ kind: 'log', level: 'warning', text }]
    }
    const attribute = this.#table.ensure(change, change.name)
    if (attribute === undefined)
      return [{ kind: 'log', level: 'warning', text: `too many attributes; ${change.name} ignored` }]
    const effects: AttributeEffect[] = []
    if (change.task !== 'update') effects.push(...this.#dampen(attribute, change.dampening, now))
    if (change.task === 'update-delay') return effects
    const hosts = change.host === undefined ? sortedValues(attribute).map((item) => item.node) : [change.host]
    let isChanged = false
    for (const host of hosts) {
      const value = valueOn(attribute, host)
      value.changedBy = turn ?? value.changedBy
      value.isRemote = value.isRemote || change.isRemote
      value.nodeId = change.hostId ?? value.nodeId
      if (change.hostId !== undefined) this.#ids.set(host.toLowerCase(), change.hostId)
      const isSame = value.value?.toLowerCase() === change.value?.toLowerCase()
      if (isSame && !change.isForced) continue
      if (!isSame && !attribute.isPrivate) {
        const place = `${attribute.name}[${host}]`
        effects.push({
          kind: 'log',
          level: 'notice',
          text: `Setting ${place}: ${value.value ?? '(unset)'} -> ${change.value ?? '(unset)'}`,
        })
      }
      value.value = change.value
      if (change.value !== undefined) value.mayBeStored = true
      isChanged = true
    }
    return isChanged ? [...effects, ...this.#changed(attribute, now)] : effects
  }

  /** A new dampening counts at once, and what waits is written. */
  #dampen(attribute: Attribute, text: string | undefined, now: AttributeInstant): readonly AttributeEffect[] {
    const wanted = dampeningMs(text)
    if (wanted === undefined || wanted === attribute.dampeningMs) return []
    attribute.dampeningMs = wanted
    if (!attribute.isChanged) return []
    attribute.dueMs = undefined
    return this.#writeOrElect(attribute, now)
  }

  #changed(attribute: Attribute, now: AttributeInstant): readonly AttributeEffect[] {
    // Everybody's first word. Were it a reason for an election, each newcomer would call one before it has heard
    // of the writer that there is.
    if (attribute.name === protocolAttribute) return []
    attribute.isChanged = true
    if (attribute.dampeningMs > 0) {
      attribute.dueMs = monoMs(now.monoMs + attribute.dampeningMs)
      return []
    }
    return this.#writeOrElect(attribute, now)
  }

  #writeOrElect(attribute: Attribute, now: AttributeInstant): readonly AttributeEffect[] {
    if (this.#election.isWon) return this.#write(attribute, now)
    return this.#writer === undefined ? this.#callElection(now) : []
  }

  #write(attribute: Attribute, now: AttributeInstant): readonly AttributeEffect[] {
    if (attribute.isPrivate) {
      attribute.isChanged = false
      return []
    }
    if (attribute.writing !== undefined) return []
    const idOf = (node: string) => this.#ids.get(node.toLowerCase())
    const write = attributeWrite(attribute, idOf)
    attribute.isChanged = write !== undefined && !write.isComplete
    attribute.dueMs = attribute.isChanged ? monoMs(now.monoMs + retryMs) : undefined
    if (write === undefined) return []
    this.#tokens += 1
    attribute.writing = { token: this.#tokens, unset: write.unset }
    const { data, options } = write
    const { name, user } = attribute
    return [
      { kind: 'write', attribute: name, token: this.#tokens, user, data, options },
      ...attributeAlerts(attribute, idOf),
    ]
  }

  #writeAll(now: AttributeInstant): readonly AttributeEffect[] {
    return this.#table.all().flatMap((attribute) => {
      attribute.isChanged = true
      return this.#write(attribute, now)
    })
  }

  #written(name: string, token: number, rc: number, now: AttributeInstant): readonly AttributeEffect[] {
    const attribute = this.#table.get(name)
    if (attribute?.writing?.token !== token) return []
    const { unset } = attribute.writing
    attribute.writing = undefined
    if (rc !== 0) {
      attribute.isChanged = true
      if (rc === cibFaults.denied) {
        // Whose attribute it is may not write it: that is tried again when it changes, not for ever.
        const text = `user ${attribute.user ?? ''} may not write ${name} to the CIB; it stays unwritten until it changes`
        return [{ kind: 'log', level: 'warning', text }]
      }
      attribute.dueMs = monoMs(now.monoMs + (attribute.dampeningMs > 0 ? attribute.dampeningMs : retryMs))
      return [{ kind: 'log', level: 'warning', text: `could not write ${name} to the CIB (${rc}); trying again` }]
    }
    for (const value of unset) if (value.value === undefined) value.mayBeStored = false
    return attribute.isChanged && attribute.dueMs === undefined && this.#election.isWon
      ? this.#write(attribute, now)
      : []
  }

  /**
   * Values that a peer tells; those about this node are not believed, for nobody knows them better. Nor are those that were
   * changed since the peer came: it hears of every change that this node hears of, and of some it has not yet when it speaks.
   */
  #synced(from: string, isOwn: boolean, xml: XmlElement, now: AttributeInstant): readonly AttributeEffect[] {
    const effects: AttributeEffect[] = []
    const told = new Set<string>()
    const local = this.#config.localName.toLowerCase()
    for (const item of xml.children) {
      const change = { ...readAttrdChange(item), task: 'update' }
      if (change.host === undefined || change.name === undefined) continue
      const isLocal = change.host.toLowerCase() === local
      const known = this.#table.get(change.name)
      if (isLocal) told.add(change.name)
      const mine = known?.values.get(local)
      if (isLocal && !isOwn && known !== undefined && mine !== undefined && mine.value !== change.value) {
        effects.push(this.#send(this.#ownValues('broadcast_local_value', (attribute) => attribute === known)))
        continue
      }
      const { changedBy = 0 } = known?.values.get(change.host.toLowerCase()) ?? {}
      if (changedBy > (this.#since.get(from) ?? 0)) continue
      effects.push(...this.#update(change, now))
      const attribute = this.#table.get(change.name)
      if (attribute !== undefined && known === undefined) attribute.dampeningMs = dampeningMs(change.dampening) ?? 0
    }
    const isFromWriter = attr(xml, 'attr_writer') === String(electionStates.won) && from === this.#writer
    if (!isOwn && isFromWriter) {
      const lacks = (attribute: Attribute): boolean => {
        const mine = attribute.values.get(local)
        return mine?.value !== undefined && !told.has(attribute.name)
      }
      if (this.#table.all().some(lacks))
        effects.push(this.#send(this.#ownValues('broadcast_unseen_local_values', lacks)))
    }
    return effects
  }

  #ownValues(name: string, isWanted: (attribute: Attribute) => boolean): XmlElement {
    const local = this.#config.localName.toLowerCase()
    return syncResponse(
      name,
      this.#table.synced((attribute, value) => value.node.toLowerCase() === local && isWanted(attribute)),
    )
  }

  #clearFailure(xml: XmlElement, now: AttributeInstant): readonly AttributeEffect[] {
    const change = readAttrdChange(xml)
    const names = matchingNames(this.#table, xml)
    return (names ?? []).flatMap((name) =>
      this.#update({ ...change, name, task: 'update', value: undefined }, now, this.#turn),
    )
  }

  #removed(host: string | undefined): readonly AttributeEffect[] {
    if (host === undefined) return []
    this.#table.removeNode(host)
    if (!this.#peers.has(host)) this.#ids.delete(host.toLowerCase())
    return [{ kind: 'log', level: 'notice', text: `Removing all ${host} attributes` }]
  }

  #joined(name: string, nodeId: number): readonly AttributeEffect[] {
    this.#peers.set(name, nodeId)
    this.#turn += 1
    this.#since.set(name, this.#turn)
    this.#ids.set(name.toLowerCase(), nodeId)
    if (!this.#election.isWon || name === this.#config.localName) return []
    return [
      this.#send(
        syncResponse(
          'attrd_peer_sync',
          this.#table.synced(() => true),
        ),
        name,
      ),
    ]
  }

  #left(name: string, now: AttributeInstant): readonly AttributeEffect[] {
    if (name === this.#config.localName) return []
    this.#peers.delete(name)
    this.#since.delete(name)
    this.#table.removeNode(name)
    const wasWriter = this.#writer === name
    const effects = this.#after(this.#election.left(name, wasWriter, [...this.#peers.keys()]), now)
    if (!wasWriter) return effects
    this.#writer = undefined
    return [...effects, ...this.#callElection(now)]
  }

  #callElection(now: AttributeInstant): readonly AttributeEffect[] {
    return this.#isStopping ? [] : this.#after(this.#election.call(now), now)
  }

  /** Carries out what a step of the election asks for. The winner tells everybody everything, and writes it all. */
  #after(step: ElectionStep, now: AttributeInstant): readonly AttributeEffect[] {
    const effects: AttributeEffect[] = []
    if (step.ballot !== undefined) effects.push({ kind: 'send', ...step.ballot, isBallot: true })
    if (step.outcome === 'lost') this.#writer = undefined
    if (step.outcome !== 'won') return effects
    this.#writer = this.#config.localName
    effects.push({ kind: 'log', level: 'notice', text: 'Recorded local node as attribute writer' })
    effects.push(
      this.#send(
        syncResponse(
          'attrd_peer_sync',
          this.#table.synced(() => true),
        ),
      ),
    )
    return [...effects, ...this.#writeAll(now)]
  }

  #tick(now: AttributeInstant): readonly AttributeEffect[] {
    const effects: AttributeEffect[] = []
    effects.push(...this.#after(this.#election.tick(now), now))
    for (const attribute of this.#table.all()) {
      if (attribute.dueMs === undefined || attribute.dueMs > now.monoMs) continue
      attribute.dueMs = undefined
      if (attribute.isChanged) effects.push(...this.#writeOrElect(attribute, now))
    }
    return effects
  }
}

/** Who writes an attribute tells of it on every node that has ever had a value, as with Pacemaker 2.1.5. */
function attributeAlerts(attribute: Attribute, idOf: (node: string) => number | undefined): readonly AttributeEffect[] {
  return sortedValues(attribute).flatMap((item): readonly AttributeEffect[] => {
    const nodeId = uuidOf(item, idOf)
    if (nodeId === undefined) return []
    const { name } = attribute
    return [{ kind: 'alert', event: { kind: 'attribute', node: item.node, nodeId, name, value: item.value } }]
  })
}
