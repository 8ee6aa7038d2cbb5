import { attr, element, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { idsOf, replaceChild, rewriteBelow } from './rewrite.ts'
import { withPairs } from './settings.ts'

type Agent = Readonly<Record<'class' | 'provider' | 'type', string | undefined>>

const agents: readonly Agent[] = [
  { class: 'lsb', provider: undefined, type: 'httpd' },
  { class: 'systemd', provider: undefined, type: 'httpd' },
  { class: 'systemd', provider: undefined, type: 'vpn@one.service' },
  { class: 'service', provider: undefined, type: 'httpd' },
  { class: 'stonith', provider: undefined, type: 'fence_dummy' },
  { class: 'upstart', provider: undefined, type: 'httpd' },
  { class: 'nagios', provider: undefined, type: 'check_tcp' },
  { class: 'heartbeat', provider: undefined, type: 'old' },
  { class: 'ocf', provider: 'heartbeat', type: 'Filesystem' },
]

const flags = ['true', 'true', 'false', 'yes', 'on', '1', '0', 'TRUE', 'maybe']

function asClone(chance: Chance, clone: XmlElement): XmlElement {
  const values = {
    'globally-unique': chance.maybe(30, flags),
    promotable: chance.maybe(50, flags),
    'clone-node-max': chance.maybe(50, ['1', '2', '3', '0', '-1']),
    'clone-max': chance.maybe(50, ['1', '2', '5', '0', '-1', 'many']),
    'promoted-max': chance.maybe(70, ['2', '0', '-1', '9']),
    'master-max': chance.maybe(85, ['2', '0']),
    'master-node-max': chance.maybe(85, ['2', '0']),
    'clone-min': chance.maybe(85, ['2', '-1', '9']),
    interleave: chance.maybe(70, flags),
    ordered: chance.maybe(70, flags),
    notify: chance.maybe(70, flags),
  }
  const grown = withPairs(clone, 'meta_attributes', values)
  // Old configurations say so of what is promotable by the name of the element.
  return chance.yes(15) ? { ...grown, name: 'master' } : grown
}

function fitting(chance: Chance, histories: XmlElement, chosen: ReadonlyMap<string, Agent>): XmlElement {
  return rewriteBelow(histories, (item) => {
    const agent = item.name === 'lrm_resource' ? chosen.get((attr(item, 'id') ?? '').replace(/:.*/, '')) : undefined
    return [agent === undefined || chance.yes(8) ? item : withAttributes(item, agent)]
  })
}

/** Gives primitives agents of every class, and clones of them traits that not every class can have. */
export function withAgents(chance: Chance, cib: XmlElement): XmlElement {
  const chosen = new Map<string, Agent>()
  const configured = replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'resources', (resources) =>
      rewriteBelow(resources, (item) => {
        if (item.name === 'clone' && chance.yes(60)) return [asClone(chance, item)]
        const isPlain =
          item.name === 'primitive' && attr(item, 'type') !== 'remote' && attr(item, 'template') === undefined
        if (!isPlain || !chance.yes(50)) return [item]
        const agent = chance.pick(agents)
        for (const id of idsOf(item, ['primitive'])) chosen.set(id, agent)
        return [withAttributes(item, agent)]
      }),
    ),
  )
  const more = chance.yes(30)
    ? replaceChild(configured, 'configuration', (configuration) =>
        replaceChild(configuration, 'resources', (resources) =>
          withChildren(resources, [...resources.children, agentClone(chance)]),
        ),
      )
    : configured
  return replaceChild(more, 'status', (status) => fitting(chance, status, chosen))
}

/** A clone of an agent that can hardly be one, alone or in a group. */
function agentClone(chance: Chance): XmlElement {
  const primitive = (id: string): XmlElement =>
    element('primitive', { id, ...chance.pick(agents) }, [
      element(
        'operations',
        {},
        chance.yes(60) ? [element('op', { id: `${id}-mon`, name: 'monitor', interval: '9s' })] : [],
      ),
    ])
  const inner = chance.yes(50)
    ? primitive('oddp')
    : element('group', { id: 'oddg' }, [primitive('oddg1'), ...(chance.yes(60) ? [primitive('oddg2')] : [])])
  return asClone(chance, element('clone', { id: 'oddc' }, [inner]))
}
