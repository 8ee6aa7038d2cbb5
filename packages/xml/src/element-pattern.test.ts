import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ElementPattern } from './element-pattern.ts'
import { parseXml } from './reader.ts'
import { xmlErrorText } from './xml-error.ts'

const pattern = new ElementPattern('op', { id: 'a[^"]*(?<!_f)', rc: '7' })

function answers(text: string, isLazy: boolean): readonly boolean[] {
  const read = parseXml(text, { isLazy })
  if (!read.ok) throw new Error(xmlErrorText(read.error, 'f'))
  return read.value.children.map((item) => pattern.fitsOnlyChildOf(item))
}

describe('ElementPattern', () => {
  test.each([
    ['<op id="ab" rc="7"/>', true],
    ['<op rc="7" x="&lt;" id="ab"/>', true],
    ['<op id="ab" rc="7"><c/></op>', true],
    ['<op id="ab" rc="77"/>', false],
    ['<op id="xab" rc="7"/>', false],
    ['<op id="ab_f" rc="7"/>', false],
    ['<op id="a" x="_f" rc="7"/>', true],
    ['<op id="ab"/>', false],
    ['<ops id="ab" rc="7"/>', false],
    ['<op id="ab" rc="7"/><op id="ab" rc="7"/>', false],
    ['<!----><op id="ab" rc="7"/>', false],
    ['<!---->', false],
    ['', false],
  ])('of %s says %s', (children, expected) => {
    const text = `<r>${`<h>${children}</h>`.repeat(6)}</r>`
    expect(answers(text, true)).toEqual(Array(6).fill(expected))
    expect(answers(text, false)).toEqual(Array(6).fill(expected))
  })

  test('says the same of elements that are read lazily and of others', () => {
    const attribute = fc.constantFrom('id="a"', 'id="a_f"', 'id="&quot;"', 'rc="7"', 'rc="6"', 'x=""', 'y="rc"')
    const tag = fc
      .uniqueArray(attribute, { maxLength: 3, selector: (text) => text.slice(0, 2) })
      .map((attributes) => ['<op', ...attributes].join(' '))
    fc.assert(
      fc.property(fc.array(tag, { minLength: 1, maxLength: 3 }), fc.nat({ max: 5 }), (tags, count) => {
        const text = `<r>${tags.map((start) => `<h>${start}/></h>`.repeat(count + 1)).join('')}</r>`
        expect(answers(text, true)).toEqual(answers(text, false))
      }),
    )
  })
})
