import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { whatIfTool } from '../what-if/main.ts'
import { explainTool } from './main.ts'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-explain-'))
const file = path.join(scratch, 'cib.xml')
afterAll(() => fs.rmSync(scratch, { recursive: true }))

/** Digest of an operation without parameters: what runs was started with what is configured. */
const emptyDigest = 'f2317cad3d54cec5d7d7aa7d0bf35cf8'

function history(id: string, word: string, rc: number, type = 'Dummy'): string {
  return `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="${type}"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_${word}_0" operation="${word}" call-id="1" rc-code="${rc}" op-status="0" interval="0" op-digest="${emptyDigest}" transition-key="1:1:${word === 'monitor' ? 7 : 0}:x" transition-magic="0:${rc};1:1:${word === 'monitor' ? 7 : 0}:x" crm_feature_set="3.16.1"/></lrm_resource>`
}

function state(n: number, attributes: string, inside: string, isUp = true): string {
  const up = isUp ? 'in_ccm="true" crmd="online" join="member"' : 'in_ccm="false" crmd="offline" join="down"'
  return `<node_state id="${n}" uname="n${n}" ${up} expected="member"><transient_attributes id="${n}"><instance_attributes id="s${n}">${attributes}</instance_attributes></transient_attributes><lrm id="${n}"><lrm_resources>${inside}</lrm_resources></lrm></node_state>`
}

const pair = (id: string, name: string, value: string): string => `<nvpair id="${id}" name="${name}" value="${value}"/>`

/** Web runs on n1 and would rather stay; db is promotable; late depends on a ticket; n3 is lost and cannot be fenced. */
const cib = `<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1" epoch="1" num_updates="0" admin_epoch="0">
<configuration><crm_config><cluster_property_set id="p">${pair('p1', 'stonith-enabled', 'false')}</cluster_property_set></crm_config>
<nodes><node id="1" uname="n1"/><node id="2" uname="n2"/><node id="3" uname="n3"/></nodes>
<resources>
<primitive id="web" class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="wm">${pair('wm1', 'resource-stickiness', '100')}</meta_attributes></primitive>
<primitive id="late" class="ocf" provider="pacemaker" type="Dummy"/>
<clone id="dbs"><meta_attributes id="cm">${pair('cm1', 'promotable', 'true')}</meta_attributes><primitive id="db" class="ocf" provider="pacemaker" type="Stateful"/></clone>
</resources>
<constraints><rsc_location id="likes" rsc="web" node="n2" score="50"/><rsc_ticket id="needs" rsc="late" ticket="site" loss-policy="stop"/></constraints>
</configuration><status>
<tickets><ticket_state id="site" granted="true"/></tickets>
${state(1, pair('s1a', 'master-db', '5'), history('web', 'start', 0) + history('db', 'start', 0, 'Stateful') + history('late', 'start', 0))}
${state(2, pair('s2a', 'master-db', '10'), history('web', 'monitor', 7) + history('db', 'start', 0, 'Stateful') + history('late', 'monitor', 7))}
${state(3, '', '', false)}
</status></cib>`

beforeAll(() => fs.writeFileSync(file, cib))

async function call(tool: typeof explainTool, ...argv: readonly string[]) {
  const told = await tryTool(tool, ['--xml-file', file, ...argv], { nowMs: 1_700_000_000_000 })
  return { ...told, lines: told.out.split('\n') }
}

