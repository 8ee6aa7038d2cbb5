import { cibCallOptions, cibFaults, exitCodes, exitCodeText } from '@quorate/cib'
import { type ClusterNode, type Resource, role } from '@quorate/scheduler'
import { attr, child, childrenNamed, descendants, element, formatXml, idOf, type XmlElement } from '@quorate/xml'
import { utcTime } from '../crm_mon/local-time.ts'
import { numberedLines } from '../pacemaker/rejected-cib.ts'
import { endOf } from './lifetime.ts'
import { cibFailure, Failure, leavesOf, namedNode, namedResource, report, type Work } from './work.ts'

type Place = { readonly node: ClusterNode; readonly isPromoted: boolean }

function placesOf(resource: Resource): readonly Place[] {
  const out: Place[] = []
  for (const leaf of leavesOf([resource])) {
    for (const node of leaf.runningOn) {
      if (!out.some((place) => place.node === node)) out.push({ node, isPromoted: leaf.role === role.promoted })
    }
  }
  return out
}

function isPromotedOnly(work: Work): boolean {
  return work.options.has('promoted') || work.options.has('master')
}

/** --move: prefers a node; without one, bans the node on which the resource runs. */
export async function move(work: Work): Promise<number> {
  const resource = namedResource(work)
  const node = namedNode(work)
  if (node === undefined) return ban(work)
  const places = placesOf(resource).filter((place) => !isPromotedOnly(work) || place.isPromoted)
  const isThere = places.length === 1 && places[0]?.node === node
  if (isThere && !work.options.has('force')) {
    const text = exitCodeText(exitCodes.exists)
    throw new Failure(exitCodes.exists, [`crm_resource: Error performing operation: ${text}`])
  }
  await clearOf(work, nameOf(work, resource), node.uname, true)
  const until = lifetimeOf(work)
  const name = nameOf(work, resource)
  const parts = {
    id: `cli-prefer-${name}`,
    rule: `cli-prefer-rule-${name}`,
    expression: `cli-prefer-expr-${name}`,
    date: `cli-prefer-lifetime-end-${name}`,
  }
  await put(work, constraint(work, name, node.uname, 'INFINITY', parts, until))
  const current = places[0]?.node
  if (work.options.has('force') && current !== undefined && current !== node)
    await putBan(work, resource, current, until)
  return exitCodes.ok
}

/** --ban: keeps a resource off a node; without one, off that on which it runs (or is promoted). */
export async function ban(work: Work): Promise<number> {
  const resource = namedResource(work)
  const node = namedNode(work) ?? currentNode(resource, nameOf(work, resource))
  await putBan(work, resource, node, lifetimeOf(work))
  return exitCodes.ok
}

/** A resource as the line names it: constraints are of what is configured, and not of an instance. */
function nameOf(work: Work, resource: Resource): string {
  return work.options.value('resource') ?? resource.id
}

function currentNode(resource: Resource, name: string): ClusterNode {
  const places = placesOf(resource)
  const promoted = places.filter((place) => place.isPromoted)
  const chosen = places.length === 1 ? places : promoted
  const [only] = chosen
  if (only !== undefined && chosen.length === 1) return only.node
  const among = resource.promotable ? ` (promoted in ${promoted.length})` : ''
  throw new Failure(exitCodes.usage, [
    `crm_resource: Resource '${name}' not moved: active in ${places.length} locations${among}.`,
    // The C program has no end of line in between.
    `To prevent '${name}' from running on a specific location, specify a node.${
      resource.promotable
        ? `To prevent '${name}' from being promoted at a specific location, specify a node and the --promoted option.`
        : ''
    }`,
  ])
}

async function putBan(work: Work, resource: Resource, node: ClusterNode, until: string | undefined): Promise<void> {
  const name = nameOf(work, resource)
  const id = `cli-ban-${name}-on-${node.uname}`
  const what = isPromotedOnly(work) ? 'being promoted' : 'running'
  if (!work.options.has('quiet') && !work.isXml) {
    work.host.out(
      `WARNING: Creating rsc_location constraint '${id}' with a score of -INFINITY for resource ${name} on ${node.uname}.\n` +
        `\tThis will prevent ${name} from ${what} on ${node.uname} until the constraint is removed using the clear option or by editing the CIB with an appropriate tool\n` +
        `\tThis will be the case even if ${node.uname} is the last node in the cluster\n`,
    )
  }
  const parts = { id, rule: `${id}-rule`, expression: `${id}-expr`, date: `${id}-lifetime` }
  await put(work, constraint(work, name, node.uname, '-INFINITY', parts, until))
}

