import { comment, element, parseXml, withAttributes, writeXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { schedule } from '../schedule.ts'

const nowSeconds = 1_700_000_000

/** A probe that found its resource not running. */
function probe(id: string, changes: Readonly<Record<string, string | undefined>> = {}): XmlElement {
  const usual = element('lrm_rsc_op', {
    id: `${id}_last_0`,
    operation_key: `${id}_monitor_0`,
    operation: 'monitor',
    'transition-key': '1:0:7:a',
    'transition-magic': '0:7;1:0:7:a',
    'call-id': '5',
    'rc-code': '7',
    'op-status': '0',
    interval: '0',
    'last-rc-change': String(nowSeconds - 100),
  })
  return withAttributes(usual, changes)
}

function cib(resource: XmlElement, histories: readonly (readonly XmlElement[])[]): XmlElement {
  const states = histories.map((operations, i) =>
    element(
      'node_state',
      { id: `${i + 1}`, uname: `n${i + 1}`, in_ccm: 'true', crmd: 'online', join: 'member', expected: 'member' },
      [
        element('lrm', { id: `${i + 1}` }, [
          element('lrm_resources', {}, [
            element('lrm_resource', { id: 'a', class: 'ocf', provider: 'pacemaker', type: 'Dummy' }, operations),
          ]),
        ]),
      ],
    ),
  )
  return element('cib', { 'have-quorum': 'true', crm_feature_set: '3.16.1', 'dc-uuid': '1' }, [
    element('configuration', {}, [
      element('crm_config', {}, [
        element('cluster_property_set', { id: 'o' }, [
          element('nvpair', { id: 's', name: 'stonith-enabled', value: 'false' }),
        ]),
      ]),
      element(
        'nodes',
        {},
        histories.map((_, i) => element('node', { id: `${i + 1}`, uname: `n${i + 1}` })),
      ),
      element('resources', {}, [resource]),
      element('constraints'),
    ]),
    element('status', {}, states),
  ])
}

function decided(document: XmlElement): string {
  const { graph, status } = schedule(document, { nowSeconds })
  const found = status.resourceById.get('a')
  return [writeXml(graph), status.log.map((line) => line.text).join('\n'), String(found?.role)].join('\n')
}

function readLazily(document: XmlElement): XmlElement {
  const read = parseXml(writeXml(document), { isLazy: true })
  if (!read.ok) throw new Error(xmlErrorText(read.error, 'f'))
  return read.value
}

const a = element('primitive', { id: 'a', class: 'ocf', provider: 'pacemaker', type: 'Dummy' })
const expiring = element('meta_attributes', { id: 'm' }, [
  element('nvpair', { id: 'f', name: 'failure-timeout', value: '10' }),
])
const start = probe('a', {
  operation_key: 'a_start_0',
  operation: 'start',
  'rc-code': '0',
  'transition-key': '1:0:0:a',
})

describe('a history of nothing but a probe that found nothing', () => {
  // With a comment beside the probe the history is read entry by entry.
  const atLength = (operations: readonly XmlElement[]) => [comment('read at length'), ...operations]

  test.each([
    ['a resource', a, {}],
    ['one whose failures expire', { ...a, children: [expiring] }, {}],
    ['a clone', element('clone', { id: 'c' }, [a]), {}],
    ['an orphan', { ...a, attributes: ['id', 'b', ...a.attributes.slice(2)] }, {}],
    ['another agent', withAttributes(a, { type: 'Other' }), {}],
    ['a probe that was to find it running', a, { 'transition-key': '1:0:0:a' }],
    ['a probe that found it running', a, { 'rc-code': '0' }],
    ['a probe that failed', a, { 'rc-code': '1' }],
    ['a probe that was cancelled', a, { 'op-status': '1' }],
    ['a failure that was kept', a, { id: 'a_last_failure_0' }],
    ['a monitor', a, { interval: '10000' }],
    ['a stop', a, { operation: 'stop' }],
    ['a probe without a transition', a, { 'transition-key': undefined }],
  ])('%s: comes to the same as when it is read at length', (_, resource, changes) => {
    const histories = [[probe('a', changes)], [probe('a')], [start]]
    const long = decided(cib(resource, histories.map(atLength)))
    expect(decided(cib(resource, histories))).toBe(long)
    expect(decided(readLazily(cib(resource, histories)))).toBe(long)
  })

  test('takes a resource for stopped', () => {
    const { status } = schedule(cib(a, [[probe('a')], [probe('a')]]), { nowSeconds })
    const known = [...(status.resourceById.get('a')?.knownOn ?? [])].map((index) => status.nodesByIndex[index]?.uname)
    expect(known).toEqual(['n1', 'n2'])
    expect(status.resourceById.get('a')?.runningOn).toEqual([])
  })
})
