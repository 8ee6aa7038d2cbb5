import { attr, element, formatXml, parseXml, writeXml, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyCib } from './empty-cib.ts'
import { cibFaults } from './fault.ts'
import { applyPatch } from './patch-apply.ts'
import { changesBetween, patchsetOf } from './patchset.ts'
import { performCall } from './perform.ts'
import { type CibCall, cibCallOptions } from './request.ts'
import { isValidCib } from './schema.ts'
import { versionOf, versionText } from './version.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const dummy = xml('<primitive id="d" class="ocf" provider="pacemaker" type="Dummy"/>')
const start = emptyCib(1)

function after(cib: XmlElement, ...calls: readonly CibCall[]): XmlElement {
  return calls.reduce((now, call) => {
    const done = performCall(now, call, { isValid: isValidCib })
    expect(done.rc, JSON.stringify(call)).toBe(0)
    return done.cib
  }, cib)
}

function rcOf(cib: XmlElement, call: CibCall): number {
  return performCall(cib, call, { isValid: isValidCib }).rc
}

describe('performCall', () => {
  test('counts changes of the configuration in the epoch, all others in the updates', () => {
    const created = after(start, { op: 'cib_create', section: 'resources', data: dummy })
    expect(versionText(versionOf(created))).toBe('0.2.0')
    const told = after(created, { op: 'cib_modify', section: 'status', data: xml('<status x="1"/>') })
    expect(versionText(versionOf(told))).toBe('0.2.1')
    const erased = after(told, { op: 'cib_erase' })
    expect(versionText(versionOf(erased))).toBe('1.3.0')
    expect(versionText(versionOf(after(erased, { op: 'cib_bump' })))).toBe('1.4.1')
  })

  test('answers the same object when nothing changes', () => {
    const created = after(start, { op: 'cib_create', section: 'resources', data: dummy })
    expect(
      performCall(created, { op: 'cib_modify', section: 'resources', data: dummy }, { isValid: () => true }).cib,
    ).toBe(created)
    expect(after(created, { op: 'cib_delete', data: xml('<primitive id="none"/>') })).toBe(created)
  })

  test.each<[string, CibCall, number]>([
    ['what exists', { op: 'cib_create', section: 'resources', data: dummy }, cibFaults.exists],
    ['what is invalid', { op: 'cib_create', section: 'resources', data: xml('<primitive id="e"/>') }, cibFaults.schema],
    ['no data', { op: 'cib_modify' }, cibFaults.invalid],
    ['what is not there', { op: 'cib_modify', data: xml('<group id="g"/>') }, cibFaults.noSuchObject],
    ['an older CIB', { op: 'cib_replace', data: emptyCib(1) }, cibFaults.old],
    ['a sync with a wrong digest', { op: 'cib_replace', data: emptyCib(9), digest: '0' }, cibFaults.old],
    ['the root', { op: 'cib_delete', section: '/cib', options: cibCallOptions.xpath }, cibFaults.invalid],
    [
      'an XPath that is none',
      { op: 'cib_query', section: '//[', options: cibCallOptions.xpath },
      cibFaults.noSuchObject,
    ],
    ['a newer feature set', { op: 'cib_modify', data: xml('<cib crm_feature_set="4.0"/>') }, cibFaults.protocol],
  ])('refuses %s', (_, call, rc) => {
    const created = after(start, { op: 'cib_create', section: 'resources', data: dummy })
    const done = performCall(created, call, { isValid: isValidCib })
    expect(done.rc).toBe(rc)
    expect(done.cib).toBe(created)
  })

  test('adds up scores that are written as sums', () => {
    const set = (value: string): CibCall => ({
      op: 'cib_modify',
      data: xml(
        `<crm_config><cluster_property_set id="s"><nvpair id="n" name="n" value="${value}"/></cluster_property_set></crm_config>`,
      ),
    })
    const value = (cib: XmlElement) => /name="n" value="([^"]*)"/.exec(writeXml(cib))?.[1]
    expect(value(after(start, set('value++')))).toBe('1')
    expect(value(after(start, set('5'), set('value+=7')))).toBe('12')
    expect(value(after(start, set('INFINITY'), set('value++')))).toBe('1000000')
  })

  test('removes what an update marks, and adds the rest', () => {
    const nvpairs = (inner: string) =>
      xml(`<status><node_state id="1"><set id="s">${inner}</set></node_state></status>`)
    const first = after(start, {
      op: 'cib_modify',
      section: 'status',
      data: nvpairs('<nvpair id="a"/><nvpair id="b"/>'),
    })
    const mixed = after(first, {
      op: 'cib_modify',
      section: 'status',
      options: cibCallOptions.mixedUpdate,
      data: nvpairs('<nvpair id="a" __delete__="1"/><nvpair id="c"/>'),
    })
    expect(writeXml(mixed)).toContain('<set id="s"><nvpair id="b"/><nvpair id="c"/></set>')
  })

  test('stamps changes of the configuration, and leaves no trace of the stamp in the diff', () => {
    const stamp = { lastWritten: 'Sun Nov 22 15:31:24 2026', origin: 'n1', client: 'crmd', user: 'hacluster' }
    const call: CibCall = { op: 'cib_create', section: 'resources', data: dummy, stamp }
    const done = performCall(start, call, { isValid: isValidCib })
    expect(attr(done.cib, 'update-origin')).toBe('n1')
    expect(done.diff && writeXml(done.diff)).not.toContain('hacluster')
    const status = after(done.cib, {
      op: 'cib_modify',
      data: xml('<status x="1"/>'),
      stamp: { ...stamp, origin: 'n2' },
    })
    expect(attr(status, 'update-origin')).toBe('n1')
  })

  test('keeps the counters of a sync', () => {
    const data = xml(writeXml(emptyCib(7)).replace('<resources/>', `<resources>${writeXml(dummy)}</resources>`))
    expect(versionText(versionOf(after(start, { op: 'cib_replace', data, isSync: true })))).toBe('0.7.0')
    expect(versionText(versionOf(after(start, { op: 'cib_replace', data })))).toBe('0.8.0')
  })

  test('tells a dry run without doing it', () => {
    const call: CibCall = { op: 'cib_create', section: 'resources', data: dummy, options: cibCallOptions.dryRun }
    const done = performCall(start, call, { isValid: isValidCib })
    expect(done.cib).toBe(start)
    expect(done.diff).toBeDefined()
  })

  test('never throws, whatever it is given', () => {
    const name = fc.constantFrom('cib', 'resources', 'primitive', 'status', 'diff', 'change')
    const data = fc.tuple(name, fc.constantFrom('a', 'b'), fc.array(name, { maxLength: 2 })).map(([root, id, inner]) =>
      element(
        root,
        { id, operation: 'move', path: '/cib' },
        inner.map((item) => element(item)),
      ),
    )
    const op = fc.constantFrom<CibCall['op']>(
      'cib_query',
      'cib_create',
      'cib_modify',
      'cib_delete',
      'cib_replace',
      'cib_apply_diff',
      'cib_erase',
      'cib_bump',
      'cib_upgrade',
    )
    const section = fc.constantFrom(undefined, 'resources', 'all', '//*', '/', 'none')
    fc.assert(
      fc.property(op, section, fc.nat(0x3ff), data, (which, where, options, what) => {
        rcOf(start, { op: which, section: where, options, data: what })
      }),
      { numRuns: 1000 },
    )
  })
})

