import { parseXml, type XmlElement } from '@quorate/xml'
import { describe, expect, it } from 'vitest'
import { placeOf, targetRoleIds, transientAttribute } from './resource-place.ts'

function cib(history: string, node = 'in_ccm="true" crmd="online"', resources = '<primitive id="vm1"/>'): XmlElement {
  const parsed = parseXml(`<cib><configuration><resources>${resources}</resources></configuration><status>
<node_state id="1" uname="n1" ${node}><lrm id="1"><lrm_resources>${history}</lrm_resources></lrm>
<transient_attributes id="1"><instance_attributes id="s"><nvpair id="p" name="force_stop-vm1" value="true"/></instance_attributes></transient_attributes>
</node_state></status></cib>`)
  if (!parsed.ok) throw new Error(parsed.error.reason)
  return parsed.value
}

function op(operation: string, call: number, rc: number, status = 0): string {
  return `<lrm_rsc_op id="vm1_${operation}_${call}" operation="${operation}" call-id="${call}" rc-code="${rc}" op-status="${status}"/>`
}

function activeAfter(...operations: readonly string[]): boolean {
  return placeOf(cib(`<lrm_resource id="vm1">${operations.join('')}</lrm_resource>`), 'vm1').activeOn.length > 0
}

describe('where a resource is', () => {
  it('follows from its operations in the order of their calls', () => {
    expect(activeAfter(op('monitor', 1, 7))).toBe(false)
    expect(activeAfter(op('monitor', 1, 0))).toBe(true)
    expect(activeAfter(op('monitor', 1, 7), op('start', 2, 0), op('monitor', 3, 0))).toBe(true)
    expect(activeAfter(op('stop', 9, 0), op('start', 2, 0), op('monitor', 3, 0))).toBe(false)
    expect(activeAfter(op('start', 2, 0), op('stop', 4, 1))).toBe(true)
    expect(activeAfter(op('start', 2, 1))).toBe(true)
    expect(activeAfter(op('start', 2, 0), op('migrate_to', 3, 0))).toBe(false)
    expect(activeAfter(op('migrate_from', 2, 0))).toBe(true)
    expect(activeAfter(op('start', 2, 0), op('stop', 4, 193, -1))).toBe(true)
    expect(activeAfter(op('start', 2, 0), op('monitor', 3, 1))).toBe(true)
  })

  it('is nowhere on nodes that are not members', () => {
    const history = `<lrm_resource id="vm1">${op('start', 2, 0)}</lrm_resource>`
    expect(placeOf(cib(history), 'vm1').activeOn).toEqual(['n1'])
    expect(placeOf(cib(history, 'in_ccm="1764000000" crmd="1764000000"'), 'vm1').activeOn).toEqual(['n1'])
    expect(placeOf(cib(history, 'in_ccm="false" crmd="offline"'), 'vm1').activeOn).toEqual([])
    expect(placeOf(cib(history, 'in_ccm="0" crmd="0"'), 'vm1').activeOn).toEqual([])
  })

  it('counts instances of a clone, and knows what is not configured', () => {
    const found = placeOf(cib(`<lrm_resource id="vm1:0">${op('start', 2, 0)}</lrm_resource>`), 'vm1')
    expect(found.activeOn).toEqual(['n1'])
    expect(placeOf(cib(''), 'vm2').definition).toBeUndefined()
    expect(placeOf(cib('', undefined, '<group id="g"><primitive id="vm2"/></group>'), 'vm2').definition?.name).toBe(
      'primitive',
    )
  })
})

describe('attributes', () => {
  it('of nodes are read from the status', () => {
    expect(transientAttribute(cib(''), 'n1', 'force_stop-vm1')).toBe('true')
    expect(transientAttribute(cib(''), 'n1', 'other')).toBeUndefined()
    expect(transientAttribute(cib(''), 'n2', 'force_stop-vm1')).toBeUndefined()
  })

  it('target-role keeps its ids where it has some', () => {
    const ids = (resources: string) => {
      const { definition } = placeOf(cib('', undefined, resources), 'vm1')
      return definition === undefined ? undefined : targetRoleIds(definition, 'vm1')
    }
    expect(ids('<primitive id="vm1"/>')).toEqual({
      set: 'vm1-meta_attributes',
      pair: 'vm1-meta_attributes-target-role',
    })
    expect(ids('<primitive id="vm1"><meta_attributes id="m"/></primitive>')).toEqual({
      set: 'm',
      pair: 'vm1-meta_attributes-target-role',
    })
    expect(
      ids(
        '<primitive id="vm1"><meta_attributes id="m"/><meta_attributes id="n"><nvpair id="q" name="target-role" value="Stopped"/></meta_attributes></primitive>',
      ),
    ).toEqual({ set: 'n', pair: 'q' })
  })
})
