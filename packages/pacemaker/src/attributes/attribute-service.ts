import { monoMs } from '@quorate/base'
import { attr, element, type XmlElement } from '@quorate/xml'
import type { AlertEvent } from '../alerts/alert-event.ts'
import { type CibManager, callOptions } from '../cib-manager/service.ts'
import { CoreTimer } from '../core-timer.ts'
import { type DaemonHost, daemonUser } from '../daemon-host.ts'
import type { Peer, PeerMessenger } from '../messages/peer-messenger.ts'
import { attributeRefusal } from './attribute-access.ts'
import { AttributeCore, type AttributeEffect, type AttributeEvent } from './attribute-core.ts'
import type { AttributeManager, AttributeUpdate, ClearFailure } from './service.ts'

/** What an attribute manager's shell is opened with. */
export type AttributeServiceOptions = {
  readonly messenger: PeerMessenger
  readonly cib: CibManager
  readonly host: DaemonHost
  readonly alert: (event: AlertEvent) => void
  readonly log: (level: 'notice' | 'info' | 'warning', text: string) => void
}

/** Runs the attribute manager's core: the group, the clock and the CIB around it. */
export class AttributeService implements AttributeManager {
  readonly #options: AttributeServiceOptions
  readonly #core: AttributeCore
  /** Attribute managers that the core has been told of, by node id. */
  readonly #present = new Map<number, string>()
  readonly #stops: (() => void)[] = []
  #reply: ((client: string, xml: XmlElement) => void) | undefined
  readonly #timer: CoreTimer
  #isClosed = false

  private constructor(options: AttributeServiceOptions) {
    const { localName, localNodeId } = options.messenger
    this.#options = options
    this.#timer = new CoreTimer(options.host, () => this.#step({ kind: 'tick' }))
    this.#core = new AttributeCore({ localName, localNodeId })
  }

  /** Joins the group and tells the others of itself. @throws CsError when the group cannot be joined */
  static async open(options: AttributeServiceOptions): Promise<AttributeService> {
    const service = new AttributeService(options)
    const { messenger, cib } = options
    service.#stops.push(
      cib.onChange((change) => {
        // Nodes or status, as the real one: alerts are nothing to an attribute.
        if ((change.replacedParts & 0b101) !== 0) service.#step({ kind: 'refreshed' })
      }),
      messenger.onLost(() => service.#halt()),
    )
    await messenger.join('attrd', {
      message: ({ from, isOwn, xml }) => {
        service.#greet(from)
        service.#step({ kind: 'message', from: from.name ?? '', isOwn, xml })
      },
      changed: (peer, joined) => {
        if (joined) service.#greet(peer)
        else service.#part(peer)
      },
    })
    service.#step({ kind: 'start' })
    return service
  }

  /** The server's end: answers to requests of local clients. */
  attach(reply: (client: string, xml: XmlElement) => void): void {
    this.#reply = reply
  }

  /** Takes a request of a local client; the answer comes through what {@link attach} was given. */
  request(client: string, user: string, xml: XmlElement): void {
    const { cib, messenger, host, log } = this.#options
    const refusal = attributeRefusal(cib.cib, xml, { user, isInGroup: host.isInGroup }, messenger.localName)
    if (refusal !== undefined) {
      log(
        'warning',
        `User ${user} may not ask for ${attr(xml, 'task') ?? 'nothing'} of ${attr(xml, 'attr_name') ?? 'attributes'}`,
      )
      this.#reply?.(client, refusal)
      return
    }
    this.#step({ kind: 'request', client, user, xml })
  }

