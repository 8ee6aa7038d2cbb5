import {
  agents,
  bundle,
  type ClusterText,
  cibText,
  clone,
  colocation,
  entry,
  fenced,
  group,
  history,
  location,
  node,
  order,
  primitive,
  promotable,
  running,
  set,
  state,
  stateful,
  views,
} from './cluster-text.ts'

const fence = primitive('fence', { agent: agents.fencing, parameters: { ip: '192.0.2.1' } })
const promoted = (resource: string): string =>
  history(
    resource,
    entry(resource, 'promote') + entry(resource, 'monitor', { intervalMs: 10_000, rc: 8 }),
    agents.stateful,
  )
const unpromoted = (resource: string): string => history(resource, entry(resource, 'start'), agents.stateful)
/** A promoted and an unpromoted instance of `m` on the first two nodes. */
const pair = (onFirst = ''): string =>
  state(1, promoted('m') + onFirst, { values: { 'master-m': 10 } }) +
  state(2, unpromoted('m'), { values: { 'master-m': 5 } }) +
  state(3)
const tickets = (states: string): string => `<tickets>${states}</tickets>`
const movedTo = (target: number): { more: string } => ({
  more: `migrate_source="node1" migrate_target="node${target}"`,
})
const migrates = { meta: { 'allow-migrate': 'true' } }

function underLossPolicy(policy: 'stop' | 'demote' | 'freeze' | 'fence'): ClusterText {
  const other = policy === 'demote' ? 'stop' : policy
  return {
    options: fenced,
    resources: fence + promotable('ms', stateful('m')) + primitive('a'),
    constraints:
      `<rsc_ticket id="t1" rsc="ms" rsc-role="Promoted" ticket="T" loss-policy="${policy}"/>` +
      `<rsc_ticket id="t2" rsc="a" ticket="T" loss-policy="${other}"/>`,
    status: pair(running('a')) + tickets('<ticket_state id="T" granted="false" last-granted="1795000000"/>'),
  }
}

function withHealth(strategy: string): ClusterText {
  return {
    options: {
      'node-health-strategy': strategy,
      'node-health-base': 10,
      'node-health-yellow': -5,
      'node-health-red': -50,
      'node-health-green': 3,
    },
    nodes:
      node(1, { '#health-a': 'red', '#health-b': 20 }) +
      node(2, { '#health-a': 'yellow' }) +
      node(3, { '#health-a': 'green', '#health-c': -7 }),
    resources:
      primitive('a') + primitive('b', { meta: { 'allow-unhealthy-nodes': 'true' } }) + clone('cl', primitive('k')),
    status: state(1, running('a')) + state(2) + state(3, running('b')),
  }
}

function withPlacement(strategy: string): ClusterText {
  return {
    options: { 'placement-strategy': strategy },
    nodes: node(1, {}, { cpu: 4, mem: 8 }) + node(2, {}, { cpu: 2, mem: 16 }) + node(3, {}, { cpu: 8, mem: 4 }),
    resources:
      primitive('a', { utilization: { cpu: 2, mem: 4 }, meta: { priority: 5 } }) +
      primitive('b', { utilization: { cpu: 3 } }) +
      primitive('c', { utilization: { mem: 6, gpu: 1 } }) +
      group('g', primitive('g1', { utilization: { cpu: 1 } }) + primitive('g2', { utilization: { cpu: 2, mem: 2 } })) +
      clone('cl', primitive('k', { utilization: { cpu: 1, mem: 1 } })),
    constraints: colocation('b', 'a', 'INFINITY'),
  }
}

