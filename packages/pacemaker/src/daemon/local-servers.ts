import { isRestricted } from '@quorate/cib'
import type { IpcServer } from '@quorate/qb'
import { attr, type XmlElement } from '@quorate/xml'
import type { AttributeService } from '../attributes/attribute-service.ts'
import type { CibClientReply, CibService } from '../cib-manager/cib-service.ts'
import { callOptions } from '../cib-manager/service.ts'
import { isListedIn } from '../client/daemon-user.ts'
import type { Fencer } from '../fencer/service.ts'
import { type CibNotificationName, readCibDoor } from '../ipc/cib-door.ts'
import { readControllerDoor } from '../ipc/controller-door.ts'
import type { ControllerDoor, DaemonDoor, IpcServers } from '../ipc/doors.ts'
import { readFencerDoor } from '../ipc/fencer-door.ts'
import { isDeniedOrder } from '../ipc/limited-order.ts'
import { ack, ackStatus } from '../ipc/local-client.ts'
import { readPacemakerdDoor } from '../ipc/pacemakerd-door.ts'
import { diffNotification, readCibMessage, refreshNotification } from '../messages/cib-message.ts'
import { routeCrmMessage } from '../messages/crmd-route.ts'
import type { PeerMessenger } from '../messages/peer-messenger.ts'
import { type LocalConnection, serveLocal } from './local-server.ts'

/** A client of the CIB manager: what it follows, and which of its calls it waits for. */
type CibClientState = {
  readonly connection: LocalConnection
  readonly subscriptions: Set<CibNotificationName>
  /** Requests that wait on the response ring, by call id. */
  readonly waiting: Map<string, number>
}

/** A client of the fencer: kinds of events that it follows, and calls that it waits for, by their ids. */
type FencerClientState = {
  readonly connection: LocalConnection
  readonly subscriptions: Set<string>
  readonly waiting: Map<string, number>
}

/** Kinds of events that a client can follow at most; there are not half as many. */
const subscriptionsMax = 32

/**
 * The servers of Pacemaker's IPC names on this node. Each `serve…` opens one or a few of them, in the order in which the
 * daemon's parts come up.
 *
 * @throws IpcError from every `serve…` when a name is taken: another Pacemaker runs here
 */
export class LocalServers implements IpcServers {
  readonly #log: (text: string) => void
  readonly #servers: IpcServer[] = []
  readonly #cibClients = new Map<string, CibClientState>()
  #cib: CibService | undefined
  readonly #controllerClients = new Map<string, LocalConnection>()
  readonly #fencerClients = new Map<string, FencerClientState>()
  readonly #attributeClients = new Map<string, { readonly connection: LocalConnection; readonly waiting: number[] }>()

  constructor(log: (text: string) => void) {
    this.#log = log
  }

