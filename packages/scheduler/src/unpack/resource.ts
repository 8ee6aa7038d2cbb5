import { attr, child, idOf, type XmlElement } from '@quorate/xml'
import { configError, configWarning, configWarningOnce } from '../model/log.ts'
import { type Cluster, type ClusterNode, noAttributes, Resource, type Variant, variant } from '../model/model.ts'
import { parseRole, type Role, role } from '../model/role.ts'
import { addScoreEverywhere, allowEverywhere } from '../model/scoring.ts'
import { isPromotable, top } from '../model/tree.ts'
import { intervalMs, isTrue, parseBoolean, parseInteger, sameText } from '../scalar.ts'
import { parseScore } from '../score.ts'
import { hasRules, references, unpackSets } from './name-values.ts'
import type { RuleContext } from './rule.ts'
import { sectionOf } from './section.ts'
import { expandTemplate } from './template.ts'

const variants: Readonly<Record<string, Variant>> = {
  primitive: variant.primitive,
  group: variant.group,
  clone: variant.clone,
  master: variant.clone,
  bundle: variant.bundle,
  lrm_resource: variant.primitive,
}

/** Unpacks the kind-specific part of a resource: members, instances, replicas. False where the definition is not valid. */
export type UnpackVariant = (cluster: Cluster, resource: Resource) => boolean

/**
 * Makes a resource from its definition, with everything below it.
 *
 * @param number instance number, where the parent is (in) a clone
 * @returns undefined (with an error in the log) where the definition is not valid
 */
export function unpackResource(
  cluster: Cluster,
  xml: XmlElement,
  parent: Resource | undefined,
  number: string | undefined,
  unpackVariant: UnpackVariant,
): Resource | undefined {
  const expanded = expandTemplate(cluster, xml)
  const kind = variants[xml.name]
  if (expanded === undefined) return undefined
  if (kind === undefined) {
    const text = `Ignoring resource '${idOf(xml)}' of unknown type '${xml.name}'`
    configError(cluster, 'pe__unpack_resource', text)
    return undefined
  }
  const xmlId = idOf(expanded)
  const id = number === undefined ? xmlId : `${xmlId}:${number}`
  const made = new Resource(id, kind, expanded, xmlId, parent, number)
  unpackOperations(cluster, made)
  unpackMeta(cluster, made)
  unpackTraits(cluster, made)
  if (!unpackVariant(cluster, made)) return undefined
  if (cluster.settings.symmetric) allowEverywhere(cluster, made)
  else if (made.isConnection && made.meta.has('container')) addScoreEverywhere(cluster, made, 0, false)
  cluster.observer?.note(cluster, made, { kind: 'entry' })
  readUtilization(cluster, made, expanded)
  const template = attr(xml, 'template')
  if (template !== undefined) {
    const users = cluster.templates.get(template)
    if (users === undefined) cluster.templates.set(template, [xmlId])
    else if (!users.includes(xmlId)) users.push(xmlId)
  }
  return made
}

function readUtilization(cluster: Cluster, resource: Resource, xml: XmlElement): void {
  if (!xml.children.some(({ name }) => name === 'utilization')) return
  const texts = new Map<string, string>()
  unpackSets(cluster, xml, 'utilization', texts)
  const found = new Map<string, number>()
  texts.forEach((value, name) => void found.set(name, parseInteger(value) ?? 0))
  resource.utilization = found
  if ([...texts].some(([name, value]) => String(found.get(name)) !== value)) resource.utilizationTexts = texts
}

/** Enters a resource and everything below it into the index by id. */
export function indexResource(cluster: Cluster, resource: Resource): void {
  const { id } = resource
  if (!cluster.resourceById.has(id)) cluster.resourceById.set(id, resource)
  else cluster.resourceTwins.set(id, [...(cluster.resourceTwins.get(id) ?? []), resource])
  for (const item of resource.children) indexResource(cluster, item)
}

function unpackOperations(cluster: Cluster, resource: Resource): void {
  const list = child(resource.xml, 'operations')
  const operations = list === undefined ? undefined : references(cluster).resolve(list)
  if (operations === undefined) return
  resource.operations = operations.children
    .filter((xml) => xml.name === 'op')
    .map((xml) => ({
      xml,
      name: attr(xml, 'name') ?? '',
      intervalMs: intervalMs(attr(xml, 'interval')),
      enabled: parseBoolean(attr(xml, 'enabled')) !== false,
      key: undefined,
    }))
}

/** Class, provider and type of a resource, for rules. */
export function agentOf(resource: Resource): NonNullable<RuleContext['agent']> {
  const { xml } = resource
  return { class: attr(xml, 'class'), provider: attr(xml, 'provider'), type: attr(xml, 'type') }
}

/** Every resource and every operation asks for them. */
const defaultsOf = new WeakMap<XmlElement, Record<'rsc_defaults' | 'op_defaults', XmlElement | undefined>>()

