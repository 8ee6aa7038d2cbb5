import { emptyCib, performCall } from '@quorate/cib'
import { element } from '@quorate/xml'
import { expect, test } from 'vitest'
import { differenceText } from './difference.ts'

test('differenceText shows what was added and how the versions moved', () => {
  const before = emptyCib(1)
  const data = element('primitive', { id: 'd', class: 'lsb', type: 'x' })
  const { cib } = performCall(before, { op: 'cib_create', section: 'resources', data }, { isValid: () => true })
  expect(differenceText(before, cib)).toBe(`Diff: --- 0.1.0 2
Diff: +++ 0.2.0 (null)
+  /cib:  @epoch=2
++ /cib/configuration/resources:  <primitive id="d" class="lsb" type="x"/>
`)
  expect(differenceText(cib, cib)).toBe('')
})
