import { cibFaults, exitCodeOf, exitCodes, exitCodeText, faultText } from '@quorate/cib'
import { type Cluster, type ClusterNode, type Resource, top } from '@quorate/scheduler'
import type { XmlElement } from '@quorate/xml'
import type { CibAccess } from '../pacemaker/cib-source.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import type { Options } from '../pacemaker/tool-options.ts'

/** What a command has to work with. */
export type Work = {
  readonly options: Options
  readonly host: ToolHost
  readonly cib: CibAccess
  readonly cluster: Cluster
  readonly isXml: boolean
  /** Elements for the XML at the end. */
  readonly results: XmlElement[]
  /** Complaints for the XML at the end. */
  readonly errors: string[]
}

/** A command's end that is not its success: lines for the error output, and the exit code. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: number
  readonly lines: readonly string[]

  constructor(code: number, lines: readonly string[]) {
    super(lines.join('\n'))
    this.code = code
    this.lines = lines
  }
}

/** The failure of an operation on the CIB. */
export function cibFailure(rc: number): Failure {
  const text =
    rc === cibFaults.schema
      ? exitCodeText(exitCodes.config)
      : rc === cibFaults.exists
        ? exitCodeText(exitCodes.exists)
        : faultText(rc)
  return new Failure(exitCodeOf(rc), [`crm_resource: Error performing operation: ${text}`])
}

/**
 * The resource that the line names.
 *
 * @param instances which ids of what is cloned mean an instance of it; see {@link resourceOf}
 * @throws Failure where it names none, or one that there is not
 */
export function namedResource(work: Work, instances: NamedInstances = 'anonymous'): Resource {
  const id = work.options.value('resource')
  if (id === undefined) throw new Failure(exitCodes.usage, ['crm_resource: Must supply a resource id with -r'])
  const found = resourceOf(work.cluster, id, instances)
  if (found !== undefined) return found
  throw new Failure(exitCodes.noSuchObject, [`crm_resource: Resource '${id}' not found`, noSuchObject])
}

const noSuchObject = 'Error performing operation: No such object'

/** Whose instances can be meant by the configured id: of clones whose instances are all the same, or of all clones. */
export type NamedInstances = 'anonymous' | 'any'

/** The first resource, clones before their instances, that has an id or a history of that name, or is an instance of it. */
export function resourceOf(
  cluster: Cluster,
  id: string,
  instances: NamedInstances = 'anonymous',
): Resource | undefined {
  const isMeant = (item: Resource) =>
    item.id === id || item.historyName === id || (item.xmlId === id && (instances === 'any' || !item.unique))
  const walk = (list: readonly Resource[]): Resource | undefined => {
    for (const item of list) {
      if (isMeant(item)) return item
      const below = walk(item.children)
      if (below !== undefined) return below
    }
    return undefined
  }
  return walk(cluster.resources)
}

/** The group, clone or bundle that a resource is a part of: the outermost, but of a bundle's parts the part. */
export function collectiveOf(resource: Resource): Resource {
  return top(resource)
}

/** The node that the line names, if any. @throws Failure where there is no such node */
export function namedNode(work: Work): ClusterNode | undefined {
  const name = work.options.value('node') ?? work.options.value('host-uname')
  if (name === undefined) return undefined
  const found = work.cluster.nodes.find((node) => node.uname.toLowerCase() === name.toLowerCase())
  if (found !== undefined) return found
  throw new Failure(exitCodes.noSuchObject, [`crm_resource: Node '${name}' not found`, noSuchObject])
}

/** Prints a line that only tells of what was done, where it is not to be quiet. */
export function report(work: Work, text: string): void {
  if (!work.isXml && !work.options.has('quiet')) work.host.out(`${text}\n`)
}

/** Prints a line, or in XML keeps an element. */
export function say(work: Work, text: string, xml?: XmlElement): void {
  if (!work.isXml) work.host.out(`${text}\n`)
  else if (xml !== undefined) work.results.push(xml)
}

/** Lines as they are, or with --text-fancy under a title and each with what it is: nothing where there are none. */
export function titled(
  work: Work,
  title: string,
  kind: string | undefined,
  lines: readonly string[],
): readonly string[] {
  if (!work.options.has('text-fancy') || lines.length === 0) return lines
  return [`${title}:`, ...lines.map((line) => `  * ${kind === undefined ? '' : `${kind}: `}${line}`)]
}

/** All primitives and instances below, in order. */
export function leavesOf(resources: readonly Resource[]): readonly Resource[] {
  return resources.flatMap((item) => {
    if (item.bundle !== undefined) {
      const { replicas } = item.bundle
      const implied = replicas.flatMap(({ container, ip, connection }) => [container, ip, connection])
      const instances = replicas.map(({ instance }) => instance)
      return [...implied, ...instances].filter((part) => part !== undefined)
    }
    return item.children.length === 0 && item.clone === undefined ? [item] : leavesOf(item.children)
  })
}
