import { attr, child, withAttributes, type XmlElement } from '@quorate/xml'
import { readableCopy } from './acl/acl-filter.ts'
import { type Acl, type AclGroups, aclOf, isRestricted } from './acl/acl-rules.ts'
import { mayChange } from './acl/acl-verdict.ts'
import { featureSet } from './empty-cib.ts'
import { CibFault, cibFaults } from './fault.ts'
import { change, hasOption, query, type RawChange } from './operation.ts'
import { type Change, changesBetween, patchsetOf } from './patchset.ts'
import type { ChangeStamp, CibCall, CibOutcome } from './request.ts'
import { sumOf } from './score-text.ts'
import { upgraded } from './upgrade.ts'
import { versionOf, withVersion } from './version.ts'

/** What {@link performCall} needs to know beside the CIB and the call. */
export type PerformOptions = {
  /** Whether a CIB conforms to its own schema (`validate-with`). */
  readonly isValid: (cib: XmlElement) => boolean
  /** On whose behalf, where ACLs have to be obeyed; left out: the cluster itself, which may do everything. */
  readonly requester?: Requester | undefined
}

/** Who asks, and how to find out about the groups of the system that this user is in. */
export type Requester = { readonly user: string | undefined; readonly isInGroup: AclGroups }

/** The permissions that limit a user in a CIB; undefined where nothing does. */
export function aclFor(cib: XmlElement, requester: Requester | undefined): Acl | undefined {
  const user = requester?.user
  if (requester === undefined || user === undefined || !isRestricted(cib, user)) return undefined
  return aclOf(cib, user, requester.isInGroup)
}

/**
 * Carries out one operation with all the rules of the CIB manager (behaviour/pacemaker-daemons.md 1.3 to 1.5): the change
 * itself, version counters, stamps, validation. All nodes that apply the same calls in the same order to the same CIB come
 * to the same result, but for `cib-last-written`.
 *
 * @throws never for any data that was read
 */
export function performCall(cib: XmlElement, call: CibCall, options: PerformOptions): CibOutcome {
  const acl = aclFor(cib, options.requester)
  try {
    if (call.op === 'cib_query') {
      const shown = acl === undefined ? cib : readableCopy(cib, acl)
      return shown === undefined ? outcome(cibFaults.denied, cib) : outcome(0, cib, query(shown, call))
    }
    if (call.op === 'cib_upgrade') {
      const after = upgraded(cib, options.isValid, call.schemaMax)
      if (after.ok) return finish(cib, call, { cib: after.value, rc: 0 }, options, acl)
      return outcome(after.error, cib, after.error === cibFaults.schema ? shownTo(acl, cib) : undefined)
    }
    const raw = change(cib, call)
    return raw.rc === 0 ? finish(cib, call, raw, options, acl) : outcome(raw.rc, cib, raw.output)
  } catch (fault) {
    if (fault instanceof CibFault) return outcome(fault.rc, cib)
    throw fault
  }
}

function outcome(rc: number, cib: XmlElement, output?: XmlElement): CibOutcome {
  return { rc, cib, output, diff: undefined, isConfigChanged: false }
}

/** What a user may see of a document that a refusal tells of. */
function shownTo(acl: Acl | undefined, cib: XmlElement): XmlElement | undefined {
  return acl === undefined ? cib : readableCopy(cib, acl)
}

function finish(
  before: XmlElement,
  call: CibCall,
  raw: RawChange,
  options: PerformOptions,
  acl: Acl | undefined,
): CibOutcome {
  if (isNewerFeatureSet(attr(raw.cib, 'crm_feature_set'))) return outcome(cibFaults.protocol, before)
  if (raw.cib === before) return outcome(0, before, raw.output)
  const isAllowed = acl === undefined || mayChange(before, raw.cib, acl, { isCompared: raw.isCompared === true })
  if (!isAllowed) return outcome(cibFaults.denied, before)
  // A counter that is gone, or is no number any more, is less than any.
  const old = versionOf(before, -1)
  const now = versionOf(raw.cib, -1)
  if (now.adminEpoch < old.adminEpoch || (now.adminEpoch === old.adminEpoch && now.epoch < old.epoch)) {
    return outcome(cibFaults.old, before)
  }
  const summed = withEvaluated(raw.cib, before)
  // A copy that is handed over stays what it is.
  const evaluated = call.isSync === true ? summed : withClaim(summed)
  const changes = changesBetween(before, evaluated)
  if (changes.length === 0) return outcome(0, before, raw.output)
  const isConfigChanged = raw.isUnseen !== true && changes.some(touchesConfiguration)
  const isSeen = raw.isCompared === true || raw.isUnseen === true || !changes.every(isEmptyAddition)
  const isManaged = isSeen && call.isSync !== true && !hasOption(call, 'inhibitBroadcast')
  const counted = isManaged ? withCounters(evaluated, isConfigChanged) : evaluated
  const diff = diffBetween(before, counted, evaluated, changes)
  const after = isConfigChanged && !hasOption(call, 'noMtime') ? withStamp(counted, call.stamp) : counted
  if (call.section !== 'status' && !options.isValid(after)) {
    return { rc: cibFaults.schema, cib: before, output: shownTo(acl, after), diff, isConfigChanged }
  }
  return { rc: 0, cib: hasOption(call, 'dryRun') ? before : after, output: raw.output, diff, isConfigChanged }
}

