import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tryProgram, tryTool } from '../pacemaker/tool-trial.ts'
import { crmResource } from './main.ts'

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const shared = process.env['QUORATE_SHARED'] ?? path.join(repository, '..', 'shared')
const suite = path.join(shared, 'suites', 'scheduler-2.1.5')
const isInstalled = spawnSync('crm_resource', ['--version']).error === undefined
const hasSuite = fs.existsSync(suite)
const lacks = !isInstalled ? ' (skipped: no crm_resource)' : !hasSuite ? ' (skipped: no suite, set QUORATE_SHARED)' : ''
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-resource-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

/** Inputs with groups, clones, promotable ones, bundles, templates, failures, constraints; a node, and resources to ask about. */
const inputs: readonly (readonly [name: string, node: string, ...resources: readonly string[]])[] = [
  ['ticket-group-2', 'node1', 'group1', 'rsc1', 'rsc_stonith'],
  ['colocation-influence', 'rhel7-2', 'rsc1a', 'rsc5-clone', 'rsc14a', 'bundle10'],
  ['template-3', 'node1', 'rsc1', 'rsc2'],
  ['bundle-order-stop', 'undercloud', 'redis-bundle', 'galera-bundle-docker-0', 'rabbitmq'],
  ['promoted-7', 'c001n01', 'group-1', 'ocf_192.168.100.181', 'master_rsc_1', 'ocf_msdummy'],
  ['unmanaged-promoted', 'pcmk-1', 'Fencing', 'group-1', 'stateful-1'],
  ['group10', 'c001n02', 'DcIPaddr', 'child_192.168.100.181'],
  ['multiple-active-block-group', 'node2', 'dgroup', 'dummy'],
  ['bug-1765', 'sles236', 'ms-drbd0', 'drbd1', 'drbd1:0'],
  ['cloned-group-stop', 'rhos4-node3', 'glance', 'glance-fs', 'qpidd-clone'],
  ['unmanaged-stop-4', 'yingying.site', 'rsc1', 'group1'],
  ['remote-recover-all', 'controller-0', 'redis-master', 'galera-1'],
]

const plain: readonly string[] = ['-L', '-l', '-O', '-o', '-Y', '-Y -N NODE', '-Y -N nowhere']
const ofResource: readonly string[] = [
  ...['-Y', '-Y -N NODE', '-q', '-w', '-W', '-a', '-A', '-a -f', '-g target-role -m', '-g nope'],
  ...['-G type', '-G nope'],
  '--digests -N NODE zone=1 passwd=x area=2',
]

