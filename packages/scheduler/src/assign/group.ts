import { insertThisWith, insertWithThis } from '../constraint/colocation.ts'
import type { ClusterNode, Colocation, Resource } from '../model/model.ts'
import { logScores } from '../model/scoring.ts'
import { infinity } from '../score.ts'
import type { Assigner, AssignWork } from './assigner.ts'

/** Assigns the members of a group, one after the other. */
export function* assignGroup(
  assigner: Assigner,
  group: Resource,
  prefer: ClusterNode | undefined,
): AssignWork<ClusterNode | undefined> {
  if (!group.provisional) return group.assigned
  if (group.allocating) return undefined
  const first = group.children[0]
  if (first === undefined) {
    group.provisional = false
    return undefined
  }
  group.allocating = true
  group.role = first.role
  expandColocations(group)
  logScores(assigner.cluster, group, 'group')
  let node: ClusterNode | undefined
  for (const member of group.children) {
    const at = yield { resource: member, prefer }
    node ??= at
  }
  group.nextRole = first.nextRole
  group.allocating = false
  group.provisional = false
  return group.group?.collocated === true ? node : undefined
}

/** Colocations of a group become those of its members. */
function expandColocations(group: Resource): void {
  const members = group.children
  const [first, last] = [members[0], members[members.length - 1]]
  if (first === undefined || last === undefined) return
  const moved: Colocation[] = group.thisWith.splice(0)
  for (const colocation of moved) {
    insertThisWith(first.thisWith, colocation)
    let unmanagedBefore = !first.managed
    for (const member of members.slice(1)) {
      if (unmanagedBefore && colocation.score === infinity) insertThisWith(member.thisWith, colocation)
      if (!member.managed) unmanagedBefore = true
    }
  }
  for (const colocation of group.withThis.splice(0)) insertWithThis(last.withThis, colocation)
}
