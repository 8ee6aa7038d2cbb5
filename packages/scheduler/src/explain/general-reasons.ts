import { attr, idOf } from '@quorate/xml'
import { task } from '../action/key.ts'
import { findOperation } from '../action/operation-options.ts'
import type { Cluster, FailedOperation, Resource, TicketDependency } from '../model/model.ts'
import { parseRole, role, roleText } from '../model/role.ts'
import { isPromotable, top, withoutInstance } from '../model/tree.ts'
import { exitWords } from '../report/result-words.ts'
import { isTrue } from '../scalar.ts'
import { historyEntry, status } from '../unpack/history-entry.ts'
import { historyOf } from '../unpack/history-index.ts'
import { findNode } from '../unpack/nodes.ts'
import type { Change } from './change.ts'
import type { Decision } from './decision.ts'
import { guestReason } from './due-fencing.ts'
import { failedAs } from './failure-reason.ts'
import type { GeneralReason } from './reason.ts'
import { dependsOnTime, ruleText } from './rule-text.ts'
import { attributeSetting, optionSetting, type Setting } from './setting.ts'
import { settingFaultsOf } from './setting-faults.ts'
import { bySource, metaSettings, metaSource, operationSource } from './setting-source.ts'
import {
  cleanupChange,
  configuredChange,
  holderOf,
  isToBeStopped,
  maintenanceChanges,
  noQuorumText,
  stopCause,
  stoppedButOnce,
  ticketChange,
  ticketText,
} from './state-changes.ts'

/** A reason that holds for every node, with what would have to change. */
export type GeneralFinding = { readonly reason: GeneralReason; readonly changes: readonly Change[] }

/** What bears on a resource whatever the node. */
export function generalFindings(decision: Decision, leaf: Resource): readonly GeneralFinding[] {
  const stops = stopFindings(decision.cluster, leaf)
  const management = managementFindings(decision, leaf)
  // What runs and is left alone stays for that reason, whatever else would stop it.
  const isLeft = leaf.runningOn.length > 0 && management.length > 0
  return [
    ...(isLeft ? [...management, ...stops] : [...stops, ...management]),
    ...optionFindings(decision.cluster, leaf),
    ...ticketFindings(decision, leaf),
    ...stateFindings(decision, leaf),
    ...untimelyFindings(decision, leaf),
    ...nameFindings(decision.cluster, leaf),
  ]
}

/** What is set under a name that means nothing, and probably was to mean something. */
function nameFindings(cluster: Cluster, leaf: Resource): readonly GeneralFinding[] {
  return settingFaultsOf(cluster, leaf).map(({ text, remedy }) => {
    const { reason } = note(text)
    return { reason: { ...reason, remedy }, changes: [] }
  })
}

/** What is said of a resource: in words, and what it comes from. */
type Said = {
  readonly text: string
  readonly constraint?: string
  readonly settings?: readonly (Setting | undefined)[]
}

function finding(said: string | Said, isObstacle: boolean, changes: readonly Change[]): GeneralFinding {
  const { text, constraint, settings = [] }: Said = typeof said === 'string' ? { text: said } : said
  const known = settings.flatMap((setting) => setting ?? [])
  return { reason: { text, constraint, settings: known, remedy: changes[0]?.text, isObstacle }, changes }
}

function note(said: string | Said): GeneralFinding {
  return finding(said, false, [])
}

function obstacle(said: string | Said, ...changes: readonly Change[]): GeneralFinding {
  return finding(said, true, changes)
}

function stopFindings(cluster: Cluster, leaf: Resource): readonly GeneralFinding[] {
  const clone = top(leaf)
  if (leaf.orphan && clone !== leaf && !clone.orphan && clone.clone !== undefined) {
    const { max } = clone.clone
    const suppose = { metaAttributes: [{ resource: clone.xmlId, name: 'clone-max', value: String(max + 1) }] }
    const change = { text: `a higher clone-max of ${clone.xmlId}`, suppose }
    const settings = metaSettings(cluster, clone, 'clone-max', String(max))
    return [obstacle({ text: `clone-max=${max} of ${clone.xmlId}: it is one more`, settings }, change)]
  }
  if (leaf.orphan) {
    return [obstacle('it is not in the configuration any more', configuredChange(cluster, leaf))]
  }
  if (isToBeStopped(leaf)) {
    const { text, settings, changes } = stopCause(cluster, leaf)
    return [obstacle({ text, settings }, ...changes)]
  }
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    const target = at.meta.get('target-role')
    if (isPromotable(at) && parseRole(target) === role.unpromoted) {
      const holder = holderOf(at, 'target-role')
      const setting = metaSource(cluster, holder, 'target-role')
      const text = `${holder.xmlId} has target-role=${target ?? ''}${bySource(setting, holder)}`
      return [note({ text, settings: [setting] })]
    }
  }
  return []
}