function afterFailure(onFail: string): ClusterText {
  const ofMonitor = onFail === 'demote' ? 'restart' : onFail
  const ofStop = ['fence', 'ignore', 'block'].includes(onFail) ? onFail : 'fence'
  const operations =
    `<op id="a-m" name="monitor" interval="10s" on-fail="${ofMonitor}"/>` +
    `<op id="a-s" name="stop" interval="0" on-fail="${ofStop}"/>`
  const ofPromoted =
    `<op id="m-m" name="monitor" interval="10s" role="Promoted" on-fail="${onFail}"/>` +
    `<op id="m-p" name="promote" interval="0" on-fail="${onFail}"/>`
  const failing =
    history('a', entry('a', 'start') + entry('a', 'monitor', { intervalMs: 10_000, rc: 1 })) +
    history('m', entry('m', 'promote') + entry('m', 'monitor', { intervalMs: 10_000, rc: 9 }), agents.stateful)
  return {
    options: fenced,
    resources: fence + primitive('a', { operations }) + promotable('ms', stateful('m', { operations: ofPromoted })),
    status:
      state(1, failing, { values: { 'master-m': 10, 'fail-count-m#monitor_10000': 1 } }) +
      state(2, unpromoted('m'), { values: { 'master-m': 5 } }) +
      state(3),
  }
}

function withoutQuorum(policy: string): ClusterText {
  return {
    hasQuorum: false,
    options: { ...fenced, 'no-quorum-policy': policy },
    resources:
      fence + primitive('a') + primitive('n', { meta: { requires: 'nothing' } }) + promotable('ms', stateful('m')),
    status: state(1, running('a') + promoted('m')) + state(2, '', { view: views.lost }) + state(3, unpromoted('m')),
  }
}

function onSeveralNodes(policy: string): ClusterText {
  return {
    resources: primitive('a', { meta: { 'multiple-active': policy } }) + primitive('b'),
    constraints: order('a', 'b'),
    status: state(1, running('a') + running('b')) + state(2, running('a')) + state(3),
  }
}

const eachOf = (
  name: string,
  values: readonly string[],
  make: (value: string) => ClusterText,
): Record<string, ClusterText> => Object.fromEntries(values.map((value) => [`${name} ${value}`, make(value)]))

