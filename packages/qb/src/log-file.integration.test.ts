import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LogFile, logBytesWaitingMax, logLineCharsMax, logTime } from './log-file.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-log-'))
  file = path.join(folder, 'deep/er/corosync.log')
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

const read = (): string => fs.readFileSync(file, 'utf8')
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('lines are written together in the next turn', async () => {
  const log = new LogFile(file)
  log.append('one')
  log.append('two\nlines')
  expect(read()).toBe('')
  await turn()
  expect(read()).toBe('one\ntwo lines\n')
  log.close()
})

test('after a rotation, reopen goes on in the new file; what waited is in the old one', async () => {
  const log = new LogFile(file)
  log.append('old')
  fs.renameSync(file, `${file}.1`)
  log.reopen()
  log.append('new')
  await turn()
  expect(fs.readFileSync(`${file}.1`, 'utf8')).toBe('old\n')
  expect(read()).toBe('new\n')
  log.close()
})

test('a long line is cut, too many are counted and told of', () => {
  const log = new LogFile(file)
  const line = 'x'.repeat(2 * logLineCharsMax)
  const fit = logBytesWaitingMax / logLineCharsMax
  for (let i = 0; i < fit + 3; i += 1) log.append(line)
  expect(log.lost).toBe(3)
  log.close()
  const lines = read().trimEnd().split('\n')
  expect(lines).toHaveLength(fit + 1)
  expect(lines[0]).toHaveLength(logLineCharsMax)
  expect(lines.at(-1)).toBe('3 lines were lost: no room for the log')
})

test('nothing is lost when the process exits, even by an exception', () => {
  const index = new URL('../dist/index.js', import.meta.url).href
  const program = `import { LogFile } from ${JSON.stringify(index)}
    const log = new LogFile(${JSON.stringify(file)})
    for (let i = 0; i < 1000; i += 1) log.append('line ' + i)
    throw new Error('boom')`
  expect(spawnSync(process.execPath, ['--input-type=module', '-e', program]).status).toBe(1)
  expect(read().split('\n')).toHaveLength(1001)
})

test('times as corosync writes them', () => {
  const at = new Date(2026, 10, 4, 5, 6, 7, 8)
  expect(logTime(at, true)).toBe('Nov 04 05:06:07.008')
  expect(logTime(at, false)).toBe('Nov 04 05:06:07')
})
