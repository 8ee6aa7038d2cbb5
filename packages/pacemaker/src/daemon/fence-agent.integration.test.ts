import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { endUnread } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { FenceAgentEnd } from '../fencer/room.ts'
import { fenceAgentFolders, learnFenceAgent, runFenceAgent } from './fence-agent.ts'

let folder = ''

/** Writes an agent, a shell script. */
function agent(name: string, script: string): string {
  fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return name
}

/** Not a measure of speed: a loaded machine may take its time. */
const patienceMs = 240_000

function run(
  name: string,
  timeoutMs = patienceMs,
  input: ReadonlyMap<string, string> = new Map(),
): Promise<FenceAgentEnd> {
  return new Promise((resolve) => {
    runFenceAgent({ agent: name, input, timeoutMs, folders: [path.join(folder, 'none'), folder] }, resolve)
  })
}

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'agents-'))
})

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

describe('a fence agent', () => {
  it('gets its parameters on standard input and nowhere else', async () => {
    const name = agent('fence_echo', 'cat; echo "$# $PCMK_service"; env | grep -c hush; exit 3')
    const end = await run(name, patienceMs, new Map(Object.entries({ action: 'off', passwd: 'hush' })))
    expect(end).toEqual({
      kind: 'exit',
      code: 3,
      stdout: 'action=off\npasswd=hush\n0 pacemaker-fenced\n0\n',
      stderr: '',
    })
  })

  it('that does not read what it is told, or is ended, has an end all the same', async () => {
    expect(await run(agent('fence_deaf', 'exec <&-; exit 0'))).toMatchObject({ kind: 'exit', code: 0 })
    expect(await run(agent('fence_killed', 'kill -9 $$'))).toEqual({ kind: 'signal', signal: 'SIGKILL' })
  })

  it('is heard to the end where this process learns of its end first', async () => {
    const [pid, go] = ['waiting', 'go'].map((name) => path.join(folder, name))
    const running = run(
      agent('fence_last', `echo $$ >${pid}; until [ -e ${go} ] || [ ! -d /proc/$PPID ]; do :; done; echo node1`),
    )
    await endUnread(pid ?? '', () => fs.writeFileSync(go ?? '', ''))
    expect(await running).toEqual({ kind: 'exit', code: 0, stdout: 'node1\n', stderr: '' })
  })

  it('that takes too long is ended with all its children, and what it says then is no result', async () => {
    const file = path.join(folder, 'children')
    const name = agent(
      'fence_slow',
      `trap 'exit 0' TERM; sleep 600 & echo $! >${file}.new; mv ${file}.new ${file}; wait`,
    )
    // Its time is over when it has come so far.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const running = run(name, 300)
      while (!fs.existsSync(file)) await new Promise((resolve) => setImmediate(resolve))
      vi.advanceTimersByTime(300)
      let end: FenceAgentEnd | undefined
      void running.then((told) => {
        end = told
      })
      // A child that was not yet the program that it becomes may live on with the agent's way to end: time ends it as well.
      while (end === undefined) {
        vi.advanceTimersByTime(1)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(end).toEqual({ kind: 'timeout' })
    } finally {
      vi.useRealTimers()
    }
    const child = fs.readFileSync(file, 'utf8').trim()
    await expect.poll(() => isAlive(child), { timeout: patienceMs }).toBe(false)
  })

  it('may take longer than a timer can wait', async () => {
    expect(await run(agent('fence_patient', 'sleep 0.05'), 2 ** 32)).toMatchObject({ kind: 'exit', code: 0 })
  })

  it('that is missing, or no program, was not started', async () => {
    expect(await run('fence_missing')).toMatchObject({ kind: 'not-started', isMissing: true })
    expect(await run('../fence_echo')).toMatchObject({ kind: 'not-started', isMissing: true })
    fs.writeFileSync(path.join(folder, 'fence_plain'), 'no program', { mode: 0o644 })
    expect(await run('fence_plain')).toMatchObject({ kind: 'not-started', isMissing: false })
  })

  it('is known by what it tells of itself, where that can be read', async () => {
    const actions = '<actions><action name="on" automatic="1" on_target="1"/><action name="list"/></actions>'
    const told = `<resource-agent name="x"><parameters><parameter name="port"/><parameter name="nodeid"/></parameters>${actions}</resource-agent>`
    const name = agent('fence_told', `read l; [ "$l" = action=metadata ] && echo '${told}'`)
    expect(await learnFenceAgent(name, [folder])).toEqual({
      flags: 1 + 16 + 32,
      unfences: true,
      onTarget: new Set(['on']),
      takesNodeId: true,
    })
    expect(await learnFenceAgent(agent('fence_mute', 'exit 0'), [folder])).toBeUndefined()
    expect(await learnFenceAgent('fence_missing', [folder])).toBeUndefined()
  })
})

describe('folders of fence agents', () => {
  it('are the usual ones, unless the environment says others', () => {
    expect(fenceAgentFolders({ QUORATE_FENCE_AGENTS: '/a::/b' })).toEqual(['/a', '/b'])
    expect(fenceAgentFolders({})).toContain('/usr/sbin')
  })
})

/** Whether a process runs; one that has ended and that nobody has asked about does not. */
function isAlive(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