  update(changes: readonly AttributeUpdate[]): void {
    for (const change of changes) {
      const task = change.dampeningMs === undefined ? 'update' : 'update-both'
      this.#ask({
        task,
        attr_name: change.name,
        attr_value: change.value,
        attr_dampening: change.dampeningMs === undefined ? undefined : `${change.dampeningMs}ms`,
        attr_host: change.node ?? this.#options.messenger.localName,
        attr_set: change.set,
        attr_is_remote: change.isRemote ? '1' : '0',
        attr_is_private: change.isPrivate ? '1' : '0',
      })
    }
  }

  clearFailure(what: ClearFailure): void {
    this.#ask({
      task: 'clear-failure',
      attr_host: what.node,
      attr_resource: what.resource,
      attr_clear_operation: what.operation,
      attr_clear_interval: what.intervalMs === undefined ? undefined : `${what.intervalMs}ms`,
      attr_is_remote: what.isRemote ? '1' : '0',
    })
  }

  removePeer(node: string): void {
    this.#ask({ task: 'peer-remove', attr_host: node })
  }

  value(name: string, node?: string): string | undefined {
    return this.#core.value(name, node ?? this.#options.messenger.localName)
  }

  async close(): Promise<void> {
    this.#step({ kind: 'stop' })
    this.#halt()
    await this.#options.messenger.leave('attrd').catch(() => undefined)
  }

  #halt(): void {
    this.#isClosed = true
    this.#timer.stop()
    for (const stop of this.#stops.splice(0)) stop()
  }

  #ask(attributes: Readonly<Record<string, string | undefined>>): void {
    const xml = element('create_attrd_op', { t: 'attrd', src: 'pacemaker-controld', ...attributes })
    this.#step({ kind: 'request', xml, user: daemonUser, client: undefined })
  }

  /** Tells the core of a peer as soon as its name is known, which may be only with its first message. */
  #greet(peer: Peer): void {
    if (peer.name === undefined || !peer.hasAttrd || this.#present.has(peer.nodeId)) return
    this.#present.set(peer.nodeId, peer.name)
    this.#step({ kind: 'peer', name: peer.name, nodeId: peer.nodeId, isThere: true })
  }

  #part(peer: Peer): void {
    const name = this.#present.get(peer.nodeId)
    if (name === undefined) return
    this.#present.delete(peer.nodeId)
    this.#step({ kind: 'peer', name, nodeId: peer.nodeId, isThere: false })
  }

  #step(event: AttributeEvent): void {
    if (this.#isClosed) return
    const { host } = this.#options
    const now = {
      monoMs: monoMs(Math.trunc(host.monoMs())),
      epochS: Math.trunc(host.epochMs() / 1000),
      cpu: host.cpu(),
    }
    for (const effect of this.#core.step(event, now)) this.#perform(effect)
    this.#timer.arm(this.#core.dueMs)
  }

  #perform(effect: AttributeEffect): void {
    const { messenger, cib, log } = this.#options
    switch (effect.kind) {
      case 'send':
        // Ballots name the controller as the daemon that they are for, as the real ones do.
        messenger.send('attrd', effect.xml, { to: effect.to, toType: effect.isBallot ? 'crmd' : 'attrd' })
        return
      case 'reply':
        this.#reply?.(effect.client, effect.xml)
        return
      case 'write':
        this.#write(effect)
        return
      case 'forget-own': {
        const section = `//node_state[@uname='${messenger.localName}']/transient_attributes`
        const options = callOptions.xpath | callOptions.quorumOverride
        cib
          .submit({ op: 'cib_delete', section, options, clientName: 'attrd' })
          .catch((error: unknown) => log('warning', `could not remove old attributes from the CIB: ${String(error)}`))
        return
      }
      case 'alert':
        this.#options.alert(effect.event)
        return
      case 'log':
        log(effect.level, effect.text)
        return
      default:
        effect satisfies never
    }
  }

  #write({ attribute, token, user, data, options }: Extract<AttributeEffect, { readonly kind: 'write' }>): void {
    const done = (rc: number): void => this.#step({ kind: 'written', attribute, token, rc })
    this.#options.cib
      .submit({ op: 'cib_modify', section: 'status', options, data, clientName: 'attrd', user })
      .then(({ rc }) => done(rc))
      .catch(() => done(lost))
  }
}

/** Code of a write whose answer will never come: -ENOTCONN. */
const lost = -107
