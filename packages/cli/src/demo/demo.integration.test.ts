import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { demoNodes } from './demo-node.ts'
import { killProcessesOf, processesOf } from './node-processes.ts'

const program = fileURLToPath(new URL('../../bin/quorate.js', import.meta.url))
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'qdemo-'))
const nodes = demoNodes(folder, 3)
/** The demonstration waits up to a minute for each of its steps, and says which one took too long. */
const demoMs = 300_000
afterEach(() => {
  for (const node of nodes) killProcessesOf(node.root, 'SIGKILL')
  fs.rmSync(folder, { recursive: true, force: true })
})

type Ended = { readonly code: number | null; readonly output: string; readonly errors: string }

/** Runs the demonstration; `watch` sees its output grow and may act on it. */
function demo(
  argv: readonly string[],
  watch: (output: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
) {
  return new Promise<Ended>((resolve) => {
    const child = spawn(process.execPath, [program, 'demo', '--dir', folder, ...argv], { stdio: 'pipe' })
    let output = ''
    let errors = ''
    child.stdout.on('data', (part: Buffer) => {
      output += part.toString()
      watch(output, (signal) => child.kill(signal))
    })
    child.stderr.on('data', (part: Buffer) => {
      errors += part.toString()
    })
    child.on('close', (code) => resolve({ code, output, errors }))
  })
}

test('without a person: up, a node lost, a node cut off, healed, stopped, and nothing left behind', {
  timeout: demoMs,
}, async () => {
  const { code, output, errors } = await demo(['--once', '--json'])
  expect({ code, errors }, output).toEqual({ code: 0, errors: '' })
  const times: unknown = JSON.parse(output.trim().split('\n').at(-1) ?? '')
  expect(times).toEqual({ upMs: expect.any(Number), failoverMs: expect.any(Number), loneStopMs: expect.any(Number) })
  for (const node of nodes) expect(processesOf(node.root)).toEqual([])
  expect(fs.existsSync(folder)).toBe(false)
})

test('Ctrl-C while it comes up stops everything', { timeout: demoMs }, async () => {
  let interrupted = false
  const { output } = await demo([], (text, kill) => {
    if (interrupted || !text.includes('started corosync')) return
    interrupted = true
    kill('SIGINT')
  })
  expect(output).toContain('stopped\n')
  for (const node of nodes) expect(processesOf(node.root)).toEqual([])
})

test('a command without a demonstration says so', async () => {
  const { code, errors } = await demo(['power-off', 'n1'])
  expect(code).toBe(1)
  expect(errors).toContain("'npm start' starts one")
})
