import { attr, descendants, element, formatXml, parseXml, select, writeXml, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cibFaults } from '../fault.ts'
import { performCall } from '../perform.ts'
import { type CibCall, cibCallOptions } from '../request.ts'
import { readableCopy } from './acl-filter.ts'
import { aclOf, isAclEnabled, isRestricted } from './acl-rules.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(`${read.error.reason}: ${text}`)
  return read.value
}

const on = '<cluster_property_set id="s"><nvpair id="o" name="enable-acl" value="true"/></cluster_property_set>'
const resources =
  '<primitive id="a" type="x"><instance_attributes id="ia"><nvpair id="n1" name="ip" value="1"/><nvpair id="n2" name="passwd" value="secret"/></instance_attributes><meta_attributes id="ma"><nvpair id="m1" name="target-role" value="Started"/></meta_attributes></primitive><primitive id="b" type="y"/>'

/** A CIB whose section `acls` is given; options on unless others are. */
function cibWith(acls: string, config = on): XmlElement {
  return xml(
    `<cib validate-with="none" epoch="5" num_updates="2" admin_epoch="0"><configuration><crm_config>${config}</crm_config><nodes/><resources>${resources}</resources><constraints/><acls>${acls}</acls></configuration><status><node_state id="1" uname="n1"/></status></cib>`,
  )
}

/** Permissions of user ann, in one role. */
function rules(...permissions: readonly string[]): string {
  const items = permissions.map((text, i) => `<acl_permission id="p${i}" ${text}/>`)
  return `<acl_target id="ann"><role id="r"/></acl_target><acl_role id="r">${items.join('')}</acl_role>`
}

const groups: Readonly<Record<string, readonly string[]>> = { operators: ['ann'] }
const isInGroup = (user: string, group: string): boolean => groups[group]?.includes(user) ?? false

function perform(cib: XmlElement, call: CibCall, user = 'ann', isValid = true) {
  return performCall(cib, call, { isValid: () => isValid, requester: { user, isInGroup } })
}

/** What ann sees, in one line; or the code. */
function seen(cib: XmlElement, user = 'ann'): string | number {
  const { rc, output } = perform(cib, { op: 'cib_query' }, user)
  return output === undefined ? rc : writeXml(output)
}

/** Ids of elements that ann sees with more than their ids. */
function shownIds(cib: XmlElement): string {
  const copy = readableCopy(cib, aclOf(cib, 'ann', isInGroup))
  if (copy === undefined) return ''
  const whole = [...descendants(copy)].filter((item) => item.attributes.length > 2)
  return whole.map((item) => attr(item, 'id') ?? item.name).join(' ')
}

function modify(section: string, text: string, options = 0): CibCall {
  return { op: 'cib_modify', section, options, data: xml(text) }
}

describe('ACLs count', () => {
  const pair = (value: string, id = 'o') => `<nvpair id="${id}" name="enable-acl" value="${value}"/>`
  const set = (id: string, inside: string, score = '') =>
    `<cluster_property_set id="${id}"${score}>${inside}</cluster_property_set>`

  test.each([
    ['nothing', '', false],
    ['true', set('s', pair('true')), true],
    ['Yes', set('s', pair('Yes')), true],
    ['1', set('s', pair('1')), true],
    ['false', set('s', pair('false')), false],
    ['what is no boolean', set('s', pair('maybe')), false],
    ['the last of a set', set('s', pair('true') + pair('false', 'p')), false],
    ['the first of sets', set('s', pair('true')) + set('t', pair('false')), true],
    ['any set before the bootstrap set', set('s', pair('false')) + set('cib-bootstrap-options', pair('true')), false],
    ['the least score', set('s', pair('true'), ' score="10"') + set('t', pair('false'), ' score="-1"'), false],
    ['true under a rule', set('s', `<rule id="r"/>${pair('true')}`), true],
    ['not false under a rule', set('s', `<rule id="r"/>${pair('false')}`) + set('t', pair('true')), true],
  ])('by %s', (_, config, isOn) => {
    expect(isAclEnabled(cibWith('', config))).toBe(isOn)
  })

  test('for everybody but root, hacluster and the cluster itself', () => {
    const cib = cibWith('')
    const restricted = [undefined, '', 'root', 'hacluster', 'ann'].map((user) => isRestricted(cib, user))
    expect(restricted).toEqual([false, false, false, false, true])
  })
})

