import { attr, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { keyOf, task } from '../action/key.ts'
import { newAction } from '../action/ledger.ts'
import { configError, configWarning, configWarningOnce } from '../model/log.ts'
import { type Action, type Cluster, type Resource, variant } from '../model/model.ts'
import { edgeFlag } from '../order/flags.ts'
import { parseBoolean, parseInteger } from '../scalar.ts'
import { actionSide, addOrder, taskOf } from './internal-order.ts'
import {
  constraintInstance,
  constraintResource,
  expandSets,
  isKnown,
  isTemplateOrTag,
  refuse,
  refuseName,
  sideToSet,
} from './lookup.ts'
import { inverseTask, isSymmetric, orderFlags, orderKind } from './order-kind.ts'
import { orderSets } from './order-set.ts'

/** A pseudo action that can run once enough of its inputs can. */
export function gateAction(cluster: Cluster, name: string): Action {
  const known = cluster.singletons.get(name)
  if (known !== undefined) return known
  const made = newAction(cluster, name, name, undefined, undefined, true)
  cluster.singletons.set(name, made)
  made.pseudo = true
  made.runnable = true
  made.requiresAny = true
  return made
}

/** Reads one `rsc_order`. */
export function unpackOrder(cluster: Cluster, original: XmlElement): void {
  const xml = sidesToSets(cluster, expandSets(cluster, original))
  if (xml === undefined) return
  if (childrenNamed(xml, 'resource_set').length > 0) return orderSets(cluster, xml, gateAction)
  const first = constraintInstance(cluster, attr(xml, 'first'), attr(xml, 'first-instance'))
  const then = constraintInstance(cluster, attr(xml, 'then'), attr(xml, 'then-instance'))
  if (first === undefined) return refuseSide(cluster, xml, 'first')
  if (then === undefined) return refuseSide(cluster, xml, 'then')
  const kind = orderKind(cluster, xml, 4)
  const firstTask = attr(xml, 'first-action') ?? task.start
  const thenTask = attr(xml, 'then-action') ?? firstTask
  const symmetric = isSymmetric(cluster, kind, xml, attr(xml, 'symmetrical'), 2)
  let flags = orderFlags(kind, firstTask, symmetric ? 'symmetric' : 'asymmetric')
  const restarts = kind === 'optional' && then.restartTypeRestart
  if (restarts) flags |= edgeFlag.impliesThen
  const least = leastInstances(cluster, xml, first)
  if (least > 0) orderAfterSome(cluster, xml, first, firstTask, then, thenTask, flags, least)
  else addOrder(cluster, taskOf(first, firstTask), taskOf(then, thenTask), flags)
  if (!symmetric) return
  const [back, forth] = [inverseTask(thenTask), inverseTask(firstTask)]
  if (back === undefined || forth === undefined) {
    for (const name of [firstTask, thenTask]) {
      if (inverseTask(name) !== undefined) continue
      configWarning(cluster, 'invert_action', `Unknown action '${name}' specified in order constraint`)
    }
    const text = `Cannot invert constraint '${idOf(xml)}' (please specify inverse manually)`
    configWarning(cluster, 'inverse_ordering', text)
    return
  }
  let inverse = orderFlags(kind, back, 'inverse')
  if (restarts) inverse |= edgeFlag.impliesFirst
  addOrder(cluster, taskOf(then, back), taskOf(first, forth), inverse)
}

function refuseSide(cluster: Cluster, xml: XmlElement, side: 'first' | 'then'): void {
  const name = attr(xml, side)
  const source = 'get_ordering_resource'
  if (name === undefined) return configError(cluster, source, `Ignoring constraint '${idOf(xml)}' without ${side}`)
  const asked = attr(xml, `${side}-instance`) ?? ''
  const isClone = constraintResource(cluster, name)?.variant === variant.clone
  // The C program's text has its names a place too far on here.
  if (isClone) {
    const text = `Ignoring constraint ''%s'' because resource '${idOf(xml)}' does not have an instance '${name}'`
    return configError(cluster, source, text)
  }
  refuse(cluster, xml, `resource '${name}' is not a clone but instance '${asked}' was requested`, source)
}

function sidesToSets(cluster: Cluster, xml: XmlElement): XmlElement | undefined {
  for (const side of ['first', 'then']) {
    const name = attr(xml, side)
    if (name !== undefined && !isKnown(cluster, name)) return refuseName(cluster, xml, name, 'unpack_order_tags')
  }
  if (!isTemplateOrTag(cluster, attr(xml, 'first')) && !isTemplateOrTag(cluster, attr(xml, 'then'))) return xml
  const first = sideToSet(cluster, xml, { attribute: 'first', moved: 'first-action', movedAs: 'action', always: true })
  if (first === undefined) return undefined
  return sideToSet(cluster, first, { attribute: 'then', moved: 'then-action', movedAs: 'action', always: true })
}

/** Number of instances of a clone that are enough for what comes after it; 0 where all count. */
function leastInstances(cluster: Cluster, xml: XmlElement, first: Resource): number {
  if (first.variant !== variant.clone) return 0
  const least = first.meta.get('clone-min')
  if (least !== undefined) return Math.max(0, parseInteger(least) ?? 0)
  if (attr(xml, 'require-all') !== undefined) {
    const instead = '(use clone-min clone meta-attribute instead)'
    const text = `Support for require-all in ordering constraints is deprecated and will be removed in a future release ${instead}`
    configWarningOnce(cluster, 'get_minimum_first_instances', text)
  }
  return parseBoolean(attr(xml, 'require-all')) === false ? 1 : 0
}

function orderAfterSome(
  cluster: Cluster,
  xml: XmlElement,
  first: Resource,
  firstTask: string,
  then: Resource,
  thenTask: string,
  flags: number,
  least: number,
): void {
  const gate = gateAction(cluster, `clone-one-or-more:${idOf(xml)}`)
  gate.requiredRunnableBefore = least
  for (const instance of first.children) {
    addOrder(
      cluster,
      { resource: instance, key: keyOf(instance, firstTask) },
      actionSide(gate),
      edgeFlag.oneOrMore | edgeFlag.impliesThenPrinted,
    )
  }
  addOrder(cluster, actionSide(gate), taskOf(then, thenTask), flags | edgeFlag.runnableLeft)
}
