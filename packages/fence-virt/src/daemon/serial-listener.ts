import net from 'node:net'
import { monoMs } from '@quorate/base'
import {
  channelRequestLayout,
  decodeChannelRequest,
  encodeChannelResponse,
  huntFrames,
  noFrames,
} from '../channel-frame.ts'
import type { ListenerConf } from '../daemon-conf.ts'
import { encodeHosts } from '../host-record.ts'
import { domainSockets } from '../libvirt/domain-sockets.ts'
import { type DomainRef, uuidText } from '../libvirt/rpc-message.ts'
import { joined } from '../octets.ts'
import { hostStates, responses } from '../operation.ts'
import { RateLimiter } from '../rate-limit.ts'
import { RecentRequests, requestKey } from '../recent-requests.ts'
import type { Answer } from './fence-desk.ts'
import { HypervisorPool } from './hypervisor-pool.ts'
import type { Journal } from './journal.ts'
import { type Hypervisor, type LifecycleEvent, lifecycle } from './libvirt-connection.ts'
import { connectMsMax, type Listener, type ListenerHost } from './listener.ts'

/** Between two attempts at the socket of a guest that runs but does not listen yet, or hung up. */
export const lineRetryMs = 1_000
/** Lines served at once. */
export const linesMax = 4096

type SerialConf = Extract<ListenerConf, { kind: 'serial' }>

/** URI that libvirt itself would choose for root. */
const presetUri = 'qemu:///system'

/**
 * Requests over the unix sockets that libvirt makes of guests' serial ports and channels. Follows the guests' lives:
 * each event is dealt with as it comes, for its own guest, so that any number of guests may start and stop at once.
 */
export class SerialListener implements Listener {
  readonly kind = 'serial'
  readonly #conf: SerialConf
  readonly #host: ListenerHost
  readonly #pool: HypervisorPool
  readonly #rates: RateLimiter
  #isQuiet = false
  /** Lines by path. */
  readonly #lines = new Map<string, GuestLine>()
  /** Counts the events of each guest, so that what was looked up before an event is not believed behind it. */
  readonly #lives = new Map<string, number>()

  constructor(conf: SerialConf, host: ListenerHost) {
    this.#conf = conf
    this.#host = host
    this.#rates = new RateLimiter(host.rateLimit)
    this.#pool = new HypervisorPool([conf.uri ?? presetUri], host.journal, (hypervisor) => this.#follow(hypervisor))
  }

  start(): Promise<void> {
    return this.#pool.start()
  }

  quiesce(): void {
    this.#isQuiet = true
  }

