import { spawn } from 'node:child_process'
import type { ToolHost } from './tool-host.ts'

/** What a program said and how it ended. */
export type ToolOutcome = { readonly code: number; readonly out: string; readonly err: string }

/** What a program is given on a trial. */
export type Trial = {
  readonly env?: ToolHost['env']
  /** All of standard input. */
  readonly input?: string
  /** The present for a tool of ours, in milliseconds since 1970; the clock's where it is left out. */
  readonly nowMs?: number
}

/** Runs a tool of ours in this process and keeps what it says. For tests and comparisons. */
export async function tryTool(
  tool: (argv: readonly string[], host: ToolHost) => number | Promise<number>,
  argv: readonly string[],
  { env = {}, input = '', nowMs = Date.now() }: Trial = {},
): Promise<ToolOutcome> {
  const texts = { out: '', err: '' }
  const host: ToolHost = {
    env,
    out: (text) => {
      texts.out += text
    },
    err: (text) => {
      texts.err += text
    },
    readInput: () => input,
    now: () => nowMs,
    isTerminal: false,
  }
  return { code: await tool(argv, host), ...texts }
}

/** Runs an installed program and keeps what it says; -1 as the code of one that a signal ended. */
export function tryProgram(
  name: string,
  argv: readonly string[],
  { env, input = '' }: Omit<Trial, 'nowMs'> = {},
): Promise<ToolOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, argv, { stdio: ['pipe', 'pipe', 'pipe'], ...(env === undefined ? {} : { env }) })
    const texts = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      texts.out += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      texts.err += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, ...texts }))
    // A program that does not read its input closes it.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
