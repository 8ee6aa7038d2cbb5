import { child, childrenNamed, element, idOf, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { replaceChild } from './rewrite.ts'

/** Takes up to three of the ids that are left, for one resource set. */
export function takeMembers(chance: Chance, left: string[]): readonly string[] {
  const members: string[] = []
  for (let size = chance.int(1, 3); size > 0 && left.length > 0; size -= 1) {
    const chosen = chance.pick(left)
    left.splice(left.indexOf(chosen), 1)
    members.push(chosen)
  }
  return members
}

const scores = ['INFINITY', '-INFINITY', '10', '-10', '100', '-5000', '0', '+INFINITY']
const roles = ['Promoted', 'Unpromoted', 'Started', 'Stopped', 'Master', 'Slave']

/** Sets of resources; no resource is in two of them, because the real program aborts on some loops. */
function sets(
  chance: Chance,
  id: string,
  ids: readonly string[],
  kind: 'order' | 'colocation' | 'location' | 'ticket',
): XmlElement[] {
  const left = [...ids]
  const made: XmlElement[] = []
  for (let i = kind === 'location' ? 1 : chance.int(1, 3); i > 0 && left.length > 0; i -= 1) {
    const members = takeMembers(chance, left)
    const isOrder = kind === 'order'
    const attributes = {
      id: `${id}-s${i}`,
      sequential: chance.maybe(50, ['true', 'false']),
      'require-all': isOrder ? chance.maybe(50, ['false', 'true']) : undefined,
      action: isOrder ? chance.maybe(60, ['start', 'stop', 'promote', 'demote']) : undefined,
      role: isOrder ? undefined : chance.maybe(65, roles),
      score: kind === 'colocation' ? chance.maybe(80, scores) : undefined,
      kind: isOrder ? chance.maybe(85, ['Optional', 'Mandatory', 'Serialize']) : undefined,
      symmetrical: isOrder ? chance.maybe(85, ['true', 'false']) : undefined,
      ordering: kind === 'colocation' ? chance.maybe(90, ['group', 'listed']) : undefined,
    }
    made.push(
      element(
        'resource_set',
        attributes,
        members.map((ref) => element('resource_ref', { id: ref })),
      ),
    )
  }
  return made
}

function pair(chance: Chance, ids: readonly string[]): readonly [string, string] {
  const a = chance.pick(ids)
  const rest = ids.filter((id) => id !== a)
  return [a, rest.length === 0 ? 'nothing' : chance.pick(rest)]
}

function order(chance: Chance, id: string, ids: readonly string[]): XmlElement {
  const kind = chance.maybe(40, ['Mandatory', 'Optional', 'Serialize', 'nonsense'])
  const symmetrical = chance.maybe(70, ['true', 'false'])
  const score = kind === undefined ? chance.maybe(60, ['0', '1', 'INFINITY', '-1']) : undefined
  if (chance.yes(50)) return element('rsc_order', { id, kind, symmetrical, score }, sets(chance, id, ids, 'order'))
  const [first, second] = pair(chance, ids)
  const tasks = ['start', 'stop', 'promote', 'demote']
  const named = {
    'first-action': chance.maybe(50, tasks),
    'then-action': chance.maybe(50, tasks),
    'require-all': chance.maybe(70, ['false', 'true']),
  }
  const flat = Object.fromEntries([['then', second]])
  return element('rsc_order', { id, first, ...flat, kind, symmetrical, score, ...named })
}

function colocation(chance: Chance, id: string, ids: readonly string[]): XmlElement {
  const influence = chance.maybe(80, ['true', 'false'])
  if (chance.yes(50)) {
    const attributes = { id, score: chance.maybe(15, scores), influence }
    return element('rsc_colocation', attributes, sets(chance, id, ids, 'colocation'))
  }
  const [dependent, primary] = pair(chance, ids)
  return element('rsc_colocation', {
    id,
    rsc: dependent,
    'with-rsc': primary,
    score: chance.maybe(15, scores),
    'rsc-role': chance.maybe(75, roles),
    'with-rsc-role': chance.maybe(75, roles),
    'node-attribute': chance.maybe(80, ['site', 'rack']),
    influence,
  })
}

function location(chance: Chance, id: string, ids: readonly string[], nodes: readonly string[]): XmlElement {
  const common = {
    id,
    node: chance.pick(nodes),
    score: chance.pick(scores),
    role: chance.maybe(75, roles),
    'resource-discovery': chance.maybe(70, ['always', 'never', 'exclusive', 'nonsense']),
  }
  if (chance.yes(40)) {
    const pattern = chance.pick(['r1', '^r[12]', '!r1', 'r(.)', '.', '^r.m[0-9]$', '!.', 'p$', 'r3:0', '('])
    return element('rsc_location', { ...common, 'rsc-pattern': pattern })
  }
  if (chance.yes(50)) return element('rsc_location', common, sets(chance, id, ids, 'location'))
  return element('rsc_location', { ...common, rsc: chance.pick(ids) })
}

function ticket(chance: Chance, id: string, ids: readonly string[]): XmlElement {
  const common = {
    id,
    ticket: chance.pick(['T1', 'T2', 'T3']),
    'loss-policy': chance.maybe(20, ['stop', 'demote', 'freeze', 'fence', 'nonsense']),
  }
  if (chance.yes(40)) return element('rsc_ticket', common, sets(chance, id, ids, 'ticket'))
  return element('rsc_ticket', { ...common, rsc: chance.pick(ids), 'rsc-role': chance.maybe(60, roles) })
}

/** More constraints of every kind, with more of what each can say. */
export function withConstraints(chance: Chance, configuration: XmlElement): XmlElement {
  const resources = child(configuration, 'resources')?.children ?? []
  const nodes = (child(configuration, 'nodes')?.children ?? []).map((node) => node.attributes[3] ?? 'n1')
  const tops = resources.filter((item) => item.name !== 'template').map(idOf)
  const inner = resources
    .filter((item) => item.name === 'group')
    .flatMap((group) => childrenNamed(group, 'primitive').map(idOf))
  const cloned = resources
    .filter((item) => item.name === 'clone')
    .flatMap((item) => item.children.filter((part) => part.name === 'primitive' || part.name === 'group').map(idOf))
  if (tops.length === 0 || nodes.length === 0) return configuration
  const outer = tops.filter((id) => !inner.some((name) => name.startsWith(`${id}m`)))
  const ids = chance.yes(70) ? tops : chance.yes(70) ? [...outer, ...inner] : [...tops, ...cloned]
  const made = Array.from({ length: chance.int(1, 4) }, (_, i) => {
    const id = `more${i + 1}`
    switch (chance.pick(['order', 'order', 'colocation', 'colocation', 'location', 'ticket'])) {
      case 'order':
        return order(chance, id, ids)
      case 'colocation':
        return colocation(chance, id, ids)
      case 'location':
        return location(chance, id, ids, nodes)
      default:
        return ticket(chance, id, ids)
    }
  })
  return replaceChild(configuration, 'constraints', (item) => ({ ...item, children: [...item.children, ...made] }))
}

/** Fence devices beside the plain one, and levels in which they are tried; some of them unfence. */
export function withFencing(chance: Chance, configuration: XmlElement): XmlElement {
  const nodes = (child(configuration, 'nodes')?.children ?? []).map((node) => node.attributes[3] ?? 'n1')
  const devices = Array.from({ length: chance.int(1, 2) }, (_, i) => {
    const id = `dev${i + 1}`
    const pair = (name: string, value: string): XmlElement => element('nvpair', { id: `${id}-${name}`, name, value })
    return element('primitive', { id, class: 'stonith', type: 'fence_dummy' }, [
      element('meta_attributes', { id: `${id}-meta` }, chance.yes(40) ? [pair('provides', 'unfencing')] : []),
      element('instance_attributes', { id: `${id}-params` }, [
        ...(chance.yes(70) ? [pair('pcmk_host_list', nodes.join(' '))] : []),
        ...(chance.yes(25) ? [pair('pcmk_monitor_timeout', '77s')] : []),
      ]),
      element('operations', {}, [element('op', { id: `${id}-monitor`, name: 'monitor', interval: '60s' })]),
    ])
  })
  const levels = chance.yes(50)
    ? [
        element('fencing-topology', {}, [
          element('fencing-level', { id: 'level1', target: chance.pick(nodes), index: '1', devices: 'dev1' }),
        ]),
      ]
    : []
  const grown = replaceChild(configuration, 'resources', (item) => ({
    ...item,
    children: [...item.children, ...devices],
  }))
  return { ...grown, children: [...grown.children, ...levels] }
}
