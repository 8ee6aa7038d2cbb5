import { invariant } from '@quorate/base'
import { whatIfWithEnd } from '@quorate/scheduler'
import { parseXml, type XmlElement } from '@quorate/xml'

/** The moment at which samples stand: 2023-11-14T22:13:20Z. */
export const sampleOptions = { nowSeconds: 1_700_000_000 }

/** A primitive that does nothing. */
export function dummy(id: string, inside = ''): string {
  return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`
}

/** Resources, constraints and what else a sample consists of, as texts. */
export type SampleParts = {
  readonly resources: string
  readonly constraints?: string
  readonly options?: Readonly<Record<string, string>>
  /** How many nodes are online: n1, n2, ... */
  readonly nodes?: number
  /** How many more nodes are known, and offline. */
  readonly nodesOffline?: number
  /** Attributes of all nodes that are set until they leave. */
  readonly attributes?: Readonly<Record<string, string>>
  readonly stickiness?: number
}

/** A CIB whose cluster has done all that there is to do: what runs where is as the scheduler has it. */
export function settledCib(parts: SampleParts): XmlElement {
  const numbers = Array.from({ length: parts.nodes ?? 3 }, (_, i) => i + 1)
  const offline = Array.from({ length: parts.nodesOffline ?? 0 }, (_, i) => numbers.length + i + 1)
  const options = { 'stonith-enabled': 'false', ...parts.options }
  const pairs = Object.entries(options).map(
    ([name, value]) => `<nvpair id="o-${name}" name="${name}" value="${value}"/>`,
  )
  const parsed =
    parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1" dc-uuid="1" admin_epoch="0" epoch="7" num_updates="3">
    <configuration><crm_config><cluster_property_set id="cib-bootstrap-options">${pairs.join('')}</cluster_property_set></crm_config>
    <nodes>${[...numbers, ...offline].map((n) => `<node id="${n}" uname="n${n}"/>`).join('')}</nodes>
    <resources>${parts.resources}</resources><constraints>${parts.constraints ?? ''}</constraints>
    <rsc_defaults><meta_attributes id="d"><nvpair id="d-s" name="resource-stickiness" value="${parts.stickiness ?? 1}"/></meta_attributes></rsc_defaults>
    </configuration>
    <status>${numbers
      .map(
        (n) => `<node_state id="${n}" uname="n${n}" in_ccm="true" crmd="online" join="member" expected="member">
        <transient_attributes id="${n}"><instance_attributes id="status-${n}">${Object.entries(parts.attributes ?? {})
          .map(([name, value]) => `<nvpair id="status-${n}-${name}" name="${name}" value="${value}"/>`)
          .join('')}</instance_attributes></transient_attributes></node_state>`,
      )
      .join('')}${offline
      .map((n) => `<node_state id="${n}" uname="n${n}" in_ccm="false" crmd="offline" join="down" expected="down"/>`)
      .join('')}</status></cib>`)
  invariant(parsed.ok, 'the sample is well-formed')
  const done = whatIfWithEnd(parsed.value, {}, sampleOptions)
  invariant(done.ok, 'nothing in the sample is unknown')
  return done.value.end
}
