import { parsePattern } from '@quorate/base'
import { attr, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { configError, deadReference } from '../model/log.ts'
import type { Cluster, ClusterNode, LocationRecord, Resource } from '../model/model.ts'
import { type Discovery, discovery } from '../model/node-table.ts'
import { type Role, role } from '../model/role.ts'
import { containerOf, currentNode } from '../model/tree.ts'
import { isTrue, sameText } from '../scalar.ts'
import { addScores, infinity, parseScore } from '../score.ts'
import { references, ruleContext } from '../unpack/name-values.ts'
import { findNode } from '../unpack/nodes.ts'
import { parametersOf } from '../unpack/resource.ts'
import { readRole } from '../unpack/role.ts'
import { expandMatches, ruleIsTrue } from '../unpack/rule.ts'
import { constraintResource, expandSets, refuse, refuseName, resolvedSets, sideToSet } from './lookup.ts'

type Matches = readonly (string | undefined)[] | undefined

/** Reads one `rsc_location`. */
export function unpackLocation(cluster: Cluster, xml: XmlElement): void {
  const sets = expandSets(cluster, xml)
  const expanded = sideToSet(cluster, sets, { attribute: 'rsc', moved: 'role', movedAs: 'role', always: false }) ?? xml
  if (childrenNamed(expanded, 'resource_set').length > 0) return locationSets(cluster, expanded)
  const id = attr(xml, 'rsc')
  if (id !== undefined) {
    const resource = constraintResource(cluster, id)
    if (resource !== undefined) locate(cluster, xml, resource, attr(xml, 'role'), attr(xml, 'score'), undefined)
    else refuseName(cluster, xml, id, 'unpack_location_tags')
  }
  const pattern = attr(xml, 'rsc-pattern')
  if (pattern !== undefined) locatePattern(cluster, xml, pattern)
}

function locatePattern(cluster: Cluster, xml: XmlElement, text: string): void {
  const invert = text.startsWith('!')
  const pattern = parsePattern(invert ? text.slice(1) : text)
  if (pattern === undefined) {
    return refuse(cluster, xml, `rsc-pattern has invalid value '${text}'`, 'unpack_simple_location')
  }
  for (const resource of cluster.resources) {
    const match = pattern.exec(resource.id)
    if ((match === null) !== invert) continue
    locate(cluster, xml, resource, attr(xml, 'role'), attr(xml, 'score'), match ?? undefined)
  }
}

function locationSets(cluster: Cluster, xml: XmlElement): void {
  for (const set of resolvedSets(cluster, childrenNamed(xml, 'resource_set'))) {
    for (const ref of childrenNamed(set, 'resource_ref')) {
      const resource = constraintResource(cluster, idOf(ref))
      if (resource === undefined) {
        return configError(cluster, 'unpack_location_set', `${idOf(set)}: No resource found for ${idOf(ref)}`)
      }
      locate(
        cluster,
        xml,
        resource,
        attr(set, 'role') ?? attr(xml, 'role'),
        attr(set, 'score') ?? attr(xml, 'score'),
        undefined,
      )
    }
  }
}

function locate(
  cluster: Cluster,
  xml: XmlElement,
  resource: Resource,
  roleName: string | undefined,
  score: string | undefined,
  matches: Matches,
): void {
  const nodeName = attr(xml, 'node')
  if (nodeName !== undefined && score !== undefined) {
    const node = findNode(cluster, nodeName)
    if (node === undefined) return
    const asked = readRole(cluster, roleName)
    if (roleName !== undefined && asked === role.unknown) {
      return configError(cluster, 'unpack_rsc_location', `Invalid constraint ${idOf(xml)}: Bad role ${roleName}`)
    }
    const record = addLocation(cluster, idOf(xml), resource, discoveryOf(cluster, xml))
    record.scores.set(node, parseScore(score, cluster.settings.health))
    if (asked === role.stopped || asked === role.promoted) record.role = asked
    return
  }
  const rules = childrenNamed(xml, 'rule')
  if (rules.length === 0) return refuse(cluster, xml, 'it contains no rules', 'unpack_rsc_location')
  for (const rule of rules) locateByRule(cluster, xml, resource, rule, matches)
}

function discoveryOf(cluster: Cluster, xml: XmlElement): Discovery {
  const text = attr(xml, 'resource-discovery')
  if (text === undefined || sameText(text, 'always')) return discovery.always
  if (sameText(text, 'never')) return discovery.never
  if (sameText(text, 'exclusive')) return discovery.exclusive
  configError(cluster, 'pcmk__new_location', `Invalid resource-discovery value ${text} in location constraint`)
  return discovery.always
}

/** Makes a record of scores for a resource; newer ones come first. */
export function addLocation(cluster: Cluster, id: string, resource: Resource, mode: Discovery): LocationRecord {
  const record: LocationRecord = { id, resource, role: role.unknown, discovery: mode, scores: new Map() }
  if (mode === discovery.exclusive) resource.exclusiveDiscover = true
  cluster.locations.unshift(record)
  resource.locations.unshift(record)
  return record
}

function ruleRole(cluster: Cluster, text: string | undefined): Role | undefined {
  if (text === undefined) return role.unknown
  const asked = readRole(cluster, text)
  if (asked === role.unknown) return undefined
  return asked === role.unpromoted ? role.unknown : asked
}

function locateByRule(cluster: Cluster, xml: XmlElement, resource: Resource, item: XmlElement, matches: Matches): void {
  const rule = references(cluster).resolve(item)
  if (rule === undefined) return deadReference(cluster, item)
  const filter = ruleRole(cluster, attr(rule, 'role'))
  if (filter === undefined) {
    const asked = attr(rule, 'role') ?? ''
    return configError(cluster, 'generate_location_rule', `Bad role specified for ${idOf(rule)}: ${asked}`)
  }
  const record = addLocation(cluster, idOf(rule), resource, discoveryOf(cluster, xml))
  record.role = filter
  const isOr = sameText(attr(rule, 'boolean-op'), 'or')
  const fixed = attr(rule, 'score')
  const attribute = attr(rule, 'score-attribute')
  const fixedScore = parseScore(fixed, cluster.settings.health)
  const lookups = fixed !== undefined || attribute !== undefined ? 0 : cluster.nodes.length * (isOr ? 1 : 2)
  for (let i = 0; i < lookups; i += 1) {
    configError(cluster, 'get_node_score', `Rule ${idOf(rule)}: no score specified.  Assuming 0.`)
  }
  // Where all of a rule has to be true, the last node is the first: it stands for others of its id.
  const nodes = isOr ? cluster.nodes : [...cluster.nodes].reverse()
  for (const node of nodes) {
    const context = ruleContext(cluster, {
      attributes: node.attributes,
      matches,
      parameters: parametersOf(cluster, resource, node),
      meta: resource.meta,
    })
    if (!ruleIsTrue(rule, context)) continue
    let score = fixedScore
    if (fixed === undefined && attribute !== undefined) {
      score = attributeScore(cluster, resource, node, expandMatches(attribute, matches))
    }
    record.scores.set(node, isOr ? addScores(node.entryScore, score) : score)
  }
}

function attributeScore(cluster: Cluster, resource: Resource, node: ClusterNode, name: string): number {
  const onHost = sameText(resource.meta.get('container-attribute-target'), 'host')
  const container = onHost ? containerOf(node) : undefined
  const source = container === undefined ? node : currentNode(container)
  const value = source?.attributes.get(name)
  return value === undefined ? -infinity : parseScore(value, cluster.settings.health)
}

/** Location records that the health of nodes makes. */
export function applyHealth(cluster: Cluster): void {
  const { settings } = cluster
  if (settings.healthStrategy === 'none') return
  for (const node of cluster.nodes) {
    let health = settings.healthBase
    for (const [name, value] of node.attributes) {
      if (name.startsWith('#health')) health = addScores(health, parseScore(value, settings.health))
    }
    if (health === 0) continue
    for (const resource of cluster.resources) {
      if (health < 0 && isTrue(resource.meta.get('allow-unhealthy-nodes'))) continue
      addLocation(cluster, settings.healthStrategy, resource, discovery.always).scores.set(node, health)
    }
  }
}
