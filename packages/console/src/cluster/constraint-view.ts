import { parsePattern } from '@quorate/base'
import { scoreOf } from '@quorate/cib'
import type { Cluster } from '@quorate/scheduler'
import { attr, child, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import type { Constraint, ConstraintEnd, ConstraintSet, Leftover } from '../api/constraint.ts'
import { momentText } from './moment-text.ts'
import { endOf, temporaryPrefix } from './temporary-move.ts'

/** The constraints of a cluster as the contract has them. What is no constraint that the schema knows is left out. */
export function constraintViews(cluster: Cluster, nowMs: number): readonly Constraint[] {
  const configuration = child(cluster.cib, 'configuration')
  const section = configuration && child(configuration, 'constraints')
  return (section?.children ?? []).flatMap((item): Constraint[] => {
    switch (item.name) {
      case 'rsc_location':
        return [locationOf(item, cluster, nowMs)]
      case 'rsc_colocation':
        return [colocationOf(item)]
      case 'rsc_order':
        return [orderOf(item)]
      case 'rsc_ticket':
        return [ticketOf(item)]
      default:
        return []
    }
  })
}

function scoreIn(item: XmlElement): number | null {
  const text = attr(item, 'score')
  return text === undefined ? null : scoreOf(text)
}

function endIn(item: XmlElement, prefix: string): ConstraintEnd | null {
  const resource = attr(item, prefix)
  if (resource === undefined) return null
  return { resource, role: attr(item, `${prefix}-role`) ?? null, action: attr(item, `${prefix}-action`) ?? null }
}

function isTrue(text: string | undefined, missing: boolean): boolean {
  return text === undefined ? missing : ['true', 'on', 'yes', 'y', '1'].includes(text.toLowerCase())
}

function setsOf(item: XmlElement): ConstraintSet[] {
  return childrenNamed(item, 'resource_set').map((set) => ({
    id: attr(set, 'id') ?? attr(set, 'id-ref') ?? '',
    members: childrenNamed(set, 'resource_ref').map((ref) => ({
      resource: idOf(ref),
      role: attr(set, 'role') ?? null,
      action: attr(set, 'action') ?? null,
    })),
    isSequential: isTrue(attr(set, 'sequential'), true),
    requiresAll: isTrue(attr(set, 'require-all'), true),
  }))
}

function locationOf(item: XmlElement, cluster: Cluster, nowMs: number): Constraint {
  const pattern = attr(item, 'rsc-pattern')
  const resource = attr(item, 'rsc')
  const sets = setsOf(item).flatMap(({ members }) => members.map((member) => member.resource))
  const named = resource === undefined ? sets : [resource]
  return {
    kind: 'location',
    id: idOf(item),
    resources: pattern === undefined ? named : matching(cluster, pattern),
    pattern: pattern ?? null,
    role: attr(item, 'role') ?? null,
    node: attr(item, 'node') ?? null,
    score: scoreIn(item),
    rules: childrenNamed(item, 'rule').map(ruleText),
    leftover: leftoverOf(item, nowMs),
  }
}

function matching(cluster: Cluster, pattern: string): string[] {
  const compiled = parsePattern(pattern)
  if (compiled === undefined) return []
  return cluster.resources.filter(({ id }) => compiled.test(id)).map(({ id }) => id)
}

/** A rule in words, its inner rules in parentheses. */
function ruleText(rule: XmlElement): string {
  const score = attr(rule, 'score') ?? attr(rule, 'score-attribute') ?? attr(rule, 'id-ref') ?? ''
  return `${score} where ${expressionText(rule)}`
}

function expressionText(rule: XmlElement): string {
  const joint = attr(rule, 'boolean-op') === 'or' ? ' or ' : ' and '
  const parts = rule.children.flatMap((item) => {
    if (item.name === 'rule') return [`(${expressionText(item)})`]
    if (item.name === 'expression') {
      const words = [attr(item, 'attribute'), attr(item, 'operation'), attr(item, 'value')]
      return [words.filter((word) => word !== undefined).join(' ')]
    }
    if (item.name === 'date_expression') {
      const [from, to] = [attr(item, 'start'), attr(item, 'end')]
      const words = [attr(item, 'operation'), from, from !== undefined && to !== undefined ? 'to' : undefined, to]
      return [`date ${words.filter((word) => word !== undefined).join(' ')}`]
    }
    return []
  })
  return parts.join(joint)
}

/** What tools make to move things, told by its id as those tools tell it. */
function leftoverOf(item: XmlElement, nowMs: number): Leftover | null {
  const id = idOf(item)
  const isTemporary = id.startsWith(temporaryPrefix)
  const kind = isTemporary || id.startsWith('cli-prefer-') ? 'prefer' : id.startsWith('cli-ban-') ? 'ban' : undefined
  if (kind === undefined) return null
  const end = endOf(item)
  return {
    kind,
    isTemporary,
    until: end === undefined ? null : momentText(end),
    isExpired: end !== undefined && end < nowMs,
  }
}

function colocationOf(item: XmlElement): Constraint {
  return {
    kind: 'colocation',
    id: idOf(item),
    score: scoreIn(item),
    dependent: endIn(item, 'rsc'),
    primary: endIn(item, 'with-rsc'),
    sets: setsOf(item),
    nodeAttribute: attr(item, 'node-attribute') ?? null,
  }
}

function orderOf(item: XmlElement): Constraint {
  const kind = attr(item, 'kind')?.toLowerCase()
  const score = attr(item, 'score')
  const order =
    kind === 'optional' || kind === 'serialize'
      ? kind
      : kind === undefined && score !== undefined && scoreOf(score) === 0
        ? 'optional'
        : 'mandatory'
  return {
    kind: 'order',
    id: idOf(item),
    order,
    isSymmetrical: isTrue(attr(item, 'symmetrical'), order !== 'serialize'),
    first: orderEnd(item, 'first'),
    next: orderEnd(item, 'then'),
    sets: setsOf(item),
  }
}

function orderEnd(item: XmlElement, name: string): ConstraintEnd | null {
  const resource = attr(item, name)
  return resource === undefined ? null : { resource, role: null, action: attr(item, `${name}-action`) ?? null }
}

function ticketOf(item: XmlElement): Constraint {
  const resource = attr(item, 'rsc')
  return {
    kind: 'ticket',
    id: idOf(item),
    ticket: attr(item, 'ticket') ?? '',
    lossPolicy: attr(item, 'loss-policy') ?? null,
    resource: resource === undefined ? null : { resource, role: attr(item, 'rsc-role') ?? null, action: null },
    sets: setsOf(item),
  }
}
