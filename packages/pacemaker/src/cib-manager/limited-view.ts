import {
  type Acl,
  aclFor,
  changesBetween,
  patchsetOf,
  type Requester,
  readableCopy,
  versionAttributes,
  versionOf,
} from '@quorate/cib'
import { attr, type XmlElement } from '@quorate/xml'
import { diffNotification, refreshNotification } from '../messages/cib-message.ts'
import type { CibChange } from './service.ts'

/** States of the CIB whose views are remembered for one user: that before a change, and that after it. */
const viewsMax = 2
/** Users whose views are remembered. */
const usersMax = 64

type View = { readonly of: XmlElement; readonly shown: XmlElement | undefined }

/**
 * What users whom ACLs limit see of the CIB and of its changes. Each view is made once for each state of the CIB, however
 * many clients of the user follow it.
 */
export class LimitedViews {
  readonly #isInGroup: Requester['isInGroup']
  readonly #views = new Map<string, readonly View[]>()

  constructor(isInGroup: Requester['isInGroup']) {
    this.#isInGroup = isInGroup
  }

  /** The permissions that limit a user in a CIB; undefined where nothing does. */
  aclOf(cib: XmlElement, user: string | undefined): Acl | undefined {
    return aclFor(cib, { user, isInGroup: this.#isInGroup })
  }

  /** The CIB as a user may see it: the same object where nothing limits the user, undefined where nothing is left. */
  shown(cib: XmlElement, user: string): XmlElement | undefined {
    const known = this.#views.get(user) ?? []
    const found = known.find((view) => view.of === cib)
    if (found !== undefined) return found.shown
    const acl = this.aclOf(cib, user)
    const shown = acl === undefined ? cib : readableCopy(cib, acl)
    this.#views.delete(user)
    this.#views.set(user, [{ of: cib, shown }, ...known].slice(0, viewsMax))
    for (const other of this.#views.keys()) if (this.#views.size > usersMax) this.#views.delete(other)
    return shown
  }

  /**
   * The notification of a change as a user may get it: what the change did to the user's view, and neither the input nor
   * anything else of the request. Undefined where the user sees no difference.
   */
  diffNotification(change: CibChange, input: XmlElement | undefined, user: string): XmlElement | undefined {
    const { op, rc, before, after } = change
    const old = this.shown(before, user)
    const now = this.shown(after, user)
    if (old === before && now === after) return diffNotification({ op, rc, cib: after, input, diff: change.diff })
    // What was refused may not even be attempted in sight of others.
    if (rc !== 0 || now === undefined) return undefined
    const changes = old === undefined ? [] : changesBetween(old, now)
    if (old !== undefined && changes.length === 0) return undefined
    const hasVersions = [old ?? now, now].every((root) =>
      versionAttributes.every((name) => attr(root, name) !== undefined),
    )
    const versions = hasVersions ? { source: versionOf(old ?? now), target: versionOf(now) } : undefined
    return diffNotification({ op, rc, cib: now, input: undefined, diff: patchsetOf(changes, versions) })
  }

  /** The notification that whole sections were replaced, without what the user may not see of the root. */
  refreshNotification(change: CibChange, user: string): XmlElement | undefined {
    const now = this.shown(change.after, user)
    return now === undefined ? undefined : refreshNotification(change.op, now, change.replacedParts)
  }
}