function managementFindings(decision: Decision, leaf: Resource): readonly GeneralFinding[] {
  const { cluster } = decision
  const found: GeneralFinding[] = []
  const twice = activeTwice(leaf)
  const mend = twice !== undefined ? stoppedButOnce(twice) : cleanupChange(leaf, undefined)
  const failed = leaf.blocked ? [obstacle(blockedText(decision, leaf), mend)] : []
  if (leaf.managed) return failed
  found.push(...unmanagedClusterFindings(cluster))
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    const id = at.xmlId
    const own = ownMeta(at)
    if (own.unmanaged) {
      const setting = metaSource(cluster, at, 'is-managed')
      const text = `${id} has is-managed=false${bySource(setting, at)}: the cluster leaves it as it is`
      found.push(
        obstacle(
          { text, settings: [setting] },
          {
            text: `is-managed=true of ${id}`,
            suppose: { metaAttributes: [{ resource: id, name: 'is-managed', value: 'true' }] },
          },
        ),
      )
    }
    if (own.maintenance) {
      const setting = metaSource(cluster, at, 'maintenance')
      const text = `${id} has maintenance=true${bySource(setting, at)}: the cluster leaves it as it is`
      found.push(
        obstacle(
          { text, settings: [setting] },
          {
            text: `maintenance=false of ${id}`,
            suppose: { metaAttributes: [{ resource: id, name: 'maintenance', value: 'false' }] },
          },
        ),
      )
    }
  }
  for (const node of leaf.runningOn.filter((at) => at.maintenance)) {
    found.push(
      obstacle(
        {
          text: `it runs on ${node.uname}, which is in maintenance: the cluster leaves it as it is`,
          settings: [attributeSetting(cluster, node, 'maintenance')],
        },
        ...maintenanceChanges(node),
      ),
    )
  }
  if (leaf.orphan && found.length === 0) {
    const settings = [optionSetting(cluster, 'stop-orphan-resources')]
    found.push(obstacle({ text: 'stop-orphan-resources is false: it is left as it is', settings }))
  }
  if (found.length === 0 && failed.length === 0)
    found.push(obstacle('it is not managed: the cluster leaves it as it is'))
  return [...failed, ...found]
}

/** What is active on several nodes with multiple-active=block: the resource, or another member of its group. */
function activeTwice(leaf: Resource): Resource | undefined {
  const members = leaf.parent?.group === undefined ? [leaf] : [leaf, ...leaf.parent.children]
  return members.find((item) => item.recovery === 'block' && item.runningOn.length > 1)
}

/** What has blocked a resource: it is left alone until a person has seen to it. */
function blockedText(decision: Decision, leaf: Resource): string | Said {
  if (leaf.recovery === 'block' && leaf.runningOn.length > 1) {
    const names = leaf.runningOn.map((node) => node.uname).join(', ')
    const settings = metaSettings(decision.cluster, leaf, 'multiple-active', 'block')
    return { text: `it is active on ${names}, and multiple-active=block: a person has to see to it`, settings }
  }
  const twice = activeTwice(leaf)
  if (twice !== undefined) {
    return `it is blocked with ${twice.id}, which is active on ${twice.runningOn.length} nodes, and multiple-active=block`
  }
  const tickets: TicketDependency[] = []
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) tickets.push(...at.tickets)
  const frozen = tickets.find(({ ticket, lossPolicy }) => lossPolicy === 'freeze' && !ticket.granted)
  if (frozen !== undefined) return { text: `${ticketText(frozen)}: it is left as it is`, constraint: frozen.id }
  const failure = blockingFailure(decision.cluster, leaf)
  const ruledOut =
    failure === undefined ? (ruledOutText(decision, leaf) ?? recordedText(decision.cluster, leaf)) : undefined
  if (ruledOut !== undefined) return `it is blocked: ${ruledOut}`
  if (failure === undefined) return 'it is blocked by the failure of what it belongs to: a person has to see to it'
  const { task: name, rc } = historyEntry(failure.xml)
  const configured = configuredOnFail(decision.cluster, leaf, failure)
  const isConfigured = configured?.value.toLowerCase() === 'block'
  const why =
    name === task.stop && !isConfigured
      ? 'and there is no fencing to recover from that'
      : `and on-fail=block${isConfigured ? bySource(configured) : ''}`
  const text = `it is blocked: its ${name} failed on ${failure.node.uname} (${exitWords(rc)}, rc=${rc}), ${why}`
  return { text, settings: isConfigured ? [configured] : [] }
}

