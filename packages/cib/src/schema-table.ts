/**
 * What an attribute's text must be: free text, a name unique in the document, a name of such an element, a number, a
 * score, a truth, a list of devices, a range of ports, or one of the words listed. A word may say since which schema it
 * exists: `Promoted@307` since 3.7.
 */
export type ValueRule =
  | 'text'
  | 'ID'
  | 'IDREF'
  | 'integer'
  | 'nonNegative'
  | 'positive'
  | 'boolean'
  | 'score'
  | 'devices'
  | 'ports'
  | readonly string[]

/** How often a child may stand there. */
export type Count = '1' | '?' | '*' | '+'

/**
 * One of several shapes that an element may have: attributes and children (written `<name>`) that it then needs, and may
 * have. What is named by no shape belongs to all.
 */
export type Shape = { readonly needs: readonly string[]; readonly may?: readonly string[] }

/** Rule of an element, by its name. */
export type ElementRule = {
  /** A name that ends in `!` is required. */
  readonly attributes: Readonly<Record<string, ValueRule>>
  readonly children?: Readonly<Record<string, Count>>
  /** Children must come in the order of the table. */
  readonly isOrdered?: boolean
  readonly shapes?: readonly Shape[]
  /** First schema that knows the element. */
  readonly since?: number
}

const roles = ['Stopped', 'Started', 'Master', 'Slave', 'Promoted@307', 'Unpromoted@307']
const kinds = ['Optional', 'Mandatory', 'Serialize']
const actions = ['start', 'promote', 'demote', 'stop']
const sets = { meta_attributes: '*', instance_attributes: '*' } as const

const nvset: ElementRule = {
  attributes: { id: 'ID', 'id-ref': 'IDREF', score: 'score' },
  children: { rule: '?', nvpair: '*' },
  shapes: [{ needs: ['id'], may: ['score', '<rule>', '<nvpair>'] }, { needs: ['id-ref'] }],
}

const primitiveAttributes = {
  'id!': 'ID',
  class: ['ocf', 'lsb', 'heartbeat', 'stonith', 'upstart', 'service', 'systemd', 'nagios'],
  provider: 'text',
  type: 'text',
  description: 'text',
} as const

const primitiveChildren = { ...sets, operations: '?', utilization: '*' } as const

const engine: ElementRule = {
  attributes: {
    'image!': 'text',
    replicas: 'integer',
    'replicas-per-host': 'integer',
    masters: 'integer',
    'promoted-max': 'integer',
    'run-command': 'text',
    network: 'text',
    options: 'text',
  },
  shapes: [{ needs: [] }, { needs: ['masters'] }, { needs: ['promoted-max'] }],
}

const collectiveAttributes = { 'id!': 'ID', description: 'text' } as const
const oneInside: readonly Shape[] = [{ needs: ['<primitive>'] }, { needs: ['<group>'] }]
const clone: ElementRule = {
  attributes: collectiveAttributes,
  children: { ...sets, primitive: '?', group: '?' },
  shapes: oneInside,
}

const timeParts = (names: readonly string[]): Readonly<Record<string, ValueRule>> => ({
  'id!': 'ID',
  ...Object.fromEntries(names.map((name) => [name, 'text' as const])),
})

const periods = [
  'years',
  'months',
  'weeks',
  'days',
  'hours',
  'minutes',
  'seconds',
  'monthdays',
  'weekdays',
  'yearsdays',
  'weekyears',
  'moon',
]
const calendar = [
  'years',
  'months',
  'monthdays',
  'hours',
  'minutes',
  'seconds',
  'yeardays',
  'weekyears',
  'weeks',
  'weekdays',
  'moon',
  'yearsdays',
]
const scoreOrKind: readonly Shape[] = [{ needs: [] }, { needs: ['score'] }, { needs: ['kind'] }]

