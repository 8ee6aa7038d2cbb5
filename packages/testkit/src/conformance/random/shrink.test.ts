import { invariant } from '@quorate/base'
import { attr, descendants, formatXml, parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { randomCib } from './cib.ts'
import { shrink, shrinkTrialsMax } from './shrink.ts'

function read(text: string): XmlElement {
  const parsed = parseXml(text)
  invariant(parsed.ok, 'the test has a well-formed document')
  return parsed.value
}

const small = read(`<cib><configuration>
  <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>
  <resources>
    <group id="g"><primitive id="a"/><primitive id="b"/></group>
    <primitive id="c"><operations><op id="o" name="monitor" timeout="5s"/></operations></primitive>
  </resources></configuration>
  <status><node_state id="1" uname="n1"/><node_state id="2" uname="n2"/></status></cib>`)

function ids(of: XmlElement): readonly string[] {
  return [...descendants(of)].flatMap((item) => {
    const id = attr(item, 'id')
    return id === undefined ? [] : [`${item.name} ${id}`]
  })
}

test('what is not needed goes, inside and outside of what is', async () => {
  const shrunk = await shrink(small, (of) => [...descendants(of)].some((item) => attr(item, 'id') === 'o'))
  expect(ids(shrunk)).toEqual(['primitive c', 'op o'])
  expect(formatXml(shrunk)).not.toContain('timeout')
})

test('a node goes with its state, and never without', async () => {
  const shrunk = await shrink(small, (of) => [...descendants(of)].some((item) => item.name === 'node_state'))
  expect(ids(shrunk)).toEqual(['node 2', 'node_state 2'])
})

test('a group keeps one member', async () => {
  const shrunk = await shrink(small, (of) => [...descendants(of)].some((item) => item.name === 'group'))
  expect(ids(shrunk)).toEqual(['group g', 'primitive a'])
})

test('trials are counted', async () => {
  let trials = 0
  await shrink(randomCib(4, ['large']), () => {
    trials += 1
    return trials % 2 === 0
  })
  expect(trials).toBeGreaterThan(10)
  expect(trials).toBeLessThanOrEqual(shrinkTrialsMax)
})

test('a document of which everything is needed stays the same', async () => {
  expect(await shrink(small, () => false)).toBe(small)
})
