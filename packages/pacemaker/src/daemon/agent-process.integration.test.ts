import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { md5Hex, monoMs } from '@quorate/base'
import { endUnread } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AgentProcess } from '../controller/controller-shell.ts'
import {
  type ExecutorEffect,
  type ExecutorEvent,
  newExecutor,
  type OperationResult,
  stepExecutor,
} from '../executor/executor.ts'
import { outputBytesMax } from '../executor/outcome.ts'
import type { AgentHost } from './agent-folders.ts'
import { AgentLibrary } from './agent-metadata.ts'
import { startAgent } from './agent-process.ts'

let folder = ''
let host: AgentHost
const realAgents = '/usr/lib/ocf/resource.d'
/** Not a measure of speed: a loaded machine may take its time. */
const patienceMs = 240_000
const patient = { timeout: patienceMs, interval: 20 }
const hasRealAgents = fs.existsSync(path.join(realAgents, 'heartbeat/Dummy'))

const script = `#!/bin/sh
echo "$1 $OCF_RESKEY_word" >> ${'$'}{HA_RSCTMP}/calls
case "$1" in
meta-data) echo '<resource-agent name="t"><version>1.1</version><parameters><parameter name="p"/><parameter name="q" reloadable="1"/></parameters><actions><action name="reload-agent"/></actions></resource-agent>' ;;
start) exit 0 ;;
monitor) echo "ocf-exit-reason:no such thing" >&2; exit 7 ;;
stop) trap '' TERM; sleep 600 & echo $! > ${'$'}{HA_RSCTMP}/new; mv ${'$'}{HA_RSCTMP}/new ${'$'}{HA_RSCTMP}/child; sleep 600 ;;
promote) kill -SEGV $$ ;;
demote) yes 0123456789 | head -c 3000000 ; echo "ocf-exit-reason:told at last" >&2; exit 1 ;;
reload) echo $$ > ${'$'}{HA_RSCTMP}/waiting; until [ -e ${'$'}{HA_RSCTMP}/go ] || [ ! -d /proc/$PPID ]; do :; done; echo "ocf-exit-reason:too busy" >&2; exit 1 ;;
notify) sleep 600 & echo $! > ${'$'}{HA_RSCTMP}/daemon; exit 0 ;;
esac
`

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-agents-'))
  fs.mkdirSync(path.join(folder, 'test'))
  fs.writeFileSync(path.join(folder, 'test/t'), script, { mode: 0o755 })
  fs.writeFileSync(path.join(folder, 'test/locked'), script, { mode: 0o644 })
  host = {
    folders: [folder, realAgents],
    initFolder: folder,
    ocfRoot: '/usr/lib/ocf',
    workFolder: folder,
    secretsFolder: path.join(folder, 'secrets'),
    environment: { HA_RSCTMP: folder },
  }
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

/**
 * Runs one operation through the executor's core and real processes; answers its result.
 *
 * @param isDue stands in for the clock of the timeout, where an agent has to have come so far
 */
function perform(
  action: string,
  timeoutMs = patienceMs,
  type = 't',
  provider = 'test',
  isDue?: () => boolean,
  word = 'x y',
): Promise<OperationResult> {
  const state = newExecutor()
  const timers = new Map<string, NodeJS.Timeout>()
  return new Promise((resolve) => {
    let agent: AgentProcess | undefined
    const send = (event: ExecutorEvent): void => {
      const now = { monoMs: monoMs(performance.now()), epochS: Math.trunc(Date.now() / 1000) }
      for (const effect of stepExecutor(state, event, now)) act(effect)
    }
    const act = (effect: ExecutorEffect): void => {
      switch (effect.do) {
        case 'spawn':
          agent = startAgent(effect.run, host, (ended) => send({ kind: 'ended', callId: effect.callId, ...ended }))
          return
        case 'signal':
          agent?.signal(effect.signal)
          return
        case 'arm': {
          const { callId, timer, afterMs } = effect
          const ring = (): void => send({ kind: 'timer', callId, timer })
          if (timer === 'timeout' && isDue !== undefined) void expect.poll(isDue, patient).toBe(true).then(ring)
          else timers.set(timer, setTimeout(ring, afterMs))
          return
        }
        case 'disarm':
          clearTimeout(timers.get(effect.timer))
          return
        case 'result':
          for (const timer of timers.values()) clearTimeout(timer)
          resolve(effect.result)
          return
        default:
      }
    }
    const resource = { id: 'r', standard: 'ocf', provider, type }
    const order = { callId: 1, resource, action, intervalMs: 0, timeoutMs, startDelayMs: 0, transitionKey: '' }
    send({ kind: 'execute', order: { ...order, parameters: new Map([['word', word]]) } })
  })
}

