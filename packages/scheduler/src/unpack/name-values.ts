import { attr, hasChildren, idOf, type XmlElement } from '@quorate/xml'
import { configError, statusError, statusWarning } from '../model/log.ts'
import type { Cluster } from '../model/model.ts'
import { sameText } from '../scalar.ts'
import { parseScore } from '../score.ts'
import { type RuleContext, type RuleSubject, rulesAllow } from './rule.ts'

/** Follows `id-ref` within a document. */
export class References {
  readonly #document: XmlElement
  /** Undefined where several have the same. */
  #byNameAndId: Map<string, XmlElement | undefined> | undefined
  readonly #parents = new Map<XmlElement, XmlElement>()

  constructor(document: XmlElement) {
    this.#document = document
  }

  /** The element itself, or what its `id-ref` names: the only element of the same name with that id. */
  readonly resolve = (of: XmlElement): XmlElement | undefined => {
    const reference = attr(of, 'id-ref')
    return reference === undefined ? of : this.#index().get(`${of.name} ${reference}`)
  }

  /** Elements of the same name that follow one that was referred to, in the place where it stands. */
  following(referred: XmlElement): readonly XmlElement[] {
    const siblings = this.#parents.get(referred)?.children ?? []
    return siblings.slice(siblings.indexOf(referred) + 1).filter(({ name }) => name === referred.name)
  }

  #index(): Map<string, XmlElement | undefined> {
    if (this.#byNameAndId !== undefined) return this.#byNameAndId
    const index = new Map<string, XmlElement | undefined>()
    const open = [this.#document]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const id = attr(next, 'id')
      if (id !== undefined) index.set(`${next.name} ${id}`, index.has(`${next.name} ${id}`) ? undefined : next)
      for (let i = next.children.length - 1; i >= 0; i -= 1) {
        const below = next.children[i] as XmlElement
        this.#parents.set(below, next)
        open.push(below)
      }
    }
    this.#byNameAndId = index
    return index
  }
}

const referencesOf = new WeakMap<XmlElement, References>()

/** The references of a cluster's CIB; made once for each document. */
export function references(cluster: Cluster): References {
  const known = referencesOf.get(cluster.cib)
  if (known !== undefined) return known
  const made = new References(cluster.cib)
  referencesOf.set(cluster.cib, made)
  return made
}

/** Notes a moment at which the outcome may change; only the earliest future one counts. */
export function recheckAt(cluster: Cluster, epochSeconds: number): void {
  if (epochSeconds <= cluster.now.epochSeconds) return
  if (cluster.recheckBy === undefined || epochSeconds < cluster.recheckBy) cluster.recheckBy = epochSeconds
}

const plainContexts = new WeakMap<Cluster, RuleContext>()

function plainContext(cluster: Cluster): RuleContext {
  const known = plainContexts.get(cluster)
  if (known !== undefined) return known
  const made: RuleContext = {
    now: cluster.now,
    onChange: (epochSeconds) => recheckAt(cluster, epochSeconds),
    onInvalid: (source, text) => configError(cluster, source, text),
    onUnreadable: (source, text) => statusError(cluster, source, text),
    onOddInteger: (text) => statusWarning(cluster, 'scan_ll', text),
    resolve: references(cluster).resolve,
  }
  plainContexts.set(cluster, made)
  return made
}

/** A context for rules, with the parts that every evaluation has. */
export function ruleContext(cluster: Cluster, parts?: RuleSubject): RuleContext {
  const plain = plainContext(cluster)
  if (parts === undefined) return plain
  // Field by field: a rule is asked about on every node, and an object that is put together of two takes thrice the room.
  const { now, onChange, onInvalid, onUnreadable, onOddInteger, resolve } = plain
  const { attributes, agent, operation, matches, parameters, meta } = parts
  return {
    now,
    onChange,
    onInvalid,
    onUnreadable,
    onOddInteger,
    resolve,
    attributes,
    agent,
    operation,
    matches,
    parameters,
    meta,
  }
}

