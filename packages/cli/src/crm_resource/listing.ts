import { exitCodes, exitCodeText } from '@quorate/cib'
import {
  currentRole,
  fancyLines,
  isTrue,
  plainLines,
  type Resource,
  resourceItem,
  resourceItems,
  role,
} from '@quorate/scheduler'
import {
  attr,
  child,
  descendants,
  element,
  formatXml,
  withAttributes,
  withChildren,
  type XmlElement,
} from '@quorate/xml'
import { listedResourcesXml, resourceXml } from '../crm_mon/resource-xml.ts'
import { collectiveOf, Failure, leavesOf, namedNode, namedResource, say, titled, type Work } from './work.ts'

/** --list: all resources, without the nodes of single ones. */
export function list(work: Work): number {
  if (work.isXml) {
    const none = [element('item', {}, [], noResources)]
    const found = work.cluster.resources.length === 0 ? none : listedResourcesXml(work.cluster)
    work.results.push(element('resources', {}, found))
    return toldEmpty(work)
  }
  const items = resourceItems(work.cluster, { showsInactive: true, showsPending: true, hidesNode: true })
  const shown = items.length === 0 ? [{ text: noResources }] : items
  for (const line of ['Full List of Resources:', ...fancyLines(shown, 1)]) say(work, line)
  return toldEmpty(work)
}

const noResources = 'No resources'

/** @throws Failure where there are no resources */
function toldEmpty(work: Work): number {
  if (work.cluster.resources.length > 0) return exitCodes.ok
  const text = exitCodeText(exitCodes.noSuchObject)
  throw new Failure(exitCodes.noSuchObject, [`crm_resource: Error performing operation: ${text}`])
}

/** --list-raw: ids of all primitives and instances. */
export function listRaw(work: Work): number {
  if (work.cluster.resources.length === 0) {
    // An end of line of its own, as with the C tool.
    if (work.isXml) work.errors.push('NO resources configured\n')
    else work.host.err('NO resources configured\n\n')
    return toldEmpty(work)
  }
  const ids = leavesOf(work.cluster.resources).map((item) => item.id)
  if (work.isXml) {
    const items = ids.map((id) => element('item', { name: 'resource' }, [], id))
    work.results.push(element('list', { name: 'resource names', count: String(ids.length) }, items))
  } else for (const line of titled(work, 'Resource Names', 'resource', ids)) say(work, line)
  return exitCodes.ok
}

/** --locate: the nodes on which a resource runs. */
export function locate(work: Work): number {
  const resource = namedResource(work)
  const id = work.options.value('resource') ?? resource.id
  const places = placesOf(asked(resource, id))
  if (work.isXml) {
    const nodes = places.map(({ node, isPromoted }) =>
      element('node', isPromoted ? { state: 'promoted' } : {}, [], node),
    )
    work.results.push(element('nodes', { resource: id }, nodes))
    return exitCodes.ok
  }
  const isQuiet = work.options.has('quiet')
  const lines = places.map(({ node, isPromoted }) =>
    isQuiet ? node : `resource ${id} is running on: ${node}${isPromoted ? ' Promoted' : ''}`,
  )
  for (const line of titled(work, 'Nodes', 'node', lines)) say(work, line)
  if (places.length === 0 && !isQuiet) work.host.err(`resource ${id} is NOT running\n`)
  return exitCodes.ok
}

/** A name that the histories of all instances of a clone share means the clone. */
function asked(resource: Resource, id: string): Resource {
  const clone = collectiveOf(resource)
  const isShared = resource.id !== id && resource.historyName === id && !resource.unique
  return isShared && clone.clone !== undefined ? clone : resource
}

/** Where a resource, or any instance of it, runs: from the last to the first. */
function placesOf(of: Resource): readonly { readonly node: string; readonly isPromoted: boolean }[] {
  const places = (of.clone === undefined ? [of] : of.children).flatMap((item) => {
    const isPromoted = currentRole(item) === role.promoted
    return item.runningOn.map((node) => ({ node: node.uname, isPromoted }))
  })
  return places.reverse()
}

/** --query-xml and --query-xml-raw: the state of a resource and its definition. */
export function queryXml(work: Work, isRaw: boolean): number {
  const resource = namedResource(work, 'any')
  // What is configured no more may have the id of something else that is.
  const written = isRaw && !resource.orphan ? (configured(work, resource.xmlId) ?? resource.xml) : resource.xml
  const text = formatXml(numbered(written, resource.instanceNumber))
  if (work.isXml) {
    const state = activeOnly(resourceXml(resource))
    work.results.push(element('resource_config', {}, [...state, element('xml', {}, [], text)]))
    return exitCodes.ok
  }
  const items = resourceItem(work.cluster, resource, { showsInactive: false, showsPending: true })
  const lines = resource.group === undefined ? labelled(items) : plainLines(items)
  const isFancy = work.options.has('text-fancy')
  const told = isFancy ? ['Resource Config:', ...(lines.length === 0 ? [] : fancyLines(items, 1))] : lines
  for (const line of [...told, 'Resource XML:']) say(work, line)
  work.host.out(`${isFancy ? '  * ' : ''}${text}`)
  return exitCodes.ok
}

