import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Lab, labMissing, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'

const tools = ['corosync-quorumtool', 'corosync-cmapctl', 'corosync-cpgtool', 'corosync-cfgtool']
const missing = labMissing(['/usr/sbin/corosync', ...tools.map((tool) => `/usr/sbin/${tool}`)])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
/** So long that a node that hardly gets to run is not lost between one tool and the other. */
const tokenMs = 5000
let folder: string
const groups = (client: string): string => `
import { connectRing } from ${JSON.stringify(client)}
const none = () => undefined
for (const group of ['plain', 'sp ace\\\\\\x01\\x7f\\xe9\\n', 'zz']) {
  const cpg = await connectRing().cpg({ deliver: none, confchg: none, onClose: () => process.exit(0) })
  await cpg.join(group)
}
`

beforeAll(async () => {
  if (missing !== undefined) return
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'qbtools-'))
  fs.writeFileSync(path.join(folder, 'bytes'), Uint8Array.of(0x61, 0x5c, 0x22, 0, 0x7f, 0xe9, 0x20, 0x0a))
  fs.writeFileSync(
    path.join(folder, 'settings'),
    's.a str one two\n^s.none\n# words\n\ns.c u8 5\n^^s.d\ns.e\ns.f u8 6\n',
  )
  const client = new URL('../../../corosync/dist/client/index.js', import.meta.url).href
  fs.writeFileSync(path.join(folder, 'groups.mjs'), groups(client))
})

afterAll(async () => {
  if (missing === undefined) fs.rmSync(folder, { recursive: true, force: true })
})

/** A lab for one test: they run side by side. */
function labOf({ onTestFinished }: TestContext, name: string): Lab {
  const lab = new Lab(name)
  onTestFinished(() => lab.down())
  return lab
}

type Said = { readonly code: number; readonly out: string; readonly err: string }

/** What differs from one moment to the next is made equal. */
const comparable = ({ code, out, err }: Said): Said => ({ code, out: out.replace(/^Date: .*$/m, 'Date'), err })

function wordsOf(commands: string): readonly (readonly string[])[] {
  const lines = commands.split('\n').map((line) => line.trim())
  return lines
    .filter((line) => line !== '')
    .map((line) => line.split(' ').map((word) => word.replace('FOLDER', folder)))
}

/** Runs each command in a node, first with the C tool, then with ours, and expects the same bytes and exit code. */
async function same(lab: Lab, node: number, commands: string): Promise<void> {
  const lines = wordsOf(commands)
  const file = path.join(lab.folder, 'commands.json')
  fs.writeFileSync(file, JSON.stringify(lines))
  const program = fileURLToPath(new URL('./beside-real.mjs', import.meta.url))
  const { stdout, stderr } = await lab.exec(node, process.execPath, program, file)
  expect(stderr).toBe('')
  const both = JSON.parse(stdout) as readonly { readonly real: Said; readonly ours: Said }[]
  expect(both).toHaveLength(lines.length)
  for (const [index, { real, ours }] of both.entries()) {
    expect(comparable(ours), lines[index]?.join(' ')).toEqual(comparable(real))
  }
}

/** As {@link same}, each of ours as a program of its own. */
async function samePrograms(lab: Lab, node: number, commands: string): Promise<void> {
  const said = async (argv: readonly string[]): Promise<Said> => {
    const { status, stdout, stderr } = await lab.exec(node, ...argv)
    return comparable({ code: status, out: stdout, err: stderr })
  }
  for (const argv of wordsOf(commands)) {
    const real = await said(argv)
    expect(await said([process.execPath, quorateProgram, ...argv]), argv.join(' ')).toEqual(real)
  }
}

const readings = `
corosync-quorumtool
corosync-quorumtool -s
corosync-quorumtool -s -p
corosync-quorumtool -s -H
corosync-quorumtool -l
corosync-quorumtool -l -i
corosync-quorumtool -l -o n
corosync-quorumtool -l -o i -H -p
corosync-quorumtool -l -o z
corosync-quorumtool -h
corosync-quorumtool -V
corosync-quorumtool -x
corosync-quorumtool -e 1
corosync-quorumtool -e x
corosync-quorumtool -v x
corosync-quorumtool -n 9 -v 2
corosync-quorumtool -f
corosync-cfgtool
corosync-cfgtool -h
corosync-cfgtool -s
corosync-cfgtool -s -b
corosync-cfgtool -n
corosync-cfgtool -a 2
corosync-cfgtool -a 77
corosync-cfgtool -a x
corosync-cfgtool -k 0
corosync-cfgtool -R
corosync-cfgtool -L
corosync-cfgtool -z
corosync-cpgtool
corosync-cpgtool -n
corosync-cpgtool -e
corosync-cpgtool -d ,
corosync-cpgtool -h
corosync-cpgtool -z
corosync-cmapctl
corosync-cmapctl -h
corosync-cmapctl -b nodelist.
corosync-cmapctl totem. nodelist.
corosync-cmapctl nothing.here
corosync-cmapctl -g totem.version totem.transport
corosync-cmapctl -g totem.version no.such totem.transport
corosync-cmapctl -q -g totem.version
corosync-cmapctl -g
corosync-cmapctl -g x
corosync-cmapctl -x
corosync-cmapctl -m foo
corosync-cmapctl -C ring
`

