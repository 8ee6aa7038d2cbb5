import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Lab, type LabOutput, labMissing, patienceMs, quorateProgram, until } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const programs = ['/usr/sbin/corosync', '/usr/sbin/pacemakerd', '/usr/sbin/stonith_admin', '/usr/sbin/crm_mon']
const missing = labMissing(programs)
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('sa')
const patient = { timeout: patienceMs, interval: 200 }
const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** A real node, one of ours in the same cluster, and one that has nothing but the canned daemons. */
const [realNode, ourNode, cannedNode] = [1, 2, 3] as const

type Case = {
  readonly line: string
  readonly files?: Readonly<Record<string, string>>
  readonly whose?: 'ours' | 'real'
}
type Said = { readonly code: number; readonly out: string; readonly err: string; readonly requests: readonly string[] }
type Pair = { readonly line: string; readonly real: Said; readonly ours: Said }

/** Runs lines in a node, one after the other; blanks within a word are written as `~`. */
async function pairs(node: number, cases: readonly Case[]): Promise<readonly Pair[]> {
  const folder = path.join(lab.folder, 'canned')
  const file = path.join(lab.folder, `cases${node}.json`)
  fs.writeFileSync(file, JSON.stringify(cases))
  const done = await lab.exec(node, process.execPath, beside('./beside-real.mjs'), file, folder)
  expect(done.stderr).toBe('')
  return JSON.parse(done.stdout)
}

const moment = /(Last updated:|last_update time="|last_updated="|last updated ).*/g

/** The real one says so of a DC of another version, as ours is to it. */
const otherDc = 'warning: wait option may not work properly in mixed-version cluster\n'