/** Colocations in circles, of sets and with roles; locations by rules, patterns and sets; parameters, secret and not. */
const handMade = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">
  <configuration><crm_config/><nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes><resources>
    <primitive id="a" class="ocf" provider="pacemaker" type="Dummy">
      <instance_attributes id="a-i">
        <nvpair id="a-i-1" name="fake" value="x"/><nvpair id="a-i-2" name="passwd" value="secret"/>
        <nvpair id="a-i-3" name="crm_feature_set" value="1"/>
      </instance_attributes>
      <operations><op id="a-s" name="start" interval="0s" timeout="33s">
        <instance_attributes id="a-s-i"><nvpair id="a-s-i-1" name="extra" value="1"/></instance_attributes>
      </op></operations>
    </primitive>
    ${['b', 'c', 'd', 'e'].map((id) => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`).join('')}
    <group id="g"><primitive id="g1" class="ocf" provider="pacemaker" type="Dummy"/></group>
    <clone id="cl"><meta_attributes id="cl-m"><nvpair id="cl-m-p" name="promotable" value="true"/></meta_attributes>
      <primitive id="s" class="ocf" provider="pacemaker" type="Stateful"/></clone>
    <clone id="cu"><meta_attributes id="cu-m"><nvpair id="cu-m-u" name="globally-unique" value="true"/></meta_attributes>
      <primitive id="u" class="ocf" provider="pacemaker" type="Stateful"/></clone>
  </resources><constraints>
    <rsc_location id="l1" rsc="a" node="n1" score="5"/>
    <rsc_location id="l2" rsc="a"><rule id="r1" score="7"><expression id="r1e" attribute="#uname" operation="defined"/></rule></rsc_location>
    <rsc_location id="l7" rsc="a"><rule id="r7" score="3" boolean-op="or"><expression id="r7e" attribute="#uname" operation="eq" value="n1"/><expression id="r7f" attribute="#uname" operation="eq" value="n2"/></rule></rsc_location>
    <rsc_location id="l3" rsc-pattern="^[ab]$" node="n2" score="-INFINITY" resource-discovery="never"/>
    <rsc_location id="l4" node="n2" score="3"><resource_set id="l4s"><resource_ref id="a"/><resource_ref id="g"/></resource_set></rsc_location>
    <rsc_location id="l5" rsc="cl" node="n1" score="9" role="Promoted"/>
    <rsc_location id="l6" rsc="g1" node="n1" score="44"/>
    <rsc_colocation id="k1" rsc="a" with-rsc="b" score="INFINITY"/>
    <rsc_colocation id="k2" rsc="a" with-rsc="c" score="10"/>
    <rsc_colocation id="k3" rsc="b" with-rsc="d" score="10"/>
    <rsc_colocation id="k4" rsc="c" with-rsc="d" score="10"/>
    <rsc_colocation id="k5" rsc="d" with-rsc="cl" score="10" with-rsc-role="Promoted" node-attribute="rack"/>
    <rsc_colocation id="k6" rsc="cl" rsc-role="Unpromoted" with-rsc="a" score="10"/>
    <rsc_colocation id="k7" score="20"><resource_set id="k7s"><resource_ref id="e"/><resource_ref id="b"/></resource_set></rsc_colocation>
    <rsc_colocation id="k8" rsc="cu" with-rsc="g" rsc-role="Started" score="-7"/>
  </constraints></configuration>
  <status><node_state id="1" uname="n1" crmd="online" in_ccm="true" join="member" expected="member"><lrm id="1"><lrm_resources>
    <lrm_resource id="a" class="ocf" provider="pacemaker" type="Dummy">HISTORY</lrm_resource>
  </lrm_resources></lrm></node_state></status></cib>`

/** Operations on record as NAME:INTERVAL-MS:CALL:RC, in the order of the history. */
function history(operations: string): string {
  const entries = operations.split(' ').map((item, i) => {
    const [name, interval, call, rc = '0'] = item.split(':')
    const key = `operation_key="a_${name}_${interval}" operation="${name}" interval="${interval}"`
    const result = `call-id="${call}" rc-code="${rc}" op-status="0" op-digest="d" transition-key="${i}:1:0:u"`
    const parameters =
      'op-force-restart=" fake " op-restart-digest="r" op-secure-params=" passwd " op-secure-digest="s"'
    return `<lrm_rsc_op id="a_${i}" ${key} crm_feature_set="3.16.1" ${result} transition-magic="0:${rc};${i}:1:0:u" ${parameters}/>`
  })
  return entries.join('')
}

async function compare(argv: readonly string[], file?: string): Promise<void> {
  const env = { ...process.env, ...(file === undefined ? {} : { CIB_file: path.join(scratch, file) }) }
  const [theirs, mine] = await Promise.all([
    tryProgram('crm_resource', argv, { env }),
    tryTool(crmResource, argv, { env }),
  ])
  expect(mine).toEqual(theirs)
}

describe.skipIf(lacks !== '')(`crm_resource beside the real one, of what runs and is configured${lacks}`, () => {
  beforeAll(() => {
    for (const [name] of inputs) fs.copyFileSync(path.join(suite, `${name}.xml`), path.join(scratch, `${name}.xml`))
    fs.writeFileSync(path.join(scratch, 'hand-made.xml'), handMade.replace('HISTORY', ''))
  })

  // Every other one as XML, so that a query comes in both formats over the resources it is asked about.
  const inBothFormats = (queries: readonly string[]) =>
    queries.map((query, i) => (i % 2 === 0 ? query : `${query} --output-as=xml`))
  const lines = inputs.flatMap(([name, node, ...resources]) => {
    const queries = [...plain, ...resources.flatMap((id) => ofResource.map((query) => `${query} -r ${id}`))]
    return inBothFormats(queries.map((query) => query.replace('NODE', node))).map((query) => `${name} ${query}`)
  })

  test.each(lines)('%s', async (line) => {
    const [name, ...argv] = line.split(' ')
    await compare(argv, `${name}.xml`)
  })

  const resources = ['a', 'b', 'd', 'e', 'g', 'g1', 'cl', 's', 's:1', 'cu', 'u', 'u:1', 'nope']
  const asked = resources.flatMap((id) => ofResource.map((query) => `${query.replace('NODE', 'n1')} -r ${id}`))
  test.each(inBothFormats(asked))('hand-made %s', async (line) => {
    await compare(line.split(' '), 'hand-made.xml')
  })

  test.each([
    'start:0:1 monitor:10000:2',
    'start:0:1 stop:0:2',
    'stop:0:2 start:0:1',
    'monitor:0:1:7 start:0:2',
    'start:0:3 monitor:0:9',
    'promote:0:4 start:0:3',
    'monitor:10000:7 monitor:5000:8',
    'monitor:10000:4 notify:0:6',
    'notify:0:2 monitor:10000:3',
    'stop:0:1 notify:0:2',
    'demote:0:4 promote:0:5',
  ])('digests by the history %s', async (operations) => {
    const file = `history-${operations.replaceAll(/[: ]/g, '-')}.xml`
    fs.writeFileSync(path.join(scratch, file), handMade.replace('HISTORY', history(operations)))
    await compare(['--digests', '-r', 'a', '-N', 'n1', '--output-as=xml'], file)
    await compare(['--digests', '-r', 'a', '-N', 'n2', 'fake=y', 'new=1'], file)
  })

  test.each(
    inBothFormats([
      '--list-standards',
      '--list-ocf-providers',
      '--list-ocf-alternatives Dummy',
      '--list-ocf-alternatives nope',
      ...['ocf', 'ocf:pacemaker', 'ocf:nope', 'lsb', 'service', 'systemd', 'stonith', 'bogus'].map(
        (spec) => `--list-agents ${spec}`,
      ),
      ...['ocf:pacemaker:Dummy', 'stonith:fence_xvm', 'ocf:pacemaker:Nope', 'ocf:Dummy', 'stonith:nope', 'bogus'].map(
        (spec) => `--show-metadata ${spec}`,
      ),
      '-L surplus words',
      '--digests -r a',
    ]),
  )('%s', async (line) => {
    await compare(line.split(' '))
  })

  test.each([
    'ticket-clone-17 -Y -r rsc1:1',
    'ticket-clone-17 -q -r rsc1:1',
    'rec-rsc-4 -Y -Q -r rsc1',
    'rec-rsc-4 -Y -Q',
    'rec-rsc-4 -W -r nope --output-as=none',
    'rec-rsc-4 -L -e',
    'rec-rsc-4 -e -r rsc1 --output-as=xml',
    'rec-rsc-4 -W -r rsc1 -N uuid1',
    'rec-rsc-4 -W -r rsc1 -N NODE1',
    'rec-rsc-4 -VV -L',
    'rec-rsc-4 -VV -a -r nope --output-as=none',
    'group-dependents -VV -q -r iax2_mon',
    'order-wrong-kind -l',
    'rec-rsc-4 -VVV -W -r rsc1',
    'rec-rsc-4 -VVV -W',
    'bug-lf-1852 -D -r nope',
    'bug-lf-1852 -D -r fs_mysql_ip',
  ])('of another input: %s', async (line) => {
    const [name, ...argv] = line.split(' ')
    fs.copyFileSync(path.join(suite, `${name}.xml`), path.join(scratch, `${name}.xml`))
    await compare(argv, `${name}.xml`)
  })

  test.each([
    'bug-1765 -c',
    'bundle-order-stop --list-cts',
    'container-3 -c',
    'whitebox-orphaned -c',
    'migrate-4 -c',
    'rec-rsc-4 -c --output-as=xml',
    'bug-1765 -l --text-fancy',
    'bug-1765 -q -r ms-drbd0 --text-fancy',
    'bug-1765 -W -r ms-drbd0 --text-fancy',
    'bug-1765 --digests -r drbd0:0 -N sles236 --text-fancy',
    'migrate-4 -O --text-fancy',
    'unmanaged-stop-4 -Y --text-fancy',
    'stop-failure-with-fencing -q -r dlm-clone --text-fancy',
  ])('of an input again: %s', async (line) => {
    const [name, ...argv] = line.split(' ')
    fs.copyFileSync(path.join(suite, `${name}.xml`), path.join(scratch, `${name}.xml`))
    await compare(argv, `${name}.xml`)
  })

  test.each(['-l', '-l --output-as=xml', '-L', '-L --output-as=xml', '-c'])('of no resources: %s', async (line) => {
    fs.writeFileSync(
      path.join(scratch, 'none.xml'),
      handMade
        .replace(/(<resources>).*(<\/constraints>)/s, '$1</resources><constraints/>')
        .replace(/<status>.*<\/status>/s, '<status/>'),
    )
    await compare(line.split(' '), 'none.xml')
  })

  test.each(['', 'last-rc-change="12"', 'last-rc-change="12" exec-time="5"', 'last-rc-change="99999999999999999999"'])(
    'of an operation with %s',
    async (times) => {
      const entry = history('start:0:1').replace('/>', ` ${times}/>`)
      fs.writeFileSync(path.join(scratch, 'times.xml'), handMade.replace('HISTORY', entry))
      for (const argv of [['-O'], ['-o', '--output-as=xml']]) await compare(argv, 'times.xml')
    },
  )

  const colocations = `
    <rsc_colocation id="x1" rsc="a" with-rsc="cl" score="+5" rsc-role="Stopped" with-rsc-role="Promoted"><lifetime>RULE</lifetime></rsc_colocation>
    <rsc_colocation id="x2" rsc="a" with-rsc="b"/>`
  test.each(['lt', 'gt'])('the colocations that count, with a lifetime that is %s long ago', async (operation) => {
    const rule = `<rule id="x1r" score="1"><date_expression id="x1e" operation="${operation}" ${operation === 'lt' ? 'end' : 'start'}="2001-01-01"/></rule>`
    const cib = handMade
      .replace('HISTORY', '')
      .replace('pacemaker-3.9', 'none')
      .replace('</constraints>', `${colocations.replace('RULE', rule)}</constraints>`)
    fs.writeFileSync(path.join(scratch, 'colocations.xml'), cib)
    await compare(['-c'], 'colocations.xml')
  })

  test.each([
    'ticket-group-8 -S description -v x -r rsc1 -t primitive',
    'ticket-group-8 -S description -v x -r rsc1',
    'ticket-group-8 -S description -r rsc1 -t primitive',
    'ticket-group-8 -S description -v x',
    'ticket-group-8 -S class -v lsb -r rsc1 -t primitive',
    'ticket-group-8 -S description -v x -r rsc1 -t group',
    'ticket-clone-17 -U -r rsc1:1',
    'ticket-clone-17 -B -r rsc1:1 -N nope',
    'ticket-clone-17 -M -r rsc1:1 --output-as=xml',
    'ticket-clone-17 -B -r rsc1 -N node2 --promoted',
    'ticket-clone-17 -B -r rsc1 -N node2 --promoted --output-as=xml',
    'ticket-clone-17 -p x -v y -r rsc1 -Q',
    'ticket-clone-17 -p x -m -v y -r rsc1:1 -Q',
    'ticket-clone-17 -B -r rsc_stonith -Q',
    'ticket-clone-17 -B -r clone1',
    'stop-failure-no-quorum -B -r clvm',
    'stop-failure-no-quorum -M -r clvm -N pcmk-3 -f',
    'cloned-group-stop -B -r glance-fs',
    'promoted-ordering -B -r ms_drbd_mysql',
    'promoted-ordering -B -r ms_drbd_mysql --output-as=xml',
  ])('what is changed by %s', async (line) => {
    const [name = '', ...argv] = line.split(' ')
    const told = await Promise.all(
      ['real', 'ours'].map(async (who) => {
        const file = path.join(scratch, `${who}-changed.xml`)
        fs.copyFileSync(path.join(suite, `${name}.xml`), file)
        fs.chmodSync(file, 0o644)
        const env = { ...process.env, CIB_file: file }
        const outcome =
          who === 'real' ? await tryProgram('crm_resource', argv, { env }) : await tryTool(crmResource, argv, { env })
        return { ...outcome, cib: fs.readFileSync(file, 'utf8') }
      }),
    )
    expect(told[1]).toEqual(told[0])
  })

  test('what has to wait for the cluster is refused of a file', async () => {
    const file = path.join(scratch, 'waits.xml')
    fs.copyFileSync(path.join(suite, 'ticket-group-2.xml'), file)
    for (const argv of [['--wait'], ['--restart', '-r', 'rsc1']]) {
      const { code, out, err } = await tryTool(crmResource, argv, { env: { ...process.env, CIB_file: file } })
      expect({ code, out }).toEqual({ code: 3, out: '' })
      expect(err).toContain(`crm_resource: ${argv[0]} needs a cluster: `)
    }
  })

  test('an unknown format, and an output that cannot be written', async () => {
    for (const option of ['--output-as=html', '--output-to=/nowhere/out']) {
      const argv = ['-l', option]
      const theirs = spawnSync('crm_resource', argv, { encoding: 'utf8' })
      const { code, err } = await tryTool(crmResource, argv, { env: process.env })
      expect({ code, err }).toEqual({ code: theirs.status, err: theirs.stderr })
    }
  })
})
