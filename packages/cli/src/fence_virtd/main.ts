import { readFileSync } from 'node:fs'
import { backendKinds, listenerNames, parseConf, readDaemonConf, visibleText } from '@quorate/fence-virt'
import { askStatus, type DaemonStatus, statusSocketOf } from '@quorate/fence-virt/daemon'
import type { Tool } from '../tool.ts'
import { goToBackground } from './background.ts'
import { configure } from './configure.ts'
import { type DaemonCall, daemonUsage, readDaemonCall } from './options.ts'
import { runDaemon } from './serve.ts'

/** fence_virtd(8): takes fencing requests of guests and carries them out. */
export const run: Tool = async (argv) => {
  const call = readDaemonCall(argv)
  for (const remark of call.remarks) process.stderr.write(`${remark}\n`)
  switch (call.mode) {
    case 'help':
      process.stdout.write(daemonUsage)
      return 0
    case 'list':
      return listModules(call)
    case 'configure':
      return configure(call.confFile)
    case 'status':
      return showStatus(call)
    case 'run':
      return call.isForeground || asksForForeground(call.confFile) ? runDaemon(call) : goToBackground(call)
    default:
      call.mode satisfies never
      return 1
  }
}

function listModules({ output }: DaemonCall): number {
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify({ backends: backendKinds, listeners: listenerNames }, undefined, 2)}\n`)
    return 0
  }
  const list = (names: readonly string[]): string => names.map((name) => `    ${name}\n`).join('')
  process.stdout.write(`Available backends:\n${list(backendKinds)}Available listeners:\n${list(listenerNames)}`)
  return 0
}

/** Seen before the file is read for good, to decide who reads it. What is wrong with it is told then. */
function asksForForeground(file: string): boolean {
  try {
    const tree = parseConf(readFileSync(file, 'utf8'))
    const conf = tree.ok ? readDaemonConf(tree.value) : undefined
    return conf?.ok === true && conf.value.isForeground
  } catch {
    return false
  }
}

async function showStatus(call: DaemonCall): Promise<number> {
  const socket = statusSocketOf(call.pidFile)
  let status: DaemonStatus
  try {
    status = await askStatus(socket)
  } catch (error) {
    process.stderr.write(
      `fence_virtd: no daemon answers at ${socket}: ${error instanceof Error ? error.message : ''}\n`,
    )
    return 1
  }
  process.stdout.write(call.output === 'json' ? `${JSON.stringify(status, undefined, 2)}\n` : statusText(status))
  return 0
}

function statusText(status: DaemonStatus): string {
  const rows = (state: Readonly<Record<string, string>>): string =>
    Object.entries(state)
      .map(([name, value]) => `    ${name}: ${value}\n`)
      .join('')
  const operations = status.lastOperations.map(
    ({ at, operation, target, source, response, tookMs }) =>
      `    ${at} ${operation} ${target === '' ? '-' : visibleText(target)} for ${source}: ${response} (${tookMs.toFixed(1)} ms)\n`,
  )
  return (
    `fence_virtd ${status.pid}, since ${status.startedAt}\n` +
    `  Listener: ${status.listener.kind}\n${rows(status.listener.state)}` +
    `  Backend: ${status.backend.kind}\n${rows(status.backend.state)}` +
    `  Operations answered: ${status.answered}; the last:\n${operations.join('')}`
  )
}
