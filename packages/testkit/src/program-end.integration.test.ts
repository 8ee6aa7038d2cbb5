import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { endUnread } from './end-unread.ts'
import { ended } from './program-end.ts'

test('what a program wrote last is heard, although its end is told first', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'program-end-'))
  const [pid, go] = [path.join(folder, 'pid'), path.join(folder, 'go')]
  try {
    const script = `echo $$ >${pid}; until [ -e ${go} ] || [ ! -d /proc/$PPID ]; do :; done; echo said; echo complained >&2; exit 3`
    const running = ended('sh', ['-c', script])
    await endUnread(pid, () => fs.writeFileSync(go, ''))
    expect(await running).toEqual({ status: 3, stdout: 'said\n', stderr: 'complained\n' })
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
})

test('a program that leaves another one behind, which holds its output open, has ended all the same', async () => {
  const { stdout } = await ended('sh', ['-c', 'sleep 60 & echo $!'])
  expect(stdout).toMatch(/^\d+\n$/)
  process.kill(Number(stdout))
})
