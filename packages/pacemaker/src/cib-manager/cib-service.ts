import { monoMs } from '@quorate/base'
import { isValidCib, versionOf } from '@quorate/cib'
import { writeXml, type XmlElement } from '@quorate/xml'
import { CoreTimer } from '../core-timer.ts'
import { type DaemonHost, daemonUser } from '../daemon-host.ts'
import { cibCommand, cibReply, readCibMessage, withOrigin } from '../messages/cib-message.ts'
import type { PeerMessenger } from '../messages/peer-messenger.ts'
import { CibCore, type CibEffect, type CibEvent, noSpace } from './cib-core.ts'
import type { LimitedViews } from './limited-view.ts'
import { isCibOperation, operationTable } from './operation-table.ts'
import {
  type CibChange,
  type CibGeneration,
  type CibManager,
  type CibReply,
  type CibRequest,
  callOptions,
} from './service.ts'

/** Time that a stopping node waits for a peer to take note, in milliseconds. */
const releaseTimeoutMs = 10_000
/** Code of a request that is too large for the ring: -EMSGSIZE. */
const tooLong = -90
/** Requests of the daemon's own parts that wait for their answer at one time. */
export const insideRequestsMax = 65_536

/** What a CIB manager's shell is opened with. */
export type CibServiceOptions = {
  readonly messenger: PeerMessenger
  readonly host: DaemonHost
  /** Where the CIB outlives the daemon; `written` is to be told how each write came out. */
  readonly disk: (written: (outcome: 'stored' | 'full' | 'failed') => void) => CibDisk
  readonly log: (level: 'error' | 'warning' | 'notice' | 'info', text: string) => void
}

/** What was found at start. */
export type StoredCib = {
  readonly cib: XmlElement
  /** 0, or the code with which every request has to be answered. */
  readonly status: number
  /** Why it cannot be used: `FILE:LINE: PATH: what was expected`, a line each. */
  readonly faults: readonly string[]
}

/** Where a CIB outlives its daemon. */
export interface CibDisk {
  /** The newest usable CIB; an empty one where there is none. */
  read(): Promise<StoredCib>
  /** Writes the CIB; resolves when it, or a later one, is on disk or could not be put there. @throws never */
  persist(cib: XmlElement): Promise<void>
  /** Whether there is room for a change of that many bytes. */
  hasRoom(changeBytes: number): boolean
  /** Waits for what is being written, and tries no more. */
  close(): Promise<void>
}

/** An answer for a local client, and whether it waits on its response ring. */
export type CibClientReply = Extract<CibEffect, { readonly kind: 'reply' }>

/** What the servers want to hear. */
export type CibListener = {
  reply(reply: CibClientReply): void
  changed(change: CibChange, input: XmlElement | undefined): void
}

/** Runs the CIB manager's core: the group, the clock and the disk around it. */
export class CibService implements CibManager {
  readonly #options: CibServiceOptions
  readonly #disk: CibDisk
  readonly #core: CibCore
  readonly #insideId: string
  readonly #inside = new Map<string, { resolve(reply: CibReply): void; reject(error: Error): void }>()
  readonly #listeners = new Set<(change: CibChange) => void>()
  #clients: CibListener | undefined
  #insideCalls = 0
  readonly #timer: CoreTimer
  #released: (() => void) | undefined
  #isFull = false
  #isClosed = false

  /** Why the file could not be used, a line each; with a `status` that is not 0. */
  readonly faults: readonly string[]

  private constructor(options: CibServiceOptions, disk: CibDisk, core: CibCore, faults: readonly string[]) {
    this.faults = faults
    this.#insideId = options.host.uuid()
    this.#timer = new CoreTimer(options.host, () => this.#step({ kind: 'tick' }))
    this.#options = options
    this.#disk = disk
    this.#core = core
  }

  /** Reads the files and joins the group. @throws CsError when the group cannot be joined */
  static async open(options: CibServiceOptions): Promise<CibService> {
    const { messenger, host } = options
    let service: CibService | undefined
    const disk = options.disk((outcome) => service?.setFull(outcome === 'full'))
    const { cib, status, faults } = await disk.read()
    const core = new CibCore({
      localName: messenger.localName,
      cib,
      status,
      isValid: isValidCib,
      localTime: (epochS) => host.localTime(epochS),
      isInGroup: host.isInGroup,
    })
    service = new CibService(options, disk, core, faults)
    await service.#join()
    if (status === 0) void disk.persist(cib)
    return service
  }

  get cib(): XmlElement {
    return this.#core.cib
  }

