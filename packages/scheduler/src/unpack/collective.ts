import { attr, idOf } from '@quorate/xml'
import { configError, configWarning, configWarningOnce, limitExceeded } from '../model/log.ts'
import { type CloneTraits, type Cluster, type Resource, variant } from '../model/model.ts'
import { forEachBelow, isPromotable, top } from '../model/tree.ts'
import { parseBoolean, parseCount } from '../scalar.ts'
import { type UnpackVariant, unpackResource } from './resource.ts'

/** Most instances that one clone may have: a clone-max beyond it is cut, and that is told. */
export const cloneMaxLimit = 1_000

/**
 * Most instances that one clone may have beyond those that the nodes have room for. They run nowhere, but every one of
 * them is looked at again for every other: at twice as many the C program's simulation takes minutes.
 */
export const spareInstancesMax = 500

/** Unpacks what a primitive needs beyond its traits. */
export function unpackPrimitive(cluster: Cluster, resource: Resource): boolean {
  const standard = attr(resource.xml, 'class')
  const clone = top(resource)
  if (clone.variant !== variant.clone) return true
  if (clone.clone !== undefined && resource.unique && standard !== 'ocf' && standard !== 'stonith') {
    forceAnonymous(cluster, clone, resource)
  }
  if (!isPromotable(resource) || standard === 'ocf') return true
  const why = `is of type ${standard ?? ''} and therefore cannot be used as a promotable clone resource`
  configError(cluster, 'native_unpack', `Resource ${resource.id} ${why}`)
  return false
}

function forceAnonymous(cluster: Cluster, clone: Resource, instance: Resource): void {
  const traits = clone.clone
  if (traits === undefined) return
  const kind = attr(instance.xml, 'class') ?? '(null)'
  const why = `${kind} resources such as ${instance.id} can be used only as anonymous clones`
  configWarning(cluster, 'pe__force_anon', `Ignoring globally-unique for ${clone.id} because ${why}`)
  traits.nodeMax = 1
  traits.max = Math.min(traits.max, cluster.nodes.length)
  // What is not in the clone yet keeps saying that it is unique: the group that this belongs to, and what comes after.
  instance.unique = false
  forEachBelow(clone, (item) => {
    item.unique = false
  })
}

/** Unpacks the members of a group. */
export function unpackGroup(cluster: Cluster, group: Resource, unpackVariant: UnpackVariant): boolean {
  const flag = (name: string): boolean => {
    const isOn = parseBoolean(group.meta.get(name)) !== false
    if (!isOn) {
      const why = 'is deprecated and will be removed in a future release (use a resource set instead)'
      configWarningOnce(cluster, 'set_group_flag', `Support for the '${name}' group meta-attribute ${why}`)
    }
    return isOn
  }
  group.group = { ordered: flag('ordered'), collocated: flag('collocated') }
  for (const item of group.xml.children) {
    if (item.name !== 'primitive') continue
    const member = unpackResource(cluster, item, group, group.instanceNumber, unpackVariant)
    if (member !== undefined) group.children.push(member)
  }
  if (group.children.length === 0)
    configWarning(cluster, 'group_unpack', `Group ${group.id} will be ignored because it does not have any members`)
  return true
}

/** Unpacks a clone and makes its instances. */
export function unpackClone(cluster: Cluster, clone: Resource, unpackVariant: UnpackVariant): boolean {
  const { meta } = clone
  const template = clone.xml.children.find((item) => item.name === 'primitive' || item.name === 'group')
  if (template === undefined || idOf(template) === '') {
    configError(cluster, 'clone_unpack', `${clone.id} has nothing to clone`)
    return false
  }
  const least = (name: string, old: string): number => {
    const text = meta.get(name) ?? meta.get(old)
    return text === undefined ? 1 : parseCount(text, 0)
  }
  const configured = meta.get('clone-max')
  const traits = {
    promotable: clone.promotable,
    ordered: parseBoolean(meta.get('ordered')) === true,
    max: configured === undefined ? Math.max(1, cluster.nodes.length) : parseCount(configured, 0),
    nodeMax: least('clone-node-max', 'clone-node-max'),
    promotedMax: clone.promotable ? least('promoted-max', 'master-max') : 0,
    promotedNodeMax: clone.promotable ? least('promoted-node-max', 'master-node-max') : 0,
    template,
    made: 0,
    rolesChosen: false,
  }
  if (!clone.unique && traits.nodeMax > 1) {
    // The tools name another option than the one that is ignored.
    const why = 'because anonymous clones support only one instance per node'
    configError(cluster, 'clone_unpack', `Ignoring promoted-max for ${clone.id} ${why}`)
    traits.nodeMax = 1
  }
  cutInstances(cluster, clone, traits)
  clone.clone = traits
  if (!meta.has('resource-stickiness')) meta.set('resource-stickiness', '1')
  if (!meta.has('globally-unique')) meta.set('globally-unique', String(clone.unique))
  for (let i = 0; i < Math.max(1, traits.max); i += 1) {
    if (i >= traits.max && i > 0) break
    if (createInstance(cluster, clone, unpackVariant) === undefined) return false
  }
  return true
}

function cutInstances(cluster: Cluster, clone: Resource, traits: CloneTraits): void {
  const room = cluster.nodes.length * Math.max(1, traits.nodeMax) + spareInstancesMax
  const limit = Math.min(room, cloneMaxLimit)
  // A bundle has seen to it that its clone has as many as it has itself.
  if (traits.max <= limit || clone.parent?.variant === variant.bundle) return
  const text = `Using ${limit} instead of ${traits.max} as clone-max of ${clone.id}: more instances are not supported`
  limitExceeded(cluster, 'clone_unpack', text)
  traits.max = limit
}

/** Makes the next instance of a clone: an orphan once there are as many as it may have. */
export function createInstance(cluster: Cluster, clone: Resource, unpackVariant: UnpackVariant): Resource | undefined {
  const traits = clone.clone
  if (traits === undefined) return undefined
  const number = String(traits.made)
  const orphan = traits.made >= traits.max
  const made = unpackResource(cluster, traits.template, clone, number, unpackVariant)
  if (made === undefined) return undefined
  traits.made += 1
  clone.children.push(made)
  if (orphan) markOrphan(made)
  if (!made.meta.has('clone-max')) made.meta.set('clone-max', String(traits.max))
  return made
}

/** Marks a resource and everything below it as one that is configured no more. */
export function markOrphan(resource: Resource): void {
  forEachBelow(resource, (item) => {
    item.orphan = true
  })
}
