import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { iso8601 } from './main.ts'

const hasPacemaker = spawnSync('iso8601', ['--version']).status === 0

/** Command lines; blanks within a word are written as tildes. */
const lines = `
-d 2024-02-29~10:00:00Z
-d 2024-02-29~10:00:00~+02:00
-d 2024-02-29~10:00:00~+02:00 -L
-d 2024-02-29~10:00:00~-05:30 -L
-d 2024-02-29~10:00:00~+02:00 -W -L
-d 2024-060 -O
-d 2024-02-29~10:00:00Z -W
-d 2021-01-01 -W
-d 2020-12-31 -W
-d 2024-02-29~10:00:00Z -s
-d 2024-02-29~10:00:00Z -S
-d 1000-01-01 -S
-d 0001-01-01 -s
-s -O -W -d 2024-01-01
-S -W -d 2024-01-01
-S -s -d 2024-01-01
-d 2024-W09-4
-d 2024-W53-1
-d 2020-W53-7
-d 2021-W00-1
-d 0001-01-01 -W
-d 0999-06-01 -O
-d 20240229
-d 20240229T101112Z
-d 2024-01-01~24:00:00Z
-d 99999-01-01
-d 2024-1-1
-d epoch
-d foo
-d 2024-13-01
-d 2024-01-01~25:00:00Z
-D P1M2DT3H
-D PT30S
-D P1Y2M3W4DT5H6M7S
-D PT61M
-D P1D
-D PT0S
-D PT
-D P
-D P1W
-D foo
-D P1X
-D P-1D
-D P-2Y3M
-p 2024-03-01/P-1D
-D P1.5D
-D P10000D
-D P13M
-D PT59S
-D PT60S
-D PT90061S
-D P99Y
-D P1DT0S
-p 2024-01-01/P1D
-p 2024-01-01/P1D -S
-p 2024-01-01/P1D -O -W
-p 2024-01-01/2024-02-01
-p 2024-01-01/2023-01-01
-p P1D/2024-01-01
-p P1M/2024-03-31
-p P1Y2M3DT4H5M6S/2024-01-31
-p foo
-p 2024-01-01
-p 2024-01-01/
-p 2024-01-01/foo
-p /2024-01-01
-p P1D/P1D
-d 2024-01-31 -D P1M
-d 2024-01-01 -D P1M -p 2024-01-01/P1D
-p 2024-01-01/P1D -D P1D
-d 2024-01-01 -p 2024-01-01/P1D
-d 2024-01-01 -E 2024-01-01~00:00:00Z
-d 2024-01-01 -E x
-d 2024-01-01 -D P1M -E 2024-02-01~00:00:00Z
-d 2024-01-01 -D P1M -E 2024-01-01~00:00:00Z
-p 2024-01-01/P1D -E x
-n -d 2024-01-01
-E x
-d 2024-02-29~10:00:00~+02:00 -D PT1H
-d 2024-02-29~10:00:00~+02:00 -D PT1H -O -E 2024-060~09:00:00Z
-d 2024-02-29~10:00:00~+02:00 -L -D PT1H -E 2024-02-29~11:00:00~+02:00
-d epochal
-d epoch~
-d 2024-02-29~ -L
-d 2024-02-29~~ -L
-d 2024-2--1
-d bogus -V
-d 2024-13-01 -V
-d 2024-0-1 -V
-d 2023-2-29 -V
-d 2023-1--1 -V
-d 2023-366 -V
-d 2023-000 -V
-d 2024-W53-1 -V
-d 2024-W5-8 -V
-d 2024-01-01~25:00 -V
-d 2024-01-01~24:00:01 -V
-d 2024-01-01~1:60~+1 -V
-d 2024-01-01~1:2:60 -V
-d 2024-01-01~1:2:3~+25:00 -V
-d 2024-01-01~1:2:3~+ -V
-d 2024-01-01~x -V
-d bogus -VVVV
-d  -V
-D  -V
-p  -V
-D bogus -V
-D P -V
-D P~1D -V
-D P1 -V
-D P1X -V
-D P1Y2 -V
-D P1DX -V
-D P12345678901D -V
-D P+1D
-D P1D1DT1H1M1M1S1S1S
-D P1M2M1Y2Y
-D PT-100S
-D P2147483648W
-D P2147483648D
-D P1YT9999999999H1M
-D P2MT2147483648S
-D P9999999999
-D P9999999999M-1D
-p 2024-01-01/PT2147483647M -S
-d 0000-01-13
-d 0000-060~10:00:00Z -s
-d 0000-060~10:00:00Z -O
-d -2024-02-29
-d 00000-59~10:00:00 -S
-d -2024-059~10:00:00Z -s
-d -1-013 -O
-d 2147483648-01 -s
-d 99999999999999999999-060 -s
-p P30Y99999M/1582-02-09
-p P/2024-01-01
-p foo -V
-p 2024-01-01 -V
-p 2024-01-01/foo -V
-p P1D/P1D -V
-p P1D~/2024-01-01
-p 2024-01-01~10:00:00/2024-01-02~10:00:00~+02:00
-d
--bogus
bogus
`
  .trim()
  .split('\n')

describe.skipIf(!hasPacemaker)('iso8601 beside the real one (needs Debian pacemaker-cli-utils)', () => {
  test('the date "now" is the present', async () => {
    const asked = (argv: readonly string[]) => tryTool(iso8601, argv, { env: process.env, nowMs: 0 })
    const real = spawnSync('iso8601', ['-d', 'now', '-E', 'x'], { encoding: 'utf8' })
    const { code, out } = await asked(['-d', 'now', '-E', 'x'])
    const timeless = (text: string) => text.replaceAll(/\d/g, '0')
    expect({ code, out: timeless(out) }).toEqual({ code: real.status, out: timeless(real.stdout) })
    expect(await asked(['-d', 'now'])).toEqual(await asked(['-n']))
  })

  test('a duration by itself is a period that begins now', async () => {
    const argv = ['-p', 'P1DT1H', '-S']
    const { out } = await tryTool(iso8601, argv, { env: process.env, nowMs: 1_700_000_000_000 })
    expect(out).toBe('Period: 1700000000 to 1700090000\n')
    const seconds =
      spawnSync('iso8601', argv, { encoding: 'utf8' })
        .stdout.match(/\d{5,}/g)
        ?.map(Number) ?? []
    expect((seconds[1] ?? 0) - (seconds[0] ?? 0)).toBe(90_000)
  })

  for (const line of lines) {
    test(line, async () => {
      const argv = line.split(' ').map((word) => word.replaceAll('~', ' '))
      const theirs = spawnSync('iso8601', argv, { encoding: 'utf8' })
      const mine = await tryTool(iso8601, argv, { env: process.env, nowMs: 0 })
      expect(mine).toEqual({ code: theirs.status, out: theirs.stdout, err: theirs.stderr })
    })
  }
})
