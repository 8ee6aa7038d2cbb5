import { cibCallOptions, cibFaults, exitCodeOf, exitCodes, exitCodeText } from '@quorate/cib'
import { type Cluster, metaSource, parametersOf, type Resource } from '@quorate/scheduler'
import { attr, element, formatXml, type XmlElement } from '@quorate/xml'
import { literal, nvpairId } from '../pacemaker/nvpair-place.ts'
import { numberedLines } from '../pacemaker/rejected-cib.ts'
import { cibFailure, Failure, leavesOf, namedResource, report, say, type Work } from './work.ts'

type Kind = 'instance_attributes' | 'meta_attributes' | 'utilization'
type Found = { readonly id: string; readonly value: string }

function kindOf(work: Work): Kind {
  if (work.options.has('meta')) return 'meta_attributes'
  return work.options.has('utilization') ? 'utilization' : 'instance_attributes'
}

/** Meta-attributes that clones and their instances have where nobody has set them. */
const implied: ReadonlySet<string> = new Set(['resource-stickiness', 'globally-unique', 'clone-max'])

/** A meta-attribute as it is configured; what a clone or an instance has unasked is told of what is inside of it only. */
function metaValue(cluster: Cluster, resource: Resource, name: string): string | undefined {
  const isUnasked = implied.has(name) && metaSource(cluster, resource, name) === undefined
  return (isUnasked ? resource.parent : resource)?.meta.get(name)
}

/** --get-parameter: the value that counts, whichever set it comes from. */
export function getParameter(work: Work, name: string): number {
  const resource = namedResource(work, 'any')
  const kind = kindOf(work)
  const value =
    kind === 'meta_attributes'
      ? metaValue(work.cluster, resource, name)
      : kind === 'utilization'
        ? resource.utilization.get(name)
        : parametersOf(work.cluster, resource, resource.runningOn[0]).get(name)
  // An unmanaged collective has a place for each member that runs: the real tool counts those.
  const places = new Set(leavesOf([resource]).flatMap((leaf) => leaf.runningOn))
  if (resource.runningOn.length > 1 || places.size > 1) {
    complain(work, `${resource.id} is active on more than one node, returning the default value for ${name}`)
  }
  if (value !== undefined) {
    const text = String(value)
    say(work, text, element('list', { name: 'attributes', count: '1' }, [element('item', { name }, [], text)]))
  } else complain(work, `Attribute '${name}' not found for '${resource.id}'`)
  return exitCodes.ok
}

/** --get-property: what the element of a resource says itself; nothing where it says nothing. */
export function getProperty(work: Work, name: string): number {
  const value = attr(namedResource(work, 'any').xml, name)
  if (value !== undefined) {
    say(work, value, element('list', { name: 'properties', count: '1' }, [element('item', { name }, [], value)]))
  }
  return exitCodes.ok
}

/** --set-property: sets what the element of a resource says itself. */
export async function setProperty(work: Work, name: string): Promise<number> {
  const type = work.options.value('resource-type')
  const value = work.options.value('parameter-value')
  if (type === undefined || value === undefined) {
    const lacks = type === undefined ? 'Must specify -t with resource type' : 'Must supply -v with new value'
    throw new Failure(exitCodes.noSuchObject, [
      `crm_resource: ${lacks}`,
      `Error performing operation: ${exitCodeText(exitCodes.noSuchObject)}`,
    ])
  }
  const data = element(type, { id: work.options.value('resource'), [name]: value })
  const { rc, output } = await work.cib.perform({ op: 'cib_modify', section: 'resources', data })
  if (rc === cibFaults.schema && output !== undefined) work.host.err(numberedLines(formatXml(output)))
  if (rc !== 0) {
    const code = exitCodeOf(rc)
    throw new Failure(code, [`crm_resource: Error performing operation: ${exitCodeText(code)}`])
  }
  return exitCodes.ok
}

function complain(work: Work, text: string): void {
  if (work.isXml) work.errors.push(text)
  else work.host.err(`${text}\n`)
}

