import { applyPatch } from '@quorate/cib'
import { IpcError } from '@quorate/qb'
import { attr, child, element, isComment, type XmlElement } from '@quorate/xml'
import { type CibReply, callOptions } from '../cib-manager/service.ts'
import { cibCommand, readCibMessage } from '../messages/cib-message.ts'
import { DaemonChannel } from './daemon-channel.ts'

/** A change of the CIB as the daemon notifies of it. */
export type CibNotification = {
  readonly op: string
  readonly rc: number
  /** Patchset, format 2. */
  readonly diff: XmlElement
  /** The root's attributes after the change: patchsets say nothing of when and by whom it was made. */
  readonly generation: XmlElement | undefined
}

/** What a connection to the CIB manager is opened with. */
export type CibClientOptions = {
  /** Name of the program, e.g. `crm_mon`; written to update-client of what it changes. */
  readonly name: string
  /** `ro`: may only ask. Default `rw`. */
  readonly access?: 'ro' | 'rw'
  /** The daemon went away; told once. */
  readonly onClose?: (error: Error) => void
}

/** A call of the CIB manager. Nothing is thrown for what the daemon refuses: the answer's `rc` says so. */
export type CibClientCall = {
  readonly op: string
  /** Section name, or an XPath when `options` has that bit. */
  readonly section?: string | undefined
  /** Sum of {@link callOptions}; the bit of synchronous calls is added. */
  readonly options?: number | undefined
  readonly data?: XmlElement | undefined
  /** Node that carries it out. */
  readonly host?: string | undefined
  /** On whose behalf; obeyed for root and hacluster only. */
  readonly user?: string | undefined
  readonly timeoutMs?: number | undefined
}

/** A connection to the CIB manager of this machine, ours or a real one. */
export class CibClient {
  readonly #channel: DaemonChannel
  readonly #clientId: string
  readonly #listeners: Set<(change: CibNotification) => void>
  #callId = 2

  private constructor(channel: DaemonChannel, clientId: string, listeners: Set<(change: CibNotification) => void>) {
    this.#channel = channel
    this.#clientId = clientId
    this.#listeners = listeners
  }

  /** Connects and registers. @throws IpcError */
  static async connect(options: CibClientOptions): Promise<CibClient> {
    const listeners = new Set<(change: CibNotification) => void>()
    const channel = await DaemonChannel.open({
      service: options.access === 'ro' ? 'cib_ro' : 'cib_rw',
      onEvent: (xml) => {
        const change = readNotification(xml)
        if (change !== undefined) for (const listener of [...listeners]) listener(change)
      },
      ...(options.onClose === undefined ? {} : { onClose: options.onClose }),
    })
    const answer = await channel.call(
      element('cib_command', {
        t: 'cib',
        cib_op: 'register',
        cib_clientname: options.name,
        cib_callopt: String(callOptions.syncCall),
      }),
    )
    const clientId = attr(answer, 'cib_clientid')
    if (clientId === undefined) throw new IpcError('IPC_PROTOCOL', 'registration with the CIB manager failed')
    return new CibClient(channel, clientId, listeners)
  }

  /** Carries out a call. @throws IpcError */
  async call(call: CibClientCall): Promise<CibReply> {
    const request = cibCommand({
      clientId: this.#clientId,
      callId: this.#callId,
      op: call.op,
      section: call.section,
      host: call.host,
      user: call.user,
      options: (call.options ?? 0) | callOptions.syncCall,
      data: call.data,
    })
    this.#callId += 1
    const reply = readCibMessage(await this.#channel.call(request, call.timeoutMs))
    if (reply === undefined) throw new IpcError('IPC_PROTOCOL', `answer to ${call.op} is none of the CIB manager`)
    return { rc: reply.rc, data: reply.data }
  }

  /** Asks for a section, or for what an XPath selects when `options` has that bit; the whole CIB when left out. */
  async query(section?: string, options = 0): Promise<CibReply> {
    return this.call({ op: 'cib_query', section, options: options | callOptions.scopeLocal })
  }

  /** Calls back at every change from now on. Answers a way to stop. @throws IpcError */
  async onChange(listener: (change: CibNotification) => void): Promise<() => Promise<void>> {
    if (this.#listeners.size === 0) await this.#subscribe(true)
    this.#listeners.add(listener)
    return async () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) await this.#subscribe(false)
    }
  }

  close(): void {
    this.#channel.close()
  }

  async #subscribe(isActive: boolean): Promise<void> {
    await this.#channel.call(
      element('cib-callback', {
        cib_op: 'cib_notify',
        cib_notify_type: 'cib_diff_notify',
        cib_notify_activate: isActive ? '1' : '0',
      }),
    )
  }
}

/** A CIB that follows the daemon's: whole at first, then patched at each notification, asked for again when that fails. */
export class CibFollower {
  readonly #client: CibClient
  #cib: XmlElement
  #refreshing: Promise<void> | undefined

  private constructor(client: CibClient, cib: XmlElement) {
    this.#client = client
    this.#cib = cib
  }

  get cib(): XmlElement {
    return this.#cib
  }

  /** Starts to follow; `changed` is told after each change. @throws IpcError, Error when the daemon refuses */
  static async start(client: CibClient, changed: (cib: XmlElement) => void): Promise<CibFollower> {
    let follower: CibFollower | undefined
    const early: CibNotification[] = []
    await client.onChange((change) => {
      if (follower === undefined) early.push(change)
      // A connection that goes away says so through `onClose`; a refusal is tried again at the next change.
      else follower.#take(change, changed).catch(() => undefined)
    })
    follower = new CibFollower(client, await wholeCib(client))
    for (const change of early) await follower.#take(change, changed)
    return follower
  }

  async #take(change: CibNotification, changed: (cib: XmlElement) => void): Promise<void> {
    if (change.rc !== 0) return
    if (this.#refreshing === undefined) {
      const patched = applyPatch(this.#cib, change.diff, { checksVersion: true })
      if (patched.ok) {
        const { generation } = change
        this.#cib = generation === undefined ? patched.value : { ...patched.value, attributes: generation.attributes }
        changed(this.#cib)
        return
      }
      // Older than what we have: it was part of the answer to our question already.
      if (patched.error === tooOld) return
      this.#refreshing = wholeCib(this.#client)
        .then((cib) => {
          this.#cib = cib
          changed(cib)
        })
        .finally(() => {
          this.#refreshing = undefined
        })
    }
    await this.#refreshing
  }
}

/** Code of a patch that leads to where the document is already, or further back. */
const tooOld = -205

async function wholeCib(client: CibClient): Promise<XmlElement> {
  const { rc, data } = await client.query()
  if (rc !== 0 || data === undefined) throw new Error(`the CIB manager does not give the CIB: ${rc}`)
  return data
}

function readNotification(xml: XmlElement): CibNotification | undefined {
  if (attr(xml, 'subt') !== 'cib_diff_notify') return undefined
  const diff = child(xml, 'cib_update_result')?.children.find((item) => !isComment(item))
  const op = attr(xml, 'cib_op')
  if (diff === undefined || op === undefined) return undefined
  const tuples = child(xml, 'cib_generation')
  const generation = tuples && child(tuples, 'generation_tuple')
  return { op, rc: Number(attr(xml, 'cib_rc') ?? '0'), diff, generation }
}