  async stop(): Promise<void> {
    await this.#pool.stop()
    for (const line of this.#lines.values()) line.close()
    this.#lines.clear()
  }

  describe(): Readonly<Record<string, string>> {
    const connected = [...this.#lines.values()].filter((line) => line.isConnected).length
    const { mode, path = 'any' } = this.#conf
    return { mode, path, lines: `${this.#lines.size}`, connected: `${connected}`, ...this.#pool.describe() }
  }

  /** Events first, then the list: a guest that starts in between is seen twice rather than never. */
  async #follow(hypervisor: Hypervisor): Promise<void> {
    await hypervisor.watch((event) => this.#onEvent(hypervisor, event))
    const domains = await hypervisor.listDomains()
    const listed = new Set(domains.map(({ uuid }) => uuidText(uuid)))
    for (const line of [...this.#lines.values()]) if (!listed.has(line.uuid)) this.#unregister(line.uuid)
    await Promise.all(
      domains.map(async (domain) => {
        const uuid = uuidText(domain.uuid)
        const life = this.#lives.get(uuid)
        try {
          const isRunning = (await hypervisor.state(domain)) !== hostStates.shutoff
          if (isRunning) await this.#register(hypervisor, domain, life)
          else if (this.#lives.get(uuid) === life) this.#unregister(uuid)
        } catch (error) {
          this.#host.journal.debug(1, `${domain.name}: ${error instanceof Error ? error.message : error}`)
        }
      }),
    )
  }

  #onEvent(hypervisor: Hypervisor, { domain, event }: LifecycleEvent): void {
    if (event !== lifecycle.stopped && event !== lifecycle.started) return
    const uuid = uuidText(domain.uuid)
    const life = (this.#lives.get(uuid) ?? 0) + 1
    this.#lives.set(uuid, life)
    if (event === lifecycle.stopped) return this.#unregister(uuid)
    this.#register(hypervisor, domain, life).catch((error) => {
      this.#host.journal.error(`${domain.name}: ${error instanceof Error ? error.message : error}`)
    })
  }

  /** Serves a guest, unless another event of its came while it was looked up. */
  async #register(hypervisor: Hypervisor, domain: DomainRef, life: number | undefined): Promise<void> {
    const uuid = uuidText(domain.uuid)
    const paths = domainSockets(await hypervisor.xml(domain), this.#conf.mode, this.#conf.path)
    if (this.#lives.get(uuid) !== life) return
    for (const path of paths) {
      const known = this.#lines.get(path)
      if (known?.uuid === uuid) continue
      known?.close()
      if (this.#lines.size >= linesMax) {
        this.#host.journal.error(`${domain.name}: more than ${linesMax} lines; ${path} is not served`)
        return
      }
      this.#lines.set(path, new GuestLine(path, uuid, this.#host.journal, (...got) => this.#onFrame(...got)))
      this.#host.journal.info(`Registered ${domain.name} ${uuid} on ${path}`)
    }
  }

  #onFrame({ uuid, recent }: GuestLine, socket: net.Socket, frame: Uint8Array): void {
    if (this.#isQuiet) return
    const { desk, journal } = this.#host
    const request = decodeChannelRequest(frame)
    if (!request.ok) return journal.debug(1, `${uuid}: dropped: ${request.error}`)
    const key = requestKey(request.value)
    const now = monoMs(performance.now())
    if (!this.#rates.take(uuid, now)) return journal.debug(1, `${uuid}: dropped (too many requests)`)
    if (!recent.begin(key, now)) return journal.debug(1, `${uuid}: dropped (a repetition)`)
    const { operation, domain } = request.value
    desk.handle({ operation, target: domain, source: uuid }, (answer) => {
      if (!socket.destroyed) socket.write(encodeChannelAnswer(answer))
      recent.finish(key, monoMs(performance.now()))
    })
  }

  #unregister(uuid: string): void {
    for (const [path, line] of this.#lines) {
      if (line.uuid !== uuid) continue
      line.close()
      this.#lines.delete(path)
      this.#host.journal.info(`Unregistered ${uuid} on ${path}`)
    }
  }
}

/** Takes a frame in that came over a line; its answer goes to the same socket. */
type FrameHandler = (line: GuestLine, socket: net.Socket, frame: Uint8Array) => void

/** The line of one guest: connected to for as long as the guest runs. */
class GuestLine {
  readonly uuid: string
  readonly recent = new RecentRequests()
  readonly #path: string
  readonly #journal: Journal
  readonly #onFrame: FrameHandler
  #socket: net.Socket | undefined
  #retry: NodeJS.Timeout | undefined
  #isClosed = false
  isConnected = false

  constructor(path: string, uuid: string, journal: Journal, onFrame: FrameHandler) {
    this.#path = path
    this.uuid = uuid
    this.#journal = journal
    this.#onFrame = onFrame
    this.#connect()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#socket?.destroy()
  }

  #connect(): void {
    const socket = net.connect({ path: this.#path })
    this.#socket = socket
    const late = setTimeout(() => socket.destroy(new Error('no connection')), connectMsMax)
    let hunt = noFrames
    socket.on('connect', () => {
      clearTimeout(late)
      this.isConnected = true
    })
    socket.on('data', (bytes: Uint8Array) => {
      const found = huntFrames(hunt, bytes, channelRequestLayout.size)
      hunt = found.hunt
      for (const frame of found.frames) this.#onFrame(this, socket, frame)
    })
    socket.on('error', (error) => this.#journal.debug(2, `${this.#path}: ${error.message}`))
    socket.on('close', () => {
      clearTimeout(late)
      this.isConnected = false
      if (!this.#isClosed) this.#retry = setTimeout(() => this.#connect(), lineRetryMs)
    })
  }
}

/** A frame; around a list, one before and one behind it. */
function encodeChannelAnswer(answer: Answer): Uint8Array {
  if (answer.kind === 'response') return encodeChannelResponse(answer.response)
  return joined(
    encodeChannelResponse(responses.hostList),
    joined(encodeHosts(answer.hosts), encodeChannelResponse(responses.success)),
  )
}
