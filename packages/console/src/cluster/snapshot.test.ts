import { invariant } from '@quorate/base'
import { usableCib } from '@quorate/cib'
import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { patchBetween, patched, snapshotPatch } from '../api/patch.ts'
import { type Snapshot, snapshot as snapshotSchema } from '../api/snapshot.ts'
import { dummy, type SampleParts, sampleOptions, settledCib } from './sample-cluster.ts'
import { snapshotOf } from './snapshot.ts'

function seen(cib: ReturnType<typeof settledCib>, rev = 1): Snapshot {
  const made = snapshotOf(cib, {
    rev,
    cibVersion: '0.7.0',
    server: 's',
    atMs: sampleOptions.nowSeconds * 1000,
    stale: null,
    source: { kind: 'cluster', name: 'c', localNode: null },
    fencing: [],
    analysis: undefined,
    options: sampleOptions,
  })
  expect(snapshotSchema.parse(made)).toEqual(made)
  return made
}

const sample: SampleParts = {
  resources: `${dummy('a')}<group id="g">${dummy('g1')}${dummy('g2')}</group>
    <clone id="k">${dummy('k0')}</clone>
    <clone id="db"><meta_attributes id="db-m"><nvpair id="db-p" name="promotable" value="true"/></meta_attributes>
    <primitive id="db0" class="ocf" provider="pacemaker" type="Stateful"/></clone>`,
  attributes: { 'master-db0': '10' },
}

test('a tree of resources, each with its state, its places, and what moves with it', () => {
  const { resources } = seen(settledCib(sample))
  const lines: string[] = []
  const walk = (list: typeof resources, depth: number): void => {
    for (const { id, kind, state, places, movableRoot, children } of list) {
      lines.push(
        `${' '.repeat(depth)}${kind} ${id} ${state} ${places.map(({ node, role }) => `${node}:${role}`).join(',')} ${movableRoot}`,
      )
      walk([...children], depth + 1)
    }
  }
  walk(resources, 0)
  expect(lines).toEqual([
    'primitive a started n1:started a',
    'group g started n2:started g',
    ' primitive g1 started n2:started g',
    ' primitive g2 started n2:started g',
    'clone k started n1:started,n2:started,n3:started k',
    ' primitive k0:0 started n1:started k',
    ' primitive k0:1 started n2:started k',
    ' primitive k0:2 started n3:started k',
    'clone db promoted n1:unpromoted,n2:unpromoted,n3:promoted db',
    ' primitive db0:0 unpromoted n1:unpromoted db',
    ' primitive db0:1 unpromoted n2:unpromoted db',
    ' primitive db0:2 promoted n3:promoted db',
  ])
})

test('nodes and what is wrong with them, failures with their next step, what moves have left behind', () => {
  const made = seen(
    settledCib({
      ...sample,
      nodesOffline: 1,
      constraints: `<rsc_location id="cli-ban-a-on-n3" rsc="a" node="n3" score="-INFINITY"/>
        <rsc_location id="cli-prefer-k" rsc="k" node="n1" score="INFINITY"/>`,
      attributes: {
        ...sample.attributes,
        'fail-count-a#monitor_10000': '3',
        'last-failure-a#monitor_10000': '1699999000',
      },
    }),
  )
  expect(made.nodes.map(({ name, state, isDc }) => `${name} ${state} ${isDc}`)).toEqual([
    'n1 online true',
    'n2 online false',
    'n3 online false',
    'n4 offline false',
  ])
  const [a] = made.resources
  expect(a?.failures.map(({ node, count, lastFailureAt }) => [node, count, lastFailureAt])[0]).toEqual([
    'n1',
    3,
    '2023-11-14T21:56:40.000Z',
  ])
  expect(
    made.constraints.map((item) =>
      item.kind === 'location' ? [item.id, item.leftover?.kind, item.leftover?.until] : [],
    ),
  ).toEqual([
    ['cli-ban-a-on-n3', 'ban', null],
    ['cli-prefer-k', 'prefer', null],
  ])
  const codes = made.problems.map(({ code, node, resource }) => `${code} ${node ?? resource ?? ''}`.trim())
  expect(codes).toContain('node.offline n4')
  expect(codes).toContain('resource.failed a')
  expect(codes.filter((code) => code.startsWith('constraint.leftover'))).toHaveLength(2)
  expect(codes).toContain('cluster.fencingDisabled')
})

test('a bundle is a tree of replicas, on the nodes of their containers', () => {
  const parsed =
    parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1" dc-uuid="1" admin_epoch="0" epoch="7" num_updates="3">
    <configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes><resources><bundle id="b"><podman image="img" replicas="2"/>
    <network ip-range-start="192.168.1.2" control-port="3121"/>${dummy('in')}</bundle></resources><constraints/></configuration>
    <status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"/></status></cib>`)
  invariant(parsed.ok, 'the sample is well-formed')
  const usable = usableCib(parsed.value)
  invariant(usable.ok, 'the sample is valid')
  const [bundle] = seen(usable.cib).resources
  expect(bundle).toMatchObject({ id: 'b', kind: 'bundle', agent: 'img', state: 'stopped' })
  expect(bundle?.children.map(({ id, kind, parent, movableRoot }) => [id, kind, parent, movableRoot])).toEqual([
    ['b/0', 'replica', 'b', 'b'],
    ['b/1', 'replica', 'b', 'b'],
  ])
  expect(bundle?.children[0]?.children.map(({ id }) => id)).toContain('in:0')
})

test('a patch leads from one snapshot to the next, and only to that', () => {
  const before = seen(settledCib(sample), 1)
  const after = seen(
    settledCib({ ...sample, resources: `${dummy('new')}${sample.resources.replace('"a"', '"z"')}` }),
    2,
  )
  const patch = patchBetween(before, after)
  invariant(patch !== undefined, 'the two differ')
  expect(snapshotPatch.parse(JSON.parse(JSON.stringify(patch)))).toEqual(patch)
  expect(patched(before, patch)).toEqual(after)
  expect(patched({ ...before, rev: 0 }, patch)).toBeUndefined()
  expect(patchBetween(after, { ...after, rev: 3, at: 'later' })).toBeUndefined()
})