/** Elements of a CIB as Pacemaker documents them (schemas 3.0 to 3.9), by name. What stands inside `status` is free. */
export const elementRules: Readonly<Record<string, ElementRule>> = {
  cib: {
    attributes: {
      'validate-with': 'text',
      'admin_epoch!': 'nonNegative',
      'epoch!': 'nonNegative',
      'num_updates!': 'nonNegative',
      crm_feature_set: 'text',
      'remote-tls-port': 'nonNegative',
      'remote-clear-port': 'nonNegative',
      'have-quorum': 'boolean',
      'dc-uuid': 'text',
      'cib-last-written': 'text',
      'no-quorum-panic': 'boolean',
      'update-origin': 'text',
      'update-client': 'text',
      'update-user': 'text',
      'execution-date': 'text',
    },
    children: { configuration: '1', status: '?' },
    isOrdered: true,
  },
  configuration: {
    attributes: {},
    children: {
      crm_config: '1',
      rsc_defaults: '?',
      op_defaults: '?',
      nodes: '1',
      resources: '1',
      constraints: '1',
      'fencing-topology': '?',
      acls: '?',
      tags: '?',
      alerts: '?',
    },
  },
  crm_config: { attributes: {}, children: { cluster_property_set: '*' } },
  rsc_defaults: { attributes: {}, children: { meta_attributes: '*' } },
  op_defaults: { attributes: {}, children: { meta_attributes: '*' } },
  cluster_property_set: nvset,
  meta_attributes: nvset,
  instance_attributes: nvset,
  utilization: nvset,
  nvpair: {
    attributes: { id: 'ID', 'id-ref': 'IDREF', name: 'text', value: 'text' },
    shapes: [
      { needs: ['id', 'name'], may: ['value'] },
      { needs: ['id-ref'], may: ['name'] },
    ],
  },
  nodes: { attributes: {}, children: { node: '*' } },
  node: {
    attributes: {
      'id!': 'text',
      'uname!': 'text',
      type: ['member', 'ping', 'remote'],
      description: 'text',
      score: 'score',
    },
    children: { instance_attributes: '*', utilization: '*' },
  },
  resources: {
    attributes: {},
    children: { primitive: '*', template: '*', group: '*', clone: '*', master: '*', bundle: '*' },
  },
  primitive: {
    attributes: { ...primitiveAttributes, template: 'IDREF' },
    children: primitiveChildren,
    shapes: [{ needs: ['class', 'type'], may: ['provider'] }, { needs: ['template'] }],
  },
  template: {
    attributes: primitiveAttributes,
    children: primitiveChildren,
    shapes: [{ needs: ['class', 'type'], may: ['provider'] }],
  },
  operations: { attributes: { id: 'ID', 'id-ref': 'IDREF' }, children: { op: '*' } },
  op: {
    attributes: {
      'id!': 'ID',
      'name!': 'text',
      'interval!': 'text',
      description: 'text',
      'start-delay': 'text',
      'interval-origin': 'text',
      timeout: 'text',
      enabled: 'boolean',
      'record-pending': 'boolean',
      role: roles,
      'on-fail': ['ignore', 'block', 'demote@304', 'stop', 'restart', 'standby', 'fence', 'restart-container'],
    },
    children: sets,
    shapes: [{ needs: [] }, { needs: ['start-delay'] }, { needs: ['interval-origin'] }],
  },
  group: { attributes: collectiveAttributes, children: { ...sets, primitive: '+' } },
  clone,
  master: clone,
  bundle: {
    attributes: collectiveAttributes,
    children: { ...sets, docker: '?', rkt: '?', podman: '?', network: '?', storage: '?', primitive: '?' },
    shapes: [{ needs: ['<docker>'] }, { needs: ['<rkt>'] }, { needs: ['<podman>'] }],
  },
  docker: engine,
  rkt: engine,
  podman: { ...engine, since: 302 },
  network: {
    attributes: {
      'ip-range-start': 'text',
      'control-port': 'integer',
      'host-interface': 'text',
      'host-netmask': 'integer',
      'add-host': 'boolean',
    },
    children: { 'port-mapping': '*' },
  },
  'port-mapping': {
    attributes: { 'id!': 'ID', port: 'integer', 'internal-port': 'integer', range: 'ports' },
    shapes: [{ needs: ['port'], may: ['internal-port'] }, { needs: ['range'] }],
  },
  storage: { attributes: {}, children: { 'storage-mapping': '*' } },
  'storage-mapping': {
    attributes: {
      'id!': 'ID',
      'source-dir': 'text',
      'source-dir-root': 'text',
      'target-dir!': 'text',
      options: 'text',
    },
    shapes: [{ needs: ['source-dir'] }, { needs: ['source-dir-root'] }],
  },
  constraints: {
    attributes: {},
    children: { rsc_location: '*', rsc_colocation: '*', rsc_order: '*', rsc_ticket: '*' },
  },
  rsc_location: {
    attributes: {
      'id!': 'ID',
      rsc: 'IDREF',
      'rsc-pattern': 'text',
      role: roles,
      score: 'score',
      node: 'text',
      'resource-discovery': ['always', 'never', 'exclusive'],
    },
    children: { resource_set: '*', rule: '*', lifetime: '?' },
    isOrdered: true,
    shapes: [
      { needs: ['rsc', 'score', 'node'], may: ['role'] },
      { needs: ['rsc', '<rule>'], may: ['role'] },
      { needs: ['rsc-pattern', 'score', 'node'], may: ['role'] },
      { needs: ['rsc-pattern', '<rule>'], may: ['role'] },
      { needs: ['<resource_set>', 'score', 'node'] },
      { needs: ['<resource_set>', '<rule>'] },
    ],
  },
  resource_set: {
    attributes: {
      id: 'ID',
      'id-ref': 'IDREF',
      sequential: 'boolean',
      'require-all': 'boolean',
      ordering: ['group', 'listed'],
      action: actions,
      role: roles,
      score: 'score',
      kind: kinds,
    },
    children: { resource_ref: '*' },
    shapes: [
      { needs: ['id', '<resource_ref>'], may: ['sequential', 'require-all', 'ordering', 'action', 'role', 'score'] },
      { needs: ['id', '<resource_ref>'], may: ['sequential', 'require-all', 'ordering', 'action', 'role', 'kind'] },
      { needs: ['id-ref'] },
    ],
  },
  resource_ref: { attributes: { 'id!': 'IDREF' } },
  rsc_colocation: {
    attributes: {
      'id!': 'ID',
      score: 'score',
      influence: 'text',
      rsc: 'IDREF',
      'with-rsc': 'IDREF',
      'node-attribute': 'text',
      'rsc-role': roles,
      'with-rsc-role': roles,
    },
    children: { lifetime: '?', resource_set: '*' },
    isOrdered: true,
    shapes: [
      { needs: ['<resource_set>'] },
      { needs: ['rsc', 'with-rsc'], may: ['node-attribute', 'rsc-role', 'with-rsc-role'] },
    ],
  },
  rsc_order: {
    attributes: {
      'id!': 'ID',
      symmetrical: 'boolean',
      'require-all': 'boolean',
      score: 'score',
      kind: kinds,
      first: 'IDREF',
      // biome-ignore lint/suspicious/noThenProperty: the name of the attribute
      then: 'IDREF',
      'first-action': actions,
      'then-action': actions,
    },
    children: { lifetime: '?', resource_set: '*' },
    isOrdered: true,
    shapes: scoreOrKind.flatMap(({ needs }) => [
      { needs: [...needs, '<resource_set>'] },
      { needs: [...needs, 'first', 'then'], may: ['first-action', 'then-action'] },
    ]),
  },
  rsc_ticket: {
    attributes: {
      'id!': 'ID',
      rsc: 'IDREF',
      'rsc-role': roles,
      'ticket!': 'text',
      'loss-policy': ['stop', 'demote', 'fence', 'freeze'],
    },
    children: { resource_set: '*' },
    shapes: [{ needs: ['<resource_set>'] }, { needs: ['rsc'], may: ['rsc-role'] }],
  },
  lifetime: { attributes: {}, children: { rule: '+' } },
  rule: {
    attributes: {
      id: 'ID',
      'id-ref': 'IDREF',
      'boolean-op': ['or', 'and'],
      role: 'text',
      score: 'score',
      'score-attribute': 'text',
    },
    children: { expression: '*', date_expression: '*', rule: '*', rsc_expression: '*', op_expression: '*' },
    shapes: ['expression', 'date_expression', 'rule', 'rsc_expression', 'op_expression']
      .flatMap((inside) => ['score', 'score-attribute'].map((score) => ruleShape(inside, score)))
      .concat([{ needs: ['id-ref'] }]),
  },
  expression: {
    attributes: {
      'id!': 'ID',
      'attribute!': 'text',
      'operation!': ['lt', 'gt', 'lte', 'gte', 'eq', 'ne', 'defined', 'not_defined'],
      value: 'text',
      type: ['string', 'number', 'version', 'integer@305'],
      'value-source': ['literal', 'param', 'meta'],
    },
  },
  date_expression: {
    attributes: {
      'id!': 'ID',
      'operation!': ['in_range', 'gt', 'lt', 'date_spec'],
      start: 'text',
      end: 'text',
    },
    children: { duration: '?', date_spec: '?' },
  },
  rsc_expression: { attributes: { 'id!': 'ID', class: 'text', provider: 'text', type: 'text' }, since: 304 },
  op_expression: { attributes: { 'id!': 'ID', 'name!': 'text', interval: 'text' }, since: 304 },
  duration: { attributes: timeParts(periods) },
  date_spec: { attributes: timeParts(calendar) },
  'fencing-topology': { attributes: {}, children: { 'fencing-level': '*' } },
  'fencing-level': {
    attributes: {
      'id!': 'ID',
      target: 'text',
      'target-pattern': 'text',
      'target-attribute': 'text',
      'target-value': 'text',
      'index!': 'positive',
      'devices!': 'devices',
    },
    shapes: [{ needs: ['target'] }, { needs: ['target-pattern'] }, { needs: ['target-attribute', 'target-value'] }],
  },
  acls: { attributes: {}, children: { acl_target: '*', acl_group: '*', acl_role: '*' } },
  acl_target: { attributes: { 'id!': 'text', name: 'text' }, children: { role: '*' } },
  acl_group: { attributes: { 'id!': 'ID', name: 'text' }, children: { role: '*' } },
  role: { attributes: { 'id!': 'IDREF' } },
  acl_role: { attributes: collectiveAttributes, children: { acl_permission: '*' } },
  acl_permission: {
    attributes: {
      'id!': 'ID',
      'kind!': ['read', 'write', 'deny'],
      xpath: 'text',
      reference: 'IDREF',
      'object-type': 'text',
      attribute: 'text',
      description: 'text',
    },
    shapes: [{ needs: ['xpath'] }, { needs: ['reference'] }, { needs: ['object-type'], may: ['attribute'] }],
  },
  tags: { attributes: {}, children: { tag: '*' } },
  tag: { attributes: { 'id!': 'ID' }, children: { obj_ref: '+' } },
  obj_ref: { attributes: { 'id!': 'text' } },
  alerts: { attributes: {}, children: { alert: '*' } },
  alert: {
    attributes: { 'id!': 'ID', description: 'text', 'path!': 'text' },
    children: { ...sets, select: '?', recipient: '*' },
  },
  select: {
    attributes: {},
    children: { select_attributes: '?', select_fencing: '?', select_nodes: '?', select_resources: '?' },
  },
  select_attributes: { attributes: {}, children: { attribute: '*' } },
  select_fencing: { attributes: {} },
  select_nodes: { attributes: {} },
  select_resources: { attributes: {} },
  attribute: { attributes: { 'id!': 'ID', 'name!': 'text' } },
  recipient: { attributes: { 'id!': 'ID', description: 'text', 'value!': 'text' }, children: sets },
}

function ruleShape(inside: string, score: string): Shape {
  const children = ['<expression>', '<date_expression>', '<rule>', '<rsc_expression>', '<op_expression>']
  return { needs: ['id', `<${inside}>`], may: ['boolean-op', 'role', score, ...children] }
}

/** Stacks that this generation does not run on, as values of `cluster-infrastructure`. */
export const goneStacks: ReadonlySet<string> = new Set([
  'heartbeat',
  'openais',
  'classic openais',
  'classic openais (with plugin)',
  'cman',
])
