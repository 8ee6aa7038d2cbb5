import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { exitCodes, heartbeatVersion, pidFile, runHeartbeat } from '@quorate/heartbeat/daemon'
import { hostPath } from '@quorate/qb'
import type { Tool } from '../tool.ts'
import { heartbeatOptions, readHeartbeatCall } from './options.ts'

const exitUsage = 1
/** What LSB has a status say: dead, and not running. */
const exitNotRunning = 3
const pollMs = 50
/** Clients get 30 s to end, the daemon a little more. */
const stopMsMax = 40_000

const help = `usage: heartbeat [-dfkrsV]

Heartbeat: the messaging layer of a cluster.

${heartbeatOptions.map(({ letter, doc }) => `        -${letter}  ${doc}`).join('\n')}

Reads /etc/ha.d/ha.cf and /etc/ha.d/authkeys. QUORATE_ROOT=DIR puts every path and socket below DIR.

Examples:
        heartbeat -f -d
        heartbeat -s
`

/** heartbeat(8): the daemon. Without -f it goes on in the background. */
export const run: Tool = async (argv) => {
  const call = readHeartbeatCall(argv)
  if (typeof call === 'string') {
    process.stderr.write(`heartbeat: ${call}\n${help}`)
    return exitUsage
  }
  switch (call.mode) {
    case 'help':
      process.stdout.write(help)
      return exitCodes.ok
    case 'version':
      process.stdout.write(`${heartbeatVersion}\n`)
      return exitCodes.ok
    case 'status':
      return showStatus()
    case 'reload':
      return reload()
    case 'stop':
      return stop()
    case 'run':
      break
    default:
      call.mode satisfies never
  }
  const running = runningPid()
  if (running !== undefined) {
    process.stderr.write(`heartbeat: already running [pid ${running}].\n`)
    return exitCodes.ok
  }
  return call.isForeground ? runHeartbeat({ debugLevel: call.debugLevel }) : goToBackground()
}

/** Starts the daemon as a process of its own; waits until it serves, or ends. */
async function goToBackground(): Promise<number> {
  const [program = '', ...rest] = process.argv
  const child = spawn(program, [...process.execArgv, ...rest, '-f'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: string[] = []
  child.stderr.on('data', (bytes: Uint8Array) => said.push(Buffer.from(bytes).toString()))
  let code: number | null | undefined
  child.once('exit', (status) => {
    code = status ?? exitCodes.failed
  })
  while (code === undefined && runningPid() !== child.pid) await pause(pollMs)
  if (code !== undefined) process.stderr.write(said.join(''))
  child.stderr.destroy()
  child.unref()
  return code ?? exitCodes.ok
}

/** The daemon that the pid file names, if it lives. */
function runningPid(): number | undefined {
  try {
    const pid = Number(fs.readFileSync(hostPath(pidFile), 'latin1').trim())
    if (!Number.isInteger(pid) || pid <= 1) return undefined
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}

function showStatus(): number {
  const pid = runningPid()
  if (pid === undefined) {
    process.stdout.write('heartbeat is stopped. No process\n')
    return exitNotRunning
  }
  const name = os.hostname()
  process.stdout.write(`heartbeat OK [pid ${pid} et al] is running on ${name} [${name}]...\n`)
  return exitCodes.ok
}

function reload(): number {
  const pid = runningPid()
  if (pid === undefined) {
    process.stderr.write('heartbeat: not running: there is nothing to reload\n')
    return exitCodes.failed
  }
  process.kill(pid, 'SIGHUP')
  return exitCodes.ok
}

async function stop(): Promise<number> {
  const pid = runningPid()
  if (pid === undefined) {
    process.stdout.write('heartbeat: not running.\n')
    return exitCodes.ok
  }
  process.kill(pid, 'SIGTERM')
  const until = performance.now() + stopMsMax
  while (runningPid() === pid) {
    if (performance.now() > until) {
      process.stderr.write(`heartbeat: process ${pid} does not end\n`)
      return exitCodes.failed
    }
    await pause(pollMs)
  }
  return exitCodes.ok
}
