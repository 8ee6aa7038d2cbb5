import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { Lab, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = labMissing([
  '/usr/sbin/corosync',
  '/usr/sbin/pacemakerd',
  '/usr/sbin/attrd_updater',
  '/usr/sbin/crmadmin',
])
const lab = new Lab('dt')
const patient = { timeout: patienceMs, interval: 200 }
/** Node 1 is real, node 2 is ours. */
const [real, ours] = [1, 2]

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 2, transport: 'udpu' })
  lab.electSoon([real, ours])
  await lab.must(['start-corosync', 'all'])
  await lab.waitRing()
  await lab.must(['start-pacemaker', String(real)])
  await lab.must(['start', String(ours), 'pacemaker', process.execPath, quorateProgram, 'pacemakerd', '-f'])
  await lab.waitOnline()
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

/** A command line, of attrd_updater where it does not begin with another tool's name, and what it prints on both outputs with its exit code. */
type Step = readonly [line: string, output: string, code?: number]

const unknown = (name: string) => `attrd_updater: Could not query value of ${name}: attribute does not exist\n`

/**
 * The life of the attribute `A` on this node, `HERE`, and the other, `THERE`. An answer to a query is awaited: a change is
 * acknowledged before it has come back from the ring. `BARRIER` is an attribute whose value shows that all changes before it
 * have been dealt with.
 */
const life: readonly Step[] = [
  ['', 'attrd_updater: Command requires --name argument\n', 64],
  ['-Q', 'attrd_updater: Command requires --name argument\n', 64],
  ['-n A -U', 'attrd_updater: Missing argument for -U\n', 64],
  ['-n A --bogus', 'attrd_updater: Unknown option --bogus\n', 64],
  ['-n A -Q --output-as=html', 'attrd_updater: Error creating output format html: Unknown output format\n', 1],
  ['-n A -Q', unknown('A'), 78],
  ['-n A -Q -N THERE', unknown('A'), 78],
  ['-n A -Y -d 5', ''],
  ['-n A -B 1', "Warning: 'B' command given without required --delay\n"],
  ['-n A -B 1 -d soon', ''],
  ['-n BARRIER -U 1', ''],
  ['-n BARRIER -Q', 'name="BARRIER" host="HERE" value="1"\n'],
  ['-n A', unknown('A'), 78],
  ['-n A -U 1', ''],
  ['-n A', 'name="A" host="HERE" value="1"\n'],
  ['-n A -Q -N THERE', 'name="A" host="THERE" value=""\n'],
  ['-n A -Q -N nodeX', 'name="A" host="nodeX" value=""\n'],
  ['-n A -U value++ -N THERE', ''],
  ['-n A -QA', 'name="A" host="HERE" value="1"\nname="A" host="THERE" value="1"\n'],
  ['-n A -U value+=5', ''],
  ['-n A -Q -N localhost', 'name="A" host="HERE" value="6"\n'],
  ['-n A -U VALUE+=INFINITY', ''],
  ['-n A -Q -N HERE', 'name="A" host="HERE" value="1000000"\n'],
  ['-n A -v value+=-INFINITY', ''],
  ['-n A -Q -N HERE', 'name="A" host="HERE" value="0"\n'],
  ['-n A -D -N THERE', ''],
  ['-n A -Q', 'name="A" host="HERE" value="0"\nname="A" host="THERE" value=""\n'],
  ['-n A -Q -U value--', ''],
  ['-n A -QN HERE', 'name="A" host="HERE" value="value--"\n'],
  ['-n A -B 2 -d 300ms', ''],
  ['-n A -QN HERE', 'name="A" host="HERE" value="2"\n'],
  ['-n A -Y -d 0', ''],
  ['-n A -D -Y', "Warning: 'Y' command given without required --delay\n"],
  ['-R', ''],
  ['-n P -p -U secret', ''],
  ['-n P -Q', 'name="P" host="HERE" value="secret"\n'],
  ['-n S -s set#A -U 3', ''],
  ['-n S -Q', 'name="S" host="HERE" value="3"\n'],
]

const callers = [
  ['the real tool at the real daemon', 'real', real],
  ['our tool at the real daemon', 'ours', real],
  ['the real tool at our daemon', 'real', ours],
  ['our tool at our daemon', 'ours', ours],
] as const

type Caller = (typeof callers)[number]

