import { constants } from 'node:os'
import { monoMs, unreachable } from '@quorate/base'
import { hostPath, type IpcCredentials, IpcError } from '@quorate/qb'
import { becomeRealtime } from '@quorate/qb/ffi'
import type { NodeAddress } from '../cfg/cfg-service.ts'
import { cmapI32, cmapU8, decodeCmapValue } from '../cmap/cmap-value.ts'
import type { CmapKey } from '../conf/cmap-keys.ts'
import { ConfigError } from '../conf/config-error.ts'
import { cutNodes, linkCutKey } from '../link-cut.ts'
import type { NodeEffect, NodeEvent, NodeTimer, RingNodeConfig } from '../node/node-event.ts'
import { RingNode } from '../node/ring-node.ts'
import type { LogLevel, ServiceName } from '../service.ts'
import type { RingTransport } from '../transport/ring-transport.ts'
import { exitCodes } from './exit-codes.ts'
import { FrameRefusals } from './frame-refusals.ts'
import { IpcFront } from './ipc-front.ts'
import { LogSink } from './log-sink.ts'
import { PidFile } from './pid-file.ts'
import { sayReady } from './ready-notice.ts'
import { RingIdFile } from './ring-id-file.ts'
import { loadSetup, otherSealing, reloadSetup, type Setup } from './setup.ts'
import { Timers } from './timers.ts'
import { ringTransport } from './transport-choice.ts'

/** What the daemon is started with. */
export type DaemonOptions = {
  /** Path of corosync.conf as the user gave it; undefined for the usual one. */
  readonly configFile: string | undefined
  /** Version for the first log line. */
  readonly version: string
}

/** Transports as the log names them. */
const transportNames = { knet: 'Kronosnet', udp: 'UDP/IP Multicast', udpu: 'UDP/IP Unicast' } as const
/** errno of a client that is not let in yet, and of one that may not come in. */
const notYet = -11
const notAllowed = -13
/** Largest value of a byte that switches something on in uidgid keys. */
const allowed = 1

/**
 * Runs corosync in this process until it is told to end.
 *
 * @returns the exit code
 */
export async function runCorosync(options: DaemonOptions): Promise<number> {
  let setup: Setup
  try {
    setup = await loadSetup(options.configFile)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`corosync: ${error.message}\n`)
    return exitCodes.config
  }
  return new Promise((resolve) => {
    new Daemon(setup, options.version, resolve).start()
  })
}

/** Reads and checks corosync.conf, and starts nothing. */
export async function testConfiguration(configFile: string | undefined): Promise<number> {
  try {
    await loadSetup(configFile)
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`corosync: ${error.message}\n`)
    return exitCodes.config
  }
}

/** The node with a world around it: sockets, clients, clocks, files, signals. One loop: event in, effects performed. */
class Daemon {
  #setup: Setup
  readonly #version: string
  readonly #ended: (exitCode: number) => void
  readonly #node: RingNode
  readonly #transport: RingTransport
  readonly #front: IpcFront
  readonly #timers: Timers<NodeTimer>
  readonly #ringId: RingIdFile
  readonly #pidFile: PidFile
  readonly #refusals: FrameRefusals
  readonly #queue: NodeEvent[] = []
  readonly #onSignal = (): void => this.#post({ kind: 'leave', reason: 'Node was shut down by a signal' })
  #log: LogSink | undefined
  #isStepping = false
  /** Value of {@link linkCutKey} that the transport follows. */
  #cut = ''
  /** Where the frame of the running step came from. */
  #source = ''

