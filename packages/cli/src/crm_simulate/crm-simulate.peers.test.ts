import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { type ToolOutcome, tryProgram, tryTool } from '../pacemaker/tool-trial.ts'
import { crmSimulate } from './main.ts'

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const shared = process.env['QUORATE_SHARED'] ?? path.join(repository, '..', 'shared')
const suite = path.join(shared, 'suites', 'scheduler-2.1.5')
const isInstalled = spawnSync('crm_simulate', ['--version']).error === undefined
const hasSuite = fs.existsSync(suite)
const lacks = !isInstalled ? ' (skipped: no crm_simulate)' : !hasSuite ? ' (skipped: no suite, set QUORATE_SHARED)' : ''
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-simulate-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

const ours = (argv: readonly string[]): Promise<ToolOutcome> => tryTool(crmSimulate, argv)
const real = (argv: readonly string[]): Promise<ToolOutcome> => tryProgram('crm_simulate', argv)

/** The present is in what a pretended failure leaves behind, and is not the same second for both. */
function timeless({ code, out, err }: ToolOutcome): ToolOutcome {
  const mask = (text: string): string =>
    text
      .replace(/(last-failure-[^ ]*=|name="last-failure-[^"]*" value=")\d+/g, '$1NOW')
      .replace(/(last-granted="|(?:queued|exec)=|last-(?:failure|rc-change)='[^']*)\d+/g, '$1')
      .replace(/ last-(?:failure|rc-change)='[^']*'/g, '')
  return { code, out: mask(out), err: mask(err) }
}

function firstDifference(expected: ToolOutcome, actual: ToolOutcome): string | undefined {
  if (expected.code !== actual.code) return `exit code ${actual.code}, expected ${expected.code}`
  for (const part of ['out', 'err'] as const) {
    const [wanted, got] = [expected[part].split('\n'), actual[part].split('\n')]
    const at = wanted.findIndex((line, i) => line !== got[i])
    if (at >= 0 || wanted.length !== got.length) return `${part} ${at + 1}: '${got[at]}', expected '${wanted[at]}'`
  }
  return undefined
}

async function differences(files: readonly string[], options: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  const rest = [...files]
  const work = async (): Promise<void> => {
    for (let file = rest.shift(); file !== undefined; file = rest.shift()) {
      const argv = ['-x', path.join(suite, file), ...options]
      const difference = firstDifference(timeless(await real(argv)), timeless(await ours(argv)))
      if (difference !== undefined) found.push(`${file}: ${difference}`)
    }
  }
  await Promise.all([work(), work()])
  return found
}

const files = lacks === '' ? fs.readdirSync(suite).filter((name) => name.endsWith('.xml')) : []
const every = (step: number, from: number): readonly string[] => files.filter((_, i) => i % step === from)

/** Options, and of how many inputs every which is tried with them. */
const spreads: readonly (readonly [step: number, options: readonly string[]])[] = [
  [6, ['-S', '-s', '-U', '--output-as=xml']],
  [40, ['-R', '-s', '--output-as=xml']],
  [40, ['-R', '-U', '--output-as=xml', '-Q']],
  [40, ['--output-as=xml']],
  [25, ['-A', '-c']],
  [25, ['-A', '-c', '-S', '--output-as=xml']],
  [40, ['-A', '-c', '-s', '-S']],
  [40, ['-R', '-Q']],
  [40, ['-R', '-VV', '--output-as=none']],
  [40, ['-S', '-VVV']],
  [25, ['-S', '-q', '0', '-u', 'node1', '-d', 'node2', '-f', 'node3', '-g', 'ticketA', '-r', 'ticketB']],
  [25, ['-S', '-w', 'true', '-b', 'ticketA', '-e', 'ticketB', '-u', 'new', '--output-as=xml']],
  [40, ['-S', '-s', '-U', '--text-fancy', '-b', 'ticketA']],
  [40, ['-S', '-s', '-Q', '-A', '-g', 'ticketA']],
]

describe.skipIf(lacks !== '')(`crm_simulate beside the real one on inputs of the suite${lacks}`, () => {
  test.each(spreads)('every %ith input with %j', async (step, options) => {
    const some = every(step, 2)
    expect(some.length).toBeGreaterThan(10)
    expect(await differences(some, options)).toEqual([])
  })

  const input = path.join(suite, 'ticket-group-2.xml')
  const injected = ['-S', '-i', 'rsc1_monitor_10000@node2=7', '-F', 'rsc2_start_0@node1=1']
  test.each([
    ['pretended operations', injected],
    ['pretended operations, as XML', [...injected, '--output-as=xml']],
    ['a specification of too few parts', ['-R', '-i', 'bad']],
    ['one as XML', ['-R', '-i', 'bad', '--output-as=xml']],
    ['an unknown format', ['--output-as=html']],
    ['an output that cannot be written', ['--output-to=/nowhere/out']],
    ['an output that is a folder', ['--output-to=/tmp']],
    ['an unknown option', ['--nope']],
    ['a missing argument', ['-d']],
    ['a time', ['-S', '-t', '2030-01-01 00:00:00Z']],
    ['a time that is none', ['-S', '-t', 'nonsense']],
    ['an option of old', ['-jR', '--pending']],
    ['quiet where there is nothing to tell', ['-S', '-Q']],
    ['quiet about what is done to the input', ['-S', '-Q', '-g', 'ticketB']],
    ['quiet, but scores', ['-R', '-Q', '-s', '-g', 'ticketB']],
    ['quiet, but scores under headings', ['-S', '-Q', '-s', '-U', '--text-fancy', '-g', 'ticketB']],
    ['quiet, but scores and what follows', ['-S', '-Q', '-s', '-U', '-g', 'ticketB']],
    ['scores under headings', ['-S', '-s', '--text-fancy']],
    ['capacities under headings', ['-R', '-U', '--text-fancy']],
    ['an unsuccessful probe, which is no failure', ['-S', '-i', 'rsc1_start_0@node1=7', '-c']],
    ['a negative result', ['-S', '-c', '-i', 'rsc1_monitor_10000@node1=-1']],
    ['a result of more than 32 bits', ['-S', '-c', '-i', 'rsc1_monitor_10000@node1=4294967303']],
    ['a result with something behind it', ['-S', '-c', '-i', 'rsc1_monitor_10000@node1= 7x']],
    ...['', '@=7', 'a@=7', '@n=7', 'x@node1=7', 'rsc1_monitor_0@node1', 'rsc1_monitor_0@node1=x', '_b_0@node1=7'].map(
      (text): [string, string[]] => [`the specification '${text}'`, ['-R', '-i', text]],
    ),
    ['a failure in other letters', ['-S', '-F', 'RSC1_Start_0@NODE2=1']],
    ['a failure that is none', ['-S', '-F', 'rsc1_start_0@node2=0']],
    ['a failure with another interval', ['-S', '-F', 'rsc1_start_x@node2=1']],
    ['a failure without a number', ['-S', '-F', 'rsc1_start_0@node2=x', '-F', 'rsc1_start_0@node2=2']],
    ['another input named later', ['-x', path.join(suite, 'order1.xml'), '-R']],
    ['the cluster named last, where there is none', ['-R', '-L']],
    ['the file named last', ['-L', '-x', input, '-R']],
  ])('%s', async (_, options) => {
    const argv = ['-x', input, ...options]
    expect(timeless(await ours(argv))).toEqual(timeless(await real(argv)))
  })

  test('a node that is not known is brought up where there are remote nodes', async () => {
    const remote = ['remote-recover', 'remote-recovery', 'remote-startup', 'remote-move'].map((name) => `${name}.xml`)
    expect(await differences(remote, ['-S', '-u', 'new'])).toEqual([])
  })

  test('guest nodes that became cluster nodes by a simulation, and what follows', async () => {
    const guests: readonly (readonly [file: string, node: string])[] = [
      ['bundle-order-partial-stop.xml', 'undercloud'],
      ['container-is-remote-node.xml', 'lama3'],
      ['notify-behind-stopping-remote.xml', 'redis-bundle-1'],
      ['route-remote-notify.xml', 'rabbitmq-bundle-1'],
      ['whitebox-fail2.xml', '18node3'],
      ['whitebox-start.xml', '18node3'],
    ]
    for (const [file, node] of guests) {
      const after = path.join(scratch, `after-${file}`)
      expect(await differences([file], ['-S', '-s', '-u', node])).toEqual([])
      expect((await real(['-x', path.join(suite, file), '-S', '-u', node, '-O', after])).code).toBe(0)
      const argv = ['-x', after, '-S', '-s']
      expect([file, firstDifference(timeless(await real(argv)), timeless(await ours(argv)))]).toEqual([file, undefined])
    }
  })

  test('a packed input, and an output in a file', async () => {
    const packed = path.join(scratch, 'input.xml.bz2')
    fs.writeFileSync(packed, spawnSync('bzip2', ['-c', input]).stdout)
    const target = path.join(scratch, 'out')
    const argv = ['-x', packed, '-S', '--output-as=xml', `--output-to=${target}`]
    expect(await real(argv)).toEqual({ code: 0, out: '', err: '' })
    const expected = fs.readFileSync(target, 'utf8')
    fs.rmSync(target)
    expect(await ours(argv)).toEqual({ code: 0, out: '', err: '' })
    expect(fs.readFileSync(target, 'utf8')).toBe(expected)
    expect(fs.statSync(target).mode & 0o777).toBe(0o640)
  })

  /** What a call leaves behind where it has a folder to itself, with the input in it. */
  async function folderAfter(
    run: (argv: readonly string[]) => Promise<ToolOutcome>,
    file: string,
    options: readonly string[],
  ): Promise<{ readonly told: ToolOutcome; readonly files: readonly (readonly [name: string, text: string])[] }> {
    const folder = fs.mkdtempSync(path.join(scratch, 'folder-'))
    fs.copyFileSync(path.join(suite, file), path.join(folder, 'input.xml'))
    const before = process.cwd()
    process.chdir(folder)
    try {
      const { code, out, err } = await run(['-x', 'input.xml', ...options])
      const texts = fs.readdirSync(folder).map((name): [string, string] => {
        const { mode } = fs.statSync(path.join(folder, name))
        const text = fs.readFileSync(path.join(folder, name), 'utf8').replace(/ last-rc-change="\d+"/g, '')
        return [name, `${(mode & 0o777).toString(8)}\n${timeless({ code: 0, out: text, err: '' }).out}`]
      })
      return { told: timeless({ code, out, err }), files: texts }
    } finally {
      process.chdir(before)
    }
  }

  const all = ['-I', 'in', '-O', 'out', '-G', 'graph', '-D', 'dot']
  test.each([
    ['ticket-group-2.xml', ['-S', '-a', ...all]],
    ['ticket-group-2.xml', ['-S', '-i', 'rsc1_monitor_10000@node2=7', '-F', 'rsc2_start_0@node1=1', ...all]],
    ['ticket-group-2.xml', ['-g', 'ticketA', '-b', 'ticketA', '-r', 'new', '-e', 'ticketA', ...all]],
    ['standby.xml', ['-S', '-i', 'IPaddr_192_168_1_101_start_0@sapcl01=1', ...all]],
    ['coloc-loop.xml', ['-S', '-w', 'true', '-q', 'true', ...all]],
    ['bug-lf-2453.xml', ['-X', '-u', 'new', '-i', 'DummyResource:1_start_0@domu1=1', ...all]],
    ['migrate-fencing.xml', ['-S', '-w', 'false', '-d', 'pcmk-4', '-f', 'pcmk-3', ...all]],
    ['bug-1822.xml', ['-w', '/dev/watchdog', ...all]],
    ['stop-failure-no-fencing.xml', [...all]],
    ['whitebox-start.xml', ['-S', ...all]],
    ['failcount.xml', ['-R', ...all]],
    ['load-stopped-loop-2.xml', ['-S', '-O', 'out']],
    ['location-sets-templates.xml', ['-R', '-u', 'node1', '-f', 'newnode', '-d', 'newer', ...all]],
    ['inc1.xml', ['-S', '-F', 'child_rsc2:0_start_0@node2=1', '-F', 'child_rsc2_start_0@node1=2', ...all]],
    ['order1.xml', ['-S', '-I', '-']],
    ['order1.xml', ['-S', '-G', '-']],
    ['order1.xml', ['-VV', '-S', '-s', '-u', 'new', '-O', 'no/file']],
    ['migrate-fencing.xml', ['-VV', '-S', '-s', '-u', 'new', '-t', '2020-01-01', '-I', 'no/file', '-O', 'out']],
    ['migrate-fencing.xml', ['-VV', '-S', '-s', '-u', 'new', '-G', 'no/file', '-O', 'out', '-D', 'dot']],
    ['order1.xml', ['-S', '-U', '-D', 'no/file', '-G', 'graph', '--output-as=xml']],
    ['order1.xml', ['-S', '-I', 'no/file', '--output-as=xml', '-u', 'new']],
    ['order1.xml', ['-S', '-O', 'no/file', '--output-as=xml']],
    ['order1.xml', ['-S', '-G', '.', '-O', 'out']],
    ['order1.xml', ['-S', '-O', '.']],
    ['order1.xml', ['-S', '-O', 'input.xml/x', '--output-as=xml']],
    ['order1.xml', ['-S', '-I', '.', '-u', 'new']],
  ])('what is left behind of %s by %j', async (file, options) => {
    expect(await folderAfter(ours, file, options)).toEqual(await folderAfter(real, file, options))
  })

  test.each([
    ['stop-failure-no-fencing.xml', ['-VV', '-S', '-b', 'ticketX']],
    ['stop-failure-no-fencing.xml', ['-VV', '-S', '-Q', '-i', 'nope_start_0@pcmk-3=1']],
    ['migrate-fencing.xml', ['-VV', '-S', '-u', 'pcmk-4', '-i', 'nope_start_0@pcmk-3=1']],
    ['migrate-fencing.xml', ['-VV', '-R', '-i', 'bad', '--output-as=none']],
    ['clone-no-shuffle.xml', ['-c']],
    ['clone-no-shuffle.xml', ['-c', '--output-as=xml']],
    ['797.xml', ['-VVV', '-S', '-Q', '-t', '2023-11-14 23:13:20 +01:00']],
    ['797.xml', ['-VVV', '-R', '-u', 'new', '-t', 'nonsense', '--output-as=xml']],
    ['order-serialize.xml', ['-VVV', '-S', '-F', 'rsc_c001n03_stop_0@c001n03=1', '-F', 'rsc_c001n02_stop_0@c001n02=1']],
    ['bug-5028.xml', ['-VVV', '-S']],
    ['load-stopped-loop-2.xml', ['-VVV', '-S']],
    ['order1.xml', ['-R', '-N', 'x']],
    ['order1.xml', ['-R', '--repeat=2147483648']],
    ['order1.xml', ['-R', '-N', '0x10']],
  ])('what is said of %s with %j', async (file, options) => {
    const argv = ['-x', path.join(suite, file), ...options]
    expect(timeless(await ours(argv))).toEqual(timeless(await real(argv)))
  })

  test('without a source standard input is read, even where the environment names a file', async () => {
    const text = fs.readFileSync(input, 'utf8')
    const env = { PATH: process.env['PATH'], CIB_file: path.join(suite, 'order1.xml') }
    const expected = await tryProgram('crm_simulate', ['-R'], { env, input: text })
    expect(expected.out).toContain('rsc1')
    expect(await tryTool(crmSimulate, ['-R'], { env, input: text })).toEqual(expected)
  })

  test.each([[[]], [['--output-as=xml']]])('a group without members is not shown, with %j', async (options) => {
    const file = path.join(scratch, 'empty.xml')
    const resources = '<group id="g"/><clone id="c"><group id="h"/></clone>'
    fs.writeFileSync(
      file,
      `<cib validate-with="none" have-quorum="1"><configuration><resources>${resources}</resources></configuration><status/></cib>`,
    )
    const argv = ['-x', file, '-S', ...options]
    expect(await ours(argv)).toEqual(await real(argv))
  })

  test('standard input cannot be edited, and the CIB of a cluster is not, whatever file was named before', async () => {
    const live = path.join(scratch, 'live.xml')
    fs.copyFileSync(input, live)
    const env = { PATH: process.env['PATH'], CIB_file: live }
    const text = fs.readFileSync(input, 'utf8')
    const folder = fs.mkdtempSync(path.join(scratch, 'folder-'))
    const before = process.cwd()
    process.chdir(folder)
    for (const argv of [['-X'], ['-X', '-x', '-'], ['-X', '-p']]) {
      expect((await tryProgram('crm_simulate', argv, { input: text, env })).code).toBe(66)
      const told = await tryTool(crmSimulate, argv, { input: text, env })
      expect(told).toEqual({ code: 66, out: '', err: expect.stringContaining('--in-place') })
    }
    process.chdir(before)
    for (const argv of [
      ['-X', '-L'],
      ['-X', '-x', live, '-L', '-u', 'new'],
    ]) {
      const expected = await tryProgram('crm_simulate', argv, { env })
      expect(await tryTool(crmSimulate, argv, { env })).toEqual(expected)
      expect(fs.readFileSync(live, 'utf8')).toBe(text)
    }
  })

  test.each([
    ['of a file, where they may be masked', ['-S', '-x'], 0],
    ['of a cluster, where a change is a change', ['-S', '-L'], 2],
  ])('passwords %s', async (_, options, restarts) => {
    const file = path.join(scratch, 'secrets.xml')
    fs.copyFileSync(path.join(suite, 'on-fail-ignore.xml'), file)
    const env = { PATH: process.env['PATH'], CIB_file: file }
    const argv = options.includes('-x') ? [...options, file] : options
    const expected = await tryProgram('crm_simulate', argv, { env })
    expect(expected.out.split('* Restart').length - 1).toBe(restarts)
    expect(await tryTool(crmSimulate, argv, { env })).toEqual(expected)
  })

  test.each([
    [[]],
    [['-VV', '-N', '2', '-Q']],
    [['-s', '-U', '-N', '2']],
    [['-s', '--text-fancy', '-u', 'new', '-O', 'nowhere/out']],
    [['-U', '--output-as=xml']],
    [['-s', '-N', '2', '-t', '2005-01-01']],
    [['-Q', '-t', '2005-01-01', '-u', 'new']],
  ])('every CIB of a folder with %j', async (options) => {
    const folder = fs.mkdtempSync(path.join(scratch, 'folder-'))
    // The last has rules for dates: here they are asked what they say of today.
    for (const name of ['order1.xml', 'migrate-fencing.xml', 'clone-no-shuffle.xml', 'location-date-rules-1.xml']) {
      fs.copyFileSync(path.join(suite, name), path.join(folder, name))
    }
    fs.writeFileSync(path.join(folder, '.hidden.xml'), 'not read')
    fs.writeFileSync(path.join(folder, 'other.txt'), 'not read')
    const untimed = (told: ToolOutcome): ToolOutcome => ({
      ...told,
      out: told.out.replace(/\d+\.\d+ secs|duration="\d+\.\d+"/g, 'a while'),
    })
    const argv = ['-P', folder, ...options]
    expect(untimed(await ours(argv))).toEqual(untimed(await real(argv)))
  })

  test.each([[[]], [['-s']], [['--output-as=xml']]])(
    'values with characters that are not written as they are read are shown as the copy has them, with %j',
    async (options) => {
      const file = path.join(scratch, 'characters.xml')
      const state = '<node_state id="1" uname="n&#10;1" in_ccm="true" crmd="online" join="member" expected="member"/>'
      fs.writeFileSync(
        file,
        `<cib validate-with="none" crm_feature_set="3.16.1" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1"><configuration>
      <crm_config><cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
      <nodes><node id="1" uname="n&#10;1"/></nodes><resources><primitive id="r&#9;2" class="ocf" provider="p" type="x"/></resources>
      <constraints/></configuration><status>${state}</status></cib>`,
      )
      const argv = ['-x', file, '-S', ...options]
      const { code, out } = await ours(argv)
      expect({ code, out }).toEqual({ code: 0, out: (await real(argv)).out })
      expect(out).toContain('n\\n1')
    },
  )

  test.each([[[]], [['--output-as=xml']]])('a folder that is none has nothing to tell, with %j', async (options) => {
    const argv = ['-P', path.join(scratch, 'no-folder'), ...options]
    expect(await ours(argv)).toEqual(await real(argv))
  })
})

describe('crm_simulate by itself', () => {
  test('prints JSON, which the real one does not have', async () => {
    const file = path.join(scratch, 'empty.xml')
    fs.writeFileSync(file, '<cib validate-with="none"><configuration/><status/></cib>')
    const { code, out } = await ours(['-x', file, '-R', '--output-as=json'])
    expect(code).toBe(0)
    const root = JSON.parse(out)
    expect(root.element).toBe('pacemaker-result')
    expect(root.children.map((item: { element: string }) => item.element)).toEqual([
      'cluster_status',
      'actions',
      'status',
    ])
  })

  test.each([
    ['is not there', 'none.xml', undefined, 66, /none\.xml/],
    ['is not well formed', 'bad.xml', '<cib>\n  <oops', 65, /bad\.xml:2/],
    ['is not packed as its name says', 'bad.xml.bz2', 'text', 66, /bad\.xml\.bz2: no valid bzip2 data/],
    ['is not valid', 'odd.xml', '<cib validate-with="pacemaker-3.9"><oops/></cib>', 78, /odd\.xml/],
  ])('a file that %s is refused with its name', async (_, name, content, expected, message) => {
    const file = path.join(scratch, name)
    if (content !== undefined) fs.writeFileSync(file, content)
    const { code, out, err } = await ours(['-x', file, '-R'])
    expect({ code, out }).toEqual({ code: expected, out: '' })
    expect(err).toMatch(message)
  })
})
