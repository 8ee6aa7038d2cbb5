import { attr, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { task } from '../action/key.ts'
import { configError } from '../model/log.ts'
import type { Action, Cluster, Resource } from '../model/model.ts'
import { edgeFlag } from '../order/flags.ts'
import { parseBoolean } from '../scalar.ts'
import { actionSide, addOrder, taskOf } from './internal-order.ts'
import { constraintResource, resolvedSets } from './lookup.ts'
import { inverseTask, isSymmetric, type OrderKind, orderFlags, orderKind, type Symmetry } from './order-kind.ts'

type Gate = (cluster: Cluster, name: string) => Action

type Set = {
  readonly xml: XmlElement
  readonly members: readonly Resource[]
  readonly action: string
}

/** Reads an order of resource sets. */
export function orderSets(cluster: Cluster, xml: XmlElement, gate: Gate): void {
  const kind = orderKind(cluster, xml, 2)
  const symmetric = isSymmetric(cluster, kind, xml, attr(xml, 'symmetrical'), 1)
  let previous: Set | undefined
  for (const target of resolvedSets(cluster, childrenNamed(xml, 'resource_set'))) {
    const set = readSet(cluster, target)
    if (set === undefined) return
    orderWithin(cluster, xml, set, kind)
    if (previous !== undefined) {
      orderBetween(cluster, previous, set, kind, symmetric ? 'symmetric' : 'asymmetric', gate)
      if (symmetric) orderBetween(cluster, set, previous, kind, 'inverse', gate)
    }
    previous = set
  }
}

function readSet(cluster: Cluster, set: XmlElement): Set | undefined {
  const members: Resource[] = []
  for (const ref of childrenNamed(set, 'resource_ref')) {
    const resource = constraintResource(cluster, idOf(ref))
    if (resource === undefined) {
      configError(cluster, 'unpack_order_set', `${idOf(set)}: No resource found for ${idOf(ref)}`)
      return undefined
    }
    members.push(resource)
  }
  return { xml: set, members, action: attr(set, 'action') ?? task.start }
}

function orderWithin(cluster: Cluster, xml: XmlElement, set: Set, parentKind: OrderKind): void {
  const kind = attr(set.xml, 'kind') === undefined ? parentKind : orderKind(cluster, set.xml, 2)
  // A score says nothing of the kind of a set, but of whether that goes both ways.
  const hasOwn = attr(set.xml, 'kind') !== undefined || attr(set.xml, 'score') !== undefined
  const symmetryKind = hasOwn ? orderKind(cluster, set.xml, 0) : parentKind
  const asked = attr(set.xml, 'symmetrical') ?? attr(xml, 'symmetrical')
  const symmetric = isSymmetric(cluster, symmetryKind, set.xml, asked, 1)
  const sequential = parseBoolean(attr(set.xml, 'sequential')) !== false
  const flags = orderFlags(kind, set.action, symmetric ? 'symmetric' : 'asymmetric')
  const { members, action } = set
  if (members.length < 2) return
  members.forEach((member, i) => {
    if (kind === 'serialize') {
      for (const later of members.slice(i + 1)) addOrder(cluster, taskOf(member, action), taskOf(later, action), flags)
    } else if (sequential && i > 0) {
      const before = members[i - 1] as Resource
      addOrder(cluster, taskOf(before, action), taskOf(member, action), flags)
    }
  })
  const inverse = inverseTask(action)
  if (!symmetric || !sequential || inverse === undefined) return
  const inverseFlags = orderFlags(kind, inverse, 'inverse')
  members.slice(1).forEach((member, i) => {
    addOrder(cluster, taskOf(member, inverse), taskOf(members[i] as Resource, inverse), inverseFlags)
  })
}

function orderBetween(cluster: Cluster, a: Set, b: Set, kind: OrderKind, symmetry: Symmetry, gate: Gate): void {
  const backwards = symmetry === 'inverse'
  const first = backwards ? inverseTask(a.action) : a.action
  const then = backwards ? inverseTask(b.action) : b.action
  if (first === undefined || then === undefined) return
  const flags = orderFlags(kind, then, symmetry)
  const undoes = first === task.stop || first === task.demote
  const requireAll = undoes || parseBoolean(attr(a.xml, 'require-all')) !== false
  if (!requireAll) {
    const pseudo = gate(cluster, `one-or-more:${idOf(a.xml)}`)
    for (const member of a.members) {
      addOrder(cluster, taskOf(member, first), actionSide(pseudo), edgeFlag.oneOrMore | edgeFlag.impliesThenPrinted)
    }
    for (const member of b.members)
      addOrder(cluster, actionSide(pseudo), taskOf(member, then), flags | edgeFlag.runnableLeft)
    return
  }
  const sequential = (set: Set): boolean => parseBoolean(attr(set.xml, 'sequential')) === true
  const firsts = sequential(a) ? (backwards ? a.members.slice(0, 1) : a.members.slice(-1)) : a.members
  const thens = sequential(b) ? (backwards ? b.members.slice(-1) : b.members.slice(0, 1)) : b.members
  for (const member of firsts)
    for (const other of thens) addOrder(cluster, taskOf(member, first), taskOf(other, then), flags)
}
