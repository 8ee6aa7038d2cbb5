import { exitCodes } from '@quorate/cib'
import { fancyLines, plainLines, type Resource, resourceItem, resourceItems, role } from '@quorate/scheduler'
import { attr, child, childrenNamed, descendants, element, formatXml, type XmlElement } from '@quorate/xml'
import { resourceXml } from '../crm_mon/resource-xml.ts'
import { leavesOf, namedNode, namedResource, say, type Work } from './work.ts'

/** --list: all resources, without the nodes of single ones. */
export function list(work: Work): number {
  if (work.isXml) {
    work.results.push(
      element(
        'resources',
        {},
        work.cluster.resources.map((item) => resourceXml(item)),
      ),
    )
    return exitCodes.ok
  }
  const items = resourceItems(work.cluster, { showsInactive: true, showsPending: true, hidesNode: true })
  const shown = items.length === 0 ? [{ text: 'No resources' }] : items
  for (const line of ['Full List of Resources:', ...fancyLines(shown, 1)]) say(work, line)
  return exitCodes.ok
}

/** --list-raw: ids of all primitives and instances. */
export function listRaw(work: Work): number {
  const ids = leavesOf(work.cluster.resources).map((item) => item.id)
  if (work.isXml) {
    const items = ids.map((id) => element('item', { name: 'resource' }, [], id))
    work.results.push(element('list', { name: 'resource names', count: String(ids.length) }, items))
  } else for (const id of ids) say(work, id)
  return exitCodes.ok
}

/** --locate: the nodes on which a resource runs. */
export function locate(work: Work): number {
  const resource = namedResource(work)
  const asked =
    resource.parent?.clone !== undefined && resource.id !== work.options.value('resource') ? resource.parent : resource
  const id = work.options.value('resource') ?? resource.id
  const places = placesOf(asked)
  if (work.isXml) {
    const nodes = places.map(({ node, isPromoted }) =>
      element('node', isPromoted ? { state: 'promoted' } : {}, [], node),
    )
    work.results.push(element('nodes', { resource: id }, nodes))
    return exitCodes.ok
  }
  const isQuiet = work.options.has('quiet')
  for (const { node, isPromoted } of places) {
    say(work, isQuiet ? node : `resource ${id} is running on: ${node}${isPromoted ? ' Promoted' : ''}`)
  }
  if (places.length === 0 && !isQuiet) work.host.err(`resource ${id} is NOT running\n`)
  return exitCodes.ok
}

function placesOf(of: Resource): readonly { readonly node: string; readonly isPromoted: boolean }[] {
  const leaves = leavesOf([of])
  const isClone = of.clone !== undefined
  const out = leaves.flatMap((leaf) =>
    leaf.runningOn.map((node) => ({ node: node.uname, isPromoted: leaf.role === role.promoted })),
  )
  return isClone ? out.reverse() : out
}

/** --query-xml and --query-xml-raw: the state of a resource and its definition. */
export function queryXml(work: Work, isRaw: boolean): number {
  const resource = namedResource(work)
  const written = isRaw ? (configured(work, resource.xmlId) ?? resource.xml) : resource.xml
  if (work.isXml) {
    const text = element('xml', {}, [], formatXml(written))
    work.results.push(element('resource_config', {}, [resourceXml(resource), text]))
    return exitCodes.ok
  }
  const items = resourceItem(work.cluster, resource, { showsInactive: true, showsPending: true })
  const lines = resource.group === undefined ? labelled(items) : plainLines(items)
  for (const line of lines) say(work, line)
  say(work, isRaw && hasTemplate(written) ? 'Raw XML:' : 'Resource XML:')
  work.host.out(formatXml(written))
  return exitCodes.ok
}

function labelled(items: ReturnType<typeof resourceItem>): readonly string[] {
  return items.flatMap((item) =>
    item.items === undefined
      ? [item.label === undefined ? item.text : `${item.label}: ${item.text}`]
      : labelled(item.items),
  )
}

function hasTemplate(xml: XmlElement): boolean {
  return attr(xml, 'template') !== undefined
}

function configured(work: Work, id: string): XmlElement | undefined {
  const configuration = child(work.cluster.cib, 'configuration')
  const resources = configuration && child(configuration, 'resources')
  for (const item of resources === undefined ? [] : descendants(resources)) if (attr(item, 'id') === id) return item
  return undefined
}

