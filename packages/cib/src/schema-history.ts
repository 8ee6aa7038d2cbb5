import { nextSchemaNumber } from './schema-name.ts'
import { type Count, type ElementRule, elementRules, type Shape, type ValueRule } from './schema-table.ts'
import { metaFates, operationMetaNames, optionFates, parameterFates } from './upgrade/old-names.ts'

/** What a step back changes in an element's rule; `gone`: the schemas before it have no such element. */
type Edit = {
  readonly without?: readonly string[]
  readonly attributes?: Readonly<Record<string, ValueRule>>
  readonly withoutChildren?: readonly string[]
  readonly children?: Readonly<Record<string, Count>>
  readonly shapes?: readonly Shape[]
}

type Step = {
  /** The first schema that has what the step takes away. */
  readonly before: number
  readonly edits: Readonly<Record<string, Edit | 'gone' | ElementRule>>
}

const olderClasses = ['ocf', 'lsb', 'heartbeat', 'stonith', 'upstart']
const engineShapes: readonly Shape[] = [{ needs: [] }, { needs: ['masters'] }]
const engineBefore: Edit = { without: ['promoted-max'], shapes: engineShapes }
const scoreNames = ['score', 'score-attribute', 'score-attribute-mangle']
const scoreShapes: readonly Shape[] = [{ needs: [] }, ...scoreNames.map((name) => ({ needs: [name] }))]
const ruleParts = ['expression', 'date_expression', 'rule', 'rsc_expression', 'op_expression']
const permission: ElementRule = {
  attributes: { 'id!': 'ID', tag: 'text', ref: 'IDREF', xpath: 'text', attribute: 'text' },
  shapes: [{ needs: ['tag'] }, { needs: ['ref'] }, { needs: ['tag', 'ref'] }, { needs: ['xpath'] }],
}
const permissions = { read: '*', write: '*', deny: '*' } as const

/**
 * What each schema brought, the newest first, as steps back from the table of the newest one. Source: the published
 * schemas as documentation of the format; each step is compared with them by the peers test beside this file.
 */
const steps: readonly Step[] = [
  {
    before: 309,
    edits: {
      rule: {
        shapes: [
          { needs: ['id-ref'] },
          ...ruleParts.flatMap((part) => ['score', 'score-attribute'].map((score) => scoredRule(part, score))),
        ],
      },
      duration: { without: ['days', 'minutes', 'seconds'] },
      date_spec: { without: ['minutes', 'seconds', 'yeardays'] },
    },
  },
  { before: 308, edits: { acl_target: { without: ['name'] }, acl_group: { without: ['name'] } } },
  { before: 306, edits: { rsc_colocation: { without: ['influence'] } } },
  { before: 303, edits: { obj_ref: { attributes: { 'id!': 'IDREF' } } } },
  {
    before: 300,
    edits: {
      node: { attributes: { type: ['normal', 'member', 'ping', 'remote'] } },
      op: { attributes: { requires: ['nothing', 'quorum', 'fencing', 'unfencing'] } },
      docker: engineBefore,
      rkt: engineBefore,
      network: { without: ['add-host'] },
      resource_set: {
        without: ['kind'],
        shapes: [
          {
            needs: ['id', '<resource_ref>'],
            may: ['sequential', 'require-all', 'ordering', 'action', 'role', 'score'],
          },
          { needs: ['id-ref'] },
        ],
      },
      rsc_colocation: {
        attributes: { 'score-attribute': 'text', 'score-attribute-mangle': 'text' },
        shapes: scoreShapes.flatMap(({ needs }) => [
          { needs: [...needs, '<resource_set>'] },
          { needs: [...needs, 'rsc', 'with-rsc'], may: ['node-attribute', 'rsc-role', 'with-rsc-role'] },
        ]),
      },
    },
  },
  {
    before: 210,
    edits: {
      rkt: 'gone',
      bundle: { withoutChildren: ['rkt', 'podman'], shapes: [{ needs: ['<docker>'] }] },
      alert: { withoutChildren: ['select'] },
    },
  },
  { before: 209, edits: { expression: { without: ['value-source'] } } },
  { before: 208, edits: { bundle: 'gone', resources: { withoutChildren: ['bundle'] } } },
  { before: 207, edits: { template: { attributes: { class: olderClasses } } } },
  {
    before: 206,
    edits: {
      rsc_location: {
        without: ['rsc-pattern'],
        shapes: [
          { needs: ['rsc', 'score', 'node'], may: ['role'] },
          { needs: ['rsc', '<rule>'], may: ['role'] },
          { needs: ['<resource_set>', 'score', 'node'] },
          { needs: ['<resource_set>', '<rule>'] },
        ],
      },
    },
  },
  { before: 205, edits: { alerts: 'gone', configuration: { withoutChildren: ['alerts'] } } },
  {
    before: 204,
    edits: {
      'fencing-level': {
        without: ['target-attribute', 'target-value'],
        shapes: [{ needs: ['target'] }, { needs: ['target-pattern'] }],
      },
    },
  },
  { before: 203, edits: { rsc_order: { without: ['require-all'] } } },
  { before: 202, edits: { rsc_location: { without: ['resource-discovery'] } } },
  { before: 201, edits: { resource_set: { without: ['ordering'] } } },
  {
    before: 200,
    edits: {
      acls: {
        attributes: {},
        children: { acl_user: '*', acl_role: '*' },
        withoutChildren: ['acl_target', 'acl_group'],
      },
      acl_user: {
        attributes: { 'id!': 'ID' },
        children: { role_ref: '*', ...permissions },
        shapes: [
          { needs: [], may: ['<role_ref>'] },
          { needs: [], may: ['<read>', '<write>', '<deny>'] },
        ],
      },
      role_ref: { attributes: { 'id!': 'IDREF' } },
      acl_role: { without: ['description'], withoutChildren: ['acl_permission'], children: permissions },
      read: permission,
      write: permission,
      deny: permission,
      acl_target: 'gone',
      acl_group: 'gone',
    },
  },
  {
    before: 103,
    edits: {
      tags: 'gone',
      configuration: { withoutChildren: ['tags'] },
      node: { attributes: { type: ['normal', 'member', 'ping'] } },
      nvpair: { without: ['id-ref'], shapes: [{ needs: ['id', 'name'], may: ['value'] }] },
      op: { attributes: { requires: ['nothing', 'quorum', 'fencing'] } },
    },
  },
  {
    before: 102,
    edits: {
      cib: { without: ['update-origin', 'update-client', 'update-user', 'execution-date'] },
      configuration: { withoutChildren: ['fencing-topology', 'acls'] },
      node: {
        without: ['type', 'score'],
        attributes: { 'type!': ['normal', 'member', 'ping'] },
        withoutChildren: ['utilization'],
      },
      resources: { withoutChildren: ['template'] },
      primitive: {
        without: ['template'],
        attributes: { class: olderClasses },
        withoutChildren: ['utilization'],
        shapes: [{ needs: ['class', 'type'], may: ['provider'] }],
      },
      op: { attributes: { 'on-fail': ['ignore', 'block', 'stop', 'restart', 'standby', 'fence'] } },
      constraints: { withoutChildren: ['rsc_ticket'] },
      rsc_location: {
        without: ['role'],
        withoutChildren: ['resource_set'],
        shapes: [{ needs: ['rsc', 'score', 'node'] }, { needs: ['rsc', '<rule>'] }],
      },
      resource_set: { without: ['require-all'] },
    },
  },
]

