import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import v8 from 'node:v8'
import {
  type ConfFault,
  type DaemonConf,
  defaultKeyFile,
  describeFault,
  dumpConf,
  parseConf,
  readDaemonConf,
} from '@quorate/fence-virt'
import {
  FenceDaemon,
  type Journal,
  livingOwner,
  makePrivate,
  openStatusDoor,
  releasePidFile,
  StartError,
  StreamJournal,
  statusSocketOf,
  takePidFile,
} from '@quorate/fence-virt/daemon'
import { hostPath, notifyService } from '@quorate/qb'
import type { DaemonCall } from './options.ts'

/** Exit codes of the daemon: 255 for a configuration that cannot be, 1 for parts that cannot be had. */
const exitConfiguration = 255
const exitFailed = 1
/** Debugging from which on its level, and the configuration as it was read, are shown. */
const announcedFrom = 3
const dumpedFrom = 4

/**
 * How much of its bytecode a function has run when V8 looks whether to compile it for speed: a tenth of what V8 takes by
 * itself, and far below what the short-lived tools are started with. What a daemon rehearses is compiled within that.
 */
const interruptBudget = 10_000

/** Runs the daemon in this process until a signal ends it. */
export async function runDaemon(call: DaemonCall): Promise<number> {
  v8.setFlagsFromString(`--interrupt-budget=${interruptBudget}`)
  if (call.isForeground) tell('Background mode disabled')
  const conf = readConfiguration(call)
  if (typeof conf === 'number') return conf
  const owner = livingOwner(call.pidFile)
  if (owner !== undefined) {
    process.stderr.write(`fence_virtd: process ${owner} of ${call.pidFile} is already running\n`)
    return exitFailed
  }
  const secrecy = makeFilesPrivate(call, conf)
  if (secrecy !== 0) return secrecy
  const { journal, close } = openJournal(conf.debugLevel)
  const daemon = await FenceDaemon.create(conf, journal)
  const ending = endOfService()
  try {
    takePidFile(call.pidFile)
  } catch (error) {
    process.stderr.write(`fence_virtd: ${call.pidFile}: ${messageOf(error)}\n`)
    close()
    return exitFailed
  }
  let isServing: boolean
  try {
    isServing = await Promise.race([daemon.start().then(() => true), ending.then(() => false)])
  } catch (error) {
    releasePidFile(call.pidFile)
    if (!(error instanceof StartError)) throw error
    const kind = conf[error.part].kind
    process.stderr.write(`${error.message}\n`)
    tell(`${error.part === 'backend' ? 'Backend plugin' : 'Listener plugin'} ${kind} failed to initialize`)
    await daemon.stop()
    close()
    return exitFailed
  }
  if (isServing) await serve(daemon, call, conf, journal, ending)
  await daemon.stop()
  releasePidFile(call.pidFile)
  close()
  return 0
}

/** Tells everybody concerned that the daemon serves, and its state to who asks, until it is to end. */
async function serve(
  daemon: FenceDaemon,
  call: DaemonCall,
  conf: DaemonConf,
  journal: Journal,
  ending: Promise<void>,
): Promise<void> {
  const socket = statusSocketOf(call.pidFile)
  const door = await openStatusDoor(socket, () => daemon.status()).catch((error) => {
    // Only --status is lost by it.
    journal.error(`${socket}: ${messageOf(error)}`)
    return undefined
  })
  journal.info(`fence_virtd starting.  Listener: ${conf.listener.kind}  Backend: ${conf.backend.kind}`)
  announce(conf, journal)
  await ending
  journal.info('fence_virtd shutting down')
  door?.close()
}

