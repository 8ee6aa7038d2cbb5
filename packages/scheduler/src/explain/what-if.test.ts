import { invariant } from '@quorate/base'
import { parseXml, withAttributes, writeXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { whatIf, whatIfLines } from './what-if.ts'

const options = { nowSeconds: 1_700_000_000 }
/** Digest of an operation without parameters: what runs was started with what is configured. */
const emptyDigest = 'f2317cad3d54cec5d7d7aa7d0bf35cf8'

function operation(id: string, rc: number, word: string): string {
  return `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_${word}_0" operation="${word}" call-id="1" rc-code="${rc}" op-status="0" interval="0" op-digest="${emptyDigest}" transition-key="1:1:${rc}:x" transition-magic="0:${rc};1:1:${rc}:x" crm_feature_set="3.16.1"/></lrm_resource>`
}

/** Three nodes; `a` runs on n1, `b` is to be with it. */
function cluster(fencing: boolean) {
  const state = (n: number): string => {
    const history = ['a', 'b'].map((id) => (n === 1 ? operation(id, 0, 'start') : operation(id, 7, 'monitor'))).join('')
    return `<node_state id="${n}" uname="n${n}" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="${n}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`
  }
  const primitive = (id: string): string => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`
  const parsed =
    parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1" epoch="1" num_updates="0" admin_epoch="0">
    <configuration><crm_config><cluster_property_set id="p"><nvpair id="p1" name="stonith-enabled" value="${fencing}"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/><node id="3" uname="n3"/></nodes>
    <resources>${primitive('a')}${primitive('b')}</resources>
    <constraints><rsc_colocation id="together" rsc="b" with-rsc="a" score="INFINITY"/></constraints></configuration>
    <status>${[1, 2, 3].map(state).join('')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

test('a node on standby: the plan, and where everything is in the end', () => {
  const found = whatIf(cluster(false), { nodesOnStandby: ['n1'] }, options)
  invariant(found.ok, 'the node is known')
  expect(found.value).toMatchObject({ due: [], fenced: [], lost: [], isComplete: true })
  expect(found.value.changes.map(({ id, before, after }) => [id, before.nodes, after.nodes])).toEqual([
    ['a', ['n1'], ['n2']],
    ['b', ['n1'], ['n2']],
  ])
  expect(whatIfLines(found.value).slice(0, 2)).toEqual(['moved: a, b.', 'The cluster would:'])
  expect(whatIfLines(found.value)[2]).toMatch(/^ {2}\* Move .*a.*\( n1 -> n2 \)/)
})

test('a node lost: what is down with it, though it would have moved anyway', () => {
  const found = whatIf(cluster(false), { nodesLost: ['n1'] }, options)
  invariant(found.ok, 'the node is known')
  expect(found.value.down).toEqual(['a', 'b'])
  expect(whatIfLines(found.value)[0]).toMatch(/^down at once: a, b; moved: a, b\.$/)
  expect(whatIfLines(found.value)).toContain('Down before the cluster does anything: a, b')
})

test('what ends up elsewhere is told with why', () => {
  const found = whatIf(cluster(false), { nodesOnStandby: ['n1'] }, options)
  invariant(found.ok, 'the node is known')
  expect(found.value.changes.map(({ id, because }) => [id, because])).toEqual([
    ['a', 'n1 is on standby'],
    ['b', expect.stringMatching(/n1 is on standby|with a/)],
  ])
  expect(whatIfLines(found.value)).toContain('  * a: n1 -> n2: n1 is on standby')
})

test('quorum lost: everything stops, and it is said what runs nowhere then', () => {
  const found = whatIf(cluster(false), { quorumLost: true }, options)
  invariant(found.ok, 'nothing is unknown')
  expect(found.value.lost).toEqual(['a', 'b'])
})

test('nothing different is said to be nothing', () => {
  const found = whatIf(cluster(false), { nodesUp: ['n2'] }, options)
  invariant(found.ok, 'the node is known')
  expect(whatIfLines(found.value)).toEqual(['Nothing is different.', 'The cluster would:', '  * do nothing'])
})

test('unknown names are refused', () => {
  expect(whatIf(cluster(false), { nodesLost: ['n9'] }, options)).toEqual({
    ok: false,
    error: "there is no node 'n9': there are n1, n2, n3",
  })
  const failures = [{ resource: 'x', node: 'n1' }]
  expect(whatIf(cluster(false), { failures }, options)).toEqual({
    ok: false,
    error: "there is no resource 'x': there are a, b",
  })
})

test('what stays up that would be stopped without it is not told to be started', () => {
  const lost = withAttributes(cluster(false), { 'have-quorum': '0' })
  const found = whatIf(lost, { quorumGained: true }, options)
  invariant(found.ok, 'nothing is unknown')
  expect(found.value.summary).toBe('not stopped: a, b.')
})

test('what is not started yet is started elsewhere, and not moved', () => {
  const parsed = parseXml(writeXml(cluster(false)).replaceAll(/<lrm_resource .*?<\/lrm_resource>/gs, ''))
  invariant(parsed.ok, 'it is well formed without histories')
  const found = whatIf(parsed.value, { preferences: [{ resource: 'a', node: 'n3', score: 100 }] }, options)
  invariant(found.ok, 'nothing is unknown')
  expect(found.value.summary).toBe('started elsewhere: a, b.')
})

test('a failure is one of the role in which an instance runs, also where it was not looked at since its start', () => {
  const monitor = '<operations><op id="o" name="monitor" interval="10s" role="Promoted" on-fail="block"/></operations>'
  const history = operation('db', 0, 'start').replaceAll('Dummy', 'Stateful')
  const parsed =
    parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1" epoch="1" num_updates="0" admin_epoch="0">
    <configuration><crm_config><cluster_property_set id="p"><nvpair id="p1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/></nodes>
    <resources><clone id="k"><meta_attributes id="m"><nvpair id="m1" name="promotable" value="true"/></meta_attributes><primitive id="db" class="ocf" provider="pacemaker" type="Stateful">${monitor}</primitive></clone></resources><constraints/></configuration>
    <status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources>${history}</lrm_resources></lrm></node_state></status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  const found = whatIf(parsed.value, { failures: [{ resource: 'db', node: 'n1' }] }, options)
  invariant(found.ok, 'the instance runs there')
  expect(found.value.summary).toBe('restarted: db:0.')
})

test('nothing is supposed of what is not there: a ticket, a monitor where nothing runs, what could be configured again', () => {
  const of = cluster(false)
  expect(whatIf(of, { ticketsGranted: ['site'] }, options)).toEqual({
    ok: false,
    error: "there is no ticket 'site': there are none",
  })
  expect(whatIf(of, { failures: [{ resource: 'a', node: 'n2' }] }, options)).toEqual({
    ok: false,
    error: 'a does not run on n2, so that no monitor of it can fail there: it runs on n1',
  })
  expect(whatIf(of, { configured: ['a'] }, options)).toEqual({
    ok: false,
    error: "there is no resource 'a' that could be configured again",
  })
})

test('what is wrong with the configuration that is supposed is told', () => {
  const metaAttributes = [{ resource: 'a', name: 'target-role', value: 'Stoped' }]
  const found = whatIf(cluster(false), { metaAttributes, clusterOptions: [{ name: 'no-quorum', value: '1' }] }, options)
  invariant(found.ok, 'the resource is there')
  expect(found.value.problems).toContainEqual({
    kind: 'error',
    text: "Ignoring 'target-role' for a because 'Stoped' is not valid",
  })
  expect(whatIfLines(found.value)).toContain(
    "Warning (new): there is no cluster option 'no-quorum' that the scheduler reads",
  )
})

test('what is at risk: a node that is not fenced, or cannot be, and a majority that is lost', () => {
  const risks = (fencing: boolean, what: Parameters<typeof whatIf>[1]) => {
    const found = whatIf(cluster(fencing), what, options)
    invariant(found.ok, 'the nodes are known')
    return found.value
  }
  const lost = risks(false, { nodesLost: ['n1'] })
  expect(lost.risks).toEqual([
    {
      kind: 'not-fenced',
      text: 'n1 is not fenced (stonith-enabled is false): where it only cannot be reached, it still runs what is started elsewhere',
      resources: ['a', 'b'],
    },
  ])
  expect(whatIfLines(lost).join('\n')).toContain('At risk: n1 is not fenced (stonith-enabled is false)')
  // Without a device nothing is managed at all: what ran there stays down.
  expect(risks(true, { nodesLost: ['n1'] }).risks).toEqual([
    {
      kind: 'cannot-fence',
      text: 'n1 has to be fenced and cannot be (there is no fence device): what ran there stays down until a person has seen to it',
      resources: ['a', 'b'],
    },
  ])
  expect(risks(false, { nodesLost: ['n2', 'n3'] }).risks.map(({ kind, text }) => [kind, text.slice(0, 47)])).toEqual([
    ['majority', '1 of 3 nodes would be left, which is no majorit'],
  ])
  expect(risks(false, { nodesLost: ['n2'] }).risks).toEqual([])
  const ignoring = { quorumLost: true, clusterOptions: [{ name: 'no-quorum-policy', value: 'ignore' }] }
  expect(risks(false, ignoring).risks.map(({ kind, resources }) => [kind, resources])).toEqual([
    ['no-quorum', ['a', 'b']],
  ])
  expect(risks(false, { quorumLost: true }).risks).toEqual([])
})

test('a node that is fenced in any case is told apart, and nothing new is done', () => {
  const text = writeXml(cluster(true))
    .replace('<resources>', '<resources><primitive id="fence" class="stonith" type="fence_xvm"/>')
    .replace('uname="n3" in_ccm="true"', 'uname="n3" in_ccm="false"')
  const parsed = parseXml(text)
  invariant(parsed.ok, 'it is well formed with a lost node')
  const found = whatIf(parsed.value, { clusterOptions: [{ name: 'batch-limit', value: '5' }] }, options)
  invariant(found.ok, 'an option can be supposed')
  expect(found.value).toMatchObject({ summary: 'Nothing is different.', fenced: ['n3'], fencedAnyway: ['n3'] })
  expect(whatIfLines(found.value).slice(0, 4)).toEqual([
    'Nothing is different.',
    'The cluster would:',
    '  * do nothing new',
    'It does in any case:',
  ])
  const more = whatIf(parsed.value, { nodesLost: ['n1'] }, options)
  invariant(more.ok, 'the node is known')
  expect(more.value).toMatchObject({ fenced: ['n1', 'n3'], fencedAnyway: ['n3'] })
})

test('that a node is to be fenced is in the plan, and no new fault of the configuration', () => {
  const device = parseXml('<primitive id="dev" class="stonith" type="fence_dummy"/>')
  invariant(device.ok, 'the device is well formed')
  const withDevice = (element: XmlElement): XmlElement =>
    element.name === 'resources'
      ? { ...element, children: [...element.children, device.value] }
      : { ...element, children: element.children.map(withDevice) }
  const found = whatIf(withDevice(cluster(true)), { nodesLost: ['n1'] }, options)
  invariant(found.ok, 'the node is known')
  expect(found.value.fenced).toEqual(['n1'])
  expect(found.value.problems).toEqual([])
})
