import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmMon } from './main.ts'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-mon-asked-'))
const zone = process.env['TZ']
beforeAll(() => {
  process.env['TZ'] = 'Asia/Tokyo'
})
afterAll(() => {
  fs.rmSync(scratch, { recursive: true })
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

type Entry = { readonly resource: string; readonly rc?: number; readonly more?: string }

function entry({ resource, rc = 0, more = '' }: Entry): string {
  const key = `1:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee`
  return `<lrm_resource id="${resource}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="${resource}_last_0" operation_key="${resource}_start_0" operation="start" call-id="3" rc-code="${rc}" op-status="0" interval="0" transition-key="${key}" transition-magic="0:${rc};${key}" ${more}/></lrm_resource>`
}

const primitive = (id: string) => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`

/** Two nodes; what runs does so on the first. */
function cibOf(resources: string, ran: readonly Entry[], more = { options: '', root: '', attributes: '' }): string {
  const state = (id: number, inner: string) =>
    `<node_state id="${id}" uname="n${id}" in_ccm="true" crmd="online" join="member" expected="member">${inner}</node_state>`
  const transient = `<transient_attributes id="1"><instance_attributes id="s1">${more.attributes}</instance_attributes></transient_attributes>`
  const history = `<lrm id="1"><lrm_resources>${ran.map(entry).join('')}</lrm_resources></lrm>`
  return `<cib crm_feature_set="3.16.1" validate-with="none" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" dc-uuid="1" ${more.root}><configuration><crm_config><cluster_property_set id="o"><nvpair id="o0" name="stonith-enabled" value="false"/>${more.options}</cluster_property_set></crm_config><nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes><resources>${resources}</resources><constraints/></configuration><status>${state(1, transient + history)}${state(2, '')}</status></cib>`
}

const nothing = { options: '', root: '', attributes: '' }

async function show(argv: readonly string[], cib: string) {
  const file = path.join(scratch, 'cib.xml')
  fs.writeFileSync(file, cib)
  const asked = { env: { CIB_file: file }, nowMs: Date.UTC(2026, 10, 22, 15, 31, 25) }
  return tryTool(crmMon, argv, asked)
}

const group = `<group id="g">${primitive('g1')}${primitive('g2')}</group>`
const clone = `<clone id="cl">${primitive('cp')}</clone>`
const bundle = `<bundle id="b"><podman image="i" replicas="2"/><network ip-range-start="10.0.0.1"/>${primitive('p')}</bundle>`
const cib = cibOf(group + clone + bundle, [{ resource: 'g1' }, { resource: 'cp' }, { resource: 'b-podman-0' }])
const onlyResources = ['-1', '--include=none,resources']

describe('what is asked for', () => {
  test.each([
    [['--resource=g1'], '  * Resource Group: g (1 member inactive):\n    * g1\t(ocf:pacemaker:Dummy):\t Started n1\n'],
    [['--resource=g2'], '  * Resource Group: g (1 member inactive):\n    * g2\t(ocf:pacemaker:Dummy):\t Stopped\n'],
    [['--resource=cp', '-r'], '  * Clone Set: cl [cp]:\n    * Started: [ n1 ]\n    * Stopped: [ n2 ]\n'],
    [['--resource=cp:1', '-r'], '  * Clone Set: cl [cp]:\n    * Stopped: [ n2 ]\n'],
    [
      ['--resource=p'],
      '  * Container bundle set: b [i]:\n    * Replica[0]\n      * p\t(ocf:pacemaker:Dummy):\t Stopped\n    * Replica[1]\n      * p\t(ocf:pacemaker:Dummy):\t Stopped\n',
    ],
    [
      ['--resource=b-podman-0', '-R'],
      '  * Container bundle set: b [i]:\n    * Replica[0]\n      * b-podman-0\t(ocf:heartbeat:podman):\t Started n1\n    * Replica[1]\n',
    ],
    [['--node=n2'], '  * No active resources\n'],
    [['--node=n1', '-r', '--resource=cl'], '  * Clone Set: cl [cp]:\n    * Started: [ n1 ]\n'],
  ])('%j is all of what is meant, and no more', async (argv, expected) => {
    const { out } = await show([...onlyResources, ...argv], cib)
    expect(out.replace(/^(?:Full List of|Active) Resources:\n/, '')).toBe(expected)
  })

  test('beneath a node stands what is in something that is meant in part', async () => {
    const { out } = await show(['-1', '--include=none,nodes', '-n', '--resource=g2'], cib)
    expect(out).toContain('  * Node n1: online:\n    * Resources:\n      * g1\t(ocf:pacemaker:Dummy):\t Started\n')
  })

  test('in brief only nodes with something on them are there, without a total', async () => {
    const { out } = await show(['-1', '--include=none,nodes', '-n', '-b', '-r', '--resource=g'], cib)
    expect(out).toBe('Node List:\n  * Node n1: online:\n    * Resources:\n      * 1\t(ocf:pacemaker:Dummy):\tActive \n')
  })

  test('as XML there is of a bundle what is meant, and an empty list for what is no resource', async () => {
    const one = await show(['--output-as=xml', '--include=none,resources', '--resource=p:1'], cib)
    expect(one.out.match(/<(?:replica|resource) id="[^"]*"/g)).toEqual(['<replica id="1"', '<resource id="p"'])
    const none = await show(['--output-as=xml', '--include=none,resources', '--resource=nope'], cib)
    expect(none.out).toContain('<resources/>')
    const elsewhere = await show(['--output-as=xml', '--include=none,resources', '--node=n2'], cib)
    expect(elsewhere.out).not.toContain('<resource id="b-podman-0"')
    const idle = await show(['--output-as=xml', '--include=none,resources', '-n'], cibOf('', []))
    expect(idle.out).not.toContain('<resources')
  })

  test('a connection of a bundle is shown where it is asked for, and a page needs no title for a replica', async () => {
    const connection = await show([...onlyResources, '--resource=b-0'], cib)
    expect(connection.out).toContain('    * Replica[0]\n      * b-0\t(ocf:pacemaker:remote):\t Stopped\n')
    const single = cibOf(bundle.replace('replicas="2"', 'replicas="1"'), [{ resource: 'b-podman-0' }])
    const page = await show(['--output-as=html', '--include=none,resources', '-R'], single)
    expect(page.out).toMatch(/<h3>Container bundle: b \[i\]<\/h3>\n<ul>\n<li><span/)
  })

  test('beside the nodes stands what is not active everywhere, though it is only where nothing can be told of it', async () => {
    const unmanaged =
      '<clone id="cl"><primitive id="cp" class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="m"><nvpair id="m1" name="is-managed" value="false"/></meta_attributes></primitive></clone>'
    const lost = cibOf(unmanaged, [{ resource: 'cp' }])
      .replace('name="stonith-enabled" value="false"', 'name="stonith-enabled" value="true"')
      .replace(
        'uname="n1" in_ccm="true" crmd="online" join="member"',
        'uname="n1" in_ccm="false" crmd="offline" join="down"',
      )
    const { out } = await show(['-1', '-n', '-r', '--include=none,resources'], lost)
    expect(out).toBe(
      'Inactive Resources:\n  * Clone Set: cl [cp]:\n' +
        '    * cp\t(ocf:pacemaker:Dummy):\t Started n1 (UNCLEAN, unmanaged)\n    * Stopped: [ n1 n2 ]\n',
    )
    const all = await show([...onlyResources, '-r'], lost)
    expect(all.out).toBe('Full List of Resources:\n  * No resources\n')
  })

  test('names of nodes are sorted without regard to the case of letters, those of ASCII', async () => {
    const named = (text: string) => text.replaceAll('uname="n1"', 'uname="Ä"').replaceAll('uname="n2"', 'uname="ä"')
    const { out } = await show(['-1', '--include=none,nodes'], named(cibOf('', [])))
    expect(out).toBe('Node List:\n  * Online: [ Ä ä ]\n')
  })

  test.each([
    [['--include=none,summary'], false],
    [['--include=none,all'], false],
    [['--include=none,all,options'], true],
    [['--exclude=none'], false],
    [['--output-as=xml', '-D'], true],
    [['--output-as=html', '--include=all'], true],
  ])('%j tells of options: %j', async (argv, expected) => {
    const { out } = await show(['-1', ...argv], cib)
    expect(/STONITH of failed|cluster_options/.test(out)).toBe(expected)
  })

  test.each([
    [['-A', '--include=default'], true],
    [['-A', '--exclude=attributes'], false],
    [['--exclude=attributes', '-A'], true],
    [['-A', '--include=none'], false],
  ])('%j shows attributes: %j', async (argv, expected) => {
    const attributes = '<nvpair id="a" name="a" value="1"/>'
    const { out } = await show(['-1', ...argv], cibOf(primitive('r'), [], { ...nothing, attributes }))
    expect(out.includes('Node Attributes:')).toBe(expected)
  })

  test('that nobody leads the cluster is told in any case', async () => {
    const { out } = await show(['-1', '--include=none'], cib.replace('dc-uuid="1"', ''))
    expect(out).toBe('Cluster Summary:\n  * Current DC: NONE\n')
  })

  test('the last change names whatever there is a place for, and quiet means no times', async () => {
    const changed = cibOf(primitive('r'), [], { ...nothing, root: 'update-user="" update-client="crmd"' })
    expect((await show(['-1'], changed)).out).toContain('  * Last change:   by  via crmd\n')
    expect((await show(['-1', '-Q'], changed)).out).not.toContain('Last change')
  })
})

describe('forms', () => {
  test.each([
    [['-X'], /^<crm_mon version="2\.1\.5">\n {2}<summary>/],
    [['--output-as=XML'], /^<pacemaker-result api-version/],
    [['--output-as=bogus'], /^Cluster Summary:/],
    [['--output-as=xml', '-s'], /^CLUSTER OK: 2 nodes online, 0 resource instances configured\n$/],
  ])('%j', async (argv, expected) => {
    const { code, out } = await show(argv, cibOf('', []))
    expect(code).toBe(0)
    expect(out).toMatch(expected)
  })

  test.each([
    [['--output-as=Text'], 'crm_mon: Error creating output format Text: Unknown output format\n', 1],
    [['-N', '--output-as=bogus'], 'crm_mon: Error creating output format bogus: Unknown output format\n', 1],
    [['-h', 'no/such/out'], 'crm_mon: Error creating output format html: No such file or directory\n', 1],
    [['-i', 'x', '--bogus'], 'crm_mon: Invalid value for -i: x\n', 64],
    [['-m4'], 'crm_mon: Fence history must be 0-3\n', 64],
  ])('%j is refused in a line', async (argv, err, code) => {
    expect(await show(argv, cib)).toEqual({ code, out: '', err })
  })

  test('what is wrong is told in the form of the status', async () => {
    const wrong = ['--exclude=default']
    const xml = await show(['--output-as=xml', ...wrong], cib)
    expect(xml).toMatchObject({ code: 64, err: '' })
    expect(xml.out).toContain('<error>crm_mon: --exclude options: all,')
    const page = await show(['--output-as=html', ...wrong], cib)
    expect(page.out).toContain('<body><ul><li>crm_mon: --exclude options: all,')
    const old = await show(['-X', ...wrong], cib)
    expect(old.out).toBe('<crm_mon version="2.1.5"/>\n')
    expect(old.err).toMatch(/^Incorrect usage\ncrm_mon: --exclude options/)
    const cgi = await show(['-w'], cib)
    expect(cgi).toMatchObject({ code: 64 })
    expect(cgi.out).toContain('<li>crm_mon: CGI mode used with CIB file</li>')
  })

  test('the XML of old is of ASCII, with apostrophes as they are', async () => {
    const attributes = '<nvpair id="a" name="a" value="it\'s ö"/>'
    const { out } = await show(['-X', '--include=none,attributes'], cibOf('', [], { ...nothing, attributes }))
    expect(out).toContain('<attribute name="a" value="it\'s &#xF6;"/>')
  })

  test('a file goes where it is told, and a page in one is to be read again', async () => {
    const file = path.join(scratch, 'page.html')
    const { out } = await show(['-h', file, '-i', '7'], cib)
    expect(out).toBe('')
    expect(fs.readFileSync(file, 'utf8')).toContain('<meta http-equiv="refresh" content="7">\n')
  })

  test('in one line nodes on standby and in maintenance are not among those online', async () => {
    const standby = cibOf('', [], { ...nothing, attributes: '<nvpair id="a" name="standby" value="true"/>' })
    expect((await show(['-s'], standby)).out).toBe(
      'CLUSTER OK: 1 node online, 1 standby node, 0 resource instances configured\n',
    )
    const lost = await show(['-s'], cibOf('', []).replaceAll('crmd="online"', 'crmd="offline"'))
    expect(lost).toMatchObject({ code: 0, out: 'CLUSTER WARN: offline node: n1 offline node: n2\n' })
    expect(lost.err).toContain('Error outputting status info from the fencer or CIB\n')
  })
})

describe('details', () => {
  const failed = (more: string) => cibOf(primitive('r'), [{ resource: 'r', rc: 1, more }])

  test('times that a history does not have are not made up', async () => {
    const { out } = await show(['-1', '-t', '--include=none,operations'], failed('queue-time="x"'))
    expect(out).toContain('      * (3) start: queue-time="xms" rc=1 (error)\n')
  })

  test('a failure is told of with whatever time it has, as XML in local time and twice escaped', async () => {
    const early = await show(['-1', '--include=none,failures'], failed('last-rc-change="0"'))
    expect(early.out).toContain("  * r start on n1 returned 'error' at Thu Jan  1 09:00:00 1970\n")
    const more = 'last-rc-change="1700000000" exit-reason="a &lt; b"'
    const xml = await show(['--output-as=xml', '--include=none,failures'], failed(more))
    expect(xml.out).toContain('exitreason="a &amp;lt; b"')
    expect(xml.out).toContain('last-rc-change="2023-11-15 07:13:20 +09:00"')
  })

  test('times of options may be durations', async () => {
    const options = '<nvpair id="t" name="stonith-timeout" value="PT2M"/>'
    const { out } = await show(['--output-as=xml'], cibOf('', [], { ...nothing, options }))
    expect(out).toContain('stonith-timeout-ms="120000"')
  })

  test('what pings should tell: each blank counts, and what is no number is one', async () => {
    const ping = `<primitive id="r" class="ocf" provider="pacemaker" type="Ping"><instance_attributes id="i"><nvpair id="i1" name="host_list" value="a  b"/><nvpair id="i2" name="multiplier" value="x"/></instance_attributes></primitive>`
    const attributes = '<nvpair id="a" name="pingd" value="1"/>'
    const pinged = cibOf(ping, [{ resource: 'r' }], { ...nothing, attributes })
    const { out } = await show(['--output-as=xml', '--include=none,attributes'], pinged)
    expect(out).toContain('<attribute name="pingd" value="1" expected="3"/>')
    const page = await show(['--output-as=html', '--include=none,attributes'], pinged)
    expect(page.out).toContain('<span>pingd: 1</span><span class="bold">(connectivity is degraded -- expected 3</span>')
  })

  test('a page has a line a node, and a class for what each resource is like', async () => {
    const { out } = await show(['--output-as=html', '-r', '--include=none,nodes,resources'], cib)
    expect(out).toContain('<li>\n<span class="bold">n1:</span><span class="online"> online</span>\n</li>\n')
    expect(out).toContain('<li><span class="rsc-ok">g1\t(ocf:pacemaker:Dummy):\t Started n1</span></li>\n')
    expect(out).toContain('<li><span class="rsc-failed">g2\t(ocf:pacemaker:Dummy):\t Stopped</span></li>\n')
    const byNode = await show(['--output-as=html', '-n', '--include=none,nodes', '--node=n2'], cib)
    expect(byNode.out).toContain(
      '<h3>n2:</h3>\n<ul><li>\n<span>Status:</span><span class="online"> online</span>\n</li></ul>',
    )
  })
})
