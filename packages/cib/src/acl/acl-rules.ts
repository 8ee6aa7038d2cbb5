import { attr, child, childrenNamed, compileXPath, idOf, type XmlElement, type XPath } from '@quorate/xml'
import { scoreOf } from '../score-text.ts'

/** What a rule gives or takes where it applies. Writing includes reading. */
export type AclKind = 'read' | 'write' | 'deny'

/** One permission: a kind, and the elements that it is about. */
export type AclRule = {
  readonly kind: AclKind
  /** The expression as text, for messages. */
  readonly text: string
  /** Undefined where the expression cannot be parsed: nobody knows what such a rule is about. */
  readonly xpath: XPath | undefined
}

/** The permissions of one user, in the order of the document. Without any the user may do nothing at all. */
export type Acl = {
  readonly user: string
  readonly rules: readonly AclRule[]
  /** What in the ACLs of this user cannot be understood, a line each. */
  readonly faults: readonly string[]
}

/** What the machine knows of users: the CIB names groups of the system only. */
export type AclGroups = (user: string, group: string) => boolean

/** Users to whom ACLs do not apply. */
const unrestrictedUsers: ReadonlySet<string> = new Set(['', 'root', 'hacluster'])
/** How deep roles may name further roles; the schemas have none inside of others. */
export const roleDepthMax = 8
/** Permissions that are obeyed for one user; more are as if the ACLs could not be read. */
export const aclRulesMax = 10_000

/** Whether ACLs limit what a user may do. Without a user: parts of the cluster itself. */
export function isRestricted(cib: XmlElement, user: string | undefined): boolean {
  return user !== undefined && isRestrictable(user) && isAclEnabled(cib)
}

/** Whether ACLs are about a user at all: about all but root and hacluster. */
export function isRestrictable(user: string): boolean {
  return !unrestrictedUsers.has(user)
}

/**
 * Whether `enable-acl` is on (behaviour/pacemaker-daemons.md 1.8). Of several values the set with the least score counts, of
 * equals the first, `cib-bootstrap-options` before none of the others; in a set the last value. That is what Pacemaker
 * 2.1.5 was seen to do. A set that holds only while a rule does can switch ACLs on, never off: nodes' clocks differ.
 */
export function isAclEnabled(cib: XmlElement): boolean {
  const configuration = child(cib, 'configuration')
  const config = configuration && child(configuration, 'crm_config')
  if (config === undefined) return false
  let found: { readonly value: string; readonly weight: number } | undefined
  for (const set of childrenNamed(config, 'cluster_property_set')) {
    const value = lastValueIn(set)
    if (value === undefined) continue
    if (child(set, 'rule') !== undefined && !isTrue(value)) continue
    const weight = idOf(set) === 'cib-bootstrap-options' ? Number.POSITIVE_INFINITY : scoreOf(attr(set, 'score') ?? '0')
    if (found === undefined || weight < found.weight) found = { value, weight }
  }
  return found !== undefined && isTrue(found.value)
}

function lastValueIn(set: XmlElement): string | undefined {
  let value: string | undefined
  for (const pair of childrenNamed(set, 'nvpair')) {
    if (attr(pair, 'name') === 'enable-acl') value = attr(pair, 'value') ?? value
  }
  return value
}

function isTrue(text: string): boolean {
  return /^(true|on|yes|y|1)$/i.test(text)
}

/** Collects the permissions that a CIB gives a user, by name and by the groups that the user is in. */
export function aclOf(cib: XmlElement, user: string, isInGroup: AclGroups): Acl {
  const configuration = child(cib, 'configuration')
  return aclIn(configuration && child(configuration, 'acls'), user, isInGroup)
}

/** As {@link aclOf}, from a section `acls`. */
export function aclIn(acls: XmlElement | undefined, user: string, isInGroup: AclGroups): Acl {
  const collector = new Collector(acls)
  for (const entry of acls?.children ?? []) {
    const name = attr(entry, 'name') ?? attr(entry, 'id')
    if (name === undefined) continue
    const isMeant =
      entry.name === 'acl_target' || entry.name === 'acl_user'
        ? name === user
        : entry.name === 'acl_group' && isInGroup(user, name)
    if (isMeant) collector.take(entry, 0)
  }
  return { user, rules: collector.rules, faults: collector.faults }
}

/** Gathers rules of entries and of the roles that they name. */
class Collector {
  readonly rules: AclRule[] = []
  readonly faults: string[] = []
  readonly #acls: XmlElement | undefined

  constructor(acls: XmlElement | undefined) {
    this.#acls = acls
  }

  take(entry: XmlElement, depth: number): void {
    for (const item of entry.children) {
      switch (item.name) {
        case 'role':
        case 'role_ref':
          this.#role(entry, idOf(item), depth)
          break
        case 'acl_permission':
          this.#permission(item, attr(item, 'kind'))
          break
        case 'read':
        case 'write':
        case 'deny':
          this.#permission(item, item.name)
          break
        default:
      }
    }
  }

  #role(entry: XmlElement, id: string, depth: number): void {
    const role = this.#acls?.children.find((item) => item.name === 'acl_role' && attr(item, 'id') === id)
    if (role === undefined) this.faults.push(`${entry.name} '${idOf(entry)}' names role '${id}', which does not exist`)
    else if (depth < roleDepthMax) this.take(role, depth + 1)
    else this.#refuseAll(`roles name others more than ${roleDepthMax} deep`)
  }

  #permission(item: XmlElement, kind: string | undefined): void {
    if (this.rules.length >= aclRulesMax) return this.#refuseAll(`there are more than ${aclRulesMax} permissions`)
    if (kind !== 'read' && kind !== 'write' && kind !== 'deny') {
      // It may have been meant to deny.
      return this.#refuseAll(`permission '${idOf(item)}' is of kind '${kind ?? ''}', not read, write or deny`)
    }
    const text = expressionOf(item)
    if (text === undefined) {
      this.faults.push(`permission '${idOf(item)}' does not say what it is about`)
      return
    }
    const compiled = compileXPath(text)
    if (!compiled.ok) this.faults.push(`permission '${idOf(item)}': ${compiled.error.message} in '${text}'`)
    this.rules.push({ kind, text, xpath: compiled.ok ? compiled.value : undefined })
  }

  #refuseAll(fault: string): void {
    this.faults.push(fault)
    this.rules.push({ kind: 'deny', text: '', xpath: undefined })
  }
}

/** What a permission is about, as an XPath; undefined where it says nothing. The second names are those of Pacemaker 1.1. */
function expressionOf(item: XmlElement): string | undefined {
  const xpath = attr(item, 'xpath')
  if (xpath !== undefined) return xpath
  const type = attr(item, 'object-type') ?? attr(item, 'tag')
  const reference = attr(item, 'reference') ?? attr(item, 'ref')
  const attribute = attr(item, 'attribute')
  if (type === undefined && reference === undefined) return undefined
  const conditions = [
    ...(reference === undefined ? [] : [`@id='${reference}'`]),
    ...(attribute === undefined ? [] : [`@${attribute}`]),
  ]
  return `//${type ?? '*'}${conditions.length === 0 ? '' : `[${conditions.join(' and ')}]`}`
}
