import { idOf, type XmlElement } from '@quorate/xml'
import { configError, statusError } from '../model/log.ts'
import { type Cluster, type Resource, variant } from '../model/model.ts'
import { forEachBelow } from '../model/tree.ts'
import { unpackBundle } from './bundle.ts'
import { unpackClone, unpackGroup, unpackPrimitive } from './collective.ts'
import { impliedNodes, linkConnection, resourcesSection } from './implied.ts'
import { indexResource, unpackResource } from './resource.ts'
import { sectionOf } from './section.ts'

/** Unpacks the part of a resource that its kind has. */
export function unpackVariant(cluster: Cluster, resource: Resource): boolean {
  switch (resource.variant) {
    case variant.group:
      return unpackGroup(cluster, resource, unpackVariant)
    case variant.clone:
      return unpackClone(cluster, resource, unpackVariant)
    case variant.bundle:
      return unpackBundle(cluster, resource, unpackVariant)
    default:
      return unpackPrimitive(cluster, resource)
  }
}

/** Under which name the tools say what is wrong with the section of resources. */
const resourcesSource = 'unpack_resources'

/** Reads the `resources` section, implied nodes and connections included. */
export function unpackResources(cluster: Cluster): void {
  const section = resourcesSection(cluster)
  cluster.impliedConnections = impliedNodes(cluster, section)
  for (const xml of [...section.children, ...cluster.impliedConnections]) {
    if (xml.name === '#comment') continue
    if (idOf(xml) === '') {
      configError(cluster, resourcesSource, `Ignoring <${xml.name}> resource without ID`)
      continue
    }
    if (xml.name === 'template') {
      if (!cluster.templates.has(idOf(xml))) cluster.templates.set(idOf(xml), [])
      continue
    }
    if (addResource(cluster, xml) !== undefined) continue
    configError(
      cluster,
      resourcesSource,
      `Ignoring <${xml.name}> resource '${idOf(xml)}' because configuration is invalid`,
    )
  }
  for (const resource of cluster.resources) forEachBelow(resource, (item) => linkContainer(cluster, item))
  for (const resource of cluster.resources) if (resource.isConnection) linkConnection(cluster, resource)
  cluster.resources = [...cluster.resources].sort((a, b) => b.priority - a.priority)
  unpackTags(cluster)
  if (cluster.settings.fencingEnabled && !cluster.fenceDeviceExists) warnOfMissingFencing(cluster)
}

function warnOfMissingFencing(cluster: Cluster): void {
  for (const text of [
    'Resource start-up disabled since no STONITH resources have been defined',
    'Either configure some or disable STONITH with the stonith-enabled option',
    'NOTE: Clusters with shared data need STONITH to ensure data integrity',
  ]) {
    configError(cluster, resourcesSource, text)
  }
}

/** Unpacks a top-level resource and appends it to the list. */
export function addResource(cluster: Cluster, xml: XmlElement): Resource | undefined {
  const made = unpackResource(cluster, xml, undefined, undefined, unpackVariant)
  if (made === undefined) return undefined
  cluster.resources.push(made)
  indexResource(cluster, made)
  return made
}

function linkContainer(cluster: Cluster, resource: Resource): void {
  const name = resource.children.length === 0 ? resource.meta.get('container') : undefined
  if (name === undefined || name === resource.id || resource.container !== undefined) return
  const container = cluster.resourceById.get(name)
  if (container === undefined) {
    statusError(cluster, 'setup_container', `Resource ${resource.id}: Unknown resource container (${name})`)
    return
  }
  resource.container = container
  container.fillers.push(resource)
}

const tagsSource = 'unpack_tags'

function unpackTags(cluster: Cluster): void {
  const tags = sectionOf(cluster.cib, 'tags')
  for (const tag of tags?.children ?? []) {
    if (tag.name !== 'tag') continue
    if (idOf(tag) === '') {
      configError(cluster, tagsSource, 'Ignoring <tag> without id')
      continue
    }
    const members: string[] = cluster.tags.get(idOf(tag)) ?? []
    for (const item of tag.children) {
      if (item.name !== 'obj_ref') continue
      const id = idOf(item)
      if (id === '') configError(cluster, tagsSource, `Ignoring <obj_ref> for tag '${idOf(tag)}' without id`)
      else if (!members.includes(id)) members.push(id)
    }
    cluster.tags.set(idOf(tag), members)
  }
}
