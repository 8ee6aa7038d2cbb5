import { connectIpc, type IpcClient, IpcError } from '@quorate/qb'
import { parseXml, writeXml, type XmlElement } from '@quorate/xml'
import { decodeIpcFrame, encodeIpcFrame, ipcFlags } from '../messages/ipc-frame.ts'
import { hostBzip2 } from './bzip2.ts'
import { daemonIds } from './daemon-user.ts'

/** Longest message that clients ask for, by service, in bytes (protocols/pacemaker-ipc.md 2.3). */
const messageBytes: Readonly<Record<string, number>> = {
  cib_ro: 524_288,
  cib_rw: 524_288,
  cib_shm: 524_288,
  pengine: 5_242_880,
}
const messageBytesDefault = 131_072
/** Time for an answer, in milliseconds, unless the caller says otherwise. */
export const answerTimeoutMs = 120_000

/** What a connection to one of Pacemaker's daemons is opened with. */
export type DaemonChannelOptions = {
  readonly service: string
  onEvent?(xml: XmlElement): void
  /** The daemon went away; told once. */
  onClose?(error: Error): void
}

/** A connection to one of Pacemaker's daemons: XML requests with or without an answer, and events. */
export class DaemonChannel {
  readonly #client: IpcClient
  #nextId = 1

  private constructor(client: IpcClient) {
    this.#client = client
  }

  /**
   * Connects.
   *
   * @throws IpcError `IPC_CONNECT` where no daemon listens, `IPC_REFUSED` where this user may not, or where the process
   *   behind the name is none of Pacemaker's
   */
  static async open(options: DaemonChannelOptions): Promise<DaemonChannel> {
    const client = await connectIpc(options.service, {
      maxMessageBytes: messageBytes[options.service] ?? messageBytesDefault,
      onEvent: (bytes) => options.onEvent?.(readFrame(bytes)),
      onClose: (error) => options.onClose?.(error),
    })
    const { uid, gid, pid } = client.server
    const ids = daemonIds()
    // Anybody can listen under a name that is free: believe only root, the cluster's own user, and ourselves.
    if (uid !== 0 && uid !== ids.uid && uid !== process.getuid?.() && (ids.gid === undefined || gid !== ids.gid)) {
      client.close()
      throw new IpcError('IPC_REFUSED', `process ${pid} of user ${uid} listens as ${options.service}; not believed`)
    }
    return new DaemonChannel(client)
  }

  /** Sends a request and resolves to its answer. @throws IpcError */
  async call(xml: XmlElement, timeoutMs = answerTimeoutMs): Promise<XmlElement> {
    return readFrame(await this.#client.request(this.#frame(xml, ipcFlags.clientResponse), timeoutMs))
  }

  /** Sends a message without an answer. @throws IpcError */
  async send(xml: XmlElement): Promise<void> {
    await this.#client.send(this.#frame(xml, 0), answerTimeoutMs)
  }

  close(): void {
    this.#client.close()
  }

  #frame(xml: XmlElement, flags: number): Uint8Array {
    const id = this.#nextId
    this.#nextId = id === 0x7fff_ffff ? 1 : id + 1
    const bytes = encodeIpcFrame({ id, flags, xml: writeXml(xml) }, this.#client.maxMessageBytes, hostBzip2)
    if (bytes === undefined) {
      throw new IpcError('IPC_TOO_BIG', `message is larger than ${this.#client.maxMessageBytes} bytes even compressed`)
    }
    return bytes
  }
}

function readFrame(bytes: Uint8Array): XmlElement {
  const { xml } = decodeIpcFrame(bytes, hostBzip2)
  const read = parseXml(xml)
  if (!read.ok) throw new IpcError('IPC_PROTOCOL', `answer is no XML: ${read.error.reason}`)
  return read.value
}