/** What both have to say alike: not when, and in requests not what the C program's functions are called. */
function comparable({ code, out, err, requests }: Said) {
  return {
    code,
    out: out.replace(moment, '$1').replace(otherDc, ''),
    err: code === 64 ? '' : err,
    requests: requests.map((xml) =>
      xml
        .replace(/ (st_origin|st_async_id)="[^"]*"/g, '')
        // A bit that has a meaning for fencing only.
        .replace(/(st_fence_history.*st_callopt=")(\d+)/, (_, before: string, bits) => before + (Number(bits) & ~2))
        .replace(/(<st_calldata>)<\w+( st_)/, '$1<data$2'),
    ),
  }
}

/** Operations of the past: all states, with what may be missing missing, later successes, and equal times. */
const histories: Readonly<Record<string, string>> = {
  some: [
    'st_target="node1" st_device_action="reboot" st_origin="o1" st_delegate="d1" st_clientname="a.1" st_date="1795358205" st_date_nsec="428878299" st_state="2" op-status="0" rc-code="0"',
    'st_target="node1" st_device_action="reboot" st_origin="o1" st_delegate="d1" st_clientname="c.2" st_date="1795358206" st_date_nsec="4" st_state="4" exit-reason="it &lt;broke&gt;"',
    'st_target="node2" st_device_action="off" st_origin="o2" st_clientname="c.3" st_date="1795358207" st_state="0"',
    'st_target="node2" st_device_action="on" st_origin="o2" st_delegate="d4" st_clientname="c.3" st_date="1795358208" st_state="1"',
    'st_target="n4" st_device_action="off" st_date="1795358210" st_date_nsec="4" st_state="4"',
    'st_target="n5" st_date="1795358210" st_state="2" st_clientname="q"',
    'st_target="node2" st_device_action="off" st_origin="o2" st_delegate="d1" st_clientname="c.5" st_date="1795358100" st_date_nsec="4" st_state="2"',
    'st_target="NODE2" st_device_action="off" st_origin="o2" st_delegate="d2" st_clientname="c.7" st_date="1795358099" st_state="4"',
    'st_target="n9" st_device_action="monitor" st_origin="o2" st_delegate="d2" st_clientname="c.7" st_date="1795358098" st_state="4"',
  ]
    .map((attributes) => `<st_execute ${attributes}/>`)
    .join(''),
  equal: [
    ['n1', 'd1', 100, 4],
    ['n1', 'd2', 102, 2],
    ['n1', 'd1', 101, 2],
    ['n1', 'd3', 103, 2],
    ['n1', '', 99, 4],
    ['n1', 'd9', 98, 4],
    ['n2', '', 102, 2],
    ['n2', 'd1', 102, 4],
    ['n2', 'd1', 101, 4],
    ['p1', '', 5, 0],
    ['p2', '', 7, 3],
  ]
    .map(([target, delegate, date, state]) => {
      const by = delegate === '' ? '' : `st_delegate="${delegate}" `
      return `<st_execute st_target="${target}" st_device_action="reboot" st_origin="o" st_clientname="c" ${by}st_date="${date}" st_state="${state}"/>`
    })
    .join(''),
}

const everyDisplay = `
stonith_admin -H * -V
stonith_admin -H *
stonith_admin -H * -V --output-as=xml
crm_mon -1
crm_mon --output-as=xml
`
  .trim()
  .split('\n')

const moreDisplays = `
stonith_admin -H node2 -q
stonith_admin -H * -q -V --output-as=xml
stonith_admin -H * -V --text-fancy
stonith_admin -H * -b
stonith_admin -H node1 -c -b
crm_mon -1 -R -m3
crm_mon -1 -m0
crm_mon -1 --include=none,fencing -m1
crm_mon -1 --include=none,fencing-succeeded
crm_mon -1 --include=none,fencing-failed
crm_mon -1 --include=none,fencing-pending -R
crm_mon -1 --include=all --exclude=fencing-pending
crm_mon -1 --include=all --node NODE2
crm_mon --output-as=xml -m1
crm_mon --output-as=xml --exclude=fencing-succeeded
crm_mon --output-as=xml --node node1
`
  .trim()
  .split('\n')

const requests = `
stonith_admin -L --output-as=xml
stonith_admin -l n1 -t 7
stonith_admin -D dev
stonith_admin -r n1 -i 3 -v a -v b
stonith_admin -r @n.* -i 9 -v a
stonith_admin -d a=b -i 1
stonith_admin -d n1
stonith_admin -B n1 -t 4 -y 3 --tolerance 5min
stonith_admin -U n1 -y -1 --output-as=xml
`
  .trim()
  .split('\n')

const someRequests = `
stonith_admin -s dev
stonith_admin -Q dev -t 9
stonith_admin -R dev -a fence_none -o a=b -o c=d~e
stonith_admin -F n1
crm_mon -1 --include=none,fencing
`
  .trim()
  .split('\n')

const outcomes = [
  '',
  'op-status="10" rc-code="1" st_rc="-19"',
  'op-status="4" rc-code="1" st_rc="-61" exit-reason="the agent says no"',
  'st_rc="-22"',
]

const cib = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" dc-uuid="1"><configuration><crm_config/><nodes><node id="1" uname="node1"/><node id="2" uname="node2"/></nodes><resources/><constraints/></configuration><status><node_state id="1" uname="node1" in_ccm="true" crmd="online" join="member" expected="member"/></status></cib>`

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 3, transport: 'udpu' })
  const canned = path.join(lab.folder, 'canned')
  fs.mkdirSync(canned)
  fs.writeFileSync(path.join(canned, 'cib.xml'), cib)
  await lab.must(['start', String(cannedNode), 'canned', process.execPath, beside('./canned-daemons.mjs'), canned])
  lab.electSoon([realNode, ourNode])
  for (const node of [realNode, ourNode]) await lab.startCorosync(node, 'real')
  await lab.waitRing()
  await lab.must(['start-pacemaker', String(realNode)])
  await lab.must(['start', String(ourNode), 'pacemaker', process.execPath, quorateProgram, 'pacemakerd', '-f'])
  await lab.waitOnline()
  // The canned node never joins: it is not to be fenced for that.
  await lab.must(['exec', String(realNode), 'crm_attribute', '-n', 'startup-fencing', '-v', 'false'])
  await lab.must(['fencing'])
  const add = ['exec', String(realNode), 'cibadmin', '-C', '-o', 'resources', '-X']
  for (const xml of resources) await lab.must([...add, xml])
  // Nothing moves while something else is restarted.
  const stay = ['crm_attribute', '-t', 'rsc_defaults', '-n', 'resource-stickiness', '-v', '1000']
  await lab.must(['exec', String(realNode), ...stay])
  // What the cluster still does must not come between two that are compared.
  await lab.waitIdle(realNode)
  const isServed = async (): Promise<boolean> => (await lab.exec(cannedNode, 'stonith_admin', '-L')).status === 0
  await until(isServed, 'the canned daemons answer')
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

describe.skipIf(missing !== undefined)(`what is said of fencing, beside the real tools${why}`, () => {
  test.each(Object.entries(histories))('of a history: %s', async (name, history) => {
    const lines = name === 'some' ? [...everyDisplay, ...moreDisplays] : everyDisplay
    const files = { 'history.xml': history, outcome: '' }
    const done = await pairs(
      cannedNode,
      lines.map((line) => ({ line, files })),
    )
    for (const { line, real, ours } of done) expect(comparable(ours), line).toEqual(comparable(real))
  })

  test('of each outcome, asking the same of the fencer', async () => {
    const cases = outcomes.flatMap((outcome, i) =>
      (i === 0 ? [...requests, ...someRequests] : someRequests).map((line) => ({
        line,
        files: { 'history.xml': '', outcome },
      })),
    )
    for (const [i, { line, real, ours }] of (await pairs(cannedNode, cases)).entries()) {
      expect(comparable(ours), `${line} ${cases[i]?.files.outcome}`).toEqual(comparable(real))
    }
  })

  test('when it is interrupted while the fencer is silent', async () => {
    fs.writeFileSync(path.join(lab.folder, 'canned/outcome'), 'silent')
    const log = path.join(lab.folder, 'canned/requests.log')
    fs.rmSync(log, { force: true })
    const line = `${process.execPath} ${quorateProgram} stonith_admin -B n1 & while [ ! -s ${log} ]; do sleep 0.1; done; kill -INT $!; wait $!`
    const done: LabOutput = await lab.exec(cannedNode, 'bash', '-c', `set -m; ${line}`)
    expect(done).toMatchObject({ status: 130, stdout: '' })
    expect(done.stderr).toContain('Interrupted; the request was sent, and n1 may still be fenced')
  })
})

