import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { listLeaves } from './leaf-list.ts'
import { parameterDigest } from './place.ts'
import { pairs } from './resources.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'
import { withPairs } from './settings.ts'

const featureSets = [
  '3.0.9',
  '3.0.12',
  '3.0.13',
  '3.0.14',
  '3.1.0',
  '3.2.0',
  '3.4.1',
  '3.15.9',
  '3.16.0',
  '3.16.2',
  '3.17.0',
  '3.19.0',
  '2.1',
  '',
  'x',
  '10.0.0',
]
const agentParameters = {
  state: '/run/x',
  delay: '5',
  passwd: 'secret',
  op_sleep: '0',
  CRM_meta_x: '1',
  crm_feature_set: 'y',
  pcmk_x: '3',
}
const meta = { timeout: 20_000 }

type Known = Readonly<Record<string, string>>

/** What an operation of before was recorded with: these parameters, or others. */
function recorded(chance: Chance, entry: XmlElement, own: Known): XmlElement {
  const isRecurring = (attr(entry, 'interval') ?? '0') !== '0'
  const timeout = isRecurring ? chance.pick([meta.timeout, meta.timeout, 60_000]) : undefined
  const change = chance.int(1, 100)
  const changed = chance.pick(Object.keys(agentParameters))
  const was = Object.fromEntries(
    Object.entries(change <= 45 ? own : change <= 75 ? { ...own, [changed]: 'before' } : own).filter(
      ([name]) => change <= 75 || name !== changed,
    ),
  )
  const plain = Object.fromEntries(
    Object.entries(was).filter(
      ([name]) => !name.startsWith('CRM_meta_') && name !== 'crm_feature_set' && !name.startsWith('pcmk_'),
    ),
  )
  const listed = chance.pick([' state ', ' state  delay ', ' passwd ', 'state', '', ' delay state nothing '])
  const names = listed.split(' ').filter((name) => name !== '')
  const restart = Object.fromEntries(Object.entries(plain).filter(([name]) => names.includes(name)))
  const secret = chance.pick([' passwd ', 'passwd', ' passwd delay ', ''])
  const open = Object.fromEntries(Object.entries(plain).filter(([name]) => !secret.split(' ').includes(name)))
  const mode = chance.int(1, 100)
  return withAttributes(entry, {
    'op-digest': chance.maybe(8, [parameterDigest(plain, timeout)]),
    'op-force-restart': mode <= 35 ? listed : undefined,
    'op-restart-digest': mode <= 40 ? parameterDigest(restart) : undefined,
    'op-secure-params': mode > 25 && mode <= 60 ? secret : undefined,
    'op-secure-digest': mode > 25 && mode <= 63 ? parameterDigest(open) : undefined,
    crm_feature_set: chance.yes(50) ? '3.16.1' : chance.maybe(10, featureSets),
  })
}

/** Entries as histories of old clusters have them. */
function oldEntry(chance: Chance, entry: XmlElement): XmlElement {
  return withAttributes(entry, {
    ...(chance.yes(10) ? { operation_key: undefined } : {}),
    ...(chance.yes(10) ? { on_node: undefined } : {}),
    ...(chance.yes(8) ? { 'last-rc-change': undefined } : {}),
    ...(chance.yes(8) ? { 'last-run': attr(entry, 'last-rc-change') } : {}),
    ...(chance.yes(5) ? { 'transition-magic': undefined } : {}),
    ...(chance.yes(5) ? { 'exit-reason': chance.pick(['not mounted', '']) } : {}),
    ...(chance.yes(4) ? { 'call-id': chance.pick(['0', '-1', '999', 'x']) } : {}),
    ...(chance.yes(4) ? { 'op-status': chance.pick(['0', '14', '-1', '2', 'x']) } : {}),
    ...(chance.yes(4) ? { 'rc-code': chance.pick(['0', '7', '8', '193', '255', 'x']) } : {}),
    ...(chance.yes(4) ? { interval: undefined } : {}),
    ...(chance.yes(3) ? { crm_feature_set: undefined } : {}),
  })
}

function withCounts(chance: Chance, cib: XmlElement): XmlElement {
  const configuration = child(cib, 'configuration')
  const leaves = configuration === undefined ? [] : listLeaves(configuration)
  return replaceChild(cib, 'status', (status) =>
    withChildren(
      status,
      status.children.map((state) => {
        if (state.name !== 'node_state' || !chance.yes(50)) return state
        const attributes = child(state, 'transient_attributes') ?? element('transient_attributes', { id: idOf(state) })
        const counts = Object.fromEntries(
          leaves
            .filter(() => chance.yes(40))
            .flatMap((leaf) => {
              const base = leaf.id.replace(/:.*/, '')
              const name = chance.pick([base, `${base}:0`, `${base}:1`, base.toUpperCase()])
              const task = chance.pick(['', '', '#monitor_10000', '#start_0', '#', '#monitor'])
              return [
                [`fail-count-${name}${task}`, chance.pick(['1', '2', 'INFINITY', '0', 'x', '+3'])],
                [`last-failure-${name}${task}`, chance.maybe(20, ['1699999000', '1699999990', '0', 'x'])],
              ]
            }),
        )
        const full = withPairs(attributes, 'instance_attributes', counts)
        return withChildren(state, [full, ...state.children.filter(({ name }) => name !== 'transient_attributes')])
      }),
    ),
  )
}

/** A cluster of before: another feature set, histories and fail counts in their old forms, changed parameters. */
export function withOld(chance: Chance, cib: XmlElement): XmlElement {
  const known = new Map<string, Known>()
  const configured = replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'resources', (resources) =>
      rewriteBelow(resources, (item) => {
        const isPlain = item.name === 'primitive' && attr(item, 'type') !== 'remote'
        if (!isPlain || child(item, 'instance_attributes') !== undefined || !chance.yes(70)) return [item]
        const own = Object.fromEntries(Object.entries(agentParameters).filter(() => chance.yes(40)))
        known.set(idOf(item), own)
        return [withChildren(item, [...pairs('instance_attributes', `${idOf(item)}-old`, own), ...item.children])]
      }),
    ),
  )
  const status = replaceChild(configured, 'status', (old) =>
    rewriteBelow(old, (item) => {
      if (item.name !== 'lrm_resource') return [item]
      const own = known.get((attr(item, 'id') ?? '').replace(/:.*/, ''))
      const entries = item.children.map((entry) => {
        const told = own === undefined ? entry : recorded(chance, entry, own)
        return chance.yes(35) ? oldEntry(chance, told) : told
      })
      return [withChildren(item, entries)]
    }),
  )
  const counted = chance.yes(50) ? withCounts(chance, status) : status
  return withAttributes(counted, { crm_feature_set: chance.yes(40) ? '3.16.1' : chance.pick(featureSets) })
}
