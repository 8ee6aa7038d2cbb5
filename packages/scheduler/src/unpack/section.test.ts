import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { type SectionName, sectionOf } from './section.ts'

function found(inside: string, name: SectionName): string | undefined {
  const [whole, lazy] = [false, true].map((isLazy) => {
    const parsed = parseXml(`<cib>${inside}</cib>`, { isLazy })
    if (!parsed.ok) throw new Error('a cib is well formed')
    return sectionOf(parsed.value, name)?.attributes[1]
  })
  expect(lazy).toBe(whole)
  return whole
}

const names: readonly SectionName[] = ['crm_config', 'nodes', 'resources', 'tags', 'rsc_defaults', 'op_defaults']

test.each(names)('%s is found by its name, and counts only where it stands alone', (name) => {
  expect(found(`<configuration><${name} id="a"/></configuration><status/>`, name)).toBe('a')
  expect(found(`<configuration/><configuration><${name} id="a"/></configuration>`, name)).toBe('a')
  expect(found(`<configuration/><${name} id="a"/>`, name)).toBe('a')
  expect(found(`<configuration><${name} id="a"/><${name} id="b"/></configuration>`, name)).toBeUndefined()
  expect(found(`<configuration><${name} id="a"/></configuration><${name} id="b"/>`, name)).toBeUndefined()
  expect(found('<configuration/><status/>', name)).toBeUndefined()
  expect(found(`<configuration><other><${name} id="a"/></other></configuration>`, name)).toBe('a')
  expect(found(`<configuration><${name} id="a"/></configuration><status><${name}/></status>`, name)).toBeUndefined()
  expect(found(`<other><cib><configuration><${name} id="a"/></configuration></cib></other>`, name)).toBe('a')
})

test('constraints and status are found in their place only', () => {
  expect(found('<configuration><constraints id="a"/></configuration>', 'constraints')).toBe('a')
  expect(found('<configuration/><constraints id="a"/>', 'constraints')).toBeUndefined()
  expect(found('<configuration/><other><constraints id="a"/></other>', 'constraints')).toBeUndefined()
  expect(
    found('<configuration><configuration><constraints id="a"/></configuration></configuration>', 'constraints'),
  ).toBe(undefined)
  expect(found('<other><cib><configuration><constraints id="a"/></configuration></cib></other>', 'constraints')).toBe(
    'a',
  )
  expect(found('<configuration/><status id="a"/>', 'status')).toBe('a')
  expect(found('<configuration/><other><cib><status id="a"/></cib></other>', 'status')).toBe('a')
  expect(found('<configuration/><other><status/></other><status id="a"/>', 'status')).toBeUndefined()
  expect(found('<configuration><status id="a"/></configuration>', 'status')).toBeUndefined()
  expect(found('<status id="a"/><status id="b"/>', 'status')).toBeUndefined()
})