type PartIds = { readonly id: string; readonly rule: string; readonly expression: string; readonly date: string }

function constraint(
  work: Work,
  rsc: string,
  node: string,
  score: string,
  ids: PartIds,
  until: string | undefined,
): XmlElement {
  const common = { id: ids.id, rsc, role: isPromotedOnly(work) ? 'Promoted' : 'Started' }
  if (until === undefined) return element('rsc_location', { ...common, node, score })
  const where = { id: ids.expression, attribute: '#uname', operation: 'eq', value: node, type: 'string' }
  const when = { id: ids.date, operation: 'lt', end: until }
  const rule = element('rule', { id: ids.rule, score, 'boolean-op': 'and' }, [
    element('expression', where),
    element('date_expression', when),
  ])
  return element('rsc_location', common, [rule])
}

async function put(work: Work, location: XmlElement): Promise<void> {
  const data = element('constraints', {}, [location])
  const { rc, output } = await work.cib.perform({
    op: 'cib_modify',
    section: 'constraints',
    options: cibCallOptions.canCreate,
    data,
  })
  if (rc === cibFaults.schema && output !== undefined) work.host.err(numberedLines(formatXml(output)))
  if (rc !== 0) throw cibFailure(rc)
}

/** The end of the lifetime that the line asks for. @throws Failure where it is no duration */
function lifetimeOf(work: Work): string | undefined {
  const duration = work.options.value('lifetime')
  if (duration === undefined) return undefined
  const end = endOf(duration, work.host.now())
  if (end === undefined) {
    throw new Failure(exitCodes.software, [
      `crm_resource: Invalid duration specified: ${duration}`,
      'Please refer to https://en.wikipedia.org/wiki/ISO_8601#Durations for examples of valid durations',
    ])
  }
  const until = utcTime(Math.floor(end / 1000))
  report(work, `Migration will take effect until: ${until}`)
  return until
}

/** --clear: removes what --move and --ban made for a resource, on one node or on all. */
export async function clear(work: Work): Promise<number> {
  const resource = namedResource(work)
  const removed = await clearOf(work, nameOf(work, resource), namedNode(work)?.uname, false)
  for (const id of [...removed].sort()) report(work, `Removing constraint: ${id}`)
  return exitCodes.ok
}

async function clearOf(
  work: Work,
  rsc: string,
  node: string | undefined,
  isForMove: boolean,
): Promise<readonly string[]> {
  const configuration = child(work.cluster.cib, 'configuration')
  const section = configuration && child(configuration, 'constraints')
  const isAny = isForMove || work.options.has('force')
  const left = (section === undefined ? [] : childrenNamed(section, 'rsc_location')).filter(
    (item) => isOurs(item, rsc, node, isAny) && (!work.options.has('expired') || isExpired(item, work.host.now())),
  )
  const removed: string[] = []
  // As the C tool groups them, because each call counts the epoch up: node by node, the preference with the first.
  const nodes = node === undefined ? work.cluster.nodes.map(({ uname }) => uname).reverse() : [node]
  const groups = [...nodes.map((name) => [`cli-prefer-${rsc}`, `cli-ban-${rsc}-on-${name}`]), left.map(idOf)]
  for (const ids of groups) {
    const now = left.filter((item) => ids.includes(idOf(item)) && !removed.includes(idOf(item)))
    if (now.length === 0) continue
    const data = element(
      'constraints',
      {},
      now.map((item) => element('rsc_location', { id: idOf(item) })),
    )
    const { rc } = await work.cib.perform({ op: 'cib_delete', section: 'constraints', data })
    if (rc !== 0) throw cibFailure(rc)
    removed.push(...now.map(idOf))
  }
  return removed
}

function isOurs(item: XmlElement, rsc: string, node: string | undefined, isAnyMove: boolean): boolean {
  const id = attr(item, 'id') ?? ''
  if (attr(item, 'rsc') !== rsc) return false
  if (id === `cli-prefer-${rsc}`) return node === undefined || isAnyMove || attr(item, 'node') === node
  if (!id.startsWith(`cli-ban-${rsc}-on-`)) return false
  return node === undefined || id === `cli-ban-${rsc}-on-${node}`
}

function isExpired(item: XmlElement, nowMs: number): boolean {
  for (const below of descendants(item)) {
    const end = below.name === 'date_expression' ? attr(below, 'end') : undefined
    if (end !== undefined && Date.parse(end.replace(' ', 'T')) < nowMs) return true
  }
  return false
}
