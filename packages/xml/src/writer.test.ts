import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comment, element } from './element.ts'
import { parseXml } from './reader.ts'
import { encodeXml, escapeValue, formatXml, writeXml } from './writer.ts'

describe('escapeValue', () => {
  test.each([
    ['plain text', 'plain text'],
    [`a<b>c&d"e'f`, 'a&lt;b&gt;c&amp;d&quot;e&apos;f'],
    ['tab\tnl\ncr\r', 'tab    nl\\ncr\\r'],
    ['\u007f', '\\177'],
    ["é\u007f\t'>", "é\u007f\t'>"],
    ['é<&"', 'é&lt;&amp;&quot;'],
    ['rot: \u001b[31mFehler für x\u001b[0m\u0000\ufffe\uffff', 'rot: \\033[31mFehler für x\\033[0m\\000\ufffd\ufffd'],
  ])('%j as %j', (value, written) => {
    expect(escapeValue(value)).toBe(written)
  })

  test('whatever a text has in it, what is written of it can be read', () => {
    const code = fc.oneof(fc.nat(0x7f), fc.nat(0xffff), fc.constantFrom(0x85, 0xd800, 0xdc00, 0xfffd, 0xfffe, 0xffff))
    fc.assert(
      fc.property(
        fc.array(code).map((codes) => String.fromCharCode(...codes)),
        (text) => {
          const written = new TextDecoder().decode(encodeXml(element('a', { v: `ü${text}` }, [], text)))
          expect(parseXml(written)).toMatchObject({ ok: true })
        },
      ),
    )
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

test('attributes of results are written as libxml2 does, those of CIBs as Pacemaker does', () => {
  const node = element('a', { b: `it's "<&>"\n\t` })
  expect(formatXml(node, 0, new Set())).toBe(`<a b="it's &quot;&lt;&amp;&gt;&quot;&#10;&#9;"/>\n`)
  expect(formatXml(node)).toBe('<a b="it&apos;s &quot;&lt;&amp;&gt;&quot;\\n    "/>\n')
})

test('what ASCII has not is written by its number in results, as itself in CIBs and what is verbatim', () => {
  const text = 'ä€😀'
  const document = element('r', { a: text }, [element('t', {}, [], text), element('xml', {}, [], text)])
  expect(formatXml(document, 0, new Set(['xml']))).toBe(
    '<r a="&#xE4;&#x20AC;&#x1F600;">\n  <t>&#xE4;&#x20AC;&#x1F600;</t>\n  <xml><![CDATA[ä€😀]]></xml>\n</r>\n',
  )
  expect(formatXml(document)).toBe('<r a="ä€😀">\n  <t>ä€😀</t>\n  <xml>ä€😀</xml>\n</r>\n')
})

test('formatXml writes the text of some elements verbatim, what would end it divided', () => {
  const document = element('r', {}, [element('xml', {}, [], '<a b="]]>"/>'), element('t', {}, [], 'a<b')])
  expect(formatXml(document, 0, new Set(['xml']))).toBe(
    '<r>\n  <xml><![CDATA[<a b="]]]]><![CDATA[>"/>]]></xml>\n  <t>a&lt;b</t>\n</r>\n',
  )
})
