import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { unreachable } from '@quorate/base'
import { readKeyFile } from '../client/key-file.ts'
import { nodeDigest } from '../client/node-digest.ts'
import type { BackendConf, DaemonConf, ListenerConf } from '../daemon-conf.ts'
import { type Backend, drainMsMax } from './backend.ts'
import { type DoneOperation, FenceDesk } from './fence-desk.ts'
import type { Journal } from './journal.ts'
import { LibvirtBackend } from './libvirt-backend.ts'
import { type Listener, type ListenerHost, secured } from './listener.ts'
import { MulticastListener } from './multicast-listener.ts'
import { NullBackend } from './null-backend.ts'
import { rehearse } from './rehearsal.ts'
import { SerialListener } from './serial-listener.ts'
import { TcpListener } from './tcp-listener.ts'

/** Between two attempts to start with `wait_for_init`. */
export const initRetryMs = 5_000

/** What `fence_virtd --status` shows. */
export type DaemonStatus = {
  readonly pid: number
  readonly startedAt: string
  readonly listener: { readonly kind: string; readonly state: Readonly<Record<string, string>> }
  readonly backend: { readonly kind: string; readonly state: Readonly<Record<string, string>> }
  readonly answered: number
  readonly lastOperations: readonly DoneOperation[]
}

/** A listener and a backend that failed to start. `part` tells which. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly part: 'listener' | 'backend'

  constructor(part: 'listener' | 'backend', kind: string, cause: unknown) {
    super(`${part} ${kind}: ${cause instanceof Error ? cause.message : cause}`, { cause })
    this.part = part
  }
}

/** One running fence_virtd: a listener in front of a backend. */
export class FenceDaemon {
  readonly #conf: DaemonConf
  readonly #journal: Journal
  readonly #backend: Backend
  readonly #desk: FenceDesk
  readonly #startedAt = new Date().toISOString()
  readonly #stopping = new AbortController()
  #listener: Listener | undefined
  #isRehearsed = false

  private constructor(conf: DaemonConf, journal: Journal, backend: Backend) {
    this.#conf = conf
    this.#journal = journal
    this.#backend = backend
    this.#desk = new FenceDesk(backend, conf.groups, journal)
  }

  /** Makes the daemon; code of backends and listeners is loaded only where it is used. */
  static async create(conf: DaemonConf, journal: Journal): Promise<FenceDaemon> {
    return new FenceDaemon(conf, journal, await makeBackend(conf.backend, journal))
  }

  /**
   * Starts the backend, then the listener; with `wait_for_init` again and again until both stand. Rejects where they
   * cannot be had, and when it is told to stop before they are.
   */
  async start(): Promise<void> {
    await this.#insist('backend', this.#backend.kind, () => this.#backend.start())
    const host = { desk: this.#desk, journal: this.#journal, rateLimit: this.#conf.rateLimit }
    await this.#insist('listener', this.#conf.listener.kind, async () => {
      const listener = await makeListener(this.#conf.listener, host)
      if (listener.security !== undefined && !this.#isRehearsed) await rehearse(listener.security, this.#backend)
      this.#isRehearsed = true
      try {
        await listener.start()
        this.#stopping.signal.throwIfAborted()
      } catch (error) {
        await listener.stop()
        throw error
      }
      this.#listener = listener
    })
  }

  /** Takes no more requests, sees those through that are being carried out, and ends. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#listener?.quiesce()
    await this.#desk.settled(drainMsMax)
    await this.#backend.stop()
    // What the backend gave up is answered as well.
    await nextTurn()
    await this.#listener?.stop()
  }

  status(): DaemonStatus {
    return {
      pid: process.pid,
      startedAt: this.#startedAt,
      listener: { kind: this.#conf.listener.kind, state: this.#listener?.describe() ?? {} },
      backend: { kind: this.#backend.kind, state: this.#backend.describe() },
      answered: this.#desk.answered,
      lastOperations: this.#desk.lastOperations,
    }
  }

  async #insist(part: 'listener' | 'backend', kind: string, attempt: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      signal.throwIfAborted()
      try {
        return await attempt()
      } catch (error) {
        const fault = new StartError(part, kind, error)
        if (!this.#conf.waitsForInit || signal.aborted) throw fault
        this.#journal.error(`${fault.message}; trying again in ${initRetryMs / 1000} s`)
        await wait(initRetryMs, undefined, { signal })
      }
    }
  }
}

async function makeBackend(conf: BackendConf, journal: Journal): Promise<Backend> {
  switch (conf.kind) {
    case 'libvirt':
      return new LibvirtBackend(conf.uris, journal)
    case 'null':
      return new NullBackend(conf.message, journal)
    case 'cpg': {
      const [{ connectRing }, { CpgBackend }] = await Promise.all([
        import('@quorate/corosync/client'),
        import('./cpg-backend.ts'),
      ])
      return new CpgBackend(conf, connectRing(), journal)
    }
    case 'pacemaker': {
      const { PacemakerBackend } = await import('./pacemaker-backend.ts')
      return new PacemakerBackend(journal)
    }
    case 'libvirt-qmf': {
      const { QmfBackend } = await import('./qmf-backend.ts')
      return new QmfBackend(conf, journal)
    }
    default:
      return unreachable(conf)
  }
}

async function makeListener(conf: ListenerConf, host: ListenerHost): Promise<Listener> {
  if (conf.kind === 'serial') return new SerialListener(conf, host)
  const { hash, auth } = conf
  const key = readKey(conf.keyFile, hash !== 'none' || auth !== 'none')
  const secure = secured(host, { key, hash, auth, digest: nodeDigest })
  switch (conf.kind) {
    case 'multicast':
      return new MulticastListener(conf, secure)
    case 'tcp':
      return new TcpListener(conf, secure)
    case 'vsock': {
      const { VsockListener } = await import('./vsock-listener.ts')
      return new VsockListener(conf.port, secure)
    }
    default:
      return unreachable(conf)
  }
}

function readKey(file: string, isNeeded: boolean): Uint8Array {
  try {
    const key = readKeyFile(file)
    if (key.byteLength === 0 && isNeeded) throw new Error(`key file ${file} is empty`)
    return key
  } catch (error) {
    if (!isNeeded) return new Uint8Array(0)
    throw error
  }
}