export type SetOptions = { readonly overwrite?: boolean; readonly firstId?: string }

const noOptions: SetOptions = {}

/** A set, and what decides its place among others of the same name. */
type PlacedSet = { readonly xml: XmlElement; readonly score: number; readonly first: boolean }

/**
 * Fills a table from the sets of one name below an element (`meta_attributes`, `instance_attributes` …): by score, the
 * last of equals first; a value that is there already stays, unless `overwrite`.
 *
 * @param parts what the rules of the sets may ask about
 */
export function unpackSets(
  cluster: Cluster,
  of: XmlElement | undefined,
  name: string,
  into: Map<string, string>,
  parts?: RuleSubject,
  options: SetOptions = noOptions,
): void {
  const sets = setsOf(cluster, of, name, options.firstId)
  if (sets === undefined) return
  const context = ruleContext(cluster, parts)
  for (let i = 0; i < sets.length; i += 1) {
    const { xml } = sets[i] as PlacedSet
    if (rulesAllow(xml, context)) copyPairs(xml, into, context, options.overwrite === true)
  }
}

/** The set that {@link unpackSets} takes a value from; undefined where none has it, or it is reset to its default. */
export function setWith(
  cluster: Cluster,
  of: XmlElement | undefined,
  name: string,
  pairName: string,
  parts?: RuleSubject,
  options: Pick<SetOptions, 'firstId'> = noOptions,
): XmlElement | undefined {
  const context = ruleContext(cluster, parts)
  let found: XmlElement | undefined
  for (const { xml } of setsOf(cluster, of, name, options.firstId) ?? []) {
    if (!rulesAllow(xml, context)) continue
    const values = new Map<string, string>(found === undefined ? [] : [[pairName, '']])
    copyPairs(xml, values, context, false)
    if (!values.has(pairName)) found = undefined
    else found ??= xml
  }
  return found
}

/** Undefined where there are none, as for most elements. */
function setsOf(
  cluster: Cluster,
  of: XmlElement | undefined,
  name: string,
  firstId: string | undefined,
): readonly PlacedSet[] | undefined {
  if (of === undefined || !hasChildren(of)) return undefined
  let sets: PlacedSet[] | undefined
  const { children } = of
  for (let i = 0; i < children.length; i += 1) {
    const item = children[i] as XmlElement
    if (item.name !== name) continue
    const target = references(cluster).resolve(item)
    if (target === undefined) continue
    const score = parseScore(attr(target, 'score'), cluster.settings.health)
    const placed = { xml: target, score, first: firstId !== undefined && sameText(idOf(target), firstId) }
    if (sets === undefined) sets = [placed]
    else sets.push(placed)
  }
  if (sets === undefined || sets.length === 1) return sets
  return sets.reverse().sort((a, b) => Number(b.first) - Number(a.first) || b.score - a.score)
}

function copyPairs(set: XmlElement, into: Map<string, string>, context: RuleContext, overwrite: boolean): void {
  const first = set.children[0]
  const { children } = first?.name === 'attributes' ? first : set
  for (let i = 0; i < children.length; i += 1) {
    const pair = children[i] as XmlElement
    if (pair.name !== 'nvpair') continue
    const target = context.resolve(pair)
    if (target === undefined) continue
    const name = attr(pair, 'name') ?? attr(target, 'name')
    const value = attr(pair, 'value') ?? attr(target, 'value')
    if (name === undefined || value === undefined) continue
    if (sameText(value, '#default')) into.delete(name)
    else if (overwrite || !into.has(name)) into.set(name, value)
  }
}

/** True where a set of that name below the element, or below what it refers to, has a rule. */
export function hasRules(cluster: Cluster, of: XmlElement, name: string): boolean {
  const { resolve } = references(cluster)
  const { children } = of
  for (let i = 0; i < children.length; i += 1) {
    const item = children[i] as XmlElement
    if (item.name !== name) continue
    const target = resolve(item)
    if (target?.children.some((part) => part.name === 'rule') === true) return true
  }
  return false
}
