import { element, parseXml, type XmlElement } from '@quorate/xml'
import { describe, expect, it } from 'vitest'
import { devicesFor, levelsOf, mayChangeDevices, nodeAttribute } from './cib-devices.ts'
import { readLevel, Topology } from './topology.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const cib = (resources: string, constraints = '', topology = ''): XmlElement =>
  xml(`<cib validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0"><configuration>
    <crm_config/>
    <nodes><node id="1" uname="n1"><instance_attributes id="a"><nvpair id="b" name="rack" value="7"/></instance_attributes></node>
    <node id="2" uname="n2"/></nodes>
    <resources>${resources}</resources><constraints>${constraints}</constraints>${topology}</configuration><status/></cib>`)

const primitive = (id: string, more = '') =>
  `<primitive id="${id}" class="stonith" type="fence_toy">${more}</primitive>`
const ids = (document: XmlElement, node: string) => devicesFor(document, node, 1_800_000_000).map(({ id }) => id)

describe('devices of the CIB', () => {
  it('are those that are not stopped, and may run on the node', () => {
    const meta = '<meta_attributes id="m"><nvpair id="n" name="target-role" value="Stopped"/></meta_attributes>'
    const document = cib(
      `${primitive('a')}${primitive('b', meta)}${primitive('c')}<primitive id="d" class="ocf" provider="pacemaker" type="Dummy"/>`,
      '<rsc_location id="l" rsc="c" node="n1" score="-INFINITY"/>',
    )
    expect([ids(document, 'n1'), ids(document, 'N2'), ids(document, 'n3')]).toEqual([['a'], ['a', 'c'], []])
  })

  it('of a clone are one device, under its own name; those of a group go where it may', () => {
    const document = cib(
      `<clone id="k">${primitive('a')}</clone><group id="g">${primitive('b')}</group>`,
      '<rsc_location id="l" rsc="g" node="n1" score="-INFINITY"/>',
    )
    expect([ids(document, 'n1'), ids(document, 'n2')]).toEqual([['a'], ['a', 'b']])
  })

  it('bring their parameters', () => {
    const set = '<instance_attributes id="i"><nvpair id="p" name="pcmk_host_list" value="n1 n2"/></instance_attributes>'
    const [device] = devicesFor(cib(primitive('a', set)), 'n1', 1_800_000_000)
    expect([device?.agent, [...(device?.parameters ?? [])]]).toEqual(['fence_toy', [['pcmk_host_list', 'n1 n2']]])
  })

  it('are looked for anew only when the configuration changes', () => {
    const before = cib(primitive('a'))
    const [configuration] = before.children
    const status = element('status', {}, [element('node_state', { id: '1' })])
    expect(mayChangeDevices(before, { ...before, children: [configuration as XmlElement, status] })).toBe(false)
    expect(mayChangeDevices(before, cib(primitive('b')))).toBe(true)
  })
})

describe('levels', () => {
  const topology = (...levels: readonly string[]): Topology => {
    const made = new Topology()
    for (const text of levels) {
      const { level } = readLevel(xml(`<fencing-level id="x" ${text}/>`), false)
      if (level !== undefined) made.add(level)
    }
    return made
  }
  const none = (): undefined => undefined

  it('go in their order, and of one index together', () => {
    const made = topology(
      'target="N1" index="2" devices="c"',
      'target="n1" index="1" devices="a, b"',
      'target="n1" index="2" devices="d"',
    )
    expect(made.levelsOf('n1', none)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    expect(made.levelsOf('n2', none)).toBeUndefined()
  })

  it('are by name before they are by pattern or attribute', () => {
    const made = topology(
      'target-pattern="^n[12]$" index="1" devices="p"',
      'target-attribute="rack" target-value="7" index="1" devices="r"',
      'target="n1" index="1" devices="own"',
    )
    expect(made.levelsOf('n1', none)).toEqual([['own']])
    expect(made.levelsOf('n2', none)).toEqual([['p']])
    expect(made.levelsOf('x', (name) => (name === 'rack' ? '7' : undefined))).toEqual([['r']])
    expect(nodeAttribute(cib(''), 'N1', 'rack')).toBe('7')
  })

  it('are refused with a word about what is wrong', () => {
    const reason = (text: string, isRemoval = false) =>
      readLevel(xml(`<fencing-level ${text}/>`), isRemoval).outcome.reason
    expect(reason('target="q1" index="1" devices="a"')).toBe('Topology level is invalid without ID')
    expect(reason('id="4" index="1"')).toBe("Invalid target for topology level '4'")
    expect(reason('id="4" target-pattern="(" index="1"')).toBe("Invalid target for topology level '4'")
    expect(reason('id="4" target="q1" index="77"')).toBe("Invalid level number '77' for topology level '4'")
    expect(reason('id="4" target="q1" index="0"')).toBe("Invalid level number '0' for topology level '4'")
    expect(reason('id="4" target="q1" index="0"', true)).toBeUndefined()
    expect(reason('target="q1" index="1"', true)).toBeUndefined()
  })

  it('of the CIB that cannot be used are left out', () => {
    const section =
      '<fencing-topology><fencing-level id="a" target="n1" index="1" devices="a"/><fencing-level id="b" index="1"/></fencing-topology>'
    const { levels, faults } = levelsOf(cib('', '', section))
    expect([levels.length, faults]).toEqual([1, ["Invalid target for topology level 'b'"]])
  })

  it('of a target go one by one, or all at once', () => {
    const made = topology('target="n1" index="1" devices="a"', 'target="n1" index="2" devices="b"')
    made.remove({ target: { kind: 'name', name: 'n1' }, index: 1, devices: [] })
    expect(made.levelsOf('n1', none)).toEqual([['b']])
    made.remove({ target: { kind: 'name', name: 'N1' }, index: 0, devices: [] })
    expect([made.levelsOf('n1', none), made.size]).toEqual([undefined, 0])
  })
})
