import { attributeSource } from '../assign/promotion.ts'
import type { ClusterNode, Resource } from '../model/model.ts'
import { withoutInstance } from '../model/tree.ts'

/** The attribute in which an agent says how fit a node is to promote its resource, of which node, and what it says there. */
export type PromotionAttribute = {
  readonly name: string
  readonly node: string
  readonly value: string | undefined
}

/** What an agent says about a node, or about the host of the container that the node is. */
export function attributeOf(leaf: Resource, node: ClusterNode): PromotionAttribute {
  const source = attributeSource(leaf, node)
  const full = `master-${leaf.historyName ?? leaf.id}`
  const short = `master-${withoutInstance(leaf.id)}`
  const value = source?.attributes.get(full)
  const isFull = value !== undefined || leaf.unique
  return {
    name: isFull ? full : short,
    node: source?.uname ?? node.uname,
    value: isFull ? value : source?.attributes.get(short),
  }
}
