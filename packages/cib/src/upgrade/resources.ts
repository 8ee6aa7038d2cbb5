import { attr, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import { requirement, upgradedOperations } from './operations.ts'
import type { Note } from './options.ts'
import { isResourceSet } from './pair-set.ts'
import { isLeftOut, upgradedResourceSet } from './resource-set.ts'

/** Resources under their names of today, wherever they stand in the tree of `resources`. */
export function upgradedResources(node: XmlElement, note: Note): XmlElement {
  if (node.name === 'primitive' || node.name === 'template') return upgradedPrimitive(node, note)
  return withChildren(
    node,
    node.children.map((item) => upgradedResources(item, note)),
  )
}

function upgradedPrimitive(primitive: XmlElement, note: Note): XmlElement {
  const children: XmlElement[] = []
  for (const item of primitive.children) {
    if (item.name === 'operations') children.push(upgradedOperations(item, primitive, note))
    else if (!isResourceSet(item)) children.push(item)
    else {
      const set = upgradedResourceSet(item, primitive, note)
      if (!isLeftOut(item)) children.push(set)
    }
  }
  const required = requirement(primitive)
  return withChildren(primitive, required === undefined ? children : [...children, required])
}

/** Nodes under today's word for what they are. */
export function upgradedNodes(section: XmlElement, note: Note): XmlElement {
  const children = section.children.map((node) => {
    if (node.name !== 'node' || attr(node, 'type') !== 'normal') return node
    note(
      `DEBUG: Cluster node: ${attr(node, 'uname')} (id=${idOf(node)}): keeping type as type, redefined as member, for matching normal`,
    )
    return withAttributes(node, { type: 'member' })
  })
  return withChildren(section, children)
}

/** Colocations without attributes that were never in effect. */
export function withoutDeadScores(section: XmlElement, note: Note): XmlElement {
  const children = section.children.map((constraint) => {
    if (constraint.name !== 'rsc_colocation') return constraint
    let now = constraint
    for (const name of ['score-attribute', 'score-attribute-mangle']) {
      if (attr(now, name) === undefined) continue
      note(`INFO: Constraints-colocation: ${idOf(constraint)}: dropping ${name}`)
      note('INFO: Constraints-colocation: ... was actually never in effect')
      now = withAttributes(now, { [name]: undefined })
    }
    return now
  })
  return withChildren(section, children)
}