  /** `pacemakerd`: state of the daemon, and the order to stop. */
  servePacemakerd(daemon: DaemonDoor): void {
    this.#serve('pacemakerd', (connection, xml) => {
      const facts = { state: daemon.state, lastLookS: Math.trunc(Date.now() / 1000) }
      const { answer, event, quits } = readPacemakerdDoor(connection, xml, facts)
      connection.answer(answer, true)
      if (event !== undefined) connection.event(event)
      if (quits) daemon.quit()
    })
  }

  /** `cib_ro`, `cib_rw` and `cib_shm`. */
  serveCib(cib: CibService, localName: string): void {
    this.#cib = cib
    cib.attach({
      reply: (reply) => this.#cibReply(reply),
      changed: (change, input) => {
        this.#notify('cib_diff_notify', (user) =>
          user === undefined
            ? diffNotification({ op: change.op, rc: change.rc, cib: change.after, input, diff: change.diff })
            : cib.views.diffNotification(change, input, user),
        )
        if (change.replacedParts !== 0) {
          this.#notify('cib_refresh_notify', (user) =>
            user === undefined
              ? refreshNotification(change.op, change.after, change.replacedParts)
              : cib.views.refreshNotification(change, user),
          )
        }
      },
    })
    for (const name of ['cib_ro', 'cib_rw', 'cib_shm']) {
      const isPrivileged = name !== 'cib_ro'
      this.#serve(
        name,
        (connection, xml) => this.#cibMessage(cib, connection, xml, { localName, isPrivileged }),
        (connection) => this.#cibClients.delete(connection.id),
      )
    }
  }

  /** `attrd`. */
  serveAttributes(attributes: AttributeService): void {
    attributes.attach((client, xml) => {
      const known = this.#attributeClients.get(client)
      const waiting = known?.waiting.shift()
      if (waiting !== undefined) known?.connection.answerTo(waiting, xml, true)
    })
    this.#serve(
      'attrd',
      (connection, xml) => {
        const known = this.#attributeClients.get(connection.id) ?? { connection, waiting: [] }
        this.#attributeClients.set(connection.id, known)
        const waiting = connection.takeWaiting()
        if (waiting !== undefined) known.waiting.push(waiting)
        attributes.request(connection.id, connection.user, xml)
        // A message that the attribute manager does not answer at once it never answers.
        for (const left of known.waiting.splice(0)) connection.answerTo(left, ack('attrd', ackStatus.accepted), true)
      },
      (connection) => this.#attributeClients.delete(connection.id),
    )
  }

  /** `crmd`: what every node knows is answered here, the rest goes to the controller that it is for. */
  serveController(controller: ControllerDoor, messenger: PeerMessenger): void {
    this.#serve(
      'crmd',
      (connection, xml) => {
        connection.answer(ack('controller', ackStatus.accepted), true)
        const facts = {
          localName: messenger.localName,
          isQuorate: messenger.view().isQuorate,
          peers: messenger.peers(),
        }
        const step = readControllerDoor(connection, xml, facts)
        switch (step.kind) {
          case 'registered':
            connection.name = step.name
            this.#controllerClients.set(connection.id, connection)
            return
          case 'answer':
            connection.event(step.xml)
            return
          case 'forward':
            this.#controllerClients.set(connection.id, connection)
            if (this.#isKept(step.xml, messenger.localName))
              this.#log(`crmd: order ${attr(xml, 'crm_task')} of user ${connection.user} refused`)
            else forward(step.xml, controller, messenger)
            return
          case 'disconnect':
            this.#log(`crmd: disconnecting pid ${connection.pid}: ${step.reason}`)
            connection.disconnect()
            return
          default:
            step satisfies never
        }
      },
      (connection) => this.#controllerClients.delete(connection.id),
    )
  }

  /**
   * Whether an order is kept from the user of a client, here where it comes from: a real node would obey it. Of one about a
   * resource the node that it is for tells the client.
   */
  #isKept(xml: XmlElement, node: string): boolean {
    if (attr(xml, 'crm_task') === 'lrm_delete' || this.#cib === undefined) return false
    return isDeniedOrder(this.#cib.cib, xml, node, isListedIn)
  }

  /** `stonith-ng`. */
  serveFencer(fencer: Fencer): void {
    const clients = this.#fencerClients
    fencer.attach({
      answer: (id, callId, xml) => {
        const client = clients.get(id)
        const waiting = client?.waiting.get(callId)
        client?.waiting.delete(callId)
        if (waiting === undefined) client?.connection.event(xml)
        else client?.connection.answerTo(waiting, xml)
      },
      event: (id, xml) => clients.get(id)?.connection.event(xml),
      notify: (type, xml) => {
        for (const { connection, subscriptions } of clients.values()) {
          if (subscriptions.has(type)) connection.event(xml, true)
        }
      },
    })
    this.#serve(
      'stonith-ng',
      (connection, xml) => this.#fencerMessage(fencer, connection, xml),
      (connection) => clients.delete(connection.id),
    )
  }

  #fencerMessage(fencer: Fencer, connection: LocalConnection, xml: XmlElement): void {
    const clients = this.#fencerClients
    const known = clients.get(connection.id) ?? { connection, subscriptions: new Set<string>(), waiting: new Map() }
    clients.set(connection.id, known)
    const step = readFencerDoor(connection, xml)
    switch (step.kind) {
      case 'registered':
        connection.name = step.name
        connection.answer(step.answer, true)
        return
      case 'subscription':
        if (step.on !== undefined && known.subscriptions.size < subscriptionsMax) known.subscriptions.add(step.on)
        if (step.off !== undefined) known.subscriptions.delete(step.off)
        connection.answer(step.answer, true)
        return
      case 'refused':
        connection.answer(step.answer, true)
        return
      case 'request': {
        const waiting = step.callId === undefined ? undefined : connection.takeWaiting()
        if (waiting === undefined) connection.answer(ack('fencer', ackStatus.accepted), true)
        else if (step.callId !== undefined) known.waiting.set(step.callId, waiting)
        const { id, isPrivileged, user } = connection
        const isLimited = this.#cib !== undefined && isRestricted(this.#cib.cib, user)
        fencer.request({ id, isPrivileged, isLimited, name: `${connection.name}.${connection.pid}` }, xml)
        return
      }
      default:
        step satisfies never
    }
  }

  sendToClient(clientId: string, message: XmlElement): boolean {
    const connection = this.#controllerClients.get(clientId)
    connection?.event(message)
    return connection !== undefined
  }

  async close(): Promise<void> {
    for (const server of this.#servers.splice(0)) server.close()
  }

  #serve(
    name: string,
    message: (connection: LocalConnection, xml: XmlElement) => void,
    closed?: (connection: LocalConnection) => void,
  ): void {
    this.#servers.push(serveLocal({ name, message, ...(closed === undefined ? {} : { closed }) }, this.#log))
  }

  #cibMessage(
    cib: CibService,
    connection: LocalConnection,
    xml: XmlElement,
    end: { readonly localName: string; readonly isPrivileged: boolean },
  ): void {
    const known = this.#cibClients.get(connection.id) ?? { connection, subscriptions: new Set(), waiting: new Map() }
    this.#cibClients.set(connection.id, known)
    const step = readCibDoor(connection, xml, end.localName)
    switch (step.kind) {
      case 'registered':
        connection.name = step.name
        connection.answer(step.answer, true)
        return
      case 'subscription':
        if (step.isActive) known.subscriptions.add(step.type)
        else known.subscriptions.delete(step.type)
        connection.answer(step.answer, true)
        return
      case 'refused':
        connection.answer(step.answer, true)
        return
      case 'request':
        this.#cibRequest(cib, known, step.xml, end.isPrivileged)
        return
      default:
        step satisfies never
    }
  }

  #cibRequest(cib: CibService, client: CibClientState, xml: XmlElement, isPrivileged: boolean): void {
    const asked = readCibMessage(xml)
    const options = asked?.options ?? 0
    const isAnswered = asked?.callId !== undefined && (options & callOptions.discardReply) === 0
    if (isAnswered && (options & callOptions.syncCall) !== 0 && asked?.callId !== undefined) {
      const waiting = client.connection.takeWaiting()
      if (waiting !== undefined) client.waiting.set(asked.callId, waiting)
    } else {
      client.connection.answer(ack('cib', ackStatus.accepted), true)
    }
    cib.request(xml, isPrivileged)
  }

  #cibReply(reply: CibClientReply): void {
    const client = this.#cibClients.get(reply.clientId)
    if (client === undefined) return
    const waiting = client.waiting.get(reply.callId)
    client.waiting.delete(reply.callId)
    if (waiting === undefined) client.connection.event(reply.xml)
    else client.connection.answerTo(waiting, reply.xml)
  }

  /** Tells those who follow; `build` is asked once for all clients without limits, and once for each user that may have some. */
  #notify(type: CibNotificationName, build: (user: string | undefined) => XmlElement | undefined): void {
    const built = new Map<string | undefined, XmlElement | undefined>()
    for (const { connection, subscriptions } of this.#cibClients.values()) {
      if (!subscriptions.has(type)) continue
      const user = connection.isPrivileged ? undefined : connection.user
      if (!built.has(user)) built.set(user, build(user))
      const xml = built.get(user)
      if (xml !== undefined) connection.event(xml, true)
    }
  }
}

/** Sends a client's message to the controller that it is for. Our own copy of one for everybody comes back to us. */
function forward(xml: XmlElement, controller: ControllerDoor, messenger: PeerMessenger): void {
  const facts = { localName: messenger.localName, isDc: controller.isDc, dc: controller.dc }
  const route = routeCrmMessage(xml, facts, 'local')
  switch (route.to) {
    case 'here':
      controller.receive(xml)
      return
    case 'node':
      messenger.send('crmd', xml, { to: route.name })
      return
    case 'everybody':
      messenger.send('crmd', xml)
      return
    case 'client':
    case 'nobody':
      return
    default:
      route satisfies never
  }
}
