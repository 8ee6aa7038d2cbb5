import { exitCodes, exitCodeText } from '@quorate/cib'
import { type ParameterDigest, resourceDigests } from '@quorate/scheduler'
import { element, type XmlElement } from '@quorate/xml'
import { pairOf } from '../pacemaker/command-line.ts'
import type { Options } from '../pacemaker/tool-options.ts'
import { Failure, namedNode, namedResource, say, titled, type Work } from './work.ts'

/** --digests: by what changes of a resource's parameters are noticed, with the parameters that the line overrides. */
export function digests(work: Work): number {
  const resource = namedResource(work)
  const node = namedNode(work)
  if (node === undefined) throw new Failure(exitCodes.usage, ['crm_resource: Must supply a node name with -N'])
  if (resource.children.length > 0 || resource.clone !== undefined || resource.bundle !== undefined) {
    const text = exitCodeText(exitCodes.unimplemented)
    throw new Failure(exitCodes.unimplemented, [`crm_resource: Error performing operation: ${text}`])
  }
  const found = resourceDigests(work.cluster, resource, node, overridesOf(work.options))
  const kinds: readonly (readonly [type: string, title: string, digest: ParameterDigest | undefined])[] = [
    ['all', 'all parameters', found.all],
    ['nonprivate', 'non-private parameters', found.nonPrivate],
    ['nonreloadable', 'non-reloadable parameters', found.nonReloadable],
  ]
  const elements: XmlElement[] = []
  const lines: string[] = []
  for (const [type, title, item] of kinds) {
    if (item === undefined) continue
    lines.push(`${item.digest} (${title})`)
    const parameters = element('parameters', Object.fromEntries(item.parameters))
    elements.push(element('digest', { type, hash: item.digest }, [parameters]))
  }
  const { task, intervalMs } = found
  const repeated = intervalMs === 0 ? '' : `${intervalMs}ms-interval `
  const probe = task === 'monitor' && intervalMs === 0 ? 'probe' : task
  const heading = `Digests for ${resource.id} ${repeated}${probe} action on ${node.uname}`
  for (const line of titled(work, heading, undefined, lines)) say(work, line)
  const about = { resource: resource.id, node: node.uname, task, interval: `${intervalMs}ms` }
  work.results.push(element('digests', about, elements))
  return exitCodes.ok
}

/** NAME=VALUE words of the line. @throws Failure where a word is something else */
export function overridesOf({ operands }: Options): ReadonlyMap<string, string> {
  return new Map(
    operands.map((word) => {
      const pair = pairOf(word)
      if (pair !== undefined) return pair
      throw new Failure(exitCodes.usage, [`crm_resource: Error parsing '${word}' as a name=value pair`])
    }),
  )
}
