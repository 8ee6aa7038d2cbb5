import { invariant } from '@quorate/base'
import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { simulate } from '../simulate/session.ts'

// What a comparison of random clusters with the real crm_simulate 2.1.5 found, made small: four instances of a group, a guest
// whose container is assigned after them.
const cib = `<cib crm_feature_set="3.16.1" validate-with="none" execution-date="1700000000"><configuration>
  <crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="cib-bootstrap-options-placement-strategy" name="placement-strategy" value="utilization"/></cluster_property_set></crm_config>
  <nodes><node id="7" uname="10"/><node id="33" uname="n010"><utilization id="nodes-2-util"><nvpair id="nodes-2-util-cpu" name="cpu" value="4"/></utilization></node><node id="2" uname="node-1"/><node id="g1" uname="g1" type="remote"><utilization id="nodes-g1-util"><nvpair id="nodes-g1-util-cpu" name="cpu" value="8"/></utilization></node></nodes>
  <resources>
  <clone id="r2"><group id="r2g">
  <primitive id="r2gm1" class="ocf" provider="pacemaker" type="Stateful"><utilization id="r2gm1-util"><nvpair id="r2gm1-util-cpu" name="cpu" value="1"/></utilization></primitive>
  <primitive id="r2gm2" class="ocf" provider="pacemaker" type="Stateful"><utilization id="r2gm2-util"><nvpair id="r2gm2-util-cpu" name="cpu" value="2"/></utilization></primitive></group></clone>
  <primitive id="vm1" class="lsb" type="Dummy"><meta_attributes id="vm1-remote"><nvpair id="vm1-remote-remote-node" name="remote-node" value="g1"/></meta_attributes></primitive>
  <primitive id="dev1" class="stonith" type="fence_dummy"/></resources>
  <constraints><rsc_colocation id="c1" score="-10"><resource_set id="c1-s0"><resource_ref id="r2"/><resource_ref id="vm1"/></resource_set></rsc_colocation></constraints><tags/>
  </configuration>
  <status><tickets/>
  <node_state id="7" uname="10" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="7"><lrm_resources><lrm_resource id="r2gm2" class="ocf" provider="pacemaker" type="Stateful"><lrm_rsc_op id="r2gm2_last_0" operation_key="r2gm2_monitor_0" operation="monitor" crm_feature_set="3.16.1" transition-key="4:2:7:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" transition-magic="4:1;4:2:7:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" call-id="3" rc-code="1" op-status="4" interval="0"/></lrm_resource><lrm_resource id="vm1" class="lsb" type="Dummy"><lrm_rsc_op id="vm1_last_0" operation_key="vm1_migrate_to_0" operation="migrate_to" crm_feature_set="3.16.1" transition-key="1:4:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" transition-magic="0:0;1:4:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" call-id="7" rc-code="0" op-status="0" interval="0" migrate_source="10" migrate_target="node-1"/></lrm_resource></lrm_resources></lrm></node_state>
  <node_state id="33" uname="n010" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="33"><lrm_resources><lrm_resource id="r2gm1" class="ocf" provider="pacemaker" type="Stateful"><lrm_rsc_op id="r2gm1_monitor_10000" operation_key="r2gm1_monitor_10000" operation="monitor" crm_feature_set="3.16.1" transition-key="1:3:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" transition-magic="0:7;1:3:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" call-id="5" rc-code="7" op-status="0" interval="10000"/></lrm_resource></lrm_resources></lrm></node_state>
  <node_state id="2" uname="node-1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="2"><lrm_resources><lrm_resource id="r2gm1" class="ocf" provider="pacemaker" type="Stateful"><lrm_rsc_op id="r2gm1_last_0" operation_key="r2gm1_promote_0" operation="promote" crm_feature_set="3.16.1" transition-key="1:3:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" transition-magic="0:0;1:3:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" call-id="3" rc-code="0" op-status="0" interval="0"/></lrm_resource><lrm_resource id="g1" class="ocf" provider="pacemaker" type="remote"><lrm_rsc_op id="g1_last_0" operation_key="g1_start_0" operation="start" crm_feature_set="3.16.1" transition-key="2:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" transition-magic="0:0;2:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" call-id="2" rc-code="0" op-status="0" interval="0"/></lrm_resource></lrm_resources></lrm></node_state>
  <node_state id="g1" uname="g1" remote_node="true"/></status></cib>`

test('what fits nowhere is for the node with the most room, also for a guest whose container has no place yet', () => {
  const parsed = parseXml(cib)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  const request = { nowSeconds: 1_700_000_000, process: true, simulate: false, showsScores: true, quiet: true }
  const { stdout } = simulate(parsed.value, request)
  expect(stdout).toContain('pcmk__primitive_assign: r2gm2:3 allocation score on g1: 0')
})