/** The failure that blocks a resource: one where it runs, rather of an operation with on-fail=block or of a stop. */
function blockingFailure(cluster: Cluster, leaf: Resource): FailedOperation | undefined {
  const own = failuresOf(cluster, leaf)
  const blocks = (failure: FailedOperation): boolean =>
    historyEntry(failure.xml).task === task.stop ||
    configuredOnFail(cluster, leaf, failure)?.value.toLowerCase() === 'block'
  return own.find(blocks) ?? own[0]
}

/** What is configured to be done where an operation fails as one did, and where that is set. */
function configuredOnFail(cluster: Cluster, leaf: Resource, { xml }: FailedOperation) {
  const { task: name, intervalMs } = historyEntry(xml)
  const entry = findOperation(leaf, name, intervalMs, true)
  return operationSource(cluster, leaf, { xml: entry?.xml, task: name, intervalMs }, 'on-fail')
}

/** Location constraints that have no effect now, because of the time. */
function untimelyFindings({ constraints }: Decision, leaf: Resource): readonly GeneralFinding[] {
  const found: GeneralFinding[] = []
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    for (const { id, scores } of at.locations) {
      const constraint = constraints.get(id)
      const rule = constraint?.children.find((item) => item.name === 'rule' && idOf(item) === id)
      if (constraint === undefined || rule === undefined || scores.size > 0 || !dependsOnTime(rule)) continue
      const text = `location constraint ${idOf(constraint)} holds nowhere now: rule ${id} (${ruleText(rule)})`
      found.push(note({ text, constraint: idOf(constraint) }))
    }
  }
  return found
}

/** Why a resource is stopped and started where it is, where no action says so itself. */
export function restartText(decision: Decision, leaf: Resource): string | undefined {
  const recovery = recoveryText(decision, leaf)
  if (recovery !== undefined) return recovery
  const filler = leaf.fillers.find(({ failed }) => failed)
  if (filler !== undefined) return `${filler.id} inside of it is recovered: ${recoveryText(decision, filler)}`
  if (leaf.runningOn.length > 1) {
    return `it is active on ${leaf.runningOn.length} nodes, and multiple-active=stop_start`
  }
  return redefinedText(decision, leaf) ?? needlessRoleText(leaf) ?? brokenMigrationText(decision.cluster, leaf)
}

/** A live migration that was begun and cannot be gone on with; only the log has it. */
function brokenMigrationText({ log }: Cluster, { id }: Resource): string | undefined {
  const start = `Forcing recovery of ${id} because it `
  const why = log.find(({ text }) => text.startsWith(start))?.text.slice(start.length)
  const [, source, target] = / from (\S*) to (\S*)/.exec(why ?? '') ?? []
  if (why === undefined || source === undefined || target === undefined) return undefined
  const way = `${source === '' ? '' : ` from ${source}`}${target === '' ? '' : ` to ${target}`}`
  const end = why.endsWith('elsewhere') ? 'it may be active elsewhere as well' : 'it cannot be gone on with'
  return `its live migration${way} did not come to its end, and ${end}`
}

/** What has a role that only instances of promotable clones have, and is none of these (any more): it is started without. */
function needlessRoleText(leaf: Resource): string | undefined {
  const isNeedless = leaf.role > role.started && leaf.nextRole === role.started
  return isNeedless ? `it is ${roleText(leaf.role)}, and nothing that it belongs to is promotable` : undefined
}

/** What of a resource is configured otherwise than when it was started; undefined where nothing is. */
export function redefinedText({ trace }: Decision, leaf: Resource): string | undefined {
  const changed = trace.redefinitionOf(leaf)
  if (changed === undefined) return undefined
  return changed.what === 'agent' ? 'its agent is another one now' : 'its parameters have changed since it was started'
}

/** What of a resource failed where it runs, by which it is recovered; undefined where that is not why. */
export function failedText(decision: Decision, leaf: Resource): string | undefined {
  return leaf.runningOn.some((node) => node.unclean || node.requiresReset) ? undefined : recoveryText(decision, leaf)
}

