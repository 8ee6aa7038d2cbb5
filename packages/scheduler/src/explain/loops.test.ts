import { invariant } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { setNamesMax } from '../constraint/lookup.ts'
import { decisionOn } from './decision.ts'
import { configurationProblems, explain } from './explain.ts'
import { explanationLines } from './explanation-text.ts'
import { loopsOf } from './loops.ts'
import { whatIf, whatIfLines } from './what-if.ts'

const options = { nowSeconds: 1_700_000_000 }

function cib(resources: string, constraints: string, tags = ''): XmlElement {
  const properties = ['stonith-enabled', 'enable-startup-probes'].map(
    (name) => `<nvpair id="${name}" name="${name}" value="false"/>`,
  )
  const states = [1, 2].map(
    (n) => `<node_state id="${n}" uname="n${n}" in_ccm="true" crmd="online" join="member" expected="member"/>`,
  )
  const parsed = parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1">
    <configuration><crm_config><cluster_property_set id="p">${properties.join('')}</cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>
    <resources>${resources}</resources><constraints>${constraints}</constraints>${tags}</configuration>
    <status>${states.join('')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

const primitive = (id: string): string => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`
const order = (id: string, first: string, then: string, more = ''): string =>
  `<rsc_order id="${id}" first="${first}" then="${then}" ${more}/>`
const colocation = (id: string, rsc: string, other: string, score = 'INFINITY'): string =>
  `<rsc_colocation id="${id}" rsc="${rsc}" with-rsc="${other}" score="${score}"/>`
const three = ['a', 'b', 'c'].map(primitive).join('')

function loops(of: XmlElement) {
  return loopsOf(decisionOn(of, options)).map(({ kind, constraints }) => [kind, ...[...constraints].sort()])
}

test('a loop is told with every constraint in it, whoever asks', () => {
  const of = cib(three, order('o1', 'a', 'b') + order('o2', 'b', 'c') + order('o3', 'c', 'a'))
  const text =
    'orders go in a circle: start a, then start b (o1), then start c (o2), then start a (o3); each waits for the one before'
  expect(loopsOf(decisionOn(of, options))).toMatchObject([{ text, resources: ['b', 'c', 'a'] }])
  const found = explain(of, 'b', undefined, options)
  invariant(found.ok, 'the resource is there')
  expect(explanationLines(found.value)).toContain(`Warning: ${text}.`)
  expect(configurationProblems(of, options)).toEqual([{ kind: 'loop', text }])
})

test('what-if tells a loop that a change would make from those that are there', () => {
  const before = cib(three, colocation('c1', 'a', 'b'))
  const after = cib(three, colocation('c1', 'a', 'b') + colocation('c2', 'b', 'a'))
  const lines = (old: XmlElement): readonly string[] => {
    const found = whatIf(old, {}, options, after)
    invariant(found.ok, 'nothing is unknown')
    return whatIfLines(found.value).filter((line) => line.startsWith('Warning'))
  }
  const text = 'colocations go in a circle: a with b (c1), that with a (c2); each waits for the place of the next.'
  expect(lines(before)).toEqual([`Warning (new): ${text}`])
  expect(lines(after)).toEqual([`Warning: ${text}`])
})

test('groups, sets, clones and templates lead around too', () => {
  const group = `<group id="g">${primitive('m1')}${primitive('m2')}</group>${primitive('x')}`
  expect(loops(cib(group, order('o1', 'g', 'x') + order('o2', 'x', 'm2')))).toEqual([['order', 'o1', 'o2']])
  expect(loops(cib(group, colocation('c1', 'g', 'x') + colocation('c2', 'x', 'g')))).toEqual([
    ['colocation', 'c1', 'c2'],
  ])
  const set =
    '<rsc_order id="s"><resource_set id="s1"><resource_ref id="a"/><resource_ref id="b"/></resource_set></rsc_order>'
  expect(loops(cib(three, set + order('o1', 'b', 'a')))).toEqual([['order', 'o1', 's']])
  const clone = `<clone id="k">${primitive('i')}</clone>${primitive('x')}`
  expect(loops(cib(clone, order('o1', 'k', 'x') + order('o2', 'x', 'k')))).toEqual([['order', 'o1', 'o2']])
  const template = `<template id="t" class="ocf" provider="pacemaker" type="Dummy"/><primitive id="a" template="t"/>${primitive('b')}`
  expect(loops(cib(template, order('o1', 't', 'b') + order('o2', 'b', 't')))).toEqual([['order', 'o1', 'o2']])
})

test('a promotion comes after its start, and a resource can be in the way of itself', () => {
  const promotable = `<clone id="k"><meta_attributes id="m"><nvpair id="m1" name="promotable" value="true"/></meta_attributes><primitive id="i" class="ocf" provider="pacemaker" type="Stateful"/></clone>${primitive('x')}`
  const promoted = order('o1', 'k', 'x', 'first-action="promote" then-action="start"')
  expect(loops(cib(promotable, promoted + order('o2', 'x', 'k', 'first-action="start"')))).toEqual([
    ['order', 'o1', 'o2'],
  ])
  expect(loops(cib(three, order('o1', 'a', 'a') + colocation('c1', 'b', 'b')))).toEqual([
    ['colocation', 'c1'],
    ['order', 'o1'],
  ])
})

test('what is no loop is none: members in a row, wishes to be apart, orders that only serialize', () => {
  const group = `<group id="g">${primitive('m1')}${primitive('m2')}</group>${primitive('x')}`
  expect(loops(cib(group, order('o1', 'm1', 'x') + order('o2', 'x', 'm2')))).toEqual([])
  expect(loops(cib(three, colocation('c1', 'a', 'b', '-50') + colocation('c2', 'b', 'a', '-50')))).toEqual([])
  const serial = 'kind="Serialize"'
  expect(loops(cib(three, order('o1', 'a', 'b', serial) + order('o2', 'b', 'a', serial)))).toEqual([])
})

test('a chain of thousands is no loop, and a circle of thousands one', () => {
  const count = 2000
  const numbers = Array.from({ length: count }, (_, i) => i)
  const resources = numbers.map((i) => primitive(`r${i}`)).join('')
  const chain = numbers.slice(1).map((i) => order(`o${i}`, `r${i - 1}`, `r${i}`))
  expect(loops(cib(resources, chain.join('')))).toEqual([])
  const circle = cib(resources, [...chain, order('o0', `r${count - 1}`, 'r0')].join(''))
  const [only, ...more] = loopsOf(decisionOn(circle, options))
  expect([only?.constraints.length, more]).toEqual([count, []])
  expect(only?.text).toMatch(/\(o12\) and so on, 2000 steps in all; each waits for the one before$/)
})

test('a rule that asks for itself is not true, however often it asks', () => {
  const asks = '<rule id-ref="r"/>'.repeat(3)
  const location = `<rsc_location id="l" rsc="a"><rule id="r" score="5" boolean-op="or"><expression id="e" attribute="nope" operation="defined"/>${asks}</rule></rsc_location>`
  const { cluster, trace } = decisionOn(cib(three, location), options)
  const [a, node] = [cluster.resourceById.get('a'), cluster.nodes[0]]
  invariant(a !== undefined && node !== undefined, 'both are configured')
  expect(trace.steps(a, node).filter(({ cause }) => cause.kind === 'location')).toEqual([])
})

test('tags in each other end in a message, and many names are none', () => {
  const names = Array.from({ length: 14 }, (_, i) => `t${i}`)
  const refs = names.map((name) => `<obj_ref id="${name}"/>`).join('')
  const set = (id: string): string => `<resource_set id="s-${id}"><resource_ref id="${id}"/></resource_set>`
  const constraint = `<rsc_order id="o">${set('t0')}${set('a')}</rsc_order>`
  const circular = `<tags>${names.map((name) => `<tag id="${name}">${refs}</tag>`).join('')}</tags>`
  expect(configurationProblems(cib(three, constraint, circular), options)).toContainEqual({
    kind: 'error',
    text: "Ignoring resource sets for constraint 'o' because 't0' is not a valid resource or tag",
  })
  // Of 17 tags each has the next one twice under different names: 2^17 names are more than a constraint may have.
  const doubled = (depth: number): string => {
    const tags = Array.from({ length: depth }, (_, i) => {
      const below = i === 0 ? ['b', 'c'] : [`x${i - 1}`, `y${i - 1}`]
      const inside = below.map((id) => `<obj_ref id="${id}"/>`).join('')
      return `<tag id="x${i}">${inside}</tag><tag id="y${i}">${inside}</tag>`
    })
    return `<tags>${tags.join('')}</tags>`
  }
  const problems = (depth: number): number => {
    const of = cib(
      three,
      `<rsc_location id="l" node="n1" score="1">${set(`x${depth - 1}`)}</rsc_location>`,
      doubled(depth),
    )
    return configurationProblems(of, options).filter(({ kind }) => kind === 'error').length
  }
  expect(2 ** 17).toBeGreaterThan(setNamesMax)
  expect(problems(3)).toBe(0)
  expect(problems(17)).toBeGreaterThan(0)
})
