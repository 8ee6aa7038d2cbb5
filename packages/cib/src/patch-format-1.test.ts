import { element, parseXml, writeXml, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { patchDigest } from './digest.ts'
import { cibFaults } from './fault.ts'
import { applyPatch } from './patch-apply.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(`${read.error.reason}: ${text}`)
  return read.value
}

const start = xml(
  '<cib epoch="5"><nodes><node id="1" uname="n1" x="1"/><node id="2" uname="n2"/><n k="1"/><n k="2"/><!--c--></nodes></cib>',
)

/** What a patch makes of the nodes, or the code. */
function patched(gone: string, come: string, more = ''): string | number {
  const tree = (name: string, inside: string) => `<${name}><cib><nodes>${inside}</nodes></cib></${name}>`
  const done = applyPatch(start, xml(`<diff${more}>${tree('diff-removed', gone)}${tree('diff-added', come)}</diff>`))
  return done.ok ? writeXml(done.value).replace(/^<cib epoch="5"><nodes>(.*)<\/nodes><\/cib>$/, '$1') : done.error
}

const top = (name: 'removed' | 'added') => `__crm_diff_marker__="${name}:top"`
const nodes = '<node id="1" uname="n1" x="1"/><node id="2" uname="n2"/><n k="1"/><n k="2"/><!--c-->'

describe('a patch of format 1', () => {
  test.each([
    ['removes what is marked', `<node id="2" ${top('removed')}/>`, '', nodes.replace('<node id="2" uname="n2"/>', '')],
    ['removes all of a name without ids', `<n ${top('removed')}/>`, '', nodes.replace(/<n k="."\/>/g, '')],
    ['removes nothing that is not marked, and no attributes', '<node id="1" x="1"/>', '', nodes],
    [
      'adds what is marked, at the end',
      '',
      `<node id="3" ${top('added')}><y ${top('added')}/></node>`,
      `${nodes}<node id="3"><y/></node>`,
    ],
    ['adds nothing that is not marked', '', '<node id="3"/><!--d-->', nodes],
    [
      'sets attributes, and puts all that it names last',
      '',
      '<node id="1" uname="n9"/>',
      nodes.replace('id="1" uname="n1" x="1"', 'x="1" id="1" uname="n9"'),
    ],
    ['meets one without an id by its name', '', '<n k="9"/>', nodes.replace('k="1"', 'k="9"')],
    ['leaves alone what has an id where it has none', '', '<node uname="n9"/>', nodes],
  ])('%s', (_, gone, come, result) => {
    expect(patched(gone, come)).toBe(result)
    expect(patched(gone, come, ' format="1"')).toBe(result)
  })

  test('is refused where its result is not what its digest says', () => {
    const come = '<n k="9"/>'
    expect(patched('', come, ` digest="${'0'.repeat(32)}"`)).toBe(cibFaults.patch)
    const result = xml(writeXml(start).replace('k="1"', 'k="9"'))
    expect(patched('', come, ` digest="${patchDigest(result)}"`)).toContain('k="9"')
  })

  test('is refused where it has several roots, would remove the whole, or is of another format', () => {
    const code = (text: string) => {
      const done = applyPatch(start, xml(text))
      return done.ok ? writeXml(done.value) : done.error
    }
    expect(code('<diff><diff-added><cib/><cib/></diff-added></diff>')).toBe(cibFaults.notUnique)
    expect(code(`<diff><diff-removed><cib ${top('removed')}/></diff-removed></diff>`)).toBe(cibFaults.invalid)
    expect(code('<diff format="3"/>')).toBe(cibFaults.invalid)
    expect(code('<diff/>')).toBe(writeXml(start))
    expect(code('<diff><diff-added><other/></diff-added></diff>')).toBe(writeXml(start))
  })

  test('of any shape changes the document, or is refused', () => {
    const name = fc.constantFrom('diff-removed', 'diff-added', 'cib', 'nodes', 'node', 'n', 'version', 'change')
    const attributes = fc.dictionary(
      fc.constantFrom('id', 'k', 'epoch', 'format', 'digest', '__crm_diff_marker__'),
      fc.constantFrom('1', '2', '5', '6', 'x', 'removed:top', 'added:top'),
      { maxKeys: 3 },
    )
    const level = (inside: fc.Arbitrary<XmlElement[]>) =>
      fc.tuple(name, attributes, inside).map(([tag, values, children]) => element(tag, values, children))
    const many = (of: fc.Arbitrary<XmlElement>) => fc.array(of, { maxLength: 3 })
    const tree = level(many(level(many(level(many(level(fc.constant([]))))))))
    fc.assert(
      fc.property(tree, fc.boolean(), (patch, checksVersion) => {
        const done = applyPatch(start, patch, { checksVersion })
        expect(done.ok ? done.value.name : done.error).toBeDefined()
      }),
      { numRuns: 1000 },
    )
  })
})

test('a version of a patch that is there in part starts from the rest of the document’s', () => {
  const cib = xml('<cib epoch="5" num_updates="2" admin_epoch="0"><nodes/></cib>')
  const code = (from: string, to: string) => {
    const done = applyPatch(cib, xml(`<diff format="2"><version><source ${from}/><target ${to}/></version></diff>`))
    return done.ok ? 0 : done.error
  }
  expect(code('epoch="5"', 'epoch="6"')).toBe(0)
  expect(code('', '')).toBe(0)
  expect(code('epoch="6"', '')).toBe(cibFaults.patchResync)
  expect(code('epoch="x"', 'epoch="9"')).toBe(cibFaults.old)
})