/** Why a resource is recovered: what failed, or what has to be fenced. Undefined where it is not. */
function recoveryText(decision: Decision, leaf: Resource): string | undefined {
  if (!leaf.failed) return undefined
  const { cluster } = decision
  const lost = leaf.runningOn.find((node) => node.unclean || node.requiresReset)
  if (lost !== undefined) return `it was active on ${lost.uname}, which has to be fenced`
  const inside = leaf.fillers.find(({ isConnection }) => isConnection)
  const guest = inside === undefined ? undefined : findNode(cluster, inside.id)
  const why = guest === undefined || !guest.requiresReset ? undefined : guestReason(cluster, guest)
  if (guest !== undefined && why !== undefined) return `${guest.uname} inside of it has to be fenced: ${why}`
  const failure = failuresOf(cluster, leaf).at(-1)
  if (failure === undefined)
    return ruledOutText(decision, leaf) ?? recordedText(cluster, leaf) ?? 'its last operation failed'
  const { task: name, rc } = historyEntry(failure.xml)
  return failedAs(name, rc, failure.node)
}

/** A failure of an operation that is in the list of none, and rules out a node. */
function ruledOutText({ trace }: Decision, leaf: Resource): string | undefined {
  for (const node of leaf.runningOn) {
    for (const { cause } of trace.steps(leaf, node)) {
      if (cause.kind === 'failed-operation') return failedAs(cause.task, cause.rc, cause.node)
    }
  }
  return undefined
}

/** What the histories of a resource say where it runs: an operation that failed, or a live migration without an end. */
function recordedText(cluster: Cluster, leaf: Resource): string | undefined {
  const names = new Set([leaf.id, leaf.historyName ?? leaf.id, withoutInstance(leaf.id)])
  for (const node of leaf.runningOn) {
    const entries = (historyOf(cluster).byNode.get(node) ?? []).flatMap((item) =>
      names.has(item.id) ? item.entries : [],
    )
    const failed = entries.findLast((entry) => entry.status >= status.done && entry.rc !== entry.targetRc)
    if (failed !== undefined) return failedAs(failed.task, failed.rc, node)
    const left = entries.find((entry) => entry.task === task.migrateTo)
    const target = left === undefined ? undefined : attr(left.xml, 'migrate_target')
    if (target !== undefined) return `its live migration from ${node.uname} to ${target} did not come to its end`
  }
  return undefined
}

/** Operations of a resource that failed, of those on nodes where it runs if there are such. */
function failuresOf(cluster: Cluster, leaf: Resource): readonly FailedOperation[] {
  const names = new Set([leaf.id, leaf.historyName ?? leaf.id, withoutInstance(leaf.id)])
  // Old histories put the name of the group before that of its member.
  const isNamed = (id: string): boolean =>
    names.has(id) || (!cluster.resourceById.has(id) && [...names].some((name) => id.endsWith(`-${name}`)))
  const own = cluster.failedOperations.filter(({ resourceId }) => isNamed(resourceId))
  const here = own.filter(({ node }) => leaf.runningOn.includes(node))
  // What other instances of its clone did elsewhere is none of what runs here.
  return leaf.runningOn.length > 0 ? here : own
}

/** What a resource's meta-attributes say about its management, whoever set them first. */
function ownMeta(of: Resource): { readonly unmanaged: boolean; readonly maintenance: boolean } {
  const managed = of.meta.get('is-managed')
  const isTold = managed !== undefined && managed.toLowerCase() !== 'default'
  const inherits = (name: string): boolean => of.parent?.meta.get(name) === of.meta.get(name)
  return {
    unmanaged: isTold && !isTrue(managed) && !inherits('is-managed'),
    maintenance: isTrue(of.meta.get('maintenance')) && !inherits('maintenance'),
  }
}

function optionFindings(cluster: Cluster, leaf: Resource): readonly GeneralFinding[] {
  const { settings } = cluster
  const found: GeneralFinding[] = [...stoppedClusterFindings(cluster)]
  if (leaf.needsQuorum || leaf.needsFencing) {
    const isHeld = leaf.actions.some((action) => !action.optional && !action.runnable)
    const isObstacle = isHeld || settings.noQuorumPolicy === 'stop' || settings.noQuorumPolicy === 'suicide'
    for (const { reason, changes } of quorumFindings(cluster))
      found.push({ reason: { ...reason, isObstacle }, changes })
  }
  if (settings.placement !== 'default') {
    const text = `placement-strategy is ${settings.placement}: capacities of nodes decide as well`
    found.push(note({ text, settings: [optionSetting(cluster, 'placement-strategy')] }))
  }
  return found
}

/** What holds for the whole cluster, whatever the resource: quorum, fencing that is missing, maintenance, a stop of all. */
export function clusterFindings(cluster: Cluster): readonly GeneralFinding[] {
  return [
    ...quorumFindings(cluster),
    ...stoppedClusterFindings(cluster),
    ...unmanagedClusterFindings(cluster).filter(() => cluster.resources.length > 0),
  ]
}