  constructor(setup: Setup, version: string, ended: (exitCode: number) => void) {
    const { configuration, self } = setup
    this.#setup = setup
    this.#version = version
    this.#ended = ended
    this.#ringId = new RingIdFile(setup.stateFolder, self.node)
    this.#pidFile = new PidFile(hostPath('/run/corosync.pid'))
    this.#timers = new Timers((timer) => this.#post({ kind: 'timer', timer }))
    this.#refusals = new FrameRefusals((text) => this.#say('warning', 'TOTEM', text))
    this.#transport = ringTransport(setup, {
      up: () => this.#interfaceUp(),
      frame: (bytes, source) => {
        this.#source = source
        this.#post({ kind: 'frame', bytes })
      },
      refused: (source, why) => this.#refusals.refused(source, why, performance.now()),
      trouble: (text) => this.#say('warning', 'TOTEM', text),
      log: (level, subsystem, text) => this.#say(level, subsystem, text),
    })
    this.#node = new RingNode(nodeConfig(setup, setup.keys), monoMs(performance.now()), this.#transport.links)
    this.#front = new IpcFront(configuration.ipcTransport, {
      accept: (credentials) => this.#accept(credentials),
      opened: (service, connection) => this.#post({ kind: 'opened', service, connection }),
      request: (service, connection, bytes) => {
        this.#post({ kind: 'request', service, connection, bytes })
        if (service === 'cmap') this.#followCut()
      },
      closed: (service, connection) => this.#post({ kind: 'closed', service, connection }),
      trouble: (text) => this.#say('debug', 'QB', text),
    })
  }

  start(): void {
    const { configuration, file } = this.#setup
    try {
      const logFile = configuration.log.file === undefined ? undefined : hostPath(configuration.log.file)
      this.#log = new LogSink(configuration.log, this.#setup.hostName, logFile)
    } catch (error) {
      process.stderr.write(`corosync: the log file cannot be opened: ${textOf(error)}\n`)
      return this.#ended(exitCodes.logging)
    }
    this.#say('notice', 'MAIN', `Corosync Cluster Engine (${this.#version}) starting up`)
    for (const { key, line } of configuration.unknown) {
      this.#say('warning', 'MAIN', `${file}:${line}: no setting '${key}' is known; it is kept in cmap only`)
    }
    this.#askForRealtime()
    if (!this.#openDoors()) return
    this.#pidFile.write()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, this.#onSignal)
    if (this.#setup.key?.warning !== undefined) this.#say('warning', 'TOTEM', this.#setup.key.warning)
    this.#say('notice', 'TOTEM', `Initializing transport (${transportNames[configuration.transport]}).`)
    this.#transport.open()
  }

  #askForRealtime(): void {
    if (!this.#setup.configuration.schedRr) return
    const refused = becomeRealtime()
    if (refused !== undefined) this.#say('warning', 'MAIN', refused)
  }

  #openDoors(): boolean {
    const services: ServiceName[] = ['cmap', 'cfg', 'cpg', 'quorum']
    if (this.#setup.votequorum !== undefined) services.push('votequorum')
    try {
      for (const service of services) {
        this.#front.listen(service)
        this.#say('info', 'QB', `server name: ${service}`)
      }
      return true
    } catch (error) {
      this.#front.close()
      const isTaken = error instanceof IpcError && error.errno === constants.errno.EADDRINUSE
      const text = isTaken
        ? 'Another Corosync instance is already running.'
        : `Clients cannot be served: ${textOf(error)}`
      this.#say('error', 'MAIN', text)
      this.#log?.flush()
      process.stderr.write(`corosync: ${text}\n`)
      this.#ended(isTaken ? exitCodes.alreadyRunning : exitCodes.ipc)
      return false
    }
  }

  #interfaceUp(): void {
    const { addresses, self, configuration } = this.#setup
    if (configuration.transport !== 'knet') {
      const own = addresses.find((item) => item.node === self.node)?.text ?? ''
      this.#say('notice', 'TOTEM', `The network interface [${own}] is now up.`)
    }
    if (configuration.transport === 'udpu') {
      for (const { text } of addresses) this.#say('notice', 'TOTEM', `adding new UDPU member {${text}}`)
    }
    let storedRingSeq: number
    try {
      storedRingSeq = this.#ringId.read()
    } catch (error) {
      return this.#finish(exitCodes.storeRingId, `The ring id cannot be read: ${textOf(error)}`)
    }
    this.#post({ kind: 'start', storedRingSeq })
  }

  /** Root and this daemon's own user always; others by `uidgid { uid: gid: }` or the keys of that name in cmap. */
  #accept({ uid, gid }: IpcCredentials): number {
    if (!this.#node.isReady) return notYet
    if (uid === 0 || gid === 0 || uid === process.geteuid?.()) return 0
    for (const key of [`uid.${uid}`, `gid.${gid}`]) {
      for (const prefix of ['uidgid.', 'uidgid.config.']) {
        const raw = this.#node.cmapValue(prefix + key)
        if (raw !== undefined && decodeCmapValue(raw).value === allowed) return 0
      }
    }
    return notAllowed
  }

  /** Cuts or mends the links of this node as cmap asks. */
  #followCut(): void {
    const raw = this.#node.cmapValue(linkCutKey)
    const text = raw === undefined ? '' : String(decodeCmapValue(raw).value)
    if (text === this.#cut) return
    this.#cut = text
    const nodes = cutNodes(text)
    this.#transport.cut(nodes)
    this.#say(
      'warning',
      'TOTEM',
      nodes.size === 0 ? 'No link is cut.' : `Links cut by ${linkCutKey}: ${[...nodes].join(' ')}`,
    )
  }

  /** Takes the event in; a step is never re-entered, and all its effects are performed before the next. */
  #post(event: NodeEvent): void {
    this.#queue.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const effect of this.#node.step(next, monoMs(performance.now()))) this.#perform(effect)
      }
    } finally {
      this.#isStepping = false
    }
  }

  #perform(effect: NodeEffect): void {
    switch (effect.do) {
      case 'send':
        return this.#transport.send(effect.to, effect.bytes)
      case 'send-all':
        return this.#transport.sendAll(effect.bytes)
      case 'arm':
        return this.#timers.arm(effect.timer, effect.afterMs)
      case 'disarm':
        return this.#timers.disarm(effect.timer)
      case 'respond':
        return this.#front.respond(effect.connection, effect.bytes)
      case 'event':
        return this.#front.event(effect.connection, effect.bytes)
      case 'persist':
        return this.#persist(effect.ringSeq)
      case 'refuse':
        return this.#refusals.refused(this.#source, effect.error.message, performance.now())
      case 'drain':
        return this.#transport.drain()
      case 'ready':
        return sayReady((text) => this.#say('warning', 'MAIN', text))
      case 'flow':
        return this.#front.hold(effect.isHeld)
      case 'log':
        return this.#say(effect.level, effect.subsystem, effect.text)
      case 'reload':
        return void this.#reload(effect.isOwn)
      case 'reopen-logs':
        return this.#reopenLogs()
      case 'key':
        return this.#transport.changeKey(effect.step)
      case 'stop':
        return this.#finish(effect.exitCode, effect.reason)
      default:
        return unreachable(effect)
    }
  }

  /** A ring whose number is not on disk must not be used: another one could get the same name later. */
  #persist(ringSeq: number): void {
    try {
      this.#ringId.write(ringSeq)
    } catch (error) {
      this.#say('crit', 'TOTEM', `The ring id cannot be stored: ${textOf(error)}`)
      this.#log?.flush()
      this.#pidFile.remove()
      process.exit(exitCodes.storeRingId)
    }
  }

  /** First of all, since a C node seals with a new key as soon as it has read it. */
  #loadKey(): void {
    const sealing = otherSealing(this.#setup)
    if (sealing === undefined) return
    const { method, key } = sealing
    this.#setup = { ...this.#setup, key }
    if (key.warning !== undefined) this.#say('warning', 'TOTEM', key.warning)
    this.#transport.loadKey(method, key.bytes)
    this.#post({ kind: 'key-loaded' })
  }

  /** Takes new settings over: the nodelist, votes, times, and all of them into cmap. */
  async #reload(isOwn: boolean): Promise<void> {
    this.#say('notice', 'CFG', 'Config reload requested by node')
    this.#post({ kind: 'publish', key: 'config.reload_in_progress', value: cmapU8(1) })
    let status = 1
    try {
      this.#loadKey()
      this.#takeOver(await reloadSetup(this.#setup))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      this.#say('error', 'CFG', `Config reload failed: ${error.message}`)
      status = reloadFailed
    }
    this.#post({ kind: 'publish', key: 'config.reload_status', value: cmapI32(status) })
    this.#post({ kind: 'publish', key: 'config.reload_in_progress', value: cmapU8(0) })
    if (isOwn) this.#post({ kind: 'reloaded', isTaken: status === 1 })
  }

  #takeOver(fresh: Setup): void {
    const { configuration, addresses } = this.#setup
    const kept = new Set(fresh.configuration.entries.map((entry) => entry.key))
    for (const { key } of configuration.entries) {
      if (!kept.has(key)) this.#post({ kind: 'publish', key, value: undefined })
    }
    const differs = (of: readonly NodeAddress[], from: readonly NodeAddress[]): readonly NodeAddress[] =>
      of.filter(
        ({ node, link, text }) =>
          !from.some((other) => other.node === node && other.link === link && other.text === text),
      )
    if (configuration.transport !== 'udp') {
      const member = configuration.transport === 'knet' ? 'member' : 'UDPU member'
      for (const { text } of differs(addresses, fresh.addresses))
        this.#say('notice', 'TOTEM', `removing ${member} {${text}}`)
      for (const { text } of differs(fresh.addresses, addresses))
        this.#say('notice', 'TOTEM', `adding new ${member} {${text}}`)
    }
    this.#setup = fresh
    this.#transport.setMembers(fresh.addresses)
    this.#post({
      kind: 'reconfigure',
      config: nodeConfig(
        fresh,
        fresh.keys.filter(([key]) => isOfFile(key)),
      ),
    })
  }

  #reopenLogs(): void {
    try {
      this.#log?.reopen()
    } catch (error) {
      this.#say('error', 'MAIN', `The log file cannot be opened anew: ${textOf(error)}`)
    }
  }

  #finish(exitCode: number, reason: string): void {
    this.#say(exitCode === 0 ? 'notice' : 'error', 'MAIN', reason)
    this.#say('notice', 'SERV', 'Unloading all Corosync service engines.')
    this.#timers.close()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.off(signal, this.#onSignal)
    // What was sent just now has left when the event loop has come round once.
    setImmediate(() => {
      this.#front.close()
      this.#transport.close()
      this.#pidFile.remove()
      const end = exitCode === 0 ? 'normally' : `with status ${exitCode}`
      this.#say(exitCode === 0 ? 'notice' : 'error', 'MAIN', `Corosync Cluster Engine exiting ${end}`)
      this.#log?.flush()
      this.#ended(exitCode)
    })
  }

  #say(level: LogLevel, subsystem: string, text: string): void {
    this.#log?.write(level, subsystem, text)
  }
}

/** `config.reload_status` after a reload that failed (CS_ERR_INVALID_PARAM). */
const reloadFailed = 7

function nodeConfig(setup: Setup, keys: readonly CmapKey[]): RingNodeConfig {
  const { totem, addresses, votequorum } = setup
  const { tokenWarningPercent } = setup.configuration
  return { totem, addresses, votequorum, tokenWarningPercent, keys }
}

/** Keys of the map that say what corosync.conf says; the others are of the daemon's life. */
function isOfFile(key: string): boolean {
  return !/^(internal_configuration|runtime\.(services|blackbox|force_gather))/.test(key)
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
