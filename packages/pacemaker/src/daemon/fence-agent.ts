import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { hostPath } from '@quorate/qb'
import { parseXml, type XmlElement } from '@quorate/xml'
import { hostTimerMsMax } from '../core-timer.ts'
import { outputBytesMax } from '../executor/outcome.ts'
import { type FenceMetadata, readFenceMetadata } from '../fencer/agent-metadata.ts'
import type { FenceAgents } from '../fencer/fencer-service.ts'
import type { FenceAgentEnd } from '../fencer/room.ts'
import { CutOutput } from './cut-output.ts'
import { onceHeard } from './once-heard.ts'

/** How long an agent may take to tell of itself. */
const metadataTimeoutMs = 10_000
/** Longest meta-data that is read, bytes. */
const metadataBytesMax = 1024 * 1024
/** Between the wish that an agent ends and its end without asking. */
const killAfterMs = 2_000

/**
 * Folders that fence agents are looked for in: `QUORATE_FENCE_AGENTS` (folders between colons) where it is set, else
 * `/usr/sbin` below `QUORATE_ROOT` and of the machine.
 */
export function fenceAgentFolders(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const given = environment['QUORATE_FENCE_AGENTS']
  if (given !== undefined && given !== '') return given.split(':').filter((folder) => folder !== '')
  return [...new Set([hostPath('/usr/sbin'), '/usr/sbin'])]
}

/** Where an agent is; undefined where no folder has it, or its name would lead out of them. */
export function findFenceAgent(agent: string, folders: readonly string[]): string | undefined {
  const file = folders.map((folder) => path.join(folder, agent)).find((name) => fs.existsSync(name))
  return file !== undefined && path.basename(file) === agent ? file : undefined
}

/**
 * Runs a fence agent in a process group of its own, with its parameters as lines on its standard input, where nobody else
 * can read them. `ended` is told once, when the agent is gone: after its time it is ended, and whatever it says then is no
 * result.
 *
 * @returns a way to end it at once
 */
export function runFenceAgent(
  what: {
    readonly agent: string
    readonly input: ReadonlyMap<string, string>
    readonly timeoutMs: number
    readonly folders: readonly string[]
    readonly stdoutBytesMax?: number
  },
  ended: (end: FenceAgentEnd) => void,
): () => void {
  const file = findFenceAgent(what.agent, what.folders)
  if (file === undefined) {
    setImmediate(ended, { kind: 'not-started', isMissing: true, reason: `Agent ${what.agent} not found` })
    return () => undefined
  }
  const child = spawn(file, [], {
    cwd: '/',
    env: { ...process.env, LC_ALL: 'C', PCMK_service: 'pacemaker-fenced', OCF_OUTPUT_FORMAT: 'log' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const signal = (name: 'SIGTERM' | 'SIGKILL'): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, name)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
  const stdout = new CutOutput(child.stdout, what.stdoutBytesMax ?? outputBytesMax)
  const stderr = new CutOutput(child.stderr, outputBytesMax)
  let isLate = false
  let isDone = false
  let kill: NodeJS.Timeout | undefined
  const timer = setTimeout(
    () => {
      isLate = true
      signal('SIGTERM')
      kill = setTimeout(() => signal('SIGKILL'), killAfterMs)
    },
    Math.min(what.timeoutMs, hostTimerMsMax),
  )
  const finish = (end: FenceAgentEnd): void => {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    clearTimeout(kill)
    stdout.close()
    stderr.close()
    // Children of an agent that was ended must not go on with what it began.
    if (isLate) signal('SIGKILL')
    ended(isLate ? { kind: 'timeout' } : end)
  }
  child.once('error', (error) => finish({ kind: 'not-started', isMissing: false, reason: error.message }))
  onceHeard(child, (code, name) =>
    finish(
      code === null
        ? { kind: 'signal', signal: name ?? 'a signal' }
        : { kind: 'exit', code, stdout: stdout.text, stderr: stderr.text },
    ),
  )
  // An agent may end without reading what it is told.
  child.stdin.on('error', () => undefined)
  child.stdin.end([...what.input].map(([name, value]) => `${name}=${value}\n`).join(''))
  return () => {
    isLate = true
    signal('SIGKILL')
  }
}

/** Fence agents as programs in folders. */
export function fenceAgentsIn(folders: readonly string[] = fenceAgentFolders()): FenceAgents {
  return {
    run: (run, ended) => runFenceAgent({ ...run, folders }, ended),
    learn: (agent) => learnFenceAgent(agent, folders),
  }
}

/** Asks an agent about itself; undefined where it is missing, says nothing that can be read, or takes too long. */
export async function learnFenceAgent(agent: string, folders: readonly string[]): Promise<FenceMetadata | undefined> {
  const description = await describeFenceAgent(agent, folders)
  return description === undefined ? undefined : readFenceMetadata(description)
}

/** What an agent says of itself, as `<resource-agent>`; undefined as with {@link learnFenceAgent}. */
export function describeFenceAgent(agent: string, folders: readonly string[]): Promise<XmlElement | undefined> {
  const input = new Map([['action', 'metadata']])
  const run = { agent, input, timeoutMs: metadataTimeoutMs, folders, stdoutBytesMax: metadataBytesMax }
  return new Promise((resolve) => {
    runFenceAgent(run, (end) => {
      const read = end.kind === 'exit' && end.code === 0 ? parseXml(end.stdout) : undefined
      resolve(read?.ok && read.value.name === 'resource-agent' ? read.value : undefined)
    })
  })
}
