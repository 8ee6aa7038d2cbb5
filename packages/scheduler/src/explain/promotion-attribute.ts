import type { ClusterNode, Resource } from '../model/model.ts'
import { withoutInstance } from '../model/tree.ts'

/** The attribute in which an agent says how fit a node is to promote its resource, and what it says there. */
export function attributeOf(leaf: Resource, node: ClusterNode): readonly [name: string, value: string | undefined] {
  const full = `master-${leaf.historyName ?? leaf.id}`
  const short = `master-${withoutInstance(leaf.id)}`
  const value = node.attributes.get(full)
  return value !== undefined || leaf.unique ? [full, value] : [short, node.attributes.get(short)]
}
