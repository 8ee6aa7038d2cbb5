import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { withReconfiguration } from './change-reconfigured.ts'
import { randomNowSeconds } from './history.ts'
import { listLeaves } from './leaf-list.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'
import { withoutPairs, withPairs } from './settings.ts'

/** One thing that happens to a cluster; where there is nothing to happen to, it stays as it is. */
type Event = (chance: Chance, cib: XmlElement) => XmlElement

const uuid = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'

function statesIn(cib: XmlElement): readonly XmlElement[] {
  return (child(cib, 'status')?.children ?? []).filter(({ name }) => name === 'node_state')
}

/** Changes the state of one node. */
function inState(
  cib: XmlElement,
  chosen: XmlElement | undefined,
  change: (state: XmlElement) => XmlElement,
): XmlElement {
  return replaceChild(cib, 'status', (status) =>
    withChildren(
      status,
      status.children.map((item) => (item === chosen ? change(item) : item)),
    ),
  )
}

function oneState(chance: Chance, cib: XmlElement): XmlElement | undefined {
  const states = statesIn(cib)
  return states.length === 0 ? undefined : chance.pick(states)
}

function withTransient(state: XmlElement, values: Readonly<Record<string, string>>): XmlElement {
  const attributes = child(state, 'transient_attributes') ?? element('transient_attributes', { id: idOf(state) })
  const full = withPairs(withoutPairs(attributes, Object.keys(values)), 'instance_attributes', values)
  return withChildren(state, [full, ...state.children.filter(({ name }) => name !== 'transient_attributes')])
}

function historiesIn(state: XmlElement): readonly XmlElement[] {
  const lrm = child(state, 'lrm')
  const list = lrm === undefined ? undefined : child(lrm, 'lrm_resources')
  return list?.children ?? []
}

function withHistory(state: XmlElement, history: XmlElement): XmlElement {
  const whole = child(state, 'lrm') === undefined ? withChildren(state, [...state.children, emptyLrm(state)]) : state
  return replaceChild(whole, 'lrm', (lrm) =>
    replaceChild(lrm, 'lrm_resources', (list) => {
      const id = idOf(history)
      const isThere = list.children.some((item) => idOf(item) === id)
      const others = list.children.map((item) => (idOf(item) === id ? history : item))
      return withChildren(list, isThere ? others : [...others, history])
    }),
  )
}

function emptyLrm(state: XmlElement): XmlElement {
  return element('lrm', { id: idOf(state) }, [element('lrm_resources')])
}

/** Histories that end with their resource active, as far as a glance tells. */
function activeIn(state: XmlElement): readonly XmlElement[] {
  return historiesIn(state).filter((history) =>
    history.children.some(
      (entry) =>
        attr(entry, 'rc-code') === '0' &&
        ['start', 'promote', 'monitor', 'migrate_from'].includes(attr(entry, 'operation') ?? ''),
    ),
  )
}

function lastCall(history: XmlElement): number {
  return history.children.reduce((last, entry) => Math.max(last, Number(attr(entry, 'call-id') ?? '0') || 0), 0)
}

type Result = { readonly rc: number; readonly status: number }

const pending: Result = { rc: 193, status: -1 }
const done: Result = { rc: 0, status: 0 }
const failures: readonly Result[] = [
  { rc: 1, status: 4 },
  { rc: 1, status: 0 },
  { rc: 7, status: 0 },
  { rc: 1, status: 2 },
  { rc: 5, status: 5 },
  { rc: 9, status: 0 },
  { rc: 8, status: 0 },
]

/** Puts one more operation at the end of a history. */
function continued(
  chance: Chance,
  history: XmlElement,
  name: string,
  operation: { readonly task: string; readonly intervalMs?: number; readonly result: Result },
  more: Readonly<Record<string, string>> = {},
): XmlElement {
  const { task, intervalMs = 0, result } = operation
  const key = `${chance.int(1, 9)}:${chance.int(10, 12)}:${task === 'monitor' && intervalMs === 0 ? 7 : 0}:${uuid}`
  const id = `${idOf(history)}_${name}`
  const entry = element('lrm_rsc_op', {
    id,
    operation_key: `${idOf(history)}_${task}_${intervalMs}`,
    operation: task,
    crm_feature_set: '3.16.1',
    'transition-key': key,
    'transition-magic': `${result.status}:${result.rc};${key}`,
    'call-id': String(result === pending ? -1 : lastCall(history) + 1),
    'rc-code': String(result.rc),
    'op-status': String(result.status),
    interval: String(intervalMs),
    'last-rc-change': String(randomNowSeconds - chance.int(1, 100)),
    ...more,
  })
  return withChildren(history, [...history.children.filter((item) => idOf(item) !== id), entry])
}

