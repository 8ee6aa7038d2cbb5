import { attr, child, idOf, type XmlElement } from '@quorate/xml'
import type { Cluster, ClusterNode } from '../model/model.ts'
import { references, setWith } from '../unpack/name-values.ts'
import { sectionOf } from '../unpack/section.ts'
import { clusterOptions } from '../unpack/settings.ts'

/** What a value is set for. `default`: for nothing, it is what holds where nobody has set it. */
export type SettingPlace =
  | 'primitive'
  | 'template'
  | 'group'
  | 'clone'
  | 'bundle'
  | 'rsc_defaults'
  | 'op'
  | 'op_defaults'
  | 'crm_config'
  | 'node'
  | 'transient'
  | 'constraint'
  | 'default'

/** A value that decides something, and where in the CIB it is set. */
export type Setting = {
  readonly name: string
  /** As it stands there; of a default, what holds. */
  readonly value: string
  readonly place: SettingPlace
  /** Id of the resource, template, operation or constraint, name of the node; undefined where it is set for all, and of a default. */
  readonly owner: string | undefined
  /** Ids of the set and of the pair in it; undefined for what is an attribute of the element itself. */
  readonly set: string | undefined
  readonly id: string | undefined
  /** Id of the rule by which the set counts. */
  readonly rule: string | undefined
  /** Where it is in the CIB, as an XPath; undefined for a default. */
  readonly path: string | undefined
}

/** Elements of a CIB by what they are in: those of the configuration and of the state of nodes. */
const parentsOf = new WeakMap<XmlElement, ReadonlyMap<XmlElement, XmlElement>>()

function parents(cib: XmlElement): ReadonlyMap<XmlElement, XmlElement> {
  const known = parentsOf.get(cib)
  if (known !== undefined) return known
  const made = new Map<XmlElement, XmlElement>()
  const open = [cib]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    // Histories are most of a CIB, and nothing is set there.
    if (next.name === 'lrm') continue
    for (const below of next.children) {
      made.set(below, next)
      open.push(below)
    }
  }
  parentsOf.set(cib, made)
  return made
}

/** Where an element is, as an XPath that names the ids on the way; undefined for what is not in the CIB. */
export function pathOf({ cib }: Cluster, of: XmlElement): string | undefined {
  const above = parents(cib)
  if (of !== cib && !above.has(of)) return undefined
  const steps: string[] = []
  for (let at: XmlElement | undefined = of; at !== undefined; at = above.get(at)) {
    const id = attr(at, 'id')
    const shared = attr(at, 'id-ref')
    const which = id !== undefined ? `[@id='${id}']` : shared === undefined ? '' : `[@id-ref='${shared}']`
    steps.unshift(at === cib ? at.name : `${at.name}${which}`)
  }
  return `/${steps.join('/')}`
}

/** A value of a set that is in the CIB; undefined where the set has none, or is in no CIB. */
export function settingIn(
  cluster: Cluster,
  set: XmlElement,
  name: string,
  place: SettingPlace,
  owner: string | undefined,
): Setting | undefined {
  const { resolve } = references(cluster)
  const first = set.children[0]
  const rule = set.children.find((item) => item.name === 'rule')
  for (const pair of (first?.name === 'attributes' ? first : set).children) {
    const target = resolve(pair)
    const value = target === undefined ? undefined : (attr(pair, 'value') ?? attr(target, 'value'))
    if (target === undefined || value === undefined || (attr(pair, 'name') ?? attr(target, 'name')) !== name) continue
    const path = pathOf(cluster, pair)
    if (path === undefined) return undefined
    const ids = { set: idOf(set), id: attr(pair, 'id') ?? attr(pair, 'id-ref') }
    return { name, value, place, owner, ...ids, rule: rule === undefined ? undefined : ruleId(rule), path }
  }
  return undefined
}

function ruleId(rule: XmlElement): string | undefined {
  return attr(rule, 'id') ?? attr(rule, 'id-ref')
}

/** What holds where nobody has set a value. */
export function defaultSetting(name: string, value: string): Setting {
  return {
    name,
    value,
    place: 'default',
    owner: undefined,
    set: undefined,
    id: undefined,
    rule: undefined,
    path: undefined,
  }
}

/** A value that is an attribute of the element itself. */
export function ownSetting(
  cluster: Cluster,
  of: XmlElement | undefined,
  name: string,
  place: SettingPlace,
  owner: string | undefined,
): Setting | undefined {
  const value = of === undefined ? undefined : attr(of, name)
  const path = of === undefined || value === undefined ? undefined : pathOf(cluster, of)
  if (value === undefined || path === undefined) return undefined
  return { name, value, place, owner, set: undefined, id: undefined, rule: undefined, path: `${path}/@${name}` }
}

/** An attribute of a constraint, or of the rule or the set in it that goes by an id; as a list, empty where it is not set. */
export function constraintSettings(
  cluster: Cluster,
  constraint: XmlElement | undefined,
  name: string,
  partId?: string,
): readonly Setting[] {
  if (constraint === undefined) return []
  const part = constraint.children.find((item) => partId !== undefined && (ruleId(item) ?? '') === partId)
  const rule = part?.name === 'rule' ? partId : undefined
  const found =
    ownSetting(cluster, part, name, 'constraint', idOf(constraint)) ??
    ownSetting(cluster, constraint, name, 'constraint', idOf(constraint))
  return found === undefined ? [] : [{ ...found, rule }]
}

/** A cluster option: where it is set, or its default. */
export function optionSetting(cluster: Cluster, name: string): Setting {
  const config = sectionOf(cluster.cib, 'crm_config')
  const set = setWith(cluster, config, 'cluster_property_set', name, undefined, { firstId: 'cib-bootstrap-options' })
  const found = set === undefined ? undefined : settingIn(cluster, set, name, 'crm_config', undefined)
  const known = clusterOptions.find(([option]) => option === name)
  // A value that may not be counts as missing.
  if (found !== undefined && known?.[2](found.value) !== false) return found
  return defaultSetting(name, cluster.settings.all.get(name) ?? known?.[1] ?? '')
}

/** An attribute of a node: that of its state, or the one that is configured; undefined where it has none. */
export function attributeSetting(cluster: Cluster, of: ClusterNode | string, name: string): Setting | undefined {
  const node = typeof of === 'string' ? cluster.nodes.find(({ uname }) => uname === of) : of
  if (node === undefined) return undefined
  const isThis = (item: XmlElement): boolean => attr(item, 'uname') === node.uname || idOf(item) === node.id
  const state = sectionOf(cluster.cib, 'status')?.children.find((item) => item.name === 'node_state' && isThis(item))
  const transient = state === undefined ? undefined : child(state, 'transient_attributes')
  const known = sectionOf(cluster.cib, 'nodes')?.children.find((item) => item.name === 'node' && isThis(item))
  for (const [at, place] of [
    [transient, 'transient'],
    [known, 'node'],
  ] as const) {
    const set = setWith(cluster, at, 'instance_attributes', name)
    const found = set === undefined ? undefined : settingIn(cluster, set, name, place, node.uname)
    if (found !== undefined) return found
  }
  return undefined
}
