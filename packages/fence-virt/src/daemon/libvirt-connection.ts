import { existsSync } from 'node:fs'
import net from 'node:net'
import { DecodeError, type MonoMs, monoMs } from '@quorate/base'
import {
  type DomainRef,
  domainListMax,
  encodeRpc,
  keepaliveProcedures,
  procedures,
  type RpcMessage,
  readDomain,
  readRpcError,
  rpcPrograms,
  rpcTypes,
  takeRpc,
  uuidBytes,
  withRest,
  writeDomain,
} from '../libvirt/rpc-message.ts'
import { type LibvirtTarget, parseLibvirtUri } from '../libvirt/uri.ts'
import { XdrReader, XdrWriter } from '../libvirt/xdr.ts'

/** A call that libvirt refused; `code` is a virErrorNumber. */
export class LibvirtError extends Error {
  override readonly name = 'LibvirtError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** virErrorNumber values that callers tell apart. */
export const libvirtErrors = { noDomain: 42, operationInvalid: 55, authFailed: 45 } as const

/** A domain that started, stopped ... (virDomainEventType). */
export type LifecycleEvent = { readonly domain: DomainRef; readonly event: number }
/** virDomainEventType values that matter here. */
export const lifecycle = { started: 2, stopped: 5 } as const

/** What may be asked of a hypervisor, whether over RPC or through the client library. */
export interface Hypervisor {
  readonly uri: string
  listDomains(): Promise<readonly DomainRef[]>
  /** @throws LibvirtError noDomain */
  lookup(target: { readonly name: string } | { readonly uuid: string }): Promise<DomainRef>
  /** virDomainState of a domain. */
  state(domain: DomainRef): Promise<number>
  xml(domain: DomainRef): Promise<string>
  destroy(domain: DomainRef): Promise<void>
  create(domain: DomainRef): Promise<void>
  createXml(xml: string): Promise<void>
  /** Calls back at every lifecycle event from now on. */
  watch(onEvent: (event: LifecycleEvent) => void): Promise<void>
  /** Resolves once, when the connection is gone. */
  readonly closed: Promise<Error>
  close(): void
}

/** Between two signs of life, and how many may be missing: what the C daemon asks for. */
export const keepaliveMs = 5_000
export const keepaliveMissesMax = 5
/** Time a call may take, and how often that is looked at. */
export const callMsMax = 30_000
const callRoundMs = 1_000
const connectMs = 5_000

type Pending = {
  readonly resolve: (reader: XdrReader) => void
  readonly reject: (error: Error) => void
  readonly procedure: number
  readonly since: MonoMs
}

/** One connection to a libvirt daemon, in its own RPC (protocols/fence-virt-backends.md, libvirt 1). */
export class LibvirtConnection implements Hypervisor {
  readonly uri: string
  readonly closed: Promise<Error>
  readonly #socket: net.Socket
  /** Calls that were not answered yet, by their serials, the oldest first. */
  readonly #pending = new Map<number, Pending>()
  /** Runs while there are any. */
  #clock: NodeJS.Timeout | undefined
  #rest: Uint8Array = new Uint8Array(0)
  #serial = 0
  #silentRounds = 0
  #onEvent: (event: LifecycleEvent) => void = () => undefined
  readonly #keepalive: NodeJS.Timeout
  #announceClosed: (error: Error) => void = () => undefined
  #fault: Error | undefined