const nodeLost: Event = (chance, cib) =>
  inState(cib, oneState(chance, cib), (state) => {
    const isRemote = attr(state, 'remote_node') !== undefined
    const gone = isRemote
      ? { in_ccm: 'false', node_fenced: chance.maybe(70, ['1']) }
      : {
          in_ccm: chance.pick(['false', 'false', 'true']),
          crmd: 'offline',
          join: chance.pick(['down', 'member']),
          expected: chance.pick(['member', 'member', 'down']),
        }
    return withAttributes(state, gone)
  })

const nodeAsked: Event = (chance, cib) =>
  inState(cib, oneState(chance, cib), (state) =>
    withTransient(
      state,
      chance.pick([
        { shutdown: String(randomNowSeconds - 10) },
        { standby: 'true' },
        { maintenance: 'true' },
        { terminate: 'true' },
        { '#health-disk': chance.pick(['red', 'yellow']) },
        { site: chance.pick(['1', '2']) },
      ]),
    ),
  )

/** A node that was shut down, whose resources may be locked to it. */
const nodeShutDown: Event = (chance, cib) =>
  inState(cib, oneState(chance, cib), (state) => {
    const locked = historiesIn(state).map((history) =>
      chance.yes(60)
        ? withAttributes(history, { 'shutdown-lock': String(randomNowSeconds - chance.pick([10, 1000, 4000])) })
        : history,
    )
    const down = withAttributes(state, { in_ccm: 'false', crmd: 'offline', join: 'down', expected: 'down' })
    return locked.reduce(withHistory, down)
  })

const monitorFailed: Event = (chance, cib) =>
  inState(cib, oneState(chance, cib), (state) => {
    const active = activeIn(state)
    if (active.length === 0) return state
    const history = chance.pick(active)
    const monitors = history.children.filter((entry) => Number(attr(entry, 'interval') ?? '0') > 0)
    const task = monitors.length > 0 ? 'monitor' : chance.pick(['start', 'promote', 'stop', 'monitor'])
    const intervalMs = monitors.length > 0 ? Number(attr(chance.pick(monitors), 'interval')) : 0
    const now = continued(chance, history, 'last_failure_0', { task, intervalMs, result: chance.pick(failures) })
    const counted = `${idOf(history).replace(/:.*/, '')}#${task}_${intervalMs}`
    const counts = {
      [`fail-count-${counted}`]: chance.pick(['1', '1', '2', 'INFINITY']),
      [`last-failure-${counted}`]: String(randomNowSeconds - chance.pick([5, 50, 5000])),
    }
    return withHistory(chance.yes(85) ? withTransient(state, counts) : state, now)
  })

const operationPending: Event = (chance, cib) =>
  inState(cib, oneState(chance, cib), (state) => {
    const histories = historiesIn(state)
    if (histories.length === 0) return state
    const history = chance.pick(histories)
    const task = chance.pick(['start', 'stop', 'promote', 'demote', 'monitor', 'notify', 'migrate_to', 'reload-agent'])
    const [first] = statesIn(cib).filter((other) => other !== state)
    const marks =
      task === 'migrate_to' && first !== undefined
        ? { migrate_source: attr(state, 'uname') ?? '', migrate_target: attr(first, 'uname') ?? '' }
        : {}
    const intervalMs = task === 'monitor' && chance.yes(50) ? 10_000 : 0
    const name = intervalMs > 0 ? `monitor_${intervalMs}` : chance.pick(['last_0', `${task}_0`])
    return withHistory(state, continued(chance, history, name, { task, intervalMs, result: pending }, marks))
  })

/** A migration that came as far as its source, its target or the stop at its source. */
const migrated: Event = (chance, cib) => {
  const states = statesIn(cib).filter((state) => activeIn(state).length > 0)
  if (states.length === 0) return cib
  const source = chance.pick(states)
  const others = statesIn(cib).filter((state) => state !== source)
  if (others.length === 0) return cib
  const target = chance.pick(others)
  const history = chance.pick(activeIn(source))
  const marks = { migrate_source: attr(source, 'uname') ?? '', migrate_target: attr(target, 'uname') ?? '' }
  const result = () => chance.pick([done, done, done, pending, ...failures.slice(0, 2)])
  const name = () => chance.pick(['last_0', 'last_failure_0'])
  let left = continued(chance, history, `migrate_to_0`, { task: 'migrate_to', result: result() }, marks)
  if (chance.yes(20)) left = continued(chance, left, 'last_0', { task: 'stop', result: result() })
  const begun = inState(cib, source, (state) => withHistory(state, left))
  if (chance.yes(30)) return begun
  const known = historiesIn(target).find((item) => idOf(item) === idOf(history)) ?? withChildren(history, [])
  let come = continued(chance, known, name(), { task: 'migrate_from', result: result() }, marks)
  if (chance.yes(20))
    come = continued(chance, come, 'monitor_10000', { task: 'monitor', intervalMs: 10_000, result: done })
  if (chance.yes(10)) come = continued(chance, come, 'last_0', { task: 'stop', result: result() })
  const end = statesIn(begun).find((state) => attr(state, 'uname') === attr(target, 'uname'))
  return inState(begun, end, (state) => withHistory(state, come))
}

