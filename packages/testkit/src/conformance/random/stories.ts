import { attr, child, element, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { randomNowSeconds } from './history.ts'
import { type ListedLeaf, listLeaves } from './leaf-list.ts'
import { replaceChild } from './rewrite.ts'

const uuid = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'
const noParameters = 'f2317cad3d54cec5d7d7aa7d0bf35cf8'
const noParametersMonitor = '4811cef7f7f94e3a35a70be7916cb2fd'

const failures = [1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 190, 191, 198]
/** Status of operations that did not succeed: done, cancelled, timeout, not supported, error and its kinds, not installed. */
const badStatus = [0, 0, 0, 2, 2, 4, 4, 1, 3, 5, 6, 7, 8]

/** How often operations of a story fail or are not done yet, in percent. */
type Mood = { readonly failing: number; readonly pending: number }

/** What happened to one resource on one node, operation by operation. */
class Story {
  readonly #entries = new Map<string, XmlElement>()
  readonly #chance: Chance
  readonly #leaf: ListedLeaf
  readonly #node: string
  readonly #mood: Mood
  #callId: number

  constructor(chance: Chance, leaf: ListedLeaf, node: string, mood: Mood) {
    this.#chance = chance
    this.#leaf = leaf
    this.#node = node
    this.#mood = mood
    this.#callId = chance.int(1, 6)
  }

  /** One operation; returns whether it succeeded. */
  add(task: string, intervalMs: number, usual: number, more: Readonly<Record<string, string>> = {}): boolean {
    const chance = this.#chance
    const isPending = chance.yes(this.#mood.pending)
    const isFailed = !isPending && chance.yes(this.#mood.failing)
    const rc = isPending ? 193 : isFailed ? chance.pick(failures) : usual
    const status = isPending ? -1 : isFailed ? chance.pick(badStatus) : 0
    this.#callId += chance.int(1, 3)
    const { id } = this.#leaf
    const expected = task === 'monitor' && intervalMs === 0 ? 7 : usual
    const key = `${chance.int(1, 9)}:${chance.int(1, 5)}:${expected}:${uuid}`
    const name =
      isFailed && chance.yes(60)
        ? `${id}_last_failure_0`
        : intervalMs > 0 || chance.yes(15)
          ? `${id}_${task}_${intervalMs}`
          : `${id}_last_0`
    const changed = randomNowSeconds - chance.pick([chance.int(1, 100), chance.int(1, 5000)])
    this.#entries.set(
      name,
      element('lrm_rsc_op', {
        id: name,
        operation_key: `${id}_${task}_${intervalMs}`,
        operation: task,
        crm_feature_set: '3.16.1',
        'transition-key': key,
        'transition-magic': `${status}:${rc};${key}`,
        'call-id': String(isPending ? -1 : this.#callId),
        'rc-code': String(rc),
        'op-status': String(status),
        interval: String(intervalMs),
        on_node: chance.yes(80) ? this.#node : undefined,
        'last-rc-change': chance.yes(95) ? String(changed) : undefined,
        'op-digest': intervalMs > 0 ? noParametersMonitor : noParameters,
        ...more,
      }),
    )
    return !isPending && !isFailed
  }

  monitors(promoted: boolean): void {
    for (const interval of this.#leaf.monitors) {
      if (interval > 0 && this.#chance.yes(75)) this.add('monitor', interval, promoted ? 8 : 0)
    }
  }

  get xml(): XmlElement {
    const { id, class: agentClass, provider, type } = this.#leaf
    const lock = this.#chance.yes(2) ? String(randomNowSeconds - this.#chance.pick([10, 100, 5000])) : undefined
    return element(
      'lrm_resource',
      { id, class: agentClass, provider, type: this.#chance.yes(3) ? 'Other' : type, 'shutdown-lock': lock },
      [...this.#entries.values()],
    )
  }
}

/** A resource that lives on one node: what was done to it, in an order in which a cluster does things. */
function life(chance: Chance, story: Story, leaf: ListedLeaf): void {
  if (chance.yes(50)) {
    const found = chance.pick(leaf.promotable ? [7, 7, 0, 8] : [7, 7, 7, 0])
    story.add('monitor', 0, found)
    if (found === 7 && chance.yes(40)) return
  }
  let promoted = false
  for (let steps = chance.int(1, 5); steps > 0; steps -= 1) {
    const task = chance.pick(
      leaf.promotable ? ['start', 'start', 'promote', 'demote', 'stop', 'notify'] : ['start', 'start', 'stop'],
    )
    const done = story.add(task, 0, 0)
    if (task === 'promote' && done) promoted = true
    if (task === 'demote' || task === 'stop') promoted = false
    if ((task === 'start' || task === 'promote') && chance.yes(60)) story.monitors(promoted)
    if (chance.yes(3)) story.add('reload-agent', 0, 0)
  }
}

type NodeStories = Map<string, XmlElement>

/** A migration: what its source tells of it and what its target does. */
function migration(chance: Chance, leaf: ListedLeaf, source: string, target: string): ReadonlyMap<string, XmlElement> {
  const mood = { failing: 15, pending: 15 }
  const marks = { migrate_source: source, migrate_target: target }
  const from = new Story(chance, leaf, source, mood)
  if (chance.yes(40)) from.add('start', 0, 0)
  if (chance.yes(50)) from.monitors(false)
  from.add('migrate_to', 0, 0, chance.yes(95) ? marks : {})
  if (chance.yes(15)) from.add('stop', 0, 0)
  if (chance.yes(5)) from.add('monitor', 0, 7)
  const stories = new Map([[source, from.xml]])
  if (chance.yes(25)) return stories
  const to = new Story(chance, leaf, target, mood)
  if (chance.yes(30)) to.add('monitor', 0, 7)
  if (chance.yes(75)) to.add('migrate_from', 0, 0, chance.yes(95) ? marks : {})
  if (chance.yes(30)) to.monitors(false)
  if (chance.yes(10)) to.add(chance.pick(['stop', 'start']), 0, 0)
  if (chance.yes(5)) to.add('monitor', 0, chance.pick([0, 7]))
  return stories.set(target, to.xml)
}

function withEntries(state: XmlElement, stories: NodeStories): XmlElement {
  return replaceChild(state, 'lrm', (lrm) =>
    replaceChild(lrm, 'lrm_resources', (list) => {
      const kept = list.children.filter((item) => !stories.has(attr(item, 'id') ?? ''))
      return { ...list, children: [...kept, ...stories.values()] }
    }),
  )
}

/**
 * Gives resources longer histories: many operations with results of every kind where `failure` is asked for, unfinished
 * ones, and migrations as both of their nodes tell of them where `migration` is.
 */
export function withStories(
  chance: Chance,
  cib: XmlElement,
  has: (feature: 'failure' | 'migration') => boolean,
): XmlElement {
  const configuration = child(cib, 'configuration')
  const status = child(cib, 'status')
  if (configuration === undefined || status === undefined) return cib
  const names = status.children.filter((item) => item.name === 'node_state').map((item) => attr(item, 'uname') ?? '')
  const byNode = new Map<string, NodeStories>(names.map((name) => [name, new Map()]))
  for (const leaf of listLeaves(configuration)) {
    if (has('failure')) {
      for (const node of names) {
        if (!chance.yes(45)) continue
        const story = new Story(chance, leaf, node, { failing: 18, pending: 8 })
        life(chance, story, leaf)
        byNode.get(node)?.set(leaf.id, story.xml)
      }
    }
    if (has('migration') && names.length > 1 && !leaf.promotable && chance.yes(50)) {
      const source = chance.pick(names)
      const target = chance.pick(names.filter((name) => name !== source))
      for (const [node, xml] of migration(chance, leaf, source, target)) byNode.get(node)?.set(leaf.id, xml)
    }
  }
  return replaceChild(cib, 'status', (old) => ({
    ...old,
    children: old.children.map((state) => {
      const stories = state.name === 'node_state' ? byNode.get(attr(state, 'uname') ?? '') : undefined
      return stories === undefined || stories.size === 0 ? state : withEntries(state, stories)
    }),
  }))
}