describe('permissions', () => {
  test.each([
    ['xpath', 'kind="read" xpath="//primitive[@type=\'y\']"', 'b'],
    ['object-type', 'kind="read" object-type="meta_attributes"', 'm1'],
    ['object-type with attribute', 'kind="read" object-type="primitive" attribute="type"', 'a n1 n2 m1 b'],
    ['reference', 'kind="read" reference="ia"', 'n1 n2'],
    ['object-type with reference', 'kind="read" object-type="nvpair" reference="n1"', 'n1'],
    ['writing as reading', 'kind="write" reference="m1"', 'm1'],
    ['the element of an attribute', 'kind="read" xpath="//nvpair/@name[.=\'ip\']"', 'n1'],
    ['the document', 'kind="read" xpath="/"', 'cib o a n1 n2 m1 b p0 1'],
    ['nothing to go by', 'kind="read" attribute="type"', ''],
  ])('by %s', (_, permission, ids) => {
    expect(shownIds(cibWith(rules(permission)))).toBe(ids)
  })

  test.each([
    ['a target', '<acl_target id="ann"><role id="r"/></acl_target>'],
    ['a target by name', '<acl_target id="x" name="ann"><role id="r"/></acl_target>'],
    ['a group of the system', '<acl_group id="operators"><role id="r"/></acl_group>'],
    ['a group by name', '<acl_group id="x" name="operators"><role id="r"/></acl_group>'],
    ['a user of old', '<acl_user id="ann"><role_ref id="r"/></acl_user>'],
    ['a user of old with permissions', '<acl_user id="ann"><read id="q" ref="n1"/></acl_user>'],
    [
      'a role that names a role',
      '<acl_target id="ann"><role id="r0"/></acl_target><acl_role id="r0"><role id="r"/></acl_role>',
    ],
  ])('reach %s', (_, target) => {
    expect(shownIds(cibWith(`${target}<acl_role id="r"><read id="p" tag="nvpair" ref="n1"/></acl_role>`))).toBe('n1')
  })

  test.each([
    ['another user', '<acl_target id="bob"><role id="r"/></acl_target>'],
    ['the id of a target with a name', '<acl_target id="ann" name="bob"><role id="r"/></acl_target>'],
    ['a group that the user is not in', '<acl_group id="others"><role id="r"/></acl_group>'],
    ['a role that does not exist', '<acl_target id="ann"><role id="r9"/></acl_target>'],
  ])('do not reach %s', (_, target) => {
    const cib = cibWith(`${target}<acl_role id="r"><read id="p" ref="n1"/></acl_role>`)
    expect(seen(cib)).toBe(cibFaults.denied)
  })

  test('that cannot be understood are told of, and deny everything where they may have denied', () => {
    const faults = (acls: string) => aclOf(cibWith(acls), 'ann', isInGroup).faults
    const all = 'kind="read" xpath="/cib"'
    expect(seen(cibWith(rules(all, 'kind="deny" xpath="//nvpair["')))).toBe(cibFaults.denied)
    expect(seen(cibWith(rules(all, 'kind="deny" xpath="1 + 1"')))).toBe(cibFaults.denied)
    expect(seen(cibWith(rules(all, 'kind="deny" reference="a\'b"')))).toBe(cibFaults.denied)
    expect(seen(cibWith(rules(all, 'kind="forbid" reference="a"')))).toBe(cibFaults.denied)
    expect(seen(cibWith(rules('kind="write" xpath="//nvpair["', 'kind="read" reference="n1"')))).toContain('n1')
    expect(faults(rules('kind="deny" xpath="//nvpair["'))).toEqual([
      "permission 'p0': expected a name at character 10 in '//nvpair['",
    ])
    expect(faults('<acl_target id="ann"><role id="r9"/></acl_target>')).toEqual([
      "acl_target 'ann' names role 'r9', which does not exist",
    ])
    const circle = '<acl_target id="ann"><role id="r"/></acl_target><acl_role id="r"><role id="r"/></acl_role>'
    expect(faults(circle)).toEqual(['roles name others more than 8 deep'])
    expect(seen(cibWith(circle))).toBe(cibFaults.denied)
  })
})

