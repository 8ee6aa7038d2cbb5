import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attr, beginsWithTag, commentName, element, settled, tagText, withAttributes, withChildren } from './element.ts'
import type { XmlElement } from './node.ts'
import { parseXml } from './reader.ts'
import { formatXml, writeXml } from './writer.ts'
import { xmlErrorText } from './xml-error.ts'

function refused(document: string | Iterable<string>, options = {}): string {
  const read = parseXml(document, options)
  return read.ok ? `accepted: ${writeXml(read.value)}` : xmlErrorText(read.error, 'f')
}

/** A document cut at places that are taken modulo its length. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const at = places.map((place) => place % (text.length + 1)).sort((a, b) => a - b)
  return [0, ...at].map((from, i) => text.slice(from, at[i]))
}

function accepted(text: string): string {
  const read = parseXml(text)
  return read.ok ? writeXml(read.value) : refused(text)
}

describe('parseXml', () => {
  test('keeps attribute order, comments and text, drops white space and instructions', () => {
    expect(
      accepted('<?xml version="1.0"?>\n<!-- top --><a z="1" b="2">\n <!-- in --> <?pi x?>\n <b>t&lt;</b>\n</a>\n'),
    ).toBe('<a z="1" b="2"><!-- in --><b>t&lt;</b></a>')
  })

  test('turns line ends inside values into spaces but keeps character references', () => {
    const read = parseXml('<a b="1\n2&#10;3"/>')
    expect(read.ok && attr(read.value, 'b')).toBe('1 2\n3')
  })

  test('names the place of a fault', () => {
    expect(refused('<a>\n  <b x=1/>\n</a>')).toBe('f:2:9: unquoted attribute value')
    expect(refused('<a><b></a>')).toMatch(/^f:1:\d+: /)
    expect(refused('')).toMatch(/^f:1:/)
    expect(refused('<a b="1" b="2"/>')).toMatch(/duplicate attribute: b/)
  })

  test.each([
    '',
    ' SYSTEM "crm.dtd"',
    ` PUBLIC '-//x' "crm.dtd" `,
    ' [<!ELEMENT a (b|c)*><!ELEMENT b EMPTY> <!NOTATION n SYSTEM "n">]',
    ' [<!-- ]> \' --><?pi ]> ?><!ENTITY e "]>"><!ENTITY % p SYSTEM "p"><!ENTITY f SYSTEM "f" NDATA n>]',
    ' [<!ATTLIST a b CDATA #REQUIRED c ( x | y ) "x"\n d NOTATION (n) #FIXED \'n\'>] ',
    ' [<!ENTITY lt "&#38;#60;"><!ENTITY amp "ever">]',
  ])('takes a document type that nothing depends on: %s', (declaration) => {
    expect(accepted(`<!DOCTYPE a${declaration}><a b="&lt;"/>`)).toBe('<a b="&lt;"/>')
  })

  test('trims the blanks of values that are declared to be tokens, and no others', () => {
    const lists = '<!ATTLIST a b NMTOKENS #IMPLIED c CDATA #IMPLIED><!ATTLIST a c ID #IMPLIED d ID #IMPLIED>'
    expect(accepted(`<!DOCTYPE a [${lists}]><a b=" 1  2 " c=" 3 " d=" 4"><b b=" 5"/></a>`)).toBe(
      '<a b="1 2" c=" 3 " d="4"><b b=" 5"/></a>',
    )
  })

  const laughs = '<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY __proto__ SYSTEM "/etc/passwd">'
  test.each([
    [laughs, '<a b="&b;"/>', "f:1:101: entity '&b;' of the document type declaration is not expanded"],
    [laughs, '<a>&a;</a>', "f:1:98: entity '&a;' of the document type declaration is not expanded"],
    [laughs, '<a>&__proto__;</a>', "f:1:106: entity '&__proto__;' of the document type declaration is not expanded"],
    ['<!ENTITY % p "x">%p;', '<a/>', "f:1:36: entity '%p;' of the document type declaration is not expanded"],
    ['', '<a b="&x;"/>', 'f:1:25: undefined entity'],
    ['<!ATTLIST a xmlns CDATA "u">', '<a/>', `f:1:44: 'a' gets a namespace by its declaration: "u"`],
    ...['word', '<!FOO>', '<!ELEMENT a>', '<!ATTLIST a b CDATA>', '<?xml version="1.0"?>', '<a/>'].map((wrong) => {
      const place = `f:1:${16 + wrong.length}`
      const what = wrong.startsWith('<!ATT') ? 'a declaration of attributes' : 'a declaration'
      const shown = wrong.startsWith('<!ATT') ? wrong.slice(11) : wrong
      return [wrong, '<a/>', `${place}: ${what} in the document type declaration cannot be read: '${shown}]'`]
    }),
  ])('expands no entity, and refuses what it cannot read of a document type: %s %s', (subset, root, told) => {
    expect(refused(`<!DOCTYPE a [${subset}]>${root}`)).toBe(told)
  })

  test('holds the length of a document type', () => {
    const long = `<!DOCTYPE a [${'<!-- x -->'.repeat(30_000)}]><a/>`
    expect(refused(long)).toMatch(/^f:1:300016: document type declaration of 300005 characters, limit 262144$/)
  })

  test.each([
    ['<a xmlns:x="u" xmlns:y=""><b xmlns:x="v" c="1" xmlns=""/></a>', '<a><b c="1"/></a>'],
    ['<a xmlns=""><b/></a>', '<a><b/></a>'],
    ['<a xmlns="u" xmlns:="v"><x:b x:c="1"/></a>', '<a xmlns="u" xmlns:="v"><x:b x:c="1"/></a>'],
  ])('drops what declares the namespace of a prefix, as no attribute: %s', (text, written) => {
    expect(accepted(text)).toBe(written)
    expect(parseXml(text, { isLazy: true })).toEqual(parseXml(text, { lines: new Map() }))
  })

  test('tells which elements have CDATA', () => {
    const sections = new Set<XmlElement>()
    const read = parseXml('<a><![CDATA[ ]]><b>t</b><c>t<![CDATA[u]]></c></a>', { sections })
    expect([...sections]).toEqual([read.ok && read.value.children[1]])
  })

  test.each([
    ['charactersMax', '<a/>', '<a />', 4],
    ['depthMax', '<a><b/></a>', '<a><b><c/></b></a>', 2],
    ['nodesMax', '<a><b/></a>', '<a><b/><!----></a>', 2],
    ['attributesMax', '<a b="1" c="1"/>', '<a b="1" c="1" d="1"/>', 2],
    ['valueCharactersMax', '<a b="12"/>', '<a b="123"/>', 2],
  ])('holds %s', (limit, at, over, value) => {
    expect(parseXml(at, { limits: { [limit]: value } }).ok).toBe(true)
    expect(parseXml(over, { limits: { [limit]: value } }).ok).toBe(false)
  })

  test('never throws, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'<>/="\'&;!-[]a b\n?x#1', '<a', '/>', '<!--', 'CDATA[') }),
        (text) => {
          parseXml(text)
        },
      ),
    )
  })

  test('reads back what the writers wrote', () => {
    const value = fc.string({ unit: fc.constantFrom('a', ' ', '<', '&', '"', "'", '>', 'é', '漢') })
    const leaf = fc.tuple(fc.constantFrom('a', 'b', 'c'), value).map(([name, v]) => element(name, { v }))
    const branch = fc
      .tuple(value, fc.array(leaf, { maxLength: 3 }))
      .map(([v, children]) => element('d', { v }, children))
    const tree = fc.array(fc.oneof(leaf, branch), { maxLength: 4 }).map((children) => element('root', {}, children))
    fc.assert(
      fc.property(tree, (root) => {
        expect(parseXml(writeXml(root))).toEqual({ ok: true, value: root })
        expect(parseXml(formatXml(root))).toEqual({ ok: true, value: root })
      }),
    )
  })

  test('the scanner of plain documents and the whole reader read the same', () => {
    const unit = fc.constantFrom(
      ...' \n\t=/>\'"&;x',
      '<a',
      '<b ',
      '</a>',
      '</b>',
      '/>',
      ' k="v"',
      " l='&lt;'",
      ' k="é"',
    )
    const more = fc.constantFrom(
      '<!--c-->',
      '<!-- - -->',
      '&amp;',
      '&#10;',
      '<?xml version="1.0"?>',
      ' m="1\n2"',
      ' n.-_0="<"',
    )
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(unit, more), maxLength: 30 }), fc.array(fc.nat()), (text, places) => {
        const whole = parseXml(text, { lines: new Map() })
        expect(parseXml(text)).toEqual(whole)
        expect(parseXml(cut(text, places))).toEqual(whole)
        const lazy = parseXml(text, { isLazy: true })
        expect(lazy.ok ? { ok: true, value: settled(lazy.value) } : lazy).toEqual(whole)
      }),
      { numRuns: 3000 },
    )
  })

  test('elements alike are read as they are one by one', () => {
    const tag = fc.constantFrom(
      '<a x="1" y="2"/>',
      '<a x="&lt;" y="2"/>',
      '<a x="1"  y="2"/>',
      '<a x="1" y="2" />',
      "<a x='1' y='\"'/>",
      '<a x="1" y="é"/>',
      '<a x="1" x="2"/>',
      '<a y="1" x="2"/>',
      '<a.b x="1"><c/></a.b>',
      '<a.b x="1"></a.b >',
      '<aXb x="1"></aXb>',
      '<c/>',
      '<!--a-->',
      'text',
    )
    const odd = fc.array(tag, { maxLength: 3 }).map((tags) => tags.join('\n '))
    const many = fc.tuple(fc.array(tag, { minLength: 1, maxLength: 4 }), fc.nat({ max: 6 }), odd)
    fc.assert(
      fc.property(fc.array(many, { maxLength: 3 }), fc.nat({ max: 40 }), (parts, size) => {
        const text = `<r>${parts.map(([tags, count, rest]) => tags.join('').repeat(count) + rest).join('')}</r>`
        const whole = parseXml(text, { lines: new Map() })
        expect(parseXml(text)).toEqual(whole)
        // Cut where a tag begins, as files are, so that the scanner reads all pieces.
        const pieces = text.split(new RegExp(`(?<=^(?:.{${size}})*)(?=<)`, 's'))
        for (const document of [text, pieces]) {
          const lazy = parseXml(document, { isLazy: true })
          expect(lazy.ok ? { ok: true, value: settled(lazy.value) } : lazy).toEqual(whole)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('a document in pieces is measured as a whole, and read to its end whatever is wrong with it', () => {
    const limits = { charactersMax: 7 }
    expect(refused(['<a>', '<b>', '</b', '></a>'], { limits })).toBe('f:1:1: document of 14 characters, limit 7')
    expect(parseXml(['<a>', '</a>'], { limits }).ok).toBe(true)
    let given = 0
    const pieces = function* () {
      for (const piece of ['<a>', '<b', '/></c>', '<d/>']) {
        given += 1
        yield piece
      }
    }
    expect(refused(pieces())).toBe('f:1:12: unexpected close tag')
    expect(given).toBe(4)
  })

  test('an element that is read lazily knows its attributes, also in changed copies', () => {
    const read = parseXml('<a x="1" y="&lt;" z="3"><b/></a>', { isLazy: true })
    if (!read.ok) throw new Error(xmlErrorText(read.error, 'f'))
    expect([attr(read.value, 'y'), attr(read.value, 'w')]).toEqual(['<', undefined])
    expect(writeXml(withAttributes(read.value, { x: '2', z: undefined }))).toBe('<a x="2" y="&lt;"><b/></a>')
    expect(writeXml(withChildren(read.value, []))).toBe('<a x="1" y="&lt;" z="3"/>')
  })

  describe('the tag of an element that is read lazily', () => {
    const tag = '<a x="1" y="2">'
    const likeIt = [tag, tag, tag].map((start) => `${start}<b/></a>`).join('')
    const lastOf = (text: string) => {
      const read = parseXml(`<r>${likeIt}${text}</r>`, { isLazy: true })
      if (!read.ok) throw new Error(xmlErrorText(read.error, 'f'))
      return { first: read.value.children[2] as XmlElement, last: read.value.children[3] as XmlElement }
    }

    test.each([
      [`${tag}</a>`, true],
      [`${tag} <c/></a>`, true],
      ['<a x="1" y="2"/>', false],
      ['<a x="1" y="21"></a>', false],
      ['<a x="1"></a>', false],
      ['<a y="2" x="1"></a>', false],
      ['<aa x="1" y="2"></aa>', false],
    ])('is repeated by %s: %s', (text, expected) => {
      const { first, last } = lastOf(text)
      expect(tagText(first)).toBe(tag)
      expect(beginsWithTag(last, tagText(first) ?? '')).toBe(expected)
    })

    test('is not at hand where it says more than its text, nor of elements that were made', () => {
      expect(tagText(lastOf('<a x="&lt;" y="2"/>').last)).toBeUndefined()
      expect(tagText(element('a', { x: '1', y: '2' }))).toBeUndefined()
      expect(beginsWithTag(element('a', { x: '1', y: '2' }), tag)).toBe(false)
    })
  })

  test('gives comments a name that no element can have', () => {
    expect(parseXml(`<a><${commentName}/></a>`).ok).toBe(false)
  })
})
