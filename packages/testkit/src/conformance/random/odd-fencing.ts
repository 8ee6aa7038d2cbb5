import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { randomNowSeconds } from './history.ts'
import { parameterDigest } from './place.ts'
import { pairs } from './resources.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'
import { withPairs } from './settings.ts'

type Device = { readonly id: string; readonly xml: XmlElement; readonly digests: string; readonly secure: string }

function device(chance: Chance, i: number, nodes: readonly string[]): Device {
  const id = `fd${i}`
  const type = chance.pick(['fence_dummy', 'fence_scsi', 'fence_mpath'])
  const parameters = Object.fromEntries(
    Object.entries({
      pcmk_host_list: chance.maybe(30, [nodes.join(' '), nodes[0] ?? '']),
      passwd: chance.maybe(60, ['secret']),
      delay: chance.maybe(60, ['5']),
      pcmk_delay_base: chance.maybe(85, ['3s']),
      pcmk_monitor_timeout: chance.maybe(80, ['77s']),
      pcmk_host_check: chance.maybe(85, ['static-list', 'none']),
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
  const meta = {
    provides: chance.maybe(35, ['unfencing', 'unfencing', 'Unfencing', 'nothing']),
    requires: chance.maybe(80, ['unfencing', 'quorum', 'fencing', 'nothing']),
    'is-managed': chance.maybe(93, ['false']),
    'target-role': chance.maybe(93, ['Stopped']),
  }
  const primitive = element('primitive', { id, class: 'stonith', type }, [
    ...pairs('meta_attributes', `${id}-meta`, meta),
    ...pairs('instance_attributes', `${id}-params`, parameters),
    ...(chance.yes(60)
      ? [
          element('operations', {}, [
            element('op', {
              id: `${id}-monitor`,
              name: 'monitor',
              interval: '60s',
              timeout: chance.maybe(60, ['33s']),
            }),
          ]),
        ]
      : []),
  ])
  const xml = chance.yes(20) ? element('clone', { id: `${id}-clone` }, [primitive]) : primitive
  const known = chance.yes(60) ? parameters : { ...parameters, delay: '9' }
  const open = Object.fromEntries(Object.entries(known).filter(([name]) => name !== 'passwd'))
  return {
    id,
    xml,
    digests: `${id}:${type}:${parameterDigest(known)},`,
    secure: `${id}:${type}:${parameterDigest(open)},`,
  }
}

function levels(chance: Chance, nodes: readonly string[], devices: readonly string[]): readonly XmlElement[] {
  const made = Array.from({ length: chance.int(1, 3) }, (_, i) => {
    const target = chance.pick([
      { target: chance.pick(nodes) },
      { 'target-pattern': chance.pick(['n.*', '^n1$', '(', 'x']) },
      { 'target-attribute': 'site', 'target-value': chance.pick(['1', '2']) },
    ])
    const listed = chance.yes(50) ? chance.pick(devices) : devices.join(',')
    return element('fencing-level', {
      id: `fl${i}`,
      ...target,
      index: chance.pick(['1', '2', '9', '10']),
      devices: chance.yes(10) ? 'nothing' : listed,
    })
  })
  return [element('fencing-topology', {}, made)]
}

/** Fence devices that unfence, what nodes remember of them, levels of every kind, and what is fenced sooner than other. */
export function withUnfencing(chance: Chance, cib: XmlElement): XmlElement {
  const configuration = child(cib, 'configuration')
  const nodes = (configuration === undefined ? undefined : child(configuration, 'nodes'))?.children ?? []
  const names = nodes.map((node) => attr(node, 'uname') ?? '').filter((name) => name !== '')
  if (names.length === 0) return cib
  const devices = Array.from({ length: chance.int(1, 2) }, (_, i) => device(chance, i + 1, names))
  const configured = replaceChild(cib, 'configuration', (item) => {
    const options = replaceChild(item, 'crm_config', (config) =>
      withPairs(config, 'cluster_property_set', {
        'priority-fencing-delay': chance.maybe(50, ['15s', '0', '1min', '500ms']),
        'stonith-action': chance.maybe(70, ['off', 'poweroff']),
        'concurrent-fencing': chance.maybe(60, ['true']),
        'stonith-timeout': chance.maybe(80, ['30s']),
      }),
    )
    const resources = replaceChild(options, 'resources', (list) => {
      const prioritised = rewriteBelow(list, (one) => {
        const isAny = ['primitive', 'group', 'clone', 'bundle'].includes(one.name)
        return [
          isAny && chance.yes(35)
            ? withPairs(one, 'meta_attributes', { priority: chance.pick(['1', '1', '5', '-3']) })
            : one,
        ]
      })
      const made = devices.map(({ xml }) => xml)
      return withChildren(
        prioritised,
        chance.yes(70) ? [...prioritised.children, ...made] : [...made, ...prioritised.children],
      )
    })
    const hasLevels = child(resources, 'fencing-topology') !== undefined
    const more =
      hasLevels || chance.yes(50)
        ? []
        : levels(
            chance,
            names,
            devices.map(({ id }) => id),
          )
    return withChildren(resources, [...resources.children, ...more])
  })
  return replaceChild(configured, 'status', (status) =>
    withChildren(
      status,
      status.children.map((state) => (state.name === 'node_state' ? remembering(chance, state, devices) : state)),
    ),
  )
}

/** What a node was unfenced with, and when. */
function remembering(chance: Chance, state: XmlElement, devices: readonly Device[]): XmlElement {
  const attributes = child(state, 'transient_attributes') ?? element('transient_attributes', { id: idOf(state) })
  const full = withPairs(attributes, 'instance_attributes', {
    '#node-unfenced': chance.maybe(40, [String(randomNowSeconds - 500), '0', String(randomNowSeconds + 5), 'x']),
    '#digests-all': chance.yes(65) ? devices.map(({ digests }) => digests).join('') : chance.maybe(70, ['']),
    '#digests-secure': chance.yes(65) ? devices.map(({ secure }) => secure).join('') : undefined,
    terminate: chance.maybe(93, ['true', String(randomNowSeconds), '0', 'no']),
  })
  const rest = state.children.filter((item) => item.name !== 'transient_attributes')
  return withChildren(withAttributes(state, {}), [full, ...rest])
}