  private constructor(uri: string, socket: net.Socket) {
    this.uri = uri
    this.#socket = socket
    this.closed = new Promise((resolve) => {
      this.#announceClosed = resolve
    })
    socket.on('data', (bytes: Uint8Array) => this.#onBytes(bytes))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('libvirt closed the connection')))
    this.#keepalive = setInterval(() => this.#ping(), keepaliveMs)
  }

  /** Connects, passes authentication and opens the URI. Rejects with the reason where any of it fails. */
  static async open(uri: string): Promise<LibvirtConnection> {
    const target = parseLibvirtUri(uri, socketDirectories())
    if (!target.ok) throw new Error(target.error)
    if (target.value.transport === 'library') {
      throw new Error(`'${uri}' needs the client library of libvirt (its driver or transport is not in the daemon)`)
    }
    const connection = new LibvirtConnection(uri, await connect(target.value))
    try {
      await connection.#authenticate()
      await connection.#call(procedures.open, new XdrWriter().optional(target.value.open).int(0))
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  async listDomains(): Promise<readonly DomainRef[]> {
    const reader = await this.#call(procedures.listAllDomains, new XdrWriter().int(1).int(0))
    return Array.from({ length: reader.count(domainListMax) }, () => readDomain(reader))
  }

  async lookup(target: { readonly name: string } | { readonly uuid: string }): Promise<DomainRef> {
    if ('name' in target) {
      return readDomain(await this.#call(procedures.lookupByName, new XdrWriter().text(target.name)))
    }
    return readDomain(await this.#call(procedures.lookupByUuid, new XdrWriter().fixed(uuidBytes(target.uuid))))
  }

  async state(domain: DomainRef): Promise<number> {
    return (await this.#call(procedures.info, writeDomain(new XdrWriter(), domain))).unsigned()
  }

  async xml(domain: DomainRef): Promise<string> {
    return (await this.#call(procedures.xml, writeDomain(new XdrWriter(), domain).int(0))).text()
  }

  async destroy(domain: DomainRef): Promise<void> {
    await this.#call(procedures.destroy, writeDomain(new XdrWriter(), domain))
  }

  async create(domain: DomainRef): Promise<void> {
    await this.#call(procedures.create, writeDomain(new XdrWriter(), domain))
  }

  async createXml(xml: string): Promise<void> {
    await this.#call(procedures.createXml, new XdrWriter().text(xml).int(0))
  }

  async watch(onEvent: (event: LifecycleEvent) => void): Promise<void> {
    this.#onEvent = onEvent
    await this.#call(procedures.watchEvents, new XdrWriter().int(0).int(0))
  }

  close(): void {
    this.#fail(new Error('closed'))
  }

  /** Sockets of libvirt ask for nothing, or for polkit, which root passes; SASL would need a password. */
  async #authenticate(): Promise<void> {
    const reader = await this.#call(procedures.authList, new XdrWriter())
    const kinds = Array.from({ length: reader.count(20) }, () => reader.int())
    if (kinds.length === 0 || kinds.includes(0)) return
    throw new LibvirtError(libvirtErrors.authFailed, 'libvirt asks for SASL or polkit; this socket needs auth "none"')
  }

  #call(procedure: number, body: XdrWriter): Promise<XdrReader> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    this.#serial += 1
    const serial = this.#serial
    return new Promise((resolve, reject) => {
      this.#pending.set(serial, { resolve, reject, procedure, since: monoMs(performance.now()) })
      this.#clock ??= setInterval(() => this.#refuseLate(), callRoundMs)
      this.#send(rpcPrograms.remote, procedure, rpcTypes.call, serial, body.bytes())
    })
  }

  #refuseLate(): void {
    const now = monoMs(performance.now())
    for (const [serial, { procedure, since, reject }] of this.#pending) {
      if (now - since < callMsMax) return
      this.#pending.delete(serial)
      reject(new Error(`libvirt did not answer call ${procedure} within ${callMsMax} ms`))
    }
    clearInterval(this.#clock)
    this.#clock = undefined
  }

  #send(program: number, procedure: number, type: number, serial: number, body: Uint8Array): void {
    this.#socket.write(encodeRpc({ program, procedure, type, serial, status: 0, body }))
  }

  #onBytes(bytes: Uint8Array): void {
    this.#silentRounds = 0
    try {
      const { messages, rest } = takeRpc(withRest(this.#rest, bytes))
      this.#rest = rest
      for (const message of messages) this.#onMessage(message)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#fail(error)
    }
  }

  #onMessage(message: RpcMessage): void {
    if (message.program === rpcPrograms.keepalive) {
      if (message.procedure !== keepaliveProcedures.ping) return
      return this.#send(rpcPrograms.keepalive, keepaliveProcedures.pong, rpcTypes.event, 0, new Uint8Array(0))
    }
    if (message.type === rpcTypes.event) return this.#onPush(message)
    const pending = this.#pending.get(message.serial)
    if (message.type !== rpcTypes.reply || pending === undefined) return
    this.#pending.delete(message.serial)
    if (message.status === 0) return pending.resolve(new XdrReader(message.body))
    const error = readRpcError(message.body)
    pending.reject(new LibvirtError(error.code, error.message))
  }

  #onPush(message: RpcMessage): void {
    if (message.procedure !== procedures.lifecycleEvent) return
    const reader = new XdrReader(message.body)
    reader.int()
    const domain = readDomain(reader)
    this.#onEvent({ domain, event: reader.int() })
  }

  #ping(): void {
    this.#silentRounds += 1
    if (this.#silentRounds > keepaliveMissesMax) {
      return this.#fail(new Error(`libvirt gave no sign of life for ${keepaliveMs * keepaliveMissesMax} ms`))
    }
    this.#send(rpcPrograms.keepalive, keepaliveProcedures.ping, rpcTypes.event, 0, new Uint8Array(0))
  }

  #fail(error: Error): void {
    if (this.#fault !== undefined) return
    this.#fault = error
    clearInterval(this.#keepalive)
    clearInterval(this.#clock)
    this.#socket.destroy()
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
    this.#announceClosed(error)
  }
}

/** Whether a URI names a driver or transport that only the client library has. */
export function needsLibrary(uri: string): boolean {
  const target = parseLibvirtUri(uri, socketDirectories())
  return target.ok && target.value.transport === 'library'
}

function socketDirectories(): { readonly system: string; readonly session: string } {
  const runtime = process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${process.getuid?.() ?? 0}`
  return { system: '/run/libvirt', session: `${runtime}/libvirt` }
}

function connect(target: Exclude<LibvirtTarget, { transport: 'library' }>): Promise<net.Socket> {
  const where =
    target.transport === 'unix'
      ? { path: target.paths.find((path) => existsSync(path)) ?? target.paths[0] ?? '' }
      : { host: target.host, port: target.port }
  return new Promise((resolve, reject) => {
    const socket = net.connect(where)
    const late = setTimeout(() => socket.destroy(new Error(`no connection within ${connectMs} ms`)), connectMs)
    socket.once('error', (error) => {
      clearTimeout(late)
      reject(error)
    })
    socket.once('connect', () => {
      clearTimeout(late)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
