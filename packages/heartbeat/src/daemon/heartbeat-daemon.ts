import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DecodeError, type MonoMs, monoMs, Prng } from '@quorate/base'
import { hostPath, LogFile, logTime, notifyService } from '@quorate/qb'
import { ClientDesk, type DeskEffect, type Peer } from '../api/client-desk.ts'
import { clientText, readClientText } from '../api/client-frame.ts'
import type { ApiAuth, HaCf } from '../conf/ha-cf.ts'
import type { MessagingEffect, MessagingEvent } from '../messaging/event.ts'
import type { Messaging } from '../messaging/member.ts'
import { createMessaging, deadlineOf, step } from '../messaging/step.ts'
import { accountOf, groupOf } from './accounts.ts'
import { Children } from './children.ts'
import { ClientSocket } from './client-socket.ts'
import { Links } from './links.ts'
import { cachedHosts, cacheHosts, nextGeneration, ownUuid } from './node-identity.ts'
import { ConfigurationError, readAuthentication, readHaCf } from './setup.ts'

/** Where programs of the node meet the daemon. */
export const registerSocket = '/run/heartbeat/register'
/** File with the daemon's process number. */
export const pidFile = '/run/heartbeat.pid'
/** What the daemon says that it is. */
export const heartbeatVersion = '3.0.6 (Quorate)'

/** Exit codes: as usual for daemons, and 6 for a configuration that cannot be used, as LSB has it. */
export const exitCodes = { ok: 0, failed: 1, configuration: 6 } as const

const randomSeedBytes = 8
const msPerSecond = 1000

/** What the command line adds to ha.cf. */
export type HeartbeatOptions = {
  /** Raised by each -d. */
  readonly debugLevel: number
}

/** Runs the daemon in this process until it is told to stop. Answers the exit code. */
export async function runHeartbeat(options: HeartbeatOptions): Promise<number> {
  let daemon: HeartbeatDaemon
  try {
    daemon = new HeartbeatDaemon(options)
  } catch (error) {
    process.stderr.write(`heartbeat: ${error instanceof Error ? error.message : String(error)}\n`)
    return error instanceof ConfigurationError ? exitCodes.configuration : exitCodes.failed
  }
  return daemon.run()
}

class HeartbeatDaemon {
  readonly #conf: HaCf
  readonly #log: LogFile | undefined
  readonly #node: Messaging
  readonly #desk: ClientDesk
  readonly #children: Children
  #links: Links | undefined
  #socket: ClientSocket | undefined
  #timer: NodeJS.Timeout | undefined
  #debugLevel: number
  readonly #queue: MessagingEvent[] = []
  #isStepping = false
  #finish: ((code: number) => void) | undefined
  #isEnding = false