/** The section of defaults for resources or operations; where there are several, none of them counts. */
export function defaultsSection({ cib }: Cluster, name: 'rsc_defaults' | 'op_defaults'): XmlElement | undefined {
  let known = defaultsOf.get(cib)
  if (known === undefined) {
    known = { rsc_defaults: sectionOf(cib, 'rsc_defaults'), op_defaults: sectionOf(cib, 'op_defaults') }
    defaultsOf.set(cib, known)
  }
  return known[name]
}

function unpackMeta(cluster: Cluster, resource: Resource): void {
  const { meta, xml } = resource
  const parts = { agent: agentOf(resource) }
  const { attributes } = xml
  for (let i = 0; i < attributes.length; i += 2) {
    const value = attributes[i + 1] as string
    if (!sameText(value, '#default')) meta.set(attributes[i] as string, value)
  }
  if (resource.instanceNumber !== undefined) meta.set('clone', resource.instanceNumber)
  unpackSets(cluster, xml, 'meta_attributes', meta, parts)
  if (resource.parent !== undefined) {
    // What a parent resets to its default is reset for parents of it, but not for what is inside.
    const inherited = new Map<string, string>()
    for (let at: Resource | undefined = resource.parent; at !== undefined; at = at.parent) {
      unpackSets(cluster, at.xml, 'meta_attributes', inherited, parts)
    }
    copyMissing(inherited, meta)
  }
  unpackSets(cluster, defaultsSection(cluster, 'rsc_defaults'), 'meta_attributes', meta, parts)
  if (xml.name === 'master') meta.set('promotable', 'true')
  if (resource.parent !== undefined) copyMissing(resource.parent.meta, meta)
}

function copyMissing(from: ReadonlyMap<string, string>, into: Map<string, string>): void {
  from.forEach((value, name) => {
    if (!into.has(name)) into.set(name, value)
  })
}

function unpackTraits(cluster: Cluster, resource: Resource): void {
  const { meta } = resource
  const { settings } = cluster
  resource.managed = !settings.maintenanceMode
  resource.priority = parseScore(meta.get('priority'), settings.health)
  const critical = meta.get('critical')
  resource.critical = critical === undefined || isTrue(critical)
  resource.notify = isTrue(meta.get('notify'))
  resource.internal = isTrue(meta.get('internal_rsc'))
  const agent = agentOf(resource)
  resource.isConnection =
    sameText(agent.class, 'ocf') && sameText(agent.provider, 'pacemaker') && sameText(agent.type, 'remote')
  const isRemoteConnection = resource.isConnection && !meta.has('container')
  const migrate = meta.get('allow-migrate')
  resource.allowMigrate = migrate === undefined ? isRemoteConnection : isTrue(migrate)
  unpackManagement(cluster, resource)
  if (top(resource).variant === variant.clone) {
    resource.unique = isTrue(meta.get('globally-unique'))
    resource.promotable = isTrue(meta.get('promotable'))
  }
  resource.restartTypeRestart = sameText(meta.get('restart-type'), 'restart')
  if (resource.restartTypeRestart) {
    const text = 'Support for restart-type is deprecated and will be removed in a future release'
    configWarningOnce(cluster, 'pe__unpack_resource', text)
  }
  unpackRecovery(cluster, resource)
  const health = settings.health
  const stickiness = meta.get('resource-stickiness')
  if (stickiness !== undefined && !sameText(stickiness, 'default')) resource.stickiness = parseScore(stickiness, health)
  const threshold = meta.get('migration-threshold')
  if (threshold !== undefined && !sameText(threshold, 'default')) {
    resource.migrationThreshold = parseScore(threshold, health)
    if (resource.migrationThreshold < 0) {
      configWarningOnce(cluster, 'pe__unpack_resource', 'migration-threshold must be non-negative, using 1 instead')
      resource.migrationThreshold = 1
    }
  }
  resource.isFenceDevice = sameText(agent.class, 'stonith')
  if (resource.isFenceDevice) cluster.fenceDeviceExists = true
  unpackRequires(cluster, resource)
  resource.failureTimeoutSeconds = Math.floor(intervalMs(meta.get('failure-timeout')) / 1000)
  if (isRemoteConnection) {
    const reconnect = parametersOf(cluster, resource, undefined).get('reconnect_interval')
    resource.reconnectMs = intervalMs(reconnect)
    if (resource.reconnectMs > 0) resource.failureTimeoutSeconds = Math.floor(resource.reconnectMs / 1000)
  }
  checkTargetRole(cluster, resource)
  const request = requestedRole(resource)
  if (request !== role.unknown) resource.nextRole = request
}

function unpackManagement(cluster: Cluster, resource: Resource): void {
  const { meta } = resource
  const managed = meta.get('is-managed')
  if (managed !== undefined && !sameText(managed, 'default')) resource.managed = isTrue(managed)
  if (isTrue(meta.get('maintenance')) || cluster.settings.maintenanceMode) {
    resource.managed = false
    resource.maintenance = true
  }
}

function unpackRecovery(cluster: Cluster, resource: Resource): void {
  const text = resource.meta.get('multiple-active')
  switch (text?.toLowerCase()) {
    case undefined:
    case 'stop_start':
      return
    case 'stop_only':
    case 'block':
    case 'stop_unexpected':
      resource.recovery =
        text?.toLowerCase() === 'stop_only'
          ? 'stop_only'
          : text?.toLowerCase() === 'block'
            ? 'block'
            : 'stop_unexpected'
      return
    default:
      configWarning(
        cluster,
        'pe__unpack_resource',
        `${text} is not a valid value for multiple-active, using default of "stop_start"`,
      )
  }
}

