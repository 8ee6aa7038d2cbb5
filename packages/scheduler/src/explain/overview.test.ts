import { invariant } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { overview } from './overview.ts'
import { overviewLines } from './overview-text.ts'

const options = { nowSeconds: 1_700_000_000 }

const pair = (name: string, value: string): string =>
  `<nvpair id="v-${name}-${value}" name="${name}" value="${value}"/>`
const meta = (id: string, name: string, value: string): string =>
  `<meta_attributes id="${id}-m-${name}">${pair(name, value)}</meta_attributes>`
const dummy = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`

/** A history: started, or with an operation that failed. */
function ran(id: string, rc = 0, operation = rc === 0 ? 'start' : 'monitor'): string {
  const attributes = `operation="${operation}" call-id="1" rc-code="${rc}" op-status="0" interval="0"`
  return `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_${operation}_0" ${attributes} op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" transition-key="1:1:0:x" transition-magic="0:${rc};1:1:0:x" crm_feature_set="3.16.1"/></lrm_resource>`
}

type Node = { readonly history?: string; readonly attributes?: string; readonly isUp?: boolean }

function cib(
  resources: string,
  nodes: readonly Node[],
  more: { constraints?: string; properties?: string; quorum?: boolean } = {},
): XmlElement {
  const { constraints = '', properties = pair('stonith-enabled', 'false'), quorum = true } = more
  const known = nodes.map((_, i) => `<node id="${i + 1}" uname="n${i + 1}"/>`)
  const states = nodes.map(({ history = '', attributes = '', isUp = true }, i) => {
    const state = isUp
      ? 'in_ccm="true" crmd="online" join="member" expected="member"'
      : 'in_ccm="false" crmd="offline" join="down" expected="down"'
    return `<node_state id="${i + 1}" uname="n${i + 1}" ${state}><transient_attributes id="${i + 1}"><instance_attributes id="s${i + 1}">${attributes}</instance_attributes></transient_attributes><lrm id="${i + 1}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`
  })
  const parsed = parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="${quorum ? 1 : 0}">
    <configuration><crm_config><cluster_property_set id="p">${properties}</cluster_property_set></crm_config>
    <nodes>${known.join('')}</nodes><resources>${resources}</resources><constraints>${constraints}</constraints></configuration>
    <status>${states.join('')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

const failedForGood = pair('fail-count-a#start_0', 'INFINITY')

describe('all that is not as it should be', () => {
  test('nothing, where everything runs', () => {
    const at = overview(cib(dummy('a'), [{ history: ran('a') }, { history: ran('a', 7, 'monitor') }]), options)
    expect(at.resources).toEqual([])
    expect(overviewLines(at)).toEqual(['everything is where it should be.'])
  })

  test('what begins something comes before what follows from it, which names it', () => {
    const constraints =
      '<rsc_colocation id="c" rsc="b" with-rsc="a" score="INFINITY"/><rsc_colocation id="d" rsc="c" with-rsc="b" score="INFINITY"/>'
    const made = cib(dummy('c') + dummy('b') + dummy('a'), [{ attributes: failedForGood }], { constraints })
    const at = overview(made, options)
    expect(at.resources.map(({ id, trouble, begins }) => [id, trouble, begins?.id])).toEqual([
      ['c', 'down', 'a'],
      ['b', 'down', 'a'],
      ['a', 'down', undefined],
    ])
    const lines = overviewLines(at)
    expect(lines[0]).toBe('not as they should be: 3 of 3 resources.')
    expect(lines[1]).toBe('Stopped, and stay so:')
    expect(lines[2]).toMatch(/^ {2}a: stopped; is to stay stopped: a has a fail-count of INFINITY on n1/)
    expect(lines[3]).toBe('  c, b: stopped; is to stay stopped: because of a')
  })

  test('the cluster and its nodes are told before resources, and what has a reason in common together', () => {
    const made = cib(dummy('a') + dummy('b'), [{}, { isUp: false }], { quorum: false })
    const at = overview(made, options)
    expect(at.nodes.map(({ node }) => node)).toEqual(['n2'])
    expect(at.resources.map(({ trouble }) => trouble)).toEqual(['waits', 'waits'])
    expect(overviewLines(at)).toEqual([
      '1 node not simply online; not as they should be: 2 of 2 resources.',
      '  * this partition has no quorum and no-quorum-policy is stop',
      '      to change that: this partition needs quorum, or another no-quorum-policy',
      'n2: offline.',
      '  * to use it: n2 has to come online',
      'Wait for what cannot be done now:',
      '  a, b: stopped; cannot be started on n1 now: this partition has no quorum and no-quorum-policy is stop',
      'All reasons, and what would have to change: quorate explain RESOURCE',
    ])
  })

  test('what somebody has stopped is no trouble, nor is an instance of a clone without a node', () => {
    const clone = `<clone id="cl">${meta('cl', 'clone-max', '5')}${dummy('k')}</clone>`
    const made = cib(dummy('a', meta('a', 'target-role', 'Stopped')) + clone, [{ history: ran('k') }, { isUp: false }])
    const at = overview(made, options)
    expect([at.resources, at.disabled, at.resourceCount]).toEqual([[], ['a'], 1])
    expect(overviewLines(at)).toContain('Stopped by target-role: a.')
  })

  test('an instance that a failure keeps from a node is one that is missing', () => {
    const clone = `<clone id="cl">${dummy('a')}</clone>`
    const at = overview(cib(clone, [{ history: ran('a') }, { attributes: failedForGood }]), options)
    expect(at.resources.map(({ id, trouble }) => [id, trouble])).toEqual([['a:1', 'down']])
    expect(at.resources[0]?.mainReason).toMatch(
      /^every node that can run it has an instance \(n2: a has a fail-count of INFINITY there/,
    )
  })

  test('what failed is told before where it goes; what failed once and runs comes last', () => {
    const made = cib(dummy('a') + dummy('b'), [
      { history: ran('a', 1), attributes: pair('fail-count-a#monitor_10000', '1') },
      { history: ran('b'), attributes: pair('fail-count-b#monitor_10000', '2') },
      {},
    ])
    const at = overview(made, options)
    expect(at.resources.map(({ id, trouble }) => [id, trouble])).toEqual([
      ['a', 'due'],
      ['b', 'failed'],
    ])
    expect(at.resources[0]?.mainReason).toMatch(/^its monitor failed on n1 \(error, rc=1\)/)
    expect(at.resources[1]?.failures).toEqual(['it failed 2 times on n2'])
  })

  test('what is left alone is told as that', () => {
    const made = cib(dummy('a', meta('a', 'is-managed', 'false')), [{ history: ran('a') }])
    expect(overview(made, options).resources.map(({ id, trouble }) => [id, trouble])).toEqual([['a', 'left']])
  })
})