/** A CIB that claims no schema is held to none. */
function withClaim(cib: XmlElement): XmlElement {
  return attr(cib, 'validate-with') === undefined ? withAttributes(cib, { 'validate-with': 'none' }) : cib
}

/**
 * Whether a change only adds elements without attributes. The C side, which follows what is set while it changes a document,
 * does not see them: no counter moves. All nodes must agree on that.
 */
function isEmptyAddition(one: Change): boolean {
  const isEmpty = ({ attributes, children }: XmlElement): boolean => attributes.length === 0 && children.every(isEmpty)
  return one.operation === 'create' && isEmpty(one.node)
}

function touchesConfiguration(one: Change): boolean {
  // Its place in the CIB is none of what it says.
  if (one.operation === 'move' && one.path === '/cib/configuration') return false
  return one.path.startsWith('/cib/configuration') || (one.operation === 'create' && one.node.name === 'configuration')
}

function withCounters(cib: XmlElement, isConfigChanged: boolean): XmlElement {
  const { epoch, updates } = versionOf(cib)
  return withVersion(cib, isConfigChanged ? { epoch: epoch + 1, updates: 0 } : { updates: updates + 1 })
}

/** The patchset of a change; that of the root's attributes is made anew, because the counters moved since. */
function diffBetween(
  before: XmlElement,
  counted: XmlElement,
  evaluated: XmlElement,
  changes: readonly Change[],
): XmlElement {
  const versions = { source: versionOf(before), target: versionOf(counted) }
  if (counted === evaluated) return patchsetOf(changes, versions)
  const root = changesBetween({ ...before, children: [] }, { ...counted, children: [] })
  const deletions = changes.filter((one) => one.operation === 'delete')
  const others = changes.filter(
    (one) => one.operation !== 'delete' && !(one.operation === 'modify' && one.path === '/cib'),
  )
  return patchsetOf([...deletions, ...root, ...others], versions)
}

function withStamp(cib: XmlElement, stamp: ChangeStamp | undefined): XmlElement {
  if (stamp === undefined) return cib
  const { lastWritten, origin, client, user } = stamp
  const stamped = withAttributes(cib, { 'cib-last-written': lastWritten })
  return hasOrigin(attr(cib, 'validate-with'))
    ? withAttributes(stamped, { 'update-origin': origin, 'update-client': client, 'update-user': user })
    : stamped
}

/** Whether a schema knows the attributes that say who changed a CIB: all but the oldest do. */
function hasOrigin(schema: string | undefined): boolean {
  return schema !== undefined && !/^pacemaker-(0\.|1\.0$|1\.1$)|^transitional-|^pacemaker-0/.test(schema)
}

/** Evaluates what arithmetic is left because there was no old value (see `sumOf`), in what is new since `before`. */
function withEvaluated(node: XmlElement, before: XmlElement | undefined): XmlElement {
  if (node === before) return node
  let flat: string[] | undefined
  if (node.attributes !== before?.attributes) {
    for (let i = 0; i < node.attributes.length; i += 2) {
      const name = node.attributes[i] as string
      const value = node.attributes[i + 1] as string
      if (!value.startsWith(`${name}+`)) continue
      const sum = sumOf(name, value, value)
      if (sum === value) continue
      flat ??= [...node.attributes]
      flat[i + 1] = sum
    }
  }
  let children: XmlElement[] | undefined
  if (node.children !== before?.children) {
    const known = new Set(before?.children)
    for (let i = 0; i < node.children.length; i += 1) {
      const item = node.children[i] as XmlElement
      const after = known.has(item) ? item : withEvaluated(item, before?.children[i])
      if (after === item) continue
      children ??= [...node.children]
      children[i] = after
    }
  }
  if (flat === undefined && children === undefined) return node
  return { ...node, attributes: flat ?? node.attributes, children: children ?? node.children }
}

/** Whether a feature set is newer than this product's: such a CIB may mean things that we would not understand. */
export function isNewerFeatureSet(text: string | undefined): boolean {
  if (text === undefined) return false
  const theirs = text.split('.').map(Number)
  const ours = featureSet.split('.').map(Number)
  for (let i = 0; i < Math.max(theirs.length, ours.length); i += 1) {
    const order = (theirs[i] ?? 0) - (ours[i] ?? 0)
    if (order !== 0) return order > 0
  }
  return false
}

/** Which parts a replace made different: bits 1 nodes, 2 alerts, 4 status, as the refresh notification has them. */
export function replacedParts(before: XmlElement, after: XmlElement): number {
  const part = (cib: XmlElement, name: string): XmlElement | undefined => {
    const configuration = child(cib, 'configuration')
    if (name === 'status') return child(cib, name)
    return configuration && child(configuration, name)
  }
  let bits = 0
  for (const [bit, name] of [
    [1, 'nodes'],
    [2, 'alerts'],
    [4, 'status'],
  ] as const) {
    if (isDifferent(part(before, name), part(after, name))) bits |= bit
  }
  return bits
}

function isDifferent(a: XmlElement | undefined, b: XmlElement | undefined): boolean {
  if (a === undefined || b === undefined) return a !== b
  return changesBetween(a, b).length > 0
}