/** Under which name the tools say what is wrong with what a resource requires. */
const requiresSource = 'unpack_requires'

function withoutUnfencing(cluster: Cluster, resource: Resource): string {
  const text = `Resetting "requires" for ${resource.id} to "quorum" because fencing is disabled`
  configWarning(cluster, requiresSource, text)
  return 'quorum'
}

function unpackRequires(cluster: Cluster, resource: Resource): void {
  const { fencingEnabled, noQuorumPolicy } = cluster.settings
  let value = resource.meta.get('requires')?.toLowerCase()
  const isInvalid = value !== undefined && !['nothing', 'quorum', 'fencing', 'unfencing'].includes(value)
  if (value === 'unfencing' && resource.isFenceDevice) {
    configWarning(
      cluster,
      requiresSource,
      `Resetting "requires" for ${resource.id} to "quorum" because fencing devices cannot require unfencing`,
    )
    value = 'quorum'
  } else if (value === 'unfencing' && !fencingEnabled) value = withoutUnfencing(cluster, resource)
  else if (value === 'fencing' && !fencingEnabled) {
    configWarning(cluster, requiresSource, `${resource.id} requires fencing but fencing is disabled`)
  }
  if (value === undefined || isInvalid) {
    if (resource.isFenceDevice || (resource.isConnection && resource.variant === variant.primitive)) value = 'quorum'
    else if (cluster.unfencing) value = 'unfencing'
    else if (fencingEnabled) value = 'fencing'
    else value = noQuorumPolicy === 'ignore' ? 'nothing' : 'quorum'
    if (isInvalid) {
      const asked = resource.meta.get('requires') ?? ''
      const text = `Resetting 'requires' for ${resource.id} to '${value}' because '${asked}' is not valid`
      configError(cluster, requiresSource, text)
    }
    if (value === 'unfencing' && !fencingEnabled) value = withoutUnfencing(cluster, resource)
  }
  resource.needsQuorum = value === 'quorum'
  resource.needsFencing = value === 'fencing' || value === 'unfencing'
  resource.needsUnfencing = value === 'unfencing'
}

/** Says what is wrong with a `target-role`. */
export function checkTargetRole(cluster: Cluster, resource: Resource): void {
  const target = resource.meta.get('target-role')
  if (target === undefined || sameText(target, 'started') || sameText(target, 'default')) return
  const asked = parseRole(target)
  if (asked === role.unknown) {
    configError(cluster, 'text2role', `Unknown role: ${target}`)
    configError(
      cluster,
      'get_target_role',
      `Ignoring 'target-role' for ${resource.id} because '${target}' is not valid`,
    )
  } else if (asked > role.started && !isPromotable(resource)) {
    const why = `'${target}' only makes sense for promotable clones`
    configError(cluster, 'get_target_role', `Ignoring 'target-role' for ${resource.id} because ${why}`)
  }
}

/** The role that `target-role` asks for; unknown where it asks for none. */
export function requestedRole(resource: Resource): Role {
  const text = resource.meta.get('target-role')
  if (text === undefined || sameText(text, 'started') || sameText(text, 'default')) return role.unknown
  const asked = parseRole(text)
  if (asked <= role.started) return asked
  if (!isPromotable(resource)) return role.unknown
  return asked === role.promoted ? role.unknown : asked
}

/** Instance attributes of a resource, as they are on a node (rules may ask for attributes of it). */
export function parametersOf(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode | undefined,
): ReadonlyMap<string, string> {
  const fixed = resource.parameters
  if (fixed !== undefined && (node === undefined || !parametersDepend(cluster, resource))) return fixed
  const known = node === undefined ? undefined : resource.parametersByNode?.get(node)
  if (known !== undefined) return known
  const depends = node !== undefined && parametersDepend(cluster, resource)
  const parts = depends ? { attributes: node.attributes } : undefined
  const found = new Map<string, string>()
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    unpackSets(cluster, at.xml, 'instance_attributes', found, parts)
  }
  unpackSets(cluster, defaultsSection(cluster, 'rsc_defaults'), 'instance_attributes', found, parts)
  if (!depends) {
    resource.parameters = found.size === 0 ? noAttributes : found
    return resource.parameters
  }
  resource.parametersByNode ??= new Map()
  resource.parametersByNode.set(node, found)
  return found
}

function parametersDepend(cluster: Cluster, resource: Resource): boolean {
  if (resource.parametersDepend !== undefined) return resource.parametersDepend
  const defaults = defaultsSection(cluster, 'rsc_defaults')
  let depends = defaults !== undefined && hasRules(cluster, defaults, 'instance_attributes')
  for (let at: Resource | undefined = resource; at !== undefined && !depends; at = at.parent) {
    depends = hasRules(cluster, at.xml, 'instance_attributes')
  }
  resource.parametersDepend = depends
  return depends
}