const clusters: Readonly<Record<string, ClusterText>> = {
  'a bundle with a promoted replica, and an address beside that': {
    resources: bundle('b', stateful('w'), 'replicas="3" promoted-max="1"') + primitive('vip'),
    constraints:
      colocation('vip', 'b', 'INFINITY', 'with-rsc-role="Promoted"') +
      order('b', 'vip', 'first-action="promote" then-action="start"'),
  },
  'a bundle away from a group that it follows': {
    resources: bundle('b', primitive('w'), 'replicas="2"') + group('g', primitive('g1') + primitive('g2')),
    constraints: order('g', 'b') + colocation('b', 'g', '-INFINITY'),
  },
  'a remote connection that failed, with resources behind it': {
    options: fenced,
    nodes: node(1) + node(2),
    resources:
      fence +
      primitive('r1', { agent: agents.remote, parameters: { server: '192.0.2.9' } }) +
      primitive('a') +
      primitive('b'),
    constraints: location('a', 'r1', 200) + location('b', 'r1', 100),
    status:
      state(
        1,
        history('r1', entry('r1', 'start') + entry('r1', 'monitor', { intervalMs: 60_000, rc: 1 }), agents.remote),
      ) +
      state(2, running('fence', agents.fencing)) +
      `<node_state id="r1" uname="r1" remote_node="true" in_ccm="true" crmd="online"><lrm id="r1"><lrm_resources>` +
      `${running('a')}</lrm_resources></lrm></node_state>`,
  },
  'guest nodes that keep away from each other': {
    resources:
      primitive('vm', { meta: { 'remote-node': 'g1', 'remote-addr': '192.0.2.10' } }) +
      group('inside', primitive('x') + primitive('y')) +
      primitive('vm2', { meta: { 'remote-node': 'g2' } }),
    constraints: location('inside', 'g1', 500) + colocation('vm2', 'vm', -100),
  },
  'colocation by an attribute of nodes': {
    nodes: node(1, { rack: 1 }) + node(2, { rack: 1 }) + node(3, { rack: 2 }),
    resources: primitive('a') + primitive('b') + primitive('c'),
    constraints:
      location('a', 'node1', 100) +
      colocation('b', 'a', 100, 'node-attribute="rack"') +
      colocation('c', 'a', -50, 'node-attribute="rack"'),
  },
  'ordered sets of which one is enough': {
    resources: ['a', 'b', 'c', 'd', 'e'].map((id) => primitive(id)).join(''),
    constraints:
      ['node1', 'node2', 'node3'].map((name) => location('a', name, '-INFINITY')).join('') +
      `<rsc_order id="o">${set('s1', 'a b', 'sequential="false" require-all="false"')}` +
      `${set('s2', 'c d')}${set('s3', 'e')}</rsc_order>`,
  },
  'colocated sets, one with a promoted clone': {
    resources: ['a', 'b', 'c', 'd'].map((id) => primitive(id)).join('') + promotable('ms', stateful('m')),
    constraints:
      `<rsc_colocation id="c1" score="INFINITY">${set('s1', 'a b', 'sequential="false"')}` +
      `${set('s2', 'ms', 'role="Promoted"')}</rsc_colocation>` +
      `<rsc_colocation id="c2" score="-200">${set('s3', 'c d')}</rsc_colocation>`,
    status: state(1, '', { values: { 'master-m': 10 } }) + state(2, '', { values: { 'master-m': 5 } }) + state(3),
  },
  ...eachOf('a lost ticket with loss-policy', ['stop', 'demote', 'freeze', 'fence'], (policy) =>
    underLossPolicy(policy as 'stop'),
  ),
  'a ticket on standby': {
    resources: primitive('a') + primitive('b'),
    constraints: '<rsc_ticket id="t1" rsc="a" ticket="T"/><rsc_ticket id="t2" rsc="b" ticket="U"/>',
    status:
      state(1, running('a')) +
      state(2, running('b')) +
      state(3) +
      tickets('<ticket_state id="T" granted="true" standby="true"/><ticket_state id="U" granted="true"/>'),
  },
  'migrations that came half of the way': {
    resources: primitive('a', migrates) + primitive('b', migrates) + primitive('c', migrates),
    constraints:
      order('a', 'b') +
      colocation('c', 'b', 50) +
      location('a', 'node2', 'INFINITY') +
      location('b', 'node2', 100) +
      location('c', 'node1', '-INFINITY'),
    status:
      state(
        1,
        history('a', entry('a', 'migrate_to', movedTo(2))) +
          running('b') +
          history('c', entry('c', 'start') + entry('c', 'migrate_to', { rc: 1, ...movedTo(3) })),
      ) +
      state(2, history('a', entry('a', 'migrate_from', { rc: 193, status: -1, ...movedTo(2) }))) +
      state(3),
  },
  'nodes that have to be unfenced': {
    options: fenced,
    resources:
      primitive('fence', {
        agent: { ...agents.fencing, type: 'fence_scsi' },
        meta: { provides: 'unfencing' },
        parameters: { devices: '/dev/x', pcmk_host_list: 'node1 node2 node3' },
      }) +
      primitive('a', { meta: { requires: 'unfencing' } }) +
      clone('cl', primitive('k'), { interleave: 'true' }),
  },
  'fencing by levels, delayed by the priority of what runs': {
    options: { ...fenced, 'priority-fencing-delay': '15s', 'no-quorum-policy': 'stop' },
    nodes: node(1) + node(2),
    resources:
      fence + primitive('a', { meta: { priority: 10 } }) + promotable('ms', stateful('m', { meta: { priority: 3 } })),
    more: '<fencing-topology><fencing-level id="f1" target="node2" index="1" devices="fence"/></fencing-topology>',
    status: state(1, promoted('m')) + state(2, running('a') + unpromoted('m'), { view: views.lost }),
  },
  ...eachOf('health', ['only-green', 'migrate-on-red', 'progressive', 'custom', 'bogus'], withHealth),
  ...eachOf('placement', ['default', 'utilization', 'balanced', 'minimal'], withPlacement),
  'rules of versions, dates and attributes': {
    nodes: node(1, { v: '1.10' }) + node(2, { v: '1.9' }) + node(3),
    resources: primitive('a') + primitive('b') + primitive('c'),
    constraints:
      '<rsc_location id="l1" rsc="a"><rule id="r1" score="100" boolean-op="or">' +
      '<expression id="e1" attribute="v" operation="gt" value="1.9" type="version"/>' +
      '<date_expression id="d1" operation="in_range" start="2026-11-01" end="2026-12-01"/></rule></rsc_location>' +
      '<rsc_location id="l2" rsc="b"><rule id="r2" score-attribute="w">' +
      '<expression id="e2" attribute="#uname" operation="ne" value="node2"/></rule></rsc_location>' +
      '<rsc_location id="l3" rsc="c"><rule id="r3" score="-INFINITY">' +
      '<expression id="e3" attribute="v" operation="not_defined"/><date_expression id="d2" operation="date_spec">' +
      '<date_spec id="ds" hours="0-8" weekdays="1-5" months="11"/></date_expression></rule>' +
      '<rule id="r4" score="30"><expression id="e4" attribute="v" operation="lt" value="1.95" type="number"/></rule></rsc_location>',
  },
  'nodes that have to be asked for': {
    options: { 'symmetric-cluster': 'false' },
    resources: primitive('a'),
    constraints: location('a', 'node2', 0),
  },
  'a clone and a group in maintenance, and one that is not managed': {
    resources:
      clone('cl', primitive('k'), { maintenance: 'true' }) +
      group('g', primitive('g1') + primitive('g2'), { maintenance: 'true' }) +
      primitive('a') +
      primitive('u', { meta: { 'is-managed': 'false' } }),
    constraints: order('g', 'a') + order('u', 'a'),
    status:
      state(
        1,
        running('g1') +
          history('k', entry('k', 'start')) +
          history('u', entry('u', 'start') + entry('u', 'monitor', { intervalMs: 10_000, rc: 7 })),
      ) +
      state(2) +
      state(3, running('a')),
  },
  'everything is to stop': {
    options: { ...fenced, 'stop-all-resources': 'true' },
    resources: fence + primitive('a') + group('g', primitive('g1') + primitive('g2')),
    status:
      state(1, running('a') + history('fence', entry('fence', 'start'), agents.fencing)) +
      state(2, running('g1') + running('g2')) +
      state(3),
  },
  'a lock of a node that was shut down, and one that is about to be': {
    options: { 'shutdown-lock': 'true', 'shutdown-lock-limit': '5min' },
    resources: primitive('a') + primitive('b') + group('g', primitive('g1') + primitive('g2')),
    status:
      state(1, history('a', entry('a', 'stop'), agents.dummy, 'shutdown-lock="1795996000"'), { view: views.down }) +
      state(2, running('b'), { values: { shutdown: 1_795_996_900 } }) +
      state(3, running('g1') + running('g2')),
  },
  'defaults of several sets, with rules about resources and operations': {
    resources: primitive('a') + stateful('s'),
    more:
      '<rsc_defaults><meta_attributes id="rd1" score="5"><nvpair id="rd1a" name="resource-stickiness" value="7"/>' +
      '<rule id="rdr" score="0"><rsc_expression id="rde" class="ocf" type="Dummy"/></rule></meta_attributes>' +
      '<meta_attributes id="rd2"><nvpair id="rd2a" name="resource-stickiness" value="9"/>' +
      '<nvpair id="rd2b" name="migration-threshold" value="2"/></meta_attributes></rsc_defaults>' +
      '<op_defaults><meta_attributes id="od1"><nvpair id="od1a" name="timeout" value="77s"/>' +
      '<rule id="odr" score="0"><op_expression id="ode" name="monitor" interval="10s"/></rule></meta_attributes>' +
      '<meta_attributes id="od2"><nvpair id="od2a" name="on-fail" value="standby"/>' +
      '<nvpair id="od2b" name="timeout" value="33s"/></meta_attributes></op_defaults>',
    status:
      state(1, history('a', entry('a', 'start') + entry('a', 'monitor', { intervalMs: 10_000, rc: 1 })), {
        values: { 'fail-count-a#monitor_10000': 1, 'last-failure-a#monitor_10000': 1_795_000_000 },
      }) +
      state(2) +
      state(3),
  },
  'resources and monitors that are not configured any more': {
    resources: primitive('a'),
    status:
      state(1, running('a') + running('gone')) +
      state(2, history('a', entry('a', 'monitor', { rc: 7 }) + entry('a', 'monitor', { intervalMs: 33_000 }))) +
      state(3, history('gone2', entry('gone2', 'promote'), agents.stateful)),
  },
  ...eachOf('on-fail', ['block', 'stop', 'restart', 'standby', 'fence', 'ignore', 'demote'], afterFailure),
  ...eachOf('no quorum, policy', ['stop', 'freeze', 'demote', 'suicide', 'ignore'], withoutQuorum),
  'clones with notifications, one promoted after the other has started': {
    resources:
      clone('cl', primitive('k'), { notify: 'true', interleave: 'true' }) +
      promotable('ms', stateful('m'), { notify: 'true', 'promoted-max': 2, 'clone-node-max': 1 }),
    constraints: order('cl', 'ms', 'first-action="start" then-action="promote"'),
    status:
      state(1, history('k', entry('k', 'start')) + promoted('m'), { values: { 'master-m': 1 } }) +
      state(2, history('k', entry('k', 'start') + entry('k', 'monitor', { intervalMs: 10_000, rc: 7 })), {
        values: { 'master-m': 20 },
      }) +
      state(3, '', { values: { 'master-m': -1 } }),
  },
  'numbered instances, one of them twice': {
    resources:
      clone('cl', primitive('k'), { 'globally-unique': 'true', 'clone-max': 5, 'clone-node-max': 2 }) + primitive('a'),
    constraints: colocation('a', 'cl', '-INFINITY'),
    status:
      state(1, history('k:0', entry('k:0', 'start')) + history('k:4', entry('k:4', 'start'))) +
      state(2, history('k:4', entry('k:4', 'start'))) +
      state(3),
  },
  ...eachOf('active twice,', ['stop_start', 'stop_only', 'block', 'stop_unexpected'], onSeveralNodes),
  'discovery on some nodes only': {
    resources: primitive('a') + primitive('b') + primitive('c'),
    constraints:
      location('a', 'node1', 10, 'resource-discovery="exclusive"') +
      location('b', 'node2', '-INFINITY', 'resource-discovery="never"') +
      location('c', 'node3', 5, 'resource-discovery="always"'),
  },
  'a group with a member that is not critical': {
    resources:
      group('g', primitive('g1') + primitive('g2', { meta: { critical: 'false' } }) + primitive('g3')) +
      primitive('a', { meta: { critical: 'false' } }),
    constraints: colocation('a', 'g3', 'INFINITY', 'influence="true"'),
    status:
      state(1, running('g1') + history('g2', entry('g2', 'monitor', { rc: 7 })) + running('g3'), {
        values: { 'fail-count-g2#start_0': 'INFINITY' },
      }) +
      state(2) +
      state(3),
  },
  'a template and a tag': {
    resources:
      '<template id="t" class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="t-meta">' +
      '<nvpair id="t-stay" name="resource-stickiness" value="3"/></meta_attributes><operations>' +
      '<op id="t-m" name="monitor" interval="20s" timeout="9s"/></operations></template><primitive id="p1" template="t"/>' +
      '<primitive id="p2" template="t"><operations><op id="p2-m" name="monitor" interval="20s" timeout="5s"/></operations>' +
      `</primitive>${primitive('a')}`,
    constraints: colocation('a', 'both', 'INFINITY') + location('both', 'node3', 20) + order('both', 'a'),
    more: '<tags><tag id="both"><obj_ref id="p1"/><obj_ref id="p2"/></tag></tags>',
  },
  'failures of which one is forgotten': {
    resources:
      primitive('a', { meta: { 'failure-timeout': '60s', 'migration-threshold': 2 } }) +
      primitive('b', { meta: { 'failure-timeout': '100000000s', 'migration-threshold': 1 } }),
    status:
      state(
        1,
        history(
          'a',
          entry('a', 'start') + entry('a', 'monitor', { intervalMs: 10_000, rc: 7, epochS: 1_795_996_770 }),
        ) + history('b', entry('b', 'start', { rc: 1 })),
        {
          values: {
            'fail-count-a#monitor_10000': 2,
            'last-failure-a#monitor_10000': 1_795_996_770,
            'fail-count-b#start_0': 1,
            'last-failure-b#start_0': 1_795_990_000,
          },
        },
      ) +
      state(2) +
      state(3),
  },
  'operations that are under way': {
    options: fenced,
    resources: fence + primitive('a') + primitive('b') + primitive('c'),
    status:
      state(
        1,
        history('a', entry('a', 'start', { rc: 193, status: -1 })) +
          history('b', entry('b', 'monitor', { rc: 193, status: -1 })),
      ) +
      state(2, history('c', entry('c', 'start') + entry('c', 'stop', { rc: 193, status: -1 })), {
        view: 'in_ccm="true" crmd="online" join="pending" expected="member"',
      }) +
      state(3),
  },
  'parameters that were others when it started': {
    resources:
      primitive('a', { parameters: { state: '/tmp/new', fake: 'x' } }) +
      primitive('b', { parameters: { op_sleep: 5 } }),
    status:
      state(
        1,
        ['a', 'b']
          .map((id) => {
            const more = 'op-force-restart=" state " op-restart-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8"'
            return history(id, entry(id, 'start', { digest: '0'.repeat(32), more }))
          })
          .join(''),
      ) +
      state(2) +
      state(3),
  },
  'clones that have to be there several times before others start': {
    resources:
      clone('cl', primitive('k'), { 'clone-min': 2 }) +
      primitive('a') +
      clone('c2', primitive('k2'), { interleave: 'true', 'clone-min': 1 }),
    constraints:
      order('cl', 'a') +
      order('cl', 'c2') +
      location('cl', 'node1', '-INFINITY') +
      location('cl', 'node2', '-INFINITY'),
  },
  'a node on standby and one in maintenance': {
    nodes: node(1, { standby: 'on' }) + node(2, { maintenance: 'true' }) + node(3),
    resources: primitive('a') + promotable('ms', stateful('m')),
    status:
      state(1, running('a')) +
      state(
        2,
        history('m', entry('m', 'promote') + entry('m', 'monitor', { intervalMs: 10_000, rc: 7 }), agents.stateful),
      ) +
      state(3, '', { values: { 'master-m': 5 } }),
  },
  'nodes that were never seen, and one that is to be fenced by hand': {
    options: { ...fenced, 'concurrent-fencing': 'true' },
    nodes: node(1) + node(2) + node(3) + node(4),
    resources: fence + primitive('a'),
    status:
      state(1) +
      state(2, running('a'), { view: 'in_ccm="true" crmd="offline" join="member" expected="member"' }) +
      state(3, '', {
        view: 'in_ccm="false" crmd="online" join="banned" expected="member"',
        values: { terminate: 'true' },
      }),
  },
  'orders of one kind only, and places by role and pattern': {
    resources: promotable('ms', stateful('m'), { 'promoted-max': 1 }) + primitive('a') + primitive('b'),
    constraints:
      `<rsc_order id="o1" kind="Serialize">${set('s', 'a b')}</rsc_order>` +
      order('ms', 'a', 'first-action="demote" then-action="stop" symmetrical="false" kind="Optional"') +
      location('ms', 'node2', 50, 'role="Promoted"') +
      '<rsc_location id="l9" rsc-pattern="^[ab]$" node="node3" score="-40"/>',
    status:
      state(1, promoted('m') + running('a'), { values: { 'master-m': 10 } }) +
      state(2, unpromoted('m'), { values: { 'master-m': 10 } }) +
      state(3, running('b')),
  },
}

/** Small clusters, one of each kind that people have, as CIBs by what is to be seen in them. */
export const situations: ReadonlyMap<string, string> = new Map(
  Object.entries(clusters).map(([name, cluster]) => [name, cibText(cluster)]),
)