describe('quorate explain', () => {
  test('why it runs there, and what another node lacks', async () => {
    const { code, lines } = await call(explainTool, 'web')
    expect(code).toBe(0)
    expect(lines[0]).toBe('web: runs on n1; is to stay.')
    expect(lines).toContain('           +100  it runs on n1 and resource-stickiness is 100')
    expect(lines).toContain('            +50  location constraint likes')
    expect(lines).toContain('      to run here: more than 50 more score for n2: it has 50, n1 has 100')
  })

  test('why not on one node: its state', async () => {
    const { lines } = await call(explainTool, 'web', 'n3')
    expect(lines).toContain('       excluded  n3 is offline')
    expect(lines).toContain('      to run here: n3 has to come online')
    expect(lines.some((line) => line.includes('n1:'))).toBe(false)
  })

  test('why it is promoted, why the other is not, and what that would take', async () => {
    const { out } = await call(explainTool, 'dbs')
    expect(out).toMatch(
      /it is to be promoted: promotion score 10 on n2\n +\+10 {2}attribute master-db=10 of n2, set by its agent\n/,
    )
    expect(out).toMatch(
      /it is not to be promoted: promoted-max is 1, and db:\d with 10 comes first: it has 5\n +\+5 {2}attribute master-db=5 of n1, set by its agent\n +to promote it: more than 5 more promotion score on n1/,
    )
    // One instance is as good as another: what stands against the third node is said once.
    expect(out.match(/ - n3: /g)).toHaveLength(1)
    expect(out).toContain(
      'db:2: stopped; is to stay stopped: every node that can run it has an instance (n3: it is offline).',
    )
  })

  test('why a node stands as it does, and whether it is fenced', async () => {
    const { code, lines } = await call(explainTool, 'n3')
    expect(code).toBe(0)
    expect(lines[0]).toBe('n3: offline.')
    expect(lines).toContain('  * to use it: n3 has to come online')
    expect(await call(explainTool, 'n1')).toMatchObject({ code: 0, lines: expect.arrayContaining(['n1: online.']) })
  })

  test('without a name: all that is not as it should be, causes first', async () => {
    const { code, lines } = await call(explainTool)
    expect(code).toBe(0)
    expect(lines.slice(0, 4)).toEqual([
      '1 node not simply online; not as they should be: 2 of 4 resources.',
      'n3: offline.',
      '  * to use it: n3 has to come online',
      'About to change:',
    ])
    expect(lines).toContain(
      '  db:1: runs on n2 as Unpromoted; is to be there as Promoted: its promotion score on n2 is 10',
    )
    const { resources } = JSON.parse((await call(explainTool, '--output-as=json')).out)
    expect(resources.map(({ id, trouble }: { id: string; trouble: string }) => [id, trouble])).toEqual([
      ['late', 'due'],
      ['db:1', 'due'],
    ])
  })

  test('also of a CIB of an old schema, whose names of options have changed since', async () => {
    const old = path.join(scratch, 'old.xml')
    const stickiness = `${pair('p2', 'default-resource-stickiness', '70')}</cluster_property_set>`
    const text = cib
      .replace('validate-with="pacemaker-3.9"', 'validate-with="pacemaker-2.10"')
      .replace(/<meta_attributes id="wm">.*?<\/meta_attributes>/, '')
      .replace('</cluster_property_set>', stickiness)
    fs.writeFileSync(old, text)
    const told = await call(explainTool, '--xml-file', old, 'web')
    expect(told.code).toBe(0)
    expect(told.lines.join('\n')).toMatch(
      / \+70 {2}it runs on n1 and resource-stickiness is 70 \(rsc_defaults, set \S+\)$/m,
    )
  })

  test('not of one that cannot be upgraded', async () => {
    const odd = path.join(scratch, 'odd.xml')
    fs.writeFileSync(odd, cib.replace('<nodes>', '<nodes><bogus/>').replace('pacemaker-3.9', 'pacemaker-2.0'))
    const told = await call(explainTool, '--xml-file', odd, 'web')
    expect(told.code).toBe(78)
    expect(told.out).toBe('')
  })

  test('the same in JSON', async () => {
    const { out } = await call(explainTool, '--output-as=json', 'web', 'n2')
    const [instance] = JSON.parse(out).instances
    expect(instance).toMatchObject({ id: 'web', runningOn: ['n1'], assigned: 'n1' })
    expect(instance.nodes).toMatchObject([
      { node: 'n2', score: 50, isChosen: false, reasons: [{ kind: 'location', constraint: 'likes', score: 50 }] },
    ])
    expect(JSON.parse((await call(explainTool, '--output-as=json', 'n1')).out)).toMatchObject({
      node: 'n1',
      reasons: [],
    })
  })

  test('--check tells what is wrong with a configuration, circles of constraints included', async () => {
    expect(await call(explainTool, '--check')).toMatchObject({ code: 0, out: 'Nothing is wrong.\n' })
    const circular = path.join(scratch, 'circular.xml')
    const orders = '<rsc_order id="o1" first="web" then="late"/><rsc_order id="o2" first="late" then="web"/>'
    const unknown = '<rsc_location id="l" rsc="nobody" node="n1" score="1"/>'
    fs.writeFileSync(circular, cib.replace('</constraints>', `${orders}${unknown}</constraints>`))
    const told = await call(explainTool, '--check', '--xml-file', circular)
    expect(told.code).toBe(78)
    expect(told.lines).toContain(
      'warning: orders go in a circle: start web, then start late (o1), then start web (o2); each waits for the one before',
    )
    expect(told.out).toMatch(/^error: .*nobody/m)
    const json = await call(explainTool, '--check', '--output-as=json', '--xml-file', circular)
    expect(JSON.parse(json.out).problems).toContainEqual(expect.objectContaining({ kind: 'loop' }))
    expect((await call(explainTool, '--xml-file', circular, 'web')).out).toContain('Warning: orders go in a circle')
  })

  test.each([
    [['nobody'], 105, "explain: there is no resource or node 'nobody': there are web, late, dbs, db, n1, n2, n3"],
    [['web', 'n9'], 105, "explain: there is no node 'n9': there are n1, n2, n3"],
    [['--output-as=yaml', 'web'], 64, 'explain: --output-as=yaml: expected text or json'],
    [['--bogus', 'web'], 64, "explain: Unknown option '--bogus'"],
    [['web', 'n1', 'n2'], 64, "explain: 'n2' is too much: at most a resource and a node are expected\n"],
    [['--check', 'web'], 64, "explain: 'web' is too much: --check takes no name\n"],
  ])('%j is refused', async (argv, code, message) => {
    const found = await call(explainTool, ...argv)
    expect(found).toMatchObject({ code, out: '' })
    expect(found.err).toContain(message)
  })
})