  constructor({ debugLevel }: HeartbeatOptions) {
    const self = os.hostname()
    const conf = readHaCf(self)
    const authentication = readAuthentication()
    this.#conf = conf
    this.#debugLevel = Math.max(debugLevel, conf.debugLevel)
    this.#log = conf.logFile === undefined ? undefined : new LogFile(hostPath(conf.logFile))
    for (const remark of conf.remarks) this.#tell('warning', `ha.cf: ${remark}`)
    const seed = randomBytes(randomSeedBytes).readBigUInt64LE()
    const nowSeconds = Math.floor(Date.now() / msPerSecond)
    const config = {
      self,
      uuid: ownUuid(conf.uuidFrom, self),
      generation: nextGeneration(conf.generationFrom, nowSeconds),
      nodes: conf.nodes,
      hosts: cachedHosts(),
      autojoin: conf.autojoin,
      // Links of one name are one link, as with the C daemon, whose clients ask by name.
      links: [...new Set(conf.links.map(({ device }) => device))],
      keepaliveMs: conf.keepaliveMs,
      deadtimeMs: conf.deadtimeMs,
      warntimeMs: conf.warntimeMs,
      initdeadMs: conf.initdeadMs,
      hopFudge: conf.hopFudge,
      rexmitDelayMsMax: conf.rexmitDelayMsMax,
      format: conf.messageFormat === 'classic' ? ('netstring-with-auth' as const) : ('netstring' as const),
      authentication,
      epochSeconds: Date.now() / msPerSecond - performance.now() / msPerSecond,
      chance: new Prng(seed),
    }
    this.#node = createMessaging(config, now())
    this.#desk = new ClientDesk(
      {
        self,
        keepaliveMs: conf.keepaliveMs,
        deadtimeMs: conf.deadtimeMs,
        version: heartbeatVersion,
        pacemaker: conf.parameters.get('pacemaker') ?? conf.parameters.get('crm') ?? 'false',
        parameters: new Map([...conf.parameters, ['hbversion', heartbeatVersion]]),
        links: config.links,
        nodes: () => this.#node.nodes,
        find: (name) => this.#node.find(name),
      },
      admission(conf.apiAuth),
    )
    this.#children = new Children(
      conf.children,
      { ...process.env, ...Object.fromEntries(conf.environment), HA_cluster_type: 'heartbeat' },
      (level, text) => this.#tell(level, text),
      (text) => this.#fail(text),
    )
  }

  async run(): Promise<number> {
    const { generation } = this.#node.config
    this.#tell('info', `Configuration validated. Starting heartbeat ${heartbeatVersion}`)
    this.#tell('info', `Heartbeat generation: ${generation}`)
    try {
      this.#links = new Links(this.#conf.links, {
        onDatagram: (device, bytes) =>
          this.#post({ kind: 'datagram', link: this.#node.config.links.indexOf(device), bytes }),
        onTrouble: (text) => this.#tell('error', text),
      })
      this.#socket = new ClientSocket(hostPath(registerSocket), {
        onConnect: (client, peer) => this.#desk.onConnect(client, peer),
        onBody: (client, body) => this.#onBody(client, body),
        onGone: (client) => this.#perform(this.#desk.onGone(client)),
        onTrouble: (text) => this.#tell('warning', text),
      })
      const file = hostPath(pidFile)
      fs.mkdirSync(path.dirname(file), { recursive: true })
      fs.writeFileSync(file, `${process.pid}\n`)
    } catch (error) {
      this.#tell('error', error instanceof Error ? error.message : String(error))
      process.stderr.write(`heartbeat: ${error instanceof Error ? error.message : String(error)}\n`)
      this.#close()
      return exitCodes.failed
    }
    const ended = new Promise<number>((resolve) => {
      this.#finish = resolve
    })
    this.#heedSignals()
    this.#post({ kind: 'load', text: loadLine() })
    this.#post({ kind: 'start' })
    const why = notifyService('READY=1')
    if (why !== undefined) this.#tell('warning', `systemd: ${why}`)
    const code = await ended
    this.#close()
    return code
  }

  #heedSignals(): void {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, () => void this.#leave())
    process.on('SIGHUP', () => this.#reload())
    process.on('SIGUSR1', () => this.#setDebug(this.#debugLevel + 1))
    process.on('SIGUSR2', () => this.#setDebug(Math.max(0, this.#debugLevel - 1)))
  }

  #setDebug(level: number): void {
    this.#debugLevel = level
    this.#tell('info', `debug level is now ${level}`)
  }

  /** Keys are read anew; a ha.cf that is another than before takes effect at the next start. */
  #reload(): void {
    try {
      const authentication = readAuthentication()
      this.#post({ kind: 'keys', authentication })
      const conf = readHaCf()
      this.#tell('info', 'authkeys is read anew')
      if (JSON.stringify([...conf.parameters]) !== JSON.stringify([...this.#conf.parameters])) {
        this.#tell('warning', 'ha.cf has changed: the changes take effect at the next start')
      }
      this.#log?.reopen()
    } catch (error) {
      this.#tell('error', `nothing is read anew: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  async #leave(): Promise<void> {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#tell('info', 'Heartbeat shutdown in progress.')
    this.#post({ kind: 'leave' })
    await this.#children.stop()
    this.#tell('info', 'Heartbeat shutdown complete.')
    this.#finish?.(exitCodes.ok)
  }

  #fail(text: string): void {
    this.#tell('error', `${text}: this node's service ends`)
    this.#isEnding = true
    void this.#children.stop().then(() => this.#finish?.(exitCodes.failed))
  }

  #close(): void {
    clearTimeout(this.#timer)
    this.#socket?.close()
    this.#links?.close()
    fs.rmSync(hostPath(pidFile), { force: true })
    this.#log?.close()
  }

  /** Events are handled one after the other, whoever posts them. */
  #post(event: MessagingEvent): void {
    this.#queue.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const effect of step(this.#node, next, now())) this.#do(effect)
      }
    } finally {
      this.#isStepping = false
    }
    this.#arm()
  }

  #arm(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => {
        this.#post({ kind: 'load', text: loadLine() })
        this.#post({ kind: 'time' })
      },
      Math.max(1, Math.ceil(deadlineOf(this.#node) - now())),
    )
  }

  #do(effect: MessagingEffect): void {
    switch (effect.do) {
      case 'send':
        return this.#links?.send(effect.bytes)
      case 'deliver':
        return this.#perform(this.#desk.onDeliver(effect.message))
      case 'node-status':
        return this.#perform(this.#desk.onNodeStatus(effect.name, effect.status, Math.floor(Date.now() / msPerSecond)))
      case 'link-status':
        return this.#perform(this.#desk.onLinkStatus(effect.name, effect.link, effect.status))
      case 'remember-hosts':
        return this.#rememberHosts()
      case 'active':
        if (!this.#isEnding) this.#children.start()
        return
      case 'log':
        return this.#tell(effect.level, effect.text)
      default:
        effect satisfies never
    }
  }

  #rememberHosts(): void {
    if (this.#conf.autojoin === 'none') return
    const hosts = this.#node.nodes.flatMap(({ name, uuid, weight, site }) =>
      uuid === undefined ? [] : [{ name, uuid, weight, site }],
    )
    try {
      cacheHosts(hosts)
    } catch (error) {
      this.#tell('error', `hostcache cannot be written: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #onBody(client: number, body: Uint8Array): void {
    try {
      this.#perform(this.#desk.onMessage(client, readClientText(body)))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#tell('warning', `a client is let go: ${error.message}`)
      this.#perform(this.#desk.onGone(client))
      this.#socket?.drop(client)
    }
  }

  #perform(effects: readonly DeskEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case 'reply':
          this.#socket?.send(effect.client, clientText(effect.message))
          break
        case 'broadcast':
          this.#post({ kind: 'message', message: effect.message })
          break
        case 'signal':
          signalProcess(effect.pid, effect.signal)
          break
        case 'close':
          this.#socket?.drop(effect.client)
          break
        case 'log':
          this.#tell(effect.level, effect.text)
          break
        default:
          effect satisfies never
      }
    }
  }

  #tell(level: 'info' | 'warning' | 'error' | 'debug', text: string): void {
    if (level === 'debug' && this.#debugLevel === 0) return
    const shown = { info: 'info', warning: 'WARN', error: 'ERROR', debug: 'debug' }[level]
    const line = `${logTime(new Date(), false)} ${os.hostname()} heartbeat: [${process.pid}]: ${shown}: ${text}`
    if (this.#log !== undefined) this.#log.append(line)
    else process.stderr.write(`${line}\n`)
  }
}

function now(): MonoMs {
  return monoMs(performance.now())
}

function loadLine(): string {
  try {
    return fs.readFileSync('/proc/loadavg', 'latin1').trim()
  } catch {
    return os
      .loadavg()
      .map((value) => value.toFixed(2))
      .join(' ')
  }
}

function signalProcess(pid: number, signal: number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has gone meanwhile, which its socket tells.
  }
}

/** Users root and hacluster, and the group haclient, may be casual clients where no line says who may. */
const casualDefault: ApiAuth = { users: ['root', 'hacluster'], groups: ['haclient'] }

function admission(table: ReadonlyMap<string, ApiAuth>) {
  return (name: string | undefined, { uid, gid }: Peer): boolean => {
    const rule =
      name === undefined ? (table.get('default') ?? casualDefault) : (table.get(name) ?? table.get('default'))
    if (rule === undefined) return false
    return (
      rule.users.some((user) => accountOf(user)?.uid === uid) || rule.groups.some((group) => groupOf(group) === gid)
    )
  }
}