function named(text: string, [, whose, node]: Caller): string {
  const letters = `${whose}${node}`
  return text
    .replace(/\bHERE\b/g, `node${node}`)
    .replace(/\bTHERE\b/g, `node${node === real ? ours : real}`)
    .replace(/\b(A|P|S|BARRIER)\b/g, `$1-${letters}`)
}

type Asked = {
  readonly whose: string
  readonly line: string
  readonly env?: Record<string, string>
  readonly wanted?: string
}

/** What the steps said, run one after the other in one process of a node: each starting one would take most of the time. */
async function run(node: number, steps: readonly Asked[]): Promise<readonly string[]> {
  const file = path.join(lab.folder, `steps${node}.json`)
  fs.writeFileSync(file, JSON.stringify(steps))
  const script = fileURLToPath(new URL('./daemon-tools.mjs', import.meta.url))
  const { stdout, stderr } = await lab.exec(node, process.execPath, script, file, String(patienceMs))
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

/** Lines of crmadmin name no attributes, and are taken as they stand. */
function isOfCrmadmin([line]: Step): boolean {
  return line.startsWith('crmadmin')
}

function wantedOf(step: Step, caller: Caller): string {
  const [, output, code = 0] = step
  const text = isOfCrmadmin(step) ? output : named(output, caller)
  return `${text.split('\n').sort().join('\n').trim()} [${code}]`
}

function lineOf(step: Step, caller: Caller): string {
  return isOfCrmadmin(step) ? step[0] : named(`attrd_updater ${step[0]}`, caller)
}

/** Steps of a caller as they are run. A change is carried out once; what is asked may have to be asked again. */
function asked(steps: readonly Step[], caller: Caller, env: Record<string, string> = {}): readonly Asked[] {
  const own = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, named(value, caller)]))
  return steps.map((step) => {
    const isChange = !isOfCrmadmin(step) && /(^| )-(U|v|B|Y|D|R)( |$)/.test(step[0])
    const line = { whose: caller[1], line: lineOf(step, caller), env: own }
    return isChange ? line : { ...line, wanted: wantedOf(step, caller) }
  })
}

/** Has both tools take the steps on a node, and says in one list what did not come out as wanted. */
async function differing(
  node: number,
  steps: readonly Step[],
  env?: Record<string, string>,
): Promise<readonly string[]> {
  const both = callers.filter((caller) => caller[2] === node)
  const all = both.flatMap((caller) => asked(steps, caller, env))
  const results = await run(node, all)
  const wanted = both.flatMap((caller) => steps.map((step) => wantedOf(step, caller)))
  expect(results.length).toBe(wanted.length)
  return results.flatMap((text, at) => (text === wanted[at] ? [] : [`${all[at]?.whose} ${all[at]?.line}: ${text}`]))
}

describe.skipIf(missing !== undefined).sequential(`attrd_updater (${missing ?? 'in the lab'})`, () => {
  test('says and does the same whichever the tool and whichever the daemon', async () => {
    expect(await Promise.all([real, ours].map((node) => differing(node, life)))).toEqual([[], []])
  })

  test('takes the node of the resource whose agent runs it', async () => {
    const env = { OCF_RESKEY_CRM_meta_on_node: 'THERE' }
    const ofAgent: readonly Step[] = [
      ['-n A-agent -U 1', ''],
      ['-n A-agent -QA', 'name="A-agent" host="THERE" value="1"\n'],
    ]
    expect(await differing(ours, ofAgent, env)).toEqual([])
    const ofContainer: readonly Step[] = [
      ['-n A-agent -U 2', ''],
      ['-n A-agent', 'name="A-agent" host="HERE" value="2"\n'],
    ]
    const inContainer = { ...env, CRM_meta_container_attribute_target: 'host', CRM_meta_physical_host: 'HERE' }
    expect(await differing(ours, ofContainer, inContainer)).toEqual([])
  })

  test('prints the XML of the real tool', async () => {
    const lines = ['-n A -QA', '-n nope -Q', '-Q', '-n A -B 1'].map((line) => `${line} --output-as=xml`)
    // Everybody asks for the attribute of the first caller.
    const [first] = callers
    const shown = await Promise.all(
      [real, ours].map((node) =>
        run(
          node,
          lines.flatMap((line) =>
            ['real', 'ours'].map((whose) => ({ whose, line: `attrd_updater ${named(line, first)}` })),
          ),
        ),
      ),
    )
    for (const at of lines.keys()) {
      const texts = shown.flatMap((list) => list.slice(2 * at, 2 * at + 2))
      expect(texts).toEqual(Array(4).fill(texts[0]))
    }
  })

  test('and the CIB holds all of it under the ids of the real writer, but what is private', async () => {
    const pairs = async (): Promise<readonly string[]> => {
      const { stdout } = await lab.exec(real, 'cibadmin', '-Q', '-A', '//transient_attributes')
      const all = stdout.matchAll(/<nvpair id="([^"]*)" name="([PSA])-(?:real|ours)\d" value="([^"]*)"/g)
      return [...all].map((pair) => pair.slice(1).join(' ')).sort()
    }
    const wanted = callers.flatMap(([, whose, node]) => {
      const letters = `${whose}${node}`
      return [`status-${node}-A-${letters} A 2`, `set.A-${letters}-S-${letters} S 3`]
    })
    await expect.poll(pairs, patient).toEqual(wanted.sort())
  })

  test('which hears of a dampened value only when its time has come', async () => {
    for (const caller of callers.filter(([, whose]) => whose === 'real')) {
      const [, , node] = caller
      const pair = async (name: string): Promise<string> =>
        (await lab.exec(real, 'cibadmin', '-Q', '-A', `//nvpair[@name="${named(name, caller)}"]`)).stdout
      const tell = (line: string) =>
        lab.must(['exec', String(node), 'attrd_updater', ...named(line, caller).split(' ')])
      await tell('-n A-late -B 7 -d 600')
      await tell('-n A-soon -U 1')
      // Values without a dampening are written in the order in which they came: the first one has been passed over by now.
      await expect.poll(() => pair('A-soon'), patient).toContain('value="1"')
      expect(await pair('A-late')).toBe('')
      await tell('-n A-late -Y -d 0')
      await expect.poll(() => pair('A-late'), patient).toContain('value="7"')
    }
  })
})