/** The state of a resource without the members of groups that do not run, and without groups of which none runs. */
function activeOnly(state: XmlElement): readonly XmlElement[] {
  if (state.name !== 'group') return [withChildren(state, state.children.flatMap(activeOnly))]
  const members = state.children.filter((member) => attr(member, 'active') === 'true')
  return members.length === 0 ? [] : [withChildren(state, members)]
}

/** The definition of an instance, each member of which carries the instance's number. */
function numbered(xml: XmlElement, instance: string | undefined): XmlElement {
  if (instance === undefined) return xml
  const members = xml.children.map((item) => (item.name === 'primitive' ? numbered(item, instance) : item))
  return withChildren(withAttributes(xml, { clone: instance }), members)
}

function labelled(items: ReturnType<typeof resourceItem>): readonly string[] {
  return items.flatMap((item) =>
    item.items === undefined
      ? [item.label === undefined ? item.text : `${item.label}: ${item.text}`]
      : labelled(item.items),
  )
}

function configured(work: Work, id: string): XmlElement | undefined {
  const configuration = child(work.cluster.cib, 'configuration')
  const resources = configuration && child(configuration, 'resources')
  for (const item of resources === undefined ? [] : descendants(resources)) if (attr(item, 'id') === id) return item
  return undefined
}

/** --why: whether resources run, and what keeps them from it: one resource, those on a node, or all at the top. */
export function why(work: Work): number {
  const node = namedNode(work)
  const named = work.options.value('resource') === undefined ? undefined : namedResource(work)
  const asked = named === undefined ? (node?.running ?? work.cluster.resources) : [named]
  if (work.options.has('text-fancy') && asked.length > 0) say(work, 'Resource Reasons:')
  if (named !== undefined) {
    const isRunning = whyText(work, named, node)
    const answer =
      node === undefined ? { running: String(isRunning) } : { running_on: isRunning ? node.uname : undefined }
    work.results.push(element('reason', answer, [checkElement(named)]))
    return exitCodes.ok
  }
  const resources = asked.map((resource) => {
    const running = String(whyText(work, resource, node))
    return element('resource', { id: resource.id, running, host: node?.uname }, [checkElement(resource)])
  })
  work.results.push(element('reason', {}, [element('resources', {}, resources)]))
  return exitCodes.ok
}

function whyText(work: Work, resource: Resource, node: ReturnType<typeof namedNode>): boolean {
  const places = placesOf(resource)
  const isRunning = node === undefined ? places.length > 0 : places.some((place) => place.node === node.uname)
  const where = node === undefined ? '' : ` on host ${node.uname}`
  const isFancy = work.options.has('text-fancy')
  say(
    work,
    `${isFancy ? '  * reason: ' : ''}Resource ${resource.id} is ${isRunning ? 'running' : 'not running'}${where}`,
  )
  const checks = work.options.has('quiet') ? [] : checksOf(resource).map(({ text }) => text)
  const [title, ...items] = titled(work, 'Resource Checks', 'check', checks)
  if (title !== undefined) say(work, `${isFancy ? '  * ' : ''}${title}`)
  for (const item of items) say(work, `${isFancy ? '  ' : ''}${item}`)
  return isRunning
}

type Check = { readonly name: string; readonly value: string; readonly text: string }

/**
 * What a resource's meta-attributes say that keeps it from running or from being managed, as told of the collective that it
 * is a part of: not what the state of the cluster does, nor maintenance.
 */
function checksOf(resource: Resource): readonly Check[] {
  const { id, promotable } = collectiveOf(resource)
  const { meta, lockNode } = resource
  const checks: Check[] = []
  const target = meta.get('target-role')?.toLowerCase()
  if (target === 'stopped') {
    checks.push({
      name: 'remain_stopped',
      value: 'true',
      text: `Configuration specifies '${id}' should remain stopped`,
    })
  } else if (promotable && (target === 'unpromoted' || target === 'slave')) {
    checks.push({ name: 'promotable', value: 'false', text: `Configuration specifies '${id}' should not be promoted` })
  }
  const managed = meta.get('is-managed')
  if (managed !== undefined && !isTrue(managed)) {
    const text = `Configuration prevents cluster from stopping or starting unmanaged '${id}'`
    checks.push({ name: 'unmanaged', value: 'true', text })
  }
  if (lockNode !== undefined) {
    const text = `'${id}' is locked to node ${lockNode.uname} due to shutdown`
    checks.push({ name: 'locked-to', value: lockNode.uname, text })
  }
  return checks
}

function checkElement(resource: Resource): XmlElement {
  const found = Object.fromEntries(checksOf(resource).map(({ name, value }) => [name, value]))
  return element('check', { id: collectiveOf(resource).id, ...found })
}