/** Names of all fields of a value in JSON, and of those below; arguments of what-if as an object are told by themselves. */
function fieldsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) => [name, ...(name === 'suppose' ? [] : fieldsOf(item))])
}

test('every field of the JSON is documented, and there', async () => {
  const docs = fs.readFileSync(new URL('../../../../docs/explain.md', import.meta.url), 'utf8')
  const about = docs.slice(docs.indexOf('## In JSON'))
  const outputs = await Promise.all([
    call(explainTool, '--output-as=json', 'dbs'),
    call(explainTool, '--output-as=json', 'n3'),
    call(explainTool, '--output-as=json', '--check'),
    call(explainTool, '--output-as=json'),
    call(whatIfTool, '--output-as=json', '--quorum-lost'),
  ])
  const answers = outputs.map(({ out }) => JSON.parse(out))
  expect(answers.map(({ format }) => format)).toEqual([1, 1, 1, 1, 1])
  const undocumented = answers.flatMap(fieldsOf).filter((name) => !new RegExp(`[\`.…\\]]${name}[\`[,]`).test(about))
  expect([...new Set(undocumented)]).toEqual([])
  const shapes = new Set(answers[0].instances.map((item: object) => Object.keys(item).join()))
  expect(shapes.size).toBe(1)
  expect(answers[0].instances.find(({ id }: { id: string }) => id === 'db:2')).toMatchObject({
    assigned: null,
    promotion: null,
    summary: 'stopped; is to stay stopped: every node that can run it has an instance (n3: it is offline)',
  })
})

