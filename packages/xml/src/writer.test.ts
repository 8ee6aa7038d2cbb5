import { describe, expect, test } from 'vitest'
import { comment, element } from './element.ts'
import { encodeXml, escapeValue, formatXml, writeXml } from './writer.ts'

describe('escapeValue', () => {
  test.each([
    ['plain text', 'plain text'],
    [`a<b>c&d"e'f`, 'a&lt;b&gt;c&amp;d&quot;e&apos;f'],
    ['tab\tnl\ncr\r', 'tab    nl\\ncr\\r'],
    ['\u007f', '\\177'],
    ["é\u007f\t'>", "é\u007f\t'>"],
    ['é<&"', 'é&lt;&amp;&quot;'],
  ])('%j as %j', (value, written) => {
    expect(escapeValue(value)).toBe(written)
  })
})

const tree = element('cib', { epoch: '1' }, [
  comment(' why '),
  element('status', { 'update-user': 'x' }),
  element('t', {}, [], 'a<b'),
])

test('writeXml writes one line and leaves out the named attributes', () => {
  expect(writeXml(tree, { withoutAttributes: new Set(['update-user']) })).toBe(
    '<cib epoch="1"><!-- why --><status/><t>a&lt;b</t></cib>',
  )
})

test('encodeXml writes what formatXml does, in UTF-8 and beyond its first room', () => {
  const many = element('a', { é: '漢' }, new Array(10_000).fill(tree))
  expect(Buffer.from(encodeXml(many)).toString()).toBe(formatXml(many))
})

test('formatXml writes an element a line', () => {
  expect(formatXml(tree, 1)).toBe(
    '  <cib epoch="1">\n    <!-- why -->\n    <status update-user="x"/>\n    <t>a&lt;b</t>\n  </cib>\n',
  )
})
