import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { isIP } from 'node:net'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodeOf, faultText, featureSet } from '@quorate/cib'
import { connectRing, type Ring } from '@quorate/corosync/client'
import { hostPath } from '@quorate/qb'
import { AttributeService } from '../attributes/attribute-service.ts'
import { hostBzip2 } from '../client/bzip2.ts'
import { daemonIds } from '../client/daemon-user.ts'
import { type Agents, ControllerShell } from '../controller/controller-shell.ts'
import type { ControllerConfig } from '../controller/state.ts'
import { FencerService } from '../fencer/fencer-service.ts'
import type { DaemonDoor, DaemonState } from '../ipc/doors.ts'
import { connectCluster } from '../messages/cluster-connection.ts'
import type { PeerMessenger } from '../messages/peer-messenger.ts'
import { agentHost } from './agent-folders.ts'
import { AgentLibrary } from './agent-metadata.ts'
import { startAgent } from './agent-process.ts'
import { AlertService } from './alert-service.ts'
import { openCibManager } from './cib-files.ts'
import { DaemonLog, logTarget } from './daemon-log.ts'
import { fenceAgentsIn } from './fence-agent.ts'
import { LocalServers } from './local-servers.ts'
import { processHost } from './process-host.ts'
import { SchedulerThread, scheduleResult } from './scheduler-thread.ts'

/** Exit codes of the daemon (behaviour/pacemaker-daemons.md 7). */
export const daemonExit = { ok: 0, error: 1, unavailable: 69, fatal: 100, disconnected: 102 } as const

/** How to run the daemon. */
export type PacemakerdOptions = {
  /** Written to `dc-version`: whose software leads the cluster. */
  readonly dcVersion: string
  /** This node starts on standby (`pacemakerd --standby`). */
  readonly startsOnStandby: boolean
}

/** How long a ring that is not there yet is waited for: it may still be starting. */
export const ringWaitMs = 120_000
const ringRetryMs = 250
const usualLog = '/var/log/pacemaker/pacemaker.log'
const folders = [
  ...['', '/cores', '/cib', '/pengine'].map((part) => `/var/lib/pacemaker${part}`),
  '/run/resource-agents',
]

/**
 * pacemakerd: everything of Pacemaker on this node, in one process; the scheduler in a thread, agents as child
 * processes. Meets the ring as a client only, ours or the real one. SIGTERM and SIGINT let the cluster move resources
 * away first; a second one does not wait. Answers the exit code.
 */
export async function runPacemakerd(options: PacemakerdOptions): Promise<number> {
  const log = new DaemonLog(logTarget(process.env, usualLog, hostPath))
  const daemon = new Pacemakerd(options, log)
  const stop = (): void => daemon.quit()
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  try {
    return await daemon.run()
  } finally {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
    log.close()
  }
}

class Pacemakerd implements DaemonDoor {
  readonly #options: PacemakerdOptions
  readonly #log: DaemonLog
  readonly #ring: Ring = connectRing()
  #state: DaemonState = 'init'
  #isStopping = false
  readonly #servers: LocalServers
  #controller: ControllerShell | undefined

  constructor(options: PacemakerdOptions, log: DaemonLog) {
    this.#options = options
    this.#log = log
    this.#servers = new LocalServers((line) => log.write('pacemakerd', 'warning', line))
  }

  get state(): DaemonState {
    return this.#state
  }

  quit(): void {
    this.#log.write('pacemakerd', 'notice', 'Shutting down Pacemaker')
    this.#isStopping = true
    this.#state = 'shutting_down'
    this.#controller?.shutdown()
  }

  async run(): Promise<number> {
    this.#log.write('pacemakerd', 'notice', `Starting Pacemaker ${this.#options.dcVersion} on ${os.hostname()}`)
    for (const folder of folders) fs.mkdirSync(hostPath(folder), { recursive: true, mode: 0o750 })
    try {
      this.#servers.servePacemakerd(this)
    } catch (error) {
      return this.#fail(daemonExit.fatal, `another pacemakerd runs here: ${reasonOf(error)}`)
    }
    try {
      const messenger = await this.#connect()
      if (messenger === undefined) return this.#isStopping ? daemonExit.ok : daemonExit.unavailable
      this.#state = 'starting_daemons'
      return await this.#serve(messenger)
    } finally {
      await this.#servers.close()
    }
  }

