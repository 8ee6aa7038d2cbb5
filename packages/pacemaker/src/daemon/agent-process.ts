import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import type { AgentEnd, AgentProcess } from '../controller/controller-shell.ts'
import { type AgentRun, agentArgument, agentEnvironment, agentPaths } from '../executor/agent.ts'
import { exitReasonPrefix, ocf, outputBytesMax, type ProcessEnd } from '../executor/outcome.ts'
import type { AgentHost } from './agent-folders.ts'
import { CutOutput } from './cut-output.ts'
import { onceHeard } from './once-heard.ts'
import { withSecrets } from './secrets.ts'

const pathOfLastResort = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Where the agent of a run is; undefined when no folder has it. */
export function findAgent(run: Pick<AgentRun, 'resource'>, host: AgentHost): string | undefined {
  return agentPaths(run.resource, host.folders, host.initFolder).find((file) => fs.existsSync(file))
}

/**
 * Starts an agent; `ended` is told once. No shell is involved, and nothing is inherited but the environment.
 *
 * @param stdoutBytesMax bytes that are kept of the end of its standard output
 */
export function startAgent(
  run: AgentRun,
  host: AgentHost,
  ended: (what: AgentEnd) => void,
  stdoutBytesMax: number = outputBytesMax,
): AgentProcess {
  const file = findAgent(run, host)
  if (file === undefined) {
    setImmediate(ended, { end: { kind: 'not-started', reason: 'ENOENT' }, stdout: '', stderr: '' })
    return { signal: () => undefined }
  }
  const parameters = withSecrets(run.parameters, run.resource.id, host.secretsFolder)
  // What runs has to be stopped, with or without its secrets.
  if (parameters === undefined && run.action !== 'stop') {
    const stderr = `${exitReasonPrefix}Unable to load CIB secrets\n`
    setImmediate(ended, { end: { kind: 'exit', code: ocf.invalidParameter }, stdout: '', stderr })
    return { signal: () => undefined }
  }
  const child = spawn(file, [agentArgument(run)], {
    cwd: fs.existsSync(host.workFolder) ? host.workFolder : '/',
    env: {
      PATH: pathOfLastResort,
      ...process.env,
      ...host.environment,
      ...agentEnvironment(parameters === undefined ? run : { ...run, parameters }, host.ocfRoot),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  watch(child, ended, stdoutBytesMax)
  return {
    signal: (signal) => {
      if (child.pid === undefined) return
      try {
        process.kill(-child.pid, signal)
      } catch (error) {
        if (!isCode(error, 'ESRCH')) throw error
      }
    },
  }
}

function watch(child: ChildProcess, ended: (what: AgentEnd) => void, stdoutBytesMax: number): void {
  const stdout = new CutOutput(child.stdout, stdoutBytesMax)
  const stderr = new CutOutput(child.stderr, outputBytesMax)
  let isDone = false
  const finish = (end: ProcessEnd): void => {
    if (isDone) return
    isDone = true
    stdout.close()
    stderr.close()
    ended({ end, stdout: stdout.text, stderr: stderr.text })
  }
  child.once('error', (error) => finish({ kind: 'not-started', reason: codeOf(error) }))
  onceHeard(child, (code, signal) =>
    finish(signal === null ? { kind: 'exit', code: code ?? 1 } : { kind: 'signal', signal }),
  )
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && codeOf(error) === code
}
