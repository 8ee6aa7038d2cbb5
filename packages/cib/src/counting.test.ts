import { attr, child, element, parseXml, withAttributes, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { cibFaults } from './fault.ts'
import { performCall } from './perform.ts'
import { type CibCall, cibCallOptions } from './request.ts'
import { versionOf, versionText } from './version.ts'

function parsed(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const cib = parsed(
  '<cib crm_feature_set="3.16.1" validate-with="none" epoch="1" num_updates="0" admin_epoch="0"><configuration><crm_config/><nodes><node id="1" uname="a"/></nodes><resources/><constraints/></configuration><status/></cib>',
)

function perform(call: CibCall, before = cib) {
  const done = performCall(before, call, { isValid: () => true })
  return { ...done, version: versionText(versionOf(done.cib)) }
}

describe('what moves the counters', () => {
  test.each([
    ['<foo/>', '0.1.0'],
    ['<foo><bar/></foo>', '0.1.0'],
    ['<foo a="1"/>', '0.1.1'],
    ['<foo><bar id="1"/></foo>', '0.1.1'],
  ])('created in the status: %s', (text, version) => {
    const done = perform({ op: 'cib_create', section: 'status', data: parsed(text) })
    expect(done).toMatchObject({ rc: 0, version })
    expect(child(done.cib, 'status')?.children).toHaveLength(1)
  })

  test('the place of the configuration is none of what it says', () => {
    const [configuration, status] = cib.children as readonly [XmlElement, XmlElement]
    const turned = { ...cib, children: [status, configuration] }
    expect(perform({ op: 'cib_replace', data: turned })).toMatchObject({ rc: 0, version: '0.1.1' })
  })

  test('a CIB of a newer feature set is not worked on, not even where nothing would change', () => {
    const newer = withAttributes(cib, { crm_feature_set: '10.0.0' })
    const call: CibCall = { op: 'cib_delete', section: 'nodes', data: element('node', { id: '9' }) }
    expect(perform(call, newer)).toMatchObject({ rc: cibFaults.protocol, cib: newer })
  })
})

describe('what is done all the same', () => {
  test('a CIB that claims no schema is held to none', () => {
    const done = perform({ op: 'cib_replace', data: withAttributes(cib, { 'validate-with': undefined, epoch: '5' }) })
    expect(done.rc).toBe(0)
    expect(attr(done.cib, 'validate-with')).toBe('none')
  })

  test.each(['//', '//[', '//nope'])('what %s selects is removed: nothing', (section) => {
    expect(perform({ op: 'cib_delete', section, options: cibCallOptions.xpath })).toMatchObject({ rc: 0, cib })
  })

  test('without a patch there is nothing to do', () => {
    expect(perform({ op: 'cib_apply_diff' })).toMatchObject({ rc: 0, cib })
  })
})

describe('cib_create', () => {
  test('what has no id is there where anything of its name is', () => {
    const done = perform({ op: 'cib_create', section: 'nodes', data: element('node', { uname: 'x' }) })
    expect(done).toMatchObject({ rc: cibFaults.exists, cib, output: { name: 'failed' } })
  })

  test('of a section that is not there the answer tells what could not be created', () => {
    const done = perform({ op: 'cib_create', section: 'acls', data: element('acl_role', { id: 'r' }) })
    expect(done.rc).toBe(cibFaults.invalid)
    expect(done.output?.children[0]?.attributes).toEqual(expect.arrayContaining(['reason', 'Invalid argument']))
  })
})

test('elements are answered instead of where they are, where what is inside is not asked for', () => {
  const options = cibCallOptions.xpath | cibCallOptions.xpathAddress | cibCallOptions.noChildren
  expect(perform({ op: 'cib_query', section: '//nodes', options }).output).toMatchObject({
    name: 'nodes',
    children: [],
  })
})
