import net from 'node:net'
import { DecodeError } from '@quorate/base'
import { hostPath } from '@quorate/qb'
import { ClientFrameReader, clientFrame, clientText, readClientText } from '../api/client-frame.ts'
import { type Field, fieldOf, type Message, text } from '../wire/message.ts'

/** Where a heartbeat of this node, real or ours, meets its clients. */
export const heartbeatSocket = '/run/heartbeat/register'
/** How long an answer may take, ms. */
const answerMs = 5000

/** A heartbeat that is not there, does not let us in, or does not answer. */
export class HeartbeatError extends Error {
  override readonly name = 'HeartbeatError'
  /** `refused`: it answered, and said no; `silent`: no answer in time. */
  readonly code: 'absent' | 'refused' | 'silent' | 'garbled'

  constructor(code: HeartbeatError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** A casual client of the node's heartbeat: it is named by its process number and asks questions. */
export class HeartbeatClient {
  readonly #socket: net.Socket
  readonly #reader = new ClientFrameReader()
  readonly #arrived: Message[] = []
  #wake: (() => void) | undefined
  #gone: HeartbeatError | undefined
  #node = ''
  /** What the answer to our signing on said. */
  #welcome: Message = []

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#receive(bytes))
    socket.on('error', (error) => this.#lose(new HeartbeatError('absent', error.message)))
    socket.on('close', () => this.#lose(new HeartbeatError('absent', 'heartbeat has closed the connection')))
  }

  /**
   * Connects and signs on.
   *
   * @param node the node's own name
   * @throws HeartbeatError
   */
  static async connect(node: string, file = hostPath(heartbeatSocket)): Promise<HeartbeatClient> {
    const socket = await new Promise<net.Socket>((resolve, reject) => {
      const made = net.connect(file)
      made.once('connect', () => resolve(made))
      made.once('error', (error) => reject(new HeartbeatError('absent', error.message)))
    })
    socket.removeAllListeners('error')
    const client = new HeartbeatClient(socket)
    client.#node = node
    const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0]
    const [welcome = []] = await client.request('signon', [text('uid', String(uid)), text('gid', String(gid))])
    if (fieldOf(welcome, 'result') !== 'OK') {
      client.close()
      throw new HeartbeatError('refused', fieldOf(welcome, 'info') ?? 'heartbeat does not let us in')
    }
    client.#welcome = welcome
    return client
  }

  /** Version that the daemon says it has. */
  get version(): string {
    return fieldOf(this.#welcome, 'hbversion') ?? ''
  }

  /** What the daemon's ha.cf says of Pacemaker: `no` or the like where it does not run it. */
  get pacemaker(): string {
    return fieldOf(this.#welcome, 'pacemaker') ?? 'no'
  }

  /** Asks, and answers all parts of the answer. @throws HeartbeatError */
  async request(type: string, fields: readonly Field[] = [], timeoutMs = answerMs): Promise<readonly Message[]> {
    const pid = String(process.pid)
    const head = [
      text('t', 'hbapi-req'),
      text('reqtype', type),
      text('dest', this.#node),
      text('pid', pid),
      text('from_id', pid),
    ]
    this.#socket.write(clientFrame(clientText([...head, ...fields])))
    const parts: Message[] = []
    for (;;) {
      const message = await this.#next(timeoutMs)
      if (!isAnswer(message, type)) continue
      parts.push(message)
      if (fieldOf(message, 'result') !== 'ok/more') return parts
    }
  }

  /** Signs off. */
  close(): void {
    const pid = String(process.pid)
    this.#socket.end(
      clientFrame(
        clientText([
          text('t', 'hbapi-req'),
          text('reqtype', 'signoff'),
          text('dest', this.#node),
          text('pid', pid),
          text('from_id', pid),
        ]),
      ),
    )
    this.#socket.unref()
  }

  #receive(bytes: Uint8Array): void {
    try {
      for (const body of this.#reader.take(bytes)) this.#arrived.push(readClientText(body))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#socket.destroy()
      this.#lose(new HeartbeatError('garbled', error.message))
    }
    this.#wake?.()
  }

  #lose(why: HeartbeatError): void {
    this.#gone ??= why
    this.#wake?.()
  }

  async #next(timeoutMs: number): Promise<Message> {
    const first = this.#arrived.shift()
    if (first !== undefined) return first
    if (this.#gone !== undefined) throw this.#gone
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new HeartbeatError('silent', 'No timely response.')), timeoutMs)
      this.#wake = () => {
        clearTimeout(late)
        resolve()
      }
    })
    return this.#next(timeoutMs)
  }
}

/** What another node says of its clients, a real daemon hands on as it comes. */
function isAnswer(message: Message, type: string): boolean {
  const kind = fieldOf(message, 't')
  if (kind === 'respond-cstatus') return type === 'clientstatus'
  return kind === 'hbapi-resp' && fieldOf(message, 'reqtype') === type
}
