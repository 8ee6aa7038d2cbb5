import { attr } from '@quorate/xml'
import { beginningOf, task } from '../action/key.ts'
import type { Action } from '../model/model.ts'
import { findResource } from '../model/tree.ts'
import type { Decision } from './decision.ts'
import { dueFencing } from './due-fencing.ts'
import { pendingText, redefinedText } from './general-reasons.ts'
import type { WaitStep } from './reason.ts'
import { colocationTie, gateText, orderTie, type Tie, type TieSide, tieText } from './tie.ts'

/** Why an action is done, or cannot be: in words, and what says so where another action is behind it. */
export type ActionReason = { readonly why: string; readonly follows: WaitStep | undefined }

const fencingFirst = 'fencing or unfencing of its node comes first'

/** What logs have as reasons, where other words are plainer. */
const plainReasons: ReadonlyMap<string, string> = new Map([
  ['node availability', 'it is to run nowhere'],
  ['no quorum', 'this partition has no quorum'],
  ['quorum freeze', 'this partition has no quorum, and what does not run is not started'],
  ['being multiply active', 'it is active on more than one node'],
])

/** The reason of an action in words; undefined where it has none. */
export function actionReason(decision: Decision, action: Action): ActionReason | undefined {
  const { reason } = action
  if (reason === undefined) return undefined
  const [, apart] = /^colocation with (\S+)$/.exec(reason) ?? []
  if (apart !== undefined) return colocationReason(decision, action, apart)
  const [, kind, id, name] = /^(unrunnable|required) (\S+)(?: (\S+))?$/.exec(reason) ?? []
  if (kind === undefined || id === undefined) return { why: plainReason(decision, action, reason), follows: undefined }
  if (name === undefined) return id === 'stonith' ? { why: fencingFirst, follows: undefined } : gateReason(decision, id)
  const other = findResource(decision.cluster, id)
  const tie = other === undefined ? undefined : tieBetween(decision, action, { resource: other, task: name })
  const what = `the ${wordOf(name)} of ${id}`
  const why =
    kind === 'required'
      ? `it follows ${what}`
      : action.runnable
        ? `it cannot be migrated live, because of ${what}`
        : `${what} cannot be done now`
  return { why: withTie(why, tie), follows: stepOf(tie, id, name, why) }
}

/** Why something is done of which logs have no reason; undefined where that is not known. */
export function impliedReason({ cluster }: Decision, action: Action): string | undefined {
  const { task: name, node, pseudo, dangle, resource, optional } = action
  // What has begun and not ended is asked for again.
  if (name === task.start && optional && resource?.startPending === true) return pendingText(resource)
  if (name !== task.stop || node === undefined) return undefined
  if (pseudo && dueFencing(cluster).some((item) => item.node === node)) {
    return `${node.uname} is to be fenced, by which it is stopped there`
  }
  return dangle
    ? `its live migration from ${node.uname} is over, and what is left of it there is cleared away`
    : undefined
}

function plainReason(decision: Decision, { resource }: Action, reason: string): string {
  const changed = reason === 'resource definition change' && resource !== undefined
  return (changed ? redefinedText(decision, resource) : plainReasons.get(reason)) ?? reason
}

/** A task whose end is told as what it is the end of. */
function wordOf(name: string): string {
  return name === task.notified ? task.notify : beginningOf(name)
}

function withTie(why: string, tie: Tie | undefined): string {
  return tie === undefined ? why : `${why} (${tieText(tie)})`
}

function stepOf(tie: Tie | undefined, resource: string | undefined, name: string, why: string): WaitStep | undefined {
  if (tie === undefined) return undefined
  return { kind: tie.kind, constraints: tie.ids, resource, task: wordOf(name), text: withTie(why, tie) }
}

/** The order between an action and another one, whichever comes first. */
function tieBetween({ cluster }: Decision, action: Action, other: TieSide): Tie | undefined {
  const own: TieSide = { resource: action.resource, task: action.task }
  const tasks = [action.task, task.start, task.stop, task.promote, task.demote]
  if (other.task === task.notified) {
    // A notification tells of what the order is about.
    return tasks.reduce<Tie | undefined>(
      (found, name) => found ?? orderTie(cluster, { ...other, task: name }, own),
      undefined,
    )
  }
  // A stop that a start asks for is one of the same resource's start, which the order is about.
  return (
    orderTie(cluster, other, own) ??
    orderTie(cluster, own, other) ??
    tasks.reduce<Tie | undefined>((found, name) => found ?? orderTie(cluster, other, { ...own, task: name }), undefined)
  )
}

function colocationReason(decision: Decision, { resource, task: name }: Action, id: string): ActionReason {
  const primary = findResource(decision.cluster, id)
  const isKnown = resource !== undefined && primary !== undefined
  const tie = isKnown ? colocationTie(decision, resource, primary) : undefined
  const isStarted = primary === undefined || primary.actions.some((item) => item.task === task.start && !item.runnable)
  const why = `it is to be with ${id}, which cannot be ${isStarted ? 'started' : 'promoted'} now`
  return { why: withTie(why, tie), follows: stepOf(tie, id, name, why) }
}

/** What waits for some of several. */
function gateReason(decision: Decision, name: string): ActionReason {
  const { cluster, constraints } = decision
  const gate = cluster.singletons.get(name)
  const text = (gate === undefined ? undefined : gateText(decision, gate)) ?? name
  const constraint = constraints.get(name.slice(name.indexOf(':') + 1))
  const id = constraint === undefined ? undefined : attr(constraint, 'id')
  const tie: Tie | undefined = id === undefined ? undefined : { kind: 'order', ids: [id] }
  const why = `${text} comes first, which cannot be done now`
  const first = gate?.before[0]?.first.task ?? task.start
  return { why: withTie(why, tie), follows: stepOf(tie, undefined, first, why) }
}
