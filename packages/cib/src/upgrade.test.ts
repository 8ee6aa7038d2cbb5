import { formatXml, parseXml, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { cibFaults } from './fault.ts'
import { performCall } from './perform.ts'
import { isValidCib } from './schema.ts'
import { usableCib } from './upgrade.ts'

type Parts = {
  readonly schema?: string | undefined
  readonly options?: string
  readonly nodes?: string
  readonly resources?: string
  readonly constraints?: string
  readonly more?: string
}

function cib({
  schema = 'pacemaker-2.10',
  options = '',
  nodes = '',
  resources = '',
  constraints = '',
  more = '',
}: Parts) {
  return document(
    `<cib validate-with="${schema}" admin_epoch="0" epoch="3" num_updates="2"><configuration><crm_config>${options}</crm_config><nodes>${nodes}</nodes><resources>${resources}</resources><constraints>${constraints}</constraints>${more}</configuration><status/></cib>`,
  )
}

function document(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

/** The upgraded configuration without the sections that are empty, on one line. */
function upgradedText(parts: Parts): string {
  const usable = usableCib(cib(parts))
  if (!usable.ok) return usable.reason.replace(/.*because /, '')
  const [configuration] = usable.cib.children
  if (configuration === undefined) throw new Error('no configuration')
  return configuration.children
    .filter(({ children }) => children.length > 0)
    .map((section) => formatXml(section).replace(/\n\s*/g, '').trim())
    .join('')
}

const property = (name: string, value = 'v') => `<nvpair id="n" name="${name}" value="${value}"/>`
const properties = (inside: string) => `<cluster_property_set id="o">${inside}</cluster_property_set>`
const section = (inside: string) => (inside === '' ? '' : `<crm_config>${properties(inside)}</crm_config>`)
const agent = 'class="ocf" provider="p" type="T"'
const rule = '<rule id="r" score="1"><expression id="e" attribute="a" operation="defined"/></rule>'
const primitive = (inside: string, id = 'p') => `<primitive id="${id}" ${agent}>${inside}</primitive>`
const operations = (inside: string) => `<operations>${inside}</operations>`
const resources = (inside: string) => `<resources>${inside}</resources>`

describe('cluster options', () => {
  test.each([
    ['cluster_recheck_interval', 'cluster-recheck-interval'],
    ['dc_deadtime', 'dc-deadtime'],
    ['election_timeout', 'election-timeout'],
    ['no_quorum_policy', 'no-quorum-policy'],
    ['remove_after_stop', 'remove-after-stop'],
    ['shutdown_escalation', 'shutdown-escalation'],
    ['startup_fencing', 'startup-fencing'],
    ['stonith_action', 'stonith-action'],
    ['stonith_enabled', 'stonith-enabled'],
    ['stop_orphan_actions', 'stop-orphan-actions'],
    ['stop_orphan_resources', 'stop-orphan-resources'],
    ['symmetric_cluster', 'symmetric-cluster'],
    ['transition_idle_timeout', 'cluster-delay'],
  ])('%s becomes %s', (old, now) => {
    expect(upgradedText({ options: properties(property(old)) })).toBe(section(property(now)))
  })

  test.each([
    'default-migration-threshold',
    'default_migration_threshold',
    'default-resource-failure-stickiness',
    'default_resource_failure_stickiness',
    'expected-quorum-votes',
    'notification-agent',
    'notification-recipient',
  ])('%s is dropped, with the set that had nothing else', (old) => {
    expect(upgradedText({ options: properties(property(old)) })).toBe('')
  })

  test.each(['heartbeat', 'openais', 'classic openais', 'classic openais (with plugin)', 'cman'])(
    'the stack %s is dropped, others stay',
    (stack) => {
      expect(upgradedText({ options: properties(property('cluster-infrastructure', stack)) })).toBe('')
      const other = property('cluster-infrastructure', 'corosync')
      expect(upgradedText({ options: properties(other) })).toBe(section(other))
    },
  )

  test.each([
    ['default-action-timeout', 'op_defaults', 'op-defaults', 'timeout'],
    ['default_action_timeout', 'op_defaults', 'op-defaults', 'timeout'],
    ['default-resource-stickiness', 'rsc_defaults', 'rsc-defaults', 'resource-stickiness'],
    ['default_resource_stickiness', 'rsc_defaults', 'rsc-defaults', 'resource-stickiness'],
    ['is-managed-default', 'rsc_defaults', 'rsc-defaults', 'is-managed'],
    ['is_managed_default', 'rsc_defaults', 'rsc-defaults', 'is-managed'],
  ])('%s moves to %s', (old, where, id, now) => {
    expect(upgradedText({ options: properties(property(old)) })).toBe(
      `<${where}><meta_attributes id="_2TO3_-${id}">${property(now)}</meta_attributes></${where}>`,
    )
  })

  test('what moves joins the first unconditional set, unless one has it already', () => {
    const options = properties(property('default-action-timeout'))
    const sets = `<meta_attributes id="a">${rule}</meta_attributes><meta_attributes id="b"/>`
    expect(upgradedText({ options, more: `<op_defaults>${sets}</op_defaults>` })).toBe(
      `<op_defaults><meta_attributes id="a">${rule}</meta_attributes><meta_attributes id="b">${property('timeout')}</meta_attributes></op_defaults>`,
    )
    const own =
      '<op_defaults><meta_attributes id="a"><nvpair id="m" name="timeout" value="1"/></meta_attributes></op_defaults>'
    expect(upgradedText({ options, more: own })).toBe(own)
  })

  test('what applied under a condition only does not move, it goes', () => {
    expect(upgradedText({ options: properties(`${rule}${property('default-action-timeout')}`) })).toBe('')
  })
})

describe('nodes, constraints, ACLs', () => {
  test('a normal node is a member', () => {
    expect(upgradedText({ nodes: '<node id="1" uname="n" type="normal"/>' })).toBe(
      '<nodes><node id="1" uname="n" type="member"/></nodes>',
    )
  })

  test.each(['score-attribute', 'score-attribute-mangle'])('%s of a colocation goes', (name) => {
    const pair = `${primitive('', 'a')}${primitive('', 'b')}`
    const text = upgradedText({
      resources: pair,
      constraints: `<rsc_colocation id="c" rsc="a" with-rsc="b" ${name}="x"/>`,
    })
    expect(text).toContain('<constraints><rsc_colocation id="c" rsc="a" with-rsc="b"/></constraints>')
  })

  test.each([
    ['tag="x"', 'object-type="x"'],
    ['tag="x" attribute="y"', 'object-type="x" attribute="y"'],
    ['xpath="//x"', 'xpath="//x"'],
    ['xpath="//x" attribute="y"', 'xpath="//x[@y]"'],
    ['ref="p"', 'reference="p"'],
    ['tag="x" ref="p" attribute="y"', 'reference="p"'],
  ])('a right to %s is one to %s', (old, now) => {
    const text = upgradedText({
      schema: 'pacemaker-1.3',
      resources: primitive(''),
      more: `<acls><acl_role id="a"><write id="w" ${old}/></acl_role></acls>`,
    })
    expect(text).toContain(`<acl_role id="a"><acl_permission id="w" kind="write" ${now}/></acl_role>`)
  })

  test('users become targets; their own rights a role', () => {
    const text = upgradedText({
      schema: 'pacemaker-1.2',
      more: '<acls><acl_role id="r"/><acl_user id="u"><role_ref id="r"/></acl_user><acl_user id="v"><deny id="d" tag="x"/></acl_user></acls>',
    })
    expect(text).toBe(
      '<acls><acl_role id="r"/><acl_target id="u"><role id="r"/></acl_target><acl_target id="v"><role id="auto-v"/></acl_target><acl_role id="auto-v"><acl_permission id="d" kind="deny" object-type="x"/></acl_role></acls>',
    )
  })
})

describe('resources', () => {
  const meta = (inside: string, id = 'm') => `<meta_attributes id="${id}">${inside}</meta_attributes>`
  const parameters = (inside: string, id = 'i') => `<instance_attributes id="${id}">${inside}</instance_attributes>`
  const upgradedIn = (inside: string) => upgradedText({ resources: primitive(inside), nodes: '' })

  test.each(['isolation', 'isolation-host', 'isolation-instance', 'isolation-wrapper'])(
    '%s stops a resource',
    (name) => {
      const stopped = property('target-role', 'Stopped')
      expect(upgradedIn(meta(property(name)))).toBe(resources(primitive(meta(stopped))))
      const first = '<nvpair id="f" name="priority" value="1"/>'
      expect(upgradedIn(meta(`${first}${property(name)}`))).toBe(resources(primitive(meta(first))))
    },
  )

  test.each([
    ['pcmk_list_cmd', 'pcmk_list_action'],
    ['pcmk_monitor_cmd', 'pcmk_monitor_action'],
    ['pcmk_off_cmd', 'pcmk_off_action'],
    ['pcmk_on_cmd', 'pcmk_on_action'],
    ['pcmk_reboot_cmd', 'pcmk_reboot_action'],
    ['pcmk_status_cmd', 'pcmk_status_action'],
  ])('%s becomes %s', (old, now) => {
    expect(upgradedIn(parameters(property(old)))).toBe(resources(primitive(parameters(property(now)))))
  })

  test('of a map of arguments only the port is left', () => {
    expect(upgradedIn(parameters(property('pcmk_arg_map', 'port:plug')))).toBe(
      resources(primitive(parameters(property('pcmk_host_argument', 'plug')))),
    )
    expect(upgradedIn(parameters(property('pcmk_arg_map', 'domain:uname')))).toBe(
      `<resources>${primitive('').replace('></primitive>', '/>')}</resources>`,
    )
  })

  test('what stickiness a failure cost goes, where the document is rewritten at all', () => {
    const failing = meta(property('resource-failure-stickiness'))
    expect(upgradedIn(failing)).toBe(resources(primitive(failing)))
    expect(
      upgradedText({
        resources: primitive(failing),
        options: properties(property('dc_deadtime').replace('"n"', '"x"')),
      }),
    ).toContain('<primitive id="p" class="ocf" provider="p" type="T"/>')
  })

  const op = (id: string, name: string, more = '', inside = '') =>
    inside === ''
      ? `<op id="${id}" name="${name}" interval="0"${more}/>`
      : `<op id="${id}" name="${name}" interval="0"${more}>${inside}</op>`
  const requires = '<nvpair id="q" name="requires" value="quorum"/>'

  test("an operation's own parameter goes where the resource's meta-attributes say it already", () => {
    const role = '<nvpair id="o" name="role" value="Started"/>'
    const monitor = (inside: string) => operations(op('a', 'monitor', '', inside))
    const moved = monitor(`<meta_attributes id="_2TO3_a-meta">${role}</meta_attributes>`)
    const saying = (name: string, value: string) => meta(property(name, value))
    const other = saying('priority', '1')
    expect(upgradedIn(`${other}${monitor(parameters(role))}`)).toBe(resources(primitive(`${other}${moved}`)))
    const same = saying('role', 'Stopped')
    expect(upgradedIn(`${same}${monitor(parameters(role))}`)).toBe(resources(primitive(`${same}${monitor('')}`)))
  })

  test("what the last start or promote required is the resource's own", () => {
    const old = op('a', 'start', ' requires="nothing"') + op('b', 'promote', ' requires="quorum"')
    const after = operations(`${op('a', 'start')}${op('b', 'promote')}`)
    const made =
      '<meta_attributes id="_2TO3_p-meta"><nvpair id="_2TO3_b-meta-requires" name="requires" value="quorum"/></meta_attributes>'
    expect(upgradedIn(operations(old))).toBe(resources(primitive(`${after}${made}`)))
    const own = meta(requires)
    expect(upgradedIn(`${own}${operations(old)}`)).toBe(resources(primitive(`${own}${after}`)))
  })

  test('what other operations required goes', () => {
    expect(upgradedIn(operations(op('a', 'stop', ' requires="nothing"')))).toBe(
      resources(primitive(operations(op('a', 'stop')))),
    )
  })

  test.each([
    ['meta_attributes', meta(requires)],
    ['instance_attributes', parameters(requires, 'm')],
  ])("requires in %s of a start is the resource's own", (_, set) => {
    expect(upgradedIn(operations(op('a', 'start', '', set)))).toBe(
      resources(primitive(`${operations(op('a', 'start'))}${meta(requires, '_2TO3_m')}`)),
    )
  })

  test.each(['interval-origin', 'start-delay', 'enabled', 'on-fail', 'record-pending', 'role', 'timeout'])(
    '%s among the parameters of an operation is its own',
    (name) => {
      expect(upgradedIn(operations(op('a', 'monitor', '', parameters(property(name)))))).toBe(
        resources(primitive(operations(op('a', 'monitor', '', meta(property(name), '_2TO3_a-meta'))))),
      )
    },
  )

  test('under a condition it becomes a set of its own', () => {
    const set = parameters(`${rule}${property('timeout')}`)
    expect(upgradedIn(operations(op('a', 'monitor', '', set)))).toBe(
      resources(primitive(operations(op('a', 'monitor', '', meta(`${rule}${property('timeout')}`, '_2TO3_i'))))),
    )
  })

  test('references stay where original and copy come out alike, else the copy stays', () => {
    const original = primitive(parameters(property('pcmk_off_cmd')), 'a')
    const alike = upgradedText({ resources: `${original}${primitive('<instance_attributes id-ref="i"/>', 'b')}` })
    expect(alike).toContain(`<primitive id="b" ${agent}><instance_attributes id-ref="i"/></primitive>`)
    const inOp = operations(op('x', 'monitor', '', '<instance_attributes id-ref="i"/>'))
    expect(upgradedText({ resources: `${original}${primitive(inOp, 'b')}` })).toContain(
      '<instance_attributes id="_cibtr-2_i"><nvpair id="__cibtr-2_i__n" name="pcmk_off_cmd" value="v"/></instance_attributes>',
    )
  })
})

describe('how far an upgrade goes', () => {
  const upgrade = (of: XmlElement) =>
    performCall(of, { op: 'cib_upgrade', section: undefined, options: 0 }, { isValid: isValidCib })
  const root = (of: XmlElement) => formatXml({ ...of, children: [] }).trim()

  test.each(['pacemaker-1.0', 'pacemaker-1.2', 'pacemaker-2.0', 'pacemaker-2.10', 'pacemaker-3.0'])(
    'from %s to 3.9',
    (schema) => {
      const done = upgrade(cib({ schema }))
      expect(done.rc).toBe(0)
      expect(root(done.cib)).toBe('<cib validate-with="pacemaker-3.9" admin_epoch="1" epoch="1" num_updates="2"/>')
    },
  )

  test('a rewritten configuration counts as a change of it', () => {
    const done = upgrade(cib({ schema: 'pacemaker-1.3', nodes: '<node id="1" uname="n" type="normal"/>' }))
    expect(root(done.cib)).toBe('<cib validate-with="pacemaker-3.9" admin_epoch="1" epoch="2" num_updates="0"/>')
  })

  test.each(['none', 'pacemaker-next', 'pacemaker-3.9'])('%s stays', (schema) => {
    expect(upgrade(cib({ schema })).rc).toBe(cibFaults.schemaUnchanged)
    expect(usableCib(cib({ schema }))).toMatchObject({ ok: true, cib: cib({ schema }), notes: [] })
  })

  test.each(['pacemaker-0.6', 'transitional-0.6', 'pacemaker-0.7', 'pacemaker-1.1'])(
    '%s is no schema for cibadmin, and the oldest one for those who only read',
    (schema) => {
      expect(upgrade(cib({ schema })).rc).toBe(cibFaults.schema)
      expect(usableCib(cib({ schema })).ok).toBe(true)
    },
  )

  test('a document that claims nothing is held to nothing', () => {
    const bare = document('<cib><foo/></cib>')
    const usable = usableCib(bare)
    expect(usable.ok && root(usable.cib)).toBe('<cib validate-with="none"/>')
  })

  test.each([
    [{ schema: 'bogus' }, 'it does not validate with any schema from unknown to pacemaker-3.9'],
    [
      { schema: 'pacemaker-2.0', more: '<acls><acl_user id="u"/></acls>' },
      'it does not validate with any schema from pacemaker-2.0 to pacemaker-3.9',
    ],
    [{ schema: 'pacemaker-1.0', nodes: '<node/>' }, 'it would not upgrade past pacemaker-1.0'],
    [
      { options: properties('<nvpair id="n" name="cluster-infrastructure"/>') },
      'it would not upgrade past pacemaker-2.10',
    ],
    [
      {
        schema: 'pacemaker-1.3',
        more: '<acls><acl_user id="v"><read id="a" tag="z"/></acl_user><acl_role id="auto-v"/></acls>',
      },
      'it would not upgrade past pacemaker-1.3',
    ],
  ])('%j is refused: %s', (parts, reason) => {
    expect(upgradedText(parts)).toBe(reason)
  })

  test('what is newer than claimed is passed over to', () => {
    const more =
      '<fencing-topology><fencing-level id="f" target-attribute="a" target-value="b" index="1" devices="d"/></fencing-topology>'
    expect(upgradedText({ schema: 'pacemaker-1.3', more })).toBe(more)
  })

  test('comments before a rule of options are lost, others stay with their pairs', () => {
    const rule = '<rule id="r" score="5"><expression id="e" attribute="a" operation="defined"/></rule>'
    const [before, after] = ['<!-- before -->', '<!-- after -->']
    const usable = usableCib(cib({ options: properties(`${before}${rule}${after}${property('dc_deadtime')}`) }))
    const text = usable.ok ? formatXml(usable.cib) : usable.reason
    expect([text.includes(before), text.includes(after)]).toEqual([false, true])
  })

  test('a pair that is renamed loses the comments that it had inside', () => {
    const pairOf = (id: string, name: string) =>
      `<nvpair id="${id}" name="${name}" value="1"><!-- in ${id} --></nvpair>`
    const pairs = pairOf('x', 'dc_deadtime') + pairOf('y', 'dc-deadtime')
    const usable = usableCib(cib({ options: properties(pairs) }))
    const text = usable.ok ? formatXml(usable.cib) : usable.reason
    expect([text.includes('in x'), text.includes('in y')]).toEqual([false, true])
  })

  test('what was done is told', () => {
    const usable = usableCib(cib({ options: properties(property('dc_deadtime')) }))
    expect(usable.notes).toEqual(['DEBUG: Cluster properties: n: renaming dc_deadtime as dc-deadtime'])
  })
})