/** Lines that change nothing; what they say is the same whoever is asked. */
const looks = `
stonith_admin -L
stonith_admin -l node2
stonith_admin -l nodeZ
stonith_admin -s fence
stonith_admin -s nope
stonith_admin -Q fence
stonith_admin -Q nope
stonith_admin -I
stonith_admin -M -a fence_lab
stonith_admin -M -a nope
stonith_admin -K -a fence_lab
stonith_admin -K -a fence_xvm -o foo=bar --output-as=xml
stonith_admin -K -a nope
stonith_admin -H * -V
stonith_admin -H nodeX
stonith_admin -h nodeX
stonith_admin -h nodeX --output-as=xml
crm_mon -1 -m
crm_mon --output-as=xml
`
  .trim()
  .split('\n')

const restarts = `
crm_resource --wait
crm_resource -r d1 --restart
crm_resource -r g1 --restart -T 240
crm_resource -r off --restart
crm_resource -r off --force-check
crm_resource -r off --force-check --output-as=xml
crm_resource -r cl --force-start
crm_resource -r fence --force-check
crm_resource -r d1 --restart -N nowhere
`
  .trim()
  .split('\n')

const dummy = (id: string, inner = '') =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inner}</primitive>`
const stopped =
  '<meta_attributes id="off-m"><nvpair id="off-m-t" name="target-role" value="Stopped"/></meta_attributes>'
const resources = [
  dummy('d1'),
  dummy('off', stopped),
  `<group id="g">${dummy('g1')}${dummy('g2')}</group>`,
  `<clone id="cl">${dummy('c')}</clone>`,
]

describe.skipIf(missing !== undefined)(`with a cluster of a real node and one of ours${why}`, () => {
  test('says of real daemons what the real tools say, before and after nodes were fenced', async () => {
    const changes: readonly Case[] = [
      { line: 'stonith_admin -C nodeX', whose: 'ours' },
      { line: 'stonith_admin -F nodeZ -t 60', whose: 'ours' },
      { line: 'stonith_admin -B nodeZ -t 60', whose: 'real' },
      { line: 'stonith_admin -R dev1 -a fence_lab -o pcmk_host_list=node9', whose: 'ours' },
      { line: 'stonith_admin -l node9' },
      { line: 'stonith_admin -D dev1', whose: 'ours' },
      { line: 'stonith_admin -r node1 -i 3 -v fence', whose: 'ours' },
      { line: 'stonith_admin -r node1 -i 77 -v fence' },
      { line: 'stonith_admin -d node1', whose: 'ours' },
    ]
    const done = await pairs(realNode, [...changes, ...looks.map((line) => ({ line }))])
    for (const { line, real, ours } of done) {
      if (real !== undefined && ours !== undefined) expect(comparable(ours), line).toEqual(comparable(real))
      else expect((real ?? ours).code, line).toBe(line.includes('nodeZ') ? 105 : 0)
    }
  })

  test('says of ours what the real tools say', async () => {
    const done = await pairs(
      ourNode,
      looks.map((line) => ({ line })),
    )
    for (const { line, real, ours } of done) expect(comparable(ours), line).toEqual(comparable(real))
  })

  test.each([
    [realNode, restarts],
    [ourNode, restarts.slice(0, 2)],
  ])('restarts resources, and waits until the cluster has settled: node %s', async (node, lines) => {
    const done = await pairs(
      node,
      lines.map((line) => ({ line })),
    )
    for (const { line, real, ours } of done) expect(comparable(ours), line).toEqual(comparable(real))
  })

  test('a display that is kept up to date shows that a node is fenced, and the node is', async () => {
    const init = (await lab.must(['pid', String(realNode)])).stdout.trim()
    const shown = spawn(
      'nsenter',
      [
        ...['-t', init, '-m', '-u', '-i', '-n', '-p', '--', 'script', '-qec'],
        ...[`stty rows 60 cols 200; ${process.execPath} ${quorateProgram} crm_mon -m`, '/dev/null'],
      ],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    )
    let text = ''
    shown.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    const ended = new Promise((resolve) => shown.once('exit', resolve))
    try {
      await expect.poll(() => text, patient).toContain('Node List:')
      await lab.must(['exec', String(realNode), 'stonith_admin', '-C', 'nodeW'])
      await expect.poll(() => text, patient).toContain('turning off of nodeW by a human')
      const done = await lab.exec(
        realNode,
        process.execPath,
        quorateProgram,
        'stonith_admin',
        '-F',
        'node2',
        '-t',
        '240',
      )
      expect(done).toEqual({ status: 0, stdout: '', stderr: '' })
      await expect
        .poll(() => text, patient)
        .toMatch(/turning off of node2 by node1 for stonith_admin\.\d+@node1 successful/)
    } finally {
      shown.stdin.write('q')
      await ended
    }
  })
})