/** Reads fence_virt.conf; where it cannot be used, says why and answers the exit code. */
export function readConfiguration(call: DaemonCall): DaemonConf | number {
  tell(`Using ${call.confFile}\nUsing ${call.pidFile}`)
  let source: string
  try {
    source = readFileSync(call.confFile, 'utf8')
  } catch (error) {
    process.stderr.write(`${call.confFile}: ${messageOf(error)}\n`)
    tell(`Failed to parse ${call.confFile}`)
    return exitConfiguration
  }
  const tree = parseConf(source)
  if (!tree.ok) {
    process.stderr.write(`${describeFault(call.confFile, tree.error)}\n`)
    tell(`Failed to parse ${call.confFile}`)
    return exitConfiguration
  }
  const conf = readDaemonConf(tree.value, hostPath(defaultKeyFile))
  const debugLevel = call.debugLevel ?? (conf.ok ? conf.value.debugLevel : 0)
  if (debugLevel >= announcedFrom) tell(`Debugging threshold is now ${debugLevel}`)
  if (debugLevel >= dumpedFrom) tell(dumpConf(tree.value))
  if (!conf.ok) {
    process.stderr.write(`${describeFault(call.confFile, conf.error)}\n`)
    return partOfFault(conf.error)
  }
  for (const warning of conf.value.warnings) process.stderr.write(`${describeFault(call.confFile, warning)}\n`)
  return {
    ...conf.value,
    debugLevel,
    waitsForInit: call.waits || conf.value.waitsForInit,
  }
}

/** Says of a wrong value which part is not to be had, in the words and with the exit codes of the C daemon. */
function partOfFault({ key, why }: ConfFault): number {
  const [, section, kind = ''] = /^(listeners|backends)\/([^/]+)/.exec(key) ?? []
  if (section !== undefined) {
    tell(`${section === 'listeners' ? 'Listener' : 'Backend'} plugin ${kind} failed to initialize`)
    return exitFailed
  }
  const [, part] = /^fence_virtd\/(listener|backend)$/.exec(key) ?? []
  if (part === undefined) return exitConfiguration
  const [, got] = /got '(.*)'$/.exec(why) ?? []
  tell(got === undefined ? `Failed to determine ${part}.` : `Could not find ${part} "${got}"`)
  return got === undefined ? exitConfiguration : exitFailed
}

/** Mode 0600 for the configuration and the key, which must be there where the listener authenticates. */
function makeFilesPrivate(call: DaemonCall, conf: DaemonConf): number {
  makePrivate(call.confFile, tell)
  if (conf.listener.kind === 'serial') return 0
  const { keyFile, hash, auth } = conf.listener
  if (existsSync(keyFile)) {
    makePrivate(keyFile, tell)
    return 0
  }
  if (hash === 'none' && auth === 'none') return 0
  tell(`stat failed on file '${keyFile}': No such file or directory`)
  return exitConfiguration
}

/** Signals that the C daemon outlives; by the second node would open its debugger to whoever connects. */
const outlived = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const

function endOfService(): Promise<void> {
  for (const signal of outlived) process.on(signal, () => undefined)
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) process.once(signal, () => resolve())
  })
}

/** Standard error in the foreground; the system's log, by logger(1), in the background. */
function openJournal(level: number): { readonly journal: Journal; close(): void } {
  if (process.env['FENCE_VIRTD_LOG'] !== 'syslog') {
    const journal = new StreamJournal((line) => void process.stderr.write(`${line}\n`), level)
    return { journal, close: () => undefined }
  }
  const logger = spawn('logger', ['-t', `fence_virtd[${process.pid}]`, '-p', 'daemon.info'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Whoever started the daemon no longer reads what it says there.
  process.stderr.on('error', () => undefined)
  logger.on('error', () => undefined)
  logger.stdin.on('error', () => undefined)
  const journal = new StreamJournal((line) => void logger.stdin.write(`${line}\n`), level)
  // As long as logger waits for more, neither of the two ends.
  return { journal, close: () => void logger.stdin.end() }
}

/** Tells whoever started the daemon: the process in the foreground, and systemd. */
function announce(conf: DaemonConf, journal: Journal): void {
  process.send?.('ready', () => {
    if (process.connected) process.disconnect?.()
  })
  const status = `listener ${conf.listener.kind}, backend ${conf.backend.kind}`
  const why = notifyService(`READY=1\nMAINPID=${process.pid}\nSTATUS=${status}`)
  if (why !== undefined) journal.error(`systemd: ${why}`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `${error}`
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`)
}
