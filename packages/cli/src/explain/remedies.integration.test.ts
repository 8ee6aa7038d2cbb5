import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Explanation } from '@quorate/scheduler'
import { afterAll, describe, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { whatIfTool } from '../what-if/main.ts'
import { explainTool } from './main.ts'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-remedies-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

const pair = (name: string, value: string): string => `<nvpair id="v-${name}" name="${name}" value="${value}"/>`
const meta = (id: string, name: string, value: string): string =>
  `<meta_attributes id="${id}-m"><nvpair id="${id}-${name}" name="${name}" value="${value}"/></meta_attributes>`
const dummy = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`
const stateful = (id: string): string => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Stateful"/>`

function ran(id: string, task = 'start', type = 'Dummy'): string {
  return `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="${type}"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_${task}_0" operation="${task}" call-id="1" rc-code="0" op-status="0" interval="0" op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x" crm_feature_set="3.16.1"/></lrm_resource>`
}

type Parts = {
  readonly resources: string
  readonly constraints?: string
  readonly options?: string
  /** What was done on each of the nodes n1, n2, ... */
  readonly histories: readonly string[]
  /** Promotion scores of each node, as attributes. */
  readonly attributes?: readonly string[]
}

let count = 0

/** Writes a CIB whose nodes are all online, and answers its name. */
function cibFile({ resources, constraints = '', options = '', histories, attributes = [] }: Parts): string {
  const nodes = histories.map((_, i) => `<node id="${i + 1}" uname="n${i + 1}"/>`).join('')
  const states = histories.map((history, i) => {
    const id = i + 1
    const transient = `<transient_attributes id="${id}"><instance_attributes id="s${id}">${attributes[i] ?? ''}</instance_attributes></transient_attributes>`
    return `<node_state id="${id}" uname="n${id}" in_ccm="true" crmd="online" join="member" expected="member">${transient}<lrm id="${id}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`
  })
  const config = `<crm_config><cluster_property_set id="p">${pair('stonith-enabled', 'false')}${options}</cluster_property_set></crm_config>`
  count += 1
  const file = path.join(scratch, `cib-${count}.xml`)
  fs.writeFileSync(
    file,
    `<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1" epoch="1" num_updates="0" admin_epoch="0"><configuration>${config}<nodes>${nodes}</nodes><resources>${resources}</resources><constraints>${constraints}</constraints></configuration><status>${states.join('')}</status></cib>`,
  )
  return file
}

async function explained(file: string, ...names: readonly string[]): Promise<Explanation> {
  const told = await tryTool(explainTool, ['--xml-file', file, '--output-as=json', ...names], { nowMs: 1.7e12 })
  expect([told.code, told.err]).toEqual([0, ''])
  return JSON.parse(told.out)
}

/** What would have to change for a resource to run on a node, and where it is once that is supposed. */
async function remedied(file: string, resource: string, node: string) {
  const [at] = (await explained(file, resource, node)).instances[0]?.nodes ?? []
  const argv = ['--xml-file', file, '--output-as=json', ...(at?.whatIf ?? ['nothing was found'])]
  const told = await tryTool(whatIfTool, argv, { nowMs: 1.7e12 })
  expect([told.code, told.err]).toEqual([0, ''])
  const found = JSON.parse(told.out) as {
    readonly changes: readonly { readonly id: string; readonly after: unknown }[]
  }
  return { texts: at?.remedies, whatIf: at?.whatIf, after: new Map(found.changes.map(({ id, after }) => [id, after])) }
}

describe('what is meant by an id', () => {
  const file = cibFile({
    resources: `<clone id="c">${dummy('web')}</clone><clone id="d"><group id="g">${dummy('a')}${dummy('b')}</group></clone>`,
    histories: [ran('web') + ran('a') + ran('b'), ran('web')],
  })

  test.each([
    ['what is configured in a clone: all of its instances', 'web', ['web:0', 'web:1']],
    ['one instance, and not what another was called in its history', 'web:1', ['web:1']],
    ['a group in a clone: the members of all its instances', 'g', ['a:0', 'b:0', 'a:1', 'b:1']],
    ['a member of such a group', 'b', ['b:0', 'b:1']],
  ])('%s', async (_, id, expected) => {
    expect((await explained(file, id)).instances.map((instance) => instance.id)).toEqual(expected)
  })

  test('a failure of what is configured in a clone is that of the instance on the node', async () => {
    const argv = ['--xml-file', file, '--output-as=json', '--fail', 'web@n2']
    const told = await tryTool(whatIfTool, argv, { nowMs: 1.7e12 })
    expect(JSON.parse(told.out)).toMatchObject({ restarted: ['web:1'] })
  })
})

describe('what would have to change', () => {
  const bundle = (network: string): string =>
    `<bundle id="b"><docker image="i" replicas="2"/>${network}${dummy('in')}</bundle>`

  test('replicas-per-host of a bundle', async () => {
    const file = cibFile({
      resources: bundle('<network ip-range-start="192.0.2.1"/>'),
      histories: [ran('b-docker-0'), ran('b-docker-1')],
    })
    const found = await remedied(file, 'b-docker-1', 'n1')
    expect(found.whatIf).toEqual(expect.arrayContaining(['--bundle', 'b:replicas-per-host=2']))
    expect(found.texts).toContain('a higher replicas-per-host of b')
  })

  test('replicas that share a port need addresses', async () => {
    const resources = bundle('<network control-port="3121"/>')
    const file = cibFile({ resources, histories: [ran('b-docker-0'), ran('b-docker-1')] })
    const { texts, whatIf, after } = await remedied(file, 'b-docker-1', 'n1')
    expect(texts?.join('\n')).toContain(
      'an ip-range-start for b, since replicas of one host cannot share its control-port',
    )
    expect(whatIf).toEqual(expect.arrayContaining(['--bundle-network', 'b:ip-range-start=192.0.2.1']))
    expect(after.get('b-docker-1')).toEqual({ nodes: ['n1'], role: 'Started' })
  })

  test('a node whose recorded state has no id can be supposed to come online', async () => {
    const file = cibFile({ resources: dummy('web'), histories: ['', ''] })
    const text = fs.readFileSync(file, 'utf8')
    const old = '<node_state uname="n2" in_ccm="false" crmd="offline" join="down" expected="down"/>'
    fs.writeFileSync(file, text.replace(/<node_state id="2".*?<\/node_state>/, old))
    expect((await remedied(file, 'web', 'n2')).after.get('web')).toEqual({ nodes: ['n2'], role: 'Started' })
  })

  test('a constraint that holds something elsewhere has to go, and nothing that is not needed', async () => {
    const file = cibFile({
      resources: dummy('web'),
      constraints: '<rsc_location id="there" rsc="web" node="n1" score="INFINITY"/>',
      histories: [ran('web'), ''],
    })
    const { texts, whatIf } = await remedied(file, 'web', 'n2')
    expect(texts?.[0]).toBe('constraint there has to go or be lowered')
    expect(whatIf).toEqual(['--prefer', 'web@n2=1', '--without', 'there'])
  })

  test('what is blocked since it was active twice', async () => {
    const resources = dummy('web', meta('web', 'multiple-active', 'block'))
    const file = cibFile({ resources, histories: [ran('web'), ran('web'), ''] })
    const { texts, whatIf, after } = await remedied(file, 'web', 'n3')
    expect(texts?.[0]).toBe(
      'it has to be stopped by hand on all of them but one, then: crm_resource --refresh --resource web',
    )
    expect(whatIf).toEqual(expect.arrayContaining(['--stopped', 'web@n2']))
    expect(after.get('web')).toEqual({ nodes: ['n3'], role: 'Started' })
  })

  test('a promotion that INFINITY holds elsewhere', async () => {
    const file = cibFile({
      resources: `<clone id="dbs">${meta('dbs', 'promotable', 'true')}${stateful('db')}</clone>${dummy('ip')}`,
      constraints: `<rsc_location id="there" rsc="dbs" node="n1" score="INFINITY" role="Promoted"/><rsc_colocation id="with" rsc="ip" with-rsc="dbs" with-rsc-role="Promoted" score="INFINITY"/>`,
      histories: [ran('db', 'start', 'Stateful') + ran('ip'), ran('db', 'start', 'Stateful')],
      attributes: [pair('master-db', '10'), pair('master-db', '10')],
    })
    const { texts, after } = await remedied(file, 'ip', 'n2')
    expect(texts?.[0]).toBe('db:1: constraint there has to go or be lowered')
    expect(after.get('ip')).toEqual({ nodes: ['n2'], role: 'Started' })
  })

  test('a promotion, and a place, that what is left of a move of another resource holds elsewhere', async () => {
    const file = cibFile({
      resources: `<clone id="dbs">${meta('dbs', 'promotable', 'true')}${stateful('db')}</clone>${dummy('ip')}${dummy('web')}`,
      constraints: `<rsc_location id="cli-prefer-ip" rsc="ip" node="n1" score="INFINITY"/><rsc_colocation id="with" rsc="ip" with-rsc="dbs" with-rsc-role="Promoted" score="INFINITY"/><rsc_colocation id="too" rsc="ip" with-rsc="web" score="INFINITY"/>`,
      histories: [ran('db', 'start', 'Stateful') + ran('ip') + ran('web'), ran('db', 'start', 'Stateful')],
      attributes: [pair('master-db', '10'), pair('master-db', '20')],
    })
    const { instances } = await explained(file, 'dbs')
    const other = instances.find(({ promotion }) => promotion?.isPromoted === false)?.promotion
    expect([other?.node, other?.remedies, other?.whatIf]).toEqual([
      'n2',
      ['crm_resource --clear --resource ip'],
      ['--without', 'cli-prefer-ip'],
    ])
    const { texts, after } = await remedied(file, 'web', 'n2')
    expect(texts?.join('\n')).toContain('crm_resource --clear --resource ip')
    expect(after.get('web')).toEqual({ nodes: ['n2'], role: 'Started' })
  })

  test('a promotion that a colocation forbids', async () => {
    const file = cibFile({
      resources: `<clone id="dbs">${meta('dbs', 'promotable', 'true')}${stateful('db')}</clone>${dummy('other')}${dummy('ip')}`,
      constraints: `<rsc_location id="here" rsc="other" node="n1" score="INFINITY"/><rsc_colocation id="apart" rsc="dbs" rsc-role="Promoted" with-rsc="other" score="INFINITY"/><rsc_colocation id="with" rsc="ip" with-rsc="dbs" with-rsc-role="Promoted" score="INFINITY"/>`,
      histories: [ran('db', 'start', 'Stateful') + ran('ip') + ran('other'), ran('db', 'start', 'Stateful')],
      attributes: [pair('master-db', '10'), pair('master-db', '10')],
    })
    const { after } = await remedied(file, 'ip', 'n2')
    expect(after.get('ip')).toEqual({ nodes: ['n2'], role: 'Started' })
  })

  test('the promotion of an instance, tried out', async () => {
    const file = cibFile({
      resources: promotable,
      constraints: '<rsc_ticket id="needs" rsc="dbs" rsc-role="Promoted" ticket="site" loss-policy="demote"/>',
      histories: [ran('db', 'start', 'Stateful'), ran('db', 'start', 'Stateful')],
      attributes: [pair('master-db', '10'), pair('master-db', '5')],
    })
    const { instances } = await explained(file, 'db')
    const at = instances.find(({ assigned }) => assigned === 'n2')?.promotion
    expect(at?.isTried).toBe(true)
    const told = await tryTool(whatIfTool, ['--xml-file', file, ...(at?.whatIf ?? [])], { nowMs: 1.7e12 })
    expect(told.out).toMatch(/^promoted: db\.\n/)
    expect(told.out).toMatch(/db: n2 -> n1\n.*|db:.* -> n2 \(Promoted\)/)
    expect(told.out).toContain('n2 (Promoted)')
  })

  test('a promotion inside of a bundle is wished for by the id of the bundle, which is configured', async () => {
    const resources = `<bundle id="b"><podman image="i" replicas="1" promoted-max="1"/><network control-port="3121"/>${stateful('db')}</bundle>`
    const file = cibFile({ resources, histories: ['', ''] })
    const [only] = (await explained(file, 'db')).instances
    expect(only?.promotion?.whatIf).toEqual(['--prefer-promoted', 'b@b-0=1'])
  })

  test('a promotion that would wait is none yet', async () => {
    const file = cibFile({
      resources: `${promotable}${dummy('a', meta('a', 'target-role', 'Stopped'))}${dummy('b')}`,
      constraints:
        '<rsc_order id="o" first="a" then="b"/><rsc_colocation id="c" rsc="dbs" rsc-role="Promoted" with-rsc="b" score="INFINITY"/>',
      histories: [ran('db', 'start', 'Stateful'), ran('db', 'start', 'Stateful')],
      attributes: [pair('master-db', '10'), pair('master-db', '5')],
    })
    const { instances } = await explained(file, 'db')
    const other = instances.find(({ promotion }) => promotion?.isPromoted === false)?.promotion
    expect(other?.whatIf).toEqual(expect.arrayContaining(['--meta', 'a:target-role=Started']))
  })

  test('what holds up something else is followed to where it begins', async () => {
    const file = cibFile({
      resources: dummy('a') + dummy('b') + dummy('c', meta('c', 'target-role', 'Started')),
      constraints:
        '<rsc_location id="never" rsc="a" node="n1" score="-INFINITY"/><rsc_order id="o1" first="a" then="b"/><rsc_order id="o2" first="b" then="c"/>',
      histories: [''],
    })
    const told = await tryTool(explainTool, ['--xml-file', file, 'c'], { nowMs: 1.7e12 })
    expect(told.out).toContain('it waits for the start of a: location constraint never')
    expect((await remedied(file, 'c', 'n1')).after.get('c')).toEqual({ nodes: ['n1'], role: 'Started' })
    const [at] = (await explained(file, 'c')).instances[0]?.actions ?? []
    expect(at?.waitsFor.map(({ text }) => text)).toEqual(['the start of a: location constraint never'])
    expect(at?.waitsFor[0]?.way.flatMap(({ constraints }) => constraints)).toEqual(['o2', 'o1'])
  })
})

const promotable = `<clone id="dbs">${meta('dbs', 'promotable', 'true')}${stateful('db')}</clone>`

async function explainedText(file: string, ...names: readonly string[]): Promise<string> {
  return (await tryTool(explainTool, ['--xml-file', file, ...names], { nowMs: 1.7e12 })).out
}

describe('what is told', () => {
  test('a start that quorum forbids, and what it takes', async () => {
    const file = cibFile({ resources: dummy('web'), histories: ['', ''] })
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('have-quorum="1"', 'have-quorum="0"'))
    const out = await explainedText(file, 'web', 'n1')
    expect(out).toMatch(/^web: stopped; cannot be started on n1 now: this partition has no quorum/)
    expect(out).toContain('  * due: start on n1, which cannot be done now')
    expect(out).toContain('try: quorate what-if --quorum-gained')
  })

  test('which operation failed, where something is recovered', async () => {
    const failed = ran('web').replace(
      '</lrm_resource>',
      '<lrm_rsc_op id="web_last_failure_0" operation_key="web_monitor_10000" operation="monitor" call-id="2" rc-code="1" op-status="0" interval="10000" transition-key="1:1:0:x" transition-magic="0:1;1:1:0:x" crm_feature_set="3.16.1"/></lrm_resource>',
    )
    const file = cibFile({ resources: dummy('web'), histories: [failed] })
    expect(await explainedText(file, 'web')).toContain(
      'web: runs on n1; is to be restarted there: its monitor failed on n1 (error, rc=1).',
    )
  })

  test('an attribute of the host that rates what runs in a container', async () => {
    const resources = `<bundle id="b"><podman image="i" replicas="1" promoted-max="1"/><network control-port="3121"/><primitive id="db" class="ocf" provider="pacemaker" type="Stateful">${meta('db', 'container-attribute-target', 'host')}</primitive></bundle>`
    const inside =
      ran('b-podman-0') + ran('b-0', 'start', 'remote').replace('class="ocf"', 'class="ocf" container="b-podman-0"')
    const file = cibFile({ resources, histories: [inside], attributes: [pair('master-db', '7')] })
    const guest = `<node_state id="b-0" uname="b-0" remote_node="true" in_ccm="true"><lrm id="b-0"><lrm_resources>${ran('db', 'start', 'Stateful')}</lrm_resources></lrm></node_state></status>`
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('</status>', guest))
    expect(await explainedText(file, 'db')).toContain('+7  attribute master-db=7 of n1, set by its agent')
  })

  test('what a rule says, and constraints that the time has put out of force', async () => {
    const rule = (id: string, inside: string): string =>
      `<rsc_location id="${id}" rsc="web"><rule id="${id}-rule" score="-INFINITY">${inside}</rule></rsc_location>`
    const file = cibFile({
      resources: dummy('web'),
      constraints:
        rule('not-here', '<expression id="e" attribute="#uname" operation="eq" value="n1"/>') +
        rule('over', '<date_expression id="d" operation="lt" end="2020-01-01"/>'),
      histories: ['', ''],
    })
    const out = await explainedText(file, 'web')
    expect(out).toContain('location constraint not-here, rule not-here-rule (#uname eq n1)')
    expect(out).toContain('location constraint over holds nowhere now: rule over-rule (date lt 2020-01-01)')
  })

  test('a promotion that moves, apart from instances that stay', async () => {
    const file = cibFile({
      resources: promotable,
      histories: [ran('db', 'promote', 'Stateful'), ran('db', 'start', 'Stateful')],
      attributes: [pair('master-db', '10'), pair('master-db', '5')],
    })
    const argv = ['--xml-file', file, '--prefer-promoted', 'dbs@n2']
    expect((await tryTool(whatIfTool, argv, { nowMs: 1.7e12 })).out).toMatch(/^promoted elsewhere: db\.\n/)
  })

  test('what is restarted instead of demoted ends up as unpromoted as it would', async () => {
    const db = stateful('db').replace(
      '/>',
      '><operations><op id="mp" name="monitor" interval="10s" role="Promoted"/></operations></primitive>',
    )
    const file = cibFile({
      resources: `<clone id="dbs">${meta('dbs', 'promotable', 'true')}${db}</clone>`,
      histories: [ran('db', 'promote', 'Stateful'), ran('db', 'start', 'Stateful')],
      attributes: [pair('master-db', '5'), pair('master-db', '10')],
    })
    const { out } = await tryTool(whatIfTool, ['--xml-file', file, '--fail', 'db@n1'], { nowMs: 1.7e12 })
    expect(out).toMatch(/^restarted: db/)
    expect(out).not.toContain('In the end, other than without it:')
  })

  test('a connection is not asked about on remote nodes, which no connection runs on', async () => {
    const remote = '<primitive id="far" class="ocf" provider="pacemaker" type="remote"/>'
    const file = cibFile({ resources: remote + remote.replace('far', 'away'), histories: ['', ''] })
    const [at] = (await explained(file, 'far')).instances
    expect(at?.nodes.map(({ node }) => node)).toEqual(['n1', 'n2'])
    const out = await explainedText(file, 'far', 'away')
    expect(out).toContain('nothing makes it run here')
    expect(out).not.toContain('tried')
  })
})
