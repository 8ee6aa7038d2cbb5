import { attr } from '@quorate/xml'
import { beginningOf, parseKey, task } from '../action/key.ts'
import { type Cluster, type OrderRecord, type Resource, variant } from '../model/model.ts'
import { outermost } from '../model/tree.ts'
import { edgeFlag } from '../order/flags.ts'
import type { Decision } from './decision.ts'

/** Constraints that lead from a resource back to itself. Pacemaker says nothing of them, and breaks them somewhere. */
export type ConstraintLoop = {
  readonly kind: 'colocation' | 'order'
  /** Ids of the constraints, in the order in which they lead around. */
  readonly constraints: readonly string[]
  /** Resources on the way, the first of them once. */
  readonly resources: readonly string[]
  /** The whole way in one sentence. */
  readonly text: string
}

/** One step of a loop: what it leads to, and by which constraint; undefined where it holds without one. */
type Step = { readonly to: string; readonly constraint: string | undefined }

type Graph = Map<string, Step[]>

/** A separator that no id can have in it. */
const gap = '\u0000'

function addStep(graph: Graph, from: string, to: string, constraint: string | undefined): void {
  const known = graph.get(from)
  if (known === undefined) graph.set(from, [{ to, constraint }])
  else known.push({ to, constraint })
  if (!graph.has(to)) graph.set(to, [])
}

/** Every loop of constraints; of those that hang together the shortest. */
export function loopsOf({
  cluster,
  constraints,
}: Pick<Decision, 'cluster' | 'constraints'>): readonly ConstraintLoop[] {
  const own = (id: string): string | undefined => {
    const constraint = constraints.get(id)
    return constraint === undefined ? undefined : (attr(constraint, 'id') ?? id)
  }
  return [...colocationLoops(cluster, own), ...orderLoops(cluster)]
}

/** What a constraint can place by itself: what is in a clone or a bundle goes with that. */
function unitOf(resource: Resource): Resource {
  const outer = outermost(resource)
  return outer.variant === variant.group || outer.variant === variant.primitive ? resource : outer
}

function colocationLoops(cluster: Cluster, own: (id: string) => string | undefined): readonly ConstraintLoop[] {
  const graph: Graph = new Map()
  for (const { id, dependent, primary, score } of cluster.colocations) {
    if (score <= 0) continue
    const constraint = own(id)
    const [from, to] = [unitOf(dependent), unitOf(primary)]
    if (from === to && constraint === undefined) continue
    const follower = from.variant === variant.group ? from.children[0] : from
    const leader = to.variant === variant.group ? to.children[to.children.length - 1] : to
    if (follower !== undefined && leader !== undefined) {
      addStep(graph, follower.xmlId, leader.xmlId, constraint)
    }
  }
  return loopsIn(graph).flatMap((steps): ConstraintLoop[] => {
    const constraints = constraintsIn(steps)
    if (constraints.length === 0) return []
    const resources = steps.map(({ to }) => to)
    const first = resources[resources.length - 1] ?? ''
    const way = steps.map(({ to, constraint }) => `with ${to} (${constraint ?? 'its group or container'})`)
    return [
      {
        kind: 'colocation',
        constraints,
        resources: [first, ...resources.slice(0, -1)],
        text: `colocations go in a circle: ${first} ${shortWay(way, ', that ')}; each waits for the place of the next`,
      },
    ]
  })
}

function orderLoops(cluster: Cluster): readonly ConstraintLoop[] {
  const graph: Graph = new Map()
  const resources = new Map<string, string>()
  for (const order of cluster.orders) addOrderStep(graph, resources, order)
  for (const resource of cluster.resources) addGroupSteps(graph, resources, resource)
  return loopsIn(graph).flatMap((steps): ConstraintLoop[] => {
    const constraints = constraintsIn(steps)
    if (constraints.length === 0) return []
    const last = steps[steps.length - 1]?.to ?? ''
    const way = steps.map(({ to, constraint }) => {
      if (constraint !== undefined) return `then ${taskText(to)} (${constraint})`
      return to.endsWith(`${gap}end`) ? `which is part of it` : `then ${taskText(to)}`
    })
    const names = steps.flatMap(({ to }) => resources.get(to) ?? [])
    return [
      {
        kind: 'order',
        constraints,
        resources: [...new Set(names)],
        text: `orders go in a circle: ${taskText(last)}, ${shortWay(way, ', ')}; each waits for the one before`,
      },
    ]
  })
}

/** Whether a group begins with a task, or has ended it. */
type Side = 'begin' | 'end'

function taskNode(resources: Map<string, string>, resource: Resource, name: string, side: Side): string {
  const unit = unitOf(resource)
  const node = [beginningOf(name), unit.xmlId, unit.variant === variant.group ? side : ''].join(gap)
  resources.set(node, unit.xmlId)
  return node
}

/** A task of a resource in words: the name of its node is made of both. */
function taskText(node: string): string {
  const [name, id] = node.split(gap)
  return `${name ?? ''} ${id ?? ''}`
}

