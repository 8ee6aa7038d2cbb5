import type { Constraint } from '../api/constraint.ts'
import type { Node } from '../api/node.ts'
import type { Failure, Resource } from '../api/resource.ts'
import type { Problem } from '../api/snapshot.ts'

/** What problems are told from. */
export type ProblemInput = {
  readonly hasQuorum: boolean
  readonly dc: string | null
  readonly isFile: boolean
  readonly isMaintenance: boolean
  readonly isFencingEnabled: boolean
  readonly isStopAll: boolean
  readonly nodes: readonly Node[]
  readonly resources: readonly Resource[]
  readonly constraints: readonly Constraint[]
  /** What the scheduler says is wrong with the configuration. */
  readonly configuration: readonly { readonly kind: 'error' | 'warning' | 'loop'; readonly text: string }[]
}

const nothing = { node: null, resource: null, constraint: null } as const

/** What a person should look at, the worst first. */
export function problemsOf(input: ProblemInput): readonly Problem[] {
  const found = [
    ...clusterProblems(input),
    ...input.nodes.flatMap(nodeProblems),
    ...input.resources.flatMap(resourceProblems),
    ...input.constraints.flatMap(leftoverProblem),
    ...input.configuration.map(
      ({ kind, text }): Problem => ({
        ...nothing,
        code: `configuration.${kind}`,
        severity: kind === 'error' ? 'error' : 'warning',
        text,
        nextStep: null,
      }),
    ),
  ]
  const order = ['error', 'warning', 'info']
  return found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

function clusterProblems(input: ProblemInput): Problem[] {
  const found: Problem[] = []
  if (!input.hasQuorum) {
    found.push({
      ...nothing,
      code: 'cluster.noQuorum',
      severity: 'error',
      text: 'This partition has no quorum.',
      nextStep: 'Bring back enough nodes; look at the links between them.',
    })
  }
  if (input.dc === null && !input.isFile) {
    found.push({
      ...nothing,
      code: 'cluster.noDc',
      severity: 'error',
      text: 'There is no designated controller: nothing is decided.',
      nextStep: 'Wait for the election to end; if it does not, look at the logs of the controllers.',
    })
  }
  if (input.isMaintenance) {
    found.push({
      ...nothing,
      code: 'cluster.maintenance',
      severity: 'warning',
      text: 'Maintenance mode: the cluster starts, stops and recovers nothing.',
      nextStep: 'Set maintenance-mode to false when the work is done.',
    })
  }
  if (input.isStopAll) {
    found.push({
      ...nothing,
      code: 'cluster.stopAll',
      severity: 'warning',
      text: 'stop-all-resources is set: everything is kept stopped.',
      nextStep: null,
    })
  }
  if (!input.isFencingEnabled) {
    found.push({
      ...nothing,
      code: 'cluster.fencingDisabled',
      severity: 'warning',
      text: 'Fencing is disabled: a node that cannot be reached may still run what is started elsewhere.',
      nextStep: 'Configure a fence device and set stonith-enabled to true.',
    })
  }
  return found
}

function nodeProblems({ name, state, kind }: Node): Problem[] {
  const of = { ...nothing, node: name }
  switch (state) {
    case 'unclean':
      return [
        {
          ...of,
          code: 'node.unclean',
          severity: 'error',
          text: `${name} is unclean: what it runs is not known, and it is to be fenced.`,
          nextStep:
            'Wait for the fencing; if it fails, make sure that the node is off and confirm it with stonith_admin --confirm.',
        },
      ]
    case 'offline':
      return [
        {
          ...of,
          code: 'node.offline',
          severity: kind === 'member' ? 'error' : 'warning',
          text: `${name} is offline.`,
          nextStep: kind === 'member' ? 'Start the cluster on it.' : 'Look at the resource that connects to it.',
        },
      ]
    case 'standby':
      return [
        {
          ...of,
          code: 'node.standby',
          severity: 'info',
          text: `${name} is on standby.`,
          nextStep: 'Take it off standby.',
        },
      ]
    case 'maintenance':
      return [
        {
          ...of,
          code: 'node.maintenance',
          severity: 'info',
          text: `${name} is in maintenance: nothing is done there.`,
          nextStep: 'End the maintenance when the work is done.',
        },
      ]
    default:
      return []
  }
}

/** Problems of a resource and what is below it; what a whole and its parts share is told once, of the whole. */
function resourceProblems(of: Resource): Problem[] {
  const found: Problem[] = []
  const add = (code: Problem['code'], severity: Problem['severity'], text: string, nextStep: string | null): void => {
    found.push({ ...nothing, resource: of.id, code, severity, text, nextStep })
  }
  if (of.kind === 'primitive' && of.isBlocked) {
    add(
      'resource.blocked',
      'error',
      `${of.id} is blocked: the cluster does nothing about it.`,
      'Mend it, then clean it up.',
    )
  }
  // Of instances that are as good as each other, the clone tells of the failures.
  if (of.kind !== 'replica')
    for (const failure of of.failures)
      add(
        'resource.failed',
        'error',
        failureText(of, failure),
        'Look at the logs of the agent, mend the cause, then clean it up.',
      )
  if (of.kind === 'primitive' && of.places.length > 1) {
    const nodes = of.places.map(({ node }) => node).join(', ')
    add('resource.multipleActive', 'error', `${of.id} is active on more than one node: ${nodes}.`, null)
  }
  if (of.isOrphan) add('resource.orphan', 'warning', `${of.id} is not configured any more, and still runs.`, null)
  const parent = found.length
  if (!of.isManaged && of.kind !== 'replica') {
    add(
      'resource.unmanaged',
      'info',
      `${of.id} is not managed: the cluster leaves it alone.`,
      'Manage it when the work is done.',
    )
  } else if (of.isDisabled && of.kind !== 'replica') {
    add('resource.disabled', 'info', `${of.id} is kept stopped or unpromoted by target-role.`, 'Start it.')
  }
  const isToldOfWhole = found.length > parent
  const seen = new Set(of.failures.map(({ node }) => node))
  const below = of.children.flatMap(resourceProblems).filter(({ code, resource }) => {
    if (isToldOfWhole && (code === 'resource.unmanaged' || code === 'resource.disabled')) return false
    return code !== 'resource.failed' || seen.size === 0 || resource === of.id
  })
  return [...found, ...below]
}

function failureText({ id }: Resource, { node, count, operations }: Failure): string {
  const [last] = operations
  const often = count >= 1_000_000 ? 'for good' : count === 1 ? 'once' : count === 0 ? '' : `${count} times`
  const what =
    last === undefined
      ? ''
      : `: ${last.task} ended with '${last.rcText}'${last.reason === null ? '' : ` (${last.reason})`}`
  return `${id} failed ${often === '' ? '' : `${often} `}on ${node}${what}.`
}

function leftoverProblem(of: Constraint): Problem[] {
  if (of.kind !== 'location' || of.leftover === null || of.leftover.isTemporary) return []
  const what = of.resources.join(', ')
  const { kind, until, isExpired } = of.leftover
  const end = until === null ? 'for good' : isExpired ? 'no more, since it has ended' : `until ${until}`
  return [
    {
      ...nothing,
      constraint: of.id,
      resource: of.resources[0] ?? null,
      code: 'constraint.leftover',
      severity: 'warning',
      text: `${of.id} is left over from a ${kind === 'prefer' ? 'move' : 'ban'} of ${what}; it holds ${end}.`,
      nextStep: 'Clear the moves of the resource.',
    },
  ]
}