/** What a quiet cluster says that a node leads. */
const quiet = (dc: string): readonly Step[] => [
  ['crmadmin -D', `Designated Controller is: ${dc}\n`],
  ['crmadmin -D -q', `${dc}\n`],
  ...['node1', 'node2'].flatMap((node): readonly Step[] => {
    const state = node === dc ? 'S_IDLE' : 'S_NOT_DC'
    return [
      [`crmadmin -S ${node}`, `Controller on ${node} in state ${state}: ok\n`],
      [`crmadmin -q -S ${node.toUpperCase()}`, `${state}\n`],
    ]
  }),
  ['crmadmin -S node1 -D -t 20s', `Designated Controller is: ${dc}\n`],
  ['crmadmin -D -q -P', 'running\n'],
  ['crmadmin -N', 'cluster node: node1 (1)\ncluster node: node2 (2)\n'],
  ['crmadmin --nodes=guest,cluster -B', 'export node1=1\nexport node2=2\n'],
  ['crmadmin -N remote', 'No nodes configured\n'],
  ['crmadmin -D -t soon', 'crmadmin: Error parsing option -t\n', 64],
  ['crmadmin -S', 'crmadmin: Missing argument for -S\n', 64],
  ['crmadmin -K', 'crmadmin: Unknown option -K\n', 64],
  ['crmadmin -D --output-as=html', 'crmadmin: Error creating output format html: Unknown output format\n', 1],
]

describe.skipIf(missing !== undefined).sequential(`crmadmin (${missing ?? 'in the lab'})`, () => {
  test('says the same whichever the tool and whichever the daemon', async () => {
    await lab.waitIdle(real)
    const dc = (await lab.must(['exec', String(real), 'crmadmin', '-D', '-q'])).stdout.trim()
    expect(await Promise.all([real, ours].map((node) => differing(node, quiet(dc))))).toEqual([[], []])
  })

  test('gives up on a node that does not answer', async () => {
    const lost = 'error: No reply received from controller before timeout (200ms)\n'
    const step: Step = ['crmadmin -S node9 -t 200ms', `${lost}error: Command failed: Connection timed out\n`, 124]
    expect(await differing(ours, [step])).toEqual([])
  })

  test('prints the XML of the real tool', async () => {
    const lines = ['-D', '-S node1', '-N', '-N guest', '-S node2'].map((line) => `crmadmin ${line} --output-as=xml`)
    for (const node of [real, ours]) {
      const shown = await run(
        node,
        lines.flatMap((line) => ['real', 'ours'].map((whose) => ({ whose, line }))),
      )
      for (const at of lines.keys()) expect(shown[2 * at + 1]).toBe(shown[2 * at])
    }
  })
})
