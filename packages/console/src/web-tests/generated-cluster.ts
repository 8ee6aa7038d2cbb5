import type { Constraint, Node, Operation, Preview, Resource, Session, Snapshot } from '../api/index.ts'

const moment = '2026-11-30T03:00:00.000Z'

export const operatorSession: Session = {
  role: 'operator',
  csrf: 'csrf-of-the-test',
  version: '0',
  operations: Object.fromEntries(
    ['move', 'ban', 'clearMoves', 'start', 'stop', 'cleanup', 'refresh', 'manage', 'unmanage']
      .concat(['standby', 'online', 'maintenance', 'endMaintenance'])
      .map((kind) => [kind, true as const]),
  ),
  connect: 'needs the role admin',
  clusters: 1,
}

function generatedNode(index: number): Node {
  const name = `node-${String(index + 1).padStart(2, '0')}`
  return {
    id: String(index + 1),
    name,
    kind: 'member',
    state: index === 15 ? 'standby' : 'online',
    isOnline: true,
    isUnclean: false,
    isStandby: index === 15,
    isStandbyOnFail: false,
    isMaintenance: false,
    isPending: false,
    isShuttingDown: false,
    isDc: index === 0,
    attributes: { site: 'tokyo' },
    utilization: {},
    connection: null,
    running: [],
  }
}

/** A primitive that runs on a node, or nowhere. */
export function primitive(id: string, node: string | undefined, more: Partial<Resource> = {}): Resource {
  return {
    id,
    configId: id,
    kind: 'primitive',
    parent: null,
    movableRoot: id,
    agent: 'ocf:heartbeat:IPaddr2',
    state: node === undefined ? 'stopped' : 'started',
    places: node === undefined ? [] : [{ node, role: 'started' }],
    pending: null,
    targetRole: null,
    isDisabled: false,
    isManaged: true,
    isMaintenance: false,
    isBlocked: false,
    isOrphan: false,
    isPromotable: false,
    isUnique: false,
    isFenceDevice: false,
    failures: [],
    description: null,
    children: [],
    ...more,
  }
}

export function group(id: string, node: string, members: readonly string[]): Resource {
  const children = members.map((member) => primitive(member, node, { parent: id, movableRoot: id }))
  return primitive(id, node, { kind: 'group', agent: null, children })
}

function order(first: string, next: string): Constraint {
  const end = (resource: string) => ({ resource, role: null, action: null })
  return {
    kind: 'order',
    id: `order-${first}-${next}`,
    order: 'mandatory',
    isSymmetrical: true,
    first: end(first),
    next: end(next),
    sets: [],
  }
}

function colocation(dependent: string, primary: string, score: number): Constraint {
  const end = (resource: string) => ({ resource, role: null, action: null })
  return {
    kind: 'colocation',
    id: `colocation-${dependent}-${primary}`,
    score,
    dependent: end(dependent),
    primary: end(primary),
    sets: [],
    nodeAttribute: null,
  }
}