describe('quorate what-if', () => {
  test('what contradicts itself is refused, and what is not there', async () => {
    const both = await call(whatIfTool, '--quorum-lost', '--quorum-gained')
    expect(both).toMatchObject({ code: 64, out: '' })
    expect(both.err).toContain('--quorum-lost and --quorum-gained cannot both be supposed')
    const idle = await call(whatIfTool, '--fail', 'web@n2')
    expect(idle).toMatchObject({ code: 105, out: '' })
    expect(idle.err).toContain('web does not run on n2')
    const granted = await call(whatIfTool, '--ticket-grant', 'nobodys')
    expect(granted).toMatchObject({ code: 105, out: '' })
    const configured = await call(whatIfTool, '--configured', 'web')
    expect(configured).toMatchObject({ code: 105, out: '' })
  })

  test('what is restarted unpromoted ends up as it was, also where another instance takes its place', async () => {
    const { lines } = await call(whatIfTool, '--fail', 'db@n1')
    expect(lines[0]).toBe('restarted: db.')
    expect(lines).not.toContain('In the end, other than without it:')
  })

  test('a line of the plan is told in fields as well', async () => {
    const { plan } = JSON.parse((await call(whatIfTool, '--output-as=json', '--standby', 'n1')).out)
    expect(plan).toContainEqual(
      expect.objectContaining({ action: 'move', resource: 'web', source: 'n1', target: 'n2', isBlocked: false }),
    )
  })

  test.each([
    ['a node is lost', ['--node-lost', 'n1'], /web: n1 -> n2/],
    ['a node is on standby', ['--standby', 'n1'], /web: n1 -> n2/],
    [
      'a ticket is revoked',
      ['--ticket-revoke', 'site'],
      /late: n\d -> stopped: ticket site is not granted \(needs, loss-policy=stop\)\n[\s\S]*nowhere: .*late/,
    ],
    [
      'quorum is lost',
      ['--quorum-lost'],
      /web: n1 -> stopped: this partition has no quorum and no-quorum-policy is stop\n[\s\S]*nowhere: .*web/,
    ],
    ['a resource fails', ['--fail', 'web@n1'], /Recover +web/],
    [
      'the configuration changes',
      ['--scope', 'constraints', '--modify', '<rsc_location id="far" rsc="web" node="n2" score="500"/>'],
      /web: n1 -> n2/,
    ],
    [
      'something is taken out of it',
      ['--scope', 'resources', '--delete', '<nvpair id="wm1" name="resource-stickiness" value="100"/>'],
      /web: n1 -> n2/,
    ],
  ])('%s: plan and side effects', async (_, argv, expected) => {
    const { code, out, err } = await call(whatIfTool, ...argv)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^[^\n]+\.\nThe cluster would:\n {2}\* (?!do nothing)/)
    expect(out).toMatch(expected)
  })

  test.each([
    ['a preference', ['--prefer', 'web@n2=60'], /web: n1 -> n2/],
    ['a preference for being promoted', ['--prefer-promoted', 'dbs@n1=100'], /db: n2 \(Promoted\) -> n1 \(Promoted\)/],
    ['an exclusive preference', ['--prefer-exclusive', 'web@n2'], /web: n1 -> n2/],
    ['a constraint less', ['--without', 'likes', '--standby', 'n1'], /web: n1 -> n2/],
    ['a meta-attribute', ['--meta', 'web:resource-stickiness='], /web: n1 -> n2/],
    ['an option', ['--option', 'stop-all-resources=true'], /^stopped: web, late, db\.\n[\s\S]*web: n1 -> stopped/],
    ['a node attribute', ['--attribute', 'n1:master-db=50'], /db: n2 \(Promoted\) -> n1 \(Promoted\)/],
    ['a node that comes up after a reboot', ['--reboot', 'n3'], /db: n1 -> n1, n3|on more nodes: db/],
    ['a ticket on standby', ['--ticket-standby', 'site'], /late: n\d -> stopped/],
  ])('%s', async (_, argv, expected) => {
    const { code, out, err } = await call(whatIfTool, ...argv)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(expected)
  })

  test('failures that are forgotten, standby and quorum that end', async () => {
    const bad = path.join(scratch, 'bad.xml')
    const failing = cib
      .replace('have-quorum="1"', 'have-quorum="0"')
      .replace(
        pair('s2a', 'master-db', '10'),
        `${pair('s2b', 'standby', 'on')}${pair('s2c', 'fail-count-web#start_0', 'INFINITY')}`,
      )
      .replace(pair('s1a', 'master-db', '5'), pair('s1b', 'standby', 'on'))
    fs.writeFileSync(bad, failing)
    const told = await call(whatIfTool, '--xml-file', bad, '--unstandby', 'n2', '--quorum-gained')
    expect(told.out).toMatch(/Running now, and then nowhere.*web/)
    const cleaned = ['--unstandby', 'n2', '--quorum-gained', '--cleanup', 'web@n2']
    expect((await call(whatIfTool, '--xml-file', bad, ...cleaned)).out).toMatch(/web: stopped -> n2/)
  })

  test('a whole new CIB, and a patch', async () => {
    const changed = path.join(scratch, 'new.xml')
    fs.writeFileSync(changed, cib.replace('score="50"', 'score="500"'))
    expect((await call(whatIfTool, '--new-cib', changed)).out).toMatch(/web: n1 -> n2/)
    const patch = path.join(scratch, 'patch.xml')
    fs.writeFileSync(
      patch,
      `<diff format="2"><version><source admin_epoch="0" epoch="1" num_updates="0"/><target admin_epoch="0" epoch="2" num_updates="0"/></version><change operation="modify" path="/cib/configuration/constraints/rsc_location[@id='likes']"><change-list><change-attr name="score" operation="set" value="500"/></change-list><change-result><rsc_location id="likes" rsc="web" node="n2" score="500"/></change-result></change></diff>`,
    )
    expect((await call(whatIfTool, '--patch', patch)).out).toMatch(/web: n1 -> n2/)
  })

  test('changes of the configuration are made in the order in which they are given, from arguments and files', async () => {
    const scope = ['--scope', 'constraints']
    const far = '<rsc_location id="far" rsc="web" node="n2" score="500"/>'
    const gone = '<rsc_location id="far"/>'
    expect((await call(whatIfTool, ...scope, '--create', far)).out).toMatch(/web: n1 -> n2/)
    expect((await call(whatIfTool, ...scope, '--create', far, '--delete', gone)).out).not.toMatch(/web: n1 -> n2/)
    const stored = path.join(scratch, 'far.xml')
    fs.writeFileSync(stored, far)
    expect((await call(whatIfTool, ...scope, '--delete', gone, '--create', stored)).out).toMatch(/web: n1 -> n2/)
    const twice = await call(whatIfTool, ...scope, '--create', far, '--create', far)
    expect([twice.code, twice.out]).toEqual([108, ''])
    expect(twice.err).toContain('the change would be refused')
    const likes = '<rsc_location id="likes" rsc="web" node="n2" score="500"/>'
    expect((await call(whatIfTool, ...scope, '--replace', likes)).out).toMatch(/web: n1 -> n2/)
  })

  test('nothing is changed', async () => {
    await call(whatIfTool, '--node-lost', 'n1')
    expect(fs.readFileSync(file, 'utf8')).toBe(cib)
  })

  test('the same in JSON', async () => {
    const found = JSON.parse((await call(whatIfTool, '--output-as=json', '--standby', 'n1')).out)
    expect(found.changes).toContainEqual({
      id: 'web',
      before: { nodes: ['n1'], role: 'Started' },
      after: { nodes: ['n2'], role: 'Started' },
      because: 'n1 is on standby',
    })
    expect(found).toMatchObject({ isComplete: true, fenced: [] })
  })

  test('one thing after another: the second begins where the first has ended', async () => {
    const steps = ['--standby', 'n1', '--then', '--unstandby', 'n1', '--prefer', 'web@n1']
    const { code, out } = await call(whatIfTool, ...steps)
    expect(code).toBe(0)
    expect(out).toMatch(
      /^Step 1: [\s\S]* {2}\* web: n1 -> n2: n1 is on standby\n[\s\S]*^Step 2: [\s\S]* {2}\* web: n2 -> n1: /m,
    )
    const told = JSON.parse((await call(whatIfTool, '--output-as=json', ...steps)).out)
    expect(told.steps.map(({ changes }: { changes: { id: string }[] }) => changes[0]?.id)).toEqual(['web', 'web'])
  })

  test.each([
    [['--node-lost', 'n9'], 105, "what-if: there is no node 'n9'"],
    [['--ticket-revoke', 'nosuch'], 105, "what-if: there is no ticket 'nosuch': there is site\n"],
    [['--bundle', 'web:replicas=2'], 105, "what-if: there is no bundle 'web': there are none\n"],
    [
      ['--scope', 'nosuch', '--delete', '<primitive id="web"/>'],
      64,
      'what-if: --scope=nosuch: expected configuration,',
    ],
    [['--modify', 'nowhere.xml'], 65, 'what-if: --modify wants XML, or a file with it: '],
    [['--fail', 'web'], 64, '--fail wants RESOURCE@NODE'],
    [['--standby', 'n1', '--then'], 64, '--then: nothing is supposed before or after it'],
    [['--standby', 'n1', '--then', '--standby', 'n9'], 105, "what-if: there is no node 'n9'"],
    [['--cleanup', ''], 64, '--cleanup wants RESOURCE, @NODE or RESOURCE@NODE'],
    [['--prefer', 'web@n2=much'], 64, '--prefer wants RESOURCE@NODE or RESOURCE@NODE=SCORE'],
    [['--prefer', 'nobody@n2'], 105, "what-if: there is no resource 'nobody'"],
    [['--without', 'nosuch'], 105, "what-if: there is no constraint 'nosuch': there are likes, needs"],
    [['--meta', 'web=5'], 64, '--meta wants RESOURCE:NAME=VALUE'],
    [['--modify', '<oops'], 65, 'what-if: argument:1'],
    [['--scope', 'resources', '--modify', '<primitive id="x"/>'], 78, 'the change would be refused'],
    [['--scope', 'resources', '--delete', '<primitive id="web"/>'], 78, 'the change would be refused'],
    [['--new-cib', '/nowhere/cib.xml'], 65, '/nowhere/cib.xml'],
    [['--output-as=yaml', '--quorum-lost'], 64, '--output-as=yaml: expected text or json'],
  ])('%j is refused', async (argv, code, message) => {
    const found = await call(whatIfTool, ...argv)
    expect(found).toMatchObject({ code, out: '' })
    expect(found.err).toContain(message)
  })
})