describe('reading', () => {
  test('shows the nearest verdict, deny before the rest on the same element', () => {
    const cib = cibWith(
      rules(
        'kind="read" object-type="resources"',
        'kind="deny" reference="a"',
        'kind="write" reference="n1"',
        'kind="write" reference="b"',
        'kind="deny" reference="b"',
      ),
    )
    expect(seen(cib)).toBe(
      '<cib><configuration><resources><primitive id="a"><instance_attributes id="ia"><nvpair id="n1" name="ip" value="1"/></instance_attributes></primitive></resources></configuration></cib>',
    )
  })

  test('hides what is denied by an attribute of an element that is hidden itself', () => {
    const cib = cibWith(
      rules(
        'kind="deny" reference="a"',
        'kind="read" reference="ia"',
        'kind="deny" xpath="//primitive[@type=\'x\']//nvpair[@name=\'passwd\']"',
      ),
    )
    expect(seen(cib)).not.toContain('secret')
    expect(seen(cib)).toContain('"ip"')
  })

  test('goes by what is visible in queries of sections and of XPaths', () => {
    const cib = cibWith(rules('kind="read" reference="b"'))
    const query = (section: string, options = 0) => perform(cib, { op: 'cib_query', section, options })
    expect(query('nodes').rc).toBe(cibFaults.noSuchObject)
    expect(query("//nvpair[@value='secret']", cibCallOptions.xpath).rc).toBe(cibFaults.noSuchObject)
    const found = query('//primitive', cibCallOptions.xpath).output
    expect(found && writeXml(found)).toBe('<primitive id="b" type="y"/>')
  })

  test('without any permission is refused', () => {
    expect(seen(cibWith(''))).toBe(cibFaults.denied)
    expect(seen(cibWith(''), 'root')).toContain('secret')
  })
})

describe('changing', () => {
  const mine = cibWith(
    rules('kind="read" xpath="/cib"', 'kind="write" object-type="meta_attributes"', 'kind="write" reference="b"'),
  )

  test.each([
    ['an attribute that may be written', modify('resources', '<nvpair id="m1" value="Stopped"/>'), 0],
    ['one that may be read only', modify('resources', '<nvpair id="n2" value="new"/>'), -13],
    ['nothing where it is the same', modify('resources', '<nvpair id="n2" value="secret"/>'), 0],
    [
      'a new one below what may be written',
      modify('resources', '<meta_attributes id="ma"><nvpair id="m2" name="k" value="v"/></meta_attributes>'),
      0,
    ],
    ['a new element elsewhere', modify('resources', '<primitive id="a"><op id="op1" name="start"/></primitive>'), -13],
    ['scaffolding elsewhere', modify('resources', '<primitive id="a"><operations id="ops"/></primitive>'), 0],
    [
      'scaffolding with something in it',
      modify('resources', '<primitive id="a"><operations id="ops"><op id="o1" name="start"/></operations></primitive>'),
      -13,
    ],
    [
      'what its rules are about, with scaffolding around',
      modify(
        'resources',
        '<group id="g"><meta_attributes id="gm"><nvpair id="g1" name="k"/></meta_attributes></group>',
        cibCallOptions.canCreate,
      ),
      0,
    ],
    ['scaffolding in the ACLs', modify('acls', '<acls><acl_role id="r9"/></acls>'), -13],
    [
      'a removal of what may be written',
      { op: 'cib_delete', section: 'resources', data: xml('<primitive id="b"/>') },
      0,
    ],
    ['a removal of what may not', { op: 'cib_delete', section: 'resources', data: xml('<primitive id="a"/>') }, -13],
    [
      'a removal by XPath',
      { op: 'cib_delete', section: '//nvpair', options: cibCallOptions.xpath | cibCallOptions.multiple },
      -13,
    ],
    ['an object that exists', { op: 'cib_create', section: 'resources', data: xml('<primitive id="b"/>') }, -17],
    ['the whole, erased', { op: 'cib_erase' }, -13],
    ['the counters', { op: 'cib_bump' }, -13],
    ['a dry run', { ...modify('resources', '<nvpair id="n2" value="new"/>'), options: cibCallOptions.dryRun }, -13],
  ] satisfies [string, CibCall, number][])('%s', (_, call, rc) => {
    const done = perform(mine, call)
    expect(done.rc).toBe(rc)
    if (rc !== 0) expect([done.cib, done.diff]).toEqual([mine, undefined])
  })

  test('by a replace is judged by all that is different', () => {
    const replaced = (change: (text: string) => string) => {
      const data = xml(change(writeXml(mine)))
      return perform(mine, { op: 'cib_replace', data }).rc
    }
    expect(replaced((text) => text)).toBe(0)
    expect(replaced((text) => text.replace('"Started"', '"Stopped"'))).toBe(0)
    expect(replaced((text) => text.replace('"secret"', '"new"'))).toBe(-13)
    expect(replaced((text) => text.replace('epoch="5"', 'epoch="6"'))).toBe(-13)
    expect(replaced((text) => text.replace('name="ip" value="1"', 'value="1" name="ip"'))).toBe(0)
  })

  test('removes all that is inside of what may be written', () => {
    const cib = cibWith(rules('kind="write" reference="a"', 'kind="deny" reference="n2"'))
    expect(perform(cib, { op: 'cib_delete', section: 'resources', data: xml('<primitive id="a"/>') }).rc).toBe(0)
  })

  test('does not reorder what may not be written, which Pacemaker 2.1.5 lets everybody do', () => {
    const pair = (id: string, name: string, value: string) => `<nvpair id="${id}" name="${name}" value="${value}"/>`
    const [first, second] = [pair('n1', 'ip', '1'), pair('n2', 'passwd', 'secret')]
    const data = xml(`<instance_attributes id="ia">${second}${first}</instance_attributes>`)
    const call: CibCall = { op: 'cib_replace', section: 'resources', data }
    expect(perform(mine, call).rc).toBe(-13)
    expect(perform(cibWith(rules('kind="write" reference="n1"')), call).rc).toBe(0)
  })

  test('does not make an element one that the rules are about, which Pacemaker 2.1.5 lets a replace do', () => {
    const cib = cibWith(rules('kind="write" xpath="//nvpair[@name=\'mine\']"'))
    const data = xml('<nvpair id="n2" name="mine" value="1"/>')
    expect(perform(cib, { op: 'cib_replace', section: 'resources', data }).rc).toBe(-13)
    expect(perform(cib, modify('resources', '<nvpair id="n2" name="mine" value="1"/>')).rc).toBe(-13)
  })

  test('goes by the rules that were there before it', () => {
    const cib = cibWith(rules('kind="write" object-type="acls"'))
    const grant = modify('acls', '<acl_role id="r"><acl_permission id="p0" kind="write" xpath="/cib"/></acl_role>')
    const granted = perform(cib, grant)
    expect(granted.rc).toBe(0)
    expect(perform(granted.cib, { op: 'cib_bump' }).rc).toBe(0)
    const both = { op: 'cib_replace' as const, data: xml(writeXml(granted.cib).replace('"secret"', '"new"')) }
    expect(perform(cib, both).rc).toBe(-13)
  })

  test('that the schema refuses shows no more of the result than may be seen', () => {
    const cib = cibWith(rules('kind="write" reference="b"'))
    const done = perform(cib, modify('resources', '<primitive id="b" kind="wrong"/>'), 'ann', false)
    expect(done.rc).toBe(cibFaults.schema)
    expect(done.output && writeXml(done.output)).toBe(
      '<cib><configuration><resources><primitive id="b" type="y" kind="wrong"/></resources></configuration></cib>',
    )
  })
})