/** The orders that constraints make; those that serialize have no direction, and stops go around as starts do. */
function addOrderStep(graph: Graph, resources: Map<string, string>, order: OrderRecord): void {
  const { constraint, flags } = order
  if (constraint === undefined || (flags & (edgeFlag.serialize | edgeFlag.antiColocation)) !== 0) return
  const node = (resource: Resource | undefined, key: string | undefined, side: Side): string | undefined => {
    if (key === undefined) return undefined
    if (resource === undefined) return ['', key, ''].join(gap)
    const name = parseKey(key)?.task
    return name === undefined ? undefined : taskNode(resources, resource, name, side)
  }
  const first = node(order.first, order.firstKey, 'end')
  const then = node(order.then, order.thenKey, 'begin')
  if (first !== undefined && then !== undefined) addStep(graph, first, then, constraint)
}

const goingUp = [task.start, task.promote] as const
const goingDown = [task.demote, task.stop] as const

/** What holds without a constraint: members within their group, and a start before a promotion. */
function addGroupSteps(graph: Graph, resources: Map<string, string>, resource: Resource): void {
  const node = (of: Resource, name: string, side: Side): string => taskNode(resources, of, name, side)
  for (const [first, then] of [goingUp, goingDown]) {
    addStep(graph, node(resource, first, 'end'), node(resource, then, 'begin'), undefined)
  }
  if (resource.variant !== variant.group) return
  const isOrdered = resource.group?.ordered === true
  for (const name of [...goingUp, ...goingDown]) {
    const isUp = name === task.start || name === task.promote
    resource.children.forEach((member, i) => {
      const own = node(member, name, 'begin')
      addStep(graph, node(resource, name, 'begin'), own, undefined)
      addStep(graph, own, node(resource, name, 'end'), undefined)
      const previous = resource.children[i - 1]
      if (!isOrdered || previous === undefined) return
      const before = node(previous, name, 'begin')
      if (isUp) addStep(graph, before, own, undefined)
      else addStep(graph, own, before, undefined)
    })
  }
}

/** Steps of a way that are written out; the rest is counted. */
const stepsShown = 12

function shortWay(way: readonly string[], link: string): string {
  if (way.length <= stepsShown) return way.join(link)
  return `${way.slice(0, stepsShown).join(link)} and so on, ${way.length} steps in all`
}

function constraintsIn(steps: readonly Step[]): readonly string[] {
  return [...new Set(steps.flatMap(({ constraint }) => constraint ?? []))]
}

/** One loop of each part of a graph that goes in a circle, without those that are made of the same constraints. */
function loopsIn(graph: Graph): readonly (readonly Step[])[] {
  const found = new Map<string, readonly Step[]>()
  for (const part of circularParts(graph)) {
    const steps = shortestLoop(graph, part)
    const key = [...constraintsIn(steps)].sort().join(gap)
    if (!found.has(key)) found.set(key, steps)
  }
  return [...found.values()]
}

/** Strongly connected parts with a loop in them (Tarjan), on a stack of their own: chains may be long. */
function circularParts(graph: Graph): readonly (readonly string[])[] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const open: string[] = []
  const isOpen = new Set<string>()
  const parts: string[][] = []
  for (const root of graph.keys()) {
    if (index.has(root)) continue
    const work: { readonly node: string; next: number }[] = [{ node: root, next: 0 }]
    for (let at = work[work.length - 1]; at !== undefined; at = work[work.length - 1]) {
      const { node } = at
      if (at.next === 0) {
        index.set(node, index.size)
        low.set(node, index.size - 1)
        open.push(node)
        isOpen.add(node)
      }
      const step = graph.get(node)?.[at.next]
      at.next += 1
      if (step !== undefined) {
        if (!index.has(step.to)) work.push({ node: step.to, next: 0 })
        else if (isOpen.has(step.to)) low.set(node, Math.min(low.get(node) ?? 0, index.get(step.to) ?? 0))
        continue
      }
      work.pop()
      const above = work[work.length - 1]?.node
      if (above !== undefined) low.set(above, Math.min(low.get(above) ?? 0, low.get(node) ?? 0))
      if (low.get(node) !== index.get(node)) continue
      const part = open.splice(open.lastIndexOf(node))
      for (const item of part) isOpen.delete(item)
      if (part.length > 1 || graph.get(node)?.some(({ to }) => to === node) === true) parts.push(part)
    }
  }
  return parts
}

/** The shortest way from the first node of a part back to it, as steps. */
function shortestLoop(graph: Graph, part: readonly string[]): readonly Step[] {
  const [start] = part
  if (start === undefined) return []
  const inside = new Set(part)
  const cameBy = new Map<string, { readonly from: string; readonly step: Step }>()
  const queue = [start]
  for (const node of queue) {
    for (const step of graph.get(node) ?? []) {
      if (!inside.has(step.to) || cameBy.has(step.to)) continue
      cameBy.set(step.to, { from: node, step })
      if (step.to === start) return wayBack(cameBy, start)
      queue.push(step.to)
    }
  }
  return []
}

function wayBack(cameBy: ReadonlyMap<string, { readonly from: string; readonly step: Step }>, start: string) {
  const steps: Step[] = []
  for (let at = cameBy.get(start); at !== undefined; at = at.from === start ? undefined : cameBy.get(at.from)) {
    steps.unshift(at.step)
  }
  return steps
}