  /** Tries until the ring answers, has taken too long, or this daemon is told to stop. */
  async #connect(): Promise<PeerMessenger | undefined> {
    const until = performance.now() + ringWaitMs
    let isTold = false
    while (!this.#isStopping) {
      try {
        return await connectCluster({
          ring: this.#ring,
          bzip2: hostBzip2,
          log: (line) => this.#log.write('pacemakerd', 'warning', line),
          host: processHost,
          hostName: os.hostname(),
          isAddress: (text) => isIP(text) !== 0,
        })
      } catch (error) {
        const reason = reasonOf(error)
        if (!isTold) this.#log.write('pacemakerd', 'warning', `Waiting for corosync: ${reason}`)
        isTold = true
        if (performance.now() > until) {
          this.#fail(daemonExit.unavailable, `no corosync within ${ringWaitMs / 1000} s: ${reason}`)
          return undefined
        }
      }
      await sleep(ringRetryMs)
    }
    return undefined
  }

  async #serve(messenger: PeerMessenger): Promise<number> {
    const cib = await openCibManager({ messenger, log: this.#log.of('pacemaker-based') })
    if (cib.status !== 0) return this.#refuse(cib, [cib, messenger])
    const scheduler = new SchedulerThread(hostPath('/var/lib/pacemaker/pengine'))
    const runAs = process.geteuid?.() === 0 ? daemonIds() : undefined
    const alerts = new AlertService({ cib, runAs, log: this.#log.of('pacemaker-execd') })
    const alert = alerts.send.bind(alerts)
    const attributes = await AttributeService.open({
      messenger,
      cib,
      host: processHost,
      alert,
      log: this.#log.of('pacemaker-attrd'),
    })
    const fencer = await FencerService.open({
      messenger,
      cib,
      host: processHost,
      agents: fenceAgentsIn(),
      log: this.#log.of('pacemaker-fenced'),
    })
    const servers = this.#servers
    let end: (exitCode: number) => void = () => undefined
    const ended = new Promise<number>((resolve) => {
      end = resolve
    })
    const controller = new ControllerShell({
      host: processHost,
      config: await this.#config(messenger),
      messenger,
      cib,
      attributes,
      agents: agentsHere(),
      fencer,
      rehearse: (document) => void scheduler.rehearse(document, Math.trunc(Date.now() / 1000)),
      schedule: async (document) => {
        const answer = await scheduler.run(document, Math.trunc(Date.now() / 1000))
        for (const { level, text } of answer.lines) this.#log.write('pacemaker-schedulerd', level, text)
        return scheduleResult(answer)
      },
      alert,
      log: this.#log.of('pacemaker-controld'),
      sendToClient: (clientId, message) => servers.sendToClient(clientId, message),
      ended: end,
    })
    this.#controller = controller
    servers.serveCib(cib, messenger.localName)
    servers.serveAttributes(attributes)
    servers.serveFencer(fencer)
    servers.serveController(controller, messenger)
    await controller.start()
    this.#state = 'running'
    if (this.#isStopping) controller.shutdown()
    const exitCode = await ended
    await fencer.close()
    await attributes.close()
    await alerts.close()
    await cib.close()
    await messenger.close()
    await scheduler.close()
    if (exitCode === daemonExit.fatal) await this.#stopRing()
    this.#state = 'shutdown_complete'
    this.#log.write('pacemakerd', 'notice', `Shutdown complete (exit code ${exitCode})`)
    return exitCode
  }

  /** A node that must not take part again by itself does not stay in the ring either. */
  async #stopRing(): Promise<void> {
    this.#log.write('pacemakerd', 'notice', 'Asking corosync to stop: nothing is started here again by itself')
    try {
      const cfg = await this.#ring.cfg({ testShutdown: async () => true, onClose: () => undefined })
      await cfg.tryShutdown('immediate')
      cfg.close()
    } catch (error) {
      this.#log.write('pacemakerd', 'warning', `corosync was not asked: ${reasonOf(error)}`)
    }
  }

  async #config(messenger: PeerMessenger): Promise<ControllerConfig> {
    return {
      uname: messenger.localName,
      uuid: String(messenger.localNodeId),
      featureSet,
      dcVersion: this.#options.dcVersion,
      clusterName: await messenger.config('totem.cluster_name'),
      configuredNodes: messenger.configuredNodes().map((node) => ({ uuid: String(node.nodeId), uname: node.name })),
      transitionUuid: randomUUID(),
      processors: os.availableParallelism(),
      startState: this.#startState(),
    }
  }

  #startState(): 'standby' | 'online' | undefined {
    const wanted = process.env['PCMK_node_start_state']
    if (this.#options.startsOnStandby || wanted === 'standby') return 'standby'
    return wanted === 'online' ? 'online' : undefined
  }

  /** The CIB on disk cannot be used: nothing is started on it, and nothing is overwritten. */
  async #refuse(
    { status, faults }: { status: number; faults: readonly string[] },
    open: readonly { close(): Promise<void> }[],
  ): Promise<number> {
    for (const part of open) await part.close()
    for (const fault of faults) process.stderr.write(`pacemakerd: ${fault}\n`)
    const folder = hostPath('/var/lib/pacemaker/cib')
    return this.#fail(exitCodeOf(status), `the CIB below ${folder} cannot be used: ${faultText(status)}`)
  }

  /** Says, to the log and to whoever started this, why nothing runs. */
  #fail(exitCode: number, text: string): number {
    this.#log.write('pacemakerd', 'crit', text)
    process.stderr.write(`pacemakerd: ${text}\n`)
    return exitCode
  }
}

function agentsHere(): Agents {
  const host = agentHost()
  const library = new AgentLibrary(host)
  return {
    start: (run, ended) => startAgent(run, host, ended),
    learn: (resource) => library.learn(resource),
    load: () => os.loadavg()[0] ?? 0,
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
