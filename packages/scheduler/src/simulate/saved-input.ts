import { child, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Cluster } from '../model/model.ts'

/**
 * A CIB as the C program has it in an input that it saves: with what reading it left there, which are notes at entries
 * of the history and the connections to guest nodes.
 */
export function savedInput(
  cib: XmlElement,
  { entryNotes, impliedConnections }: Pick<Cluster, 'entryNotes' | 'impliedConnections'>,
): XmlElement {
  const noted =
    entryNotes.size === 0
      ? cib
      : changed(cib, ['status', 'node_state', 'lrm', 'lrm_resources', 'lrm_resource', 'lrm_rsc_op'], (entry) =>
          withAttributes(entry, entryNotes.get(entry) ?? {}),
        )
  if (impliedConnections.length === 0) return noted
  return changed(noted, ['configuration', 'resources'], (resources) =>
    withChildren(resources, [...resources.children, ...impliedConnections]),
  )
}

/** An element with everything changed that a way of names leads to. */
function changed(of: XmlElement, way: readonly string[], change: (found: XmlElement) => XmlElement): XmlElement {
  const [name, ...rest] = way
  if (name === undefined) return change(of)
  if (child(of, name) === undefined) return of
  return withChildren(
    of,
    of.children.map((item) => (item.name === name ? changed(item, rest, change) : item)),
  )
}