/** 16 nodes, 1000 primitives (100 of them in 25 groups) and 850 constraints; one failed, one stopped, one left by a move. */
export function generatedSnapshot(): Snapshot {
  const nodes = Array.from({ length: 16 }, (_, i) => generatedNode(i))
  // Nothing runs on the last one, which is on standby.
  const nodeOf = (i: number): string => nodes[i % 15]?.name ?? ''
  const singles = Array.from({ length: 900 }, (_, i) => primitive(`rsc-${String(i).padStart(4, '0')}`, nodeOf(i)))
  singles[3] = primitive('rsc-0003', nodeOf(3), {
    state: 'failed',
    failures: [
      {
        node: nodeOf(3),
        count: 1,
        lastFailureAt: moment,
        operations: [
          { task: 'monitor', intervalMs: 10_000, rc: 7, rcText: 'not running', reason: 'process is gone', at: moment },
        ],
      },
    ],
  })
  singles[4] = primitive('rsc-0004', undefined, { isDisabled: true, targetRole: 'Stopped' })
  singles[5] = primitive('rsc-0005', nodeOf(5), { isManaged: false })
  const groups = Array.from({ length: 25 }, (_, i) =>
    group(
      `grp-${String(i).padStart(2, '0')}`,
      nodeOf(i),
      ['a', 'b', 'c', 'd'].map((letter) => `grp-${String(i).padStart(2, '0')}-${letter}`),
    ),
  )
  const id = (i: number): string => singles[i]?.id ?? ''
  const constraints: Constraint[] = [
    ...Array.from({ length: 500 }, (_, i) => order(id(i), id(i + 15))),
    ...Array.from({ length: 300 }, (_, i) => colocation(id(i), id(i + 15), 1_000_000)),
    ...Array.from({ length: 49 }, (_, i) => colocation(id(i + 600), id(i + 601), -1_000_000)),
    {
      kind: 'location',
      id: 'cli-prefer-rsc-0006',
      resources: ['rsc-0006'],
      pattern: null,
      role: null,
      node: nodeOf(6),
      score: 1_000_000,
      rules: [],
      leftover: { kind: 'prefer', isTemporary: false, until: null, isExpired: false },
    },
  ]
  return {
    rev: 1,
    server: 'test.1',
    cibVersion: '0.42.7',
    at: moment,
    stale: null,
    source: { kind: 'cluster', name: 'generated', localNode: null },
    hasQuorum: true,
    dc: nodes[0]?.name ?? null,
    isIdle: true,
    nodes: nodes.map((node) => ({
      ...node,
      running: [...singles, ...groups.flatMap((one) => one.children)]
        .filter((resource) => resource.places.some((place) => place.node === node.name))
        .map((resource) => resource.id),
    })),
    resources: [...singles, ...groups],
    constraints,
    tickets: [],
    properties: {},
    fencing: [
      {
        id: 'f1',
        target: 'node-07',
        action: 'reboot',
        state: 'success',
        delegate: 'node-01',
        client: 'pacemaker-controld',
        origin: 'node-01',
        at: moment,
      },
    ],
    problems: [
      {
        code: 'resource.failed',
        severity: 'error',
        text: 'monitor failed: not running',
        nextStep: null,
        node: nodeOf(3),
        resource: 'rsc-0003',
        constraint: null,
      },
    ],
  }
}

/** A preview in which the last target cannot, and all others will. */
export function movePreview(request: Preview['request'], cibVersion: string): Preview {
  const to = request.kind === 'move' ? request.args.to : null
  return {
    request,
    cibVersion,
    at: moment,
    targets: request.targets.map((target, i) =>
      i === request.targets.length - 1
        ? {
            target,
            effective: target,
            outcome: 'cannot',
            reason: { code: 'ruledOut', text: 'a location rule keeps it away', params: {} },
            from: [],
            to: [],
          }
        : { target, effective: target, outcome: 'will', reason: null, from: ['node-01'], to: to === null ? [] : [to] },
    ),
    sideEffects: [{ resource: 'rsc-0899', change: 'restart', from: ['node-02'], to: ['node-02'], text: 'follows' }],
    fenced: [],
    plan: [
      {
        action: request.kind,
        resource: request.targets[0] ?? null,
        source: 'node-01',
        target: to,
        reason: null,
        isBlocked: false,
        text: 'Move',
      },
    ],
    warnings: [],
    typedConfirmation: null,
    summary: 'moves',
    commands: ['crm_resource --move'],
  }
}

export function runningMove(request: Preview['request']): Operation {
  return {
    id: 'op-1',
    request,
    by: 'operator',
    startedAt: moment,
    endedAt: null,
    state: 'running',
    text: null,
    cibVersion: '0.43.0',
    items: request.targets.map((target) => ({
      target,
      effective: target,
      state: 'running',
      reason: null,
      text: null,
      nodes: [],
      durationMs: null,
    })),
    temporary: { made: request.targets.length, left: request.targets.length, until: moment },
    isCancellable: true,
  }
}