describe('whatever the ACLs', () => {
  const word = fc.constantFrom(
    'ann',
    'r',
    'r2',
    'n1',
    'a',
    '',
    "it's",
    '//nvpair',
    '//nvpair[',
    '/',
    '//@id',
    'count(//a)',
    '..',
    'read',
    'write',
    'deny',
    'operators',
  )
  const name = fc.constantFrom(
    'acl_target',
    'acl_user',
    'acl_group',
    'acl_role',
    'acl_permission',
    'role',
    'role_ref',
    'read',
    'write',
    'deny',
    'x',
  )
  const key = fc.constantFrom('id', 'name', 'kind', 'xpath', 'reference', 'ref', 'object-type', 'tag', 'attribute')
  const node = (inside: fc.Arbitrary<XmlElement[]>): fc.Arbitrary<XmlElement> =>
    fc
      .tuple(name, fc.dictionary(key, word, { maxKeys: 4 }), inside)
      .map(([tag, attributes, children]) => element(tag, attributes, children))
  const leaf = node(fc.constant([]))
  const entry = node(fc.array(node(fc.array(leaf, { maxLength: 2 })), { maxLength: 3 }))

  test('nothing throws, and nothing denied is shown', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 4 }), (entries) => {
        const cib = cibWith(entries.map((item) => writeXml(item)).join(''))
        const acl = aclOf(cib, 'ann', isInGroup)
        const copy = readableCopy(cib, acl)
        const shown = copy === undefined ? '' : formatXml(copy)
        perform(cib, modify('resources', '<nvpair id="n1" value="2"/>'))
        for (const rule of acl.rules) {
          if (rule.kind !== 'deny') continue
          const denied = rule.xpath === undefined ? undefined : select(cib, rule.xpath)
          if (denied?.ok)
            for (const { element: hidden } of denied.value)
              if (attr(hidden, 'id') === 'n2') expect(shown).not.toContain('secret')
          if (denied?.ok !== true) expect(shown).toBe('')
        }
      }),
      { numRuns: 500 },
    )
  })
})