/** --set-parameter. */
export async function setParameter(work: Work, name: string): Promise<number> {
  const value = work.options.value('parameter-value')
  if (value === undefined) {
    throw new Failure(exitCodes.usage, ['crm_resource: You need to supply a value with the -v option'])
  }
  const { id, tag } = await ownerOf(work, namedResource(work, 'any'), name, 'update')
  const kind = kindOf(work)
  const found = await find(work, id, kind, name)
  const asked = work.options.value('set-name')
  const setId = asked ?? `${id}-${kind}`
  const nvpair = work.options.value('nvpair') ?? found?.id ?? nvpairId(setId, name)
  const entry = element('nvpair', { id: nvpair, name, value })
  const data = found === undefined ? element(tag, { id }, [element(kind, { id: setId }, [entry])]) : entry
  await modify(work, data)
  const set = found === undefined ? ` set=${setId}` : ''
  report(work, `Set '${id}' option: id=${nvpair}${set} name=${name} value=${value}`)
  return exitCodes.ok
}

/** --delete-parameter. Nothing to delete is no failure. */
export async function deleteParameter(work: Work, name: string): Promise<number> {
  const { id } = await ownerOf(work, namedResource(work, 'any'), name, 'delete')
  const found = await find(work, id, kindOf(work), name)
  if (found === undefined) return exitCodes.ok
  const data = element('nvpair', { id: found.id, name })
  const { rc } = await work.cib.perform({ op: 'cib_delete', section: 'resources', data })
  if (rc !== 0) throw cibFailure(rc)
  report(work, `Deleted '${id}' option: id=${found.id} name=${name}`)
  return exitCodes.ok
}

/** The value that a meta-attribute has where it would be set, not where it is inherited from. */
export async function ownMetaAttribute(work: Work, resource: Resource, name: string): Promise<string | undefined> {
  const { parent } = resource
  const own = await find(work, resource.xmlId, 'meta_attributes', name)
  if (own !== undefined || parent?.clone === undefined) return own?.value
  return (await find(work, parent.xmlId, 'meta_attributes', name))?.value
}

async function modify(work: Work, data: XmlElement): Promise<void> {
  const options = cibCallOptions.canCreate
  const { rc, output } = await work.cib.perform({ op: 'cib_modify', section: 'resources', options, data })
  if (rc === cibFaults.schema && output !== undefined) work.host.err(numberedLines(formatXml(output)))
  if (rc !== 0) throw cibFailure(rc)
}

type Owner = { readonly id: string; readonly tag: string }

function ownerFor(resource: Resource): Owner {
  return { id: resource.xmlId, tag: resource.xml.name }
}

/** The resource whose parameter is meant: meta-attributes of a clone's child belong to the clone, unless forced. */
async function ownerOf(work: Work, resource: Resource, name: string, verb: 'update' | 'delete'): Promise<Owner> {
  const own = ownerFor(resource)
  const { parent } = resource
  const isForced = work.options.has('force') || work.options.has('set-name')
  if (kindOf(work) !== 'meta_attributes' || isForced || parent?.clone === undefined) return own
  const text = verb === 'update' ? 'update' : 'delete'
  if ((await find(work, own.id, 'meta_attributes', name)) !== undefined) return own
  report(work, `Performing ${text} of '${name}' on '${parent.id}', the parent of '${own.id}'`)
  return ownerFor(parent)
}

/** The one entry of that name. @throws Failure where there are several */
async function find(work: Work, id: string, kind: Kind, name: string): Promise<Found | undefined> {
  const set = work.options.value('set-name')
  const nvpair = work.options.value('nvpair')
  const steps = [
    `/cib/configuration/resources//*[@id=${literal(id)}]/${kind}`,
    set === undefined ? '' : `[@id=${literal(set)}]`,
    '//nvpair',
    nvpair === undefined ? '' : `[@id=${literal(nvpair)}]`,
    `[@name=${literal(name)}]`,
  ]
  const options = cibCallOptions.xpath | cibCallOptions.scopeLocal
  const { rc, output } = await work.cib.perform({ op: 'cib_query', section: steps.join(''), options })
  if (rc !== 0 || output === undefined) return undefined
  const found = output.name === 'xpath-query' ? output.children : [output]
  const [first] = found
  if (first === undefined) return undefined
  if (found.length === 1) return { id: attr(first, 'id') ?? '', value: attr(first, 'value') ?? '' }
  const lines = found.map((item) => `  Value: ${attr(item, 'value') ?? ''} \t(id=${attr(item, 'id') ?? ''})`)
  const complaint = 'crm_resource: Error performing operation: Multiple items match request'
  throw new Failure(exitCodes.multiple, [complaint, `Multiple attributes match name=${name}`, ...lines])
}