describe('patchsets', () => {
  const item = fc.record({
    name: fc.constantFrom('a', 'b'),
    id: fc.constantFrom('1', '2', '3'),
    x: fc.constantFrom('1', '2'),
  })
  const tree = fc
    .uniqueArray(fc.tuple(item, fc.uniqueArray(item, { maxLength: 4, selector: (i) => i.name + i.id })), {
      maxLength: 5,
      selector: ([i]) => i.name + i.id,
    })
    .map((list) => {
      const make = ({ name, id, x }: { name: string; id: string; x: string }, inner: readonly XmlElement[]) =>
        element(name, { id, x }, inner)
      return element(
        'cib',
        {},
        list.map(([outer, inner]) =>
          make(
            outer,
            inner.map((one) => make(one, [])),
          ),
        ),
      )
    })

  test('hold what is different, whole when what is new is put in place', () => {
    fc.assert(
      fc.property(tree, tree, (before, now) => {
        const changes = changesBetween(before, now)
        const applied = applyPatch(before, patchsetOf(changes, undefined), { checksVersion: false })
        // Moves in the C side's notation cannot always be carried out; then they are refused, never wrong.
        if (changes.some((change) => change.operation === 'move') && !applied.ok) return
        expect(applied).toEqual({ ok: true, value: now })
      }),
    )
  })

  test('are refused when they do not start from the version that is there', () => {
    const versions = {
      source: { adminEpoch: 0, epoch: 5, updates: 0 },
      target: { adminEpoch: 0, epoch: 6, updates: 0 },
    }
    const patch = patchsetOf([], versions)
    expect(applyPatch(emptyCib(4), patch)).toEqual({ ok: false, error: cibFaults.patchResync })
    expect(applyPatch(emptyCib(6), patch)).toEqual({ ok: false, error: cibFaults.old })
    // The counters move with the change of the root that a patch has for it, not by the heading.
    expect(applyPatch(emptyCib(5), patch)).toEqual({ ok: true, value: emptyCib(5) })
  })

  test('are refused when the result is not what their digest says', () => {
    const patch = patchsetOf([{ operation: 'delete', path: '/cib/status' }], undefined, '0'.repeat(32))
    expect(applyPatch(start, patch)).toEqual({ ok: false, error: cibFaults.patch })
    expect(formatXml(start)).toContain('<status/>')
  })
})