/** A probe finds what runs elsewhere already. */
const foundTwice: Event = (chance, cib) => {
  const active = statesIn(cib).flatMap(activeIn)
  if (active.length === 0) return cib
  const history = chance.pick(active)
  return inState(cib, oneState(chance, cib), (state) =>
    withHistory(
      state,
      continued(chance, withChildren(history, []), 'last_0', {
        task: 'monitor',
        result: { rc: chance.pick([0, 0, 8, 1]), status: 0 },
      }),
    ),
  )
}

const collective = new Set(['primitive', 'group', 'clone', 'bundle'])

const resourceAsked: Event = (chance, cib) => {
  const value = chance.pick([
    { 'target-role': chance.pick(['Stopped', 'Started', 'Unpromoted', 'Promoted']) },
    { 'is-managed': chance.pick(['false', 'true']) },
    { maintenance: 'true' },
    { 'resource-stickiness': chance.pick(['0', 'INFINITY', '-10']) },
    { 'migration-threshold': '1' },
    { 'allow-migrate': 'true' },
    { priority: chance.pick(['10', '1']) },
    { critical: 'false' },
  ])
  const sharePercent = chance.pick([20, 50])
  return replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'resources', (resources) =>
      rewriteBelow(resources, (item) => [
        collective.has(item.name) && chance.yes(sharePercent)
          ? withPairs(withoutPairs(item, Object.keys(value)), 'meta_attributes', value)
          : item,
      ]),
    ),
  )
}

/** Parameters and intervals that histories do not know of. */
const definitionChanged: Event = (chance, cib) =>
  replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'resources', (resources) =>
      rewriteBelow(resources, (item) => {
        if (!chance.yes(30)) return [item]
        if (item.name === 'op') return [withAttributes(item, { [chance.pick(['timeout', 'interval'])]: '15s' })]
        return [
          item.name === 'primitive' ? withPairs(item, 'instance_attributes', { fake: chance.pick(['1', '2']) }) : item,
        ]
      }),
    ),
  )

const optionChanged: Event = (chance, cib) => {
  const value = chance.pick([
    { 'maintenance-mode': 'true' },
    { 'stop-all-resources': 'true' },
    { 'symmetric-cluster': 'false' },
    { 'stonith-enabled': 'false' },
    { 'shutdown-lock': 'true', 'shutdown-lock-limit': chance.pick(['0', '20min', '2h']) },
    { 'node-health-strategy': chance.pick(['migrate-on-red', 'only-green', 'progressive']) },
    { 'placement-strategy': chance.pick(['utilization', 'balanced', 'minimal']) },
    { 'concurrent-fencing': 'true', 'priority-fencing-delay': '10s' },
    { 'no-quorum-policy': chance.pick(['freeze', 'demote', 'suicide', 'ignore']) },
  ])
  return replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'crm_config', (config) =>
      withPairs(withoutPairs(config, Object.keys(value)), 'cluster_property_set', value),
    ),
  )
}

const quorumLost: Event = (chance, cib) => withAttributes(cib, { 'have-quorum': chance.pick(['0', '0', '1']) })

const ticketChanged: Event = (chance, cib) =>
  replaceChild(cib, 'status', (status) =>
    rewriteBelow(status, (item) => [
      item.name === 'ticket_state'
        ? withAttributes(item, { granted: chance.pick(['true', 'false']), standby: chance.maybe(60, ['true']) })
        : item,
    ]),
  )

/** Puts a meta-attribute into all primitives, where agents can migrate all of them. */
function withMigration(cib: XmlElement): XmlElement {
  const value = { 'allow-migrate': 'true' }
  return replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'resources', (resources) =>
      rewriteBelow(resources, (item) => [
        item.name === 'primitive' ? withPairs(withoutPairs(item, Object.keys(value)), 'meta_attributes', value) : item,
      ]),
    ),
  )
}

