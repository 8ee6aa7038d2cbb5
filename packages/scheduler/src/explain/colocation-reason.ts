import { attr } from '@quorate/xml'
import { type ClusterNode, type Colocation, type Resource, variant } from '../model/model.ts'
import { type Role, role, roleText } from '../model/role.ts'
import type { Decision } from './decision.ts'
import { constraintSettings } from './setting.ts'
import type { Told } from './told-reason.ts'

/** Nodes where a resource, or anything that is part of it, is to be; of those with a role, where it has that. */
export function placesOf(primary: Resource, asked: Role): readonly ClusterNode[] {
  if (primary.variant === variant.bundle) {
    return (primary.bundle?.replicas ?? []).flatMap(({ container, instance }) => {
      const isRight = asked <= role.started || instance?.nextRole === asked
      return isRight && container?.assigned !== undefined ? [container.assigned] : []
    })
  }
  if (primary.children.length > 0) {
    const members = primary.variant === variant.group ? primary.children.slice(-1) : primary.children
    return [...new Set(members.flatMap((item) => placesOf(item, asked)))]
  }
  if (primary.assigned === undefined || primary.nextRole === role.stopped) return []
  return asked <= role.started || primary.nextRole === asked ? [primary.assigned] : []
}

/** What a colocation makes of the score of its dependent on a node. */
export function colocationReason(decision: Decision, colocation: Colocation, node: ClusterNode, gain: number): Told {
  const settings = constraintSettings(decision.cluster, decision.constraints.get(colocation.id), 'score', colocation.id)
  return { ...colocationTold(decision, colocation, node, gain), settings }
}

function colocationTold(decision: Decision, colocation: Colocation, node: ClusterNode, gain: number): Told {
  const { primary, score, primaryRole, dependentRole } = colocation
  const [kind, constraint, what] = colocationName(decision, colocation)
  const at = placesOf(primary, primaryRole)
  const asRole = primaryRole > role.started ? ` as ${roleText(primaryRole)}` : ''
  const runs = at.length > 0 && asRole === '' && at.every((other) => primary.runningOn.includes(other))
  const names = at.length === 0 ? 'nowhere' : `on ${at.map((other) => other.uname).join(', ')}`
  const where = `${runs ? 'runs' : 'is to run'} ${names}${asRole}`
  const text = `${what}: ${score < 0 ? 'apart from' : 'with'} ${primary.id}, which ${where}`
  if (gain >= 0) return { kind, constraint, text }
  if (score > 0 && dependentRole === role.unpromoted && at.includes(node)) {
    // What is to be unpromoted beside something must not be promoted there.
    const own = constraint === undefined ? {} : { suppose: { withoutConstraints: [constraint] } }
    const change = { text: elsewhereText(primary, constraint), ...own }
    return {
      kind,
      constraint,
      text: `${what}: as ${roleText(role.unpromoted)} with ${primary.id}, which ${where}`,
      changes: [change],
    }
  }
  if (score < 0) {
    return {
      kind,
      constraint,
      text,
      changes: [
        {
          text: elsewhereText(primary, constraint),
          ...(constraint === undefined ? {} : { suppose: { withoutConstraints: [constraint] } }),
        },
      ],
    }
  }
  const wanted = colocation.attribute === undefined ? node : undefined
  const place = { resource: primary, node: wanted, isPromoted: primaryRole === role.promoted }
  const target = colocation.attribute === undefined ? node.uname : `a node with the same ${colocation.attribute}`
  return { kind, constraint, text, changes: [{ text: `${primary.id} has to run on ${target}${asRole}`, place }] }
}

function elsewhereText({ id }: Resource, constraint: string | undefined): string {
  return `${id} has to run elsewhere${constraint === undefined ? '' : `, or constraint ${constraint} to go`}`
}

/** What makes a colocation: its constraint, or that a resource belongs to a group, a container or a bundle. */
export function colocationName(
  { constraints }: Decision,
  { id }: Colocation,
): readonly [kind: 'group' | 'colocation', constraint: string | undefined, what: string] {
  if (id === 'group:internal_colocation') return ['group', undefined, 'its group']
  const constraint = constraints.get(id)
  if (constraint === undefined) {
    return ['group', undefined, id === 'resource-with-container' ? 'its container' : 'its bundle']
  }
  const own = attr(constraint, 'id') ?? id
  return ['colocation', own, own === id ? `colocation ${own}` : `colocation ${own}, set ${id}`]
}