/** What `pacemaker-next` has beyond the newest schema. */
const next: Step['edits'] = {
  rsc_colocation: { attributes: { 'rsc-instance': 'integer', 'with-rsc-instance': 'integer' } },
  rsc_order: { attributes: { 'first-instance': 'integer', 'then-instance': 'integer' } },
}

const made = new Map<number, Readonly<Record<string, ElementRule>>>()

/** The rules of elements, by name, in the schema of that number (see `schemaNumber`). */
export function elementRulesOf(schema: number): Readonly<Record<string, ElementRule>> {
  const known = made.get(schema)
  if (known !== undefined) return known
  const rules: Record<string, ElementRule> = { ...elementRules }
  if (schema === nextSchemaNumber) apply(rules, next)
  for (const { before, edits } of steps) if (schema < before) apply(rules, edits)
  made.set(schema, rules)
  return rules
}

function apply(rules: Record<string, ElementRule>, edits: Step['edits']): void {
  for (const [name, edit] of Object.entries(edits)) {
    const rule = rules[name]
    if (edit === 'gone') delete rules[name]
    else rules[name] = rule === undefined ? { attributes: {}, ...edit } : edited(rule, edit)
  }
}

function edited(rule: ElementRule, edit: Edit): ElementRule {
  return {
    ...rule,
    attributes: { ...without(rule.attributes, edit.without), ...edit.attributes },
    ...(rule.children === undefined && edit.children === undefined
      ? {}
      : { children: { ...without(rule.children ?? {}, edit.withoutChildren), ...edit.children } }),
    ...(edit.shapes === undefined ? {} : { shapes: edit.shapes }),
  }
}

function without<T>(of: Readonly<Record<string, T>>, names: readonly string[] = []): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(of).filter(([name]) => !names.includes(name)))
}

function scoredRule(part: string, score: string): Shape {
  const may = ['boolean-op', 'role', ...ruleParts.map((name) => `<${name}>`)]
  return { needs: ['id', score, `<${part}>`], may }
}

/** The schema that also did without names which later ones allow again. */
const strictest = 300

/** Names that sets must not have any more, by set or parent and set: those that an upgrade takes away or renames. */
const isolation = new Set(Object.keys(metaFates).filter((name) => metaFates[name]?.kind === 'renamed'))
const goneNames: Readonly<Record<string, ReadonlySet<string>>> = {
  cluster_property_set: new Set(Object.keys(optionFates)),
  'primitive/meta_attributes': isolation,
  'template/meta_attributes': isolation,
  'op/meta_attributes': new Set(['requires']),
}

const agentNames: ReadonlySet<string> = new Set(Object.keys(parameterFates))
const strictestNames: Readonly<Record<string, ReadonlySet<string>>> = {
  'primitive/instance_attributes': agentNames,
  'template/instance_attributes': agentNames,
  'op/instance_attributes': new Set([...operationMetaNames, 'requires']),
}

/** Elements that are sets of the kinds above. */
const sets: ReadonlySet<string> = new Set(
  [...Object.keys(goneNames), ...Object.keys(strictestNames)].map((place) => place.replace(/.*\//, '')),
)

/** Names that the pairs of a set must not have in a schema. */
export function goneNamesIn(schema: number, set: string, parent: string): ReadonlySet<string> | undefined {
  if (schema < strictest || !sets.has(set)) return undefined
  const place = `${parent}/${set}`
  return goneNames[set] ?? goneNames[place] ?? (schema === strictest ? strictestNames[place] : undefined)
}