/** True while a process runs; a zombie is none. */
function isAlive(pid: number): boolean {
  try {
    return !fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

describe('an agent', () => {
  test('is run with its action as only argument and its parameters in the environment', async () => {
    expect(await perform('start')).toMatchObject({ rc: 0, status: 0 })
    expect(fs.readFileSync(path.join(folder, 'calls'), 'utf8')).toContain('start x y\n')
  })

  test('tells its exit reason on standard error', async () => {
    expect(await perform('monitor')).toMatchObject({ rc: 7, exitReason: 'no such thing' })
  })

  test('is heard to the end where this process learns of its end first', async () => {
    const running = perform('reload')
    await endUnread(path.join(folder, 'waiting'), () => fs.writeFileSync(path.join(folder, 'go'), ''))
    expect(await running).toMatchObject({ rc: 1, exitReason: 'too busy' })
  })

  test('gets its secrets from files, and does not run without them but to stop', async () => {
    const calls = path.join(folder, 'told')
    fs.writeFileSync(path.join(folder, 'test/s'), `#!/bin/sh\necho "$1 $OCF_RESKEY_word" >> ${calls}\n`, {
      mode: 0o755,
    })
    const secrets = path.join(folder, 'secrets/r')
    fs.mkdirSync(secrets, { recursive: true })
    const keep = (secret: string, digest: string): void => {
      fs.writeFileSync(path.join(secrets, 'word'), secret)
      fs.writeFileSync(path.join(secrets, 'word.sign'), digest)
    }
    const run = (action: string) => perform(action, patienceMs, 's', 'test', undefined, 'lrm://')
    const refused = { rc: 2, status: 0, exitReason: 'Unable to load CIB secrets' }
    // Each as seen of a real executor.
    expect(await run('start')).toMatchObject(refused)
    const digest = md5Hex(Buffer.from('hidden'))
    keep(
      'hidden',
      digest.replace(/^./, (first) => (first === '0' ? '1' : '0')),
    )
    expect(await run('monitor')).toMatchObject(refused)
    keep('hidden\n', md5Hex(Buffer.from('hidden\n')))
    expect(await run('monitor')).toMatchObject(refused)
    expect(fs.existsSync(calls)).toBe(false)
    keep('hidden\n', `${digest.toUpperCase()}\n`)
    expect(await run('start')).toMatchObject({ rc: 0, status: 0, exitReason: '' })
    fs.rmSync(secrets, { recursive: true })
    expect(await run('stop')).toMatchObject({ rc: 0, status: 0 })
    expect(fs.readFileSync(calls, 'utf8')).toBe('start hidden\nstop lrm://\n')
  })

  test('that hangs and ignores SIGTERM is killed with everything in its group', async () => {
    const file = path.join(folder, 'child')
    const result = await perform('stop', 300, 't', 'test', () => fs.existsSync(file))
    expect(result).toMatchObject({ status: 2, rc: 1, exitReason: 'Resource agent did not complete within 300ms' })
    const child = Number(fs.readFileSync(file, 'utf8'))
    await expect.poll(() => isAlive(child), patient).toBe(false)
  })

  test('that dies by a signal is reported with it', async () => {
    expect(await perform('promote')).toMatchObject({
      status: 4,
      rc: 1,
      exitReason: 'Resource agent interrupted by Segmentation fault signal',
    })
  })

  test('that floods its output is read to the end, and its output is cut off', async () => {
    const result = await perform('demote')
    expect(result).toMatchObject({ rc: 1, exitReason: 'told at last' })
    expect(result.stdout.length).toBe(outputBytesMax)
  })

  test('that leaves a daemon behind which holds its output open ends all the same', async () => {
    expect(await perform('notify')).toMatchObject({ rc: 0 })
    const daemon = Number(fs.readFileSync(path.join(folder, 'daemon'), 'utf8'))
    expect(isAlive(daemon)).toBe(true)
    process.kill(daemon, 'SIGKILL')
  })

  test('that is missing or may not be run is reported so', async () => {
    expect(await perform('start', patienceMs, 'none')).toMatchObject({ rc: 5, status: 7 })
    expect(await perform('start', patienceMs, 'locked')).toMatchObject({ rc: 4, status: 4 })
  })

  test('has its meta-data read once, until its file changes', async () => {
    const library = new AgentLibrary(host)
    const resource = { id: 'r', standard: 'ocf', provider: 'test', type: 't' }
    expect(await library.learn(resource)).toEqual({ restarting: ['p'], secret: [] })
    const calls = () => fs.readFileSync(path.join(folder, 'calls'), 'utf8').match(/meta-data/g)?.length
    const before = calls()
    await library.learn(resource)
    expect(calls()).toBe(before)
    fs.utimesSync(path.join(folder, 'test/t'), new Date(), new Date(0))
    await library.learn(resource)
    expect(calls()).toBe((before ?? 0) + 1)
  })

  test('may have meta-data longer than the output of an operation that is kept', async () => {
    const about = (bytes: number): string =>
      `<resource-agent name="l"><version>1.1</version><longdesc>${'l'.repeat(bytes)}</longdesc><parameters><parameter name="p"/><parameter name="q" reloadable="1"/></parameters><actions><action name="reload-agent"/></actions></resource-agent>`
    fs.writeFileSync(path.join(folder, 'long.xml'), about(4 * outputBytesMax))
    fs.writeFileSync(path.join(folder, 'test/long'), `#!/bin/sh\ncat ${folder}/long.xml\n`, { mode: 0o755 })
    const resource = { id: 'r', standard: 'ocf', provider: 'test', type: 'long' }
    expect(await new AgentLibrary(host).learn(resource)).toEqual({ restarting: ['p'], secret: [] })
  })

  test('that did not tell its meta-data is asked again', async () => {
    const file = path.join(folder, 'shy.xml')
    fs.writeFileSync(path.join(folder, 'test/shy'), `#!/bin/sh\ncat ${file}\n`, { mode: 0o755 })
    const library = new AgentLibrary(host)
    const resource = { id: 'r', standard: 'ocf', provider: 'test', type: 'shy' }
    expect(await library.learn(resource)).toBeUndefined()
    fs.writeFileSync(
      file,
      '<resource-agent name="shy"><version>1.1</version><parameters><parameter name="p"/></parameters><actions><action name="reload-agent"/></actions></resource-agent>',
    )
    expect(await library.learn(resource)).toEqual({ restarting: ['p'], secret: [] })
  })

  test.skipIf(!hasRealAgents)(
    'of the resource-agents package goes through its whole life (needs resource-agents)',
    async () => {
      const run = (action: string) => perform(action, patienceMs, 'Dummy', 'heartbeat')
      expect((await run('monitor')).rc).toBe(7)
      expect((await run('start')).rc).toBe(0)
      expect((await run('monitor')).rc).toBe(0)
      expect((await run('stop')).rc).toBe(0)
      expect((await run('monitor')).rc).toBe(7)
    },
  )
})