function quorumFindings(cluster: Cluster): readonly GeneralFinding[] {
  if (cluster.quorate || cluster.settings.noQuorumPolicy === 'ignore') return []
  const text = 'this partition needs quorum, or another no-quorum-policy'
  const settings = [optionSetting(cluster, 'no-quorum-policy')]
  return [obstacle({ text: noQuorumText(cluster), settings }, { text, suppose: { quorumGained: true } })]
}

function stoppedClusterFindings(cluster: Cluster): readonly GeneralFinding[] {
  if (!cluster.settings.stopAllResources) return []
  const settings = [optionSetting(cluster, 'stop-all-resources')]
  return [obstacle({ text: 'stop-all-resources is true', settings }, optionChange('stop-all-resources', 'false'))]
}

/** Options by which nothing is managed. */
function unmanagedClusterFindings(cluster: Cluster): readonly GeneralFinding[] {
  const found: GeneralFinding[] = []
  const { settings, fenceDeviceExists } = cluster
  if (settings.fencingEnabled && !fenceDeviceExists) {
    const text = 'stonith-enabled is true and there is no fence device: nothing is managed until one is configured'
    found.push(
      obstacle(
        { text, settings: [optionSetting(cluster, 'stonith-enabled')] },
        {
          ...optionChange('stonith-enabled', 'false'),
          text: 'a fence device, or stonith-enabled=false',
        },
      ),
    )
  }
  if (settings.maintenanceMode) {
    const said = {
      text: 'maintenance-mode is true: it is not managed',
      settings: [optionSetting(cluster, 'maintenance-mode')],
    }
    found.push(obstacle(said, optionChange('maintenance-mode', 'false')))
  }
  return found
}

function optionChange(name: string, value: string): Change {
  return { text: `${name}=${value}`, suppose: { clusterOptions: [{ name, value }] } }
}

function ticketFindings({ cluster, trace }: Decision, leaf: Resource): readonly GeneralFinding[] {
  const found: GeneralFinding[] = []
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    for (const dependency of at.tickets) {
      const { ticket, role: asked } = dependency
      if (ticket.granted && !ticket.standby) continue
      const said = { text: ticketText(dependency), constraint: dependency.id }
      const isStopped = cluster.nodes.some((node) =>
        trace.steps(leaf, node).some(({ cause }) => cause.kind === 'ticket' && cause.dependency === dependency),
      )
      if (asked !== role.promoted || isStopped) found.push(obstacle(said, ticketChange(dependency)))
      else if (isPromotable(leaf)) found.push(note({ ...said, text: `${said.text}: it must not be promoted` }))
    }
  }
  return found
}

/** What was begun to be done with a resource and has not ended; undefined where nothing was. */
export function pendingText({ pendingTask, pendingNode }: Resource): string | undefined {
  if (pendingTask === undefined || pendingNode === undefined) return undefined
  return `its ${pendingTask} on ${pendingNode.uname} has begun, and no end of it is recorded yet`
}

/** That only secrets have changed, and are taken for masked; only the log has it. */
function maskedText({ hasMaskedSecrets, log }: Cluster, { id }: Resource): string | undefined {
  const isSaid = ({ text }: { readonly text: string }): boolean =>
    text.startsWith("Only 'private' parameters to ") && text.includes(` for ${id} on `)
  if (!hasMaskedSecrets || !log.some(isSaid)) return undefined
  return 'its secret parameters are not those that it was started with: taken for masked, as in a CIB that was given away; the cluster itself would restart or reload it'
}

function stateFindings(decision: Decision, leaf: Resource): readonly GeneralFinding[] {
  const found: GeneralFinding[] = []
  const recovery = recoveryText(decision, leaf)
  const isLeft = leaf.blocked || !leaf.managed
  const begun = pendingText(leaf)
  if (begun !== undefined) found.push(note(begun))
  const masked = maskedText(decision.cluster, leaf)
  if (masked !== undefined) found.push(note(masked))
  if (recovery !== undefined) found.push(note(isLeft ? `it failed: ${recovery}` : `it is recovered: ${recovery}`))
  const { partialSource, partialTarget } = leaf
  if (partialSource !== undefined && partialTarget !== undefined) {
    found.push(note(`its live migration from ${partialSource.uname} to ${partialTarget.uname} has begun`))
  } else if (leaf.runningOn.length > 1) {
    const names = leaf.runningOn.map((node) => node.uname).join(', ')
    found.push(note(`it runs on ${leaf.runningOn.length} nodes (${names}), which must not be`))
  }
  return found
}
