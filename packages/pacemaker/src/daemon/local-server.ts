import { randomUUID } from 'node:crypto'
import { DecodeError } from '@quorate/base'
import { type IpcConnection, type IpcCredentials, type IpcServer, listenIpc } from '@quorate/qb'
import { element, parseXml, writeXml, type XmlElement } from '@quorate/xml'
import { hostBzip2 } from '../client/bzip2.ts'
import { daemonIds, daemonUser, isInGroup, userName } from '../client/daemon-user.ts'
import { ackStatus, type LocalClient } from '../ipc/local-client.ts'
import { decodeIpcFrame, encodeIpcFrame, ipcFlags } from '../messages/ipc-frame.ts'

/** Buffer that a connection gets at least, in bytes; `PCMK_ipc_buffer` raises it (protocols/pacemaker-ipc.md 2.3). */
export const ipcBufferBytes = 131_072
/** Code of a client that may not come in: -EACCES. */
const denied = -13

/** What a service does with its clients. */
export type LocalService = {
  readonly name: string
  /** A message. When the client waits, `connection.answer` has to be called exactly once for it, now or later. */
  message(connection: LocalConnection, xml: XmlElement): void
  closed?(connection: LocalConnection): void
}

/** One connected client of one of Pacemaker's services. */
export class LocalConnection implements LocalClient {
  readonly id = randomUUID()
  readonly pid: number
  readonly user: string
  readonly isPrivileged: boolean
  name: string
  readonly #connection: IpcConnection
  readonly #log: (text: string) => void
  #eventId = 1
  /** Number of the request that is being looked at; undefined when its client does not wait for an answer. */
  #waiting: number | undefined

  constructor(connection: IpcConnection, log: (text: string) => void) {
    const { pid, uid } = connection.credentials
    this.#connection = connection
    this.#log = log
    this.pid = pid
    this.name = String(pid)
    const isKnown = uid === 0 || uid === daemonIds().uid
    this.isPrivileged = isKnown || uid === process.getuid?.()
    // Whoever runs this daemon is to it what the cluster's own user is to another.
    this.user = isKnown || !this.isPrivileged ? userName(uid) : daemonUser
  }

  /** Number of the request at hand, for an answer that comes later; undefined when nobody waits. Taken once. */
  takeWaiting(): number | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    return waiting
  }

  /** A request begins. */
  begin(requestId: number, waits: boolean): void {
    this.#waiting = waits ? requestId : undefined
  }

  /** Answers the request at hand, if its client waits. */
  answer(xml: XmlElement, isAck = false): void {
    const waiting = this.takeWaiting()
    if (waiting !== undefined) this.answerTo(waiting, xml, isAck)
  }

  /** Answers a request whose number was taken before. */
  answerTo(requestId: number, xml: XmlElement, isAck = false): void {
    const flags = ipcFlags.serverFree | (isAck ? ipcFlags.clientResponse : 0)
    const bytes = this.#encode(requestId, flags, xml) ?? this.#encode(requestId, flags, tooLong())
    if (bytes !== undefined) this.#connection.respond(bytes)
  }

  /** Sends an event: an answer that nobody waits for, or a notification. */
  event(xml: XmlElement, isNotification = false): void {
    const flags = isNotification ? ipcFlags.serverEvent : ipcFlags.serverEvent | ipcFlags.serverFree
    const bytes = this.#encode(this.#eventId, flags, xml)
    this.#eventId += 1
    if (bytes !== undefined) {
      this.#connection.event(bytes)
      return
    }
    // A client that misses an event would go on with a wrong picture.
    this.#log(`event for ${this.name} (pid ${this.pid}) is too long even compressed: disconnecting it`)
    this.#connection.disconnect()
  }

  disconnect(): void {
    this.#connection.disconnect()
  }

  #encode(id: number, flags: number, xml: XmlElement): Uint8Array | undefined {
    return encodeIpcFrame({ id, flags, xml: writeXml(xml) }, this.#connection.maxMessageBytes, hostBzip2)
  }
}

/** Answer where the real one does not fit: -EMSGSIZE, which clients show as "Message too long". */
function tooLong(): XmlElement {
  return element('cib-reply', { t: 'cib', cib_rc: '-90' })
}

/** Serves one of Pacemaker's IPC names. @throws IpcError when the name is taken */
export function serveLocal(service: LocalService, log: (text: string) => void): IpcServer {
  const connections = new Map<IpcConnection, LocalConnection>()
  return listenIpc({
    name: service.name,
    messageBytesMin: bufferBytes(process.env),
    accept: mayConnect,
    onConnect: (connection) => connections.set(connection, new LocalConnection(connection, log)),
    onMessage: (connection, bytes) => {
      const client = connections.get(connection)
      if (client !== undefined) takeMessage(service, client, bytes, log)
    },
    onClose: (connection) => {
      const client = connections.get(connection)
      connections.delete(connection)
      if (client !== undefined) service.closed?.(client)
    },
    onTrouble: log,
  })
}

function takeMessage(
  service: LocalService,
  client: LocalConnection,
  bytes: Uint8Array,
  log: (text: string) => void,
): void {
  try {
    const frame = decodeIpcFrame(bytes, hostBzip2)
    client.begin(frame.id, (frame.flags & ipcFlags.clientResponse) !== 0)
    const read = parseXml(frame.xml)
    if (read.ok) service.message(client, read.value)
    else client.answer(element('nack', { function: service.name, line: '1', status: String(ackStatus.protocol) }), true)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    log(`${service.name}: message of pid ${client.pid} refused, disconnecting it: ${error.message}`)
    client.disconnect()
  }
}

/** Root, the cluster's own user and its group, and whoever runs this daemon. */
function mayConnect({ uid, gid }: IpcCredentials): number {
  const ids = daemonIds()
  const isKnown = uid === 0 || uid === ids.uid || uid === process.getuid?.()
  return isKnown || isInGroup(uid, gid, ids.gid) ? 0 : denied
}

function bufferBytes(environment: NodeJS.ProcessEnv): number {
  const wanted = Number(environment['PCMK_ipc_buffer'])
  return Number.isInteger(wanted) && wanted > ipcBufferBytes ? wanted : ipcBufferBytes
}
