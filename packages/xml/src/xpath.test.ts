import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseXml } from './reader.ts'
import { addressOf, select } from './xpath.ts'

const text = `<cib epoch="1"><configuration><nodes><node id="1" uname="a"/><node id="2" uname="b"/></nodes>
<resources><group id="g"><primitive id="p1" type="x"/><primitive id="p2" type="y"><meta_attributes id="m"><nvpair id="n" name="k" value="v"/></meta_attributes></primitive></group>
<!-- c --><primitive id="p3" type="x"/></resources></configuration><status/></cib>`
const read = parseXml(text)
if (!read.ok) throw new Error(read.error.reason)
const root = read.value

function found(expression: string): string {
  const result = select(root, expression)
  if (!result.ok) return result.error.message
  return result.value
    .map((m) => m.attribute?.value ?? m.element.attributes[m.element.attributes.indexOf('id') + 1] ?? m.element.name)
    .join(' ')
}

describe('select', () => {
  test.each([
    ['/cib/configuration/nodes/node', '1 2'],
    ['//cib/status', 'status'],
    ["//primitive[@id='p2']", 'p2'],
    ['//node[@id="1" and @uname="a"]', '1'],
    ["//node[@id='1' or @uname='b']", '1 2'],
    ['//primitive[not(@type="x")]', 'p2'],
    ['//primitive[1]', 'p1 p3'],
    ['(//primitive)[1]', 'p1'],
    ['//primitive[position()=last()]', 'p2 p3'],
    ['//primitive[last()]', 'p2 p3'],
    ['/descendant::primitive[2]', 'p2'],
    ['//*[@type]', 'p1 p2 p3'],
    ['//primitive[.//nvpair[@name="k"]]', 'p2'],
    ['//nvpair/../..', 'p2'],
    ['//nvpair/ancestor::group', 'g'],
    ['//@uname', 'a b'],
    ['//group/*|//node', '1 2 p1 p2'],
    ['//node[starts-with(@uname, "a")]', '1'],
    // How crm_attribute looks for a node, whatever the case of its name.
    ["/cib/configuration/nodes/node[translate(@uname,'ABC','abc') ='a']|/cib/x[translate(@id,'AB','ab') ='a']", '1'],
    ['//node[translate(@uname, "ab", "z")=""]', '2'],
    ['//node[substring-before(concat(@uname, "-x"), "-")="b"][substring-after(@uname, "b")=""]', '2'],
    ['//*[contains(@id,"p")][count(*)=1]', 'p2'],
    ['//resources/comment()', '#comment'],
    ['/cib/configuration//primitive[@type="x"]', 'p1 p3'],
    ['//node[2]/preceding-sibling::node', '1'],
    ['//node[@id=1]', '1'],
    ['//node[@id>1]', '2'],
    ['//*[name()="node"]', '1 2'],
    ['//primitive[@type!="x"]', 'p2'],
    ['/cib/nothing', ''],
    // The document stands for its element, as with the real one.
    ['/', 'epoch'],
  ])('%s is %j', (expression, ids) => {
    expect(found(expression)).toBe(ids)
  })

  test.each([
    ['//node[', 'expected a name at character 8'],
    ['//node[@id="1]', 'unexpected character at character 12'],
    ['1 + 1', 'expression selects no nodes at character 1'],
    ['//a/foo::b', "no axis 'foo' at character 5"],
    ['zap()', "no function 'zap' at character 1"],
    ['', 'expected a name at character 1'],
  ])('%s is refused: %s', (expression, message) => {
    expect(found(expression)).toBe(message)
  })

  test('never throws, whatever the expression', () => {
    const piece = fc.constantFrom(
      '/',
      '//',
      '*',
      '@',
      'id',
      '[',
      ']',
      '(',
      ')',
      '=',
      "'p1'",
      '1',
      '|',
      'not(',
      'and',
      '..',
      '.',
      '-',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        select(root, pieces.join(' '))
      }),
    )
  })

  test('refuses nesting without end', () => {
    expect(found('('.repeat(10_000))).toMatch(/nests too deep/)
    expect(found(`//a${'[b'.repeat(10_000)}`)).toMatch(/nests too deep/)
    expect(found(`${'-'.repeat(10_000)}1`)).toMatch(/nests too deep/)
  })
})

test('addressOf writes ids where elements have one', () => {
  expect(addressOf(root, [0, 1, 0, 1])).toBe("/cib/configuration/resources/group[@id='g']/primitive[@id='p2']")
  expect(addressOf(root, [0, 1, 1])).toBe('/cib/configuration/resources/comment')
})