/** --why: whether resources run, and what keeps them from it: one resource, or all at the top. */
export function why(work: Work): number {
  const asked = work.options.value('resource')
  const node = namedNode(work)
  if (asked !== undefined) {
    const resource = namedResource(work)
    const isRunning = whyText(work, resource, node)
    const running = node === undefined ? String(isRunning) : undefined
    work.results.push(element('reason', { running }, [checkElement(resource)]))
    return exitCodes.ok
  }
  const resources = work.cluster.resources.map((resource) => {
    const running = String(whyText(work, resource, node))
    return element('resource', { id: resource.id, running }, [checkElement(resource)])
  })
  work.results.push(element('reason', {}, [element('resources', {}, resources)]))
  return exitCodes.ok
}

function whyText(work: Work, resource: Resource, node: ReturnType<typeof namedNode>): boolean {
  const places = placesOf(resource)
  const isRunning = node === undefined ? places.length > 0 : places.some((place) => place.node === node.uname)
  const where = node === undefined ? '' : ` on host ${node.uname}`
  say(work, `Resource ${resource.id} is ${isRunning ? 'running' : 'not running'}${where}`)
  for (const { text } of checksOf(resource)) say(work, text)
  return isRunning
}

type Check = { readonly name: string; readonly value: string; readonly text: string }

/** What keeps a resource from running, or from being managed. */
function checksOf(resource: Resource): readonly Check[] {
  const id = subjectOf(resource).id
  const checks: Check[] = []
  const target = resource.meta.get('target-role')?.toLowerCase()
  if (target === 'stopped') {
    checks.push({
      name: 'remain_stopped',
      value: 'true',
      text: `Configuration specifies '${id}' should remain stopped`,
    })
  } else if (target === 'unpromoted' || target === 'slave') {
    checks.push({ name: 'promotable', value: 'false', text: `Configuration specifies '${id}' should not be promoted` })
  }
  if (!resource.managed) {
    const text = `Configuration prevents cluster from stopping or starting unmanaged '${id}'`
    checks.push({ name: 'unmanaged', value: 'true', text })
  }
  if (resource.lockNode !== undefined) {
    const text = `'${id}' is locked to node ${resource.lockNode.uname} due to shutdown`
    checks.push({ name: 'locked-to', value: resource.lockNode.uname, text })
  }
  return checks
}

function checkElement(resource: Resource): XmlElement {
  const found = Object.fromEntries(checksOf(resource).map(({ name, value }) => [name, value]))
  return element('check', { id: subjectOf(resource).id, ...found })
}

/** What the checks are about: of a member or instance its collective, but never the bundle that it is a part of. */
function subjectOf(resource: Resource): Resource {
  return resource.parent === undefined || resource.parent.bundle !== undefined ? resource : subjectOf(resource.parent)
}

/** --constraints and --stack: locations and colocations of a resource. */
export function constraints(work: Work): number {
  const resource = namedResource(work)
  const id = (work.options.has('force') ? resource : collective(resource)).id
  const configuration = child(work.cluster.cib, 'configuration')
  const section = configuration && child(configuration, 'constraints')
  const all = section?.children ?? []
  for (const item of all) {
    if (item.name === 'rsc_location' && attr(item, 'rsc') === id) say(work, locationLine(item))
  }
  const blocks: readonly (readonly [string, string, string])[] = [
    [`Resources ${id} is colocated with`, 'rsc', 'with-rsc'],
    [`Resources colocated with ${id}`, 'with-rsc', 'rsc'],
  ]
  for (const [title, mine, other] of blocks) {
    const found = all.filter((item) => item.name === 'rsc_colocation' && attr(item, mine) === id)
    if (found.length === 0) continue
    say(work, `${title}:`)
    for (const item of found) {
      say(work, `  * ${attr(item, other) ?? ''} (score=${attr(item, 'score') ?? ''}, id=${attr(item, 'id') ?? ''})`)
    }
  }
  return exitCodes.ok
}

function collective(resource: Resource): Resource {
  return resource.parent === undefined ? resource : collective(resource.parent)
}

function locationLine(item: XmlElement): string {
  const rules = childrenNamed(item, 'rule')
  const id = attr(item, 'id') ?? ''
  if (rules.length > 0) return `Location with rule (id=${id}, rsc=${attr(item, 'rsc') ?? ''})`
  const parts = [`node=${attr(item, 'node') ?? ''}`, `score=${attr(item, 'score') ?? ''}`, `id=${id}`]
  return `Locations:\n  * Node ${attr(item, 'node') ?? ''} (${parts.slice(1).join(', ')}, rsc=${attr(item, 'rsc') ?? ''})`
}