describe('secrets', () => {
  /** Digests of the parameters passwd=old, and of none. */
  const oldDigest = '0556a203982bd6feb223091a538b271b'
  const started = history('db', 'start', 0)
    .replace(emptyDigest, oldDigest)
    .replace('op-digest', `op-secure-params=" passwd " op-secure-digest="${emptyDigest}" op-digest`)
  /** One node where db runs, which was started with passwd=old. */
  const secretCib = (passwd: string): string =>
    `<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1" epoch="1" num_updates="0" admin_epoch="0"><configuration><crm_config><cluster_property_set id="p">${pair('p1', 'stonith-enabled', 'false')}</cluster_property_set></crm_config><nodes><node id="1" uname="n1"/></nodes><resources><primitive id="db" class="ocf" provider="pacemaker" type="Dummy"><instance_attributes id="i">${pair('i1', 'passwd', passwd)}</instance_attributes></primitive></resources><constraints/></configuration><status>${state(1, '', started)}</status></cib>`
  const [same, other] = ['same', 'other'].map((name) => path.join(scratch, `${name}.xml`)) as [string, string]
  beforeAll(() => {
    fs.writeFileSync(same, secretCib('old'))
    fs.writeFileSync(other, secretCib('new'))
  })
  const nowMs = 1_700_000_000_000
  const plan = '  * Restart    db      (    n1 )  due to resource definition change'
  const change = ['--modify', '<nvpair id="i1" value="newer"/>']

  test('of a file that are other ones are taken for masked, and that is said', async () => {
    const { out } = await tryTool(explainTool, ['--xml-file', other, 'db'], { nowMs })
    expect(out).toContain('db: runs on n1; is to stay.')
    expect(out).toContain('its secret parameters are not those that it was started with: taken for masked')
    const told = await tryTool(whatIfTool, ['--xml-file', other, ...change], { nowMs })
    expect(told.out.split('\n')[0]).toBe('Nothing is different.')
  })

  test('of a cluster of which one has changed count as any change', async () => {
    const env = { CIB_file: other }
    const { out } = await tryTool(explainTool, ['db'], { env, nowMs })
    expect(out).toContain('db: runs on n1; is to be restarted there: its parameters have changed since it was started.')
    const told = await tryTool(whatIfTool, change, { env, nowMs })
    expect(told.out).toContain(`It does in any case:\n${plan}\n`)
  })

  test.each([
    ['of a file', ['--xml-file', same], {}],
    ['of a cluster', [], { CIB_file: same }],
  ])('%s that are those of what runs: one that is supposed to change is a change', async (_, argv, env) => {
    const told = await tryTool(whatIfTool, [...argv, ...change], { env, nowMs })
    expect(told.out.split('\n').slice(0, 3)).toEqual(['restarted: db.', 'The cluster would:', plan])
  })
})

describe('a configuration that is supposed', () => {
  test('says where the schema does not allow it', async () => {
    const { code, err } = await call(whatIfTool, '--create', '<primitive id="y" class="lsb" type="x"/>')
    expect(code).toBe(78)
    expect(err.split('\n')).toEqual([
      'what-if: the change would be refused: Update does not conform to the configured schema',
      "what-if:   /cib/configuration/primitive[@id='y']: element 'primitive' is not allowed inside 'configuration'",
      '',
    ])
  })

  test('of an older schema is brought to the newest', async () => {
    const draft = path.join(scratch, 'draft.xml')
    const old = cib
      .replace('pacemaker-3.9', 'pacemaker-1.2')
      .replaceAll('<node id', '<node type="normal" id')
      .replace(/<resources>[\s\S]*<\/constraints>/, '<resources/><constraints/>')
    fs.writeFileSync(draft, old)
    const { code, out } = await call(whatIfTool, '--new-cib', draft)
    expect(code).toBe(0)
    expect(out).toContain('stopped: web')
    expect(out).not.toContain('unrecognized type')
  })
})
