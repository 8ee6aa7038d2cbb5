import { parseXml } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { cibFaultsIn } from './schema.ts'

function faultsOf(resources: string, constraints = '', schema = 'pacemaker-3.9'): readonly string[] {
  const text = `<cib validate-with="${schema}" admin_epoch="0" epoch="1" num_updates="0"><configuration><crm_config/><nodes/><resources>${resources}</resources><constraints>${constraints}</constraints></configuration><status/></cib>`
  const faults = (isLazy: boolean): readonly string[] => {
    const read = parseXml(text, { isLazy })
    if (!read.ok) throw new Error(read.error.reason)
    return cibFaultsIn(read.value).map((fault) => `${fault.path.replace('/cib/configuration', '')}: ${fault.reason}`)
  }
  // Of tags that stay in the text only what can be wrong is looked at: nothing else may be found.
  expect(faults(true)).toEqual(faults(false))
  return faults(false)
}

const d = '<primitive id="d" class="ocf" provider="pacemaker" type="Dummy"/>'

describe('cibFaultsIn', () => {
  test.each([
    ['', ''],
    [d, '<rsc_location id="l" rsc="d" node="n" score="INFINITY"/>'],
    [
      d,
      '<rsc_location id="l" rsc="d"><rule id="r" score="-5"><expression id="e" attribute="a" operation="defined"/></rule></rsc_location>',
    ],
    [`<clone id="c">${d}</clone>`, ''],
    ['<bundle id="b"><docker image="i" replicas="2"/></bundle>', ''],
    [`${d}<primitive id="e" template="d"/>`, ''],
  ])('allows %s %s', (resources, constraints) => {
    expect(faultsOf(resources, constraints)).toEqual([])
  })

  test.each([
    ['<primitive id="d" class="ocf" type="x"/>', '', "/resources/primitive[@id='d']: class 'ocf' needs a provider"],
    [
      '<primitive id="d"/>',
      '',
      "/resources/primitive[@id='d']: expected class and type, or template (and nothing that belongs to another of these)",
    ],
    ['<group id="g"/>', '', "/resources/group[@id='g']: element 'primitive' is missing inside"],
    [`${d}${d}`, '', "/resources/primitive[@id='d']: id 'd' is used twice"],
    [
      d,
      '<rsc_location id="l" rsc="nope" node="n" score="1"/>',
      "/constraints/rsc_location[@id='l']: rsc='nope' refers to nothing",
    ],
    [
      d,
      '<rsc_location id="l" rsc="d" node="n" score="much"/>',
      "/constraints/rsc_location[@id='l']: score='much': expected a whole number, INFINITY or -INFINITY",
    ],
    ['<foo/>', '', "/resources/foo: element 'foo' is not allowed inside 'resources'"],
    [
      '<primitive id="1d" class="lsb" type="x"/>',
      '',
      "/resources/primitive[@id='1d']: id='1d' is no name as ids have to be",
    ],
  ])('refuses %s %s', (resources, constraints, fault) => {
    expect(faultsOf(resources, constraints)).toContain(fault)
  })

  test('knows expressions about resources in rules of constraints a schema later than elsewhere', () => {
    const rule = '<rule id="r" score="5"><rsc_expression id="e" class="ocf"/></rule>'
    const location = `<rsc_location id="l" rsc="d">${rule}</rsc_location>`
    const path = "/constraints/rsc_location[@id='l']/rule[@id='r']/rsc_expression[@id='e']"
    expect(faultsOf(d, location, 'pacemaker-3.4')).toEqual([
      `${path}: rules of constraints have no 'rsc_expression' in this schema yet`,
    ])
    expect(faultsOf(d, location, 'pacemaker-3.5')).toEqual([])
    const set = `<meta_attributes id="m">${rule}</meta_attributes>`
    expect(faultsOf(d.replace('/>', `>${set}</primitive>`), '', 'pacemaker-3.4')).toEqual([])
  })

  test('knows what came with which schema', () => {
    const podman = '<bundle id="b"><podman image="i"/></bundle>'
    expect(faultsOf(podman, '', 'pacemaker-3.2')).toEqual([])
    expect(faultsOf(podman, '', 'pacemaker-3.1')).toContain(
      "/resources/bundle[@id='b']/podman: this schema has no element 'podman' yet",
    )
  })

  test.each([
    ['pacemaker-1.0', 'pacemaker-1.2', '<template id="t" class="lsb" type="x"/>'],
    ['pacemaker-2.6', 'pacemaker-2.7', '<template id="t" class="systemd" type="x"/>'],
    ['pacemaker-2.7', 'pacemaker-2.8', '<bundle id="b"><docker image="i"/></bundle>'],
    ['pacemaker-2.9', 'pacemaker-2.10', '<bundle id="b"><rkt image="i"/></bundle>'],
    ['pacemaker-2.10', 'pacemaker-3.0', '<bundle id="b"><docker image="i" promoted-max="1"/></bundle>'],
    [
      'pacemaker-1.2',
      'pacemaker-1.3',
      '<primitive id="d" class="lsb" type="x"><operations><op id="o" name="start" interval="0" requires="unfencing"/></operations></primitive>',
    ],
  ])('%s has not yet what %s has: %s', (before, since, resources) => {
    expect(faultsOf(resources, '', before)).not.toEqual([])
    expect(faultsOf(resources, '', since)).toEqual([])
  })

  test('what 3.0 did without, only schemas before allow', () => {
    const required =
      '<primitive id="d" class="lsb" type="x"><operations><op id="o" name="start" interval="0" requires="quorum"/></operations></primitive>'
    expect(faultsOf(required, '', 'pacemaker-2.10')).toEqual([])
    expect(faultsOf(required, '', 'pacemaker-3.0')).not.toEqual([])
  })

  test('allows everything where no schema is claimed, and nothing where it is unknown', () => {
    expect(faultsOf('<foo/>', '', 'none')).toEqual([])
    expect(faultsOf('', '', 'pacemaker-9')).toEqual(["/cib: validate-with='pacemaker-9' is no schema that is known"])
  })
})