/** Somebody moves resources, or bans them. */
const resourcesMoved: Event = (chance, cib) => {
  const configuration = child(cib, 'configuration')
  const tops = (configuration === undefined ? undefined : child(configuration, 'resources'))?.children ?? []
  const ids = tops.filter(({ name }) => collective.has(name)).map(idOf)
  const names = statesIn(cib).map((state) => attr(state, 'uname') ?? '')
  if (ids.length === 0 || names.length === 0) return cib
  const isAll = chance.yes(30)
  const node = chance.pick(names)
  const moved = (isAll ? ids : [chance.pick(ids)]).map((rsc) => {
    const [score, word] = chance.yes(60) ? ['INFINITY', 'prefer'] : ['-INFINITY', 'ban']
    const role = chance.maybe(75, ['Promoted', 'Started'])
    return element('rsc_location', { id: `cli-${word}-${rsc}`, rsc, role, node, score })
  })
  const known = new Set(moved.map(idOf))
  const full = replaceChild(cib, 'configuration', (item) =>
    replaceChild(item, 'constraints', (list) =>
      withChildren(list, [...list.children.filter((one) => !known.has(idOf(one))), ...moved]),
    ),
  )
  return chance.yes(60) ? withMigration(full) : full
}

/** What runs on a node is to go elsewhere, as far as it can while it runs. */
const nodeEvacuated: Event = (chance, cib) =>
  withMigration(
    inState(cib, oneState(chance, cib), (state) =>
      withTransient(state, chance.pick([{ standby: 'true' }, { shutdown: String(randomNowSeconds - 10) }])),
    ),
  )

/** Agents want to be promoted elsewhere. */
const promotionWanted: Event = (chance, cib) => {
  const configuration = child(cib, 'configuration')
  const leaves = configuration === undefined ? [] : listLeaves(configuration).filter((leaf) => leaf.promotable)
  return statesIn(cib).reduce(
    (now, state) =>
      inState(now, state, (item) =>
        withTransient(
          item,
          Object.fromEntries(
            leaves.flatMap((leaf) =>
              chance.yes(70) ? [[`master-${leaf.id}`, chance.pick(['1', '5', '10', '100', '-INFINITY'])]] : [],
            ),
          ),
        ),
      ),
    cib,
  )
}

const events: readonly Event[] = [
  ...[nodeLost, nodeLost, nodeAsked, nodeAsked, nodeShutDown],
  ...[monitorFailed, monitorFailed, monitorFailed, operationPending, operationPending, migrated, migrated, foundTwice],
  ...[resourceAsked, resourceAsked, definitionChanged, optionChanged, quorumLost, ticketChanged],
  ...[resourcesMoved, resourcesMoved, resourcesMoved, nodeEvacuated, nodeEvacuated],
  ...[promotionWanted, promotionWanted, withReconfiguration],
]

/** One to five things that happen to a cluster at once. */
export function withEvents(chance: Chance, cib: XmlElement): XmlElement {
  let now = cib
  for (let i = chance.pick([1, 2, 3, 5]); i > 0; i -= 1) now = chance.pick(events)(chance, now)
  return now
}

/** What keeps resources from running, which makes for clusters in which nothing ever happens. */
const hindrances = [
  ...['maintenance-mode', 'stop-all-resources', 'symmetric-cluster', 'enable-startup-probes'],
  ...['target-role', 'is-managed', 'maintenance', 'standby', 'clone-max', 'requires'],
]

/** Nothing keeps resources from running, and where nodes can be fenced there is something to fence them with. */
function unhindered(cib: XmlElement): XmlElement {
  return replaceChild(cib, 'configuration', (configuration) => {
    const free = rewriteBelow(configuration, (item) => [withoutPairs(item, hindrances)])
    const resources = child(free, 'resources')?.children ?? []
    if (resources.some((item) => attr(item, 'class') === 'stonith')) return free
    return replaceChild(free, 'crm_config', (config) =>
      withPairs(withoutPairs(config, ['stonith-enabled']), 'cluster_property_set', { 'stonith-enabled': 'false' }),
    )
  })
}

/** All members are there and know of nothing, and agents say where they want to be promoted. */
export function fresh(chance: Chance, cib: XmlElement): XmlElement {
  const states = replaceChild(chance.yes(80) ? unhindered(cib) : cib, 'status', (status) =>
    withChildren(
      status,
      status.children.flatMap((state) => {
        if (state.name !== 'node_state') return [state]
        if (attr(state, 'remote_node') !== undefined) return []
        const [id, uname] = [attr(state, 'id'), attr(state, 'uname')]
        const member = { in_ccm: 'true', crmd: 'online', join: 'member', expected: 'member' }
        return [element('node_state', { id, uname, ...member })]
      }),
    ),
  )
  return promotionWanted(chance, withAttributes(states, { 'have-quorum': '1' }))
}
