import type { ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { isPromotable, nextRole, singleLocation, top, withoutInstance } from '../model/tree.ts'
import { infinity, scoreText } from '../score.ts'

/** Why an instance of a promotable clone is to be promoted or not, and what would have to change; nothing for others. */
export function promotionReasons(leaf: Resource): readonly string[] {
  const clone = top(leaf)
  if (!isPromotable(leaf) || clone.clone === undefined) return []
  const instance = clone.children.find((item) => item === leaf || item.children.includes(leaf)) ?? leaf
  const node = singleLocation(instance, 'next')
  if (node === undefined) return []
  const parts = partsOf(leaf, instance, clone, node)
  const shown = parts.length === 0 ? '' : ` (${parts.join(', ')})`
  const mine = instance.sortIndex
  if (nextRole(instance) === role.promoted) {
    return [`it is to be promoted: promotion score ${scoreText(mine)} on ${node.uname}${shown}`]
  }
  return [`it is not to be promoted: ${whyNot(instance, clone, node, shown)}`]
}

/** The attribute in which an agent says how fit a node is, and what it says there. */
function attributeOf(leaf: Resource, node: ClusterNode): readonly [name: string, value: string | undefined] {
  const full = `master-${leaf.historyName ?? leaf.id}`
  const short = `master-${withoutInstance(leaf.id)}`
  const value = node.attributes.get(full)
  return value !== undefined || leaf.unique ? [full, value] : [short, node.attributes.get(short)]
}

function partsOf(leaf: Resource, instance: Resource, clone: Resource, node: ClusterNode): readonly string[] {
  const [name, value] = attributeOf(leaf, node)
  const parts = value === undefined ? [] : [`attribute ${name}=${value}`]
  for (const record of new Set([...instance.locations, ...clone.locations])) {
    const score = record.role === role.promoted ? record.scores.get(node) : undefined
    if (score !== undefined) parts.push(`location constraint ${record.id}: ${score > 0 ? '+' : ''}${scoreText(score)}`)
  }
  for (const { id, dependentRole, score } of [...clone.thisWith, ...instance.thisWith]) {
    if (dependentRole === role.promoted) parts.push(`colocation ${id}: ${scoreText(score)}`)
  }
  return [...new Set(parts)]
}

function whyNot(instance: Resource, clone: Resource, node: ClusterNode, shown: string): string {
  const target = clone.meta.get('target-role') ?? instance.meta.get('target-role')
  if (target !== undefined && !/^(started|promoted|master|default)$/i.test(target)) {
    return `target-role is ${target}; to promote it: crm_resource --meta --resource ${clone.id} --delete-parameter target-role`
  }
  for (const { id, ticket, role: asked } of clone.tickets) {
    if (asked === role.promoted && !ticket.granted) return `ticket ${ticket.id} is not granted (${id})`
  }
  const mine = instance.sortIndex
  const leaf = instance.children[0] ?? instance
  const [name, value] = attributeOf(leaf, node)
  if (mine < 0 && value === undefined && shown === '') {
    return `nothing speaks for it on ${node.uname}; to promote it: its agent has to set attribute ${name}, or a location constraint with role=Promoted for ${node.uname}`
  }
  if (mine < 0)
    return `promotion score ${scoreText(mine)} on ${node.uname}${shown}; to promote it: that has to be 0 or more`
  const promoted = clone.children.filter((item) => nextRole(item) === role.promoted)
  const limit = clone.clone?.promotedMax ?? 0
  if (promoted.length < limit)
    return `promotion score ${scoreText(mine)} on ${node.uname}${shown}, and something else forbids it`
  const others = promoted.map((item) => `${item.id} with ${scoreText(item.sortIndex)}`).join(', ')
  const least = Math.min(...promoted.map((item) => item.sortIndex))
  const lack = least >= infinity ? 'INFINITY' : `more than ${scoreText(least - mine)} more promotion score`
  return `promoted-max is ${limit}, and ${others} comes first: it has ${scoreText(mine)} on ${node.uname}${shown}; to promote it: ${lack}`
}