const writings = `
corosync-cmapctl -s t.a str hello
corosync-cmapctl -s t.b bin FOLDER/bytes
corosync-cmapctl -s t.c u8 300
corosync-cmapctl -s t.d dbl 2.25
corosync-cmapctl -s t.e flt 1e3
corosync-cmapctl -s t.f u32 0x10
corosync-cmapctl -s -- t.g i64 -1
corosync-cmapctl -s t.h u64 18446744073709551616
corosync-cmapctl -s t.i zzz 1
corosync-cmapctl -s t.j i32
corosync-cmapctl -s t.k bin FOLDER/none
corosync-cmapctl -s t.l bin /dev/null
corosync-cmapctl -s a str x
corosync-cmapctl -s totem.version u32 3
corosync-cmapctl t.
corosync-cmapctl -b t.
corosync-cmapctl -d no.a t.a
corosync-cmapctl -D nodelist.
corosync-cmapctl -p FOLDER/settings
corosync-cmapctl s.
corosync-cmapctl -p FOLDER/none
corosync-cmapctl -C all
corosync-cmapctl -D t. s.
`

/** Has node 2 join groups, and waits until another sees all of them. */
async function joinGroups(lab: Lab, seenBy: number): Promise<void> {
  await lab.must(['start', '2', 'groups', process.execPath, path.join(folder, 'groups.mjs')])
  while (!(await lab.exec(seenBy, 'corosync-cpgtool', '-n')).stdout.includes('zz'));
}

describe.concurrent(`corosync's tools${why}`, () => {
  for (const transport of ['udpu', 'knet'] as const) {
    const title = `print of a real corosync with ${transport} what the C tools print; values are set, shown, loaded and deleted in the same words`
    test.skipIf(missing !== undefined)(title, async (context) => {
      const lab = labOf(context, `qt${transport}`)
      await lab.up({ nodes: 2, transport, tokenMs })
      for (const node of [1, 2]) await lab.startCorosync(node, 'real')
      await lab.waitRing()
      await joinGroups(lab, 1)
      await same(lab, 1, readings)
      await same(lab, 1, writings)
    })
  }

  test.skipIf(missing !== undefined)(
    'tell of a lost peer and a corosync that is gone in the same words',
    async (context) => {
      const lab = labOf(context, 'qtlost')
      // With less it would lose the token to itself now and then, and its ring have another number for the second tool.
      await lab.up({ nodes: 3, transport: 'udpu', tokenMs: 3000 })
      await lab.startCorosync(1, 'real')
      const status = async (): Promise<number> => (await lab.exec(1, 'corosync-quorumtool', '-s')).status
      while ((await status()) !== 2);
      await samePrograms(lab, 1, 'corosync-quorumtool -s\ncorosync-cfgtool -s\ncorosync-cfgtool -n')
      await lab.must(['stop', '1', 'corosync'])
      await samePrograms(
        lab,
        1,
        `corosync-quorumtool -s
    corosync-quorumtool -e 2
    corosync-cmapctl
    corosync-cpgtool
    corosync-cfgtool -s
    corosync-cfgtool -R
    corosync-cfgtool -L
    corosync-cfgtool -H
    corosync-cfgtool -k 2
    corosync-cfgtool -a 2`,
      )
    },
  )

  test.skipIf(missing !== undefined)('of C read our corosync as our tools do', async (context) => {
    const lab = labOf(context, 'qtours')
    await lab.up({ nodes: 3, transport: 'udpu', tokenMs })
    for (const node of [1, 2]) await lab.startCorosync(node, 'real')
    await lab.startCorosync(3, 'ours')
    await lab.waitRing()
    await joinGroups(lab, 3)
    await same(lab, 3, `${readings}${writings}`)
    expect(await lab.exec(3, 'corosync-cfgtool', '-H')).toEqual({
      status: 0,
      stdout: 'Shutting down corosync\n',
      stderr: '',
    })
    let left = ''
    while (!left.includes('Nodes:            2')) left = (await lab.exec(1, 'corosync-quorumtool', '-s')).stdout
    // A node that leaves in good order must not lower what the others expect: two of three keep needing two.
    expect(left).toMatch(/Expected votes: {3}3\n/)
  })
})
