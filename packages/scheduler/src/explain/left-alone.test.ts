import { invariant } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { explain, explainNodeState } from './explain.ts'
import { nodeStateLines } from './explanation-text.ts'
import { supposedCib } from './supposition.ts'

const options = { nowSeconds: 1_700_000_000 }

const pair = (name: string, value: string): string =>
  `<nvpair id="v-${name}-${value}" name="${name}" value="${value}"/>`
const meta = (id: string, name: string, value: string): string =>
  `<meta_attributes id="${id}-m">${pair(name, value)}</meta_attributes>`
const dummy = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`

type Entry = { readonly task?: string; readonly rc?: number; readonly status?: number; readonly type?: string }

/** What a node remembers of a resource: one operation, which ended well unless something else is said. */
function entry(id: string, { task = 'start', rc = 0, status = 0, type = 'Dummy' }: Entry = {}): string {
  const magic = `${status}:${rc};1:1:0:x`
  return `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="${type}"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_${task}_0" operation="${task}" call-id="${status < 0 ? -1 : 1}" rc-code="${rc}" op-status="${status}" interval="0" op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" transition-key="1:1:0:x" transition-magic="${magic}" crm_feature_set="3.16.1"/></lrm_resource>`
}

type Parts = {
  readonly resources: string
  readonly constraints?: string
  readonly properties?: string
  /** What the nodes n1, n2, ... remember. */
  readonly histories: readonly string[]
}

function cib({ resources, constraints = '', properties = '', histories }: Parts): XmlElement {
  const nodes = histories.map((_, i) => `<node id="${i + 1}" uname="n${i + 1}"/>`)
  const states = histories.map(
    (history, i) =>
      `<node_state id="${i + 1}" uname="n${i + 1}" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="${i + 1}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`,
  )
  const parsed = parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1">
    <configuration><crm_config><cluster_property_set id="p">${properties}${pair('stonith-enabled', 'false')}</cluster_property_set></crm_config>
    <nodes>${nodes.join('')}</nodes><resources>${resources}</resources><constraints>${constraints}</constraints></configuration>
    <status>${states.join('')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

function told(of: Parts, id: string, node?: string) {
  const found = explain(cib(of), id, node, options)
  invariant(found.ok, 'the resource is there')
  const [instance] = found.value.instances
  invariant(instance !== undefined, 'it has an instance')
  return instance
}

const monitored = dummy('web', '<operations><op id="o" name="monitor" interval="10s"/></operations>')

test('what failed and is not managed is not told to be restarted: nothing is due', () => {
  const of = {
    resources: monitored,
    properties: pair('maintenance-mode', 'true'),
    histories: [entry('web', { task: 'monitor', rc: 1 }), ''],
  }
  const { summary, actions, general } = told(of, 'web')
  expect(summary).toBe('runs on n1; is to stay: maintenance-mode is true: it is not managed')
  expect(actions).toEqual([])
  expect(general.map(({ text }) => text)).toContain('it failed: its monitor failed on n1 (error, rc=1)')
})

test('what is left where it runs is not said to be outdone by the score of that node', () => {
  const of = {
    resources: dummy('web', meta('web', 'is-managed', 'false')),
    constraints: '<rsc_location id="l" rsc="web" node="n2" score="100"/>',
    histories: [entry('web'), ''],
  }
  const [there] = told(of, 'web', 'n2').nodes
  expect(there?.outdoneBy).toBeUndefined()
  expect(there?.reasons.map(({ text }) => text)).toContain(
    'it is left on n1, whatever the scores, since it is not managed',
  )
  expect(there?.remedies[0]).toBe('is-managed=true of web')
})

test('a start that has begun and not ended is told as that, and is due again', () => {
  const of = { resources: dummy('web'), histories: [entry('web', { rc: 193, status: -1 }), ''] }
  const { summary, isStarting, actions } = told(of, 'web')
  expect(isStarting).toBe(true)
  expect(summary).toBe(
    'is being started on n1; is to stay: its start on n1 has begun, and no end of it is recorded yet',
  )
  expect(actions.map(({ task, node }) => `${task} ${node}`)).toEqual(['start n1'])
})

test('a device that runs on a remote node is told of that node, where no device may be started', () => {
  const remote = `<primitive id="far" class="ocf" provider="pacemaker" type="remote">${meta('far', 'is-managed', 'false')}</primitive>`
  const of = {
    resources: `${remote}<primitive id="dev" class="stonith" type="fence_dummy"/>`,
    histories: [entry('far', { type: 'remote' })],
  }
  const state = `<node_state remote_node="true" id="far" uname="far" in_ccm="true"><lrm id="far"><lrm_resources>${entry('dev', { type: 'fence_dummy' }).replace('class="ocf" provider="pacemaker"', 'class="stonith"')}</lrm_resources></lrm></node_state>`
  const base = cib(of)
  const [status] = base.children.filter(({ name }) => name === 'status')
  const parsed = parseXml(state)
  invariant(parsed.ok && status !== undefined, 'the state is well formed')
  const changed = {
    ...base,
    children: base.children.map((part) =>
      part === status ? { ...part, children: [...part.children, parsed.value] } : part,
    ),
  }
  const found = explain(changed, 'dev', undefined, options)
  invariant(found.ok, 'the device is there')
  const [dev] = found.value.instances
  expect(dev?.runningOn).toEqual(['far'])
  expect(dev?.nodes.map(({ node }) => node)).toContain('far')
})

test('an instance that was taken back for want of a partner says so of every node', () => {
  const of = {
    resources: `<clone id="a">${meta('a', 'interleave', 'true')}${dummy('x')}</clone><clone id="b">${meta('b', 'interleave', 'true')}${dummy('y')}</clone>`,
    constraints:
      '<rsc_order id="o" first="a" then="b"/><rsc_location id="l" rsc="a" node="n2" score="-INFINITY"/><rsc_location id="m" rsc="b" node="n1" score="-INFINITY"/>',
    histories: ['', ''],
  }
  const found = explain(cib(of), 'y', 'n2', options)
  invariant(found.ok, 'the clone is there')
  const texts = found.value.instances.flatMap(({ nodes }) => nodes.flatMap(({ reasons }) => reasons))
  expect(texts.map(({ text }) => text)).toContain(
    'no instance of a is to be where it would go, and it follows one (order constraint o, interleave=true)',
  )
})

test('a guest that no fencing reaches says why it should be fenced', () => {
  const properties = pair('x', 'y')
  const of = {
    resources: dummy('vm', meta('vm', 'remote-node', 'g')),
    properties,
    histories: ['', entry('vm') + entry('g', { type: 'remote' })],
  }
  const base = cib(of)
  const text = (element: XmlElement): XmlElement =>
    element.name === 'node_state' && element.attributes.includes('n2')
      ? {
          ...element,
          attributes: element.attributes.map((word) =>
            word === 'true' ? 'false' : word === 'online' ? 'offline' : word,
          ),
        }
      : { ...element, children: element.children.map(text) }
  const fenced = (element: XmlElement): XmlElement =>
    element.attributes.includes('stonith-enabled')
      ? { ...element, attributes: element.attributes.map((word) => (word === 'false' ? 'true' : word)) }
      : { ...element, children: element.children.map(fenced) }
  const found = explainNodeState(fenced(text(base)), 'g', options)
  invariant(found.ok, 'the guest is there')
  expect(nodeStateLines(found.value).join('\n')).toContain('its container vm was on n2, which is unclean')
})

test('a guest whose container is placed later takes nothing before, whatever its score', () => {
  const of = {
    resources: `${dummy('web')}${dummy('vm', meta('vm', 'remote-node', 'g'))}`,
    constraints:
      '<rsc_location id="l" rsc="web" node="g" score="100"/><rsc_colocation id="c" rsc="vm" with-rsc="web" score="-10"/>',
    histories: ['', ''],
  }
  const found = explain(cib(of), 'web', 'g', options)
  invariant(found.ok, 'the resource is there')
  const [at] = found.value.instances[0]?.nodes ?? []
  expect(found.value.instances[0]?.assigned).not.toBe('g')
  expect(at?.reasons.map(({ text }) => text)).toContain(
    'vm, with which g comes up, is placed after it: before that nothing goes there',
  )
  expect(at?.remedies).toEqual(['what makes vm wait for the place of web has to go'])
})

test('nodes that are no candidates for the same reason are told together', () => {
  const of = {
    resources: dummy('web'),
    properties: pair('symmetric-cluster', 'false'),
    constraints: '<rsc_location id="l" rsc="web" node="n1" score="-INFINITY"/>',
    histories: [entry('web'), '', ''],
  }
  expect(told(of, 'web').summary).toBe(
    'runs on n1; is to stop: location constraint l; and no other node will do (n2, n3: symmetric-cluster=false, and no location constraint names it)',
  )
})

test('a preference that is supposed is no constraint that somebody could take away', () => {
  const of = cib({ resources: dummy('web') + dummy('db'), histories: ['', ''] })
  const made = supposedCib(
    of,
    {
      preferences: [
        { resource: 'web', node: 'n1', score: 1_000_000 },
        { resource: 'db', node: 'n2', score: -1_000_000 },
      ],
    },
    options,
  )
  invariant(made.ok, 'it can be supposed')
  const at = (id: string) => {
    const found = explain(made.value, id, 'n2', options)
    invariant(found.ok, 'the resource is there')
    return found.value.instances[0]?.nodes[0]
  }
  expect(at('web')?.remedies).toEqual(['INFINITY must not hold it on n1: the location constraint that is supposed'])
  expect(at('db')?.reasons.map(({ text, remedy }) => [text, remedy])).toEqual([
    ['the location constraint that is supposed', undefined],
  ])
})

test('a failure that somebody reported is not told as that of an operation', () => {
  const of = {
    resources: monitored,
    histories: [
      entry('web').replace(
        '</lrm_resource>',
        `${/<lrm_rsc_op .*?\/>/
          .exec(entry('web', { task: 'asyncmon', rc: 1 }))?.[0]
          .replace('web_last_0', 'web_asyncmon_0')
          .replace('call-id="1"', 'call-id="2"')}</lrm_resource>`,
      ),
      '',
    ],
  }
  expect(told(of, 'web').summary).toBe(
    'runs on n1; is to be restarted there: a failure on n1 was reported, as crm_resource --fail does (error, rc=1)',
  )
})