  get generation(): CibGeneration {
    return versionOf(this.#core.cib)
  }

  get status(): number {
    return this.#core.status
  }

  get isPrimary(): boolean {
    return this.#core.isPrimary
  }

  digest(): string {
    return this.#core.digest()
  }

  /** What users see whom ACLs limit. */
  get views(): LimitedViews {
    return this.#core.views
  }

  /** The servers' end: answers to requests of local clients, and changes to notify them of. */
  attach(clients: CibListener): void {
    this.#clients = clients
  }

  /** Takes a request of a local client, completed with what is known of the client. */
  request(xml: XmlElement, isPrivileged: boolean): void {
    this.#watchRoom(xml)
    this.#step({ kind: 'request', xml, isPrivileged, isInside: false })
  }

  submit(request: CibRequest): Promise<CibReply> {
    if (this.#isClosed) return Promise.reject(new Error('the CIB manager has stopped'))
    this.#insideCalls += 1
    const callId = this.#insideCalls
    const client = {
      id: this.#insideId,
      name: request.clientName,
      user: request.user ?? daemonUser,
      node: this.#options.messenger.localName,
    }
    const xml = cibCommand({ ...request, clientId: this.#insideId, callId, options: request.options ?? 0 })
    return new Promise((resolve, reject) => {
      if (this.#inside.size >= insideRequestsMax) {
        reject(new Error(`more than ${insideRequestsMax} requests wait for the CIB manager`))
        return
      }
      this.#inside.set(String(callId), { resolve, reject })
      this.#step({ kind: 'request', xml: withOrigin(xml, client), isPrivileged: true, isInside: true })
    })
  }

  onChange(listener: (change: CibChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  setPrimary(isPrimary: boolean): void {
    this.#step({ kind: 'primary', isPrimary })
  }

  /** Told by the store, and by a look at the free space. */
  setFull(isFull: boolean): void {
    if (isFull === this.#isFull) return
    this.#isFull = isFull
    const text = isFull
      ? `No space left for the CIB: changes of the configuration are refused here (${noSpace})`
      : 'There is space for the CIB again'
    this.#options.log(isFull ? 'error' : 'notice', text)
    this.#step({ kind: 'disk', isFull })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    const { messenger } = this.#options
    if (messenger.peers().filter((peer) => peer.hasCib).length > 1) {
      await new Promise<void>((resolve) => {
        const callOff = this.#options.host.after(releaseTimeoutMs, resolve)
        this.#released = () => {
          callOff()
          resolve()
        }
        this.#step({ kind: 'stop' })
      })
    }
    this.#fail(new Error('the CIB manager has stopped'))
    await messenger.leave('cib').catch(() => undefined)
    await this.#disk.close()
  }

  async #join(): Promise<void> {
    const { messenger } = this.#options
    messenger.onLost((error) => this.#fail(error))
    await messenger.join('cib', {
      message: ({ from, isOwn, xml }) => this.#step({ kind: 'message', from: from.name ?? '', isOwn, xml }),
      changed: () => undefined,
    })
  }

  #fail(error: Error): void {
    this.#isClosed = true
    this.#timer.stop()
    for (const { reject } of this.#inside.values()) reject(error)
    this.#inside.clear()
  }

  /** Looks whether a change of the configuration would still fit the disk, before it is sent to anybody. */
  #watchRoom(xml: XmlElement): void {
    const asked = readCibMessage(xml)
    if (asked === undefined || !isCibOperation(asked.op) || !operationTable[asked.op].modifies) return
    if (asked.section === 'status') return
    this.setFull(!this.#disk.hasRoom(writeXml(xml).length))
  }

  #step(event: CibEvent): void {
    if (this.#isClosed) return
    const { host } = this.#options
    const now = { monoMs: monoMs(Math.trunc(host.monoMs())), epochS: Math.trunc(host.epochMs() / 1000) }
    let persisted: Promise<void> | undefined
    for (const effect of this.#core.step(event, now)) {
      if (effect.kind === 'persist') persisted = this.#disk.persist(effect.cib)
      else this.#perform(effect, persisted)
    }
    this.#timer.arm(this.#core.dueMs)
  }

  #perform(effect: Exclude<CibEffect, { kind: 'persist' }>, persisted: Promise<void> | undefined): void {
    switch (effect.kind) {
      case 'send':
        this.#options.messenger.send('cib', effect.xml, { to: effect.to, failed: () => this.#unsent(effect.xml) })
        return
      case 'reply':
        this.#reply(effect, persisted)
        return
      case 'changed':
        for (const listener of [...this.#listeners]) listener(effect.change)
        this.#clients?.changed(effect.change, effect.input)
        return
      case 'released':
        this.#released?.()
        return
      case 'log':
        this.#options.log(effect.level, effect.text)
        return
      default:
        effect satisfies never
    }
  }

  /** Answers a request of this node that the ring did not take: its own copy, which would answer it, never comes. */
  #unsent(xml: XmlElement): void {
    const asked = readCibMessage(xml)
    if (asked?.clientId === undefined || asked.callId === undefined) return
    if (asked.delegatedFrom !== this.#options.messenger.localName) return
    const isSync = (asked.options & callOptions.syncCall) !== 0
    const { clientId, callId } = asked
    const rest = { rc: tooLong, output: undefined, xml: cibReply(asked, tooLong, undefined), afterPersist: false }
    this.#reply({ kind: 'reply', clientId, callId, isSync, ...rest }, undefined)
  }

  #reply(reply: CibClientReply, persisted: Promise<void> | undefined): void {
    if (reply.clientId === this.#insideId) {
      const waiting = this.#inside.get(reply.callId)
      this.#inside.delete(reply.callId)
      waiting?.resolve({ rc: reply.rc, data: reply.output })
      return
    }
    if (reply.afterPersist && persisted !== undefined) void persisted.then(() => this.#clients?.reply(reply))
    else this.#clients?.reply(reply)
  }
}
